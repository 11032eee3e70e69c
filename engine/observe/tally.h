#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/int128.h"
#include "engine/observe/field.h"
#include "engine/observe/histogram.h"

namespace leafcast {

inline constexpr int kJackknifeBins = 64;

/// Where the fields of a cell's tallies lie: a function of the cell alone.
class TallyLayout {
 public:
  struct Slot {
    const Field* field;
    Entries entries;
    std::size_t limbs;   ///< 64-bit words an entry
    std::size_t offset;  ///< of the first entry
    bool operator==(const Slot& other) const {
      return field == other.field && entries.first == other.entries.first &&
             entries.count == other.entries.count && limbs == other.limbs;
    }
  };
  explicit TallyLayout(const Cell& cell);
  static std::shared_ptr<const TallyLayout> of(const Cell& cell) {
    return std::make_shared<const TallyLayout>(cell);
  }

  std::span<const Slot> slots() const { return slots_; }
  const Slot* find(const Field& field) const;
  std::size_t words() const { return words_; }
  bool operator==(const TallyLayout& other) const { return slots_ == other.slots_; }

 private:
  std::vector<Slot> slots_;
  std::size_t words_ = 0;
};

/// Exact sums over the samples of a chunk, a jackknife bin or a cell: one flat array of 64-bit words, and the
/// histogram, which is sparse. Addition is associative and commutative, so no result depends on an order.
class Tally {
 public:
  /// Nothing yet, of no cell: takes the shape of the first tally that is added.
  Tally() = default;
  /// Zeros.
  explicit Tally(std::shared_ptr<const TallyLayout> shape, std::uint64_t of_samples = 0);
  explicit Tally(const Cell& cell, std::uint64_t of_samples = 0) : Tally(TallyLayout::of(cell), of_samples) {}

  std::uint64_t samples = 0;
  Histogram histogram;  ///< empty unless observe.histogram

  bool has(const Field& field) const { return find(field) != nullptr; }
  /// A count; 0 if the cell does not tally it.
  std::uint64_t count(const Field& field, int index = 0) const;
  /// Counts by entry, for those who count; throws ContractError if the cell does not tally them.
  std::span<std::uint64_t> counts(const Field& field);
  std::span<const std::uint64_t> counts(const Field& field) const;
  /// Two's complement words of an entry, least significant first; empty if the cell does not tally it.
  std::span<const std::uint64_t> limbs(const Field& field, int index = 0) const;
  /// Throws ContractError if the cell does not tally it.
  std::span<std::uint64_t> limbs(const Field& field, int index = 0);

  /// Unites with the sums over other samples of the same cell. A tally that was received as bare words has
  /// the layout of what it is added to. Throws ContractError if they are of different cells.
  Tally& operator+=(const Tally& other);
  /// Takes away what was added; maxima stay.
  Tally& operator-=(const Tally& other);
  bool operator==(const Tally& other) const;

  const TallyLayout* layout() const { return layout_.get(); }
  /// As sent from rank to rank; empty if all are zero.
  const std::vector<std::uint64_t>& words() const { return words_; }
  std::vector<std::uint64_t>& words() { return words_; }

 private:
  const TallyLayout::Slot* find(const Field& field) const;
  const TallyLayout::Slot& require(const Field& field) const;
  void allocate();
  template <class Combine>
  void combine(const Tally& other, Combine each);

  std::shared_ptr<const TallyLayout> layout_;
  std::vector<std::uint64_t> words_;  // by slot; empty as long as nothing was added
};

/// Adds a number to two's complement words.
void add_to(std::span<std::uint64_t> limbs, Int128 value);

/// A cell's tallies by jackknife bin (chunk index mod 64).
using CellTally = std::array<Tally, kJackknifeBins>;
/// Zeros in all bins.
CellTally empty_bins(const Cell& cell);
Tally total(const CellTally& bins);
/// Bin by bin.
void add(CellTally& into, const CellTally& bins);

}  // namespace leafcast
