#pragma once
#include <cstdint>

#include "engine/streams/scalar_stream.h"

namespace leafcast {

/// Draws from Binomial(n, p) for any 0 ≤ n < 2^62. Construct once a p; a draw costs some 30 ns, whatever n.
///
/// Few trials are made one by one, few successes are found by inversion, and the rest is Hörmann's
/// transformed rejection BTRS (J. Stat. Comput. Simul. 46, 1993). Its acceptance ratio f(k)/f(mode) is
/// written with Loader's deviances about the mode (Fast and accurate computation of binomial probabilities,
/// 2000), and deviates are integers counted from the mode, n·p being exact, so the logarithm of the ratio is
/// right to 1e-12 up to n = 2^62. Deviates have 52 random bits: events of probability below 2^-53 never
/// happen.
///
/// Only +, −, ×, / and √ are used (no logarithm of the C library, whose last bit depends on the machine), so
/// the same stream gives the same draws on every IEEE machine.
class BinomialSampler {
 public:
  /// p + complement = 1 up to rounding. The smaller of the two counts, as it stands, so that neither chance
  /// can lose digits.
  BinomialSampler(double p, double complement);

  std::int64_t operator()(std::int64_t n, ScalarStream& stream) const;

 private:
  std::int64_t count_trials(std::int64_t n, ScalarStream& stream) const;
  std::int64_t invert(std::int64_t n, ScalarStream& stream) const;
  std::int64_t reject(std::int64_t n, ScalarStream& stream) const;

  double p_;         ///< of the rarer outcome: ≤ 1/2
  double log_miss_;  ///< log(1 − p)
  std::uint64_t mantissa_;
  int shift_;     ///< p = mantissa · 2^{−shift}
  bool swapped_;  ///< the rarer outcome is the failure
};

}  // namespace leafcast
