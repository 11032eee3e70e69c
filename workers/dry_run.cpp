#include "workers/dry_run.h"

#include <algorithm>
#include <boost/random/normal_distribution.hpp>
#include <cmath>
#include <queue>
#include <random>
#include <vector>

#include "engine/observe/observable.h"

namespace leafcast::workers {

namespace {

class DryCommunicator final : public Communicator {
 public:
  DryCommunicator(const Plan& plan, const CostModel& costs, const DryMachine& machine)
      : plan_(plan),
        machine_(machine),
        random_(static_cast<std::mt19937_64::result_type>(machine.seed)),
        blank_(plan.cells().size()) {
    for (std::uint32_t cell = 0; cell < plan.cells().size(); ++cell) {
      costs_.push_back(costs.of(plan.cells()[cell]));
      done_.emplace_back(plan.chunks(cell), false);
      left_.push_back(plan.chunks(cell));
    }
    for (int rank = 0; rank < machine.ranks; ++rank) ranks_.push_back({factor(), 0, false});
    for (int i = 0; i < machine.stopped_ranks && i + 1 < machine.ranks; ++i)
      ranks_[static_cast<std::size_t>(machine.ranks - 1 - i)].stopped = true;
  }

  int rank() const override { return 0; }
  int size() const override { return machine_.ranks; }
  std::optional<Order> poll_order() override { return std::nullopt; }
  void send_news(const News&) override {}
  void broadcast(std::string&) override {}

  /// What passes really is the master's time, but not that of the pretence.
  double seconds() const override {
    return jumped_ + (machine_.clock ? machine_.clock() : Communicator::seconds()) - pretending_;
  }
  /// Sleeps on while there is no mail, but looks up for what the master does now and then.
  void wait(double seconds) override {
    constexpr double kLongest = 0.2;
    const double until_mail = mail_.empty() ? kLongest : mail_.top().time - this->seconds();
    jumped_ += std::max(seconds, std::min(kLongest, until_mail));
  }

  void send_order(int worker, const Order& order) override {
    const Pretence pretence(*this);
    Rank& rank = ranks_[static_cast<std::size_t>(worker)];
    const double arrival = pretence.begun + machine_.latency_seconds;
    if (rank.stopped) return;
    if (order.action == Order::Action::stop) {
      mail_.push({arrival + machine_.latency_seconds, worker, std::nullopt, 0});
      return;
    }
    for (const Chunk chunk : order.chunks) {
      const double taken = draw_seconds(chunk, rank);
      rank.free_at = std::max(rank.free_at, arrival) + taken;
      mail_.push({rank.free_at + machine_.latency_seconds, worker, chunk, taken});
    }
  }

  std::optional<Letter> poll_news() override {
    const Pretence pretence(*this);
    if (mail_.empty() || mail_.top().time > pretence.begun) return std::nullopt;
    const Mail mail = mail_.top();
    mail_.pop();
    Letter letter{mail.worker, {}};
    if (!mail.chunk) return letter;  // farewell
    letter.news.action = News::Action::result;
    letter.news.results.push_back({*mail.chunk, blank(*mail.chunk), 0, mail.taken, mail.taken});
    note_done(*mail.chunk, mail.taken, pretence.begun);
    return letter;
  }

  /// Rank 0's own chunk: it looks up every few milliseconds, as samplers do.
  std::optional<Tally> sample(Chunk chunk, const std::function<bool()>& proceed) {
    constexpr double kBatch = 5e-3;
    const double taken = draw_seconds(chunk, ranks_[0]), end = seconds() + taken;
    while (seconds() < end) {
      jumped_ += std::min(kBatch, std::max(0.0, end - seconds()));
      if (!proceed()) return std::nullopt;
    }
    Tally tally = blank(chunk);
    note_done(chunk, taken, seconds());
    return tally;
  }

