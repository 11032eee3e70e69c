// Writers of a grammar that keep the derivation of the current leaf: the language itself, block, and
// reasoning with the stack of pending symbols.
#if defined(LEAFCAST_LANES_DERIVATION_SAMPLER_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_DERIVATION_SAMPLER_H_
#undef LEAFCAST_LANES_DERIVATION_SAMPLER_H_
#else
#define LEAFCAST_LANES_DERIVATION_SAMPLER_H_
#endif

#include "engine/lanes/tables.h"
#include "engine/tree.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// The leftmost derivation, a node at a time: when a node is reached, the tuple of its children is drawn and
/// kept until the last of them has been expanded. Block by block where the writer's memory ends at height w:
/// a block's leaves tell its root, so it makes no difference whether the writer remembers the one or the
/// others.
class DerivationSampler {
 public:
  explicit DerivationSampler(const GrammarTables& tables)
      : tables_(&tables),
        lowest_(tables.lowest ? &*tables.lowest : nullptr),
        w_(tables.block_height),
        words_((tables.d + 3) / 4),
        tuple_(static_cast<std::size_t>(w_ + 1) * static_cast<std::size_t>(words_)),
        node_(static_cast<std::size_t>(w_) + 1) {}

  /// Draws leaf odometer.leaf(), reached by the given carry (the height of the tree before the first leaf).
  HWY_INLINE I32 next(const LeafOdometer& odometer, int carry, LaneStream& stream) {
    if (lowest_ && carry < 2) return leaf_of_four(odometer);
    if (carry >= w_) {
      begin_block(odometer.leaf(), stream);
      carry = w_;
    } else {
      node_[carry] = child(carry + 1, odometer.digit(carry + 1));
    }
    const int bottom = lowest_ ? 2 : 0;
    for (int j = carry; j > bottom; --j) {
      expand(j, stream);
      node_[j - 1] = child(j, 0);
    }
    if (!lowest_) return node_[0];
    row_ = draw_row(lowest_->leaves, node_[2], stream.bits());
    four_ = gather(lowest_->leaves.tuples.data(), row_);
    place_ = 0;
    return as<I32>(four_ & 255u);
  }

  static constexpr bool kKnowsAncestors = true;
  HWY_INLINE I32 node(int j) const {
    if (!lowest_ || j != 1) return node_[j];
    return as<I32>((gather(lowest_->parents.data(), row_) >> (place_ < 2 ? 0u : 8u)) & 255u);
  }
  F32 least_weight() const { return splat(1); }

 private:
  HWY_INLINE I32 leaf_of_four(const LeafOdometer& odometer) {
    place_ = 2 * odometer.digit(2) + odometer.digit(1);
    return as<I32>((four_ >> static_cast<std::uint32_t>(8 * place_)) & 255u);
  }
  void begin_block(std::int64_t leaf, LaneStream& stream) {
    if (leaf == 0) {
      block_ = 0;
      node_[w_] = draw_symbol(tables_->first_root, I32{}, stream.bits());
      return;
    }
    const std::size_t law = tables_->across.size() == 1 ? 0 : block_;
    ++block_;
    node_[w_] = draw_symbol(tables_->across[law], node_[w_], stream.bits());
  }
  static HWY_INLINE I32 draw_symbol(const RuleDraw& draw, I32 from, U32 u) {
    return as<I32>(gather(draw.tuples.data(), draw_row(draw, from, u)));
  }
  /// Draws the tuple below the node of height j.
  HWY_INLINE void expand(int j, LaneStream& stream) {
    const RuleDraw& draw = tables_->draws[static_cast<std::size_t>(j) - 1];
    const I32 row = draw_row(draw, node_[j], stream.bits());
    const std::size_t stride = draw.tuples.size() / static_cast<std::size_t>(draw.words);
    for (int w = 0; w < words_; ++w)
      word(j, w) = gather(draw.tuples.data() + static_cast<std::size_t>(w) * stride, row);
  }
  HWY_INLINE I32 child(int j, int place) const {
    return as<I32>((tuple_[static_cast<std::size_t>(j * words_ + place / 4)] >>
                    static_cast<std::uint32_t>(8 * (place % 4))) &
                   255u);
  }
  HWY_INLINE U32& word(int j, int w) { return tuple_[static_cast<std::size_t>(j * words_ + w)]; }

  const GrammarTables* tables_;
  const LowestDraw* lowest_;
  int w_, words_;
  std::size_t block_ = 0;
  LaneArray<U32> tuple_;  // [height 1…w][word]: the children of the current node
  LaneArray<I32> node_;   // [height 0…w]: the current node; below 3 the next two instead, where the lowest
                          // levels are one draw
  I32 row_ = {};          // of the lowest draw
  U32 four_ = {};         // its leaves
  int place_ = 0;         // of the current one
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
