#pragma once
#include <cstdint>

namespace leafcast {

/// Samples of a batch on lanes: batches of other sampler families are given by batch_samples
/// (sampler_family.h).
inline constexpr int kBatchSamples = 32;

/// What a batch's random numbers are for, so that different samplers never share a stream.
enum class StreamPurpose : std::uint64_t {
  lanes = 0,
  planes = 1,
  counts = 2,
  splitting = 3,
  language = 4,   ///< sentences of the language that another writer's law is asked about
  structure = 5,  ///< marks, shared by a batch
  grammar = 6,    ///< the rules of a random grammar
  training = 7,   ///< sentences that a learner learns from
  test = 8        ///< and those that it is judged by
};

/// Where a batch's random numbers begin: the key (seed, cell id) and the counter (chunk, batch, state word,
/// purpose) of a Philox4x64-10, whose output is the initial state of the batch's generators. The same address
/// gives the same numbers on any rank, lane or day, and no two addresses share a counter.
struct StreamAddress {
  std::uint64_t seed, cell;
  std::uint32_t chunk;
  std::uint64_t batch;
  StreamPurpose purpose = StreamPurpose::lanes;
};

}  // namespace leafcast
