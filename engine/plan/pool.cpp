#include "engine/plan/pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>

#include "engine/error.h"
#include "engine/plan/stages.h"
#include "engine/values.h"

namespace leafcast {

namespace {

constexpr std::string_view kTitleSeparator = " + ", kSweepSeparator = "# ---- pooled with ----\n";

bool says_how_many(const std::string& key) { return key == "seed" || key.starts_with("sampling."); }

/// What a cell measures: its parameters without seed and samples. Cells that agree in it pool.
std::string law(const Cell& cell) {
  std::string text;
  for (const auto& [key, value] : cell.parameters())
    if (!says_how_many(key)) text += key + "=" + value + "\n";
  return text;
}

std::set<std::string> laws(const Plan& plan) {
  std::set<std::string> list;
  for (const Cell& cell : plan.cells()) list.insert(law(cell));
  return list;
}

// ---- refusals

/// The version of the streams that all plans can be said to have: the latest, if it changed nothing for those of earlier
/// ones.
int common_streams(std::span<const Plan> plans) {
  const auto latest = std::ranges::max_element(plans, {}, &Plan::streams);
  const auto first = static_cast<std::size_t>(latest - plans.begin());
  for (std::size_t i = 0; i < plans.size(); ++i)
    if (plans[i].streams() != latest->streams() && plans[i].streams() != streams_of(plans[i].cells()))
      throw PoolError{
          std::min(first, i), std::max(first, i),
          fmt::format(
              "version {} of the random streams in one and {} in the other, which sample or count cells in "
              "different ways; pool them apart",
              plans[std::min(first, i)].streams(), plans[std::max(first, i)].streams())};
  return latest->streams();
}

void require_no_goals(std::span<const Plan> plans) {
  for (std::size_t i = 0; i < plans.size(); ++i)
    if (is_adaptive(plans[i]))
      throw PoolError{
          i, i,
          "it has a target error or a crossing, and what sums have decided to sample is not pooled "
          "with more; sample other seeds for a number of samples (sampling.samples), or one seed "
          "for a smaller target"};
}

/// Every plan must be tied to the first by laws in common, at least through others.
void require_common_laws(std::span<const Plan> plans) {
  std::vector<std::set<std::string>> rest;
  for (const Plan& plan : plans) rest.push_back(laws(plan));
  std::set<std::string> reached = rest[0];
  std::vector<bool> tied(plans.size(), false);
  tied[0] = true;
  for (bool grows = true; grows;) {
    grows = false;
    for (std::size_t i = 1; i < plans.size(); ++i) {
      const auto is_known = [&](const std::string& text) { return reached.contains(text); };
      if (tied[i] || std::ranges::none_of(rest[i], is_known)) continue;
      reached.merge(rest[i]);
      tied[i] = grows = true;
    }
  }
  const auto foreign = std::ranges::find(tied, false);
  if (foreign != tied.end())
    throw PoolError{
        0, static_cast<std::size_t>(foreign - tied.begin()),
        "no cell of one agrees with a cell of the other in all but seed and samples; leave one of "
        "the two out"};
}

// ---- the pooled cells

/// All that share a law.
struct Pool {
  const Cell* cell;
  std::map<std::uint64_t, std::uint64_t> samples;  ///< by seed
  std::map<std::uint64_t, std::size_t> plan;       ///< by seed, the first that has it

  void add(const Cell& other, std::size_t of_plan) {
    for (const auto& [seed, count] : other.shares()) {
      const auto [known, is_new] = samples.emplace(seed, count);
      if (is_new) plan[seed] = of_plan;
      if (known->second != count)
        throw PoolError{
            plan[seed], of_plan,
            fmt::format("cell ({}) has seed {} with {} samples and with {}: they begin with the same "
                        "random numbers, so they are not more samples; leave one out, or sample it "
                        "with another seed",
                        unseeded(other), seed, known->second, count)};
    }
  }

  Cell pooled(std::size_t of_plan) const {
    std::vector<SeedShare> shares;
    for (const auto& [seed, count] : samples) shares.push_back({seed, count});
    try {
      return cell->with_shares(std::move(shares));
    } catch (const CellError& e) {
      throw PoolError{of_plan, of_plan, fmt::format("cell ({}): {}; pool fewer", unseeded(*cell), e.reason)};
    }
  }

