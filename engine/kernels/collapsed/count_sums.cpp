#include "engine/kernels/collapsed/count_sums.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace leafcast {

CountSums::CountSums(std::int64_t leaves) : leaves_(leaves) {
  const double fit = 0x1p63 / std::pow(static_cast<double>(leaves), 4);
  room_ = fit >= 16 ? static_cast<std::uint64_t>(std::min(fit, 0x1p40)) : 0;
  left_ = room_;
}

void CountSums::add_wide(std::int64_t n) {
  WideInt power = n;
  for (int p = 0; p < kPowers; ++p, power *= n) sums_[p] += power;
  ++subtrees_;
}

void CountSums::add(std::uint64_t subtrees, const PowerSums& sums) {
  subtrees_ += subtrees;
  for (int p = 0; p < kPowers; ++p) sums_[p] += sums[p];
}

void CountSums::flush() {
  for (int p = 0; p < kPowers; ++p) sums_[p] += std::exchange(staged_[p], 0);
  left_ = room_;
}

PowerSums CountSums::sums_of_s(int q) const {
  std::array<WideInt, kPowers + 1> moment;  // Σ N^p
  moment[0] = subtrees_;
  for (int p = 0; p < kPowers; ++p) moment[p + 1] = sums_[p] + staged_[p];
  PowerSums of_s;
  for (int p = 1; p <= kPowers; ++p) {
    // Σ_r C(p, r) q^r (−leaves)^{p−r} Σ N^r
    WideInt sum = 0, binomial = 1;
    for (int r = 0; r <= p; ++r) {
      WideInt term = binomial * moment[r];
      for (int i = 0; i < r; ++i) term *= q;
      for (int i = r; i < p; ++i) term *= -WideInt(leaves_);
      sum += term;
      binomial = binomial * (p - r) / (r + 1);
    }
    of_s[p - 1] = sum;
  }
  return of_s;
}

PowerSums leaf_power_sums(const WideInt& sum_of_s, std::uint64_t sentences, std::int64_t leaves, int q) {
  const WideInt all = WideInt(sentences) * leaves;
  const WideInt chosen = (sum_of_s + all) / q, others = all - chosen;  // S = q N_c − n
  PowerSums sums;
  WideInt power = q - 1;
  for (int p = 0; p < kPowers; ++p, power *= q - 1) sums[p] = chosen * power + (p % 2 ? others : -others);
  return sums;
}

}  // namespace leafcast
