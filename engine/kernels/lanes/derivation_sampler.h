// Writers of a grammar that keep the derivation of the current leaf: the language itself, block, and
// reasoning with the stack of pending symbols.
#if defined(LEAFCAST_LANES_DERIVATION_SAMPLER_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_DERIVATION_SAMPLER_H_
#undef LEAFCAST_LANES_DERIVATION_SAMPLER_H_
#else
#define LEAFCAST_LANES_DERIVATION_SAMPLER_H_
#endif

#include "engine/kernels/lanes/observers.h"
#include "engine/kernels/lanes/tables.h"
#include "engine/language/tree.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// The leftmost derivation: when a node is reached, its descendants at the next level that is drawn
/// (Expansion) are kept until the last of them has been expanded. Block by block where the writer's memory
/// ends at height w: a block's leaves tell its root, so it makes no difference whether the writer remembers
/// the one or the others. Leaves come as many at once as the lowest draw writes, or one by one. (w = 0: only
/// one by one.)
class DerivationSampler {
 public:
  explicit DerivationSampler(const GrammarTables& tables)
      : tables_(&tables), d_(tables.d), w_(tables.block_height), words_((tables.d + 3) / 4) {
    for (const Expansion& e : tables.expansions) {
      expansion_above_.resize(static_cast<std::size_t>(e.from), open_.size());
      open_.push_back({.of = &e});
    }
    tuple_.resize(open_.size() * static_cast<std::size_t>(words_));
    if (!open_.empty()) low_ = open_[0].of->from;
    leaves_ = static_cast<int>(tree_power(d_, low_));
  }

  /// 0: there are no bursts.
  int burst_height() const { return low_; }
  /// Draws the leaves of a node of that height, reached by the given carry (the tree's height before the
  /// first leaf). Odometer: of the nodes of height `unit`.
  HWY_INLINE Burst next_burst(const LeafOdometer& odometer, int unit, int carry, LaneStream& stream) {
    draw_leaves(odometer, unit, carry, stream);
    return {&word(0, 0), leaves_, low_};
  }

  /// The same for the leaf odometer.leaf().
  HWY_INLINE I32 next(const LeafOdometer& odometer, int carry, LaneStream& stream) {
    if (low_ == 0) {
      begin_block(carry, stream);
      return root_;
    }
    if (carry < low_)
      ++open_[0].place;
    else
      draw_leaves(odometer, 0, carry, stream);
    return child(0, open_[0].place);
  }
  static constexpr bool kKnowsAncestors = true;
  /// The current leaf's ancestor of height j ≤ w, if leaves are drawn one by one.
  I32 node(int j) const {
    const Open& below = open_[expansion_above_[static_cast<std::size_t>(j - 1)]];
    if (j == below.of->from) return below.symbol;
    const RuleDraw& draw = below.of->draw;
    const U32 between = gather(draw.tuples.data() + draw.tuples.size() / 2, below.row);
    return as<I32>((between >> static_cast<std::uint32_t>(8 * (below.place / d_))) & 255u);
  }
  F32 least_weight() const { return splat(1); }

 private:
  /// An expansion that is being followed.
  struct Open {
    const Expansion* of;
    int place = 0;    // of the current descendant
    I32 symbol = {};  // of the node
    I32 row = {};     // that was drawn
  };

  HWY_INLINE void draw_leaves(const LeafOdometer& odometer, int unit, int carry, LaneStream& stream) {
    std::size_t next = open_.size();  // the expansions from here on are known
    if (carry >= w_) {
      begin_block(carry, stream);
    } else {
      next = expansion_above_[static_cast<std::size_t>(carry)];
      Open& above = open_[next];
      above.place = odometer.digit(above.of->to + 1 - unit);
      if (above.of->from - above.of->to == 2) above.place += d_ * odometer.digit(above.of->to + 2 - unit);
    }
    I32 symbol = next == open_.size() ? root_ : child(next, open_[next].place);
    while (next-- > 0) {
      const RuleDraw& draw = open_[next].of->draw;
      const I32 row = draw_row(draw, symbol, stream.bits());
      open_[next] = {open_[next].of, 0, symbol, row};
      word(next, 0) = gather(draw.tuples.data(), row);
      if (words_ > 1) gather_further_words(next);
      symbol = child(next, 0);
    }
  }
  void begin_block(int carry, LaneStream& stream) {
    if (carry == tables_->height) {
      block_ = 0;
      root_ = draw_symbol(tables_->first_root, I32{}, stream.bits());
      return;
    }
    const std::size_t law = tables_->across.size() == 1 ? 0 : block_;
    ++block_;
    root_ = draw_symbol(tables_->across[law], root_, stream.bits());
  }
  static HWY_INLINE I32 draw_symbol(const RuleDraw& draw, I32 from, U32 u) {
    return as<I32>(gather(draw.tuples.data(), draw_row(draw, from, u)));
  }
  HWY_NOINLINE void gather_further_words(std::size_t k) {
    const RuleDraw& draw = open_[k].of->draw;
    const std::size_t stride = draw.tuples.size() / static_cast<std::size_t>(draw.words);
    for (int w = 1; w < words_; ++w)
      word(k, w) = gather(draw.tuples.data() + static_cast<std::size_t>(w) * stride, open_[k].row);
  }
  HWY_INLINE I32 child(std::size_t k, int place) const {
    return as<I32>((tuple_[k * static_cast<std::size_t>(words_) + static_cast<std::size_t>(place / 4)] >>
                    static_cast<std::uint32_t>(8 * (place % 4))) &
                   255u);
  }
  HWY_INLINE U32& word(std::size_t k, int w) {
    return tuple_[k * static_cast<std::size_t>(words_) + static_cast<std::size_t>(w)];
  }

  const GrammarTables* tables_;
  int d_, w_, words_;
  int low_ = 0, leaves_ = 1;  // of a burst: the node's height, and how many
  std::vector<std::size_t>
      expansion_above_;   // [height]: the one that draws nodes of that height, or passes it
  LaneArray<Open> open_;  // [expansion], the lowest first
  LaneArray<U32> tuple_;  // [expansion][word]: the descendants
  I32 root_ = {};         // of the block
  std::size_t block_ = 0;
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
