#include "jobs/sweep/sweep.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "analysis/estimate/goal_check.h"
#include "engine/contract.h"
#include "engine/error.h"
#include "engine/language/languages.h"
#include "engine/plan/cost.h"
#include "engine/values.h"
#include "jobs/sweep/ini.h"
#include "jobs/sweep/language_file.h"
#include "jobs/sweep/level_share.h"
#include "jobs/sweep/nearest.h"
#include "jobs/sweep/sweep_keys.h"
#include "jobs/sweep/text_file.h"
#include "jobs/sweep/values.h"

namespace leafcast::jobs {

namespace {

constexpr std::size_t kMaxSteps = 10'000'000;  // of counting them
constexpr double kMaxCellBytes = 0x1p32;

bool lists(const KindKeys& kind, const std::string& key) {
  return std::ranges::any_of(kind.keys, [&](const std::string& known) {
    return known == key || (key == "language.file" && is_given_by_file(known));
  });
}

/// "language.kind" or "generator.kind", if the key is used by some of the kinds and not by others; else
/// empty.
std::string deciding_kind(const std::string& key) {
  for (const auto& [decider, kinds] :
       {std::pair{"language.kind", &language_kinds()}, std::pair{"generator.kind", &generator_kinds()}}) {
    const auto users =
        std::count_if(kinds->begin(), kinds->end(), [&](const KindKeys& kind) { return lists(kind, key); });
    if (users > 0 && users < static_cast<std::ptrdiff_t>(kinds->size())) return decider;
  }
  return {};
}

const std::vector<KindKeys>& kinds_of(const std::string& decider) {
  return decider == "language.kind" ? language_kinds() : generator_kinds();
}

bool uses(const std::string& decider, const std::string& kind, const std::string& key) {
  const auto& kinds = kinds_of(decider);
  return std::any_of(kinds.begin(), kinds.end(),
                     [&](const KindKeys& k) { return k.kind == kind && lists(k, key); });
}

/// One sweep file with the overrides applied, or the overrides alone.
struct Source {
  std::string name;       ///< the file's path, or "command line"
  std::string directory;  ///< where language.file starts from
  std::map<std::string, ValueList> values;
  std::set<std::string> overridden;

