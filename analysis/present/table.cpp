#include "analysis/present/table.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "analysis/estimate/doubtful_runs.h"
#include "analysis/estimate/estimate_index.h"
#include "analysis/present/overview.h"
#include "analysis/text/cell_text.h"
#include "analysis/text/json_rows.h"
#include "analysis/text/number_text.h"
#include "engine/error.h"
#include "engine/values.h"

namespace leafcast::analysis {

namespace {

using Json = JsonRow;

Json number(double x) { return json_number(x); }

// ---- rows as JSON objects, whose keys are the columns

/// The generator's columns; null where it does not use one.
struct GeneratorColumns {
  Json context, context_unit, structure, context_depth, lca, memory, encoding, memory_depth;

  void operator()(const TrueGenerator&) {}
  void operator()(const KgramGenerator& g) {
    context = g.context;
    context_unit = g.unit == ContextUnit::leaves ? "leaves" : "tokens";
    structure = g.structure == Structure::fixed ? "fixed" : "sampled";
  }
  void operator()(const BlockGenerator& g) {
    context_depth = g.context_depth;
    lca = g.lca == LcaLaw::sampled ? "sampled" : g.lca == LcaLaw::fixed ? "fixed" : "sampled-reset";
    memory = g.memory == BlockMemory::leaves ? "leaves" : "root";
  }
  void operator()(const LearnerGenerator& g) {
    if (g.learner == Learner::counting) context = g.context;
  }
  void operator()(const ReasoningGenerator& g) {
    encoding = g.encoding == Encoding::path ? "path" : "segment";
    memory_depth = g.memory_depth;
  }
};

Json cell_columns(std::size_t index, const Cell& cell, std::uint64_t samples) {
  const Language& language = cell.language();
  GeneratorColumns generator;
  std::visit([&](const auto& g) { generator(g); }, cell.generator());
  return {{"cell", index},
          {"language", language.kind},
          {"d", language.d},
          {"q", language.symbols()},
          {"lambda", number(language.lambda())},
          {"height", language.height},
          {"n", language.leaves()},
          {"generator", cell.generator_name()},
          {"context", generator.context},
          {"context_unit", generator.context_unit},
          {"structure", generator.structure},
          {"context_depth", generator.context_depth},
          {"lca", generator.lca},
          {"memory", generator.memory},
          {"encoding", generator.encoding},
          {"memory_depth", generator.memory_depth},
          {"method", cell.parameters().at("generator.method")},
          {"samples", samples}};
}

Json row(const Json& cell, const Estimate& estimate) {
  Json columns = cell;
  columns["statistic"] = estimate.statistic;
  columns["value"] = number(estimate.value);
  columns["stderr"] = number(estimate.error);
  columns["exact"] = number(estimate.exact);
  columns["z"] = number(estimate.z());
  return columns;
}

/// Calls use(row) for every estimate.
template <class Use>
void each_row(const Record& record, const std::vector<Estimate>& estimates, Use use) {
  Json cell;
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    const std::size_t index = estimates[i].cell;
    if (i == 0 || index != estimates[i - 1].cell)
      cell = cell_columns(index, record.plan.cells()[index], samples_done(record.tallies[index]));
    use(row(cell, estimates[i]));
  }
}

/// An array with an object a line.
class JsonLines {
 public:
  explicit JsonLines(std::ostream& out) : out_(out) {}
  void operator()(const Json& object) {
    out_ << (first_ ? "[\n" : ",\n") << object.dump();
    first_ = false;
  }
  void end() { out_ << (first_ ? "[]\n" : "\n]\n"); }

 private:
  std::ostream& out_;
  bool first_ = true;
};

// ---- text

/// What tables had no room for, each thing once.
class LeftOut {
 public:
  void operator()(const std::vector<std::string>& spared) {
    for (const std::string& what : spared)
      if (std::ranges::find(list_, what) == list_.end()) list_.push_back(what);
  }
  /// Where to find it.
  std::string text() const {
    std::string joined;
    for (const std::string& what : list_) joined += (joined.empty() ? "" : ", ") + what;
    return joined.empty() ? ""
                          : "left out for want of room: " + joined +
                                "; --format csv has everything, and so "
                                "has a wider terminal (or COLUMNS=200)";
  }

