#pragma once
#include <string>

#include "analysis/text/text_table.h"

namespace leafcast::analysis {

/// Text as HTML shows it, also inside a quoted attribute. Control characters but tab and line feed are shown
/// as U+FFFD.
std::string escape_html(const std::string& text);
/// A relative path as part of a URL: all but letters, digits and -._~/ as %XX.
std::string escape_url(const std::string& path);

/// An SVG file as an element of a page: prolog dropped, ids made unique by the prefix, named for screen
/// readers. Gnuplot's colors become the page's, so that the figure can be read in the dark too.
std::string inline_svg(const std::string& svg, const std::string& prefix, const std::string& title);

/// The table as <table>, in a box that scrolls sideways on a narrow screen. |z| > 3 stands out.
std::string html_table(const TextTable& table);

/// HTML that is folded away on the screen until asked for, and printed in full. The summary is text.
std::string fold(const std::string& summary, const std::string& html);

/// A page of sections with a table of contents, self-contained: it loads nothing and runs no script.
class Page {
 public:
  explicit Page(std::string title) : title_(std::move(title)) {}
  /// The id and the HTML are taken as they stand; the title is text. Nothing happens without HTML. A section
  /// that is not open is folded away.
  void add(const std::string& id, const std::string& title, const std::string& html, bool open = true);
  std::string html() const;

 private:
  std::string title_, contents_, sections_;
};

}  // namespace leafcast::analysis