  double core_seconds = 0;
  std::uint64_t chunks = 0, doubled = 0;
  double last_done = 0;  ///< when the last chunk was
  /// When the first of the ranks that are not stopped ended its last chunk.
  double first_free() const {
    double first = last_done;
    for (std::size_t rank = 1; rank < ranks_.size(); ++rank)
      if (!ranks_[rank].stopped) first = std::min(first, ranks_[rank].free_at);
    return first;
  }

 private:
  struct Rank {
    double slowness, free_at;
    bool stopped;
  };
  struct Mail {
    double time;
    int worker;
    std::optional<Chunk> chunk;  // nothing: farewell
    double taken;
    bool operator<(const Mail& other) const { return time > other.time; }  // the earliest on top
  };

  /// Does not count as the master's time.
  struct Pretence {
    explicit Pretence(DryCommunicator& c) : communicator(c), begun(c.seconds()) {}
    ~Pretence() { communicator.pretending_ += communicator.seconds() - begun; }
    DryCommunicator& communicator;
    const double begun;
  };

  double factor() {
    return std::exp(machine_.spread * boost::random::normal_distribution<double>()(random_));
  }
  double draw_seconds(Chunk chunk, const Rank& rank) {
    return rank.slowness * factor() * costs_[chunk.cell].of(plan_.samples(chunk));
  }
  /// Its numbers do not matter: adding it takes the time.
  const Tally& blank(Chunk chunk) {
    std::optional<Tally>& tally = blank_[chunk.cell];
    if (!tally) tally = simulated_tally(plan_.cells()[chunk.cell], plan_.samples(chunk), random_);
    return *tally;
  }
  void note_done(Chunk chunk, double taken, double when) {
    if (done_[chunk.cell][chunk.index]) {
      ++doubled;
      return;
    }
    done_[chunk.cell][chunk.index] = true;
    if (--left_[chunk.cell] == 0) blank_[chunk.cell].reset();
    ++chunks;
    core_seconds += taken;
    last_done = when;
  }

  const Plan& plan_;
  const DryMachine& machine_;
  std::mt19937_64 random_;
  std::vector<CellCost> costs_;
  std::vector<std::optional<Tally>> blank_;  // by cell
  std::vector<Rank> ranks_;
  std::priority_queue<Mail> mail_;
  std::vector<std::vector<bool>> done_;  // by cell and chunk
  std::vector<std::uint32_t> left_;      // by cell: chunks not done
  double jumped_ = 0, pretending_ = 0;   // simulated seconds; real ones that do not count
};

}  // namespace

DryRun run_dry(const Plan& plan, const CostModel& costs, const DryMachine& machine, Slice slice) {
  DryCommunicator communicator(plan, costs, machine);
  RunSettings settings;
  settings.slice = slice;
  settings.costs = costs;
  settings.goal_check = [](const Cell&, const CellTally&) { return GoalState{}; };
  settings.sample = [&](Chunk chunk, const std::function<bool()>& proceed) {
    return communicator.sample(chunk, proceed);
  };
  DryRun result;
  Record record(plan);
  RunSinks sinks{[](const Record&) {},
                 [&](const Progress& progress, bool) { result.dispatch_seconds = progress.dispatch_seconds; }};
  sinks.stores = std::none_of(plan.cells().begin(), plan.cells().end(),
                              [](const Cell& cell) { return cell.is_adaptive(); });  // nobody asks for the sums
  const double begin = communicator.seconds();
  run_master(communicator, record, settings, sinks);
  if (communicator.chunks == 0) return result;
  result.seconds = communicator.last_done - begin;
  result.core_seconds = communicator.core_seconds;
  result.chunks = communicator.chunks;
  result.doubled = communicator.doubled;
  result.tail_seconds = communicator.last_done - std::max(communicator.first_free(), begin);
  result.efficiency = result.core_seconds / (machine.ranks * result.seconds);
  return result;
}

}  // namespace leafcast::workers
