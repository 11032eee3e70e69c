#pragma once
#include "engine/cell/cell.h"

namespace leafcast::analysis {

/// What the marks and the turns of a true sentence cost a writer of its own structure, in nats: −Σ log of the
/// probability of each token's kind (structure_law.h). It is the same for all sentences of the tree. O(d^h
/// h).
double structure_cross_entropy(const Cell& cell);

}  // namespace leafcast::analysis
