#include "workers/dispatcher.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "engine/cost.h"

namespace leafcast::workers {

Dispatcher::Dispatcher(const Plan& plan, const Ledger& done, Slice slice, int workers)
    : plan_(plan), held_(static_cast<std::size_t>(workers)) {
  std::uint64_t running = 0;
  for (std::uint32_t cell = 0; cell < plan.cells().size(); ++cell)
    for (std::uint32_t index = 0; index < plan.chunks(cell); ++index)
      if (running++ % slice.count == slice.index && !done.contains({cell, index}))
        queue_.push_back({cell, index});
  std::vector<double> cost(plan.cells().size());
  for (std::uint32_t cell = 0; cell < cost.size(); ++cell) cost[cell] = chunk_seconds(plan, {cell, 0});
  std::stable_sort(queue_.begin(), queue_.end(),
                   [&](Chunk a, Chunk b) { return cost[a.cell] > cost[b.cell]; });
  for (const Chunk chunk : queue_) seconds_left_ += chunk_seconds(plan, chunk);
}

std::vector<Chunk> Dispatcher::grant(int worker, std::size_t count) {
  std::vector<Chunk> chunks;
  for (; count > 0 && waiting() > 0; --count) {
    chunks.push_back(queue_[next_++]);
    held_[static_cast<std::size_t>(worker)].insert(chunks.back());
  }
  return chunks;
}

void Dispatcher::finish(int worker, Chunk chunk) {
  if (held_[static_cast<std::size_t>(worker)].erase(chunk) == 0)
    throw std::logic_error("a worker finished a chunk that it did not hold");
  seconds_left_ -= chunk_seconds(plan_, chunk);
}

void Dispatcher::release(int worker) {
  std::set<Chunk>& held = held_[static_cast<std::size_t>(worker)];
  next_ -= held.size();  // as many slots before next_ as chunks are given back
  std::copy(held.begin(), held.end(), queue_.begin() + static_cast<std::ptrdiff_t>(next_));
  held.clear();
}

std::size_t Dispatcher::held() const {
  return std::accumulate(held_.begin(), held_.end(), std::size_t{0},
                         [](std::size_t sum, const auto& h) { return sum + h.size(); });
}

}  // namespace leafcast::workers
