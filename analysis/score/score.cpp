#include "analysis/score/score.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/estimate/distributions.h"
#include "analysis/estimate/estimates.h"
#include "analysis/estimate/jackknife.h"
#include "analysis/score/reference_distribution.h"
#include "analysis/score/surprise.h"
#include "analysis/theory/structure_cost.h"
#include "engine/kernels/chunk_runner.h"
#include "engine/language/tree.h"
#include "engine/sequences/sentence_tally.h"

namespace leafcast::analysis {

namespace {

constexpr double kLevel = 0.05;
constexpr std::uint64_t kMostTrueSentences = 20'000;
constexpr double kMostTrueLeaves = 2e7;  // that are scored for the language's own surprise

/// Means over bins with a delete-one jackknife.
struct BinnedSum {
  std::array<double, kJackknifeBins> sum{};
  std::array<std::uint64_t, kJackknifeBins> count{};
  void add(int bin, double x, std::uint64_t weight = 1) {
    sum[static_cast<std::size_t>(bin)] += x;
    count[static_cast<std::size_t>(bin)] += weight;
  }
  Mean mean() const {
    const double all = std::accumulate(sum.begin(), sum.end(), 0.0);
    const std::uint64_t n = std::accumulate(count.begin(), count.end(), std::uint64_t{0});
    std::vector<double> without;
    for (int b = 0; b < kJackknifeBins; ++b)
      if (count[b] > 0 && count[b] < n) without.push_back((all - sum[b]) / static_cast<double>(n - count[b]));
    return {n ? all / static_cast<double>(n) : kUnknown, jackknife_error(without), n};
  }
};

int trailing_zeros(std::int64_t i, int d, int height) {
  if (i == 0) return height;
  int zeros = 0;
  for (; i % d == 0; i /= d) ++zeros;
  return zeros;
}

/// The same cell with other parameters; those of observation and seed stay.
Cell with_parameters(const Cell& cell, const Parameters& generator, std::uint64_t samples) {
  Parameters parameters;
  for (const auto& [key, value] : cell.parameters())
    if (key.starts_with("language.") || key == "observe.symbol" || key == "seed") parameters[key] = value;
  for (const auto& [key, value] : generator) parameters[key] = value;
  parameters["sampling.samples"] = std::to_string(samples);
  return Cell::make(parameters);
}

Parameters generator_of(const Cell& cell) {
  Parameters generator;
  for (const auto& [key, value] : cell.parameters())
    if (key.starts_with("generator.")) generator[key] = value;
  return generator;
}

Record sampled(const Cell& cell) {
  Record record(Plan("", {cell}, ""));
  const ChunkRunner runner(cell);
  for (std::uint32_t i = 0; i < record.plan.chunks(0); ++i)
    record.add({0, i}, runner.run(i, record.plan.samples({0, i}), [] { return true; }).value());
  return record;
}

const Estimate* find(const std::vector<Estimate>& estimates, const std::string& statistic) {
  const auto found = std::ranges::find(estimates, StatisticName(statistic), &Estimate::statistic);
  return found == estimates.end() ? nullptr : &*found;
}

/// The language's surprise at true sentences.
struct TrueSurprise {
  Mean sentence;
  std::vector<double> variances;  ///< [carry] of a sentence's excess surprise at the leaves of this carry
};

/// Entropies that never vary have no error; rounding is no departure.
double without_rounding(double nats) { return std::abs(nats) < 1e-9 ? 0 : nats; }

std::map<int, std::uint64_t> histogram_of(const CellTally& bins) {
  std::map<int, std::uint64_t> counts;
  for (const Tally& bin : bins)
    for (const auto& [m, count] : bin.histogram) counts[m] += count;
  return counts;
}

}  // namespace

double two_sample_p_value(const std::map<int, std::uint64_t>& a, const std::map<int, std::uint64_t>& b) {
  double total_a = 0, total_b = 0;
  std::map<int, std::pair<double, double>> both;
  for (const auto& [bin, count] : a)
    both[bin].first += static_cast<double>(count), total_a += static_cast<double>(count);
  for (const auto& [bin, count] : b)
    both[bin].second += static_cast<double>(count), total_b += static_cast<double>(count);
  if (total_a == 0 || total_b == 0) return kUnknown;
  const double least_share = 5 / std::min(total_a, total_b);
  std::vector<std::pair<double, double>> joined(1);
  for (const auto& [bin, counts] : both) {
    joined.back().first += counts.first;
    joined.back().second += counts.second;
    if ((joined.back().first + joined.back().second) / (total_a + total_b) >= least_share)
      joined.emplace_back();
  }
  if (joined.size() > 1) {  // what is left over goes to the last
    const auto rest = joined.back();
    joined.pop_back();
    joined.back().first += rest.first;
    joined.back().second += rest.second;
  }
  if (joined.size() < 2) return kUnknown;
  double chi2 = 0;
  const double ra = std::sqrt(total_b / total_a), rb = 1 / ra;
  for (const auto& [na, nb] : joined) chi2 += (ra * na - rb * nb) * (ra * na - rb * nb) / (na + nb);
  return chi_squared_tail(chi2, static_cast<double>(joined.size() - 1));
}

std::vector<std::size_t> holm(const std::vector<double>& p_values, double level) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p_values.size(); ++i)
    if (!std::isnan(p_values[i])) order.push_back(i);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p_values[i]; });
  std::size_t rejected = 0;
  while (rejected < order.size() &&
         p_values[order[rejected]] <= level / static_cast<double>(order.size() - rejected))
    ++rejected;
  order.resize(rejected);
  std::ranges::sort(order);
  return order;
}

