#include "analysis/present/report.h"

#include <fmt/format.h>

#include "analysis/present/overview.h"
#include "analysis/present/page.h"
#include "analysis/present/report_sections.h"

namespace leafcast::analysis {

namespace {

constexpr std::size_t kMostLanguages = 12;  // that have figures
constexpr std::size_t kMostOpen = 3;        // that are not folded away
constexpr std::size_t kMostSections = 200;  // languages on the page

}  // namespace

std::size_t write_report(const std::filesystem::path& html, const Record& record,
                         const std::vector<Estimate>& estimates, const std::vector<Fit>& fits,
                         const Provenance& provenance, const ReportChoice& choice) {
  const Reported of(record, estimates, fits, provenance, choice);
  Document page;
  add_findings(page, of);
  add_needed_memory(page, of);
  add_comparisons(page, of);
  const auto languages = report_languages(of);
  const std::size_t with_figures = choice.figures.empty() ? kMostLanguages : languages.size();
  std::size_t by_height = kMostByHeight, left_out = 0;
  for (std::size_t i = 0; i < languages.size(); ++i) {
    if (i >= kMostSections) {
      left_out += languages[i].size();
      continue;
    }
    Section section =
        of_language(of, languages[i], i,
                    i < with_figures ? language_plots(of, languages[i]) : std::vector<Plot>(), by_height);
    section.open = i < kMostOpen;
    page << std::move(section);
  }
  Document more;
  if (languages.size() > with_figures)
    more << Paragraph{fmt::format(
        "Figures are of the {} languages with the longest sentences of {}; leafcast report --figures -variance has one of "
        "every language, --languages TEXT all of some.",
        with_figures, languages.size())};
  if (left_out > 0)
    more << Paragraph{
        fmt::format("Tables are of the first {} of {} languages; a directory (leafcast report -o DIR/) has "
                    "room for all.",
                    kMostSections, languages.size())};
  page.section("more-languages", "More languages", std::move(more));
  add_closing(page, of);
  std::vector<std::string> shown;
  choose_figures(page, of, shown);
  require_chosen(of, shown);
  const Page written(html, report_title(record), page);
  written.write();
  return left_out + written.left_out();
}

}  // namespace leafcast::analysis
