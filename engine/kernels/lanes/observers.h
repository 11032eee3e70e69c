// What is tallied of a streamed sentence: sums over subtrees, and coloring validity. Both count exactly, in
// integers.
#if defined(LEAFCAST_LANES_OBSERVERS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_OBSERVERS_H_
#undef LEAFCAST_LANES_OBSERVERS_H_
#else
#define LEAFCAST_LANES_OBSERVERS_H_
#endif

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "engine/cell/cell.h"
#include "engine/kernels/collapsed/count_sums.h"
#include "engine/kernels/lanes/vectors.h"
#include "engine/language/tree.h"
#include "engine/observe/pairs.h"
#include "engine/observe/validity.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// All leaves of a node of height 1, or of height 2 in a binary tree, one after the other.
struct Burst {
  const U32* words;  ///< four symbols each, the first lowest
  int leaves, height;

  HWY_INLINE I32 leaf(int i) const {
    return as<I32>((words[i / 4] >> static_cast<std::uint32_t>(8 * (i % 4))) & 255u);
  }
  /// Height of the subtrees that leaf i completes, but for the last one.
  int carry_after(int i) const { return height == 2 ? i & 1 : 0; }
};

/// Shows it to an observer, which may know a better way than leaf by leaf. Carry: after the last leaf.
template <class Watcher>
HWY_INLINE void watch(Watcher& observer, const Burst& burst, int carry) {
  if constexpr (requires { observer.burst(burst, carry); }) {
    observer.burst(burst, carry);
  } else {
    for (int i = 0; i < burst.leaves; ++i) {
      observer.leaf(burst.leaf(i));
      observer.complete(i + 1 == burst.leaves ? carry : burst.carry_after(i));
    }
  }
}

/// Power sums of s = q·N_c − d^j over the subtrees of every height j (or of the sentence only), and the
/// histogram of S.
class SumObserver {
 public:
  SumObserver(const Cell& cell, Tally& tally)
      : tally_(tally),
        q_(cell.language().symbols()),
        d_(cell.language().d),
        symbol_(cell.observe().symbol),
        height_(cell.language().height),
        subtrees_(cell.observe().subtrees),
        histogram_(cell.observe().histogram),
        centre_(HistogramBins::centre(cell)),
        open_(static_cast<std::size_t>(height_) + 2),
        wide_open_(static_cast<std::size_t>(height_) + 2) {
    if (histogram_) {
      const std::int64_t most = cell.language().leaves() - centre_;
      first_bin_ = HistogramBins::bin(-centre_);
      bins_.resize(static_cast<std::size_t>(HistogramBins::bin(most) - first_bin_) + 1);
    }
    std::int64_t leaves = 1;
    for (int j = 0; j <= height_; ++j, leaves *= j <= height_ ? cell.language().d : 1) {
      levels_.emplace_back(leaves);
      if (leaves <= std::int64_t{1} << 30) narrow_height_ = j;
    }
  }

  void begin(int active) {
    if (active != active_) flush_lanes();
    active_ = active;
  }
  HWY_INLINE void leaf(I32 x) { open_[1] -= x == symbol_; }
  /// The subtrees of heights 0…carry that end with the last leaf are complete.
  HWY_INLINE void complete(int carry) { complete(1, carry); }
  HWY_INLINE void burst(const Burst& burst, int carry) {
    for (int w = 0, left = burst.leaves; left > 0; ++w, left -= 4)
      bytes_ += bytes_equal(burst.words[w], static_cast<std::uint8_t>(symbol_)) &
                (left < 4 ? 0x01010101u >> static_cast<std::uint32_t>(8 * (4 - left)) : 0x01010101u);
    if (carry < fold_height(burst)) return;
    const U32 pairs = (bytes_ & 0x00ff00ffu) + ((bytes_ >> 8u) & 0x00ff00ffu), first = pairs & 0xffffu,
              second = pairs >> 16u;
    bytes_ = U32{};
    if (subtrees_ && burst.height == 2) {
      add_count(levels_[1], as<I32>(first));
      add_count(levels_[1], as<I32>(second));
    }
    open_[fold_height_] += as<I32>(first + second);
    complete(fold_height_, carry);
  }

