#include "analysis/html.h"

#include <cmath>
#include <cstdlib>
#include <limits>

namespace leafcast::analysis {

namespace {

// Colors: Okabe & Ito's blue and vermillion, each legible on its background.
constexpr const char* kStyle = R"css(
:root { color-scheme: light dark; --ink: #1c2126; --soft: #5b6570; --line: #dde2e7; --ground: #f6f7f9; --card: #ffffff;
  --accent: #0072b2; --alarm: #b84a00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ec; --soft: #9aa5b0; --line: #333b43; --ground: #14181c; --card: #1c2227; --accent: #6cbcf0;
    --alarm: #ff9a5c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 1rem 0 .3rem; }
h2 { font-size: 1.35rem; margin: 3rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p { max-width: 46rem; }
a { color: var(--accent); }
.soft, figcaption, .note td { color: var(--soft); font-size: .9rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 1.5rem 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; }
.tile b { display: block; font-size: 1.5rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 30rem), 1fr)); gap: 1rem; align-items: start; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; overflow: hidden; }
figure svg { display: block; width: 100%; height: auto; background: #ffffff; }
figcaption { padding: .7rem 1rem .9rem; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .22rem .8rem; text-align: right; white-space: nowrap; }
th { font-weight: 600; color: var(--soft); border-bottom: 1px solid var(--line); }
tbody tr + tr td { border-top: 1px solid var(--line); }
.w { text-align: left; }
.far { color: var(--alarm); font-weight: 700; }
.note td { border-top: 0 !important; padding-top: 0; text-align: left; }
.note td div { white-space: normal; max-width: min(60rem, calc(100vw - 5rem)); }
.long td { white-space: normal; overflow-wrap: anywhere; }
details { margin: 1rem 0; }
summary { cursor: pointer; color: var(--accent); }
pre { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; overflow-x: auto; font-size: .85rem; }
@media print { body { background: #fff; } figure, .scroll { break-inside: avoid; } }
)css";

/// Inserts the prefix wherever `before` ends.
void prefix_after(std::string& text, const std::string& before, const std::string& prefix) {
  for (auto at = text.find(before); at != std::string::npos; at = text.find(before, at)) {
    at += before.size();
    text.insert(at, prefix);
  }
}

bool is_far(const std::string& z) { return std::abs(std::strtod(z.c_str(), nullptr)) > 3; }

}  // namespace

std::string escape_html(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string inline_svg(const std::string& svg, const std::string& prefix, const std::string& title) {
  const auto start = svg.find("<svg");
  if (start == std::string::npos) return "";
  std::string element = svg.substr(start);
  for (const char* reference : {" id='", " id=\"", "href='#", "href=\"#", "url(#"})
    prefix_after(element, reference, prefix);
  element.insert(4, " role=\"img\" aria-label=\"" + escape_html(title) + "\"");
  const auto name = element.find("<title>"), end = element.find("</title>");
  if (name != std::string::npos && end != std::string::npos) element.erase(name, end + 8 - name);
  return element;
}

std::string html_table(const TextTable& given) {
  TextTable table = given;
  table.fit(std::numeric_limits<std::size_t>::max());
  const auto name = [&](std::size_t c) {
    return table.columns[c].kind == TextTable::Kind::word ? " class=\"w\"" : "";
  };
  std::string html = "<div class=\"scroll\"><table><thead><tr>";
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    html += std::string("<th") + name(c) + '>' + escape_html(table.columns[c].header) + "</th>";
  html += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (std::size_t c = 0; c < row.size(); ++c) {
      const bool far = table.columns[c].kind == TextTable::Kind::z && is_far(row[c]);
      html += std::string("<td") + (far ? " class=\"far\"" : name(c)) + '>' + escape_html(row[c]) + "</td>";
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string html_page(const std::string& title, const std::string& body) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
         escape_html(title) + "</title>\n<style>" + kStyle + "</style></head>\n<body><main>\n" + body +
         "</main></body></html>\n";
}

}  // namespace leafcast::analysis
