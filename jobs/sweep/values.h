#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "jobs/sweep/sweep.h"

namespace leafcast::jobs {

/// A number that may speak of the tree's height: 12, height, height-1, 2^4, 3^height.
struct Bound {
  std::uint64_t base = 0;    ///< 0: the value is the index itself; else base^index
  bool of_height = false;    ///< the index is height + offset
  std::int64_t offset = 0;   ///< …
  std::uint64_t number = 0;  ///< the index otherwise
};

/// first..last:step. Between powers of one base it is the exponent that steps. Or first..last:*factor: as many numbers
/// at equal ratios as are needed so that none is above the factor but for rounding, each once, both ends among them.
struct WholeRange {
  Bound first, last;
  std::uint64_t step = 1;
  double factor = 0;  ///< 0: by steps
};

/// The value of a setting: a list of words and numbers and, if they speak of the height, ranges still to be
/// expanded.
class ValueList {
 public:
  /// Reads the value by the form of its key. Throws UsageError with the setting's place.
  explicit ValueList(const Setting& setting);

  /// Whether the cells of a sweep differ in it: a list or a range, not one plain value.
  bool is_swept() const { return swept_; }
  bool speaks_of_height() const;
  /// All values for a tree of this height, in the order written. A range that is empty at this height
  /// (5..height) gives none; throws UsageError for it if `height_alone`, the only height of the sweep.
  std::vector<std::string> expand(std::uint64_t height, bool height_alone) const;

  const Setting& setting() const { return setting_; }

 private:
  using Item = std::variant<std::string, WholeRange>;
  void add(std::vector<std::string> values);
  void add_word(const std::string& word);
  void add_whole(const std::string& item, bool may_speak_of_height);
  void add_real_range(const std::string& item);
  void append_range(const WholeRange& range, std::uint64_t height, bool refuse_empty,
                    std::vector<std::string>& values) const;
  void append_ratios(std::uint64_t first, std::uint64_t last, double factor,
                     std::vector<std::string>& values) const;

  Setting setting_;
  std::vector<Item> items_;
  bool swept_ = false;
};

}  // namespace leafcast::jobs
