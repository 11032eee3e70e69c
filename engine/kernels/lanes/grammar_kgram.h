// The exact k-gram ansatz of a grammar: belief propagation through rules (MATH.md §11).
#if defined(LEAFCAST_LANES_GRAMMAR_KGRAM_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_GRAMMAR_KGRAM_H_
#undef LEAFCAST_LANES_GRAMMAR_KGRAM_H_
#else
#define LEAFCAST_LANES_GRAMMAR_KGRAM_H_
#endif

#include "engine/kernels/lanes/channel.h"
#include "engine/kernels/lanes/law_draw.h"
#include "engine/kernels/lanes/parse.h"
#include "engine/kernels/lanes/window_edge.h"
#include "engine/kernels/tables/rule_index.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// A law of the next leaf, up to a factor; it lives until the next one is asked for.
struct LawView {
  F32* weight;
  HWY_INLINE F32& operator[](int c) { return weight[c]; }
};

/// Symbols of the complete nodes of one height that a window can hold, by their number among the nodes of
/// that height.
class SymbolRing {
  static_assert(kParts == 2);  // sixteen bits of a word each, as kUngrammatical needs nine

 public:
  explicit SymbolRing(std::int64_t nodes)
      : mask_(std::bit_ceil(static_cast<std::uint64_t>(nodes)) - 1),
        words_(static_cast<std::size_t>(mask_) + 1) {}
  HWY_INLINE void set(std::int64_t node, I32 symbol) {
    slot(node) = U32::Vector(as<U32>(symbol).part[0]) | U32::Vector(as<U32>(symbol).part[1]) << 16;
  }
  HWY_INLINE I32 get(std::int64_t node) {
    U32 wide;
    wide.part[0] = slot(node) & 0xffff;
    wide.part[1] = slot(node) >> 16;
    return as<I32>(wide);
  }

 private:
  HWY_INLINE U32::Vector& slot(std::int64_t node) {
    return words_[static_cast<std::size_t>(static_cast<std::uint64_t>(node) & mask_)];
  }
  std::uint64_t mask_;
  LaneArray<typename U32::Vector> words_;
};

/// Leaf i is drawn given leaves ℓ … i − 1. Every complete subtree among them has one symbol only that can
/// write it, which its parse tells; so the messages of BP are symbols, but on two paths: from ℓ up to the
/// child u of a_J, the LCA of ℓ and i, and from there down to i.
///   up:    μ_j(c) = Σ_{r of c} p_r μ_{j−1}(r_p) [right siblings of the path as parsed],  j < J
///   across: D_{J−1}(x) = Σ_c prior(c) Σ_{r of c, r_q = x} p_r μ_u(r_p) [siblings in between as parsed]
///   down:  D_{j−1}(x) = Σ_c D_j(c) Σ_{r of c, r_q = x} p_r [left siblings as parsed],  j < J; D_0 is the law
///   of x_i.
/// prior is the law of a_J where it stands in the tree, the same for all samples. As long as the window
/// begins with the sentence there is no path on the left: D_L is the root's law, and only what lies below the
/// carry changes. Vectors, not matrices: a product of path matrices takes v³ steps a level, a vector goes
/// through as many rules as there are, which is less from v = 4 on for any tree that fits.
class GrammarKgram {
 public:
  GrammarKgram(const GrammarTables& tables, const RuleIndices& rules, const KgramGenerator& generator)
      : tables_(&tables),
        rules_(&rules),
        height_(tables.height),
        d_(tables.d),
        draw_(generator),
        window_(std::min(generator.context, tables.leaves)),
        edge_(generator, tables.d, tables.height),
        stored_(levels_within(window_, tables.d, tables.height)),
        parse_(tables, stored_),
        left_node_(static_cast<std::size_t>(height_) + 2),
        right_node_(static_cast<std::size_t>(height_) + 2),
        right_digit_(static_cast<std::size_t>(height_) + 2),
        prior_(static_cast<std::size_t>(height_) + 1),
        width_(std::max(tables.q, tables.cell.language().grammar().classes())),
        down_(static_cast<std::size_t>(height_ + 1) * static_cast<std::size_t>(width_)),
        message_(static_cast<std::size_t>(2 * width_)),
        known_(static_cast<std::size_t>(d_)) {
    std::int64_t nodes = window_;
    for (int j = 0; j <= stored_; ++j, nodes /= d_) rings_.emplace_back(nodes + d_ + 2);
  }

