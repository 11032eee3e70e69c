#include "workers/run.h"

#include <chrono>
#include <deque>
#include <memory>
#include <set>
#include <thread>

#include "engine/chunk_runner.h"
#include "engine/error.h"
#include "workers/stop_signal.h"

namespace leafcast::workers {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kGrantsInFlight = 3;  // a worker never waits for the master between two chunks
constexpr int kMostRanksWithSamplingMaster = 32;
constexpr double kReportSeconds = 0.2;
constexpr auto kShortestNap = std::chrono::microseconds(20), kLongestNap = std::chrono::microseconds(2000);

/// Waits between two looks into the mailbox: soon after news, seldom when idle, never burning a core.
class Nap {
 public:
  void reset() { nap_ = kShortestNap; }
  void take() {
    std::this_thread::sleep_for(nap_);
    nap_ = std::min(2 * nap_, std::chrono::microseconds(kLongestNap));
  }

 private:
  std::chrono::microseconds nap_ = kShortestNap;
};

/// Tabulates a cell's sampler when it is first needed and keeps it while its chunks come.
class Runners {
 public:
  explicit Runners(const Plan& plan) : plan_(plan) {}
  std::optional<Tally> run(Chunk chunk, const std::function<bool()>& proceed) {
    if (!runner_ || cell_ != chunk.cell) {
      runner_ = std::make_unique<ChunkRunner>(plan_.cells()[chunk.cell]);
      cell_ = chunk.cell;
    }
    return runner_->run(chunk.index, plan_.samples(chunk), proceed);
  }

 private:
  const Plan& plan_;
  std::unique_ptr<ChunkRunner> runner_;
  std::uint32_t cell_ = 0;
};

/// Tells every worker to stop and takes what they still send; `take` returns how many have said farewell.
template <class Take>
void dismiss(Communicator& communicator, Take take) {
  const int workers = communicator.size() - 1;
  for (int worker = 1; worker <= workers; ++worker)
    communicator.send_order(worker, {Order::Action::stop, {}});
  Nap nap;
  for (int farewells = 0; farewells < workers;) {
    if (const auto letter = communicator.poll_news())
      farewells = take(*letter);
    else
      nap.take();
  }
}

class Master {
 public:
  Master(Communicator& communicator, Record& record, const RunSettings& settings, const RunSinks& sinks)
      : communicator_(communicator),
        record_(record),
        settings_(settings),
        sinks_(sinks),
        dispatcher_(record.plan, record.ledger, settings.slice, communicator.size()),
        runners_(record.plan),
        delta_(record.plan),
        seconds_at_start_(dispatcher_.seconds_left()) {}

  Outcome run() {
    for (int worker = 1; worker < communicator_.size(); ++worker) grant(worker, kGrantsInFlight);
    const bool samples_too = communicator_.size() <= kMostRanksWithSamplingMaster;
    Nap nap;
    try {
      while (!stopping_ && !dispatcher_.finished()) {
        const bool news = serve();
        if (stopping_) break;
        if (samples_too && dispatcher_.waiting() > 0)
          sample_one();
        else if (news)
          nap.reset();
        else
          nap.take();
      }
    } catch (...) {
      failure_ = std::current_exception();
    }
    stop_workers();
    if (failure_) {
      try {
        flush();  // whatever was computed, if the failure allows
      } catch (const Error&) {
      }
      std::rethrow_exception(failure_);
    }
    flush();
    report(true);
    return dispatcher_.finished() ? Outcome::complete : Outcome::interrupted;
  }

 private:
  void sample_one() {
    const Chunk chunk = dispatcher_.grant(0, 1).front();
    const std::optional<Tally> tally = runners_.run(chunk, [this] {
      serve();
      return !stopping_;
    });
    if (tally)
      finish(0, chunk, *tally);
    else
      dispatcher_.release(0);
  }

  /// Reads all news, then does what is due. Returns whether there was news.
  bool serve() {
    bool any = false;
    while (const auto letter = communicator_.poll_news()) {
      any = true;
      take(*letter);
      if (letter->news.action == News::Action::result && !stopping_) grant(letter->sender, 1);
    }
    if (stop_signalled() || elapsed() >= stop_at()) stopping_ = true;
    if (!stopping_ && elapsed() - flushed_at_ >= settings_.flush_seconds) flush();
    if (elapsed() - reported_at_ >= kReportSeconds) report(false);
    return any;
  }

  void take(const Communicator::Letter& letter) {
    switch (letter.news.action) {
      case News::Action::result:
        finish(letter.sender, letter.news.chunk, letter.news.tally);
        break;
      case News::Action::signalled:
        stopping_ = true;
        break;
      case News::Action::failed:
        stopping_ = true;
        if (!failure_)
          failure_ = std::make_exception_ptr(
              Error(static_cast<ExitCode>(letter.news.exit_code),
                    "rank " + std::to_string(letter.sender) + ": " + letter.news.text));
        break;
      case News::Action::farewell:
        ++farewells_;
        break;
    }
  }

  void finish(int worker, Chunk chunk, const Tally& tally) {
    dispatcher_.finish(worker, chunk);
    record_.add(chunk, tally);
    delta_.add(chunk, tally);
    touched_.insert(chunk.cell);
    leaves_ += static_cast<double>(record_.plan.samples(chunk)) *
               static_cast<double>(record_.plan.cells()[chunk.cell].language().leaves());
  }

