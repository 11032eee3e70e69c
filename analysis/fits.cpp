#include "analysis/fits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "analysis/cell_text.h"
#include "analysis/estimate_index.h"
#include "analysis/least_squares.h"
#include "analysis/number_text.h"

namespace leafcast::analysis {

namespace {

constexpr std::size_t kFewestPoints = 3;
constexpr double kSignificant = 3;  // standard errors
constexpr double kLeastPValue = 0.01;
constexpr double kSharp = 0.3;  // of the measurement's error: an exact value that is known better than that

/// A cell of a group with its estimate of the law's statistic.
struct Member {
  std::size_t index;
  const Cell* cell;
  const Estimate* estimate;
  double x;
};
using Members = std::vector<Member>;

/// The ordinate of a straight line: y(value), and dy/dvalue, which carries the error.
struct Ordinate {
  double y, derivative;
};

/// Slope and intercept that theory says, NaN where it says nothing, and what was assumed.
struct Prediction {
  double slope = kUnknown, intercept = kUnknown;
  std::string assumption;
};

/// A law is a straight line y = slope·x + intercept through the cells of a group. To add one: an entry of
/// registry().
struct Law {
  std::string name, formula;
  std::string statistic;
  std::string x_name;
  std::string window;                                   ///< for people
  std::set<std::string> free_keys;                      ///< in which the cells of a group differ
  std::function<std::optional<double>(const Cell&)> x;  ///< nothing: the law is not about this cell
  std::function<bool(const Cell&)> in_window;           ///< asymptotic laws hold in a window only
  std::function<Ordinate(double value)> y;
  std::function<std::string(const Estimate&)> why_not_usable;  ///< "" for a point that can be fitted
  std::function<std::string(const Cell&)> why_no_law;  ///< "" where the law holds (the group's language)
  std::function<Prediction(const Members&)> predict;
};

// ---- cells

double growth(const Cell& cell) {  // dλ²: signal beats noise iff above 1 (Kesten–Stigum)
  const double lambda = cell.language().channel.lambda();
  return cell.language().d * lambda * lambda;
}

/// w of a block writer, m of a reasoning writer: the height of what is remembered.
std::optional<int> context_depth(const Cell& cell) {
  if (const auto* block = std::get_if<BlockGenerator>(&cell.generator())) return block->context_depth;
  if (const auto* reasoning = std::get_if<ReasoningGenerator>(&cell.generator()))
    return reasoning->memory_depth;
  return {};
}

std::optional<double> depth_of(const Cell& cell) {
  const auto w = context_depth(cell);
  return w ? std::optional<double>(*w) : std::nullopt;
}

std::optional<double> levels_above(const Cell& cell) {
  const auto w = context_depth(cell);
  return w ? std::optional<double>(cell.language().height - *w) : std::nullopt;
}

std::optional<double> height_of_bounded(const Cell& cell) {
  return context_depth(cell) ? std::optional<double>(cell.language().height) : std::nullopt;
}

bool window(const Cell& cell, int least_depth, int least_above) {
  const int w = context_depth(cell).value();
  return w >= least_depth && cell.language().height - w >= least_above;
}

/// Leaves that the window of a k-gram shows: of d leaves and their mark, d are leaves.
double leaves_in_context(const Cell& cell) {
  const auto& kgram = std::get<KgramGenerator>(cell.generator());
  const double d = cell.language().d, k = static_cast<double>(kgram.context);
  return kgram.unit == ContextUnit::leaves ? k : k * d / (d + 1);
}

std::optional<double> log_context(const Cell& cell) {
  const auto* kgram = std::get_if<KgramGenerator>(&cell.generator());
  if (!kgram || kgram->context < 1) return {};
  return std::log(static_cast<double>(kgram->context)) / std::log(cell.language().d);
}

// ---- ordinates

Ordinate log_of(double v) { return {std::log(v), 1 / v}; }
Ordinate log_of_size(double v) { return {std::log(std::abs(v)), 1 / v}; }
Ordinate log_of_minus_log(double v) { return {std::log(-std::log(v)), 1 / (v * std::log(v))}; }

std::string zero_within_error(const Estimate& e) {
  return std::abs(e.value) > kSignificant * e.error ? "" : "zero within 3 errors";
}

std::string rate_within_error_of_bounds(const Estimate& e) {
  if (e.value <= kSignificant * e.error) return "zero within 3 errors";
  return 1 - e.value > kSignificant * e.error ? "" : "one within 3 errors";
}

// ---- where laws hold

std::string anywhere(const Cell&) { return ""; }

std::string above_kesten_stigum(const Cell& cell) {
  const double g = growth(cell);
  if (g > 1) return "";
  return fmt::format("dλ² = {} does not exceed 1 (Kesten–Stigum): the law is about languages above it",
                     number_text(g));
}

// ---- predictions

Prediction slope(double value) {
  Prediction prediction;
  prediction.slope = value;
  return prediction;
}

Prediction predict_log_growth(const Members& members) {
  return slope(std::log(growth(*members.front().cell)));
}
Prediction predict_log_d(const Members& members) {
  return slope(std::log(members.front().cell->language().d));
}
Prediction predict_minus_log_d(const Members& members) {
  return slope(-std::log(members.front().cell->language().d));
}

/// V_w of MATH.md §6 for q symbols: (q−1)·(1 + ((d−1)/d) Σ_{j=1}^{w} (dλ²)^j).
double true_variance(const Cell& cell, int w) {
  const double d = cell.language().d;
  double sum = 0, power = 1;
  for (int j = 1; j <= w; ++j) sum += power *= growth(cell);
  return (cell.language().channel.q() - 1) * (1 + (d - 1) / d * sum);
}

/// c = Σ_j P(j) λ^{2j} over the LCA heights j = 1…B of consecutive blocks.
double neighbour_correlation(const Cell& cell, LcaLaw lca, int levels) {
  const double d = cell.language().d, lambda = cell.language().channel.lambda();
  double c = 0;
  for (int j = 1; j <= levels; ++j) c += (d - 1) * std::pow(d, -j) * std::pow(lambda, 2 * j);
  return lca == LcaLaw::sampled ? c / (1 - std::pow(d, -levels)) : c;
}

/// Var S/n = V_w + 2(q−1)(dλ²)^w Σ_{t=1}^{N−1} (1 − t/N) c^t r^{t−1}, N = d^{h−w}; r = 1 if the writer
/// remembers the block's root, else how well it knows it (q_w of MATH.md §6).
double block_variance(const Cell& cell, LcaLaw lca, int w, double r) {
  const int levels = cell.language().height - w;
  const double c = neighbour_correlation(cell, lca, levels), x = c * r,
               blocks = std::pow(cell.language().d, levels);
  const double sum = x / (1 - x) - x * (1 - std::pow(x, blocks)) / (blocks * (1 - x) * (1 - x));
  return true_variance(cell, w) + 2 * (cell.language().channel.q() - 1) * std::pow(growth(cell), w) * sum / r;
}

/// r from the exact variance of the group's deepest cell for which there is one.
std::optional<std::pair<double, int>> knowledge_of_root(const Members& members, LcaLaw lca) {
  const Member* deepest = nullptr;
  for (const Member& m : members)
    if (!std::isnan(m.estimate->exact) && *context_depth(*m.cell) < m.cell->language().height)
      if (!deepest || *context_depth(*m.cell) > *context_depth(*deepest->cell)) deepest = &m;
  if (!deepest) return {};
  const int w = *context_depth(*deepest->cell);
  double low = 1e-9, high = 1;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (block_variance(*deepest->cell, lca, w, middle) < deepest->estimate->exact ? low : high) = middle;
  }
  return std::pair(low, w);
}

/// GKMSS Theorem 3.1; the constant: MATH.md §6, c at B → ∞.
Prediction predict_variance(const Members& members) {
  const Cell& cell = *members.front().cell;
  Prediction prediction = predict_log_growth(members);
  if (!cell.language().channel.is_symmetric()) return prediction;
  LcaLaw lca = LcaLaw::sampled;
  bool knows_root = false;
  if (const auto* block = std::get_if<BlockGenerator>(&cell.generator())) {
    lca = block->lca;
    knows_root = block->memory == BlockMemory::root;
  } else {
    knows_root = std::get<ReasoningGenerator>(cell.generator()).encoding == Encoding::path;
  }
  if (lca == LcaLaw::fixed) return prediction;
  double r = 1;
  if (!knows_root) {
    const auto known = knowledge_of_root(members, lca);
    if (!known) return prediction;
    r = known->first;
    prediction.assumption = fmt::format(
        "predicted intercept with q_∞ ≈ {:.4f}, from the exact variance at depth {}", r, known->second);
  }
  const double d = cell.language().d, lambda2 = growth(cell) / d;
  const double c = (d - 1) * lambda2 / (d - lambda2);
  prediction.intercept = std::log((cell.language().channel.q() - 1) *
                                  ((1 - 1 / d) * growth(cell) / (growth(cell) - 1) + 2 * c / (1 - c * r)));
  return prediction;
}

/// Whether frozen roots keep a positive probability at any height (MATH.md §6):
///   p_{h+1} = Σ_j (−1)^j C(q−1, j) (1 − j p_h/(q−1))^d, p_0 = 1.
bool freezes(const Language& language) {
  const int colors = language.channel.q() - 1;
  double p = 1;
  for (int h = 0; h < 100'000; ++h) {
    double next = 0, binomial = 1;
    for (int j = 0; j <= colors; ++j) {
      next += (j % 2 == 0 ? 1 : -1) * binomial * std::pow(1 - j * p / colors, language.d);
      binomial *= static_cast<double>(colors - j) / (j + 1);
    }
    if (std::abs(next - p) < 1e-15) break;
    p = next;
  }
  return p > 0.1;
}

Prediction predict_defects(const Members& members) {
  const Language& language = members.front().cell->language();
  if (freezes(language)) return predict_log_d(members);
  Prediction none;
  none.assumption = fmt::format(
      "no slope is predicted: roots of {} with d = {} freeze ever more rarely with height, so deeper blocks "
      "clash less",
      language.kind, language.d);
  return none;
}

// ---- the laws

const std::vector<Law>& registry() {
  const std::set<std::string> depth = {"generator.context-depth", "generator.memory-depth", "seed"};
  const std::set<std::string> height = {"language.height", "seed"};
  static const std::vector<Law> laws = {
      // GKMSS Theorem 3.1.
      {.name = "variance-context-depth",
       .formula = "log(Var S/n) = slope·w + intercept",
       .statistic = "variance",
       .x_name = "w",
       .window = "w ≥ 1 and h−w ≥ 2",
       .free_keys = depth,
       .x = depth_of,
       .in_window = [](const Cell& cell) { return window(cell, 1, 2); },
       .y = log_of,
       .why_not_usable = zero_within_error,
       .why_no_law = above_kesten_stigum,
       .predict = predict_variance},
      // The same for a window of k leaves, w = log_d k.
      {.name = "variance-kgram",
       .formula = "log(Var S/n) = slope·log_d k + intercept",
       .statistic = "variance",
       .x_name = "log_d k",
       .window = "1 ≤ k < n/d leaves",
       .free_keys = {"generator.context", "seed"},
       .x = log_context,
       .in_window =
           [](const Cell& cell) {
             return leaves_in_context(cell) <
                    static_cast<double>(cell.language().leaves()) / cell.language().d;
           },
       .y = log_of,
       .why_not_usable = zero_within_error,
       .why_no_law = above_kesten_stigum,
       .predict = predict_log_growth},
      // GKMSS Theorem 3.2: S is a sum of d^{h−w} weakly dependent blocks. The blocks have a limiting shape,
      // so that w may
      // vary, above Kesten–Stigum only.
      {.name = "kurtosis-decay",
       .formula = "log|kurtosis| = slope·(h−w) + intercept",
       .statistic = "excess_kurtosis",
       .x_name = "h−w",
       .window = "w ≥ 1 and h−w ≥ 2",
       .free_keys = depth,
       .x = levels_above,
       .in_window = [](const Cell& cell) { return window(cell, 1, 2); },
       .y = log_of_size,
       .why_not_usable = zero_within_error,
       .why_no_law = above_kesten_stigum,
       .predict = predict_minus_log_d},
      {.name = "kurtosis-decay-height",
       .formula = "log|kurtosis| = slope·h + intercept",
       .statistic = "excess_kurtosis",
       .x_name = "h",
       .window = "h−w ≥ 2",
       .free_keys = height,
       .x = height_of_bounded,
       .in_window = [](const Cell& cell) { return window(cell, 0, 2); },
       .y = log_of_size,
       .why_not_usable = zero_within_error,
       .why_no_law = anywhere,
       .predict = predict_minus_log_d},
      // GKMSS Theorem 3.3: each block may clash with the last one; as many chances as blocks. How often it
      // does depends
      // little on w where roots are frozen.
      {.name = "valid-rate-decay",
       .formula = "log(−log valid rate) = slope·(h−w) + intercept",
       .statistic = "valid_rate",
       .x_name = "h−w",
       .window = "w ≥ 1 and h−w ≥ 1",
       .free_keys = depth,
       .x = levels_above,
       .in_window = [](const Cell& cell) { return window(cell, 1, 1); },
       .y = log_of_minus_log,
       .why_not_usable = rate_within_error_of_bounds,
       .why_no_law = anywhere,
       .predict = predict_defects},
      {.name = "valid-rate-decay-height",
       .formula = "log(−log valid rate) = slope·h + intercept",
       .statistic = "valid_rate",
       .x_name = "h",
       .window = "h−w ≥ 1",
       .free_keys = height,
       .x = height_of_bounded,
       .in_window = [](const Cell& cell) { return window(cell, 0, 1); },
       .y = log_of_minus_log,
       .why_not_usable = rate_within_error_of_bounds,
       .why_no_law = anywhere,
       .predict = predict_log_d},
  };
  return laws;
}

// ---- fitting

/// Cells of one law that share a seed have random numbers in common: the one with most samples stands for
/// them.
std::vector<std::size_t> independent_cells(const Record& record, const EstimateIndex& index) {
  const std::vector<Cell>& cells = record.plan.cells();
  std::vector<std::size_t> by_samples = index.cells();
  std::ranges::stable_sort(by_samples, std::ranges::greater{},
                           [&](std::size_t i) { return cells[i].samples(); });
  std::set<std::pair<std::uint64_t, std::uint64_t>> taken;  // (law, seed)
  std::vector<std::size_t> list;
  for (const std::size_t i : by_samples) {
    const auto is_taken = [&](const SeedShare& share) { return taken.contains({cells[i].id(), share.seed}); };
    if (std::ranges::any_of(cells[i].shares(), is_taken)) continue;
    for (const SeedShare& share : cells[i].shares()) taken.insert({cells[i].id(), share.seed});
    list.push_back(i);
  }
  std::ranges::sort(list);
  return list;
}

/// The cells that the law is about, by group, in the order of the plan.
std::vector<Members> groups(const Law& law, const Record& record, const EstimateIndex& index) {
  std::vector<Members> list;
  std::map<std::string, std::size_t> place;
  for (const std::size_t i : independent_cells(record, index)) {
    const Cell& cell = record.plan.cells()[i];
    const Estimate* estimate = index.find(i, law.statistic);
    const auto x = law.x(cell);
    if (!estimate || !x) continue;
    const auto [entry, is_new] = place.try_emplace(group_key(cell, law.free_keys), list.size());
    if (is_new) list.emplace_back();
    list[entry->second].push_back({i, &cell, estimate, *x});
  }
  return list;
}

/// Points whose value has the sign of the most significant one: a power law has one sign.
void keep_one_sign(Members& members, std::map<std::string, std::vector<double>>& left_out) {
  const auto significance = [](const Member& m) { return std::abs(m.estimate->value) / m.estimate->error; };
  const auto leader = std::max_element(members.begin(), members.end(), [&](const Member& a, const Member& b) {
    return significance(a) < significance(b);
  });
  if (leader == members.end()) return;
  const bool negative = leader->estimate->value < 0;
  std::erase_if(members, [&](const Member& m) {
    if ((m.estimate->value < 0) == negative) return false;
    left_out["of the other sign"].push_back(m.x);
    return true;
  });
}

std::string list(const std::vector<double>& values) {
  std::string joined;
  for (const double x : values) joined += (joined.empty() ? "" : ", ") + fmt::format("{:.4g}", x);
  return joined;
}

void add(std::string& note, const std::string& sentence) {
  if (!sentence.empty()) note += (note.empty() ? "" : "; ") + sentence;
}

std::size_t distinct(const std::vector<double>& x) { return std::set<double>(x.begin(), x.end()).size(); }

/// What the same line through the exact values gives: the law's slope as it is at these finite depths.
std::string finite_size_line(const Law& law, const Members& points, const Fit& fit) {
  std::vector<double> exact;
  for (const Member& m : points) {
    if (std::isnan(m.estimate->exact) || m.estimate->exact_error > kSharp * m.estimate->error) return "";
    exact.push_back(law.y(m.estimate->exact).y);
    if (!std::isfinite(exact.back())) return "";
  }
  const LeastSquares line = fit_line(fit.x, exact, fit.y_error);
  return fmt::format(
      "the exact values of these very cells have slope {:.4f} (fit − exact = {} errors) and intercept {:.4f}",
      line.coefficients(0),
      z_text((fit.coefficients[0].value - line.coefficients(0)) / fit.coefficients[0].error),
      line.coefficients(1));
}

/// The members that can be fitted, by x; the others are listed by the reason.
Members usable(const Law& law, const Members& members, std::map<std::string, std::vector<double>>& left_out) {
  Members points;
  for (const Member& m : members) {
    if (!law.in_window(*m.cell)) continue;
    const Estimate& e = *m.estimate;
    const std::string reason = std::isnan(e.value) ? "value unknown"
                               : !(e.error > 0)    ? "error unknown"
                                                   : law.why_not_usable(e);
    if (reason.empty())
      points.push_back(m);
    else
      left_out[reason].push_back(m.x);
  }
  keep_one_sign(points, left_out);
  return points;
}

void set_points(Fit& fit, const Law& law, const Members& points) {
  fit.cells.clear();
  fit.x.clear();
  fit.y.clear();
  fit.y_error.clear();
  for (const Member& m : points) {
    const Ordinate ordinate = law.y(m.estimate->value);
    fit.cells.push_back(m.index);
    fit.x.push_back(m.x);
    fit.y.push_back(ordinate.y);
    fit.y_error.push_back(std::abs(ordinate.derivative) * m.estimate->error);
  }
}

/// The abscissa, first or last, without which the rest lies better on a line.
double worse_end(const Fit& fit) {
  const auto strain_without = [&fit](double end) {
    std::vector<double> x, y, sigma;
    for (std::size_t i = 0; i < fit.x.size(); ++i) {
      if (fit.x[i] == end) continue;
      x.push_back(fit.x[i]);
      y.push_back(fit.y[i]);
      sigma.push_back(fit.y_error[i]);
    }
    const LeastSquares line = fit_line(x, y, sigma);
    return line.chi2 / line.degrees_of_freedom;
  };
  return strain_without(fit.x.front()) < strain_without(fit.x.back()) ? fit.x.front() : fit.x.back();
}

Fit fit_group(const Law& law, Members members) {
  Fit fit;
  fit.law = law.name;
  fit.formula = law.formula;
  fit.group = group_text(*members.front().cell, law.free_keys);
  fit.note = law.why_no_law(*members.front().cell);
  if (!fit.note.empty()) return fit;

  std::stable_sort(members.begin(), members.end(),
                   [](const Member& a, const Member& b) { return a.x < b.x; });
  std::map<std::string, std::vector<double>> left_out;
  Members points = usable(law, members, left_out);
  set_points(fit, law, points);
  fit.note = "window " + law.window;
  for (const auto& [reason, x] : left_out)
    add(fit.note, fmt::format("left out {} = {} ({})", law.x_name, list(x), reason));
  if (distinct(fit.x) < kFewestPoints) {
    add(fit.note, fmt::format("no fit: {} different {} remain and {} are needed", distinct(fit.x), law.x_name,
                              kFewestPoints));
    return fit;
  }

  // How far the asymptotic regime reaches, on either side, depends on the errors.
  LeastSquares line = fit_line(fit.x, fit.y, fit.y_error);
  std::vector<double> given_up;
  while (line.p_value < kLeastPValue && distinct(fit.x) > kFewestPoints) {
    const double end = worse_end(fit);
    std::erase_if(points, [end](const Member& m) { return m.x == end; });
    given_up.push_back(end);
    set_points(fit, law, points);
    line = fit_line(fit.x, fit.y, fit.y_error);
  }
  if (!given_up.empty())
    add(fit.note,
        fmt::format("given up {} = {}, with which p < {}", law.x_name, list(given_up), kLeastPValue));

  if (line.p_value < kLeastPValue)
    add(fit.note, fmt::format("p < {} even so: this is not the asymptotic regime yet", kLeastPValue));

  const Prediction prediction = law.predict(members);
  fit.coefficients = {{"slope", line.coefficients(0), line.error(0), prediction.slope},
                      {"intercept", line.coefficients(1), line.error(1), prediction.intercept}};
  fit.chi2 = line.chi2;
  fit.degrees_of_freedom = line.degrees_of_freedom;
  fit.p_value = line.p_value;
  add(fit.note, prediction.assumption);
  add(fit.note, finite_size_line(law, points, fit));
  return fit;
}

}  // namespace

std::vector<Fit> fits(const Record& record, const std::vector<Estimate>& estimates) {
  const EstimateIndex index(estimates);
  std::vector<Fit> list;
  for (const Law& law : registry())
    for (Members& members : groups(law, record, index)) {
      const auto in_window = [&](const Member& m) { return law.in_window(*m.cell); };
      if (std::count_if(members.begin(), members.end(), in_window) >= 2)
        list.push_back(fit_group(law, std::move(members)));
    }
  return list;
}

}  // namespace leafcast::analysis
