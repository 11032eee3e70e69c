#include "jobs/commands/resample.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>

#include "engine/error.h"
#include "engine/kernels/chunk_runner.h"

namespace leafcast::jobs {

namespace {

/// Places of `count` chunks among `all`, in order.
std::vector<std::uint64_t> random_places(std::uint64_t all, std::uint64_t count) {
  std::vector<std::uint64_t> places;
  std::mt19937_64 random{std::random_device{}()};
  std::uint64_t wanted = std::min(count, all);
  for (std::uint64_t i = 0; i < all && wanted > 0; ++i) {  // selection sampling
    if (std::uniform_int_distribution<std::uint64_t>(0, all - i - 1)(random) >= wanted) continue;
    places.push_back(i);
    --wanted;
  }
  return places;
}

/// How many chunks of a cell are done, by jackknife bin.
std::array<std::uint64_t, kJackknifeBins> chunks_by_bin(const Record& record, std::uint32_t cell) {
  std::array<std::uint64_t, kJackknifeBins> count{};
  for (const auto& interval : record.ledger.intervals(cell))
    for (std::uint32_t i = boost::icl::first(interval); i <= boost::icl::last(interval); ++i)
      ++count[static_cast<std::size_t>(record.plan.bin({cell, i}))];
  return count;
}

}  // namespace

Resampling resample(const Record& record, std::uint64_t count) {
  const Plan& plan = record.plan;
  if (plan.is_pooled()) throw UsageError("--resample: pooled results; resample the runs that were pooled");
  if (plan.streams() != streams_of(plan.cells()))
    throw UsageError(
        fmt::format("--resample: of streams {}, and this program samples streams {}; use the version "
                    "that sampled it",
                    plan.streams(), streams_of(plan.cells())));
  const ChunkHashes hashes(record.all_hashes());
  const std::vector<std::uint64_t> places = random_places(record.ledger.count(), count);
  Resampling result;
  std::unique_ptr<ChunkRunner> runner;
  std::uint64_t place = 0;
  auto next = places.begin();
  for (std::uint32_t cell = 0; cell < plan.cells().size(); ++cell) {
    runner.reset();
    const auto in_bin = chunks_by_bin(record, cell);
    for (const auto& interval : record.ledger.intervals(cell)) {
      for (std::uint32_t i = boost::icl::first(interval); i <= boost::icl::last(interval); ++i, ++place) {
        if (next == places.end() || *next != place) continue;
        ++next;
        const Chunk chunk{cell, i};
        const ChunkHash* known = hashes.find(chunk);
        const bool by_hash = known && known->sums != 0;
        if (!by_hash && in_bin[static_cast<std::size_t>(plan.bin(chunk))] > 1) {
          ++result.unknown;
          continue;
        }
        if (!runner) runner = std::make_unique<ChunkRunner>(plan.cells()[cell]);
        const Tally tally = *runner->run(i, plan.samples(chunk), [] { return true; });
        const Tally bin = by_hash ? Tally() : record.tallies(cell)[static_cast<std::size_t>(plan.bin(chunk))];
        ++result.compared;
        if (by_hash ? hash_of(tally) != known->sums : hash_of(tally) != hash_of(bin))
          result.different.push_back(chunk);
      }
    }
  }
  return result;
}

}  // namespace leafcast::jobs
