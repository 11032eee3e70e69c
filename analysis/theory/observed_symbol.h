#pragma once
#include <Eigen/Dense>
#include <array>
#include <vector>

#include "engine/language/channel.h"

namespace leafcast::analysis {

/// E[Y^r] for r = 0…4, of a sum Y of leaf values; restricted to an event A, E[Y^r 1(A)].
using SumMoments = std::array<double, 5>;

inline constexpr int kBinomial[5][5] = {{1}, {1, 1}, {1, 2, 1}, {1, 3, 3, 1}, {1, 4, 6, 4, 1}};

/// Moments of the sum of two independent sums: E(X+Y)^r = Σ_s C(r,s) E X^s E Y^{r−s}.
SumMoments convolve(const SumMoments& x, const SumMoments& y);

/// A language as S = q·N_c − n sees it: a Markov chain of states and the centred value y = q(1[symbol = c] −
/// ν(c)) that a leaf adds to S − E S. The states are the symbols; in a symmetric channel two suffice, c
/// (state 0) and the rest (state 1), as the other symbols lump.
class ObservedSymbol {
 public:
  ObservedSymbol(const Channel& channel, int symbol);

  int states() const { return static_cast<int>(stationary_.size()); }
  const Eigen::VectorXd& stationary() const { return stationary_; }
  const Eigen::MatrixXd& kernel() const { return kernel_; }
  const Eigen::VectorXd& value() const { return value_; }
  /// T_j (see Channel::across) between states.
  Eigen::MatrixXd across(int levels) const;
  /// Between states, of a q×q matrix M(a, b) that does not change when symbols other than c are permuted.
  Eigen::MatrixXd lump(const Eigen::MatrixXd& between_symbols) const;

  /// [j][a]: moments of the sum over a true subtree of height j ≤ height whose root is in state a (MATH.md
  /// §6).
  std::vector<std::vector<SumMoments>> subtree_moments(int d, int height) const;

 private:
  Channel channel_;
  int symbol_;
  Eigen::MatrixXd kernel_;
  Eigen::VectorXd stationary_, value_;
};

}  // namespace leafcast::analysis
