#include "io/record/cell_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

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
  void add_text(const std::string& name, const std::string& key) {
    add(name, [&](std::uint32_t, const Cell& cell) { return text(cell, key); });
  }
  void add_integer(const std::string& name, const std::string& key) {
    add(name, [&](std::uint32_t, const Cell& cell) { return integer(cell, key); });
  }
  void add_real(const std::string& name, const std::string& key) {
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
  columns.add_real("rho", "language.rho");
  columns.add("lambda", [](std::uint32_t, const Cell& cell) { return cell.language().lambda(); });
  columns.add("height", [](std::uint32_t, const Cell& cell) { return std::int32_t{cell.language().height}; });
  columns.add("n", [](std::uint32_t, const Cell& cell) { return cell.language().leaves(); });
  columns.add("generator", [](std::uint32_t, const Cell& cell) { return cell.generator_name(); });
  if (std::ranges::any_of(plan.cells(), [](const Cell& c) { return c.language().is_grammar(); })) {
    columns.add_integer("rules_of_symbol", "language.m");
    columns.add_integer("classes", "language.classes");
    columns.add_text("rules", "language.rules");
    columns.add_real("zipf_exponent", "language.zipf-exponent");
    columns.add_integer("zipf_level", "language.zipf-level");
    columns.add_text("grammar_seed", "language.grammar-seed");
  }
  columns.add_integer("context", "generator.context");
  if (std::ranges::any_of(plan.cells(), [](const Cell& c) {
        return std::holds_alternative<LearnerGenerator>(c.generator());
      })) {
    columns.add_integer("training", "generator.training");
    columns.add_integer("test", "generator.test");
    columns.add_text("cluster_by", "generator.cluster-by");
    columns.add_text("smoothing", "generator.smoothing");
    columns.add_real("concentration", "generator.concentration");
  }
  columns.add_text("context_unit", "generator.context-unit");
  columns.add_text("structure", "generator.structure");
  columns.add_integer("context_depth", "generator.context-depth");
  columns.add_text("lca", "generator.lca");
  columns.add_text("memory", "generator.memory");
  columns.add_text("encoding", "generator.encoding");
  columns.add_integer("memory_depth", "generator.memory-depth");
  columns.add_text("method", "generator.method");
  if (std::ranges::any_of(plan.cells(), [](const Cell& c) { return c.method() == Method::splitting; }))
    columns.add_integer("particles", "generator.particles");
  columns.add("samples", [](std::uint32_t, const Cell& cell) { return cell.samples(); });
  columns.add("chunks", [&](std::uint32_t c, const Cell&) { return plan.chunks(c); });
  columns.add("seed", [](std::uint32_t, const Cell& cell) { return cell.seed(); });
  if (plan.is_pooled()) {
    columns.add_text("seeds", "seed");
    columns.add_text("samples_of_seeds", "sampling.samples");
  }
  if (has_goals(plan)) {
    columns.add_text("target_relative_error", "sampling.target-relative-error");
    columns.add_text("target_absolute_error", "sampling.target-absolute-error");
    columns.add("first_samples", [](std::uint32_t, const Cell& cell) { return cell.first_samples(); });
  }
  columns.add("id", [](std::uint32_t, const Cell& cell) { return fmt::format("{:016x}", cell.id()); });
  columns.add("label", [](std::uint32_t, const Cell& cell) { return cell.label(); });
}

}  // namespace leafcast::io
