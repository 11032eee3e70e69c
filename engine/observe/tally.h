#pragma once
#include <array>
#include <boost/container/flat_map.hpp>
#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <vector>

namespace leafcast {

class Cell;

/// Exact signed integer for Σ s^p: |s| ≤ (q−1)n < 2^62 (Cell::make), so s^4 < 2^248; with 2^62 subtrees a
/// sample and 2^60 samples, < 2^370.
using WideInt = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<
    512, 512, boost::multiprecision::signed_magnitude, boost::multiprecision::unchecked, void>>;

inline constexpr int kJackknifeBins = 64;
inline constexpr int kPowers = 4;

/// Σ s, Σ s², Σ s³, Σ s⁴.
using PowerSums = std::array<WideInt, kPowers>;

/// Histogram of a sum, in bins that are exact near the centre and 1/32 of an octave wide beyond, for any n <
/// 2^62. The binned quantity is m = N_c − centre (the count of the observed symbol about its mean), so
/// S = q·N_c − n and every bin holds as many lattice points as it is wide.
struct HistogramBins {
  /// round(ν_c n), halves upwards: exactly n/q in a symmetric channel, else of the double ν_c, exactly
  /// multiplied.
  static std::int64_t centre(const Cell& cell);
  /// Bin of m; negative m have negative bins: bin(−1−m) = −1−bin(m).
  static int bin(std::int64_t m);
  static std::int64_t lower(int bin);  ///< smallest m of the bin
  static std::int64_t width(int bin);  ///< how many m it holds
};

/// Samples by bin (HistogramBins::bin), in order. Flat, because rank 0 receives and merges one a chunk: a
/// tree of a thousand nodes costs more than all else that it does for the chunk.
using Histogram = boost::container::flat_map<std::int32_t, std::uint64_t>;

/// Weights of splitting runs are whole multiples of 2^{-448}: a run's is rounded down at each step, so rates
/// above 1e-125 have ten digits. Sums of 2^53 particles of weight 1 take 501 bits.
inline constexpr int kWeightBits = 448;

/// Sums over splitting runs (MATH.md §9). A run of n particles whose surviving fractions multiply to p has
/// the weight n·p, so p averaged over particles is valid/samples.
struct SplittingSums {
  std::uint64_t runs = 0;
  std::uint64_t extinct = 0;  ///< runs of which no particle survived: p = 0
  std::uint64_t thin = 0;     ///< runs that fewer than kFewSurvivors particles survived at some leaf, or none
  WideInt valid = 0;          ///< Σ n p, in units of 2^{-kWeightBits}, as the next two
  WideInt free = 0;     ///< Σ n p · (fraction of the last survivors whose root has two or more colors)
  WideInt squares = 0;  ///< Σ n p²

  SplittingSums& operator+=(const SplittingSums& other);
  bool operator==(const SplittingSums& other) const = default;
};
inline constexpr int kFewSurvivors = 5;

/// Informations are whole multiples of 2^{-24} nats.
inline constexpr int kInformationBits = 24;

/// Sums over sentences of what a writer's laws tell, in units of 2^{-kInformationBits} nats (MATH.md §4). As
/// many sentences of the language as of the writer are looked at. With the height j of the carry by which a
/// leaf is reached (h: the first leaf):
struct EntropySums {
  std::vector<WideInt> cross;  ///< [height 0…h] of the language's leaves: entropies of the writer's law
  std::vector<WideInt>
      language;     ///< [height 0…h] of the same: entropies of the language's law given all before
  WideInt own = 0;  ///< of the writer's leaves: entropies of its law
  WideInt own_structure = 0;  ///< of the marks that a writer of its own structure draws
  WideInt reverse = 0;  ///< of the writer's sentences that the language can write: −log of its probability
  std::uint64_t impossible = 0;  ///< the others

  EntropySums& operator+=(const EntropySums& other);
  bool operator==(const EntropySums& other) const = default;
};

/// Sums over training sets of how well learners predict test sentences (MATH.md §12).
struct LearnerSums {
  std::uint64_t tested = 0;  ///< test sentences
  std::uint64_t errors = 0;  ///< of which the most likely prediction was wrong
  WideInt loss = 0;  ///< −log of the probabilities of what came, in units of 2^{-kInformationBits} nats
  std::vector<std::uint64_t> clustered;  ///< [height 0…h] nodes of training sentences that were given a group
  std::vector<std::uint64_t> pure;       ///< [height 0…h] those in a group with most of their own symbol

  LearnerSums& operator+=(const LearnerSums& other);
  bool operator==(const LearnerSums& other) const = default;
};

/// Exact sums over the samples of a chunk, a jackknife bin or a cell. Addition is associative and
/// commutative, so no result depends on an order. Once samples > 0 the vectors have height + 1 entries (those
/// of validity only where the cell observes it), whatever the method that sampled; files rely on it. "Subtree
/// of height j": the leaves below a node of height j; j = h is the sentence.
struct Tally {
  std::uint64_t samples = 0;
  /// [height 0…h] over all subtrees; unless observe.subtrees only [h] is counted and the others are 0.
  std::vector<PowerSums> sums;
  std::vector<std::uint64_t> valid;  ///< [height 0…h] valid subtrees; empty unless observe.validity
  std::vector<std::uint64_t>
      first_inconsistency;  ///< [height 0…h] sentences whose lowest inconsistent node has this height
  std::uint64_t frozen_roots = 0;    ///< sentences whose root has exactly one allowed color
  std::uint64_t free_roots = 0;      ///< sentences whose root has two or more
  std::uint64_t memory_bits = 0;     ///< peak working memory of a reasoning writer (maximum, not a sum)
  Histogram histogram;               ///< empty unless observe.histogram
  SplittingSums splitting;           ///< of splitting cells, which count nothing else but samples
  EntropySums entropy;               ///< of cells that observe entropies
  LearnerSums learner;               ///< of learners, whose samples are training sets
  std::vector<std::uint64_t> pairs;  ///< [pair][symbol][symbol of the last leaf] of cells that observe pairs
  std::uint64_t well_formed = 0;  ///< sentences with the marks of the tree, of writers of their own structure

  Tally& operator+=(const Tally& other);
  bool operator==(const Tally& other) const = default;
};

/// A cell's tallies by jackknife bin (chunk index mod 64).
using CellTally = std::array<Tally, kJackknifeBins>;
Tally total(const CellTally& bins);

}  // namespace leafcast
