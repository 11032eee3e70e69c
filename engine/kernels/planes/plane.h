// Planes: one bit of each of 512 samples, side by side in one 512-bit word (MATH.md §7). Sample s is bit s
// mod 32 of lane ⌊s/32⌋, on every instruction set.
#if defined(LEAFCAST_PLANES_PLANE_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_PLANES_PLANE_H_
#undef LEAFCAST_PLANES_PLANE_H_
#else
#define LEAFCAST_PLANES_PLANE_H_
#endif

#include <bit>
#include <optional>
#include <utility>

#include "engine/kernels/lanes/stream.h"
#include "engine/kernels/sampler_family.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

using Plane = Pack<std::uint32_t, kPlaneSamples / 8 / kVectorBytes>;
using PlaneStream = Stream<Plane>;

static_assert(Plane::kPackLanes * 32 == kPlaneSamples);

HWY_INLINE Plane no_samples() { return Plane::all(0); }
HWY_INLINE Plane all_samples() { return Plane::all(~0u); }
/// The samples 0 … count − 1.
inline Plane first_samples(int count) {
  Plane plane = no_samples();
  for (int s = 0; s < count; ++s) plane.set(s / 32, plane[s / 32] | 1u << (s % 32));
  return plane;
}
inline bool holds(const Plane& plane, int sample) { return plane[sample / 32] >> (sample % 32) & 1; }

HWY_INLINE bool any(Plane plane) {
  auto sum = plane.part[0];
  if constexpr (Plane::kPackParts > 1) sum |= plane.part[1];
  if constexpr (Plane::kPackParts > 2) sum |= plane.part[2] | plane.part[3];
#if HWY_TARGET == HWY_SCALAR
  typedef std::uint64_t Halves __attribute__((vector_size(kVectorBytes)));
  const auto halves = reinterpret_cast<Halves>(sum);
  return (halves[0] | halves[1]) != 0;
#else
  const hwy::HWY_NAMESPACE::FixedTag<std::uint32_t, kVectorBytes / 4> d;
  hwy::HWY_NAMESPACE::VFromD<decltype(d)> vector;
  static_assert(sizeof(vector) == sizeof(sum));
  std::memcpy(&vector, &sum, sizeof(sum));
  return !hwy::HWY_NAMESPACE::AllTrue(d, hwy::HWY_NAMESPACE::Eq(vector, hwy::HWY_NAMESPACE::Zero(d)));
#endif
}

HWY_INLINE std::uint64_t population(const Plane& plane) {
  std::uint64_t words[kPlaneSamples / 64], count = 0;
  std::memcpy(words, &plane, sizeof(words));
  for (const std::uint64_t word : words) count += static_cast<std::uint64_t>(std::popcount(word));
  return count;
}

/// A full adder on every sample: a + b + c = sum + 2 carry.
struct SumAndCarry {
  Plane sum, carry;
};
HWY_INLINE SumAndCarry full_add(Plane a, Plane b, Plane c) {
  const Plane ab = a ^ b;
  return {ab ^ c, select(ab, c, a)};
}

/// Adds up the populations of many planes, a carry-save adder a plane on average: the t-th plane waits for
/// its neighbour at each level that the binary digits of t name.
class PlaneCounter {
 public:
  HWY_INLINE void add(Plane plane, std::uint32_t t) {
    for (int level = 0; level < kLevels; ++level) {
      if (!(t >> level & 1)) {
        waiting_[level] = plane;
        return;
      }
      const SumAndCarry r = full_add(sum_[level], waiting_[level], plane);
      sum_[level] = r.sum;
      plane = r.carry;
    }
    total_ += population(plane) << kLevels;
  }
  /// The populations of the first t planes; starts anew.
  std::uint64_t take(std::uint32_t t) {
    std::uint64_t count = std::exchange(total_, 0);
    for (int level = 0; level < kLevels; ++level) {
      count += population(sum_[level]) << level;
      if (t >> level & 1) count += population(waiting_[level]) << level;
      sum_[level] = no_samples();
    }
    return count;
  }

 private:
  static constexpr int kLevels = 5;
  Plane sum_[kLevels] = {}, waiting_[kLevels] = {};
  std::uint64_t total_ = 0;
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
