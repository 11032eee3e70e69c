// The exact k-gram ansatz at a cost a token that grows neither with k nor with h (MATH.md §3).
#if defined(LEAFCAST_LANES_KGRAM_SAMPLER_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_KGRAM_SAMPLER_H_
#undef LEAFCAST_LANES_KGRAM_SAMPLER_H_
#else
#define LEAFCAST_LANES_KGRAM_SAMPLER_H_
#endif

#include "engine/lanes/upward_pass.h"
#include "engine/tree.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// The left edge ℓ of the window of leaf i: max(0, i − k) leaves, or the first leaf among the last k tokens,
/// where a mark stands before every leaf i > 0 with d | i (MATH.md §5). Advances with i; no division.
class WindowEdge {
 public:
  WindowEdge(const KgramGenerator& generator, int d, int height)
      : k_(generator.context), tokens_(generator.unit == ContextUnit::tokens), odometer_(d, height) {}

  void reset() {
    odometer_.reset();
    token_ = leaf_token_ = 0;
  }
  /// Tells that the next leaf is reached by this carry.
  HWY_INLINE void next_leaf(int carry) { leaf_token_ += tokens_ && carry > 0 ? 2 : 1; }
  /// Whether leaf ℓ has left the window.
  HWY_INLINE bool behind() const { return leaf_token_ - token_ > k_; }
  /// ℓ ← ℓ + 1; returns the carry.
  HWY_INLINE int advance() {
    const int carry = odometer_.advance();
    token_ += tokens_ && carry > 0 ? 2 : 1;
    return carry;
  }
  const LeafOdometer& odometer() const { return odometer_; }

 private:
  std::int64_t k_;
  bool tokens_;
  LeafOdometer odometer_;
  std::int64_t token_ = 0, leaf_token_ = 0;  // positions of leaves ℓ and i in the stream
};

/// Letters as in MATH.md §3. a_J is the LCA of ℓ and i; u, its child above ℓ, is the only partly observed
/// subtree.
///   μ_u = A_{J−1} ⋯ A_1 e_{x_ℓ},  A_j = diag(suffix_j) K,  suffix_j = Π K μ_s over the path's right siblings
///   at level j; cavity = C_1 ⋯ C_J K μ_u,     C_j = diag(left_j) K^T,   C_J = diag(ν ⊙ Π K μ_s over the
///   siblings between u and i's path); law of x_i ∝ K^T cavity.
/// Kept: P_j = A_{J−1} ⋯ A_{j+1} and R_j = C_{j+1} ⋯ C_J. A carry of c at either end changes the products
/// below level c + 1 only: d/(d−1) matrix products a token on average. For J = 1 (k < d) the siblings are
/// multiplied anew: O(k).
template <class C>
class KgramSampler {
 public:
  explicit KgramSampler(const SamplerTables& tables)
      : channel_(tables),
        q_(tables.q),
        d_(tables.d),
        edge_(std::get<KgramGenerator>(tables.cell.generator()), tables.d, tables.height),
        window_(std::min(std::get<KgramGenerator>(tables.cell.generator()).context, tables.leaves)),
        stored_levels_(levels_within(window_, tables.d, tables.height)),
        upward_(channel_, stored_levels_),
        symbols_(static_cast<std::size_t>(window_) + 2),
        left_index_(static_cast<std::size_t>(tables.height) + 1),
        right_index_(static_cast<std::size_t>(tables.height) + 1),
        suffix_(static_cast<std::size_t>(tables.height + 1) * d_ * q_),
        prefix_product_(static_cast<std::size_t>(tables.height + 1) * q_ * q_),
        cavity_product_(static_cast<std::size_t>(tables.height + 1) * q_ * q_),
        scratch_(static_cast<std::size_t>(4) * q_),
        law_(q_) {
    std::int64_t capacity = window_;
    for (int j = 1; j <= stored_levels_; ++j) {
      capacity /= d_;
      pulled_.emplace_back(static_cast<std::size_t>(capacity + 2) * q_);
      capacity_.push_back(capacity + 2);
    }
  }

  HWY_INLINE I32 next(const LeafOdometer& odometer, int carry, LaneStream& stream) {
    prepare(odometer, carry);
    const I32 x = draw_weighted(law_.data(), channel_.q(), stream.uniform(), impossible_);
    absorb(x);
    return x;
  }

  /// Brings the law of leaf odometer.leaf() given the window; law()[c] is proportional to it.
  HWY_INLINE void prepare(const LeafOdometer& odometer, int carry) {
    if (odometer.leaf() == 0) {
      begin();
    } else {
      complete_subtrees(carry);
      edge_.next_leaf(carry);
    }
    move_window(odometer, carry);
  }
  const F32* law() const { return law_.data(); }
  /// Appends the symbol of the leaf that was prepared.
  HWY_INLINE void absorb(I32 x) {
    if (window_ == 0) return;
    symbols_[right_slot_] = narrow(x);
    if (++right_slot_ == symbols_.size()) right_slot_ = 0;
    upward_.leaf(x);
  }

