#pragma once
#include <optional>
#include <string>

#include "analysis/fit/law.h"
#include "analysis/fit/laws/series.h"

/// What laws ask of languages and writers.
namespace leafcast::analysis {

double growth(const Cell& cell);  ///< dλ²: signal beats noise iff above 1 (Kesten–Stigum)

/// w of a block writer, m of a reasoning writer: the height of what is remembered.
std::optional<int> context_depth(const Cell& cell);
/// Whether a writer of bounded memory has w ≥ least_depth and h−w ≥ least_above.
bool in_window(const Cell& cell, int least_depth, int least_above);

/// Levels above the context from which on the kurtosis is asymptotic. A few blocks are not many: for Ising
/// with d = 3, ρ = 0.9, the logarithm of its exact size falls by 0.70, 1.04, 1.095 and then by 1.099 = log 3
/// a level, beginning with the step from two levels to three.
inline constexpr int kLeastAboveForKurtosis = 4;

std::optional<Abscissa> by_depth(const Cell& cell);         ///< x = w, distance h−w
std::optional<Abscissa> by_levels_above(const Cell& cell);  ///< x = h−w, distance too
std::optional<Abscissa> by_height(const Cell& cell);        ///< x = h of a bounded writer, distance h−w

/// Slope sign·log d: what is proportional to the number of blocks, d^{h−w} (sign 1), or its inverse (−1).
Prediction predicted_by_block_number(const Series& series, int sign);

std::string anywhere(const Series&);
std::string above_kesten_stigum(const Series& series);

/// q−1 + …: Var S/n of the language itself at height w, q symbols (MATH.md §6):
///   V_w = (q−1)·(1 + ((d−1)/d) Σ_{j=1}^{w} (dλ²)^j).
double true_variance(const Cell& cell, int w);
/// P(root frozen) as h → ∞: p_{h+1} = Σ_j (−1)^j C(q−1, j) (1 − j p_h/(q−1))^d, p_0 = 1 (MATH.md §6).
double frozen_limit(const Language& language);
/// One step of that recursion.
double next_frozen(const Language& language, double p);

/// slope·x + intercept + log(1 + c·d^{−distance}): what is left of few blocks, or few levels, is of the
/// order of their inverse number.
std::function<std::optional<Form>(const Series&)> corrected_by_block_number(const std::string& x_name,
                                                                            const std::string& term);

}  // namespace leafcast::analysis
