#include "engine/language/structure_law.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>
#include <vector>

#include "engine/language/tree.h"

namespace structure_law_test {

using namespace leafcast;

namespace {

/// Levels of the tokens of the endless stream, one period from a begin mark on.
std::vector<int> period(int d, int height) {
  std::vector<int> stream = {height};
  LeafOdometer odometer(d, height);
  for (int carry = 0; odometer.leaf() < tree_power(d, height); carry = odometer.advance()) {
    if (carry > 0) stream.push_back(carry);
    stream.push_back(0);
  }
  return stream;
}

/// The definition: phases whose last k tokens are those seen, uniformly; where the begin mark is among them,
/// only what follows it counts.
std::map<int, double> by_phases(const std::vector<int>& stream, const std::vector<int>& window) {
  const auto size = static_cast<std::ptrdiff_t>(stream.size());
  std::map<int, double> counts;
  double all = 0;
  for (std::ptrdiff_t next = 0; next < size; ++next) {
    bool same = true;
    for (std::ptrdiff_t back = 1; same && back <= static_cast<std::ptrdiff_t>(window.size()); ++back)
      same = stream[static_cast<std::size_t>(((next - back) % size + size) % size)] ==
             window[window.size() - back];
    if (!same) continue;
    ++counts[stream[static_cast<std::size_t>(next)]];
    ++all;
  }
  for (auto& [level, count] : counts) count /= all;
  return counts;
}

std::vector<int> window_of(const std::vector<int>& written, std::int64_t k, int height) {
  std::size_t first = written.size() - std::min<std::size_t>(written.size(), static_cast<std::size_t>(k));
  for (std::size_t t = written.size(); t-- > first;)
    if (written[t] == height) first = t;
  return {written.begin() + static_cast<std::ptrdiff_t>(first), written.end()};
}

struct Shape {
  int d, height;
};
constexpr Shape kShapes[] = {{2, 1}, {2, 2}, {2, 4}, {3, 1}, {3, 2}, {3, 3}, {4, 2}};

}  // namespace

TEST_CASE("the next kind of token has the law of all positions that show the window") {
  for (const auto& [d, height] : kShapes) {
    const std::vector<int> stream = period(d, height);
    for (std::int64_t k = 0; k <= static_cast<std::int64_t>(stream.size()) + 1; ++k) {
      StructureLaw law(d, height, k);
      law.begin();
      std::vector<int> written = {height};
      for (std::size_t t = 1; t < 3 * stream.size(); ++t) {
        auto expected = by_phases(stream, window_of(written, k, height));
        for (int level = 0; level <= height; ++level) {
          INFO("d=" << d << " h=" << height << " k=" << k << " token " << t << " level " << level);
          CHECK(law.probability(level) == Approx(expected[level]).margin(1e-14));
        }
        written.push_back(stream[t % stream.size()]);
        law.observe(written.back());
      }
    }
  }
}

TEST_CASE("what the law itself writes, torn trees included, keeps the law of positions") {
  std::mt19937_64 random(3);
  int torn = 0;
  for (const auto& [d, height] : kShapes) {
    const std::vector<int> stream = period(d, height);
    for (std::int64_t k = 0; k <= static_cast<std::int64_t>(stream.size()); ++k) {
      StructureLaw law(d, height, k);
      law.begin();
      std::vector<int> written = {height};
      for (int t = 0; t < 60; ++t) {
        auto expected = by_phases(stream, window_of(written, k, height));
        double u = std::uniform_real_distribution<>()(random), sum = 0;
        int drawn = -1;
        for (int level = 0; level <= height; ++level) {
          const double p = law.probability(level);
          CHECK(p == Approx(expected[level]).margin(1e-14));
          sum += p;
          if (drawn < 0 && u < sum) drawn = level;
        }
        CHECK(sum == Approx(1));
        torn += drawn != stream[written.size() % stream.size()];
        written.push_back(drawn);
        law.observe(drawn);
      }
    }
  }
  CHECK(torn > 300);
}

TEST_CASE("a window that no position shows has no next token") {
  StructureLaw law(2, 3, 20);
  law.begin();
  for (int i = 0; i < 3; ++i) law.observe(0);  // three leaves where two have a parent
  for (int level = 0; level <= 3; ++level) CHECK(law.probability(level) == 0);
}

}  // namespace structure_law_test
