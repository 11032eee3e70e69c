// The exact k-gram ansatz at a cost a token that grows neither with k nor with h (MATH.md §3).
#if defined(LEAFCAST_LANES_KGRAM_SAMPLER_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_KGRAM_SAMPLER_H_
#undef LEAFCAST_LANES_KGRAM_SAMPLER_H_
#else
#define LEAFCAST_LANES_KGRAM_SAMPLER_H_
#endif

#include "engine/kernels/lanes/law_draw.h"
#include "engine/kernels/lanes/upward_pass.h"
#include "engine/kernels/lanes/window_edge.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

// A long window's left edge reads what no near cache holds any more.
inline constexpr std::size_t kLeavesAhead = 8, kMessagesAhead = 4;
HWY_INLINE void prefetch(const void* address, std::size_t bytes) {
  for (std::size_t at = 0; at < bytes; at += 64) __builtin_prefetch(static_cast<const char*>(address) + at);
}

/// A ring of messages of one height: K μ of the complete subtrees that the window can hold, oldest
/// overwritten. ℓ's and i's ancestors walk along it.
class MessageRing {
 public:
  MessageRing() = default;
  MessageRing(std::size_t capacity, int q) : q_(q), size_(capacity * q), messages_(size_) {}
  void reset() { left_ = right_ = 0; }
  HWY_INLINE void advance_left() {
    left_ = next(left_);
    const std::size_t ahead = left_ + kMessagesAhead * q_;
    prefetch(messages_.data() + (ahead < size_ ? ahead : 0), q_ * sizeof(F32));
  }
  HWY_INLINE void advance_right() { right_ = next(right_); }
  HWY_INLINE F32* right() { return messages_.data() + right_; }
  /// The message `ahead` subtrees to the right of ℓ's ancestor.
  HWY_INLINE const F32* from_left(int ahead) const {
    std::size_t at = left_ + static_cast<std::size_t>(ahead) * q_;
    if (at >= size_) at -= size_;
    return messages_.data() + at;
  }

 private:
  HWY_INLINE std::size_t next(std::size_t at) const { return at + q_ == size_ ? 0 : at + q_; }
  std::size_t q_ = 0, size_ = 0, left_ = 0, right_ = 0;
  LaneArray<F32> messages_;
};

/// Letters as in MATH.md §3. a_J is the LCA of ℓ and i; u, its child above ℓ, is the only partly observed
/// subtree.
///   μ_u = A_{J−1} ⋯ A_2 run,  run = Π K e_x over ℓ and its right siblings,  A_j = diag(suffix_j) K,
///   suffix_j = Π K μ_s over the path's right siblings at level j;
///   law of x_i ∝ K^T diag(left_1) K^T C_2 ⋯ C_J K μ_u,  C_j = diag(left_j) K^T,  C_J = diag(ν ⊙ Π K μ_s over
///   the siblings between u and i's path).
/// Kept: P_j = A_{J−1} ⋯ A_{j+1}, R_j = C_{j+1} ⋯ C_J, and for few symbols the whole way across, M = K^T R_1
/// K P_1, so that a leaf costs one product of a matrix and a vector as long as neither end carries. A carry
/// of c at either end changes the products below level c + 1 only: d/(d−1) matrix products a token on
/// average. For J = 1 (k < d) the siblings are multiplied anew: O(k). D = 0 leaves d to run time.
/// Edge: WindowEdge where the leaves are those of a tree, StreamEdge where their tree is read off marks that
/// may fit none.
template <class C, int D, class Edge = WindowEdge>
class KgramSampler {
  static constexpr bool kAcross = C::kQ > 0;  // whether M is kept

