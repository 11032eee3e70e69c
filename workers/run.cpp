#include "workers/run.h"

#include <chrono>
#include <ctime>
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

// A worker never waits for the master between two chunks: it holds the next one, or several short ones.
constexpr double kSecondsInFlight = 0.02, kLongChunk = 0.5;
constexpr std::size_t kMostGrantsInFlight = 64;
constexpr double kMayBeLate = 1.25;  // a prediction's error that a deadline forgives
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

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

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
        dispatcher_(record.plan, record.ledger, settings.slice, communicator.size(), settings.costs),
        runners_(record.plan),
        delta_(record.plan),
        samples_too_(communicator.size() <= kMostRanksWithSamplingMaster),
        mean_chunk_(dispatcher_.seconds_left() /
                    static_cast<double>(std::max<std::size_t>(dispatcher_.waiting(), 1))) {}

  Outcome run() {
    for (int worker = 1; worker < communicator_.size(); ++worker) grant(worker);
    Nap nap;
    try {
      while (!stopping_ && !dispatcher_.finished()) {
        const bool news = serve();
        if (stopping_) break;
        if (samples_too_ && dispatcher_.waiting() > 0 && sample_one())
          nap.reset();
        else if (news)
          nap.reset();
        else if (dispatcher_.held() == 0)
          stopping_ = true;  // nothing that waits would end in time
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
  /// False if no waiting chunk would end in time.
  bool sample_one() {
    const std::vector<Chunk> granted = dispatcher_.grant(0, 1, most_seconds(0));
    if (granted.empty()) return false;
    News result;
    result.action = News::Action::result;
    result.chunk = granted.front();
    const double begin = elapsed(), core_begin = thread_seconds();
    double serving = 0;  // not of sampling
    std::optional<Tally> tally = runners_.run(result.chunk, [&] {
      const double start = thread_seconds();
      serve();
      serving += thread_seconds() - start;
      return !stopping_;
    });
    if (!tally) {
      dispatcher_.release(0);
      return true;
    }
    result.seconds = elapsed() - begin;
    result.core_seconds = thread_seconds() - core_begin - serving;
    result.tally = std::move(*tally);
    finish(0, result);
    return true;
  }

  /// Reads all news, then does what is due. Returns whether there was news.
  bool serve() {
    bool any = false;
    while (const auto letter = communicator_.poll_news()) {
      any = true;
      take(*letter);
      if (letter->news.action == News::Action::result && !stopping_) grant(letter->sender);
    }
    if (stop_signalled() || elapsed() >= stop_at()) stopping_ = true;
    if (!stopping_ && elapsed() - flushed_at_ >= settings_.flush_seconds) flush();
    if (elapsed() - reported_at_ >= kReportSeconds) report(false);
    return any;
  }

  void take(const Communicator::Letter& letter) {
    switch (letter.news.action) {
      case News::Action::result:
        finish(letter.sender, letter.news);
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

  void finish(int worker, const News& result) {
    const Chunk chunk = result.chunk;
    dispatcher_.finish(worker, chunk);
    record_.add(chunk, result.tally);
    delta_.add(chunk, result.tally);
    touched_.insert(chunk.cell);
    finished_at_ = elapsed();
    seconds_ += result.seconds;
    core_seconds_ += result.core_seconds;
    predicted_seconds_ += dispatcher_.seconds(chunk);
    leaves_ += static_cast<double>(record_.plan.samples(chunk)) *
               static_cast<double>(record_.plan.cells()[chunk.cell].language().leaves());
  }

  void grant(int worker) {
    Order order{Order::Action::grant, {}};
    while (wants_more(worker)) {
      const std::vector<Chunk> granted = dispatcher_.grant(worker, 1, most_seconds(worker));
      if (granted.empty()) break;
      order.chunks.push_back(granted.front());
    }
    if (!order.chunks.empty()) communicator_.send_order(worker, order);
  }
  bool wants_more(int worker) const {
    const std::size_t held = dispatcher_.held_by(worker);
    if (held == 0) return true;
    const double seconds = pace() * dispatcher_.seconds_held_by(worker);
    // Towards the end, who is free first shall have the long chunk.
    if (held == 1) return seconds < kLongChunk || dispatcher_.waiting() > static_cast<std::size_t>(ranks());
    // Short ones must not pile up with some while others have none.
    return held < kMostGrantsInFlight && seconds < kSecondsInFlight &&
           seconds < pace() * dispatcher_.seconds_left() / (2 * ranks());
  }

  /// The longest chunk by the cost model that the worker can still end, after those that it holds. Whoever
  /// has nothing while no chunk has been done yet may try any: only then does a wrong model come right.
  double most_seconds(int worker) const {
    const bool unknown = finished_at_ == 0 && dispatcher_.held_by(worker) == 0;
    if (unknown || settings_.max_seconds == std::numeric_limits<double>::infinity())
      return std::numeric_limits<double>::infinity();
    return kMayBeLate * (stop_at() - elapsed()) / pace() - dispatcher_.seconds_held_by(worker);
  }
  /// Seconds that a predicted second has taken so far.
  double pace() const { return (seconds_ + mean_chunk_) / (predicted_seconds_ + mean_chunk_); }
  int ranks() const { return samples_too_ ? communicator_.size() : communicator_.size() - 1; }

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
    progress.sampling_seconds = core_seconds_;
    progress.predicted_seconds = predicted_seconds_;
    if (!dispatcher_.finished())
      progress.seconds_left =
          std::max(0.0, pace() * dispatcher_.seconds_left() / ranks() - (elapsed() - finished_at_));
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
  const bool samples_too_;
  const double mean_chunk_;  // predicted seconds; as one more chunk, done as predicted, it steadies pace()
  const Clock::time_point start_ = Clock::now();
  double flushed_at_ = 0, reported_at_ = -1, finished_at_ = 0, leaves_ = 0;
  double seconds_ = 0, core_seconds_ = 0, predicted_seconds_ = 0;  // of the chunks that this run has done
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
      const auto begin = Clock::now();
      const double core_begin = thread_seconds();
      std::optional<Tally> tally = runners_.run(result.chunk, [this] { return read_orders(); });
      if (!tally) return;
      result.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
      result.core_seconds = thread_seconds() - core_begin;
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
