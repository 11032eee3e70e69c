#include "analysis/present/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

namespace leafcast::analysis {

namespace {

constexpr const char* kStyle = R"css(
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
main { min-width: 0; max-width: 76rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: clamp(1.5rem, 1.2rem + 1.4vw, 2.1rem); line-height: 1.2; letter-spacing: -.01em; margin: .5rem 0 1.2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 0; overflow-wrap: anywhere; }
h3 { font-size: 1.05rem; margin: 2rem 0 .6rem; }
h4 { font-size: .95rem; margin: 1.6rem 0 .5rem; overflow-wrap: anywhere; }
section { margin-top: 2.6rem; padding-top: 1.3rem; border-top: 1px solid var(--line); scroll-margin-top: .5rem; }
#findings { margin-top: 0; padding-top: 0; border-top: 0; }
p { max-width: 46rem; margin: .7rem 0; overflow-wrap: break-word; }
.lead { max-width: 52rem; }
a { color: var(--accent); text-underline-offset: .15em; }
.soft, figcaption, .note td { color: var(--soft); font-size: .9rem; }
nav { font-size: .9rem; padding: 1rem; max-height: 15rem; overflow-y: auto; border-bottom: 1px solid var(--line); background: var(--card); }
nav ol { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; }
nav a { display: block; padding: .25rem 0; text-decoration: none; overflow-wrap: anywhere; }
nav a:hover { text-decoration: underline; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem; margin: 1.6rem 0 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; color: var(--soft); font-size: .9rem; line-height: 1.35; }
.tile b { display: block; color: var(--ink); font-size: 1.4rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 29rem), 1fr)); gap: 1rem; align-items: start; margin: 1.2rem 0; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; overflow: hidden; }
figure svg { display: block; width: 100%; height: auto; }
figure.wide { grid-column: 1 / -1; }
figcaption { padding: .3rem 1rem .9rem; line-height: 1.5; }
.files { display: block; margin-top: .4rem; }
.files a { margin-right: .7rem; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
h2 + .scroll, details > .scroll { margin-top: .9rem; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: right; white-space: nowrap; }
th { font-weight: 600; color: var(--soft); }
thead th { border-bottom: 1px solid var(--line); }
tbody tr + tr > * { border-top: 1px solid var(--line); }
.w { text-align: left; }
td.w { white-space: normal; min-width: 6rem; }
td.w:first-child, td:first-child + td.w { min-width: 10rem; }
.far { color: var(--alarm); font-weight: 700; }
.note td { border-top: 0 !important; padding-top: 0; text-align: left; }
.note td div { white-space: normal; max-width: min(60rem, calc(100vw - 5rem)); }
.long td { white-space: normal; overflow-wrap: anywhere; }
.long th { vertical-align: top; }
details { margin: 1rem 0; }
summary { cursor: pointer; color: var(--accent); padding: .15rem 0; }
summary h2 { display: inline; color: var(--ink); }
ul { padding-left: 1.2rem; overflow-wrap: anywhere; }
ul.row { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; }
ul.pages { list-style: none; padding: 0; columns: 2 24rem; column-gap: 2rem; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; overflow-x: auto; font-size: .85rem; }
@media (min-width: 75rem) {
  .layout { display: grid; grid-template-columns: 13.5rem minmax(0, 1fr); max-width: 96rem; margin: 0 auto; }
  nav { position: sticky; top: 0; align-self: start; max-height: 100vh; padding: 2rem 1rem; border: 0; background: none; }
  nav ol { display: block; }
  main { padding-left: 1.5rem; padding-right: 1.5rem; width: 100%; }
}
@page { margin: 15mm; }
@media print {
  body { background: #fff; font-size: 9.5pt; line-height: 1.35; }
  section { margin-top: 1.2rem; padding-top: .6rem; }
  nav, .files { display: none; }
  .layout { display: block; }
  main { padding: 0; max-width: none; }
  summary { list-style: none; color: inherit; }
  details:not([open]) > summary::after { content: " (folded: open it on the screen to print it)"; color: var(--soft); font-size: 8pt; font-weight: 400; }
  .figures { display: block; columns: 2; column-gap: 1rem; }
  figure { margin-bottom: .6rem; }
  figcaption { font-size: 8pt; line-height: 1.3; padding: .2rem .6rem .5rem; }
  figure, .tile, tr, pre { break-inside: avoid; }
  h2, h3, h4, summary { break-after: avoid; }
  .scroll { overflow: visible; border: 0; }
  table { font-size: 7.5pt; }
  th, td { padding: .1rem .35rem; }
  .tiles { grid-template-columns: repeat(6, 1fr); gap: .3rem; }
  .tile { padding: .4rem .6rem; font-size: 8pt; }
  .tile b { font-size: 1.1rem; }
}
)css";

/// A color of the page in the light and in the dark. Those of figures stand for what gnuplot drew
/// (gnuplot.cpp): Okabe & Ito's palette, and lighter ones of the same hues and order of lightness.
struct Color {
  const char* name;
  const char* light;
  const char* dark;
  int drawn[3] = {-1, -1, -1};  ///< red, green, blue of gnuplot's
};
constexpr std::array kShades = {
    Color{"ink", "#1c2126", "#e6e9ec"},
    Color{"soft", "#5b6570", "#a3adb8"},
    Color{"line", "#dde2e7", "#333b43"},
    Color{"ground", "#f6f7f9", "#14181c"},
    Color{"card", "#ffffff", "#1c2227"},
    Color{"accent", "#0069a6", "#6cbcf0"},
    Color{"alarm", "#b84a00", "#ff9a5c"},
    Color{"f-black", "#000000", "#ffffff", {0, 0, 0}},
    Color{"f-blue", "#0072b2", "#4ba6ea", {0, 114, 178}},
    Color{"f-vermillion", "#d55e00", "#ff7f3f", {213, 94, 0}},
    Color{"f-green", "#009e73", "#2fcf9f", {0, 158, 115}},
    Color{"f-purple", "#cc79a7", "#ea9cc6", {204, 121, 167}},
    Color{"f-orange", "#e69f00", "#f2b63c", {230, 159, 0}},
    Color{"f-sky", "#56b4e9", "#a5dcff", {86, 180, 233}},
    Color{"f-grey", "#777777", "#9aa5b0", {119, 119, 119}},
    Color{"f-text", "#222222", "#e6e9ec", {34, 34, 34}},
    Color{"f-axis", "#444444", "#8a95a0", {68, 68, 68}},
    Color{"f-note", "#555555", "#b0bac4", {85, 85, 85}},
    Color{"f-grid", "#e2e2e2", "#363f48", {226, 226, 226}},
};

std::string palette(const char* Color::*shade) {
  std::string rules;
  for (const Color& color : kShades) rules += fmt::format(" --{}: {};", color.name, color.*shade);
  return rules;
}

/// Inserts the prefix wherever `before` ends.
void prefix_after(std::string& text, const std::string& before, const std::string& prefix) {
  for (auto at = text.find(before); at != std::string::npos; at = text.find(before, at)) {
    at += before.size();
    text.insert(at, prefix);
  }
}

void replace_all(std::string& text, const std::string& old, const std::string& now) {
  for (auto at = text.find(old); at != std::string::npos; at = text.find(old, at + now.size()))
    text.replace(at, old.size(), now);
}

const Color* find_drawn(int red, int green, int blue) {
  for (const Color& color : kShades)
    if (color.drawn[0] == red && color.drawn[1] == green && color.drawn[2] == blue) return &color;
  return nullptr;
}

/// A tag with the page's colors in place of gnuplot's.
void recolor(std::string& tag) {
  for (auto at = tag.find("rgb("); at != std::string::npos; at = tag.find("rgb(", at + 4)) {
    int red = 0, green = 0, blue = 0, length = 0;
    if (std::sscanf(tag.c_str() + at, "rgb(%d,%d,%d)%n", &red, &green, &blue, &length) != 3) continue;
    const Color* color = length > 0 ? find_drawn(red, green, blue) : nullptr;
    if (color) tag.replace(at, static_cast<std::size_t>(length), fmt::format("var(--{})", color->name));
  }
  replace_all(tag, "fill=\"black\"", "fill=\"var(--f-black)\"");
  replace_all(tag, "color=\"black\"", "color=\"var(--f-black)\"");
  replace_all(tag, "color='#FFFFFF'", "color='var(--card)'");  // a gap around points
}

/// Edits the tags of XML and leaves the text between them, which may hold anything but <, as it is.
template <class Edit>
std::string with_tags(const std::string& xml, Edit edit) {
  std::string result;
  for (std::size_t at = 0; at < xml.size();) {
    const auto open = std::min(xml.find('<', at), xml.size());
    const auto end = std::min(xml.find('>', open), xml.size() - 1) + 1;
    result += xml.substr(at, open - at);
    if (open == xml.size()) break;
    std::string tag = xml.substr(open, end - open);
    edit(tag);
    result += tag;
    at = end;
  }
  return result;
}

}  // namespace

