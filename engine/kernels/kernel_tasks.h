#pragma once
#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/observe/tally.h"
#include "engine/streams/stream_address.h"

namespace leafcast {

using Proceed = std::function<bool()>;

/// A sampler that is kept from chunk to chunk, of a type that only its kernel knows: built anew it would take as long as
/// a small chunk.
class KeptSampler {
 public:
  /// The sampler of this type, built by make() at first.
  template <class Sampler, class Make>
  Sampler& get(Make make) {
    static const char kType = 0;
    if (type_ != &kType) {
      object_ = std::make_shared<Sampler>(make());
      type_ = &kType;
    }
    return *static_cast<Sampler*>(object_.get());
  }

 private:
  const char* type_ = nullptr;
  std::shared_ptr<void> object_;
};

/// What chunk_runner.cpp asks of the kernels, in types that are the same for every instruction set.
struct SentenceTask {
  std::uint32_t chunk;
  std::uint64_t samples;
  Proceed proceed;
  bool record;    ///< keep the sentences instead of tallying them
  Tally tally{};  ///< of the cell's layout, unless recording
  /// [sample][leaf]; of writers of their own structure [sample][token], tokens as in a punctuated vocabulary,
  /// without the first begin mark.
  std::vector<std::uint8_t> sentences{};
  /// If recorded: from this sample of the chunk on, a multiple of a batch.
  std::uint64_t first = 0;
  bool record_nodes = false;
  std::vector<std::uint8_t> nodes{};  ///< [sample][internal node], as WrittenSentences::nodes
  StreamPurpose purpose = StreamPurpose::lanes;
  KeptSampler* kept = nullptr;  ///< of the cell; none if every chunk is to have its own
};
struct LawTask {
  std::span<const std::uint8_t> sentence;
  Eigen::MatrixXd laws;  ///< [leaf][symbol]
};

struct SamplerTables;
struct GrammarTables;

/// Sample a chunk, on the best instruction set; false if the task was told to stop.
bool run_on_lanes(const SamplerTables& tables, SentenceTask& task);
bool run_on_lanes(const GrammarTables& tables, SentenceTask& task);  // grammar_kernels.cpp
bool run_on_planes(const SamplerTables& tables, SentenceTask& task);
/// The conditional laws of a k-gram.
void find_laws(const SamplerTables& tables, LawTask& task);
void find_laws(const GrammarTables& tables, LawTask& task);  // grammar_kernels.cpp

/// Channels that lanes are compiled for, all but the first symmetric.
enum class LaneChannel { general, symmetric, two_symbols, three_symbols };
/// lane_kernels.cpp is compiled twice, so that cores share it: for two and three symbols, known to the compiler,
/// and for any number.
constexpr bool has_few_symbols(LaneChannel kind) {
  return kind == LaneChannel::two_symbols || kind == LaneChannel::three_symbols;
}
template <bool few_symbols>
bool write_on_lanes(LaneChannel kind, const SamplerTables& tables, SentenceTask& task);
template <bool few_symbols>
void find_kgram_laws(LaneChannel kind, const SamplerTables& tables, LawTask& task);

/// Seconds between two calls of `proceed`.
inline constexpr double kPollSeconds = 2e-3;
/// Leaves of so many samples that ride together between two of them.
std::int64_t leaves_between_polls(const Cell& cell, int samples);

}  // namespace leafcast
