#pragma once
#include "engine/observe/wide_int.h"

namespace leafcast {

/// Entropies in fixed point are whole multiples of 2^{-24} nats.
inline constexpr int kEntropyBits = 24;

/// Most that an entropy of a leaf is off on average, in nats: probabilities and logarithms are of single precision
/// (2^{-24} of themselves an operation), and sums are rounded to units. The same for all sentences of a cell, so that no
/// spread of samples tells.
inline constexpr double kEntropyPrecision = 0x1p-22;

namespace fields {
/// [height 0…h], by the height j of the carry by which a leaf is reached (h: the first leaf): of the
/// language's leaves, entropies of the writer's conditional law, and of the language's law given all before.
extern const Field cross_entropy;
extern const Field language_entropy;
extern const Field own_entropy;        ///< of the writer's leaves: entropies of its law
extern const Field structure_entropy;  ///< of the marks that a writer of its own structure draws
extern const Field
    reverse_entropy;            ///< of the writer's possible sentences: −log of the language's probability
extern const Field impossible;  ///< sentences of the writer that the language cannot write
}  // namespace fields

/// Sums over sentences of what a writer's laws tell, in units of 2^{-kEntropyBits} nats (MATH.md §4). As many
/// sentences of the language as of the writer are looked at.
extern const Observable kEntropy;

}  // namespace leafcast
