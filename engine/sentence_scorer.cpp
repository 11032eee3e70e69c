#include "engine/sentence_scorer.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "engine/tree.h"

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
    : q_(language.channel.q()),
      d_(language.d),
      height_(language.height),
      n_(language.leaves()),
      contexts_(std::move(contexts)),
      levels_(static_cast<std::size_t>(language.height)),
      path_(static_cast<std::size_t>(q_)),
      scratch_(static_cast<std::size_t>(q_)) {
  const auto q = static_cast<std::size_t>(q_);
  for (int a = 0; a < q_; ++a)
    for (int b = 0; b < q_; ++b) kernel_.push_back(language.channel.kernel()(a, b));
  for (int a = 0; a < q_; ++a) stationary_.push_back(language.channel.stationary()(a));
  for (int j = 0; j < height_; ++j)
    for (auto* part : {&levels_[j].message, &levels_[j].left, &levels_[j].right})
      part->resize(static_cast<std::size_t>(tree_power(d_, height_ - j)) * q);
}

void SentenceScorer::pull(const double* in, double* out) const {
  for (int c = 0; c < q_; ++c) {
    const double* row = kernel_.data() + c * q_;
    double sum = 0;
    for (int x = 0; x < q_; ++x) sum += row[x] * in[x];
    out[c] = sum;
  }
}

void SentenceScorer::push(const double* in, double* out) const {
  std::fill(out, out + q_, 0.0);
  for (int c = 0; c < q_; ++c) {
    const double* row = kernel_.data() + c * q_;
    for (int x = 0; x < q_; ++x) out[x] += in[c] * row[x];
  }
}

void SentenceScorer::normalise(double* message) const {
  const double largest = *std::max_element(message, message + q_);
  if (!(largest > 0)) return;
  for (int c = 0; c < q_; ++c) message[c] /= largest;
}

void SentenceScorer::read(std::span<const std::uint8_t> leaves) {
  if (static_cast<std::int64_t>(leaves.size()) != n_)
    throw std::logic_error("a sentence has as many leaves as its tree");
  leaves_.assign(leaves.begin(), leaves.end());
  const auto q = static_cast<std::size_t>(q_);
  std::vector<double> product(q);
  for (int j = 0; j < height_; ++j) {
    Level& level = levels_[j];
    const std::size_t nodes = level.message.size() / q;
    for (std::size_t node = 0; node < nodes; ++node) {
      double* message = level.message.data() + node * q;
      if (j == 0) {
        for (std::size_t c = 0; c < q; ++c) message[c] = kernel_[c * q + leaves_[node]];
      } else {
        // μ of the node: the product over all its children, that is left and own message of the last.
        const std::size_t last = (node + 1) * static_cast<std::size_t>(d_) - 1;
        const Level& below = levels_[j - 1];
        for (std::size_t c = 0; c < q; ++c)
          product[c] = below.left[last * q + c] * below.message[last * q + c];
        pull(product.data(), message);
      }
      normalise(message);
    }
    for (std::size_t first = 0; first < nodes; first += static_cast<std::size_t>(d_)) {
      std::fill_n(level.left.begin() + static_cast<std::ptrdiff_t>(first * q), q, 1.0);
      for (std::size_t node = first + 1; node < first + static_cast<std::size_t>(d_); ++node) {
        double* left = level.left.data() + node * q;
        for (std::size_t c = 0; c < q; ++c)
          left[c] = level.left[(node - 1) * q + c] * level.message[(node - 1) * q + c];
        normalise(left);
      }
      const std::size_t end = first + static_cast<std::size_t>(d_);
      std::fill_n(level.right.begin() + static_cast<std::ptrdiff_t>((end - 1) * q), q, 1.0);
      for (std::size_t node = end - 1; node-- > first;) {
        double* right = level.right.data() + node * q;
        for (std::size_t c = 0; c < q; ++c)
          right[c] = level.right[(node + 1) * q + c] * level.message[(node + 1) * q + c];
        normalise(right);
      }
    }
  }
}

void SentenceScorer::law(std::size_t context, std::int64_t leaf, std::span<double> law) {
  const std::int64_t begin = window_begin(contexts_[context], d_, leaf);
  std::copy(stationary_.begin(), stationary_.end(), law.begin());
  if (begin < leaf) {
    const auto q = static_cast<std::size_t>(q_), d = static_cast<std::size_t>(d_);
    double *path = path_.data(), *next = scratch_.data();
    auto left = static_cast<std::size_t>(begin), right = static_cast<std::size_t>(leaf);
    // Up from the window's first leaf to below the LCA: its message, times those of what stands right of it.
    std::copy_n(levels_[0].message.data() + left * q, q, path);
    int j = 0;
    while (left / d != right / d) {
      const double* siblings = levels_[j].right.data() + left * q;
      for (std::size_t c = 0; c < q; ++c) path[c] *= siblings[c];
      pull(path, next);
      std::swap(path, next);
      left /= d;
      right /= d;
      if (++j % kLevelsWithoutScaling == 0) normalise(path);
    }
    // At the LCA, and down to the leaf: the law of the node above it, times the messages of what stands left
    // of it. At the LCA only what stands right of the window's edge counts.
    for (std::size_t c = 0; c < q; ++c) path[c] *= stationary_[c];
    for (std::size_t s = left + 1; s < right; ++s)
      for (std::size_t c = 0; c < q; ++c) path[c] *= levels_[j].message[s * q + c];
    normalise(path);
    push(path, next);
    std::swap(path, next);
    for (; j > 0; --j) {
      right = static_cast<std::size_t>(leaf);
      for (int level = 0; level < j - 1; ++level) right /= d;
      const double* siblings = levels_[j - 1].left.data() + right * q;
      for (std::size_t c = 0; c < q; ++c) path[c] *= siblings[c];
      if (j % kLevelsWithoutScaling == 0) normalise(path);
      push(path, next);
      std::swap(path, next);
    }
    std::copy_n(path, q, law.begin());
  }
  double sum = 0;
  for (const double p : law) sum += p;
  if (sum > 0)
    for (double& p : law) p /= sum;
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
