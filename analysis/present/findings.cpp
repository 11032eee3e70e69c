#include "analysis/present/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "analysis/fit/families.h"
#include "analysis/present/overview.h"
#include "analysis/text/cell_text.h"
#include "analysis/text/number_text.h"
#include "engine/overloaded.h"

namespace leafcast::analysis {

namespace {

constexpr double kEnough = 0.9;     // of the true variance
constexpr double kSeen = 3;         // standard errors from which a value is told from zero
constexpr double kConsistent = 2;   // standard errors within which a value is consistent with zero
constexpr double kDoubt = 4;        // standard errors beyond which nothing is called exact
constexpr double kAgreement = 2.5;  // standard errors within which a fit agrees with its prediction

/// One language: its cells and what the sentences need to know of it.
class Story {
 public:
  Story(const Record& record, const EstimateIndex& index, const std::vector<std::size_t>& cells)
      : record_(record),
        index_(index),
        name_(language_text(record.plan.cells()[cells.front()])),
        language_(record.plan.cells()[cells.front()].language()) {
    // What a bounded context costs is told of writers of which theory speaks.
    for (const std::size_t i : cells)
      if (record.plan.cells()[i].traits().is_exact) cells_.push_back(i);
    for (Family& family : families(record, index, cells_, "variance"))
      (is_reasoning(family) ? reasoning_ : bounded_).push_back(std::move(family));
  }

  Findings tell(const std::vector<Fit>& fits) const {
    Findings told{name_, {}};
    if (cells_.empty()) return told;
    for (const std::string& sentence : {law(fits), shortfall(), shape(), validity(), memory()})
      if (!sentence.empty()) told.sentences.push_back(sentence);
    return told;
  }

 private:
  bool is_reasoning(const Family& family) const {
    return record_.plan.cells()[family.measurements.front().cell].generator_name() == "reasoning";
  }

  /// The bounded writer with most contexts.
  const Family* bounded() const {
    const auto size = [](const Family& family) { return family.measurements.size(); };
    const auto most = std::ranges::max_element(bounded_, {}, size);
    return most == bounded_.end() ? nullptr : &*most;
  }

  std::string leaves_text(double levels) const {
    const double leaves = std::round(std::pow(language_.d, levels)),
                 n = static_cast<double>(language_.leaves());
    const double percent = 100 * leaves / n;
    return fmt::format("{} of {} leaves ({})", number_text(leaves, leaves < 1e6 ? 6 : 3),
                       number_text(n, n < 1e6 ? 6 : 3),
                       percent < 0.01 ? "a share of " + number_text(leaves / n, 2)
                                      : number_text(percent, percent < 10 ? 2 : 3) + "%");
  }

  /// The context nearest to so many levels.
  static const Measurement& nearest(const Family& family, double levels) {
    return *std::ranges::min_element(family.measurements, {},
                                     [&](const Measurement& m) { return std::abs(m.x - levels); });
  }

  /// The scaling law of the variance, as far as the fit bears it.
  std::string law(const std::vector<Fit>& fits) const {
    for (const Fit& fit : fits) {
      if (fit.law != "variance-context-depth" && fit.law != "variance-kgram") continue;
      if (fit.cells.empty() || fit.coefficients.empty()) continue;
      const Coefficient& slope = fit.coefficients.front();
      if (slope.name != "slope" || std::isnan(slope.predicted) || !(slope.error > 0)) continue;
      if (std::ranges::find(cells_, fit.cells.front()) == cells_.end()) continue;
      const Cell& cell = record_.plan.cells()[fit.cells.front()];
      const std::string writer = generator_text(cell, context_keys());
      if (fit.is_excluded())
        return fmt::format(
            "That log(Var S/n) of a writer with bounded context ({}) is linear in its context is excluded in the law's domain, {} ({}): "
            "no slope is claimed{}.",
            writer, fit.domain, p_value_text(fit.forms.front().p_value), exact_slope(slope));
      const double deviation = slope.z();
      return fmt::format(
          "log(Var S/n) of a writer with bounded context ({}) rises by {} per level of context from {} = {} to {}; the law "
          "predicts {}{}.",
          writer, value_text(slope.value, slope.error), fit.x_name, number_text(fit.x.front(), 3),
          number_text(fit.x.back(), 3), number_text(slope.predicted, 5),
          std::abs(deviation) < kAgreement ? fmt::format(" ({}σ)", z_text(deviation))
                                           : fmt::format(", which is excluded at these depths ({}σ{})",
                                                         z_text(deviation), exact_slope(slope)));
    }
    return "";
  }

