#include "engine/kernels/collapsed/count_sums.h"

#include <algorithm>
#include <bit>
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
  is_wide_ = true;
}

void CountSums::add(std::uint64_t subtrees, const std::array<std::uint64_t, kPowers>& sums) {
  subtrees_ += subtrees;
  for (int p = 0; p < kPowers; ++p) narrow_[p] += sums[p];
  if (narrow_[kPowers - 1] >> 126) widen();
}

void CountSums::add(std::uint64_t subtrees, const PowerSums& sums) {
  subtrees_ += subtrees;
  for (int p = 0; p < kPowers; ++p) sums_[p] += sums[p];
  is_wide_ = true;
}

void CountSums::flush() {
  for (int p = 0; p < kPowers; ++p) narrow_[p] += std::exchange(staged_[p], 0);
  if (narrow_[kPowers - 1] >> 126) widen();
  left_ = room_;
}

/// Of counts, the fourth powers have the largest sum.
void CountSums::widen() {
  for (int p = 0; p < kPowers; ++p) sums_[p] += wide_int(static_cast<Int128>(std::exchange(narrow_[p], 0)));
  is_wide_ = true;
}

bool CountSums::has_narrow_sums(int q) const {
  const auto bits = [](auto number) { return std::bit_width(static_cast<std::uint64_t>(number)); };
  // Binomials, q^r leaves^{p−r} and the number of subtrees.
  return !is_wide_ && 4 + 4 * (bits(leaves_) + bits(q)) + bits(subtrees_) <= 126;
}

namespace {

/// Σ_r C(p, r) q^r (−leaves)^{p−r} Σ N^r, for p = 1 … 4.
template <class Integer>
std::array<Integer, kPowers> centred(const std::array<Integer, kPowers + 1>& moment, std::int64_t leaves,
                                     int q) {
  static constexpr int kBinomial[kPowers][kPowers + 1] = {{1, 1}, {1, 2, 1}, {1, 3, 3, 1}, {1, 4, 6, 4, 1}};
  std::array<Integer, kPowers> sums;
  for (int p = 1; p <= kPowers; ++p) {
    Integer sum = 0;
    for (int r = 0; r <= p; ++r) {
      Integer term = moment[r] * kBinomial[p - 1][r];
      for (int i = 0; i < r; ++i) term *= q;
      for (int i = r; i < p; ++i) term *= -Integer(leaves);
      sum += term;
    }
    sums[p - 1] = sum;
  }
  return sums;
}

}  // namespace

std::array<Int128, kPowers> CountSums::narrow_sums_of_s(int q) const {
  std::array<Int128, kPowers + 1> moment;
  moment[0] = static_cast<Int128>(subtrees_);
  for (int p = 0; p < kPowers; ++p) moment[p + 1] = static_cast<Int128>(narrow_[p] + staged_[p]);
  return centred(moment, leaves_, q);
}

PowerSums CountSums::sums_of_s(int q) const {
  if (has_narrow_sums(q)) {
    PowerSums sums;
    const auto narrow = narrow_sums_of_s(q);
    for (int p = 0; p < kPowers; ++p) sums[p] = wide_int(narrow[p]);
    return sums;
  }
  std::array<WideInt, kPowers + 1> moment;  // Σ N^p
  moment[0] = subtrees_;
  for (int p = 0; p < kPowers; ++p)
    moment[p + 1] = sums_[p] + wide_int(static_cast<Int128>(narrow_[p])) + staged_[p];
  return centred(moment, leaves_, q);
}

void CountSums::add_sums_of_s(Tally& tally, int height, int q) const {
  if (!has_narrow_sums(q)) return leafcast::add(tally, height, sums_of_s(q));
  const auto sums = narrow_sums_of_s(q);
  for (int p = 0; p < kPowers; ++p) add_to(tally.limbs(fields::sum_s[p], height), sums[p]);
}

namespace {

template <class Integer>
std::array<Integer, kPowers> leaf_sums(const Integer& sum_of_s, const Integer& all, int q) {
  const Integer chosen = (sum_of_s + all) / q, others = all - chosen;  // S = q N_c − n
  std::array<Integer, kPowers> sums;
  Integer power = q - 1;
  for (int p = 0; p < kPowers; ++p, power *= q - 1) sums[p] = chosen * power + (p % 2 ? others : -others);
  return sums;
}

}  // namespace

PowerSums leaf_power_sums(const WideInt& sum_of_s, std::uint64_t sentences, std::int64_t leaves, int q) {
  return leaf_sums(sum_of_s, WideInt(WideInt(sentences) * leaves), q);
}

void add_leaf_power_sums(Tally& tally, int height, std::int64_t leaves, int q) {
  const std::span<const std::uint64_t> sum = std::as_const(tally).limbs(fields::sum_s[0], height);
  const auto bits = [](auto number) { return std::bit_width(static_cast<std::uint64_t>(number)); };
  if (sum.size() != 1 || bits(tally.samples) + bits(leaves) + 4 * bits(q) > 124)
    return add(tally, 0, leaf_power_sums(wide(tally, fields::sum_s[0], height), tally.samples, leaves, q));
  const auto sums = leaf_sums(static_cast<Int128>(static_cast<std::int64_t>(sum[0])),
                              static_cast<Int128>(tally.samples) * leaves, q);
  for (int p = 0; p < kPowers; ++p) add_to(tally.limbs(fields::sum_s[p], 0), sums[p]);
}

}  // namespace leafcast
