#include "engine/observe/entropy.h"

#include <cmath>

#include "engine/cell/cell.h"

namespace leafcast {

namespace {

constexpr const Field* kEntropyFields[] = {&fields::cross_entropy,   &fields::language_entropy,
                                           &fields::own_entropy,     &fields::structure_entropy,
                                           &fields::reverse_entropy, &fields::impossible};
constexpr double kLeafBits = 31;  // an entropy or −log of a leaf is below 2^31 units

bool observes_entropy(const Cell& cell) { return cell.observe().entropy; }

/// A sentence has up to 2n leaves and marks.
double entropy_bits(const Cell& cell, int) {
  return kLeafBits + 1 + sample_bits(cell) + std::log2(static_cast<double>(cell.language().leaves()));
}

const char* entropy_contradiction(const Cell& cell, const Tally& tally) {
  const WideInt most = (WideInt(tally.samples) * 2 * cell.language().leaves()) << static_cast<int>(kLeafBits);
  for (const Field* field : kEntropyFields) {
    if (field == &fields::impossible) continue;
    const Entries entries = field->entries ? field->entries(cell) : Entries{};
    for (int j = 0; j < static_cast<int>(entries.count); ++j)
      if (const WideInt sum = wide(tally, *field, j); sum < 0 || sum > most)
        return "entropies that cannot be";
  }
  return tally.count(fields::impossible) > tally.samples ? "more impossible sentences than sentences"
                                                         : nullptr;
}

void simulate_entropy(const Cell& cell, std::mt19937_64& random, Tally& tally) {
  for (const Field* field : kEntropyFields) {
    if (field == &fields::impossible) continue;
    const Entries entries = field->entries ? field->entries(cell) : Entries{};
    for (int j = 0; j < static_cast<int>(entries.count); ++j)
      add(tally, *field, j, WideInt(tally.samples) * (random() >> (10 + random() % 40)) >> kEntropyBits);
  }
  tally.counts(fields::impossible)[0] = random() % tally.samples;
}

constexpr Field entropy(const char* name) {
  return {.name = name, .form = Field::Form::sum, .bits = entropy_bits};
}
constexpr Field entropy_by_height(const char* name) {
  return {.name = name,
          .form = Field::Form::sum,
          .shape = Field::Shape::by_height,
          .entries = all_heights,
          .bits = entropy_bits};
}

}  // namespace

namespace fields {
constinit const Field cross_entropy = entropy_by_height("cross"),
                      language_entropy = entropy_by_height("language"), own_entropy = entropy("own"),
                      structure_entropy = entropy("own_structure"), reverse_entropy = entropy("reverse"),
                      impossible = {.name = "impossible"};
}  // namespace fields

constinit const Observable kEntropy = {.name = "entropy",
                                       .group = "entropy",
                                       .always_stored = false,
                                       .format = 5,
                                       .fields = kEntropyFields,
                                       .is_observed = observes_entropy,
                                       .contradiction = entropy_contradiction,
                                       .simulate = simulate_entropy};

}  // namespace leafcast
