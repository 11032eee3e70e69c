#include "engine/observe/validity.h"

#include "engine/cell/cell.h"
#include "engine/language/tree.h"
#include "engine/observe/tally.h"

namespace leafcast {

namespace {

constexpr const Field* kValidityFields[] = {&fields::valid, &fields::first_inconsistency,
                                            &fields::frozen_roots, &fields::free_roots};

bool observes_validity(const Cell& cell) {
  return cell.observe().validity && cell.method() != Method::splitting;
}

std::uint64_t subtrees(const Cell& cell, int height) {
  const Language& language = cell.language();
  return static_cast<std::uint64_t>(tree_power(language.d, language.height - height));
}

const char* validity_contradiction(const Cell& cell, const Tally& tally) {
  std::uint64_t left = tally.samples;
  for (int j = 0; j <= cell.language().height; ++j) {
    if (tally.count(fields::valid, j) / subtrees(cell, j) > tally.samples)
      return "more valid subtrees than subtrees";
    if (tally.count(fields::first_inconsistency, j) > left)
      return "more inconsistent sentences than sentences";
    left -= tally.count(fields::first_inconsistency, j);
  }
  const std::uint64_t frozen = tally.count(fields::frozen_roots), free = tally.count(fields::free_roots);
  if (frozen > tally.samples || free > tally.samples - frozen) return "more roots than sentences";
  return nullptr;
}

void simulate_validity(const Cell& cell, std::mt19937_64& random, Tally& tally) {
  const auto valid = tally.counts(fields::valid), first = tally.counts(fields::first_inconsistency);
  std::uint64_t left = tally.samples;
  for (std::size_t j = 0; j < valid.size(); ++j) {
    valid[j] = random() % (tally.samples * subtrees(cell, static_cast<int>(j)) + 1);
    if (j > 0) left -= first[j] = random() % (left + 1);
  }
  tally.counts(fields::frozen_roots)[0] = random() % (left + 1);
  tally.counts(fields::free_roots)[0] = left - tally.count(fields::frozen_roots);
}

constexpr Field validity_by_height(const char* name) {
  return {.name = name, .shape = Field::Shape::by_height, .entries = all_heights};
}

}  // namespace

namespace fields {
constinit const Field valid = validity_by_height("valid"),
                      first_inconsistency = validity_by_height("first_inconsistency"),
                      frozen_roots = {.name = "frozen_roots"}, free_roots = {.name = "free_roots"};
}  // namespace fields

constinit const Observable kValidity = {.name = "validity",
                                        .group = "",
                                        .always_stored = true,
                                        .format = 1,
                                        .fields = kValidityFields,
                                        .is_observed = observes_validity,
                                        .contradiction = validity_contradiction,
                                        .simulate = simulate_validity};

}  // namespace leafcast
