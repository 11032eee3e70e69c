#include "engine/plan/cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "engine/error.h"
#include "engine/kernels/collapsed/collapsed_sampler.h"
#include "engine/kernels/sampler_family.h"
#include "engine/kernels/splitting/splitting_sampler.h"
#include "engine/kernels/splitting/splitting_writers.h"
#include "engine/kernels/tables/rule_index.h"
#include "engine/learners/learner.h"
#include "engine/values.h"

namespace leafcast {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFileType = "leafcast-cost";
constexpr int kVersion = 1;
constexpr double kCachedBytes = 1 << 20;  // a ring that stays in the second-level cache
constexpr double kRareBoundary = 1 << 8;  // leaves a block, from which on its boundary costs little

std::uint64_t batch_size(const Cell& cell) { return static_cast<std::uint64_t>(batch_samples(cell)); }

/// Bytes of a k-gram's window: symbols and messages of all lanes.
double ring_bytes(const Cell& cell, std::int64_t window) {
  const double q = cell.language().symbols(), d = cell.language().d;
  const double leaf = cell.language().visit(overloaded{[&](const Channel&) { return 2 + 4 * q / (d - 1); },
                                                       [&](const Grammar&) { return 2 * d / (d - 1); }});
  return static_cast<double>(window) * kBatchSamples * leaf;
}

/// Nanoseconds a leaf by bit planes.
double nominal_plane_leaf(const Cell& cell) {
  const Language& language = cell.language();
  const double d = language.d;
  // A plane of random bits for a color among two; about eleven to compare with a probability, or to choose
  // among three.
  const double node = flips_coins(language.channel()) ? 0.006 : 0.04;
  const Observe& observe = cell.observe();
  return 0.015 + node * d / (d - 1) + (observe.subtrees ? 0.02 : 0) + (observe.validity ? 0.005 : 0);
}

/// Rules that a level has, on average.
double rules_a_level(const Grammar& grammar) {
  double rules = 0;
  for (int j = 1; j <= grammar.height(); ++j) rules += grammar.rules(j).rules();
  return rules / grammar.height();
}

/// The same of a grammar: look-ups for every node of a derivation and of its parse; for a law of the next
/// leaf as many steps as rules at every level of two paths that reach to the window's LCA, or below the carry
/// where nothing slides.
double nominal_grammar_leaf(const Cell& cell) {
  const Language& language = cell.language();
  const double d = language.d, nodes = d / (d - 1), rules = rules_a_level(language.grammar());
  const Observe& observe = cell.observe();
  const double tally = 0.1 + (observe.subtrees ? 0.1 / (d - 1) : 0) + (observe.validity ? 0.5 * nodes : 0);
  const double written = 0.5 + 0.5 * nodes, law = 0.05 * rules;
  const GeneratorTraits sampler = cell.traits();
  const double growing = tally + nodes * (0.5 + law);
  if (sampler.walk != Walk::kgram) return tally + written + (observe.entropy ? 2 * growing : 0);
  const double levels = 1 + 2 * std::log(1 + static_cast<double>(sampler.window)) / std::log(d);
  const double sliding = 1 - static_cast<double>(sampler.window) / static_cast<double>(language.leaves());
  const double kgram = tally + 0.5 * nodes + law * (sliding * levels + (1 - sliding) * nodes);
  return observe.entropy ? 2 * kgram + 2 * growing + written : kgram;
}

/// Nanoseconds a leaf on lanes, of a sentence that is written and tallied.
double nominal_written_leaf(const Cell& cell) {
  const Language& language = cell.language();
  const double q = language.symbols(), d = language.d;
  const GeneratorTraits sampler = cell.traits();
  // Dense kernels multiply q×q matrices in O(q³), symmetric channels in O(q²).
  const double growth = (q * q - 4) * (language.channel().is_symmetric() ? 1 : q / 2);
  // A draw from a row of a table, for dense kernels and across the boundaries of blocks.
  const double row = q <= 8 ? 0.1 * q * q : 2 + 1.3 * q;
  const double tally =
      0.1 + (cell.observe().subtrees ? 0.1 / (d - 1) : 0) + (cell.observe().validity ? 0.1 : 0);
  const double walk = tally + (language.channel().is_symmetric() ? 0.12 : row) * d / (d - 1);
  const double boundaries =
      sampler.blocks.height < language.height ? std::pow(d, -sampler.blocks.height) : 0;  // a leaf
  const double boundary = (language.channel().is_symmetric() ? 0.12 : row) * boundaries;
  switch (sampler.walk) {
    case Walk::ancestors:
      return walk + boundary;
    case Walk::recalling_ancestors:
      return walk + boundary + 0.15 + 0.02 * growth;
    case Walk::segment:
      return tally + boundary / 2 + 0.9 + 0.04 * growth;
    case Walk::kgram:
      break;
  }
  if (sampler.window == 0) return tally + 0.15;
  const double k = static_cast<double>(sampler.window);
  if (k < d) return tally + 0.5 + 0.15 * k * q / 2;
  const double belief =
      language.channel().is_symmetric() ? (q > 3 ? 0.45 : 0.12) * growth : 0.3 * (q * q - 4) + 0.02 * growth;
  // Until the window is full, its left edge stands still.
  const double sliding = 1 - k / static_cast<double>(language.leaves());
  return tally + 0.4 + belief + (0.4 + 0.15 * sliding) * d / (d - 1);
}

/// Nanoseconds a leaf on lanes. For entropies a sentence of the language is read as well, and both by the
/// language's law.
double nominal_channel_leaf(const Cell& cell) {
  const double written = nominal_written_leaf(cell) + (cell.traits().writes_own_structure ? 0.4 : 0);
  return cell.observe().entropy ? 2 * written + cell.language().symbols() + 1 : written;
}

double nominal_lane_leaf(const Cell& cell) {
  return cell.language().visit(overloaded{[&](const Channel&) { return nominal_channel_leaf(cell); },
                                          [&](const Grammar&) { return nominal_grammar_leaf(cell); }});
}

std::string sampler_name(const Cell& cell) {
  const GeneratorTraits sampler = cell.traits();
  const Language& language = cell.language();
  if (const auto* learner = std::get_if<LearnerGenerator>(&cell.generator()))
    return fmt::format("learner {}", cell.generator_name()) +
           (learner->learner == Learner::counting ? fmt::format(" of {} features", learner->context) : "");
  if (sampler_family(cell) == SamplerFamily::collapsed)
    return sampler.blocks.height == language.height ? "collapsed" : "collapsed of blocks";
  if (sampler_family(cell) == SamplerFamily::splitting)
    return fmt::format("splitting {}", sampler.walk == Walk::kgram       ? "kgram"
                                       : sampler.walk == Walk::ancestors ? "ancestors"
                                                                         : "recalling ancestors");
  if (sampler.walk == Walk::kgram) {
    const auto& kgram = std::get<KgramGenerator>(cell.generator());
    if (sampler.writes_own_structure)
      return sampler.window < language.d ? "structured kgram near" : "structured kgram";
    if (sampler.window < language.d)
      return fmt::format("kgram k={}{}", kgram.context, kgram.unit == ContextUnit::tokens ? " tokens" : "");
    if (sampler.window == language.leaves()) return "kgram growing";
    return ring_bytes(cell, sampler.window) < kCachedBytes ? "kgram sliding" : "kgram sliding far";
  }
  static constexpr const char* kNames[] = {"ancestors", "recalling ancestors", "segment"};
  const std::string name = kNames[static_cast<int>(sampler.walk)];
  if (sampler.blocks.height == language.height) return name;
  if (std::pow(language.d, sampler.blocks.height) >= kRareBoundary) return name + " of blocks";
  return fmt::format("{} of height {}", name, sampler.blocks.height);
}

std::string language_name(const Language& language) {
  return language.visit(overloaded{
      [](const Channel& channel) {
        return fmt::format("{} q={}", channel.is_symmetric() ? "symmetric" : "dense", channel.q());
      },
      [](const Grammar& grammar) {
        return fmt::format("grammar v={} rules={}", grammar.symbols(), std::lround(rules_a_level(grammar)));
      }});
}

/// Of a learner's sample: drawing, a look-up or a sort for every feature, and the distances of tuples.
double nominal_training(const Cell& cell) {
  const auto& learner = std::get<LearnerGenerator>(cell.generator());
  const Language& language = cell.language();
  const double sentences = static_cast<double>(learner.training + learner.test),
               n = static_cast<double>(language.leaves());
  if (learner.learner == Learner::counting)
    return sentences * (n * 10 + 250 * static_cast<double>(learner.context + 1)) * 1e-9;
  const double s = language.d, tuples = rules_a_level(language.grammar());
  const double surroundings =
      learner.learner == Learner::classifier ? n / s : s * s * (s - 1) * language.symbols();
  return (sentences * (n * 100 + 250 * s * language.height) +
          language.height * tuples * tuples * surroundings) *
         1e-9;
}

/// Whom a class of work is like, from the most to the least: "segment, dense q=4", "segment", "".
std::vector<std::string> likes(const std::string& work) {
  const std::size_t sampler = work.find(','), channel = work.find(',', sampler + 1);
  const std::string family = work.substr(0, std::min(sampler, work.find(" of ")));
  return {family + work.substr(sampler, channel - sampler), family, ""};
}

double read_number(const Json& from, const char* name, double least) {
  constexpr double kMost = 1e9;  // sums and products of times stay finite
  const double value = from.at(name).get<double>();
  if (!(value >= least && value <= kMost)) throw DataError(fmt::format("{} = {} is no time", name, value));
  return value;
}

}  // namespace

