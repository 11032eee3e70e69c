// A k-gram that writes its own structure: marks drawn from their law given the window (structure_law.h),
// shared by a batch; between them the leaves, from theirs.
#if defined(LEAFCAST_LANES_OWN_STRUCTURE_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LEAFCAST_LANES_OWN_STRUCTURE_H_
#undef LEAFCAST_LANES_OWN_STRUCTURE_H_
#else
#define LEAFCAST_LANES_OWN_STRUCTURE_H_
#endif

#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include "engine/kernels/lanes/ancestor_sampler.h"
#include "engine/kernels/lanes/functionals.h"
#include "engine/kernels/lanes/kgram_sampler.h"
#include "engine/kernels/lanes/language_law.h"
#include "engine/kernels/lanes/language_reading.h"
#include "engine/kernels/lanes/observers.h"
#include "engine/language/structure_law.h"
#include "engine/observe/own_structure.h"
#include "engine/sequences/vocabulary.h"
#include "engine/streams/scalar_stream.h"

HWY_BEFORE_NAMESPACE();
namespace leafcast {
namespace HWY_NAMESPACE {

/// Tallies sentences that are streams: S = q·N_c − (number of symbols), and the validity of those with the
/// marks of the tree; the others are no sentences, so not valid. The histogram is of N_c + (n − number of
/// symbols)/q, rounded down: N_c where the marks are the tree's.
class StreamObserver {
 public:
  StreamObserver(const Cell& cell, Tally& tally)
      : tally_(tally),
        q_(cell.language().symbols()),
        d_(cell.language().d),
        height_(cell.language().height),
        symbol_(cell.observe().symbol),
        leaves_(cell.language().leaves()),
        histogram_(cell.observe().histogram),
        centre_(HistogramBins::centre(cell)),
        functionals_(cell, tally) {
    if (!cell.observe().validity) return;
    if (q_ <= 32)
      validity_.emplace(cell, tally);
    else
      wide_validity_.emplace(cell, tally);
  }

  void begin(int active) {
    active_ = active;
    counts_ = {};
    symbols_ = 0;
    sentence_.clear();
    functionals_.begin(active);
  }
  HWY_INLINE void leaf(I32 x) {
    for (int lane = 0; lane < kLanes; ++lane) counts_[lane] += x[lane] == symbol_;
    ++symbols_;
    functionals_.leaf(x);
    if (validity_ || wide_validity_) sentence_.push_back(narrow(x));
  }
  void end_batch(bool well_formed) {
    tally_.samples += static_cast<std::uint64_t>(active_);
    functionals_.end_batch();
    if (well_formed) tally_.counts(fields::well_formed)[0] += static_cast<std::uint64_t>(active_);
    for (int lane = 0; lane < active_; ++lane) {
      const std::int64_t s = q_ * counts_[lane] - symbols_;
      WideInt power = 1;
      for (WideInt& sum : sums_) sum += power *= s;
      if (!histogram_) continue;
      const std::int64_t shifted = s + leaves_;
      const std::int64_t count = shifted >= 0 ? shifted / q_ : -((q_ - 1 - shifted) / q_);
      ++tally_.histogram[HistogramBins::bin(count - centre_)];
    }
    if (!well_formed) return;
    if (validity_) judge(*validity_);
    if (wide_validity_) judge(*wide_validity_);
  }
  /// Brings the sums into the tally.
  void finish() { add(tally_, height_, sums_); }

 private:
  template <class Validity>
  void judge(Validity& validity) {
    LeafOdometer odometer(d_, height_);
    validity.begin(active_);
    for (const PackedSymbols& x : sentence_) {
      validity.leaf(widen(x));
      validity.complete(odometer.advance());
    }
    validity.end_batch();
  }

