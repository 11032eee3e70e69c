#include "engine/observe/tally.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

#include "engine/cell/cell.h"
#include "engine/observe/memory.h"
#include "engine/observe/observable.h"
#include "engine/observe/power_sums.h"
#include "engine/observe/splitting.h"
#include "engine/observe/validity.h"
#include "tests/support/cells.h"

namespace tally_test {

using namespace leafcast;

TEST_CASE("histogram bins tile the integers") {
  std::int64_t expected = HistogramBins::lower(-1000);
  for (int bin = -1000; bin < 1000; ++bin) {
    CHECK(HistogramBins::lower(bin) == expected);
    expected += HistogramBins::width(bin);
  }
  CHECK(HistogramBins::lower(0) == 0);
  for (const std::int64_t m : {std::int64_t{0}, std::int64_t{63}, std::int64_t{64}, std::int64_t{65},
                               std::int64_t{12345}, (std::int64_t{1} << 62) - 1}) {
    for (const std::int64_t at : {m, -m, -m - 1}) {
      const int bin = HistogramBins::bin(at);
      CHECK(HistogramBins::lower(bin) <= at);
      CHECK(at - HistogramBins::lower(bin) < HistogramBins::width(bin));
    }
  }
  // Exact near the centre, 1/32 of an octave beyond.
  CHECK(HistogramBins::width(HistogramBins::bin(63)) == 1);
  CHECK(HistogramBins::width(HistogramBins::bin(1 << 20)) == (1 << 15));
}

TEST_CASE("tallies add in any order, and the memory is a maximum") {
  const Cell cell = Cell::make({{"language.kind", "coloring"},
                                {"language.d", "2"},
                                {"language.height", "50"},
                                {"language.q", "3"},
                                {"generator.kind", "reasoning"}});
  Tally a(cell, 2), b(cell, 3);
  add(a, fields::sum_s[3], 50, WideInt(1) << 200), add(b, fields::sum_s[3], 50, -(WideInt(1) << 199));
  a.counts(fields::valid)[1] = 2, b.counts(fields::valid)[1] = 4;
  a.histogram[-4] = 2, b.histogram[-4] = 1, b.histogram[7] = 2;
  a.counts(fields::memory_bits)[0] = 9, b.counts(fields::memory_bits)[0] = 5;
  Tally ab = a, ba = b;
  ab += b, ba += a;
  CHECK(ab == ba);
  CHECK(wide(ab, fields::sum_s[3], 50) == WideInt(1) << 199);
  CHECK(ab.count(fields::valid, 1) == 6);
  CHECK(ab.count(fields::memory_bits) == 9);
  CHECK(ab.histogram.at(-4) == 3);
  Tally from_nothing;
  from_nothing += a;
  CHECK(from_nothing == a);
  ab -= b;
  CHECK(ab == a);
  CHECK_THROWS_AS(add(a, fields::sum_s[0], 50, WideInt(1) << 200), std::overflow_error);
  CHECK_THROWS_AS(a.counts(fields::runs), std::logic_error);
}

TEST_CASE("words hold what their cell's samples need, and the sums of a pooled cell have more") {
  Parameters parameters = {{"language.kind", "ising"},
                           {"language.d", "2"},
                           {"language.height", "6"},
                           {"language.rho", "0.5"},
                           {"sampling.samples", "1000"}};
  const Cell small = Cell::make(parameters);
  parameters["sampling.samples"] = "9007199254740992";
  const Cell large = Cell::make(parameters);
  CHECK(TallyLayout(small).find(fields::sum_s[0])->limbs == 1);
  CHECK(TallyLayout(small).find(fields::sum_s[3])->limbs == 1);
  CHECK(TallyLayout(large).find(fields::sum_s[3])->limbs == 2);
  Tally from(small, 1), into(large, 1);
  for (const int sign : {1, -1}) {
    add(from, fields::sum_s[2], 6, WideInt(sign) * 12345);
    into += from;
  }
  CHECK(wide(into, fields::sum_s[2], 6) == 12345);  // 12345 + (12345 − 12345)
  add(from, fields::sum_s[2], 6, -7);
  into += from;
  into += from;
  CHECK(wide(into, fields::sum_s[2], 6) == 12345 - 14);
  Tally other(Cell::make(
      {{"language.kind", "ising"}, {"language.d", "2"}, {"language.height", "5"}, {"language.rho", "0.5"}}));
  other.counts(fields::sum_s[0])[0] = 1;
  CHECK_THROWS_AS(into += other, std::logic_error);
}

TEST_CASE("limbs come back, of either sign and any size") {
  std::mt19937_64 random(1);
  std::array<std::uint64_t, 6> limbs{};
  for (int i = 0; i < 1000; ++i) {
    const WideInt value = random_wide(random, 370);
    to_limbs(value, limbs);
    CHECK(from_limbs(limbs) == value);
  }
  const WideInt most = (WideInt(1) << 383) - 1;
  for (const WideInt& value : {WideInt(0), WideInt(-1), most, WideInt(-most - 1)}) {
    to_limbs(value, limbs);
    CHECK(from_limbs(limbs) == value);
  }
  to_limbs(-(WideInt(1) << 64), limbs);
  CHECK(limbs == std::array<std::uint64_t, 6>{0, ~0ull, ~0ull, ~0ull, ~0ull, ~0ull});
  CHECK_THROWS_AS(to_limbs(most + 1, limbs), std::overflow_error);
  CHECK_THROWS_AS(to_limbs(-most - 2, limbs), std::overflow_error);
  std::array<std::uint64_t, 3> sum{};
  add_to(sum, -5);
  add_to(sum, Int128{1} << 100);
  CHECK(from_limbs(sum) == (WideInt(1) << 100) - 5);
}

TEST_CASE("histograms with other bins unite to the sums of both") {
  std::mt19937 engine(7);
  Tally sum;
  std::map<std::int32_t, std::uint64_t> expected;
  for (int chunk = 0; chunk < 50; ++chunk) {
    Tally tally;
    for (int i = 0; i < chunk; ++i) {  // from none on
      const auto bin = static_cast<std::int32_t>(engine() % 100) - 50;
      ++tally.histogram[bin], ++expected[bin];
    }
    sum += tally;
    CHECK(std::is_sorted(sum.histogram.begin(), sum.histogram.end()));
  }
  CHECK(std::map<std::int32_t, std::uint64_t>(sum.histogram.begin(), sum.histogram.end()) == expected);
}

TEST_CASE("every observable is met, its simulated sums could be, and what is added can be taken away") {
  std::mt19937_64 random(3);
  std::set<const Observable*> met;
  for (const Cell& cell : test::cells_of_every_observable()) {
    INFO(cell.label());
    for (int i = 0; i < 20; ++i) {
      const Tally a = simulated_tally(cell, 1 + random() % 50, random), b = simulated_tally(cell, 7, random);
      Tally sum = a;
      sum += b;
      for (const Observable* observable : observables())
        if (observable->is_observed(cell)) {
          INFO(observable->name);
          met.insert(observable);
          for (const Tally* tally : {&a, &b, static_cast<const Tally*>(&sum)})
            CHECK(observable->contradiction(cell, *tally) == nullptr);
        }
      sum -= b;
      if (!sum.has(fields::memory_bits)) CHECK(sum == a);
      Tally received;  // as another rank sends it: words without a layout
      received.samples = a.samples;
      received.histogram = a.histogram;
      received.words() = a.words();
      Tally at_home(cell);
      at_home += received;
      CHECK(at_home == a);
    }
  }
  CHECK(met.size() == observables().size());
}

}  // namespace tally_test
