#pragma once
#include <string>

#include "analysis/text_table.h"

namespace leafcast::analysis {

/// Text as HTML shows it, also inside a quoted attribute.
std::string escape_html(const std::string& text);

/// An SVG file as an element of a page: prolog dropped, ids made unique by the prefix, named for screen
/// readers.
std::string inline_svg(const std::string& svg, const std::string& prefix, const std::string& title);

/// The table as <table>, in a box that scrolls sideways on a narrow screen. |z| > 3 stands out.
std::string html_table(const TextTable& table);

/// A whole page, self-contained. The body is HTML, the title text.
std::string html_page(const std::string& title, const std::string& body);

}  // namespace leafcast::analysis