std::string page_style() {
  return ":root { color-scheme: light dark;" + palette(&Color::light) +
         " }\n@media screen and (prefers-color-scheme: dark) {\n  :root {" + palette(&Color::dark) + " } }" +
         kStyle;
}

std::string escape_html(const std::string& text) {
  static const std::map<char, const char*> kNames = {
      {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool control = (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F;
    if (const auto name = kNames.find(c); name != kNames.end())
      escaped += name->second;
    else
      escaped += control ? "\uFFFD" : std::string(1, c);
  }
  return escaped;
}

std::string escape_url(const std::string& path) {
  std::string escaped;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~' || c == '/';
    escaped += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return escaped;
}

std::string inline_svg(const std::string& svg, const std::string& prefix, const std::string& title) {
  const auto start = svg.find("<svg");
  if (start == std::string::npos) return "";
  std::string element = svg.substr(start);
  for (const char* name : {"title", "desc"}) {
    const std::string open = fmt::format("<{}>", name), close = fmt::format("</{}>", name);
    const auto from = element.find(open), to = element.find(close);
    if (from != std::string::npos && to != std::string::npos) element.erase(from, to + close.size() - from);
  }
  // The ground that gnuplot paints first; the page has its own.
  const auto ground = element.find("fill=\"#ffffff\"");
  if (ground != std::string::npos) element.replace(ground, 14, "fill=\"none\"");
  element = with_tags(element, [&](std::string& tag) {
    for (const char* reference : {" id='", " id=\"", "href='#", "href=\"#", "url(#"})
      prefix_after(tag, reference, prefix);
    recolor(tag);
  });
  element.insert(4, " role=\"img\" aria-label=\"" + escape_html(title) + "\"");
  return element;
}

}  // namespace leafcast::analysis
