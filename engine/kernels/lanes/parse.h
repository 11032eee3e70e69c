// Parsing on lanes: the symbols of subtrees as they complete, and whether they have one.
#if defined(LEAFCAST_LANES_PARSE_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_PARSE_H_
#undef LEAFCAST_LANES_PARSE_H_
#else
#define LEAFCAST_LANES_PARSE_H_
#endif

#include "engine/kernels/lanes/tables.h"
#include "engine/observe/validity.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// Follows the rules from the leaves up (TupleTrie), a child at a time. An ungrammatical node's symbol is
/// kUngrammatical.
class Parse {
 public:
  Parse(const GrammarTables& tables, int levels)
      : tables_(&tables), state_(static_cast<std::size_t>(levels) + 2), levels_(levels) {}
  void reset() { std::fill(state_.begin(), state_.end(), I32{}); }
  HWY_INLINE void leaf(I32 x) { child(1, x); }
  /// The symbol of the height-j node that is complete, which is told to its parent.
  HWY_INLINE I32 complete(int j) {
    const I32 symbol = state_[j];
    state_[j] = I32{};
    if (j < levels_) child(j + 1, symbol);
    return symbol;
  }

 private:
  HWY_INLINE void child(int j, I32 symbol) {
    if (j > levels_) return;
    const I32 known = choose(symbol < tables_->q, symbol, I32::all(tables_->q));
    state_[j] = gather(tables_->tries[static_cast<std::size_t>(j) - 1].step.data(), state_[j] + known);
  }

  const GrammarTables* tables_;
  LaneArray<I32> state_;  // [height 1…levels]
  int levels_;
};

/// Grammaticality (MATH.md §11): a subtree is valid if its leaves are parsed, a sentence if its root is one
/// of the classes. The lowest node without a parent tells the level of the first ungrammatical tuple.
class GrammaticalityObserver {
 public:
  GrammaticalityObserver(const GrammarTables& tables, Tally& tally)
      : valid_subtrees_(tally.counts(fields::valid)),
        first_inconsistency_(tally.counts(fields::first_inconsistency)),
        height_(tables.height),
        parse_(tables, height_),
        bad_(static_cast<std::size_t>(height_) + 1),
        complete_(static_cast<std::size_t>(height_) + 1) {}
  void begin(int active) {
    active_ = active;
    parse_.reset();
    lowest_ = I32::all(height_ + 1);
    leaves_ = 0;
  }
  HWY_INLINE void leaf(I32 x) {
    parse_.leaf(x);
    ++leaves_;
  }
  HWY_INLINE void complete(int carry) {
    for (int j = 1; j <= carry; ++j) {
      const I32 bad = parse_.complete(j) == kUngrammatical;
      bad_[j] -= bad;
      lowest_ = choose(bad & (lowest_ > j), I32::all(j), lowest_);
      if (++complete_[static_cast<std::size_t>(j)] == kFlushAfter) flush(j);
    }
  }
  void end_batch() {
    valid_subtrees_[0] += leaves_ * static_cast<std::uint64_t>(active_);  // a leaf by itself is valid
    for (int j = 1; j <= height_; ++j) flush(j);
    for (int lane = 0; lane < active_; ++lane)
      if (lowest_[lane] <= height_) ++first_inconsistency_[static_cast<std::size_t>(lowest_[lane])];
  }

 private:
  static constexpr std::uint32_t kFlushAfter = 1u << 30;
  HWY_NOINLINE void flush(int j) {
    std::uint32_t& complete = complete_[static_cast<std::size_t>(j)];
    for (int lane = 0; lane < active_; ++lane)
      valid_subtrees_[static_cast<std::size_t>(j)] += complete - static_cast<std::uint32_t>(bad_[j][lane]);
    complete = 0;
    bad_[j] = I32{};
  }

  std::span<std::uint64_t> valid_subtrees_, first_inconsistency_;  // [height 0…h]
  int height_, active_ = kLanes;
  Parse parse_;
  LaneArray<I32> bad_;                   // [height]: ungrammatical subtrees since the last flush
  std::vector<std::uint32_t> complete_;  // [height]: subtrees since the last flush
  std::uint64_t leaves_ = 0;
  I32 lowest_ = {};
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
