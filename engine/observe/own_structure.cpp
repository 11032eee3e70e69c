#include "engine/observe/own_structure.h"

#include "engine/cell/cell.h"
#include "engine/observe/tally.h"

namespace leafcast {

namespace {

constexpr const Field* kOwnStructureFields[] = {&fields::well_formed};

bool observes_own_structure(const Cell& cell) { return cell.writes_own_structure(); }
const char* structure_contradiction(const Cell&, const Tally& tally) {
  return tally.count(fields::well_formed) > tally.samples ? "more well-formed sentences than sentences"
                                                          : nullptr;
}
void simulate_own_structure(const Cell&, std::mt19937_64& random, Tally& tally) {
  tally.counts(fields::well_formed)[0] = random() % (tally.samples + 1);
}

}  // namespace

namespace fields {
constinit const Field well_formed = {.name = "well_formed"};
}  // namespace fields

constinit const Observable kOwnStructure = {.name = "own structure",
                                            .group = "",
                                            .always_stored = false,
                                            .format = 5,
                                            .fields = kOwnStructureFields,
                                            .is_observed = observes_own_structure,
                                            .contradiction = structure_contradiction,
                                            .simulate = simulate_own_structure};

}  // namespace leafcast
