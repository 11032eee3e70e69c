#pragma once
#include <Eigen/Dense>
#include <span>
#include <vector>

namespace leafcast {

inline constexpr int kMaxSymbols = 64;

/// The transition law of a broadcast process: a q×q stochastic matrix K (row = parent's symbol, column =
/// child's) and its stationary law ν, from which the root is drawn (MATH.md §1).
///
/// A symmetric channel is λI + (1−λ)J/q; Ising (q=2, λ=ρ) and coloring (λ = −1/(q−1)) are instances of it.
class Channel {
 public:
  /// λI + (1−λ)J/q. Throws UsageError unless 2 ≤ q ≤ 64 and −1/(q−1) ≤ λ ≤ 1.
  static Channel symmetric(int q, double lambda);
  /// Any stochastic matrix with one stationary law. Throws UsageError: not square, an entry outside [0, 1], a
  /// row that does not sum to 1 within 1e-9 (rows are then renormalised), or more than one stationary law.
  static Channel general(const Eigen::MatrixXd& kernel);

  int q() const { return static_cast<int>(kernel_.rows()); }
  bool is_symmetric() const { return symmetric_; }
  /// λ of a symmetric channel; for a general one, the second largest modulus of K's eigenvalues.
  double lambda() const { return lambda_; }
  const Eigen::MatrixXd& kernel() const { return kernel_; }
  const Eigen::VectorXd& stationary() const { return stationary_; }
  /// K̂(b, a) = ν(a) K(a, b) / ν(b): the law of the parent's symbol given the child's. Equals K if symmetric.
  const Eigen::MatrixXd& reversed() const { return reversed_; }
  /// T_j = K̂^j K^j: the law of a node's symbol given that of another node whose LCA with it lies j levels
  /// above both.
  Eigen::MatrixXd across(int levels) const;

 private:
  Channel() = default;
  bool symmetric_ = false;
  double lambda_ = 0;
  Eigen::MatrixXd kernel_, reversed_;
  Eigen::VectorXd stationary_;
};

}  // namespace leafcast
