#pragma once
#include <cstddef>
#include <string>

/// What gnuplot scripts are made of.
namespace leafcast::analysis {

inline constexpr std::size_t kCommentColumns = 200, kTitleColumns = 68;

/// Text of strangers (titles, kernels) on one line of at most so many columns: a new line would end a
/// gnuplot comment or string, and other control characters are no XML.
std::string one_line(const std::string& text, std::size_t columns);
/// A string that gnuplot takes as it stands: in single quotes nothing but the quote itself means anything.
std::string gnuplot_string(const std::string& text, std::size_t columns = 80);
/// The same for a file's name, which must stay whole.
std::string gnuplot_file(const std::string& name);

/// Scale and ticks of a logarithmic axis (x, y, cb): 1, 2, 5, 10 … over a few decades, powers of ten over many.
std::string log_ticks(const std::string& axis, double low, double high);

/// Commands that send the figure, of a size in pixels of the page, to name.svg, .pdf or .png.
std::string svg_terminal(const std::string& name, std::size_t width, std::size_t height);
std::string pdf_terminal(const std::string& name, std::size_t width, std::size_t height);
std::string png_terminal(const std::string& name, std::size_t width, std::size_t height);

}  // namespace leafcast::analysis