std::string work_class(const Cell& cell) {
  const Observe& observe = cell.observe();
  std::string observers;
  if (observe.subtrees) observers += " subtrees";
  if (observe.validity) observers += " validity";
  if (observe.histogram) observers += " histogram";
  if (observe.entropy) observers += " entropy";
  if (observe.pairs != Pairs::none) observers += " pairs";
  if (!observe.functionals.empty()) observers += " functionals";
  if (!cell.traits().is_exact) observers += " shaped";
  return fmt::format("{}, {}, d={}, {} at once,{}", sampler_name(cell), language_name(cell.language()),
                     cell.language().d, batch_size(cell), observers.empty() ? " sum" : observers);
}

double sentence_seconds(const Cell& cell) {
  const auto leaves = static_cast<double>(cell.language().leaves());
  switch (sampler_family(cell)) {
    case SamplerFamily::collapsed:
      return binomial_draws(cell) * 32e-9;
    case SamplerFamily::splitting:
      return splitting_leaf_seconds(cell) * leaves;
    case SamplerFamily::learners:
      return nominal_training(cell);
    case SamplerFamily::planes:
      return nominal_plane_leaf(cell) * 1e-9 * leaves;
    case SamplerFamily::lanes:
      break;
  }
  return nominal_lane_leaf(cell) * 1e-9 * leaves;
}

