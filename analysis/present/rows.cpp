#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

#include "analysis/present/document.h"
#include "analysis/text/number_text.h"
#include "engine/error.h"
#include "engine/overloaded.h"
#include "engine/values.h"

namespace leafcast::analysis {

namespace {

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

std::string json_text(const nlohmann::json& value) {  // numbers that are none become null
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Format parse_format(const std::string& name) {
  if (name == "text") return Format::text;
  if (name == "csv") return Format::csv;
  if (name == "json") return Format::json;
  throw UsageError(fmt::format("--format {}: no such format; use text, csv or json", name));
}

std::string Entry::text(Column::Kind kind) const {
  return std::visit(
      overloaded{[](std::monostate) { return std::string(); }, [](const std::string& text) { return text; },
                 [](std::uint64_t number) { return count_text(number); },
                 [](std::int64_t number) { return std::to_string(number); },
                 [&](const Real& real) {
                   return kind == Column::Kind::z ? z_text(real.number) : value_text(real.number, real.error);
                 }},
      value_);
}

std::string Entry::csv() const {
  return std::visit(overloaded{[](std::monostate) { return std::string(); },
                               [](const std::string& text) { return csv_field(text); },
                               [](std::integral auto number) { return std::to_string(number); },
                               [](const Real& real) {
                                 return std::isfinite(real.number) ? format_real(real.number) : std::string();
                               }},
                    value_);
}

std::string Entry::json() const {
  return std::visit(
      overloaded{[](std::monostate) { return std::string("null"); },
                 [](const std::string& text) { return text.empty() ? "null" : json_text(text); },
                 [](std::integral auto number) { return std::to_string(number); },
                 [](const Real& real) { return json_text(real.number); }},
      value_);
}

bool Entry::is_far() const {
  const Real* real = std::get_if<Real>(&value_);
  return real && std::abs(real->number) > 3;
}

RowWriter::RowWriter(std::ostream& out, Format format, const std::vector<Column>& columns)
    : out_(out), csv_(format == Format::csv) {
  for (const Column& column : columns)
    keys_.push_back(csv_ ? csv_field(column.name) : json_text(column.name));
  if (csv_) out_ << fmt::format("{}\n", fmt::join(keys_, ","));
}

void RowWriter::operator()(const Row& row) {
  std::string line;
  for (std::size_t c = 0; c < row.size(); ++c) {
    if (c > 0) line += ',';
    line += csv_ ? row[c].csv() : keys_[c] + ':' + row[c].json();
  }
  if (csv_)
    out_ << line << '\n';
  else
    out_ << (first_ ? "[\n{" : ",\n{") << line << '}';
  first_ = false;
}

void RowWriter::end() {
  if (!csv_) out_ << (first_ ? "[]\n" : "\n]\n");
}

void write_rows(std::ostream& out, Format format, const Table& table) {
  RowWriter write(out, format, table.columns);
  for (const Row& row : table.rows) write(row);
  write.end();
}

}  // namespace leafcast::analysis
