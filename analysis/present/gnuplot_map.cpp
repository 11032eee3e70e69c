#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/present/document.h"
#include "analysis/present/gnuplot.h"
#include "analysis/present/gnuplot_text.h"

namespace leafcast::analysis {

namespace {

constexpr std::size_t kMostTicks = 6, kMostColumns = 4;
// In pixels of the page: a panel, what stands to its left and below it, the bar of colors, the title.
constexpr std::size_t kPanel = 190, kAlonePanel = 380, kLeft = 66, kBelow = 74, kBar = 105, kTop = 52;
// Viridis: equal steps look equal, in grey too.
constexpr const char* kColors =
    "0 '#440154', 1 '#472c7a', 2 '#3b518b', 3 '#2c718e', 4 '#21908d', 5 '#27ad81', 6 '#5cc863', 7 '#aadc32', "
    "8 '#fde725'";

/// Where the rectangles of an axis' values meet: halfway, by ratio if the axis is logarithmic.
std::vector<double> edges(const Map::Axis& axis) {
  const auto to = [&](double v) { return axis.log ? std::log(v) : v; };
  const auto from = [&](double v) { return axis.log ? std::exp(v) : v; };
  const std::vector<double>& v = axis.values;
  std::vector<double> list;
  for (std::size_t i = 0; i + 1 < v.size(); ++i) list.push_back((to(v[i]) + to(v[i + 1])) / 2);
  const double first = list.empty() ? to(v.front()) - 0.5 : 2 * to(v.front()) - list.front();
  const double last = list.empty() ? to(v.front()) + 0.5 : 2 * to(v.back()) - list.back();
  list.insert(list.begin(), first);
  list.push_back(last);
  for (double& edge : list) edge = from(edge);
  return list;
}

/// The values themselves, or so many of them as have room.
std::string axis_ticks(const char* axis, const Map::Axis& of) {
  std::string list;
  const std::size_t step = (of.values.size() + kMostTicks - 1) / kMostTicks;
  for (std::size_t i = 0; i < of.values.size(); i += step)
    list += fmt::format("{}'{:.4g}' {}", list.empty() ? "" : ", ", of.values[i], of.values[i]);
  return fmt::format("set {}tics ({})\n", axis, list);
}

struct ColorRange {
  double low = std::numeric_limits<double>::infinity(), high = -low;
};

/// Of all panels, so that colors can be compared.
ColorRange values_range(const Map& map) {
  ColorRange range;
  for (const Map::Panel& panel : map.panels)
    for (const double v : panel.values)
      if (std::isfinite(v) && (!map.log_values || v > 0)) {
        range.low = std::min(range.low, v);
        range.high = std::max(range.high, v);
      }
  if (range.low > range.high) return {0, 1};
  if (range.low < range.high) return range;
  const double margin = range.low == 0 ? 1 : std::abs(range.low) / 2;
  return {range.low - margin, range.high + margin};
}

}  // namespace

std::string map_data(const Map& map) {
  std::string text =
      fmt::format("# {}\n# {} | {} | their rectangle: left, right, bottom, top | {}\n",
                  one_line(map.title, kCommentColumns), one_line(map.x.label, kCommentColumns),
                  one_line(map.y.label, kCommentColumns), one_line(map.value_label, kCommentColumns));
  const std::vector<double> x = edges(map.x), y = edges(map.y);
  for (std::size_t p = 0; p < map.panels.size(); ++p) {
    text += p == 0 ? "" : "\n\n";
    text += fmt::format("# {}: {}\n", p, one_line(map.panels[p].label, kCommentColumns));
    for (std::size_t j = 0; j < map.y.values.size(); ++j)
      for (std::size_t i = 0; i < map.x.values.size(); ++i) {
        text +=
            fmt::format("{}{} {} {:.6g} {:.6g} {:.6g} {:.6g} {}\n", std::isnan(map.at(p, j, i)) ? "# " : "",
                        map.x.values[i], map.y.values[j], x[i], x[i + 1], y[j], y[j + 1], map.at(p, j, i));
      }
  }
  return text;
}

std::string map_csv(const Map& map) {
  std::string text = "series,x,y,value\n";
  for (std::size_t p = 0; p < map.panels.size(); ++p)
    for (std::size_t j = 0; j < map.y.values.size(); ++j)
      for (std::size_t i = 0; i < map.x.values.size(); ++i)
        if (!std::isnan(map.at(p, j, i)))
          text += fmt::format("{},{},{},{}\n", Entry(map.panels[p].label).csv(), map.x.values[i],
                              map.y.values[j], map.at(p, j, i));
  return text;
}

std::string map_script(const Map& map) {
  const std::size_t panels = map.panels.size(), rows = (panels + kMostColumns - 1) / kMostColumns,
                    columns = (panels + rows - 1) / rows, side = panels == 1 ? kAlonePanel : kPanel;
  const std::size_t width = columns * (side + kLeft) + kBar, height = rows * (side + kBelow) + kTop;
  const auto across = [&](std::size_t pixels) {
    return static_cast<double>(pixels) / static_cast<double>(width);
  };
  const auto up = [&](std::size_t pixels) {
    return static_cast<double>(pixels) / static_cast<double>(height);
  };

  std::string text =
      fmt::format("# Draws {0}.svg, {0}.pdf, {0}.png and {0}.column.pdf: gnuplot {0}.gp\n", map.name);
  const auto line = [&text](const std::string& command) { text += command + '\n'; };
  text += default_settings();
  line(fmt::format("data = {}", gnuplot_file(map.name + ".dat")));
  const std::vector<double> x = edges(map.x), y = edges(map.y);
  line(fmt::format("set xrange [{:.6g}:{:.6g}]", x.front(), x.back()));
  line(fmt::format("set yrange [{:.6g}:{:.6g}]", y.front(), y.back()));
  if (map.x.log) line("set logscale x");
  if (map.y.log) line("set logscale y");
  text += axis_ticks("x", map.x) + axis_ticks("y", map.y);
  const ColorRange range = values_range(map);
  line(fmt::format("set cbrange [{:.6g}:{:.6g}]", range.low, range.high));
  line("set format cb '%g'");
  if (map.log_values) text += log_ticks("cb", range.low, range.high);
  line(fmt::format("set palette defined ({})", kColors));
  line(fmt::format("set cblabel {} noenhanced font ',13' textcolor rgb '#222222'",
                   gnuplot_string(map.value_label, 44)));
  const std::string bar =
      fmt::format("set colorbox user origin screen {:.4f}, screen {:.4f} size screen {:.4f}, screen {:.4f}",
                  across(width - kBar + 8), 1 - up(kTop + side), across(16), up(side));
  line("set border lc rgb '#444444'");
  line("set tics nomirror out scale 0.5 font ',12' textcolor rgb '#222222'");
  line("set xtics offset 0,0.4");
  line("unset key");
  line("# What no cell has is grey.");
  line(
      "set object 1 rectangle from graph 0, graph 0 to graph 1, graph 1 behind fillcolor rgb '#e2e2e2' "
      "fillstyle solid noborder");
  line("set style fill solid noborder");
  line("do for [ending in 'svg pdf png column'] {");
  line("if (ending eq 'svg') {");
  text += svg_terminal(map.name, width, height);
  line("}\nif (ending eq 'pdf') {");
  text += pdf_terminal(map.name, width, height);
  line("}\nif (ending eq 'png') {");
  text += png_terminal(map.name, width, height);
  // As wide as a column; where panels are many their text is small: the page's PDF has room for them.
  line("}\nif (ending eq 'column') {");
  text += column_terminal(map.name, 8.6 * static_cast<double>(height) / static_cast<double>(width), 15,
                          panels == 1 ? 0.62 : 0.6 * 8.6 * 40 / static_cast<double>(width));
  line("}");
  line("set multiplot");
  line(bar);
  line(fmt::format("set label 1 {} at screen 0.5, screen {:.4f} center noenhanced textcolor rgb '#222222'",
                   gnuplot_string(map.title, panels < 3 ? 62 : 110), 1 - up(18)));
  for (std::size_t p = 0; p < panels; ++p) {
    const std::size_t row = p / columns, column = p % columns;
    const std::size_t left = column * (side + kLeft) + kLeft - 8, top = kTop + row * (side + kBelow);
    line(fmt::format("set lmargin at screen {:.4f}; set rmargin at screen {:.4f}", across(left),
                     across(left + side)));
    line(fmt::format("set tmargin at screen {:.4f}; set bmargin at screen {:.4f}", 1 - up(top),
                     1 - up(top + side)));
    line(fmt::format("set title {} noenhanced font ',13' offset 0,-0.6 textcolor rgb '#222222'",
                     gnuplot_string(map.panels[p].label, 26)));
    line(fmt::format("set xlabel {} noenhanced font ',13' offset 0,1", gnuplot_string(map.x.label, 40)));
    line(fmt::format("set ylabel {} noenhanced font ',13' offset 0.6,0",
                     column == 0 ? gnuplot_string(map.y.label, 40) : "''"));
    if (p > 0) line("unset label 1; unset colorbox");
    line(fmt::format("plot data index {} using 1:2:3:4:5:6:7 with boxxyerror linecolor palette", p));
  }
  line("unset multiplot");
  line("}");
  line("set output");
  return text;
}

Drawing drawing(const Map& map) { return {map.name, map_data(map), map_script(map), map_csv(map)}; }

}  // namespace leafcast::analysis
