#include "engine/plan/pilot.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <memory>

#include "engine/kernels/chunk_runner.h"
#include "engine/language/languages.h"
#include "engine/values.h"

namespace leafcast {

namespace {

constexpr int kRounds = 5, kFewestRounds = 2, kMostRounds = 25;
constexpr double kShortest = 1e-4, kLongest = 1e-2;  // seconds of one measurement
constexpr double kPatience = 5;                      // times that, after which it is given up
constexpr double kMostWaiting = 3;                   // real time a second of the budget, on a busy machine
constexpr double kSmallTree = 1000;                  // leaves, above which the fixed cost of a sentence hides

double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// The cell on a tree one level lower, if that is of the same class.
std::optional<Cell> lower_twin(const Cell& cell) {
  const Language& language = cell.language();
  // On small trees a collapsed sampler has nothing to split, and a k-gram nearly no path.
  constexpr std::int64_t kLeastPath = 256;
  const bool kgrams = cell.traits().walk == Walk::kgram;
  Parameters parameters = cell.parameters();
  if (cell.method() == Method::collapsed ||
      (kgrams && cell.method() == Method::sequence && language.leaves() / language.d < kLeastPath) ||
      !lower_language(parameters, language))
    return std::nullopt;
  std::visit([&](const auto& generator) { generator.lower(parameters, language); }, cell.generator());
  try {
    Cell twin = Cell::make(parameters);
    if (work_class(twin) == work_class(cell)) return twin;
  } catch (const CellError&) {
  }
  return std::nullopt;
}

/// One thing that is timed again and again: a chunk of so many batches.
class Measurement {
 public:
  /// `pace`: seconds a nominal second, as far as known, by which the tree is chosen; brought up to date.
  Measurement(const PilotTimers& timers, Cell cell, double target, double& pace)
      : cost_(CostModel().of(cell)), target_(target) {
    for (;;) {
      while (pace * cost_.batch > target && lower(cell)) {
      }
      timer_ = timers.chunk_timer(cell);
      if (measure() && measure()) break;  // the first one warms up
      pace *= kPatience;
      if (!lower(cell)) return;
    }
    pace = std::max(1.0, seconds_.back() / cost_.batch);
    leaves_ = static_cast<double>(cell.language().leaves());
    batches_ = std::clamp(std::floor(target / seconds_.back()), 1.0, 1e6);
    short_ = seconds_.back() < kShortest;
    seconds_.clear();
  }
  bool measure() {
    // A run does one chunk of a cell after the other, a pilot does not: bring its code and tables back first.
    if (short_) timer_(cost_.batch_size, limit());
    const auto samples = static_cast<std::uint64_t>(batches_) * cost_.batch_size;
    const std::optional<double> time = timer_(samples, limit());
    if (time) seconds_.push_back(*time);
    return time.has_value();
  }
  /// The same with one batch.
  Measurement single() const {
    Measurement one = *this;
    one.batches_ = 1;
    return one;
  }
  bool possible() const { return leaves_ > 0; }
  bool measured() const { return !seconds_.empty(); }
  double seconds() const { return median(seconds_); }
  double batches() const { return batches_; }
  double nominal() const { return cost_.batch; }
  double leaves() const { return leaves_; }

 private:
  double limit() const { return std::max(kPatience * target_, kLongest); }
  bool lower(Cell& cell) {
    std::optional<Cell> twin = lower_twin(cell);
    if (!twin) return false;
    cell = std::move(*twin);
    cost_ = CostModel().of(cell);
    return true;
  }

  CellCost cost_;
  double target_, batches_ = 1, leaves_ = 0;
  bool short_ = false;  // a batch
  PilotTimers::ChunkTimer timer_;
  std::vector<double> seconds_;
};

/// A class of work, and what is timed of it.
struct Subject {
  std::string work;
  std::optional<Cell> smallest, greatest;
  double nominal_seconds = 0;
  std::vector<Measurement> measurements;  // a small tree with one batch and with many; a great one

