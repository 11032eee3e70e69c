#include "io/file/posix.h"

#include <catch2/catch.hpp>

namespace leafcast::io::posix_test {

TEST_CASE("a call that signals interrupt is made again, and one that is interrupted for ever is an error") {
  int left = 5, calls = 0;
  const auto interrupted_a_while = [&] {
    ++calls;
    errno = EINTR;
    return left-- > 0 ? -1 : 7;
  };
  CHECK(repeat_if_interrupted(interrupted_a_while) == 7);
  CHECK(calls == 6);

  const auto always = [] {
    errno = EINTR;
    return -1;
  };
  CHECK(repeat_if_interrupted(always) == -1);
  CHECK(errno == EINTR);

  calls = 0;
  const auto refused = [&] {
    ++calls;
    errno = EACCES;
    return -1;
  };
  CHECK(repeat_if_interrupted(refused) == -1);
  CHECK(calls == 1);
}

}  // namespace leafcast::io::posix_test