  HWY_INLINE I32 next(const LeafOdometer&, int carry, LaneStream& stream) {
    const LawView law = prepare(carry);
    const I32 x = draw_(law.weight, tables_->q, stream);
    absorb(x);
    return x;
  }

  /// The law of the next leaf, reached by the given carry (the height of the tree before the first leaf).
  LawView prepare(int carry) {
    find_conditional_law(carry);
    draw_.shape(down(0), tables_->q);
    return {down(0)};
  }
  HWY_INLINE void absorb(I32 x) {
    if (window_ == 0) return;
    rings_[0].set(right_node_[0], x);
    parse_.leaf(x);
  }

  F32 least_weight() const { return draw_.least_weight(); }

 private:
  void find_conditional_law(int carry) {
    if (carry == height_) return begin();
    step(carry);
    if (edge_.sees_nothing()) {
      for (int c = 0; c < tables_->q; ++c) down(0)[c] = splat(prior_[0][static_cast<std::size_t>(c)]);
      return;
    }
    int from = carry;
    if (left_node_[0] > 0) {
      from = lowest_common();
      join(from, climb(from));
      --from;
    } else {
      ++from;
    }
    for (int j = from; j >= 1; --j) descend(j);
  }
  static int levels_within(std::int64_t window, int d, int height) {
    int j = 0;
    for (; j < height && window >= d; window /= d) ++j;
    return j;
  }
  F32* down(int j) { return down_.data() + static_cast<std::size_t>(j) * static_cast<std::size_t>(width_); }
  int symbols(int j) const {
    return j == height_ ? tables_->cell.language().grammar().classes() : tables_->q;
  }

  void begin() {
    edge_.reset();
    parse_.reset();
    std::ranges::fill(left_node_, 0);
    std::ranges::fill(right_node_, 0);
    std::ranges::fill(right_digit_, 0);
    const Eigen::VectorXd& root = tables_->cell.language().grammar().root();
    prior_[static_cast<std::size_t>(height_)].assign(root.begin(), root.end());
    find_priors(height_);
    for (int j = 0; j <= height_; ++j)
      for (int c = 0; c < symbols(j); ++c)
        down(j)[c] = splat(prior_[static_cast<std::size_t>(j)][static_cast<std::size_t>(c)]);
  }

  /// Moves on to the next leaf, and the window's edge with it.
  void step(int carry) {
    for (int j = 1; j <= std::min(carry, stored_); ++j)
      rings_[static_cast<std::size_t>(j)].set(right_node_[static_cast<std::size_t>(j)], parse_.complete(j));
    for (int j = 0; j <= carry; ++j) ++right_node_[static_cast<std::size_t>(j)];
    for (int j = 1; j <= carry; ++j) right_digit_[static_cast<std::size_t>(j)] = 0;
    ++right_digit_[static_cast<std::size_t>(carry) + 1];
    find_priors(carry + 1);
    edge_.next_leaf(carry);
    while (edge_.behind()) {
      const int left_carry = edge_.advance();
      for (int j = 0; j <= left_carry; ++j) ++left_node_[static_cast<std::size_t>(j)];
    }
  }
  /// Laws of i's ancestors below the given height, with nothing observed.
  void find_priors(int height) {
    for (int j = height; j >= 1; --j) {
      const Eigen::MatrixXd& transfer = tables_->laws.transfer(j, right_digit_[static_cast<std::size_t>(j)]);
      const std::vector<float>& above = prior_[static_cast<std::size_t>(j)];
      std::vector<float>& below = prior_[static_cast<std::size_t>(j) - 1];
      below.assign(static_cast<std::size_t>(tables_->q), 0);
      for (int c = 0; c < tables_->q; ++c) {
        double sum = 0;
        for (std::size_t a = 0; a < above.size(); ++a)
          sum += transfer(static_cast<Eigen::Index>(a), c) * above[a];
        below[static_cast<std::size_t>(c)] = static_cast<float>(sum);
      }
    }
  }

  int lowest_common() const {
    int j = 1;
    while (left_node_[static_cast<std::size_t>(j)] != right_node_[static_cast<std::size_t>(j)]) ++j;
    return j;
  }

