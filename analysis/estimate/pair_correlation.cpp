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

}  // namespace leafcast::analysis