  void end_batch() { tally_.samples += static_cast<std::uint64_t>(active_); }
  /// Brings the sums and the histogram into the tally.
  void finish() {
    flush_lanes();
    for (int j = subtrees_ ? 1 : height_; j <= height_; ++j) levels_[j].exact.add_sums_of_s(tally_, j, q_);
    if (subtrees_) add_leaf_power_sums(tally_, height_, levels_.back().exact.leaves(), q_);
    std::size_t met = 0;
    for (const std::uint64_t count : bins_) met += count > 0;
    tally_.histogram.reserve(met);
    for (std::size_t i = 0; i < bins_.size(); ++i)
      if (bins_[i] > 0)
        tally_.histogram.emplace_hint(tally_.histogram.end(), first_bin_ + static_cast<int>(i), bins_[i]);
  }

 private:
  /// The height of the subtrees whose leaves are counted in bytes: that of a burst where every subtree is
  /// tallied.
  HWY_INLINE int fold_height(const Burst& burst) {
    if (fold_height_ == 0) {
      fold_height_ = burst.height;
      std::int64_t words = (burst.leaves + 3) / 4;
      while (!subtrees_ && fold_height_ < height_ && (words *= d_) < 256) ++fold_height_;
    }
    return fold_height_;
  }
  /// The same of heights from…carry.
  HWY_INLINE void complete(int from, int carry) {
    for (int j = from; j <= carry; ++j) {
      if (j > narrow_height_) return complete_wide(j, carry);
      const I32 count = open_[j];
      open_[j] = I32{};
      if (subtrees_ || j == height_) add_count(levels_[j], count);
      if (j == height_) {
        if (histogram_)
          for (int lane = 0; lane < active_; ++lane) add_to_histogram(count[lane]);
      } else if (j < narrow_height_) {
        open_[j + 1] += count;
      } else {
        for (int lane = 0; lane < kLanes; ++lane) wide_open_[j + 1][lane] += count[lane];
      }
    }
  }
  struct Level {
    explicit Level(std::int64_t leaves) : exact(leaves) {
      // Sums of N^4 stay below 2^32 for this many subtrees, all of them full.
      const double fit = (0x1p32 - 1) / std::pow(static_cast<double>(leaves), 4);
      room = left = fit >= 16 ? static_cast<int>(std::min(fit, 0x1p30)) : 0;
    }
    CountSums exact;
    int room, left;  // subtrees that fit into the lanes' sums; 0 where they go to the exact ones at once
    U32 sums[kPowers] = {};
  };
  using WideLanes = std::array<std::int64_t, kLanes>;

  HWY_INLINE void add_count(Level& level, I32 count) {
    if (level.room == 0) {
      for (int lane = 0; lane < active_; ++lane) level.exact.add(count[lane]);
      return;
    }
    const U32 n = as<U32>(count), square = n * n;
    level.sums[0] += n;
    level.sums[1] += square;
    level.sums[2] += square * n;
    level.sums[3] += square * square;
    if (--level.left == 0) flush(level);
  }
  HWY_NOINLINE void flush(Level& level) {
    std::array<std::uint64_t, kPowers> totals{};
    for (int p = 0; p < kPowers; ++p) {
      for (int lane = 0; lane < active_; ++lane) totals[p] += level.sums[p][lane];
      level.sums[p] = U32{};
    }
    level.exact.add(static_cast<std::uint64_t>(active_) * static_cast<std::uint64_t>(level.room - level.left),
                    totals);
    level.left = level.room;
  }
  void flush_lanes() {
    for (Level& level : levels_)
      if (level.left != level.room) flush(level);
  }
  /// Heights whose counts may pass 2^30.
  HWY_NOINLINE void complete_wide(int from, int carry) {
    for (int j = from; j <= carry; ++j) {
      const WideLanes count = std::exchange(wide_open_[j], WideLanes{});
      for (int lane = 0; lane < active_; ++lane) {
        if (subtrees_ || j == height_) levels_[j].exact.add(count[lane]);
        if (j == height_ && histogram_) add_to_histogram(count[lane]);
      }
      if (j < height_)
        for (int lane = 0; lane < kLanes; ++lane) wide_open_[j + 1][lane] += count[lane];
    }
  }
  void add_to_histogram(std::int64_t count) {
    ++bins_[static_cast<std::size_t>(HistogramBins::bin(count - centre_) - first_bin_)];
  }

