#pragma once
#include <Eigen/Dense>
#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "analysis/observed_symbol.h"

namespace leafcast::analysis {

/// The discrete law of what the leaves below a node say of its symbol, level by level (MATH.md §3).
///
/// An atom is a class of leaf configurations L whose likelihoods P(L | symbol) are proportional. It holds
///   z_r(c) = E[Y^r 1(L in the class) | symbol = c],   r = 0 (or 0…4 with moments),
/// Y the sum over the leaves. Over all atoms, z_0(c) sums to 1 for every c; its direction is the upward message.
/// A level up: z'_r = Σ_s C(r,s) … over the d children of K z_r, which multiplies z_0 and convolves the moments. Equal
/// directions merge.
///
/// Atoms grow in number double exponentially. Two remedies:
///  * permutations: if all symbols are alike (and no moments are kept, which tell c from the rest), one atom with z_0
///    sorted stands for all its permutations: z_0 is their sum, each permuted back;
///  * rounding (two symbols only): beyond a limit, atoms are merged in bins of the angle θ with cos 2θ = E[±1 | L], evenly
///    wide, as statistical distance is. To merge is to forget: information is lost, to second order in the bins' width.
class MessageLaw {
 public:
  /// What is known at height 0: a symbol, with the moments of a sum that depends on it alone. `bins` 0: never round.
  static MessageLaw with_moments(const Eigen::MatrixXd& kernel, const Eigen::VectorXd& nu, int d,
                                 const std::vector<SumMoments>& known, int bins);
  static MessageLaw up_to_permutation(const Eigen::MatrixXd& symmetric_kernel, int d);

  int symbols() const { return q_; }
  int height() const { return height_; }
  /// Whether atoms were merged that are not proportional.
  bool rounded() const { return rounded_; }
  std::size_t size() const { return atoms_.size() / stride_; }
  const double* atom(std::size_t i) const { return &atoms_[i * stride_]; }

  /// Calls use(z, rounded) for every atom one level up (unmerged, each once or in parts), then moves there. If the level
  /// has too many atoms to list, does nothing and returns false; if it can be listed but not stored, lists it, stays at
  /// the level below and returns false the next time.
  using Use = std::function<void(const double* z)>;
  bool climb(const Use& use);

 private:
  using Atoms = std::vector<double>;
  class Merger;

  MessageLaw(const Eigen::MatrixXd& kernel, const Eigen::VectorXd& nu, int d, int powers, bool permutations, int bins);
  Atoms from_parent(const Atoms& atoms) const;
  Atoms permuted(const Atoms& atoms) const;
  Atoms rounded(const Atoms& atoms);
  std::optional<Atoms> product(const Atoms& child, int count);
  std::optional<Atoms> join(Atoms x, Atoms y);
  void multiply(const double* x, const double* y, double* z) const;
  double work(std::size_t pairs) const;
  std::size_t count(const Atoms& atoms) const { return atoms.size() / stride_; }

  Eigen::MatrixXd kernel_;
  Eigen::VectorXd nu_;
  int d_, q_, powers_;
  bool permutations_;
  int bins_;
  std::size_t stride_;
  Atoms atoms_;
  int height_ = 0;
  bool rounded_ = false, stored_ = true;
};

}  // namespace leafcast::analysis
