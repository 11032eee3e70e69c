#include "engine/observe/own_structure.h"

#include "analysis/estimate/statistics/statistics.h"

namespace leafcast::analysis {

namespace {

class OwnStructure : public Statistics {
 public:
  void add(const Tally& tally, std::vector<Statistic>& list) const override {
    Statistic statistic =
        sentence_rate("well_formed_rate", -1, tally.count(fields::well_formed), tally.samples);
    statistic.trials = static_cast<double>(independent_structures(tally.samples));  // marks decide alone
    list.push_back(statistic);
  }
};

}  // namespace

std::unique_ptr<const Statistics> make_structure_statistics(const Cell& cell, Scope) {
  return kOwnStructure.is_observed(cell) ? std::make_unique<OwnStructure>() : nullptr;
}

}  // namespace leafcast::analysis
