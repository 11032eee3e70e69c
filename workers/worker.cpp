// Every rank but 0: samples what it is granted.
#include <deque>
#include <memory>
#include <utility>

#include "engine/contract.h"
#include "engine/error.h"
#include "workers/pace.h"
#include "workers/run.h"
#include "workers/runner.h"
#include "workers/stop_signal.h"

namespace leafcast::workers {

namespace {

constexpr double kTellSeconds = 5e-3;  // short chunks are told of together, but not later

class Worker {
 public:
  Worker(Communicator& communicator, const SampleChunk& sample)
      : communicator_(communicator), sample_(sample) {}

  void run() {
    try {
      sample_until_stopped();
      tell();
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
    send(farewell);
  }

 private:
  void sample_until_stopped() {
    Nap nap(communicator_);
    while (read_orders()) {
      if (queue_.empty()) {
        nap.take();
        continue;
      }
      nap.reset();
      Result result;
      const Granted granted = queue_.front();
      queue_.pop_front();
      result.chunk = granted.chunk;
      const double begin = communicator_.seconds(), core_begin = thread_seconds();
      const auto proceed = [this] {
        say_alive();
        if (!done_.empty() && communicator_.seconds() - told_at_ >= kTellSeconds) tell();
        return read_orders() || communicator_.seconds() < sample_until_;
      };
      std::optional<Sampled> sampled =
          sample_ ? sample_(granted.chunk, proceed)
                  : runner_.run(*granted.cell, granted.chunk, granted.samples, proceed);
      if (!sampled) return;
      const double now = communicator_.seconds();
      result.seconds = now - begin;
      result.core_seconds = thread_seconds() - core_begin;
      result.tally = std::move(sampled->tally);
      result.rows_hash = sampled->rows_hash;
      done_.push_back(std::move(result));
      // As long as there is more to do than to tell, telling can wait.
      if (done_.size() >= queue_.size() || now - told_at_ >= kTellSeconds) tell();
    }
  }

  void tell() {
    if (done_.empty()) return;
    News news;
    news.action = News::Action::result;
    news.results = std::exchange(done_, {});
    send(news);
  }

  void send(const News& news) {
    told_at_ = communicator_.seconds();
    communicator_.send_news(news);
  }
  void say_alive() {
    if (communicator_.seconds() - told_at_ < beat_seconds(communicator_.size())) return;
    News news;
    news.action = News::Action::alive;
    send(news);
  }

  /// Takes in the orders that have come; false once told to stop.
  bool read_orders() {
    if (stop_signalled() && !told_) {
      told_ = true;
      News news;
      news.action = News::Action::signalled;
      news.grace = stop_grace();
      send(news);
    }
    while (const auto order = communicator_.poll_order()) {
      if (order->action == Order::Action::stop) {
        stopped_ = true;
        sample_until_ = communicator_.seconds() + order->grace;
      }
      take(*order);
    }
    return !stopped_;
  }

  /// The master tells of a cell where it is another than that of the chunk before.
  void take(const Order& order) {
    if (has_failed_) return;
    auto text = order.cells.begin();
    for (std::size_t i = 0; i < order.chunks.size(); ++i) {
      const Chunk chunk = order.chunks[i];
      if (!cell_ || chunk.cell != cell_index_) {
        LEAFCAST_EXPECT(text != order.cells.end(), "a chunk that was granted",
                        "nobody has said of which cell", "describe it in the order");
        cell_ = std::make_shared<const Cell>(Cell::from_parameters(from_line(*text++)));
        cell_index_ = chunk.cell;
      }
      queue_.push_back({chunk, order.samples[i], cell_});
    }
  }

  void fail(int code, const std::string& text) {
    has_failed_ = true;
    tell();
    News news;
    news.action = News::Action::failed;
    news.exit_code = code;
    news.text = text;
    send(news);
    Nap nap(communicator_);
    while (read_orders()) nap.take();
  }

  Communicator& communicator_;
  const SampleChunk& sample_;
  Runner runner_;
  struct Granted {
    Chunk chunk;
    std::uint64_t samples;
    std::shared_ptr<const Cell> cell;
  };
  std::deque<Granted> queue_;
  std::shared_ptr<const Cell> cell_;  // of the last chunk granted
  std::uint32_t cell_index_ = 0;
  std::vector<Result> done_;  // that the master has not been told of
  bool told_ = false, stopped_ = false, has_failed_ = false;
  double told_at_ = communicator_.seconds();  // when news was last sent
  double sample_until_ = 0;                   // once stopped
};

}  // namespace

void run_worker(Communicator& communicator, const SampleChunk& sample) { Worker(communicator, sample).run(); }

}  // namespace leafcast::workers
