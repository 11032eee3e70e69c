#include "engine/learners/counting_model.h"

#include <algorithm>
#include <tuple>

namespace leafcast {

namespace {

/// The first features, hashed one after the other (the finaliser of SplitMix64).
std::uint64_t extend(std::uint64_t hash, std::uint16_t feature) {
  std::uint64_t z = hash + 0x9e3779b97f4a7c15 * (std::uint64_t{feature} + 1);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}
std::uint64_t hash_first(std::span<const std::uint16_t> features, std::size_t count) {
  std::uint64_t hash = 0;
  for (std::size_t j = 0; j < count; ++j) hash = extend(hash, features[j]);
  return hash;
}

struct Entry {
  std::uint64_t hash;
  std::uint32_t row, count;
  std::uint16_t target;
};

void unite(std::vector<Entry>& entries) {
  std::ranges::sort(entries, {}, [](const Entry& e) { return std::tuple(e.hash, e.target, e.row); });
  std::size_t kept = 0;
  for (const Entry& entry : entries) {
    if (kept > 0 && entries[kept - 1].hash == entry.hash && entries[kept - 1].target == entry.target)
      entries[kept - 1].count += entry.count;
    else
      entries[kept++] = entry;
  }
  entries.resize(kept);
}

}  // namespace

CountingModel::CountingModel(const FeatureRows& rows, std::span<const std::uint8_t> targets, int symbols,
                             Smoothing smoothing, double concentration)
    : symbols_(symbols), smoothing_(smoothing), concentration_(concentration), orders_(rows.features + 1) {
  std::vector<Entry> entries;
  entries.reserve(targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i)
    entries.push_back({rows.features ? hash_first(rows.row(i), rows.features) : 0,
                       static_cast<std::uint32_t>(i), 1, targets[i]});
  for (std::size_t j = rows.features + 1; j-- > 0;) {
    unite(entries);
    Order& order = orders_[j];
    double once = 0, twice = 0;
    for (const Entry& entry : entries) {
      if (order.hash.empty() || order.hash.back() != entry.hash) {
        order.hash.push_back(entry.hash);
        order.first.push_back(static_cast<std::uint32_t>(order.counts.size()));
        order.total.push_back(0);
      }
      order.counts.push_back({entry.target, entry.count});
      order.total.back() += entry.count;
      once += entry.count == 1;
      twice += entry.count == 2;
    }
    order.first.push_back(static_cast<std::uint32_t>(order.counts.size()));
    order.discount = once > 0 && twice > 0 ? once / (once + 2 * twice) : 0.5;
    if (j == 0) break;
    // The next lower order: what was seen, or for Kneser–Ney in how many contexts it was.
    for (Entry& entry : entries) {
      entry.hash = j > 1 ? hash_first(rows.row(entry.row), j - 1) : 0;
      if (smoothing == Smoothing::kneser_ney) entry.count = 1;
    }
  }
}

std::ptrdiff_t CountingModel::find(const Order& order, std::uint64_t hash) {
  const auto at = std::ranges::lower_bound(order.hash, hash);
  return at != order.hash.end() && *at == hash ? at - order.hash.begin() : -1;
}

double CountingModel::probability(std::span<const std::uint16_t> features, int target) const {
  double p = 1.0 / symbols_;
  std::uint64_t hash = 0;
  for (std::size_t j = 0; j < orders_.size(); ++j) {
    if (j > 0) hash = extend(hash, features[j - 1]);
    const Order& order = orders_[j];
    const std::ptrdiff_t context = find(order, hash);
    if (context < 0) break;  // and so of all longer ones
    const auto c = static_cast<std::size_t>(context);
    double count = 0;
    for (auto i = order.first[c]; i < order.first[c + 1]; ++i)
      if (order.counts[i].target == target) count = order.counts[i].count;
    const auto total = static_cast<double>(order.total[c]),
               distinct = static_cast<double>(order.first[c + 1] - order.first[c]);
    p = smoothing_ == Smoothing::kneser_ney
            ? (std::max(count - order.discount, 0.0) + order.discount * distinct * p) / total
            : (count + concentration_ * p) / (total + concentration_);
  }
  return p;
}

std::vector<double> CountingModel::law(std::span<const std::uint16_t> features) const {
  std::vector<double> p(static_cast<std::size_t>(symbols_), 1.0 / symbols_);
  std::uint64_t hash = 0;
  for (std::size_t j = 0; j < orders_.size(); ++j) {
    if (j > 0) hash = extend(hash, features[j - 1]);
    const Order& order = orders_[j];
    const std::ptrdiff_t context = find(order, hash);
    if (context < 0) break;
    const auto c = static_cast<std::size_t>(context);
    const auto total = static_cast<double>(order.total[c]),
               distinct = static_cast<double>(order.first[c + 1] - order.first[c]);
    const bool discounted = smoothing_ == Smoothing::kneser_ney;
    const double scale =
        discounted ? order.discount * distinct / total : concentration_ / (total + concentration_);
    for (double& value : p) value *= scale;
    for (auto i = order.first[c]; i < order.first[c + 1]; ++i) {
      const double count = order.counts[i].count;
      p[order.counts[i].target] +=
          discounted ? std::max(count - order.discount, 0.0) / total : count / (total + concentration_);
    }
  }
  return p;
}

}  // namespace leafcast
