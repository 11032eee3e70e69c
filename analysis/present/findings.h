#pragma once
#include <string>
#include <vector>

#include "analysis/estimate/estimate_index.h"
#include "engine/observe/fit.h"
#include "engine/plan/record.h"

namespace leafcast::analysis {

/// What the data say, for one language, in sentences for people who have not read the tables: each follows
/// from the estimates and fits, and is left out where they do not bear it.
struct Findings {
  std::string language;
  std::vector<std::string> sentences;
};

/// First the headline (context against working memory) of at most `most` languages, heights together; then one
/// tree of each, that with most to say. At most twice as many in all.
std::vector<Findings> findings(const Record& record, const EstimateIndex& index, const std::vector<Fit>& fits,
                               std::size_t most = 3);

}  // namespace leafcast::analysis
