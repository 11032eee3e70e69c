#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "analysis/present/overview.h"
#include "analysis/present/page.h"
#include "analysis/present/page_plan.h"
#include "analysis/present/report.h"
#include "analysis/present/report_sections.h"
#include "analysis/present/statistic_maps.h"
#include "analysis/text/number_text.h"
#include "analysis/text/output_file.h"

namespace leafcast::analysis {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostCells = 1000, kMostLanguagesOfPage = 100;
constexpr std::size_t kMostFigures = 240, kMostFiguresOfPage = 24;  // of languages
constexpr std::size_t kMostLines = 2000;                            // of the contents
constexpr const char* kIndex = "index.html";

/// Tables are as long as a page has room for: what has none goes to another page.
PageLimits language_limits() {
  PageLimits limits;
  limits.rows = limits.rows_of_table = limits.unfolded = static_cast<std::size_t>(-1);
  return limits;
}

std::string page_name(std::size_t number) { return fmt::format("language-{:03}.html", number); }

/// "cells #0 – #999", "cell #7"
std::string cells_text(const std::vector<std::size_t>& cells) {
  const auto [first, last] = std::ranges::minmax(cells);
  return first == last ? fmt::format("cell #{}", first)
                       : fmt::format("{} cells, #{} – #{}", cells.size(), first, last);
}

/// Writes the pages of languages, one after the other, and keeps what the index tells of them.
class LanguagePages {
 public:
  LanguagePages(const fs::path& folder, const Reported& of)
      : folder_(folder), of_(of), languages_(report_languages(of)) {}

  void write() {
    std::deque<PageParts> pages = split_pages(languages_, kMostCells, kMostLanguagesOfPage);
    while (!pages.empty()) {
      const PageParts parts = std::move(pages.front());
      pages.pop_front();
      if (write_page(parts, !pages.empty())) continue;
      auto [first, second] = halves(parts);
      pages.push_front(std::move(second));
      pages.push_front(std::move(first));
    }
  }

  std::size_t count() const { return count_; }
  /// The names of their figures.
  const std::vector<std::string>& shown() const { return shown_; }
  /// A line for each language of each page, or for each page if these are many.
  Document contents() const {
    Document document;
    document << Paragraph{fmt::format("{} cells of {} language{} on {} page{}.", cells_, languages_.size(),
                                      languages_.size() == 1 ? "" : "s", count_, count_ == 1 ? "" : "s")}
             << Links{lines_.size() <= kMostLines ? lines_ : pages_};
    if (without_figures_ > 0)
      document << Paragraph{
          fmt::format("{} languages have tables without figures: the first of each page have some {}, all "
                      "pages {} at most. A report of a sweep of these languages alone has theirs.",
                      without_figures_, kMostFiguresOfPage, kMostFigures),
          Paragraph::Look::soft};
    if (left_out_ > 0)
      document << Paragraph{
          fmt::format("{} rows had no room on any page: leafcast table has them.", left_out_),
          Paragraph::Look::alarm};
    return document;
  }

 private:
  /// False if it has no room for all and can be split; then nothing was written.
  bool write_page(const PageParts& parts, bool has_next) {
    const std::string name = page_name(count_ + 1);
    Links ways{{{"Index", kIndex}}, true};
    if (count_ > 0) ways.links.push_back({"Previous page", page_name(count_)});
    if (has_next) ways.links.push_back({"Next page", page_name(count_ + 2)});
    Document document;
    document << ways;
    std::vector<Links::Link> lines;
    std::size_t by_height = kMostByHeight, figures = 0, without = 0;
    for (const PagePart& part : parts) {
      std::vector<Plot> plots;
      if (part.is_first && (!of_.choice.figures.empty() ||
                            (figures < kMostFiguresOfPage && figures_ + figures < kMostFigures)))
        plots = language_plots(of_, languages_[part.language]);
      else
        without += part.is_first;
      figures += plots.size();
      Section section = of_language(of_, part.cells, part.language, std::move(plots), by_height);
      lines.push_back({section.title, name + "#" + section.id, cells_text(part.cells)});
      document << std::move(section);
    }
    document << ways;
    std::vector<std::string> shown;
    choose_figures(document, of_, shown);
    const Page page(folder_ / name, fmt::format("{}, page {}", report_title(of_.record), count_ + 1),
                    document, language_limits());
    if (page.left_out() > 0 && count_cells(parts) > 1) return false;
    page.write();
    std::ranges::move(shown, std::back_inserter(shown_));
    ++count_;
    figures_ += figures;
    without_figures_ += without;
    left_out_ += page.left_out();
    cells_ += count_cells(parts);
    pages_.push_back(
        {lines.front().text, name,
         lines.size() == 1 ? lines.front().note : fmt::format("and {} more languages", lines.size() - 1)});
    std::ranges::move(lines, std::back_inserter(lines_));
    return true;
  }

  const fs::path& folder_;
  const Reported& of_;
  const std::vector<std::vector<std::size_t>> languages_;
  std::vector<Links::Link> lines_, pages_;
  std::vector<std::string> shown_;
  std::size_t count_ = 0, cells_ = 0, figures_ = 0, without_figures_ = 0, left_out_ = 0;
};

/// Pages of a report that had more, and their figures.
void remove_others(const fs::path& folder, std::size_t count) {
  static const std::regex kName(R"(language-(\d{3,9})(\.html|-figures))");
  std::vector<fs::path> others;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::smatch match;
    const std::string name = entry.path().filename().string();
    if (std::regex_match(name, match, kName) && std::stoul(match[1]) > count) others.push_back(entry.path());
  }
  std::error_code ignored;
  for (const fs::path& path : others) fs::remove_all(path, ignored);
}

Document maps_document(StatisticMaps shown) {
  Document document;
  if (shown.maps.empty()) return document;
  document << Paragraph{"A statistic over the two keys that were swept over most values, a panel for each value of a "
                        "third. Colors mean the same in all panels of a figure.",
                        Paragraph::Look::soft}
           << Figures{{}, std::move(shown.maps)};
  for (std::string& remark : shown.remarks) document << Paragraph{std::move(remark), Paragraph::Look::soft};
  return document;
}

}  // namespace

std::size_t write_report_pages(const fs::path& folder, const Record& record,
                               const std::vector<Estimate>& estimates, const std::vector<Fit>& fits,
                               const Provenance& provenance, const ReportChoice& choice) {
  const Reported of(record, estimates, fits, provenance, choice);
  make_figure_folder(folder);
  LanguagePages pages(folder, of);
  pages.write();
  Document index;
  add_findings(index, of);
  index.section("languages", "Pages of cells", pages.contents());
  index.section("maps", "Maps", maps_document(statistic_maps(record, of.index)));
  add_needed_memory(index, of);
  add_comparisons(index, of);
  add_closing(index, of);
  std::vector<std::string> shown = pages.shown();
  choose_figures(index, of, shown);
  require_chosen(of, shown);
  Page(folder / kIndex, report_title(record), index).write();
  remove_others(folder, pages.count());
  return pages.count() + 1;
}

}  // namespace leafcast::analysis
