#include "analysis/theory/stretches.h"

#include <bit>

namespace leafcast::analysis {

using Eigen::MatrixXd;

MomentStretch join(const MomentStretch& x, const MatrixXd& joint, const MomentStretch& y) {
  MomentStretch z;
  std::array<MatrixXd, 5> handed_over;
  for (int r = 0; r <= 4; ++r) handed_over[r] = x[r] * joint;
  for (int r = 0; r <= 4; ++r) {
    z[r] = handed_over[0] * y[r];
    for (int s = 1; s <= r; ++s) z[r] += kBinomial[r][s] * handed_over[s] * y[r - s];
  }
  return z;
}

void normalize(MomentStretch& stretch) {
  const Eigen::VectorXd mass = stretch[0].rowwise().sum();
  for (MatrixXd& moment : stretch) moment.array().colwise() /= mass.array();
}

SumMoments sum_moments(const MomentStretch& stretch, const Eigen::VectorXd& nu) {
  SumMoments moments;
  for (int r = 0; r <= 4; ++r) moments[r] = nu.dot(stretch[r].rowwise().sum());
  return moments;
}

PairStretch join(const PairStretch& x, const MatrixXd& joint, const PairStretch& y) {
  return {.passage = x.passage * joint * y.passage,
          .left = x.left * joint * y.passage + y.left,
          .right = x.right + x.passage * joint * y.right,
          .pairs = x.pairs + x.left * joint * y.right + y.pairs};
}

void normalize(PairStretch& stretch) {
  const Eigen::VectorXd mass = stretch.passage.rowwise().sum();
  stretch.passage.array().colwise() /= mass.array();
}

ColorMatrix ColoringStretch::valid() const {
  ColorMatrix sum = free;
  for (const ColorMatrix& one : frozen) sum += one;
  return sum;
}

ColoringStretch under_one_node(const ColoringStretch& child, int d, const MatrixXd& joint) {
  const int q = static_cast<int>(child.frozen.size());
  const unsigned all = (1u << q) - 1;
  const ColorMatrix zero = ColorMatrix::Zero(q, q), step = joint;
  // removed[V](a, b): the children so far remove the colors V.
  std::vector<ColorMatrix> removed(all + 1, zero), handed_over(all + 1, zero);
  removed[0] = child.free;
  for (int c = 0; c < q; ++c) removed[1u << c] = child.frozen[c];
  for (int i = 1; i < d; ++i) {
    // V = all has no allowed color left and no way back.
    for (unsigned set = 0; set < all; ++set) handed_over[set] = removed[set] * step;
    for (unsigned set = 0; set < all; ++set) {
      removed[set] = handed_over[set] * child.free;
      for (int c = 0; c < q; ++c)
        if (set >> c & 1)
          removed[set] += (handed_over[set] + handed_over[set & ~(1u << c)]) * child.frozen[c];
    }
  }
  ColoringStretch node{std::vector<ColorMatrix>(q, zero), zero};
  for (unsigned set = 0; set < all; ++set) {
    const unsigned allowed = all & ~set;
    if (std::has_single_bit(allowed))
      node.frozen[std::countr_zero(allowed)] = removed[set];
    else
      node.free += removed[set];
  }
  return node;
}

RootFreedom freedom_of_parent(const RootFreedom& child, int d, int q) {
  std::vector<double> removed(q, 0.0);  // [k] = P(k of the q−1 other colors removed so far)
  removed[0] = 1;
  for (int i = 0; i < d; ++i)
    for (int k = q - 1; k >= 0; --k) {
      removed[k] *= child.free + child.frozen * k / (q - 1);
      if (k > 0) removed[k] += removed[k - 1] * child.frozen * (q - k) / (q - 1);
    }
  double free = 0;
  for (int k = 0; k < q - 1; ++k) free += removed[k];
  // Their sum is 1; without this, the rounding error of a level would be multiplied by d on the next.
  const double sum = removed[q - 1] + free;
  return {removed[q - 1] / sum, free / sum};
}

ColoringStretch stretch_by_root(const RootFreedom& root, int q) {
  ColoringStretch stretch{std::vector<ColorMatrix>(q, ColorMatrix::Zero(q, q)),
                          root.free * ColorMatrix::Identity(q, q)};
  for (int a = 0; a < q; ++a) stretch.frozen[a](a, a) = root.frozen;
  return stretch;
}

ColoringStretch stretch_by_children(const RootFreedom& child, int d, int q) {
  // p[u][v] = P(the children have u of the q−1 colors other than the root's, v of them removed). The color
  // handed on is uniform over the q−u colors that no child has.
  std::vector<std::vector<double>> p(q, std::vector<double>(q, 0.0));
  p[0][0] = 1;
  for (int i = 0; i < d; ++i) {
    std::vector<std::vector<double>> next(q, std::vector<double>(q, 0.0));
    for (int u = 0; u < q; ++u)
      for (int v = 0; v <= u; ++v) {
        const double share = p[u][v] / (q - 1);
        if (share == 0) continue;
        next[u][v] += share * (v + (u - v) * child.free);
        if (v < u) next[u][v + 1] += share * (u - v) * child.frozen;
        if (u == q - 1) continue;
        next[u + 1][v] += share * (q - 1 - u) * child.free;
        next[u + 1][v + 1] += share * (q - 1 - u) * child.frozen;
      }
    p = std::move(next);
  }
  double same = 0,
         different = 0;  // the root itself is handed on; another color is (not frozen, as it is allowed)
  for (int u = 0; u < q; ++u)
    for (int v = 0; v <= u; ++v) {
      if (v == q - 1) continue;
      same += p[u][v] / (q - u);
      different += p[u][v] * (q - 1 - u) / (q - u);
    }
  ColoringStretch stretch = stretch_by_root({p[q - 1][q - 1], same}, q);
  stretch.free += different / (q - 1) * (ColorMatrix::Ones(q, q) - ColorMatrix::Identity(q, q));
  return stretch;
}

}  // namespace leafcast::analysis