 private:
  std::vector<std::string> list_;
};

void write_by_height(std::ostream& out, const Record& record, const EstimateIndex& index,
                     const std::vector<std::size_t>& cells, std::size_t width, LeftOut& left_out) {
  bool titled = false;
  for (const std::size_t i : cells) {
    const TextTable table = by_height(record, index, i);
    if (table.rows.empty()) continue;
    if (!titled) {
      out << '\n'
          << wrap(
                 "By subtree height j: sums s over d^j leaves; correlation of leaves whose lowest common "
                 "ancestor "
                 "has height j",
                 "", width);
      titled = true;
    }
    out << '\n' << wrap(fmt::format("#{} {}", i, record.plan.cells()[i].label()), "", width);
    left_out(print(out, table, width));
  }
}

void write_text(std::ostream& out, const Record& record, const std::vector<Estimate>& estimates,
                std::size_t width) {
  const EstimateIndex index(estimates);
  const std::vector<std::size_t> cells = index.cells();
  if (!record.plan.title().empty()) out << wrap(record.plan.title(), "", width);
  if (cells.size() < record.plan.cells().size())
    out << fmt::format("{} of {} cells have samples so far\n", cells.size(), record.plan.cells().size());
  if (cells.empty()) return;

  LeftOut left_out;
  for (const std::vector<std::size_t>& section : sections(record, cells)) {
    const Overview view = overview(record, index, section);
    out << '\n';
    if (!view.language.empty()) out << wrap(view.language, "", width);
    for (const std::string& line : view.common) out << wrap(line, "", width);
    out << '\n';
    left_out(print(out, view.table, width));
  }
  if (const TextTable entropies = entropy_table(record, index, cells); !entropies.rows.empty()) {
    out << '\n'
        << wrap(
               "Entropies, bits a leaf: of the language's sentences under the writer's law, and its "
               "divergence from the "
               "language; of the writer's sentences under its own law, and under the language's (reverse)",
               "", width)
        << '\n';
    left_out(print(out, entropies, width));
  }
  if (const TextTable learners = learner_table(record, index, cells); !learners.rows.empty()) {
    out << '\n'
        << wrap(
               "Learners, nats a prediction of the last token (or of the class): test loss, and its excess "
               "over "
               "the exact entropy of what is seen; wrong predictions; leaves of context from which the "
               "language "
               "itself would predict as well; purity of clusters by height",
               "", width)
        << '\n';
    left_out(print(out, learners, width));
  }
  out << '\n'
      << wrap(
             "value(standard error in the last digits); z = (value - exact)/error; kurtosis is the excess "
             "over a "
             "Gaussian's",
             "", width);
  write_by_height(out, record, index, cells, width, left_out);
  if (const std::string text = left_out.text(); !text.empty()) out << '\n' << wrap(text, "", width);
}

/// Where a law's coefficients come from, a row each.
TextTable coefficient_table(const std::vector<Coefficient>& coefficients) {
  TextTable table;
  using Kind = TextTable::Kind;
  table.columns = {{"  coefficient", Kind::word},
                   {"fitted"},
                   {"predicted"},
                   {"(fit-pred)/error", Kind::z},
                   {"exact", Kind::number, 7},
                   {"bootstrap", Kind::number, 6}};
  for (const Coefficient& c : coefficients)
    table.rows.push_back({"  " + c.name, value_text(c.value, c.error), number_text(c.predicted),
                          z_text(c.z()), number_text(c.exact, 5), number_text(c.bootstrap_error, 2)});
  return table;
}

std::string chi2_text(double chi2, int degrees_of_freedom) {
  return std::isnan(chi2) ? "" : fmt::format("{:.4g}/{}", chi2, degrees_of_freedom);
}

std::string difference_text(double x) {
  return x < 1e4 ? fmt::format("{:.1f}", x) : fmt::format("{:.2g}", x);
}

/// The law and its rivals on the whole domain, AIC and BIC as differences from the least.
TextTable form_table(const std::vector<FormFit>& forms) {
  const double aic = std::ranges::min_element(forms, {}, &FormFit::aic)->aic,
               bic = std::ranges::min_element(forms, {}, &FormFit::bic)->bic;
  TextTable table;
  using Kind = TextTable::Kind;
  table.columns = {
      {"  form", Kind::word},       {""}, {"chi2/dof"}, {"p"}, {"dAIC"}, {"dBIC", Kind::number, 6},
      {"p(ratio)", Kind::number, 7}};
  for (const FormFit& f : forms) {
    const Coefficient& first = f.coefficients.front();
    table.rows.push_back(
        {"  " + f.name, fmt::format("{} {}", first.name, value_text(first.value, first.error)),
         chi2_text(f.chi2, f.degrees_of_freedom), probability_text(f.p_value), difference_text(f.aic - aic),
         difference_text(f.bic - bic), probability_text(f.ratio_p_value)});
  }
  return table;
}

void write_fit(std::ostream& out, const Fit& fit) {
  out << wrap(fit.law + " · " + fit.group, "") << wrap(fit.formula, "  ");
  if (!fit.source.empty()) out << wrap("source: " + fit.source, "  ");
  print(out, coefficient_table(fit.coefficients));
  out << fmt::format("  {} points", fit.x.size());
  if (!std::isnan(fit.chi2)) out << ", chi2/dof = " << chi2_text(fit.chi2, fit.degrees_of_freedom);
  if (!std::isnan(fit.p_value)) out << ", p = " << probability_text(fit.p_value);
  out << '\n';
  if (!fit.covariance.empty()) out << wrap("errors: " + fit.covariance, "  ");
  if (!std::isnan(fit.averaged))
    out << wrap(fmt::format("{} averaged over {} windows: {}", fit.coefficients.front().name,
                            fit.windows.size(), value_text(fit.averaged, fit.averaged_error)),
                "  ");
  if (!fit.forms.empty()) {
    out << fmt::format("  on all {} points of the domain:\n", fit.domain_x.size());
    print(out, form_table(fit.forms));
  }
  out << wrap(fit.note, "  ") << '\n';
}

void write_fits_text(std::ostream& out, const std::vector<Fit>& fits) {
  if (fits.empty())
    out << wrap(
        "No law applies: fits need cells that differ in context depth, memory depth, context or height only, "
        "and in "
        "nothing else (see analysis/README.md).",
        "");
  bool titled = false;
  for (const Fit& fit : fits)
    if (!fit.coefficients.empty()) write_fit(out, fit);
  for (const Fit& fit : fits) {
    if (!fit.coefficients.empty()) continue;
    if (!std::exchange(titled, true)) out << "Not fitted\n";
    out << wrap(fit.law + " · " + fit.group, "  ") << wrap(fit.note, "    ");
  }
}

// ---- fits as rows

Json fit_columns(const Fit& fit, const Coefficient& c) {
  return {{"law", fit.law},
          {"group", fit.group},
          {"formula", fit.formula},
          {"coefficient", c.name.empty() ? Json() : Json(c.name)},
          {"value", number(c.value)},
          {"stderr", number(c.error)},
          {"predicted", number(c.predicted)},
          {"z", number(c.z())},
          {"points", fit.x.size()},
          {"chi2", number(fit.chi2)},
          {"dof", fit.degrees_of_freedom},
          {"p_value", number(fit.p_value)},
          {"note", fit.note},
          {"exact", number(c.exact)},
          {"bootstrap_stderr", number(c.bootstrap_error)},
          {"source", fit.source}};
}

Json coefficient_array(const std::vector<Coefficient>& coefficients) {
  Json list = Json::array();
  for (const Coefficient& c : coefficients)
    list.push_back({{"name", c.name},
                    {"value", number(c.value)},
                    {"stderr", number(c.error)},
                    {"predicted", number(c.predicted)},
                    {"z", number(c.z())},
                    {"exact", number(c.exact)},
                    {"bootstrap_stderr", number(c.bootstrap_error)},
                    {"bootstrap_bias", number(c.bootstrap_bias)}});
  return list;
}

Json number_array(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double v : values) list.push_back(number(v));
  return list;
}

