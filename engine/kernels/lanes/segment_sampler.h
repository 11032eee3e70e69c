// Reasoning with segment encoding (GKMSS Theorem 3.4): the memory holds the symbols of completed sibling
// subtrees at each of the lowest m levels; the next symbol is drawn by belief propagation given those.
#if defined(LEAFCAST_LANES_SEGMENT_SAMPLER_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_SEGMENT_SAMPLER_H_
#undef LEAFCAST_LANES_SEGMENT_SAMPLER_H_
#else
#define LEAFCAST_LANES_SEGMENT_SAMPLER_H_
#endif

#include "engine/kernels/lanes/ancestor_sampler.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// left(j) = Π K(·, s) over the completed children s of the level-j node; cavity(j) ∝ prior from above ⊙
/// left(j) is the law of that node's symbol given the memory. When a node completes, its symbol is drawn from
/// its cavity and its children are forgotten. At a block's end (m < h) only the d children's symbols of the
/// block's root are left: the root is redrawn from ν ⊙ left(m), and the next block's root from the law across
/// the boundary.
template <class C>
class SegmentSampler {
 public:
  explicit SegmentSampler(const SamplerTables& tables)
      : channel_(tables),
        boundary_(tables),
        m_(tables.block_height),
        whole_tree_(tables.block_height == tables.height),
        d_(tables.d),
        upward_(channel_, tables, m_),
        above_(static_cast<std::size_t>(m_ + 1) * tables.q),
        cavity_(static_cast<std::size_t>(m_ + 1) * tables.q),
        law_(tables.q),
        completed_(static_cast<std::size_t>(m_) + 1) {}

  HWY_INLINE I32 next(const LeafOdometer& odometer, int carry, LaneStream& stream) {
    if (odometer.leaf() == 0)
      begin(stream);
    else
      forget(carry, stream);
    peak_symbols_ = std::max(peak_symbols_, symbols_);
    for (int j = carry >= m_ ? m_ : carry + 1; j >= 1; --j) refresh(j);
    channel_.push(cavity(1), law_.data());
    const I32 x = draw_weighted(law_.data(), channel_.q(), stream.uniform(), least_weight_);
    upward_.leaf(x);
    ++symbols_;
    return x;
  }

  /// Symbol that was drawn for the last completed node of height j < m; those of heights 1 … carry are new.
  static constexpr bool kKnowsAncestors = false;
  HWY_INLINE I32 node(int j) const { return completed_[j]; }

  /// Peak number of symbols that were carried from one step to the next.
  int memory_symbols() const { return peak_symbols_; }
  /// The least sum of weights that a symbol was drawn from: 0 if a window was impossible.
  F32 least_weight() const { return least_weight_; }

 private:
  HWY_INLINE F32* above(int j) { return above_.data() + static_cast<std::size_t>(j) * channel_.q(); }
  HWY_INLINE F32* cavity(int j) { return cavity_.data() + static_cast<std::size_t>(j) * channel_.q(); }

  HWY_INLINE void begin(LaneStream& stream) {
    upward_.reset();
    symbols_ = 0;
    if (whole_tree_)
      for (int c = 0; c < channel_.q(); ++c) above(m_)[c] = splat(channel_.stationary(c));
    else
      know_root(channel_.draw_root(stream.uniform()));
  }

  HWY_INLINE void know_root(I32 root) {
    symbols_ = 1;
    for (int c = 0; c < channel_.q(); ++c) above(m_)[c] = select(root == c, splat(1.0f), splat(0.0f));
  }

  /// The nodes of heights 1…carry have completed: draw each one's symbol, forget its children.
  HWY_INLINE void forget(int carry, LaneStream& stream) {
    for (int j = 1; j <= carry && j < m_; ++j) {
      weigh(above(j), j);
      const I32 symbol = draw_weighted(law_.data(), channel_.q(), stream.uniform(), least_weight_);
      upward_.clear(j);
      upward_.known_child(j + 1, symbol);
      completed_[j] = symbol;
      symbols_ -= d_ - 1;
    }
    if (carry < m_) return;
    for (int c = 0; c < channel_.q(); ++c) law_[c] = channel_.stationary(c) * upward_.left(m_)[c];
    const I32 last_root = draw_weighted(law_.data(), channel_.q(), stream.uniform(), least_weight_);
    upward_.clear(m_);
    know_root(boundary_.draw(last_root, carry, stream.uniform()));
  }

  HWY_INLINE void weigh(const F32* prior, int j) {
    for (int c = 0; c < channel_.q(); ++c) law_[c] = prior[c] * upward_.left(j)[c];
  }

  HWY_INLINE void refresh(int j) {
    weigh(above(j), j);
    for (int c = 0; c < channel_.q(); ++c) cavity(j)[c] = law_[c];
    rescale(cavity(j), channel_.q());
    if (j > 1) channel_.push(cavity(j), above(j - 1));
  }

  C channel_;
  BoundaryLaw<C> boundary_;
  int m_;
  bool whole_tree_;
  int d_;
  UpwardPass<C> upward_;
  LaneArray<F32> above_, cavity_, law_;
  LaneArray<I32> completed_;  // [height]
  F32 least_weight_ = splat(1);
  int symbols_ = 0, peak_symbols_ = 0;
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