  Tally& tally_;
  int q_, d_, height_, symbol_;
  std::int64_t leaves_;
  bool histogram_;
  std::int64_t centre_;
  int active_ = kLanes;
  std::array<std::int64_t, kLanes> counts_{};
  std::int64_t symbols_ = 0;
  FunctionalObserver functionals_;
  PowerSums sums_{};
  LaneArray<PackedSymbols> sentence_;  // of colorings
  std::optional<ValidityObserver<std::uint32_t>> validity_;
  std::optional<ValidityObserver<std::uint64_t>> wide_validity_;
};

/// The tokens themselves, [sample][token].
class TokenRecorder {
 public:
  TokenRecorder(const Cell& cell, std::int64_t length, std::vector<std::uint8_t>& tokens)
      : vocabulary_(StreamKind::punctuated, cell.language().symbols(), cell.language().d,
                    cell.language().height),
        length_(static_cast<std::size_t>(length)),
        tokens_(tokens) {}
  void begin(int active) {
    active_ = active;
    base_ = tokens_.size();
    at_ = 0;
    tokens_.resize(base_ + static_cast<std::size_t>(active) * length_);
  }
  void leaf(I32 x) {
    for (int lane = 0; lane < active_; ++lane) put(lane, vocabulary_.symbol(x[lane]));
    ++at_;
  }
  /// Level 1 … h − 1, or h for a begin mark.
  void mark(int level, int height) {
    const int token =
        level == height ? vocabulary_.number({Vocabulary::Kind::begin, 0}) : vocabulary_.mark(level);
    for (int lane = 0; lane < active_; ++lane) put(lane, token);
    ++at_;
  }

 private:
  void put(int lane, int token) {
    tokens_[base_ + static_cast<std::size_t>(lane) * length_ + at_] = static_cast<std::uint8_t>(token);
  }
  Vocabulary vocabulary_;
  std::size_t length_;
  std::vector<std::uint8_t>& tokens_;
  int active_ = 0;
  std::size_t base_ = 0, at_ = 0;
};

/// Where a batch's structure is known to differ from the tree's.
class StructureWatch {
 public:
  StructureWatch(int d, int height) : odometer_(d, height), height_(height) {}
  void begin() {
    odometer_.reset();
    carry_ = height_;
    well_formed_ = true;
    has_leaves_ = false;
  }
  void leaf(int carry) {
    has_leaves_ = true;
    well_formed_ &= carry == carry_;
    if (well_formed_) carry_ = odometer_.advance();
  }
  bool so_far() const { return well_formed_; }
  /// Before any leaf the odometer stands where it stands after all: a stream of marks alone is no sentence.
  bool whole() const { return has_leaves_ && well_formed_ && carry_ == height_; }

 private:
  LeafOdometer odometer_;
  int height_, carry_ = 0;
  bool well_formed_ = true, has_leaves_ = false;
};

template <class C>
class OwnStructureRun {
 public:
  OwnStructureRun(const SamplerTables& tables, SentenceTask& task)
      : tables_(tables),
        task_(task),
        context_(std::get<KgramGenerator>(tables.cell.generator()).context),
        length_(sentence_tokens(tables.d, tables.height)),
        sampler_(tables),
        structure_(tables.d, tables.height, context_),
        watch_(tables.d, tables.height) {
    if (task.record)
      recorder_.emplace(tables.cell, length_, task.sentences);
    else
      observer_.emplace(tables.cell, task.tally);
    if (tables.cell.observe().entropy && !task.record) entropies_.emplace(tables, task.tally);
  }

  bool run() {
    until_poll_ = poll_interval_;
    const std::uint64_t end = task_.first + task_.samples;
    for (std::uint64_t done = task_.first; done < end; done += kLanes) {
      active_ = static_cast<int>(std::min<std::uint64_t>(kLanes, end - done));
      address_ = {tables_.cell.seed(), tables_.cell.id(), task_.chunk, done / kBatchSamples};
      first_ = static_cast<int>(done % kBatchSamples);
      if (!write() || !read()) return false;
      if (entropies_) entropies_->language.meter.end_batch();
    }
    if (observer_) observer_->finish();
    return true;
  }
  F32 least_weight() const { return sampler_.least_weight(); }

