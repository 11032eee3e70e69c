#include "analysis/present/required_section.h"

#include <fmt/format.h>

#include "analysis/present/html.h"
#include "analysis/present/required_plots.h"
#include "analysis/present/required_table.h"

namespace leafcast::analysis {

namespace {

std::string titled(const char* title, const TextTable& table) {
  return table.rows.empty() ? "" : fmt::format("<h3>{}</h3>\n{}", title, html_table(table));
}

std::string list(const std::vector<std::string>& remarks) {
  std::string items;
  for (const std::string& remark : remarks) items += "<li>" + escape_html(remark) + "</li>\n";
  return items.empty()
             ? ""
             : "<details><summary>Heights without a point, and verdicts in doubt</summary>\n<ul>\n" + items +
                   "</ul></details>\n";
}

}  // namespace

std::string required_section(const Record& record, const EstimateIndex& index,
                             const std::function<std::string(std::vector<Plot>)>& draw) {
  const std::vector<Required> measured = required(record, index), exact = required_exactly(record, index);
  const RequiredTables tables = required_tables(record, measured, exact);
  if (tables.by_height.rows.empty()) return "";
  std::string html = fmt::format(
      "<p>The smallest context k* and working memory m* from which on a writer's sentences have a variance, "
      "excess "
      "kurtosis or valid rate within {:.3g}% of the true language's. Context is interpolated between the "
      "contexts of "
      "the scan (deviation linear in log k); memory comes in whole levels and is not.</p>\n",
      100 * measured.front().tolerance);
  html += draw(required_plots(record, measured, exact));
  html += titled("Context", tables.context) + titled("Working memory", tables.memory);
  html += "<details><summary>Height by height</summary>\n" + html_table(tables.by_height) + "</details>\n";
  return html + list(tables.remarks);
}

}  // namespace leafcast::analysis
