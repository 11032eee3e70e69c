#pragma once
#include <vector>

#include "analysis/fit/law.h"

namespace leafcast::analysis {

// One line a law, whose function is in the file of that name; in the order of the output.
#define LEAFCAST_LAWS(LAW)     \
  LAW(variance_context_depth)  \
  LAW(variance_kgram)          \
  LAW(variance_subtree_height) \
  LAW(kurtosis_decay)          \
  LAW(kurtosis_decay_height)   \
  LAW(valid_rate_decay)        \
  LAW(valid_rate_decay_height) \
  LAW(frozen_fraction)         \
  LAW(correlation_lca_height)  \
  LAW(token_correlation_decay) \
  LAW(context_entropy)         \
  LAW(classification_zipf)     \
  LAW(next_token_learning)     \
  LAW(learning_threshold)      \
  LAW(required_context)        \
  LAW(required_memory)

#define LEAFCAST_DECLARE(name) Law name();
LEAFCAST_LAWS(LEAFCAST_DECLARE)
#undef LEAFCAST_DECLARE

/// All laws, once made.
const std::vector<Law>& laws();

}  // namespace leafcast::analysis
