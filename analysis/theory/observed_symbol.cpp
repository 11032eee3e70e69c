#include "analysis/theory/observed_symbol.h"

#include "analysis/theory/repeat.h"

namespace leafcast::analysis {

using Eigen::MatrixXd;
using Eigen::VectorXd;

SumMoments convolve(const SumMoments& x, const SumMoments& y) {
  SumMoments z{};
  for (int r = 0; r <= 4; ++r)
    for (int s = 0; s <= r; ++s) z[r] += kBinomial[r][s] * x[s] * y[r - s];
  return z;
}

ObservedSymbol::ObservedSymbol(const Channel& channel, int symbol) : channel_(channel), symbol_(symbol) {
  const int q = channel.q();
  kernel_ = lump(channel.kernel());
  if (channel.is_symmetric()) {
    stationary_ = VectorXd{{1.0 / q, 1 - 1.0 / q}};
    value_ = VectorXd{{q - 1.0, -1.0}};
  } else {
    stationary_ = channel.stationary();
    value_ = q * (VectorXd::Unit(q, symbol).array() - stationary_[symbol]);
  }
}

MatrixXd ObservedSymbol::across(int levels) const { return lump(channel_.across(levels)); }

MatrixXd ObservedSymbol::lump(const MatrixXd& between_symbols) const {
  if (!channel_.is_symmetric()) return between_symbols;
  const int c = symbol_, q = channel_.q(), other = c == 0 ? 1 : 0;
  MatrixXd lumped = MatrixXd::Zero(2, 2);
  for (int b = 0; b < q; ++b) {
    lumped(0, b == c ? 0 : 1) += between_symbols(c, b);
    lumped(1, b == c ? 0 : 1) += between_symbols(other, b);
  }
  return lumped;
}

std::vector<std::vector<SumMoments>> ObservedSymbol::subtree_moments(int d, int height) const {
  std::vector<std::vector<SumMoments>> moments(height + 1, std::vector<SumMoments>(states()));
  for (int a = 0; a < states(); ++a) {
    double power = 1;
    for (double& moment : moments[0][a]) {
      moment = power;
      power *= value_[a];
    }
  }
  for (int j = 1; j <= height; ++j)
    for (int a = 0; a < states(); ++a) {
      SumMoments child{};  // of a child's sum, given its parent
      for (int b = 0; b < states(); ++b)
        for (int r = 0; r <= 4; ++r) child[r] += kernel_(a, b) * moments[j - 1][b][r];
      // E 1 = 1; without this, the rounding error of a level would be multiplied by d on the next.
      for (int r = 4; r >= 0; --r) child[r] /= child[0];
      moments[j][a] = repeat(child, d, convolve);
    }
  return moments;
}

}  // namespace leafcast::analysis
