#include "tests/streams/randomness.h"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <cmath>
#include <utility>
#include <vector>

namespace leafcast::streams {
namespace {

double upper_tail(double chi_squared, double degrees) {
  return cdf(complement(boost::math::chi_squared(degrees), chi_squared));
}

/// Σ (observed − expected)² / expected.
double chi_squared(const std::vector<double>& observed, const std::vector<double>& probability) {
  double total = 0, sum = 0;
  for (const double count : observed) total += count;
  for (std::size_t i = 0; i < observed.size(); ++i) {
    const double expected = total * probability[i];
    sum += (observed[i] - expected) * (observed[i] - expected) / expected;
  }
  return sum;
}

/// Calls use(i, i + distance) for non-overlapping pairs.
template <class Use>
void for_pairs(Words32 words, std::size_t distance, Use use) {
  for (std::size_t first = 0; first + 2 * distance <= words.size(); first += 2 * distance)
    for (std::size_t i = first; i < first + distance; ++i) use(words[i], words[i + distance]);
}

/// P(weight of a word = k).
double weight_probability(int k) {
  return boost::math::pdf(boost::math::binomial(32, 0.5), static_cast<double>(k));
}

using Matrix = std::vector<std::uint32_t>;

std::size_t rank(Matrix rows, std::size_t n) {
  const std::size_t width = n / 32;
  std::size_t rank = 0;
  for (std::size_t column = 0; column < n; ++column) {
    const auto bit = [&](std::size_t row) { return rows[row * width + column / 32] >> column % 32 & 1; };
    std::size_t pivot = rank;
    while (pivot < n && !bit(pivot)) ++pivot;
    if (pivot == n) continue;
    std::swap_ranges(&rows[pivot * width], &rows[pivot * width] + width, &rows[rank * width]);
    for (std::size_t row = pivot + 1; row < n; ++row)
      if (bit(row))
        for (std::size_t k = column / 32; k < width; ++k) rows[row * width + k] ^= rows[rank * width + k];
    ++rank;
  }
  return rank;
}

/// P(rank = n − deficit): 2^{−deficit²} Π_{i<r} (1 − 2^{i−n})² / (1 − 2^{i−r}) for r = n − deficit.
double rank_probability(std::size_t n, int deficit) {
  const int r = static_cast<int>(n) - deficit;
  double probability = std::exp2(-deficit * deficit);
  for (int i = 0; i < r; ++i) {
    const double factor = 1 - std::exp2(i - static_cast<int>(n));
    probability *= factor * factor / (1 - std::exp2(i - r));
  }
  return probability;
}

}  // namespace

double bit_frequency(Words32 words) {
  std::array<std::uint32_t, 32> ones{};
  for (const std::uint32_t word : words)
    for (std::size_t bit = 0; bit < 32; ++bit) ones[bit] += word >> bit & 1;
  double sum = 0;
  const double half = static_cast<double>(words.size()) / 2;
  for (const std::uint32_t count : ones) sum += (count - half) * (count - half) / (half / 2);
  return upper_tail(sum, 32);
}

double serial_pairs(Words32 words, std::size_t distance) {
  std::vector<double> top(256), lowest(256);
  for_pairs(words, distance, [&](std::uint32_t a, std::uint32_t b) {
    ++top[(a >> 28) * 16 + (b >> 28)];
    ++lowest[a % 16 * 16 + b % 16];
  });
  const std::vector<double> uniform(256, 1.0 / 256);
  return upper_tail(chi_squared(top, uniform) + chi_squared(lowest, uniform), 2 * 255);
}

double xor_weight(Words32 words, std::size_t distance) {
  constexpr int low = 6, high = 26;  // weights beyond are rare, and counted as these
  std::vector<double> observed(high - low + 1), probability(high - low + 1);
  for_pairs(words, distance, [&](std::uint32_t a, std::uint32_t b) {
    ++observed[static_cast<std::size_t>(std::clamp(std::popcount(a ^ b), low, high) - low)];
  });
  for (int k = 0; k <= 32; ++k)
    probability[static_cast<std::size_t>(std::clamp(k, low, high) - low)] += weight_probability(k);
  return upper_tail(chi_squared(observed, probability), high - low);
}

double weight_dependency(Words32 words, std::size_t distance) {
  constexpr std::size_t length = 5, cells = 243;
  const auto digit = [](int weight) { return std::size_t{weight >= 15} + std::size_t{weight > 17}; };
  std::array<double, 3> digits{};
  for (int k = 0; k <= 32; ++k) digits[digit(k)] += weight_probability(k);
  std::vector<double> observed(cells), probability(cells, 1);
  for (std::size_t cell = 0; cell < cells; ++cell)
    for (std::size_t rest = cell, k = 0; k < length; ++k, rest /= 3) probability[cell] *= digits[rest % 3];
  for (std::size_t first = 0; first + length * distance <= words.size(); first += length * distance)
    for (std::size_t i = first; i < first + distance; ++i) {
      std::size_t cell = 0;
      for (std::size_t k = 0; k < length; ++k)
        cell = 3 * cell + digit(std::popcount(words[i + k * distance]));
      ++observed[cell];
    }
  return upper_tail(chi_squared(observed, probability), cells - 1);
}

double birthday_spacings(Words32 words) {
  constexpr std::size_t birthdays = 4096;
  const double mean = 4.0 * static_cast<double>(words.size() / birthdays);  // n³ / 4 · 2^{−32} a year
  int coincidences = 0;
  for (std::size_t first = 0; first + birthdays <= words.size(); first += birthdays) {
    std::vector<std::uint32_t> days(&words[first], &words[first] + birthdays);
    std::sort(days.begin(), days.end());
    for (std::size_t i = 0; i + 1 < birthdays; ++i) days[i] = days[i + 1] - days[i];
    days.pop_back();
    std::sort(days.begin(), days.end());
    for (std::size_t i = 0; i + 1 < days.size(); ++i) coincidences += days[i] == days[i + 1];
  }
  if (coincidences == 0) return 1;
  return cdf(complement(boost::math::poisson(mean), coincidences - 1));
}

double matrix_rank(Words32 words, std::size_t n) {
  const std::size_t size = n * n / 32;
  std::vector<double> observed(3), probability = {rank_probability(n, 0), rank_probability(n, 1), 0};
  probability[2] = 1 - probability[0] - probability[1];
  for (std::size_t first = 0; first + size <= words.size(); first += size)
    ++observed[std::min<std::size_t>(n - rank(Matrix(&words[first], &words[first] + size), n), 2)];
  return upper_tail(chi_squared(observed, probability), 2);
}

}  // namespace leafcast::streams
