#include "engine/learners/learner.h"

#include <algorithm>
#include <cmath>

#include "engine/kernels/kernel_tasks.h"
#include "engine/kernels/tables/grammar_tables.h"
#include "engine/language/tree.h"
#include "engine/learners/counting_model.h"
#include "engine/learners/tuple_clusters.h"
#include "engine/observe/entropy.h"
#include "engine/observe/learning.h"
#include "engine/plan/plan.h"

namespace leafcast {

namespace {

/// Sentences with the symbols of all their nodes, [height 0…L].
struct Sentences {
  std::vector<NodeSymbols> level;
  std::size_t count() const { return level.front().sentences(); }
  std::uint8_t last_leaf(std::size_t i) const {
    return static_cast<std::uint8_t>(level.front().at(i, level.front().nodes - 1));
  }
  std::uint8_t root(std::size_t i) const { return static_cast<std::uint8_t>(level.back().at(i, 0)); }
};

/// Draws the sentences of one purpose for the sample of a chunk, in pieces between which `proceed` is asked.
std::optional<Sentences> draw(const GrammarTables& tables, StreamPurpose purpose, std::uint32_t chunk,
                              std::uint64_t sample, std::int64_t number, const Proceed& proceed) {
  constexpr std::uint64_t kPiece = 1 << 14, kBatchesOfSample = std::uint64_t{1} << 32;
  Sentences sentences;
  sentences.level.resize(static_cast<std::size_t>(tables.height) + 1);
  for (int j = 0; j <= tables.height; ++j) {
    NodeSymbols& level = sentences.level[static_cast<std::size_t>(j)];
    level.nodes = static_cast<std::size_t>(tree_power(tables.d, tables.height - j));
    level.values.reserve(level.nodes * static_cast<std::size_t>(number));
  }
  for (std::uint64_t done = 0; done < static_cast<std::uint64_t>(number); done += kPiece) {
    SentenceTask task{.chunk = chunk,
                      .samples = std::min<std::uint64_t>(kPiece, static_cast<std::uint64_t>(number) - done),
                      .proceed = proceed,
                      .record = true,
                      .first = sample * kBatchesOfSample * kBatchSamples + done,
                      .record_nodes = true,
                      .purpose = purpose};
    if (!run_on_lanes(tables, task) || !proceed()) return std::nullopt;
    NodeSymbols& leaves = sentences.level.front();
    leaves.values.insert(leaves.values.end(), task.sentences.begin(), task.sentences.end());
    const std::size_t row = task.nodes.size() / task.samples;
    for (std::size_t i = 0; i < task.samples; ++i) {
      auto at = task.nodes.begin() + static_cast<std::ptrdiff_t>(i * row);
      for (std::size_t j = 1; j < sentences.level.size(); ++j) {
        NodeSymbols& level = sentences.level[j];
        level.values.insert(level.values.end(), at, at + static_cast<std::ptrdiff_t>(level.nodes));
        at += static_cast<std::ptrdiff_t>(level.nodes);
      }
    }
  }
  return sentences;
}

/// The siblings' children with their places: [place of the parent][sibling][child][symbol].
Surroundings by_siblings(const NodeSymbols& below, std::size_t children, std::size_t symbols) {
  const std::size_t siblings = children - 1;
  const auto of = [&below, children, symbols, siblings](std::size_t sentence, std::size_t parent,
                                                        std::vector<std::size_t>& seen) {
    const std::size_t place = parent % children, first = parent - place;
    for (std::size_t sibling = 0, slot = 0; sibling < children; ++sibling) {
      if (sibling == place) continue;
      for (std::size_t child = 0; child < children; ++child) {
        const std::uint16_t symbol = below.at(sentence, (first + sibling) * children + child);
        if (symbol < symbols)
          seen.push_back(((place * siblings + slot) * children + child) * symbols + symbol);
      }
      ++slot;
    }
  };
  return {children * siblings * children * symbols, of};
}

/// The root's class, by the place of the tuple: [parent][class].
Surroundings by_class(const Sentences& sentences, std::size_t parents, std::size_t classes) {
  return {parents * classes,
          [&sentences, classes](std::size_t sentence, std::size_t parent, std::vector<std::size_t>& seen) {
            seen.push_back(parent * classes + sentences.root(sentence));
          }};
}

/// The last leaf.
Surroundings by_target(const Sentences& sentences, std::size_t symbols) {
  return {symbols, [&sentences](std::size_t sentence, std::size_t, std::vector<std::size_t>& seen) {
            seen.push_back(sentences.last_leaf(sentence));
          }};
}

/// The children of one node.
NodeSymbols children_of(const NodeSymbols& below, std::size_t parent, std::size_t children) {
  NodeSymbols tuple{children, {}};
  tuple.values.reserve(children * below.sentences());
  for (std::size_t i = 0; i < below.sentences(); ++i)
    for (std::size_t child = 0; child < children; ++child)
      tuple.values.push_back(below.at(i, parent * children + child));
  return tuple;
}

class Learning {
 public:
  Learning(const GrammarTables& tables, const LearnerGenerator& learner, Tally& tally, const Proceed& proceed)
      : tables_(tables),
        learner_(learner),
        tally_(tally),
        proceed_(proceed),
        children_(static_cast<std::size_t>(tables.d)) {}

