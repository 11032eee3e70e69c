#include "workers/dispatcher.h"

#include <algorithm>
#include <stdexcept>

namespace leafcast::workers {

Dispatcher::Dispatcher(const Plan& plan, const Ledger& done, Slice slice, int workers, const CostModel& costs)
    : plan_(plan),
      place_(plan.cells().size()),
      held_(static_cast<std::size_t>(workers)),
      dropped_(held_.size()) {
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
    for (; queue.next < queue.chunks.size() && chunks.size() < count; --waiting_, ++outstanding_) {
      chunks.push_back({queue.cell, queue.chunks[queue.next++]});
      held_[static_cast<std::size_t>(worker)].insert(chunks.back());
    }
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
    if (copies_.contains(chunk)) {
      bool all = true;
      for (std::size_t w = 0; w < held_.size() && all; ++w)
        all = !held_[w].contains(chunk) || may_be_doubled(static_cast<int>(w));
      if (!all) continue;
    }
    chunks.push_back(chunk);
  }
  for (const Chunk chunk : chunks) {
    mine.insert(chunk);
    copies_[chunk] += copies_.contains(chunk) ? 1 : 2;
  }
  return chunks;
}

bool Dispatcher::finish(int worker, Chunk chunk) {
  const auto w = static_cast<std::size_t>(worker);
  if (held_[w].erase(chunk) == 0) {
    if (dropped_[w].erase(chunk) == 0)
      throw std::logic_error("a worker finished a chunk that it did not hold");
    return false;
  }
  if (copies_.erase(chunk) > 0)
    for (std::size_t other = 0; other < held_.size(); ++other)
      if (held_[other].erase(chunk) > 0) dropped_[other].insert(chunk);
  --outstanding_;
  seconds_left_ -= seconds(chunk);
  return true;
}

void Dispatcher::release(int worker) {
  std::set<Chunk>& held = held_[static_cast<std::size_t>(worker)];
  for (const Chunk chunk : held) {
    if (const auto copies = copies_.find(chunk); copies != copies_.end()) {
      if (--copies->second == 1) copies_.erase(copies);
      continue;
    }
    // As many slots before `next` as chunks of the cell are given back.
    Queue& queue = queues_[place_[chunk.cell]];
    queue.chunks[--queue.next] = chunk.index;
    ++waiting_;
    --outstanding_;
    first_ = 0;
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
