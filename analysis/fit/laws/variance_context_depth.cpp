#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "analysis/fit/laws/forms.h"
#include "analysis/fit/laws/languages.h"
#include "analysis/fit/laws/registry.h"

namespace leafcast::analysis {

namespace {

/// c = Σ_j P(j) λ^{2j} over the LCA heights j = 1…B of consecutive blocks.
double neighbour_correlation(const Cell& cell, LcaLaw lca, int levels) {
  const double d = cell.language().d, lambda = cell.language().lambda();
  double c = 0;
  for (int j = 1; j <= levels; ++j) c += (d - 1) * std::pow(d, -j) * std::pow(lambda, 2 * j);
  return lca == LcaLaw::sampled ? c / (1 - std::pow(d, -levels)) : c;
}

/// Var S/n = V_w + 2(q−1)(dλ²)^w Σ_{t=1}^{N−1} (1 − t/N) c^t r^{t−1}, N = d^{h−w}; r = 1 if the writer
/// remembers the block's root, else how well it knows it (q_w of MATH.md §6).
double block_variance(const Cell& cell, LcaLaw lca, int w, double r) {
  const int levels = cell.language().height - w;
  const double c = neighbour_correlation(cell, lca, levels), x = c * r,
               blocks = std::pow(cell.language().d, levels);
  const double sum = x / (1 - x) - x * (1 - std::pow(x, blocks)) / (blocks * (1 - x) * (1 - x));
  return true_variance(cell, w) + 2 * (cell.language().symbols() - 1) * std::pow(growth(cell), w) * sum / r;
}

/// r from the exact variance of the group's deepest cell for which there is one.
std::optional<std::pair<double, int>> knowledge_of_root(const Series& series, LcaLaw lca) {
  const LawPoint* deepest = nullptr;
  for (const LawPoint& p : series.points)
    if (!std::isnan(p.exact) && *context_depth(*p.cell) < p.cell->language().height)
      if (!deepest || *context_depth(*p.cell) > *context_depth(*deepest->cell)) deepest = &p;
  if (!deepest) return {};
  const int w = *context_depth(*deepest->cell);
  double low = 1e-9, high = 1;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (block_variance(*deepest->cell, lca, w, middle) < deepest->exact ? low : high) = middle;
  }
  return std::pair(low, w);
}

/// The constant: MATH.md §6, c at B → ∞.
Prediction predict_variance_context_depth(const Series& series) {
  const Cell& cell = *series.points.front().cell;
  Prediction prediction = predicted_line(std::log(growth(cell)));
  if (!cell.language().is_uniform()) return prediction;
  LcaLaw lca = LcaLaw::sampled;
  bool knows_root = false;
  if (const auto* block = std::get_if<BlockGenerator>(&cell.generator())) {
    lca = block->lca;
    knows_root = block->memory == BlockMemory::root;
  } else {
    knows_root = std::get<ReasoningGenerator>(cell.generator()).encoding == Encoding::path;
  }
  if (lca == LcaLaw::fixed) return prediction;
  double r = 1;
  if (!knows_root) {
    const auto known = knowledge_of_root(series, lca);
    if (!known) return prediction;
    r = known->first;
    prediction.assumption = fmt::format(
        "predicted intercept with q_∞ ≈ {:.4f}, from the exact variance at depth {}", r, known->second);
  }
  const double d = cell.language().d, lambda2 = growth(cell) / d;
  const double c = (d - 1) * lambda2 / (d - lambda2);
  prediction.coefficients[1] =
      std::log((cell.language().symbols() - 1) *
               ((1 - 1 / d) * growth(cell) / (growth(cell) - 1) + 2 * c / (1 - c * r)));
  return prediction;
}

}  // namespace

Law variance_context_depth() {
  return {
      .name = "variance-context-depth",
      .formula = "log(Var S/n) = slope·w + intercept",
      .source = "GKMSS Theorem 3.1; constant: MATH.md §6 (derived)",
      .domain = "dλ² > 1, w ≥ 1 and h−w ≥ 2",
      .x_name = "w",
      .y_name = "log(Var S/n)",
      .series = AcrossCells{"variance",
                            {"generator.context-depth", "generator.memory-depth", "seed"},
                            by_depth,
                            [](const Cell& cell) { return in_window(cell, 1, 2); }},
      .scale = log_of,
      .why_no_law = above_kesten_stigum,
      .form = line("w"),
      .corrected = corrected_by_block_number("w", "d^−(h−w)"),
      .rivals = {constant(), power("w")},
      .predict = predict_variance_context_depth,
      .correction = {},
  };
}

}  // namespace leafcast::analysis
