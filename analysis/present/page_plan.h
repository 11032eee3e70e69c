#pragma once
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

/// Which cells a page of a report is about.
namespace leafcast::analysis {

/// Cells of a language, the number-th of the report from 0: all of them, or those that its pages have room for.
struct PagePart {
  std::size_t language;
  std::vector<std::size_t> cells;
  bool is_first = true;  ///< of the language
};
using PageParts = std::vector<PagePart>;

/// Languages in their order on as few pages as have room, at most so many cells and languages each. A language with
/// more cells has pages of its own.
std::deque<PageParts> split_pages(const std::vector<std::vector<std::size_t>>& languages,
                                  std::size_t most_cells, std::size_t most_languages);

std::size_t count_cells(const PageParts& page);
/// A page of two cells or more as two pages, in the same order.
std::pair<PageParts, PageParts> halves(const PageParts& page);

}  // namespace leafcast::analysis
