#include "analysis/fit/laws/languages.h"

#include <fmt/format.h>

#include <cmath>

#include "analysis/fit/laws/forms.h"
#include "analysis/text/number_text.h"

namespace leafcast::analysis {

double growth(const Cell& cell) {
  const double lambda = cell.language().lambda();
  return cell.language().d * lambda * lambda;
}

std::optional<int> context_depth(const Cell& cell) {
  const GeneratorTraits traits = cell.traits();
  if (traits.walk == Walk::kgram || !traits.levels) return {};
  return static_cast<int>(*traits.levels);
}

bool in_window(const Cell& cell, int least_depth, int least_above) {
  const int w = context_depth(cell).value();
  return w >= least_depth && cell.language().height - w >= least_above;
}

std::optional<Abscissa> by_depth(const Cell& cell) {
  const auto w = context_depth(cell);
  if (!w) return {};
  return Abscissa{*w * 1.0, cell.language().height - *w * 1.0};
}

std::optional<Abscissa> by_levels_above(const Cell& cell) {
  const auto w = context_depth(cell);
  if (!w) return {};
  const double above = cell.language().height - *w;
  return Abscissa{above, above};
}

std::optional<Abscissa> by_height(const Cell& cell) {
  const auto w = context_depth(cell);
  if (!w) return {};
  const double h = cell.language().height;
  return Abscissa{h, h - *w};
}

Prediction predicted_by_block_number(const Series& series, int sign) {
  return predicted_line(sign * std::log(series.points.front().cell->language().d));
}

std::string anywhere(const Series&) { return ""; }

std::string above_kesten_stigum(const Series& series) {
  const double g = growth(*series.points.front().cell);
  if (g > 1) return "";
  return fmt::format("dλ² = {} does not exceed 1 (Kesten–Stigum): the law is about languages above it",
                     number_text(g));
}

double true_variance(const Cell& cell, int w) {
  const double d = cell.language().d;
  double sum = 0, power = 1;
  for (int j = 1; j <= w; ++j) sum += power *= growth(cell);
  return (cell.language().symbols() - 1) * (1 + (d - 1) / d * sum);
}

double next_frozen(const Language& language, double p) {
  const int colors = language.symbols() - 1;
  double next = 0, binomial = 1;
  for (int j = 0; j <= colors; ++j) {
    next += (j % 2 == 0 ? 1 : -1) * binomial * std::pow(1 - j * p / colors, language.d);
    binomial *= static_cast<double>(colors - j) / (j + 1);
  }
  return next;
}

double frozen_limit(const Language& language) {
  double p = 1;
  for (int h = 0; h < 100'000; ++h) {
    const double next = next_frozen(language, p);
    if (std::abs(next - p) < 1e-15) break;
    p = next;
  }
  return p > 0.1 ? p : 0;  // it is nothing or large: the transition is discontinuous
}

std::function<std::optional<Form>(const Series&)> corrected_by_block_number(const std::string& x_name,
                                                                            const std::string& term) {
  return [=](const Series& series) {
    return corrected_line(x_name, term, std::log(series.points.front().cell->language().d));
  };
}

}  // namespace leafcast::analysis