 public:
  explicit KgramSampler(const SamplerTables& tables)
      : channel_(tables),
        q_(tables.q),
        d_(tables.d),
        height_(tables.height),
        draw_(std::get<KgramGenerator>(tables.cell.generator())),
        edge_(std::get<KgramGenerator>(tables.cell.generator()), tables.d, tables.height),
        window_(std::min(std::get<KgramGenerator>(tables.cell.generator()).context, tables.leaves)),
        stored_levels_(levels_within(window_, tables.d, tables.height)),
        upward_(channel_, tables, stored_levels_),
        symbols_(static_cast<std::size_t>(window_) + 2),
        left_index_(static_cast<std::size_t>(tables.height) + 1),
        right_index_(static_cast<std::size_t>(tables.height) + 1),
        run_(static_cast<std::size_t>(d_) * q_),
        suffix_(static_cast<std::size_t>(tables.height + 1) * d_ * q_),
        prefix_product_(static_cast<std::size_t>(tables.height + 1) * q_ * q_),
        cavity_product_(static_cast<std::size_t>(tables.height + 1) * q_ * q_),
        across_(static_cast<std::size_t>(q_) * q_) {
    std::int64_t capacity = window_;
    for (int j = 1; j <= stored_levels_; ++j) {
      capacity /= d_;
      rings_.emplace_back(static_cast<std::size_t>(capacity) + 2, q_);
    }
  }

  HWY_INLINE I32 next(const LeafOdometer&, int carry, LaneStream& stream) {
    const Message<C::kQ> law = prepare(carry);
    const I32 x = draw(law, stream);
    absorb(x);
    return x;
  }
  HWY_INLINE I32 draw(const Message<C::kQ>& law, LaneStream& stream) {
    return draw_(law.weight, channel_.q(), stream);
  }

  /// The writer's law of the next leaf, reached by the given carry (the height of the tree before the first
  /// leaf), given the window; up to a factor.
  HWY_INLINE Message<C::kQ> prepare(int carry) {
    Message<C::kQ> law = conditional_law(carry);
    draw_.shape(law, channel_.q());
    return law;
  }
  /// Appends the symbol of the leaf that was prepared.
  HWY_INLINE void absorb(I32 x) {
    if (window_ == 0) return;
    symbols_[right_slot_] = narrow(x);
    if (++right_slot_ == symbols_.size()) right_slot_ = 0;
    upward_.leaf(x);
  }

  int memory_symbols() const { return 0; }
  F32 least_weight() const { return draw_.least_weight(); }

