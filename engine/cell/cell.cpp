#include "engine/cell/cell.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "engine/cell/observe_keys.h"
#include "engine/cell/sampling_keys.h"
#include "engine/cell/shares.h"
#include "engine/language/languages.h"
#include "engine/values.h"

namespace leafcast {

namespace {

constexpr std::uint64_t kMaxParticles = 1 << 20, kDefaultParticles = 1024;

void require_collapsible(const ParameterReader& reader, const Language& language,
                         const Generator& generator) {
  language.visit(overloaded{
      [](const Channel&) {},
      [&](const Grammar&) {
        throw reader.error(
            "generator.method",
            "siblings of a grammar depend on each other, so a sentence is more than counts of symbols; use "
            "sequence",
            true);
      }});
  if (traits_of(generator, language).collapses) return;
  throw reader.error("generator.method",
                     "this generator looks back at leaves or siblings, so a sentence is more than counts of "
                     "symbols; use sequence, or choose true, block with memory = root, or reasoning with "
                     "encoding = path",
                     true);
}

void require_splittable(const ParameterReader& reader, const Language& language, const Generator& generator) {
  const auto refuse = [&](const std::string& reason) {
    throw reader.error("generator.method", reason, true);
  };
  if (!language.constrained || language.is_grammar())
    refuse(
        fmt::format("splitting estimates how rarely a coloring is valid, and {} is none; "
                    "use sequence, or choose coloring",
                    language.kind));
  if (const char* why = traits_of(generator, language).why_no_splitting) refuse(why);
}

Method read_method(ParameterReader& reader, const Language& language, const Generator& generator) {
  constexpr Method kMethods[] = {Method::sequence, Method::collapsed, Method::splitting};
  const Method method =
      kMethods[reader.read_choice("generator.method", {"sequence", "collapsed", "splitting"})];
  if (method == Method::collapsed) require_collapsible(reader, language, generator);
  if (method == Method::splitting) require_splittable(reader, language, generator);
  return method;
}

int read_particles(ParameterReader& reader, Method method) {
  constexpr const char* kKey = "generator.particles";
  if (method == Method::splitting)
    return static_cast<int>(
        reader.read_whole(kKey, "a run's number of particles", 2, kMaxParticles, kDefaultParticles));
  if (reader.has(kKey))
    throw reader.error(kKey, "only generator.method = splitting has particles; leave it out", true);
  return 0;
}

void refuse_unread(const ParameterReader& reader) {
  const std::vector<std::string> unread = reader.unread();
  if (!unread.empty()) throw reader.error(unread.front(), "no such key");
}

std::uint64_t hash_law(const Parameters& parameters) {
  std::string law;
  for (const auto& [key, value] : parameters)
    if (key != "seed" && !key.starts_with("sampling.") && !key.starts_with("observe."))
      law += key + "=" + value + "\n";
  return XXH3_64bits(law.data(), law.size());
}

/// The same for equal parameters, as long as some cell has it: sweeps have many cells of few languages.
std::shared_ptr<const Language> shared(Language language, const Parameters& parameters) {
  static std::unordered_map<std::string, std::weak_ptr<const Language>> known;
  std::string key;
  for (const auto& [name, value] : parameters)
    if (name.starts_with("language.")) key += name + "=" + value + "\t";
  std::weak_ptr<const Language>& place = known[key];
  if (auto there = place.lock()) return there;
  auto made = std::make_shared<const Language>(std::move(language));
  place = made;
  return made;
}

/// Cells that were made, by all their parameters but the seed: those that differ in nothing else need not be read again.
/// Few and small ones, since they outlive their plan.
class MadeCells {
 public:
  static std::string key(const Parameters& parameters) {
    std::string key;
    for (const auto& [name, value] : parameters)
      if (name != "seed") key.append(name).append(1, '=').append(value).append(1, '\t');
    return key;
  }
  const Cell* find(const std::string& key) const {
    const auto found = cells_.find(key);
    return found == cells_.end() ? nullptr : &found->second;
  }
  void keep(std::string key, const Cell& cell) {
    if (key.size() > kMostBytes || cell.language().is_grammar() || cell.is_adaptive()) return;
    if (cells_.size() == kMost) cells_.clear();
    cells_.emplace(std::move(key), cell);
  }

