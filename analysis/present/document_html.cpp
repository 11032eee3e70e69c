#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "analysis/present/html.h"
#include "analysis/present/page.h"
#include "analysis/text/number_text.h"
#include "analysis/text/output_file.h"
#include "engine/error.h"

namespace leafcast::analysis {

namespace {

constexpr std::size_t kMostVerbatim = 200'000;
// What stands for a figure until it is drawn: control characters, which no text of a page has.
constexpr char kMark = '\x02', kMarkEnd = '\x03';

/// Text for people: numbers as they are printed. What is to be copied (a sweep, links) stays as it is.
std::string prose(const std::string& text) { return escape_html(with_powers(text)); }

std::string fold(const std::string& summary, const std::string& html) {
  return fmt::format("<details><summary>{}</summary>\n{}</details>\n", summary, html);
}

/// Writes blocks as HTML, with marks for figures.
class PageWriter {
 public:
  PageWriter(const PageLimits& limits, std::vector<PageFigure>& figures)
      : limits_(limits), rows_left_(limits.rows), figures_(figures) {}

  std::string operator()(const Document& document) {
    std::string html;
    for (const Document::Block& block : document.shown_blocks()) html += std::visit(*this, block);
    return html;
  }
  std::string operator()(const Heading& heading) {
    return counted(fmt::format("<h{0}>{1}</h{0}>\n", heading.level, prose(heading.text)));
  }
  std::string operator()(const Paragraph& paragraph) {
    static constexpr const char* kClasses[] = {"", " class=\"soft\"", " class=\"lead\"", " class=\"far\""};
    std::string opening = prose(paragraph.opening);
    if (!opening.empty()) opening = "<b>" + opening + "</b> ";
    return counted(fmt::format("<p{}>{}{}</p>\n", kClasses[static_cast<int>(paragraph.look)], opening,
                               prose(paragraph.text)));
  }
  std::string operator()(const List& list) {
    std::string items;
    std::size_t shown = 0;
    for (; shown < list.items.size() && has_room(); ++shown)
      items += counted("<li>" + prose(list.items[shown]) + "</li>\n");
    return "<ul>\n" + items + "</ul>\n" + rest(list.items.size() - shown, "lines");
  }
  std::string operator()(const Links& links) {
    std::string items;
    for (const Links::Link& link : links.links)
      items += counted(fmt::format(
          "<li><a href=\"{}\">{}</a>{}</li>\n", escape_html(url(link.target)), escape_html(link.text),
          link.note.empty() ? "" : " <span class=\"soft\">" + escape_html(link.note) + "</span>"));
    return fmt::format("<ul class=\"{}\">\n{}</ul>\n", links.in_a_row ? "row" : "pages", items);
  }
  std::string operator()(const Tiles& tiles) {
    std::string html;
    for (const auto& [number, what] : tiles.tiles)
      html += fmt::format("<div class=\"tile\"><b>{}</b>{}</div>\n", prose(number), prose(what));
    return "<div class=\"tiles\">\n" + html + "</div>\n";
  }
  std::string operator()(const Verbatim& verbatim) {
    const std::size_t most = std::min(kMostVerbatim, limits_.text - std::min(limits_.text, text_));
    const std::string& all = verbatim.text;
    const auto end = all.size() <= most ? all.size() : all.rfind('\n', most);
    const std::string shown = all.substr(0, end == std::string::npos ? 0 : end);
    return counted("<pre>" + escape_html(shown) + "</pre>\n") +
           rest(shown.size() < all.size()
                    ? static_cast<std::size_t>(std::ranges::count(all.substr(shown.size()), '\n'))
                    : 0,
                "lines");
  }

  std::string operator()(const Table& given) {
    Table table = given.without_empty_columns();
    const std::size_t all = table.rows.size();
    table.rows.resize(std::min({all, limits_.rows_of_table, rows_left_}));
    std::size_t shown = 0;
    std::string html = rows_of(table, shown);
    rows_left_ -= shown;
    if (shown < all)
      html += (*this)(Paragraph{fmt::format("{} more rows are in the table as text or CSV.", all - shown)});
    left_out_ += all - shown;
    return all > limits_.unfolded && !folded_ ? fold(fmt::format("All {} rows", all), html) : html;
  }

  std::string operator()(const Section& section) {
    const std::string title = prose(section.title);
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
    std::string html;
    for (const Plot& plot : figures.plots)
      html += mark({drawing(distinct(plot)), plot.title + ": " + plot.y_label, plot.caption});
    for (const Map& map : figures.maps)
      html += mark(
          {drawing(distinct(map)), map.title + ": " + map.value_label, map.caption, map.panels.size() > 1});
    return "<div class=\"figures\">\n" + html + "</div>\n";
  }

  /// Of the sections so far, as items of a list.
  const std::string& contents() const { return contents_; }
  std::size_t left_out() const { return left_out_; }

 private:
  bool has_room() const { return text_ < limits_.text; }
  std::string counted(std::string html) {
    text_ += html.size();
    return html;
  }
  std::string rest(std::size_t count, const char* what) {
    left_out_ += count;
    return count == 0 ? "" : (*this)(Paragraph{fmt::format("{} more {} are left out.", count, what)});
  }
  /// A relative path, and behind a # what is there.
  static std::string url(const std::string& target) {
    const auto hash = target.find('#');
    return escape_url(target.substr(0, hash)) + (hash == std::string::npos ? "" : target.substr(hash));
  }
  /// Under a name that no other figure of the page has.
  template <class Shown>
  Shown distinct(Shown shown) {
    const std::string wanted = shown.name;
    for (int copy = 2; !names_.insert(shown.name).second; ++copy)
      shown.name = fmt::format("{}-{}", wanted, copy);
    return shown;
  }
  std::string mark(PageFigure figure) {
    figures_.push_back(std::move(figure));
    return fmt::format("{}{}{}", kMark, figures_.size() - 1, kMarkEnd);
  }

