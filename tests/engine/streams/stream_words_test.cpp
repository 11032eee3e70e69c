#include "engine/streams/stream_words.h"

#include <Random123/philox.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "engine/kernels/chunk_runner.h"
#include "tests/streams/scalar_streams.h"

namespace stream_words_test {

using namespace leafcast;

namespace {

std::vector<std::uint32_t> words_of(const StreamAddress& address, std::size_t words) {
  std::vector<std::uint32_t> out(words);
  stream_words(address, out);
  return out;
}

std::vector<std::uint32_t> scalar_words_of(const StreamAddress& address, std::size_t words) {
  std::vector<std::uint32_t> out(words);
  scalar::words(address, out, scalar::initial_state, scalar::plus_plus);
  return out;
}

float scalar_uniform(std::uint32_t word) {
  return std::min(static_cast<float>(word >> 1) * 0x1p-31f + 0x1p-32f, 1 - 0x1p-24f);
}

const std::vector<StreamAddress> kAddresses = {
    {0, 0, 0, 0},
    {1, 2, 3, 4},
    {1, 2, 3, 4, StreamPurpose::planes},
    {~0ull, ~0ull, ~0u, ~0ull, StreamPurpose::counts},
    {0x123456789abcdef0, 0xfedcba9876543210, 0x80000000, 0x8000000000000000, StreamPurpose::counts}};

}  // namespace

TEST_CASE("Philox4x64-10 gives the known answers of the Random123 distribution") {
  using Philox = r123::Philox4x64;
  const std::uint64_t ones = ~std::uint64_t{0};
  CHECK((Philox{}({{0, 0, 0, 0}}, {{0, 0}}) ==
         Philox::ctr_type{{0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b}}));
  CHECK((Philox{}({{ones, ones, ones, ones}}, {{ones, ones}}) ==
         Philox::ctr_type{{0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0}}));
  CHECK((Philox{}({{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89}},
                  {{0x452821e638d01377, 0xbe5466cf34e90c6c}}) ==
         Philox::ctr_type{{0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6}}));
}

TEST_CASE("the scalar xoshiro128++ gives the known answers of the authors' code") {
  scalar::State state = {1, 2, 3, 4};
  for (const std::uint32_t word : {641u, 1573767u, 3222811527u, 3517856514u, 836907274u, 4247214768u,
                                   3867114732u, 1355841295u, 495546011u, 621204420u})
    CHECK(scalar::plus_plus(state) == word);
}

TEST_CASE("a batch's words and uniforms are the scalar generator's on every instruction set") {
  const std::vector<std::string> sets = instruction_sets();
  REQUIRE(!sets.empty());
  for (const std::string& set : sets) {
    INFO(set);
    use_instruction_set(set);
    for (const StreamAddress& address : kAddresses) {
      const std::vector<std::uint32_t> expected = scalar_words_of(address, 16 * 1000);
      CHECK(words_of(address, expected.size()) == expected);
      std::vector<float> uniforms(expected.size()), rounded(expected.size());
      stream_uniforms(address, uniforms);
      std::transform(expected.begin(), expected.end(), rounded.begin(), scalar_uniform);
      CHECK(uniforms == rounded);
    }
  }
  use_instruction_set("");
}

// Every result rests on these: a change means a new version of the streams (kStreams in engine/plan/plan.h) and new golden files.
TEST_CASE("pinned words") {
  CHECK(words_of({1, 2, 3, 4}, 16) ==
        std::vector<std::uint32_t>{0xddf19cc2, 0x01535ec3, 0xa2049f66, 0xb38385c3, 0x2b17a026, 0xd3902612,
                                   0xfbf388de, 0x6c086eb4, 0x392dd8a1, 0x9d84f960, 0xe2a59601, 0x2beb4d7f,
                                   0x39597410, 0x8a1d5a1d, 0x6103035c, 0xd681c9a0});
}

TEST_CASE("each coordinate of an address gives other streams, and no two samples share one") {
  std::vector<StreamAddress> addresses;
  for (const int bit : {0, 1, 31, 32, 63}) {
    addresses.push_back({1ull << bit, 0, 0, 0});
    addresses.push_back({0, 1ull << bit, 0, 0});
    if (bit < 32) addresses.push_back({0, 0, 1u << bit, 0});
    addresses.push_back({0, 0, 0, 1ull << bit});
  }
  for (const StreamPurpose purpose : {StreamPurpose::lanes, StreamPurpose::planes, StreamPurpose::counts})
    addresses.push_back({0, 0, 0, 0, purpose});
  std::set<std::array<std::uint32_t, 4>> streams;
  for (const StreamAddress& address : addresses) {
    const std::vector<std::uint32_t> words = words_of(address, 4 * 16);
    for (std::size_t i = 0; i < 16; ++i)
      streams.insert({words[i], words[16 + i], words[32 + i], words[48 + i]});
  }
  CHECK(streams.size() == 16 * addresses.size());
}

TEST_CASE("a uniform is never 0 or 1, not even at the ends of the words") {
  struct Extreme {
    std::uint64_t batch;
    std::size_t step, sample;
    std::uint32_t word;
    float uniform;
  };
  for (const Extreme& extreme :
       {// found by search
        Extreme{1262, 219, 4, 0x00000001, 0x1p-32f}, Extreme{3906, 2567, 6, 0x00000002, 0x3p-32f},
        // (r + 1/2) 2^{-31} rounds to 1
        Extreme{1826, 3560, 1, 0xffffffe0, 1 - 0x1p-24f}, Extreme{6680, 678, 2, 0xfffffffd, 1 - 0x1p-24f}}) {
    const StreamAddress address{1, 2, 3, extreme.batch};
    const std::size_t at = extreme.step * 16 + extreme.sample, words = 16 * 4096;
    CHECK(words_of(address, words)[at] == extreme.word);
    std::vector<float> uniforms(words);
    stream_uniforms(address, uniforms);
    CHECK(uniforms[at] == extreme.uniform);
  }
}

TEST_CASE("words come in whole steps") {
  std::vector<std::uint32_t> none, some(17);
  CHECK_NOTHROW(stream_words({1, 2, 3, 4}, none));
  CHECK_THROWS_AS(stream_words({1, 2, 3, 4}, some), std::logic_error);
}

}  // namespace stream_words_test
