// The k-gram that writes its own structure, against the law of its definition: the next token given the last
// k, in the endless stream of sentences, position uniform (MATH.md §2).
#include "engine/observe/own_structure.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "engine/kernels/chunk_runner.h"
#include "engine/language/tree.h"
#include "engine/observe/entropy.h"
#include "engine/observe/validity.h"
#include "engine/plan/plan.h"
#include "engine/sequences/vocabulary.h"
#include "tests/reference/reference.h"
#include "tests/support/tallies.h"

namespace own_structure_test {

using namespace leafcast;

namespace {

using Tokens = std::vector<int>;
using StreamLaw = std::map<Tokens, double>;

const auto kGo = [] { return true; };

Tokens tokens_of(const Vocabulary& words, int d, const std::vector<int>& leaves) {
  Tokens tokens = {words.number({Vocabulary::Kind::begin, 0})};
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    int level = 0;
    for (std::size_t rest = i; i > 0 && rest % static_cast<std::size_t>(d) == 0;
         rest /= static_cast<std::size_t>(d))
      ++level;
    if (level > 0) tokens.push_back(words.mark(level));
    tokens.push_back(words.symbol(leaves[i]));
  }
  return tokens;
}

/// The definition, by counting windows over all sentences and positions.
class Definition {
 public:
  Definition(const reference::Tree& tree, std::size_t k)
      : words_(StreamKind::punctuated, tree.q(), tree.d, tree.height), k_(k) {
    const reference::Law law = reference::true_law(tree);
    for (std::size_t s = 0; s < law.size(); ++s) {
      if (law[s] == 0) continue;
      Tokens tokens = tokens_of(words_, tree.d, reference::sentence_symbols(tree.q(), tree.leaves(), s));
      length_ = tokens.size() - 1;
      tokens.push_back(tokens.front());
      for (std::size_t next = 1; next < tokens.size(); ++next) {
        count(std::span(tokens).first(next + 1), law[s]);  // the begin mark is in sight
        if (next > k) count(std::span(tokens).subspan(next - k, k + 1), law[s]);
      }
    }
  }
  /// Next tokens given all written so far, of which the last k tokens, and nothing before a begin mark, are
  /// seen.
  std::map<int, double> next(const Tokens& written) const {
    std::size_t first = written.size() - std::min(written.size(), k_);
    for (std::size_t t = written.size(); t-- > first;)
      if (written[t] == 0) first = t;
    std::map<int, double> law =
        counts_.at({written.begin() + static_cast<std::ptrdiff_t>(first), written.end()});
    double all = 0;
    for (const auto& [token, weight] : law) all += weight;
    for (auto& [token, weight] : law) weight /= all;
    return law;
  }
  std::size_t length() const { return length_; }  ///< of a sentence without its begin mark
  const Vocabulary& words() const { return words_; }
  /// All streams of that length, without the begin mark.
  StreamLaw streams() const {
    StreamLaw law = {{{0}, 1.0}};
    for (std::size_t t = 0; t < length_; ++t) {
      StreamLaw longer;
      for (const auto& [written, p] : law)
        for (const auto& [token, weight] : next(written)) {
          Tokens more = written;
          more.push_back(token);
          longer[more] += p * weight;
        }
      law = std::move(longer);
    }
    return law;
  }

