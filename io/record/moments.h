#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/plan/ledger.h"
#include "io/hdf5/hdf5.h"

namespace leafcast::io {

/// Dimensions that the sums of a file share.
struct MomentsAxes {
  const h5::Axis &cell, &bin, &height, &limb;
};
inline constexpr std::size_t kLimbs = 6;        ///< 64-bit words of a sum in files
inline constexpr std::size_t kWeightLimbs = 8;  ///< and of a weight

/// Writes /moments, a cell after the other: of every observable (engine/observe) that the file's plan has, its fields
/// by cell and jackknife bin.
class MomentsWriter {
 public:
  MomentsWriter(h5::Group group, const Plan& plan, const MomentsAxes& axes);
  ~MomentsWriter();
  /// The next cell of the file, by its index in the plan. Throws ContractError if a tally is not of its cell.
  void append(std::uint32_t cell, const CellTally& bins);
  /// A cell without chunks, which reads as zero.
  void append_nothing();
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Chunks done of a cell: first … last.
struct DoneChunks {
  std::uint32_t cell, first, last;
};

/// Reads /moments. Every bin must hold the samples that the ledger says, nothing beyond them, and no contradiction
/// (Observable::contradiction).
class MomentsReader {
 public:
  /// `cells`: of the file, by their indices in the plan, in order. `done`: its ledger, in order. `most_rows`: that a
  /// table of the file can have. Throws DamageError.
  MomentsReader(const h5::Group& root, const Plan& plan, std::span<const std::uint32_t> cells,
                std::span<const DoneChunks> done, std::uint64_t most_rows);
  ~MomentsReader();
  /// The tallies of cells first … first + count − 1 of the file. Throws DamageError.
  std::vector<CellTally> read(std::size_t first, std::size_t count) const;
  /// Lets go of what is kept between two calls.
  void rest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace leafcast::io
