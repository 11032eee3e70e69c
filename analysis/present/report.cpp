#include "analysis/present/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "analysis/estimate/distributions.h"
#include "analysis/estimate/doubtful_runs.h"
#include "analysis/estimate/estimate_index.h"
#include "analysis/estimate/goal_check.h"
#include "analysis/present/figures.h"
#include "analysis/present/findings.h"
#include "analysis/present/fit_plots.h"
#include "analysis/present/gallery.h"
#include "analysis/present/grammar_averages.h"
#include "analysis/present/grammar_plots.h"
#include "analysis/present/grammar_summary.h"
#include "analysis/present/html.h"
#include "analysis/present/overview.h"
#include "analysis/present/required_section.h"
#include "analysis/text/cell_text.h"
#include "analysis/text/number_text.h"
#include "analysis/text/output_file.h"
#include "engine/plan/stages.h"

namespace leafcast::analysis {

namespace {

constexpr std::size_t kMostFitFigures = 40;
constexpr std::size_t kMostLanguages = 12;  // that have figures
constexpr std::size_t kMostOpen = 3;        // that are not folded away

/// A rate of 0 or 1 that agrees with its exact value: nothing fluctuated that could be compared with the
/// error.
bool is_silent(const Estimate& e) {
  return e.statistic.find("_rate") != std::string::npos && (e.value == 0 || e.value == 1) &&
         std::abs(e.z()) < 1;
}

/// The root of what noise may make negative: z says little of it; that of the square does.
bool is_root(const Estimate& e) {
  return e.statistic.starts_with("token_correlation@") || e.statistic.starts_with("distance_correlation@");
}

/// Deviations from exact values over a set of statistics.
struct Deviations {
  std::size_t count = 0, far = 0;
  double squares = 0, worst = 0;
  const Estimate* where = nullptr;

  /// |z| > 3 that chance brings: errors from 64 bins make z Student's t of 63 degrees of freedom.
  double due() const { return student_two_sided(3, kJackknifeBins - 1) * static_cast<double>(count); }

