#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "analysis/present/document.h"
#include "analysis/present/gnuplot.h"

namespace leafcast::analysis {

/// What a page has room for. Browsers are slow with more.
struct PageLimits {
  std::size_t bytes = 5'000'000;   ///< of the file; figures beyond are linked instead of embedded
  std::size_t text = 3'000'000;    ///< of these without figures; rows, items and lines beyond are left out
  std::size_t figure = 1'000'000;  ///< an embedded one
  std::size_t rows = 4000, rows_of_table = 400;
  std::size_t unfolded = 24;  ///< rows of a table that is not folded away
};

struct PageFigure {
  Drawing drawing;
  std::string label, caption;
  bool wide = false;  ///< as wide as the page
};

/// One self-contained page, which loads nothing and runs no script; beside it, in <stem>-figures/, every
/// figure as SVG, PDF and PNG with its data and gnuplot script. Long tables are folded away and cut.
class Page {
 public:
  /// Text only: nothing is drawn yet.
  Page(std::filesystem::path path, std::string title, const Document& document,
       const PageLimits& limits = {});

  /// Rows of tables and items of lists for which there was no room.
  std::size_t left_out() const { return left_out_; }
  /// Draws and writes. Replaces symbolic links in the way rather than follow them. Throws IoError if gnuplot is
  /// missing or a file cannot be written, or if not even the text fits.
  void write() const;

 private:
  std::filesystem::path path_;
  std::string title_;
  PageLimits limits_;
  std::string contents_, body_;  ///< with a mark where each figure belongs
  std::vector<PageFigure> figures_;
  std::size_t left_out_ = 0;
};

/// Of the default limits.
void write_page(const std::filesystem::path& path, const std::string& title, const Document& document);

}  // namespace leafcast::analysis