  void grant(int worker, std::size_t count) {
    Order order{Order::Action::grant, dispatcher_.grant(worker, count)};
    if (!order.chunks.empty()) communicator_.send_order(worker, order);
  }

  void stop_workers() {
    dismiss(communicator_, [this](const Communicator::Letter& letter) {
      take(letter);
      return farewells_;
    });
    for (int worker = 0; worker < communicator_.size(); ++worker) dispatcher_.release(worker);
  }

  void flush() {
    flushed_at_ = elapsed();
    if (delta_.ledger.count() == 0) return;
    sinks_.write_part(delta_);
    seconds_a_cell_ = (elapsed() - flushed_at_) / static_cast<double>(touched_.size());
    delta_ = Record(record_.plan);
    touched_.clear();
  }

  void report(bool last) {
    reported_at_ = elapsed();
    Progress progress{record_.plan, record_.ledger};
    progress.seconds = elapsed();
    progress.leaves_a_second = progress.seconds > 0 ? leaves_ / progress.seconds : 0;
    // The cost estimate knows proportions well and the machine badly: scale it by what this run has seen.
    const double done = seconds_at_start_ - dispatcher_.seconds_left();
    progress.seconds_left = done > 0 ? progress.seconds * dispatcher_.seconds_left() / done : 0;
    progress.ranks = communicator_.size();
    sinks_.report(progress, last);
  }

  double elapsed() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  /// Early enough to collect the workers and to write the last part, which takes the longer the more cells it
  /// touches.
  double stop_at() const {
    const double reserve = std::min(2.0, 0.1 * settings_.max_seconds) +
                           1.5 * seconds_a_cell_ * static_cast<double>(touched_.size());
    return settings_.max_seconds - std::min(reserve, 0.7 * settings_.max_seconds);
  }

  Communicator& communicator_;
  Record& record_;
  const RunSettings& settings_;
  const RunSinks& sinks_;
  Dispatcher dispatcher_;
  Runners runners_;
  Record delta_;                     // what no part holds yet
  std::set<std::uint32_t> touched_;  // its cells
  double seconds_a_cell_ = 2e-3;     // of writing a part; measured from the first on
  double seconds_at_start_;
  const Clock::time_point start_ = Clock::now();
  double flushed_at_ = 0, reported_at_ = -1, leaves_ = 0;
  bool stopping_ = false;
  int farewells_ = 0;
  std::exception_ptr failure_;
};

class Worker {
 public:
  Worker(Communicator& communicator, const Plan& plan)
      : communicator_(communicator), plan_(plan), runners_(plan) {}

  void run() {
    try {
      sample_until_stopped();
    } catch (const Error& e) {
      fail(static_cast<int>(e.code()), e.what());
    } catch (const std::bad_alloc&) {
      fail(static_cast<int>(ExitCode::internal),
           "out of memory: run fewer ranks a node, or a smaller context");
    } catch (const std::exception& e) {
      fail(static_cast<int>(ExitCode::internal), e.what());
    }
    News farewell;
    farewell.action = News::Action::farewell;
    communicator_.send_news(farewell);
  }

 private:
  void sample_until_stopped() {
    Nap nap;
    while (read_orders()) {
      if (queue_.empty()) {
        nap.take();
        continue;
      }
      nap.reset();
      News result;
      result.action = News::Action::result;
      result.chunk = queue_.front();
      queue_.pop_front();
      std::optional<Tally> tally = runners_.run(result.chunk, [this] { return read_orders(); });
      if (!tally) return;
      result.tally = std::move(*tally);
      communicator_.send_news(result);
    }
  }

  /// Takes in the orders that have come; false once told to stop.
  bool read_orders() {
    if (stop_signalled() && !told_) {
      told_ = true;
      News news;
      news.action = News::Action::signalled;
      communicator_.send_news(news);
    }
    while (const auto order = communicator_.poll_order()) {
      if (order->action == Order::Action::stop) stopped_ = true;
      queue_.insert(queue_.end(), order->chunks.begin(), order->chunks.end());
    }
    return !stopped_;
  }

  void fail(int code, const std::string& text) {
    News news;
    news.action = News::Action::failed;
    news.exit_code = code;
    news.text = text;
    communicator_.send_news(news);
    Nap nap;
    while (read_orders()) nap.take();
  }

  Communicator& communicator_;
  const Plan& plan_;
  Runners runners_;
  std::deque<Chunk> queue_;
  bool told_ = false, stopped_ = false;
};

}  // namespace

Outcome run_master(Communicator& communicator, Record& record, const RunSettings& settings,
                   const RunSinks& sinks) {
  std::optional<Master> master;
  try {
    master.emplace(communicator, record, settings, sinks);
  } catch (...) {  // the workers are waiting for orders already
    int farewells = 0;
    dismiss(communicator, [&](const Communicator::Letter& letter) {
      farewells += letter.news.action == News::Action::farewell;
      return farewells;
    });
    throw;
  }
  return master->run();
}

void run_worker(Communicator& communicator, const Plan& plan) { Worker(communicator, plan).run(); }

}  // namespace leafcast::workers
