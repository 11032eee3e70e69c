#pragma once
#include <Eigen/Dense>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "engine/cell/cell.h"

namespace leafcast {

/// What a k-gram sees: the last k leaves, or of the last k tokens (begin mark and marks counted, MATH.md §5)
/// the leaves.
struct Context {
  std::int64_t k;
  ContextUnit unit = ContextUnit::leaves;
  /// All leaves before: the language itself.
  static Context all() { return {std::numeric_limits<std::int64_t>::max() / 4, ContextUnit::leaves}; }
};
/// First leaf that is seen when leaf i is written (i if none is).
std::int64_t window_begin(const Context& context, int d, std::int64_t leaf);

/// −log P(x_i | the leaves in the window), under the true language at known position (GKMSS §1; MATH.md §3),
/// for many contexts at once. Double precision: 1e-12 of what enumeration gives. Messages of complete
/// subtrees are computed once a sentence and serve all contexts; a leaf and context then costs O(J q²), J the
/// height of the LCA of window and leaf. Memory O(n q).
class SentenceScorer {
 public:
  SentenceScorer(const Language& language, std::vector<Context> contexts);
  const std::vector<Context>& contexts() const { return contexts_; }

  /// Takes a sentence of n symbols below q.
  void read(std::span<const std::uint8_t> leaves);
  /// The law of leaf i given the window of a context, in the sentence read; sums to 1, or zeros if the window
  /// is impossible.
  void law(std::size_t context, std::int64_t leaf, std::span<double> law);
  Eigen::VectorXd law(std::size_t context, std::int64_t leaf);
  /// Of the sentence read, [leaf] in nats. +∞ where the symbol is impossible given the window; NaN where the
  /// window itself is impossible, which happens after an impossible leaf only.
  void score(std::size_t context, std::span<double> nats);

 private:
  struct Level {
    std::vector<double> message;  // [node][symbol]: K μ, largest entry 1
    std::vector<double> left;     // [node][symbol]: product over the siblings before it
    std::vector<double> right;    // and after it
  };
  // Q: the number of symbols if it is known to the compiler, else 0.
  template <int Q>
  void pull(const double* in, double* out) const;  // out(c) = Σ_x K(c, x) in(x)
  template <int Q>
  void push(const double* in, double* out) const;  // out(x) = Σ_c in(c) K(c, x)
  template <int Q>
  void normalise(double* message) const;
  template <int Q>
  void read_symbols();
  template <int Q>
  void weigh(std::int64_t begin, std::int64_t leaf, double* law);

  int q_, d_, height_;
  std::int64_t n_;
  std::vector<double> kernel_, stationary_;
  std::vector<Context> contexts_;
  std::vector<std::uint8_t> leaves_;
  std::vector<Level> levels_;  // [height 0 … h − 1]
  std::vector<double> path_, scratch_;
};

}  // namespace leafcast
