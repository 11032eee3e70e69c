#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "analysis/present/document.h"
#include "analysis/present/gnuplot.h"
#include "analysis/present/html.h"
#include "analysis/text/output_file.h"

namespace leafcast::analysis {

namespace {

/// Rows that a page takes, so that those of large sweeps can still be read.
constexpr std::size_t kMostRows = 4000, kMostRowsOfTable = 400;
constexpr std::size_t kUnfolded = 24;  // rows of a table that is not folded away

std::string fold(const std::string& summary, const std::string& html) {
  return fmt::format("<details><summary>{}</summary>\n{}</details>\n", summary, html);
}

/// Writes blocks as HTML, draws figures into a folder beside the page, and keeps their names apart.
class PageWriter {
 public:
  explicit PageWriter(const std::filesystem::path& page)
      : folder_(page.parent_path() / (page.stem().string() + "-figures")) {}

  std::string operator()(const Document& document) {
    std::string html;
    for (const Document::Block& block : document.shown_blocks()) html += std::visit(*this, block);
    return html;
  }
  std::string operator()(const Heading& heading) {
    return fmt::format("<h{0}>{1}</h{0}>\n", heading.level, escape_html(heading.text));
  }
  std::string operator()(const Paragraph& paragraph) {
    static constexpr const char* kClasses[] = {"", " class=\"soft\"", " class=\"lead\"", " class=\"far\""};
    std::string opening = escape_html(paragraph.opening);
    if (!opening.empty()) opening = "<b>" + opening + "</b> ";
    return fmt::format("<p{}>{}{}</p>\n", kClasses[static_cast<int>(paragraph.look)], opening,
                       escape_html(paragraph.text));
  }
  std::string operator()(const List& list) {
    std::string items;
    for (const std::string& item : list.items) items += "<li>" + escape_html(item) + "</li>\n";
    return "<ul>\n" + items + "</ul>\n";
  }
  std::string operator()(const Tiles& tiles) {
    std::string html;
    for (const auto& [number, what] : tiles.tiles)
      html += fmt::format("<div class=\"tile\"><b>{}</b>{}</div>\n", escape_html(number), escape_html(what));
    return "<div class=\"tiles\">\n" + html + "</div>\n";
  }
  std::string operator()(const Verbatim& verbatim) {
    return "<pre>" + escape_html(verbatim.text) + "</pre>\n";
  }

  std::string operator()(const Table& given) {
    Table table = given.without_empty_columns();
    const std::size_t all = table.rows.size(), shown = std::min({all, kMostRowsOfTable, rows_left_});
    table.rows.resize(shown);
    rows_left_ -= shown;
    std::string html = rows_of(table);
    if (shown < all)
      html += (*this)(Paragraph{fmt::format("{} more rows are in the table as text or CSV.", all - shown)});
    return all > kUnfolded && !folded_ ? fold(fmt::format("All {} rows", all), html) : html;
  }

  std::string operator()(const Section& section) {
    const std::string title = escape_html(section.title);
    if (section.id.empty()) {
      const bool before = std::exchange(folded_, true);
      const std::string html = fold(title, (*this)(section.content.front()));
      folded_ = before;
      return html;
    }
    contents_ += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", section.id, title);
    const std::string heading = "<h2>" + title + "</h2>", html = (*this)(section.content.front());
    return fmt::format("<section id=\"{}\">\n{}</section>\n", section.id,
                       section.open ? heading + "\n" + html : fold(heading, html));
  }

  std::string operator()(const Figures& figures) {
    if (names_.empty()) make_figure_folder(folder_);
    std::string html;
    for (Plot plot : figures.plots) {
      const std::string wanted = plot.name;
      for (int copy = 2; !names_.insert(plot.name).second; ++copy)
        plot.name = fmt::format("{}-{}", wanted, copy);
      const std::string svg = draw(plot, folder_);
      const std::string link = escape_html(escape_url(folder_.filename().string() + "/" + plot.name));
      html +=
          "<figure>" + inline_svg(svg, fmt::format("f{}-", names_.size()), plot.title + ": " + plot.y_label);
      html += fmt::format(
          "<figcaption>{0} <span class=\"files\"><a href=\"{1}.svg\">SVG</a> <a href=\"{1}.pdf\">PDF</a> "
          "<a href=\"{1}.png\">PNG</a> <a href=\"{1}.dat\">data</a> <a href=\"{1}.gp\">script</a></span></figcaption></figure>\n",
          escape_html(plot.caption), link);
    }
    return "<div class=\"figures\">\n" + html + "</div>\n";
  }

  /// Of the sections so far, as items of a list.
  const std::string& contents() const { return contents_; }

 private:
  static std::string rows_of(const Table& table) {
    const auto name = [&](std::size_t c) {
      return table.columns[c].kind == Column::Kind::word ? " class=\"w\"" : "";
    };
    std::string head;
    for (std::size_t c = 0; c < table.columns.size(); ++c)
      head += fmt::format("<th{}>{}</th>", name(c), escape_html(table.columns[c].name));
    std::string html =
        fmt::format("<div class=\"scroll\" tabindex=\"0\"><table{}<tbody>\n",
                    table.has_headings() ? "><thead><tr>" + head + "</tr></thead>" : " class=\"long\">");
    for (const Row& row : table.rows) {
      if (row.size() == 1 && table.columns.size() > 1) {
        html += fmt::format("<tr class=\"note\"><td colspan=\"{}\"><div>{}</div></td></tr>\n",
                            table.columns.size(), escape_html(row[0].text()));
        continue;
      }
      html += "<tr>";
      for (std::size_t c = 0; c < row.size(); ++c) {
        const Column::Kind kind = table.columns[c].kind;
        const bool far = kind == Column::Kind::z && row[c].is_far();
        html +=
            fmt::format("<td{}>{}</td>", far ? " class=\"far\"" : name(c), escape_html(row[c].text(kind)));
      }
      html += "</tr>\n";
    }
    return html + "</tbody></table></div>\n";
  }

  std::filesystem::path folder_;
  std::set<std::string> names_;  ///< of figures
  std::string contents_;
  std::size_t rows_left_ = kMostRows;
  bool folded_ = false;
};

}  // namespace

void write_page(const std::filesystem::path& path, const std::string& title, const Document& document) {
  PageWriter write(path);
  const std::string body = write(document), shown = escape_html(title);
  write_file(path, fmt::format(
                       R"html(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{0}</title>
<style>{1}</style></head>
<body><div class="layout">
<nav aria-label="Contents"><ol>
{2}</ol></nav>
<main>
<h1>{0}</h1>
{3}</main></div></body></html>
)html",
                       shown, page_style(), write.contents(), body));
}

}  // namespace leafcast::analysis
