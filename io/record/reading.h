#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

#include "io/hdf5/hdf5.h"
#include "io/record/seal.h"

namespace leafcast::io {

inline void require(bool condition, const char* otherwise) {
  if (!condition) throw DamageError(fmt::format("damaged: {}", otherwise));
}

/// The columns of a flat table, which are of equal length. `most_rows`: that it can have.
template <std::size_t columns>
std::vector<h5::Dataset> open_columns(const h5::Group& group, const std::array<const char*, columns>& names,
                                      std::uint64_t most_rows) {
  std::vector<h5::Dataset> sources;
  for (const char* name : names) sources.push_back(group.dataset(name));
  for (const h5::Dataset& source : sources)
    require(source.extent().size() == 1 && source.extent() == sources[0].extent(),
            "columns of unequal length");
  require(sources[0].extent()[0] <= most_rows, "a table longer than its file can hold");
  return sources;
}

/// Calls use(a, b, …) for rows first … end − 1 of such columns, a block at a time: no more memory, however long the
/// table says it is.
template <class... Columns, class Use>
void for_each_row(std::span<const h5::Dataset> sources, hsize_t first, hsize_t end, Use use) {
  constexpr hsize_t kBlock = 1 << 16;
  while (first < end) {
    const hsize_t count = std::min(kBlock, end - first);
    std::tuple<std::vector<Columns>...> block{std::vector<Columns>(count)...};
    std::apply(
        [&](auto&... column) {
          std::size_t i = 0;
          (sources[i++].read_rows(first, count, std::span(column)), ...);
          for (hsize_t row = 0; row < count; ++row) use(column[row]...);
        },
        block);
    first += count;
  }
}
/// For all rows of a table.
template <class... Columns, class Use>
void for_each_row(const h5::Group& group, const std::array<const char*, sizeof...(Columns)>& names,
                  std::uint64_t most_rows, Use use) {
  const auto sources = open_columns(group, names, most_rows);
  for_each_row<Columns...>(std::span(sources), 0, sources[0].extent()[0], use);
}

inline h5::Dataset open_dataset(const h5::Group& group, const std::string& name, const h5::Extent& expected) {
  h5::Dataset dataset = group.dataset(name);
  require(dataset.extent() == expected, "a dataset's shape is not that of its dimensions");
  return dataset;
}

template <class T>
std::vector<T> read_all(const h5::Group& group, const std::string& name, const h5::Extent& expected) {
  const h5::Dataset dataset = open_dataset(group, name, expected);
  std::vector<T> values(expected[0] * dataset.row_size());
  dataset.read_rows(0, expected[0], std::span(values));
  return values;
}

}  // namespace leafcast::io
