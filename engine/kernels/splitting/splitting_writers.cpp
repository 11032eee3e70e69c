#include "engine/kernels/splitting/splitting_writers.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/contract.h"
#include "engine/writers/block_shape.h"

namespace leafcast {

namespace {

/// Arithmetic of messages of a coloring up to factors, where K ∝ J − I: (K m)(c) is the sum over the other
/// colors, never the total less m(c), so that zeros are exact. Q = 0 leaves q to run time.
template <int Q>
class Colors {
 public:
  explicit Colors(int q) : q_(q) {}
  int q() const { return Q ? Q : q_; }

  /// out = K in; not in place.
  void others(const double* in, double* out) const {
    for (int c = 0; c < q(); ++c) {
      double sum = 0;
      for (int x = 0; x < q(); ++x)
        if (x != c) sum += in[x];
      out[c] = sum;
    }
  }
  void fill(double* m) const { std::fill(m, m + q(), 1.0); }
  /// into ⊙= factor, and kept far from underflow by a power of two.
  void absorb(double* into, const double* factor) const {
    double most = 0;
    for (int c = 0; c < q(); ++c) most = std::max(most, into[c] *= factor[c]);
    if (most < 0x1p-256)
      for (int c = 0; c < q(); ++c) into[c] *= 0x1p256;
  }
  /// Greatest entry 1.
  void normalize(double* m) const {
    const double most = *std::max_element(m, m + q());
    for (int c = 0; c < q(); ++c) m[c] /= most;
  }
  /// A color by its weight: none of weight 0.
  std::uint8_t draw(const double* weights, double u) const {
    double total = 0;
    for (int c = 0; c < q(); ++c) total += weights[c];
    LEAFCAST_EXPECT(total > 0, "a color by weights of zero", "a window of probability zero was met",
                    "report this as an error of the writer");
    const double target = u * total;
    double sum = 0;
    int last = 0;
    for (int c = 0; c < q(); ++c) {
      sum += weights[c];
      if (target < sum) return static_cast<std::uint8_t>(c);
      if (weights[c] > 0) last = c;  // where rounding made target = total
    }
    return static_cast<std::uint8_t>(last);
  }
  std::uint8_t draw_root(double u) const { return static_cast<std::uint8_t>(u * q()); }
  std::uint8_t draw_child(int parent, double u) const {
    const int x = static_cast<int>(u * (q() - 1));
    return static_cast<std::uint8_t>(x + (x >= parent ? 1 : 0));
  }

 private:
  int q_;
};

/// left(j) ∝ Π K μ_s over the completed children s of the height-j node that is being written, j from 1 on
/// (MATH.md §3): `left` points at q numbers a level.
template <int Q>
void complete_node(const Colors<Q>& colors, double* left, int j, double* message) {
  double* const node = left + static_cast<std::size_t>(j) * colors.q();
  colors.others(node, message);
  colors.normalize(message);
  colors.fill(node);
  colors.absorb(node + colors.q(), message);
}

// ---- block, and reasoning by path

/// Keeps the colors of the leaf's ancestors up to the block's root; with leaf memory, the root is drawn anew
/// from its posterior given the block's leaves when the block ends.
template <int Q>
class AncestorWriter final : public ParticleWriter {
 public:
  AncestorWriter(const Cell& cell, int particles)
      : colors_(cell.language().symbols()),
        blocks_(cell),
        w_(blocks_.height),
        colors_kept_(static_cast<std::size_t>(w_) + 1),
        ancestors_(colors_kept_ * static_cast<std::size_t>(particles)) {
    recalls_ = cell.traits().walk == Walk::recalling_ancestors && w_ > 0;
    if (recalls_) left_size_ = (static_cast<std::size_t>(w_) + 2) * colors_.q();
    left_.resize(left_size_ * static_cast<std::size_t>(particles));
    for (const Eigen::MatrixXd& law : blocks_.across) {
      std::vector<double>& rows = across_.emplace_back();
      for (int a = 0; a < law.rows(); ++a)
        for (int b = 0; b < law.cols(); ++b) rows.push_back(law(a, b));
    }
  }