 private:
  void count(std::span<const int> tokens, double weight) {
    counts_[{tokens.begin(), tokens.end() - 1}][tokens.back()] += weight;
  }
  Vocabulary words_;
  std::size_t k_, length_ = 0;
  std::map<Tokens, std::map<int, double>> counts_;
};

struct Case {
  std::string name;
  Parameters parameters;
  reference::Tree tree;
};

std::vector<Case> cases() {
  const auto parameters = [](const char* kind, int d, int height, const char* key, const std::string& value) {
    return Parameters{{"language.kind", kind},
                      {"language.d", std::to_string(d)},
                      {"language.height", std::to_string(height)},
                      {std::string("language.") + key, value},
                      {"seed", "11"},
                      {"sampling.samples", "1000"}};
  };
  Eigen::MatrixXd K(2, 2);
  K << 0.8, 0.2, 0.4, 0.6;
  // Of one level: a stream of marks alone is not rare.
  return {{"ising 2 1", parameters("ising", 2, 1, "rho", "0.6"), reference::symmetric_tree(2, 1, 2, 0.6)},
          {"coloring 2 1", parameters("coloring", 2, 1, "q", "3"), reference::symmetric_tree(2, 1, 3, -0.5)},
          {"ising 2 2", parameters("ising", 2, 2, "rho", "0.8"), reference::symmetric_tree(2, 2, 2, 0.8)},
          {"ising 2 3", parameters("ising", 2, 3, "rho", "0.9"), reference::symmetric_tree(2, 3, 2, 0.9)},
          {"ising 3 2", parameters("ising", 3, 2, "rho", "0.7"), reference::symmetric_tree(3, 2, 2, 0.7)},
          {"coloring 2 2", parameters("coloring", 2, 2, "q", "3"), reference::symmetric_tree(2, 2, 3, -0.5)},
          {"kernel 2 2", parameters("kernel", 2, 2, "matrix", "0.8 0.2; 0.4 0.6"),
           reference::Tree{2, 2, K, reference::stationary_law(K)}}};
}

Cell own_structure(const Case& language, std::size_t k, const Parameters& more = {}) {
  Parameters parameters = language.parameters;
  parameters["generator.kind"] = "kgram";
  parameters["generator.context"] = std::to_string(k);
  parameters["generator.context-unit"] = "tokens";
  parameters["generator.structure"] = "sampled";
  for (const auto& [key, value] : more) parameters[key] = value;
  return Cell::make(parameters);
}

/// Streams of samples that share nothing: one of each batch.
std::vector<Tokens> independent_streams(const Cell& cell, std::size_t length, int count) {
  const std::vector<std::uint8_t> all =
      ChunkRunner(cell).sentences(0, static_cast<std::uint64_t>(count) * kBatchSamples);
  std::vector<Tokens> streams;
  for (std::size_t at = 0; at < all.size(); at += length * kBatchSamples) {
    const std::size_t sample = streams.size() % kBatchSamples;
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(at + sample * length);
    Tokens stream = {0};
    stream.insert(stream.end(), from, from + static_cast<std::ptrdiff_t>(length));
    streams.push_back(std::move(stream));
  }
  return streams;
}

/// Streams by number, impossible ones as one more that the law gives nothing.
double p_value(const StreamLaw& law, const std::vector<Tokens>& streams) {
  std::map<Tokens, std::size_t> index;
  reference::Law probabilities;
  for (const auto& [stream, p] : law) {
    index.emplace(stream, probabilities.size());
    probabilities.push_back(p);
  }
  probabilities.push_back(0);
  std::vector<std::uint64_t> counts(probabilities.size());
  for (const Tokens& stream : streams) {
    const auto found = index.find(stream);
    ++counts[found == index.end() ? counts.size() - 1 : found->second];
  }
  return reference::chi_square_p_value(probabilities, counts);
}

constexpr double kAlarm = 5.7e-7;

}  // namespace

