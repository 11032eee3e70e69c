#include "engine/learners/tuple_clusters.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/error.h"
#include "engine/learners/ward.h"

namespace leafcast {

std::uint64_t TupleClusters::key(const NodeSymbols& below, std::size_t sentence, std::size_t parent) const {
  std::uint64_t hash = 0;
  for (int i = 0; i < children_; ++i) {
    hash += below.at(sentence, parent * static_cast<std::size_t>(children_) + static_cast<std::size_t>(i)) +
            std::uint64_t{1};
    hash *= 0x9e3779b97f4a7c15;
    hash ^= hash >> 29;
  }
  return hash;
}

TupleClusters::TupleClusters(const NodeSymbols& below, int children, int groups,
                             const Surroundings& surroundings)
    : children_(children) {
  const std::size_t parents = below.nodes / static_cast<std::size_t>(children), sentences = below.sentences();
  std::vector<double> count;
  std::vector<std::vector<double>> seen;  // [tuple][surrounding]
  std::vector<double> total(surroundings.size);
  std::vector<std::size_t> around;
  double occurrences = 0;
  for (std::size_t i = 0; i < sentences; ++i)
    for (std::size_t node = 0; node < parents; ++node) {
      const auto [entry, is_new] =
          index_.try_emplace(key(below, i, node), static_cast<std::uint32_t>(count.size()));
      if (is_new) {
        // A clustering that went wrong below makes more tuples than there are rules.
        if (count.size() == kMostTuples) {
          index_.erase(entry);
          continue;
        }
        count.push_back(0);
        seen.emplace_back(surroundings.size);
      }
      around.clear();
      surroundings.of(i, node, around);
      count[entry->second] += 1;
      occurrences += 1;
      for (const std::size_t what : around) {
        seen[entry->second][what] += 1;
        total[what] += 1;
      }
    }
  const auto tuples = static_cast<Eigen::Index>(count.size());
  Eigen::MatrixXd rows(tuples, static_cast<Eigen::Index>(surroundings.size));
  Eigen::VectorXd weights(tuples);
  for (Eigen::Index t = 0; t < tuples; ++t) {
    weights[t] = count[static_cast<std::size_t>(t)];
    for (std::size_t what = 0; what < surroundings.size; ++what) {
      // (frequency − mean)/√mean: with the weight of its count each entry has noise of about 1.
      const double mean = total[what] / occurrences;
      rows(t, static_cast<Eigen::Index>(what)) =
          mean > 0 ? (seen[static_cast<std::size_t>(t)][what] / weights[t] - mean) / std::sqrt(mean) : 0;
    }
  }
  group_ = ward_clusters(rows, weights, std::min<int>(groups, static_cast<int>(tuples)));
}

NodeSymbols TupleClusters::parents(const NodeSymbols& below) const {
  NodeSymbols above{below.nodes / static_cast<std::size_t>(children_), {}};
  above.values.reserve(above.nodes * below.sentences());
  for (std::size_t i = 0; i < below.sentences(); ++i)
    for (std::size_t node = 0; node < above.nodes; ++node) {
      const auto known = index_.find(key(below, i, node));
      above.values.push_back(known == index_.end() ? kUnknownSymbol
                                                   : static_cast<std::uint16_t>(group_[known->second]));
    }
  return above;
}

double cluster_purity(const NodeSymbols& groups, const NodeSymbols& truth) {
  std::map<std::pair<std::uint16_t, std::uint16_t>, std::size_t> joint;
  for (std::size_t i = 0; i < groups.values.size(); ++i) ++joint[{groups.values[i], truth.values[i]}];
  std::map<std::uint16_t, std::size_t> most;
  for (const auto& [pair, count] : joint)
    if (pair.first != kUnknownSymbol) most[pair.first] = std::max(most[pair.first], count);
  std::size_t pure = 0;
  for (const auto& [group, count] : most) pure += count;
  return groups.values.empty() ? 1 : static_cast<double>(pure) / static_cast<double>(groups.values.size());
}

}  // namespace leafcast
