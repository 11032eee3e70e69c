#pragma once
#include <optional>
#include <string>

#include "workers/message.h"

namespace leafcast::workers {

/// How ranks talk: news goes to rank 0, orders come from it. Implementations: LocalCommunicator (one
/// process), MpiCommunicator. Calls happen once a chunk, so they may be virtual.
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
  /// All ranks: rank 0's text reaches every rank.
  virtual void broadcast(std::string& text) = 0;
};

/// One process: nobody to talk to.
class LocalCommunicator final : public Communicator {
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
