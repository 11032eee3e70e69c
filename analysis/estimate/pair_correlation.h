#pragma once
#include <cstdint>
#include <span>

namespace leafcast::analysis {

/// The mean over all pairs of symbols of (P(μ, ν) − P(μ) P(ν))², without bias: counts [μ][ν] of independent
/// samples are a U-statistic of it, so that the noise floor, of about 1/(q² samples), is not there on
/// average. May be below 0. NaN for fewer than four samples.
double mean_square_correlation(std::span<const std::uint64_t> counts, std::size_t symbols,
                               std::uint64_t samples);

}  // namespace leafcast::analysis
