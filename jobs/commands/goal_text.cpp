#include "jobs/commands/goal_text.h"

#include <fmt/format.h>

#include <cmath>

namespace leafcast::jobs {

std::string describe(const GoalState& state) {
  if (std::isnan(state.value)) return fmt::format("{} is not defined by what was drawn", state.statistic);
  if (std::isnan(state.error)) return fmt::format("the error of {} is not known", state.statistic);
  if (std::isinf(state.excess))
    return fmt::format("{} is 0, which has no relative error; give sampling.target-absolute-error",
                       state.statistic);
  std::string text = fmt::format("error of {} {:.2g} × its target", state.statistic, state.excess);
  constexpr double kWithinError = 3;
  if (!state.met && std::abs(state.value) < kWithinError * state.error)
    text += ", and its value is 0 within its error; give sampling.target-absolute-error";
  return text;
}

}  // namespace leafcast::jobs
