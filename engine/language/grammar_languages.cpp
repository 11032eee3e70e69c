#include <fmt/format.h>

#include <limits>
#include <map>
#include <memory>
#include <mutex>

#include "engine/error.h"
#include "engine/language/languages.h"
#include "engine/values.h"

namespace leafcast {

namespace {

/// The grammar that a key makes; cells of one grammar share it.
template <class Make>
std::shared_ptr<const Grammar> shared_grammar(const std::string& key, Make make) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<const Grammar>> known;
  const std::lock_guard lock(mutex);
  std::weak_ptr<const Grammar>& entry = known[key];
  if (auto grammar = entry.lock()) return grammar;
  std::erase_if(known, [&](const auto& other) { return other.first != key && other.second.expired(); });
  auto grammar = std::make_shared<const Grammar>(make());
  known[key] = grammar;
  return grammar;
}

constexpr std::uint64_t kMaxRules = std::uint64_t{1} << 24, kMaxTuple = 1 << 10, kMaxLevels = 62;

Grammar::Random read_random_grammar(ParameterReader& reader) {
  Grammar::Random wanted{};
  wanted.symbols =
      static_cast<int>(reader.read_whole("language.v", "the number of symbols", 2, kMaxGrammarSymbols));
  wanted.rules =
      static_cast<int>(reader.read_whole("language.m", "a symbol's number of rules", 1, kMaxRules));
  wanted.children =
      static_cast<int>(reader.read_whole("language.s", "the length of a rule's tuple", 2, kMaxTuple));
  wanted.height = static_cast<int>(reader.read_whole("language.L", "the number of levels", 1, kMaxLevels));
  wanted.classes =
      static_cast<int>(reader.read_whole("language.classes", "the number of symbols of the root", 1,
                                         kMaxGrammarSymbols, static_cast<std::uint64_t>(wanted.symbols)));
  wanted.seed = reader.read_whole("language.grammar-seed", "a grammar's seed", 0,
                                  std::numeric_limits<std::uint64_t>::max(), 1);
  const bool zipf = reader.read_choice("language.rules", {"uniform", "zipf"}) == 1;
  for (const char* key : {"language.zipf-exponent", "language.zipf-level"})
    if (!zipf && reader.has(key))
      throw reader.error(key, "the rules are equiprobable; set language.rules = zipf, or leave it out", true);
  if (zipf) {
    wanted.zipf_exponent = reader.read_real("language.zipf-exponent", "the exponent a of p_r ∝ r^-(1+a)");
    if (!(wanted.zipf_exponent > -1 && wanted.zipf_exponent <= 100))
      throw reader.error("language.zipf-exponent",
                         "the exponent a of p_r ∝ r^-(1+a) lies above -1 and is at most 100");
    const auto level = reader.read_whole("language.zipf-level",
                                         "the height of the nodes whose rules are Zipf's", 1, kMaxLevels, 1);
    if (level > static_cast<std::uint64_t>(wanted.height))
      throw reader.error(
          "language.zipf-level",
          fmt::format("levels are numbered by height, from 1 (whose rules write leaves) to L = {}",
                      wanted.height),
          true);
    wanted.zipf_level = static_cast<int>(level);
  }
  const std::uint64_t most =
      most_rules(wanted.symbols, wanted.children, std::max(wanted.symbols, wanted.classes));
  if (static_cast<std::uint64_t>(wanted.rules) > most)
    throw reader.error(
        "language.m",
        fmt::format("a tuple has one parent, and there are v^s = {}^{} tuples for {} symbols: the most is "
                    "m = {}; lower m, or raise v or s",
                    wanted.symbols, wanted.children, std::max(wanted.symbols, wanted.classes), most),
        true);
  return wanted;
}

Language make_rhm(const LanguageKind& kind, ParameterReader& reader) {
  std::shared_ptr<const Grammar> grammar;
  const char* height_key = "language.L";
  if (reader.has("language.grammar")) {
    for (const std::string& key : kind.keys)
      if (key != "grammar" && reader.has("language." + key))
        throw reader.error("language." + key,
                           "the grammar's file says everything; leave this out, or language.file");
    height_key = "language.grammar";
    const std::string text = reader.read_text("language.grammar", "the rules of a grammar");
    try {
      grammar = shared_grammar(text, [&] { return Grammar::from_line(text); });
    } catch (const UsageError& e) {
      throw reader.error("language.grammar", e.what());
    }
    reader.replace("language.grammar", grammar->line());
  } else {
    const Grammar::Random wanted = read_random_grammar(reader);
    const std::string key =
        fmt::format("{} {} {} {} {} {} {} {}", wanted.symbols, wanted.rules, wanted.children, wanted.height,
                    wanted.classes, wanted.seed, format_real(wanted.zipf_exponent), wanted.zipf_level);
    require_sums_fit(reader, height_key, {wanted.children, wanted.height}, wanted.symbols);
    try {
      grammar = shared_grammar(key, [&] { return Grammar::random(wanted); });
    } catch (const UsageError& e) {
      throw reader.error("language.m", e.what(), true);
    }
  }
  require_sums_fit(reader, height_key, {grammar->children(), grammar->height()}, grammar->symbols());
  const int children = grammar->children(), height = grammar->height();
  return {kind.name, children, height, std::move(grammar), kind.constrained};
}

std::string rhm_label(const Language& language, const Parameters& parameters) {
  const auto value = [&](const char* key) { return parameters.at(std::string("language.") + key); };
  if (parameters.contains("language.grammar"))
    return fmt::format("v={} s={} L={} from a file", language.symbols(), language.d, language.height);
  std::string text = fmt::format("v={} m={} s={} L={}", value("v"), value("m"), value("s"), value("L"));
  if (value("classes") != value("v")) text += fmt::format(" classes={}", value("classes"));
  if (value("rules") == "zipf")
    text += fmt::format(" zipf a={} level {}", value("zipf-exponent"), value("zipf-level"));
  return text + fmt::format(" grammar {}", value("grammar-seed"));
}

}  // namespace

std::vector<LanguageKind> grammar_languages() {
  return {
      {"rhm",
       {"v", "m", "s", "L", "classes", "grammar-seed", "rules", "zipf-exponent", "zipf-level", "grammar"},
       "a grammar is given by v symbols, m rules each, tuples of s and L levels, or by its file",
       true,
       make_rhm,
       rhm_label,
       "L"},
  };
}

}  // namespace leafcast
