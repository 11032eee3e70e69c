#include "analysis/present/gnuplot.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/process/args.hpp>
#include <boost/process/child.hpp>
#include <boost/process/env.hpp>
#include <boost/process/environment.hpp>
#include <boost/process/error.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/io.hpp>
#include <boost/process/pipe.hpp>
#include <boost/process/start_dir.hpp>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <sstream>
#include <system_error>

#include "analysis/present/document.h"
#include "analysis/present/gnuplot_text.h"
#include "analysis/text/number_text.h"
#include "analysis/text/output_file.h"
#include "engine/error.h"
#include "engine/printable.h"

namespace leafcast::analysis {

namespace {

// Okabe & Ito's palette, which color-blind readers can tell apart, without its yellow, too pale on white.
// Black is the true language's, grey stands in for an eighth.
constexpr std::array kPalette = {"#000000", "#0072B2", "#D55E00", "#009E73",
                                 "#CC79A7", "#E69F00", "#56B4E9", "#777777"};
constexpr std::size_t kFigureWidth = 640;  // in pixels of the page
constexpr std::size_t kLabelColumns = 60;
// Of a figure that is 8.6 cm wide: characters of 8 pt in a row of the legend, and in one label.
constexpr std::size_t kColumnLegend = 46, kColumnLabel = 42, kColumnAxis = 34;
constexpr std::size_t kMostScripts = 100;                           // that one process draws
constexpr std::array kFilledSymbols = {3, 7, 5, 9, 13, 11, 15, 5};  // hollow ones are one less

std::string curve_clause(const Curve& curve, std::size_t index, double size, std::size_t label_columns) {
  const std::size_t color = static_cast<std::size_t>(curve.color) % kPalette.size();
  const std::string from = fmt::format("data index {} using", index);
  const std::string title =
      curve.label.empty() ? "notitle"
                          : fmt::format("title {} noenhanced", gnuplot_string(curve.label, label_columns));
  const auto lines = [&](const char* rgb, const char* look) {
    return fmt::format("{} 1:2 with lines lc rgb '{}' {} {}", from, rgb, look, title);
  };
  switch (curve.style) {
    case Curve::Style::points: {
      const std::string x = curve.shift == 0 ? "1" : fmt::format("($1{:+g})", curve.shift);
      return fmt::format(
          "{0} {1}:{5}:3:4 with yerrorbars lc rgb '{2}' lw 1.6 dt solid pt 0 notitle, \\\n     "
          "{0} {1}:2 with points lc rgb '{2}' lw 1.6 pt {3} ps {6} {4}",
          from, x, kPalette[color], kFilledSymbols[color] - (curve.open ? 1 : 0), title,
          "($2>$3?$2:$3)",  // a bar is there though its middle be below the axis
          std::round(100 * size) / 100);
    }
    case Curve::Style::line:
      return lines(kPalette[color], "lw 2 dt solid");
    case Curve::Style::guide:
      return lines(kPalette[color], "lw 1 dt (6,5)");
    case Curve::Style::reference:
      return lines("#000000", "lw 1.6 dt (9,5)");
    case Curve::Style::slope:
      return lines("#777777", "lw 1.8 dt (2,4)");
    case Curve::Style::steps:
      return lines(kPalette[color], "lw 1.8 dt solid");
  }
  return "";
}

/// As many columns as the longest label allows, and rows for the rest.
struct Legend {
  std::size_t columns, rows;

  Legend(const std::vector<Curve>& curves, std::size_t width) {
    std::size_t entries = 0, longest = 1;
    for (const Curve& curve : curves) {
      entries += !curve.label.empty();
      longest = std::max(longest, display_width(curve.label));
    }
    columns = std::clamp<std::size_t>(width / (std::min(longest, kLabelColumns) + 5), 1, 4);
    rows = (entries + columns - 1) / columns;
  }
};

/// The first program of the name in a folder of PATH; empty if there is none.
std::filesystem::path find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::filesystem::path program = std::filesystem::absolute(std::filesystem::path(folder) / name);
    std::error_code ignored;
    if (std::filesystem::is_regular_file(program, ignored) && ::access(program.c_str(), X_OK) == 0)
      return program;
  }
  return {};
}

/// Of this process what programs need to run, and no more: figures depend on nobody's settings, be they of
/// gnuplot, of fonts (~/.config/fontconfig) or of the language. `home`: an empty folder.
boost::process::environment neutral_environment(const std::filesystem::path& home) {
  boost::process::environment all;
  for (const char* name : {"PATH", "LD_LIBRARY_PATH", "TMPDIR", "SOURCE_DATE_EPOCH"})
    if (const char* value = std::getenv(name)) all[name] = value;
  all["LC_ALL"] = "C";
  all["HOME"] = home.string();
  return all;
}