  /// Which of a group's samples have its symbols at the known places; false if none has.
  HWY_INLINE bool matches(const RuleIndex& index, std::size_t group, I32& mask) const {
    mask = known_[0] == index.symbols[group * static_cast<std::size_t>(index.known)];
    for (int i = 1; i < index.known; ++i)
      mask &= known_[static_cast<std::size_t>(i)] ==
              index.symbols[group * static_cast<std::size_t>(index.known) + static_cast<std::size_t>(i)];
    return any(mask);
  }
  /// out[place(entry)] += weight(entry) over the rules that agree with what is known.
  template <class Place, class Weight>
  HWY_INLINE void sum(const RuleIndex& index, F32* out, int size, Place place, Weight weight) const {
    for (int c = 0; c < size; ++c) out[c] = F32{};
    for (std::size_t g = 0; g < index.groups(); ++g) {
      const auto *entry = index.entries.data() + index.first[g],
                 *end = index.entries.data() + index.first[g + 1];
      if (index.known == 0) {
        for (; entry != end; ++entry) out[place(*entry)] += weight(*entry);
        continue;
      }
      I32 mask;
      if (!matches(index, g, mask)) continue;
      for (; entry != end; ++entry) out[place(*entry)] += as<F32>(mask & as<I32>(weight(*entry)));
    }
    rescale(out, size);
  }
  /// Symbols of nodes of height j, from the given one on.
  HWY_INLINE void look_up(int j, std::int64_t node, int count) {
    for (int i = 0; i < count; ++i)
      known_[static_cast<std::size_t>(i)] = rings_[static_cast<std::size_t>(j)].get(node + i);
  }

  /// μ of u, the child of the LCA above ℓ.
  F32* climb(int lca) {
    int j = 0;  // the largest subtree that begins at ℓ
    while (j + 1 < lca && edge_.digit(j + 1) == 0) ++j;
    F32 *message = message_.data(), *other = message + width_;
    const I32 symbol = rings_[static_cast<std::size_t>(j)].get(left_node_[static_cast<std::size_t>(j)]);
    for (int c = 0; c < tables_->q; ++c) message[c] = select(symbol == c, splat(1), F32{});
    for (++j; j < lca; ++j) {
      const int place = edge_.digit(j);
      look_up(j - 1, left_node_[static_cast<std::size_t>(j) - 1] + 1, d_ - 1 - place);
      sum(
          rules_->at(j, place, d_), other, tables_->q, [](const auto& e) { return e.parent; },
          [&](const auto& e) HWY_ATTR { return message[e.soft] * e.weight; });
      std::swap(message, other);
    }
    return message;
  }
  void join(int lca, const F32* message) {
    const auto j = static_cast<std::size_t>(lca);
    const int place = edge_.digit(lca), target = right_digit_[j];
    look_up(lca - 1, left_node_[j - 1] + 1, target - place - 1);
    const float* prior = prior_[j].data();
    sum(
        rules_->at(lca, place, target), down(lca - 1), tables_->q, [](const auto& e) { return e.target; },
        [&](const auto& e) HWY_ATTR { return message[e.soft] * (prior[e.parent] * e.weight); });
  }
  void descend(int j) {
    const int target = right_digit_[static_cast<std::size_t>(j)];
    look_up(j - 1, right_node_[static_cast<std::size_t>(j) - 1] - target, target);
    const F32* above = down(j);
    sum(
        rules_->at(j, -1, target), down(j - 1), tables_->q, [](const auto& e) { return e.target; },
        [&](const auto& e) HWY_ATTR { return above[e.parent] * e.weight; });
  }

  const GrammarTables* tables_;
  const RuleIndices* rules_;
  int height_, d_;
  LawDraw draw_;
  std::int64_t window_;
  WindowEdge edge_;
  int stored_;
  Parse parse_;
  std::vector<SymbolRing> rings_;                     // [height 0…stored]
  std::vector<std::int64_t> left_node_, right_node_;  // [height]: ancestors of ℓ and i
  std::vector<int> right_digit_;                      // [height]: place of i's ancestor of height j − 1
  std::vector<std::vector<float>> prior_;             // [height][symbol]
  int width_;
  LaneArray<F32> down_;     // [height][symbol]
  LaneArray<F32> message_;  // two of [symbol]
  LaneArray<I32> known_;    // [sibling]
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
