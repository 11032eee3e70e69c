#include "engine/plan/ledger.h"

namespace leafcast {

bool Ledger::contains(Chunk chunk) const { return boost::icl::contains(done_[chunk.cell], chunk.index); }

bool Ledger::insert(Chunk chunk) {
  if (contains(chunk)) return false;
  insert_range(chunk.cell, chunk.index, chunk.index);
  return true;
}

void Ledger::insert_range(std::uint32_t cell, std::uint32_t first, std::uint32_t last) {
  // Right-open throughout, so that neighbours join and equal sets compare equal.
  const auto range = Intervals::interval_type::right_open(first, last + 1);
  // Counting all of a cell's intervals for every chunk would take the square of their number.
  const bool is_new = !boost::icl::intersects(done_[cell], range);
  if (!is_new) count_ -= count(cell);
  done_[cell].insert(range);
  count_ += is_new ? last - first + 1 : count(cell);
}

void Ledger::erase(Chunk chunk) {
  if (!contains(chunk)) return;
  done_[chunk.cell].erase(chunk.index);
  --count_;
}

bool Ledger::disjoint(const Ledger& other) const {
  for (std::size_t i = 0; i < std::min(done_.size(), other.done_.size()); ++i)
    if (boost::icl::intersects(done_[i], other.done_[i])) return false;
  return true;
}

bool Ledger::includes(const Ledger& other) const {
  for (std::size_t i = 0; i < other.done_.size(); ++i)
    if (i < done_.size() ? !boost::icl::contains(done_[i], other.done_[i]) : !other.done_[i].empty())
      return false;
  return true;
}

Ledger& Ledger::operator+=(const Ledger& other) {
  if (done_.size() < other.done_.size()) done_.resize(other.done_.size());
  for (std::size_t i = 0; i < other.done_.size(); ++i) {
    if (other.done_[i].empty()) continue;
    count_ -= count(i);
    done_[i] += other.done_[i];
    count_ += count(i);
  }
  return *this;
}

Ledger& Ledger::operator-=(const Ledger& other) {
  for (std::size_t i = 0; i < std::min(done_.size(), other.done_.size()); ++i) {
    if (other.done_[i].empty()) continue;
    count_ -= count(i);
    done_[i] -= other.done_[i];
    count_ += count(i);
  }
  return *this;
}

std::uint64_t Ledger::count(std::size_t cell) const { return boost::icl::cardinality(done_[cell]); }

namespace {

/// How many i < end have i mod 64 = remainder.
std::uint64_t count_below(std::uint64_t end, std::uint64_t remainder) {
  return end / kJackknifeBins + (end % kJackknifeBins > remainder ? 1 : 0);
}

}  // namespace

std::array<std::uint64_t, kJackknifeBins> samples_by_bin(const Plan& plan, const Ledger::Intervals& done,
                                                         std::size_t cell) {
  std::array<std::uint64_t, kJackknifeBins> samples{};
  each_stretch(plan, done, cell, [&](std::size_t index, std::uint64_t first, std::uint64_t end) {
    const Plan::Cut& cut = plan.cuts(cell)[index];
    const std::uint64_t larger_first = std::min(first, cut.larger), larger_end = std::min(end, cut.larger);
    for (std::uint64_t i = 0; i < kJackknifeBins; ++i)
      samples[(i + cut.rotation) % kJackknifeBins] +=
          cut.least * (count_below(end, i) - count_below(first, i)) +
          cut.step * (count_below(larger_end, i) - count_below(larger_first, i));
    if (first <= cut.partial && cut.partial < end)
      samples[(cut.partial + cut.rotation) % kJackknifeBins] -= cut.missing;
  });
  return samples;
}

std::array<std::uint64_t, kJackknifeBins> samples_by_bin(const Plan& plan, const Ledger& ledger,
                                                         std::size_t cell) {
  return samples_by_bin(plan, ledger.intervals(cell), cell);
}

std::uint64_t samples_done(const Plan& plan, const Ledger& ledger, std::size_t cell) {
  std::uint64_t sum = 0;
  for (const std::uint64_t samples : samples_by_bin(plan, ledger, cell)) sum += samples;
  return sum;
}

}  // namespace leafcast
