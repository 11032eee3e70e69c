#include "analysis/estimate/estimates.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "analysis/estimate/jackknife.h"
#include "analysis/theory/exact.h"
#include "engine/kernels/chunk_runner.h"
#include "engine/observe/power_sums.h"
#include "engine/observe/validity.h"
#include "engine/plan/pool.h"
#include "tests/analysis/synthetic.h"

namespace leafcast::analysis::estimates_test {
namespace {

using synthetic::make_cell;

const Estimate* find(const std::vector<Estimate>& list, const std::string& statistic, std::size_t cell = 0) {
  for (const Estimate& e : list)
    if (e.cell == cell && e.statistic == statistic) return &e;
  return nullptr;
}

const Estimate& get(const std::vector<Estimate>& list, const std::string& statistic, std::size_t cell = 0) {
  const Estimate* e = find(list, statistic, cell);
  INFO(statistic);
  REQUIRE(e != nullptr);
  return *e;
}

Cell ising(int d, int height, const std::string& rho, const std::string& samples, Parameters more = {}) {
  more.insert({{"language.kind", "ising"},
               {"language.d", std::to_string(d)},
               {"language.height", std::to_string(height)},
               {"language.rho", rho},
               {"sampling.samples", samples}});
  more.try_emplace("generator.kind", "true");
  return make_cell(more);
}

/// A record whose only cell has these sums S, dealt out to the bins in turn.
Record record_of_sums(const Cell& cell, const std::vector<std::int64_t>& sums) {
  Record record(Plan("", {cell}, ""));
  const int h = cell.language().height;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    Tally& bin = record.held_tallies(0)[i % kJackknifeBins];
    ++bin.samples;
    for (int p = 0; p < kPowers; ++p)
      add(bin, fields::sum_s[p], h, pow(WideInt(sums[i]), static_cast<unsigned>(p + 1)));
  }
  return record;
}

/// The same, a sum a chunk.
Record record_of_chunks(const Cell& cell, const std::vector<std::int64_t>& sums) {
  Record record(Plan("", {cell}, ""));
  for (std::uint32_t i = 0; i < sums.size(); ++i) {
    Tally tally(cell, 1);
    for (int p = 0; p < kPowers; ++p)
      add(tally, fields::sum_s[p], cell.language().height,
          pow(WideInt(sums[i]), static_cast<unsigned>(p + 1)));
    record.add({0, i}, tally);
  }
  return record;
}

/// Share of trials in which |value − truth| < width·error·scale, of records that make(cell, sums) makes.
template <class Make>
double coverage(const Cell& cell, Make make, const std::string& statistic, double truth, double width,
                double scale, int trials) {
  std::mt19937_64 random(7);
  std::uniform_int_distribution<std::int64_t> draw(-1000, 1000);
  int inside = 0;
  for (int t = 0; t < trials; ++t) {
    std::vector<std::int64_t> sums(cell.samples());
    for (auto& s : sums) s = draw(random);
    const Estimate e = get(estimates(make(cell, sums)), statistic);
    inside += std::abs(e.value - truth) < width * e.error * scale;
  }
  return static_cast<double>(inside) / trials;
}
double coverage(const std::string& statistic, double truth, double width, double scale, int trials) {
  return coverage(ising(3, 8, "0.9", "1280"), record_of_sums, statistic, truth, width, scale, trials);
}

/// All chunks of a plan of one cell and one seed.
Record sampled(const Plan& plan) {
  Record record(plan);
  const ChunkRunner runner(plan.cells()[0]);
  for (std::uint32_t i = 0; i < plan.chunks(0); ++i)
    record.add({0, i}, *runner.run(i, plan.samples({0, i}), [] { return true; }));
  return record;
}

Record pooled(const std::vector<Record>& records) {
  std::vector<Plan> plans;
  for (const Record& record : records) plans.push_back(record.plan);
  Record sum(pool(plans));
  for (const Record& record : records) PooledPlaces(record.plan, sum.plan).add(record, sum);
  return sum;
}

TEST_CASE("jackknife intervals cover the truth as often as they say") {
  // S uniform on −1000…1000, whose variance and kurtosis are known; 1000 trials, 5 binomial standard
  // deviations: a correct error fails once in a million. Errors of 64 bins follow Student's t with 63 degrees
  // of freedom: 67.9% and 95.0%.
  constexpr int kTrials = 1000;
  const double m = 2001.0 * 2001.0, n = 6561;
  struct Case {
    const char* statistic;
    double truth;
  };
  for (const Case& c :
       {Case{"variance", (m - 1) / 12 / n}, Case{"excess_kurtosis", -1.2 * (m + 1) / (m - 1)}}) {
    INFO(c.statistic);
    const auto sigma = [](double p) { return std::sqrt(p * (1 - p) / kTrials); };
    CHECK(std::abs(coverage(c.statistic, c.truth, 1, 1, kTrials) - 0.679) < 5 * sigma(0.679));
    CHECK(std::abs(coverage(c.statistic, c.truth, 2, 1, kTrials) - 0.950) < 5 * sigma(0.950));
    // The wrong twin: errors half as large.
    CHECK_FALSE(std::abs(coverage(c.statistic, c.truth, 1, 0.5, kTrials) - 0.679) < 5 * sigma(0.679));
  }
}

TEST_CASE("errors are right where seeds of a few samples fill the bins unevenly") {
  // 40 seeds of 20 samples: bins of 1 to 20. Limits and false alarms as above; the error's own bias is about
  // 1/64 of its square for bins whose sizes scatter as much as they are large.
  std::vector<SeedShare> shares;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) shares.push_back({seed, 20});
  const Cell cell = ising(3, 8, "0.9", "20").with_shares(shares);
  constexpr int kTrials = 1000;
  const double truth = (2001.0 * 2001.0 - 1) / 12 / 6561;
  const auto covered = [&](double width, double scale) {
    return coverage(cell, record_of_chunks, "variance", truth, width, scale, kTrials);
  };
  const auto sigma = [](double p) { return std::sqrt(p * (1 - p) / kTrials); };
  CHECK(std::abs(covered(1, 1) - 0.679) < 5 * sigma(0.679));
  CHECK(std::abs(covered(2, 1) - 0.950) < 5 * sigma(0.950));
  CHECK_FALSE(std::abs(covered(1, 0.5) - 0.679) < 5 * sigma(0.679));
}

