#include "engine/observe/validity.h"

#include "analysis/estimate/moments.h"
#include "analysis/estimate/statistics/statistics.h"
#include "engine/language/tree.h"

namespace leafcast::analysis {

namespace {

class Validity : public Statistics {
 public:
  explicit Validity(const Cell& cell)
      : h_(cell.language().height),
        has_frozen_roots_(!cell.language().is_grammar()),
        has_heights_(!cell.writes_own_structure()) {}
  void add(const Tally& tally, std::vector<Statistic>& list) const override {
    list.push_back(sentence_rate("valid_rate", -1, tally.count(fields::valid, h_), tally.samples));
    if (has_frozen_roots_) {
      list.push_back(sentence_rate("free_rate", -1, tally.count(fields::free_roots), tally.samples));
      list.push_back(sentence_rate("frozen_rate", -1, tally.count(fields::frozen_roots), tally.samples));
    }
    if (has_heights_)
      list.push_back({"first_inconsistency_depth", -1, first_inconsistency_depth(tally),
                      tally.samples - tally.count(fields::valid, h_), Statistic::Kind::optional});
  }

 private:
  /// Depth below the root of the lowest inconsistent node, averaged over the invalid sentences.
  double first_inconsistency_depth(const Tally& tally) const {
    std::uint64_t invalid = 0;
    double depth = 0;
    for (int j = 0; j <= h_; ++j) {
      invalid += tally.count(fields::first_inconsistency, j);
      depth += static_cast<double>(h_ - j) * static_cast<double>(tally.count(fields::first_inconsistency, j));
    }
    return invalid == 0 ? kUnknown : depth / static_cast<double>(invalid);
  }

  int h_;
  bool has_frozen_roots_, has_heights_;
};

class ValidityByHeight : public Statistics {
 public:
  explicit ValidityByHeight(const Cell& cell) : d_(cell.language().d), h_(cell.language().height) {}
  void add(const Tally& tally, std::vector<Statistic>& list) const override {
    for (int j = 1; j <= h_; ++j) {
      const VastInt subtrees = VastInt(tree_power(d_, h_ - j)) * tally.samples;
      list.push_back({"valid_rate", j, ratio(tally.count(fields::valid, j), subtrees), tally.samples,
                      Statistic::Kind::ordinary, Scale::rate, as_double(subtrees)});
    }
    for (int j = 1; j <= h_; ++j)
      list.push_back(
          sentence_rate("inconsistency_rate", j, tally.count(fields::first_inconsistency, j), tally.samples));
  }

 private:
  int d_, h_;
};

}  // namespace

std::unique_ptr<const Statistics> make_validity_statistics(const Cell& cell, Scope) {
  return kValidity.is_observed(cell) ? std::make_unique<Validity>(cell) : nullptr;
}
std::unique_ptr<const Statistics> make_validity_by_height(const Cell& cell, Scope) {
  return kValidity.is_observed(cell) && !cell.writes_own_structure()
             ? std::make_unique<ValidityByHeight>(cell)
             : nullptr;
}

}  // namespace leafcast::analysis
