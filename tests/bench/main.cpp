#include <cstdio>
#include <cstring>

#include "bench.h"
#include "engine/kernels/chunk_runner.h"

namespace leafcast::bench {

namespace {
Settings& mutable_settings() {
  static Settings settings;
  return settings;
}
}  // namespace

const Settings& settings() { return mutable_settings(); }

}  // namespace leafcast::bench

int main(int argc, char** argv) {
  using namespace leafcast;
  benchmark::Initialize(&argc, argv, [] {
    std::puts(
        "leafcast_bench [--smoke] [--instruction-set=NAME] and Google Benchmark's options:\n"
        "  --benchmark_list_tests --benchmark_filter=REGEX --benchmark_repetitions=N\n"
        "  --benchmark_out=FILE --benchmark_min_time=SECONDS …");
  });
  bench::Settings& settings = bench::mutable_settings();
  settings.instruction_set = instruction_sets().front();
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i], prefix = "--instruction-set=";
    if (word == "--smoke") {
      settings.smoke = true;
    } else if (word.starts_with(prefix)) {
      settings.instruction_set = word.substr(prefix.size());
      const auto known = instruction_sets();
      if (std::find(known.begin(), known.end(), settings.instruction_set) == known.end()) {
        std::string names;
        for (const std::string& name : known) names += " " + name;
        std::fprintf(stderr, "%s: this machine and build know%s\n", argv[i], names.c_str());
        return 64;
      }
    } else {
      std::fprintf(stderr, "%s: no such option; see --help\n", argv[i]);
      return 64;
    }
  }
  use_instruction_set(settings.instruction_set);
  benchmark::AddCustomContext("instruction_set", settings.instruction_set);
  std::string sets;
  for (const std::string& name : instruction_sets()) sets += (sets.empty() ? "" : " ") + name;
  benchmark::AddCustomContext("instruction_sets", sets);
  bench::register_limits();
  bench::register_samplers();
  bench::register_dispatcher();
  bench::register_corpora();
  bench::register_grammars();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
