// Lane vectors: samples side by side, one a lane, in one or more of the instruction set's vectors. Compiled
// once for each instruction set (Highway's foreach_target); the arithmetic is GCC/Clang vector extensions, so
// a formula reads as on scalars and means the same everywhere. A sample's numbers do not depend on how many
// ride together.
#if defined(LEAFCAST_LANES_VECTORS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_VECTORS_H_
#undef LEAFCAST_LANES_VECTORS_H_
#else
#define LEAFCAST_LANES_VECTORS_H_
#endif

#include <boost/align/aligned_allocator.hpp>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "engine/streams/stream_address.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

inline constexpr int kVectorBytes = HWY_MAX_BYTES >= 64 ? 64 : HWY_MAX_BYTES >= 32 ? 32 : 16;
/// Vectors that ride together: their chains of dependent operations overlap.
inline constexpr int kParts = 2;
inline constexpr int kLanes = kParts * kVectorBytes / 4;
static_assert(kBatchSamples % kLanes == 0);

// For p = 0 … Parts − 1, written out: a loop's index would keep the parts in memory.
#define LEAFCAST_FOR_PARTS(Parts, ...)           \
  do {                                           \
    static_assert((Parts) <= 4 && (Parts) != 3); \
    {                                            \
      constexpr int p = 0;                       \
      __VA_ARGS__;                               \
    }                                            \
    if constexpr ((Parts) > 1) {                 \
      constexpr int p = 1;                       \
      __VA_ARGS__;                               \
    }                                            \
    if constexpr ((Parts) > 2) {                 \
      {                                          \
        constexpr int p = 2;                     \
        __VA_ARGS__;                             \
      }                                          \
      constexpr int p = 3;                       \
      __VA_ARGS__;                               \
    }                                            \
  } while (false)

/// `Parts` native vectors of T. Comparisons give masks: all ones or all zeros a lane.
// The alignment is explicit: by itself it would depend on the instruction set that a translation unit starts
// with, and class layouts must not.
template <class T, int Parts>
struct alignas(kVectorBytes) Pack {
  typedef T Vector __attribute__((vector_size(kVectorBytes)));
  static constexpr int kPartLanes = kVectorBytes / static_cast<int>(sizeof(T));
  static constexpr int kPackLanes = Parts * kPartLanes;
  static constexpr int kPackParts = Parts;
  Vector part[Parts];

  HWY_INLINE T operator[](int lane) const {
    T value;
    std::memcpy(&value, reinterpret_cast<const char*>(part) + static_cast<std::size_t>(lane) * sizeof(T),
                sizeof(T));
    return value;
  }
  HWY_INLINE void set(int lane, T value) {
    std::memcpy(reinterpret_cast<char*>(part) + static_cast<std::size_t>(lane) * sizeof(T), &value,
                sizeof(T));
  }
  static HWY_INLINE Pack all(T value) {
    Pack pack;
    LEAFCAST_FOR_PARTS(Parts, pack.part[p] = value - Vector{});
    return pack;
  }
};

template <class T, int Parts>
using Mask = Pack<std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>, Parts>;

#define LEAFCAST_BINARY(Result, op)                                                      \
  template <class T, int Parts>                                                          \
  HWY_INLINE Result<T, Parts> operator op(Pack<T, Parts> a, Pack<T, Parts> b) {          \
    Result<T, Parts> r;                                                                  \
    LEAFCAST_FOR_PARTS(Parts, r.part[p] = a.part[p] op b.part[p]);                       \
    return r;                                                                            \
  }                                                                                      \
  template <class T, int Parts>                                                          \
  HWY_INLINE Result<T, Parts> operator op(Pack<T, Parts> a, std::type_identity_t<T> b) { \
    Result<T, Parts> r;                                                                  \
    LEAFCAST_FOR_PARTS(Parts, r.part[p] = a.part[p] op b);                               \
    return r;                                                                            \
  }                                                                                      \
  template <class T, int Parts>                                                          \
  HWY_INLINE Result<T, Parts> operator op(std::type_identity_t<T> a, Pack<T, Parts> b) { \
    Result<T, Parts> r;                                                                  \
    LEAFCAST_FOR_PARTS(Parts, r.part[p] = a op b.part[p]);                               \
    return r;                                                                            \
  }
#define LEAFCAST_ARITHMETIC(op)                                       \
  LEAFCAST_BINARY(Pack, op)                                           \
  template <class T, int Parts, class B>                              \
  HWY_INLINE Pack<T, Parts>& operator op##=(Pack<T, Parts>& a, B b) { \
    return a = a op b;                                                \
  }
