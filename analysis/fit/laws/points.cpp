#include "analysis/fit/laws/points.h"

#include <algorithm>
#include <set>
#include <utility>

namespace leafcast::analysis {

std::vector<std::size_t> independent_cells(const Record& record, const EstimateIndex& index) {
  const std::vector<Cell>& cells = record.plan.cells();
  std::vector<std::size_t> by_samples = index.cells();
  std::ranges::stable_sort(by_samples, std::ranges::greater{},
                           [&](std::size_t i) { return cells[i].samples(); });
  std::set<std::pair<std::uint64_t, std::uint64_t>> taken;  // (law, seed)
  std::vector<std::size_t> list;
  for (const std::size_t i : by_samples) {
    const auto is_taken = [&](const SeedShare& share) { return taken.contains({cells[i].id(), share.seed}); };
    if (std::ranges::any_of(cells[i].shares(), is_taken)) continue;
    for (const SeedShare& share : cells[i].shares()) taken.insert({cells[i].id(), share.seed});
    list.push_back(i);
  }
  std::ranges::sort(list);
  return list;
}

LawPoint point_of(const Evidence& evidence, std::size_t index, const Estimate& estimate) {
  LawPoint point;
  point.index = index;
  point.cell = &evidence.record.plan.cells()[index];
  point.value = estimate.value;
  point.error = estimate.error;
  point.exact = estimate.exact;
  point.exact_error = estimate.exact_error;
  return point;
}

}  // namespace leafcast::analysis