/// Runs gnuplot on the scripts in the folder, one process for all, without a shell and without the user's ~/.gnuplot.
/// `shown`: the folder for people.
void run_gnuplot(const std::filesystem::path& folder, const std::vector<std::string>& scripts,
                 const std::filesystem::path& shown) {
  namespace process = boost::process;
  const auto cannot_run = [](const std::string& why) {
    return IoError(fmt::format(
        "cannot run gnuplot: {}; it draws the report's figures: install it (Debian, Ubuntu: gnuplot-nox) or "
        "use `leafcast table` and `leafcast fit`, which do without",
        why));
  };
  const std::filesystem::path program =
      find_program("gnuplot");  // process::cmd of Boost 1.74 skips PATH's first
  if (program.empty()) throw cannot_run("no folder of PATH has it");
  process::ipstream complaints;
  std::error_code failure;
  std::vector<std::string> arguments = {"--default-settings"};
  arguments.insert(arguments.end(), scripts.begin(), scripts.end());
  process::child gnuplot(process::exe = program.string(), process::args = arguments,
                         process::env = neutral_environment(folder), process::start_dir = folder.string(),
                         process::std_in<process::null, process::std_out> process::null,
                         process::std_err > complaints, failure);
  if (failure) throw cannot_run(failure.message());
  const std::string text{std::istreambuf_iterator<char>(complaints), {}};
  gnuplot.wait();
  if (gnuplot.exit_code() != 0)
    throw IoError(
        fmt::format("gnuplot could not draw {}: {}; try gnuplot 5.2 or later with its svg, pdfcairo and "
                    "pngcairo terminals",
                    scripts.size() == 1 ? (shown / scripts.front()).string()
                                        : fmt::format("the {} figures of {}", scripts.size(), shown.string()),
                    text.empty() ? "it was stopped" : text));
}

}  // namespace

std::string plot_data(const Plot& plot) {
  std::string text = fmt::format(
      "# {}\n# {} | {} | low and high end of the error bar\n", one_line(plot.title, kCommentColumns),
      one_line(plot.x_label, kCommentColumns), one_line(plot.y_label, kCommentColumns));
  for (std::size_t i = 0; i < plot.curves.size(); ++i) {
    const Curve& curve = plot.curves[i];
    text += i == 0 ? "" : "\n\n";
    text += fmt::format("# {}: {}\n", i, one_line(curve.label, kCommentColumns));
    for (const Curve::Point& p : curve.points)
      text += std::isnan(p.y) ? "\n" : fmt::format("{} {} {} {}\n", p.x, p.y, p.low, p.high);
  }
  return text;
}

std::string plot_csv(const Plot& plot) {
  std::string text = "series,x,y,low,high\n";
  for (const Curve& curve : plot.curves) {
    if (curve.style == Curve::Style::guide) continue;
    std::string series = curve.label;
    if (series.empty()) {
      const auto named = std::ranges::find_if(plot.curves, [&](const Curve& other) {
        return other.color == curve.color && other.style == Curve::Style::points && !other.label.empty();
      });
      series = (named == plot.curves.end() ? plot.y_label : named->label) +
               (curve.style != Curve::Style::points ? ", line"
                : curve.open                        ? ", negative"
                                                    : "");
    }
    for (const Curve::Point& p : curve.points)
      if (!std::isnan(p.y))
        text += fmt::format("{},{},{},{},{}\n", Entry(series).csv(), p.x, p.y, p.low, p.high);
  }
  return text;
}