  static std::string exact_slope(const Coefficient& slope) {
    return std::isnan(slope.exact) ? ""
                                   : fmt::format("; fitting the exact values of the same cells gives {}",
                                                 number_text(slope.exact, 5));
  }

  /// How far a context that is a small share of the sentence gets, and between which contexts it becomes enough.
  std::string shortfall() const {
    const Family* family = bounded();
    const auto truth = true_value(record_, index_, cells_, "variance");
    const double lambda = language_.lambda();
    if (!family || !truth || !(*truth > 0) || !(language_.d * lambda * lambda > 1)) return "";
    const auto& all = family->measurements;
    const auto share = [&](const Measurement& m) {
      return (std::isnan(m.estimate->exact) ? m.estimate->value : m.estimate->exact) / *truth;
    };
    const auto in_doubt = [&](const Measurement& m) {
      return std::isnan(m.estimate->exact) &&
             !(std::abs(m.estimate->value - kEnough * *truth) >= kSeen * m.estimate->error);
    };
    const Measurement& half = nearest(*family, language_.height / 2.0);
    const std::string reached = std::isnan(half.estimate->exact)
                                    ? value_text(100 * share(half), 100 * half.estimate->error / *truth)
                                    : number_text(100 * share(half), 3);
    std::string text = fmt::format(
        "The sentence's sum has Var S/n = {} in the language itself. A writer ({}) "
        "that sees {} reaches {}% of that",
        number_text(*truth, 5), family->label, leaves_text(half.x), reached);
    if (std::ranges::any_of(all, in_doubt)) return text + ".";
    // From which on all are enough.
    const auto last =
        std::find_if(all.rbegin(), all.rend(), [&](const Measurement& m) { return share(m) < kEnough; });
    if (last == all.rbegin())
      return text + fmt::format("; no context that was tried reaches {:.0f}%.", 100 * kEnough);
    if (last == all.rend())
      return text + fmt::format("; all contexts that were tried reach {:.0f}%.", 100 * kEnough);
    return text + fmt::format("; {:.0f}% is passed between {} and {}.", 100 * kEnough, leaves_text(last->x),
                              leaves_text(std::prev(last)->x));
  }

  /// Gaussian or not.
  std::string shape() const {
    const auto truth = true_value(record_, index_, cells_, "excess_kurtosis");
    const Family* family = bounded();
    const double lambda = language_.lambda();
    // Below the Kesten-Stigum threshold long sentences are Gaussian, however short ones look.
    if (!truth || !family || std::abs(*truth) < 0.2 || !(language_.d * lambda * lambda > 1)) return "";
    const Measurement& quarter = nearest(*family, language_.height / 4.0);
    const Estimate* kurtosis = index_.find(quarter.cell, "excess_kurtosis");
    std::string text =
        fmt::format("True sums are far from Gaussian (excess kurtosis {})", number_text(*truth, 4));
    if (kurtosis && kurtosis->error < std::abs(*truth) / 4)
      text += fmt::format(
          "; those of the writer that sees {} have {}{}", leaves_text(quarter.x),
          value_text(kurtosis->value, kurtosis->error),
          !std::isnan(kurtosis->exact) ? fmt::format(", exactly {}", number_text(kurtosis->exact, 3))
          : std::abs(kurtosis->value) < kConsistent * kurtosis->error ? ", consistent with a Gaussian's 0"
                                                                      : "");
    return text + ".";
  }

