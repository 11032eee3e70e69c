// Sums over subtrees on planes: a count is a row of planes, its binary digits for every sample; carry-save
// adders add counts up.
#if defined(LEAFCAST_PLANES_PLANE_SUMS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_PLANES_PLANE_SUMS_H_
#undef LEAFCAST_PLANES_PLANE_SUMS_H_
#else
#define LEAFCAST_PLANES_PLANE_SUMS_H_
#endif

#include <array>
#include <bit>

#include "engine/cell/cell.h"
#include "engine/kernels/collapsed/count_sums.h"
#include "engine/kernels/planes/plane.h"
#include "engine/language/tree.h"
#include "engine/observe/tally.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// Binary digits that a count of 0 … leaves takes.
inline int digits_of(std::int64_t leaves) { return std::bit_width(static_cast<std::uint64_t>(leaves)); }

/// into += x, both counts of the given numbers of digits; the sum fits into `digits`.
HWY_INLINE void add_count(Plane* into, int digits, const Plane* x, int x_digits) {
  Plane carry = no_samples();
  int b = 0;
  for (; b < x_digits; ++b) {
    const SumAndCarry r = full_add(into[b], x[b], carry);
    into[b] = r.sum;
    carry = r.carry;
  }
  for (; b < digits; ++b) {
    const Plane sum = into[b] ^ carry;
    carry &= into[b];
    into[b] = sum;
  }
}

/// Σ N^p, p ≤ 4, of counts of few digits, over subtrees and samples. With N = Σ 2^a b_a in binary digits, N^p
/// is a sum over sets of at most p digits, so it is enough to know how often all digits of each set are 1.
class DigitMoments {
 public:
  explicit DigitMoments(std::int64_t leaves) {
    const int digits = digits_of(leaves);
    // A power of two has its top digit to itself: no set joins it with another.
    const bool lone_top = std::has_single_bit(static_cast<std::uint64_t>(leaves));
    joined_ = lone_top ? digits - 1 : digits;
    lone_ = digits - joined_;
    for_each_set([this](std::initializer_list<int> set) {
      sets_.push_back(0);
      for (const int a : set) sets_.back() |= std::uint64_t{1} << a;
    });
    if (lone_) sets_.push_back(std::uint64_t{1} << joined_);
    for (LaneArray<Plane>& sum : sum_) sum.assign(sets_.size(), no_samples());
    for (LaneArray<Plane>& waiting : waiting_) waiting.assign(sets_.size(), no_samples());
    rising_.assign(sets_.size(), no_samples());
    total_.assign(sets_.size(), 0);
    rows_.assign(static_cast<std::size_t>(digits), Four{});
  }

  HWY_INLINE void add(const Plane* count) {
    for (std::size_t digit = 0; digit < rows_.size(); ++digit) rows_[digit].plane[pending_] = count[digit];
    if (++pending_ == 4) add_four();
  }