  const ValueList* find(const std::string& key) const {
    const auto found = values.find(key);
    return found == values.end() ? nullptr : &found->second;
  }
  /// The kinds of languages (or generators) of its cells.
  std::vector<std::string> kinds(const std::string& decider) const {
    const ValueList* list = find(decider);
    if (!list) return {kinds_of(decider).front().kind};
    const std::vector<std::string> words = list->expand(0, true);
    std::vector<std::string> kinds;  // each once
    for (const std::string& word : words)
      if (std::find(kinds.begin(), kinds.end(), word) == kinds.end()) kinds.push_back(word);
    return kinds;
  }
};

void set_values(Source& source, const std::vector<Setting>& settings) {
  for (const Setting& setting : settings) {
    check_key(setting);
    source.values.insert_or_assign(setting.key, ValueList(setting));
  }
}

std::vector<Setting> check_overrides(std::vector<Setting> overrides) {
  std::set<std::string> seen;
  for (Setting& setting : overrides) {
    if (setting.where.empty()) setting.where = "--" + setting.key;
    if (!seen.insert(setting.key).second) refuse(setting, "the option is given twice; give it once");
  }
  return overrides;
}

std::string explain_unused(const std::string& key, const std::string& decider,
                           const std::vector<std::string>& kinds) {
  std::vector<std::string> users;
  for (const KindKeys& kind : kinds_of(decider))
    if (lists(kind, key)) users.push_back(kind.kind);
  std::string reason = fmt::format("{} = {} does not use it", decider, fmt::join(kinds, ", "));
  if (decider == "language.kind")
    for (const LanguageKind& language : language_registry())
      if (kinds.size() == 1 && language.name == kinds.front()) reason = language.why_no_others;
  return fmt::format("{}; leave {} out, or set {} = {}", reason, key, decider, fmt::join(users, " or "));
}

/// Takes out what a source's cells do not use, if another source uses it (overrides apply to all files) or if
/// the file was written for the kind of generator that the command line replaced. What nobody uses is
/// refused.
void drop_unused(Source& source, const std::vector<Source>& all) {
  for (auto it = source.values.begin(); it != source.values.end();) {
    const std::string key = it->first, decider = deciding_kind(key);
    const auto used_in = [&](const Source& s) {
      const auto kinds = s.kinds(decider);
      return std::any_of(kinds.begin(), kinds.end(),
                         [&](const std::string& kind) { return uses(decider, kind, key); });
    };
    if (decider.empty() || used_in(source)) {
      ++it;
      continue;
    }
    const bool from_file = !source.overridden.contains(key);
    const bool kind_replaced = decider == "generator.kind" && source.overridden.contains(decider);
    const bool elsewhere = !from_file && std::any_of(all.begin(), all.end(), used_in);
    if ((from_file && kind_replaced) || elsewhere) {
      it = source.values.erase(it);
    } else if (key.starts_with("observe.")) {
      ++it;  // "off" is true of every cell; the cell refuses "on"
    } else {
      refuse(it->second.setting(), explain_unused(key, decider, source.kinds(decider)));
    }
  }
}

/// Keys that name statistics: "variance:0.01 + valid_rate:0.05".
const std::string kCrossingKey = "sampling.crossing";
const std::string kStatisticKeys[] = {"sampling.target-relative-error", "sampling.target-absolute-error",
                                      kCrossingKey};

/// Targets for statistics that a cell does not have are none of its own: in a sweep of several languages, the
/// valid rate is that of the colorings. But a statistic that no cell has is a mistake.
class Goals {
 public:
  /// The cell with its own targets and crossings only, or without a goal or a search if there is none.
  Cell fitted(Cell cell) {
    if (!cell.is_adaptive()) return cell;
    const std::vector<std::string> names = analysis::statistics_of(cell);
    had_.insert(names.begin(), names.end());
    Parameters parameters = cell.parameters();
    bool changed = false;
    for (const std::string& key : kStatisticKeys) {
      const auto given = parameters.find(key);
      if (given == parameters.end()) continue;
      std::vector<std::string> kept;
      const auto all = parse_targets(given->second);
      for (const auto& [name, number] : all) {
        asked_.insert(name);
        if (std::ranges::find(names, name) != names.end())
          kept.push_back(fmt::format("{}:{}", name, format_real(number)));
      }
      // Cells of one search have the same levels: of those that a cell lacks, its side is unknown.
      const bool is_whole = key == kCrossingKey && !kept.empty();
      if (is_whole || kept.size() == all.size()) continue;
      changed = true;
      given->second = fmt::format("{}", fmt::join(kept, "+"));
      if (kept.empty()) parameters.erase(given);
    }
    if (!changed) return cell;
    if (!parameters.contains(kStatisticKeys[0]) && !parameters.contains(kStatisticKeys[1]))
      parameters.erase("sampling.max-samples");
    if (!parameters.contains(kCrossingKey)) {
      parameters.erase("sampling.search");
      parameters.erase("sampling.search-along");
    }
    return Cell::make(parameters);
  }

  /// Refuses what no cell has.
  void check(const std::vector<Source>& sources, const std::vector<Cell>& cells) const {
    for (const std::string& name : asked_)
      if (!had_.contains(name))
        for (const Source& source : sources)
          for (const std::string& key : kStatisticKeys)
            if (const ValueList* list = source.find(key);
                list && list->setting().value.find(name) != std::string::npos)
              refuse(list->setting(), fmt::format("no cell of the sweep has a statistic {}; did you mean {}?",
                                                  name, find_nearest(name, {had_.begin(), had_.end()})));
    if (std::ranges::any_of(cells, [](const Cell& cell) { return cell.search().has_value(); })) return;
    for (const Source& source : sources)
      if (const ValueList* list = source.find(kCrossingKey))
        refuse(list->setting(),
               "no cell of the sweep has the key that is searched; set sampling.search-along, or sweep the "
               "memory of kgram, block or reasoning writers");
  }

 private:
  std::set<std::string> asked_, had_;
};

/// The cartesian product of a source's values, in the order of sweep_keys(): the first key varies slowest.
class Expansion {
 public:
  Expansion(const Source& source, std::vector<Cell>& cells, Goals& goals)
      : source_(source), cells_(cells), goals_(goals), count_(cells.size()) {
    for (const SweepKey& key : sweep_keys())
      if (const ValueList* list = source.find(key.name); list && key.name != "title")
        axes_.push_back(make_axis(*list));
  }

  void run() {
    const std::size_t before = cells_.size();
    assign(0);  // counts the cells, so that too many are refused at once
    counting_ = false;
    steps_ = 0;
    assign(0);
    if (cells_.size() == before)
      throw UsageError(fmt::format("{}: the sweep is empty: {}", source_.name,
                                   first_left_out_ ? "no cell of it can exist, as " + *first_left_out_
                                                   : "no range of it fits its trees"));
  }

 private:
  /// A key, its values, and the kinds of cells that it multiplies.
  struct Axis {
    std::string key;
    const ValueList* list;
    std::string decider;             ///< empty: all kinds
    std::vector<std::string> users;  ///< kinds of the decider
  };

