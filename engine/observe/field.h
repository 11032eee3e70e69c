#pragma once
#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

namespace leafcast {

class Cell;

/// Labels of one dimension of a table that a cell has of its own.
struct FieldAxis {
  const char* name;
  std::variant<std::vector<std::int32_t>, std::vector<std::int64_t>> labels;
  std::size_t size() const {
    return std::visit([](const auto& list) { return list.size(); }, labels);
  }
};

/// Entries of a field that a cell tallies, by index: first … first + count − 1. Of fields by height the index
/// is the height of the subtree's root (h: the sentence), of tables the row-major place.
struct Entries {
  int first = 0;
  std::size_t count = 1;
};

/// One exact sum, or an array of them, over the samples of a chunk, a jackknife bin or a cell.
struct Field {
  /// How an entry lies in memory and in files (io/FORMAT.md).
  enum class Form {
    count,  ///< below 2^64: one limb; in files a 64-bit number
    sum,    ///< of either sign: two's complement; in files 6 limbs, below 2^383
    weight  ///< not negative: in files 8 limbs (splitting.h)
  };
  enum class Shape { scalar, by_height, table };
  enum class Merge { sum, maximum };

  const char* name;  ///< of the dataset in files
  Form form = Form::count;
  Shape shape = Shape::scalar;
  Merge merge = Merge::sum;
  /// nullptr: a scalar.
  Entries (*entries)(const Cell&) = nullptr;
  /// log2 of the most that |entry| can be over all samples of the cell; nullptr for counts. It decides how
  /// many 64-bit limbs an entry has in memory.
  double (*bits)(const Cell&, int index) = nullptr;
  /// Dimensions of a table.
  std::vector<FieldAxis> (*axes)(const Cell&) = nullptr;
};

/// log2 of the samples that a cell has, or of 2^20 if it has fewer: room for those of a test.
double sample_bits(const Cell& cell);
/// Entries of a field that has one for every height 0 … h.
Entries all_heights(const Cell& cell);

}  // namespace leafcast
