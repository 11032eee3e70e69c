#include "engine/plan/search.h"

#include <algorithm>
#include <bit>
#include <map>
#include <utility>

#include "engine/contract.h"
#include "engine/values.h"

namespace leafcast {

namespace {

constexpr std::size_t kFirstCandidates = 5;  // of a bisection: two crossings are found as well

double position(const Cell& cell, const std::string& axis) {
  const auto number = parse_real(cell.parameters().at(axis));
  LEAFCAST_EXPECT(number, "a search along " + axis, "it is no number in " + cell.label(),
                  "search along a key of numbers");
  return *number;
}

bool differ(Side a, Side b) { return a != Side::unknown && b != Side::unknown && a != b; }

bool are_apart(const std::vector<Side>& a, const std::vector<Side>& b) {
  for (std::size_t level = 0; level < a.size(); ++level)
    if (differ(a[level], b[level])) return true;
  return false;
}

std::vector<std::size_t> first_candidates(std::size_t count) {
  const std::size_t steps = std::min(kFirstCandidates, count) - 1;
  std::vector<std::size_t> list = {0};
  for (std::size_t i = 1; i <= steps; ++i) list.push_back(i * (count - 1) / steps);
  return list;
}

/// Calls use(left, right) for wanted neighbours, by their places, that have a level between them.
template <class Use>
void each_crossing(const Search& search, const std::vector<std::size_t>& wanted, const SidesOf& sides,
                   Use use) {
  for (std::size_t i = 0; i + 1 < wanted.size(); ++i) {
    const auto left = sides(search.cells[wanted[i]]), right = sides(search.cells[wanted[i + 1]]);
    if (left && right && are_apart(*left, *right)) use(wanted[i], wanted[i + 1]);
  }
}

std::vector<std::size_t> bisected(const Search& search, const SidesOf& sides) {
  std::vector<std::size_t> wanted = first_candidates(search.cells.size());
  for (;;) {
    std::vector<std::size_t> more;
    each_crossing(search, wanted, sides, [&](std::size_t left, std::size_t right) {
      if (right - left > 1) more.push_back(left + (right - left) / 2);
    });
    if (more.empty()) return wanted;
    wanted.insert(wanted.end(), more.begin(), more.end());
    std::ranges::sort(wanted);
  }
}

std::vector<std::size_t> ascended(const Search& search, const SidesOf& sides) {
  std::vector<std::size_t> wanted = {0};
  std::optional<std::vector<Side>> first;
  std::vector<bool> crossed(search.rule.levels.size(), false);
  for (std::size_t i = 0; i + 1 < search.cells.size(); ++i) {
    const auto here = sides(search.cells[i]);
    if (!here) break;
    if (!first) first = here;
    for (std::size_t level = 0; level < crossed.size(); ++level) {
      if ((*first)[level] == Side::unknown) (*first)[level] = (*here)[level];
      if (differ((*first)[level], (*here)[level])) crossed[level] = true;
    }
    if (std::ranges::all_of(crossed, [](bool is) { return is; })) break;
    wanted.push_back(i + 1);
  }
  return wanted;
}

std::vector<std::size_t> wanted_places(const Search& search, const SidesOf& of) {
  const SidesOf sides = [&](std::uint32_t cell) {
    auto list = of(cell);
    LEAFCAST_EXPECT(!list || list->size() == search.rule.levels.size(), "sides of a candidate",
                    "they are not one for each level", "judge it by the levels of its search");
    return list;
  };
  return search.rule.order == SearchRule::Order::ascend ? ascended(search, sides) : bisected(search, sides);
}

}  // namespace

std::vector<Search> searches(const Plan& plan) {
  std::vector<Search> list;
  std::map<std::string, std::size_t> index;  // by all that its cells have in common
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

std::vector<std::uint32_t> wanted_candidates(const Search& search, const SidesOf& sides) {
  std::vector<std::uint32_t> cells;
  for (const std::size_t place : wanted_places(search, sides)) cells.push_back(search.cells[place]);
  return cells;
}

std::size_t foreseen_candidates(const Search& search, const SidesOf& sides) {
  const std::vector<std::size_t> wanted = wanted_places(search, sides);
  const std::size_t all = search.cells.size();
  if (search.rule.order == SearchRule::Order::ascend) {  // as far again
    const bool goes_on = !sides(search.cells[wanted.back()]);
    return goes_on ? std::min(all - wanted.size(), wanted.size()) : 0;
  }
  std::size_t gap = 0, crossings = 0;
  for (std::size_t i = 0; i + 1 < wanted.size(); ++i) gap = std::max(gap, wanted[i + 1] - wanted[i]);
  std::size_t known = 0;
  each_crossing(search, wanted, sides, [&](std::size_t, std::size_t) { ++crossings; });
  for (const std::uint32_t cell : wanted_candidates(search, sides)) known += sides(cell).has_value();
  if (crossings >= search.rule.levels.size() || known == wanted.size()) return 0;
  return std::min(all - wanted.size(),
                  static_cast<std::size_t>(std::bit_width(std::max<std::size_t>(gap, 1)) - 1) *
                      search.rule.levels.size());
}

}  // namespace leafcast