struct ScoreBook::State {
  State(const ScoreSettings& wanted, std::uint64_t all)
      : settings(wanted),
        total(all),
        language(settings.reference.language()),
        n(static_cast<std::size_t>(language.leaves())),
        parser(settings.stream, language),
        sentences(with_parameters(settings.reference, generator_of(settings.reference),
                                  std::max<std::uint64_t>(total, 1))),
        tally_of(sentences),
        scorer(language, contexts()),
        bins(empty_bins(sentences)),
        stream_cell(with_parameters(settings.reference,
                                    {{"generator.kind", "kgram"},
                                     {"generator.context", std::to_string(2 * language.leaves())},
                                     {"generator.context-unit", "tokens"},
                                     {"generator.structure", "sampled"}},
                                    std::max<std::uint64_t>(total, 1))),
        streams(empty_bins(stream_cell)),
        kgrams(settings.contexts.size()),
        kgram_leaf_sum(settings.contexts.size(), std::vector<double>(n)),
        impossible(settings.contexts.size()),
        surprise(static_cast<double>(total) * static_cast<double>(n)),
        by_carry(static_cast<std::size_t>(language.height) + 1,
                 SurpriseSum(surprise.halvings(), settings.contexts.size())),
        impossible_by_carry(by_carry.size()),
        by_leaf(n, SurpriseSum(surprise.halvings(), settings.contexts.size())),
        law(static_cast<std::size_t>(language.symbols())),
        nats(settings.contexts.size(), std::vector<double>(n)),
        log_ratios(settings.contexts.size()) {
    carries.reserve(n);
    for (std::size_t i = 0; i < n; ++i)
      carries.push_back(trailing_zeros(static_cast<std::int64_t>(i), language.d, language.height));
  }

  std::vector<Context> contexts() const {
    std::vector<Context> list = {Context::all()};
    for (const std::int64_t k : settings.contexts) list.push_back({k, settings.unit});
    return list;
  }
  /// Neighbours share a bin: a writer may have made them together.
  int bin() const {
    return static_cast<int>(std::min<std::uint64_t>(
        sequences * kJackknifeBins / std::max<std::uint64_t>(total, 1), kJackknifeBins - 1));
  }

