#include "analysis/present/document.h"

#include <algorithm>
#include <type_traits>

namespace leafcast::analysis {

namespace {

bool is_empty(const Document::Block& block) {
  return std::visit(
      [](const auto& b) {
        using Block = std::decay_t<decltype(b)>;
        if constexpr (std::is_same_v<Block, Table>)
          return b.rows.empty();
        else if constexpr (std::is_same_v<Block, List>)
          return b.items.empty();
        else if constexpr (std::is_same_v<Block, Figures>)
          return b.plots.empty() && b.maps.empty();
        else if constexpr (std::is_same_v<Block, Links>)
          return b.links.empty();
        else if constexpr (std::is_same_v<Block, Tiles>)
          return b.tiles.empty();
        else if constexpr (std::is_same_v<Block, Section>)
          return b.content.front().empty();
        else
          return b.text.empty();
      },
      block);
}

}  // namespace

Table Table::without_empty_columns() const {
  Table kept;
  std::vector<std::size_t> places;
  const auto is_remark = [&](const Row& row) { return row.size() == 1 && columns.size() > 1; };
  for (std::size_t c = 0; c < columns.size(); ++c)
    if (!std::ranges::all_of(rows, [&](const Row& row) { return is_remark(row) || row[c].text().empty(); }))
      kept.columns.push_back(columns[c]), places.push_back(c);
  for (const Row& row : rows) {
    kept.rows.emplace_back();
    for (const std::size_t c : is_remark(row) ? std::vector<std::size_t>{0} : places)
      kept.rows.back().push_back(row[c]);
  }
  return kept;
}

bool Table::has_headings() const {
  return std::ranges::any_of(columns, [](const Column& column) { return !column.name.empty(); });
}

Document& Document::operator<<(Block block) {
  if (is_empty(block)) return *this;
  const auto* before = blocks_.empty() ? nullptr : std::get_if<Heading>(&blocks_.back());
  const auto* heading = std::get_if<Heading>(&block);
  if (before && (std::holds_alternative<Section>(block) || (heading && heading->level <= before->level)))
    blocks_.pop_back();
  auto* list = blocks_.empty() ? nullptr : std::get_if<List>(&blocks_.back());
  if (auto* more = std::get_if<List>(&block); list && more)
    list->items.insert(list->items.end(), more->items.begin(), more->items.end());
  else
    blocks_.push_back(std::move(block));
  return *this;
}

Document& Document::operator<<(Document more) {
  for (Block& block : more.blocks_) *this << std::move(block);
  return *this;
}

std::span<const Document::Block> Document::shown_blocks() const {
  const bool idle = !blocks_.empty() && std::holds_alternative<Heading>(blocks_.back());
  return {blocks_.data(), blocks_.size() - (idle ? 1 : 0)};
}

void Document::section(std::string id, std::string title, Document content, bool open) {
  *this << Section{std::move(id), std::move(title), {std::move(content)}, open};
}

std::vector<std::string> Document::keep_figures(const std::function<bool(const std::string& name)>& wanted) {
  std::vector<std::string> kept;
  for (Block& block : blocks_) {
    if (auto* section = std::get_if<Section>(&block))
      std::ranges::move(section->content.front().keep_figures(wanted), std::back_inserter(kept));
    auto* figures = std::get_if<Figures>(&block);
    if (!figures) continue;
    std::erase_if(figures->plots, [&](const Plot& plot) { return !wanted(plot.name); });
    std::erase_if(figures->maps, [&](const Map& map) { return !wanted(map.name); });
    for (const Plot& plot : figures->plots) kept.push_back(plot.name);
    for (const Map& map : figures->maps) kept.push_back(map.name);
  }
  std::erase_if(blocks_, is_empty);
  return kept;
}

}  // namespace leafcast::analysis
