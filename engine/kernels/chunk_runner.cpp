#include "engine/kernels/chunk_runner.h"

#include <algorithm>
#include <stdexcept>

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

bool knows_nodes(const Cell& cell) {
  if (cell.method() != Method::sequence) return false;
  const auto* writer = std::get_if<ReasoningGenerator>(&cell.generator());
  return std::holds_alternative<TrueGenerator>(cell.generator()) ||
         (writer && writer->memory_depth == cell.language().height);
}

ChunkRunner::ChunkRunner(const Cell& cell) {
  if (cell.is_pooled()) throw std::logic_error("a pooled cell is not sampled, its shares were");
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
  if (!tables_ && !grammar_) throw std::logic_error("only sequences have sentences of their own");
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
  if (first % static_cast<std::uint64_t>(batch_samples(cell)) != 0)
    throw std::logic_error("sentences are written from the first of a batch on");
  if (nodes && !knows_nodes(cell)) throw std::logic_error("the writer knows no nodes");
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
  if (!std::holds_alternative<KgramGenerator>(cell.generator()))
    throw std::logic_error("conditional laws are those of a k-gram");
  if (static_cast<std::int64_t>(sentence.size()) != cell.language().leaves())
    throw std::logic_error("a sentence has as many symbols as the tree has leaves");
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
