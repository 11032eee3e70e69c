#pragma once
#include "engine/plan/plan.h"
#include "io/hdf5/hdf5.h"

namespace leafcast::io {

/// Writes /grammars of a results file: a group for every grammar of the plan, named by its number, with its
/// rules as columns. Derived from the plan's parameters, so nothing reads it back.
void put_grammars(h5::Group root, const h5::Axis& cell, const Plan& plan);

}  // namespace leafcast::io