  void write(const LeafOdometer& odometer, int carry, ScalarStream& stream,
             std::span<std::uint8_t> symbols) override {
    if (odometer.leaf() == 0)
      for (double& entry : left_) entry = 1;
    for (std::size_t p = 0; p < symbols.size(); ++p) {
      std::uint8_t* const ancestor = ancestors_.data() + p * colors_kept_;
      double* const left = left_.data() + p * left_size_;
      int below = carry;  // ancestors of heights 0…below are new
      if (odometer.leaf() == 0) {
        ancestor[w_] = colors_.draw_root(stream.uniform());
        below = w_ - 1;
      } else if (carry >= w_) {
        if (recalls_) recall(ancestor, left, stream);
        const std::vector<double>& law =
            across_[blocks_.lca_drawn ? 0 : static_cast<std::size_t>(carry - w_)];
        ancestor[w_] = colors_.draw(law.data() + ancestor[w_] * colors_.q(), stream.uniform());
        below = w_ - 1;
      } else if (recalls_) {
        for (int j = 1; j <= carry; ++j) complete(left, j);
      }
      for (int j = below; j >= 0; --j) ancestor[j] = colors_.draw_child(ancestor[j + 1], stream.uniform());
      if (recalls_) left[colors_.q() + ancestor[0]] = 0;
      symbols[p] = ancestor[0];
    }
  }

  void copy(int from, int to) override {
    std::memcpy(ancestors_.data() + static_cast<std::size_t>(to) * colors_kept_,
                ancestors_.data() + static_cast<std::size_t>(from) * colors_kept_, colors_kept_);
    std::copy_n(left_.data() + static_cast<std::size_t>(from) * left_size_, left_size_,
                left_.data() + static_cast<std::size_t>(to) * left_size_);
  }

 private:
  void complete(double* left, int j) const {
    double message[kMaxSymbols];
    complete_node(colors_, left, j, message);
  }
  /// The root's posterior is ν ⊙ μ, and ν is uniform.
  void recall(std::uint8_t* ancestor, double* left, ScalarStream& stream) const {
    for (int j = 1; j < w_; ++j) complete(left, j);
    double* const root = left + static_cast<std::size_t>(w_) * colors_.q();
    ancestor[w_] = colors_.draw(root, stream.uniform());
    colors_.fill(root);
  }

  Colors<Q> colors_;
  BlockShape blocks_;
  int w_;
  bool recalls_ = false;
  std::size_t colors_kept_, left_size_ = 0;
  std::vector<std::uint8_t> ancestors_;      // [particle][height 0…w]
  std::vector<double> left_;                 // [particle][level][color]
  std::vector<std::vector<double>> across_;  // [boundary law][last root][next root]
};

// ---- kgram

/// Where things stand in what a particle of a k-gram keeps: rings of the last leaves, and of the messages of
/// the last complete subtrees of each height that the window can hold; the same for all particles.
struct KgramStore {
  KgramStore(std::int64_t window, int d, int height, int q) : leaves(static_cast<std::size_t>(window) + 1) {
    std::size_t end = 0;
    for (std::int64_t subtrees = window / d; subtrees > 0 && levels < height; subtrees /= d) {
      ++levels;
      capacity.push_back(subtrees + 2);
      begin.push_back(end);
      end += static_cast<std::size_t>(subtrees + 2) * static_cast<std::size_t>(q);
    }
    left = end;
    messages = end + static_cast<std::size_t>(levels + 2) * static_cast<std::size_t>(q);
  }
  /// Offset of the message of subtree number `subtree` of height j ≥ 1.
  std::size_t message(int j, std::int64_t subtree, int q) const {
    const auto at = static_cast<std::size_t>(j - 1);
    return begin[at] + static_cast<std::size_t>(subtree % capacity[at] * q);
  }

