#include <catch2/catch.hpp>

#include "engine/error.h"
#include "engine/kernels/chunk_runner.h"
#include "tests/support/cells.h"

namespace binary_test {

using namespace leafcast;
using test::with;

namespace {

const Parameters kTree = {{"language.d", "2"}, {"language.height", "3"}};

Parameters binary(const std::string& plus, const std::string& minus) {
  return with(kTree,
              {{"language.kind", "binary"}, {"language.flip-plus", plus}, {"language.flip-minus", minus}});
}
Parameters kernel(const std::string& matrix) {
  return with(kTree, {{"language.kind", "kernel"}, {"language.matrix", matrix}});
}

}  // namespace

TEST_CASE("a binary channel is the kernel of its flips, with its stationary root") {
  const Cell cell = Cell::make(binary("0.1", "0.3")), same = Cell::make(kernel("0.9 0.1; 0.3 0.7"));
  const Channel &channel = cell.language().channel(), &other = same.language().channel();
  CHECK(channel.kernel() == other.kernel());
  CHECK(channel.stationary() == other.stationary());
  CHECK(channel.stationary()[0] == Approx(0.75).epsilon(1e-14));
  CHECK(channel.lambda() == Approx(0.6).epsilon(1e-14));
  // The wrong twin: symbols exchanged.
  CHECK(Cell::make(binary("0.3", "0.1")).language().channel().kernel() != other.kernel());

  const Parameters kgram = {{"generator.kind", "kgram"}, {"generator.context", "3"}};
  const std::vector<std::uint8_t> sentence = {0, 1, 1, 0, 1, 0, 0, 1};
  CHECK(ChunkRunner(Cell::make(with(binary("0.1", "0.3"), kgram))).conditional_laws(sentence) ==
        ChunkRunner(Cell::make(with(kernel("0.9 0.1; 0.3 0.7"), kgram))).conditional_laws(sentence));
  CHECK(cell.label() == "binary a=0.1 b=0.3 d=2 h=3 · true");
}

TEST_CASE("flips that are no channel are refused with what to do") {
  const auto refusal = [](const std::string& plus, const std::string& minus) {
    try {
      Cell::make(binary(plus, minus));
    } catch (const CellError& e) {
      return e.reason;
    }
    return std::string();
  };
  CHECK(refusal("1", "1").empty());
  CHECK(refusal("0", "0.5").empty());
  CHECK_THAT(refusal("0", "0"), Catch::Contains("use language.kind = ising"));
  CHECK_THAT(refusal("1.5", "0.5"), Catch::Contains("[0, 1]"));
  CHECK_THAT(refusal("0.5", "-0.1"), Catch::Contains("[0, 1]"));
}

}  // namespace binary_test
