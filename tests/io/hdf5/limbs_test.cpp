#include "io/hdf5/limbs.h"

#include <stdexcept>

#include "tests/io/fixtures.h"

using namespace leafcast;
using namespace leafcast::io;

TEST_CASE("small integers are two's complement, least significant limb first") {
  CHECK(to_limbs(WideInt(5)) == Limbs{5, 0, 0, 0, 0, 0});
  CHECK(to_limbs(WideInt(-1)) == Limbs{~0ull, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull});
  CHECK(to_limbs(WideInt(1) << 64) == Limbs{0, 1, 0, 0, 0, 0});
  CHECK(to_limbs(-(WideInt(1) << 64)) == Limbs{0, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull});
}

TEST_CASE("any integer of 384 bits comes back") {
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const WideInt value = random_wide(random);
    REQUIRE(from_limbs(to_limbs(value)) == value);
  }
  const WideInt most = (WideInt(1) << 383) - 1;
  for (const WideInt& value : {WideInt(0), most, WideInt(-most)}) CHECK(from_limbs(to_limbs(value)) == value);
}

TEST_CASE("an integer that does not fit is refused") {
  CHECK_THROWS_AS(to_limbs(WideInt(1) << 383), std::overflow_error);
  CHECK_THROWS_AS(to_limbs(-(WideInt(1) << 400)), std::overflow_error);
}
