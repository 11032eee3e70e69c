#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "engine/plan/plan.h"

namespace leafcast {

/// Seconds that one core needs for chunks of a cell: the lanes that a partial batch leaves idle cost as much
/// as the others.
struct CellCost {
  double chunk, batch;       ///< seconds a chunk, and a batch
  std::uint64_t batch_size;  ///< samples
  double of(std::uint64_t samples) const {
    return chunk + batch * static_cast<double>((samples + batch_size - 1) / batch_size);
  }
};

/// What cells cost. Decides the order of chunks, how many are granted at once, and what is shown to people;
/// never what is computed.
///
/// A chunk of B batches takes chunk + B (batch + scale·N) seconds, where N is the nominal time of a batch,
/// from an analytic form of the cell, and (chunk, batch, scale) is what a pilot has measured of the cell's
/// class of work (engine/plan/pilot.h). Classes without a measurement are scaled like their likes.
class CostModel {
 public:
  struct Rate {
    double chunk = 0, batch = 0, scale = 1;
    bool operator==(const Rate&) const = default;
  };
  /// Where and when it was measured. It holds for the same host, instruction set and program.
  struct Origin {
    std::string host, instruction_set, program, date;
    double seconds = 0;  ///< that the pilot took
    bool operator==(const Origin&) const = default;
  };

  /// The nominal times.
  CostModel() = default;
  /// `rates`: by class of work.
  CostModel(Origin origin, std::map<std::string, Rate> rates);

  CellCost of(const Cell& cell) const;
  double chunk_seconds(const Plan& plan, Chunk chunk) const;
  double cell_seconds(const Plan& plan, std::uint32_t cell) const;

  bool measured() const { return !rates_.empty(); }
  const Origin& origin() const { return origin_; }
  const std::map<std::string, Rate>& rates() const { return rates_; }

  /// The model as JSON (io/FORMAT.md, cost.json). from_json(json()) gives an equal model; it throws DataError
  /// for what it cannot read.
  std::string json() const;
  static CostModel from_json(const std::string& text);
  bool operator==(const CostModel&) const = default;

 private:
  Origin origin_;
  std::map<std::string, Rate> rates_;
  std::map<std::string, double> scales_;  // of classes that are not in rates_, by whom they are like
};

/// Names what the inner loop of a cell depends on: "kgram sliding, symmetric q=2, d=3, subtrees histogram".
/// The sampler stands before the first comma.
std::string work_class(const Cell& cell);

/// Nominal seconds of one core for one sentence of the cell, from rates a leaf (AVX-512 machine).
double sentence_seconds(const Cell& cell);
/// Bytes that sampling the cell takes on one rank, apart from the program itself.
double sampler_bytes(const Cell& cell);
/// Bytes of the cell itself: its channel's matrices, mostly.
double cell_bytes(const Cell& cell);
/// Bytes of the cell's tallies by bin; rank 0 holds them three times (the directory's, the run's, the next
/// part's).
double tally_bytes(const Cell& cell);

}  // namespace leafcast