TEST_CASE("pooled seeds are right, with errors that shrink as those of more samples") {
  // 16 seeds of 3200 samples. A jackknife error of 64 bins has itself an error of 1/√126 = 9% for nearly
  // Gaussian bins, the root mean square over 16 seeds a fourth of that: 9.2% together. Five of them fail a
  // right pooling about once in a million; so does |z| < 5 with Student's t of 63 degrees of freedom, once in
  // 200,000.
  constexpr int kSeeds = 16;
  constexpr double kTolerance = 5 * 0.092;
  std::vector<Record> records, copies;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    const Plan plan("",
                    {ising(3, 5, "0.9", "3200",
                           {{"seed", std::to_string(seed)},
                            {"generator.kind", "block"},
                            {"generator.memory", "root"},
                            {"generator.context-depth", "2"}})},
                    "");
    records.push_back(sampled(plan));
    // The wrong twin: the numbers of seed 1 under other names.
    copies.emplace_back(plan);
    copies.back().ledger = records[0].ledger;
    copies.back().hold(0, records[0].tallies(0));
  }
  const std::vector<Estimate> all = estimates(pooled(records)), wrong = estimates(pooled(copies));
  REQUIRE(pooled(records).plan.cells().size() == 1);
  CHECK(total(pooled(records).tallies(0)).samples == 16 * 3200);
  for (const char* statistic : {"variance", "excess_kurtosis", "variance@3", "correlation@4"}) {
    INFO(statistic);
    double squares = 0;
    for (const Record& record : records)
      squares += std::pow(get(estimates(record), statistic).error, 2) / kSeeds;
    const auto shrinks = [&](const Estimate& e) {
      return std::abs(e.error * std::sqrt(kSeeds) / std::sqrt(squares) - 1) < kTolerance;
    };
    CHECK(shrinks(get(all, statistic)));
    CHECK_FALSE(shrinks(get(wrong, statistic)));
  }
  const Estimate& variance = get(all, "variance");
  REQUIRE_FALSE(std::isnan(variance.exact));
  CHECK(std::abs(variance.z()) < 5);
  CHECK(std::abs(get(all, "variance@3").z()) < 5);
}

