#pragma once
#include "engine/observe/observable.h"

namespace leafcast {

namespace fields {
extern const Field tested;  ///< test sentences
extern const Field errors;  ///< of which the most likely prediction was wrong
extern const Field loss;    ///< −log of the probabilities of what came, in units of 2^{-kEntropyBits} nats
extern const Field clustered;  ///< [height 0…h] nodes of training sentences that were given a group
extern const Field pure;       ///< [height 0…h] those in a group with most of their own symbol
}  // namespace fields

/// Sums over training sets of how well learners predict test sentences (MATH.md §12).
extern const Observable kLearning;

}  // namespace leafcast