Json form_array(const std::vector<FormFit>& forms) {
  Json list = Json::array();
  for (const FormFit& f : forms)
    list.push_back({{"name", f.name},
                    {"formula", f.formula},
                    {"nesting", f.nesting},
                    {"coefficients", coefficient_array(f.coefficients)},
                    {"y", number_array(f.y)},
                    {"chi2", number(f.chi2)},
                    {"dof", f.degrees_of_freedom},
                    {"p_value", number(f.p_value)},
                    {"aic", number(f.aic)},
                    {"bic", number(f.bic)},
                    {"likelihood_ratio", number(f.likelihood_ratio)},
                    {"ratio_p_value", number(f.ratio_p_value)}});
  return list;
}

Json window_array(const std::vector<WindowFit>& windows) {
  Json list = Json::array();
  for (const WindowFit& w : windows)
    list.push_back({{"first", w.first},
                    {"last", w.last},
                    {"points", w.points},
                    {"value", number(w.value)},
                    {"stderr", number(w.error)},
                    {"chi2", number(w.chi2)},
                    {"dof", w.degrees_of_freedom},
                    {"p_value", number(w.p_value)}});
  return list;
}

Json fit_object(const Fit& fit) {
  Json points = Json::array();
  for (std::size_t i = 0; i < fit.x.size(); ++i)
    points.push_back({{"cell", fit.cells[i] == kNoCell ? Json() : Json(fit.cells[i])},
                      {"x", fit.x[i]},
                      {"y", fit.y[i]},
                      {"stderr", fit.y_error[i]}});
  return {{"law", fit.law},
          {"group", fit.group},
          {"formula", fit.formula},
          {"source", fit.source},
          {"domain", fit.domain},
          {"x_name", fit.x_name},
          {"y_name", fit.y_name},
          {"covariance", fit.covariance},
          {"coefficients", coefficient_array(fit.coefficients)},
          {"points", points},
          {"chi2", number(fit.chi2)},
          {"dof", fit.degrees_of_freedom},
          {"p_value", number(fit.p_value)},
          {"averaged", number(fit.averaged)},
          {"averaged_stderr", number(fit.averaged_error)},
          {"domain_x", number_array(fit.domain_x)},
          {"domain_y", number_array(fit.domain_y)},
          {"domain_stderr", number_array(fit.domain_y_error)},
          {"predicted_y", number_array(fit.predicted_y)},
          {"forms", form_array(fit.forms)},
          {"windows", window_array(fit.windows)},
          {"note", fit.note}};
}

}  // namespace

