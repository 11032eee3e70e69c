#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "analysis/estimate/estimate_index.h"
#include "analysis/present/cost_view.h"
#include "analysis/present/document.h"
#include "analysis/present/report_choice.h"
#include "engine/observe/fit.h"

/// What reports are made of, those of one page and those of many.
namespace leafcast::analysis {

inline constexpr std::size_t kMostByHeight = 120;  // cells of a page that have tables by subtree height

/// All that a report tells of. Refers to what it is made from, which must outlive it.
struct Reported {
  const Record& record;
  const std::vector<Estimate>& estimates;
  const std::vector<Fit>& fits;
  const Provenance& provenance;
  const ReportChoice& choice;
  EstimateIndex index;
  CostView cost;

  Reported(const Record& r, const std::vector<Estimate>& e, const std::vector<Fit>& f, const Provenance& p,
           const ReportChoice& c)
      : record(r), estimates(e), fits(f), provenance(p), choice(c), index(e), cost(cost_view(r, p)) {}
};

std::string report_title(const Record& record);

/// What the data say, with numbers at a glance.
void add_findings(Document& page, const Reported& of);
/// The cells by language, those of the longest sentences first.
std::vector<std::vector<std::size_t>> report_languages(const Reported& of);
/// What a writer must remember.
void add_needed_memory(Document& page, const Reported& of);

/// Over the keys of the choice.
void add_comparisons(Document& page, const Reported& of);

/// Drops the figures that are not wanted; adds the names of the others.
void choose_figures(Document& page, const Reported& of, std::vector<std::string>& shown);
/// Throws UsageError if a part of the choice names none of those that are shown.
void require_chosen(const Reported& of, const std::vector<std::string>& shown);

/// Figures of the cells of one language; none if they are of several.
std::vector<Plot> language_plots(const Reported& of, const std::vector<std::size_t>& cells);
/// Figures and tables of cells of a language, the number-th from 0. `by_height` as `most` of heights().
Section of_language(const Reported& of, const std::vector<std::size_t>& cells, std::size_t number,
                    std::vector<Plot> plots, std::size_t& by_height);

/// Averages over grammars, laws, agreement, cost, provenance.
void add_closing(Document& page, const Reported& of);

}  // namespace leafcast::analysis
