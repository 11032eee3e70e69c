#include "analysis/score/surprise.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace leafcast::analysis {

namespace {

constexpr double kMostHalvings = 20;
constexpr double kFold = 1e200;        // products of moments are at most so large; none is above q
constexpr double kAimedDeviation = 4;  // standard errors that the average over θ is made for
constexpr double kLeastWeight = 0.02;  // of θ that tell others

/// log Σ w e^x, weights that sum to 1.
double log_average(const std::vector<double>& weights, const std::vector<double>& logs) {
  const double most = std::ranges::max(logs);
  if (std::isinf(most)) return most;
  double sum = 0;
  for (std::size_t i = 0; i < logs.size(); ++i) sum += weights[i] * std::exp(logs[i] - most);
  return most + std::log(sum);
}

double bound(double log_evidence) { return std::min(1.0, std::exp(-log_evidence)); }

}  // namespace

Surprise::Surprise(double most_terms)
    : halvings_(1 + static_cast<std::size_t>(std::clamp(std::ceil(std::log2(std::max(most_terms, 1.0)) / 2),
                                                        0.0, kMostHalvings))) {
  term_.moments.resize(2 * halvings_);
}

const SurpriseTerm& Surprise::operator()(std::span<const double> law, std::size_t symbol) {
  double entropy = 0;
  for (const double p : law)
    if (p > 0) entropy -= p * std::log(p);
  term_.excess = -std::log(law[symbol]) - entropy;
  term_.variance = 0;
  std::ranges::fill(term_.moments, 0.0);
  const double least = std::ldexp(1.0, 1 - static_cast<int>(halvings_));
  for (const double p : law) {
    if (!(p > 0)) continue;
    const double excess = -std::log(p) - entropy;
    term_.variance += p * excess * excess;
    double up = std::exp(least * excess), down = 1 / up;
    for (std::size_t i = halvings_; i-- > 0; up *= up, down *= down) {  // squaring doubles θ
      term_.moments[i] += p * up;
      term_.moments[halvings_ + i] += p * down;
    }
  }
  return term_;
}

void SurpriseSum::add(const SurpriseTerm& term, std::span<const double> log_ratios) {
  ++terms_;
  excess_ += term.excess;
  variance_ += term.variance;
  for (std::size_t k = 0; k < log_ratios.size(); ++k) log_ratios_[k] += log_ratios[k];
  for (std::size_t i = 0; i < products_.size(); ++i) products_[i] *= term.moments[i];
  // K is convex and 0 at 0: the moments of θ = ±1 are the largest.
  if (products_.front() > kFold || products_[products_.size() / 2] > kFold)
    for (std::size_t i = 0; i < products_.size(); ++i) {
      logs_[i] += std::log(products_[i]);
      products_[i] = 1;
    }
}

double SurpriseSum::mean() const {
  return terms_ ? excess_ / static_cast<double>(terms_) : std::numeric_limits<double>::quiet_NaN();
}

double SurpriseSum::error() const {
  return terms_ ? std::sqrt(variance_) / static_cast<double>(terms_)
                : std::numeric_limits<double>::quiet_NaN();
}

double SurpriseSum::theta(std::size_t i) const {
  const std::size_t halvings = products_.size() / 2;
  return i < halvings ? std::ldexp(1.0, -static_cast<int>(i))
                      : -std::ldexp(1.0, static_cast<int>(halvings) - static_cast<int>(i));
}

double SurpriseSum::log_moment(std::size_t i) const { return logs_[i] + std::log(products_[i]); }

double SurpriseSum::log_evidence_of_writers() const {
  if (log_ratios_.empty()) return -std::numeric_limits<double>::infinity();
  return log_average(std::vector<double>(log_ratios_.size(), 1.0 / static_cast<double>(log_ratios_.size())),
                     log_ratios_);
}

double SurpriseSum::leaf_p_value() const {
  double least = 0;
  for (std::size_t i = 0; i < products_.size(); ++i)
    least = std::min(least, log_moment(i) - theta(i) * excess_);
  const double chernoff = std::min(1.0, 2 * std::exp(least));
  return log_ratios_.empty() ? chernoff
                             : std::min(1.0, 2 * std::min(chernoff, bound(log_evidence_of_writers())));
}

double SurpriseSum::martingale_p_value(double variance) const {
  std::vector<double> weights, evidence;
  double total = 0;
  for (std::size_t i = 0; i < products_.size(); ++i) {
    // A deviation of z standard errors is told best by θ = z/√variance; below one event by the largest θ.
    const double z = std::max(std::abs(theta(i)) * std::sqrt(std::max(variance, 0.0)), 1e-3);
    const double octaves = std::log2(z / kAimedDeviation);
    weights.push_back(std::exp(-octaves * octaves) + kLeastWeight);
    evidence.push_back(theta(i) * excess_ - log_moment(i));
    total += weights.back();
  }
  for (double& weight : weights) weight /= total;
  const double tilts = log_average(weights, evidence);
  return bound(log_ratios_.empty() ? tilts : log_average({0.5, 0.5}, {tilts, log_evidence_of_writers()}));
}

}  // namespace leafcast::analysis
