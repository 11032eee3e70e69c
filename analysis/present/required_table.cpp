#include "analysis/present/required_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "analysis/fit/least_squares.h"
#include "analysis/present/required_plots.h"
#include "analysis/text/number_text.h"

namespace leafcast::analysis {

namespace {

using Kind = Column::Kind;

/// A straight line through the points of a series, and through the exact values of the same heights with the
/// same weights (NaN if one is unknown).
struct Slopes {
  double value = kUnknown, error = kUnknown, exact = kUnknown;
};

/// `y`, `sigma`: of a point, given what is required there, measured or exact.
template <class Y, class Sigma>
Slopes slopes(const Required& measured, const Required* exact, Y y, Sigma sigma) {
  std::vector<double> x, values, expected, errors;
  for (const RequiredPoint& p : measured.points) {
    const RequiredPoint* e = find_sharp_point(exact, p.height);
    x.push_back(std::log(p.n));
    values.push_back(y(p.required));
    errors.push_back(sigma(p));
    if (e) expected.push_back(y(e->required));
  }
  Slopes result;
  if (x.size() < 3) return result;
  const LeastSquares line = fit_line(x, values, errors);
  result.value = line.coefficients(0);
  result.error = line.error(0);
  if (expected.size() == x.size()) result.exact = fit_line(x, expected, errors).coefficients(0);
  return result;
}

bool has_errors(const Required& series) {
  return std::all_of(series.points.begin(), series.points.end(),
                     [](const RequiredPoint& p) { return p.error > 0; });
}

/// Exact numbers have no error; a line weighs them alike.
Slopes context_slopes(const Required& measured, const Required* exact) {
  const bool weighted = has_errors(measured);
  Slopes result = slopes(
      measured, exact, [](double k) { return std::log(k); },
      [&](const RequiredPoint& p) { return weighted ? p.error / p.required : 1; });
  if (!weighted) result.error = 0;
  return result;
}

/// A verdict in doubt counts for less; bits have no error otherwise.
Slopes memory_slopes(const Required& measured, const Required* exact) {
  Slopes result = slopes(
      measured, exact, [](double bits) { return bits * std::numbers::ln2; },
      [](const RequiredPoint& p) { return std::hypot(1, p.error); });
  result.error = 0;
  constexpr double kRounding = 1e-9;  // of a line through equal numbers
  for (double* slope : {&result.value, &result.exact})
    if (std::abs(*slope) < kRounding) *slope = 0;
  return result;
}

std::string span_text(const Required& series) {
  return fmt::format("{}–{}", leaves_text(series.points.front().n), leaves_text(series.points.back().n));
}

void add_summary(RequiredTables& tables, const Required& measured, const Required* exact) {
  const RequiredPoint& last = measured.points.back();
  const RequiredPoint* e = find_sharp_point(exact, last.height);
  const bool context = measured.resource == "context";
  const double scale = context ? 1 / last.n : 1;
  const Slopes slope = context ? context_slopes(measured, exact) : memory_slopes(measured, exact);
  (context ? tables.context : tables.memory)
      .rows.push_back({measured.group, criterion_text(measured.criterion), span_text(measured),
                       measured.points.size(), Entry(scale * last.required, scale * last.error),
                       e ? Entry(scale * e->required) : Entry(), Entry(slope.value, slope.error),
                       slope.exact});
}

/// Of what is measured against what exact values give. Between the same two sizes of a scan what the scan leaves open is the
/// same for both, so that only the samples' error counts.
double z_of(const RequiredPoint& p, const RequiredPoint* e) {
  if (!e) return kUnknown;
  const bool between_the_same = p.low == e->low && p.high == e->high;
  const double error =
      between_the_same ? std::hypot(p.statistical, e->statistical) : std::hypot(p.error, e->error);
  return error > 0 ? (p.required - e->required) / error : kUnknown;
}

/// "1600–2084", and of shares; empty if it is a number.
std::string interval_text(const RequiredPoint& p, double scale) {
  if (p.low == p.high) return "";
  return fmt::format("{}–{}", number_text(scale * p.low, 4),
                     std::isinf(p.high) ? "?" : number_text(scale * p.high, 4));
}

void add_points(Table& table, const Required& measured, const Required* exact) {
  for (const RequiredPoint& p : measured.points) {
    const RequiredPoint* e = find_sharp_point(exact, p.height);
    const bool context = measured.resource == "context";
    const double z = z_of(p, e);
    const bool first = &p == &measured.points.front();
    table.rows.push_back(
        {first ? measured.group : "", first ? criterion_text(measured.criterion) : "", p.height,
         leaves_text(p.n), value_text(p.required, p.error) + (context ? "" : " bits"), interval_text(p, 1),
         e ? Entry(e->required) : Entry(), z, context ? Entry(p.required / p.n, p.error / p.n) : Entry(),
         context ? interval_text(p, 1 / p.n) : ""});
  }
}

}  // namespace

std::string criterion_text(const std::string& criterion) {
  return criterion == "excess_kurtosis" ? "kurtosis" : criterion == "valid_rate" ? "valid rate" : criterion;
}

RequiredTables required_tables(const Record& record, const std::vector<Required>& measured,
                               const std::vector<Required>& exact) {
  RequiredTables tables;
  const Column writer = {"writer", Kind::word}, match = {"match", Kind::word}, n = {"n", Kind::word, 6},
               points = {"points", Kind::number, 1}, exactly = {"exact", Kind::number, 5};
  tables.context.columns = {writer, match, n, points, {"k*/n at the largest n"}, exactly, {"slope of log k*"},
                            exactly};
  tables.memory.columns = {
      writer, match, n, points, {"bits at the largest n"}, exactly, {"bits per doubling of n"}, exactly};
  tables.by_height.columns = {writer,
                              match,
                              {"h"},
                              n,
                              {"required"},
                              {"between", Kind::word, 6},
                              {"exact", Kind::number, 4},
                              {"z", Kind::z},
                              {"k*/n"},
                              {"between", Kind::word, 5, "ends of k*/n"}};
  for (const Required& series : measured) {
    for (const std::string& remark : series.remarks)
      tables.remarks.push_back(
          fmt::format("{} · {} · {}", series.group, criterion_text(series.criterion), remark));
    if (series.points.empty()) continue;
    const Required* counterpart = find_exact(record, exact, series);
    if (series.points.size() >= 2) add_summary(tables, series, counterpart);
    add_points(tables.by_height, series, counterpart);
  }
  return tables;
}

Document required_document(const Record& record, const EstimateIndex& index) {
  const std::vector<Required> measured = required(record, index), exact = required_exactly(record, index);
  RequiredTables tables = required_tables(record, measured, exact);
  Document document, by_height, remarks;
  if (tables.by_height.rows.empty()) return document;
  document
      << Paragraph{fmt::format(
             "The smallest context k* and working memory m* from which on a writer's sentences have a variance, "
             "excess kurtosis or valid rate within {:.3g}% of the true language's. It lies between the two sizes given (95%); errors "
             "hold the samples' and what the scan leaves between two sizes. Values: for k-grams where the deviation, linear in log "
             "k between the two, meets the tolerance; for blocks, which have no context in between, the geometric middle; for "
             "memory, which comes in whole levels, the level.",
             100 * measured.front().tolerance)}
      << Figures{required_plots(record, measured, exact)} << Heading{"Context"} << std::move(tables.context)
      << Heading{"Working memory"} << std::move(tables.memory);
  document.fold("Height by height", std::move(by_height << std::move(tables.by_height)));
  document.fold("Heights without a point, and verdicts in doubt",
                std::move(remarks << List{std::move(tables.remarks)}));
  return document;
}

void write_required(std::ostream& out, Format format, const Record& record, const EstimateIndex& index,
                    std::size_t width) {
  const std::vector<Required> measured = required(record, index), exact = required_exactly(record, index);
  if (format == Format::text) {
    RequiredTables tables = required_tables(record, measured, exact);
    Document document;
    if (tables.by_height.rows.empty())
      document << Paragraph{
          "No writer was scanned over contexts or memories, from some that fail to some that suffice."};
    else
      document << std::move(tables.context) << std::move(tables.memory) << std::move(tables.by_height);
    document << List{std::move(tables.remarks)};
    return write_text(out, document, width);
  }
  std::vector<Column> columns;
  for (const char* name : {"group",      "resource", "criterion",    "tolerance",   "d",          "height",
                           "n",          "required", "stderr",       "statistical", "systematic", "low",
                           "high",       "share",    "share_low",    "share_high",  "exact",      "exact_low",
                           "exact_high", "z",        "failing_cell", "passing_cell"})
    columns.push_back({name});
  RowWriter write(out, format, columns);
  const auto number = [](double v) { return std::isfinite(v) ? Entry(v) : Entry(); };
  for (const Required& series : measured) {
    const Required* counterpart = find_exact(record, exact, series);
    for (const RequiredPoint& p : series.points) {
      const RequiredPoint* e = find_sharp_point(counterpart, p.height);
      const bool context = series.resource == "context";
      const auto share = [&](double v) { return context ? number(v / p.n) : Entry(); };
      write({series.group,
             series.resource,
             series.criterion,
             series.tolerance,
             series.d,
             p.height,
             p.n,
             p.required,
             p.error,
             p.statistical,
             p.systematic,
             p.low,
             number(p.high),
             share(p.required),
             share(p.low),
             share(p.high),
             e ? Entry(e->required) : Entry(),
             e ? Entry(e->low) : Entry(),
             e ? number(e->high) : Entry(),
             number(z_of(p, e)),
             p.cells.front(),
             p.cells.back()});
    }
  }
  write.end();
}

}  // namespace leafcast::analysis
