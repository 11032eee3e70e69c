#pragma once
#include <string>
#include <vector>

#include "engine/cell/cell.h"

namespace leafcast::bench {

/// What is sampled, in short: kind and keys of language and generator, and switches of observe ("ising d=3
/// rho=0.9 h=8", "kgram k=64", "subtrees=off"). h, k, w, m and unit stand for height, context,
/// context-depth, memory-depth and context-unit. Subtrees are off unless switched on.
struct Subject {
  std::string language, generator = "true", observe = "";

  /// "ising d=3 rho=0.9 h=8/kgram k=64".
  std::string name() const;
  Parameters parameters() const;
};

/// The quantity that a row is judged by, and which way is better.
enum class Unit { ns_a_leaf, sentences_a_second };

struct Row {
  Subject subject;
  double goal = 0;  ///< on one core with AVX-512; 0: none
  Unit unit = Unit::ns_a_leaf;
  int samples = 0;  ///< a run draws; 0: as many as take some ten milliseconds
};

/// Two subjects that take turns; judged by time(second)/time(first).
struct Pair {
  std::string name;
  Subject first, second;
  double goal = 0;  ///< at most; 0: none
  int samples = 0;
};

/// Goals with AVX2 are looser by this factor, which is also the goal of AVX2 against AVX-512.
inline constexpr double kAvx2Allowance = 1.8;

// To add a benchmark, add a line to one of these lists.
std::vector<Row> goal_rows();
std::vector<Row> grid_rows();
/// One series a language: the cost a leaf against k at fixed n > k, and against h at fixed k.
std::vector<Row> growth_by_context_rows();
std::vector<Row> growth_by_height_rows();
std::vector<Pair> pairs();

/// Random words of 32 bits that a sampler of the cell draws a leaf at least (README.md, Limits).
double least_words_a_leaf(const Cell& cell);
/// Bytes a leaf that cross memory if a k-gram's window fits into no cache; 0 for other generators.
double ring_bytes_a_leaf(const Cell& cell);

}  // namespace leafcast::bench