  int memory_symbols() const { return 0; }
  I32 impossible() const { return impossible_; }

 private:
  static int levels_within(std::int64_t window, int d, int height) {
    int j = 0;
    while (j < height && window >= d) {
      window /= d;
      ++j;
    }
    return j;
  }

  void begin() {
    edge_.reset();
    upward_.reset();
    std::fill(left_index_.begin(), left_index_.end(), 0);
    std::fill(right_index_.begin(), right_index_.end(), 0);
    left_slot_ = right_slot_ = 0;
    lca_ = 0;
  }

  HWY_INLINE void complete_subtrees(int carry) {
    for (int j = 1; j <= std::min(carry, stored_levels_); ++j) {
      const F32* message = upward_.complete(j);
      F32* slot = pulled(j, right_index_[j]);
      for (int c = 0; c < channel_.q(); ++c) slot[c] = message[c];
    }
    if (carry > stored_levels_) upward_.clear(stored_levels_ + 1);
    for (int j = 0; j <= carry; ++j) ++right_index_[j];
  }

  HWY_INLINE void move_window(const LeafOdometer& right, int carry) {
    int left_carry = -1;
    while (edge_.behind()) {
      const int c = edge_.advance();
      left_carry = std::max(left_carry, c);
      for (int j = 0; j <= c; ++j) ++left_index_[j];
      if (++left_slot_ == symbols_.size()) left_slot_ = 0;
    }
    if (edge_.odometer().leaf() == right.leaf()) {  // nothing is seen
      for (int c = 0; c < channel_.q(); ++c) law_[c] = splat(channel_.stationary(c));
      lca_ = 0;
      return;
    }
    int lca = std::max(lca_, 1);
    while (left_index_[lca] != right_index_[lca]) ++lca;
    while (lca > 1 && left_index_[lca - 1] == right_index_[lca - 1]) --lca;

    // Highest level below which the path products must be made anew; J − 1 if all.
    int left_from = left_carry, right_from = carry;
    if (lca != lca_ || left_carry + 1 >= lca) left_from = right_from = lca - 1;
    right_from = std::min(right_from, lca - 1);
    const bool new_path = lca != lca_;
    lca_ = lca;
    rebuild_left(new_path ? lca_ - 1 : left_carry, left_from);
    if (lca_ == 1 || right_from == lca_ - 1) join_at_lca(right);
    rebuild_right(right_from);
    weigh();
  }

  /// Suffix products of the nodes on ℓ's path up to `nodes` and prefix products P_j for j ≤ `products`.
  HWY_INLINE void rebuild_left(int nodes, int products) {
    const LeafOdometer& left = edge_.odometer();
    for (int j = std::min(nodes, lca_ - 1); j >= 1; --j) {
      const int first = left.digit(j);
      F32* next = suffix(j, d_ - 1);
      for (int c = 0; c < channel_.q(); ++c) next[c] = splat(1.0f);
      for (int s = d_ - 1; s > first; --s) {
        F32* product = suffix(j, s - 1);
        for (int c = 0; c < channel_.q(); ++c) product[c] = next[c];
        multiply(product, sibling(j, s, left, left_index_[j - 1], left_slot_), channel_.q());
        next = product;
      }
    }
    // P_{J−1} = I is not stored.
    for (int j = std::min(products, lca_ - 2); j >= 1; --j) {
      const F32* factor = suffix(j + 1, left.digit(j + 1));
      F32* out = prefix_product(j);
      if (j == lca_ - 2) {
        for (int a = 0; a < channel_.q(); ++a)
          for (int c = 0; c < channel_.q(); ++c)
            out[a * channel_.q() + c] = factor[a] * channel_.kernel(a, c);
      } else {
        const F32* in = prefix_product(j + 1);
        for (int a = 0; a < channel_.q(); ++a) {
          for (int b = 0; b < channel_.q(); ++b) scratch_[b] = in[a * channel_.q() + b] * factor[b];
          channel_.push(scratch_.data(), out + a * channel_.q());
        }
      }
      normalize(out, channel_.q() * channel_.q());
    }
  }

  /// C_J = diag(ν ⊙ Π K μ_s), s between u and i's path.
  HWY_INLINE void join_at_lca(const LeafOdometer& right) {
    F32* top = cavity_product(lca_ - 1);
    for (int c = 0; c < channel_.q(); ++c) top[c] = splat(channel_.stationary(c));
    const LeafOdometer& left = edge_.odometer();
    for (int s = left.digit(lca_) + 1; s < right.digit(lca_); ++s)
      multiply(top, sibling(lca_, s, left, left_index_[lca_ - 1], left_slot_), channel_.q());
  }

