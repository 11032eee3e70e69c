#include "analysis/estimate/rare_events.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <variant>

namespace leafcast::analysis {

namespace {

constexpr double kSumEvents = 5, kShapeEvents = 30, kStepEvents = 10;
constexpr double kCommon = 0.2;  // a symbol's share from which it is not rare

enum class Lives { elsewhere, on_sums, on_shapes, on_steps };

Lives what(const Statistic& statistic) {
  const std::string_view base = statistic.base;
  if (statistic.kind == Statistic::Kind::bound || statistic.scale == Scale::rate) return Lives::elsewhere;
  if (base == "skewness" || base == "excess_kurtosis" || base == "binder") return Lives::on_shapes;
  if (base == "variance" || base == "correlation") return Lives::on_sums;
  if (base.starts_with("domain_walls") || base.starts_with("kl_divergence") ||
      base.ends_with("entropy_rate") || base == "cross_entropy" || base == "sentence_cross_entropy" ||
      base == "own_entropy" || base == "reverse_cross_entropy")
    return Lives::on_steps;
  return Lives::elsewhere;
}

}  // namespace

RareEvents::RareEvents(const Cell& cell)
    : d_(cell.language().d),
      height_(cell.language().height),
      levels_(cell.traits().levels.value_or(height_)) {
  const bool is_of_sentences = !std::holds_alternative<LearnerGenerator>(cell.generator());
  const auto* family = std::get_if<Channel>(&cell.language().family);
  if (!family || !is_of_sentences) return;
  const Channel& channel = *family;
  const Eigen::VectorXd& law = channel.stationary();
  for (int a = 0; a < channel.q(); ++a) departures_ += law[a] * (1 - channel.kernel().row(a).maxCoeff());
  const double observed = law[cell.observe().symbol];
  symbols_ = std::min(observed, 1 - observed);
}

double RareEvents::subtrees(int height) const {
  const double within = std::min<double>(height < 0 ? height_ : height, levels_);
  return std::pow(d_, height_ - within);
}

bool RareEvents::are_seen(const Statistic& statistic, std::uint64_t sentences) const {
  const Lives lives = what(statistic);
  if (lives == Lives::elsewhere || !depart()) return true;
  const auto count = static_cast<double>(sentences);
  if (lives == Lives::on_steps) {
    const double steps = std::pow(d_, height_ - std::max(statistic.height, 0));
    return count * steps * departures_ >= kStepEvents;
  }
  const double enough = lives == Lives::on_shapes ? kShapeEvents : kSumEvents;
  const double independent = count * subtrees(statistic.height);
  const bool is_common = symbols_ > kCommon || independent * symbols_ >= 10 * enough;
  return independent * d_ * departures_ >= enough && is_common;
}

}  // namespace leafcast::analysis
