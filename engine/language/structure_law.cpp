#include "engine/language/structure_law.h"

#include <algorithm>
#include <cmath>

namespace leafcast {

StructureLaw::StructureLaw(int d, int height, std::int64_t context)
    : d_(d),
      height_(height),
      context_(context),
      in_window_(static_cast<std::size_t>(height) + 1),
      since_(static_cast<std::size_t>(height) + 1) {
  begin();
}

void StructureLaw::begin() {
  marks_.clear();
  std::ranges::fill(in_window_, 0);
  token_ = 0;
  observe(height_);
}

void StructureLaw::observe(int level) {
  ++token_;
  if (level == 0) {
    ++leaves_;
  } else {
    leaves_ = 0;
    std::fill(since_.begin(), since_.begin() + level, 0);
    ++since_[level];
    ++in_window_[level];
    marks_.push_back({token_, level});
  }
  while (!marks_.empty() && marks_.front().token <= token_ - context_) {
    --in_window_[marks_.front().level];
    marks_.pop_front();
  }
}

int StructureLaw::highest() const {
  int level = height_;
  while (level > 0 && in_window_[level] == 0) --level;
  return level;
}

double StructureLaw::probability(int level) const {
  const int m = highest();
  if (m == 0) {
    const auto left = static_cast<double>(d_ - std::min(leaves_, context_));
    if (left < 0) return 0;
    if (level == 0) return left / (left + 1);
    const double mark = 1 / (left + 1);
    return level == height_ ? mark * std::pow(d_, -(height_ - 1))
                            : mark * (1 - 1.0 / d_) * std::pow(d_, -(level - 1));
  }
  if (leaves_ < d_) return level == 0 ? 1 : 0;
  if (leaves_ > d_ || level == 0) return 0;
  for (int j = 1; j < m; ++j) {
    if (since_[j] < d_ - 1) return level == j ? 1 : 0;
    if (since_[j] > d_ - 1) return 0;
  }
  if (m == height_) return level == height_ ? 1 : 0;
  const auto left = static_cast<double>(d_ - in_window_[m]);
  if (left < 1 || level < m) return 0;
  if (level == m) return 1 - 1 / left;
  return level == height_ ? std::pow(d_, -(height_ - 1 - m)) / left
                          : (1 - 1.0 / d_) * std::pow(d_, -(level - 1 - m)) / left;
}

}  // namespace leafcast
