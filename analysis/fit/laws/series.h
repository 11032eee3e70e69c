#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "analysis/fit/law.h"

/// Where laws take their points from. Those of cells are of broadcast processes; grammars have laws of their
/// own.
namespace leafcast::analysis {

/// A point's abscissa, and its distance (LawPoint).
struct Abscissa {
  double x, distance;
};

/// One statistic over cells that agree in everything but `free_keys`: independent points.
struct AcrossCells {
  std::string statistic;
  std::set<std::string> free_keys;
  std::function<std::optional<Abscissa>(const Cell&)> abscissa;  ///< nothing: the law is not about this cell
  std::function<bool(const Cell&)> in_domain;
  /// Cells that differ in their seeds alone are one point, weighed by samples: for statistics whose errors go with their values, of
  /// which points of their own would be outvoted by those that chance made small.
  bool average_seeds = false;

  std::vector<Series> operator()(const Evidence& evidence) const;
};

/// `statistic@j` of one cell against the height j of subtrees: the points depend on each other, and their
/// covariance is that of the cell's jackknife bins.
struct BySubtreeHeight {
  std::string statistic;
  std::function<bool(const Cell&)> is_about;
  int least_height;

  std::vector<Series> operator()(const Evidence& evidence) const;
};

/// What is required against n. x(n) is the abscissa.
struct AgainstSize {
  std::string resource;  ///< "context" or "memory"
  std::function<double(double n)> x;

  std::vector<Series> operator()(const Evidence& evidence) const;
};

}  // namespace leafcast::analysis