  void operator()(const Estimate& estimate) {
    const double z = estimate.z();
    if (std::isnan(z) || estimate.error == 0 || is_silent(estimate) || is_root(estimate)) return;
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

/// How many rows of tables a page may still take, so that reports of large sweeps remain readable.
struct Room {
  std::size_t rows = 3000, cells_by_height = 120;
};

std::string tile(const std::string& number, const std::string& what) {
  return fmt::format("<div class=\"tile\"><b>{}</b>{}</div>\n", escape_html(number), escape_html(what));
}

std::string paragraph(const std::string& text) { return "<p>" + escape_html(text) + "</p>\n"; }

std::string summary(const Record& record, const EstimateIndex& index, const Deviations& all,
                    const CostView& cost) {
  double sentences = 0, leaves = 0;
  for (std::size_t i = 0; i < record.tallies.size(); ++i) {
    const Cell& cell = record.plan.cells()[i];
    auto written = static_cast<double>(samples_done(record.tallies[i]));
    if (const auto* learner = std::get_if<LearnerGenerator>(&cell.generator()))  // samples are training sets
      written *= static_cast<double>(learner->training + learner->test);
    sentences += written;
    leaves += written * static_cast<double>(cell.language().leaves());
  }
  std::string html = "<div class=\"tiles\">\n";
  html += tile(fmt::format("{}", index.cells().size()),
               index.cells().size() == record.plan.cells().size()
                   ? "cells"
                   : fmt::format("of {} cells", record.plan.cells().size()));
  html += tile(sentences < 1e15 ? count_text(static_cast<std::uint64_t>(sentences)) : number_text(sentences),
               "sentences");
  html += tile(number_text(leaves, 2), "leaves");
  if (!std::isnan(cost.sampled)) html += tile(duration_text(cost.sampled), "of core time");
  html += tile(all.count ? fmt::format("{:.2f}", all.squares / static_cast<double>(all.count)) : "–",
               "mean z² (1 expected)");
  html += tile(std::to_string(all.far), fmt::format("|z| > 3 ({:.1f} expected)", all.due()));
  return html + "</div>\n";
}

void add_agreement(Page& page, const Record& record, const std::vector<Estimate>& estimates,
                   Gallery& gallery) {
  std::vector<std::pair<std::string, Deviations>> by_statistic;
  std::vector<const Estimate*> wrong;
  std::vector<Estimate> compared;
  for (const Estimate& estimate : estimates) {
    if (!is_silent(estimate) && !is_root(estimate)) compared.push_back(estimate);
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

  std::string html;
  for (const Estimate* e : wrong)
    html += fmt::format("<p class=\"far\">{}</p>\n",
                        escape_html(fmt::format("{} of cell {} ({}) is {}, but must be {}.", e->statistic,
                                                e->cell, record.plan.cells()[e->cell].label(),
                                                number_text(e->value), number_text(e->exact))));
  if (by_statistic.empty())
    return page.add("agreement", "Agreement with exact results",
                    html + paragraph("No statistic of these cells has a known exact value."));
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
  html += paragraph(
      "Every statistic whose exact value is known, in standard errors from it. Left out are rates of exactly "
      "0 "
      "or 1 that agree, and what is not random.");
  page.add("agreement", "Agreement with exact results",
           html + gallery(z_plots(compared)) + "<h3>By statistic</h3>\n" + html_table(table));
}

/// A table, folded away if it is long, and cut where the page has no room left.
std::string long_table(TextTable table, const std::string& what, Room& room) {
  constexpr std::size_t kShort = 24, kLongest = 400;
  const std::size_t all = table.rows.size(), shown = std::min({all, kLongest, room.rows});
  table.rows.resize(shown);
  room.rows -= shown;
  std::string html = html_table(table);
  if (shown < all)
    html += paragraph(fmt::format("{} more {} are in the table: leafcast table.", all - shown, what));
  if (all <= kShort) return html;
  return fold(fmt::format("All {} {}", all, what), html);
}

/// Estimates averaged over grammars that differ in their seeds, and what is exactly known of these grammars.
std::string over_grammars(const Record& record, const std::vector<Estimate>& estimates, Gallery& gallery,
                          Room& room) {
  const std::vector<GrammarAverage> averages = averages_over_grammars(record, estimates);
  std::string html;
  for (std::size_t i = 0; i < averages.size();) {
    const std::size_t first = averages[i].first_cell;
    const GrammarAverage& head = averages[i];
    TextTable table;
    table.columns = {{"statistic", TextTable::Kind::word}, {"mean"}, {"exact"}, {"z", TextTable::Kind::z}};
    for (; i < averages.size() && averages[i].first_cell == first; ++i)
      table.rows.push_back({averages[i].statistic, value_text(averages[i].value, averages[i].error),
                            number_text(averages[i].exact), z_text(averages[i].z)});
    if (head.grammars < 2 || room.rows < table.rows.size()) continue;
    room.rows -= table.rows.size();
    html += fold(
        fmt::format("{}, {} grammars",
                    group_text(record.plan.cells()[first], {"language.grammar-seed", "seed"}), head.grammars),
        html_table(table));
  }
  if (!html.empty())
    html = paragraph(
               "Errors are from the spread of grammars; z is of the deviations from each grammar's own exact "
               "value.") +
           html;
  const std::vector<GrammarFamily> families = grammar_families(record.plan);
  html = gallery(grammar_plots(record, averages, families)) + html;
  for (const GrammarFamily& family : families) {
    TextTable table;
    table.columns = {{"exact, in nats", TextTable::Kind::word}, {"mean"}, {"formula"}};
    for (const GrammarValue& value : family.average)
      table.rows.push_back(
          {value.statistic, value_text(value.value, value.error), number_text(value.predicted)});
    html += fold("What is exactly known: " + family.text, html_table(table));
  }
  return html;
}

std::string heights(const Record& record, const EstimateIndex& index, const std::vector<std::size_t>& cells,
                    Room& room) {
  std::string tables;
  std::size_t left_out = 0;
  for (const std::size_t i : cells) {
    const TextTable table = by_height(record, index, i);
    if (table.rows.empty()) continue;
    if (room.cells_by_height == 0) {
      ++left_out;
      continue;
    }
    --room.cells_by_height;
    tables += "<h4>" + escape_html(fmt::format("#{} {}", i, record.plan.cells()[i].label())) + "</h4>\n" +
              html_table(table);
  }
  if (left_out > 0)
    tables += paragraph(fmt::format("{} more cells are in the table: leafcast table.", left_out));
  return tables.empty() ? "" : fold("By subtree height, cell by cell", tables);
}

void add_language(Page& page, const Record& record, const EstimateIndex& index,
                  const std::vector<std::size_t>& cells, std::size_t number, Gallery& gallery, Room& room) {
  const Overview view = overview(record, index, cells);
  std::set<std::string> languages;
  for (const std::size_t i : cells) languages.insert(language_text(record.plan.cells()[i]));
  std::string common;
  for (const std::string& line : view.common) common += (common.empty() ? "" : " · ") + line;
  std::string html = "<p class=\"soft\">" + escape_html(common) + "</p>\n";
  if (number < kMostLanguages && languages.size() == 1) {
    std::vector<Plot> plots = context_plots(record, index, cells);
    for (Plot& plot : scale_plots(record, index, cells)) plots.push_back(std::move(plot));
    html += gallery(std::move(plots));
  }
  const TextTable learners = learner_table(record, index, cells);
  if (learners.rows.size() < view.table.rows.size())
    html += "<h3>Sentences</h3>\n" + long_table(view.table, "cells", room);
  if (const TextTable entropies = entropy_table(record, index, cells); !entropies.rows.empty())
    html += "<h3>Entropies, bits a leaf</h3>\n" + long_table(entropies, "cells", room);
  if (!learners.rows.empty())
    html += "<h3>Learners, nats a prediction</h3>\n" + long_table(learners, "cells", room);
  html += heights(record, index, cells, room);
  page.add(fmt::format("language-{}", number + 1), view.language.empty() ? "All languages" : view.language,
           html, number < kMostOpen);
}

std::string cell(const std::string& text, const char* name = "") {
  return fmt::format("<td{}>{}</td>", name, escape_html(text));
}

/// The first so many figures of fits, and how many there are.
std::string fit_figures(const std::vector<Fit>& fits, Gallery& gallery) {
  std::vector<Plot> plots = fit_plots(fits);
  std::string html;
  if (plots.size() > kMostFitFigures) {
    html = paragraph(fmt::format("The first {} of {} figures; every fit is in the tables.", kMostFitFigures,
                                 plots.size()));
    plots.resize(kMostFitFigures);
  }
  return html + gallery(std::move(plots));
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
  std::string html = paragraph(
      "Generalised least squares; errors are not rescaled by χ². The "
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
          "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th class=\"w\">cells</th><th "
          "class=\"w\">coefficient</th><th>fitted</th>"
          "<th>predicted</th><th>(fit−pred)/error</th><th>points</th><th>χ²/dof</th><th>p</th></tr></"
          "thead><tbody>\n";
      law = &fit.law;
    }
    html += fit_rows(fit);
  }
  if (law) html += "</tbody></table></div>\n";
  if (!without.empty()) html += fold("Where no law could be fitted", "<ul>\n" + without + "</ul>\n");
  return html;
}

std::string cost(const CostView& view) {
  std::string text;
  if (!std::isnan(view.sampled)) {
    text = fmt::format("Sampling took {} of core time", duration_text(view.sampled));
    if (view.predicted > 0 && view.sampled > 0)
      text += fmt::format("; the cost model had predicted {} for the same chunks ({:+.0f}%)",
                          duration_text(view.predicted), 100 * (view.predicted / view.sampled - 1));
    text += " (the last command of the run; chunks of earlier ones are not in it). ";
  } else {
    text = "How long sampling took is known of finished runs only, and not of merged files. ";
  }
  return paragraph(text + "By kind of work, for all chunks done, with " + view.rates + ":") +
         html_table(view.by_work);
}

std::string entries_table(const Provenance::Entries& entries) {
  std::string html = "<div class=\"scroll\"><table class=\"long\"><tbody>\n";
  for (const auto& [name, value] : entries)
    if (name != "cost_model")  // said under cost
      html += fmt::format("<tr><th class=\"w\" scope=\"row\">{}</th><td class=\"w\">{}</td></tr>\n",
                          escape_html(name), escape_html(value));
  return html + "</tbody></table></div>\n";
}

std::string origin(const Record& record, const Provenance& provenance) {
  std::string html = entries_table({{"plan", fmt::format("{:016x}", record.plan.hash())},
                                    {"chunks done", fmt::format("{} of {}", record.ledger.count(),
                                                                sum(wanted_chunks(record, check_goal)))}});
  for (const auto& [name, entries] : provenance.runs) {
    html += "<h3>" + escape_html("Results of " + name) + "</h3>\n";
    html += entries.empty() ? paragraph("Nothing is recorded: there is no results.h5 yet.")
                            : entries_table(entries);
  }
  if (!provenance.report.empty()) html += "<h3>This page</h3>\n" + entries_table(provenance.report);
  if (!record.plan.sweep_text().empty())
    html += fold("The sweep", "<pre>" + escape_html(record.plan.sweep_text()) + "</pre>\n");
  return html;
}

/// What to think of so many deviations beyond three errors. Statistics of one cell are correlated, so that
/// far ones come in groups.
std::string verdict(const Deviations& all, bool wrong) {
  const double expected = all.due(), far = static_cast<double>(all.far);
  if (wrong || far > expected + 6 * std::sqrt(expected) + 4)
    return "That is more than chance explains: see the section on agreement.";
  if (far > expected + 2 * std::sqrt(expected) + 2)
    return "That is more than independent numbers would have; those of one cell are correlated, and errors "
           "of few "
           "samples uncertain.";
  return "Simulation and theory agree.";
}

std::string said(const std::vector<Findings>& list, const Deviations& all, bool wrong) {
  std::string html;
  for (const Findings& findings : list) {
    html += "<p class=\"lead\"><b>" + escape_html(findings.language) + ".</b>";
    for (const std::string& sentence : findings.sentences) html += " " + escape_html(sentence);
    html += "</p>\n";
  }
  if (all.count > 0)
    html +=
        "<p class=\"lead\"><b>Agreement.</b> " +
        escape_html(fmt::format(
            "Of {} comparisons with exact values, {} {} more than three standard errors away, where chance "
            "brings {:.1f}; the mean of z² is {:.2f}, where 1 is expected. {}",
            all.count, all.far, all.far == 1 ? "is" : "are", all.due(),
            all.squares / static_cast<double>(all.count), verdict(all, wrong))) +
        "</p>\n";
  return html;
}

}  // namespace

void write_report(const std::filesystem::path& html, const Record& record,
                  const std::vector<Estimate>& estimates, const std::vector<Fit>& fits,
                  const Provenance& provenance) {
  const EstimateIndex index(estimates);
  Gallery gallery(html.parent_path() / (html.stem().string() + "-figures"));
  Deviations all;
  for (const Estimate& estimate : estimates) all(estimate);

  const CostView view = cost_view(record, provenance);
  Page page(record.plan.title().empty() ? "leafcast report" : record.plan.title());
  std::string top;
  if (const std::uint64_t wanted = sum(wanted_chunks(record, check_goal)); record.ledger.count() < wanted)
    top += "<p class=\"far\">" +
           escape_html(fmt::format("Unfinished: {} of {} chunks are done.", record.ledger.count(), wanted)) +
           "</p>\n";
  if (const std::string remark = doubtful_runs(estimates); !remark.empty())
    top += "<p class=\"far\">" + escape_html(remark) + "</p>\n";
  top += said(findings(record, index, fits), all, std::any_of(estimates.begin(), estimates.end(), is_wrong));
  top += summary(record, index, all, view);
  page.add("findings", "What the data say", top);

  page.add("needed-memory", "What a writer must remember",
           required_section(record, index, std::ref(gallery)));

  Room room;
  const auto languages = sections(record, index.cells());
  for (std::size_t i = 0; i < languages.size(); ++i)
    if (!languages[i].empty()) add_language(page, record, index, languages[i], i, gallery, room);
  if (languages.size() > kMostLanguages)
    page.add(
        "more-languages", "More languages",
        paragraph(fmt::format("Figures are of the first {} of {} languages; a sweep of the others alone has "
                              "theirs.",
                              kMostLanguages, languages.size())));
  page.add("grammars", "Averages over grammars", over_grammars(record, estimates, gallery, room));
  page.add("laws", "Laws", laws(fits));
  page.add("fits", "Figures of the fits", fit_figures(fits, gallery), /*open=*/false);
  add_agreement(page, record, estimates, gallery);
  page.add("cost", "Cost", cost(view));
  page.add("provenance", "Provenance", origin(record, provenance));
  write_file(html, page.html());
}

}  // namespace leafcast::analysis
