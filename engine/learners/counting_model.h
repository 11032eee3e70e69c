#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace leafcast {

enum class Smoothing {
  kneser_ney,  ///< interpolated Kneser–Ney: absolute discounts, lower orders from continuation counts (Chen
               ///< and Goodman, 1999)
  dirichlet    ///< hierarchical Dirichlet: every order's law is the prior of the next (MacKay and Peto, 1995)
};

/// Rows of features, [row][feature], the most telling first. A feature is a number below 2^16.
struct FeatureRows {
  std::size_t features = 0;
  std::vector<std::uint16_t> values;
  std::size_t rows() const { return features == 0 ? 0 : values.size() / features; }
  std::span<const std::uint16_t> row(std::size_t i) const {
    return std::span(values).subspan(i * features, features);
  }
};

/// Counts of a target after the first j features, j = 0 … all, with back-off from many to few; below that,
/// the uniform law. Memory: 24 bytes for each distinct (first j features, target), at most 24·(features + 2)
/// a row, while it is made. Time: a sort of the rows for each j. Contexts are told apart by hashes of 64
/// bits.
class CountingModel {
 public:
  /// As many targets as rows; each below `symbols`. concentration: of Dirichlet priors.
  CountingModel(const FeatureRows& rows, std::span<const std::uint8_t> targets, int symbols,
                Smoothing smoothing, double concentration);

  double probability(std::span<const std::uint16_t> features, int target) const;
  /// The law of the target; of equally likely ones the first is most likely.
  std::vector<double> law(std::span<const std::uint16_t> features) const;

  /// Bytes at most, for so many rows.
  static double bytes(double rows, double features) { return 24 * rows * (features + 2); }

 private:
  struct Count {
    std::uint16_t target;
    std::uint32_t count;
  };
  struct Order {
    std::vector<std::uint64_t> hash;  // of contexts, ascending
    std::vector<std::uint32_t> first;  // [context 0…contexts]: its counts are first[c] … first[c + 1] − 1
    std::vector<std::uint64_t> total;  // [context]
    std::vector<Count> counts;
    double discount = 0;
  };
  /// Index of the context among those of an order; none if it was never seen.
  static std::ptrdiff_t find(const Order& order, std::uint64_t hash);

  int symbols_;
  Smoothing smoothing_;
  double concentration_;
  std::vector<Order> orders_;  // [number of features]
};

}  // namespace leafcast
