#include "io/record/results.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>

#include "engine/observe/estimate.h"
#include "engine/observe/fit.h"
#include "engine/observe/power_sums.h"
#include "engine/plan/pool.h"
#include "io/file/atomic_file.h"
#include "io/run/run_directory.h"
#include "tests/io/fixtures.h"

namespace results_test {

using namespace leafcast;
using namespace leafcast::io;

namespace {

std::vector<Estimate> some_estimates(const Plan& plan) {
  std::vector<Estimate> estimates;
  for (std::size_t c = 0; c < plan.cells().size(); ++c) {
    const double x = static_cast<double>(c);
    estimates.push_back({c, "variance", 1.5 + x, 0.25, c == 0 ? 1.0 : kUnknown, 0});
    if (c == 1) estimates.push_back({c, "valid_rate", 0.5, 0.125, 0.25, 0.0625});
    if (plan.cells()[c].language().height >= 3)
      estimates.push_back({c, "variance@3", 2 + x, kUnknown, kUnknown, 0});
  }
  return estimates;
}

std::vector<Fit> some_fits() {
  Fit line;
  line.law = "variance-context-depth";
  line.group = "ising d=3 ρ=0.9 h=8 · block root sampled";
  line.formula = "log(Var S/n) = slope·w + intercept";
  line.cells = {0, 2, kNoCell};
  line.x = {1, 2, 3};
  line.y = {0.5, 1.5, 2.5};
  line.y_error = {0.1, 0.1, 0.1};
  line.coefficients = {{"slope", 1, 0.01, 0.887}, {"intercept", -0.5, 0.02, kUnknown}};
  line.chi2 = 1.25;
  line.degrees_of_freedom = 1;
  line.p_value = 0.26;
  line.source = "GKMSS Theorem 3.1";
  line.coefficients[0].exact = 0.99;
  line.coefficients[0].bootstrap_error = 0.011;
  line.domain_x = {1, 2, 3, 4};
  line.domain_y = {0.5, 1.5, 2.5, 3.2};
  line.domain_y_error = {0.1, 0.1, 0.1, 0.1};
  line.domain_value = {1.65, 4.48, 12.2, 24.5};
  line.domain_value_error = {0.165, 0.448, 1.22, 2.45};
  line.domain_y_low = {0.4, 1.4, 2.4, 3.1};
  line.domain_y_high = {0.6, 1.6, 2.6, 3.3};
  line.predicted_y = {0.6, 1.5, 2.4, 3.3};
  line.windows = {{1, 3, 3, 1, 0.01, 1.25, 1, 0.26}, {2, 4, 3, 0.9, 0.02, 2, 1, 0.16}};
  line.averaged = 0.98;
  FormFit form;
  form.name = "corrected";
  form.coefficients = {{"slope", 1, 0.01}, {"intercept", -0.5, 0.02}, {"c", -3, 0.2}};
  form.y = {0.5, 1.5, 2.5, 3.2};
  form.aic = 7.5;
  line.forms = {form};
  Fit none;
  none.law = "kurtosis";
  none.note = "fewer than three cells";
  return {line, none};
}

const std::map<std::string, std::string> kProvenance = {{"command_line", "leafcast run sweep.ini -o DIR"},
                                                        {"hosts", "node001"},
                                                        {"git", std::string(100'000, 'x')},
                                                        {"slurm_job_id", ""}};

void write_sample(const fs::path& path, const Record& record,
                  const std::map<std::string, std::string>& provenance) {
  write_results(path, record, some_estimates(record.plan), some_fits(), provenance);
}

/// What the Python test compares the file with, from the record itself.
void write_expectations(const fs::path& path, const Record& record) {
  const Tally sum = total(record.tallies(0));
  const PowerSums sums = power_sums(sum, record.plan.cells()[0].language().height);
  std::uint64_t counted = 0;
  for (std::size_t c = 0; c < record.plan.cells().size(); ++c)
    for (const auto& [bin, count] : total(record.tallies(c)).histogram) counted += count;
  std::ofstream(path) << fmt::format(
      R"({{"sum_s1": {}, "sum_s2": {}, "samples": {}, "histogram": {}, "plan_hash": "{:016x}", "id": "{:016x}"}})",
      sums[0].str(), sums[1].str(), sum.samples, counted, record.plan.hash(), record.plan.cells()[0].id());
}

}  // namespace

TEST_CASE("results hold the whole record") {
  const Scratch scratch;
  const Record record = random_record(mixed_plan(), 1);
  write_sample(scratch / "results.h5", record, kProvenance);
  CHECK(same(read_record({scratch / "results.h5"}), record));
}

TEST_CASE("the same record gives the same file") {
  const Scratch scratch;
  const Plan plan = mixed_plan();
  const auto early = [](Chunk chunk) { return chunk.index < 20; };
  const Record first = random_record(plan, 1, early);
  const Record second = random_record(plan, 2, [&](Chunk chunk) { return !early(chunk); });
  Record one = first, other = second;
  one.merge(second);
  other.merge(first);
  write_sample(scratch / "one.h5", one, kProvenance);
  write_sample(scratch / "other.h5", other, kProvenance);
  CHECK(read_bytes(scratch / "one.h5") == read_bytes(scratch / "other.h5"));
}

TEST_CASE("provenance stands last, so it moves nothing else") {
  const Scratch scratch;
  const Record record = random_record(mixed_plan(), 1);
  write_sample(scratch / "one.h5", record, {});
  write_sample(scratch / "other.h5", record, {{"hosts", "node002"}});
  const auto one = read_bytes(scratch / "one.h5"), other = read_bytes(scratch / "other.h5");
  std::size_t differing = 0;
  for (std::size_t i = 0; i < std::min(one.size(), other.size()); ++i) differing += one[i] != other[i];
  CHECK(differing < 1000);
}

TEST_CASE("a record with nothing done, and a plan of one cell, have results too") {
  const Scratch scratch;
  const Record record(Plan("", {ising_cell()}, ""));
  write_results(scratch / "results.h5", record, {}, {}, {});
  CHECK(same(read_record({scratch / "results.h5"}), record));
}

TEST_CASE("h5py, netCDF4 and xarray read results, and the readers in FORMAT.md work") {
  if (std::system("/usr/bin/python3 -c 'import h5py, netCDF4, xarray' 2> /dev/null") != 0) {
    WARN("skipped: /usr/bin/python3 lacks h5py, netCDF4 or xarray");
    return;
  }
  const Scratch scratch;
  const Record record = random_record(mixed_plan(), 1);
  write_sample(scratch / "results.h5", record, kProvenance);
  write_expectations(scratch / "expected.json", record);
  const std::string command =
      fmt::format("/usr/bin/python3 {}/tests/io/read_results_test.py {} {}", LEAFCAST_SOURCE_DIR,
                  (scratch / "results.h5").string(), (scratch / "expected.json").string());
  CHECK(std::system(command.c_str()) == 0);

  std::vector<Cell> other_seeds;
  const Plan mixed = mixed_plan();
  for (const Cell& cell : mixed.cells()) other_seeds.push_back(cell.with_shares({{2, 100}}));
  const Plan plans[] = {mixed, Plan("", std::move(other_seeds), "")};
  write_sample(scratch / "pooled.h5", random_record(pool(plans), 1), kProvenance);
  const std::string pooled = fmt::format("/usr/bin/python3 {}/tests/io/read_results_test.py {}",
                                         LEAFCAST_SOURCE_DIR, (scratch / "pooled.h5").string());
  CHECK(std::system(pooled.c_str()) == 0);
}

}  // namespace results_test