  Tally& tally_;
  int q_, d_, symbol_, height_;
  bool subtrees_, histogram_;
  std::int64_t centre_;
  int active_ = kLanes;

  int narrow_height_ = 0;  // up to here a subtree's count fits into a lane
  LaneArray<I32> open_;    // [height 1…h]: chosen symbols in the subtree that is being written
  U32 bytes_ = {};         // the same of the current subtree of the fold height, by place modulo 4
  int fold_height_ = 0;    // 0 as long as no burst has come
  std::vector<WideLanes> wide_open_;
  LaneArray<Level> levels_;
  int first_bin_ = 0;
  std::vector<std::uint64_t> bins_;  // from that of no chosen symbol to that of all
};

/// Coloring validity (MATH.md §4): allowed(v) = colors that no child's singleton removes; empty means that no
/// proper coloring has these leaves. Word: one bit a color.
template <class Word>
class ValidityObserver {
  using Mask = Pack<Word, kParts* static_cast<int>(sizeof(Word)) / 4>;

 public:
  ValidityObserver(const Cell& cell, Tally& tally)
      : valid_subtrees_(tally.counts(fields::valid)),
        first_inconsistency_(tally.counts(fields::first_inconsistency)),
        frozen_roots_(tally.counts(fields::frozen_roots)[0]),
        free_roots_(tally.counts(fields::free_roots)[0]),
        height_(cell.language().height),
        removed_(static_cast<std::size_t>(height_) + 2),
        valid_(static_cast<std::size_t>(height_) + 1) {
    const int q = cell.language().symbols();
    full_ = ~Mask{} >> static_cast<int>(8 * sizeof(Word) - q);
    while (flush_height_ < height_ && tree_power(cell.language().d, flush_height_ + 1) <= 1 << 30)
      ++flush_height_;
  }

  void begin(int active) {
    active_ = active;
    lowest_ = I32::all(height_ + 1);
    n_ = 0;
  }
  HWY_INLINE void leaf(I32 x) {
    removed_[1] |= Mask::all(1) << convert<Mask>(x);
    ++n_;
  }
  HWY_INLINE void complete(int carry) {
    for (int j = 1; j <= carry; ++j) {
      const Mask allowed = full_ & ~removed_[j];
      const auto empty = allowed == 0;
      const auto frozen = ((allowed & (allowed - 1)) == 0) & ~empty;
      valid_[j] += 1 + convert<I32>(empty);
      lowest_ = select(convert<I32>(empty) & (lowest_ > j), I32::all(j), lowest_);
      removed_[j] = Mask{};
      if (j < height_)
        removed_[j + 1] |= (allowed & as<Mask>(frozen)) | (full_ & as<Mask>(empty));
      else
        add_roots(convert<I32>(frozen), convert<I32>(empty));
    }
    if (carry >= flush_height_) flush();
  }
  void end_batch() {
    valid_subtrees_[0] += n_ * static_cast<std::uint64_t>(active_);  // a leaf by itself is valid
    for (int lane = 0; lane < active_; ++lane)
      if (lowest_[lane] <= height_) ++first_inconsistency_[static_cast<std::size_t>(lowest_[lane])];
  }

 private:
  HWY_NOINLINE void flush() {
    for (int j = 1; j <= height_; ++j) {
      for (int lane = 0; lane < active_; ++lane)
        valid_subtrees_[static_cast<std::size_t>(j)] += static_cast<std::uint64_t>(valid_[j][lane]);
      valid_[j] = I32{};
    }
  }
  void add_roots(I32 frozen, I32 empty) {
    for (int lane = 0; lane < active_; ++lane) {
      if (frozen[lane]) ++frozen_roots_;
      if (!frozen[lane] && !empty[lane]) ++free_roots_;
    }
  }

  std::span<std::uint64_t> valid_subtrees_, first_inconsistency_;  // [height 0…h]
  std::uint64_t &frozen_roots_, &free_roots_;
  int height_;
  int active_ = kLanes;
  std::uint64_t n_ = 0;
  Mask full_;
  LaneArray<Mask> removed_;  // [height 1…h]: colors removed by the children seen so far
  LaneArray<I32> valid_;     // [height 1…h]: valid subtrees since the last flush
  int flush_height_ = 1;     // counts are flushed often enough for 32 bits
  I32 lowest_ = {};          // height of the lowest inconsistent node of the sentence
};