  static std::string unseeded(const Cell& cell) { return cell.with_shares({{1, 1}}).label(); }
};

// ---- order

/// Numbers by value, then words. Equal doubles of different text are whole numbers beyond 2^53: the longer is
/// the larger.
using SortKey = std::tuple<bool, double, std::size_t, std::string>;

SortKey sort_key(const std::string& value) {
  const auto number = parse_real(value);
  return {!number, number.value_or(0), value.size(), value};
}

/// The kind (by its place in the registry), then the values of its keys in their order.
void add_section(std::vector<SortKey>& keys, const Parameters& parameters, const std::string& kind_key,
                 const std::vector<KindKeys>& kinds) {
  const auto kind = std::ranges::find(kinds, parameters.at(kind_key), &KindKeys::kind);
  keys.push_back(sort_key(fmt::format("{}", kind - kinds.begin())));
  for (const std::string& key : kind->keys) {
    const auto value = parameters.find(key);
    keys.push_back(sort_key(value == parameters.end() ? "" : value->second));
  }
}

/// As lists multiply in the sweep language: the language varies slowest, what is observed fastest.
std::vector<SortKey> order(const Cell& cell) {
  const Parameters& parameters = cell.parameters();
  std::vector<SortKey> keys;
  add_section(keys, parameters, "language.kind", language_kinds());
  add_section(keys, parameters, "generator.kind", generator_kinds());
  for (const auto& [key, value] : parameters)
    if (key.starts_with("observe.")) keys.push_back(sort_key(value));
  return keys;
}

// ---- texts

/// The distinct pieces of all texts, sorted; one text alone is left as it is.
std::string join(const std::set<std::string>& texts, std::string_view separator) {
  if (texts.size() == 1) return *texts.begin();
  std::set<std::string> pieces;
  for (std::string_view text : texts) {
    for (;;) {
      const auto end = text.find(separator);
      if (const auto piece = text.substr(0, end); !piece.empty()) pieces.emplace(piece);
      if (end == text.npos) break;
      text.remove_prefix(end + separator.size());
    }
  }
  return fmt::format("{}", fmt::join(pieces, separator));
}

}  // namespace

Plan pool(std::span<const Plan> plans) {
  const int streams = common_streams(plans);
  require_no_goals(plans);
  require_common_laws(plans);
  std::map<std::string, Pool> pools;
  std::set<std::string> titles, sweeps;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    titles.insert(plans[i].title());
    sweeps.insert(plans[i].sweep_text());
    for (const Cell& cell : plans[i].cells())
      pools.try_emplace(law(cell), Pool{&cell, {}, {}}).first->second.add(cell, i);
  }
  const bool one_plan =
      std::ranges::all_of(plans, [&](const Plan& plan) { return plan.hash() == plans[0].hash(); });
  if (one_plan && pools.size() == plans[0].cells().size())
    return Plan(join(titles, kTitleSeparator), plans[0].cells(), join(sweeps, kSweepSeparator), streams);
  std::vector<std::pair<std::vector<SortKey>, Cell>> sorted;
  for (const auto& [text, cells] : pools)
    sorted.emplace_back(order(*cells.cell), cells.pooled(cells.plan.begin()->second));
  std::ranges::sort(sorted, {}, &std::pair<std::vector<SortKey>, Cell>::first);
  std::vector<Cell> cells;
  for (auto& [key, cell] : sorted) cells.push_back(std::move(cell));
  return Plan(join(titles, kTitleSeparator), std::move(cells), join(sweeps, kSweepSeparator), streams);
}

bool would_pool(const Plan& one, const Plan& other) {
  const Plan plans[] = {one, other};
  try {
    const Plan pooled = pool(plans);
    std::map<std::string, std::size_t> most;  // seeds of a law in either
    for (const Plan& plan : plans)
      for (const Cell& cell : plan.cells()) most[law(cell)] = std::max(most[law(cell)], cell.shares().size());
    return std::ranges::any_of(pooled.cells(),
                               [&](const Cell& cell) { return cell.shares().size() > most[law(cell)]; });
  } catch (const PoolError&) {
    return false;
  }
}

PooledPlaces::PooledPlaces(const Plan& from, const Plan& pooled)
    : from_(from), pooled_cells_(pooled.cells().size()) {
  std::map<std::string, std::uint32_t> by_law;
  for (std::uint32_t c = 0; c < pooled.cells().size(); ++c) by_law[law(pooled.cells()[c])] = c;
  for (std::size_t c = 0; c < from.cells().size(); ++c) {
    const Cell& cell = from.cells()[c];
    const std::uint32_t target = by_law.at(law(cell));
    const std::vector<SeedShare>& shares = pooled.cells()[target].shares();
    const auto place_of = [&](const SeedShare& share) {
      const auto found = std::ranges::lower_bound(shares, share);
      return static_cast<std::size_t>(found - shares.begin());
    };
    Place& place = places_.emplace_back(Place{target, 0, {}});
    for (const SeedShare& share : cell.shares())
      place.first.push_back(pooled.cuts(target)[place_of(share)].first);
    if (!cell.is_pooled()) place.rotation = pooled.cuts(target)[place_of(cell.shares()[0])].rotation;
  }
}

Ledger PooledPlaces::ledger(const Ledger& from) const {
  Ledger ledger(pooled_cells_);
  for (std::size_t c = 0; c < places_.size(); ++c)
    each_stretch(from_, from, c, [&](std::size_t share, std::uint32_t first, std::uint32_t end) {
      const std::uint32_t begin = places_[c].first[share];
      ledger.insert_range(places_[c].cell, begin + first, begin + end - 1);
    });
  return ledger;
}

void PooledPlaces::add(const Record& from, Record& pooled) const {
  const Ledger done = ledger(from.ledger);
  if (!done.disjoint(pooled.ledger))
    throw DataError("the same chunk stands in two records: one of them must be left out");
  pooled.ledger += done;
  for (std::size_t c = 0; c < places_.size(); ++c) {
    if (from.ledger.count(c) == 0) continue;
    const CellTally bins = from.tallies(c);
    CellTally& own = pooled.held_tallies(places_[c].cell);
    for (std::size_t b = 0; b < kJackknifeBins; ++b)
      own[(b + places_[c].rotation) % kJackknifeBins] += bins[b];
  }
}

}  // namespace leafcast
