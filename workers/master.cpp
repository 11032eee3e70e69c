// Rank 0: what waits, who has what, what is done.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>

#include "engine/error.h"
#include "workers/goals.h"
#include "workers/pace.h"
#include "workers/run.h"
#include "workers/runner.h"
#include "workers/stop_signal.h"

namespace leafcast::workers {

namespace {

// A worker never waits for the master between two chunks: it holds the next one, or several short ones.
constexpr double kSecondsInFlight = 0.02, kLongChunk = 0.5;
constexpr std::size_t kMostGrantsInFlight = 64;
constexpr double kMayBeLate = 1.25;  // a prediction's error that a deadline forgives
constexpr int kMostRanksWithSamplingMaster = 32;
constexpr double kReportSeconds = 0.2;
constexpr double kReadSeconds = 0.02;  // where news never ends, parts are written and stops heeded in between
// A rank is overdue when a chunk takes so many times what it should, or when it says nothing for so many
// beats.
constexpr double kLate = 3, kLeastLate = 2, kSilentBeats = 4;
// Seconds that the end waits for ranks that were silent before: a launcher that has lost their machine kills rank
// 0 two seconds after it has told it to stop.
constexpr double kPatienceWithSilent = 1;
constexpr std::uint32_t kNoCellTold = std::numeric_limits<std::uint32_t>::max();

Ledger without(Ledger ledger, const std::vector<ChunkHash>& again) {
  for (const ChunkHash& hash : again) ledger.erase(hash.chunk);
  return ledger;
}

void order_stop(Communicator& communicator, double grace) {
  for (int worker = 1; worker < communicator.size(); ++worker)
    communicator.send_order(worker, {Order::Action::stop, {}, grace});
}

/// Workers that have not said farewell. They do so once they are told to stop, and rank 0 may be in the middle
/// of a chunk then: whoever reads news tells of it here.
class Farewells {
 public:
  explicit Farewells(const Communicator& communicator) {
    for (int worker = 1; worker < communicator.size(); ++worker) awaited_.insert(worker);
  }
  void take(const Communicator::Letter& letter) {
    if (letter.news.action == News::Action::farewell) awaited_.erase(letter.sender);
  }
  const std::set<int>& awaited() const { return awaited_; }

 private:
  std::set<int> awaited_;
};

/// Takes what workers that were told to stop still send, until all have said farewell. Gives up those that
/// have not when nobody has been heard of for `patience()` seconds. `take` tells the farewells of each letter.
template <class Take, class Patience>
void await_farewells(Communicator& communicator, const Farewells& farewells, Take take, Patience patience) {
  Nap nap(communicator);
  for (double heard = communicator.seconds(); !farewells.awaited().empty();) {
    if (const auto letter = communicator.poll_news()) {
      heard = communicator.seconds();
      take(*letter);
      nap.reset();
    } else if (communicator.seconds() - heard > patience()) {
      for (const int worker : farewells.awaited()) communicator.give_up(worker);
      return;
    } else {
      nap.take();
    }
  }
}

class Master {
 public:
  Master(Communicator& communicator, Record& record, const RunSettings& settings, const RunSinks& sinks)
      : communicator_(communicator),
        record_(record),
        settings_(settings),
        sinks_(sinks),
        goals_(record, settings.goal_check, settings.costs),
        again_(settings.again),
        dispatcher_(record.plan, without(record.ledger, settings.again), settings.slice, communicator.size(),
                    settings.costs, goals_.wants()),
        delta_(record.plan),
        samples_too_(communicator.size() <= kMostRanksWithSamplingMaster),
        mean_chunk_(dispatcher_.seconds_left() /
                    static_cast<double>(std::max<std::size_t>(dispatcher_.waiting(), 1))),
        start_(communicator.seconds()),
        heard_(static_cast<std::size_t>(communicator.size()), 0),
        resulted_(heard_),
        told_(heard_.size(), kNoCellTold) {}

