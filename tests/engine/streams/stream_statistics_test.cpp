// Are the streams random as they are really used: neighbouring samples, batches, chunks, seeds and cells?
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <map>

#include "engine/streams/stream_words.h"
#include "tests/streams/interleavings.h"
#include "tests/streams/randomness.h"

namespace stream_statistics_test {

using namespace leafcast;
using namespace leafcast::streams;

namespace {

constexpr std::size_t kWords = std::size_t{1} << 19;

/// Every test's p on the first words of a block.
std::map<std::string, double> p_values(const Interleaving& order, const Words& words) {
  const std::vector<std::uint32_t> block = order.block(words, 0);
  const std::span<const std::uint32_t> used = std::span(block).first(kWords);
  std::map<std::string, double> p = {{"bit frequency", bit_frequency(used)},
                                     {"birthday spacings", birthday_spacings(used)},
                                     {"rank 32", matrix_rank(used, 32)},
                                     {"rank 256", matrix_rank(used, 256)}};
  // 1: neighbouring samples; 16: the same sample's next word, or that of the neighbouring stream.
  for (const std::size_t distance : {1, 16}) {
    p[fmt::format("serial pairs {}", distance)] = serial_pairs(used, distance);
    p[fmt::format("xor weight {}", distance)] = xor_weight(used, distance);
    p[fmt::format("weight dependency {}", distance)] = weight_dependency(used, distance);
  }
  return p;
}

bool fails(double p) { return p < 1e-6 || p > 1 - 1e-6; }

}  // namespace

// 90 p-values: for random streams the false-alarm rate is 2e-4.
TEST_CASE("the streams are random in every order of use") {
  for (const Interleaving& order : interleavings())
    for (const auto& [test, p] : p_values(order, stream_words)) {
      INFO(order.name << ", " << test << ": p = " << p);
      CHECK_FALSE(fails(p));
    }
}

TEST_CASE("wrong twins of the streams fail") {
  struct Fault {
    std::string twin, order;
    std::vector<std::string> tests;  ///< that must find it
  };
  for (const Fault& fault :
       {Fault{"unmixed",
              "chunks",
              {"bit frequency", "birthday spacings", "rank 32", "serial pairs 16", "xor weight 16",
               "weight dependency 16"}},
        Fault{"unmixed", "batches", {"birthday spacings", "serial pairs 16"}},
        Fault{"unmixed", "seeds", {"birthday spacings", "serial pairs 16"}},
        Fault{"unmixed", "cells", {"birthday spacings", "serial pairs 16"}},
        Fault{"unmixed", "lockstep", {"birthday spacings", "serial pairs 16"}},
        Fault{"shared", "batch", {"serial pairs 1", "xor weight 1", "weight dependency 1"}},
        Fault{"linear", "bit0", {"rank 256"}},
        Fault{"congruential", "sample", {"serial pairs 1", "xor weight 1"}},
        Fault{"congruential", "bit0", {"bit frequency", "rank 32"}}}) {
    const auto p = p_values(interleaving(fault.order), wrong_twin(fault.twin).words);
    for (const std::string& test : fault.tests) {
      INFO(fault.twin << ", " << fault.order << ", " << test << ": p = " << p.at(test));
      CHECK(fails(p.at(test)));
    }
  }
}

}  // namespace stream_statistics_test
