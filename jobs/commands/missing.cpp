#include "jobs/commands/missing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>

#include "engine/plan/stages.h"

namespace leafcast::jobs {

namespace {

constexpr std::size_t kListed = 8;

/// Joins the first few.
std::string list(std::vector<std::string> items, const std::string& noun) {
  const std::size_t rest = items.size() > kListed ? items.size() - kListed : 0;
  items.resize(items.size() - rest);
  if (rest > 0) items.push_back(fmt::format("and {} more {}", rest, noun));
  return fmt::format("{}", fmt::join(items, ", "));
}

std::string share_text(std::uint64_t missing, std::uint64_t all) {
  return missing == all ? fmt::format("all {} chunks", all) : fmt::format("{} of {} chunks", missing, all);
}

/// Calls use(number of the chunk in the whole plan, how many follow it without a gap) for all intervals.
template <class Use>
void each_run(const Plan& plan, const Ledger& ledger, Use use) {
  std::uint64_t before = 0;
  for (std::size_t cell = 0; cell < plan.cells().size(); ++cell) {
    for (const auto& interval : ledger.intervals(cell))
      use(before + boost::icl::first(interval), boost::icl::last(interval) - boost::icl::first(interval));
    before += plan.chunks(cell);
  }
}

/// The greatest number that divides all distances between the chunks of each input; 0 if there are none.
std::uint64_t common_distance(const Plan& plan, const std::vector<Ledger>& inputs) {
  std::uint64_t divisor = 0;
  for (const Ledger& input : inputs) {
    std::optional<std::uint64_t> last;
    each_run(plan, input, [&](std::uint64_t first, std::uint64_t following) {
      if (last) divisor = std::gcd(divisor, first - *last);
      if (following > 0) divisor = 1;
      last = first;
    });
  }
  return divisor;
}

/// Chunks done of each slice.
std::vector<std::uint64_t> count_by_slice(const Plan& plan, const Ledger& done, std::uint64_t slices) {
  std::vector<std::uint64_t> counts(slices, 0);
  each_run(plan, done, [&](std::uint64_t first, std::uint64_t following) {
    for (std::uint64_t i = 0; i <= following; ++i) ++counts[(first + i) % slices];
  });
  return counts;
}

/// Empty if it cannot be told.
std::string missing_slices(const Plan& plan, const Ledger& done, const std::vector<Ledger>& inputs) {
  const std::uint64_t slices = common_distance(plan, inputs), all = plan.total_chunks();
  if (slices < 2 || slices >= all) return "";
  const std::vector<std::uint64_t> counts = count_by_slice(plan, done, slices);
  std::vector<std::string> missing;
  for (std::uint64_t i = 0; i < slices; ++i) {
    const std::uint64_t size = (all - i + slices - 1) / slices;
    if (counts[i] < size)
      missing.push_back(fmt::format("{}/{} ({})", i + 1, slices, share_text(size - counts[i], size)));
  }
  if (missing.size() == slices) return "";
  return "missing slices: " + list(std::move(missing), "slices");
}

struct Gap {
  std::uint64_t missing, all;
  std::string what;
};

std::string list_gaps(std::vector<Gap> gaps, const std::string& noun) {
  std::ranges::stable_sort(gaps, std::ranges::greater{}, &Gap::missing);
  std::vector<std::string> texts;
  for (const Gap& gap : gaps)
    texts.push_back(fmt::format("{} of {}", share_text(gap.missing, gap.all), gap.what));
  return "missing: " + list(std::move(texts), noun);
}

std::string missing_cells(const Plan& plan, const Ledger& done, const std::vector<std::uint32_t>& wanted) {
  std::vector<Gap> gaps;
  for (std::size_t c = 0; c < plan.cells().size(); ++c)
    if (const std::uint64_t missing = wanted[c] - done.count(c); missing > 0)
      gaps.push_back({missing, wanted[c], fmt::format("cell {} ({})", c, plan.cells()[c].label())});
  return list_gaps(std::move(gaps), "cells");
}

/// Over all cells.
std::string missing_seeds(const Plan& plan, const Ledger& done) {
  std::map<std::uint64_t, Gap> by_seed;
  for (std::size_t c = 0; c < plan.cells().size(); ++c) {
    const std::vector<SeedShare>& shares = plan.cells()[c].shares();
    for (std::size_t s = 0; s < shares.size(); ++s) {
      Gap& gap = by_seed.try_emplace(shares[s].seed, Gap{0, 0, fmt::format("seed {}", shares[s].seed)})
                     .first->second;
      gap.missing += plan.cuts(c)[s].chunks;
      gap.all += plan.cuts(c)[s].chunks;
    }
    each_stretch(plan, done, c, [&](std::size_t share, std::uint32_t first, std::uint32_t end) {
      by_seed.at(shares[share].seed).missing -= end - first;
    });
  }
  std::vector<Gap> gaps;
  for (auto& [seed, gap] : by_seed)
    if (gap.missing > 0) gaps.push_back(std::move(gap));
  return list_gaps(std::move(gaps), "seeds");
}

}  // namespace

std::string describe_missing(const Plan& plan, const Ledger& done, const std::vector<std::uint32_t>& wanted,
                             const std::vector<Ledger>& inputs) {
  if (done.count() == sum(wanted)) return "";
  if (is_adaptive(plan)) return missing_cells(plan, done, wanted);  // slices and seeds have none
  const std::string slices = missing_slices(plan, done, inputs);
  if (!slices.empty()) return slices;
  return plan.is_pooled() ? missing_seeds(plan, done) : missing_cells(plan, done, wanted);
}

}  // namespace leafcast::jobs
