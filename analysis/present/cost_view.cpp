#include "analysis/present/cost_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "analysis/present/overview.h"
#include "analysis/text/number_text.h"
#include "engine/error.h"
#include "engine/plan/cost.h"
#include "engine/values.h"

namespace leafcast::analysis {

namespace {

/// The number that all runs give under this name, added up; unknown if one of them has none.
double total(const Provenance& provenance, const std::string& name) {
  double sum = provenance.runs.empty() ? kUnknown : 0;
  for (const auto& [run, entries] : provenance.runs) {
    const auto entry = entries.find(name);
    const auto value = entry == entries.end() ? std::nullopt : parse_real(entry->second);
    sum += value && *value >= 0 ? *value : kUnknown;
  }
  return sum;
}

/// The model of the first run that has measured one.
CostModel model_of(const Provenance& provenance) {
  for (const auto& [run, entries] : provenance.runs) try {
      const auto entry = entries.find("cost_model");
      if (entry == entries.end()) continue;
      CostModel model = CostModel::from_json(entry->second);
      if (model.measured()) return model;
    } catch (const DataError&) {  // another program's
    }
  return {};
}

struct Work {
  std::string name;
  std::size_t cells = 0;
  double samples = 0, leaves = 0, seconds = 0;
};

}  // namespace

CostView cost_view(const Record& record, const Provenance& provenance) {
  const CostModel model = model_of(provenance);
  CostView view;
  view.sampled = total(provenance, "sampling_seconds");
  view.predicted = total(provenance, "predicted_seconds");
  view.rates = model.measured() ? fmt::format("rates measured on {} ({})", model.origin().host,
                                              model.origin().instruction_set)
                                : "built-in rates, of another machine";
  std::vector<Work> works;
  double seconds = 0;
  for (std::size_t i = 0; i < record.plan.cells().size(); ++i) {
    const Cell& cell = record.plan.cells()[i];
    const std::uint64_t chunks = record.ledger.count(i);
    if (chunks == 0) continue;
    const std::string name = work_class(cell);
    auto work = std::find_if(works.begin(), works.end(), [&](const Work& w) { return w.name == name; });
    if (work == works.end()) work = works.insert(work, {name});
    const auto samples = static_cast<double>(record.samples(i));
    const CellCost cost = model.of(cell);
    const double here = cost.chunk * static_cast<double>(chunks) +
                        cost.batch * std::ceil(samples / static_cast<double>(cost.batch_size));
    ++work->cells;
    work->samples += samples;
    work->leaves += samples * static_cast<double>(cell.language().leaves());
    work->seconds += here;
    seconds += here;
  }
  std::stable_sort(works.begin(), works.end(),
                   [](const Work& a, const Work& b) { return a.seconds > b.seconds; });
  view.by_work.columns = {{"kind of work", Column::Kind::word},
                          {"cells"},
                          {"sentences"},
                          {"leaves"},
                          {"predicted core time"},
                          {"share"},
                          {"ns per leaf"}};
  for (const Work& work : works)
    view.by_work.rows.push_back({work.name, work.cells, count_text(static_cast<std::uint64_t>(work.samples)),
                                 number_text(work.leaves, 3), duration_text(work.seconds),
                                 fmt::format("{:.1f}%", 100 * work.seconds / seconds),
                                 number_text(1e9 * work.seconds / work.leaves, 2)});
  return view;
}

}  // namespace leafcast::analysis
