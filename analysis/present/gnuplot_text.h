#pragma once
#include <cstddef>
#include <string>

/// What gnuplot scripts are made of.
namespace leafcast::analysis {

inline constexpr std::size_t kCommentColumns = 200, kTitleColumns = 68, kTitleLines = 3;

/// Text of strangers (titles, kernels) on one line of at most so many columns: a new line would end a
/// gnuplot comment or string, and other control characters are no XML.
std::string one_line(const std::string& text, std::size_t columns);
/// A string that gnuplot takes as it stands: in single quotes nothing but the quote itself means anything.
std::string gnuplot_string(const std::string& text, std::size_t columns = 80);
/// The same for a file's name, which must stay whole.
std::string gnuplot_file(const std::string& name);

/// The string over several lines, broken between words; no more than so many, the last of which is cut.
std::string gnuplot_lines(const std::string& text, std::size_t columns, std::size_t lines);

/// Commands that a script begins with: gnuplot's defaults, whatever ~/.gnuplot, a system's gnuplotrc or the session have set.
std::string default_settings();

/// Scale and ticks of a logarithmic axis (x, y, cb): 1, 2, 5, 10 … over a few decades, powers of ten over many.
std::string log_ticks(const std::string& axis, double low, double high);

/// Commands that send the figure, of a size in pixels of the page, to name.svg, .pdf or .png; all settings of the
/// terminal are given, since gnuplot keeps those that are not.
std::string svg_terminal(const std::string& name, std::size_t width, std::size_t height);
std::string pdf_terminal(const std::string& name, std::size_t width, std::size_t height);
std::string png_terminal(const std::string& name, std::size_t width, std::size_t height);
/// name.column.pdf: as wide as a column of a journal, 8.6 cm, with text of 8 pt; height in centimetres.
std::string column_terminal(const std::string& name, double height, int points = 8, double scale = 1);

}  // namespace leafcast::analysis
