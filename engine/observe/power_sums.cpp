#include "engine/observe/power_sums.h"

#include <cmath>

#include "engine/cell/cell.h"

namespace leafcast {

namespace {

bool observes_power_sums(const Cell& cell) { return cell.method() != Method::splitting && !cell.learns(); }

Entries tallied_heights(const Cell& cell) {
  const Entries all = all_heights(cell);
  return cell.observe().subtrees ? all : Entries{cell.language().height, 1};
}

/// |s| ≤ (q−1) d^j over d^{h−j} subtrees a sample; sequences of their own structure have some 2n symbols, those of
/// strangers (`score`) maybe more.
template <int P>
double sum_bits(const Cell& cell, int height) {
  const Language& language = cell.language();
  const double levels = std::log2(language.d), most = std::log2(std::max(2, language.symbols() - 1));
  return P * (most + height * levels + (cell.writes_own_structure() ? 6 : 0)) + sample_bits(cell) +
         (language.height - height) * levels;
}

const char* sum_contradiction(const Cell& cell, const Tally& tally) {
  const Entries heights = tallied_heights(cell);
  for (int j = heights.first; j < heights.first + static_cast<int>(heights.count); ++j)
    if (wide(tally, fields::sum_s[1], j) < 0 || wide(tally, fields::sum_s[3], j) < 0)
      return "a sum of even powers below zero";
  return nullptr;
}

void simulate_power_sums(const Cell& cell, std::mt19937_64& random, Tally& tally) {
  const Entries heights = tallied_heights(cell);
  for (int j = heights.first; j < heights.first + static_cast<int>(heights.count); ++j)
    for (int p = 0; p < kPowers; ++p)
      if (random() % 4) {
        const double unused = sample_bits(cell) - std::log2(static_cast<double>(tally.samples));
        const WideInt sum = random_wide(random, fields::sum_s[p].bits(cell, j) - unused);
        add(tally, fields::sum_s[p], j, p % 2 ? WideInt(abs(sum)) : sum);
      }
}

template <int P>
constexpr Field power(const char* name) {
  return {.name = name,
          .form = Field::Form::sum,
          .shape = Field::Shape::by_height,
          .entries = tallied_heights,
          .bits = sum_bits<P>};
}

constexpr const Field* kPowerSumsFields[] = {&fields::sum_s[0], &fields::sum_s[1], &fields::sum_s[2],
                                             &fields::sum_s[3]};

}  // namespace

namespace fields {
constinit const Field sum_s[kPowers] = {power<1>("sum_s1"), power<2>("sum_s2"), power<3>("sum_s3"),
                                        power<4>("sum_s4")};
}  // namespace fields

constinit const Observable kPowerSums = {.name = "power sums",
                                         .group = "",
                                         .always_stored = true,
                                         .format = 1,
                                         .fields = kPowerSumsFields,
                                         .is_observed = observes_power_sums,
                                         .contradiction = sum_contradiction,
                                         .simulate = simulate_power_sums};

PowerSums power_sums(const Tally& tally, int height) {
  PowerSums sums;
  for (int p = 0; p < kPowers; ++p) sums[p] = wide(tally, fields::sum_s[p], height);
  return sums;
}

void add(Tally& tally, int height, const PowerSums& sums) {
  for (int p = 0; p < kPowers; ++p) add(tally, fields::sum_s[p], height, sums[p]);
}

}  // namespace leafcast
