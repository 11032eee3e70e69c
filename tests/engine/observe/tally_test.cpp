#include "engine/observe/tally.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>

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
  Tally a, b;
  a.samples = 2, b.samples = 3;
  a.sums.resize(2), b.sums.resize(2);
  a.sums[1][3] = WideInt(1) << 200, b.sums[1][3] = -(WideInt(1) << 199);
  a.valid = {1, 2}, b.valid = {3, 4};
  a.histogram[-4] = 2, b.histogram[-4] = 1, b.histogram[7] = 2;
  a.memory_bits = 9, b.memory_bits = 5;
  Tally ab = a, ba = b;
  ab += b, ba += a;
  CHECK(ab == ba);
  CHECK(ab.sums[1][3] == WideInt(1) << 199);
  CHECK(ab.memory_bits == 9);
  CHECK(ab.histogram.at(-4) == 3);
  Tally from_nothing;
  from_nothing += a;
  CHECK(from_nothing == a);
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
