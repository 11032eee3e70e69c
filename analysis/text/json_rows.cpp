#include "analysis/text/json_rows.h"

#include <cmath>
#include <ostream>

#include "engine/values.h"

namespace leafcast::analysis {

namespace {

std::string csv_field(const JsonRow& value) {
  if (value.is_null()) return "";
  if (value.is_number_float()) return format_real(value.get<double>());
  if (!value.is_string()) return value.dump();
  const std::string text = value.get<std::string>();
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

}  // namespace

JsonRow json_number(double x) { return std::isfinite(x) ? JsonRow(x) : JsonRow(); }

std::string csv_line(const JsonRow& object) {
  std::string line;
  for (const JsonRow& value : object) line += csv_field(value) + ',';
  line.back() = '\n';
  return line;
}

std::string csv_header(const JsonRow& object) {
  std::string line;
  for (const auto& [key, value] : object.items()) line += key + ',';
  line.back() = '\n';
  return line;
}

void write_csv(std::ostream& out, const JsonRow& rows) {
  if (rows.empty()) return;
  out << csv_header(rows.front());
  for (const JsonRow& row : rows) out << csv_line(row);
}

}  // namespace leafcast::analysis
