#include "analysis/present/page_plan.h"

#include <catch2/catch.hpp>
#include <numeric>

namespace leafcast::analysis::page_plan_test {
namespace {

using Languages = std::vector<std::vector<std::size_t>>;

/// Languages of so many cells each, numbered on.
Languages languages(const std::vector<std::size_t>& sizes) {
  Languages list;
  std::size_t next = 0;
  for (const std::size_t size : sizes) {
    list.emplace_back(size);
    std::iota(list.back().begin(), list.back().end(), next);
    next += size;
  }
  return list;
}

/// The cells of pages by language, in the order of the pages.
template <class Pages>
Languages gathered(const Pages& pages, std::size_t languages) {
  Languages list(languages);
  for (const PageParts& page : pages)
    for (const PagePart& part : page)
      list[part.language].insert(list[part.language].end(), part.cells.begin(), part.cells.end());
  return list;
}

template <class Pages>
std::vector<std::size_t> firsts(const Pages& pages) {
  std::vector<std::size_t> list;
  for (const PageParts& page : pages)
    for (const PagePart& part : page)
      if (part.is_first) list.push_back(part.language);
  return list;
}

TEST_CASE("every cell is on one page, and no page has more than there is room for") {
  for (const std::vector<std::size_t>& sizes : {std::vector<std::size_t>{2501, 3, 0, 997, 1, 1000, 1001},
                                                {1},
                                                {1000},
                                                {},
                                                std::vector<std::size_t>(5000, 2)}) {
    const Languages all = languages(sizes);
    const auto pages = split_pages(all, 1000, 100);
    CHECK(gathered(pages, all.size()) == all);
    std::vector<std::size_t> with_cells;
    for (std::size_t i = 0; i < sizes.size(); ++i)
      if (sizes[i] > 0) with_cells.push_back(i);
    CHECK(firsts(pages) == with_cells);
    for (const PageParts& page : pages) {
      CHECK(!page.empty());
      CHECK(page.size() <= 100);
      CHECK(count_cells(page) >= 1);
      CHECK(count_cells(page) <= 1000);
    }
  }
}

TEST_CASE("pages are as few as have room") {
  CHECK(split_pages(languages({400, 400, 200, 1}), 1000, 100).size() == 2);
  CHECK(split_pages(languages({2001}), 1000, 100).size() == 3);
  CHECK(split_pages(languages({1, 1, 1}), 1000, 2).size() == 2);
  CHECK(count_cells(split_pages(languages({2001}), 1000, 100).front()) == 667);
}

TEST_CASE("halves of a page have its cells in order, until one is left") {
  const Languages all = languages({3, 1, 5});
  std::vector<PageParts> pages = {split_pages(all, 1000, 100).front()};
  for (std::size_t i = 0; i < pages.size();) {
    if (count_cells(pages[i]) == 1) {
      ++i;
      continue;
    }
    auto [first, second] = halves(pages[i]);
    pages[i] = std::move(first);
    pages.insert(pages.begin() + static_cast<std::ptrdiff_t>(i) + 1, std::move(second));
    REQUIRE(pages.size() <= 9);
  }
  CHECK(pages.size() == 9);
  CHECK(gathered(pages, 3) == all);
  CHECK(firsts(pages) == std::vector<std::size_t>{0, 1, 2});
}

}  // namespace
}  // namespace leafcast::analysis::page_plan_test
