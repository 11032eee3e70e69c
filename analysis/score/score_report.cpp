#include "analysis/score/score_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <ostream>

#include "analysis/present/page.h"
#include "analysis/text/number_text.h"

namespace leafcast::analysis {

namespace {

using Json = nlohmann::ordered_json;
using Kind = Column::Kind;

const char* unit_name(ContextUnit unit) { return unit == ContextUnit::tokens ? "tokens" : "leaves"; }
double leaves(const Score& score) {
  return static_cast<double>(score.settings.reference.language().leaves());
}
double bits(const Score& score, double nats) { return nats / leaves(score) / std::numbers::ln2; }
bool some_torn(const Score& score) { return score.well_formed < score.sequences; }

std::string percent(std::uint64_t part, std::uint64_t whole) {
  return whole ? fmt::format("{:.3g}%", 100 * static_cast<double>(part) / static_cast<double>(whole)) : "–";
}

/// What the numbers say, a sentence each.
std::vector<std::string> sentences(const Score& score) {
  std::vector<std::string> list;
  list.push_back(fmt::format("{} sequences, {} well formed ({}).", score.sequences, score.well_formed,
                             percent(score.well_formed, score.sequences)));
  if (score.impossible_sentences > 0)
    list.push_back(fmt::format("{} of the well-formed sentences ({}) are none of the language.",
                               score.impossible_sentences,
                               percent(score.impossible_sentences, score.well_formed)));
  const std::string reference = score.settings.reference.label();
  if (score.compared > 0)
    list.push_back(score.differing.empty()
                       ? fmt::format("None of {} statistics differs from {} (5% for all together).",
                                     score.compared, reference)
                       : fmt::format("{} of {} statistics differ from {} (5% for all together), first {}.",
                                     score.differing.size(), score.compared, reference,
                                     score.estimates[score.differing.front()].statistic));
  if (!std::isnan(score.histogram_p))
    list.push_back(
        fmt::format("The distribution of S {} (two-sample χ², {}).",
                    score.histogram_p < 0.05 ? "differs from the reference's" : "agrees with the reference's",
                    p_value_text(score.histogram_p)));
  const auto context = [&](const char* what, const EffectiveContext& effective) {
    if (std::isnan(effective.value))
      list.push_back(fmt::format("Effective context by {}: none; {}.", what, effective.note));
    else
      list.push_back(fmt::format(
          "Effective context by {}: {} {}, {} to {}: {}.", what, number_text(effective.value, 4),
          unit_name(score.settings.unit), std::isnan(effective.low) ? "?" : number_text(effective.low, 4),
          std::isnan(effective.high) ? "?" : number_text(effective.high, 4), effective.note));
  };
  if (!score.settings.contexts.empty()) {
    context("likelihood", score.by_likelihood);
    context("variance", score.by_variance);
  }
  if (score.first_height) {
    const Departure& first = score.by_height[*score.first_height];
    list.push_back(fmt::format(
        "The lowest boundaries where the sequences depart from the language are those of subtrees of "
        "height {} ({} nats per leaf, {}).",
        first.height, number_text(first.excess, 3), p_value_text(first.p_value)));
  } else if (score.well_formed == 0) {
    list.push_back("Nothing is said of where the sequences depart from the language: none is well formed.");
  } else {
    list.push_back(fmt::format(
        "No height departs significantly from the language in {} well-formed sequences.", score.well_formed));
  }
  if (score.first_leaf)
    list.push_back(fmt::format("The first leaf that departs is number {}.", *score.first_leaf));
  return list;
}

Table fault_table(const Score& score) {
  Table table;
  table.columns = {{"fault", Kind::word},   {"sequences"}, {"share"},
                   {"most often at token"}, {"there"},     {"places"}};
  for (const auto& [fault, count] : score.faults) {
    const auto& places = score.places.at(fault);
    const auto most = std::ranges::max_element(places, {}, [](const auto& place) { return place.second; });
    table.rows.push_back({fault_name(fault), count, percent(count, score.sequences), most->first,
                          most->second, places.size()});
  }
  return table;
}

Table statistics_table(const Score& score) {
  Table table;
  table.columns = {{"statistic", Kind::word}, {"of", Kind::word, 1}, {"value"}, {"reference"}, {"z", Kind::z},
                   {"differs", Kind::word, 5}};
  for (std::size_t i = 0; i < score.estimates.size(); ++i) {
    const Estimate& e = score.estimates[i];
    const bool differs = std::ranges::binary_search(score.differing, i);
    table.rows.push_back({e.statistic.text(),
                          some_torn(score) ? (e.cell == 0 ? "sentences" : "sequences") : "",
                          {e.value, e.error},
                          {e.exact, score.sampled[i] ? e.exact_error : 0},
                          score.z[i],
                          differs ? "yes" : ""});
  }
  return table;
}

Table context_table(const Score& score) {
  Table table;
  table.columns = {{"k", Kind::word},
                   {"nats per sentence"},
                   {"bits per leaf", Kind::number, 1},
                   {"above the best", Kind::number, 2},
                   {"marks, nats", Kind::number, 3},
                   {"impossible", Kind::number, 5},
                   {"Var S/n of it", Kind::number, 4}};
  double best = std::numeric_limits<double>::infinity();
  for (const Mean& mean : score.kgrams)
    if (!std::isnan(mean.value)) best = std::min(best, mean.value);
  if (!std::isnan(score.language.value)) best = std::min(best, score.language.value);
  const auto row = [&](const std::string& name, const Mean& mean, double structure, std::uint64_t impossible,
                       double variance, double error) {
    table.rows.push_back({name,
                          {mean.value, mean.error},
                          bits(score, mean.value),
                          number_text(mean.value - best, 4),
                          structure,
                          impossible ? Entry(impossible) : Entry(),
                          {variance, error}});
  };
  for (std::size_t k = 0; k < score.kgrams.size(); ++k)
    row(std::to_string(score.settings.contexts[k]), score.kgrams[k], score.structure[k], score.impossible[k],
        score.kgram_variance[k], score.kgram_variance_error[k]);
  row("language", score.language, kUnknown, score.impossible_sentences, kUnknown, 0);
  row("true sentences", score.language_of_true, kUnknown, 0, kUnknown, 0);
  return table;
}

Table height_table(const Score& score) {
  Table table;
  table.columns = {{"height"},        {"excess, nats per leaf"}, {"z", Kind::z},
                   {"p", Kind::word}, {"first impossible leaf"}, {"departs", Kind::word}};
  for (std::size_t j = 0; j < score.by_height.size(); ++j) {
    const Departure& d = score.by_height[j];
    table.rows.push_back({j + 1 == score.by_height.size() ? Entry("first leaf") : Entry(d.height),
                          {d.excess, d.error},
                          d.error > 0 ? d.z() : kUnknown,
                          probability_text(d.p_value),
                          d.impossible ? Entry(d.impossible) : Entry(),
                          score.first_height == j ? "first" : ""});
  }
  return table;
}

Json score_json(const Score& score) {
  Json json;
  json["reference"] = score.settings.reference.label();
  json["stream"] = stream_name(score.settings.stream);
  json["patched"] = score.settings.patch;
  json["sequences"] = score.sequences;
  json["well_formed"] = score.well_formed;
  json["faults"] = Json::object();
  for (const auto& [fault, count] : score.faults) {
    Json& entry = json["faults"][fault_name(fault)];
    entry["sequences"] = count;
    for (const auto& [place, times] : score.places.at(fault))
      entry["by_place"][std::to_string(place)] = times;
  }
  json["statistics"] = Json::array();
  for (std::size_t i = 0; i < score.estimates.size(); ++i) {
    const Estimate& e = score.estimates[i];
    json["statistics"].push_back({{"statistic", e.statistic.text()},
                                  {"of", e.cell == 0 ? "sentences" : "sequences"},
                                  {"value", e.value},
                                  {"stderr", e.error},
                                  {"reference", e.exact},
                                  {"reference_stderr", e.exact_error},
                                  {"reference_sampled", static_cast<bool>(score.sampled[i])},
                                  {"z", score.z[i]},
                                  {"differs", std::ranges::binary_search(score.differing, i)},
                                  {"adjusted_p_value", score.p_values[i]}});
  }
  json["law_of_sum_p_value"] = score.histogram_p;
  const auto mean = [](const Mean& m) {
    return Json{{"nats", m.value}, {"stderr", m.error}, {"sentences", m.count}};
  };
  json["language"] = mean(score.language);
  json["true_sentences"] = mean(score.language_of_true);
  json["impossible_sentences"] = score.impossible_sentences;
  json["context_unit"] = unit_name(score.settings.unit);
  json["kgrams"] = Json::array();
  for (std::size_t k = 0; k < score.kgrams.size(); ++k) {
    Json entry = mean(score.kgrams[k]);
    entry["context"] = score.settings.contexts[k];
    entry["impossible"] = score.impossible[k];
    entry["structure_nats"] = score.structure[k];
    entry["variance"] = score.kgram_variance[k];
    entry["variance_stderr"] = score.kgram_variance_error[k];
    entry["nats_by_leaf"] = Json::array();
    for (const double nats : score.kgrams_by_leaf[k]) entry["nats_by_leaf"].push_back(nats);
    json["kgrams"].push_back(std::move(entry));
  }
  for (const auto& [name, effective] : {std::pair{"effective_context_by_likelihood", &score.by_likelihood},
                                        {"effective_context_by_variance", &score.by_variance}})
    json[name] = {{"value", effective->value},
                  {"low", effective->low},
                  {"high", effective->high},
                  {"note", effective->note}};
  json["by_height"] = Json::array();
  for (const Departure& d : score.by_height)
    json["by_height"].push_back({{"height", d.height},
                                 {"excess_nats", d.excess},
                                 {"stderr", d.error},
                                 {"p_value", d.p_value},
                                 {"first_impossible_leaf", d.impossible}});
  json["first_height"] = score.first_height ? Json(score.by_height[*score.first_height].height) : Json();
  json["first_leaf"] = score.first_leaf ? Json(*score.first_leaf) : Json();
  json["excess_by_leaf"] = Json::array();
  for (const double excess : score.excess_by_leaf) json["excess_by_leaf"].push_back(excess);
  return json;
}

void write_csv(std::ostream& out, const Score& score) {
  RowWriter row(out, Format::csv,
                {{"section"}, {"name"}, {"index"}, {"value"}, {"stderr"}, {"reference"}, {"z"}});
  row({"sequences", "sequences", "", score.sequences, 0, "", ""});
  row({"sequences", "well_formed", "", score.well_formed, 0, "", ""});
  for (const auto& [fault, places] : score.places)
    for (const auto& [place, count] : places) row({"fault", fault_name(fault), place, count, 0, "", ""});
  for (std::size_t i = 0; i < score.estimates.size(); ++i) {
    const Estimate& e = score.estimates[i];
    row({e.cell == 0 ? "sentences" : "all_sequences", e.statistic.text(), "", e.value, e.error, e.exact,
         score.z[i]});
  }
  row({"nats", "language", "", score.language.value, score.language.error, score.language_of_true.value, ""});
  for (std::size_t k = 0; k < score.kgrams.size(); ++k) {
    const std::int64_t context = score.settings.contexts[k];
    row({"nats", "kgram", context, score.kgrams[k].value, score.kgrams[k].error, "", ""});
    row({"nats", "structure", context, score.structure[k], 0, "", ""});
    row({"variance", "kgram", context, score.kgram_variance[k], score.kgram_variance_error[k], "", ""});
  }
  row({"effective_context", "likelihood", "", score.by_likelihood.value, "", "", ""});
  row({"effective_context", "variance", "", score.by_variance.value, "", "", ""});
  for (const Departure& d : score.by_height)
    row({"departure", "height", d.height, d.excess, d.error, 0, d.error > 0 ? d.z() : kUnknown});
}

Plot context_plot(const Score& score) {
  Plot plot;
  plot.name = "context";
  plot.title = "Scores under k-grams";
  plot.x_label = fmt::format("context k, {}", unit_name(score.settings.unit));
  plot.y_label = "nats per sentence";
  plot.caption =
      "−log P of the sentences under the exact k-gram of context k. The lowest is the k-gram that they are "
      "likeliest from; "
      "dashed, what true sentences cost the language.";
  plot.log_x = true;
  Curve curve{"sequences", Curve::Style::points, 1, false, 0, {}},
      guide{"", Curve::Style::guide, 1, false, 0, {}};
  plot.x_low = std::numeric_limits<double>::infinity(), plot.x_high = 0;
  plot.y_low = score.language_of_true.value, plot.y_high = plot.y_low;
  for (std::size_t k = 0; k < score.kgrams.size(); ++k) {
    const Mean& mean = score.kgrams[k];
    const auto x = static_cast<double>(score.settings.contexts[k]);
    if (x == 0 || std::isnan(mean.value) || score.impossible[k] > 0) continue;
    curve.points.push_back(point(x, mean.value, std::isnan(mean.error) ? 0 : mean.error));
    guide.points.push_back(point(x, mean.value));
    plot.x_low = std::min(plot.x_low, x), plot.x_high = std::max(plot.x_high, x);
    plot.y_low = std::min(plot.y_low, mean.value), plot.y_high = std::max(plot.y_high, mean.value);
  }
  const double room = 0.06 * (plot.y_high - plot.y_low) + 1e-9;
  plot.y_low -= room, plot.y_high += room;
  plot.x_low /= 1.3, plot.x_high *= 1.3;
  plot.curves.push_back(
      {"true sentences, language",
       Curve::Style::reference,
       0,
       false,
       0,
       {point(plot.x_low, score.language_of_true.value), point(plot.x_high, score.language_of_true.value)}});
  plot.curves.push_back(std::move(guide));
  plot.curves.push_back(std::move(curve));
  return plot;
}

Plot height_plot(const Score& score) {
  Plot plot;
  plot.name = "departure-height";
  plot.title = "Departure from the language by scale";
  plot.x_label = "height j of the subtrees that a leaf opens";
  plot.y_label = "excess surprise, nats per leaf";
  plot.caption =
      "Mean −log P(x_i | all before) under the language over leaves that open subtrees of height j, less "
      "what the language expects after the leaves before; bars: one exact standard error. Above zero, the writer "
      "does not know what the language would have it know there.";
  plot.whole_x = true;
  plot.x_low = -0.4, plot.x_high = static_cast<double>(score.by_height.size()) - 1.6;
  plot.y_low = plot.y_high = 0;
  Curve curve{"sequences", Curve::Style::points, 1, false, 0, {}};
  for (std::size_t j = 0; j + 1 < score.by_height.size(); ++j) {
    const Departure& d = score.by_height[j];
    if (std::isnan(d.excess)) continue;
    const double error = std::isnan(d.error) ? 0 : d.error;
    curve.points.push_back(point(d.height, d.excess, error));
    plot.y_low = std::min(plot.y_low, d.excess - error),
    plot.y_high = std::max(plot.y_high, d.excess + error);
  }
  const double room = 0.08 * (plot.y_high - plot.y_low) + 1e-6;
  plot.y_low -= room, plot.y_high += room;
  plot.curves.push_back(
      {"the language", Curve::Style::reference, 0, false, 0, {point(plot.x_low, 0), point(plot.x_high, 0)}});
  plot.curves.push_back(std::move(curve));
  return plot;
}

/// Cumulative over the sentence, thinned to what a picture can show.
Plot leaf_plot(const Score& score) {
  constexpr std::size_t kShown = 2000;
  Plot plot;
  plot.name = "departure-leaf";
  plot.title = "Departure from the language along the sentence";
  plot.x_label = "leaf i";
  plot.y_label = "excess surprise of leaves 0 … i, nats";
  plot.caption =
      "The same, added up from the first leaf on: where the curve rises, the writer departs from the "
      "language.";
  const std::size_t n = score.excess_by_leaf.size(), step = std::max<std::size_t>(1, n / kShown);
  Curve curve{"sequences", Curve::Style::line, 1, false, 0, {}};
  double sum = 0;
  plot.y_low = plot.y_high = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (std::isnan(score.excess_by_leaf[i])) break;
    sum += score.excess_by_leaf[i];
    plot.y_low = std::min(plot.y_low, sum), plot.y_high = std::max(plot.y_high, sum);
    if (i % step == 0 || i + 1 == n) curve.points.push_back(point(static_cast<double>(i), sum));
  }
  const double room = 0.08 * (plot.y_high - plot.y_low) + 1e-6;
  plot.y_low -= room, plot.y_high += room;
  plot.x_low = 0, plot.x_high = static_cast<double>(n - 1);
  plot.curves.push_back(
      {"the language", Curve::Style::reference, 0, false, 0, {point(plot.x_low, 0), point(plot.x_high, 0)}});
  plot.curves.push_back(std::move(curve));
  return plot;
}

/// For text without figures.
Document document(const Score& score, std::vector<Plot> plots) {
  const auto by_context =
      std::ranges::partition(plots, [](const Plot& plot) { return plot.name == "context"; });
  Figures contexts{{std::make_move_iterator(plots.begin()), std::make_move_iterator(by_context.begin())}},
      departures{{std::make_move_iterator(by_context.begin()), std::make_move_iterator(by_context.end())}};
  Document document, opening, context, departure, faults, statistics;
  for (std::string& sentence : sentences(score)) opening << Paragraph{std::move(sentence)};
  document.section("findings", "What the sequences are like", std::move(opening));
  document.section("faults", "Faults, the first of each sequence", std::move(faults << fault_table(score)));
  document.section("statistics", "Statistics beside the reference",
                   std::move(statistics << statistics_table(score)));
  if (score.well_formed == 0) return document;
  document.section("context", "Which k-gram they behave like: −log P by context",
                   std::move(context << std::move(contexts) << context_table(score)));
  document.section("departure", "Where they depart from the language",
                   std::move(departure << std::move(departures) << height_table(score)));
  return document;
}

}  // namespace

std::vector<Plot> score_plots(const Score& score) {
  std::vector<Plot> plots;
  if (score.well_formed == 0) return plots;
  Plot contexts = context_plot(score);
  if (contexts.curves.back().points.size() > 1) plots.push_back(std::move(contexts));
  if (score.by_height.size() > 2) plots.push_back(height_plot(score));
  plots.push_back(leaf_plot(score));
  return plots;
}

void write_score(std::ostream& out, Format format, const Score& score, std::size_t width) {
  if (format == Format::json)
    out << score_json(score).dump(1) << "\n";
  else if (format == Format::csv)
    write_csv(out, score);
  else
    write_text(out, document(score, {}), width);
}

void write_score_page(const std::filesystem::path& html, const Score& score, const std::string& title) {
  write_page(html, title, document(score, score_plots(score)));
}

}  // namespace leafcast::analysis
