// The law of the next leaf given all leaves before it: belief propagation down the path to it.
#if defined(LEAFCAST_LANES_LANGUAGE_LAW_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_LANGUAGE_LAW_H_
#undef LEAFCAST_LANES_LANGUAGE_LAW_H_
#else
#define LEAFCAST_LANES_LANGUAGE_LAW_H_
#endif

#include "engine/kernels/lanes/upward_pass.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// cavity(j) ∝ above(j) ⊙ left(j) is the law of the symbol of leaf i's ancestor of height j given the leaves
/// before i: above(h) = ν, above(j) = K^T cavity(j + 1), left(j) = Π K μ over its complete children. Only
/// what lies below the carry changes: d/(d − 1) levels a leaf on average. A sentence that the language cannot
/// write has laws of zeros from its first impossible leaf on. Memory: O(q h) lanes.
template <class C>
class LanguageLaw {
 public:
  explicit LanguageLaw(const SamplerTables& tables)
      : channel_(tables),
        height_(tables.height),
        upward_(channel_, tables, tables.height),
        above_(static_cast<std::size_t>(height_ + 1) * tables.q),
        cavity_(above_.size()) {}

  /// The law of the next leaf, reached by the given carry (the height of the tree before the first leaf), up
  /// to a factor.
  HWY_INLINE Message<C::kQ> prepare(int carry) {
    if (carry == height_) {
      upward_.reset();
      for (int c = 0; c < channel_.q(); ++c) above(height_)[c] = splat(channel_.stationary(c));
    } else {
      for (int j = 1; j <= carry; ++j) upward_.complete(j);
    }
    for (int j = std::min(carry + 1, height_); j >= 1; --j) {
      for (int c = 0; c < channel_.q(); ++c) cavity(j)[c] = above(j)[c] * upward_.left(j)[c];
      rescale(cavity(j), channel_.q());
      if (j > 1) channel_.push(cavity(j), above(j - 1));
    }
    Message<C::kQ> law;
    channel_.push(cavity(1), law);
    return law;
  }
  HWY_INLINE void absorb(I32 x) { upward_.leaf(x); }

 private:
  HWY_INLINE F32* above(int j) { return above_.data() + static_cast<std::size_t>(j) * channel_.q(); }
  HWY_INLINE F32* cavity(int j) { return cavity_.data() + static_cast<std::size_t>(j) * channel_.q(); }

  C channel_;
  int height_;
  UpwardPass<C> upward_;
  LaneArray<F32> above_, cavity_;  // [height][symbol]
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
