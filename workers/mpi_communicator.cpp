#include "workers/mpi_communicator.h"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <boost/mpi.hpp>
#include <cstdlib>
#include <list>
#include <memory>
#include <vector>

#include "engine/error.h"
#include "workers/stop_signal.h"

namespace leafcast::workers {

namespace {
constexpr int kNewsTag = 1, kOrderTag = 2, kTextTag = 3;
constexpr double kTextNap = 1e-3;  // seconds

using Bytes = boost::mpi::packed_oarchive::buffer_type;

/// A message on its way. It stays where it is until MPI is done with it. (Boost.MPI lets MPI return its
/// errors, so that every call is checked: they become boost::mpi::exception.)
struct Parcel {
  explicit Parcel(int the_peer) : peer(the_peer) {}
  Parcel(const Parcel&) = delete;
  Parcel& operator=(const Parcel&) = delete;
  bool arrived() {
    int done = 0;
    BOOST_MPI_CHECK_RESULT(MPI_Test,
                           (&request, &done, MPI_STATUS_IGNORE));  // true, too, once it has been found so
    return done != 0;
  }

  const int peer;
  std::shared_ptr<Bytes> bytes = std::make_shared<Bytes>();  // the same for all receivers of one text
  MPI_Request request = MPI_REQUEST_NULL;
};

/// Messages that this rank sends. To send never waits.
class Outbox {
 public:
  template <class Message>
  void send(const boost::mpi::communicator& world, int to, int tag, const Message& message) {
    parcels_.remove_if([](Parcel& parcel) { return parcel.arrived(); });
    post(world, to, tag, packed(world, message));
  }
  /// To all ranks but this one.
  template <class Message>
  void send_to_others(const boost::mpi::communicator& world, int tag, const Message& message) {
    const std::shared_ptr<Bytes> bytes = packed(world, message);
    for (int rank = 0; rank < world.size(); ++rank)
      if (rank != world.rank()) post(world, rank, tag, bytes);
  }
  void await_delivery() {
    for (Parcel& parcel : parcels_) BOOST_MPI_CHECK_RESULT(MPI_Wait, (&parcel.request, MPI_STATUS_IGNORE));
    parcels_.clear();
  }

 private:
  template <class Message>
  static std::shared_ptr<Bytes> packed(const boost::mpi::communicator& world, const Message& message) {
    auto bytes = std::make_shared<Bytes>();
    boost::mpi::packed_oarchive(world, *bytes) << message;
    return bytes;
  }
  void post(const boost::mpi::communicator& world, int to, int tag, std::shared_ptr<Bytes> bytes) {
    Parcel& parcel = parcels_.emplace_back(to);
    parcel.bytes = std::move(bytes);
    BOOST_MPI_CHECK_RESULT(MPI_Isend, (parcel.bytes->data(), static_cast<int>(parcel.bytes->size()),
                                       MPI_PACKED, to, tag, world, &parcel.request));
  }

  std::list<Parcel> parcels_;
};

/// Messages of one tag that come to this rank. A long one travels in pieces, and its sender may be stopped
/// half-way: meanwhile those of others are read.
class Inbox {
 public:
  /// The next message that is here, with its sender; of one sender, in the order that they were sent.
  template <class Message>
  std::optional<std::pair<int, Message>> poll(const boost::mpi::communicator& world, int from, int tag) {
    auto parcel = first_whole(parcels_.begin());
    while (parcel == parcels_.end() && announced(world, from, tag))
      parcel = first_whole(std::prev(parcels_.end()));
    if (parcel == parcels_.end()) return std::nullopt;
    std::pair<int, Message> received{parcel->peer, {}};
    boost::mpi::packed_iarchive(world, *parcel->bytes) >> received.second;
    parcels_.erase(parcel);
    return received;
  }

 private:
  using Parcels = std::list<Parcel>;

