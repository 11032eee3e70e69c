#include "workers/dispatcher.h"

#include <algorithm>
#include <stdexcept>

#include "engine/contract.h"

namespace leafcast::workers {

Dispatcher::Dispatcher(const Plan& plan, const Ledger& done, Slice slice, int workers, const CostModel& costs,
                       const std::vector<Want>& wants)
    : plan_(plan), slice_(slice), held_(static_cast<std::size_t>(workers)), dropped_(held_.size()) {
  queues_.reserve(plan.cells().size());
  for (std::uint32_t cell = 0; cell < plan.cells().size(); ++cell) {
    queues_.emplace_back().cost = costs.of(plan.cells()[cell]);
    add(cell, wants.empty() ? Want{plan.chunks(cell), 0} : wants[cell], &done);
  }
}

void Dispatcher::add(std::uint32_t cell, Want want, const Ledger* done) {
  Queue& queue = queues_[cell];
  queue.urgency = want.urgency;
  queue.chunks.clear();
  queue.next = 0;
  for (; queue.end < want.end; ++queue.end) {
    if (running_++ % slice_.count != slice_.index || (done && done->contains({cell, queue.end}))) continue;
    queue.chunks.push_back(queue.end);
    seconds_left_ += queue.cost.of(plan_.samples({cell, queue.end}));
  }
  queue.left = queue.chunks.size();
  waiting_ += queue.chunks.size();
  if (queue.chunks.empty()) return;
  queue.longest = seconds({cell, queue.chunks.front()});
  order_.insert(place(cell));
}

void Dispatcher::extend(std::uint32_t cell, Want want) {
  LEAFCAST_EXPECT(queues_[cell].left == 0, "the next stage of a cell", "not all of its last one is done",
                  "wait for it");
  add(cell, want, nullptr);
}

std::vector<Chunk> Dispatcher::grant(int worker, std::size_t count, double most_seconds) {
  std::vector<Chunk> chunks;
  for (auto place = order_.begin(); place != order_.end() && chunks.size() < count;) {
    const std::uint32_t cell = std::get<2>(*place);
    Queue& queue = queues_[cell];
    if (queue.longest > most_seconds) {
      ++place;
      continue;
    }
    for (; queue.next < queue.chunks.size() && chunks.size() < count; --waiting_, ++outstanding_) {
      chunks.push_back({cell, queue.chunks[queue.next++]});
      held_[static_cast<std::size_t>(worker)].insert(chunks.back());
    }
    place = queue.next == queue.chunks.size() ? order_.erase(place) : std::next(place);
  }
  return chunks;
}

std::vector<Chunk> Dispatcher::copy(int worker, int from, std::size_t count, double most_seconds,
                                    const std::function<bool(int)>& may_be_doubled) {
  std::vector<Chunk> chunks;
  if (worker == from || !may_be_doubled(from)) return chunks;
  std::set<Chunk>& mine = held_[static_cast<std::size_t>(worker)];
  for (const Chunk chunk : held_[static_cast<std::size_t>(from)]) {
    if (chunks.size() == count) break;
    if (mine.contains(chunk) || seconds(chunk) > most_seconds) continue;
    if (const auto copies = copies_.find(chunk); copies != copies_.end())
      if (!std::all_of(copies->second.begin(), copies->second.end(), may_be_doubled)) continue;
    chunks.push_back(chunk);
  }
  for (const Chunk chunk : chunks) {
    mine.insert(chunk);
    std::vector<int>& holders = copies_[chunk];
    if (holders.empty()) holders.push_back(from);
    holders.push_back(worker);
  }
  return chunks;
}

bool Dispatcher::finish(int worker, Chunk chunk) {
  const auto w = static_cast<std::size_t>(worker);
  if (held_[w].erase(chunk) == 0) {
    LEAFCAST_EXPECT(dropped_[w].erase(chunk) != 0, "a finished chunk", "its worker did not hold it",
                    "grant it first");
    return false;
  }
  if (const auto copies = copies_.find(chunk); copies != copies_.end()) {
    for (const int holder : copies->second) {
      const auto other = static_cast<std::size_t>(holder);
      if (held_[other].erase(chunk) > 0) dropped_[other].insert(chunk);
    }
    copies_.erase(copies);
  }
  --outstanding_;
  --queues_[chunk.cell].left;
  seconds_left_ -= seconds(chunk);
  return true;
}

void Dispatcher::release(int worker) {
  std::set<Chunk>& held = held_[static_cast<std::size_t>(worker)];
  for (const Chunk chunk : held) {
    if (const auto copies = copies_.find(chunk); copies != copies_.end()) {
      std::erase(copies->second, worker);
      if (copies->second.size() == 1) copies_.erase(copies);
      continue;
    }
    // As many slots before `next` as chunks of the cell are given back.
    Queue& queue = queues_[chunk.cell];
    queue.chunks[--queue.next] = chunk.index;
    order_.insert(place(chunk.cell));
    ++waiting_;
    --outstanding_;
  }
  held.clear();
  dropped_[static_cast<std::size_t>(worker)].clear();
}

double Dispatcher::longest_held_by(int worker) const {
  double longest = 0;
  for (const Chunk chunk : held_[static_cast<std::size_t>(worker)])
    longest = std::max(longest, seconds(chunk));
  return longest;
}

double Dispatcher::seconds_held_by(int worker) const {
  double sum = 0;
  for (const Chunk chunk : held_[static_cast<std::size_t>(worker)]) sum += seconds(chunk);
  return sum;
}

}  // namespace leafcast::workers
