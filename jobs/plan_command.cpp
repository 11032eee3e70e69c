#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/cost.h"
#include "jobs/costs.h"
#include "jobs/program.h"
#include "jobs/progress.h"
#include "jobs/sweep.h"

namespace leafcast::jobs {

namespace {

constexpr double kProgramBytes = 150e6;  // of a rank: code, libraries, MPI buffers

struct Cost {
  double seconds = 0, leaves = 0, largest_chunk = 0, sampler_bytes = 0, tally_bytes = 0;
};

/// Ranks that finish in about ten minutes, as far as chunks allow.
int suggested_ranks(const Cost& cost, const Plan& plan) {
  const double wanted = std::ceil(cost.seconds / 600);
  return static_cast<int>(
      std::clamp(wanted, 1.0, std::min(4096.0, std::max(1.0, static_cast<double>(plan.total_chunks()) / 4))));
}

std::string slurm_time(double seconds) {
  constexpr double kMost = 365.0 * 86400;  // no site grants more
  const auto minutes = static_cast<long long>(std::ceil(std::min(seconds, kMost) / 60));
  return fmt::format("{:02d}:{:02d}:00", minutes / 60, minutes % 60);
}

std::string pad(const std::string& text, std::size_t width) {
  const auto columns = static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
  return text + std::string(columns < width ? width - columns : 0, ' ');
}

}  // namespace

ExitCode plan_command(const Arguments& arguments, const Arguments&) {
  Options options(
      "plan", "SWEEP…",
      "Shows what a sweep would run: cells, chunks, estimated cost and memory, and how to submit it.", true);
  options.add()("pilot", boost::program_options::value<double>()->value_name("S"),
                "measure this machine for about S seconds (1); 0: use built-in rates");
  options.parse(arguments);
  if (options.wants_help()) {
    fmt::print("{}", options.help());
    return ExitCode::done;
  }
  const Plan plan = read_sweeps(options.positional(), options.overrides());
  const CostModel costs = measure_costs(plan.cells(), options.seconds("pilot", 1));
  if (!plan.title().empty()) fmt::print("{}\n\n", plan.title());
  fmt::print("{}  {:>9} {:>7} {:>11}\n", pad("cell", 48), "samples", "chunks", "core time");
  Cost cost;
  for (std::uint32_t i = 0; i < plan.cells().size(); ++i) {
    const Cell& cell = plan.cells()[i];
    const double seconds = costs.cell_seconds(plan, i);
    cost.seconds += seconds;
    cost.leaves += static_cast<double>(cell.samples()) * static_cast<double>(cell.language().leaves());
    cost.largest_chunk = std::max(cost.largest_chunk, costs.chunk_seconds(plan, {i, 0}));
    cost.sampler_bytes = std::max(cost.sampler_bytes, sampler_bytes(cell));
    cost.tally_bytes += 3 * tally_bytes(cell);
    fmt::print("{}  {:>9} {:>7} {:>11}\n", pad(cell.label(), 48),
               format_count(static_cast<double>(cell.samples())), plan.chunks(i), format_duration(seconds));
  }
  const double rank_bytes = kProgramBytes + cost.sampler_bytes;
  const int ranks = suggested_ranks(cost, plan);
  const double wall = cost.seconds / ranks + cost.largest_chunk;
  const double wanted_bytes = 1.25 * rank_bytes + cost.tally_bytes / ranks;
  fmt::print("core time: {} in all, {} leaves; {}\n", format_duration(cost.seconds),
             format_count(cost.leaves), describe(costs));
  fmt::print("memory: about {}B a rank, and {}B for tallies on rank 0\n", format_count(rank_bytes),
             format_count(cost.tally_bytes));
  std::string sweep_words;
  for (const std::string& file : options.positional()) sweep_words += " " + file;
  for (const Setting& setting : options.overrides())
    sweep_words += fmt::format(" '--{}={}'", setting.key, setting.value);
  fmt::print(
      "with {}: about {}. To submit (from the source folder):\n  sbatch --ntasks={} --time={} "
      "--mem-per-cpu={}M "
      "slurm/sweep.sbatch DIR{}\n",
      ranks == 1 ? "1 rank" : fmt::format("{} ranks", ranks), format_duration(wall), ranks,
      slurm_time(2 * wall + 120), static_cast<long long>(std::ceil(wanted_bytes / 1e6 / 50)) * 50,
      sweep_words);
  return ExitCode::done;
}

}  // namespace leafcast::jobs