TEST_CASE("the jackknife of a mean is the usual standard error") {
  const std::vector<double> x = {1, 4, 2, 8, 5};
  double mean = 0, squares = 0;
  for (const double v : x) mean += v / 5;
  for (const double v : x) squares += (v - mean) * (v - mean);
  std::vector<double> without;
  for (const double v : x) without.push_back((5 * mean - v) / 4);
  CHECK(jackknife_error(without) == Approx(std::sqrt(squares / 4 / 5)));
  CHECK(std::isnan(jackknife_error(std::vector<double>{3})));
  CHECK(jackknife_error(std::vector<double>{0.1, 0.1 * (1 + 1e-16), 0.1}) == 0);
}

TEST_CASE("estimates agree with the definitions on small data") {
  for (const char* language : {"ising", "potts", "kernel"}) {
    INFO(language);
    Parameters parameters = {{"language.kind", language},
                             {"language.d", "3"},
                             {"language.height", "3"},
                             {"generator.kind", "true"},
                             {"sampling.samples", "200"}};
    if (parameters["language.kind"] == "ising") {
      parameters["language.rho"] = "0.7";
    } else if (parameters["language.kind"] == "kernel") {
      parameters["language.matrix"] = "0.7 0.3 0; 0.1 0.6 0.3; 0.4 0.1 0.5";
    } else {
      parameters.insert({{"language.q", "4"}, {"language.lambda", "0.6"}, {"observe.symbol", "2"}});
    }
    const Cell cell = make_cell(parameters);
    const int d = 3, h = 3, n = 27, q = cell.language().symbols();

    std::mt19937_64 random(3);
    synthetic::Writer write(cell, random);
    std::vector<std::vector<double>> sentences;  // leaves' s
    Record record(Plan("", {cell}, ""));
    for (int i = 0; i < 200; ++i) {
      const synthetic::Sentence sentence = write();
      synthetic::tally_sentence(cell, sentence, record.held_tallies(0)[i % kJackknifeBins]);
      std::vector<double>& s = sentences.emplace_back();
      for (const int x : sentence) s.push_back(x == cell.observe().symbol ? q - 1 : -1);
    }
    const std::vector<Estimate> list = estimates(record);
    const double samples = 200;

    const auto sum = [](const std::vector<double>& s, int begin, int count) {
      double total = 0;
      for (int i = 0; i < count; ++i) total += s[begin + i];
      return total;
    };
    const bool zero_mean = cell.language().channel().is_symmetric();  // known, not estimated
    double mean = 0;
    for (const auto& s : sentences) mean += zero_mean ? 0 : sum(s, 0, n) / samples;
    double m2 = 0, m3 = 0, m4 = 0;
    for (const auto& s : sentences) {
      const double x = sum(s, 0, n) - mean;
      m2 += x * x / samples;
      m3 += x * x * x / samples;
      m4 += x * x * x * x / samples;
    }
    CHECK(get(list, "variance").value ==
          Approx(m2 * (zero_mean ? 1 : samples / (samples - 1)) / n).epsilon(1e-12));
    CHECK(get(list, "skewness").value == Approx(m3 / std::pow(m2, 1.5)).epsilon(1e-9));
    CHECK(get(list, "excess_kurtosis").value == Approx(m4 / m2 / m2 - 3).epsilon(1e-12));
    CHECK(get(list, "binder").value == Approx(1 - m4 / (3 * m2 * m2)).epsilon(1e-12));

    // (E s)² without bias: products of different sentences.
    double cross = mean * mean * samples * samples;
    for (const auto& s : sentences) cross -= std::pow(sum(s, 0, n), 2);
    const double mean_squared = zero_mean ? 0 : cross / samples / (samples - 1) / n / n;
    for (int j = 1, size = d; j <= h; ++j, size *= d) {
      double square = 0;
      for (const auto& s : sentences)
        for (int b = 0; b < n; b += size) square += std::pow(sum(s, b, size), 2) / (samples * n / size);
      CHECK(get(list, "variance@" + std::to_string(j)).value ==
            Approx((square - mean_squared * size * size) / size).epsilon(1e-12));

      double product = 0, pairs = 0, leaf = 0;
      for (const auto& s : sentences)
        for (int a = 0; a < n; ++a) {
          leaf += s[a] * s[a] / (samples * n);
          for (int b = 0; b < n; ++b)
            if (a / size == b / size && a / (size / d) != b / (size / d)) product += s[a] * s[b], ++pairs;
        }
      CHECK(get(list, "correlation@" + std::to_string(j)).value ==
            Approx((product / pairs - mean_squared) / (leaf - mean_squared)).epsilon(1e-10));
    }
    CHECK(get(list, "variance@3").value == get(list, "variance").value);
    CHECK(get(list, "excess_kurtosis@3").value == get(list, "excess_kurtosis").value);
  }
}

