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
    : plan(std::move(p)), ledger(plan.cells().size()), source_(std::move(source)) {}

CellTally Record::tallies(std::size_t cell) const {
  const auto index = static_cast<std::uint32_t>(cell);
  if (const auto held = held_.find(index); held != held_.end()) return held->second;
  return source_ ? source_->tallies(index) : empty_bins(plan.cells()[cell]);
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
  std::vector<ChunkHash> all = source_ ? source_->hashes() : std::vector<ChunkHash>();
  all.insert(all.end(), hashes.begin(), hashes.end());
  return all;
}

void Record::add(Chunk chunk, const Tally& tally) {
  LEAFCAST_EXPECT(ledger.insert(chunk), fmt::format("chunk {} of cell {}", chunk.index, chunk.cell),
                  "it has been counted", "ask the ledger first");
  held_tallies(chunk.cell)[static_cast<std::size_t>(plan.bin(chunk))] += tally;
}

void Record::merge(const Record& other) {
  if (plan.hash() != other.plan.hash())
    throw DataError(fmt::format("records of different plans ({:016x} and {:016x}) cannot be united",
                                plan.hash(), other.plan.hash()));
  if (!ledger.disjoint(other.ledger))
    throw DataError("the same chunk stands in two records: one of them must be left out");
  ledger += other.ledger;
  for (std::uint32_t cell = 0; cell < plan.cells().size(); ++cell) {
    if (other.ledger.count(cell) == 0) continue;
    const CellTally more = other.tallies(cell);
    CellTally& own = held_tallies(cell);
    for (int b = 0; b < kJackknifeBins; ++b) own[b] += more[b];
  }
  const std::vector<ChunkHash> their = other.all_hashes();
  hashes.insert(hashes.end(), their.begin(), their.end());
}

bool Record::complete() const { return ledger.count() == plan.total_chunks(); }

}  // namespace leafcast
