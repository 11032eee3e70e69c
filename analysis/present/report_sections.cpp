#include "analysis/present/report_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <set>

#include "analysis/estimate/distributions.h"
#include "analysis/estimate/doubtful_runs.h"
#include "analysis/estimate/estimate_index.h"
#include "analysis/estimate/goal_check.h"
#include "analysis/present/comparisons.h"
#include "analysis/present/figures.h"
#include "analysis/present/findings.h"
#include "analysis/present/fit_plots.h"
#include "analysis/present/fit_tables.h"
#include "analysis/present/glossary.h"
#include "analysis/present/grammar_tables.h"
#include "analysis/present/overview.h"
#include "analysis/present/required_table.h"
#include "analysis/text/cell_text.h"
#include "analysis/text/number_text.h"
#include "engine/error.h"
#include "engine/plan/stages.h"

namespace leafcast::analysis {

namespace {

using Look = Paragraph::Look;

constexpr std::size_t kMostFitFigures = 40;

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

/// ZSummary from exact values over a set of statistics.
struct ZSummary {
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

Tiles summary(const Record& record, const EstimateIndex& index, const ZSummary& all, const CostView& cost) {
  double sentences = 0, leaves = 0;
  for (std::size_t i = 0; i < record.plan.cells().size(); ++i) {
    const Cell& cell = record.plan.cells()[i];
    auto written = static_cast<double>(record.samples(i));
    if (const auto* learner = std::get_if<LearnerGenerator>(&cell.generator()))  // samples are training sets
      written *= static_cast<double>(learner->training + learner->test);
    sentences += written;
    leaves += written * static_cast<double>(cell.language().leaves());
  }
  const std::size_t done = index.cells().size(), cells = cells_wanted(wanted_chunks(record, check_goal));
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
  std::vector<std::pair<std::string, ZSummary>> by_statistic;
  std::vector<double> scores;
  Document document;
  for (const Estimate& e : estimates) {
    if (const double z = e.z(); !std::isnan(z) && e.error != 0 && !is_silent(e) && !is_root(e))
      scores.push_back(z);
    if (is_wrong(e))
      document << Paragraph{
          fmt::format("{} of cell {} ({}) is {}, but must be {}.", e.statistic, e.cell,
                      record.plan.cells()[e.cell].label(), number_text(e.value), number_text(e.exact)),
          Look::alarm};
    const auto at = e.statistic.text().find('@');
    const std::string name =
        at == std::string::npos ? e.statistic.text() : e.statistic.text().substr(0, at) + "@j";
    auto entry = std::ranges::find(by_statistic, name, &std::pair<std::string, ZSummary>::first);
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
           << Figures{z_plots(std::move(scores))} << Heading{"By statistic"} << std::move(table);
  return document;
}

/// The first so many figures of fits, and how many there are; all, where figures are chosen.
Document fit_figures(const Reported& of) {
  Document document;
  const std::size_t all = count_fit_plots(of.fits),
                    shown = of.choice.figures.empty() ? std::min(kMostFitFigures, all) : all;
  if (all > shown)
    document << Paragraph{fmt::format(
        "The first {} of {} figures; every fit is in the tables, and leafcast report --figures law- has all figures.",
        shown, all)};
  return std::move(document << Figures{fit_plots(of.fits, shown)});
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
std::string verdict(const ZSummary& all, bool wrong) {
  const double expected = all.due(), far = static_cast<double>(all.far);
  // Of z² the variance is 2, and as if half of them were copies of the others.
  const double spread = std::sqrt(4 / static_cast<double>(all.count));
  if (wrong || far > expected + 6 * std::sqrt(expected) + 4 || all.mean_square() > 1 + 8 * spread)
    return "That is more than chance explains: see the section on agreement.";
  if (far > expected + 2 * std::sqrt(expected) + 2 || all.mean_square() > 1 + 3 * spread)
    return "That is more than independent numbers would have; those of one cell are correlated, and errors of few "
           "samples uncertain.";
  return "Simulation and theory agree.";
}

}  // namespace

void add_findings(Document& page, const Reported& of) {
  const Record& record = of.record;
  ZSummary all;
  for (const Estimate& estimate : of.estimates) all(estimate);
  Document top;
  if (const std::uint64_t wanted = sum(wanted_chunks(record, check_goal)); record.ledger.count() < wanted)
    top << Paragraph{fmt::format("Unfinished: {} of {} chunks are done.", record.ledger.count(), wanted),
                     Look::alarm};
  top << Paragraph{doubtful_runs(of.estimates), Look::alarm};
  for (const Findings& found : findings(record, of.index, of.fits))
    top << Paragraph{fmt::format("{}", fmt::join(found.sentences, " ")), Look::lead, found.language + "."};
  if (all.count > 0)
    top << Paragraph{
        fmt::format(
            "Of {} comparisons with exact values, {} {} more than three standard errors away, where chance "
            "brings {:.1f}; the mean of z² is {:.2f}, where 1 is expected. {}",
            all.count, all.far, all.far == 1 ? "is" : "are", all.due(), all.mean_square(),
            verdict(all, std::ranges::any_of(of.estimates, is_wrong))),
        Look::lead, "Agreement."};
  page.section("findings", "What the data say", std::move(top << summary(record, of.index, all, of.cost)));
}

void add_needed_memory(Document& page, const Reported& of) {
  page.section("needed-memory", "What a writer must remember", required_document(of.record, of.index));
}

void add_comparisons(Document& page, const Reported& of) {
  if (of.choice.compare.empty()) return;
  const std::vector<Required> needs = required(of.record, of.index);
  for (const std::string& key : of.choice.compare)
    page.section("compare-" + key, "Compared over " + key, comparison(of.record, of.index, needs, key));
}

void choose_figures(Document& page, const Reported& of, std::vector<std::string>& shown) {
  std::ranges::move(page.keep_figures([&](const std::string& name) { return of.choice.wants(name); }),
                    std::back_inserter(shown));
}

void require_chosen(const Reported& of, const std::vector<std::string>& shown) {
  for (const std::string& part : of.choice.figures)
    if (std::ranges::none_of(shown,
                             [&](const std::string& name) { return name.find(part) != std::string::npos; }))
      throw UsageError(fmt::format(
          "--figures {}: no figure of this report has that in its name; names are those of the files beside a report, such as "
          "ising-d3-rho0.9-h8-variance, law-variance-context-depth…, z-scores",
          part));
}

std::vector<std::vector<std::size_t>> report_languages(const Reported& of) {
  auto languages = sections(of.record.plan, of.index.cells());
  std::erase_if(languages, [](const std::vector<std::size_t>& cells) { return cells.empty(); });
  std::ranges::stable_sort(languages, std::greater(), [&](const std::vector<std::size_t>& cells) {
    return of.record.plan.cells()[cells.front()].language().leaves();
  });
  return languages;
}

std::vector<Plot> language_plots(const Reported& of, const std::vector<std::size_t>& cells) {
  std::set<std::string> languages;
  for (const std::size_t i : cells) languages.insert(language_text(of.record.plan.cells()[i]));
  if (languages.size() != 1) return {};
  std::vector<Plot> plots = context_plots(of.record, of.index, cells);
  std::ranges::move(scale_plots(of.record, of.index, cells), std::back_inserter(plots));
  return plots;
}

Section of_language(const Reported& of, const std::vector<std::size_t>& cells, std::size_t number,
                    std::vector<Plot> plots, std::size_t& by_height) {
  Section section = language_section(of.record, of.index, cells, std::move(plots));
  section.id = fmt::format("language-{}", number + 1);
  section.content.front().fold("By subtree height, cell by cell",
                               heights(of.record, of.index, cells, by_height));
  return section;
}

void add_closing(Document& page, const Reported& of) {
  page.section("grammars", "Averages over grammars", grammars_document(of.record, of.estimates));
  page.section("laws", "Laws", laws_document(of.fits));
  page.section("fits", "Figures of the fits", fit_figures(of), /*open=*/false);
  page.section("agreement", "Agreement with exact results", agreement(of.record, of.estimates));
  page.section("cost", "Cost", cost(of.cost));
  page.section("words", "Words", glossary(of.record.plan), /*open=*/false);
  page.section("provenance", "Provenance", origin(of.record, of.provenance));
}

std::string report_title(const Record& record) {
  return record.plan.title().empty() ? "leafcast report" : record.plan.title();
}

}  // namespace leafcast::analysis