  /// False if told to stop.
  bool run(const Sentences& training, const Sentences& test) {
    learned_ = {training.level.front()};
    tested_ = {test.level.front()};
    const bool classifies = learner_.learner == Learner::classifier;
    if (learner_.learner != Learner::counting)
      for (int j = 1; j < tables_.height; ++j) {
        if (!proceed_()) return false;
        cluster(training, static_cast<std::size_t>(j));
      }
    std::vector<std::uint8_t> targets;
    for (std::size_t i = 0; i < training.count(); ++i)
      targets.push_back(classifies ? training.root(i) : training.last_leaf(i));
    const int symbols = classifies ? tables_.cell.language().grammar().classes() : tables_.q;
    if (!proceed_()) return false;
    const CountingModel model(features(learned_), targets, symbols, learner_.smoothing,
                              learner_.concentration);
    const FeatureRows rows = features(tested_);
    std::int64_t errors = 0, loss = 0;
    for (std::size_t i = 0; i < test.count(); ++i) {
      if (i % 4096 == 0 && !proceed_()) return false;
      const int target = classifies ? test.root(i) : test.last_leaf(i);
      const auto row = rows.features ? rows.row(i) : std::span<const std::uint16_t>{};
      const std::vector<double> law = model.law(row);
      const auto guess = std::ranges::max_element(law) - law.begin();
      errors += guess != target;
      loss += std::llround(-std::log(law[static_cast<std::size_t>(target)]) * (1 << kEntropyBits));
    }
    tally_.counts(fields::tested)[0] += test.count();
    tally_.counts(fields::errors)[0] += static_cast<std::uint64_t>(errors);
    add_to(tally_.limbs(fields::loss), loss);
    return true;
  }

 private:
  /// Clusters the tuples of one height, and puts their groups in place of them.
  void cluster(const Sentences& training, std::size_t height) {
    if (learner_.learner == Learner::clustering && learner_.cluster_by == ClusterBy::target)
      cluster_places(training, height);
    else
      cluster_everywhere(training, height);
  }
  void cluster_everywhere(const Sentences& training, std::size_t height) {
    const NodeSymbols &below = learned_.back(), &truth = training.level[height];
    const auto classes = static_cast<std::size_t>(tables_.cell.language().grammar().classes());
    const TupleClusters clusters(below, tables_.d, tables_.q,
                                 learner_.learner == Learner::classifier
                                     ? by_class(training, truth.nodes, classes)
                                     : by_siblings(below, children_, static_cast<std::size_t>(tables_.q)));
    NodeSymbols above = clusters.parents(below), above_test = clusters.parents(tested_.back());
    judge(above, truth, height);
    learned_.push_back(std::move(above));
    tested_.push_back(std::move(above_test));
  }
  /// Each place by itself, but for that of the last leaf's ancestor.
  void cluster_places(const Sentences& training, std::size_t height) {
    const NodeSymbols& truth = training.level[height];
    const auto unknown = [&](std::size_t sentences) {
      return NodeSymbols{truth.nodes, std::vector<std::uint16_t>(truth.nodes * sentences, kUnknownSymbol)};
    };
    NodeSymbols above = unknown(training.count()), above_test = unknown(tested_.back().sentences());
    for (std::size_t node = 0; node + 1 < truth.nodes; ++node) {
      const NodeSymbols below = children_of(learned_.back(), node, children_);
      const TupleClusters clusters(below, tables_.d, tables_.q,
                                   by_target(training, static_cast<std::size_t>(tables_.q)));
      const auto put = [node](const NodeSymbols& column, NodeSymbols& all) {
        for (std::size_t i = 0; i < column.values.size(); ++i)
          all.values[i * all.nodes + node] = column.values[i];
      };
      const NodeSymbols groups = clusters.parents(below);
      judge(groups, children_of(truth, node, 1), height);
      put(groups, above);
      put(clusters.parents(children_of(tested_.back(), node, children_)), above_test);
    }
    learned_.push_back(std::move(above));
    tested_.push_back(std::move(above_test));
  }
  void judge(const NodeSymbols& groups, const NodeSymbols& truth, std::size_t height) {
    const auto count = static_cast<double>(groups.values.size());
    tally_.counts(fields::clustered)[height] += groups.values.size();
    tally_.counts(fields::pure)[height] +=
        static_cast<std::uint64_t>(std::llround(cluster_purity(groups, truth) * count));
  }

