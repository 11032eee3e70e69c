#include "engine/kernels/splitting/splitting_sampler.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/contract.h"
#include "engine/kernels/splitting/splitting_writers.h"
#include "engine/language/tree.h"
#include "engine/observe/memory.h"
#include "engine/observe/splitting.h"
#include "engine/writers/block_shape.h"

namespace leafcast {

namespace {

/// Which colors the children so far leave to each node that is being written (MATH.md §4), by particle. A
/// particle is dead as soon as some node has none left: nothing that follows gives it one.
class ParticleValidity {
 public:
  ParticleValidity(const Language& language, int particles)
      : height_(language.height),
        all_(~std::uint64_t{0} >> (64 - language.symbols())),
        levels_(static_cast<std::size_t>(language.height) + 1),
        open_(levels_ * static_cast<std::size_t>(particles)) {}

  void begin() { std::ranges::fill(open_, all_); }

  /// Reads the leaf that each particle has written, and closes the nodes of heights 1…carry that it
  /// completes. Leaves in `dead` the particles that it kills, in order.
  void read(const std::vector<std::uint8_t>& symbols, std::size_t particles, int carry,
            std::vector<int>& dead) {
    dead.clear();
    for (std::size_t p = 0; p < particles; ++p) {
      std::uint64_t* const open = open_.data() + p * levels_;
      std::uint64_t allowed = std::uint64_t{1} << symbols[p];
      bool alive = true;
      for (int j = 1;; ++j) {
        if ((allowed & (allowed - 1)) == 0) open[j] &= ~allowed;  // a singleton
        alive = alive && open[j] != 0;
        if (j > carry || j == height_) break;
        allowed = open[j];
        open[j] = all_;
      }
      if (!alive) dead.push_back(static_cast<int>(p));
    }
  }
  void copy(int from, int to) {
    std::copy_n(open_.data() + static_cast<std::size_t>(from) * levels_, levels_,
                open_.data() + static_cast<std::size_t>(to) * levels_);
  }
  /// Whether the root, its sentence complete, has two or more allowed colors.
  bool root_is_free(int particle) const {
    const std::uint64_t open = open_[static_cast<std::size_t>(particle) * levels_ + levels_ - 1];
    return (open & (open - 1)) != 0;
  }

 private:
  int height_;
  std::uint64_t all_;
  std::size_t levels_;
  std::vector<std::uint64_t> open_;  // [particle][height]
};

/// The particles that are not among `dead` (which ascend).
void find_survivors(std::size_t particles, const std::vector<int>& dead, std::vector<int>& survivors) {
  survivors.clear();
  auto next = dead.begin();
  for (int p = 0; p < static_cast<int>(particles); ++p)
    if (next != dead.end() && *next == p)
      ++next;
    else
      survivors.push_back(p);
}

/// n·p of a run and what becomes of it, in units of 2^{-kWeightBits}.
class Weight {
 public:
  explicit Weight(std::uint64_t particles)
      : particles_(particles), weight_(WideInt(particles) << kWeightBits) {}
  void keep(std::uint64_t survivors) { weight_ = part(survivors, particles_); }
  const WideInt& value() const { return weight_; }
  WideInt part(std::uint64_t numerator, std::uint64_t denominator) const {
    return weight_ * numerator / denominator;
  }
  /// n p².
  WideInt square() const {
    using Vast = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<
        1024, 1024, boost::multiprecision::signed_magnitude, boost::multiprecision::unchecked, void>>;
    const Vast wide(weight_);
    return WideInt(wide * wide / particles_ >> kWeightBits);
  }

 private:
  std::uint64_t particles_;
  WideInt weight_;
};

/// One run after the other, with the same storage.
class Runs {
 public:
  Runs(const Cell& cell, int particles)
      : cell_(cell),
        writer_(make_particle_writer(cell, particles)),
        validity_(cell.language(), particles),
        symbols_(static_cast<std::size_t>(particles)),
        odometer_(cell.language().d, cell.language().height),
        poll_interval_(std::max(1.0, kPollSeconds / splitting_leaf_seconds(cell) / particles)) {}