CostModel::CostModel(Origin origin, std::map<std::string, Rate> rates)
    : origin_(std::move(origin)), rates_(std::move(rates)) {
  std::map<std::string, std::vector<double>> scales;
  for (const auto& [work, rate] : rates_)
    for (const std::string& name : likes(work)) scales[name].push_back(rate.scale);
  for (auto& [name, values] : scales) scales_[name] = median(std::move(values));
}

CellCost CostModel::of(const Cell& cell) const {
  const double nominal = sentence_seconds(cell) * static_cast<double>(batch_size(cell));
  if (rates_.empty()) return {0, nominal, batch_size(cell)};
  const std::string work = work_class(cell);
  if (const auto known = rates_.find(work); known != rates_.end()) {
    const Rate& rate = known->second;
    return {rate.chunk, rate.batch + rate.scale * nominal, batch_size(cell)};
  }
  for (const std::string& name : likes(work))
    if (const auto alike = scales_.find(name); alike != scales_.end())
      return {0, alike->second * nominal, batch_size(cell)};
  return {0, nominal, batch_size(cell)};
}

double CostModel::chunk_seconds(const Plan& plan, Chunk chunk) const {
  return of(plan.cells()[chunk.cell]).of(plan.samples(chunk));
}

double CostModel::cell_seconds(const Plan& plan, std::uint32_t cell) const {
  const CellCost cost = of(plan.cells()[cell]);
  double sum = 0;
  for (std::uint32_t index = 0; index < plan.chunks(cell); ++index)
    sum += cost.of(plan.samples({cell, index}));
  return sum;
}

