#pragma once
#include <cmath>
#include <random>
#include <vector>

#include "engine/cell/cell.h"
#include "engine/language/tree.h"
#include "engine/observe/memory.h"
#include "engine/observe/power_sums.h"
#include "engine/observe/validity.h"
#include "engine/plan/record.h"

/// Records to try the analysis on: a small, slow sampler of true and block sentences that tallies what the
/// engine would.
namespace leafcast::synthetic {

using Sentence = std::vector<int>;

/// Writes sentences of a symmetric language, one at a time. Path memory of depth m writes like block root
/// memory w = m; k-grams are stood in for by blocks of the same length that remember their leaves.
class Writer {
 public:
  Writer(const Cell& cell, std::mt19937_64& random)
      : d_(cell.language().d),
        h_(cell.language().height),
        q_(cell.language().symbols()),
        lambda_(cell.language().channel().lambda()),
        random_(random) {
    const Generator& generator = cell.generator();
    if (const auto* block = std::get_if<BlockGenerator>(&generator)) {
      w_ = block->context_depth;
      remember_leaves_ = block->memory == BlockMemory::leaves;
      lca_ = block->lca;
    } else if (const auto* reasoning = std::get_if<ReasoningGenerator>(&generator)) {
      w_ = reasoning->memory_depth;
    } else if (const auto* kgram = std::get_if<KgramGenerator>(&generator)) {
      w_ = 0;
      while (w_ < h_ && tree_power(d_, w_ + 1) <= kgram->context) ++w_;
      remember_leaves_ = true;
      lca_ = LcaLaw::fixed;
    } else {
      w_ = h_;
    }
  }

  Sentence operator()() {
    Sentence sentence;
    int root = static_cast<int>(random_() % q_);
    const std::int64_t blocks = tree_power(d_, h_ - w_);
    for (std::int64_t r = 0; r < blocks; ++r) {
      if (r > 0) root = across(remember_leaves_ ? posterior_root(sentence) : root, lca_height(r));
      broadcast(root, w_, sentence);
    }
    return sentence;
  }

 private:
  double uniform() { return std::generate_canonical<double, 53>(random_); }
  int child(int parent) {
    // P(copy) beyond a uniform redraw is λ; for λ < 0 draw from the row.
    const double same = lambda_ + (1 - lambda_) / q_;
    if (uniform() < same) return parent;
    const int other = static_cast<int>(random_() % static_cast<unsigned>(q_ - 1));
    return other < parent ? other : other + 1;
  }
  void broadcast(int symbol, int height, Sentence& leaves) {
    if (height == 0) return leaves.push_back(symbol);
    for (int c = 0; c < d_; ++c) broadcast(child(symbol), height - 1, leaves);
  }
  int across(int symbol, int levels) {
    for (int step = 0; step < 2 * levels; ++step) symbol = child(symbol);
    return symbol;
  }
  /// Above the block roots.
  int lca_height(std::int64_t r) {
    const int top = h_ - w_;
    if (lca_ == LcaLaw::fixed) {
      int j = 1;
      for (; r % d_ == 0; r /= d_) ++j;
      return j;
    }
    int j = 1;
    if (lca_ == LcaLaw::sampled_reset) {
      while (uniform() < 1.0 / d_) ++j;
      return std::min(j, 60);
    }
    double u = uniform() * (1 - std::pow(d_, -top));
    for (double p = 1 - 1.0 / d_; j < top && u >= p; p /= d_, ++j) u -= p;
    return j;
  }
  int posterior_root(const Sentence& sentence) {
    const auto size = static_cast<std::size_t>(tree_power(d_, w_));
    std::vector<std::vector<double>> messages;
    for (std::size_t i = sentence.size() - size; i < sentence.size(); ++i) {
      messages.emplace_back(q_, 0.0)[sentence[i]] = 1;
    }
    for (; messages.size() > 1;) {
      std::vector<std::vector<double>> parents(messages.size() / d_, std::vector<double>(q_, 1.0));
      for (std::size_t i = 0; i < messages.size(); ++i) {
        double sum = 0;
        for (const double m : messages[i]) sum += m;
        double norm = 0;
        auto& parent = parents[i / d_];
        for (int c = 0; c < q_; ++c)
          norm += parent[c] *= std::max(0.0, lambda_ * messages[i][c] + (1 - lambda_) / q_ * sum);
        for (double& p : parent) p /= norm;
      }
      messages = std::move(parents);
    }
    double u = uniform();
    for (int c = 0; c < q_ - 1; ++c)
      if ((u -= messages[0][c]) < 0) return c;
    return q_ - 1;
  }

