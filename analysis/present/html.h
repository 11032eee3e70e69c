#pragma once
#include <string>

/// What a page is made of, beside the blocks of document.h.
namespace leafcast::analysis {

/// Text as HTML shows it, also inside a quoted attribute. Control characters but tab and line feed are shown
/// as U+FFFD.
std::string escape_html(const std::string& text);
/// A relative path as part of a URL: all but letters, digits and -._~/ as %XX.
std::string escape_url(const std::string& path);

/// An SVG file as an element of a page: prolog dropped, ids made unique by the prefix, named for screen
/// readers. Gnuplot's colors become the page's, so that the figure can be read in the dark too.
std::string inline_svg(const std::string& svg, const std::string& prefix, const std::string& title);

/// CSS: for the screen, light and dark, large and small, and for print.
std::string page_style();

}  // namespace leafcast::analysis