  std::size_t leaves;  ///< of the ring of symbols
  int levels = 0;      ///< heights of subtrees that fit into the window
  std::vector<std::int64_t> capacity;
  std::vector<std::size_t> begin;
  std::size_t left, messages;  ///< where left(j) begin; numbers in all
};

/// GKMSS §1, straight from MATH.md §3: from the window's left edge ℓ up to a_J, its LCA with leaf i, and down
/// again to i. Messages of complete subtrees are kept, so a leaf costs the two paths and their siblings. The
/// paths are the same for all particles.
template <int Q>
class KgramWriter final : public ParticleWriter {
 public:
  KgramWriter(const Cell& cell, const KgramGenerator& kgram, int particles)
      : colors_(cell.language().symbols()),
        d_(cell.language().d),
        k_(kgram.context),
        tokens_(kgram.unit == ContextUnit::tokens),
        store_(kgram.ring(cell.language()), d_, cell.language().height, colors_.q()),
        leaves_(store_.leaves * static_cast<std::size_t>(particles)),
        messages_(store_.messages * static_cast<std::size_t>(particles)) {}

  void write(const LeafOdometer& odometer, int carry, ScalarStream& stream,
             std::span<std::uint8_t> symbols) override {
    const std::int64_t i = odometer.leaf();
    if (i == 0) begin();
    while (position(i) - position(edge_) > k_) ++edge_;
    find_path(i);
    find_completed(i == 0 ? 0 : carry, i);
    for (std::size_t p = 0; p < symbols.size(); ++p) {
      double* const messages = messages_.data() + p * store_.messages;
      std::uint8_t* const leaves = leaves_.data() + p * store_.leaves;
      if (i > 0) complete_subtrees(messages, carry);
      double law[kMaxSymbols];
      weigh(messages, leaves, law);
      const std::uint8_t x = colors_.draw(law, stream.uniform());
      leaves[static_cast<std::size_t>(i) % store_.leaves] = x;
      messages[store_.left + static_cast<std::size_t>(colors_.q()) + x] = 0;  // left(1) ⊙= 1 − e_x
      symbols[p] = x;
    }
  }

  void copy(int from, int to) override {
    std::memcpy(leaves_.data() + static_cast<std::size_t>(to) * store_.leaves,
                leaves_.data() + static_cast<std::size_t>(from) * store_.leaves, store_.leaves);
    std::copy_n(messages_.data() + static_cast<std::size_t>(from) * store_.messages, store_.messages,
                messages_.data() + static_cast<std::size_t>(to) * store_.messages);
  }

 private:
  void begin() {
    edge_ = 0;
    std::ranges::fill(messages_, 1.0);
  }
  /// Of leaf i in the stream: with punctuation, a mark stands before every leaf i > 0 with d | i.
  std::int64_t position(std::int64_t i) const { return tokens_ ? i + i / d_ : i; }

  /// Finds J and which leaves and messages the paths of leaf i meet, in the order met.
  void find_path(std::int64_t i) {
    seen_.clear();
    up_.clear();
    siblings_.clear();
    std::int64_t left = edge_, right = i;  // ancestors' numbers
    for (lca_ = 0; left != right; ++lca_) left /= d_, right /= d_;
    if (lca_ == 0) return;
    const std::int64_t last = lca_ == 1 ? i : edge_ / d_ * d_ + d_;
    for (std::int64_t leaf = edge_; leaf < last; ++leaf)
      seen_.push_back(static_cast<std::size_t>(leaf) % store_.leaves);
    left = edge_, right = i;
    for (int j = 1; j < lca_; ++j) {
      left /= d_, right /= d_;  // heights j
      const std::int64_t end = j == lca_ - 1 ? right : left / d_ * d_ + d_;
      for (std::int64_t sibling = left + 1; sibling < end; ++sibling)
        siblings_.push_back(store_.message(j, sibling, colors_.q()));
      up_.push_back(siblings_.size());
    }
  }