  void add(const Cell& cell) {
    const std::int64_t leaves = cell.language().leaves();
    if (!smallest || leaves < smallest->language().leaves()) smallest = cell;
    if (!greatest || leaves > greatest->language().leaves()) greatest = cell;
    nominal_seconds += sentence_seconds(cell) * static_cast<double>(cell.samples());
  }
  void prepare(const PilotTimers& timers, double target, double& pace) {
    const Measurement great(timers, *greatest, target, pace);
    if (!great.possible()) return;
    const double leaves = static_cast<double>(smallest->language().leaves());
    const bool both = leaves < kSmallTree && 4 * leaves <= great.leaves();
    const Measurement small = both ? Measurement(timers, *smallest, target, pace) : great;
    if (!small.possible()) return;
    measurements = {small.single(), small};
    if (both) measurements.push_back(great);
  }
  void measure() {
    for (Measurement& measurement : measurements) measurement.measure();
  }
  std::optional<CostModel::Rate> rate() const {
    if (measurements.empty() || !std::ranges::all_of(measurements, &Measurement::measured))
      return std::nullopt;
    const Measurement &single = measurements[0], &small = measurements[1], &great = measurements.back();
    CostModel::Rate rate;
    double small_batch = small.seconds() / small.batches();
    if (small.batches() > 1) {
      small_batch = std::min(small_batch, (small.seconds() - single.seconds()) / (small.batches() - 1));
      if (small_batch <= 0) small_batch = small.seconds() / small.batches();
      rate.chunk = std::max(0.0, single.seconds() - small_batch);
    }
    const double great_batch =
        std::max(great.seconds() - rate.chunk, 0.5 * great.seconds()) / great.batches();
    rate.scale = great_batch / great.nominal();
    if (measurements.size() == 3) {
      const double slope = (great_batch - small_batch) / (great.nominal() - small.nominal());
      const double fixed = small_batch - slope * small.nominal();
      if (slope > 0 && fixed > 0) {
        rate.scale = slope;
        rate.batch = fixed;
      }
    }
    if (!(rate.scale > 0)) return std::nullopt;
    return rate;
  }
};

std::vector<Subject> subjects_of(const std::vector<Cell>& cells) {
  std::map<std::string, Subject> by_class;
  for (const Cell& cell : cells) by_class[work_class(cell)].add(cell);
  std::vector<Subject> subjects;
  for (auto& [work, subject] : by_class) {
    subject.work = work;
    subjects.push_back(std::move(subject));
  }
  std::ranges::stable_sort(subjects, std::ranges::greater{}, &Subject::nominal_seconds);
  return subjects;
}

}  // namespace

PilotTimers PilotTimers::real() {
  PilotTimers timers;
  timers.chunk_timer = [](const Cell& cell) -> ChunkTimer {
    const auto runner = std::make_shared<ChunkRunner>(cell);
    return [runner](std::uint64_t samples, double limit) -> std::optional<double> {
      const double begin = seconds_of(CLOCK_THREAD_CPUTIME_ID);
      const auto elapsed = [begin] { return seconds_of(CLOCK_THREAD_CPUTIME_ID) - begin; };
      if (!runner->run(0, samples, [&] { return elapsed() < limit; })) return std::nullopt;
      return elapsed();
    };
  };
  const double core_begin = seconds_of(CLOCK_THREAD_CPUTIME_ID), begin = seconds_of(CLOCK_MONOTONIC);
  timers.clock = [=] {
    return std::max(seconds_of(CLOCK_THREAD_CPUTIME_ID) - core_begin,
                    (seconds_of(CLOCK_MONOTONIC) - begin) / kMostWaiting);
  };
  return timers;
}

std::map<std::string, CostModel::Rate> run_pilot(const std::vector<Cell>& cells, double budget_seconds,
                                                 const PilotTimers& timers) {
  const double begin = timers.clock();
  const auto elapsed = [&] { return timers.clock() - begin; };
  std::vector<Subject> subjects = subjects_of(cells);
  const double turns = 3.0 * (kRounds + 3) * static_cast<double>(subjects.size());
  const double target = std::clamp(budget_seconds / turns, kShortest, kLongest);
  std::size_t prepared = 0;
  double pace = 1;
  while (prepared < subjects.size() && (prepared == 0 || elapsed() < 0.6 * budget_seconds))
    subjects[prepared++].prepare(timers, target, pace);
  subjects.resize(prepared);
  for (int round = 0; round < kMostRounds && (round < kFewestRounds || elapsed() < budget_seconds); ++round)
    for (Subject& subject : subjects) subject.measure();
  std::map<std::string, CostModel::Rate> rates;
  for (const Subject& subject : subjects)
    if (const auto rate = subject.rate()) rates[subject.work] = *rate;
  return rates;
}

}  // namespace leafcast
