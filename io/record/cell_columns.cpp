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
/// Of a cell that does not say the key: what it has all the same, if its kind uses the key.
double real(const Cell& cell, const Parameter& row) {
  constexpr double kUnused = std::numeric_limits<double>::quiet_NaN();
  if (const std::string* value = find(cell, row.key)) return parsed(*value, kUnused);
  const auto& kinds = generator_kinds();
  const auto kind = std::ranges::find(kinds, cell.generator_name(), &KindKeys::kind);
  const bool uses = std::ranges::find(kind->keys, row.key) != kind->keys.end();
  return uses && !row.unsaid.empty() ? parsed(row.unsaid, kUnused) : kUnused;
}

bool is_stored(const Plan& plan, const Parameter& row) {
  const auto any = [&](auto is) { return std::ranges::any_of(plan.cells(), is); };
  switch (row.stored_with) {
    case StoredWith::all:
      return true;
    case StoredWith::users:
      return any([&](const Cell& cell) { return find(cell, row.key) != nullptr; });
    case StoredWith::grammars:
      return any([](const Cell& cell) { return cell.language().is_grammar(); });
    case StoredWith::learners:
      return any([](const Cell& cell) { return cell.learns(); });
    case StoredWith::splitting:
      return any([](const Cell& cell) { return cell.method() == Method::splitting; });
    case StoredWith::pooled_seeds:
      return plan.is_pooled();
    case StoredWith::goals:
      return has_goals(plan);
  }
  return false;
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
  /// The columns of a section's keys: "generator.".
  void add_section(const std::string& section) {
    for (const Parameter& row : parameter_table())
      if (row.key.starts_with(section) && row.stored != ColumnType::none && is_stored(plan_, row)) add(row);
  }

 private:
  void add(const Parameter& row) {
    const std::string& key = row.key;
    const std::string name = row.stored_name.empty() ? row.column() : row.stored_name;
    if (row.stored == ColumnType::text)
      add(name, [&](std::uint32_t, const Cell& cell) { return text(cell, key); });
    else if (row.stored == ColumnType::integer)
      add(name, [&](std::uint32_t, const Cell& cell) { return integer(cell, key); });
    else
      add(name, [&](std::uint32_t, const Cell& cell) { return real(cell, row); });
  }

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
  columns.add("lambda", [](std::uint32_t, const Cell& cell) { return cell.language().lambda(); });
  columns.add("height", [](std::uint32_t, const Cell& cell) { return std::int32_t{cell.language().height}; });
  columns.add("n", [](std::uint32_t, const Cell& cell) { return cell.language().leaves(); });
  columns.add_section("language.");
  columns.add("generator", [](std::uint32_t, const Cell& cell) { return cell.generator_name(); });
  columns.add_section("generator.");
  columns.add("samples", [](std::uint32_t, const Cell& cell) { return cell.samples(); });
  columns.add("chunks", [&](std::uint32_t c, const Cell&) { return plan.chunks(c); });
  columns.add("seed", [](std::uint32_t, const Cell& cell) { return cell.seed(); });
  if (plan.is_pooled())
    columns.add("seeds", [](std::uint32_t, const Cell& cell) { return text(cell, "seed"); });
  columns.add_section("sampling.");
  if (has_goals(plan))
    columns.add("first_samples", [](std::uint32_t, const Cell& cell) { return cell.first_samples(); });
  if (std::ranges::any_of(plan.cells(), [](const Cell& cell) { return cell.observe().symbol != 0; }))
    columns.add("symbol",
                [](std::uint32_t, const Cell& cell) { return std::int32_t{cell.observe().symbol}; });
  columns.add("id", [](std::uint32_t, const Cell& cell) { return fmt::format("{:016x}", cell.id()); });
  columns.add("label", [](std::uint32_t, const Cell& cell) { return cell.label(); });
}

}  // namespace leafcast::io
