#include "engine/observe/tally.h"

#include <algorithm>
#include <cmath>

#include "engine/cell/cell.h"
#include "engine/contract.h"
#include "engine/observe/observable.h"

namespace leafcast {

namespace {

/// Words for ±2^bits and what a few more samples than planned would add.
std::size_t limbs_for(const Field& field, const Cell& cell, const Entries& entries) {
  if (field.form == Field::Form::count) return 1;
  double bits = 0;
  for (std::size_t i = 0; i < entries.count; ++i)
    bits = std::max(bits, field.bits(cell, entries.first + static_cast<int>(i)));
  return static_cast<std::size_t>((bits + 2) / 64) + 1;
}

/// The sign that two's complement words continue with.
std::uint64_t extension(std::span<const std::uint64_t> limbs) {
  return limbs.back() >> 63 ? ~std::uint64_t{0} : 0;
}

void add_limbs(std::span<std::uint64_t> into, std::span<const std::uint64_t> from) {
  unsigned carry = 0;
  const std::uint64_t rest = extension(from);
  for (std::size_t i = 0; i < into.size(); ++i) {
    const std::uint64_t word = i < from.size() ? from[i] : rest;
    const std::uint64_t partial = into[i] + word;
    into[i] = partial + carry;
    carry = (partial < word) | (into[i] < partial);
  }
}

void subtract_limbs(std::span<std::uint64_t> into, std::span<const std::uint64_t> from) {
  unsigned borrow = 0;
  const std::uint64_t rest = extension(from);
  for (std::size_t i = 0; i < into.size(); ++i) {
    const std::uint64_t word = i < from.size() ? from[i] : rest;
    const std::uint64_t partial = into[i] - word, before = into[i];
    into[i] = partial - borrow;
    borrow = (before < word) | (partial < borrow);
  }
}

}  // namespace

double sample_bits(const Cell& cell) {
  return std::log2(std::max(0x1p20, static_cast<double>(cell.samples())));
}

Entries all_heights(const Cell& cell) { return {0, static_cast<std::size_t>(cell.language().height) + 1}; }

TallyLayout::TallyLayout(const Cell& cell) {
  for (const Observable* observable : observables()) {
    if (!observable->is_observed(cell)) continue;
    for (const Field* field : observable->fields) {
      const Entries entries = field->entries ? field->entries(cell) : Entries{};
      const std::size_t limbs = limbs_for(*field, cell, entries);
      slots_.push_back({field, entries, limbs, words_});
      words_ += entries.count * limbs;
    }
  }
}

const TallyLayout::Slot* TallyLayout::find(const Field& field) const {
  const auto found = std::ranges::find(slots_, &field, &Slot::field);
  return found == slots_.end() ? nullptr : &*found;
}

Tally::Tally(std::shared_ptr<const TallyLayout> shape, std::uint64_t of_samples)
    : samples(of_samples), layout_(std::move(shape)) {}

const TallyLayout::Slot* Tally::find(const Field& field) const {
  return layout_ ? layout_->find(field) : nullptr;
}

const TallyLayout::Slot& Tally::require(const Field& field) const {
  const auto* slot = find(field);
  LEAFCAST_EXPECT(slot, std::string("sums of ") + field.name, "the cell does not tally them",
                  "ask has() first");
  return *slot;
}

void Tally::allocate() {
  if (words_.empty()) words_.resize(layout_->words());
}

std::uint64_t Tally::count(const Field& field, int index) const {
  const auto counted = limbs(field, index);
  return counted.empty() ? 0 : counted[0];
}

std::span<std::uint64_t> Tally::counts(const Field& field) {
  const auto& slot = require(field);
  allocate();
  return std::span(words_).subspan(slot.offset, slot.entries.count);
}

std::span<const std::uint64_t> Tally::counts(const Field& field) const {
  const auto* slot = find(field);
  if (!slot || words_.empty()) return {};
  return std::span(words_).subspan(slot->offset, slot->entries.count);
}

std::span<const std::uint64_t> Tally::limbs(const Field& field, int index) const {
  const auto* slot = find(field);
  if (!slot || words_.empty()) return {};
  const int entry = index - slot->entries.first;
  if (entry < 0 || static_cast<std::size_t>(entry) >= slot->entries.count) return {};
  return std::span(words_).subspan(slot->offset + static_cast<std::size_t>(entry) * slot->limbs, slot->limbs);
}

std::span<std::uint64_t> Tally::limbs(const Field& field, int index) {
  const auto& slot = require(field);
  const auto entry = static_cast<std::size_t>(index - slot.entries.first);
  LEAFCAST_EXPECT(entry < slot.entries.count, std::string("an entry of ") + field.name,
                  "the cell has no such one", "go through its entries");
  allocate();
  return std::span(words_).subspan(slot.offset + entry * slot.limbs, slot.limbs);
}

/// Calls each(field, words of this, words of the other) for every entry of the other.
template <class Combine>
void Tally::combine(const Tally& other, Combine each) {
  if (!layout_) layout_ = other.layout_;
  if (other.words_.empty()) return;
  LEAFCAST_EXPECT(layout_, "the sum of bare words", "no cell says what they are", "give one tally a layout");
  const TallyLayout& theirs = other.layout_ ? *other.layout_ : *layout_;
  LEAFCAST_EXPECT(other.words_.size() == theirs.words(), "the sum of two tallies",
                  "words are of another cell", "add tallies of one cell");
  allocate();
  for (const TallyLayout::Slot& from : theirs.slots()) {
    const TallyLayout::Slot& to = require(*from.field);
    LEAFCAST_EXPECT(to.entries.first == from.entries.first && to.entries.count == from.entries.count,
                    "the sum of two tallies", "they are of different cells", "add tallies of one cell");
    for (std::size_t i = 0; i < from.entries.count; ++i)
      each(*from.field, std::span(words_).subspan(to.offset + i * to.limbs, to.limbs),
           std::span(other.words_).subspan(from.offset + i * from.limbs, from.limbs));
  }
}

Tally& Tally::operator+=(const Tally& other) {
  samples += other.samples;
  add_histogram(histogram, other.histogram);
  combine(other, [](const Field& field, std::span<std::uint64_t> into, std::span<const std::uint64_t> from) {
    if (field.merge == Field::Merge::maximum)
      into[0] = std::max(into[0], from[0]);
    else if (into.size() == 1)
      into[0] += from[0];
    else
      add_limbs(into, from);
  });
  return *this;
}

Tally& Tally::operator-=(const Tally& other) {
  samples -= other.samples;
  for (const auto& [bin, count] : other.histogram)
    if (const auto own = histogram.find(bin); own != histogram.end() && (own->second -= count) == 0)
      histogram.erase(own);
  combine(other, [](const Field& field, std::span<std::uint64_t> into, std::span<const std::uint64_t> from) {
    if (field.merge == Field::Merge::sum) subtract_limbs(into, from);
  });
  return *this;
}

bool Tally::operator==(const Tally& other) const {
  if (samples != other.samples || histogram != other.histogram) return false;
  const auto zero = [](const std::vector<std::uint64_t>& words) {
    return std::ranges::all_of(words, [](std::uint64_t word) { return word == 0; });
  };
  if (words_.empty() || other.words_.empty()) return zero(words_) && zero(other.words_);
  return words_ == other.words_ &&
         (!layout_ || !other.layout_ || layout_ == other.layout_ || *layout_ == *other.layout_);
}

void add_to(std::span<std::uint64_t> limbs, Int128 value) {
  const std::uint64_t words[2] = {static_cast<std::uint64_t>(value), static_cast<std::uint64_t>(value >> 64)};
  add_limbs(limbs, words);
}

CellTally empty_bins(const Cell& cell) {
  const auto layout = TallyLayout::of(cell);
  CellTally bins;
  for (Tally& bin : bins) bin = Tally(layout);
  return bins;
}

void add(CellTally& into, const CellTally& bins) {
  for (int b = 0; b < kJackknifeBins; ++b) into[b] += bins[b];
}

Tally total(const CellTally& bins) {
  Tally sum;
  for (const Tally& bin : bins) sum += bin;
  return sum;
}

}  // namespace leafcast