 private:
  HWY_INLINE Message<C::kQ> conditional_law(int carry) {
    if (carry == height_) {
      begin();
      return stationary();
    }
    if (carry > 0) complete_subtrees(carry);
    edge_.next_leaf(carry);
    int left_carry = -1;
    while (edge_.behind()) left_carry = std::max(left_carry, advance_edge());
    if (carry > 0 || left_carry > 0 || lca_ <= 1) move_paths(left_carry, carry);
    return weigh();
  }
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
    for (MessageRing& ring : rings_) ring.reset();
    left_slot_ = right_slot_ = 0;
    lca_ = 0;
  }
  HWY_INLINE Message<C::kQ> stationary() const {
    Message<C::kQ> law;
    for (int c = 0; c < channel_.q(); ++c) law[c] = splat(channel_.stationary(c));
    return law;
  }

  HWY_INLINE void complete_subtrees(int carry) {
    for (int j = 1; j <= std::min(carry, stored_levels_); ++j) {
      Message<C::kQ> message = upward_.complete(j);
      F32* slot = rings_[j - 1].right();
      for (int c = 0; c < channel_.q(); ++c) slot[c] = message[c];
      rings_[j - 1].advance_right();
    }
    if (carry > stored_levels_) upward_.clear(stored_levels_ + 1);
    for (int j = 1; j <= carry; ++j) ++right_index_[j];
  }

  HWY_INLINE int advance_edge() {
    const int carry = edge_.advance();
    for (int j = 1; j <= carry; ++j) {
      ++left_index_[j];
      if (j <= stored_levels_) rings_[j - 1].advance_left();
    }
    if (++left_slot_ == symbols_.size()) left_slot_ = 0;
    __builtin_prefetch(symbols_.data() + std::min(left_slot_ + kLeavesAhead, symbols_.size() - 1));
    return carry;
  }

  /// Follows ℓ and i after a carry at either end: finds their LCA and makes anew what lies below the carries.
  HWY_NOINLINE void move_paths(int left_carry, int carry) {
    if (edge_.sees_nothing()) {
      lca_ = 0;
      return;
    }
    int lca = std::max(lca_, 1);
    while (left_index_[lca] != right_index_[lca]) ++lca;
    while (lca > 1 && left_index_[lca - 1] == right_index_[lca - 1]) --lca;

    // Highest levels below which each path must be made anew; J − 1 is all.
    const bool new_lca = lca != lca_;
    const bool new_ends = new_lca || left_carry + 1 >= lca;
    lca_ = lca;
    if (lca == 1) return;
    rebuild_left(new_lca ? lca - 1 : left_carry, new_ends ? lca - 1 : left_carry);
    const int right_from = new_ends ? lca - 1 : std::min(carry, lca - 1);
    if (right_from == lca - 1) join_at_lca();
    rebuild_right(right_from);
    if constexpr (kAcross) cross();
  }

  /// Suffix products of the nodes on ℓ's path up to `nodes` and prefix products P_j for j ≤ `products`.
  HWY_INLINE void rebuild_left(int nodes, int products) {
    for (int j = std::min(nodes, lca_ - 1); j > 1; --j) {
      const int first = edge_.digit(j);
      F32* next = suffix(j, d() - 1);
      for (int c = 0; c < channel_.q(); ++c) next[c] = splat(1.0f);
      for (int s = d() - 1; s > first; --s) {
        F32* product = suffix(j, s - 1);
        for (int c = 0; c < channel_.q(); ++c) product[c] = next[c];
        upward_.absorb(product, rings_[j - 2].from_left(s - first));
        next = product;
      }
    }
    if (nodes > 0) rebuild_run(edge_.digit(1));
    // P_{J−1} = I is not stored.
    for (int j = std::min(products, lca_ - 2); j >= 1; --j) {
      const F32* factor = suffix(j + 1, edge_.digit(j + 1));
      F32* out = prefix_product(j);
      if (j == lca_ - 2) {
        for (int a = 0; a < channel_.q(); ++a)
          for (int c = 0; c < channel_.q(); ++c)
            out[a * channel_.q() + c] = factor[a] * channel_.kernel(a, c);
      } else {
        const F32* in = prefix_product(j + 1);
        for (int a = 0; a < channel_.q(); ++a) {
          Message<C::kQ> row;
          for (int b = 0; b < channel_.q(); ++b) row[b] = in[a * channel_.q() + b] * factor[b];
          channel_.push(row, out + a * channel_.q());
        }
      }
      rescale(out, channel_.q() * channel_.q());
    }
  }

  /// run(s) = Π K e_x over the leaves s … d − 1 of the level-1 node above ℓ, for s from `first`, ℓ's place,
  /// on.
  HWY_INLINE void rebuild_run(int first) {
    Message<C::kQ> factor;
    for (int s = d() - 1; s >= first; --s) {
      channel_.pull_symbol(symbol_from_left(s - first), factor);
      F32* product = run(s);
      for (int c = 0; c < channel_.q(); ++c) product[c] = s == d() - 1 ? factor[c] : run(s + 1)[c];
      if (s < d() - 1) upward_.absorb(product, factor);
    }
  }

  /// C_J = diag(ν ⊙ Π K μ_s), s between u and i's path.
  HWY_INLINE void join_at_lca() {
    F32* top = cavity_product(lca_ - 1);
    for (int c = 0; c < channel_.q(); ++c) top[c] = splat(channel_.stationary(c));
    const auto apart = static_cast<int>(right_index_[lca_ - 1] - left_index_[lca_ - 1]);
    for (int s = 1; s < apart; ++s) upward_.absorb(top, rings_[lca_ - 2].from_left(s));
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
      rescale(out, channel_.q() * channel_.q());
    }
  }

  /// M = K^T R_1 K P_1, stored by columns: column b is the image of e_b.
  HWY_INLINE void cross() {
    Message<C::kQ> column, pulled;
    for (int b = 0; b < channel_.q(); ++b) {
      if (lca_ == 2) {
        for (int a = 0; a < channel_.q(); ++a) pulled[a] = splat(channel_.kernel(a, b));
      } else {
        for (int a = 0; a < channel_.q(); ++a) column[a] = prefix_product(1)[a * channel_.q() + b];
        channel_.pull(column, pulled);
      }
      through_cavity(pulled, column);
      channel_.push(column, across_.data() + b * channel_.q());
    }
  }

  /// out = R_1 in.
  HWY_INLINE void through_cavity(const F32* in, F32* out) {
    const F32* rows = cavity_product(1);
    if (lca_ == 2) {  // R_1 = C_J, a diagonal
      for (int c = 0; c < channel_.q(); ++c) out[c] = rows[c] * in[c];
      return;
    }
    combine(rows, in, out);
  }

  /// The law of the leaf, up to a factor.
  HWY_INLINE Message<C::kQ> weigh() {
    if (lca_ <= 1) return weigh_siblings();
    const F32* seen = run(edge_.digit(1));
    Message<C::kQ> message, law;
    if constexpr (kAcross) {
      combine(across_.data(), seen, message);
    } else {
      if (lca_ == 2) {
        channel_.pull(seen, law);
      } else {
        for (int a = 0; a < channel_.q(); ++a) {
          const F32* row = prefix_product(1) + a * channel_.q();
          F32 sum = row[0] * seen[0];
          for (int b = 1; b < channel_.q(); ++b) sum += row[b] * seen[b];
          message[a] = sum;
        }
        channel_.pull(message, law);
      }
      through_cavity(law, message);
      channel_.push(message, law);
      message = law;
    }
    if (const F32* factor = upward_left(1)) multiply(message.weight, factor, channel_.q());
    channel_.push(message, law);
    return law;
  }
  /// The same with the window within i's own level-1 node (J = 1), or empty (J = 0).
  HWY_NOINLINE Message<C::kQ> weigh_siblings() {
    if (lca_ == 0) return stationary();
    Message<C::kQ> message = stationary(), law, factor;
    for (auto slot = left_slot_; slot != right_slot_; slot = slot + 1 == symbols_.size() ? 0 : slot + 1) {
      channel_.pull_symbol(widen(symbols_[slot]), factor);
      upward_.absorb(message, factor);
    }
    channel_.push(message, law);
    return law;
  }

  /// out = Σ_c in(c) rows(c, ·).
  HWY_INLINE void combine(const F32* rows, const F32* in, F32* out) const {
    for (int x = 0; x < channel_.q(); ++x) out[x] = rows[x] * in[0];
    for (int c = 1; c < channel_.q(); ++c)
      for (int x = 0; x < channel_.q(); ++x) out[x] += rows[c * channel_.q() + x] * in[c];
  }

  HWY_INLINE I32 symbol_from_left(int ahead) const {
    std::size_t at = left_slot_ + static_cast<std::size_t>(ahead);
    if (at >= symbols_.size()) at -= symbols_.size();
    return widen(symbols_[at]);
  }
  /// left_j, or nothing where no sibling can have completed within the window.
  HWY_INLINE const F32* upward_left(int j) { return j <= stored_levels_ + 1 ? upward_.left(j) : nullptr; }
  HWY_INLINE F32* run(int s) { return run_.data() + static_cast<std::size_t>(s) * channel_.q(); }
  HWY_INLINE F32* suffix(int j, int s) {
    return suffix_.data() + (static_cast<std::size_t>(j) * d() + s) * channel_.q();
  }
  HWY_INLINE F32* prefix_product(int j) {
    return prefix_product_.data() + static_cast<std::size_t>(j) * channel_.q() * channel_.q();
  }
  HWY_INLINE F32* cavity_product(int j) {
    return cavity_product_.data() + static_cast<std::size_t>(j) * channel_.q() * channel_.q();
  }

  HWY_INLINE int d() const { return D ? D : d_; }

  C channel_;
  int q_, d_, height_;
  LawDraw draw_;
  Edge edge_;
  std::int64_t window_;  // most leaves that the window can hold
  int stored_levels_;    // heights of subtrees that fit into it
  UpwardPass<C> upward_;
  LaneArray<PackedSymbols> symbols_;  // ring: leaves of the window
  std::vector<MessageRing> rings_;    // [height − 1]
  std::vector<std::int64_t> left_index_,
      right_index_;  // [height j ≥ 1]: of ℓ's and i's ancestors: ⌊ℓ/d^j⌋, ⌊i/d^j⌋
  std::size_t left_slot_ = 0, right_slot_ = 0;      // of ℓ and i in symbols_
  int lca_ = 0;                                     // J; 0 when the window is empty
  LaneArray<F32> run_;                              // [child][symbol]
  LaneArray<F32> suffix_;                           // [level][child][symbol]
  LaneArray<F32> prefix_product_, cavity_product_;  // [level][symbol][symbol]
  LaneArray<F32> across_;                           // [symbol][symbol]
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
