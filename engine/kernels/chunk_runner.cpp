#include "engine/kernels/chunk_runner.h"

#include <algorithm>
#include <stdexcept>

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
  return static_cast<std::int64_t>(std::clamp(2e-3 / leaf_seconds, 1.0, 0x1p17));
}

bool knows_nodes(const Cell& cell) { return cell.method() == Method::sequence && cell.traits().knows_nodes; }

ChunkRunner::ChunkRunner(const Cell& cell) {
  LEAFCAST_EXPECT(!cell.is_pooled(), "samples of " + cell.label(),
                  "a pooled cell is not sampled, its shares were", "sample a cell of one seed");
  if (cell.method() == Method::collapsed)
    collapsed_ = std::make_unique<CollapsedSampler>(cell);
  else if (cell.method() == Method::splitting)
    splitting_ = std::make_unique<SplittingSampler>(cell);
  else if (sampler_family(cell) == SamplerFamily::learners)
    learner_ = std::make_unique<LearnerRunner>(cell);
  else if (cell.language().is_grammar())
    grammar_ = std::make_unique<GrammarTables>(cell);
  else
    tables_ = std::make_unique<SamplerTables>(cell);
  layout_ = TallyLayout::of(cell);
}
ChunkRunner::~ChunkRunner() = default;
ChunkRunner::ChunkRunner(ChunkRunner&&) noexcept = default;

bool ChunkRunner::run_sentences(SentenceTask& task) const {
  if (grammar_) return run_on_lanes(*grammar_, task);
  return sampler_family(tables_->cell) == SamplerFamily::planes ? run_on_planes(*tables_, task)
                                                                : run_on_lanes(*tables_, task);
}

const Cell& ChunkRunner::written_cell() const {
  LEAFCAST_EXPECT(tables_ || grammar_, "the sentences of a cell", "only sequences have any of their own",
                  "use method = sequence");
  return tables_ ? tables_->cell : grammar_->cell;
}

std::optional<Tally> ChunkRunner::run(std::uint32_t chunk, std::uint64_t samples,
                                      const std::function<bool()>& proceed) const {
  if (collapsed_) return collapsed_->run(chunk, samples, proceed);
  if (splitting_) return splitting_->run(chunk, samples, proceed);
  if (learner_) return learner_->run(chunk, samples, proceed);
  SentenceTask task{
      .chunk = chunk, .samples = samples, .proceed = proceed, .record = false, .tally = Tally(layout_)};
  if (!run_sentences(task)) return std::nullopt;
  return std::move(task.tally);
}

std::vector<std::uint8_t> ChunkRunner::sentences(std::uint32_t chunk, std::uint64_t samples) const {
  return write(chunk, 0, samples, false).leaves;
}

WrittenSentences ChunkRunner::write(std::uint32_t chunk, std::uint64_t first, std::uint64_t samples,
                                    bool nodes) const {
  const Cell& cell = written_cell();
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
  run_sentences(task);
  return {std::move(task.sentences), std::move(task.nodes)};
}

Eigen::MatrixXd ChunkRunner::conditional_laws(std::span<const std::uint8_t> sentence) const {
  const Cell& cell = written_cell();
  LEAFCAST_EXPECT(cell.traits().walk == Walk::kgram, "conditional laws of " + cell.label(),
                  "they are those of a k-gram", "use kgram");
  LEAFCAST_EXPECT(static_cast<std::int64_t>(sentence.size()) == cell.language().leaves(),
                  "conditional laws of part of a sentence",
                  "a sentence has as many symbols as the tree has leaves", "give it whole");
  LawTask task{sentence, {}};
  if (grammar_)
    find_laws(*grammar_, task);
  else
    find_laws(*tables_, task);
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
