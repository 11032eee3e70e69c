#pragma once
#include <array>

#include "engine/observe/wide_int.h"

namespace leafcast {

inline constexpr int kPowers = 4;

/// Σ s, Σ s², Σ s³, Σ s⁴.
using PowerSums = std::array<WideInt, kPowers>;

namespace fields {
/// [power − 1]: Σ s^p over the subtrees of every height, s = q·N_c − d^j; unless observe.subtrees of the
/// sentence alone, S.
extern const Field sum_s[kPowers];
}  // namespace fields

/// Power sums of writers whose sentences are drawn, leaf by leaf or collapsed.
extern const Observable kPowerSums;

PowerSums power_sums(const Tally& tally, int height);
void add(Tally& tally, int height, const PowerSums& sums);

}  // namespace leafcast