  void score_sentence(const std::vector<std::uint8_t>& leaves, int b, SequenceScore& score) {
    scorer.read(leaves);
    for (std::size_t k = 0; k < nats.size(); ++k) scorer.score(k + 1, nats[k]);
    double all = 0;
    for (std::size_t i = 0; i < n; ++i) {
      scorer.law(0, static_cast<std::int64_t>(i), law);
      const auto carry = static_cast<std::size_t>(carries[i]);
      const double p = law[leaves[i]];
      if (!(p > 0)) {
        score.impossible_leaf = static_cast<std::int64_t>(i);
        ++impossible_by_carry[carry];
        break;
      }
      all -= std::log(p);
      const SurpriseTerm& term = surprise(law, leaves[i]);
      for (std::size_t k = 0; k < nats.size(); ++k) log_ratios[k] = -std::log(p) - nats[k][i];
      by_carry[carry].add(term, log_ratios);
      by_leaf[i].add(term, log_ratios);
    }
    score.language = score.impossible_leaf < 0 ? all : std::numeric_limits<double>::infinity();
    if (score.impossible_leaf < 0)
      of_language.add(b, all);
    else
      ++impossible_sentences;
    for (std::size_t k = 0; k < settings.contexts.size(); ++k) {
      const double sum = std::accumulate(nats[k].begin(), nats[k].end(), 0.0);
      score.kgrams.push_back(std::isfinite(sum) ? sum : std::numeric_limits<double>::infinity());
      if (!std::isfinite(sum)) {
        ++impossible[k];
        continue;
      }
      kgrams[k].add(b, sum);
      for (std::size_t i = 0; i < n; ++i) kgram_leaf_sum[k][i] += nats[k][i];
    }
  }

  TrueSurprise true_surprise() {
    const auto cap = static_cast<std::uint64_t>(kMostTrueLeaves / static_cast<double>(n));
    const std::uint64_t count = std::clamp<std::uint64_t>(
        settings.reference_samples ? settings.reference_samples : std::max<std::uint64_t>(sequences, 1000),
        kJackknifeBins, std::max<std::uint64_t>(std::min(kMostTrueSentences, cap), kJackknifeBins));
    const Cell cell = with_parameters(settings.reference, {{"generator.kind", "true"}}, kJackknifeBins);
    const ChunkRunner runner(cell);
    std::vector<SurpriseSum> sums(by_carry.size(), SurpriseSum(surprise.halvings(), 0));
    BinnedSum sentence_sum;
    for (std::uint32_t chunk = 0; chunk < kJackknifeBins; ++chunk) {
      const std::uint64_t share = count / kJackknifeBins + (chunk < count % kJackknifeBins ? 1 : 0);
      const std::vector<std::uint8_t> leaves = runner.sentences(chunk, share);
      for (std::uint64_t s = 0; s < share; ++s) {
        const auto sentence = std::span(leaves).subspan(s * n, n);
        scorer.read(sentence);
        double all = 0;
        for (std::size_t i = 0; i < n; ++i) {
          scorer.law(0, static_cast<std::int64_t>(i), law);
          all -= std::log(law[sentence[i]]);
          sums[static_cast<std::size_t>(carries[i])].add(surprise(law, sentence[i]), {});
        }
        sentence_sum.add(static_cast<int>(chunk), all);
      }
    }
    TrueSurprise truth{sentence_sum.mean(), {}};
    for (const SurpriseSum& sum : sums)
      truth.variances.push_back(sum.variance() / static_cast<double>(count));
    return truth;
  }

  ScoreSettings settings;
  std::uint64_t total;
  const Language& language;
  std::size_t n;
  TokenParser parser;
  Cell sentences;
  SentenceTally tally_of;
  SentenceScorer scorer;
  std::uint64_t sequences = 0, well_formed = 0, impossible_sentences = 0;
  std::map<Fault, std::uint64_t> faults;
  std::map<Fault, std::map<std::int64_t, std::uint64_t>> places;
  CellTally bins;
  Cell stream_cell;  ///< of all sequences, of which sums and structure alone are known
  CellTally streams;
  BinnedSum of_language;
  std::vector<BinnedSum> kgrams;
  std::vector<std::vector<double>> kgram_leaf_sum;
  std::vector<std::uint64_t> impossible;
  Surprise surprise;
  std::vector<SurpriseSum> by_carry;
  std::vector<std::uint64_t> impossible_by_carry;
  std::vector<int> carries;
  std::vector<SurpriseSum> by_leaf;
  std::vector<double> law;
  std::vector<std::vector<double>> nats;  // [context][leaf] of the sentence
  std::vector<double> log_ratios;
};

ScoreBook::ScoreBook(const ScoreSettings& settings, std::uint64_t total)
    : state_(std::make_unique<State>(settings, total)) {}
ScoreBook::~ScoreBook() = default;

