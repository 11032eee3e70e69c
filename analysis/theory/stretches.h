#pragma once
#include <Eigen/Dense>
#include <array>
#include <vector>

#include "analysis/theory/observed_symbol.h"

/// Joining of stretches (MATH.md §6). A stretch is a run of consecutive blocks, such as a subtree; with the
/// root of its first block given, it hands a symbol on to the next block: the root of its last block or, if
/// the writer remembers less, one drawn from what the writer remembers. Two neighbours are joined by the
/// transition `joint` from the symbol handed on to the next block's root.
namespace leafcast::analysis {

/// [r](a, b) = E[Y^r, b handed on | first root a], Y the sum over the stretch, r = 0…4.
using MomentStretch = std::array<Eigen::MatrixXd, 5>;

MomentStretch join(const MomentStretch& x, const Eigen::MatrixXd& joint, const MomentStretch& y);
/// Makes P(something handed on | first root) = 1 again. Due once a level, as the rounding errors of N joins
/// grow like N.
void normalize(MomentStretch& stretch);
/// E Y^r, with the first root from ν.
SumMoments sum_moments(const MomentStretch& stretch, const Eigen::VectorXd& nu);

/// Second order only, which needs less: no joint law of Y and the symbol handed on.
struct PairStretch {
  Eigen::MatrixXd passage;  ///< (a, b) = P(b handed on | first root a)
  Eigen::RowVectorXd left;  ///< (b) = E[Y, b handed on], first root from ν
  Eigen::VectorXd right;    ///< (a) = E[Y | first root a]
  double pairs = 0;         ///< Σ E[Y_r Y_s] over the pairs r < s of the parts joined
};

PairStretch join(const PairStretch& x, const Eigen::MatrixXd& joint, const PairStretch& y);
void normalize(PairStretch& stretch);

inline constexpr int kMaxColors = 8;  ///< of a ColoringStretch: 2^q sets of q×q matrices must stay cheap
using ColorMatrix =
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor, kMaxColors, kMaxColors>;

/// A subtree's consistency: what its parent must know of the allowed colors of its top node. Sums of positive
/// terms, so the smallest rates are as accurate as the largest.
struct ColoringStretch {
  std::vector<ColorMatrix> frozen;  ///< [c](a, b) = P(only c allowed, b handed on | first root a)
  ColorMatrix free;                 ///< the same for two or more allowed colors

  ColorMatrix valid() const;
};

/// The subtree whose d children are such subtrees.
ColoringStretch under_one_node(const ColoringStretch& child, int d, const Eigen::MatrixXd& joint);

/// How many colors the children of a node leave it in the true law.
struct RootFreedom {
  double frozen = 1, free = 0;  ///< P(one allowed color), P(two or more)
};
/// p_{h+1} from p_h: each of the d children is frozen with probability p_h, and then removes one of the q−1
/// colors other than the node's, uniformly. The node is frozen when all are removed. (MATH.md §6 in inclusion
/// and exclusion; here the number of colors removed so far is followed instead, for all terms to be
/// positive.)
RootFreedom freedom_of_parent(const RootFreedom& child, int d, int q);

/// A true height-m subtree that hands on a color drawn given its root's d children's colors alone.
ColoringStretch stretch_by_children(const RootFreedom& child, int d, int q);
/// A true subtree that hands on its root.
ColoringStretch stretch_by_root(const RootFreedom& root, int q);

}  // namespace leafcast::analysis
