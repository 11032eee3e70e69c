#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/language/language.h"
#include "engine/observe/functionals.h"
#include "engine/parameters/parameters.h"
#include "engine/plan/goal.h"
#include "engine/writers/writers.h"

namespace leafcast {

/// Write every leaf; draw the sum of a whole sentence from counts (MATH.md §7): true, block with root memory,
/// reasoning by path; or write many sentences side by side and estimate the valid rate by splitting (MATH.md
/// §9): kgram, block, reasoning by path.
enum class Method { sequence, collapsed, splitting };

/// Which pairs of leaves a cell counts the symbols of (engine/observe/pairs.h).
enum class Pairs { none, levels, distances };

/// What a cell tallies besides S.
struct Observe {
  bool subtrees;  ///< power sums of the sums over subtrees of every height; sequence of fixed structure only,
                  ///< as correlation
  bool correlation;  ///< two-point correlation by LCA height (derived from the subtree sums)
  bool validity;     ///< coloring validity, frozen and free roots; never if collapsed, always if splitting
  bool histogram;    ///< histogram of S; not if splitting
  bool entropy;      ///< entropies of the writer's law and of the language's: true and kgram, sequence only
  int symbol;        ///< c in S = q·N_c − n
  Pairs pairs;       ///< joint laws of two leaves; sequence of fixed structure only
  Functionals functionals{};  ///< of neighbouring leaves; sequence only
};

/// The samples of a cell that one seed draws.
struct SeedShare {
  std::uint64_t seed, samples;
  auto operator<=>(const SeedShare&) const = default;
};

/// One point of a sweep. Immutable; everything downstream is a function of it. Cells of one law have
/// independent samples if their seeds differ, so such cells can be pooled (pool.h): a pooled cell has a share
/// of samples for each seed.
class Cell {
 public:
  /// Checks and completes the parameters of a cell of one seed (defaults filled in). Throws CellError.
  /// Keys: language.kind .d .height .rho .q .lambda .matrix, of grammars .v .m .s .L .classes .grammar-seed
  /// .rules .zipf-exponent .zipf-level .grammar; generator.kind .context … ; seed; sampling.samples
  /// .target-relative-error .target-absolute-error .max-samples .crossing .search
  /// .search-along; observe.*. `language.matrix` holds the rows
  /// of a kernel ("0.9 0.1; 0.2 0.8"), read from language.file by jobs.
  static Cell make(const Parameters& parameters);
  /// The cell that parameters() describe, pooled or not. Throws CellError.
  static Cell from_parameters(const Parameters& parameters);
  /// This cell with other shares: as many samples of as many seeds. Throws CellError: none or more than 4095
  /// (so that chunks number below 2^32), seeds that do not ascend, shares of no or too many samples, a goal.
  Cell with_shares(std::vector<SeedShare> shares) const;

  const Language& language() const { return *language_; }
  const Generator& generator() const { return generator_; }
  Method method() const { return method_; }
  /// What the generator is on this tree.
  GeneratorTraits traits() const { return traits_of(generator_, *language_); }
  bool writes_own_structure() const { return traits().writes_own_structure; }
  bool learns() const { return leafcast::learns(generator_); }
  /// Sentences that a splitting run writes side by side; 0 for other methods.
  int particles() const { return particles_; }
  const Observe& observe() const { return observe_; }
  /// By ascending seed; more than one if the cell is pooled.
  const std::vector<SeedShare>& shares() const { return shares_; }
  bool is_pooled() const { return shares_.size() > 1; }
  std::uint64_t seed() const { return shares_.front().seed; }  ///< the first
  /// Of all shares; with a goal the most that it may take.
  std::uint64_t samples() const { return samples_; }
  /// What the cell is sampled for, by statistic; empty if just for its number of samples. A cell with a goal
  /// begins with first_samples() and takes more until its errors are small enough (stages.h).
  std::vector<Target> targets() const;
  bool has_goal() const;
  /// The search that the cell is a candidate of; nothing if it is sampled in any case.
  std::optional<SearchRule> search() const;
  /// Whether exact sums decide how much of it is sampled: it has a goal or is searched.
  bool is_adaptive() const;
  std::uint64_t first_samples() const;

  /// The keys that this cell uses, every value in its shortest exact form. from_parameters(parameters())
  /// gives the same cell. A pooled cell says `seed` = 1+2 and `sampling.samples` = 100000+50000.
  const Parameters& parameters() const { return parameters_; }
  /// Identity of the law that is sampled and of its streams: a hash of the parameters without seed, samples
  /// and observe.*. Random numbers are addressed by (seed, id, chunk, batch), so a cell keeps its numbers
  /// wherever it stands in a sweep.
  std::uint64_t id() const { return id_; }

  /// Name of the generator kind: true, kgram, counting …
  std::string generator_name() const;
  /// One line for people: "ising d=3 ρ=0.9 h=8 · kgram k=81".
  std::string label() const;
  /// "seed 7"; of a pooled cell "seeds 1+2", or "30 seeds" if they are many.
  std::string seed_text() const;

 private:
  Cell() = default;
  std::shared_ptr<const Language> language_;  // cells of one language share it
  Generator generator_;
  Method method_ = Method::sequence;
  int particles_ = 0;
  Observe observe_{};
  std::vector<SeedShare> shares_;
  std::uint64_t samples_ = 0, id_ = 0;
  Parameters parameters_;
};

/// Keys of languages and generators, from their registry: which exist, and which a kind uses.
struct KindKeys {
  std::string kind;
  std::vector<std::string> keys;  ///< full names, e.g. "language.rho"
};
const std::vector<KindKeys>& language_kinds();
const std::vector<KindKeys>& generator_kinds();

}  // namespace leafcast
