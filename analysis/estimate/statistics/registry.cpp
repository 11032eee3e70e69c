#include <algorithm>
#include <array>

#include "analysis/estimate/statistics/statistics.h"
#include "engine/streams/stream_address.h"

namespace leafcast::analysis {

using Made = std::unique_ptr<const Statistics>;
Made make_learning_statistics(const Cell&, Scope);
Made make_splitting_statistics(const Cell&, Scope);
Made make_sentence_sums(const Cell&, Scope);
Made make_validity_statistics(const Cell&, Scope);
Made make_memory_statistics(const Cell&, Scope);
Made make_subtree_sums(const Cell&, Scope);
Made make_pair_statistics(const Cell&, Scope);
Made make_structure_statistics(const Cell&, Scope);
Made make_entropy_statistics(const Cell&, Scope);
Made make_validity_by_height(const Cell&, Scope);
Made make_functional_statistics(const Cell&, Scope);

Statistic sentence_rate(const char* base, int height, std::uint64_t hits, std::uint64_t sentences) {
  return {base, height, rate(hits, sentences), sentences, Statistic::Kind::ordinary, Scale::rate};
}

std::uint64_t independent_structures(std::uint64_t sentences) {
  return std::max<std::uint64_t>(std::min<std::uint64_t>(sentences, kJackknifeBins),
                                 sentences / kBatchSamples);
}

std::span<const MakeStatistics> statistics_registry() {
  static constexpr std::array<MakeStatistics, 11> kAll = {
      make_learning_statistics, make_splitting_statistics, make_sentence_sums,
      make_validity_statistics, make_memory_statistics,    make_subtree_sums,
      make_pair_statistics,     make_structure_statistics, make_entropy_statistics,
      make_validity_by_height,  make_functional_statistics};
  return kAll;
}

}  // namespace leafcast::analysis