 private:
  static constexpr std::size_t kMost = 4096, kMostBytes = 1024;
  std::unordered_map<std::string, Cell> cells_;
};

}  // namespace

Cell Cell::make(const Parameters& parameters) {
  static MadeCells made;
  std::string key = MadeCells::key(parameters);
  const auto given = parameters.find("seed");
  const auto number = given == parameters.end() ? std::nullopt : parse_whole(given->second);
  if (const Cell* like = number ? made.find(key) : nullptr)
    return like->with_shares({{*number, like->samples()}});

  ParameterReader reader(parameters);
  Cell cell;
  if (const auto seed = parameters.find("seed"); seed != parameters.end() && lists_seeds(seed->second))
    throw reader.error("seed",
                       "only results are pooled; list the seeds of a sweep, seed = 1, 2, and pool what they "
                       "gave with `leafcast merge --combine-seeds`");
  const std::uint64_t seed =
      reader.read_whole("seed", "a seed", 0, std::numeric_limits<std::uint64_t>::max(), 1);
  cell.language_ = shared(read_language(reader), reader.canonical());
  cell.generator_ = read_generator(reader, *cell.language_);
  cell.method_ = read_method(reader, *cell.language_, cell.generator_);
  cell.particles_ = read_particles(reader, cell.method_);
  cell.samples_ = read_samples(reader, cell.particles_, generator_kind(reader.canonical()).default_samples);
  read_search(reader);
  cell.shares_ = {{seed, cell.samples_}};
  cell.observe_ = read_observe(reader, *cell.language_, cell.generator_, cell.method_);
  refuse_unread(reader);
  cell.parameters_ = reader.canonical();
  cell.id_ = hash_law(cell.parameters_);
  if (number) made.keep(std::move(key), cell);
  return cell;
}

std::string Cell::generator_name() const { return parameters_.at("generator.kind"); }

std::string Cell::label() const {
  std::string text = language_label(*language_, parameters_);
  text += " · " + generator_kind(parameters_).label(parameters_);
  if (method_ == Method::collapsed) text += " · collapsed";
  if (method_ == Method::splitting) text += fmt::format(" · splitting N={}", particles_);
  if (is_pooled() || seed() != 1) text += " · " + seed_text();
  return text;
}

std::string Cell::seed_text() const {
  constexpr std::size_t kListed = 4;
  if (shares_.size() > kListed) return fmt::format("{} seeds", shares_.size());
  return fmt::format("{} {}", is_pooled() ? "seeds" : "seed", parameters_.at("seed"));
}

namespace {

template <class Kinds>
std::vector<KindKeys> list_keys(const Kinds& kinds, const std::string& section,
                                std::vector<std::string> common) {
  std::vector<KindKeys> lists;
  for (const auto& kind : kinds) {
    KindKeys& list = lists.emplace_back(KindKeys{kind.name, {}});
    for (const std::string& key : common) list.keys.push_back(section + key);
    for (const std::string& key : kind.keys) list.keys.push_back(section + key);
  }
  return lists;
}

std::vector<KindKeys> list_language_keys() {
  auto lists = list_keys(language_registry(), "language.", {"kind"});
  for (std::size_t i = 0; i < lists.size(); ++i)
    if (language_registry()[i].constrained) lists[i].keys.push_back("observe.validity");
  return lists;
}

std::vector<KindKeys> list_generator_keys() {
  auto lists = list_keys(generator_registry(), "generator.", {"kind", "method"});
  for (std::size_t i = 0; i < lists.size(); ++i)
    for (const std::string& key : generator_registry()[i].sampler_keys) lists[i].keys.push_back(key);
  return lists;
}

}  // namespace

const std::vector<KindKeys>& language_kinds() {
  static const std::vector<KindKeys> kinds = list_language_keys();
  return kinds;
}

const std::vector<KindKeys>& generator_kinds() {
  static const std::vector<KindKeys> kinds = list_generator_keys();
  return kinds;
}

}  // namespace leafcast
