#include "analysis/estimate/pair_correlation.h"

#include <vector>

#include "engine/observe/estimate.h"

namespace leafcast::analysis {

// Σ P² from pairs of samples that agree in both symbols, Σ P_{μν} P_μ Q_ν from triples, Σ P_μ² Σ Q_ν² from
// quadruples, all of distinct samples. Quadruples that share a sample are triples or pairs.
double mean_square_correlation(std::span<const std::uint64_t> counts, std::size_t symbols,
                               std::uint64_t samples) {
  if (samples < 4) return kUnknown;
  using Real = long double;  // what is left of three large terms is small
  std::vector<Real> row(symbols), column(symbols);
  for (std::size_t a = 0; a < symbols; ++a)
    for (std::size_t b = 0; b < symbols; ++b) {
      const auto n = static_cast<Real>(counts[a * symbols + b]);
      row[a] += n;
      column[b] += n;
    }
  Real pairs = 0, triples = 0, rows = 0, columns = 0;
  for (std::size_t a = 0; a < symbols; ++a) {
    rows += row[a] * (row[a] - 1);
    columns += column[a] * (column[a] - 1);
    for (std::size_t b = 0; b < symbols; ++b) {
      const auto n = static_cast<Real>(counts[a * symbols + b]);
      if (n == 0) continue;
      pairs += n * (n - 1);
      triples += n * ((row[a] - 1) * (column[b] - 1) - (n - 1));
    }
  }
  const Real quadruples = rows * columns - 4 * triples - 2 * pairs;
  const auto n = static_cast<Real>(samples);
  const Real sum = (pairs - 2 * triples / (n - 2) + quadruples / ((n - 2) * (n - 3))) / (n * (n - 1));
  return static_cast<double>(sum / static_cast<Real>(symbols * symbols));
}

PairNoise pair_noise(std::span<const std::uint64_t> counts, std::size_t symbols, std::uint64_t samples) {
  std::vector<double> row(symbols), column(symbols);
  for (std::size_t a = 0; a < symbols; ++a)
    for (std::size_t b = 0; b < symbols; ++b) {
      row[a] += static_cast<double>(counts[a * symbols + b]);
      column[b] += static_cast<double>(counts[a * symbols + b]);
    }
  const auto n = static_cast<double>(samples);
  // tr A = 1 − Σp²,  tr A² = Σp² − 2Σp³ + (Σp²)²
  const auto traces = [n](const std::vector<double>& count) {
    double squares = 0, cubes = 0;
    for (const double k : count) {
      const double p = k / n;
      squares += p * p;
      cubes += p * p * p;
    }
    return std::pair(1 - squares, squares - 2 * cubes + squares * squares);
  };
  const auto [trace_a, square_a] = traces(row);
  const auto [trace_b, square_b] = traces(column);
  const double trace = trace_a * trace_b, square = square_a * square_b;
  if (!(trace > 0) || !(square > 0)) return {0, 0};
  return {square / trace / n / static_cast<double>(symbols * symbols), trace * trace / square};
}

}  // namespace leafcast::analysis
