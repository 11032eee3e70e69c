// The channel on lanes: draws, and the two passes of belief propagation through an edge. A message or law is
// q vectors of lanes, message[c][lane]. Both classes have the same members; samplers are templates on them.
#if defined(LEAFCAST_LANES_CHANNEL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_CHANNEL_H_
#undef LEAFCAST_LANES_CHANNEL_H_
#else
#define LEAFCAST_LANES_CHANNEL_H_
#endif

#include "engine/kernels/kernel_tasks.h"
#include "engine/kernels/lanes/stream.h"
#include "engine/kernels/tables/sampler_tables.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// Up to so many symbols, looking through a table by comparisons is faster than going there lane by lane.
inline constexpr int kFewSymbols = 8;

/// y = #{c < q−1 : u ≥ cumulative[row][c]}: a draw from the given row of a cumulative rows×q table.
HWY_INLINE I32 draw_from_row(const float* cumulative, int rows, int q, I32 row, F32 u) {
  I32 y = {};
  if (q <= kFewSymbols) {
    for (int c = 0; c < q - 1; ++c) {
      F32 sum = splat(cumulative[c]);
      for (int r = 1; r < rows; ++r) sum = choose(row == r, splat(cumulative[r * q + c]), sum);
      y -= u >= sum;
    }
    return y;
  }
  for (int lane = 0; lane < kLanes; ++lane) {
    const float* sums = cumulative + row[lane] * q;
    int c = 0;
    while (c < q - 1 && u[lane] >= sums[c]) ++c;
    y.set(lane, c);
  }
  return y;
}

/// Draws y with probability weight[y] / Σ weight. Weights of zero are never drawn: u lies strictly between 0
/// and 1. `least` keeps the least sum that was met: where it is not positive, nothing could be drawn.
template <class Count>
HWY_INLINE I32 draw_weighted(const F32* weight, Count q, F32 u, F32& least) {
  F32 total = weight[0];
  for (int c = 1; c < q; ++c) total += weight[c];
  least = smaller(total, least);
  const F32 target = u * total;
  F32 sum = weight[0];
  I32 y = {};
  for (int c = 1; c < q; ++c) {  // the same order of additions as in total, so that target < the last sum
    y -= target >= sum;
    sum += weight[c];
  }
  return y;
}

/// A message or law on the stack; Q = 0 has room for any alphabet.
template <int Q>
struct Message {
  F32 weight[Q > 0 ? Q : kMaxSymbols];
  HWY_INLINE F32& operator[](int c) { return weight[c]; }
  HWY_INLINE operator F32*() { return weight; }
};

/// λI + (1−λ)J/q; Q = 0 leaves q to run time.
template <int Q>
class SymmetricLanes {
 public:
  static constexpr int kQ = Q;
  static constexpr bool kSymmetric = true;
  explicit SymmetricLanes(const SamplerTables& tables)
      : SymmetricLanes(tables.q, {tables.stay, tables.move}) {}
  SymmetricLanes(int q, SymmetricLaw law)
      : q_(q),
        stay_(law.stay),
        move_(law.move),
        others_per_leave_(law.stay < 1 ? static_cast<float>(q - 1) / (1 - law.stay) : 0) {}

  HWY_INLINE int q() const { return Q ? Q : q_; }
  HWY_INLINE float stationary(int) const { return 1.0f / static_cast<float>(q()); }

  HWY_INLINE I32 draw_root(F32 u) const { return below(u * static_cast<float>(q()), q()); }

  HWY_INLINE I32 draw_child(I32 parent, F32 u) const {
    const I32 leaves = u >= stay_;
    if constexpr (Q == 2) return parent ^ (leaves & 1);
    I32 child = parent + 1 + below((u - stay_) * others_per_leave_, q() - 1);
    child -= (child >= q()) & q();
    return choose(leaves, child, parent);
  }

  /// out(c) = Σ_x K(c, x) in(x). The other symbols are summed, not subtracted from the total: no zero becomes
  /// positive and no positive value zero.
  HWY_INLINE void pull(const F32* in, F32* out) const {
    if constexpr (Q == 2) {
      out[0] = stay_ * in[0] + move_ * in[1];
      out[1] = stay_ * in[1] + move_ * in[0];
    } else if constexpr (Q == 3) {
      out[0] = stay_ * in[0] + move_ * (in[1] + in[2]);
      out[1] = stay_ * in[1] + move_ * (in[0] + in[2]);
      out[2] = stay_ * in[2] + move_ * (in[0] + in[1]);
    } else {
      F32 after = {};
      for (int c = q() - 1; c >= 0; --c) {
        out[c] = after;
        after += in[c];
      }
      F32 before = {};
      for (int c = 0; c < q(); ++c) {
        out[c] = stay_ * in[c] + move_ * (before + out[c]);
        before += in[c];
      }
    }
  }
  /// out(x) = Σ_c in(c) K(c, x), which is pull, since K is symmetric.
  HWY_INLINE void push(const F32* in, F32* out) const { pull(in, out); }

