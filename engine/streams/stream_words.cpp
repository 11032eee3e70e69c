#include "engine/streams/stream_words.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/streams/stream_words.cpp"
#include "engine/contract.h"
#include "hwy/foreach_target.h"
// After foreach_target.h, so that it is compiled for every instruction set.
#include "engine/kernels/lanes/stream.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

using Words = Pack<std::uint32_t, 4 * kStreamSamples / kVectorBytes>;

void words(const StreamAddress& address, std::span<std::uint32_t> out) {
  Stream<Words> stream(address, 0);
  for (std::size_t at = 0; at < out.size(); at += kStreamSamples) {
    const Words step = stream.bits();
    std::memcpy(&out[at], &step, sizeof step);
  }
}

void uniforms(const StreamAddress& address, std::span<float> out) {
  constexpr std::size_t together = std::min(kLanes, kStreamSamples);
  for (std::size_t first = 0; first < kStreamSamples; first += together) {
    LaneStream stream(address, static_cast<int>(first));
    for (std::size_t at = first; at < out.size(); at += kStreamSamples) {
      const F32 step = stream.uniform();
      std::memcpy(&out[at], &step, together * sizeof(float));
    }
  }
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
  LEAFCAST_EXPECT(words % kStreamSamples == 0, "part of a step of words",
                  "a batch's words come 16 at a time, one for each of its first samples",
                  "ask for a multiple of 16");
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