std::string CostModel::json() const {
  Json classes = Json::object();
  for (const auto& [work, rate] : rates_)
    classes[work] = {{"chunk_seconds", rate.chunk}, {"batch_seconds", rate.batch}, {"scale", rate.scale}};
  const Json model = {{"filetype", kFileType},
                      {"version", kVersion},
                      {"host", origin_.host},
                      {"instruction_set", origin_.instruction_set},
                      {"program", origin_.program},
                      {"measured", origin_.date},
                      {"pilot_seconds", origin_.seconds},
                      {"classes", classes}};
  return model.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

CostModel CostModel::from_json(const std::string& text) {
  try {
    const Json model = Json::parse(text);
    if (model.at("filetype") != kFileType || model.at("version") != kVersion)
      throw DataError("not a cost model of this version");
    std::map<std::string, Rate> rates;
    for (const auto& [work, rate] : model.at("classes").items()) {
      if (std::count(work.begin(), work.end(), ',') < 2)
        throw DataError("not a cost model: a class of no work");
      rates[work] = {read_number(rate, "chunk_seconds", 0), read_number(rate, "batch_seconds", 0),
                     read_number(rate, "scale", 1e-12)};
    }
    return CostModel({model.at("host"), model.at("instruction_set"), model.at("program"),
                      model.at("measured"), read_number(model, "pilot_seconds", 0)},
                     std::move(rates));
  } catch (const Json::exception& e) {
    throw DataError(fmt::format("not a cost model: {}", e.what()));
  }
}

namespace {

/// Of a sampler on lanes: its tables, and the windows of what it reads.
double lane_bytes(const Cell& cell, double lane_vector) {
  const Language& language = cell.language();
  const double q = language.symbols(), d = language.d, h = language.height;
  const auto* kgram = std::get_if<KgramGenerator>(&cell.generator());
  const double window = kgram ? ring_bytes(cell, kgram->ring(language)) : 0;
  return language.visit(overloaded{
      [&](const Channel&) { return window + (kgram ? (h + 1) * (d * q + 2 * q * q) * lane_vector : 0); },
      [&](const Grammar& grammar) {
        const double rules = rules_a_level(grammar) * h, prefixes = rules * (d - 1);
        double bytes = window + rules * (20 + d) + prefixes * 4 * (q + 1) + h * d * q * q * 8;
        if (kgram || cell.observe().entropy) bytes += RuleIndices::bytes(grammar, kgram != nullptr);
        if (cell.observe().entropy) bytes += 2 * ring_bytes(cell, language.leaves());
        return bytes;
      }});
}

}  // namespace

double sampler_bytes(const Cell& cell) {
  const Language& language = cell.language();
  const double q = language.symbols(), d = language.d, h = language.height;
  const double lane_vector = 4 * kBatchSamples, histogram = 8 * 4096;
  // The channel's tables, a few messages and sums a level.
  double bytes = histogram + 4 * q * q * (h + 4) + (h + 2) * (6 * q + 16) * lane_vector;
  switch (sampler_family(cell)) {
    case SamplerFamily::collapsed:
      return bytes + 32 * binomial_draws(cell);  // laws of splits, a binomial each
    case SamplerFamily::learners:
      return bytes + training_bytes(cell);
    case SamplerFamily::splitting:
      return bytes + cell.particles() * (particle_bytes(cell) + 8 * (h + 2));
    case SamplerFamily::planes: {
      // Counts and validity a level; sets of digits with their adders for subtrees of up to 256 leaves.
      const double sets = cell.observe().subtrees ? 163 * 14 * std::min(h, 8 / std::log2(d)) : 0;
      return bytes + kPlaneSamples / 8 * (sets + h * (h * std::log2(d) + 3 * q + 12)) + 8 * 0x1p16;
    }
    case SamplerFamily::lanes:
      break;
  }
  return bytes + lane_bytes(cell, lane_vector);
}

double cell_bytes(const Cell& cell) {
  const double q = cell.language().symbols();
  return 3000 + 2 * q * q * sizeof(double);
}

double tally_bytes(const Cell& cell) {
  constexpr double kTypicalBins = 256;  // of a histogram
  return kJackknifeBins * (sizeof(Tally) + 8 * static_cast<double>(TallyLayout(cell).words()) +
                           (cell.observe().histogram ? 16 * kTypicalBins : 0));
}

}  // namespace leafcast
