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

/// Calls use(a, b, …) for every row of a flat table, a block at a time: no more memory, however long the
/// table says it is.
template <class... Columns, class Use>
void for_each_row(const h5::Group& group, const std::array<const char*, sizeof...(Columns)>& names,
                  std::uint64_t most_rows, Use use) {
  constexpr hsize_t kBlock = 1 << 16;
  std::vector<h5::Dataset> sources;
  for (const char* name : names) sources.push_back(group.dataset(name));
  for (const h5::Dataset& source : sources)
    require(source.extent().size() == 1 && source.extent() == sources[0].extent(),
            "columns of unequal length");
  const hsize_t rows = sources[0].extent()[0];
  require(rows <= most_rows, "a table longer than its file can hold");
  for (hsize_t first = 0; first < rows; first += kBlock) {
    const hsize_t count = std::min(kBlock, rows - first);
    std::tuple<std::vector<Columns>...> block{std::vector<Columns>(count)...};
    std::apply(
        [&](auto&... column) {
          std::size_t i = 0;
          (sources[i++].read_rows(first, count, std::span(column)), ...);
          for (hsize_t row = 0; row < count; ++row) use(column[row]...);
        },
        block);
  }
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
