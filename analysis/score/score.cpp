#include "analysis/score/score.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/estimate/distributions.h"
#include "analysis/estimate/estimates.h"
#include "analysis/estimate/jackknife.h"
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

double two_sided_p(double z) {
  if (std::isnan(z)) return kUnknown;
  if (std::isinf(z)) return 0;
  return student_two_sided(z, kJackknifeBins - 1);
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

/// The language's surprise at true sentences: by carry, and by leaf.
struct TrueSurprise {
  Mean sentence;
  std::vector<Mean> by_carry;
  std::vector<double> leaf_mean, leaf_error;
};

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
        by_carry(static_cast<std::size_t>(language.height) + 1),
        impossible_by_carry(by_carry.size()),
        leaf_sum(n),
        leaf_squares(n),
        leaf_count(n),
        nats(n) {
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
    scorer.score(0, nats);
    std::vector<double> sums(by_carry.size());
    std::vector<std::uint64_t> counts(by_carry.size());
    double all = 0;
    for (std::size_t i = 0; i < n && score.impossible_leaf < 0; ++i) {
      if (std::isinf(nats[i])) {
        score.impossible_leaf = static_cast<std::int64_t>(i);
        ++impossible_by_carry[static_cast<std::size_t>(carries[i])];
        break;
      }
      all += nats[i];
      sums[static_cast<std::size_t>(carries[i])] += nats[i];
      ++counts[static_cast<std::size_t>(carries[i])];
      leaf_sum[i] += nats[i];
      leaf_squares[i] += nats[i] * nats[i];
      ++leaf_count[i];
    }
    for (std::size_t j = 0; j < sums.size(); ++j) by_carry[j].add(b, sums[j], counts[j]);
    score.language = score.impossible_leaf < 0 ? all : std::numeric_limits<double>::infinity();
    if (score.impossible_leaf < 0)
      of_language.add(b, all);
    else
      ++impossible_sentences;
    for (std::size_t k = 0; k < settings.contexts.size(); ++k) {
      scorer.score(k + 1, nats);
      const double sum = std::accumulate(nats.begin(), nats.end(), 0.0);
      score.kgrams.push_back(std::isfinite(sum) ? sum : std::numeric_limits<double>::infinity());
      if (!std::isfinite(sum)) {
        ++impossible[k];
        continue;
      }
      kgrams[k].add(b, sum);
      for (std::size_t i = 0; i < n; ++i) kgram_leaf_sum[k][i] += nats[i];
    }
  }

  TrueSurprise true_surprise() {
    const auto cap = static_cast<std::uint64_t>(kMostTrueLeaves / static_cast<double>(n));
    const std::uint64_t count = std::clamp<std::uint64_t>(
        settings.reference_samples ? settings.reference_samples : std::max<std::uint64_t>(sequences, 1000),
        kJackknifeBins, std::max<std::uint64_t>(std::min(kMostTrueSentences, cap), kJackknifeBins));
    const Cell cell = with_parameters(settings.reference, {{"generator.kind", "true"}}, kJackknifeBins);
    const ChunkRunner runner(cell);
    std::vector<BinnedSum> sums(by_carry.size());
    BinnedSum sentence_sum;
    std::vector<double> leaf(n), squares(n);
    std::uint64_t done = 0;
    for (std::uint32_t chunk = 0; chunk < kJackknifeBins; ++chunk) {
      const std::uint64_t share = count / kJackknifeBins + (chunk < count % kJackknifeBins ? 1 : 0);
      const std::vector<std::uint8_t> leaves = runner.sentences(chunk, share);
      for (std::uint64_t s = 0; s < share; ++s, ++done) {
        scorer.read(std::span(leaves).subspan(s * n, n));
        scorer.score(0, nats);
        double all = 0;
        for (std::size_t i = 0; i < n; ++i) {
          all += nats[i];
          leaf[i] += nats[i];
          squares[i] += nats[i] * nats[i];
          sums[static_cast<std::size_t>(carries[i])].add(static_cast<int>(chunk), nats[i]);
        }
        sentence_sum.add(static_cast<int>(chunk), all);
      }
    }
    TrueSurprise surprise{sentence_sum.mean(), {}, leaf, squares};
    for (const BinnedSum& sum : sums) surprise.by_carry.push_back(sum.mean());
    for (std::size_t i = 0; i < n; ++i) {
      const double mean = leaf[i] / static_cast<double>(done);
      surprise.leaf_mean[i] = mean;
      surprise.leaf_error[i] = std::sqrt(std::max(0.0, squares[i] / static_cast<double>(done) - mean * mean) /
                                         static_cast<double>(done));
    }
    return surprise;
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
  std::vector<BinnedSum> by_carry;
  std::vector<std::uint64_t> impossible_by_carry;
  std::vector<int> carries;
  std::vector<double> leaf_sum, leaf_squares;
  std::vector<std::uint64_t> leaf_count;
  std::vector<double> nats;
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
  std::vector<double> p_values;
  for (std::size_t c = 0; c < cells.size(); ++c) {
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
      p_values.push_back(two_sided_p(estimate.z()));
    }
  }
  score.compared =
      static_cast<std::size_t>(std::ranges::count_if(p_values, [](double p) { return !std::isnan(p); }));
  score.differing = holm(p_values, kLevel);
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
    const Mean mean = s.by_carry[j].mean();
    Departure departure{static_cast<int>(j), mean.value - truth.by_carry[j].value,
                        std::hypot(mean.error, truth.by_carry[j].error), s.impossible_by_carry[j]};
    // Entropies that never vary have no error; rounding is no departure.
    if (std::abs(departure.excess) < 1e-9) departure.excess = 0;
    height_p.push_back(s.impossible_by_carry[j] > 0 ? 0
                       : departure.error > 0        ? two_sided_p(departure.z())
                                                    : (departure.excess == 0 ? 1 : kUnknown));
    score.by_height.push_back(departure);
  }
  if (const auto departing = holm(height_p, kLevel); !departing.empty())
    score.first_height = departing.front();
  for (std::size_t i = 0; i < s.n; ++i) {
    const auto count = static_cast<double>(s.leaf_count[i]);
    const double mean = s.leaf_sum[i] / count, square = s.leaf_squares[i] / count - mean * mean;
    const double error = std::sqrt(std::max(0.0, square) / count);
    score.excess_by_leaf.push_back(mean - truth.leaf_mean[i]);
    score.error_by_leaf.push_back(std::hypot(error, truth.leaf_error[i]));
    const double z = score.excess_by_leaf[i] / score.error_by_leaf[i];
    const bool enough = count >= 30 && score.error_by_leaf[i] > 1e-9;
    if (!score.first_leaf &&
        ((enough && two_sided_p(z) * static_cast<double>(s.n) <= kLevel) || s.leaf_count[i] < s.well_formed))
      score.first_leaf = static_cast<std::int64_t>(i);
  }
  return score;
}

}  // namespace leafcast::analysis
