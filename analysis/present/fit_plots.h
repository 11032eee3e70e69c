#pragma once
#include <cstddef>
#include <vector>

#include "analysis/present/plot.h"
#include "engine/observe/estimate.h"
#include "engine/observe/fit.h"

namespace leafcast::analysis {

/// Two plots for every fit that has coefficients: its points with the law as fitted and as predicted, and the
/// first coefficient against the first abscissa of the window, with its prediction. The second is missing
/// where there are fewer than two windows. The first `most` of them.
std::vector<Plot> fit_plots(const std::vector<Fit>& fits, std::size_t most = static_cast<std::size_t>(-1));
/// How many there are.
std::size_t count_fit_plots(const std::vector<Fit>& fits);

}  // namespace leafcast::analysis