  FeatureRows features(const std::vector<NodeSymbols>& levels) const {
    FeatureRows rows;
    if (learner_.learner == Learner::counting) {
      const NodeSymbols& leaves = levels.front();
      rows.features = static_cast<std::size_t>(learner_.context);
      for (std::size_t i = 0; i < leaves.sentences(); ++i)
        for (std::size_t k = 1; k <= rows.features; ++k)
          rows.values.push_back(leaves.at(i, leaves.nodes - 1 - k));
      return rows;
    }
    if (learner_.learner == Learner::classifier) {
      rows.features = children_;
      rows.values = levels.back().values;
      return rows;
    }
    rows.features = (children_ - 1) * levels.size();
    for (std::size_t i = 0; i < levels.front().sentences(); ++i)
      for (const NodeSymbols& level : levels)
        for (std::size_t k = 1; k < children_; ++k) rows.values.push_back(level.at(i, level.nodes - 1 - k));
    return rows;
  }

  const GrammarTables& tables_;
  const LearnerGenerator& learner_;
  Tally& tally_;
  const Proceed& proceed_;
  std::size_t children_;
  std::vector<NodeSymbols> learned_, tested_;  // [height 0…L − 1], in the learner's symbols
};

}  // namespace

LearnerRunner::LearnerRunner(const Cell& cell) : tables_(std::make_unique<GrammarTables>(cell)) {}
LearnerRunner::~LearnerRunner() = default;

std::optional<Tally> LearnerRunner::run(std::uint32_t chunk, std::uint64_t samples,
                                        const std::function<bool()>& proceed) const {
  const auto& learner = std::get<LearnerGenerator>(tables_->cell.generator());
  Tally tally(tables_->cell, samples);
  for (std::uint64_t sample = 0; sample < samples; ++sample) {
    const auto training = draw(*tables_, StreamPurpose::training, chunk, sample, learner.training, proceed);
    if (!training) return std::nullopt;
    const auto test = draw(*tables_, StreamPurpose::test, chunk, sample, learner.test, proceed);
    if (!test || !Learning(*tables_, learner, tally, proceed).run(*training, *test)) return std::nullopt;
  }
  return tally;
}

double training_bytes(const Cell& cell) {
  const auto& learner = std::get<LearnerGenerator>(cell.generator());
  const Language& language = cell.language();
  const auto training = static_cast<double>(learner.training),
             all = training + static_cast<double>(learner.test);
  const double n = static_cast<double>(language.leaves()), s = language.d;
  const double sentences = 2 * all * n * s / (s - 1);
  if (learner.learner == Learner::counting)
    return sentences + 2 * all * static_cast<double>(learner.context) + 2 * all * n +
           CountingModel::bytes(training, static_cast<double>(learner.context));
  const double features = learner.learner == Learner::classifier ? s : (s - 1) * language.height;
  const double surroundings = learner.learner == Learner::classifier ? n / s * language.grammar().classes()
                                                                     : s * s * (s - 1) * language.symbols();
  double rules = 0;
  for (int j = 1; j <= language.height; ++j)
    rules = std::max(rules, static_cast<double>(language.grammar().rules(j).rules()));
  return 2 * sentences + 24 * rules * surroundings + 2 * all * features +
         CountingModel::bytes(training, features);
}

}  // namespace leafcast