  std::string validity() const {
    const Family* shown = nullptr;
    const std::vector<Family> all = families(record_, index_, cells_, "valid_rate");
    for (const Family& family : all)
      if (!is_reasoning(family) && (!shown || family.measurements.size() > shown->measurements.size()))
        shown = &family;
    if (!shown) return "";
    // Who sees all other leaves writes the language, of which it is said already.
    std::vector<const Measurement*> partial;
    for (const Measurement& m : shown->measurements)
      if (std::pow(language_.d, m.x) < static_cast<double>(language_.leaves()) - 1.5) partial.push_back(&m);
    if (partial.empty()) return "";
    const Measurement& half = **std::ranges::min_element(
        partial, {}, [&](const Measurement* m) { return std::abs(m->x - language_.height / 2.0); });
    const Estimate& e = *half.estimate;
    const std::string how = !std::isnan(e.exact) ? number_text(100 * e.exact, 3) + "% are"
                            : e.value == 0       ? "none was seen to be"
                            : e.value == 1       ? "all that were seen are"
                                                 : value_text(100 * e.value, 100 * e.error) + "% are";
    return fmt::format("Every sentence of the language is {}; of those by a writer ({}) that sees {}, {}.",
                       language_.visit(overloaded{[](const Channel&) { return "a proper coloring's leaves"; },
                                                  [](const Grammar&) { return "grammatical"; }}),
                       shown->label, leaves_text(half.x), how);
  }

  /// What explicit working memory takes.
  std::string memory() const {
    const auto truth = true_value(record_, index_, cells_, "variance");
    if (!truth || !(*truth > 0)) return "";
    for (const Family& family : reasoning_) {
      const Measurement& last = family.measurements.back();
      const Estimate* bits = index_.find(last.cell, "memory_bits");
      if (last.x < language_.height || !bits || !(bits->value > 0)) continue;
      if (!(std::abs(last.estimate->value - *truth) <= kDoubt * last.estimate->error)) continue;
      return fmt::format(
          "A writer that reasons ({}) and keeps all levels, {} bits of working memory, has Var S/n = {}; true is {}.",
          family.label, number_text(bits->value), value_text(last.estimate->value, last.estimate->error),
          number_text(*truth, 5));
    }
    return "";
  }

