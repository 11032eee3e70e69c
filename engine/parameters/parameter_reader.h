#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/parameters/parameters.h"

namespace leafcast {

/// Reads the keys of one cell: checks each value and keeps its canonical text. `what` completes the sentence
/// of an error: "a correlation" gives "a correlation lies in [0, 1]". All functions throw CellError.
class ParameterReader {
 public:
  explicit ParameterReader(const Parameters& given) : given_(given) {}

  bool has(const std::string& key) const { return given_.contains(key); }
  /// A whole number from least to most.
  std::uint64_t read_whole(const std::string& key, std::string_view what, std::uint64_t least,
                           std::uint64_t most, std::optional<std::uint64_t> fallback = {});
  /// A finite real number; the caller checks its range.
  double read_real(const std::string& key, std::string_view what);
  /// One of the choices, by its index. The first is the default.
  int read_choice(const std::string& key, const std::vector<std::string>& choices);
  /// on or off.
  bool read_switch(const std::string& key, bool fallback);
  /// The text as it stands; the caller checks it and may replace it by its canonical form.
  std::string read_text(const std::string& key, std::string_view what);
  void replace(const std::string& key, const std::string& canonical) { canonical_[key] = canonical; }
  /// Leaves a key that was read out of the canonical ones.
  void drop(const std::string& key) {
    canonical_.erase(key);
    dropped_.insert(key);
  }

  CellError error(const std::string& key, std::string reason, bool impossible_combination = false) const;
  /// The keys given that nobody has read.
  std::vector<std::string> unread() const;
  /// The keys read, with their canonical values.
  const Parameters& canonical() const { return canonical_; }

 private:
  const std::string* find(const std::string& key) const;
  [[noreturn]] void refuse_missing(const std::string& key, std::string_view what) const;

  const Parameters& given_;
  Parameters canonical_;
  std::set<std::string> dropped_;
};

}  // namespace leafcast