TEST_CASE("sums near 2^61 lose nothing to cancellation") {
  const Cell cell = make_cell({{"language.kind", "kernel"},
                               {"language.d", "2"},
                               {"language.height", "61"},
                               {"language.matrix", "0.9 0.1; 0.2 0.8"},
                               {"sampling.samples", "6400"}});
  std::vector<std::int64_t> sums, shifted;
  for (int i = 0; i < 6400; ++i) {
    const std::int64_t x = (i * i) % 11 - 5;
    sums.push_back(x);
    shifted.push_back(x + (std::int64_t{1} << 61) - 100);
  }
  const auto near_zero = estimates(record_of_sums(cell, sums)),
             far = estimates(record_of_sums(cell, shifted));
  for (const char* statistic : {"variance", "skewness", "excess_kurtosis", "binder"}) {
    INFO(statistic);
    CHECK(get(far, statistic).value == Approx(get(near_zero, statistic).value).epsilon(1e-13));
    CHECK(get(far, statistic).error == Approx(get(near_zero, statistic).error).epsilon(1e-9));
  }
}

TEST_CASE("a sum that is always plus or minus n has exact moments") {
  const auto list =
      estimates(record_of_sums(ising(2, 3, "1", "6400"), std::vector<std::int64_t>{8, -8, 8, 8}));
  for (const auto& [statistic, value] :
       {std::pair{"variance", 8.0}, {"excess_kurtosis", -2.0}, {"binder", 2.0 / 3}}) {
    INFO(statistic);
    CHECK(get(list, statistic).value == Approx(value).epsilon(1e-15));
    CHECK(get(list, statistic).error == 0);
    CHECK(get(list, statistic).z() == 0);
  }
}

TEST_CASE("rates of a coloring, and what is not there") {
  const Cell cell = make_cell({{"language.kind", "coloring"},
                               {"language.d", "4"},
                               {"language.height", "3"},
                               {"language.q", "3"},
                               {"generator.kind", "block"},
                               {"generator.context-depth", "1"},
                               {"sampling.samples", "640"}});
  const Record record = synthetic::draw(Plan("", {cell}, ""));
  const Tally sums = total(record.tallies(0));
  const auto list = estimates(record);
  const double n = 640;
  CHECK(get(list, "valid_rate").value == Approx(static_cast<double>(sums.count(fields::valid, 3)) / n));
  CHECK(get(list, "valid_rate").value ==
        Approx(get(list, "free_rate").value + get(list, "frozen_rate").value));
  CHECK(get(list, "valid_rate@2").value == Approx(static_cast<double>(sums.count(fields::valid, 2)) / n / 4));
  CHECK(get(list, "valid_rate").error > 0);

  // Blocks of height 1 are valid: the rate never varied, and still has the error of p̃ = ½/(N+1).
  const Estimate& sure = get(list, "valid_rate@1");
  CHECK(sure.value == 1);
  CHECK(sure.error == Approx(std::sqrt(0.5 / 641 * (1 - 0.5 / 641) / 641)));
  CHECK(get(list, "inconsistency_rate@1").value == 0);
  CHECK(get(list, "inconsistency_rate@1").error == Approx(sure.error));

  double depth = 0, invalid = 0;
  for (int j = 0; j <= 3; ++j) {
    depth += (3 - j) * static_cast<double>(sums.count(fields::first_inconsistency, j));
    invalid += static_cast<double>(sums.count(fields::first_inconsistency, j));
  }
  REQUIRE(invalid > 0);
  CHECK(get(list, "first_inconsistency_depth").value == Approx(depth / invalid));
  CHECK(get(list, "inconsistency_rate@2").value ==
        Approx(static_cast<double>(sums.count(fields::first_inconsistency, 2)) / n));

  const Cell truth = make_cell({{"language.kind", "coloring"},
                                {"language.d", "4"},
                                {"language.height", "2"},
                                {"language.q", "3"},
                                {"generator.kind", "true"},
                                {"sampling.samples", "100"}});
  const auto all_valid = estimates(synthetic::draw(Plan("", {truth}, "")));
  CHECK(find(all_valid, "first_inconsistency_depth") == nullptr);
  CHECK(get(all_valid, "valid_rate").value == 1);
  CHECK(find(estimates(synthetic::draw(Plan("", {ising(3, 2, "0.5", "100")}, ""))), "valid_rate") == nullptr);
}

