#pragma once
#include "engine/observe/observable.h"

namespace leafcast {

namespace fields {
extern const Field valid;                ///< subtrees that are valid
extern const Field first_inconsistency;  ///< sentences whose lowest inconsistent node has this height
extern const Field frozen_roots;         ///< sentences whose root has exactly one allowed color
extern const Field free_roots;           ///< sentences whose root has two or more
}  // namespace fields

/// Coloring validity (MATH.md §4) and grammaticality (§11) of sentences that are written out.
extern const Observable kValidity;

}  // namespace leafcast
