#include "engine/plan/plan.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <unordered_set>

#include "engine/contract.h"
#include "engine/error.h"
#include "engine/kernels/collapsed/collapsed_sampler.h"
#include "engine/kernels/sampler_family.h"
#include "engine/plan/cost.h"
#include "engine/plan/stages.h"
#include "engine/printable.h"

namespace leafcast {

namespace {

constexpr const char* kHeader = "leafcast plan ";  // followed by the version of the streams
constexpr std::uint64_t kMaxChunks = 1u << 20;
constexpr std::size_t kMaxCells = 1'000'000;  // of a plan that is read
constexpr double kMaxCellBytes = 0x1p32;      // of all of them

/// What decides how a cell of one seed is cut into chunks, under a version of the streams. A function of the
/// cell alone.
struct Grain {
  std::uint64_t batch;         ///< samples of a whole batch
  double sentences_per_chunk;  ///< about a tenth of a second of sampling
};

Grain grain_of(const Cell& cell, int streams) {
  const auto leaves = static_cast<double>(cell.language().leaves());
  if (streams == 1) return {16, 0x1p25 / leaves};
  const auto batch = static_cast<std::uint64_t>(batch_samples(cell));
  switch (sampler_family(cell)) {
    case SamplerFamily::planes:
      return {batch, 0x1p29 / leaves};
    case SamplerFamily::collapsed:
      return {batch, 0x1p21 / binomial_draws(cell)};
    case SamplerFamily::splitting:
      return {batch, 0x1p21 / leaves};
    case SamplerFamily::learners:
      return {batch, 1};
    case SamplerFamily::lanes:
      break;
  }
  if (cell.traits().remembers_a_path) return {batch, 0x1p25 / leaves};
  // Belief propagation takes q² or q³ steps, or one for each rule on two paths.
  const double steps =
      cell.language().visit(overloaded{[](const Channel& channel) {
                                         const double q = channel.q();
                                         return channel.is_symmetric() ? q * q / 16 : q * q * q / 64;
                                       },
                                       [](const Grammar& grammar) {
                                         double rules = 0;
                                         for (int j = 1; j <= grammar.height(); ++j)
                                           rules += grammar.rules(j).rules();
                                         return rules / 32;
                                       }});
  return {batch, 0x1p25 / leaves / std::max(1.0, steps)};
}

std::uint32_t chunk_count(std::uint64_t samples, const Grain& grain) {
  if (samples < kJackknifeBins) return static_cast<std::uint32_t>(samples);
  // A chunk has a whole batch at least, where that leaves a chunk for every bin.
  const std::uint64_t batches = (samples + grain.batch - 1) / grain.batch;
  const std::uint64_t most = std::clamp<std::uint64_t>(batches, kJackknifeBins, kMaxChunks);
  const double wanted =
      std::clamp(static_cast<double>(samples) / grain.sentences_per_chunk, 1.0, static_cast<double>(most));
  const std::uint64_t rounded =
      (static_cast<std::uint64_t>(wanted) + kJackknifeBins - 1) / kJackknifeBins * kJackknifeBins;
  return static_cast<std::uint32_t>(std::min(rounded, most / kJackknifeBins * kJackknifeBins));
}

Plan::Cut cut_samples(std::uint64_t samples, const Grain& grain, int streams) {
  const std::uint64_t batches = (samples + grain.batch - 1) / grain.batch;
  const std::uint32_t chunks = chunk_count(samples, grain);
  if (batches < chunks) return {0, chunks, 0, samples / chunks, samples % chunks, 1, 0, 0};
  // Whole batches, so that no lane idles. The partial one goes to a chunk that has a batch more than others,
  // if there are any.
  return {.first = 0,
          .chunks = chunks,
          .rotation = 0,
          .least = batches / chunks * grain.batch,
          .larger = batches % chunks,
          .step = grain.batch,
          .partial = streams == 1 ? chunks - 1 : 0,
          .missing = batches * grain.batch - samples};
}

Plan::Cut cut_one_seed(const Cell& cell, int streams) {
  return cut_samples(cell.samples(), grain_of(cell, streams), streams);
}

/// The cuts of all stages. Each has a multiple of 64 chunks, so that the bins are even after each. Chunks are
/// shorter than elsewhere, as ranks may have to wait for the last one of every stage.
std::vector<Plan::Cut> cut_stages(const Cell& cell, int streams) {
  Grain grain = grain_of(cell, streams);
  grain.sentences_per_chunk /= 4;
  std::vector<Plan::Cut> cuts;
  std::uint64_t drawn = 0;
  std::uint32_t first = 0;
  for (const std::uint64_t total : stage_totals(cell.first_samples(), cell.samples(), grain.batch)) {
    Plan::Cut& next = cuts.emplace_back(cut_samples(total - drawn, grain, streams));
    next.first = first;
    first += next.chunks;
    drawn = total;
  }
  return cuts;
}

/// The cuts of all seeds of a cell. Bins depend on the seed and not on the other seeds, so that pooled sums
/// can be pooled further. Seeds of a few samples begin at different bins, so that together they fill all.
/// Others do not: then equal chunks of different seeds share a bin, and if they were correlated the error
/// would show it.
std::vector<Plan::Cut> cut(const Cell& cell, int streams) {
  if (cell.has_goal()) return cut_stages(cell, streams);
  if (!cell.is_pooled()) return {cut_one_seed(cell, streams)};
  std::vector<Plan::Cut> cuts;
  const Cell unpooled = cell.with_shares({cell.shares()[0]});
  std::uint32_t first = 0;
  for (const SeedShare& share : cell.shares()) {
    Plan::Cut& next = cuts.emplace_back(cut_one_seed(unpooled.with_shares({share}), streams));
    next.first = first;
    if (next.chunks < kJackknifeBins) next.rotation = static_cast<std::uint32_t>(share.seed % kJackknifeBins);
    first += next.chunks;
  }
  return cuts;
}

std::string cell_line(const Cell& cell) { return to_line(cell.parameters()); }

}  // namespace

int streams_of(const std::vector<Cell>& cells) {
  return std::ranges::any_of(cells, &Cell::writes_own_structure) ? 3 : 2;
}

Plan::Plan(std::string title, std::vector<Cell> cells, std::string sweep_text, std::optional<int> version) {
  const int streams = version.value_or(streams_of(cells));
  Contents contents{std::move(title), std::move(sweep_text), {}, {}, streams, 0};
  std::unordered_set<std::string> seen;
  std::string identity = fmt::format("leafcast-stream-{}", streams);
  for (Cell& cell : cells) {
    std::string line = cell_line(cell);
    if (seen.contains(line)) continue;
    const std::vector<Cut>& cuts = contents.cuts.emplace_back(leafcast::cut(cell, streams));
    identity += fmt::format("\n{}\tchunks={}", line, cuts.back().first + cuts.back().chunks);
    if (cell.has_goal())
      for (const Cut& stage : cuts) identity += fmt::format("+{}", stage.first);
    seen.insert(std::move(line));
    contents.cells.push_back(std::move(cell));
  }
  contents.hash = XXH3_64bits(identity.data(), identity.size());
  contents_ = std::make_shared<const Contents>(std::move(contents));
}

std::size_t Plan::cut(Chunk chunk) const {
  const std::vector<Cut>& all = cuts(chunk.cell);
  const auto next = std::ranges::upper_bound(all, chunk.index, {}, &Cut::first);
  return static_cast<std::size_t>(next - all.begin()) - 1;
}

std::uint64_t Plan::samples(Chunk chunk) const {
  const Cut& part = cuts(chunk.cell)[cut(chunk)];
  const std::uint32_t i = chunk.index - part.first;
  return part.least + (i < part.larger ? part.step : 0) - (i == part.partial ? part.missing : 0);
}

int Plan::bin(Chunk chunk) const {
  const Cut& part = cuts(chunk.cell)[cut(chunk)];
  return static_cast<int>((chunk.index - part.first + part.rotation) % kJackknifeBins);
}

std::uint64_t Plan::total_chunks() const {
  std::uint64_t sum = 0;
  for (std::size_t cell = 0; cell < cells().size(); ++cell) sum += chunks(cell);
  return sum;
}

bool Plan::is_pooled() const { return std::ranges::any_of(cells(), &Cell::is_pooled); }

std::string Plan::text() const {
  std::string text = fmt::format("{}{}\ntitle={}\nhash={:016x}\n", kHeader, streams(), title(), hash());
  for (const Cell& cell : cells()) text += cell_line(cell) + "\n";
  return text;
}

Plan Plan::from_text(const std::string& text, std::string sweep_text) {
  std::istringstream in(text);
  std::string header, title, hash, line;
  int streams = 0;
  if (std::getline(in, header) && header.starts_with(kHeader)) {
    const std::string version = header.substr(std::string_view(kHeader).size());
    std::from_chars(version.data(), version.data() + version.size(), streams);
  }
  if (streams < 1 || streams > kStreams)
    throw DataError(
        fmt::format("not a plan that this version knows (\"{}1\" to \"{}{}\" expected as first line): use "
                    "the program that "
                    "wrote it",
                    kHeader, kHeader, kStreams));
  if (!std::getline(in, title) || !title.starts_with("title=") || !std::getline(in, hash) ||
      !hash.starts_with("hash="))
    throw DataError(
        "the plan's title or hash is missing: the plan is damaged; start again in a new directory");
  if (!is_printable(title))
    throw DataError(
        "the plan's title is not a line of text: the plan is damaged; start again in a new directory");
  std::vector<Cell> cells;
  double bytes = 0;
  while (std::getline(in, line)) {
    const Parameters parameters = from_line(line);
    try {
      cells.push_back(Cell::from_parameters(parameters));
    } catch (const CellError& e) {
      throw DataError(fmt::format("the plan holds a cell that cannot be: {} = {}: {}", shortened(e.key),
                                  shortened(e.value), shortened(e.reason, 400)));
    } catch (const Error& e) {
      throw DataError(fmt::format("the plan holds a cell that cannot be: {}", shortened(e.what(), 400)));
    }
    bytes += cell_bytes(cells.back());
    if (cells.size() > kMaxCells || bytes > kMaxCellBytes)
      throw DataError("the plan holds more cells than a sweep can have: it is damaged");
  }
  Plan plan(title.substr(6), std::move(cells), std::move(sweep_text), streams);
  if (fmt::format("hash={:016x}", plan.hash()) != hash)
    throw DataError(
        "the plan's hash does not match its cells: it is damaged, or of a program version whose streams "
        "differ");
  return plan;
}

}  // namespace leafcast
