#include "analysis/present/page_plan.h"

#include <algorithm>

namespace leafcast::analysis {

std::deque<PageParts> split_pages(const std::vector<std::vector<std::size_t>>& languages,
                                  std::size_t most_cells, std::size_t most_languages) {
  std::deque<PageParts> pages;
  std::size_t room = 0;  // cells that the last page still has room for
  for (std::size_t language = 0; language < languages.size(); ++language) {
    const std::vector<std::size_t>& cells = languages[language];
    if (cells.empty()) continue;
    if (cells.size() <= most_cells) {
      if (cells.size() > room || pages.back().size() >= most_languages) {
        pages.emplace_back();
        room = most_cells;
      }
      pages.back().push_back({language, cells});
      room -= cells.size();
      continue;
    }
    const std::size_t count = (cells.size() + most_cells - 1) / most_cells;
    for (std::size_t i = 0; i < count; ++i) {
      const auto at = [&](std::size_t page) {
        return cells.begin() + static_cast<std::ptrdiff_t>(page * cells.size() / count);
      };
      pages.push_back({{language, {at(i), at(i + 1)}, i == 0}});
    }
    room = 0;
  }
  return pages;
}

std::size_t count_cells(const PageParts& page) {
  std::size_t count = 0;
  for (const PagePart& part : page) count += part.cells.size();
  return count;
}

std::pair<PageParts, PageParts> halves(const PageParts& page) {
  std::pair<PageParts, PageParts> halves;
  std::size_t left = count_cells(page) / 2;  // for the first half
  for (const PagePart& part : page) {
    const std::size_t first = std::min(left, part.cells.size());
    const auto middle = part.cells.begin() + static_cast<std::ptrdiff_t>(first);
    if (first > 0) halves.first.push_back({part.language, {part.cells.begin(), middle}, part.is_first});
    if (first < part.cells.size())
      halves.second.push_back({part.language, {middle, part.cells.end()}, part.is_first && first == 0});
    left -= first;
  }
  return halves;
}

}  // namespace leafcast::analysis
