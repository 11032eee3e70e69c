#pragma once
#include <cstdint>
#include <span>

namespace leafcast::analysis {

/// The mean over all pairs of symbols of (P(μ, ν) − P(μ) P(ν))², without bias: counts [μ][ν] of independent
/// samples are a U-statistic of it, so that the noise floor, of about 1/(q² samples), is not there on
/// average. May be below 0. NaN for fewer than four samples.
double mean_square_correlation(std::span<const std::uint64_t> counts, std::size_t symbols,
                               std::uint64_t samples);

/// What that estimate is made of where the two symbols are nearly independent: the estimated covariances
/// c = P(μ, ν) − P(μ) P(ν) have the covariance A ⊗ B, A = diag P − P Pᵀ of the one and B of the other, and |c|²/q² is
/// about `variance` times a χ² of `freedom` = (tr A tr B)²/(tr A² tr B²) degrees of freedom (Satterthwaite).
struct PairNoise {
  double variance, freedom;
};
PairNoise pair_noise(std::span<const std::uint64_t> counts, std::size_t symbols, std::uint64_t samples);

}  // namespace leafcast::analysis