  /// The sums of all counts added; starts anew.
  PowerSums take() {
    if (pending_ > 0) {
      for (Four& row : rows_)
        for (int k = pending_; k < 4; ++k) row.plane[k] = no_samples();
      add_four();
    }
    PowerSums sums{};
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      std::uint64_t together = std::exchange(total_[i], 0);
      for (int level = 0; level < kLevels; ++level) {
        together += population(sum_[level][i]) << level;
        sum_[level][i] = no_samples();
        if (level >= 2 && fours_ >> (level - 2) & 1) together += population(waiting_[level][i]) << level;
      }
      for (int p = 1; p <= kPowers; ++p) sums[p - 1] += WideInt(together) * coefficient(sets_[i], p);
    }
    fours_ = 0;
    return sums;
  }

 private:
  static constexpr int kLevels = 7;

  /// One digit of four counts.
  struct Four {
    Plane plane[4];
    HWY_INLINE Four operator&(const Four& other) const {
      return {{plane[0] & other.plane[0], plane[1] & other.plane[1], plane[2] & other.plane[2],
               plane[3] & other.plane[3]}};
    }
  };

  /// Brings four counts in at once: for every set, seven planes of ones, twos and the four products become
  /// new ones and twos and a plane of fours.
  HWY_NOINLINE void add_four() {
    pending_ = 0;
    const bool waits = !(fours_ & 1);
    Plane* ones = sum_[0].data();
    Plane* twos = sum_[1].data();
    Plane* fours = waits ? waiting_[2].data() : rising_.data();
    const auto bring = [&](const Four& product) HWY_ATTR {
      const SumAndCarry first = full_add(*ones, product.plane[0], product.plane[1]);
      const SumAndCarry second = full_add(first.sum, product.plane[2], product.plane[3]);
      const SumAndCarry third = full_add(*twos, first.carry, second.carry);
      *ones++ = second.sum;
      *twos++ = third.sum;
      *fours++ = third.carry;
    };
    for (int a = 0; a < joined_; ++a) {
      const Four one = rows_[a];
      bring(one);
      for (int b = 0; b < a; ++b) {
        const Four two = one & rows_[b];
        bring(two);
        for (int c = 0; c < b; ++c) {
          const Four three = two & rows_[c];
          bring(three);
          for (int e = 0; e < c; ++e) bring(three & rows_[e]);
        }
      }
    }
    if (lone_) bring(rows_[joined_]);
    ++fours_;
    if (!waits) rise();
  }

  template <class Use>
  void for_each_set(Use use) const {
    for (int a = 0; a < joined_; ++a) {
      use({a});
      for (int b = 0; b < a; ++b) {
        use({a, b});
        for (int c = 0; c < b; ++c) {
          use({a, b, c});
          for (int e = 0; e < c; ++e) use({a, b, c, e});
        }
      }
    }
  }
  /// Σ over p-tuples of digits whose set of values is exactly this one of 2^{their sum}: inclusion and
  /// exclusion.
  static std::int64_t coefficient(std::uint64_t set, int p) {
    std::int64_t sum = 0;
    for (std::uint64_t part = set;; part = (part - 1) & set) {
      std::int64_t power = 1;
      for (int i = 0; i < p; ++i) power *= static_cast<std::int64_t>(part);
      sum += std::popcount(set ^ part) % 2 ? -power : power;
      if (part == 0) return sum;
    }
  }

  /// The planes in rising_ are the second of a pair: carry-save adders bring them up, level by level (see
  /// PlaneCounter).
  HWY_NOINLINE void rise() {
    const std::uint32_t t = fours_ - 1;
    const std::size_t sets = sets_.size();
    for (int level = 2; level < kLevels; ++level) {
      const bool last = !(t >> (level - 1) & 1) && level + 1 < kLevels;
      Plane* sum = sum_[level].data();
      const Plane* waiting = waiting_[level].data();
      Plane* carry = last ? waiting_[level + 1].data() : rising_.data();
      for (std::size_t i = 0; i < sets; ++i) {
        const SumAndCarry r = full_add(sum[i], waiting[i], rising_[i]);
        sum[i] = r.sum;
        carry[i] = r.carry;
      }
      if (last) return;
    }
    for (std::size_t i = 0; i < sets; ++i) total_[i] += population(rising_[i]) << kLevels;
  }

  int joined_, lone_;
  std::vector<std::uint64_t> sets_;  // as bits
  LaneArray<Four> rows_;             // [digit]: counts that have not been brought in yet
  int pending_ = 0;                  // of them
  std::uint32_t fours_ = 0;          // how often four were brought in, modulo 2^32
  LaneArray<Plane> sum_[kLevels], waiting_[kLevels], rising_;  // [level][set], waiting from level 2 on
  std::vector<std::uint64_t> total_;
};

/// Power sums of s = q·N_c − d^j over the subtrees of every height j (or of the sentence only), and the
/// histogram of S.
class PlaneSums {
 public:
  PlaneSums(const Cell& cell, Tally& tally)
      : tally_(tally),
        q_(cell.language().symbols()),
        height_(cell.language().height),
        subtrees_(cell.observe().subtrees),
        histogram_(cell.observe().histogram),
        centre_(HistogramBins::centre(cell)) {
    std::int64_t leaves = 1;
    for (int j = 0; j <= height_; ++j, leaves *= j <= height_ ? cell.language().d : 1)
      levels_.emplace_back(leaves, subtrees_ && j > 0 && j < height_);
    if (!histogram_) return;
    if (levels_.back().leaves < kFlat)
      by_count_.resize(static_cast<std::size_t>(levels_.back().leaves) + 1);
    else
      bins_.resize(2 * kBins);
  }

  void begin(int active) { active_ = active; }
  int leaf_digits() const { return levels_[1].digits; }

