#include <cmath>

#include "analysis/fit/laws/forms.h"
#include "analysis/fit/laws/languages.h"
#include "analysis/fit/laws/registry.h"

namespace leafcast::analysis {

namespace {

/// Leaves that the window of a k-gram shows: of d leaves and their mark, d are leaves.
double leaves_in_context(const Cell& cell) {
  const auto& kgram = std::get<KgramGenerator>(cell.generator());
  const double d = cell.language().d, k = static_cast<double>(kgram.context);
  return kgram.unit == ContextUnit::leaves ? k : k * d / (d + 1);
}

std::optional<Abscissa> log_context(const Cell& cell) {
  const auto* kgram = std::get_if<KgramGenerator>(&cell.generator());
  if (!kgram || kgram->context < 1) return {};
  const double levels = std::log(static_cast<double>(kgram->context)) / std::log(cell.language().d);
  return Abscissa{levels, cell.language().height - levels};
}

/// A level or more of context, and two levels above it, as of blocks: beyond, the variance saturates at that of the language.
bool is_between_its_ends(const Cell& cell) {
  const double leaves = leaves_in_context(cell), d = cell.language().d;
  return leaves >= d && leaves * d * d <= static_cast<double>(cell.language().leaves());
}

}  // namespace

Law variance_kgram() {
  return {
      .name = "variance-kgram",
      .formula = "log(Var S/n) = slope·log_d k + intercept",
      .source = "GKMSS Theorem 3.1, with w = log_d k",
      .domain = "dλ² > 1, d ≤ k ≤ n/d² leaves",
      .x_name = "log_d k",
      .y_name = "log(Var S/n)",
      .series = AcrossCells{"variance", {"generator.context", "seed"}, log_context, is_between_its_ends},
      .scale = log_of,
      .why_no_law = above_kesten_stigum,
      .form = line("log_d k"),
      .corrected = corrected_by_block_number("log_d k", "k/n"),
      .rivals = {constant(), power("log_d k")},
      .predict =
          [](const Series& series) { return predicted_line(std::log(growth(*series.points.front().cell))); },
      .correction = {},
  };
}

}  // namespace leafcast::analysis
