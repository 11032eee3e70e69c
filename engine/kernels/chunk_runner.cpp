#include "engine/kernels/chunk_runner.h"

#include <algorithm>

#include "engine/contract.h"
#include "engine/kernels/collapsed/collapsed_sampler.h"
#include "engine/kernels/kernel_tasks.h"
#include "engine/kernels/sampler_family.h"
#include "engine/kernels/splitting/splitting_sampler.h"
#include "engine/kernels/tables/grammar_tables.h"
#include "engine/kernels/tables/sampler_tables.h"
#include "engine/learners/learner.h"
#include "engine/plan/cost.h"
#include "hwy/highway.h"

namespace leafcast {

std::int64_t leaves_between_polls(const Cell& cell, int samples) {
  const double leaf_seconds =
      samples * sentence_seconds(cell) / static_cast<double>(cell.language().leaves());
  return static_cast<std::int64_t>(std::clamp(kPollSeconds / leaf_seconds, 1.0, 0x1p17));
}

bool knows_nodes(const Cell& cell) { return cell.method() == Method::sequence && cell.traits().knows_nodes; }

/// What samples the chunks of a cell.
class ChunkRunner::Sampler {
 public:
  virtual ~Sampler() = default;
  virtual std::optional<Tally> run(std::uint32_t chunk, std::uint64_t samples,
                                   const Proceed& proceed) const = 0;
};

/// A sampler that tallies a sample without ever having all its leaves: S is the sampler.
template <class S>
class ChunkRunner::Whole : public Sampler {
 public:
  explicit Whole(const Cell& cell) : sampler_(cell) {}
  std::optional<Tally> run(std::uint32_t chunk, std::uint64_t samples,
                           const Proceed& proceed) const override {
    return sampler_.run(chunk, samples, proceed);
  }

 private:
  S sampler_;
};

/// Writes sentences leaf by leaf, and can keep them.
class ChunkRunner::Writer : public Sampler {
 public:
  explicit Writer(const Cell& cell) : cell_(cell), layout_(TallyLayout::of(cell)) {}
  std::optional<Tally> run(std::uint32_t chunk, std::uint64_t samples,
                           const Proceed& proceed) const override {
    SentenceTask task{.chunk = chunk,
                      .samples = samples,
                      .proceed = proceed,
                      .record = false,
                      .tally = Tally(layout_),
                      .kept = &kept_};
    if (!write(task)) return std::nullopt;
    return std::move(task.tally);
  }
  virtual bool write(SentenceTask& task) const = 0;
  virtual void find(LawTask& task) const = 0;
  const Cell& cell() const { return cell_; }

 private:
  Cell cell_;
  std::shared_ptr<const TallyLayout> layout_;
  mutable KeptSampler kept_;
};

/// Tables: what the kernels of the language's family read.
template <class Tables>
class ChunkRunner::Leaves : public Writer {
 public:
  explicit Leaves(const Cell& cell) : Writer(cell), tables_(cell), family_(sampler_family(cell)) {}
  bool write(SentenceTask& task) const override {
    if constexpr (requires { run_on_planes(tables_, task); })
      if (family_ == SamplerFamily::planes) return run_on_planes(tables_, task);
    return run_on_lanes(tables_, task);
  }
  void find(LawTask& task) const override { find_laws(tables_, task); }

 private:
  Tables tables_;
  SamplerFamily family_;
};

std::unique_ptr<const ChunkRunner::Sampler> ChunkRunner::make_sampler(const Cell& cell) {
  switch (sampler_family(cell)) {
    case SamplerFamily::collapsed:
      return std::make_unique<Whole<CollapsedSampler>>(cell);
    case SamplerFamily::splitting:
      return std::make_unique<Whole<SplittingSampler>>(cell);
    case SamplerFamily::learners:
      return std::make_unique<Whole<LearnerRunner>>(cell);
    case SamplerFamily::lanes:
    case SamplerFamily::planes:
      break;
  }
  using Made = std::unique_ptr<const Sampler>;
  return cell.language().visit(
      overloaded{[&](const Channel&) -> Made { return std::make_unique<Leaves<SamplerTables>>(cell); },
                 [&](const Grammar&) -> Made { return std::make_unique<Leaves<GrammarTables>>(cell); }});
}

ChunkRunner::ChunkRunner(const Cell& cell) {
  LEAFCAST_EXPECT(!cell.is_pooled(), "samples of " + cell.label(),
                  "a pooled cell is not sampled, its shares were", "sample a cell of one seed");
  sampler_ = make_sampler(cell);
}
ChunkRunner::~ChunkRunner() = default;
ChunkRunner::ChunkRunner(ChunkRunner&&) noexcept = default;

std::optional<Tally> ChunkRunner::run(std::uint32_t chunk, std::uint64_t samples,
                                      const std::function<bool()>& proceed) const {
  return sampler_->run(chunk, samples, proceed);
}

const ChunkRunner::Writer& ChunkRunner::writer() const {
  const auto* writer = dynamic_cast<const Writer*>(sampler_.get());
  LEAFCAST_EXPECT(writer, "the sentences of a cell", "only sequences have any of their own",
                  "use method = sequence");
  return *writer;
}

std::vector<std::uint8_t> ChunkRunner::sentences(std::uint32_t chunk, std::uint64_t samples) const {
  return write(chunk, 0, samples, false).leaves;
}

WrittenSentences ChunkRunner::write(std::uint32_t chunk, std::uint64_t first, std::uint64_t samples,
                                    bool nodes) const {
  const Cell& cell = writer().cell();
  LEAFCAST_EXPECT(first % static_cast<std::uint64_t>(batch_samples(cell)) == 0,
                  "sentences from within a batch", "they are written from the first of a batch on",
                  "begin at a multiple of batch_samples()");
  LEAFCAST_EXPECT(!nodes || knows_nodes(cell), "the nodes of " + cell.label(), "its writer knows none",
                  "ask knows_nodes() first");
  SentenceTask task{.chunk = chunk,
                    .samples = samples,
                    .proceed = [] { return true; },
                    .record = true,
                    .first = first,
                    .record_nodes = nodes};
  writer().write(task);
  return {std::move(task.sentences), std::move(task.nodes)};
}

Eigen::MatrixXd ChunkRunner::conditional_laws(std::span<const std::uint8_t> sentence) const {
  const Cell& cell = writer().cell();
  LEAFCAST_EXPECT(cell.traits().walk == Walk::kgram, "conditional laws of " + cell.label(),
                  "they are those of a k-gram", "use kgram");
  LEAFCAST_EXPECT(static_cast<std::int64_t>(sentence.size()) == cell.language().leaves(),
                  "conditional laws of part of a sentence",
                  "a sentence has as many symbols as the tree has leaves", "give it whole");
  LawTask task{sentence, {}};
  writer().find(task);
  return std::move(task.laws);
}

std::vector<std::string> instruction_sets() {
  std::vector<std::string> names;
  hwy::SetSupportedTargetsForTest(0);
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets())
    names.emplace_back(hwy::TargetName(target));
  return names;
}

void use_instruction_set(const std::string& name) {
  hwy::SetSupportedTargetsForTest(0);
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets())
    if (name == hwy::TargetName(target)) hwy::SetSupportedTargetsForTest(target);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace leafcast
