// One master and very many ranks: what rank 0 takes a chunk, how much memory, and how long ranks wait at the end,
// against the number of cells and of ranks. By hand: cmake --build build --target masters.
//
// The real master runs in front of ranks that only pretend (workers/dry_run.h). Packing and unpacking, as MPI does it, is
// measured apart and added; what the network takes is not among it.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/mpi.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <map>
#include <random>
#include <vector>

#include "engine/observe/observable.h"
#include "workers/dry_run.h"
#include "workers/message.h"
#include "workers/mpi_communicator.h"

namespace leafcast::bench {

namespace {

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// What passes while another process has the core does not count: nothing that the master does between two looks takes
/// so long. (The thread's own clock takes longer to read than a chunk does to hand out.)
struct MasterClock {
  static constexpr double kLongest = 1e-3;
  double now = 0;
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
  double operator()() {
    const auto time = std::chrono::steady_clock::now();
    now += std::min(kLongest, std::chrono::duration<double>(time - last).count());
    last = time;
    return now;
  }
};

double megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// As growth.py has them: k-grams of trees of 64 leaves, 1000 samples each in 64 chunks.
Plan make_plan(std::uint32_t cells) {
  std::vector<Cell> list;
  list.reserve(cells);
  for (std::uint32_t i = 0; i < cells; ++i)
    list.push_back(Cell::make({{"language.kind", "ising"},
                               {"language.d", "2"},
                               {"language.height", "6"},
                               {"language.rho", "0.9"},
                               {"generator.kind", "kgram"},
                               {"generator.context", std::to_string(1 + i % 10)},
                               {"seed", std::to_string(1 + i / 10)},
                               {"sampling.samples", "1000"}}));
  return Plan("", std::move(list), "");
}

/// A model by which a cell takes so many seconds; 0: as the built-in rates have it.
CostModel model(const Plan& plan, double cell_seconds) {
  if (cell_seconds == 0) return {};
  std::map<std::string, CostModel::Rate> costs;
  for (std::uint32_t cell = 0; cell < std::min<std::size_t>(10, plan.cells().size()); ++cell)
    costs[work_class(plan.cells()[cell])] = {0, 0, cell_seconds / CostModel().cell_seconds(plan, cell)};
  return CostModel({}, costs);
}

/// Seconds a chunk for packing an order and unpacking its result, told of singly.
double packing_seconds(const Plan& plan) {
  using namespace workers;
  std::mt19937_64 random;
  Order order{Order::Action::grant, {{0, 0}}};
  order.samples = {plan.samples({0, 0})};
  order.cells = {to_line(plan.cells()[0].parameters())};
  News news;
  news.action = News::Action::result;
  news.results.resize(1);
  news.results[0].tally = simulated_tally(plan.cells()[0], plan.samples({0, 0}), random);
  const boost::mpi::communicator world;
  boost::mpi::packed_oarchive::buffer_type packed;
  boost::mpi::packed_oarchive(world, packed) << news;
  constexpr int kTimes = 20000;
  const double begin = cpu_seconds();
  for (int i = 0; i < kTimes; ++i) {
    boost::mpi::packed_oarchive::buffer_type buffer;
    boost::mpi::packed_oarchive(world, buffer) << order;
    News received;
    boost::mpi::packed_iarchive(world, packed) >> received;
  }
  return (cpu_seconds() - begin) / kTimes;
}

struct Setting {
  std::uint32_t cells;
  int ranks, stopped;
  double cell_seconds;
};
struct Measured {
  workers::DryRun run;
  double megabytes_of_plan, megabytes, packing;
};

Measured measure(const Setting& setting) {
  Measured measured{};
  const double none = megabytes();
  const Plan plan = make_plan(setting.cells);
  measured.megabytes_of_plan = megabytes() - none;
  measured.packing = packing_seconds(plan);
  workers::DryMachine machine;
  machine.ranks = setting.ranks;
  machine.stopped_ranks = setting.stopped;
  machine.clock = MasterClock{};
  measured.run = workers::run_dry(plan, model(plan, setting.cell_seconds), machine);
  measured.megabytes = megabytes() - none;
  return measured;
}

/// In a process of its own, whose memory is nobody else's.
Measured measure_apart(const Setting& setting) {
  int ends[2];
  if (pipe(ends) != 0) std::exit(1);
  const pid_t child = fork();
  if (child == 0) {
    const Measured measured = measure(setting);
    _exit(write(ends[1], &measured, sizeof measured) == sizeof measured ? 0 : 1);
  }
  close(ends[1]);
  Measured measured{};
  const bool told = read(ends[0], &measured, sizeof measured) == sizeof measured;
  close(ends[0]);
  waitpid(child, nullptr, 0);
  if (!told) {
    fmt::print(stderr, "a measurement failed: memory?\n");
    std::exit(1);
  }
  return measured;
}

double exponent(double before, double after, double growth) { return std::log(after / before) / std::log(growth); }

/// Seconds of rank 0 for a chunk.
double each(const Measured& m) {
  return m.run.dispatch_seconds / static_cast<double>(m.run.chunks) + m.packing;
}

void print(const Setting& s, const Measured& m) {
  fmt::print("{:9} {:6} {:7} {:9.3g} {:9} {:7.2f} {:6.1f}% {:9.3g} {:8.3g} {:8.1f} {:7.2f} {:7.2f}\n", s.cells, s.ranks, s.stopped,
             s.cell_seconds, m.run.chunks, 1e6 * each(m),
             100 * (m.run.dispatch_seconds + m.packing * static_cast<double>(m.run.chunks)) / m.run.seconds, m.run.seconds,
             m.run.tail_seconds, 100 * m.run.efficiency, 1024 * m.megabytes_of_plan / s.cells, 1024 * m.megabytes / s.cells);
  std::fflush(stdout);
}

void head() {
  fmt::print("{:>9} {:>6} {:>7} {:>9} {:>9} {:>7} {:>7} {:>9} {:>8} {:>8} {:>7} {:>7}\n", "cells", "ranks", "stopped", "s a cell", "chunks",
             "us each", "load", "seconds", "tail s", "busy %", "plan kB", "all kB");
}

/// What masters below a master would give, by calculation: each of them takes chunks as this one does, and whole cells go up.
void print_tree(double chunk_seconds, double master_seconds, double chunks_a_cell) {
  const double below = chunk_seconds / master_seconds, above = below * chunks_a_cell;
  fmt::print("{:9.3g} s a chunk: one master saturates at {:.3g} ranks; masters below it, to which whole cells go, at {:.3g} ranks each, "
             "the one above them at {:.3g} ranks\n",
             chunk_seconds, below, below, above);
}

}  // namespace

int run(std::uint32_t most_cells) {
  const auto growth = [](const std::vector<Setting>& settings, auto size) -> Measured {
    if (settings.empty()) return {};
    head();
    std::vector<Measured> all;
    for (const Setting& setting : settings) {
      all.push_back(measure_apart(setting));
      print(setting, all.back());
    }
    if (all.size() > 1) {
      const std::size_t last = all.size() - 1;
      const double factor = size(settings[last]) / size(settings[last - 1]);
      fmt::print("exponents of the last step: rank 0's time {:.2f}, memory {:.2f}\n\n",
                 exponent(each(all[last - 1]) * static_cast<double>(all[last - 1].run.chunks),
                          each(all[last]) * static_cast<double>(all[last].run.chunks), factor),
                 exponent(all[last - 1].megabytes, all[last].megabytes, factor));
    }
    return all.back();
  };
  const auto by_cells = [](const Setting& s) { return static_cast<double>(s.cells); };
  const auto by_ranks = [](const Setting& s) { return static_cast<double>(s.ranks); };
  for (const double seconds : {0.0, 1.0}) {
    if (most_cells < 1000) break;
    fmt::print("{} cells, 10,000 ranks\n", seconds == 0 ? "tiny" : "cells of a second,");
    std::vector<Setting> settings;
    for (std::uint32_t cells = 1000; cells <= most_cells; cells *= 10) settings.push_back({cells, 10000, 0, seconds});
    growth(settings, by_cells);
  }
  fmt::print("a tenth of the ranks stopped, cells of 64 s\n");
  growth({{1000, 1000, 100, 64}, {1000, 2000, 200, 64}, {1000, 4000, 400, 64}, {1000, 10000, 1000, 64}}, by_ranks);
  fmt::print("ranks, over cells of 64 s\n");
  const Measured last = growth({{10000, 1000, 0, 64}, {10000, 10000, 0, 64}}, by_ranks);
  for (const double seconds : {1e-3, 1.0 / 64, 0.1, 1.0, 10.0}) print_tree(seconds, each(last), 64);
  return 0;
}

}  // namespace leafcast::bench

int main(int argc, char** argv) {
  const leafcast::workers::MpiCommunicator session;
  return leafcast::bench::run(argc > 1 ? static_cast<std::uint32_t>(std::atof(argv[1])) : 100000);
}
