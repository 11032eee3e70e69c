#include "engine/learners/ward.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

namespace leafcast {

namespace {

struct Union {
  double cost;
  Eigen::Index a, b;  // rows that stand for the clusters
};

Eigen::Index root(std::vector<Eigen::Index>& parent, Eigen::Index i) {
  while (parent[static_cast<std::size_t>(i)] != i)
    i = parent[static_cast<std::size_t>(i)] =
        parent[static_cast<std::size_t>(parent[static_cast<std::size_t>(i)])];
  return i;
}

}  // namespace

std::vector<int> ward_clusters(const Eigen::MatrixXd& rows, const Eigen::VectorXd& weights, int groups) {
  const Eigen::Index n = rows.rows();
  Eigen::MatrixXd mean = rows.transpose();  // a cluster's mean is a column
  Eigen::VectorXd weight = weights;
  std::vector<Eigen::Index> alive(static_cast<std::size_t>(n)), chain;
  std::iota(alive.begin(), alive.end(), 0);
  std::vector<Union> unions;
  const auto cost = [&](Eigen::Index a, Eigen::Index b) {
    return weight[a] * weight[b] / (weight[a] + weight[b]) * (mean.col(a) - mean.col(b)).squaredNorm();
  };
  // Ward's cost is reducible, so mutual nearest neighbours may be united in any order, and sorted by cost
  // afterwards.
  while (alive.size() > 1) {
    if (chain.empty()) chain.push_back(alive.front());
    const Eigen::Index tip = chain.back(), before = chain.size() > 1 ? chain[chain.size() - 2] : -1;
    Eigen::Index nearest = before;
    double least = before >= 0 ? cost(tip, before) : std::numeric_limits<double>::infinity();
    for (const Eigen::Index other : alive)
      if (other != tip && other != before)
        if (const double c = cost(tip, other); c < least) std::tie(least, nearest) = std::pair(c, other);
    if (nearest != before) {
      chain.push_back(nearest);
      continue;
    }
    chain.resize(chain.size() - 2);
    const auto [a, b] = std::minmax(tip, nearest);
    unions.push_back({least, a, b});
    mean.col(a) = (weight[a] * mean.col(a) + weight[b] * mean.col(b)) / (weight[a] + weight[b]);
    weight[a] += weight[b];
    alive.erase(std::ranges::find(alive, b));
  }
  std::ranges::stable_sort(unions, {}, &Union::cost);
  std::vector<Eigen::Index> parent(static_cast<std::size_t>(n));
  std::iota(parent.begin(), parent.end(), 0);
  for (std::size_t i = 0; i + static_cast<std::size_t>(groups) < static_cast<std::size_t>(n); ++i)
    parent[static_cast<std::size_t>(root(parent, unions[i].b))] = root(parent, unions[i].a);
  std::vector<int> group(static_cast<std::size_t>(n)), number(static_cast<std::size_t>(n), -1);
  int groups_seen = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    int& known = number[static_cast<std::size_t>(root(parent, i))];
    if (known < 0) known = groups_seen++;
    group[static_cast<std::size_t>(i)] = known;
  }
  return group;
}

}  // namespace leafcast
