// Lane vectors: 16 samples side by side, one a lane. Compiled once for each instruction set (Highway's
// foreach_target); the arithmetic is GCC/Clang vector extensions, so a formula reads as on scalars and means
// the same everywhere.
#if defined(LEAFCAST_LANES_VECTORS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_VECTORS_H_
#undef LEAFCAST_LANES_VECTORS_H_
#else
#define LEAFCAST_LANES_VECTORS_H_
#endif

#include <boost/align/aligned_allocator.hpp>
#include <cstdint>
#include <vector>

#include "engine/plan.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

inline constexpr int kLanes = kBatchSamples;

typedef float F32 __attribute__((vector_size(4 * kBatchSamples), aligned(64)));
// The alignment is explicit: by itself it would depend on the instruction set that a translation unit starts
// with, and class layouts must not.
typedef std::uint8_t U8 __attribute__((vector_size(kBatchSamples)));
typedef std::int32_t I32 __attribute__((vector_size(4 * kBatchSamples), aligned(64)));
typedef std::uint32_t U32 __attribute__((vector_size(4 * kBatchSamples), aligned(64)));
typedef std::int64_t I64 __attribute__((vector_size(8 * kBatchSamples), aligned(64)));
typedef std::uint64_t U64 __attribute__((vector_size(8 * kBatchSamples), aligned(64)));

/// The unsigned lane vector of a word type (a template argument would lose the alignment).
template <class Word>
struct WordLanes;
template <>
struct WordLanes<std::uint32_t> {
  typedef U32 Vector;
};
template <>
struct WordLanes<std::uint64_t> {
  typedef U64 Vector;
};

/// mask ? a : b, lane by lane; the mask is all ones or all zeros (what a comparison gives).
template <class V, class Mask>
HWY_INLINE V select(Mask mask, V a, V b) {
  static_assert(sizeof(V) == sizeof(Mask));
  return reinterpret_cast<V>((mask & reinterpret_cast<Mask>(a)) | (~mask & reinterpret_cast<Mask>(b)));
}

HWY_INLINE F32 splat(float x) { return x - F32{}; }
HWY_INLINE F32 smaller(F32 a, F32 b) { return select(a < b, a, b); }
HWY_INLINE I64 widen(I32 x) { return __builtin_convertvector(x, I64); }
HWY_INLINE I32 widen(U8 x) { return __builtin_convertvector(x, I32); }
HWY_INLINE U8 narrow(I32 x) { return __builtin_convertvector(x, U8); }

/// Arrays of lane vectors, aligned for every instruction set.
template <class V>
using LaneArray = std::vector<V, boost::alignment::aligned_allocator<V, 64>>;

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
