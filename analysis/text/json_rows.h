#pragma once
#include <iosfwd>
#include <nlohmann/json.hpp>
#include <string>

namespace leafcast::analysis {

/// Rows of tables as JSON objects, whose keys are the columns.
using JsonRow = nlohmann::ordered_json;

/// A number, or null where it is not finite.
JsonRow json_number(double x);

/// CSV (RFC 4180, lines end in \n): the values of a row, and its keys.
std::string csv_line(const JsonRow& row);
std::string csv_header(const JsonRow& row);

/// All rows of an array as CSV, under the keys of the first; nothing for none.
void write_csv(std::ostream& out, const JsonRow& rows);

}  // namespace leafcast::analysis
