#pragma once
#include <fmt/format.h>

#include <compare>
#include <string>
#include <string_view>

namespace leafcast {

/// The name of a statistic: "variance", "valid_rate@3" (@j: subtrees of height j). Takes the room of a pointer, since a
/// large sweep has millions and few are different: each text is kept once, for ever.
class StatisticName {
 public:
  StatisticName() : StatisticName(std::string_view()) {}
  StatisticName(std::string_view text) : text_(kept(text)) {}
  StatisticName(const std::string& text) : StatisticName(std::string_view(text)) {}
  StatisticName(const char* text) : StatisticName(std::string_view(text)) {}

  const std::string& text() const { return *text_; }
  operator const std::string&() const { return *text_; }
  std::size_t find(std::string_view part) const { return text_->find(part); }
  bool starts_with(std::string_view part) const { return text_->starts_with(part); }

  friend bool operator==(StatisticName a, StatisticName b) { return a.text_ == b.text_; }
  friend bool operator==(StatisticName a, std::string_view b) { return *a.text_ == b; }
  friend bool operator==(StatisticName a, const std::string& b) { return *a.text_ == b; }
  friend bool operator==(StatisticName a, const char* b) { return *a.text_ == b; }
  /// Some order, the same within a process.
  friend std::strong_ordering operator<=>(StatisticName a, StatisticName b) {
    return std::compare_three_way()(a.text_, b.text_);
  }

 private:
  static const std::string* kept(std::string_view text);
  const std::string* text_;
};

}  // namespace leafcast

template <>
struct fmt::formatter<leafcast::StatisticName> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(leafcast::StatisticName name, Context& context) const {
    return fmt::formatter<std::string_view>::format(name.text(), context);
  }
};