  /// R_j for j ≤ from, stored transposed: row c of R_j is the image of e_c. R_{J−1} = C_J is kept as its
  /// diagonal.
  HWY_INLINE void rebuild_right(int from) {
    for (int j = std::min(from, lca_ - 2); j >= 1; --j) {
      const F32* factor = upward_left(j + 1);
      F32* out = cavity_product(j);
      const F32* in = cavity_product(j + 1);
      for (int c = 0; c < channel_.q(); ++c) {
        F32* row = out + c * channel_.q();
        if (j == lca_ - 2) {
          for (int x = 0; x < channel_.q(); ++x) row[x] = in[c] * channel_.kernel(c, x);
        } else {
          channel_.push(in + c * channel_.q(), row);
        }
        if (factor)
          for (int x = 0; x < channel_.q(); ++x) row[x] *= factor[x];
      }
      normalize(out, channel_.q() * channel_.q());
    }
  }

  /// The law of the leaf, up to a factor: K^T C_1 R_1 K P_1 A_1 e_{x_ℓ}.
  HWY_INLINE void weigh() {
    F32* message = scratch_.data();
    F32* other = scratch_.data() + channel_.q();
    F32* pulled_message = scratch_.data() + 2 * channel_.q();
    // K μ_u
    channel_.pull_symbol(widen(symbols_[left_slot_]), pulled_message);
    if (lca_ > 1) {
      const F32* factor = suffix(1, edge_.odometer().digit(1));
      for (int c = 0; c < channel_.q(); ++c) message[c] = pulled_message[c] * factor[c];
      if (lca_ > 2) {
        apply(prefix_product(1), message, other);
        std::swap(message, other);
      }
      normalize(message, channel_.q());
      channel_.pull(message, pulled_message);
    }
    // cavity at level 1
    const F32* top = cavity_product(lca_ - 1);
    if (lca_ <= 2) {
      for (int c = 0; c < channel_.q(); ++c) message[c] = top[c] * pulled_message[c];
    } else {
      for (int x = 0; x < channel_.q(); ++x) message[x] = F32{};
      for (int c = 0; c < channel_.q(); ++c)
        for (int x = 0; x < channel_.q(); ++x)
          message[x] += cavity_product(1)[c * channel_.q() + x] * pulled_message[c];
    }
    if (lca_ > 1) {
      channel_.push(message, other);
      if (const F32* factor = upward_left(1))
        for (int c = 0; c < channel_.q(); ++c) other[c] *= factor[c];
      std::swap(message, other);
    }
    channel_.push(message, law_.data());
  }

  HWY_INLINE void apply(const F32* matrix, const F32* in, F32* out) const {
    for (int a = 0; a < channel_.q(); ++a) {
      F32 sum = matrix[a * channel_.q()] * in[0];
      for (int b = 1; b < channel_.q(); ++b) sum += matrix[a * channel_.q() + b] * in[b];
      out[a] = sum;
    }
  }

  /// K μ of child s of the node on ℓ's path at level j, right of the path (child `digit(j)`, of index `index`
  /// at its height).
  HWY_INLINE const F32* sibling(int j, int s, const LeafOdometer& left, std::int64_t index,
                                std::size_t slot) {
    const int ahead = s - left.digit(j);
    if (j > 1) return pulled(j - 1, index + ahead);
    std::size_t at = slot + static_cast<std::size_t>(ahead);
    if (at >= symbols_.size()) at -= symbols_.size();
    F32* out = scratch_.data() + 3 * channel_.q();
    channel_.pull_symbol(widen(symbols_[at]), out);
    return out;
  }

  /// left_j, or nothing where no sibling can have completed within the window.
  HWY_INLINE const F32* upward_left(int j) { return j <= stored_levels_ + 1 ? upward_.left(j) : nullptr; }
  HWY_INLINE F32* pulled(int j, std::int64_t index) {
    return pulled_[j - 1].data() + static_cast<std::size_t>(index % capacity_[j - 1]) * channel_.q();
  }
  HWY_INLINE F32* suffix(int j, int s) {
    return suffix_.data() + (static_cast<std::size_t>(j) * d_ + s) * channel_.q();
  }
  HWY_INLINE F32* prefix_product(int j) {
    return prefix_product_.data() + static_cast<std::size_t>(j) * channel_.q() * channel_.q();
  }
  HWY_INLINE F32* cavity_product(int j) {
    return cavity_product_.data() + static_cast<std::size_t>(j) * channel_.q() * channel_.q();
  }

  C channel_;
  int q_, d_;
  WindowEdge edge_;
  std::int64_t window_;  // most leaves that the window can hold
  int stored_levels_;    // heights of subtrees that fit into it
  UpwardPass<C> upward_;
  LaneArray<U8> symbols_;               // ring: leaves of the window
  std::vector<LaneArray<F32>> pulled_;  // [height − 1] ring: K μ of complete subtrees in the window
  std::vector<std::int64_t> capacity_;  // of those rings
  std::vector<std::int64_t> left_index_, right_index_;  // [height j]: ⌊ℓ/d^j⌋, ⌊i/d^j⌋
  std::size_t left_slot_ = 0, right_slot_ = 0;          // of ℓ and i in symbols_
  int lca_ = 0;                                         // J; 0 when the window is empty
  LaneArray<F32> suffix_;                               // [level][child][symbol]
  LaneArray<F32> prefix_product_, cavity_product_;      // [level][symbol][symbol]
  LaneArray<F32> scratch_, law_;
  I32 impossible_ = {};
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
