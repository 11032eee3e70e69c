#pragma once
#include <boost/serialization/array.hpp>
#include <boost/serialization/split_free.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <string>
#include <utility>
#include <vector>

#include "engine/observe/tally.h"
#include "engine/plan/chunk.h"

namespace leafcast::workers {

/// What the master tells a worker.
struct Order {
  enum class Action { grant, stop };
  Action action = Action::stop;
  std::vector<Chunk> chunks;  ///< grant: to be done in this order, after those granted before
  double grace = 0;           ///< stop: seconds that the chunk in work may still take
  /// grant: by chunk, the samples that it draws; and the parameters (to_line) of its cell, wherever that is another one
  /// than the cell of the chunk granted before.
  std::vector<std::uint64_t> samples{};
  std::vector<std::string> cells{};
};

/// A chunk that is done.
struct Result {
  Chunk chunk{};
  Tally tally;
  std::uint64_t rows_hash = 0;           ///< of the sequences that were written (ChunkHash)
  double seconds = 0, core_seconds = 0;  ///< what it took, by the clock and of the processor
};

/// What a worker tells the master.
struct News {
  enum class Action {
    result,     ///< chunks are done: short ones are told of together
    alive,      ///< still at work on a long chunk
    signalled,  ///< this rank has been told to stop; the master decides for all
    failed,     ///< this rank cannot go on
    farewell    ///< the last message, after a stop
  };
  Action action = Action::farewell;
  std::vector<Result> results{};  ///< result
  double grace = 0;               ///< signalled: seconds that the sender of the signal may allow
  int exit_code = 0;              ///< failed
  std::string text{};             ///< failed
};

}  // namespace leafcast::workers

namespace boost::serialization {

template <class Archive>
void serialize(Archive& archive, leafcast::Chunk& chunk, unsigned) {
  archive& chunk.cell& chunk.index;
}
/// The histogram as two arrays, which are packed at once; the receiver knows the layout of the words.
template <class Archive>
void save(Archive& archive, const leafcast::Tally& tally, unsigned) {
  std::vector<std::int32_t> bins;
  std::vector<std::uint64_t> samples;
  bins.reserve(tally.histogram.size());
  samples.reserve(tally.histogram.size());
  for (const auto& [bin, count] : tally.histogram) bins.push_back(bin), samples.push_back(count);
  archive << tally.samples << tally.words() << bins << samples;
}
template <class Archive>
void load(Archive& archive, leafcast::Tally& tally, unsigned) {
  std::vector<std::int32_t> bins;
  std::vector<std::uint64_t> samples;
  archive >> tally.samples >> tally.words() >> bins >> samples;
  leafcast::Histogram::sequence_type entries;
  entries.reserve(bins.size());
  for (std::size_t i = 0; i < bins.size(); ++i) entries.emplace_back(bins[i], samples[i]);
  tally.histogram.adopt_sequence(boost::container::ordered_unique_range, std::move(entries));
}
template <class Archive>
void serialize(Archive& archive, leafcast::Tally& tally, unsigned version) {
  split_free(archive, tally, version);
}
template <class Archive>
void serialize(Archive& archive, leafcast::workers::Order& order, unsigned) {
  archive& order.action& order.chunks& order.grace& order.samples& order.cells;
}
template <class Archive>
void serialize(Archive& archive, leafcast::workers::Result& result, unsigned) {
  archive& result.chunk& result.tally& result.rows_hash& result.seconds& result.core_seconds;
}
template <class Archive>
void serialize(Archive& archive, leafcast::workers::News& news, unsigned) {
  archive& news.action& news.results& news.grace& news.exit_code& news.text;
}

}  // namespace boost::serialization
