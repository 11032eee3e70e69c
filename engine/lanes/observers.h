// What is tallied of a streamed sentence: sums over subtrees, and coloring validity. Both count exactly, in
// integers.
#if defined(LEAFCAST_LANES_OBSERVERS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_OBSERVERS_H_
#undef LEAFCAST_LANES_OBSERVERS_H_
#else
#define LEAFCAST_LANES_OBSERVERS_H_
#endif

#include <algorithm>
#include <utility>

#include "engine/lanes/vectors.h"
#include "engine/tally.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// Power sums of s = q·N_c − d^j over the subtrees of every height j (or of the sentence only), and the
/// histogram of S.
class SumObserver {
 public:
  SumObserver(const Cell& cell, Tally& tally)
      : tally_(tally),
        q_(cell.language().channel.q()),
        symbol_(cell.observe().symbol),
        height_(cell.language().height),
        subtrees_(cell.observe().subtrees),
        histogram_(cell.observe().histogram),
        centre_(HistogramBins::centre(cell)),
        count_(static_cast<std::size_t>(height_) + 2),
        levels_(static_cast<std::size_t>(height_) + 1) {
    tally_.sums.resize(levels_.size());
    std::int64_t leaves = 1;
    for (int j = 0; j <= height_; ++j, leaves *= j <= height_ ? cell.language().d : 1) {
      Level& level = levels_[j];
      level.leaves = leaves;
      // Sums of s^4 stay below 2^62 for this many subtrees; a level too large for that is summed in wide
      // integers.
      const double bound = static_cast<double>(leaves) * std::max(1, q_ - 1);
      const double subtrees = 0x1p62 / (bound * bound * bound * bound);
      level.capacity = subtrees >= 64 ? static_cast<std::int64_t>(std::min(subtrees, 0x1p31)) : 0;
      level.room = level.capacity;
    }
  }

  void begin(int active) {
    if (active != active_) finish();
    active_ = active;
  }
  HWY_INLINE void leaf(I32 x) { leaf_count_ -= x == symbol_; }
  /// The subtrees of heights 0…carry that end with the last leaf are complete.
  HWY_INLINE void complete(int carry) {
    count_[1] += widen(leaf_count_);
    if (subtrees_) leaves_seen_ += widen(leaf_count_);
    leaf_count_ = I32{};
    for (int j = 1; j <= carry; ++j) {
      if (subtrees_ || j == height_) add(j, q_ * count_[j] - levels_[j].leaves);
      if (j == height_) {
        if (histogram_) add_to_histogram(count_[j]);
      } else {
        count_[j + 1] += count_[j];
      }
      count_[j] = I64{};
    }
  }
  void end_batch() {
    tally_.samples += static_cast<std::uint64_t>(active_);
    if (!subtrees_) return;
    for (int lane = 0; lane < active_; ++lane) chosen_ += leaves_seen_[lane];
    seen_ += active_ * levels_[static_cast<std::size_t>(height_)].leaves;
    leaves_seen_ = I64{};
    if (seen_ > std::int64_t{1} << 56) flush_leaves();
  }
  /// Brings the narrow sums and the histogram into the tally.
  void finish() {
    for (int j = 1; j <= height_; ++j) flush(j);
    flush_leaves();
    for (std::size_t i = 0; i < bins_.size(); ++i)
      if (bins_[i] > 0) tally_.histogram[static_cast<int>(i) - kBins] += std::exchange(bins_[i], 0);
  }

 private:
  struct Level {
    std::int64_t leaves, capacity, room;
    I64 sums[kPowers] = {};
  };

  HWY_INLINE void add(int j, I64 s) {
    Level& level = levels_[j];
    if (level.capacity == 0) {
      for (int lane = 0; lane < active_; ++lane) add_wide(j, s[lane]);
      return;
    }
    const I64 square = s * s;
    level.sums[0] += s;
    level.sums[1] += square;
    level.sums[2] += square * s;
    level.sums[3] += square * square;
    if (--level.room == 0) flush(j);
  }
  void flush(int j) {
    Level& level = levels_[j];
    if (level.room == level.capacity) return;
    for (int p = 0; p < kPowers; ++p)
      for (int lane = 0; lane < active_; ++lane) tally_.sums[j][p] += std::int64_t{level.sums[p][lane]};
    for (I64& sum : level.sums) sum = I64{};
    level.room = level.capacity;
  }
  void add_wide(int j, std::int64_t s) {
    WideInt power = s;
    for (int p = 0; p < kPowers; ++p, power *= s) tally_.sums[j][p] += power;
  }
  /// Height 0: leaves have s = q − 1 or −1, so their counts give all powers.
  void flush_leaves() {
    const WideInt chosen = chosen_, others = seen_ - chosen_;
    WideInt power = q_ - 1;
    for (int p = 0; p < kPowers; ++p, power *= q_ - 1)
      tally_.sums[0][p] += chosen * power + (p % 2 ? others : -others);
    chosen_ = seen_ = 0;
  }
  void add_to_histogram(I64 counts) {
    for (int lane = 0; lane < active_; ++lane) ++tally_.histogram[HistogramBins::bin(counts[lane] - centre_)];
  }