  /// Where the messages of the subtrees go that the leaf before i has completed.
  void find_completed(int carry, std::int64_t i) {
    completed_.clear();
    for (int j = 1; j <= std::min(carry, store_.levels); ++j)
      completed_.push_back(store_.message(j, (i /= d_) - 1, colors_.q()));
  }
  void complete_subtrees(double* messages, int carry) const {
    double* const left = messages + store_.left;
    int j = 0;
    for (const std::size_t at : completed_) complete_node(colors_, left, ++j, messages + at);
    if (carry > store_.levels) colors_.fill(left + static_cast<std::size_t>(store_.levels + 1) * colors_.q());
  }

  /// The law of leaf i up to a factor. ν is uniform.
  void weigh(const double* messages, const std::uint8_t* leaves, double* law) const {
    double pair[2][kMaxSymbols];
    double *now = pair[0], *next = pair[1];
    const auto step = [&] {
      colors_.others(now, next);
      std::swap(now, next);
    };
    colors_.fill(now);
    for (const std::size_t at : seen_) now[leaves[at]] = 0;
    std::size_t sibling = 0;
    for (const std::size_t end : up_) {  // up to a_J
      step();
      for (; sibling < end; ++sibling) colors_.absorb(now, messages + siblings_[sibling]);
    }
    for (int j = lca_ - 1; j >= 1; --j) {  // and down
      step();
      // Where no sibling can have completed within the window there is no factor.
      if (j <= store_.levels + 1)
        colors_.absorb(now, messages + store_.left + static_cast<std::size_t>(j) * colors_.q());
    }
    if (lca_ == 0)
      colors_.fill(law);
    else
      colors_.others(now, law);
  }

  Colors<Q> colors_;
  int d_;
  std::int64_t k_;
  bool tokens_;
  KgramStore store_;
  std::vector<std::uint8_t> leaves_;        // [particle][ring]
  std::vector<double> messages_;            // [particle][rings, then left(j) from j = 0 on]
  std::int64_t edge_ = 0;                   // ℓ
  int lca_ = 0;                             // J; 0 if the window is empty
  std::vector<std::size_t> seen_;           // leaves of the window below ℓ's (J = 1: i's) level-1 node
  std::vector<std::size_t> completed_;      // messages, by height from 1 on
  std::vector<std::size_t> siblings_, up_;  // messages met on the way up; end of each level's
};

template <int Q>
std::unique_ptr<ParticleWriter> make(const Cell& cell, int particles) {
  using Writer = std::unique_ptr<ParticleWriter>;
  const auto from_ancestors = [&]() -> Writer {
    return std::make_unique<AncestorWriter<Q>>(cell, particles);
  };
  return visit_writer(cell.generator(),
                      overloaded{[&](const TrueGenerator&) { return from_ancestors(); },
                                 [&](const KgramGenerator& kgram) -> Writer {
                                   return std::make_unique<KgramWriter<Q>>(cell, kgram, particles);
                                 },
                                 [&](const BlockGenerator&) { return from_ancestors(); },
                                 [&](const ReasoningGenerator&) { return from_ancestors(); }});
}

}  // namespace

std::unique_ptr<ParticleWriter> make_particle_writer(const Cell& cell, int particles) {
  const Channel& channel = cell.language().channel();
  LEAFCAST_EXPECT(
      channel.is_symmetric() && channel.kernel()(0, 0) == 0 && cell.traits().walk != Walk::segment,
      "particles of " + cell.label(), "it is no coloring, or remembers segments",
      "ask for cells whose method is splitting");
  if (channel.q() == 3) return make<3>(cell, particles);
  if (channel.q() == 4) return make<4>(cell, particles);
  return make<0>(cell, particles);
}

double particle_bytes(const Cell& cell) {
  const Language& language = cell.language();
  const int q = language.symbols();
  if (const auto* kgram = std::get_if<KgramGenerator>(&cell.generator()))
    return static_cast<double>(kgram->ring(language)) * (1 + 8.0 * q / (language.d - 1)) +
           8.0 * q * (3 * language.height + 4);
  return (language.height + 2) * (1 + 8.0 * q);
}

}  // namespace leafcast