Format parse_format(const std::string& name) {
  if (name == "text") return Format::text;
  if (name == "csv") return Format::csv;
  if (name == "json") return Format::json;
  throw UsageError(fmt::format("--format {}: no such format; use text, csv or json", name));
}

void write_table(std::ostream& out, Format format, const Record& record,
                 const std::vector<Estimate>& estimates, std::size_t width) {
  if (format == Format::text) {
    write_text(out, record, estimates, width);
    if (const std::string remark = doubtful_runs(estimates); !remark.empty())
      out << '\n' << wrap(remark, "", width);
    return;
  }
  if (format == Format::json) {
    JsonLines lines(out);
    each_row(record, estimates, [&](const Json& object) { lines(object); });
    return lines.end();
  }
  out << "cell,language,d,q,lambda,height,n,generator,context,context_unit,structure,context_depth,lca,"
         "memory,encoding,"
         "memory_depth,method,samples,statistic,value,stderr,exact,z\n";
  each_row(record, estimates, [&](const Json& object) { out << csv_line(object); });
}

void write_fits(std::ostream& out, Format format, const std::vector<Fit>& fits) {
  if (format == Format::json) {
    JsonLines lines(out);
    for (const Fit& fit : fits) lines(fit_object(fit));
    return lines.end();
  }
  if (format == Format::csv) {
    const Coefficient none{"", kUnknown, kUnknown};
    out << csv_header(fit_columns({}, none));
    for (const Fit& fit : fits) {
      if (fit.coefficients.empty()) out << csv_line(fit_columns(fit, none));
      for (const Coefficient& c : fit.coefficients) out << csv_line(fit_columns(fit, c));
    }
    return;
  }
  write_fits_text(out, fits);
}

}  // namespace leafcast::analysis