  Outcome run() {
    for (int worker = 1; worker < communicator_.size(); ++worker) grant(worker);
    Nap nap(communicator_);
    try {
      while (!stopping() && !dispatcher_.finished()) {
        const bool news = serve();
        if (stopping()) break;
        if (samples_too_ && sample_one())
          nap.reset();
        else if (news)
          nap.reset();
        else if (dispatcher_.held() == 0)
          stop(Stop::deadline, 0);  // nothing that waits would end in time
        else
          nap.take();
      }
    } catch (...) {
      fail(std::current_exception());
    }
    await_workers();
    if (failure_) {
      try {
        flush();       // whatever was computed, if the failure allows
      } catch (...) {  // the first failure is the one to tell of
      }
      std::rethrow_exception(failure_);
    }
    flush();
    report(true);
    return dispatcher_.finished() ? Outcome::complete : Outcome::interrupted;
  }

 private:
  bool stopping() const { return stopping_ != Stop::no; }
  /// Tells every rank, this one too, to finish what it can within `grace` seconds.
  void stop(Stop reason, double grace) {
    if (stopping() || dismissed_) return;
    stopping_ = reason;
    dismissed_ = true;
    sample_until_ = elapsed() + std::clamp(stop_at() - elapsed(), 0.0, grace);
    order_stop(communicator_, sample_until_ - elapsed());
    if (reason == Stop::signal) flush();  // before waiting for anyone: who sent it may not wait
  }
  void fail(std::exception_ptr failure) {
    if (!failure_) failure_ = std::move(failure);
    stop(Stop::failure, 0);
  }

  /// False if there is no chunk, waiting or overdue with others, that would end in time.
  bool sample_one() {
    std::vector<Chunk> granted = dispatcher_.grant(0, 1, most_seconds(0));
    if (granted.empty() && dispatcher_.waiting() == 0) granted = copy_overdue(0);
    if (granted.empty()) return false;
    Result result;
    result.chunk = granted.front();
    const double begin = elapsed(), core_begin = thread_seconds();
    double serving = 0;  // not of sampling
    const auto proceed = [&] {
      const double start = thread_seconds();
      serve();
      serving += thread_seconds() - start;
      return stopping() ? elapsed() < sample_until_ : dispatcher_.held_by(0) > 0;
    };
    std::optional<Sampled> sampled = settings_.sample
                                         ? settings_.sample(result.chunk, proceed)
                                         : runner_.run(record_.plan.cells()[result.chunk.cell], result.chunk,
                                                       record_.plan.samples(result.chunk), proceed);
    if (!sampled) {
      dispatcher_.release(0);
      return true;
    }
    result.seconds = elapsed() - begin;
    result.core_seconds = thread_seconds() - core_begin - serving;
    result.tally = std::move(sampled->tally);
    result.rows_hash = sampled->rows_hash;
    finish(0, result);
    return true;
  }

  /// Reads news, then does what is due. Returns whether there was news.
  bool serve() {
    const double begin = elapsed(), writing = writing_seconds_;
    bool any = false;
    while (const auto letter = communicator_.poll_news()) {
      any = true;
      take(*letter);
      if (letter->news.action == News::Action::result && !stopping()) grant(letter->sender);
      if (elapsed() - begin > kReadSeconds) break;
    }
    wake_idle();
    if (stop_signalled()) stop(Stop::signal, stop_grace());
    if (elapsed() >= stop_at()) stop(Stop::deadline, 0);
    if (!stopping() && flush_is_due()) flush();
    if (elapsed() - reported_at_ >= kReportSeconds) {
      if (!stopping() && dispatcher_.waiting() == 0) help_overdue();
      report(false);
    }
    if (any) dispatch_seconds_ += elapsed() - begin - (writing_seconds_ - writing);
    return any;
  }

