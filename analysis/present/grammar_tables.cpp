#include "analysis/present/grammar_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "analysis/present/grammar_plots.h"
#include "analysis/present/table.h"
#include "analysis/text/cell_text.h"
#include "engine/parameters/parameter_table.h"

namespace leafcast::analysis {

namespace {

constexpr std::size_t kMostListed = 12;  // groups of averages on a page, each a line to be unfolded

/// The averages of each group of cells, under what it has in common.
std::vector<Section> average_sections(const Record& record, const std::vector<GrammarAverage>& averages,
                                      std::size_t fewest_grammars) {
  std::vector<Section> sections;
  for (std::size_t i = 0; i < averages.size();) {
    const GrammarAverage& head = averages[i];
    Table table{{{"statistic", Column::Kind::word}, {"mean"}, {"exact"}, {"z", Column::Kind::z}}, {}};
    for (; i < averages.size() && averages[i].first_cell == head.first_cell; ++i)
      table.rows.push_back(
          {averages[i].statistic, {averages[i].value, averages[i].error}, averages[i].exact, averages[i].z});
    if (head.grammars < fewest_grammars) continue;
    Document content;
    content << std::move(table);
    sections.push_back(
        {"",
         fmt::format("{}, {} grammar{}", group_text(record.plan.cells()[head.first_cell], averaged_keys()),
                     head.grammars, head.grammars == 1 ? "" : "s"),
         {std::move(content)}});
  }
  return sections;
}

/// The exact values of a family.
Section family_section(const GrammarFamily& family) {
  const bool many = family.members.size() > 1;
  Table table{{{"exact, in nats", Column::Kind::word}, {many ? "mean" : "value"}, {"formula"}}, {}};
  for (const GrammarValue& value : family.average)
    table.rows.push_back({value.statistic, {value.value, many ? value.error : 0}, value.predicted});
  Document content;
  content << std::move(table);
  return {
      "",
      many ? fmt::format("{}, averages over {} grammars", family.text, family.members.size()) : family.text,
      {std::move(content)}};
}

/// A key's last word as a column's name.
std::string column_name(std::string key) {
  if (key.ends_with(".kind")) return key.substr(0, key.find('.'));
  key.erase(0, key.find('.') + 1);
  std::ranges::replace(key, '-', '_');
  return key;
}

}  // namespace

void write_averages(std::ostream& out, Format format, const Record& record,
                    const std::vector<GrammarAverage>& averages, std::size_t width) {
  if (format == Format::text) {
    Document document;
    for (Section& section : average_sections(record, averages, 1)) document << std::move(section);
    return write_text(out, document, width);
  }
  std::vector<std::string> keys;  // parameters of any group
  for (const GrammarAverage& average : averages)
    for (const auto& [key, value] : record.plan.cells()[average.first_cell].parameters())
      if ((key.starts_with("language.") || key.starts_with("generator.")) && !averaged_keys().contains(key) &&
          key != "language.grammar" && std::ranges::find(keys, key) == keys.end())
        keys.push_back(key);
  std::vector<Column> columns;
  for (const std::string& key : keys) columns.push_back({column_name(key)});
  for (const char* name : {"grammars", "statistic", "value", "stderr", "exact", "z"})
    columns.push_back({name});
  std::vector<std::string> further;  // of the other keys that tell cells apart
  for (const Parameter& parameter : parameter_table())
    if (parameter.reading.place > 0 && parameter.tabled && !averaged_keys().contains(parameter.key) &&
        std::ranges::find(keys, parameter.key) == keys.end())
      further.push_back(parameter.key);
  for (const std::string& key : further) columns.push_back({column_name(key)});
  RowWriter write(out, format, columns);
  for (const GrammarAverage& average : averages) {
    const Cell& cell = record.plan.cells()[average.first_cell];
    Row row;
    for (const std::string& key : keys) row.push_back(parameter_entry(cell, key));
    row.insert(row.end(),
               {average.grammars, average.statistic, average.value, average.error, average.exact, average.z});
    for (const std::string& key : further) row.push_back(parameter_entry(cell, key));
    write(row);
  }
  write.end();
}

void write_grammars(std::ostream& out, Format format, const std::vector<GrammarFamily>& families) {
  if (format == Format::text) {
    Document document;
    for (const GrammarFamily& family : families) document << family_section(family);
    return write_text(out, document);
  }
  RowWriter write(out, format,
                  {{"v"},
                   {"m"},
                   {"s"},
                   {"L"},
                   {"classes"},
                   {"rules"},
                   {"zipf_exponent"},
                   {"zipf_level"},
                   {"grammar_seed"},
                   {"grammars"},
                   {"statistic"},
                   {"value"},
                   {"stderr"},
                   {"predicted"}});
  const auto add = [&](const Cell& cell, const Entry& seed, std::size_t grammars,
                       const std::vector<GrammarValue>& values) {
    const Language& language = cell.language();
    for (const GrammarValue& value : values)
      write({language.symbols(), parameter_entry(cell, "language.m"), language.d, language.height,
             language.grammar().classes(), parameter_entry(cell, "language.rules"),
             parameter_entry(cell, "language.zipf-exponent"), parameter_entry(cell, "language.zipf-level"),
             seed, grammars, value.statistic, value.value, value.error, value.predicted});
  };
  for (const GrammarFamily& family : families) {
    for (std::size_t i = 0; i < family.members.size(); ++i)
      add(*family.members[i], parameter_entry(*family.members[i], "language.grammar-seed"), 1,
          family.of_member[i]);
    if (family.members.size() > 1) add(*family.members.front(), {}, family.members.size(), family.average);
  }
  write.end();
}

Document grammars_document(const Record& record, const std::vector<Estimate>& estimates) {
  const std::vector<GrammarAverage> averages = averages_over_grammars(record, estimates);
  const std::vector<GrammarFamily> families = grammar_families(record.plan);
  Document document;
  document << Figures{grammar_plots(record, averages, families)};
  std::vector<Section> sections = average_sections(record, averages, 2);
  if (!sections.empty())
    document << Paragraph{
        "Errors are from the spread of grammars; z is of the deviations from each grammar's own exact value."};
  if (sections.size() > kMostListed) {  // one line in place of many
    Document all;
    const std::string title = fmt::format("Averages of {} groups of cells", sections.size());
    for (Section& section : sections) {
      section.open = false;
      all << std::move(section);
    }
    sections.clear();
    document.fold(title, std::move(all));
  }
  for (const GrammarFamily& family : families) {
    sections.push_back(family_section(family));
    sections.back().title = "What is exactly known: " + sections.back().title;
  }
  for (Section& section : sections) {
    section.open = false;
    document << std::move(section);
  }
  return document;
}

}  // namespace leafcast::analysis