  int d_, h_, q_;
  double lambda_;
  std::mt19937_64& random_;
  int w_ = 0;
  bool remember_leaves_ = false;
  LcaLaw lca_ = LcaLaw::sampled;
};

/// Counts one sentence: subtree sums, validity by allowed sets (MATH.md §4), histogram.
inline void tally_sentence(const Cell& cell, const Sentence& sentence, Tally& tally) {
  const Language& language = cell.language();
  const int d = language.d, h = language.height, q = language.symbols();
  ++tally.samples;
  std::vector<std::int64_t> sums;
  for (const int x : sentence) sums.push_back(x == cell.observe().symbol ? q - 1 : -1);
  for (int j = 0; j <= h; ++j) {
    for (const std::int64_t s : sums)
      for (int p = 0; p < kPowers; ++p)
        if (cell.observe().subtrees || j == h)
          add(tally, fields::sum_s[p], j, pow(WideInt(s), static_cast<unsigned>(p + 1)));
    if (j == h) break;
    std::vector<std::int64_t> parents(sums.size() / d, 0);
    for (std::size_t i = 0; i < sums.size(); ++i) parents[i / d] += sums[i];
    sums = std::move(parents);
  }
  if (cell.observe().histogram) {
    const std::int64_t count = (sums[0] + language.leaves()) / q;
    ++tally.histogram[HistogramBins::bin(count - HistogramBins::centre(cell))];
  }
  if (const auto* reasoning = std::get_if<ReasoningGenerator>(&cell.generator())) {
    // The symbol and the sibling index at each remembered level; without any, the last leaf.
    const int symbol = static_cast<int>(std::ceil(std::log2(q))),
              sibling = static_cast<int>(std::ceil(std::log2(d)));
    tally.counts(fields::memory_bits)[0] = static_cast<std::uint64_t>(
        reasoning->memory_depth == 0 ? symbol : reasoning->memory_depth * (symbol + sibling));
  }
  if (!cell.observe().validity) return;
  const unsigned all = (1u << q) - 1;
  std::vector<unsigned> allowed;
  for (const int x : sentence) allowed.push_back(1u << x);
  bool consistent = true;
  for (int j = 0;; ++j) {
    std::uint64_t valid = 0;
    for (const unsigned set : allowed) valid += set != 0;
    tally.counts(fields::valid)[static_cast<std::size_t>(j)] += valid;
    if (consistent && valid < allowed.size()) {
      consistent = false;
      ++tally.counts(fields::first_inconsistency)[static_cast<std::size_t>(j)];
    }
    if (j == h) break;
    std::vector<unsigned> parents(allowed.size() / d, all);
    for (std::size_t i = 0; i < allowed.size(); ++i) {
      const unsigned set = allowed[i];
      if ((set & (set - 1)) == 0) parents[i / d] &= set == 0 ? 0 : ~set;
    }
    allowed = std::move(parents);
  }
  tally.counts(fields::frozen_roots)[0] += allowed[0] != 0 && (allowed[0] & (allowed[0] - 1)) == 0;
  tally.counts(fields::free_roots)[0] += (allowed[0] & (allowed[0] - 1)) != 0;
}

/// A cell from "key", "value" pairs.
inline Cell make_cell(Parameters parameters) {
  parameters.try_emplace("seed", "1");
  parameters.try_emplace("sampling.samples", "1000");
  return Cell::from_parameters(parameters);
}

/// Draws all chunks of the plan.
inline Record draw(Plan plan, std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  Record record(std::move(plan));
  for (std::uint32_t i = 0; i < record.plan.cells().size(); ++i) {
    const Cell& cell = record.plan.cells()[i];
    Writer write(cell, random);
    for (Chunk chunk{i, 0}; chunk.index < record.plan.chunks(i); ++chunk.index) {
      Tally tally(cell);
      for (std::uint64_t s = 0; s < record.plan.samples(chunk); ++s) tally_sentence(cell, write(), tally);
      record.add(chunk, tally);
    }
  }
  return record;
}

}  // namespace leafcast::synthetic
