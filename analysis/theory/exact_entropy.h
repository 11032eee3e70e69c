#pragma once
#include <Eigen/Dense>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/cell/cell.h"

namespace leafcast::analysis {

/// P(x_0 … x_m) of neighbouring leaves, by index Σ x_i q^{m−i}, where leaves i − 1 and i have their LCA at
/// height boundaries[i − 1] + 1 (boundaries: the trailing zeros of a leaf's index in base d): the law depends
/// on nothing else, since the root's law is stationary. Memory and time O(q^{m+2}).
Eigen::VectorXd window_law(const Channel& channel, std::span<const int> boundaries);

/// Entropies of a k-gram's laws and of the language's, in nats, by exact summation.
struct ExactEntropies {
  std::vector<double> cross;  ///< [height 0…h] as fields::cross_entropy, per sentence
  std::optional<std::vector<double>>
      language;  ///< [height 0…h] as fields::language_entropy; where sentences are few
};

/// Nothing where the windows of the cell's writer are too many to sum over: q^{k+1} ≤ 2^14 and d^h k ≤ 2^26,
/// or q^n ≤ 2^16, or k = 0. Cells of the language and of k-grams.
std::optional<ExactEntropies> exact_entropies(const Cell& cell);

}  // namespace leafcast::analysis
