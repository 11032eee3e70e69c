#include "engine/observe/memory.h"

#include "analysis/estimate/statistics/statistics.h"

namespace leafcast::analysis {

namespace {

class MemoryBits : public Statistics {
 public:
  void add(const Tally& tally, std::vector<Statistic>& list) const override {
    list.push_back({"memory_bits", -1, static_cast<double>(tally.count(fields::memory_bits)), 0,
                    Statistic::Kind::bound});
  }
};

}  // namespace

std::unique_ptr<const Statistics> make_memory_statistics(const Cell& cell, Scope) {
  return kMemory.is_observed(cell) ? std::make_unique<MemoryBits>() : nullptr;
}

}  // namespace leafcast::analysis
