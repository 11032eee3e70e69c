#include "analysis/present/gnuplot_text.h"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "analysis/text/number_text.h"
#include "engine/printable.h"

namespace leafcast::analysis {

namespace {

constexpr double kPixelsPerCentimetre = 40;  // of the page, in print

/// One style for all ticks of an axis: decimals where these are short, else digit×10^e.
std::string tick_text(double tick, int digit, int e, bool decimal) {
  if (decimal) return fmt::format("'{}' {:.10g}", fmt::format("{:.{}f}", tick, std::max(0, -e)), tick);
  const std::string label = digit == 1 ? fmt::format("10^{{{}}}", e) : fmt::format("{}×10^{{{}}}", digit, e);
  return fmt::format("'{}' {:.10g}", label, tick);
}

std::string output(const std::string& name, const char* ending) {
  return fmt::format("set output {}\n", gnuplot_file(name + ending));
}

}  // namespace

std::string one_line(const std::string& text, std::size_t columns) {
  std::string line;
  std::size_t width = 0;
  for (const char c : printable(text)) {
    const bool begins = (c & 0xC0) != 0x80;
    if (begins && ++width >= columns && display_width(text) > columns) return line + "…";
    line += c;
  }
  return line;
}

std::string gnuplot_string(const std::string& text, std::size_t columns) {
  std::string quoted = "'";
  for (const char c : one_line(text, columns)) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

std::string gnuplot_file(const std::string& name) { return gnuplot_string(name, std::string::npos); }

std::string gnuplot_lines(const std::string& text, std::size_t columns, std::size_t lines) {
  std::string rest = one_line(text, std::string::npos), joined;
  for (std::size_t line = 1; line < lines && display_width(rest) > columns; ++line) {
    std::size_t space = rest.find(' '), best = space;
    for (; space != std::string::npos && display_width(rest.substr(0, space)) <= columns;
         space = rest.find(' ', space + 1))
      best = space;
    if (best == std::string::npos) break;
    joined += gnuplot_string(rest.substr(0, best), columns) + ".\"\\n\".";
    rest = rest.substr(best + 1);
  }
  return joined + gnuplot_string(rest, columns);
}

std::string default_settings() {
  return "reset\n"
         "set color\n"
         "set encoding utf8\n"
         "set locale 'C'\n"
         "set decimalsign '.'\n"
         "set loadpath\n"
         "set datafile separator whitespace\n"
         "set datafile commentschars '#'\n";
}

std::string log_ticks(const std::string& axis, double low, double high) {
  std::string commands = fmt::format("set logscale {}\n", axis);
  const bool readable = low > 0.9e-4 && high < 2e5;
  if (high / low > 1e3) {
    return commands + (readable ? "" : fmt::format("set format {} '10^{{%T}}'\n", axis));
  }
  std::string ticks;
  for (int e = static_cast<int>(std::floor(std::log10(low))); std::pow(10, e) <= high; ++e)
    for (const int digit : high / low < 12 ? std::vector{1, 2, 3, 4, 6, 8} : std::vector{1, 2, 5})
      if (const double tick = digit * std::pow(10, e); tick >= low && tick <= high)
        ticks += (ticks.empty() ? "" : ", ") + tick_text(tick, digit, e, readable);
  return commands + fmt::format("set {}tics ({})\n", axis, ticks);
}

std::string svg_terminal(const std::string& name, std::size_t width, std::size_t height) {
  return fmt::format(
             "set terminal svg size {},{} dynamic standalone enhanced background '#ffffff' font 'sans-serif,15' "
             "fontscale 1 butt linewidth 1 dashlength 1\n",
             width, height) +
         output(name, ".svg");
}

std::string pdf_terminal(const std::string& name, std::size_t width, std::size_t height) {
  return fmt::format(
             "set terminal pdfcairo size {}cm,{}cm enhanced color background '#ffffff' font 'sans,15' fontscale 0.6 "
             "linewidth 1 pointscale 1 dashlength 1 butt nocrop\n",
             static_cast<double>(width) / kPixelsPerCentimetre,
             static_cast<double>(height) / kPixelsPerCentimetre) +
         output(name, ".pdf");
}

std::string png_terminal(const std::string& name, std::size_t width, std::size_t height) {
  return fmt::format(
             "set terminal pngcairo size {},{} enhanced color background '#ffffff' font 'sans,15' fontscale 1.95 "
             "linewidth 2.6 pointscale 2.6 dashlength 1 butt nocrop\n",
             5 * width / 2, 5 * height / 2) +
         output(name, ".png");
}

std::string column_terminal(const std::string& name, double height, int points, double scale) {
  return fmt::format(
             "set terminal pdfcairo size 8.6cm,{:.1f}cm enhanced color background '#ffffff' font 'sans,{}' "
             "fontscale {:.3f} linewidth 0.7 pointscale 0.6 dashlength 1 butt nocrop\n",
             height, points, scale) +
         output(name, ".column.pdf");
}

}  // namespace leafcast::analysis
