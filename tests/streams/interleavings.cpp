#include "tests/streams/interleavings.h"

#include <algorithm>
#include <stdexcept>

#include "tests/streams/scalar_streams.h"

namespace leafcast::streams {
namespace {

constexpr std::uint64_t kSeed = 1, kCell = 0x6c65616663617374;
constexpr std::size_t kSamples = 16;
constexpr std::size_t kSteps = std::size_t{1}
                               << 18;  // words of a sample in the interleavings of long streams
constexpr std::size_t kStreams = std::size_t{1} << 16;  // streams of a block in those of first words

std::vector<std::uint32_t> batch(const Words& words, std::uint64_t index) {
  std::vector<std::uint32_t> out(kSteps * kSamples);
  words({kSeed, kCell, 0, index}, out);
  return out;
}

std::vector<std::uint32_t> by_sample(const Words& words, std::uint64_t index) {
  const std::vector<std::uint32_t> in = batch(words, index);
  std::vector<std::uint32_t> out(in.size());
  constexpr std::size_t tile = 16;  // steps at a time, for the cache
  for (std::size_t first = 0; first < kSteps; first += tile)
    for (std::size_t i = 0; i < kSamples; ++i)
      for (std::size_t t = first; t < first + tile; ++t) out[i * kSteps + t] = in[t * kSamples + i];
  return out;
}

/// One bit of each word of a sample, 32 successive ones to a word: all that one bit-plane sample sees.
std::vector<std::uint32_t> one_bit(const Words& words, std::uint64_t index, int bit) {
  constexpr std::size_t batches = 4, length = kSteps / 32;
  std::vector<std::uint32_t> out(batches * kSamples * length);
  for (std::size_t part = 0; part < batches; ++part) {
    const std::vector<std::uint32_t> in = batch(words, batches * index + part);
    for (std::size_t t = 0; t < kSteps; ++t)
      for (std::size_t i = 0; i < kSamples; ++i)
        out[(part * kSamples + i) * length + t / 32] |= (in[t * kSamples + i] >> bit & 1) << t % 32;
  }
  return out;
}

/// The first word of each sample of many streams, whose addresses count up in one coordinate.
template <class Address>
std::vector<std::uint32_t> first_words(const Words& words, std::uint64_t index, Address address) {
  std::vector<std::uint32_t> out(kStreams * kSamples);
  for (std::size_t i = 0; i < kStreams; ++i)
    words(address(index * kStreams + i), std::span(out).subspan(i * kSamples, kSamples));
  return out;
}

/// 256 neighbouring chunks in lockstep: word t of every sample of every chunk, then word t + 1.
std::vector<std::uint32_t> lockstep(const Words& words, std::uint64_t index) {
  constexpr std::size_t chunks = 256, steps = 256;
  std::vector<std::uint32_t> out(chunks * steps * kSamples), one(steps * kSamples);
  for (std::size_t c = 0; c < chunks; ++c) {
    words({kSeed, kCell, static_cast<std::uint32_t>(c), index}, one);
    for (std::size_t t = 0; t < steps; ++t)
      std::copy_n(&one[t * kSamples], kSamples, &out[(t * chunks + c) * kSamples]);
  }
  return out;
}

template <class T>
const T& named(const std::vector<T>& all, const std::string& name) {
  std::string names;
  for (const T& one : all) {
    if (one.name == name) return one;
    names += " " + one.name;
  }
  throw std::invalid_argument(name + " is none of:" + names);
}

std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }

}  // namespace

const std::vector<Interleaving>& interleavings() {
  using std::uint64_t;
  const auto first = [](auto address) {
    return [address](const Words& words, uint64_t index) { return first_words(words, index, address); };
  };
  static const std::vector<Interleaving> all = {
      {"sample", "a sample's words, then the next sample's", by_sample},
      {"batch", "word t of the 16 samples of a batch, then word t + 1", batch},
      {"batches", "the samples' first words in batch 0, 1, 2, …", first([](uint64_t i) {
         return StreamAddress{kSeed, kCell, 0, i};
       })},
      {"chunks", "the samples' first words in chunk 0, 1, 2, …", first([](uint64_t i) {
         return StreamAddress{kSeed, kCell, low(i), 0};
       })},
      {"seeds", "the samples' first words under seed 0, 1, 2, …", first([](uint64_t i) {
         return StreamAddress{i, kCell, 0, 0};
       })},
      {"cells", "the samples' first words under cell id 0, 1, 2, …", first([](uint64_t i) {
         return StreamAddress{kSeed, i, 0, 0};
       })},
      {"lockstep", "word t of all samples of 256 neighbouring chunks, then word t + 1", lockstep},
      {"bit0", "bit 0 of a sample's words, 32 to a word: the stream of one bit-plane sample",
       [](const Words& words, uint64_t index) { return one_bit(words, index, 0); }},
      {"bit31", "bit 31 of a sample's words, 32 to a word",
       [](const Words& words, uint64_t index) { return one_bit(words, index, 31); }},
  };
  return all;
}
const Interleaving& interleaving(const std::string& name) { return named(interleavings(), name); }

const std::vector<WrongTwin>& wrong_twins() {
  const auto twin = [](auto initial, auto next) {
    return [=](const StreamAddress& address, std::span<std::uint32_t> out) {
      scalar::words(address, out, initial, next);
    };
  };
  static const std::vector<WrongTwin> all = {
      {"unmixed", "the state is the address itself, without Philox",
       twin(
           [](const StreamAddress& a, int i) {
             return scalar::State{low(a.seed) + low(a.cell), a.chunk, low(a.batch),
                                  static_cast<std::uint32_t>(i)};
           },
           scalar::plus_plus)},
      {"shared", "samples 2 k and 2 k + 1 share a stream",
       twin([](const StreamAddress& a, int i) { return scalar::initial_state(a, i / 2 * 2); },
            scalar::plus_plus)},
      {"linear", "xoshiro128+, whose bit 0 is a linear recurrence of order 128",
       twin(scalar::initial_state, scalar::plus)},
      {"congruential", "a linear congruential generator mod 2^32, whose low bits have short periods",
       twin(scalar::initial_state, [](scalar::State& s) { return s[0] = 1664525 * s[0] + 1013904223; })},
  };
  return all;
}
const WrongTwin& wrong_twin(const std::string& name) { return named(wrong_twins(), name); }

}  // namespace leafcast::streams
