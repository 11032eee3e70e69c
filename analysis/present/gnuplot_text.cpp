#include "analysis/present/gnuplot_text.h"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "analysis/text/number_text.h"
#include "engine/printable.h"

namespace leafcast::analysis {

namespace {

constexpr double kPixelsPerCentimetre = 40;  // of the page, in print

/// digit·10^e, short enough that neighbours leave each other room.
std::string tick_text(double tick, int digit, int e) {
  if (e > -4 && e < 4) return fmt::format("{:.3g}", tick);
  const std::string label = digit == 1 ? fmt::format("10^{{{}}}", e) : fmt::format("{}·10^{{{}}}", digit, e);
  return fmt::format("'{}' {}", label, tick);
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

std::string log_ticks(const std::string& axis, double low, double high) {
  std::string commands = fmt::format("set logscale {}\n", axis);
  if (high / low > 1e3) {
    const bool readable = low > 1e-4 && high < 2e5;
    return commands + (readable ? "" : fmt::format("set format {} '10^{{%T}}'\n", axis));
  }
  std::string ticks;
  for (int e = static_cast<int>(std::floor(std::log10(low))); std::pow(10, e) <= high; ++e)
    for (const int digit : high / low < 12 ? std::vector{1, 2, 3, 4, 6, 8} : std::vector{1, 2, 5})
      if (const double tick = digit * std::pow(10, e); tick >= low && tick <= high)
        ticks += (ticks.empty() ? "" : ", ") + tick_text(tick, digit, e);
  return commands + fmt::format("set {}tics ({})\n", axis, ticks);
}

std::string svg_terminal(const std::string& name, std::size_t width, std::size_t height) {
  return fmt::format(
             "set terminal svg size {},{} dynamic enhanced background '#ffffff' font 'sans-serif,15'\n",
             width, height) +
         output(name, ".svg");
}

std::string pdf_terminal(const std::string& name, std::size_t width, std::size_t height) {
  return fmt::format(
             "set terminal pdfcairo size {}cm,{}cm enhanced background '#ffffff' font 'sans,15' fontscale 0.6\n",
             static_cast<double>(width) / kPixelsPerCentimetre,
             static_cast<double>(height) / kPixelsPerCentimetre) +
         output(name, ".pdf");
}

std::string png_terminal(const std::string& name, std::size_t width, std::size_t height) {
  return fmt::format(
             "set terminal pngcairo size {},{} enhanced background '#ffffff' font 'sans,15' fontscale 1.95 "
             "linewidth 2.6 pointscale 2.6\n",
             5 * width / 2, 5 * height / 2) +
         output(name, ".png");
}

}  // namespace leafcast::analysis
