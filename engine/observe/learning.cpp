#include "engine/observe/learning.h"

#include <cmath>

#include "engine/cell/cell.h"
#include "engine/observe/entropy.h"

namespace leafcast {

namespace {

constexpr const Field* kLearningFields[] = {&fields::tested, &fields::errors, &fields::loss,
                                            &fields::clustered, &fields::pure};
constexpr int kLossBits = kEntropyBits + 10;  // a probability of double precision has a loss below 2^10 nats

const LearnerGenerator& learner_of(const Cell& cell) { return std::get<LearnerGenerator>(cell.generator()); }
bool observes_learning(const Cell& cell) { return cell.learns(); }

double learning_bits(const Cell& cell, int) {
  return kLossBits + sample_bits(cell) + std::log2(static_cast<double>(learner_of(cell).test));
}

const char* learning_contradiction(const Cell& cell, const Tally& tally) {
  const WideInt sets = tally.samples;
  const WideInt tested = tally.count(fields::tested);
  if (tested != sets * learner_of(cell).test || tally.count(fields::errors) > tested)
    return "test sentences that cannot be";
  if (const WideInt loss = wide(tally, fields::loss); loss < 0 || loss > tested << kLossBits)
    return "a loss that cannot be";
  for (int j = 0; j <= cell.language().height; ++j) {
    const WideInt clustered = tally.count(fields::clustered, j);
    if (tally.count(fields::pure, j) > clustered ||
        clustered > sets * learner_of(cell).training * cell.language().leaves())
      return "clusters that cannot be";
  }
  return nullptr;
}

void simulate_learning(const Cell& cell, std::mt19937_64& random, Tally& tally) {
  const std::uint64_t tested = tally.samples * static_cast<std::uint64_t>(learner_of(cell).test);
  tally.counts(fields::tested)[0] = tested;
  tally.counts(fields::errors)[0] = random() % (tested + 1);
  add(tally, fields::loss, 0, WideInt(tested) * (random() % (std::uint64_t{20} << kEntropyBits)));
  if (learner_of(cell).learner == Learner::counting) return;
  const auto clustered = tally.counts(fields::clustered), pure = tally.counts(fields::pure);
  for (std::size_t j = 1; j + 1 < clustered.size(); ++j) {  // the root's children are not clustered
    clustered[j] = 1 + random() % (tally.samples * static_cast<std::uint64_t>(learner_of(cell).training));
    pure[j] = random() % (clustered[j] + 1);
  }
}

constexpr Field learning_by_height(const char* name) {
  return {.name = name, .shape = Field::Shape::by_height, .entries = all_heights};
}

}  // namespace

namespace fields {
constinit const Field tested = {.name = "tested"}, errors = {.name = "errors"},
                      loss = {.name = "loss", .form = Field::Form::sum, .bits = learning_bits},
                      clustered = learning_by_height("clustered"), pure = learning_by_height("pure");
}  // namespace fields

constinit const Observable kLearning = {.name = "learning",
                                        .group = "learners",
                                        .always_stored = false,
                                        .format = 6,
                                        .fields = kLearningFields,
                                        .is_observed = observes_learning,
                                        .contradiction = learning_contradiction,
                                        .simulate = simulate_learning};

}  // namespace leafcast