  Tally& tally_;
  int q_, symbol_, height_;
  bool subtrees_, histogram_;
  std::int64_t centre_;
  int active_ = kLanes;
  I32 leaf_count_ = {};
  I64 leaves_seen_ = {};
  std::int64_t chosen_ = 0, seen_ = 0;  // of the batches since the last flush
  static constexpr int kBins = 2048;    // more than HistogramBins has on either side
  std::vector<std::uint64_t> bins_ = std::vector<std::uint64_t>(2 * kBins);
  LaneArray<I64> count_;  // [height 1…h]: chosen symbols in the subtree being written
  std::vector<Level> levels_;
};

/// Coloring validity (MATH.md §4): allowed(v) = colors that no child's singleton removes; empty means that no
/// proper coloring has these leaves. Word: one bit a color.
template <class Word>
class ValidityObserver {
  typedef typename WordLanes<Word>::Vector Mask;

 public:
  ValidityObserver(const Cell& cell, Tally& tally)
      : tally_(tally),
        height_(cell.language().height),
        removed_(static_cast<std::size_t>(height_) + 2),
        valid_(static_cast<std::size_t>(height_) + 1) {
    const int q = cell.language().channel.q();
    full_ = ~Mask{} >> static_cast<int>(8 * sizeof(Word) - q);
    tally_.valid.resize(valid_.size());
    tally_.first_inconsistency.resize(valid_.size());
  }

  void begin(int active) {
    active_ = active;
    lowest_ = I32{} + (height_ + 1);
    n_ = 0;
  }
  HWY_INLINE void leaf(I32 x) {
    removed_[1] |= (Mask{} + 1) << __builtin_convertvector(x, Mask);
    ++n_;
  }
  HWY_INLINE void complete(int carry) {
    for (int j = 1; j <= carry; ++j) {
      const Mask allowed = full_ & ~removed_[j];
      const auto empty = allowed == 0;
      const auto frozen = ((allowed & (allowed - 1)) == 0) & ~empty;
      valid_[j] += widen(1 + __builtin_convertvector(empty, I32));
      lowest_ = select(__builtin_convertvector(empty, I32) & (lowest_ > j), I32{} + j, lowest_);
      removed_[j] = Mask{};
      if (j < height_)
        removed_[j + 1] |=
            (allowed & reinterpret_cast<Mask>(frozen)) | (full_ & reinterpret_cast<Mask>(empty));
      else
        add_roots(__builtin_convertvector(frozen, I32), __builtin_convertvector(empty, I32));
    }
  }
  void end_batch() {
    for (int lane = 0; lane < active_; ++lane) {
      tally_.valid[0] += n_;  // a leaf by itself is valid
      for (int j = 1; j <= height_; ++j) tally_.valid[j] += static_cast<std::uint64_t>(valid_[j][lane]);
      if (lowest_[lane] <= height_) ++tally_.first_inconsistency[lowest_[lane]];
    }
    std::fill(valid_.begin(), valid_.end(), I64{});
  }

 private:
  void add_roots(I32 frozen, I32 empty) {
    for (int lane = 0; lane < active_; ++lane) {
      if (frozen[lane]) ++tally_.frozen_roots;
      if (!frozen[lane] && !empty[lane]) ++tally_.free_roots;
    }
  }

  Tally& tally_;
  int height_;
  int active_ = kLanes;
  std::uint64_t n_ = 0;
  Mask full_;
  LaneArray<Mask> removed_;  // [height 1…h]: colors removed by the children seen so far
  LaneArray<I64> valid_;     // [height 1…h]: valid subtrees
  I32 lowest_ = {};          // height of the lowest inconsistent node of the sentence
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
  HWY_INLINE void leaf(I32 x) {
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
