#pragma once
#include "engine/observe/wide_int.h"

namespace leafcast {

/// Weights of splitting runs are whole multiples of 2^{-448}: a run's is rounded down at each step, so rates
/// above 1e-125 have ten digits. Sums of 2^53 particles of weight 1 take 501 bits.
inline constexpr int kWeightBits = 448;
inline constexpr int kFewSurvivors = 5;

namespace fields {
extern const Field runs;
extern const Field extinct_runs;  ///< runs of which no particle survived: p = 0
extern const Field
    thin_runs;  ///< runs that fewer than kFewSurvivors particles survived at some leaf, or none
extern const Field valid_weight;  ///< Σ n p, in units of 2^{-kWeightBits}, as the next two
extern const Field
    free_weight;  ///< Σ n p · (fraction of the last survivors whose root has two or more colors)
extern const Field squared_weight;  ///< Σ n p²
}  // namespace fields

/// Sums over splitting runs (MATH.md §9). A run of n particles whose surviving fractions multiply to p has
/// the weight n·p, so p averaged over particles is valid/samples.
extern const Observable kSplitting;

}  // namespace leafcast