  /// Adds a run of `particles`; false if told to stop.
  bool add(std::uint64_t particles, ScalarStream stream, const Proceed& proceed, Tally& tally) {
    symbols_.resize(particles);
    validity_.begin();
    odometer_.reset();
    Weight weight(particles);
    std::uint64_t fewest = particles;
    for (int carry = cell_.language().height; odometer_.leaf() < cell_.language().leaves();) {
      writer_->write(odometer_, carry, stream, symbols_);
      carry = odometer_.advance();
      validity_.read(symbols_, particles, carry, dead_);
      if (!dead_.empty()) {
        find_survivors(particles, dead_, survivors_);
        weight.keep(survivors_.size());
        fewest = std::min<std::uint64_t>(fewest, survivors_.size());
        if (survivors_.empty()) break;
        replace_dead(stream);
      }
      if (--until_poll_ <= 0) {
        if (!proceed()) return false;
        until_poll_ = poll_interval_;
      }
    }
    count(weight, fewest, tally);
    return true;
  }

 private:
  /// The dead take up after survivors at even distances from a random first one: each survivor is as likely a
  /// parent as any other, and none has two children more than another.
  void replace_dead(ScalarStream& stream) {
    const std::size_t survivors = survivors_.size(), dead = dead_.size();
    const auto first = static_cast<std::size_t>(stream.uniform() * static_cast<double>(survivors));
    for (std::size_t i = 0; i < dead; ++i) {
      const int parent = survivors_[(first + i * std::max<std::size_t>(survivors / dead, 1)) % survivors];
      writer_->copy(parent, dead_[i]);
      validity_.copy(parent, dead_[i]);
    }
  }

  void count(const Weight& weight, std::uint64_t fewest, Tally& tally) const {
    ++tally.counts(fields::runs)[0];
    if (fewest < kFewSurvivors) ++tally.counts(fields::thin_runs)[0];
    if (fewest == 0) {
      ++tally.counts(fields::extinct_runs)[0];
      return;
    }
    std::uint64_t free = 0;
    for (int p = 0; p < static_cast<int>(symbols_.size()); ++p) free += validity_.root_is_free(p);
    leafcast::add(tally, fields::valid_weight, 0, weight.value());
    leafcast::add(tally, fields::free_weight, 0, weight.part(free, symbols_.size()));
    leafcast::add(tally, fields::squared_weight, 0, weight.square());
  }

  const Cell& cell_;
  std::unique_ptr<ParticleWriter> writer_;
  ParticleValidity validity_;
  std::vector<std::uint8_t> symbols_;
  std::vector<int> dead_, survivors_;  // of the last leaf
  LeafOdometer odometer_;
  double poll_interval_, until_poll_ = 0;
};

}  // namespace

SplittingSampler::SplittingSampler(const Cell& cell) : cell_(cell), layout_(TallyLayout::of(cell)) {
  LEAFCAST_EXPECT(cell.method() == Method::splitting, "splitting " + cell.label(), "its method is another",
                  "ask sampler_family() first");
}

std::optional<Tally> SplittingSampler::run(std::uint32_t chunk, std::uint64_t samples,
                                           const Proceed& proceed) const {
  const auto most = static_cast<std::uint64_t>(cell_.particles());
  Tally tally(layout_, samples);
  Runs runs(cell_, static_cast<int>(std::min(most, samples)));
  for (std::uint64_t run = 0, left = samples; left > 0; ++run) {
    const std::uint64_t particles = std::min(most, left);
    const ScalarStream stream({cell_.seed(), cell_.id(), chunk, run, StreamPurpose::splitting});
    if (!runs.add(particles, stream, proceed, tally)) return std::nullopt;
    left -= particles;
  }
  note_memory(tally, memory_bits(cell_, std::max(cell_.traits().blocks.height, 1)));
  return tally;
}

double splitting_leaf_seconds(const Cell& cell) {
  const Language& language = cell.language();
  const double q = language.symbols(), d = language.d;
  double nanoseconds = 14 + 2.5 * d / (d - 1);
  const GeneratorTraits traits = cell.traits();
  if (traits.walk == Walk::kgram) {
    // Steps up and down the paths, each of q² sums, and siblings on the way up.
    const double levels = std::log2(static_cast<double>(traits.window) + 1) / std::log2(d);
    nanoseconds += levels * (1.5 * q * q + 0.5 * q * d);
  }
  if (traits.walk == Walk::recalling_ancestors) nanoseconds += 1.2 * q * q / (d - 1);
  return nanoseconds * 1e-9;
}

}  // namespace leafcast