std::string plot_script(const Plot& plot) {
  std::string text =
      fmt::format("# Draws {0}.svg, {0}.pdf, {0}.png and {0}.column.pdf: gnuplot {0}.gp\n", plot.name);
  const auto line = [&text](const std::string& command) { text += command + '\n'; };
  text += default_settings();
  line(fmt::format("data = {}", gnuplot_file(plot.name + ".dat")));
  line(fmt::format("set title {} noenhanced", gnuplot_lines(plot.title, kTitleColumns, kTitleLines)));
  line(fmt::format("set xlabel {} noenhanced offset 0,0.3", gnuplot_string(plot.x_label)));
  line(fmt::format("set ylabel {} noenhanced offset 0.5,0", gnuplot_string(plot.y_label)));
  line(fmt::format("set xrange [{}:{}]", plot.x_low, plot.x_high));
  line(fmt::format("set yrange [{}:{}]", plot.y_low, plot.y_high));
  line("set border 3 lc rgb '#444444'");
  line("set tics nomirror out scale 0.6 textcolor rgb '#222222'");
  line("set grid ytics lc rgb '#e2e2e2' lw 1 dt 1");
  line("set clip two");
  line("set format x '%g'");
  line("set format y '%g'");
  if (plot.log_x) text += log_ticks("x", plot.x_low, plot.x_high);
  if (plot.log_y) text += log_ticks("y", plot.y_low, plot.y_high);
  const double step = std::max(1.0, std::ceil((plot.x_high - plot.x_low) / 13));
  if (plot.whole_x) line(fmt::format("set xtics {}", step));
  if (plot.x2_base > 0) {
    line("set border 7");
    line(fmt::format("set x2range [{}:{}]", plot.x_low, plot.x_high));
    line(fmt::format("set x2tics {} nomirror font ',13' textcolor rgb '#555555'", step));
    line(fmt::format("set format x2 '{}^{{%g}}'", plot.x2_base));
    line(fmt::format("set x2label {} noenhanced offset 0,-0.1 font ',13' textcolor rgb '#555555'",
                     gnuplot_string(plot.x2_label)));
  }
  const Legend legend(plot.curves, 64);
  line(fmt::format("set bmargin {:.1f}", 3.7 + 1.1 * static_cast<double>(legend.rows)));
  line(
      fmt::format("set key bmargin center Left reverse horizontal samplen 1.8 spacing 1.1 maxcols {} "
                  "font ',13' textcolor rgb '#222222'",
                  legend.columns));
  line("set bars 0.5");
  line("");
  const std::size_t height =
      420 +
      20 * std::clamp<std::size_t>((display_width(plot.title) + kTitleColumns - 1) / kTitleColumns, 1,
                                   kTitleLines) +
      19 * legend.rows;
  text += svg_terminal(plot.name, kFigureWidth, height);
  const auto series = std::ranges::count(plot.curves, Curve::Style::points, &Curve::style);
  const auto plot_command = [&](std::size_t label_columns) {
    text += "plot ";
    // Of series at the same places the later ones are drawn above the others, and smaller.
    const double smaller = 0.5 / static_cast<double>(std::max<std::ptrdiff_t>(series - 1, 1));
    double size = series > 2 ? 1.1 : 0.8;
    for (std::size_t i = 0; i < plot.curves.size(); ++i) {
      text += (i == 0 ? "" : ", \\\n     ") + curve_clause(plot.curves[i], i, size, label_columns);
      if (series > 2 && plot.curves[i].style == Curve::Style::points) size -= smaller;
    }
    line("");
  };
  plot_command(kLabelColumns);
  line("");
  text += pdf_terminal(plot.name, kFigureWidth, height);
  line("replot");
  text += png_terminal(plot.name, kFigureWidth, height);
  line("replot");
  line("");
  // What the title says stands in the caption of a paper, and its text is of one size.
  const Legend narrow(plot.curves, kColumnLegend);
  line("unset title");
  line(fmt::format("set xlabel {} offset 0,0.4", gnuplot_lines(plot.x_label, kColumnAxis, 2)));
  line("set ylabel offset 1,0");
  if (plot.x2_base > 0) {
    line("set x2label font ',8' offset 0,-0.3");
    line("set x2tics font ',8' offset 0,-0.3");
  }
  const double rows = static_cast<double>(narrow.rows) + (display_width(plot.x_label) > kColumnAxis ? 1 : 0);
  line(fmt::format("set bmargin {:.1f}", 3.2 + rows));
  line(fmt::format("set key samplen 1.5 spacing 1 maxcols {} font ',8'", narrow.columns));
  text += column_terminal(plot.name, 6.4 + 0.45 * rows);
  plot_command(kColumnLabel);
  line("set output");
  return text;
}

Drawing drawing(const Plot& plot) { return {plot.name, plot_data(plot), plot_script(plot), plot_csv(plot)}; }

std::vector<std::string> draw(const std::vector<Drawing>& drawings, const std::filesystem::path& folder) {
  if (drawings.empty()) return {};
  const ScratchFolder scratch(folder);
  std::vector<std::string> scripts, svgs;
  for (const Drawing& drawing : drawings) {
    write_file(scratch.path() / (drawing.name + ".dat"), drawing.data);
    write_file(scratch.path() / (drawing.name + ".csv"), drawing.csv);
    write_file(scratch.path() / (drawing.name + ".gp"), drawing.script);
    scripts.push_back(drawing.name + ".gp");
  }
  for (std::size_t first = 0; first < scripts.size(); first += kMostScripts) {
    const auto end = std::min(scripts.size(), first + kMostScripts);
    run_gnuplot(scratch.path(),
                {scripts.begin() + static_cast<std::ptrdiff_t>(first),
                 scripts.begin() + static_cast<std::ptrdiff_t>(end)},
                folder);
  }
  for (const Drawing& drawing : drawings) {
    svgs.push_back(read_file(scratch.path() / (drawing.name + ".svg")));
    for (const char* extension : kFigureFiles) scratch.publish(drawing.name + extension);
  }
  return svgs;
}

std::string draw(const Plot& plot, const std::filesystem::path& folder) {
  return draw(std::vector{drawing(plot)}, folder).front();
}

}  // namespace leafcast::analysis