SequenceScore ScoreBook::add(std::span<const std::int32_t> tokens) {
  State& s = *state_;
  const ParsedSequence parsed = s.parser.parse(tokens, s.settings.patch);
  SequenceScore score;
  score.fault = parsed.fault;
  score.place = parsed.place;
  const int b = s.bin();
  const auto symbol = static_cast<std::size_t>(s.sentences.observe().symbol);
  score.sum = s.language.symbols() * parsed.counts[symbol] -
              std::accumulate(parsed.counts.begin(), parsed.counts.end(), std::int64_t{0});
  s.tally_of.add_stream(parsed.counts, !parsed.fault, s.streams[static_cast<std::size_t>(b)]);
  if (parsed.fault) {
    ++s.faults[*parsed.fault];
    ++s.places[*parsed.fault][parsed.place];
  } else {
    ++s.well_formed;
    s.tally_of.add(parsed.leaves, s.bins[static_cast<std::size_t>(b)]);
    score.lowest_inconsistency = s.tally_of.lowest_inconsistency();
    s.score_sentence(parsed.leaves, b, score);
  }
  ++s.sequences;
  return score;
}

namespace {

/// Estimates of a cell of given sentences, by their tallies alone.
std::vector<Estimate> estimates_of(const Cell& cell, const CellTally& bins, std::size_t index) {
  std::vector<Estimate> list = cell_estimates(cell, bins, Scope::subtrees, Writers::others);
  for (Estimate& estimate : list) estimate.cell = index;
  return list;
}

/// Deviation from the reference, of the estimate and of the replicates. Rounding of exact values is no deviation.
Deviations deviations_of(const Estimate& estimate, const ReferenceDistribution& reference) {
  const auto deviation = [&](double value) {
    const double d = value - estimate.exact;
    return std::abs(d) <= 1e-9 * std::abs(estimate.exact) ? 0 : d;
  };
  Deviations deviations{deviation(estimate.value), {}};
  for (const double value : reference.values(estimate.statistic))
    // A reference whose structure is given has no ill-formed sentences.
    deviations.replicates.push_back(
        std::isnan(value) && estimate.statistic == "well_formed_rate" ? 0 : deviation(value));
  return deviations;
}

/// The deviation in standard errors that it has under the reference.
double standardised(const Deviations& deviations, double reference_error) {
  double squares = 0, count = 0;
  for (const double d : deviations.replicates)
    if (!std::isnan(d)) squares += d * d, ++count;
  if (deviations.observed == 0) return 0;
  return deviations.observed / std::hypot(std::sqrt(squares / count), reference_error);
}

/// k by likelihood: the best, and all that are not clearly worse.
EffectiveContext likeliest(const std::vector<std::int64_t>& contexts, const std::vector<BinnedSum>& kgrams,
                           const std::vector<std::uint64_t>& impossible) {
  std::size_t best = kgrams.size();
  for (std::size_t k = 0; k < kgrams.size(); ++k)
    if (impossible[k] == 0 && kgrams[k].mean().count > 0 &&
        (best == kgrams.size() || kgrams[k].mean().value < kgrams[best].mean().value))
      best = k;
  if (best == kgrams.size())
    return {kUnknown, kUnknown, kUnknown, "no k-gram of the grid can write all the sentences"};
  EffectiveContext effective{static_cast<double>(contexts[best]), static_cast<double>(contexts[best]),
                             static_cast<double>(contexts[best]),
                             "the likeliest k-gram of the grid, and those within two standard errors of it"};
  for (std::size_t k = 0; k < kgrams.size(); ++k) {
    if (impossible[k] > 0) continue;
    BinnedSum difference;
    for (int b = 0; b < kJackknifeBins; ++b)
      difference.add(b, kgrams[k].sum[b] - kgrams[best].sum[b], kgrams[k].count[b]);
    const Mean mean = difference.mean();
    if (!(mean.value <= 2 * mean.error) && mean.value != 0) continue;
    effective.low = std::min(effective.low, static_cast<double>(contexts[k]));
    effective.high = std::max(effective.high, static_cast<double>(contexts[k]));
  }
  if (best == 0 || best + 1 == kgrams.size())
    effective.note +=
        best == 0 ? "; it is the least of the grid" : "; it is the largest of the grid, and may be larger";
  return effective;
}

/// Where the k-grams' log variance, joined by lines in log k, crosses a value.
double crossing(const std::vector<std::int64_t>& contexts, const std::vector<double>& variance,
                double value) {
  if (!(value > 0)) return kUnknown;
  for (std::size_t i = 1; i < contexts.size(); ++i) {
    const double a = std::log(variance[i - 1]), b = std::log(variance[i]), y = std::log(value);
    if (contexts[i - 1] == 0 || a == b || (y - a) * (y - b) > 0) continue;
    const double t = (y - a) / (b - a);
    return std::exp((1 - t) * std::log(contexts[i - 1]) + t * std::log(contexts[i]));
  }
  return kUnknown;
}

EffectiveContext by_variance(const std::vector<std::int64_t>& contexts, const std::vector<double>& variance,
                             const std::vector<double>& error, double value, double value_error) {
  if (contexts.empty()) return {kUnknown, kUnknown, kUnknown, "no k-gram was asked for"};
  if (std::isnan(value) || std::isnan(value_error))
    return {kUnknown, kUnknown, kUnknown, "the variance of the sequences has no error: too few of them"};
  const double k = crossing(contexts, variance, value);
  if (std::isnan(k)) {
    const auto [least, most] = std::ranges::minmax(variance);
    return {kUnknown, kUnknown, kUnknown,
            value > most    ? "the variance is above that of every k-gram of the grid"
            : value < least ? "the variance is below that of every k-gram of the grid"
                            : "no two neighbours of the grid enclose the variance"};
  }
  // Near the crossing both the sequences' variance and the k-grams' are uncertain.
  const auto above = std::ranges::lower_bound(contexts, static_cast<std::int64_t>(std::ceil(k)));
  const auto at =
      std::min<std::size_t>(static_cast<std::size_t>(above - contexts.begin()), contexts.size() - 1);
  const double reference = std::max(error[at], error[at > 0 ? at - 1 : 0]);
  const double all = std::sqrt(value_error * value_error + reference * reference);
  double low = crossing(contexts, variance, value - 2 * all),
         high = crossing(contexts, variance, value + 2 * all);
  if (low > high) std::swap(low, high);
  EffectiveContext effective{
      k, low, high, "where the k-grams' variance is that of the sequences, within two standard errors"};
  if (std::isnan(low) || std::isnan(high)) effective.note += "; the interval leaves the grid";
  return effective;
}

}  // namespace

