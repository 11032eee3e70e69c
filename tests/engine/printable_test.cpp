#include "engine/printable.h"

#include <catch2/catch.hpp>

namespace printable_test {

using namespace leafcast;

TEST_CASE("what could steer a terminal is shown, not done") {
  CHECK(printable("ρ = 0.9, “x” 日本 😀") == "ρ = 0.9, “x” 日本 😀");
  CHECK(is_printable("ρ = 0.9, “x” 日本 😀"));
  CHECK(printable("a\x1b[2Jb\r\n\tc\x7f") == "a\\x1b[2Jb\\x0d\\x0a\\x09c\\x7f");
  CHECK(printable(std::string("a\0b", 3)) == "a\\x00b");
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\xc2\\x9b31m");  // the same as ESC [, in UTF-8
  CHECK(printable("\x9b"
                  "31m") == "\\x9b31m");
  CHECK(printable("\xe2\x80\xa8") == "\\xe2\\x80\\xa8");  // a line separator
  for (const char* text : {"\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
                           "\xce", "x\xe2\x82", "\x80", "\xff"}) {
    CHECK(!is_printable(text));
    CHECK(is_printable(printable(text)));
  }
}

TEST_CASE("a text is cut between characters") {
  CHECK(shortened("abc", 3) == "abc");
  CHECK(shortened("abcd", 3) == "abc…");
  CHECK(shortened("aρρ", 4) == "aρ…");
  CHECK(shortened("ρρρρ", 3) == "ρ…");
}

}  // namespace printable_test
