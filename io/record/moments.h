#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "engine/plan/plan.h"
#include "io/hdf5/hdf5.h"

namespace leafcast::io {

/// Dimensions that the sums of a file share.
struct MomentsAxes {
  const h5::Axis &cell, &bin, &height, &limb;
};
inline constexpr std::size_t kLimbs = 6;        ///< 64-bit words of a sum in files
inline constexpr std::size_t kWeightLimbs = 8;  ///< and of a weight

/// Writes /moments: of every observable (engine/observe) that the file's plan has, its fields by cell and
/// jackknife bin. `cells`: plan indices of the cells in the file. Cells without chunks are left unwritten,
/// which reads as zero and takes no room. Throws ContractError if a tally is not of its cell.
void put_moments(h5::Group group, const Record& record, std::span<const std::uint32_t> cells,
                 const MomentsAxes& axes);

/// Adds /moments of a file to a record. Every bin must hold the samples that the ledger says, nothing beyond
/// them, and no contradiction (Observable::contradiction). Throws DamageError; the record is then half
/// changed. `most_rows`: that a table of the file can have.
void add_moments(const h5::Group& root, const Ledger& ledger, std::span<const std::uint32_t> cells,
                 std::uint64_t most_rows, Record& record);

}  // namespace leafcast::io