  /// out(c) = K(c, x).
  HWY_INLINE void pull_symbol(I32 x, F32* out) const {
    if constexpr (Q == 2) {
      const I32 stay = as<I32>(splat(stay_)), move = as<I32>(splat(move_)), swap = (stay ^ move) & (x == 1);
      out[0] = as<F32>(stay ^ swap);
      out[1] = as<F32>(move ^ swap);
    } else {
      for (int c = 0; c < q(); ++c) out[c] = choose(x == c, splat(stay_), splat(move_));
    }
  }
  HWY_INLINE float kernel(int c, int x) const { return c == x ? stay_ : move_; }

 private:
  /// ⌊v⌋, kept below `limit` against rounding.
  static HWY_INLINE I32 below(F32 v, int limit) {
    const I32 whole = convert<I32>(v);
    return choose(whole < limit, whole, I32::all(limit - 1));
  }
  int q_;
  float stay_, move_, others_per_leave_;
};

/// Any stochastic matrix.
class GeneralLanes {
 public:
  static constexpr int kQ = 0;
  static constexpr bool kSymmetric = false;
  explicit GeneralLanes(const SamplerTables& tables) : tables_(&tables) {}

  HWY_INLINE int q() const { return tables_->q; }
  HWY_INLINE float stationary(int c) const { return tables_->stationary[c]; }
  HWY_INLINE I32 draw_root(F32 u) const {
    return draw_from_row(tables_->stationary_cumulative.data(), 1, q(), I32{}, u);
  }
  HWY_INLINE I32 draw_child(I32 parent, F32 u) const {
    return draw_from_row(tables_->kernel_cumulative.data(), q(), q(), parent, u);
  }
  HWY_INLINE void pull(const F32* in, F32* out) const {
    for (int c = 0; c < q(); ++c) {
      F32 sum = kernel(c, 0) * in[0];
      for (int x = 1; x < q(); ++x) sum += kernel(c, x) * in[x];
      out[c] = sum;
    }
  }
  HWY_INLINE void push(const F32* in, F32* out) const {
    for (int x = 0; x < q(); ++x) {
      F32 sum = in[0] * kernel(0, x);
      for (int c = 1; c < q(); ++c) sum += in[c] * kernel(c, x);
      out[x] = sum;
    }
  }
  HWY_INLINE void pull_symbol(I32 x, F32* out) const {
    for (int c = 0; c < q(); ++c) {
      out[c] = splat(kernel(c, 0));
      if (q() <= kFewSymbols)
        for (int y = 1; y < q(); ++y) out[c] = choose(x == y, splat(kernel(c, y)), out[c]);
      else
        for (int lane = 0; lane < kLanes; ++lane) out[c].set(lane, kernel(c, x[lane]));
    }
  }
  HWY_INLINE float kernel(int c, int x) const {
    return tables_->kernel[static_cast<std::size_t>(c) * q() + x];
  }

 private:
  const SamplerTables* tables_;
};

/// Scales a message by a power of two so that its sum lies in [1, 2): products of many factors never
/// underflow, and scaling never rounds.
template <class Count>
HWY_INLINE void rescale(F32* message, Count size) {
  F32 sum = message[0];
  for (int c = 1; c < size; ++c) sum += message[c];
  const F32 scale = power_of_two_scale(sum);
  for (int c = 0; c < size; ++c) message[c] *= scale;
}

/// into ⊙= factor.
template <class Count>
HWY_INLINE void multiply(F32* into, const F32* factor, Count size) {
  for (int c = 0; c < size; ++c) into[c] *= factor[c];
}

/// The channel type of a kind.
template <LaneChannel kind>
using Lanes =
    std::conditional_t<kind == LaneChannel::general, GeneralLanes,
                       SymmetricLanes<kind == LaneChannel::two_symbols     ? 2
                                      : kind == LaneChannel::three_symbols ? 3
                                                                           : 0>>;

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