  Axis make_axis(const ValueList& list) const {
    const std::string& key = list.setting().key;
    Axis axis{key, &list, deciding_kind(key), {}};
    if (axis.decider.empty()) return axis;
    for (const std::string& kind : source_.kinds(axis.decider))
      if (uses(axis.decider, kind, key)) axis.users.push_back(kind);
    if (axis.users.empty()) axis.decider.clear();  // observe.validity, which the cell is to judge
    return axis;
  }

  /// Whether the key is used with one choice of another alone, and the cell in the making is of another
  /// choice while others of the source are of that one.
  bool is_of_another_choice(const std::string& key) const {
    const Condition& condition = find_parameter(key)->only_with;
    const ValueList* list = source_.find(condition.key);
    const auto chosen = parameters_.find(condition.key);
    if (!list || chosen == parameters_.end() || chosen->second == condition.choice) return false;
    return std::ranges::count(list->expand(0, true), condition.choice) > 0;
  }

  bool multiplies(const Axis& axis) const {
    if (is_of_another_choice(axis.key)) return false;
    if (axis.decider.empty()) return true;
    const auto chosen = parameters_.find(axis.decider);
    const std::string& kind =
        chosen == parameters_.end() ? kinds_of(axis.decider).front().kind : chosen->second;
    return std::find(axis.users.begin(), axis.users.end(), kind) != axis.users.end();
  }

  void assign(std::size_t index) {
    if (index == axes_.size()) return make_cell();
    const auto& [key, list, decider, users] = axes_[index];
    if (!multiplies(axes_[index])) return assign(index + 1);
    std::uint64_t height = 0;
    if (list->speaks_of_height()) {
      auto given = parameters_.find("language.height");
      if (given == parameters_.end()) given = parameters_.find("language.L");
      const auto parsed = given == parameters_.end() ? std::nullopt : parse_whole(given->second);
      if (!parsed || *parsed > kMaxHeight) return make_cell();  // which says what is wrong with the height
      height = *parsed;
    }
    for (const std::string& value :
         list->expand(height, !is_swept("language.height") && !is_swept("language.L"))) {
      if (++steps_ > kMaxSteps) refuse_size();
      if (key == "language.file") {
        parameters_[file_key(language_kind())] = read_file(*list, value);
        language_file_ = value;
      } else {
        parameters_[key] = value;
      }
      assign(index + 1);
    }
    parameters_.erase(key == "language.file" ? file_key(language_kind()) : key);
  }

  bool is_swept(const std::string& key) const {
    const ValueList* list = source_.find(key);
    return list && list->is_swept();
  }

  /// Of the cell in the making.
  std::string language_kind() const {
    const auto given = parameters_.find("language.kind");
    return given == parameters_.end() ? kinds_of("language.kind").front().kind : given->second;
  }

  std::string read_file(const ValueList& list, const std::string& name) {
    const std::pair key(language_kind(), name);
    const auto known = files_.find(key);
    if (known != files_.end()) return known->second;
    const std::string start = source_.overridden.contains("language.file") ? "" : source_.directory;
    const std::string path = (std::filesystem::path(start) / name).string();
    try {
      return files_[key] = read_language_file(key.first, path);
    } catch (const IoError& e) {
      throw IoError(fmt::format("file = {} ({}): {}", name, list.setting().where, e.what()));
    } catch (const UsageError& e) {
      throw UsageError(fmt::format("file = {} ({}): {}", name, list.setting().where, e.what()));
    }
  }

  Parameters with_numbers(Parameters parameters) {
    if (const auto crossing = parameters.find(kCrossingKey); crossing != parameters.end())
      crossing->second = level_shares_.numbers(parameters);
    return parameters;
  }

  void make_cell() {
    if (counting_ && ++count_ > kMaxCells) refuse_size();
    if (counting_) return;
    try {
      cells_.push_back(goals_.fitted(Cell::make(with_numbers(parameters_))));
      bytes_ += cell_bytes(cells_.back());
      if (bytes_ > kMaxCellBytes)
        throw UsageError(
            fmt::format("{}: the transition matrices of {} cells take more than 4 GiB; sweep fewer values, "
                        "or fewer symbols",
                        source_.name, cells_.size()));
    } catch (const CellError& error) {
      try {
        refuse_cell(error);
      } catch (const UsageError& e) {
        if (!error.impossible_combination || !may_leave_out(error.key)) throw;
        if (!first_left_out_) first_left_out_ = e.what();
      }
    }
  }

  [[noreturn]] void refuse_size() const {
    throw UsageError(
        fmt::format("{}: the sweep has more than {} cells; sweep fewer values", source_.name, kMaxCells));
  }

