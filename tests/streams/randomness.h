#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace leafcast::streams {

// Tests of randomness. Each returns P(statistic ≥ observed) for independent uniform words, by the asymptotic
// law of its statistic; a test fails at p near 0 (too far from the law) and near 1 (too close to it).
using Words32 = std::span<const std::uint32_t>;

/// Each of the 32 bits is 1 half of the time: χ² of 32 degrees.
double bit_frequency(Words32 words);
/// Words i and i + distance (non-overlapping pairs) are independent in their top and in their lowest four
/// bits: χ² over 2 · 256 cells, of 2 · 255 degrees.
double serial_pairs(Words32 words, std::size_t distance);
/// The exclusive or of words i and i + distance (non-overlapping pairs) has binomial(32, 1/2) ones: χ².
double xor_weight(Words32 words, std::size_t distance);
/// Hamming weights of words i, i + distance, …, 5 in number, each low (< 15), middle or high (> 17): χ² over
/// the 3^5 cells (a simple form of Blackman and Vigna's test of Hamming-weight dependencies, 2021).
double weight_dependency(Words32 words, std::size_t distance);
/// Among 4096 birthdays in a year of 2^32 days, coinciding spacings are Poisson with mean 4 (Marsaglia).
double birthday_spacings(Words32 words);
/// Ranks of binary matrices of size n × n, n a multiple of 32, rows of n/32 words: χ² over n, n − 1, n − 2
/// and less.
double matrix_rank(Words32 words, std::size_t n);

}  // namespace leafcast::streams
