#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/language/language.h"
#include "engine/overloaded.h"
#include "engine/parameters/parameter_reader.h"

namespace leafcast {

struct TrueGenerator;
struct KgramGenerator;
struct BlockGenerator;
struct ReasoningGenerator;
struct LearnerGenerator;

/// What a cell samples: one of the writers, or a learner. Each stands in a file of its own, with
///   static constexpr bool kWrites              whether it writes sentences, or is a learner
///   static std::vector<GeneratorKind> kinds()  the values of generator.kind that give it
///   GeneratorTraits traits(language) const     what the rest of the program asks of it
///   void lower(parameters, language) const     changes its parameters to those on a tree one level lower
/// To add one: its file, its name here, and its sampler where visit_writer() asks for one; until then nothing
/// compiles.
using Generator =
    std::variant<TrueGenerator, KgramGenerator, BlockGenerator, ReasoningGenerator, LearnerGenerator>;

/// A value of generator.kind.
struct GeneratorKind {
  std::string name;
  std::vector<std::string> keys;          ///< short names besides kind and method
  std::vector<std::string> sampler_keys;  ///< full names: of the methods and observers that some kinds have
  std::uint64_t default_samples;
  Generator (*make)(ParameterReader&, const Language&);  ///< reads `keys`; throws CellError
  std::string (*label)(const Parameters&);
};

enum class LcaLaw { sampled, sampled_reset, fixed };
/// Blocks that are written one after the other, each given the last block's root and their LCA.
struct Blocks {
  int height;  ///< the tree's: one block
  LcaLaw lca;
};

/// The steps by which a writer comes from one leaf to the next, which decide what a leaf costs.
enum class Walk {
  ancestors,            ///< from an ancestor down
  recalling_ancestors,  ///< the same, and a block's root is drawn anew from its leaves
  segment,              ///< from the completed siblings of each level
  kgram                 ///< from the leaves of a window
};

/// Why those have no entropies.
inline constexpr const char* kNoLeafLaws =
    "only true and kgram write from a law of each leaf given those before; leave it out";

/// What the rest of the program asks of a generator, whatever it is.
struct GeneratorTraits {
  Walk walk;
  Blocks blocks;
  std::int64_t window;  ///< leaves that it sees at most, of a k-gram; else 0
  /// Levels of the tree that its memory or context spans: w, m, log_d of a k-gram's leaves. None: of no bounded
  /// resource, or of one too small.
  std::optional<double> levels;
  /// It remembers symbols on a path and nothing else: it draws from rows of the channel, with no belief
  /// propagation.
  bool remembers_a_path;
  /// What is written next depends on symbols of ancestors alone, so S can be drawn from counts of symbols.
  bool collapses;
  /// Its laws are the language's, given what it remembers: theory speaks of it. Learners: true, as the
  /// sentences that they learn from are the language's.
  bool is_exact;
  bool writes_own_structure;     ///< it draws the marks of its sentences too, so that they need not be trees
  bool knows_nodes;              ///< of all heights
  bool counts_memory;            ///< the bits that it remembers are tallied
  const char* why_no_entropies;  ///< reason and remedy; null if it has entropies
  const char* why_no_splitting;  ///< reason and remedy; null if it splits
};

/// A depth of at most the tree's height. Throws CellError.
int read_depth(ParameterReader& reader, const std::string& key, std::string_view what, int height,
               std::optional<std::uint64_t> fallback = {});
/// Lowers a depth with its tree: blocks stay as they are, or fill the tree as they did.
void lower_depth(Parameters& parameters, const char* key, int depth, int height);
inline std::string generator_value(const Parameters& parameters, const char* key) {
  return parameters.at(std::string("generator.") + key);
}

inline constexpr std::int64_t kMaxContext = (std::int64_t{1} << 62) - 1;
inline constexpr std::uint64_t kDefaultSamples = 10000;

}  // namespace leafcast
