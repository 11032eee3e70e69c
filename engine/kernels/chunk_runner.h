#pragma once
#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/cell/cell.h"
#include "engine/observe/tally.h"

namespace leafcast {

/// Sentences written out.
struct WrittenSentences {
  /// [sample][leaf]. Of writers of their own structure [sample][token]: the d^h + d^{h−1} − 1 tokens after
  /// the begin mark, by their numbers in a punctuated Vocabulary.
  std::vector<std::uint8_t> leaves;
  /// [sample][node]: the symbols of the internal nodes that the writer knew, of heights 1, 2 … h one after
  /// the other, from left to right; empty unless asked for. What a segment writer never drew (nodes that end
  /// the sentence) is 0.
  std::vector<std::uint8_t> nodes;
};
/// Whether the cell's writer knows its nodes: the language itself, and reasoning with memory of all levels.
bool knows_nodes(const Cell& cell);

/// Samples the chunks of one cell. Construct once a cell (it tabulates the channel), then call from one
/// thread.
///
/// Random numbers are a function of (seed, cell id, chunk, batch), and arithmetic is Boolean on planes, IEEE
/// single precision without contraction on lanes, double precision on collapsed sums and in splitting
/// (sampler_family.h): the tally is the same on every rank and every instruction set (kernels are compiled
/// for several and chosen at run time). Memory: O(k + dh) a lane, up to 32 lanes; O(h²) planes; O(k + dh) a
/// particle; never O(n).
class ChunkRunner {
 public:
  /// Throws ContractError if the cell is pooled.
  explicit ChunkRunner(const Cell& cell);
  ~ChunkRunner();
  ChunkRunner(ChunkRunner&&) noexcept;

  /// Draws `samples` sentences of chunk `chunk` and tallies them. `proceed` is called every few milliseconds;
  /// when it returns false the chunk is abandoned and nothing is returned.
  std::optional<Tally> run(std::uint32_t chunk, std::uint64_t samples,
                           const std::function<bool()>& proceed) const;

  /// The same sentences as symbols, [sample][leaf] (n·samples bytes: for small trees and tests).
  /// Throws ContractError unless the cell's method is sequence.
  std::vector<std::uint8_t> sentences(std::uint32_t chunk, std::uint64_t samples) const;
  /// Samples first … first + samples − 1 of the chunk; `first` is a multiple of batch_samples(cell). Throws
  /// ContractError as above, or if nodes are asked of a writer that does not know them.
  WrittenSentences write(std::uint32_t chunk, std::uint64_t first, std::uint64_t samples, bool nodes) const;

  /// The generator's conditional law of every leaf of a given sentence of n symbols, given what it remembers
  /// of the leaves before: [leaf][symbol], rows sum to 1. Only for k-gram cells; throws ContractError
  /// otherwise.
  Eigen::MatrixXd conditional_laws(std::span<const std::uint8_t> sentence) const;

 private:
  class Sampler;
  class Writer;
  template <class S>
  class Whole;
  template <class Tables>
  class Leaves;
  static std::unique_ptr<const Sampler> make_sampler(const Cell& cell);
  const Writer& writer() const;

  std::unique_ptr<const Sampler> sampler_;
};

/// Instruction sets that this build dispatches to and this machine has, best first (Highway target names).
std::vector<std::string> instruction_sets();
/// Restricts dispatch to one of instruction_sets(), or to the best one again if empty. For tests and
/// benchmarks.
void use_instruction_set(const std::string& name);

}  // namespace leafcast
