#include "analysis/present/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "analysis/estimate/distributions.h"
#include "analysis/estimate/doubtful_runs.h"
#include "analysis/estimate/estimate_index.h"
#include "analysis/estimate/goal_check.h"
#include "analysis/present/figures.h"
#include "analysis/present/findings.h"
#include "analysis/present/fit_plots.h"
#include "analysis/present/fit_tables.h"
#include "analysis/present/grammar_tables.h"
#include "analysis/present/overview.h"
#include "analysis/present/required_table.h"
#include "analysis/text/cell_text.h"
#include "analysis/text/number_text.h"
#include "engine/plan/stages.h"

namespace leafcast::analysis {

namespace {

using Look = Paragraph::Look;

constexpr std::size_t kMostFitFigures = 40;
constexpr std::size_t kMostLanguages = 12;  // that have figures
constexpr std::size_t kMostOpen = 3;        // that are not folded away
constexpr std::size_t kMostByHeight = 120;  // cells of all languages

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
  double mean_square() const { return squares / static_cast<double>(count); }

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

Tiles summary(const Record& record, const EstimateIndex& index, const Deviations& all, const CostView& cost) {
  double sentences = 0, leaves = 0;
  for (std::size_t i = 0; i < record.plan.cells().size(); ++i) {
    const Cell& cell = record.plan.cells()[i];
    auto written = static_cast<double>(record.samples(i));
    if (const auto* learner = std::get_if<LearnerGenerator>(&cell.generator()))  // samples are training sets
      written *= static_cast<double>(learner->training + learner->test);
    sentences += written;
    leaves += written * static_cast<double>(cell.language().leaves());
  }
  const std::size_t done = index.cells().size(), cells = record.plan.cells().size();
  Tiles tiles{{{std::to_string(done), done == cells ? "cells" : fmt::format("of {} cells", cells)},
               {sentences < 1e15 ? count_text(static_cast<std::uint64_t>(sentences)) : number_text(sentences),
                "sentences"},
               {number_text(leaves, 2), "leaves"}}};
  if (!std::isnan(cost.sampled)) tiles.tiles.emplace_back(duration_text(cost.sampled), "of core time");
  if (all.count == 0) return tiles;
  tiles.tiles.emplace_back(fmt::format("{:.2f}", all.mean_square()), "mean z² (1 expected)");
  tiles.tiles.emplace_back(std::to_string(all.far), fmt::format("|z| > 3 ({:.1f} expected)", all.due()));
  return tiles;
}

Document agreement(const Record& record, const std::vector<Estimate>& estimates) {
  std::vector<std::pair<std::string, Deviations>> by_statistic;
  std::vector<Estimate> compared;
  Document document;
  for (const Estimate& e : estimates) {
    if (!is_silent(e) && !is_root(e)) compared.push_back(e);
    if (is_wrong(e))
      document << Paragraph{
          fmt::format("{} of cell {} ({}) is {}, but must be {}.", e.statistic, e.cell,
                      record.plan.cells()[e.cell].label(), number_text(e.value), number_text(e.exact)),
          Look::alarm};
    const auto at = e.statistic.text().find('@');
    const std::string name = at == std::string::npos ? e.statistic.text() : e.statistic.text().substr(0, at) + "@j";
    auto entry = std::ranges::find(by_statistic, name, &std::pair<std::string, Deviations>::first);
    if (entry == by_statistic.end()) entry = by_statistic.insert(by_statistic.end(), {name, {}});
    entry->second(e);
  }
  Table table{{{"statistic", Column::Kind::word},
               {"values"},
               {"mean z²"},
               {"|z| > 3"},
               {"largest z", Column::Kind::z},
               {"where", Column::Kind::word}},
              {}};
  for (const auto& [name, deviations] : by_statistic)
    if (deviations.count > 0)
      table.rows.push_back({name, deviations.count, fmt::format("{:.2f}", deviations.mean_square()),
                            deviations.far, deviations.worst,
                            fmt::format("{} · {}", record.plan.cells()[deviations.where->cell].label(),
                                        deviations.where->statistic)});
  if (table.rows.empty())
    return std::move(document << Paragraph{"No statistic of these cells has a known exact value."});
  document << Paragraph{"Every statistic whose exact value is known, in standard errors from it. Left out are rates of "
                        "exactly 0 or 1 that agree, and what is not random."}
           << Figures{z_plots(compared)} << Heading{"By statistic"} << std::move(table);
  return document;
}

Section of_language(const Record& record, const EstimateIndex& index, const std::vector<std::size_t>& cells,
                    std::size_t number, std::size_t& by_height) {
  std::set<std::string> languages;
  for (const std::size_t i : cells) languages.insert(language_text(record.plan.cells()[i]));
  std::vector<Plot> plots;
  if (number < kMostLanguages && languages.size() == 1) {
    plots = context_plots(record, index, cells);
    std::ranges::move(scale_plots(record, index, cells), std::back_inserter(plots));
  }
  Section section = language_section(record, index, cells, std::move(plots));
  section.id = fmt::format("language-{}", number + 1);
  section.open = number < kMostOpen;
  section.content.front().fold("By subtree height, cell by cell", heights(record, index, cells, by_height));
  return section;
}

/// The first so many figures of fits, and how many there are.
Document fit_figures(const std::vector<Fit>& fits) {
  std::vector<Plot> plots = fit_plots(fits);
  Document document;
  if (plots.size() > kMostFitFigures) {
    document << Paragraph{fmt::format("The first {} of {} figures; every fit is in the tables.",
                                      kMostFitFigures, plots.size())};
    plots.resize(kMostFitFigures);
  }
  return std::move(document << Figures{std::move(plots)});
}

Document cost(const CostView& view) {
  std::string text = "How long sampling took is known of finished runs only, and not of merged files. ";
  if (!std::isnan(view.sampled)) {
    text = fmt::format("Sampling took {} of core time", duration_text(view.sampled));
    if (view.predicted > 0 && view.sampled > 0)
      text += fmt::format("; the cost model had predicted {} for the same chunks ({:+.0f}%)",
                          duration_text(view.predicted), 100 * (view.predicted / view.sampled - 1));
    text += " (the last command of the run; chunks of earlier ones are not in it). ";
  }
  Document document;
  return std::move(
      document << Paragraph{text + "By kind of work, for all chunks done, with " + view.rates + ":"}
               << view.by_work);
}

Table entries_table(const Provenance::Entries& entries) {
  Table table{{{"", Column::Kind::word}, {"", Column::Kind::word}}, {}};
  for (const auto& [name, value] : entries)
    if (name != "cost_model") table.rows.push_back({name, value});  // said under cost
  return table;
}

Document origin(const Record& record, const Provenance& provenance) {
  Document document;
  document << entries_table({{"plan", fmt::format("{:016x}", record.plan.hash())},
                             {"chunks done", fmt::format("{} of {}", record.ledger.count(),
                                                         sum(wanted_chunks(record, check_goal)))}});
  for (const auto& [name, entries] : provenance.runs) {
    document << Heading{"Results of " + name} << entries_table(entries);
    if (entries.empty()) document << Paragraph{"Nothing is recorded: there is no results.h5 yet."};
  }
  document << Heading{"This page"} << entries_table(provenance.report);
  Document sweep;
  document.fold("The sweep", std::move(sweep << Verbatim{record.plan.sweep_text()}));
  return document;
}

/// What to think of so many deviations beyond three errors. Statistics of one cell are correlated, so that
/// far ones come in groups.
std::string verdict(const Deviations& all, bool wrong) {
  const double expected = all.due(), far = static_cast<double>(all.far);
  if (wrong || far > expected + 6 * std::sqrt(expected) + 4)
    return "That is more than chance explains: see the section on agreement.";
  if (far > expected + 2 * std::sqrt(expected) + 2)
    return "That is more than independent numbers would have; those of one cell are correlated, and errors of few "
           "samples uncertain.";
  return "Simulation and theory agree.";
}

}  // namespace

void write_report(const std::filesystem::path& html, const Record& record,
                  const std::vector<Estimate>& estimates, const std::vector<Fit>& fits,
                  const Provenance& provenance) {
  const EstimateIndex index(estimates);
  const CostView view = cost_view(record, provenance);
  Deviations all;
  for (const Estimate& estimate : estimates) all(estimate);
  Document top, page;
  if (const std::uint64_t wanted = sum(wanted_chunks(record, check_goal)); record.ledger.count() < wanted)
    top << Paragraph{fmt::format("Unfinished: {} of {} chunks are done.", record.ledger.count(), wanted),
                     Look::alarm};
  top << Paragraph{doubtful_runs(estimates), Look::alarm};
  for (const Findings& found : findings(record, index, fits))
    top << Paragraph{fmt::format("{}", fmt::join(found.sentences, " ")), Look::lead, found.language + "."};
  if (all.count > 0)
    top << Paragraph{
        fmt::format(
            "Of {} comparisons with exact values, {} {} more than three standard errors away, where chance "
            "brings {:.1f}; the mean of z² is {:.2f}, where 1 is expected. {}",
            all.count, all.far, all.far == 1 ? "is" : "are", all.due(), all.mean_square(),
            verdict(all, std::ranges::any_of(estimates, is_wrong))),
        Look::lead, "Agreement."};
  page.section("findings", "What the data say", std::move(top << summary(record, index, all, view)));
  page.section("needed-memory", "What a writer must remember", required_document(record, index));
  const auto languages = sections(record.plan, index.cells());
  std::size_t by_height = kMostByHeight;
  for (std::size_t i = 0; i < languages.size(); ++i)
    if (!languages[i].empty()) page << of_language(record, index, languages[i], i, by_height);
  Document more;
  if (languages.size() > kMostLanguages)
    more << Paragraph{
        fmt::format("Figures are of the first {} of {} languages; a sweep of the others alone has theirs.",
                    kMostLanguages, languages.size())};
  page.section("more-languages", "More languages", std::move(more));
  page.section("grammars", "Averages over grammars", grammars_document(record, estimates));
  page.section("laws", "Laws", laws_document(fits));
  page.section("fits", "Figures of the fits", fit_figures(fits), /*open=*/false);
  page.section("agreement", "Agreement with exact results", agreement(record, estimates));
  page.section("cost", "Cost", cost(view));
  page.section("provenance", "Provenance", origin(record, provenance));
  write_page(html, record.plan.title().empty() ? "leafcast report" : record.plan.title(), page);
}

}  // namespace leafcast::analysis
