#include "analysis/theory/exact_entropy.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/language/tree.h"

namespace leafcast::analysis {

using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

constexpr double kMostWindows = 1 << 14, kMostSentences = 1 << 16, kMostWork = 1 << 26;

/// Row c: the law of leaves [0, boundaries.size()] given the symbol c of the node of height `height` above
/// them all.
MatrixXd law_given_node(const Channel& channel, std::span<const int> boundaries, int height) {
  if (boundaries.empty()) {
    MatrixXd law = MatrixXd::Identity(channel.q(), channel.q());
    for (int j = 0; j < height; ++j) law = channel.kernel() * law;
    return law;
  }
  const int top = *std::ranges::max_element(boundaries) + 1;
  MatrixXd law = MatrixXd::Ones(channel.q(), 1);
  for (std::size_t first = 0; first <= boundaries.size();) {
    std::size_t last = first;  // of the leaves below one child
    while (last < boundaries.size() && boundaries[last] + 1 < top) ++last;
    const MatrixXd child =
        channel.kernel() * law_given_node(channel, boundaries.subspan(first, last - first), top - 1);
    MatrixXd joint(law.rows(), law.cols() * child.cols());
    for (Eigen::Index c = 0; c < law.rows(); ++c)
      for (Eigen::Index x = 0; x < law.cols(); ++x)
        joint.row(c).segment(x * child.cols(), child.cols()) = law(c, x) * child.row(c);
    law = std::move(joint);
    first = last + 1;
  }
  for (int j = top; j < height; ++j) law = channel.kernel() * law;
  return law;
}

double entropy(const VectorXd& law) {
  double nats = 0;
  for (const double p : law)
    if (p > 0) nats -= p * std::log(p);
  return nats;
}

/// H(last leaf | the others).
double conditional_entropy(const Channel& channel, std::span<const int> boundaries) {
  const VectorXd joint = window_law(channel, boundaries);
  if (boundaries.empty()) return entropy(joint);
  const Eigen::Index q = channel.q();
  const VectorXd window = joint.reshaped(q, joint.size() / q).colwise().sum().transpose();
  return entropy(joint) - entropy(window);
}

/// Σ over the leaves of H(x_i | window of at most `context` leaves or tokens), by carry.
std::vector<double> entropies(const Language& language, std::int64_t context, ContextUnit unit) {
  std::vector<double> sums(static_cast<std::size_t>(language.height) + 1);
  std::map<std::vector<int>, double> known;
  LeafOdometer odometer(language.d, language.height);
  std::vector<int> boundaries;  // between the leaves in the window and the next
  std::int64_t shown = 0;       // tokens or leaves from the window's first leaf to before the next
  const auto size = [&](int boundary) { return unit == ContextUnit::tokens && boundary > 0 ? 2 : 1; };
  for (int carry = language.height; odometer.leaf() < language.leaves(); carry = odometer.advance()) {
    if (odometer.leaf() > 0) {
      boundaries.push_back(carry);
      shown += size(carry);
      // The first leaf is `shown` tokens back.
      while (!boundaries.empty() && shown > context) {
        shown -= size(boundaries.front());
        boundaries.erase(boundaries.begin());
      }
    }
    const auto [entry, is_new] = known.try_emplace(boundaries, 0.0);
    if (is_new) entry->second = conditional_entropy(language.channel(), boundaries);
    sums[static_cast<std::size_t>(carry)] += entry->second;
  }
  return sums;
}

}  // namespace

VectorXd window_law(const Channel& channel, std::span<const int> boundaries) {
  const int top = boundaries.empty() ? 0 : *std::ranges::max_element(boundaries) + 1;
  return (channel.stationary().transpose() * law_given_node(channel, boundaries, top)).transpose();
}

std::optional<ExactEntropies> exact_entropies(const Cell& cell) {
  const Language& language = cell.language();
  const double n = static_cast<double>(language.leaves()), q = language.symbols();
  const auto* kgram = std::get_if<KgramGenerator>(&cell.generator());
  const double k = kgram ? std::min(static_cast<double>(kgram->context), n - 1) : n - 1;
  const bool few_sentences = n * std::log2(q) <= std::log2(kMostSentences);
  const bool few_windows =
      (k + 1) * std::log2(q) <= std::log2(kMostWindows) && n * std::max(k, 1.0) <= kMostWork;
  if (!few_sentences && !few_windows) return std::nullopt;
  const auto context = static_cast<std::int64_t>(kgram ? kgram->context : language.leaves());
  ExactEntropies exact{entropies(language, context, kgram ? kgram->unit : ContextUnit::leaves), {}};
  if (few_sentences) exact.language = entropies(language, language.leaves(), ContextUnit::leaves);
  return exact;
}

}  // namespace leafcast::analysis
