#pragma once
#include <string>

#include "engine/plan/goal.h"

namespace leafcast::jobs {

/// "error of valid_rate 2.1 × its target"; or why a target cannot be met, with a remedy.
std::string describe(const GoalState& state);

}  // namespace leafcast::jobs
