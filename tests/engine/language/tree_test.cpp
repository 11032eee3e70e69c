#include "engine/language/tree.h"

#include <catch2/catch.hpp>

namespace tree_test {

using namespace leafcast;

TEST_CASE("the odometer counts leaves in base d, and carries where subtrees end") {
  for (const int d : {2, 3, 5}) {
    constexpr int kHeight = 4;
    LeafOdometer odometer(d, kHeight);
    const std::int64_t n = tree_power(d, kHeight);
    for (std::int64_t i = 0; i < n; ++i) {
      CHECK(odometer.leaf() == i);
      std::int64_t rest = i;
      for (int j = 1; j <= kHeight; ++j, rest /= d) CHECK(odometer.digit(j) == rest % d);
      int zeros = 0;
      for (std::int64_t next = i + 1; zeros < kHeight && next % d == 0; next /= d) ++zeros;
      CHECK(odometer.advance() == zeros);
    }
  }
}

TEST_CASE("trees fit below 2^62 leaves") {
  CHECK(tree_fits(2, 61));
  CHECK(!tree_fits(2, 62));
  CHECK(tree_fits(3, 39));
  CHECK(!tree_fits(3, 40));
}

}  // namespace tree_test
