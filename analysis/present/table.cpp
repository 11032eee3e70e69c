#include "analysis/present/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <ostream>

#include "analysis/estimate/doubtful_runs.h"
#include "analysis/estimate/estimate_index.h"
#include "analysis/estimate/goal_check.h"
#include "analysis/present/overview.h"
#include "engine/parameters/parameter_table.h"
#include "engine/plan/stages.h"
#include "engine/values.h"

namespace leafcast::analysis {

namespace {

/// A column that says something of the cell.
struct CellColumn {
  std::string name;
  std::function<Entry(const Cell&)> of;
};

CellColumn of_parameter(const char* name, const char* key) {
  return {name, [key](const Cell& cell) { return parameter_entry(cell, key); }};
}

/// Between the cell's number and its samples, in an order that other programs rely on.
const std::vector<CellColumn>& cell_columns() {
  static const std::vector<CellColumn> list = {
      {"language", [](const Cell& cell) { return Entry(cell.language().kind); }},
      {"d", [](const Cell& cell) { return Entry(cell.language().d); }},
      {"q", [](const Cell& cell) { return Entry(cell.language().symbols()); }},
      {"lambda", [](const Cell& cell) { return Entry(cell.language().lambda()); }},
      {"height", [](const Cell& cell) { return Entry(cell.language().height); }},
      {"n", [](const Cell& cell) { return Entry(cell.language().leaves()); }},
      of_parameter("generator", "generator.kind"),
      of_parameter("context", "generator.context"),
      of_parameter("context_unit", "generator.context-unit"),
      of_parameter("structure", "generator.structure"),
      of_parameter("context_depth", "generator.context-depth"),
      of_parameter("lca", "generator.lca"),
      of_parameter("memory", "generator.memory"),
      of_parameter("encoding", "generator.encoding"),
      of_parameter("memory_depth", "generator.memory-depth"),
      of_parameter("method", "generator.method"),
  };
  return list;
}

/// The parameters that have no column there: theirs come after z.
const std::vector<const Parameter*>& further_parameters() {
  static const std::vector<const Parameter*> list = [] {
    std::vector<const Parameter*> rows;
    for (const Parameter& row : parameter_table())
      if (row.tabled &&
          std::ranges::find(cell_columns(), row.column(), &CellColumn::name) == cell_columns().end())
        rows.push_back(&row);
    return rows;
  }();
  return list;
}

/// A value as the key's column has it.
Entry typed_entry(const Parameter& row, const std::string& value) {
  if (row.form == ValueForm::whole || row.form == ValueForm::depth)
    if (const auto whole = parse_whole(value)) return *whole;
  if (row.form == ValueForm::real)
    if (const auto real = parse_real(value)) return *real;
  return value;
}

/// What a cell that does not name the key has all the same: missing where its kind does not use it.
Entry unsaid_entry(const Cell& cell, const Parameter& row) {
  const auto uses = [&](const KindKeys& kind) { return std::ranges::count(kind.keys, row.key) > 0; };
  const auto& kinds = generator_kinds();
  const auto own = std::ranges::find(kinds, cell.generator_name(), &KindKeys::kind);
  return uses(*own) || std::ranges::none_of(kinds, uses) ? typed_entry(row, row.unsaid) : Entry();
}

void write_estimates(std::ostream& out, Format format, const Record& record,
                     const std::vector<Estimate>& estimates) {
  std::vector<Column> columns = {{"cell"}};
  for (const CellColumn& column : cell_columns()) columns.push_back({column.name});
  for (const char* name : {"samples", "statistic", "value", "stderr", "exact", "z"})
    columns.push_back({name});
  for (const Parameter* parameter : further_parameters()) columns.push_back({parameter->column()});
  RowWriter write(out, format, columns);
  Row of_cell, after;
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    const Estimate& e = estimates[i];
    if (i == 0 || e.cell != estimates[i - 1].cell) {
      of_cell = {e.cell};
      for (const CellColumn& column : cell_columns())
        of_cell.push_back(column.of(record.plan.cells()[e.cell]));
      of_cell.push_back(record.samples(e.cell));
      after.clear();
      for (const Parameter* parameter : further_parameters())
        after.push_back(parameter_entry(record.plan.cells()[e.cell], parameter->key));
    }
    Row row = of_cell;
    row.insert(row.end(), {e.statistic.text(), e.value, e.error, e.exact, e.z()});
    row.insert(row.end(), after.begin(), after.end());
    write(row);
  }
  write.end();
}

Document table_document(const Record& record, const std::vector<Estimate>& estimates) {
  const EstimateIndex index(estimates);
  const std::vector<std::size_t> cells = index.cells();
  Document document;
  document << Paragraph{record.plan.title()};
  const std::size_t wanted = cells_wanted(wanted_chunks(record, check_goal));
  if (cells.size() < wanted)
    document << Paragraph{fmt::format("{} of {} cells have samples so far", cells.size(), wanted)};
  if (cells.empty()) return document;
  for (const std::vector<std::size_t>& section : sections(record.plan, cells))
    document << language_section(record, index, section);
  document << Paragraph{
      "value(standard error in the last digits), (?) where it is unknown; z = (value - exact)/error; kurtosis is the excess over a "
      "Gaussian's"};
  std::size_t all = std::numeric_limits<std::size_t>::max();
  if (Document by_height = heights(record, index, cells, all); !by_height.empty())
    document << Paragraph{"By subtree height j: sums s over d^j leaves; correlation of leaves whose lowest common "
                          "ancestor has height j"}
             << std::move(by_height);
  document << Paragraph{doubtful_runs(estimates), Paragraph::Look::alarm};
  return document;
}

}  // namespace

Entry parameter_entry(const Cell& cell, const std::string& key) {
  const Parameter& row = *find_parameter(key);
  const auto parameter = cell.parameters().find(key);
  if (parameter == cell.parameters().end()) return unsaid_entry(cell, row);
  return typed_entry(row, parameter->second);
}

void write_table(std::ostream& out, Format format, const Record& record,
                 const std::vector<Estimate>& estimates, std::size_t width) {
  if (format == Format::text)
    write_text(out, table_document(record, estimates), width);
  else
    write_estimates(out, format, record, estimates);
}

}  // namespace leafcast::analysis
