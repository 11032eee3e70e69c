#pragma once
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

namespace leafcast {

/// Symbols of all sentences at one height, [sentence][node]. In the learner's own numbering above the leaves;
/// `unknown` for what it has never seen.
struct NodeSymbols {
  std::size_t nodes = 0;
  std::vector<std::uint16_t> values;
  std::size_t sentences() const { return nodes == 0 ? 0 : values.size() / nodes; }
  std::uint16_t at(std::size_t sentence, std::size_t node) const { return values[sentence * nodes + node]; }
};
inline constexpr std::uint16_t kUnknownSymbol = 0xffff;

/// What a tuple's occurrences are told apart by: fills a list of numbers below `size`, one for each thing
/// that is seen with the given occurrence (a sibling's symbol at a place, the root's class).
struct Surroundings {
  std::size_t size;
  std::function<void(std::size_t sentence, std::size_t parent, std::vector<std::size_t>& seen)> of;
};

/// One step of latent clustering (after Malach and Shalev-Shwartz, and Cagnetta et al., arXiv 2307.02129):
/// tuples of s neighbouring symbols that are surrounded alike are taken for the rules of one symbol. Every
/// tuple is a vector of the frequencies of what surrounds it, in units of their noise; Ward's clustering
/// finds `groups` of them.
class TupleClusters {
 public:
  TupleClusters(const NodeSymbols& below, int children, int groups, const Surroundings& surroundings);
  /// The symbols one level up; kUnknownSymbol for tuples that were not met.
  NodeSymbols parents(const NodeSymbols& below) const;
  std::size_t tuples() const { return group_.size(); }

  /// Tuples that are told apart at most: time grows with their square.
  static constexpr std::size_t kMostTuples = 1 << 13;

 private:
  std::uint64_t key(const NodeSymbols& below, std::size_t sentence, std::size_t parent) const;
  int children_;
  std::unordered_map<std::uint64_t, std::uint32_t> index_;  // by hash of the tuple
  std::vector<int> group_;                                  // [tuple]
};

/// The fraction of occurrences whose tuple is in a group with most of its own true symbol: 1 if groups are
/// the symbols.
double cluster_purity(const NodeSymbols& groups, const NodeSymbols& truth);

}  // namespace leafcast
