#pragma once
#include <cstdint>
#include <memory>

#include "workers/communicator.h"

namespace leafcast::workers {

/// From now on this process is alone: MPI serves as a launcher of independent processes. Before all else.
void be_alone();
bool is_alone();
/// Whether this process was started by mpirun or srun --mpi=pmix (their environment says so). Without them
/// MPI is not touched, so that the program runs where no launcher works.
bool under_mpi();
/// Whether the launcher made this process rank 0, or there is no launcher. Needs no MPI session.
bool is_first_rank();
/// The rank that the launcher gave this process; 0 without one.
int launcher_rank();
/// How many ranks of this run the launcher put on this machine (1 without a launcher that says so).
int ranks_on_this_node();

/// Owns the MPI session: construct once, in main.
class MpiCommunicator final : public Communicator {
 public:
  MpiCommunicator();
  ~MpiCommunicator() override;
  int rank() const override;
  int size() const override;
  std::optional<Letter> poll_news() override;
  void send_order(int worker, const Order& order) override;
  std::optional<Order> poll_order() override;
  void send_news(const News& news) override;
  void broadcast(std::string& text) override;
  [[noreturn]] void end_all(int exit_code) override;
  /// Whether all ranks say the same number. All must call it, before anything else is said.
  bool all_say(std::uint64_t number);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace leafcast::workers
