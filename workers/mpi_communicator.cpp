#include "workers/mpi_communicator.h"

#include <algorithm>
#include <boost/mpi.hpp>
#include <cstdlib>
#include <list>

namespace leafcast::workers {

namespace {
constexpr int kNewsTag = 1, kOrderTag = 2;
}

bool under_mpi() {
  return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMIX_RANK") != nullptr;
}

bool is_first_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK"})
    if (const char* rank = std::getenv(name)) return std::atoi(rank) == 0;
  return true;
}

int ranks_on_this_node() {
  const char* ranks = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  return ranks ? std::max(1, std::atoi(ranks)) : 1;
}

struct MpiCommunicator::State {
  State() : environment(/*abort_on_exception=*/false) {}
  boost::mpi::environment environment;
  boost::mpi::communicator world;
  std::list<boost::mpi::request> outgoing;  // news on its way

  void forget_delivered() {
    outgoing.remove_if([](boost::mpi::request& request) { return request.test().has_value(); });
  }
};

MpiCommunicator::MpiCommunicator() : state_(std::make_unique<State>()) {}
MpiCommunicator::~MpiCommunicator() = default;

int MpiCommunicator::rank() const { return state_->world.rank(); }
int MpiCommunicator::size() const { return state_->world.size(); }

std::optional<Communicator::Letter> MpiCommunicator::poll_news() {
  const auto status = state_->world.iprobe(boost::mpi::any_source, kNewsTag);
  if (!status) return std::nullopt;
  Letter letter{status->source(), {}};
  state_->world.recv(letter.sender, kNewsTag, letter.news);
  return letter;
}

void MpiCommunicator::send_order(int worker, const Order& order) {
  state_->world.send(worker, kOrderTag, order);
}

std::optional<Order> MpiCommunicator::poll_order() {
  if (!state_->world.iprobe(0, kOrderTag)) return std::nullopt;
  Order order;
  state_->world.recv(0, kOrderTag, order);
  return order;
}

// A blocking send of a long message waits until rank 0, which may be sampling, looks into its mailbox.
void MpiCommunicator::send_news(const News& news) {
  state_->forget_delivered();
  state_->outgoing.push_back(state_->world.isend(0, kNewsTag, news));
  if (news.action == News::Action::farewell)
    boost::mpi::wait_all(state_->outgoing.begin(), state_->outgoing.end());
}

void MpiCommunicator::broadcast(std::string& text) { boost::mpi::broadcast(state_->world, text, 0); }

void MpiCommunicator::end_all(int exit_code) {
  state_->environment.abort(exit_code);  // the launcher ends with this code
  std::_Exit(exit_code);
}

}  // namespace leafcast::workers
