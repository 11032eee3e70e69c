#include "analysis/text/number_text.h"

#include <catch2/catch.hpp>

namespace leafcast::analysis::number_text_test {
namespace {

TEST_CASE("powers are printed as such, and nothing else is") {
  CHECK(with_powers("p = 1.2e-88, n = 2.1e14") == "p = 1.2×10⁻⁸⁸, n = 2.1×10¹⁴");
  CHECK(with_powers("p <1e-99.") == "p <10⁻⁹⁹.");
  CHECK(with_powers("1.25(30)e7") == "1.25(30)×10⁷");
  CHECK(with_powers("-3e5") == "-3×10⁵");
  CHECK(with_powers("(5e-06)") == "(5×10⁻⁶)");
  for (const char* name :
       {"3 leaves", "#0012e5", "file1e5", "v1.2e5", "the 4e5b row", "1e5x", "e5", "2even", ""})
    CHECK(with_powers(name) == name);
}

TEST_CASE("leaves are counted as far as anybody reads the digits") {
  CHECK(leaves_text(25) == "25");
  CHECK(leaves_text(6561) == "6561");
  CHECK(leaves_text(1594323) == "1594323");
  CHECK(leaves_text(205891132094649.0) == "2.1e14");
}

}  // namespace
}  // namespace leafcast::analysis::number_text_test