  const Record& record_;
  const EstimateIndex& index_;
  std::vector<std::size_t> cells_;
  std::string name_;
  const Language& language_;
  std::vector<Family> bounded_, reasoning_;
};

// ---- what it takes, of all heights

/// The fits of a law about needed resources whose language this is; the widest first, then the sharpest.
std::vector<const Fit*> fits_of(const std::vector<Fit>& fits, const std::string& law,
                                const std::string& language) {
  std::vector<const Fit*> list;
  for (const Fit& fit : fits)
    if (fit.law == law && !fit.coefficients.empty() && fit.x.size() > 1 &&
        fit.group.starts_with(language + " · "))
      list.push_back(&fit);
  std::ranges::stable_sort(list, [](const Fit* a, const Fit* b) {
    const double wide_a = a->x.back() - a->x.front(), wide_b = b->x.back() - b->x.front();
    if (std::abs(wide_a - wide_b) > 1e-6) return wide_a > wide_b;
    return a->coefficients.front().error < b->coefficients.front().error;
  });
  return list;
}

/// Whether theory says that k* grows with n: sums above the Kesten-Stigum threshold, and valid colorings.
bool is_of_theory(const Plan& plan, const Fit& fit, const std::string& family) {
  if (fit.group.find("valid_rate") != std::string::npos) return true;
  const auto cell =
      std::ranges::find_if(plan.cells(), [&](const Cell& one) { return family_text(one) == family; });
  if (cell == plan.cells().end()) return false;
  const double lambda = cell->language().lambda();
  return cell->language().d * lambda * lambda > 1;
}

bool grows(const Fit& fit) {
  const Coefficient& slope = fit.coefficients.front();
  return slope.value > kSeen * slope.error && slope.error > 0;
}

/// "valid_rate within 0.1" of a fit's group.
std::string criterion_of(const Fit& fit) {
  const auto at = fit.group.rfind(" · ");
  return at == std::string::npos ? "" : fit.group.substr(at);
}

/// The headline: context against working memory. Empty without a fit of the former that says that contexts grow.
Findings separation(const Plan& plan, const std::vector<Fit>& fits, const std::string& language) {
  Findings told{language, {}};
  auto contexts = fits_of(fits, "required-context", language);
  std::erase_if(contexts,
                [&](const Fit* fit) { return !is_of_theory(plan, *fit, language) || !grows(*fit); });
  if (contexts.empty()) return told;
  const Fit& context = *contexts.front();
  const Coefficient& slope = context.coefficients.front();
  const auto whom = [&](const Fit& fit) {
    return fit.group.substr(language.size() + std::string(" · ").size());
  };
  if (context.is_excluded()) return told;
  const double deviation = slope.z();
  const bool constant = std::abs(deviation) < kAgreement;
  told.sentences.push_back(fmt::format(
      "To match the language, a writer of bounded context must see ever more: from n = {} to {}, the least context k* grows like n to the "
      "power {} ({}). {}",
      leaves_text(std::round(std::exp(context.x.front()))),
      leaves_text(std::round(std::exp(context.x.back()))), value_text(slope.value, slope.error),
      whom(context),
      constant ? fmt::format("That is consistent with a constant share of the sentence, power 1 ({}σ).",
                             z_text(deviation))
               : fmt::format("A constant share of the sentence, power 1, is excluded at these sizes ({}σ).",
                             z_text(deviation))));
  auto memories = fits_of(fits, "required-memory", language);
  std::ranges::stable_partition(memories,
                                [&](const Fit* fit) { return criterion_of(*fit) == criterion_of(context); });
  if (memories.empty()) return told;
  const Fit& memory = *memories.front();
  const auto size = [](double x) {
    return leafcast::analysis::leaves_text(std::round(std::exp(std::exp(x))));
  };
  const double first = std::round(std::exp(memory.y.front())), last = std::round(std::exp(memory.y.back()));
  told.sentences.push_back(
      first == last
          ? fmt::format(
                "A writer that reasons gets by with {} bits of working memory from n = {} to {} ({}).", first,
                size(memory.x.front()), size(memory.x.back()), whom(memory))
          : fmt::format(
                "A writer that reasons gets by with {} bits of working memory at n = {} and {} at n = {} ({}).",
                first, size(memory.x.front()), last, size(memory.x.back()), whom(memory)));
  return told;
}

}  // namespace

std::vector<Findings> findings(const Record& record, const EstimateIndex& index, const std::vector<Fit>& fits,
                               std::size_t most) {
  constexpr std::size_t kMostHeard = 40;  // exact values of a language may take a while
  auto languages = by_language(record.plan, index.cells());
  if (languages.size() > kMostHeard) languages.erase(languages.begin(), languages.end() - kMostHeard);
  std::vector<Findings> chosen;
  std::vector<std::string> kinds;  // languages without their heights, in the order of the plan
  for (const auto& cells : languages)
    if (const std::string kind = family_text(record.plan.cells()[cells.front()]);
        std::ranges::find(kinds, kind) == kinds.end())
      kinds.push_back(kind);
  for (const std::string& kind : kinds)
    if (Findings told = separation(record.plan, fits, kind); !told.sentences.empty() && chosen.size() < most)
      chosen.push_back(std::move(told));

  // One tree of each kind: that of which most is to be said, the tallest of equals.
  for (const std::string& kind : kinds) {
    Findings best;
    for (const auto& cells : languages) {
      if (family_text(record.plan.cells()[cells.front()]) != kind) continue;
      Findings told = Story(record, index, cells).tell(fits);
      if (told.sentences.size() >= best.sentences.size()) best = std::move(told);
    }
    if (!best.sentences.empty() && chosen.size() < 2 * most) chosen.push_back(std::move(best));
  }
  return chosen;
}

}  // namespace leafcast::analysis
