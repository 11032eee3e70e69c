#pragma once
#include <stdlib.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "engine/error.h"
#include "engine/observe/observable.h"
#include "engine/plan/record.h"

namespace leafcast::io {

namespace fs = std::filesystem;

/// A directory that lives as long as the test.
class Scratch {
 public:
  Scratch() : path_(fs::temp_directory_path() / "leafcast-io-XXXXXX") {
    std::string name = path_.string();
    REQUIRE(::mkdtemp(name.data()));
    path_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { fs::remove_all(path_); }
  fs::path operator/(const std::string& name) const { return path_ / name; }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// Limits the size of files that this process writes while it lives. Linux sends SIGXFSZ at the limit.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit old_{};
};

inline Cell ising_cell(const std::string& rho = "0.9", const std::string& samples = "1000") {
  return Cell::make({{"language.kind", "ising"},
                     {"language.d", "3"},
                     {"language.height", "4"},
                     {"language.rho", rho},
                     {"generator.kind", "block"},
                     {"generator.context-depth", "2"},
                     {"generator.memory", "root"},
                     {"seed", "1"},
                     {"sampling.samples", samples}});
}

/// Cells of several languages, generators, heights and sizes; the last has fewer samples than there are bins.
inline Plan mixed_plan() {
  return Plan("Sparse contexts, ρ and q",
              {ising_cell(),
               Cell::make({{"language.kind", "coloring"},
                           {"language.d", "5"},
                           {"language.height", "2"},
                           {"language.q", "3"},
                           {"generator.kind", "kgram"},
                           {"generator.context", "9"},
                           {"sampling.samples", "640"}}),
               Cell::make({{"language.kind", "potts"},
                           {"language.d", "2"},
                           {"language.height", "7"},
                           {"language.q", "5"},
                           {"language.lambda", "0.25"},
                           {"generator.kind", "reasoning"},
                           {"generator.memory-depth", "3"},
                           {"seed", "18446744073709551615"},
                           {"sampling.samples", "100"}}),
               Cell::make({{"language.kind", "ising"},
                           {"language.d", "2"},
                           {"language.height", "1"},
                           {"language.rho", "0.5"},
                           {"generator.kind", "true"},
                           {"observe.histogram", "off"},
                           {"sampling.samples", "7"}})},
              "title = Sparse contexts, ρ and q\n[language]\nkind = ising\n");
}

/// A cell that splits, and one that does not.
inline Plan splitting_plan() {
  return Plan("Rare",
              {Cell::make({{"language.kind", "coloring"},
                           {"language.d", "5"},
                           {"language.height", "3"},
                           {"language.q", "3"},
                           {"generator.kind", "kgram"},
                           {"generator.context", "5"},
                           {"generator.method", "splitting"},
                           {"generator.particles", "16"},
                           {"sampling.samples", "2048"}}),
               ising_cell()},
              "");
}

/// A writer of its own structure, entropies of two cells, and a cell that has neither.
inline Plan entropy_plan() {
  const Parameters kgram = {{"language.kind", "ising"},   {"language.d", "3"},
                            {"language.height", "3"},     {"language.rho", "0.9"},
                            {"generator.kind", "kgram"},  {"generator.context", "4"},
                            {"sampling.samples", "1000"}, {"generator.context-unit", "tokens"}};
  Parameters own = kgram, entropies = kgram;
  own["generator.structure"] = "sampled";
  entropies["observe.entropy"] = "on";
  Parameters both = own;
  both["observe.entropy"] = "on";
  return Plan("Entropies", {Cell::make(own), Cell::make(entropies), ising_cell(), Cell::make(both)}, "");
}

using Random = std::mt19937_64;

/// Some chunks of a plan: those that choose(chunk) wants.
template <class Choose>
Record random_record(const Plan& plan, std::uint64_t seed, Choose choose) {
  Random random(seed);
  Record record(plan);
  for (std::uint32_t c = 0; c < plan.cells().size(); ++c)
    for (std::uint32_t i = 0; i < plan.chunks(c); ++i)
      if (const Chunk chunk{c, i}; choose(chunk))
        record.add(chunk, simulated_tally(plan.cells()[c], plan.samples(chunk), random));
  return record;
}
inline Record random_record(const Plan& plan, std::uint64_t seed) {
  return random_record(plan, seed, [](Chunk) { return true; });
}

inline bool same(const Record& a, const Record& b) {
  return a.plan.hash() == b.plan.hash() && a.ledger == b.ledger && a.has_sums_of(b);
}

/// The message of the error that a call throws; fails if it throws none of this type.
template <class Thrown, class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const Thrown& error) {
    return error.what();
  }
  FAIL("no error, or another kind");
  return {};
}

}  // namespace leafcast::io
