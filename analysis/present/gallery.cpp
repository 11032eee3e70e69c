#include "analysis/present/gallery.h"

#include <fmt/format.h>

#include "analysis/present/html.h"
#include "analysis/text/output_file.h"

namespace leafcast::analysis {

std::string Gallery::operator()(std::vector<Plot> plots) {
  if (plots.empty()) return "";
  if (names_.empty()) make_figure_folder(folder_);
  std::string html = "<div class=\"figures\">\n";
  for (Plot& plot : plots) {
    const std::string wanted = plot.name;
    for (int copy = 2; !names_.insert(plot.name).second; ++copy)
      plot.name = fmt::format("{}-{}", wanted, copy);
    const std::string svg = draw(plot, folder_);
    const std::string link = escape_html(escape_url(folder_.filename().string() + "/" + plot.name));
    html +=
        "<figure>" + inline_svg(svg, fmt::format("f{}-", names_.size()), plot.title + ": " + plot.y_label);
    html += fmt::format(
        "<figcaption>{0} <span class=\"files\"><a href=\"{1}.svg\">SVG</a> <a href=\"{1}.pdf\">PDF</a> "
        "<a href=\"{1}.png\">PNG</a> <a href=\"{1}.dat\">data</a> <a href=\"{1}.gp\">script</a></span>"
        "</figcaption></figure>\n",
        escape_html(plot.caption), link);
  }
  return html + "</div>\n";
}

}  // namespace leafcast::analysis
