#pragma once
#include <iosfwd>
#include <string>
#include <vector>

#include "analysis/fit/required.h"
#include "analysis/present/document.h"

namespace leafcast::analysis {

/// Required resources for people.
struct RequiredTables {
  /// A row a series. context: k*/n at the largest n and the slope of log k* on log n (weighted least squares
  /// over all heights; 1 is Θ(n)), each beside what the exact values of the same heights give. memory: bits
  /// at the largest n and bits per doubling of n.
  Table context, memory;
  Table by_height;                   ///< a row a point: n, required, exact, z, share of the sentence
  std::vector<std::string> remarks;  ///< why points are missing, with their series
};
RequiredTables required_tables(const Record& record, const std::vector<Required>& measured,
                               const std::vector<Required>& exact);

/// The headline of the report: figures and tables of context and memory that are required to match the true
/// language. Empty unless some writer was scanned at two heights.
Document required_document(const Record& record, const EstimateIndex& index);

/// The same as a table: for people, or a row a point: group, resource, criterion, tolerance, d, height, n, required, stderr and
/// its parts (statistical, systematic), low and high, the share of the sentence and its ends (contexts), the exact counterpart
/// and its ends, z, and the two cells of the scan between which it lies.
void write_required(std::ostream& out, Format format, const Record& record, const EstimateIndex& index,
                    std::size_t width = 80);

/// "excess_kurtosis" → "kurtosis"
std::string criterion_text(const std::string& criterion);

}  // namespace leafcast::analysis
