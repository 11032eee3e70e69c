// How many chunks a second rank 0 can hand out, take back and add up: its books alone, each thing that it
// does for a chunk, and run_master with simulated ranks, which answer at once.
#include <fmt/format.h>

#include <boost/mpi.hpp>
#include <deque>
#include <memory>
#include <optional>

#include "bench.h"
#include "engine/kernels/chunk_runner.h"
#include "engine/observe/observable.h"
#include "workers/mpi_communicator.h"
#include "workers/run.h"

namespace leafcast::bench {

namespace {

using workers::Dispatcher;
using workers::News;
using workers::Order;

constexpr double kGoal = 20000;  // chunks a second
constexpr std::size_t kGrantsInFlight = 3;

/// A plan of cells like the paper's, cut into this many chunks in all.
Plan make_plan(std::uint32_t cells, std::uint64_t chunks) {
  std::vector<Cell> list;
  constexpr std::uint64_t kSamplesAChunk = (1 << 25) / 6561;
  for (std::uint32_t seed = 1; seed <= cells; ++seed)
    list.push_back(Cell::make({{"language.kind", "ising"},
                               {"language.d", "3"},
                               {"language.height", "8"},
                               {"language.rho", "0.9"},
                               {"generator.kind", "true"},
                               {"seed", std::to_string(seed)},
                               {"sampling.samples", std::to_string(kSamplesAChunk * chunks / cells)}}));
  return Plan("", std::move(list), "");
}

/// What a worker reports of such a chunk: all subtree sums, and a histogram of some hundred bins.
const News& typical_news() {
  static const News news = [] {
    News result;
    result.action = News::Action::result;
    const Plan plan = make_plan(1, kJackknifeBins);
    const std::uint64_t samples = settings().smoke ? 16 : 4096;
    result.results.resize(1);
    result.results[0].tally = *ChunkRunner(plan.cells()[0]).run(0, samples, [] { return true; });
    return result;
  }();
  return news;
}

/// The same for a tree of height 30: longer sums, and about as many bins as 1/32 of an octave makes of them.
News deep_news() {
  News news = typical_news();
  std::mt19937_64 random;
  news.results[0].tally = simulated_tally(Cell::make({{"language.kind", "ising"},
                                           {"language.d", "3"},
                                           {"language.height", "30"},
                                           {"language.rho", "0.9"}}),
                               4096, random);
  for (std::int32_t bin = -600; bin < 600; ++bin) news.results[0].tally.histogram[bin] = 3;
  return news;
}

/// As Boost.MPI packs what it sends.
template <class Message>
boost::mpi::packed_oarchive::buffer_type pack(const Message& message) {
  boost::mpi::packed_oarchive::buffer_type buffer;
  boost::mpi::packed_oarchive archive(boost::mpi::communicator(), buffer);
  archive << message;
  return buffer;
}
template <class Message>
Message unpack(boost::mpi::packed_oarchive::buffer_type& buffer) {
  Message message;
  boost::mpi::packed_iarchive archive(boost::mpi::communicator(), buffer);
  archive >> message;
  return message;
}

/// Ranks that have done a chunk as soon as it is granted. Messages are packed and unpacked, but not sent.
class SimulatedCommunicator final : public workers::Communicator {
 public:
  SimulatedCommunicator(int workers, const News& news) : workers_(workers), packed_(pack(news)) {}
  int rank() const override { return 0; }
  int size() const override { return workers_ + 1; }
  std::optional<Letter> poll_news() override {
    if (mail_.empty()) return std::nullopt;
    Letter letter{mail_.front().first, unpack<News>(packed_)};
    if (mail_.front().second)
      letter.news.results[0].chunk = *mail_.front().second;
    else
      letter.news.action = News::Action::farewell;
    mail_.pop_front();
    return letter;
  }
  void send_order(int worker, const Order& order) override {
    const auto buffer = pack(order);
    benchmark::DoNotOptimize(buffer.data());
    for (const Chunk chunk : order.chunks) mail_.emplace_back(worker, chunk);
    if (order.action == Order::Action::stop) mail_.emplace_back(worker, std::nullopt);
  }
  std::optional<Order> poll_order() override { return std::nullopt; }
  void send_news(const News&) override {}
  void broadcast(std::string&) override {}