  void take(const Communicator::Letter& letter) {
    const auto sender = static_cast<std::size_t>(letter.sender);
    heard_[sender] = elapsed();
    farewells_.take(letter);
    switch (letter.news.action) {
      case News::Action::result:
        resulted_[sender] = heard_[sender];
        for (const Result& result : letter.news.results) finish(letter.sender, result);
        break;
      case News::Action::signalled:
        stop(Stop::signal, letter.news.grace);
        break;
      case News::Action::failed:
        fail(std::make_exception_ptr(
            Error(static_cast<ExitCode>(letter.news.exit_code),
                  "rank " + std::to_string(letter.sender) + ": " + letter.news.text)));
        break;
      case News::Action::alive:
      case News::Action::farewell:
        break;
    }
  }

  void finish(int worker, const Result& result) {
    const Chunk chunk = result.chunk;
    if (!dispatcher_.finish(worker, chunk)) return;
    const ChunkHash hash{chunk, hash_of(result.tally), result.rows_hash};
    const bool again = record_.ledger.contains(chunk);
    if (again) {
      check_again(hash);
    } else {
      count(chunk, result.tally);
      delta_.hashes.push_back(hash);
    }
    finished_at_ = elapsed();
    seconds_ += result.seconds;
    core_seconds_ += result.core_seconds;
    predicted_seconds_ += dispatcher_.seconds(chunk);
    leaves_ += static_cast<double>(record_.plan.samples(chunk)) *
               static_cast<double>(record_.plan.cells()[chunk.cell].language().leaves());
    if (dispatcher_.left(chunk.cell) > 0) return;
    for (const auto& [cell, more] : goals_.next(chunk.cell)) {
      dispatcher_.extend(cell, more);
      has_extended_ = true;
    }
  }
  void count(Chunk chunk, const Tally& tally) {
    delta_.add(chunk, tally);
    // Who judges a cell by its sums needs all of them at once.
    if (sinks_.stores && !record_.plan.cells()[chunk.cell].is_adaptive())
      record_.ledger.insert(chunk);
    else
      record_.add(chunk, tally);
    // A bin has a tally however many chunks it is of.
    if (touched_[chunk.cell]++ < kJackknifeBins) held_bytes_ += bytes_of(tally);
  }
  static double bytes_of(const Tally& tally) {
    return static_cast<double>(sizeof(Tally) + 8 * tally.words().size() +
                               sizeof(Histogram::value_type) * tally.histogram.size());
  }
  void check_again(const ChunkHash& now) {
    const ChunkHash* first = again_.find(now.chunk);
    const bool same_sums = !first || first->sums == 0 || first->sums == now.sums;
    const bool same_rows = !first || first->rows == 0 || first->rows == now.rows;
    if (same_sums && same_rows) {
      if (sinks_.again_done) sinks_.again_done(now.chunk);
      return;
    }
    fail(std::make_exception_ptr(DataError(fmt::format(
        "chunk {} of cell {} ({}), sampled again, gives other {} than at first: {}", now.chunk.index,
        now.chunk.cell, record_.plan.cells()[now.chunk.cell].label(), same_sums ? "sequences" : "sums",
        same_sums
            ? "they were written in another way; see that --stream and --format are those of the first time"
            : "one of the two machines computes wrongly, or leafcast does; see leafcast verify --resample, and "
              "report it if machines agree"))));
  }
  /// A stage has begun: whoever has nothing to do may.
  void wake_idle() {
    if (!std::exchange(has_extended_, false) || stopping()) return;
    for (int worker = 1; worker < communicator_.size(); ++worker)
      if (dispatcher_.idle(worker)) grant(worker);
  }