/// Counts of the symbols of pairs of leaves (engine/observe/pairs.h).
class PairObserver {
 public:
  PairObserver(const Cell& cell, Tally& tally)
      : counts_(tally.counts(fields::pair_count)),
        symbols_(static_cast<std::size_t>(cell.language().symbols())),
        last_(cell.language().leaves() - 1) {
    // In the order in which the leaves come: the farthest first.
    const PairPositions pairs = observed_pairs(cell);
    for (std::size_t i = pairs.distance.size(); i-- > 0;) position_.push_back(last_ - pairs.distance[i]);
    earlier_.resize(position_.size());
  }
  void begin(int active) {
    active_ = active;
    leaf_ = 0;
    seen_ = 0;
  }
  HWY_NOINLINE void leaf(I32 x) {
    if (seen_ < position_.size()) {
      if (leaf_ == position_[seen_]) earlier_[seen_++] = x;
    } else if (leaf_ == last_) {
      count(x);
    }
    ++leaf_;
  }
  void complete(int) {}
  void end_batch() {}

 private:
  HWY_NOINLINE void count(I32 last) {
    for (std::size_t i = 0; i < earlier_.size(); ++i) {
      const std::size_t pair = earlier_.size() - 1 - i;
      for (int lane = 0; lane < active_; ++lane)
        ++counts_[(pair * symbols_ + static_cast<std::size_t>(earlier_[i][lane])) * symbols_ +
                  static_cast<std::size_t>(last[lane])];
    }
  }
  std::span<std::uint64_t> counts_;
  std::size_t symbols_;
  std::int64_t last_, leaf_ = 0;
  std::vector<std::int64_t> position_;
  std::size_t seen_ = 0;
  LaneArray<I32> earlier_;
  int active_ = kLanes;
};

/// Symbols of internal nodes, [sample][node], heights 1 … h one after the other.
class NodeRecorder {
 public:
  NodeRecorder(int d, int height, std::vector<std::uint8_t>& nodes) : nodes_(nodes) {
    for (int j = 1; j <= height; ++j) {
      offset_.push_back(row_);
      row_ += static_cast<std::size_t>(tree_power(d, height - j));
    }
    index_.resize(offset_.size());
  }
  void begin(int active) {
    active_ = active;
    base_ = nodes_.size();
    nodes_.resize(base_ + static_cast<std::size_t>(active) * row_);
    std::fill(index_.begin(), index_.end(), 0);
  }
  /// The next node of height j.
  HWY_INLINE void node(int j, I32 x) {
    const std::size_t at = base_ + offset_[j - 1] + index_[j - 1]++;
    for (int lane = 0; lane < active_; ++lane)
      nodes_[at + static_cast<std::size_t>(lane) * row_] = static_cast<std::uint8_t>(x[lane]);
  }

 private:
  std::vector<std::uint8_t>& nodes_;
  std::vector<std::size_t> offset_, index_;  // [height − 1]
  std::size_t row_ = 0, base_ = 0;
  int active_ = 0;
};

/// The symbols themselves, [sample][leaf].
class RecordingObserver {
 public:
  RecordingObserver(std::int64_t leaves, std::vector<std::uint8_t>& sentences)
      : leaves_(leaves), sentences_(sentences) {}
  void begin(int active) {
    active_ = active;
    base_ = sentences_.size();
    sentences_.resize(base_ + static_cast<std::size_t>(active) * leaves_);
    at_ = 0;
  }
  HWY_NOINLINE void leaf(I32 x) {
    for (int lane = 0; lane < active_; ++lane)
      sentences_[base_ + lane * leaves_ + at_] = static_cast<std::uint8_t>(x[lane]);
    ++at_;
  }
  void complete(int) {}
  void end_batch() {}

 private:
  std::size_t leaves_;
  std::vector<std::uint8_t>& sentences_;
  int active_ = 0;
  std::size_t base_ = 0, at_ = 0;
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
