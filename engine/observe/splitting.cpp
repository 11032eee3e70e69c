#include "engine/observe/splitting.h"

#include <cmath>

#include "engine/cell/cell.h"

namespace leafcast {

namespace {

constexpr const Field* kSplittingFields[] = {&fields::runs,        &fields::extinct_runs,
                                             &fields::thin_runs,   &fields::valid_weight,
                                             &fields::free_weight, &fields::squared_weight};

bool observes_splitting(const Cell& cell) { return cell.method() == Method::splitting; }

double splitting_bits(const Cell& cell, int) { return kWeightBits + sample_bits(cell); }

const char* splitting_contradiction(const Cell&, const Tally& tally) {
  const std::uint64_t runs = tally.count(fields::runs), thin = tally.count(fields::thin_runs);
  if ((runs > 0) != (tally.samples > 0) || runs > tally.samples || thin > runs ||
      tally.count(fields::extinct_runs) > thin)
    return "its splitting runs cannot be";
  const WideInt valid = wide(tally, fields::valid_weight), free = wide(tally, fields::free_weight),
                squares = wide(tally, fields::squared_weight);
  if (free < 0 || squares < 0 || free > valid || squares > valid ||
      valid > WideInt(tally.samples) << kWeightBits)
    return "weights that cannot be";
  return nullptr;
}

void simulate_splitting(const Cell&, std::mt19937_64& random, Tally& tally) {
  const std::uint64_t runs = 1 + random() % tally.samples, thin = random() % (runs + 1);
  tally.counts(fields::runs)[0] = runs;
  tally.counts(fields::thin_runs)[0] = thin;
  tally.counts(fields::extinct_runs)[0] = random() % (thin + 1);
  const WideInt valid = (WideInt(tally.samples) << kWeightBits) >> static_cast<unsigned>(random() % 200);
  add(tally, fields::valid_weight, 0, valid);
  add(tally, fields::free_weight, 0, valid * (random() % 1000) / 1000);
  add(tally, fields::squared_weight, 0, valid >> static_cast<unsigned>(random() % 200));
}

constexpr Field weight(const char* name) {
  return {.name = name, .form = Field::Form::weight, .bits = splitting_bits};
}

}  // namespace

namespace fields {
constinit const Field runs = {.name = "runs"}, extinct_runs = {.name = "extinct_runs"},
                      thin_runs = {.name = "thin_runs"}, valid_weight = weight("valid_weight"),
                      free_weight = weight("free_weight"), squared_weight = weight("squared_weight");
}  // namespace fields

constinit const Observable kSplitting = {.name = "splitting",
                                         .group = "splitting",
                                         .always_stored = false,
                                         .format = 3,
                                         .fields = kSplittingFields,
                                         .is_observed = observes_splitting,
                                         .contradiction = splitting_contradiction,
                                         .simulate = simulate_splitting};

}  // namespace leafcast
