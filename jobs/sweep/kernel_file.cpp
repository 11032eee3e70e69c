#include "jobs/sweep/kernel_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>
#include <vector>

#include "engine/error.h"
#include "engine/language/channel.h"
#include "engine/printable.h"
#include "engine/values.h"
#include "jobs/sweep/text_file.h"

namespace leafcast::jobs {

namespace {

constexpr double kRowSumTolerance = 1e-9;  // as Channel::general

std::vector<double> read_row(const std::string& line, const std::string& where) {
  std::vector<double> row;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    const auto value = parse_real(word);
    if (!value) throw UsageError(fmt::format("{}: \"{}\" is not a number", where, shortened(word)));
    if (*value < 0 || *value > 1)
      throw UsageError(fmt::format("{}: {} is not a probability: the entries of a kernel lie in [0, 1]",
                                   where, shortened(word)));
    row.push_back(*value);
  }
  return row;
}

}  // namespace

std::string read_kernel_file(const std::string& path) {
  std::istringstream lines(read_text_file(path));
  std::string matrix;
  std::size_t rows = 0, columns = 0;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::string where = fmt::format("{}:{}", path, ++number);
    line.resize(std::min(line.find('#'), line.size()));
    std::replace(line.begin(), line.end(), ',', ' ');
    const std::vector<double> row = read_row(line, where);
    if (row.empty()) continue;
    if (rows++ == 0) columns = row.size();
    if (columns > kMaxSymbols || rows > kMaxSymbols)
      throw UsageError(fmt::format("{}: a kernel has at most {} symbols", where, kMaxSymbols));
    if (row.size() != columns)
      throw UsageError(fmt::format("{}: this row has {} numbers, the first has {}: a kernel is square", where,
                                   row.size(), columns));
    const double sum = std::accumulate(row.begin(), row.end(), 0.0);
    if (std::abs(sum - 1) > kRowSumTolerance)
      throw UsageError(
          fmt::format("{}: this row sums to {:.10g}: the probabilities of the children must sum to 1; "
                      "correct it, or give its numbers with ten digits",
                      where, sum));
    if (rows > 1) matrix += "; ";
    for (std::size_t b = 0; b < columns; ++b) matrix += (b > 0 ? " " : "") + format_real(row[b]);
  }
  if (rows == 0) throw UsageError(fmt::format("{} holds no matrix: write a row of numbers a line", path));
  if (rows != columns)
    throw UsageError(fmt::format("{}:{}: the matrix has {} rows of {} numbers: a kernel is square", path,
                                 number, rows, columns));
  if (rows < 2) throw UsageError(fmt::format("{}:{}: a kernel has at least 2 symbols", path, number));
  return matrix;
}

}  // namespace leafcast::jobs
