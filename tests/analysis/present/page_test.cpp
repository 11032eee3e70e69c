#include "analysis/present/page.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "analysis/text/output_file.h"
#include "engine/error.h"

namespace leafcast::analysis::page_test {
namespace {

namespace fs = std::filesystem;

struct Folder {
  fs::path path = fs::temp_directory_path() / ("leafcast-page-" + std::to_string(getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

Table rows(std::size_t count) {
  Table table{{{"number"}, {"word", Column::Kind::word}}, {}};
  for (std::size_t i = 0; i < count; ++i) table.rows.push_back({i, "word"});
  return table;
}

Plot plot(const std::string& name, int points) {
  Plot plot;
  plot.name = name;
  plot.title = name;
  Curve curve{"", Curve::Style::points, 1, false, 0, {}};
  for (int i = 0; i < points; ++i) curve.points.push_back(point((i + 0.5) / points, 0.5));
  plot.curves.push_back(curve);
  return plot;
}

bool lacks_gnuplot() { return std::system("gnuplot --version >/dev/null 2>&1") != 0; }

TEST_CASE("a page leaves out what it has no room for, and says how much") {
  const Folder folder;
  Document document;
  document << rows(5000) << List{std::vector<std::string>(3000, "an item")}
           << Verbatim{std::string(5000, '\n')};
  SECTION("there is room for all") {
    PageLimits limits;
    limits.rows = limits.rows_of_table = 5000;
    CHECK(Page(folder.path / "p.html", "All", document, limits).left_out() == 0);
  }
  SECTION("rows of a table") {
    const Page page(folder.path / "p.html", "Rows", document);
    CHECK(page.left_out() == 4600);
    page.write();
    CHECK(read_file(folder.path / "p.html").find("4600 more rows are in the table") != std::string::npos);
  }
  SECTION("bytes of text") {
    PageLimits limits;
    limits.text = 60'000;
    const Page page(folder.path / "p.html", "Bytes", document, limits);
    page.write();
    const std::string text = read_file(folder.path / "p.html");
    CHECK(text.size() < limits.text + 20'000);
    CHECK(count(text, "<tr><td>") == 400);
    CHECK(count(text, "an item") > 1000);
    CHECK(count(text, "an item") < 3000);
    CHECK(page.left_out() == 4600 + 3000 - count(text, "an item") + 5000);
  }
  SECTION("a page that would be too big all the same is not written") {
    PageLimits limits;
    limits.bytes = 50'000;
    CHECK_THROWS_AS(Page(folder.path / "p.html", "Big", document, limits).write(), IoError);
    CHECK_FALSE(fs::exists(folder.path / "p.html"));
  }
}

TEST_CASE("figures beyond a page's limit are linked, in their order and with their captions") {
  if (lacks_gnuplot()) return;
  const Folder folder;
  Plot small = plot("small", 3), large = plot("large", 2000);
  small.caption = "A few.";
  large.caption = "Many.";
  Document document;
  document << Figures{{large, small, large}}
           << Paragraph{
                  "a forged mark: \x02"
                  "0\x03"};
  PageLimits limits;
  limits.bytes = 100'000;
  Page(folder.path / "p.html", "Figures", document, limits).write();
  const std::string text = read_file(folder.path / "p.html");
  CHECK(text.size() <= limits.bytes);
  CHECK(count(text, "<svg") == 1);
  CHECK(count(text, "no room for this figure") == 2);
  CHECK(count(text, "\x02") == 0);
  const auto first = text.find("p-figures/large.svg"), second = text.find("p-figures/small.svg"),
             third = text.find("p-figures/large-2.svg");
  CHECK((first < second && second < third && third < text.size()));
  for (const char* name : {"large", "small", "large-2"})
    CHECK(fs::exists(folder.path / "p-figures" / (std::string(name) + ".png")));
  // The same with room.
  Page(folder.path / "q.html", "Figures", document).write();
  CHECK(count(read_file(folder.path / "q.html"), "<svg") == 3);
}

TEST_CASE("links lead to pages and to their sections") {
  const Folder folder;
  Document document;
  document << Links{{{"Next <page>", "a b.html#here", "12 cells"}}, true};
  Page(folder.path / "p.html", "Links", document).write();
  CHECK(
      read_file(folder.path / "p.html")
          .find(
              "<li><a href=\"a%20b.html#here\">Next &lt;page&gt;</a> <span class=\"soft\">12 cells</span></li>") !=
      std::string::npos);
}

}  // namespace
}  // namespace leafcast::analysis::page_test
