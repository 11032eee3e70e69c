#include "analysis/estimate/narrow_int.h"

#include <catch2/catch.hpp>
#include <random>

#include "engine/observe/wide_int.h"

namespace leafcast::analysis::narrow_int_test {

namespace {

TEST_CASE("narrow integers are as the vast ones, to the last bit of a double, or overflow") {
  std::mt19937_64 random(1);
  int overflows = 0, compared = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    std::array<WideInt, kPowers> sums;
    std::array<NarrowInt, kPowers> narrow;
    std::array<VastInt, kPowers> vast;
    const double bits = 4 + static_cast<double>(random() % 26);
    for (int p = 0; p < kPowers; ++p) {
      sums[p] = random_wide(random, bits * (p + 1));
      std::array<std::uint64_t, 3> limbs;
      to_limbs(sums[p], limbs);
      vast[p] = VastInt(sums[p]);
      narrow[p] = NarrowInt::of_limbs(limbs);
      CHECK(as_double(narrow[p]) == as_double(vast[p]));
    }
    const std::uint64_t count = 1 + random() % (std::uint64_t{1} << (random() % 30));
    const Shape exact = shape<VastInt>(vast, VastInt(count));
    try {
      const Shape fast = shape<NarrowInt>(narrow, NarrowInt(count));
      const auto equal = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
      REQUIRE(equal(fast.skewness, exact.skewness));
      REQUIRE(equal(fast.excess_kurtosis, exact.excess_kurtosis));
      ++compared;
    } catch (const NarrowInt::Overflow&) {
      ++overflows;
    }
  }
  CHECK(compared > 1000);
  CHECK(overflows > 1000);
}

TEST_CASE("words beyond the second must be its sign") {
  const std::uint64_t ones = ~std::uint64_t{0};
  CHECK(as_double(NarrowInt::of_limbs({})) == 0);
  CHECK(as_double(NarrowInt::of_limbs(std::array<std::uint64_t, 1>{ones})) == -1);
  CHECK(as_double(NarrowInt::of_limbs(std::array<std::uint64_t, 4>{5, 0, 0, 0})) == 5);
  CHECK(as_double(NarrowInt::of_limbs(std::array<std::uint64_t, 3>{ones - 4, ones, ones})) == -5);
  CHECK_THROWS_AS(NarrowInt::of_limbs(std::array<std::uint64_t, 3>{0, 0, 1}), NarrowInt::Overflow);
  CHECK_THROWS_AS(NarrowInt::of_limbs(std::array<std::uint64_t, 3>{0, ones, 0}), NarrowInt::Overflow);
}

}  // namespace
}  // namespace leafcast::analysis::narrow_int_test