  /// As many as there is room for.
  std::string rows_of(const Table& table, std::size_t& shown) {
    const auto name = [&](std::size_t c) {
      return table.columns[c].kind == Column::Kind::word ? " class=\"w\"" : "";
    };
    std::string head;
    for (std::size_t c = 0; c < table.columns.size(); ++c)
      head += fmt::format("<th{}>{}</th>", name(c), prose(table.columns[c].name));
    std::string html =
        fmt::format("<div class=\"scroll\" tabindex=\"0\"><table{}<tbody>\n",
                    table.has_headings() ? "><thead><tr>" + head + "</tr></thead>" : " class=\"long\">");
    for (; shown < table.rows.size() && has_room(); ++shown) {
      const Row& row = table.rows[shown];
      if (row.size() == 1 && table.columns.size() > 1) {
        html += counted(fmt::format("<tr class=\"note\"><td colspan=\"{}\"><div>{}</div></td></tr>\n",
                                    table.columns.size(), prose(row[0].text())));
        continue;
      }
      std::string line = "<tr>";
      for (std::size_t c = 0; c < row.size(); ++c) {
        const Column::Kind kind = table.columns[c].kind;
        const bool far = kind == Column::Kind::z && row[c].is_far();
        line += fmt::format("<td{}>{}</td>", far ? " class=\"far\"" : name(c), prose(row[c].text(kind)));
      }
      html += counted(line + "</tr>\n");
    }
    return html + "</tbody></table></div>\n";
  }

  PageLimits limits_;
  std::set<std::string> names_;  ///< of figures
  std::string contents_;
  std::size_t rows_left_, text_ = 0, left_out_ = 0;
  bool folded_ = false;
  std::vector<PageFigure>& figures_;
};

/// With its files; `svg` is empty if they alone have it.
std::string figure_html(const PageFigure& figure, const std::string& svg, const std::string& folder) {
  const std::string link = escape_html(escape_url(folder + "/" + figure.drawing.name));
  return fmt::format(
      "<figure{2}>{3}<figcaption>{0}{4} <span class=\"files\"><a href=\"{1}.svg\">SVG</a> <a href=\"{1}.pdf\">PDF</a> "
      "<a href=\"{1}.column.pdf\">for a column</a> "
      "<a href=\"{1}.png\">PNG</a> <a href=\"{1}.csv\">CSV</a> <a href=\"{1}.dat\">data</a> <a href=\"{1}.gp\">script</a></span></figcaption></figure>\n",
      prose(figure.caption), link, figure.wide ? " class=\"wide\"" : "", svg,
      svg.empty() ? " The page has no room for this figure: see its files." : "");
}

std::string page_html(const std::string& title, const std::string& contents, const std::string& body) {
  return fmt::format(
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
      escape_html(title), page_style(), contents, body);
}

}  // namespace

Page::Page(std::filesystem::path path, std::string title, const Document& document, const PageLimits& limits)
    : path_(std::move(path)), title_(std::move(title)), limits_(limits) {
  PageWriter write(limits_, figures_);
  body_ = write(document);
  contents_ = write.contents();
  left_out_ = write.left_out();
}

void Page::write() const {
  const std::filesystem::path folder = path_.parent_path() / (path_.stem().string() + "-figures");
  std::vector<Drawing> drawings;
  for (const PageFigure& figure : figures_) drawings.push_back(figure.drawing);
  if (!drawings.empty()) make_figure_folder(folder);
  const std::vector<std::string> svgs = draw(drawings, folder);

  std::vector<std::string> html;
  for (const PageFigure& figure : figures_)
    html.push_back(figure_html(figure, "", folder.filename().string()));
  std::size_t bytes = page_html(title_, contents_, body_).size();
  for (const std::string& linked : html) bytes += linked.size();
  for (std::size_t i = 0; i < figures_.size(); ++i) {  // embedded as long as there is room
    const std::string svg = inline_svg(svgs[i], fmt::format("f{}-", i + 1), figures_[i].label);
    if (svg.size() > limits_.figure || bytes + svg.size() > limits_.bytes) continue;
    bytes += svg.size();
    html[i] = figure_html(figures_[i], svg, folder.filename().string());
  }
  std::string body;
  for (std::size_t at = 0; at < body_.size();) {
    const auto mark = std::min(body_.find(kMark, at), body_.size());
    body.append(body_, at, mark - at);
    if (mark == body_.size()) break;
    const auto end = body_.find(kMarkEnd, mark);
    body += html[std::stoul(body_.substr(mark + 1, end - mark - 1))];
    at = end + 1;
  }
  const std::string page = page_html(title_, contents_, body);
  if (page.size() > limits_.bytes)
    throw IoError(fmt::format(
        "{} would take {:.1f} MB, and browsers are slow with more than {:.0f}: give a directory (-o DIR/), whose pages are "
        "split, or a sweep of fewer cells",
        path_.string(), 1e-6 * static_cast<double>(page.size()), 1e-6 * static_cast<double>(limits_.bytes)));
  write_file(path_, page);
}

void write_page(const std::filesystem::path& path, const std::string& title, const Document& document) {
  Page(path, title, document).write();
}

}  // namespace leafcast::analysis
