#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/channel.h"

namespace leafcast {

/// Fully resolved sweep keys of one cell ("language.d" → "3"): the one textual form of a cell, in plans and
/// files.
using Parameters = std::map<std::string, std::string>;

/// A language: a broadcast process on the complete d-ary tree of the given height (MATH.md §1).
struct Language {
  std::string kind;  ///< registered name: ising, coloring, potts, kernel
  int d;             ///< children a node
  int height;
  Channel channel;
  bool constrained;  ///< sentences can be ungrammatical, so validity is observed (coloring)

  std::int64_t leaves() const;  ///< n = d^height
};

/// The language itself.
struct TrueGenerator {};

enum class ContextUnit { leaves, tokens };
enum class Structure { fixed, sampled };
/// GKMSS §1: each leaf from its exact conditional law given the last `context` leaves (or tokens).
struct KgramGenerator {
  std::int64_t context;
  ContextUnit unit;
  Structure structure;
};

enum class BlockMemory { leaves, root };
enum class LcaLaw { sampled, sampled_reset, fixed };
/// GKMSS Definition 2.2: blocks of height w, each from its law given the last block and their LCA height.
struct BlockGenerator {
  int context_depth;  ///< w
  BlockMemory memory;
  LcaLaw lca;
};

enum class Encoding { path, segment };
/// GKMSS Theorem 3.4: a writer with explicit working memory of `memory_depth` levels.
struct ReasoningGenerator {
  Encoding encoding;
  int memory_depth;  ///< m; m = height is exact in law
};

using Generator = std::variant<TrueGenerator, KgramGenerator, BlockGenerator, ReasoningGenerator>;

/// Write every leaf, or draw the sum of a whole sentence from counts (MATH.md §7): true, block with root
/// memory, reasoning by path.
enum class Method { sequence, collapsed };

/// What a cell tallies besides S.
struct Observe {
  bool subtrees;  ///< power sums of the sums over subtrees of every height; not if collapsed, as the next two
  bool correlation;  ///< two-point correlation by LCA height (derived from the subtree sums)
  bool validity;     ///< coloring validity, frozen and free roots
  bool histogram;    ///< histogram of S
  int symbol;        ///< c in S = q·N_c − n
};

/// One point of a sweep. Immutable; everything downstream is a function of it.
class Cell {
 public:
  /// Checks and completes the parameters (defaults filled in). Throws CellError.
  /// Keys: language.kind .d .height .rho .q .lambda .matrix; generator.kind .context … ; seed;
  /// sampling.samples; observe.*. `language.matrix` holds the rows of a kernel ("0.9 0.1; 0.2 0.8"), read
  /// from language.file by jobs.
  static Cell make(const Parameters& parameters);

  const Language& language() const { return *language_; }
  const Generator& generator() const { return generator_; }
  Method method() const { return method_; }
  const Observe& observe() const { return observe_; }
  std::uint64_t seed() const { return seed_; }
  std::uint64_t samples() const { return samples_; }

  /// The keys that this cell uses, every value in its shortest exact form. make(parameters()) gives the same
  /// cell.
  const Parameters& parameters() const { return parameters_; }
  /// Identity of the law that is sampled and of its streams: a hash of the parameters without samples and
  /// observe.*. Random numbers are addressed by (seed, id, chunk, batch), so a cell keeps its numbers
  /// wherever it stands in a sweep.
  std::uint64_t id() const { return id_; }

  /// Name of the generator kind: true, kgram, block, reasoning.
  std::string generator_name() const;
  /// One line for people: "ising d=3 ρ=0.9 h=8 · kgram k=81".
  std::string label() const;

 private:
  Cell() = default;
  std::optional<Language> language_;
  Generator generator_;
  Method method_ = Method::sequence;
  Observe observe_{};
  std::uint64_t seed_ = 0, samples_ = 0, id_ = 0;
  Parameters parameters_;
};

/// A parameter that no cell can have. `key` names it, so that the sweep's reader can add file and line;
/// `impossible_combination` is true when the value is fine by itself but not in this tree (context-depth >
/// height): such cells are left out of ranges.
struct CellError {
  std::string key, value, reason;
  bool impossible_combination = false;
};

/// Keys of languages and generators, from their registry: which exist, and which a kind uses.
struct KindKeys {
  std::string kind;
  std::vector<std::string> keys;  ///< full names, e.g. "language.rho"
};
const std::vector<KindKeys>& language_kinds();
const std::vector<KindKeys>& generator_kinds();

}  // namespace leafcast
