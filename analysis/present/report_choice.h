#pragma once
#include <string>
#include <vector>

namespace leafcast::analysis {

/// What of a report is wanted, beside its cells and fits.
struct ReportChoice {
  /// Only figures whose name has one of these in it, of all languages then; every figure if there are none. Names are those of the
  /// files: "ising-d3-rho0.9-h8-variance", "law-…", "z-scores".
  std::vector<std::string> figures = {};
  /// Keys over which comparisons.h compares cells: "language.d".
  std::vector<std::string> compare = {};

  bool wants(const std::string& figure) const {
    if (figures.empty()) return true;
    for (const std::string& part : figures)
      if (figure.find(part) != std::string::npos) return true;
    return false;
  }
};

}  // namespace leafcast::analysis
