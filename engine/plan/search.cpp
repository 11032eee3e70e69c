#include "engine/plan/search.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

#include "engine/contract.h"
#include "engine/parameters/parameter_table.h"
#include "engine/values.h"

namespace leafcast {

namespace {

constexpr std::size_t kFirstCandidates = 5;  // of a bisection: two crossings are found as well

double position(const Cell& cell, const std::string& axis) {
  const auto number = parse_real(axis_value(cell, axis));
  LEAFCAST_EXPECT(number, "a search along " + axis, "it is no number in " + cell.label(),
                  "search along a key of numbers");
  return *number;
}

bool differ(Side a, Side b) { return a != Side::unknown && b != Side::unknown && a != b; }

}  // namespace

std::string axis_value(const Cell& cell, const std::string& axis) {
  const auto said = cell.parameters().find(axis);
  return said == cell.parameters().end() ? find_parameter(axis)->unsaid : said->second;
}

std::vector<Search> searches(const Plan& plan) {
  std::vector<Search> list;
  std::unordered_map<std::string, std::size_t> index;  // by all that its cells have in common
  for (std::uint32_t c = 0; c < plan.cells().size(); ++c) {
    const Cell& cell = plan.cells()[c];
    const auto rule = cell.search();
    if (!rule) continue;
    Parameters rest = cell.parameters();
    rest.erase(rule->axis);
    const auto [at, is_new] = index.try_emplace(to_line(rest), list.size());
    if (is_new) list.push_back({*rule, {}});
    list[at->second].cells.push_back(c);
  }
  for (Search& search : list)
    std::ranges::stable_sort(search.cells, {},
                             [&](std::uint32_t c) { return position(plan.cells()[c], search.rule.axis); });
  return list;
}

SearchProgress::SearchProgress(Search search)
    : search_(std::move(search)), crossed_(search_.rule.levels.size(), false) {
  LEAFCAST_EXPECT(!search_.rule.levels.empty() && !search_.cells.empty(), "a search",
                  "it has no levels, or no candidates", "give it some");
  const std::size_t count = search_.cells.size(), steps = std::min(kFirstCandidates, count) - 1;
  for (std::size_t place = 0; place < count; ++place) place_[search_.cells[place]] = place;
  wanted_.insert(0);
  if (!ascends())
    for (std::size_t i = 1; i <= steps; ++i) wanted_.insert(i * (count - 1) / steps);
}

std::vector<std::uint32_t> SearchProgress::finish(std::uint32_t cell, std::vector<Side> sides) {
  const auto at = place_.find(cell);
  LEAFCAST_EXPECT(at != place_.end() && sides.size() == search_.rule.levels.size(), "what a candidate gave",
                  "it is of another search", "judge it by the levels of its own");
  known_.insert_or_assign(at->second, std::move(sides));
  if (ascends())
    rise();
  else if (wanted_.contains(at->second))
    consider(at->second);
  std::vector<std::uint32_t> cells;
  for (const std::size_t place : std::exchange(news_, {})) cells.push_back(search_.cells[place]);
  return cells;
}

std::vector<std::uint32_t> SearchProgress::wanted() const {
  std::vector<std::uint32_t> cells;
  for (const std::size_t place : wanted_) cells.push_back(search_.cells[place]);
  return cells;
}

const std::vector<Side>* SearchProgress::sides(std::size_t place) const {
  const auto found = known_.find(place);
  return found == known_.end() ? nullptr : &found->second;
}

bool SearchProgress::are_apart(std::size_t left, std::size_t right) const {
  const auto *a = sides(left), *b = sides(right);
  if (!a || !b) return false;
  for (std::size_t level = 0; level < a->size(); ++level)
    if (differ((*a)[level], (*b)[level])) return true;
  return false;
}

void SearchProgress::want(std::size_t place) {
  if (!wanted_.insert(place).second) return;
  news_.push_back(place);
  if (known_.contains(place) && !ascends()) consider(place);
}

/// A wanted place whose sides are known.
void SearchProgress::consider(std::size_t place) {
  const auto at = wanted_.find(place);
  if (at != wanted_.begin()) halve(*std::prev(at), place);
  // The interval to the right as it is now: what was wanted in between does not touch it.
  if (const auto right = std::next(wanted_.find(place)); right != wanted_.end()) halve(place, *right);
}

void SearchProgress::halve(std::size_t left, std::size_t right) {
  if (right - left > 1 && are_apart(left, right)) want(left + (right - left) / 2);
}

void SearchProgress::rise() {
  while (risen_ < search_.cells.size()) {
    const auto* here = sides(risen_);
    if (!here) return;
    ++risen_;
    if (first_.empty()) first_ = *here;
    for (std::size_t level = 0; level < crossed_.size(); ++level) {
      if (first_[level] == Side::unknown) first_[level] = (*here)[level];
      if (differ(first_[level], (*here)[level])) crossed_[level] = true;
    }
    const bool ends = std::ranges::all_of(crossed_, [](bool is) { return is; });
    if (ends || risen_ == search_.cells.size()) {
      risen_ = search_.cells.size();
      return;
    }
    want(risen_);
  }
}

std::size_t SearchProgress::foreseen() const {
  const std::size_t all = search_.cells.size();
  if (ascends())  // as far again
    return risen_ < all ? std::min(all - wanted_.size(), wanted_.size()) : 0;
  std::size_t gap = 1, crossings = 0, waiting = 0;
  for (auto at = wanted_.begin(); at != wanted_.end(); ++at) {
    waiting += !known_.contains(*at);
    const auto next = std::next(at);
    if (next == wanted_.end()) break;
    gap = std::max(gap, *next - *at);
    crossings += are_apart(*at, *next);
  }
  if (crossings >= search_.rule.levels.size() || waiting == 0) return 0;
  return std::min(all - wanted_.size(),
                  static_cast<std::size_t>(std::bit_width(gap) - 1) * search_.rule.levels.size());
}

}  // namespace leafcast
