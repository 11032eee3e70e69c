#pragma once
#include <Eigen/Dense>
#include <cstdint>
#include <random>
#include <vector>

#include "analysis/theory/message_law.h"
#include "engine/language/channel.h"

namespace leafcast::analysis {

/// Population dynamics: the law of a node's upward message given its symbol, as a sample of messages that
/// climbs level by level. A new message of a node with symbol a is the product of d children's, each drawn
/// from the population of its own symbol, which is drawn from K(a, ·). In a symmetric channel one population
/// (a = 0) serves all symbols, with symbols exchanged.
class MessagePopulation {
 public:
  /// Whether populations of a useful size fit the budget.
  static bool feasible(const Channel& channel, int d);
  /// Starts from an enumerated law, which is up to permutation if the channel is symmetric.
  MessagePopulation(const Channel& channel, int d, const MessageLaw& start, std::uint64_t seed);
  /// Moves one level up and returns (a, b) = E[P(symbol b | leaves) | symbol a] there.
  Eigen::MatrixXd climb();

 private:
  using Population = std::vector<double>;  ///< [member·q + c]: K times its message, as its parent sees it

  static int members(const Channel& channel, int d);
  double uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
  int below(int n) { return static_cast<int>(uniform() * n); }
  int child_symbol(int parent);
  void add_as_seen_by_parent(const Eigen::VectorXd& message, Population& population) const;

  Channel channel_;
  int d_, q_, members_;
  std::mt19937_64 random_;
  std::vector<Population> by_symbol_;
};

}  // namespace leafcast::analysis