Score ScoreBook::finish() {
  State& s = *state_;
  Score score(s.settings);
  score.sequences = s.sequences;
  score.well_formed = s.well_formed;
  score.faults = s.faults;
  score.places = s.places;
  score.impossible = s.impossible;
  score.impossible_sentences = s.impossible_sentences;
  const std::uint64_t reference_samples = s.settings.reference_samples
                                              ? s.settings.reference_samples
                                              : std::clamp<std::uint64_t>(s.sequences, 6400, 100'000);

  // Statistics, beside the reference's.
  std::vector<Cell> cells = {s.sentences};
  std::vector<CellTally> tallies = {s.bins};
  if (s.well_formed < s.sequences) {
    cells.push_back(s.stream_cell);
    tallies.push_back(s.streams);
  }
  const Record reference =
      sampled(with_parameters(s.settings.reference, generator_of(s.settings.reference), reference_samples));
  const std::vector<Estimate> reference_estimates = estimates(reference);
  std::vector<Deviations> deviations;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    // Of all sequences the reference has sums and structure, of sentences all.
    const ReferenceDistribution replicates(
        with_parameters(s.settings.reference, generator_of(s.settings.reference), reference_samples),
        c == 0 ? s.sentences : reference.plan.cells()[0], c == 0 ? s.well_formed : s.sequences);
    for (Estimate estimate : estimates_of(cells[c], tallies[c], c)) {
      // Of all sequences only sums and structure are known.
      if (c == 1 && estimate.statistic != "well_formed_rate" &&
          (estimate.statistic.find("rate") != std::string::npos ||
           estimate.statistic.find("depth") != std::string::npos))
        continue;
      const Estimate* other = find(reference_estimates, estimate.statistic);
      bool was_sampled = false;
      if (estimate.statistic == "well_formed_rate") {
        estimate.exact = 1;
      } else if (other && !std::isnan(other->exact)) {
        estimate.exact = other->exact;
        estimate.exact_error = other->exact_error;
      } else if (other) {
        estimate.exact = other->value;
        estimate.exact_error = other->error;
        was_sampled = true;
      }
      score.estimates.push_back(estimate);
      score.sampled.push_back(was_sampled);
      deviations.push_back(deviations_of(estimate, replicates));
      score.z.push_back(standardised(deviations.back(), was_sampled ? estimate.exact_error : 0));
    }
  }
  score.p_values = westfall_young(deviations);
  for (std::size_t i = 0; i < score.p_values.size(); ++i) {
    score.compared += !std::isnan(score.p_values[i]);
    if (score.p_values[i] <= kLevel) score.differing.push_back(i);
  }
  score.histogram_p = two_sample_p_value(histogram_of(cells.size() > 1 ? s.streams : s.bins),
                                         histogram_of(reference.tallies(0)));
  score.record = Record(Plan("", cells, ""));
  for (std::size_t c = 0; c < cells.size(); ++c) score.record.hold(c, tallies[c]);

  // Scores.
  const TrueSurprise truth = s.true_surprise();
  score.language = s.of_language.mean();
  score.language_of_true = truth.sentence;
  for (std::size_t k = 0; k < s.kgrams.size(); ++k) {
    score.kgrams.push_back(s.kgrams[k].mean());
    score.kgrams_by_leaf.push_back(s.kgram_leaf_sum[k]);
    for (double& nats : score.kgrams_by_leaf.back()) nats /= static_cast<double>(score.kgrams.back().count);
    const Parameters generator = {
        {"generator.kind", "kgram"},
        {"generator.context", std::to_string(s.settings.contexts[k])},
        {"generator.context-unit", s.settings.unit == ContextUnit::tokens ? "tokens" : "leaves"}};
    Parameters own = generator;
    own["generator.context-unit"] = "tokens";
    own["generator.structure"] = "sampled";
    score.structure.push_back(s.settings.unit == ContextUnit::tokens
                                  ? structure_cross_entropy(with_parameters(s.settings.reference, own, 1))
                                  : kUnknown);
    Parameters sums = generator;
    sums["observe.subtrees"] = "off";
    sums["observe.histogram"] = "off";
    const std::vector<Estimate> kgram =
        estimates(sampled(with_parameters(s.settings.reference, sums, reference_samples)));
    const Estimate* variance = find(kgram, "variance");
    const bool exact = !std::isnan(variance->exact);
    score.kgram_variance.push_back(exact ? variance->exact : variance->value);
    score.kgram_variance_error.push_back(exact ? variance->exact_error : variance->error);
  }
  score.by_likelihood = likeliest(s.settings.contexts, s.kgrams, s.impossible);
  const auto variance = std::ranges::find_if(score.estimates, [&](const Estimate& e) {
    return e.cell + 1 == cells.size() && e.statistic == "variance";
  });
  if (variance != score.estimates.end())
    score.by_variance = by_variance(s.settings.contexts, score.kgram_variance, score.kgram_variance_error,
                                    variance->value, variance->error);

  // Where they depart from the language.
  std::vector<double> height_p;
  for (std::size_t j = 0; j < s.by_carry.size(); ++j) {
    const SurpriseSum& sum = s.by_carry[j];
    const double p = s.impossible_by_carry[j] > 0
                         ? 0
                         : sum.martingale_p_value(truth.variances[j] * static_cast<double>(s.well_formed));
    height_p.push_back(p);
    score.by_height.push_back({static_cast<int>(j), without_rounding(sum.mean()),
                               without_rounding(sum.error()), p, s.impossible_by_carry[j]});
  }
  if (const auto departing = holm(height_p, kLevel); !departing.empty())
    score.first_height = departing.front();
  for (std::size_t i = 0; i < s.n; ++i) {
    const SurpriseSum& sum = s.by_leaf[i];
    score.excess_by_leaf.push_back(without_rounding(sum.mean()));
    score.error_by_leaf.push_back(without_rounding(sum.error()));
    if (!score.first_leaf &&
        (sum.leaf_p_value() * static_cast<double>(s.n) <= kLevel || sum.terms() < s.well_formed))
      score.first_leaf = static_cast<std::int64_t>(i);
  }
  return score;
}

}  // namespace leafcast::analysis