 private:
  struct Entropies {
    Entropies(const SamplerTables& tables, Tally& tally) : language(tables, tally), reader(tables) {}
    LanguageReading<AncestorSampler<C, false>, LanguageLaw<C>> language;
    KgramSampler<C, 0> reader;  // its law of a tree's leaves is that of the writer, who sees the same marks
  };

  /// A batch of sentences. Every part of a batch draws the same marks.
  bool write() {
    StreamAddress marks = address_;
    marks.purpose = StreamPurpose::structure;
    ScalarStream dice(marks);
    LaneStream stream(address_, first_);
    structure_.begin();
    watch_.begin();
    each([this](auto& user) { user.begin(active_); });
    if (entropies_) entropies_->language.meter.begin(active_);
    std::int64_t structure_entropy = 0;
    int carry = tables_.height;
    for (std::int64_t token = 0; token < length_; ++token) {
      const int next = draw_structure(dice.uniform(), structure_entropy);
      structure_.observe(next);
      if (next > 0) {
        carry = next;
        if (recorder_) recorder_->mark(next, tables_.height);
        continue;
      }
      write_leaf(carry, stream);
      carry = 0;
      if (!may_go_on()) return false;
    }
    if (observer_) observer_->end_batch(watch_.whole());
    if (entropies_) {
      if (!watch_.whole()) entropies_->language.meter.wrote_no_sentence();
      add_to(task_.tally.limbs(fields::structure_entropy), Int128{structure_entropy} * active_);
    }
    return true;
  }
  HWY_INLINE void write_leaf(int carry, LaneStream& stream) {
    auto law = sampler_.prepare(carry);
    const I32 x = sampler_.draw(law, stream);
    sampler_.absorb(x);
    watch_.leaf(carry);
    each([x](auto& user) { user.leaf(x); });
    if (!entropies_) return;
    if (!watch_.so_far()) return entropies_->language.meter.wrote(law);
    auto language_law = entropies_->language.law.prepare(carry);
    entropies_->language.law.absorb(x);
    entropies_->language.meter.wrote(x, law, language_law);
  }
  /// 0: a leaf; else the level of a mark, h for a begin mark. Adds the entropy of its law.
  int draw_structure(double u, std::int64_t& fixed_point) {
    double sum = 0, entropy = 0;
    int drawn = -1;
    for (int level = 0; level <= tables_.height; ++level) {
      const double p = structure_.probability(level);
      if (p <= 0) continue;
      sum += p;
      if (drawn < 0 && u < sum) drawn = level;
      last_possible_ = level;
      if (entropies_) entropy -= p * std::log(p);
      if (!entropies_ && drawn >= 0) break;
    }
    fixed_point += std::llround(std::ldexp(entropy, kEntropyBits));
    return drawn < 0 ? last_possible_ : drawn;
  }
  /// As many sentences of the language, which the writer reads.
  bool read() {
    return !entropies_ ||
           entropies_->language.read(address_, first_, entropies_->reader, [this] { return may_go_on(); });
  }
  template <class Use>
  HWY_INLINE void each(Use use) {
    if (observer_) use(*observer_);
    if (recorder_) use(*recorder_);
  }
  bool may_go_on() {
    if (--until_poll_ > 0) return true;
    until_poll_ = poll_interval_;
    return task_.proceed();
  }

  const SamplerTables& tables_;
  SentenceTask& task_;
  std::int64_t context_, length_;
  KgramSampler<C, 0, StreamEdge> sampler_;
  StructureLaw structure_;
  StructureWatch watch_;
  std::optional<StreamObserver> observer_;
  std::optional<TokenRecorder> recorder_;
  std::optional<Entropies> entropies_;
  StreamAddress address_{};
  int first_ = 0, active_ = kLanes, last_possible_ = 0;
  std::int64_t poll_interval_ = leaves_between_polls(tables_.cell, kLanes), until_poll_ = 1;
};

}  // namespace HWY_NAMESPACE
}  // namespace leafcast
HWY_AFTER_NAMESPACE();
#endif
