#pragma once
#include "engine/learners/counting_model.h"
#include "engine/writers/generator.h"

namespace leafcast {

/// Learners of a grammar without networks (learners/learner.h, MATH.md §12): they draw `training` sentences,
/// learn, and predict of `test` others the last leaf, or the root. The cell's samples are training sets.
enum class Learner {
  counting,    ///< a k-gram with back-off predicts the last leaf
  clustering,  ///< latent symbols by clustering, level by level, then the last leaf from them
  classifier   ///< the same by what tuples tell of the root, then the root
};
/// What clustering tells tuples apart by. The children of their siblings, wherever the tuple stands: all
/// levels are seen equally well. The last leaf, each place by itself: what one has who learns to predict it
/// and does not know that rules are the same everywhere; levels come one by one, at the thresholds P_ℓ.
enum class ClusterBy { siblings, target };
struct LearnerGenerator {
  Learner learner;
  std::int64_t training, test;
  std::int64_t context;  ///< leaves that counting sees before the last
  Smoothing smoothing;   ///< of counts
  double concentration;  ///< of Dirichlet smoothing
  ClusterBy cluster_by;  ///< of clustering

  static constexpr bool kWrites = false;
  static std::vector<GeneratorKind> kinds();
  GeneratorTraits traits(const Language& language) const;
  void lower(Parameters& parameters, const Language& language) const;
};

}  // namespace leafcast
