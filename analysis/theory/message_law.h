#pragma once
#include <Eigen/Dense>
#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "analysis/theory/observed_symbol.h"

namespace leafcast::analysis {

/// The discrete law of what the leaves below a node say of its symbol, level by level (MATH.md §3).
///
/// An atom is a class of leaf configurations L whose likelihoods P(L | symbol) are proportional. It holds
///   z_r(c) = E[Y^r 1(L in the class) | symbol = c],   r = 0 (or 0…4 with moments),
/// Y the sum over the leaves. Over all atoms z_0(c) sums to 1 for every c; its direction is the upward
/// message. One level up, an atom of each of the d children, K z given the parent, makes an atom of the
/// parent:
///   z_r = Σ_s C(r, s) x_s y_{r−s} for two children x, y, symbol by symbol, and so on;
/// atoms of the same direction are added up.
///
/// The number of atoms grows doubly exponentially. Two remedies:
///  * permutations: if all symbols are alike (and no moments are kept, which tell c from the rest), one atom
///    with z_0 sorted stands for all its permutations: z_0 is their sum, each permuted back;
///  * rounding, with two symbols: beyond a limit, atoms are merged in even bins of the angle θ with
///    cos 2θ = P(0 | L) − P(1 | L), in which statistical distance is even. To merge is to forget: information
///    is lost, to second order in the bins' width.
class MessageLaw {
 public:
  /// What is known at height 0: a symbol, with the moments of a sum that depends on it alone. `bins` 0: never
  /// round.
  static MessageLaw with_moments(const Eigen::MatrixXd& kernel, const Eigen::VectorXd& nu, int d,
                                 const std::vector<SumMoments>& known, int bins);
  static MessageLaw up_to_permutation(const Eigen::MatrixXd& symmetric_kernel, int d);

  int height() const { return height_; }
  std::size_t size() const { return atoms_.size() / stride_; }
  /// z_r(c) at [r·q + c].
  const double* atom(std::size_t i) const { return &atoms_[i * stride_]; }

  /// Calls use(z) for the atoms one level up (unmerged, each in one part or several), and moves there. If
  /// they are too many to list, does nothing and returns false. If they can be listed but not stored, lists
  /// them and stays below: there is no further climbing then.
  using Use = std::function<void(const double* z)>;
  bool climb(const Use& use);

 private:
  using Atoms = std::vector<double>;
  class Merger;

  MessageLaw(const Eigen::MatrixXd& kernel, const Eigen::VectorXd& nu, int d, int powers, bool permutations,
             int bins);
  std::size_t count(const Atoms& atoms) const { return atoms.size() / stride_; }
  Atoms seen_by_parent(const Atoms& atoms) const;
  double count_permutations(const Atoms& atoms) const;
  Atoms all_permutations(const Atoms& atoms) const;
  Atoms rounded(const Atoms& atoms) const;
  void multiply(const double* x, const double* y, double* z) const;
  bool listable(double pairs) const;
  bool storable(double pairs) const;

  struct Product {
    bool listed = false;
    std::optional<Atoms> atoms;  ///< nothing if too many to store
  };
  Product join(Atoms x, Atoms y, const Use& use = {});
  std::optional<Atoms> siblings(const Atoms& child, int number);
  void normalize();

  Eigen::MatrixXd kernel_;
  Eigen::VectorXd nu_;
  int d_, q_, powers_;
  bool permutations_;
  int bins_;
  std::size_t stride_;
  Atoms atoms_;
  int height_ = 0;
  bool rounded_ = false;  ///< some atoms were merged that are not proportional
  bool stored_ = true;    ///< false: listed one level further than height_
};

}  // namespace leafcast::analysis