TEST_CASE("a k-gram that writes its own structure has the law of its definition") {
  for (const Case& language : cases()) {
    const std::size_t whole = Definition(language.tree, 0).length() + 1;
    for (std::size_t k = 0; k <= whole + 1; ++k) {
      if (whole > 8 && k < 3) continue;  // too many streams to enumerate
      const Definition definition(language.tree, k);
      INFO(language.name << " k=" << k);
      const auto streams = independent_streams(own_structure(language, k), definition.length(), 20'000);
      CHECK(p_value(definition.streams(), streams) > kAlarm);
    }
  }
}

TEST_CASE("the streams of another context are told apart") {
  const Case language = cases()[3];
  const auto streams =
      independent_streams(own_structure(language, 4), Definition(language.tree, 4).length(), 20'000);
  CHECK(p_value(Definition(language.tree, 5).streams(), streams) < kAlarm);
  CHECK(p_value(Definition(language.tree, 3).streams(), streams) < kAlarm);
}

TEST_CASE("tallies of streams are those of their tokens") {
  for (const Case& language : cases()) {
    const int q = language.tree.q(), d = language.tree.d, height = language.tree.height;
    for (const std::size_t k : {0, 2, 5, 30}) {
      const Cell cell = own_structure(language, k);
      INFO(cell.label());
      constexpr std::uint64_t kSamples = 700;
      const ChunkRunner runner(cell);
      const Tally tally = runner.run(3, kSamples, kGo).value();
      const std::vector<std::uint8_t> all = runner.sentences(3, kSamples);
      const auto length = static_cast<std::size_t>(sentence_tokens(d, height));
      REQUIRE(all.size() == length * kSamples);
      const Vocabulary words(StreamKind::punctuated, q, d, height);
      PowerSums sums{};
      std::uint64_t well_formed = 0, valid = 0, counted = 0;
      for (std::size_t at = 0; at < all.size(); at += length) {
        std::vector<int> leaves;
        std::int64_t s = 0;
        for (std::size_t t = 0; t < length; ++t) {
          const auto token = words.token(all[at + t]);
          REQUIRE(token.has_value());
          if (token->kind != Vocabulary::Kind::symbol) continue;
          leaves.push_back(token->value);
          s += token->value == cell.observe().symbol ? q - 1 : -1;
        }
        WideInt power = 1;
        for (WideInt& sum : sums) sum += power *= s;
        bool tree = static_cast<int>(leaves.size()) == language.tree.leaves();
        if (tree) {
          const Tokens right = tokens_of(words, d, leaves);
          for (std::size_t t = 0; t < length; ++t) tree &= right[t + 1] == all[at + t];
        }
        well_formed += tree;
        if (tree && cell.observe().validity)
          valid += reference::allowed_colors(q, d, leaves).back().front() != 0;
      }
      for (const auto& [bin, samples] : tally.histogram) counted += samples;
      CHECK(tally.samples == kSamples);
      CHECK(power_sums(tally, height) == sums);
      CHECK(tally.count(fields::well_formed) == well_formed);
      CHECK(counted == kSamples);
      if (cell.observe().validity) CHECK(tally.count(fields::valid, height) == valid);
      if (k == 30) CHECK(well_formed == kSamples);
    }
  }
}

TEST_CASE("a stream of marks alone is no sentence") {
  // Of two tokens; a third of all tokens are marks.
  const Cell cell = own_structure(cases()[1], 0, {{"observe.entropy", "on"}, {"sampling.samples", "64000"}});
  const double samples = 64'000, batches = samples / kBatchSamples, p = 4.0 / 9,
               error = std::sqrt(p * (1 - p) / batches);
  const Tally tally = ChunkRunner(cell).run(0, 64'000, kGo).value();
  const double rate = static_cast<double>(tally.count(fields::well_formed)) / samples;
  CHECK(std::abs(rate - p) < 5 * error);
  CHECK(std::abs(rate - (p + 1.0 / 9)) > 5 * error);  // with those of marks alone
  // Every well-formed pair of leaves that the language can write: two of its leaves are of other colors than a parent.
  CHECK(tally.count(fields::valid, 1) <= tally.count(fields::well_formed));
}

TEST_CASE("sums and marks are the same with and without entropies") {
  const Case language = cases()[3];
  const Tally with =
      ChunkRunner(own_structure(language, 4, {{"observe.entropy", "on"}})).run(0, 500, kGo).value();
  CHECK(wide(with, fields::own_entropy) > 0);
  CHECK(test::includes(with, ChunkRunner(own_structure(language, 4)).run(0, 500, kGo).value()));
}

}  // namespace own_structure_test