  /// False if there is nothing for it.
  bool grant(int worker) {
    const bool was_idle = dispatcher_.idle(worker);
    Order order{Order::Action::grant, {}};
    while (wants_more(worker)) {
      const std::vector<Chunk> granted = dispatcher_.grant(worker, 1, most_seconds(worker));
      if (granted.empty()) break;
      order.chunks.push_back(granted.front());
    }
    if (order.chunks.empty() && dispatcher_.waiting() == 0 && was_idle) order.chunks = copy_overdue(worker);
    if (order.chunks.empty()) return false;
    if (was_idle) {  // its time runs from now
      const auto w = static_cast<std::size_t>(worker);
      heard_[w] = resulted_[w] = elapsed();
    }
    describe_chunks(worker, order);
    communicator_.send_order(worker, order);
    return true;
  }
  /// What a worker must know of its chunks: it has no plan.
  void describe_chunks(int worker, Order& order) {
    std::uint32_t& told = told_[static_cast<std::size_t>(worker)];
    for (const Chunk chunk : order.chunks) {
      order.samples.push_back(record_.plan.samples(chunk));
      if (chunk.cell != told) order.cells.push_back(to_line(record_.plan.cells()[chunk.cell].parameters()));
      told = chunk.cell;
    }
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

  // ---- ranks that are slow, stopped or gone

  bool silent(int worker) const {
    return worker != 0 && !dispatcher_.idle(worker) &&
           elapsed() - heard_[static_cast<std::size_t>(worker)] >
               kSilentBeats * beat_seconds(communicator_.size());
  }
  bool overdue(int worker) const {
    if (worker == 0 || dispatcher_.held_by(worker) == 0) return false;
    const double longest = pace() * dispatcher_.longest_held_by(worker);
    return silent(worker) ||
           elapsed() - resulted_[static_cast<std::size_t>(worker)] > std::max(kLeastLate, kLate * longest);
  }
  /// A chunk that only overdue ranks hold; none if none would end in time.
  std::vector<Chunk> copy_overdue(int worker) {
    for (const int late : overdue_) {
      std::vector<Chunk> chunks = dispatcher_.copy(worker, late, 1, most_seconds(worker),
                                                   [this](int holder) { return overdue(holder); });
      if (!chunks.empty()) return chunks;
    }
    return {};
  }
  /// Nothing waits any more: who has nothing to do takes over from those who are overdue.
  void help_overdue() {
    overdue_.clear();
    for (int worker = 1; worker < communicator_.size(); ++worker)
      if (overdue(worker)) overdue_.push_back(worker);
    if (overdue_.empty()) return;
    // What there is not for one that has nothing, there is not for another.
    for (int worker = 1; worker < communicator_.size(); ++worker)
      if (dispatcher_.idle(worker) && !grant(worker)) return;
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

  void await_workers() {
    if (!std::exchange(dismissed_, true)) order_stop(communicator_, 0);  // all is done
    const auto patience = [this] {
      const std::set<int>& awaited = farewells_.awaited();
      const bool all_silent = std::all_of(awaited.begin(), awaited.end(), [this](int w) { return silent(w); });
      const double until_cut_off = std::max(0.0, sample_until_ - elapsed());
      const double until_deadline = settings_.max_seconds - elapsed();
      if (all_silent) return std::min(settings_.patience_seconds, kPatienceWithSilent);
      return std::min(settings_.patience_seconds + until_cut_off, std::max(1.0, until_deadline));
    };
    await_farewells(
        communicator_, farewells_,
        [this](const Communicator::Letter& letter) {
          try {
            take(letter);
          } catch (...) {  // the others' results are still to come
            fail(std::current_exception());
          }
        },
        patience);
    for (int worker = 0; worker < communicator_.size(); ++worker) dispatcher_.release(worker);
  }

  bool flush_is_due() const {
    if (held_bytes_ >= settings_.flush_bytes) return true;
    return settings_.flush_chunks > 0 ? delta_.ledger.count() >= settings_.flush_chunks
                                      : elapsed() - flushed_at_ >= settings_.flush_seconds;
  }
  void flush() {
    const double begin = elapsed();
    flushed_at_ = begin;
    if (delta_.ledger.count() == 0) return;
    sinks_.write_part(delta_);
    writing_seconds_ += elapsed() - begin;
    // Some parts are united with others, which takes longer and is seldom.
    seconds_a_cell_ =
        0.7 * seconds_a_cell_ + 0.3 * (elapsed() - begin) / static_cast<double>(touched_.size());
    delta_ = Record(record_.plan);
    if (sinks_.stores) record_.drop_held();
    touched_.clear();
    held_bytes_ = 0;
  }

  void report(bool last) {
    reported_at_ = elapsed();
    Progress progress{record_.plan, record_.ledger, goals_.wanted(), goals_.states()};
    progress.foreseen_chunks = goals_.foreseen_chunks();
    progress.seconds = elapsed();
    progress.leaves_a_second = progress.seconds > 0 ? leaves_ / progress.seconds : 0;
    progress.sampling_seconds = core_seconds_;
    progress.predicted_seconds = predicted_seconds_;
    progress.dispatch_seconds = dispatch_seconds_;
    progress.writing_seconds = writing_seconds_;
    if (!dispatcher_.finished())
      progress.seconds_left =
          std::max(0.0, pace() * (dispatcher_.seconds_left() + goals_.foreseen_seconds()) / ranks() -
                            (elapsed() - finished_at_));
    progress.ranks = communicator_.size();
    progress.stopping = stopping_;
    progress.silent = communicator_.given_up();
    if (progress.silent.empty() && !stopping())
      for (int worker = 1; worker < communicator_.size(); ++worker)
        if (silent(worker)) progress.silent.push_back(worker);
    sinks_.report(progress, last);
  }

  double elapsed() const { return communicator_.seconds() - start_; }
  /// Early enough to collect the workers and to write the last part, which takes the longer the more cells it
  /// touches.
  double stop_at() const {
    const double reserve = std::min(2.0, 0.1 * settings_.max_seconds) +
                           1.5 * seconds_a_cell_ * static_cast<double>(touched_.size());
    return settings_.max_seconds - std::min(reserve, 0.7 * settings_.max_seconds);
  }

  Communicator& communicator_;
  Farewells farewells_{communicator_};
  Record& record_;
  const RunSettings& settings_;
  const RunSinks& sinks_;
  Goals goals_;
  ChunkHashes again_;
  Dispatcher dispatcher_;
  bool has_extended_ = false;  // chunks wait that ranks without any do not know of
  Runner runner_;
  Record delta_;                                    // what no part holds yet
  std::unordered_map<std::uint32_t, int> touched_;  // its cells
  double held_bytes_ = 0;                           // of their sums
  double seconds_a_cell_ = 2e-3;                    // of writing a part; measured from the first on
  const bool samples_too_;
  const double mean_chunk_;  // predicted seconds; as one more chunk, done as predicted, it steadies pace()
  const double start_;
  std::vector<double> heard_, resulted_;  // by worker: when it was last heard of, and sent a result
  std::vector<std::uint32_t> told_;       // by worker: the cell that it was told of last
  std::vector<int> overdue_;              // workers that were when last looked at
  double flushed_at_ = 0, reported_at_ = -1, finished_at_ = 0, leaves_ = 0;
  double seconds_ = 0, core_seconds_ = 0, predicted_seconds_ = 0;  // of the chunks that this run has done
  double dispatch_seconds_ = 0, writing_seconds_ = 0;
  Stop stopping_ = Stop::no;
  bool dismissed_ = false;   // the workers have been told to stop
  double sample_until_ = 0;  // once stopping
  std::exception_ptr failure_;
};

}  // namespace

Outcome run_master(Communicator& communicator, Record& record, const RunSettings& settings,
                   const RunSinks& sinks) {
  std::optional<Master> master;
  try {
    master.emplace(communicator, record, settings, sinks);
  } catch (...) {  // the workers are waiting for orders already
    order_stop(communicator, 0);
    Farewells farewells(communicator);
    await_farewells(
        communicator, farewells, [&](const auto& letter) { farewells.take(letter); },
        [&] { return settings.patience_seconds; });
    throw;
  }
  return master->run();
}

}  // namespace leafcast::workers