  /// Whether the key's value, or what it did not fit, is one of several, so that nobody asked for this cell
  /// by itself.
  bool may_leave_out(const std::string& key) const {
    if (is_swept(key)) return true;
    if (key == "generator.method")
      return is_swept("generator.kind") || is_swept("generator.memory") || is_swept("generator.encoding") ||
             is_swept("language.kind");
    if (key.starts_with("generator."))
      return is_swept("language.height") || is_swept("language.L") || is_swept("language.kind");
    return is_swept("language.kind") || is_swept("language.q") || is_swept("language.file") ||
           is_swept("language.v") || is_swept("language.s") || is_swept("language.L");
  }

  [[noreturn]] void refuse_cell(const CellError& error) const {
    const bool by_file = is_given_by_file(error.key);
    const std::string key = by_file ? "language.file" : error.key;
    const ValueList* list = source_.find(key);
    if (!list)
      throw UsageError(fmt::format("{} is missing ({}): {}; set it there or give --{}=…", key, source_.name,
                                   error.reason, key));
    Setting setting = list->setting();
    setting.value = by_file ? language_file_ : error.value;
    refuse(setting, error.reason);
  }

  static constexpr std::uint64_t kMaxHeight = 1000;  // far beyond any tree that fits

  const Source& source_;
  std::vector<Cell>& cells_;
  Goals& goals_;
  std::size_t count_;  // of all sources so far
  std::size_t steps_ = 0;
  double bytes_ = 0;
  bool counting_ = true;
  std::vector<Axis> axes_;
  Parameters parameters_;
  LevelShares level_shares_;
  std::map<std::pair<std::string, std::string>, std::string>
      files_;                  // language kind and file → value of its key
  std::string language_file_;  // of the current cell
  std::optional<std::string> first_left_out_;
};

std::string join_titles(const std::vector<Source>& sources) {
  std::vector<std::string> titles;
  for (const Source& source : sources)
    if (const ValueList* title = source.find("title"))
      if (std::find(titles.begin(), titles.end(), title->setting().value) == titles.end())
        titles.push_back(title->setting().value);
  return fmt::format("{}", fmt::join(titles, " + "));
}

}  // namespace

namespace {

/// What a plan says of a cell must give the same cell when it is read, or nothing could read the run: of every language
/// that a file gives, and of one cell of every other kind.
void require_stable(const std::vector<Cell>& cells) {
  std::set<std::tuple<std::string, std::string, const Language*>> seen;
  for (const Cell& cell : cells) {
    const Parameters& parameters = cell.parameters();
    const bool has_file = parameters.contains("language.matrix") || parameters.contains("language.grammar");
    if (!seen.emplace(parameters.at("language.kind"), cell.generator_name(),
                      has_file ? &cell.language() : nullptr)
             .second)
      continue;
    LEAFCAST_EXPECT(Cell::from_parameters(from_line(to_line(parameters))).parameters() == parameters,
                    "the plan of " + cell.label(), "it is another when it is read",
                    "report this as an error");
  }
}

}  // namespace

Plan read_sweeps(const std::vector<std::string>& files, const std::vector<Setting>& given) {
  const std::vector<Setting> overrides = check_overrides(given);
  if (files.empty() && overrides.empty())
    throw UsageError("there is no sweep: give a sweep file, or keys such as --language.kind=ising");

  std::vector<Source> sources;
  std::string record;
  for (const std::string& file : files) {
    const std::filesystem::path path(file);
    const std::string text = read_text_file(file);
    record +=
        fmt::format("# file: {}\n{}{}", path.filename().string(), text, text.ends_with('\n') ? "" : "\n");
    const std::vector<Setting> settings = parse_ini(text, file, sweep_sections());
    if (settings.empty())
      throw UsageError(fmt::format(
          "{} holds no keys: a sweep has at least a language; see jobs/sweeps for examples", file));
    set_values(sources.emplace_back(Source{file, path.parent_path().string(), {}, {}}), settings);
  }
  if (files.empty()) sources.push_back({"command line", "", {}, {}});
  for (Source& source : sources) {
    set_values(source, overrides);
    for (const Setting& setting : overrides) source.overridden.insert(setting.key);
  }
  for (const Setting& setting : overrides)
    record += fmt::format("# overrides: {} = {}\n", setting.key, setting.value);

  std::vector<Cell> cells;
  Goals goals;
  for (Source& source : sources) {
    drop_unused(source, sources);
    Expansion(source, cells, goals).run();
  }
  goals.check(sources, cells);
  require_stable(cells);
  return Plan(join_titles(sources), std::move(cells), std::move(record));
}

}  // namespace leafcast::jobs
