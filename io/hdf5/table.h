#pragma once
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "io/hdf5/hdf5.h"

namespace leafcast::io::h5 {

/// A table that is written row by row: a column a dataset, over an axis of running numbers. Tables of a few thousand rows
/// are laid down whole; longer ones grow, and take no more memory than that. Columns: numbers or std::string.
template <class... Columns>
class Table {
 public:
  Table(Group group, std::string axis, std::array<const char*, sizeof...(Columns)> names)
      : group_(std::move(group)), axis_name_(std::move(axis)), names_(names) {}

  void append(const Columns&... values) {
    each([](auto& rows, const auto& value) { rows.push_back(value); }, std::tie(values...));
    if (std::get<0>(rows_).size() == kMostRows) grow();
  }
  hsize_t rows() const { return written_ + std::get<0>(rows_).size(); }
  void finish() {
    if (axis_) return grow();
    const Axis axis = group_.make_numbered_axis(axis_name_, std::get<0>(rows_).size());
    std::size_t i = 0;
    std::apply([&](auto&... rows) { (group_.make_column(names_[i++], axis, rows), ...); }, rows_);
  }

 private:
  static constexpr std::size_t kMostRows = 1 << 14;

  template <class Use, class Values>
  void each(Use use, const Values& values) {
    [&]<std::size_t... i>(std::index_sequence<i...>) { (use(std::get<i>(rows_), std::get<i>(values)), ...); }
    (std::index_sequence_for<Columns...>());
  }
  void grow() {
    const std::size_t count = std::get<0>(rows_).size();
    if (count == 0) return;
    if (written_ + count > std::numeric_limits<std::int32_t>::max())
      throw Error("a table of more than 2^31 rows");
    if (!axis_) {
      axis_.emplace(group_.make_growing_axis(axis_name_));
      std::size_t i = 0;
      (growing_.push_back(group_.make_growing_column<Columns>(names_[i++], *axis_)), ...);
    }
    std::vector<std::int32_t> numbers(count);
    for (std::size_t i = 0; i < count; ++i) numbers[i] = static_cast<std::int32_t>(written_ + i);
    axis_->dataset.append(written_, numbers);
    std::size_t i = 0;
    std::apply([&](auto&... rows) { (growing_[i++].append(written_, rows), ...); }, rows_);
    std::apply([](auto&... rows) { (rows.clear(), ...); }, rows_);
    written_ += count;
  }

  Group group_;
  std::string axis_name_;
  std::array<const char*, sizeof...(Columns)> names_;
  std::tuple<std::vector<Columns>...> rows_;
  std::optional<Axis> axis_;
  std::vector<Dataset> growing_;
  hsize_t written_ = 0;
};

}  // namespace leafcast::io::h5