LEAFCAST_ARITHMETIC(+)
LEAFCAST_ARITHMETIC(-)
LEAFCAST_ARITHMETIC(*)
LEAFCAST_ARITHMETIC(/)
LEAFCAST_ARITHMETIC(&)
LEAFCAST_ARITHMETIC(|)
LEAFCAST_ARITHMETIC(^)
LEAFCAST_ARITHMETIC(<<)
LEAFCAST_ARITHMETIC(>>)
LEAFCAST_BINARY(Mask, <)
LEAFCAST_BINARY(Mask, >)
LEAFCAST_BINARY(Mask, >=)
LEAFCAST_BINARY(Mask, ==)
#undef LEAFCAST_ARITHMETIC
#undef LEAFCAST_BINARY

template <class T, int Parts>
HWY_INLINE Pack<T, Parts> operator~(Pack<T, Parts> a) {
  LEAFCAST_FOR_PARTS(Parts, a.part[p] = ~a.part[p]);
  return a;
}

/// The same bits as lanes of another type.
template <class To, class From>
HWY_INLINE To as(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  LEAFCAST_FOR_PARTS(To::kPackParts, to.part[p] = reinterpret_cast<typename To::Vector>(from.part[p]));
  return to;
}

/// The same numbers as lanes of another type.
template <class To, class From>
HWY_INLINE To convert(From from) {
  To to;
  if constexpr (sizeof(To) == sizeof(From))
    LEAFCAST_FOR_PARTS(To::kPackParts,
                       to.part[p] = __builtin_convertvector(from.part[p], typename To::Vector));
  else
    for (int lane = 0; lane < To::kPackLanes; ++lane)
      to.set(lane, static_cast<std::decay_t<decltype(to[0])>>(from[lane]));
  return to;
}

/// mask ? a : b, bit by bit.
template <class V, class M>
HWY_INLINE V select(M mask, V a, V b) {
  return as<V>((mask & as<M>(a)) | (~mask & as<M>(b)));
}
/// The same of a comparison's mask, lane by lane.
template <class V, class M>
HWY_INLINE V choose(M mask, V a, V b) {
  LEAFCAST_FOR_PARTS(V::kPackParts, a.part[p] = mask.part[p] ? a.part[p] : b.part[p]);
  return a;
}

using F32 = Pack<float, kParts>;
using I32 = Pack<std::int32_t, kParts>;
using U32 = Pack<std::uint32_t, kParts>;
using U64 = Pack<std::uint64_t, 2 * kParts>;

HWY_INLINE F32 splat(float x) { return F32::all(x); }
HWY_INLINE F32 smaller(F32 a, F32 b) { return choose(a < b, a, b); }
/// 2^−⌊log2 x⌋ for 0 ≤ x < 2^127 (2^127 below the normal range): multiplying by it never rounds.
HWY_INLINE F32 power_of_two_scale(F32 x) { return as<F32>(0x7f000000 - (as<I32>(x) & 0x7f800000)); }

/// Symbols of all lanes, those of all parts side by side: part p has bits 8p … 8p + 7 of each word.
struct PackedSymbols {
  U32::Vector word;
};
static_assert(kParts <= 4);
HWY_INLINE I32 widen(const PackedSymbols& x) {
  I32 wide;
  LEAFCAST_FOR_PARTS(kParts, wide.part[p] = reinterpret_cast<I32::Vector>((x.word >> (8 * p)) & 0xff));
  return wide;
}
HWY_INLINE PackedSymbols narrow(I32 x) {
  U32::Vector word = reinterpret_cast<U32::Vector>(x.part[0]);
  for (int p = 1; p < kParts; ++p) word |= reinterpret_cast<U32::Vector>(x.part[p]) << (8 * p);
  return {word};
}

/// All ones in the bytes that equal the given one.
HWY_INLINE U32 bytes_equal(U32 words, std::uint8_t byte) {
  typedef std::uint8_t Bytes __attribute__((vector_size(kVectorBytes)));
  LEAFCAST_FOR_PARTS(
      kParts, words.part[p] = reinterpret_cast<U32::Vector>(reinterpret_cast<Bytes>(words.part[p]) == byte));
  return words;
}

/// Arrays of lane vectors, aligned for every instruction set.
template <class V>
using LaneArray = std::vector<V, boost::alignment::aligned_allocator<V, 64>>;

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