TEST_CASE("statistics stand in one order, and only for cells with samples") {
  const Cell with = ising(2, 2, "0.5", "64", {{"generator.kind", "reasoning"}}),
             without = ising(2, 3, "0.5", "64");
  Record record = synthetic::draw(Plan("", {with, without}, ""));
  record.held_tallies(1) = {};
  std::vector<std::string> names;
  for (const Estimate& e : estimates(record)) {
    CHECK(e.cell == 0);
    names.push_back(e.statistic.text());
  }
  CHECK(names == std::vector<std::string>{"variance", "skewness", "excess_kurtosis", "binder", "memory_bits",
                                          "variance@1", "variance@2", "excess_kurtosis@1",
                                          "excess_kurtosis@2", "correlation@1", "correlation@2"});
}

TEST_CASE("nothing is claimed to be known that is not") {
  // One bin: values, but no errors.
  const auto one_bin = estimates(record_of_sums(ising(3, 2, "0.5", "2"), {5}));
  CHECK(get(one_bin, "variance").value == Approx(25.0 / 9));
  CHECK(std::isnan(get(one_bin, "variance").error));
  const Cell cell = ising(3, 2, "0.5", "100");
  Record record(Plan("", {cell}, ""));
  record.held_tallies(0)[5] = record_of_sums(cell, {5, 1, 3}).tallies(0)[0];
  record.held_tallies(0)[5] += record_of_sums(cell, {1}).tallies(0)[0];
  const auto list = estimates(record);
  CHECK(get(list, "variance").value == Approx((25 + 1) / 2.0 / 9));
  CHECK(std::isnan(get(list, "variance").error));
  CHECK(std::isnan(get(list, "variance").z()));
  // No variance: no shape.
  const auto constant = estimates(record_of_sums(cell, std::vector<std::int64_t>(128, 0)));
  CHECK(get(constant, "variance").value == 0);
  CHECK(std::isnan(get(constant, "variance").error));  // it might have varied
  CHECK(std::isnan(get(constant, "excess_kurtosis").value));
  CHECK(std::isnan(get(constant, "skewness").value));
}

TEST_CASE("simulated sentences agree with the exact values") {
  // Mean z² over the statistics of six cells. They are correlated within a cell; 5 standard deviations of a
  // mean of 6 independent z² (variance 2 each) bound it generously: 1 + 5·√(2/6) = 3.9.
  std::vector<Cell> cells;
  for (const char* rho : {"0.6", "0.9"})
    for (int w = 1; w <= 3; ++w)
      cells.push_back(ising(3, 3, rho, "2560",
                            {{"generator.kind", "block"},
                             {"generator.context-depth", std::to_string(w)},
                             {"generator.memory", "root"}}));
  const auto mean_square = [](const std::vector<Estimate>& list) {
    double squares = 0, count = 0;
    for (const Estimate& e : list)
      if (!std::isnan(e.z()) && e.error > 0) squares += e.z() * e.z(), ++count;
    REQUIRE(count >= 30);
    return squares / count;
  };
  const Record record = synthetic::draw(Plan("", cells, ""));
  CHECK(mean_square(estimates(record)) < 3.9);
  // The wrong twin: the same sentences said to be of ρ = 0.85 where it was 0.9.
  std::vector<Cell> wrong;
  for (int w = 1; w <= 3; ++w)
    wrong.push_back(ising(3, 3, "0.85", "2560",
                          {{"generator.kind", "block"},
                           {"generator.context-depth", std::to_string(w)},
                           {"generator.memory", "root"}}));
  Record mislabelled(Plan("", wrong, ""));
  for (std::size_t w = 0; w < 3; ++w) mislabelled.hold(w, record.tallies(w + 3));
  CHECK_FALSE(mean_square(estimates(mislabelled)) < 3.9);
}

}  // namespace
}  // namespace leafcast::analysis::estimates_test