  /// Begins to receive a message; false if none has been announced.
  bool announced(const boost::mpi::communicator& world, int from, int tag) {
    int any = 0, size = 0;
    MPI_Message message;
    MPI_Status status;
    BOOST_MPI_CHECK_RESULT(MPI_Improbe, (from, tag, world, &any, &message, &status));
    if (!any) return false;
    BOOST_MPI_CHECK_RESULT(MPI_Get_count, (&status, MPI_PACKED, &size));
    Parcel& parcel = parcels_.emplace_back(status.MPI_SOURCE);
    parcel.bytes->resize(static_cast<std::size_t>(size));
    BOOST_MPI_CHECK_RESULT(MPI_Imrecv, (parcel.bytes->data(), size, MPI_PACKED, &message, &parcel.request));
    return true;
  }
  Parcels::iterator first_whole(Parcels::iterator from) {
    for (auto parcel = from; parcel != parcels_.end(); ++parcel) {
      const bool is_next =
          std::none_of(parcels_.begin(), parcel, [&](const Parcel& p) { return p.peer == parcel->peer; });
      if (is_next && parcel->arrived()) return parcel;
    }
    return parcels_.end();
  }

  Parcels parcels_;
};

}  // namespace

namespace {
bool alone = false;
}

void be_alone() { alone = true; }
bool is_alone() { return alone; }

bool under_mpi() {
  if (alone) return false;
  return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMIX_RANK") != nullptr;
}

bool is_first_rank() { return launcher_rank() == 0; }

int launcher_rank() {
  if (alone) return 0;
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK"})
    if (const char* rank = std::getenv(name)) return std::atoi(rank);
  return 0;
}

int ranks_on_this_node() {
  const char* ranks = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  return ranks ? std::max(1, std::atoi(ranks)) : 1;
}

struct MpiCommunicator::State {
  State() : environment(/*abort_on_exception=*/false) {}
  boost::mpi::environment environment;
  boost::mpi::communicator world;
  Outbox outbox;
  Inbox inbox, texts;
};

MpiCommunicator::MpiCommunicator() : state_(std::make_unique<State>()) {}
MpiCommunicator::~MpiCommunicator() {
  try {
    state_->outbox.await_delivery();
  } catch (const boost::mpi::exception&) {  // nobody is left to receive
  }
}

int MpiCommunicator::rank() const { return state_->world.rank(); }
int MpiCommunicator::size() const { return state_->world.size(); }

std::optional<Communicator::Letter> MpiCommunicator::poll_news() {
  auto received = state_->inbox.poll<News>(state_->world, boost::mpi::any_source, kNewsTag);
  if (!received) return std::nullopt;
  return Letter{received->first, std::move(received->second)};
}

void MpiCommunicator::send_order(int worker, const Order& order) {
  state_->outbox.send(state_->world, worker, kOrderTag, order);
}

std::optional<Order> MpiCommunicator::poll_order() {
  auto received = state_->inbox.poll<Order>(state_->world, 0, kOrderTag);
  if (!received) return std::nullopt;
  return std::move(received->second);
}

void MpiCommunicator::send_news(const News& news) {
  state_->outbox.send(state_->world, 0, kNewsTag, news);
  if (news.action == News::Action::farewell) state_->outbox.await_delivery();
}

bool MpiCommunicator::all_say(std::uint64_t number) {
  const std::array<std::uint64_t, 2> mine = {number, ~number};
  std::array<std::uint64_t, 2> most = {};
  MPI_Request request = MPI_REQUEST_NULL;
  BOOST_MPI_CHECK_RESULT(MPI_Iallreduce,
                         (mine.data(), most.data(), 2, MPI_UINT64_T, MPI_MAX, state_->world, &request));
  // A rank that is stopped holds up all others here; a signal ends them.
  for (int done = 0; !done; wait(kTextNap)) {
    BOOST_MPI_CHECK_RESULT(MPI_Test, (&request, &done, MPI_STATUS_IGNORE));
    if (!done && stop_signalled()) end_all(static_cast<int>(ExitCode::more_to_do));
  }
  return most == mine;
}

// Not MPI_Bcast, in which a rank that is stopped holds up all others.
void MpiCommunicator::broadcast(std::string& text) {
  if (rank() == 0) return state_->outbox.send_to_others(state_->world, kTextTag, text);
  for (;;) {
    if (auto received = state_->texts.poll<std::string>(state_->world, 0, kTextTag)) {
      text = std::move(received->second);
      return;
    }
    wait(kTextNap);
  }
}

void MpiCommunicator::end_all(int exit_code) {
  state_->environment.abort(exit_code);  // the launcher ends with this code
  std::_Exit(exit_code);
}

}  // namespace leafcast::workers
