#pragma once
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "analysis/present/map.h"
#include "analysis/present/plot.h"

/// What a command has to say, whatever form it takes: text for the terminal, a page, CSV, JSON. Commands make
/// a Document for people, and tables for programs; how these look is decided here and nowhere else.
namespace leafcast::analysis {

enum class Format { text, csv, json };
/// "text", "csv" or "json"; throws UsageError otherwise.
Format parse_format(const std::string& name);

// ---- tables

struct Column {
  enum class Kind { word, number, z };  ///< z: a deviation in standard errors; beyond 3 it stands out
  std::string name;                     ///< heading, and key in CSV and JSON
  Kind kind = Kind::number;
  int priority = 9;          ///< columns of low priority are left out first where room is short
  std::string meaning = "";  ///< what is missed when it is left out, if the name does not say
};

/// One cell of a table: missing, words, a number, or a number with its standard error. Programs get numbers
/// that read back the same, people as many digits as mean something.
class Entry {
 public:
  Entry() = default;                                                   ///< missing
  Entry(std::string text) : value_(std::move(text)) {}                 ///< missing if empty
  Entry(const char* text) : value_(std::string(text)) {}               ///< missing if empty
  Entry(std::integral auto number) : value_(whole(number)) {}          ///< people read 1e6 for 1000000
  Entry(double number) : value_(Real{number, 0}) {}                    ///< missing if NaN
  Entry(double number, double error) : value_(Real{number, error}) {}  ///< people read 1377.2(31)

  std::string text(Column::Kind kind = Column::Kind::number) const;
  std::string csv() const;
  std::string json() const;
  /// A number beyond ±3.
  bool is_far() const;

 private:
  struct Real {
    double number, error;
  };
  using Value = std::variant<std::monostate, std::string, std::uint64_t, std::int64_t, Real>;
  static Value whole(std::unsigned_integral auto number) { return std::uint64_t{number}; }
  static Value whole(std::signed_integral auto number) { return std::int64_t{number}; }

  Value value_;
};

using Row = std::vector<Entry>;  ///< an entry a column; a single one is a remark on the rows above it

struct Table {
  std::vector<Column> columns;  ///< none of them named: no headings
  std::vector<Row> rows;

  Table without_empty_columns() const;
  bool has_headings() const;
};

/// Rows for programs, as they come: CSV (RFC 4180, lines end in \n) or JSON (an array, an object a line).
class RowWriter {
 public:
  RowWriter(std::ostream& out, Format format, const std::vector<Column>& columns);
  void operator()(const Row& row);
  /// After the last row.
  void end();

 private:
  std::ostream& out_;
  bool csv_, first_ = true;
  std::vector<std::string> keys_;  ///< as JSON writes them
};
/// A whole table for programs.
void write_rows(std::ostream& out, Format format, const Table& table);

// ---- documents

/// A heading within a section; not shown if nothing follows that it is about.
struct Heading {
  std::string text;
  int level = 3;
};
struct Paragraph {
  enum class Look {
    plain,
    soft,  ///< a line about what stands above it
    lead,  ///< what the document is about
    alarm
  };
  std::string text;
  Look look = Look::plain;
  std::string opening = "";  ///< in front of the text, in bold
};
struct List {
  std::vector<std::string> items;
};
/// Numbers at a glance, with what they are; on pages only.
struct Tiles {
  std::vector<std::pair<std::string, std::string>> tiles;
};
/// On pages only.
struct Figures {
  std::vector<Plot> plots;
  std::vector<Map> maps = {};
};
/// Ways to other pages; on pages only.
struct Links {
  struct Link {
    std::string text, target;  ///< a relative path, and #id of a section
    std::string note = "";     ///< behind it
  };
  std::vector<Link> links;
  bool in_a_row = false;  ///< rather than a line each
};
/// Text that keeps its lines.
struct Verbatim {
  std::string text;
};
class Document;
/// A part that a page folds away until asked for, unless it is open.
struct Section {
  std::string id;  ///< in the page's contents; a section without one is not among them
  std::string title;
  std::vector<Document> content;  ///< one
  bool open = true;
};

/// Blocks in the order in which they are read. Those with nothing in them are not taken; lists in a row are one.
class Document {
 public:
  using Block = std::variant<Heading, Paragraph, List, Tiles, Table, Figures, Links, Verbatim, Section>;

  Document& operator<<(Block block);
  Document& operator<<(Document more);
  void section(std::string id, std::string title, Document content, bool open = true);
  void fold(std::string summary, Document content) {
    section("", std::move(summary), std::move(content), false);
  }
  /// All but a heading at the end.
  std::span<const Block> shown_blocks() const;
  bool empty() const { return blocks_.empty(); }
  /// Drops figures whose names are not wanted, here and in all sections. Returns the names of those that stay.
  std::vector<std::string> keep_figures(const std::function<bool(const std::string& name)>& wanted);

 private:
  std::vector<Block> blocks_;
};

/// For the terminal: no line above `width` columns if columns of tables can be spared. What was left out is
/// said at the end, with `elsewhere`, where all of it is.
void write_text(std::ostream& out, const Document& document, std::size_t width = 80,
                const std::string& elsewhere = "--format csv has everything");

/// Breaks text at spaces so that no line is longer than `width`, if its words are not.
std::string wrap(const std::string& text, const std::string& indent = "", std::size_t width = 80);

}  // namespace leafcast::analysis
