#pragma once
#include <boost/serialization/array.hpp>
#include <boost/serialization/map.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <string>
#include <vector>

#include "engine/plan.h"

namespace leafcast::workers {

/// What the master tells a worker.
struct Order {
  enum class Action { grant, stop };
  Action action = Action::stop;
  std::vector<Chunk> chunks;  ///< grant: to be done in this order, after those granted before
};

/// What a worker tells the master.
struct News {
  enum class Action {
    result,     ///< a chunk is done
    signalled,  ///< this rank has been told to stop; the master decides for all
    failed,     ///< this rank cannot go on
    farewell    ///< the last message, after a stop
  };
  Action action = Action::farewell;
  Chunk chunk{};                         ///< result
  Tally tally;                           ///< result
  double seconds = 0, core_seconds = 0;  ///< result: what it took, by the clock and of the processor
  int exit_code = 0;                     ///< failed
  std::string text;                      ///< failed
};

}  // namespace leafcast::workers

namespace boost::serialization {

template <class Archive>
void serialize(Archive& archive, leafcast::Chunk& chunk, unsigned) {
  archive& chunk.cell& chunk.index;
}
template <class Archive>
void serialize(Archive& archive, leafcast::Tally& t, unsigned) {
  archive& t.samples& t.sums& t.valid& t.first_inconsistency& t.frozen_roots& t.free_roots& t.memory_bits& t
      .histogram;
}
template <class Archive>
void serialize(Archive& archive, leafcast::workers::Order& order, unsigned) {
  archive& order.action& order.chunks;
}
template <class Archive>
void serialize(Archive& archive, leafcast::workers::News& news, unsigned) {
  archive& news.action& news.chunk& news.tally& news.seconds& news.core_seconds& news.exit_code& news.text;
}

}  // namespace boost::serialization
