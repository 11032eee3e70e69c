#include "analysis/estimate/errors.h"

#include <algorithm>
#include <cmath>

#include "analysis/estimate/jackknife.h"

namespace leafcast::analysis {

namespace {

constexpr std::size_t kFewestBins = 8;

/// Var(m₄/m₂²) times the number of values, of a law with m₄/m₂² = β that theory knows: two Gaussians side by side
/// (β ≤ 3), or one of random width (β ≥ 3: a gamma law's). With m₂ = 1 it is m₈ − 4βm₆ + 4β³ − β².
double variance_of_kurtosis(double beta) {
  double m6, m8;
  if (beta <= 3) {
    const double u = std::sqrt(std::clamp((3 - beta) / 2, 0.0, 1.0)), s = 1 - u;  // between, within
    m6 = u * u * u + 15 * u * u * s + 45 * u * s * s + 15 * s * s * s;
    m8 = u * u * u * u + 28 * u * u * u * s + 210 * u * u * s * s + 420 * u * s * s * s + 105 * s * s * s * s;
  } else {
    const double i = beta / 3 - 1;
    m6 = 15 * (1 + i) * (1 + 2 * i);
    m8 = m6 * 7 * (1 + 3 * i);
  }
  return std::max(0.0, m8 - 4 * beta * m6 + 4 * beta * beta * beta - beta * beta);
}

/// Of β = m₄/m₂², by the jackknife of 1/β. Few values have not seen their law's tails, and the fewer the more unlike
/// the leave-one-outs are: the more so, the more an independent sample of a known law counts, if its error is larger.
double error_of_kurtosis(double beta, std::span<const double> beta_without, double values) {
  constexpr double kDoubt = 5;  // kurtosis above a Gaussian's at which both count alike
  std::vector<double> inverse;
  for (const double b : beta_without) inverse.push_back(1 / b);
  const Jackknife jackknife(inverse);
  const double squares = jackknife.error * jackknife.error;
  const double known = variance_of_kurtosis(beta) / (values * beta * beta * beta * beta);
  const double doubt = std::max(0.0, jackknife.kurtosis - 3);
  const double moderated = squares + doubt / (doubt + kDoubt) * std::max(0.0, known - squares);
  return std::sqrt(moderated) * beta * beta;
}

double fewest_values(const Statistic& statistic) {
  const bool two_peaks = (statistic.scale == Scale::kurtosis && statistic.value <= -1) ||
                         (statistic.scale == Scale::binder && statistic.value >= 1.0 / 3);
  return two_peaks ? kTwoPeakedValues : kShapeValues;
}

double error_of_shape(const Statistic& statistic, std::span<const double> without_bin) {
  if (statistic.scale == Scale::linear) {
    const Jackknife jackknife(without_bin);
    return jackknife.error * widening(jackknife.kurtosis, without_bin.size());
  }
  const auto beta = [&](double value) {
    return statistic.scale == Scale::kurtosis ? value + 3 : 3 * (1 - value);
  };
  std::vector<double> of_rest;
  for (const double value : without_bin) of_rest.push_back(beta(value));
  const double error = error_of_kurtosis(beta(statistic.value), of_rest, statistic.trials);
  return statistic.scale == Scale::kurtosis ? error : error / 3;
}

/// 1/(independent trials) of a rate p: their spread p(1−p)/n is the jackknife's, but never less than if all that was
/// counted were independent, nor more than if all of a sentence were one.
double noise_of_rate(const Statistic& statistic, double plain, const Sampling& sampling) {
  const double p = statistic.value, sentences = static_cast<double>(statistic.counted);
  const double groups = sentences * sampling.independent_share;
  const double least = 1 / std::max(statistic.trials > 0 ? statistic.trials : sentences, groups);
  const double most =
      statistic.trials > 0 ? std::max(least, 1 / std::min(groups, statistic.trials)) : 1 / groups;
  if (p <= 0 || p >= 1) return most;
  const double seen = plain * plain / (p * (1 - p));
  return sampling.by_blocks ? std::max(least, seen) : std::clamp(seen, least, most);
}

/// √(p̃(1−p̃)/(n+1)) with p̃ = (pn + ½)/(n + 1): of a rate of 0 or 1 too.
double error_of_rate(double rate, double trials) {
  const double p = (rate * trials + 0.5) / (trials + 1);
  return std::sqrt(p * (1 - p) / (trials + 1));
}

/// Of an average that has an error although it never varied, of sentences that had something, or of runs.
double error_of_counted(const Statistic& statistic, std::span<const double> without_bin, double plain,
                        const Sampling& sampling) {
  const auto counted = static_cast<double>(statistic.counted);
  const bool is_chosen = statistic.kind == Statistic::Kind::optional;
  if (plain == 0 && statistic.precision == 0) return error_of_rate(0, counted);
  if (is_chosen && !(counted * sampling.independent_share >= kChosenSentences)) return kUnknown;
  return plain * widening(Jackknife(without_bin).kurtosis, without_bin.size());
}

double signed_square(double root) { return root * std::abs(root); }

/// The jackknife's error of |c|² is 2|c|·(error of c along c): that tells the noise of a signal; where there is none,
/// it vanishes with c, and the counts tell.
void add_error_of_square(Estimate& estimate, const Statistic& statistic,
                         std::span<const double> without_bin) {
  constexpr double kSignal = 4;  // times the noise
  const bool is_root = statistic.scale == Scale::root;
  std::vector<double> squares(without_bin.begin(), without_bin.end());
  if (is_root) std::ranges::transform(squares, squares.begin(), signed_square);
  const double square = is_root ? signed_square(statistic.value) : statistic.value;
  estimate.freedom = statistic.freedom;
  estimate.noise = statistic.noise;
  if (!(statistic.noise > 0)) {
    estimate.error = jackknife_error(without_bin);
    return;
  }
  const double floor = statistic.freedom * statistic.noise;
  if (square > kSignal * floor) {
    const Jackknife jackknife(squares);
    const double error = jackknife.error * widening(jackknife.kurtosis, squares.size());
    estimate.noise = error * error / (4 * (square + floor));
  }
  const double error = std::sqrt(4 * estimate.noise * std::max(square, 0.0) +
                                 2 * estimate.freedom * estimate.noise * estimate.noise);
  const auto root = [](double s) { return std::copysign(std::sqrt(std::abs(s)), s); };
  // Half of the way to where two errors of the square end, on the side where that is longer: towards 0, where the root is steep.
  estimate.error =
      is_root ? std::max(root(square) - root(square - 2 * error), root(square + 2 * error) - root(square)) / 2
              : error;
}

}  // namespace

bool add_error(Estimate& estimate, const Statistic& statistic, std::span<const double> without_bin,
               const Sampling& sampling) {
  estimate.scale = statistic.scale;
  if (statistic.kind == Statistic::Kind::bound) {
    estimate.error = 0;
    return false;
  }
  const double plain = jackknife_error(without_bin);
  const bool varies = plain != 0;
  if (statistic.scale == Scale::rate) {
    if (std::isnan(plain) || std::isnan(statistic.value)) return varies;
    estimate.noise = noise_of_rate(statistic, plain, sampling);
    estimate.error = error_of_rate(statistic.value, 1 / estimate.noise);
    return varies;
  }
  if (without_bin.size() < kFewestBins) return varies;
  if (statistic.scale == Scale::square || statistic.scale == Scale::root) {
    if (statistic.trials >= kPairSamples) add_error_of_square(estimate, statistic, without_bin);
  } else if (statistic.trials > 0)
    estimate.error = statistic.trials < fewest_values(statistic) ? kUnknown
                     : varies                                    ? error_of_shape(statistic, without_bin)
                                                                 : 0;
  else if (statistic.counted > 0)
    estimate.error = error_of_counted(statistic, without_bin, plain, sampling);
  else
    estimate.error = varies ? plain * widening(Jackknife(without_bin).kurtosis, without_bin.size()) : 0;
  if (statistic.precision > 0) estimate.error = std::hypot(estimate.error, statistic.precision);
  return varies;
}

}  // namespace leafcast::analysis
