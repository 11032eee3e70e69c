#include "engine/stream_words.h"

#include <cstring>
#include <stdexcept>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/stream_words.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, so that it is compiled for every instruction set.
#include "engine/lanes/stream.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// Fills out with what draw(stream) gives, kLanes samples at a time.
template <class Word, class Draw>
HWY_INLINE void fill(const StreamAddress& address, std::span<Word> out, Draw draw) {
  static_assert(kBatchSamples % kLanes == 0);
  for (int first = 0; first < kBatchSamples; first += kLanes) {
    LaneStream stream(address, first);
    for (std::size_t at = static_cast<std::size_t>(first); at < out.size(); at += kBatchSamples) {
      const auto words = draw(stream);
      std::memcpy(&out[at], &words, sizeof words);
    }
  }
}

void words(const StreamAddress& address, std::span<std::uint32_t> out) {
  fill(address, out, [](LaneStream& stream) HWY_ATTR { return stream.bits(); });
}
void uniforms(const StreamAddress& address, std::span<float> out) {
  fill(address, out, [](LaneStream& stream) HWY_ATTR { return stream.uniform(); });
}

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace leafcast {

HWY_EXPORT(words);
HWY_EXPORT(uniforms);

namespace {
void require_whole_steps(std::size_t words) {
  if (words % kBatchSamples != 0)
    throw std::logic_error("a batch's words come 16 at a time, one for each sample");
}
}  // namespace

void stream_words(const StreamAddress& address, std::span<std::uint32_t> out) {
  require_whole_steps(out.size());
  HWY_DYNAMIC_DISPATCH(words)(address, out);
}
void stream_uniforms(const StreamAddress& address, std::span<float> out) {
  require_whole_steps(out.size());
  HWY_DYNAMIC_DISPATCH(uniforms)(address, out);
}

}  // namespace leafcast
#endif
