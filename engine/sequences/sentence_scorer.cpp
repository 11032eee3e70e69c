#include "engine/sequences/sentence_scorer.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/contract.h"
#include "engine/language/tree.h"

namespace leafcast {

namespace {

constexpr int kLevelsWithoutScaling = 4;

}  // namespace

std::int64_t window_begin(const Context& context, int d, std::int64_t leaf) {
  if (context.unit == ContextUnit::leaves) return std::max<std::int64_t>(0, leaf - std::min(context.k, leaf));
  const auto token = [d](std::int64_t i) { return i + i / d; };
  const std::int64_t first = token(leaf) - std::min(context.k, token(leaf));
  // Leaf i stands d + 1 tokens after leaf i − d.
  std::int64_t i = first / (d + 1) * d + std::min<std::int64_t>(first % (d + 1), d - 1);
  while (i > 0 && token(i - 1) >= first) --i;
  while (i < leaf && token(i) < first) ++i;
  return std::min(i, leaf);
}

SentenceScorer::SentenceScorer(const Language& language, std::vector<Context> contexts)
    : q_(language.symbols()),
      d_(language.d),
      height_(language.height),
      n_(language.leaves()),
      contexts_(std::move(contexts)),
      levels_(static_cast<std::size_t>(language.height)),
      path_(static_cast<std::size_t>(q_)),
      scratch_(static_cast<std::size_t>(q_)) {
  const auto q = static_cast<std::size_t>(q_);
  for (int a = 0; a < q_; ++a)
    for (int b = 0; b < q_; ++b) kernel_.push_back(language.channel().kernel()(a, b));
  for (int a = 0; a < q_; ++a) stationary_.push_back(language.channel().stationary()(a));
  for (int j = 0; j < height_; ++j)
    for (auto* part : {&levels_[j].message, &levels_[j].left, &levels_[j].right})
      part->resize(static_cast<std::size_t>(tree_power(d_, height_ - j)) * q);
}

template <int Q>
void SentenceScorer::pull(const double* in, double* out) const {
  const int q = Q ? Q : q_;
  for (int c = 0; c < q; ++c) {
    const double* row = kernel_.data() + c * q;
    double sum = 0;
    for (int x = 0; x < q; ++x) sum += row[x] * in[x];
    out[c] = sum;
  }
}

template <int Q>
void SentenceScorer::push(const double* in, double* out) const {
  const int q = Q ? Q : q_;
  std::fill(out, out + q, 0.0);
  for (int c = 0; c < q; ++c) {
    const double* row = kernel_.data() + c * q;
    for (int x = 0; x < q; ++x) out[x] += in[c] * row[x];
  }
}

template <int Q>
void SentenceScorer::normalise(double* message) const {
  const int q = Q ? Q : q_;
  const double largest = *std::max_element(message, message + q);
  if (!(largest > 0)) return;
  for (int c = 0; c < q; ++c) message[c] /= largest;
}

void SentenceScorer::read(std::span<const std::uint8_t> leaves) {
  LEAFCAST_EXPECT(static_cast<std::int64_t>(leaves.size()) == n_, "a score of part of a sentence",
                  "a sentence has as many leaves as its tree", "read it whole");
  leaves_.assign(leaves.begin(), leaves.end());
  q_ == 2 ? read_symbols<2>() : q_ == 3 ? read_symbols<3>() : read_symbols<0>();
}

template <int Q>
void SentenceScorer::read_symbols() {
  const auto q = static_cast<std::size_t>(Q ? Q : q_), d = static_cast<std::size_t>(d_);
  std::vector<double> product(q);
  const auto multiply = [&](const double* a, const double* b, double* into) {
    for (std::size_t c = 0; c < q; ++c) into[c] = a[c] * b[c];
  };
  for (int j = 0; j < height_; ++j) {
    Level& level = levels_[j];
    const std::size_t nodes = level.message.size() / q;
    for (std::size_t node = 0; node < nodes; ++node) {
      double* message = level.message.data() + node * q;
      if (j == 0) {
        for (std::size_t c = 0; c < q; ++c) message[c] = kernel_[c * q + leaves_[node]];
      } else {
        // μ of the node: the product over all its children, that is left and own message of the last.
        const std::size_t last = (node + 1) * d - 1;
        const Level& below = levels_[j - 1];
        multiply(below.left.data() + last * q, below.message.data() + last * q, product.data());
        pull<Q>(product.data(), message);
      }
      normalise<Q>(message);
    }
    for (std::size_t first = 0; first < nodes; first += d) {
      const std::size_t end = first + d;
      std::fill_n(level.left.begin() + static_cast<std::ptrdiff_t>(first * q), q, 1.0);
      for (std::size_t node = first + 1; node < end; ++node) {
        double* left = level.left.data() + node * q;
        multiply(left - q, level.message.data() + (node - 1) * q, left);
        normalise<Q>(left);
      }
      std::fill_n(level.right.begin() + static_cast<std::ptrdiff_t>((end - 1) * q), q, 1.0);
      for (std::size_t node = end - 1; node-- > first;) {
        double* right = level.right.data() + node * q;
        multiply(right + q, level.message.data() + (node + 1) * q, right);
        normalise<Q>(right);
      }
    }
  }
}

void SentenceScorer::law(std::size_t context, std::int64_t leaf, std::span<double> law) {
  const std::int64_t begin = window_begin(contexts_[context], d_, leaf);
  std::copy(stationary_.begin(), stationary_.end(), law.begin());
  if (begin < leaf)
    q_ == 2   ? weigh<2>(begin, leaf, law.data())
    : q_ == 3 ? weigh<3>(begin, leaf, law.data())
              : weigh<0>(begin, leaf, law.data());
  double sum = 0;
  for (const double p : law) sum += p;
  if (sum > 0)
    for (double& p : law) p /= sum;
}

template <int Q>
void SentenceScorer::weigh(std::int64_t begin, std::int64_t leaf, double* law) {
  const auto q = static_cast<std::size_t>(Q ? Q : q_), d = static_cast<std::size_t>(d_);
  const auto multiply = [&](double* into, const double* factor) {
    for (std::size_t c = 0; c < q; ++c) into[c] *= factor[c];
  };
  double *path = path_.data(), *next = scratch_.data();
  auto left = static_cast<std::size_t>(begin), right = static_cast<std::size_t>(leaf);
  std::array<std::size_t, 64> ancestor;  // [height] of the leaf
  // Up from the window's first leaf to below the LCA: its message, times those of what stands right of it.
  std::copy_n(levels_[0].message.data() + left * q, q, path);
  int j = 0;
  for (;;) {
    ancestor[static_cast<std::size_t>(j)] = right;
    const std::size_t left_parent = left / d, right_parent = right / d;
    if (left_parent == right_parent) break;
    multiply(path, levels_[j].right.data() + left * q);
    pull<Q>(path, next);
    std::swap(path, next);
    left = left_parent;
    right = right_parent;
    if (++j % kLevelsWithoutScaling == 0) normalise<Q>(path);
  }
  // At the LCA what stands between window and leaf counts; then down to the leaf, at each node what stands
  // left of it.
  multiply(path, stationary_.data());
  for (std::size_t s = left + 1; s < right; ++s) multiply(path, levels_[j].message.data() + s * q);
  normalise<Q>(path);
  push<Q>(path, next);
  std::swap(path, next);
  for (; j > 0; --j) {
    multiply(path, levels_[j - 1].left.data() + ancestor[static_cast<std::size_t>(j) - 1] * q);
    if (j % kLevelsWithoutScaling == 0) normalise<Q>(path);
    push<Q>(path, next);
    std::swap(path, next);
  }
  std::copy_n(path, q, law);
}

Eigen::VectorXd SentenceScorer::law(std::size_t context, std::int64_t leaf) {
  Eigen::VectorXd result(q_);
  law(context, leaf, std::span(result.data(), static_cast<std::size_t>(q_)));
  return result;
}

void SentenceScorer::score(std::size_t context, std::span<double> nats) {
  std::vector<double> p(static_cast<std::size_t>(q_));
  for (std::int64_t i = 0; i < n_; ++i) {
    law(context, i, p);
    double sum = 0;
    for (const double x : p) sum += x;
    nats[static_cast<std::size_t>(i)] = sum > 0 ? -std::log(p[leaves_[static_cast<std::size_t>(i)]])
                                                : std::numeric_limits<double>::quiet_NaN();
  }
}

}  // namespace leafcast
