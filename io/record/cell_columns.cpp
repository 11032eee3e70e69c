#include "io/record/cell_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

#include "engine/parameters/parameter_table.h"
#include "engine/plan/stages.h"

namespace leafcast::io {

namespace {

const std::string* find(const Cell& cell, const std::string& key) {
  const auto found = cell.parameters().find(key);
  return found == cell.parameters().end() ? nullptr : &found->second;
}

template <class Value>
Value parsed(const std::string& text, Value unused) {
  Value value = unused;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string text(const Cell& cell, const std::string& key) {
  const std::string* value = find(cell, key);
  return value ? *value : "";
}
std::int64_t integer(const Cell& cell, const std::string& key) {
  const std::string* value = find(cell, key);
  return value ? parsed<std::int64_t>(*value, -1) : -1;
}
double real(const Cell& cell, const std::string& key) {
  constexpr double kUnused = std::numeric_limits<double>::quiet_NaN();
  const std::string* value = find(cell, key);
  return value ? parsed(*value, kUnused) : kUnused;
}

class ColumnWriter {
 public:
  ColumnWriter(h5::Group group, const h5::Axis& axis, const Plan& plan,
               const std::vector<std::uint32_t>& cells)
      : group_(std::move(group)), axis_(axis), plan_(plan), cells_(cells) {}

  /// value(cell's index in the plan, cell)
  template <class Of>
  void add(const std::string& name, Of value) {
    std::vector<decltype(value(0u, plan_.cells()[0]))> column;
    for (const std::uint32_t c : cells_) column.push_back(value(c, plan_.cells()[c]));
    group_.make_column(name, axis_, column);
  }
  /// The column of a key.
  void add(const std::string& key) {
    const Parameter& row = *find_parameter(key);
    const std::string name = row.stored_name.empty() ? row.column() : row.stored_name;
    if (row.stored == ColumnType::text)
      add(name, [&](std::uint32_t, const Cell& cell) { return text(cell, key); });
    else if (row.stored == ColumnType::integer)
      add(name, [&](std::uint32_t, const Cell& cell) { return integer(cell, key); });
    else
      add(name, [&](std::uint32_t, const Cell& cell) { return real(cell, key); });
  }

 private:
  h5::Group group_;
  const h5::Axis& axis_;
  const Plan& plan_;
  const std::vector<std::uint32_t>& cells_;
};

}  // namespace

void put_cell_columns(h5::Group group, const h5::Axis& axis, const Plan& plan,
                      const std::vector<std::uint32_t>& cells) {
  ColumnWriter columns(std::move(group), axis, plan, cells);
  columns.add("language", [](std::uint32_t, const Cell& cell) { return cell.language().kind; });
  columns.add("d", [](std::uint32_t, const Cell& cell) { return std::int32_t{cell.language().d}; });
  columns.add("q", [](std::uint32_t, const Cell& cell) { return std::int32_t{cell.language().symbols()}; });
  columns.add("language.rho");
  columns.add("lambda", [](std::uint32_t, const Cell& cell) { return cell.language().lambda(); });
  columns.add("height", [](std::uint32_t, const Cell& cell) { return std::int32_t{cell.language().height}; });
  columns.add("n", [](std::uint32_t, const Cell& cell) { return cell.language().leaves(); });
  columns.add("generator", [](std::uint32_t, const Cell& cell) { return cell.generator_name(); });
  if (std::ranges::any_of(plan.cells(), [](const Cell& c) { return c.language().is_grammar(); })) {
    columns.add("language.m");
    columns.add("language.classes");
    columns.add("language.rules");
    columns.add("language.zipf-exponent");
    columns.add("language.zipf-level");
    columns.add("language.grammar-seed");
  }
  columns.add("generator.context");
  if (std::ranges::any_of(plan.cells(), [](const Cell& c) {
        return std::holds_alternative<LearnerGenerator>(c.generator());
      })) {
    columns.add("generator.training");
    columns.add("generator.test");
    columns.add("generator.cluster-by");
    columns.add("generator.smoothing");
    columns.add("generator.concentration");
  }
  columns.add("generator.context-unit");
  columns.add("generator.structure");
  columns.add("generator.context-depth");
  columns.add("generator.lca");
  columns.add("generator.memory");
  columns.add("generator.encoding");
  columns.add("generator.memory-depth");
  columns.add("generator.method");
  if (std::ranges::any_of(plan.cells(), [](const Cell& c) { return c.method() == Method::splitting; }))
    columns.add("generator.particles");
  columns.add("samples", [](std::uint32_t, const Cell& cell) { return cell.samples(); });
  columns.add("chunks", [&](std::uint32_t c, const Cell&) { return plan.chunks(c); });
  columns.add("seed", [](std::uint32_t, const Cell& cell) { return cell.seed(); });
  if (plan.is_pooled()) {
    columns.add("seeds", [](std::uint32_t, const Cell& cell) { return text(cell, "seed"); });
    columns.add("sampling.samples");
  }
  if (has_goals(plan)) {
    columns.add("sampling.target-relative-error");
    columns.add("sampling.target-absolute-error");
    columns.add("first_samples", [](std::uint32_t, const Cell& cell) { return cell.first_samples(); });
  }
  columns.add("id", [](std::uint32_t, const Cell& cell) { return fmt::format("{:016x}", cell.id()); });
  columns.add("label", [](std::uint32_t, const Cell& cell) { return cell.label(); });
}

}  // namespace leafcast::io
