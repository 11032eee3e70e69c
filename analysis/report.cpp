#include "analysis/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <system_error>

#include "analysis/cell_text.h"
#include "analysis/estimate_index.h"
#include "analysis/figures.h"
#include "analysis/goal_check.h"
#include "analysis/html.h"
#include "analysis/number_text.h"
#include "analysis/overview.h"
#include "engine/error.h"
#include "engine/stages.h"

namespace leafcast::analysis {

namespace {

constexpr std::size_t kMostLanguages = 12;  // that have figures

/// A rate of 0 or 1 that agrees with its exact value: nothing fluctuated that could be compared with the
/// error.
bool is_silent(const Estimate& e) {
  return e.statistic.find("_rate") != std::string::npos && (e.value == 0 || e.value == 1) &&
         std::abs(e.z()) < 1;
}

/// Deviations from exact values over a set of statistics.
struct Deviations {
  std::size_t count = 0, far = 0;
  double squares = 0, worst = 0;
  const Estimate* where = nullptr;

  void operator()(const Estimate& estimate) {
    const double z = estimate.z();
    if (std::isnan(z) || estimate.error == 0 || is_silent(estimate)) return;
    ++count;
    far += std::abs(z) > 3;
    squares += z * z;
    if (where && std::abs(z) <= std::abs(worst)) return;
    worst = z;
    where = &estimate;
  }
};

/// Nothing random in it, and yet it differs from the exact value: no z says so.
bool is_wrong(const Estimate& e) {
  return e.error == 0 && e.exact_error == 0 && !std::isnan(e.exact) && e.value != e.exact;
}

/// Draws figures and keeps their names apart.
class Gallery {
 public:
  explicit Gallery(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// <figure> elements of the plots, which are drawn on the way.
  std::string operator()(std::vector<Plot> plots) {
    if (plots.empty()) return "";
    std::string html = "<div class=\"figures\">\n";
    for (Plot& plot : plots) {
      const std::string wanted = plot.name;
      for (int copy = 2; !names_.insert(plot.name).second; ++copy)
        plot.name = fmt::format("{}-{}", wanted, copy);
      const std::string svg = draw(plot, folder_);
      const std::string link = escape_html(folder_.filename().string() + "/" + plot.name);
      html +=
          "<figure>" + inline_svg(svg, fmt::format("f{}-", names_.size()), plot.title + ": " + plot.y_label);
      html += fmt::format(
          "<figcaption>{} <a href=\"{}.png\">PNG</a> <a href=\"{}.svg\">SVG</a> <a href=\"{}.dat\">data</a> "
          "<a href=\"{}.gp\">script</a></figcaption></figure>\n",
          escape_html(plot.caption), link, link, link, link);
    }
    return html + "</div>\n";
  }

 private:
  std::filesystem::path folder_;
  std::set<std::string> names_;
};

std::string tile(const std::string& number, const std::string& what) {
  return fmt::format("<div class=\"tile\"><b>{}</b>{}</div>\n", escape_html(number), escape_html(what));
}

std::string paragraph(const std::string& text) { return "<p>" + escape_html(text) + "</p>\n"; }

std::string summary(const Record& record, const EstimateIndex& index, const Deviations& all) {
  double sentences = 0, leaves = 0;
  for (std::size_t i = 0; i < record.tallies.size(); ++i) {
    const auto samples = static_cast<double>(samples_done(record.tallies[i]));
    sentences += samples;
    leaves += samples * static_cast<double>(record.plan.cells()[i].language().leaves());
  }
  std::string html = "<div class=\"tiles\">\n";
  html += tile(fmt::format("{}", index.cells().size()),
               index.cells().size() == record.plan.cells().size()
                   ? "cells"
                   : fmt::format("of {} cells", record.plan.cells().size()));
  html += tile(sentences < 1e15 ? count_text(static_cast<std::uint64_t>(sentences)) : number_text(sentences),
               "sentences");
  html += tile(number_text(leaves, 2), "leaves");
  html += tile(std::to_string(all.count), "comparisons with exact values");
  html += tile(all.count ? fmt::format("{:.2f}", all.squares / static_cast<double>(all.count)) : "–",
               "mean z² (1 expected)");
  html += tile(std::to_string(all.far),
               fmt::format("|z| > 3 ({:.1f} expected)", 0.0027 * static_cast<double>(all.count)));
  return html + "</div>\n";
}

std::string agreement(const Record& record, const std::vector<Estimate>& estimates, Gallery& gallery) {
  std::vector<std::pair<std::string, Deviations>> by_statistic;
  std::vector<const Estimate*> wrong;
  std::vector<Estimate> compared;
  for (const Estimate& estimate : estimates) {
    if (!is_silent(estimate)) compared.push_back(estimate);
    if (is_wrong(estimate)) wrong.push_back(&estimate);
    const auto at = estimate.statistic.find('@');
    const std::string name =
        at == std::string::npos ? estimate.statistic : estimate.statistic.substr(0, at) + "@j";
    auto entry = std::find_if(by_statistic.begin(), by_statistic.end(),
                              [&](const auto& e) { return e.first == name; });
    if (entry == by_statistic.end()) entry = by_statistic.insert(by_statistic.end(), {name, {}});
    entry->second(estimate);
  }
  std::erase_if(by_statistic, [](const auto& entry) { return entry.second.count == 0; });

  std::string html = "<h2>Agreement with exact results</h2>\n";
  for (const Estimate* e : wrong)
    html += fmt::format("<p class=\"far\">{}</p>\n",
                        escape_html(fmt::format("{} of cell {} ({}) is {}, but must be {}.", e->statistic,
                                                e->cell, record.plan.cells()[e->cell].label(),
                                                number_text(e->value), number_text(e->exact))));
  if (by_statistic.empty()) return html + paragraph("No statistic of these cells has a known exact value.");
  TextTable table;
  using Kind = TextTable::Kind;
  table.columns = {{"statistic", Kind::word}, {"values"},           {"mean z²"}, {"|z| > 3"},
                   {"largest z", Kind::z},    {"where", Kind::word}};
  for (const auto& [name, deviations] : by_statistic)
    table.rows.push_back({name, std::to_string(deviations.count),
                          fmt::format("{:.2f}", deviations.squares / static_cast<double>(deviations.count)),
                          std::to_string(deviations.far), z_text(deviations.worst),
                          fmt::format("{} · {}", record.plan.cells()[deviations.where->cell].label(),
                                      deviations.where->statistic)});
  html += paragraph("Left out are rates of exactly 0 or 1 that agree, and what is not random.");
  return html + gallery(z_plots(compared)) + "<h3>By statistic</h3>\n" + html_table(table);
}

std::string language_section(const Record& record, const EstimateIndex& index,
                             const std::vector<std::size_t>& cells, bool with_figures, Gallery& gallery) {
  const Overview view = overview(record, index, cells);
  std::set<std::string> languages;
  for (const std::size_t i : cells) languages.insert(language_text(record.plan.cells()[i]));
  std::string html =
      "<h2>" + escape_html(view.language.empty() ? "All languages" : view.language) + "</h2>\n";
  std::string common;
  for (const std::string& line : view.common) common += (common.empty() ? "" : " · ") + line;
  html += "<p class=\"soft\">" + escape_html(common) + "</p>\n";
  if (with_figures && languages.size() == 1) {
    std::vector<Plot> plots = context_plots(record, index, cells);
    for (Plot& plot : scale_plots(record, index, cells)) plots.push_back(std::move(plot));
    html += gallery(std::move(plots));
  }
  html += "<h3>Sentences</h3>\n" + html_table(view.table);

  std::string tables;
  for (const std::size_t i : cells) {
    const TextTable table = by_height(record, index, i);
    if (!table.rows.empty())
      tables += "<h3>" + escape_html(fmt::format("#{} {}", i, record.plan.cells()[i].label())) + "</h3>\n" +
                html_table(table);
  }
  if (!tables.empty())
    html += "<details><summary>By subtree height, cell by cell</summary>\n" + tables + "</details>\n";
  return html;
}

std::string cell(const std::string& text, const char* name = "") {
  return fmt::format("<td{}>{}</td>", name, escape_html(text));
}

/// A row a coefficient; the group is named on the first.
std::string fit_rows(const Fit& fit) {
  std::string html;
  for (std::size_t i = 0; i < fit.coefficients.size(); ++i) {
    const Coefficient& c = fit.coefficients[i];
    const bool first = i == 0;
    html += "<tr>" + cell(first ? fit.group : "", " class=\"w\"") + cell(c.name, " class=\"w\"");
    html += cell(value_text(c.value, c.error)) + cell(number_text(c.predicted)) +
            cell(z_text((c.value - c.predicted) / c.error));
    html += cell(first ? std::to_string(fit.x.size()) : "") +
            cell(first ? fmt::format("{:.4g}/{}", fit.chi2, fit.degrees_of_freedom) : "") +
            cell(first ? probability_text(fit.p_value) : "") + "</tr>\n";
  }
  return html + "<tr class=\"note\"><td colspan=\"8\"><div>" + escape_html(fit.note) + "</div></td></tr>\n";
}

std::string laws(const std::vector<Fit>& fits) {
  if (fits.empty()) return "";
  std::string html = "<h2>Laws</h2>\n" + paragraph(
                                             "Weighted least squares; errors are not rescaled by χ². The "
                                             "laws are asymptotic: where errors are small, χ² "
                                             "and the distance from the prediction show the corrections of "
                                             "finite depth. The notes say what exact "
                                             "values of the same cells would yield.");
  std::string without;
  const std::string* law = nullptr;
  for (const Fit& fit : fits) {
    if (fit.coefficients.empty()) {
      without += fmt::format("<li><b>{}</b> · {}: {}</li>\n", escape_html(fit.law), escape_html(fit.group),
                             escape_html(fit.note));
      continue;
    }
    if (!law || *law != fit.law) {
      if (law) html += "</tbody></table></div>\n";
      html += fmt::format("<h3>{}</h3>\n<p class=\"soft\">{}</p>\n", escape_html(fit.law),
                          escape_html(fit.formula));
      html +=
          "<div class=\"scroll\"><table><thead><tr><th class=\"w\">cells</th><th "
          "class=\"w\">coefficient</th><th>fitted</th>"
          "<th>predicted</th><th>(fit−pred)/error</th><th>points</th><th>χ²/dof</th><th>p</th></tr></"
          "thead><tbody>\n";
      law = &fit.law;
    }
    html += fit_rows(fit);
  }
  if (law) html += "</tbody></table></div>\n";
  if (!without.empty())
    html += "<details><summary>Where no law could be fitted</summary><ul>\n" + without + "</ul></details>\n";
  return html;
}

std::string origin(const Record& record, const std::map<std::string, std::string>& provenance) {
  std::string html = "<h2>Provenance</h2>\n<div class=\"scroll\"><table class=\"long\"><tbody>\n";
  const auto row = [&html](const std::string& name, const std::string& value) {
    html += fmt::format("<tr><td class=\"w\">{}</td><td class=\"w\">{}</td></tr>\n", escape_html(name),
                        escape_html(value));
  };
  row("plan", fmt::format("{:016x}", record.plan.hash()));
  row("chunks done", fmt::format("{} of {}", record.ledger.count(), sum(wanted_chunks(record, check_goal))));
  for (const auto& [name, value] : provenance) row(name, value);
  html += "</tbody></table></div>\n";
  if (!record.plan.sweep_text().empty())
    html += "<details><summary>The sweep</summary><pre>" + escape_html(record.plan.sweep_text()) +
            "</pre></details>\n";
  return html;
}

}  // namespace

void write_report(const std::filesystem::path& html, const Record& record,
                  const std::vector<Estimate>& estimates, const std::vector<Fit>& fits,
                  const std::map<std::string, std::string>& provenance) {
  std::filesystem::path folder = html;
  folder.replace_filename(html.stem().string() + "-figures");
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw IoError(fmt::format("cannot make the folder {}: {}; choose a place that you may write to",
                              folder.string(), error.message()));

  const EstimateIndex index(estimates);
  Gallery gallery(folder);
  Deviations all;
  for (const Estimate& estimate : estimates) all(estimate);

  const std::string title = record.plan.title().empty() ? "leafcast report" : record.plan.title();
  std::string body = "<h1>" + escape_html(title) + "</h1>\n";
  if (const std::uint64_t wanted = sum(wanted_chunks(record, check_goal)); record.ledger.count() < wanted)
    body += paragraph(fmt::format("Unfinished: {} of {} chunks are done.", record.ledger.count(), wanted));
  body += summary(record, index, all);
  const auto languages = sections(record, index.cells());
  if (languages.size() > kMostLanguages)
    body +=
        paragraph(fmt::format("Figures: the first {} of {} languages.", kMostLanguages, languages.size()));
  body += paragraph(
      "In the figures, points are simulated with an error bar of ±1 standard error, solid lines are exact, "
      "and thin "
      "dashes only join points.");
  body += gallery(needed_memory_plots(record, index));
  for (std::size_t i = 0; i < languages.size(); ++i)
    if (!languages[i].empty())
      body += language_section(record, index, languages[i], i < kMostLanguages, gallery);
  body += laws(fits);
  body += agreement(record, estimates, gallery);
  body += origin(record, provenance);
  write_file(html, html_page(title, body));
}

}  // namespace leafcast::analysis
