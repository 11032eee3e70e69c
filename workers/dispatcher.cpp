#include "workers/dispatcher.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace leafcast::workers {

Dispatcher::Dispatcher(const Plan& plan, const Ledger& done, Slice slice, int workers, const CostModel& costs)
    : plan_(plan), place_(plan.cells().size()), held_(static_cast<std::size_t>(workers)) {
  std::uint64_t running = 0;
  for (std::uint32_t cell = 0; cell < plan.cells().size(); ++cell) {
    const CellCost cost = costs.of(plan.cells()[cell]);
    Queue& queue = queues_.emplace_back(Queue{cell, cost, cost.of(plan.samples({cell, 0})), {}});
    for (std::uint32_t index = 0; index < plan.chunks(cell); ++index) {
      if (running++ % slice.count != slice.index || done.contains({cell, index})) continue;
      queue.chunks.push_back(index);
      seconds_left_ += cost.of(plan.samples({cell, index}));
    }
    waiting_ += queue.chunks.size();
  }
  std::ranges::stable_sort(queues_, std::ranges::greater{}, &Queue::longest);
  for (std::size_t i = 0; i < queues_.size(); ++i) place_[queues_[i].cell] = i;
}

std::vector<Chunk> Dispatcher::grant(int worker, std::size_t count, double most_seconds) {
  std::vector<Chunk> chunks;
  while (first_ < queues_.size() && queues_[first_].next == queues_[first_].chunks.size()) ++first_;
  for (std::size_t i = first_; i < queues_.size() && chunks.size() < count; ++i) {
    Queue& queue = queues_[i];
    if (queue.longest > most_seconds) continue;
    for (; queue.next < queue.chunks.size() && chunks.size() < count; --waiting_) {
      chunks.push_back({queue.cell, queue.chunks[queue.next++]});
      held_[static_cast<std::size_t>(worker)].insert(chunks.back());
    }
  }
  return chunks;
}

void Dispatcher::finish(int worker, Chunk chunk) {
  if (held_[static_cast<std::size_t>(worker)].erase(chunk) == 0)
    throw std::logic_error("a worker finished a chunk that it did not hold");
  seconds_left_ -= seconds(chunk);
}

void Dispatcher::release(int worker) {
  std::set<Chunk>& held = held_[static_cast<std::size_t>(worker)];
  for (const Chunk chunk : held) {  // as many slots before `next` as chunks of the cell are given back
    Queue& queue = queues_[place_[chunk.cell]];
    queue.chunks[--queue.next] = chunk.index;
  }
  waiting_ += held.size();
  if (!held.empty()) first_ = 0;
  held.clear();
}

std::size_t Dispatcher::held() const {
  return std::accumulate(held_.begin(), held_.end(), std::size_t{0},
                         [](std::size_t sum, const auto& h) { return sum + h.size(); });
}

double Dispatcher::seconds_held_by(int worker) const {
  double sum = 0;
  for (const Chunk chunk : held_[static_cast<std::size_t>(worker)]) sum += seconds(chunk);
  return sum;
}

}  // namespace leafcast::workers
