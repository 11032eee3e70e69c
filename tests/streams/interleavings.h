#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/streams/stream_address.h"

namespace leafcast::streams {

/// What a batch's streams give, in the layout of stream_words(): the real one, or a wrong twin.
using Words = std::function<void(const StreamAddress&, std::span<std::uint32_t>)>;

/// A way to lay many streams end to end, so that a test of one sequence sees what samples side by side see.
struct Interleaving {
  std::string name, order;
  /// The block of given index: 2^19 words or more; blocks of different indices have different addresses.
  std::function<std::vector<std::uint32_t>(const Words&, std::uint64_t index)> block;
};
const std::vector<Interleaving>& interleavings();
/// Throws std::invalid_argument for a name that is none of them.
const Interleaving& interleaving(const std::string& name);

/// Generators with a known fault.
struct WrongTwin {
  std::string name, fault;
  Words words;
};
const std::vector<WrongTwin>& wrong_twins();
const WrongTwin& wrong_twin(const std::string& name);

}  // namespace leafcast::streams