  /// The level-1 node with this count is complete, and the subtrees of heights 2…carry that end with it. The
  /// count is 0 in samples that do not count.
  HWY_INLINE void complete(const Plane* count, int carry) {
    for (int j = 1;; ++j) {
      Level& level = levels_[j];
      if (j == height_) return end_sentence(count);
      if (subtrees_) add(level, count);
      Level& parent = levels_[j + 1];
      add_count(parent.open.data(), parent.digits, count, level.digits);
      if (j > 1) std::fill(level.open.begin(), level.open.end(), no_samples());
      if (j == carry) return;
      count = parent.open.data();
    }
  }
  void finish() {
    for (int j = subtrees_ ? 1 : height_; j <= height_; ++j) {
      Level& level = levels_[j];
      if (level.moments) level.exact.add(level.subtrees, level.moments->take());
      level.exact.add_sums_of_s(tally_, j, q_);
    }
    if (subtrees_) add_leaf_power_sums(tally_, height_, levels_.back().leaves, q_);
    for (std::size_t n = 0; n < by_count_.size(); ++n)
      if (by_count_[n] > 0)
        tally_.histogram[HistogramBins::bin(static_cast<std::int64_t>(n) - centre_)] += by_count_[n];
    for (std::size_t i = 0; i < bins_.size(); ++i)
      if (bins_[i] > 0) tally_.histogram[static_cast<int>(i) - kBins] += bins_[i];
  }

 private:
  // Beyond, it is cheaper to spread the samples over integers.
  static constexpr std::int64_t kMostMomentLeaves = 256;
  static constexpr std::int64_t kFlat = 1 << 16;
  static constexpr int kBins = 2048;  // more than HistogramBins has on either side

  struct Level {
    Level(std::int64_t n, bool inner)
        : leaves(n), digits(digits_of(n)), open(static_cast<std::size_t>(digits), no_samples()), exact(n) {
      if (inner && leaves <= kMostMomentLeaves) moments.emplace(n);
    }
    std::int64_t leaves;
    int digits;
    LaneArray<Plane> open;  // count of the subtree that is being written
    std::optional<DigitMoments> moments;
    std::uint64_t subtrees = 0;  // in moments
    CountSums exact;
  };

  HWY_INLINE void add(Level& level, const Plane* count) {
    if (level.moments) {
      level.moments->add(count);
      level.subtrees += static_cast<std::uint64_t>(active_);
    } else {
      spread(count, level.digits);
      add_spread(level);
    }
  }

  HWY_NOINLINE void end_sentence(const Plane* count) {
    Level& level = levels_[height_];
    spread(count, level.digits);
    add_spread(level);
    if (histogram_)
      for (int s = 0; s < active_; ++s) {
        const std::int64_t n = spread_count(s);
        if (by_count_.empty())
          ++bins_[static_cast<std::size_t>(HistogramBins::bin(n - centre_) + kBins)];
        else
          ++by_count_[static_cast<std::size_t>(n)];
      }
    std::fill(level.open.begin(), level.open.end(), no_samples());
    tally_.samples += static_cast<std::uint64_t>(active_);
  }

  /// counts_[16 i + l] = the count of sample 32 l + i.
  HWY_NOINLINE void spread(const Plane* count, int digits) {
    constexpr int kWords = kPlaneSamples / 32, kNarrow = 31;
    for (int i = 0; i < 32; ++i) {
      Plane low = no_samples(), high = no_samples();
      for (int b = 0; b < std::min(digits, kNarrow); ++b) low |= (count[b] >> i & 1u) << b;
      for (int b = kNarrow; b < digits; ++b) high |= (count[b] >> i & 1u) << (b - kNarrow);
      for (int l = 0; l < kWords; ++l)
        counts_[i * kWords + l] = static_cast<std::int64_t>(low[l]) | static_cast<std::int64_t>(high[l])
                                                                          << kNarrow;
    }
  }
  std::int64_t spread_count(int sample) const {
    return counts_[sample % 32 * (kPlaneSamples / 32) + sample / 32];
  }
  HWY_NOINLINE void add_spread(Level& level) {
    if (level.digits > 13) {
      for (int s = 0; s < active_; ++s) level.exact.add(spread_count(s));
      return;
    }
    std::array<std::uint64_t, kPowers> sums{};  // 512 fourth powers of 13 digits fit
    for (const std::int64_t count : counts_) {
      const auto n = static_cast<std::uint64_t>(count);
      const std::uint64_t square = n * n;
      sums[0] += n;
      sums[1] += square;
      sums[2] += square * n;
      sums[3] += square * square;
    }
    level.exact.add(static_cast<std::uint64_t>(active_), sums);
  }

  Tally& tally_;
  int q_, height_;
  bool subtrees_, histogram_;
  int active_ = kPlaneSamples;
  std::int64_t centre_;
  LaneArray<Level> levels_;
  std::vector<std::uint64_t> by_count_;  // histogram of short sentences
  std::vector<std::uint64_t> bins_;      // and of long ones
  alignas(64) std::array<std::int64_t, kPlaneSamples> counts_{};
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
