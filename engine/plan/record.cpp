#include "engine/plan/record.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/contract.h"
#include "engine/error.h"

namespace leafcast {

std::uint64_t samples_done(const CellTally& bins) {
  std::uint64_t sum = 0;
  for (const Tally& bin : bins) sum += bin.samples;
  return sum;
}

Record::Record(Plan p, std::shared_ptr<const RecordSource> source)
    : plan(std::move(p)), ledger(plan.cells().size()) {
  if (source) sources_.push_back(std::move(source));
}

CellTally Record::tallies(std::size_t cell) const {
  const auto index = static_cast<std::uint32_t>(cell);
  if (const auto held = held_.find(index); held != held_.end()) return held->second;
  if (sources_.empty()) return empty_bins(plan.cells()[cell]);
  CellTally sum = sources_[0]->tallies(index);
  for (std::size_t i = 1; i < sources_.size(); ++i) leafcast::add(sum, sources_[i]->tallies(index));
  return sum;
}

bool Record::has_sums_of(const Record& other) const {
  if (plan.cells().size() != other.plan.cells().size()) return false;
  for (std::size_t cell = 0; cell < plan.cells().size(); ++cell)
    if (tallies(cell) != other.tallies(cell)) return false;
  return true;
}

CellTally& Record::held_tallies(std::size_t cell) {
  const auto index = static_cast<std::uint32_t>(cell);
  const auto held = held_.find(index);
  return held != held_.end() ? held->second : held_.emplace(index, tallies(cell)).first->second;
}

std::uint64_t Record::samples(std::size_t cell) const {
  const auto held = held_.find(static_cast<std::uint32_t>(cell));
  return held != held_.end() ? samples_done(held->second) : samples_done(plan, ledger, cell);
}

int Record::filled_bins(std::size_t cell) const {
  const auto has_samples = [](const auto& samples) { return samples > 0; };
  const auto held = held_.find(static_cast<std::uint32_t>(cell));
  if (held != held_.end())
    return static_cast<int>(std::ranges::count_if(held->second, has_samples, &Tally::samples));
  return static_cast<int>(std::ranges::count_if(samples_by_bin(plan, ledger, cell), has_samples));
}

std::vector<ChunkHash> Record::all_hashes() const {
  std::vector<ChunkHash> all = hashes;
  for (const auto& source : sources_) {
    const std::vector<ChunkHash> some = source->hashes();
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

void Record::add(Chunk chunk, const Tally& tally) {
  CellTally& own = held_tallies(chunk.cell);  // may have to be read first
  LEAFCAST_EXPECT(ledger.insert(chunk), fmt::format("chunk {} of cell {}", chunk.index, chunk.cell),
                  "it has been counted", "ask the ledger first");
  own[static_cast<std::size_t>(plan.bin(chunk))] += tally;
}

void Record::merge(const Record& other) {
  if (plan.hash() != other.plan.hash())
    throw DataError(fmt::format("records of different plans ({:016x} and {:016x}) cannot be united",
                                plan.hash(), other.plan.hash()));
  if (!ledger.disjoint(other.ledger))
    throw DataError("the same chunk stands in two records: one of them must be left out");
  for (auto& [cell, bins] : held_)
    if (other.ledger.count(cell) > 0) leafcast::add(bins, other.tallies(cell));
  for (const auto& [cell, bins] : other.held_)
    if (!held_.contains(cell)) leafcast::add(held_tallies(cell), other.tallies(cell));
  ledger += other.ledger;
  sources_.insert(sources_.end(), other.sources_.begin(), other.sources_.end());
  hashes.insert(hashes.end(), other.hashes.begin(), other.hashes.end());
}

bool Record::complete() const { return ledger.count() == plan.total_chunks(); }

}  // namespace leafcast
