// Look-ups and whole-number draws on lanes: what samplers of grammars do instead of arithmetic.
#if defined(LEAFCAST_LANES_TABLES_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_TABLES_H_
#undef LEAFCAST_LANES_TABLES_H_
#else
#define LEAFCAST_LANES_TABLES_H_
#endif

#include "engine/kernels/lanes/stream.h"
#include "engine/kernels/tables/grammar_tables.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// u · factor as whole number and fraction: ⌊u factor / 2^32⌋ and u factor mod 2^32.
struct Product {
  U32 whole, fraction;
};

#if HWY_TARGET == HWY_SCALAR

/// table[index] by lane.
HWY_INLINE I32 gather(const std::int32_t* table, I32 index) {
  for (int lane = 0; lane < kLanes; ++lane) index.set(lane, table[index[lane]]);
  return index;
}
HWY_INLINE Product multiply(U32 u, std::uint32_t factor) {
  Product product;
  for (int lane = 0; lane < kLanes; ++lane) {
    const std::uint64_t exact = std::uint64_t{u[lane]} * factor;
    product.whole.set(lane, static_cast<std::uint32_t>(exact >> 32));
    product.fraction.set(lane, static_cast<std::uint32_t>(exact));
  }
  return product;
}
HWY_INLINE bool any(I32 mask) {
  std::int32_t some = 0;
  for (int lane = 0; lane < kLanes; ++lane) some |= mask[lane];
  return some != 0;
}

#else

namespace hn = hwy::HWY_NAMESPACE;

template <class D, class Vector>
HWY_INLINE hn::Vec<D> to_highway(D d, const Vector& part) {
  return hn::LoadU(d, reinterpret_cast<const hn::TFromD<D>*>(&part));
}
template <class Vector, class D, class V>
HWY_INLINE Vector from_highway(D d, V v) {
  Vector part;
  hn::StoreU(v, d, reinterpret_cast<hn::TFromD<D>*>(&part));
  return part;
}

/// table[index] by lane.
HWY_INLINE I32 gather(const std::int32_t* table, I32 index) {
  const hn::CappedTag<std::int32_t, I32::kPartLanes> d;
  LEAFCAST_FOR_PARTS(kParts, index.part[p] = from_highway<I32::Vector>(
                                 d, hn::GatherIndex(d, table, to_highway(d, index.part[p]))));
  return index;
}
HWY_INLINE Product multiply(U32 u, std::uint32_t factor) {
  const hn::CappedTag<std::uint32_t, U32::kPartLanes> d;
  const hn::RepartitionToWide<decltype(d)> wide;
  const auto f = hn::Set(d, factor);
  const auto high = hn::Set(wide, 0xffffffff00000000);
  Product product;
  LEAFCAST_FOR_PARTS(kParts, {
    const auto words = to_highway(d, u.part[p]);
    const auto even = hn::MulEven(words, f);
    const auto odd = hn::MulEven(hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(wide, words))), f);
    product.whole.part[p] =
        from_highway<U32::Vector>(wide, hn::Or(hn::ShiftRight<32>(even), hn::And(odd, high)));
    product.fraction.part[p] =
        from_highway<U32::Vector>(wide, hn::Or(hn::AndNot(high, even), hn::ShiftLeft<32>(odd)));
  });
  return product;
}
/// Whether some lane of a comparison's mask is set.
HWY_INLINE bool any(I32 mask) {
  const hn::CappedTag<std::int32_t, I32::kPartLanes> d;
  return !hn::AllTrue(d, hn::Eq(to_highway(d, mask.part[0] | mask.part[1]), hn::Zero(d)));
}

#endif

HWY_INLINE U32 gather(const std::uint32_t* table, I32 index) {
  return as<U32>(gather(reinterpret_cast<const std::int32_t*>(table), index));
}

/// The same, by shifts if the factor is a power of two.
HWY_INLINE Product scale(U32 u, std::uint32_t factor) {
  if (!std::has_single_bit(factor)) return multiply(u, factor);
  const auto bits = static_cast<std::uint32_t>(std::countr_zero(factor));
  return {bits == 0 ? U32{} : u >> (32 - bits), u << bits};
}

/// A row of a table of laws, drawn: an index into RuleDraw::tuples.
HWY_INLINE I32 draw_row(const RuleDraw& draw, I32 parent, U32 u) {
  const I32 first = parent * static_cast<std::int32_t>(draw.columns);
  const Product product = scale(u, draw.columns);
  const I32 row = first + as<I32>(product.whole);
  if (!draw.aliased) return row;
  const U32 choice = gather(draw.choice.data(), row);
  const std::uint32_t mask = alias_mask(draw.columns);
  return choose(as<I32>(product.fraction < (choice & ~mask)), row, first + as<I32>(choice & mask));
}

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