 private:
  int workers_;
  boost::mpi::packed_oarchive::buffer_type packed_;
  std::deque<std::pair<int, std::optional<Chunk>>> mail_;
};

std::uint64_t chunks_for(int ranks) {
  return settings().smoke
             ? kJackknifeBins
             : std::max<std::uint64_t>(1 << 14, 2 * kGrantsInFlight * static_cast<std::uint64_t>(ranks));
}

void judge_chunks(benchmark::State& state, double chunks) {
  state.counters["chunks/s"] = rate(chunks);
  judge(state, "chunks/s", kGoal, Sense::at_least);
}

void report_part(benchmark::State& state) {
  state.counters["us/chunk"] = nanoseconds_each(1e3);
  judge(state, "us/chunk");
}

/// The state machine alone; the ranks finish in a scrambled order.
void books(benchmark::State& state, int workers) {
  const auto ranks = static_cast<std::size_t>(workers);
  const Plan plan = make_plan(16, chunks_for(workers));
  for (auto _ : state) {
    Dispatcher dispatcher(plan, Ledger(plan.cells().size()), {}, static_cast<int>(ranks));
    std::vector<std::deque<Chunk>> held(ranks);
    const auto grant = [&](std::size_t rank, std::size_t count) {
      for (const Chunk chunk : dispatcher.grant(static_cast<int>(rank), count)) held[rank].push_back(chunk);
    };
    for (std::size_t rank = 0; rank < ranks; ++rank) grant(rank, kGrantsInFlight);
    for (std::uint64_t turn = 0; !dispatcher.finished(); ++turn) {
      const std::size_t rank = turn * 2654435761u % ranks;
      if (held[rank].empty()) continue;
      dispatcher.finish(static_cast<int>(rank), held[rank].front());
      held[rank].pop_front();
      grant(rank, 1);
    }
  }
  judge_chunks(state, static_cast<double>(plan.total_chunks()));
}

/// All that rank 0 does for a chunk except the transfer itself.
void whole_path(benchmark::State& state, int ranks, const News& news) {
  const Plan plan = make_plan(16, chunks_for(ranks));
  SimulatedCommunicator communicator(ranks, news);
  const workers::RunSinks sinks{[](const Record&) {}, [](const workers::Progress&, bool) {}};
  for (auto _ : state) {
    Record record(plan);
    workers::run_master(communicator, record, {}, sinks);
  }
  judge_chunks(state, static_cast<double>(plan.total_chunks()));
}

void part_unpack_news(benchmark::State& state) {
  auto buffer = pack(typical_news());
  for (auto _ : state) benchmark::DoNotOptimize(unpack<News>(buffer));
  state.counters["bytes"] = static_cast<double>(buffer.size());
  state.counters["bins"] = static_cast<double>(typical_news().results[0].tally.histogram.size());
  report_part(state);
}

void part_pack_order(benchmark::State& state) {
  const Order order{Order::Action::grant, {{1, 2}}};
  for (auto _ : state) benchmark::DoNotOptimize(pack(order));
  report_part(state);
}

void part_add_tally(benchmark::State& state) {
  Tally sum;
  for (auto _ : state) sum += typical_news().results[0].tally;
  benchmark::DoNotOptimize(sum);
  report_part(state);
}

/// What a worker does to report.
void part_pack_news(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(pack(typical_news()));
  report_part(state);
}

template <class Function, class... Arguments>
void add(const std::string& name, Function function, Arguments... arguments) {
  auto* registered = benchmark::RegisterBenchmark(name.c_str(), function, arguments...);
  if (settings().smoke) registered->Iterations(1);
}

}  // namespace

void register_dispatcher() {
  // Packing is MPI's, so it needs a session; it lives as long as the program.
  static std::unique_ptr<workers::MpiCommunicator> session;
  session = std::make_unique<workers::MpiCommunicator>();
  for (const int ranks : {1, 16, 256, 10000}) {
    add(fmt::format("master/its books alone, {} simulated ranks", ranks), books, ranks);
    add(fmt::format("master/rank 0 with {} simulated ranks", ranks), whole_path, ranks, typical_news());
  }
  add("master/rank 0 with 256 simulated ranks, h=30", whole_path, 256, deep_news());
  add("master/part: unpack news", part_unpack_news);
  add("master/part: add a tally", part_add_tally);
  add("master/part: pack an order", part_pack_order);
  add("master/part: (worker) pack news", part_pack_news);
}

}  // namespace leafcast::bench
