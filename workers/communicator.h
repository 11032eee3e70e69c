#pragma once
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "workers/message.h"

namespace leafcast::workers {

/// How ranks talk: news goes to rank 0, orders come from it. Implementations: LocalCommunicator (one
/// process), MpiCommunicator, DryCommunicator (pretends to be many). Calls happen once a chunk, so they may
/// be virtual.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// Master: the next news that has arrived, with its sender.
  struct Letter {
    int sender;
    News news;
  };
  virtual std::optional<Letter> poll_news() = 0;
  virtual void send_order(int worker, const Order& order) = 0;
  /// Worker.
  virtual std::optional<Order> poll_order() = 0;
  virtual void send_news(const News& news) = 0;
  /// All ranks: rank 0's text reaches every rank. Rank 0 does not wait for them.
  virtual void broadcast(std::string& text) = 0;
  /// Ends all ranks at once, whether they answer or not.
  [[noreturn]] virtual void end_all(int exit_code) { std::_Exit(exit_code); }

  /// The time of the world that the ranks live in, in seconds from any moment, and passing some of it.
  virtual double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }
  virtual void wait(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

  /// Master: nobody waits for this rank any more (it is stopped, or its machine is gone). From then on there
  /// must be no broadcast: end_all() ends the run.
  void give_up(int worker) { given_up_.push_back(worker); }
  const std::vector<int>& given_up() const { return given_up_; }

 private:
  std::vector<int> given_up_;
};

/// One process: nobody to talk to.
class LocalCommunicator : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  std::optional<Letter> poll_news() override { return std::nullopt; }
  void send_order(int, const Order&) override {}
  std::optional<Order> poll_order() override { return std::nullopt; }
  void send_news(const News&) override {}
  void broadcast(std::string&) override {}
};

}  // namespace leafcast::workers
