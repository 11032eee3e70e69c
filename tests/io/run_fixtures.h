#pragma once
#include <fstream>

#include "io/file/atomic_file.h"
#include "io/run/run_directory.h"
#include "io/run/run_files.h"
#include "tests/io/fixtures.h"

namespace leafcast::io {

inline Plan small_plan(const std::string& title = "small") {
  return Plan(title, {ising_cell("0.9"), ising_cell("0.8")}, "seed = 1\n");
}

/// Share i of n of a plan's chunks, with the contents that random_record(plan, 1) gives them.
inline Record share(const Plan& plan, std::uint32_t i, std::uint32_t n) {
  Random random(1);
  Record record(plan);
  for (std::uint32_t c = 0; c < plan.cells().size(); ++c)
    for (std::uint32_t k = 0; k < plan.chunks(c); ++k) {
      const Tally tally = simulated_tally(plan.cells()[c], plan.samples({c, k}), random);
      if (k % n == i) record.add({c, k}, tally);
    }
  return record;
}

inline std::vector<fs::path> parts_in(const fs::path& run) { return RunFiles{run}.list().parts; }

inline void write_text(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

inline void flip_byte(const fs::path& path, std::size_t at) {
  auto bytes = read_bytes(path);
  bytes[at] ^= std::byte{1};
  std::ofstream(path).write(reinterpret_cast<const char*>(bytes.data()),
                            static_cast<std::streamsize>(bytes.size()));
}

/// A run with shares 0 … parts − 1 of `of` done, a part each.
inline fs::path make_run(const fs::path& run, const Plan& plan, std::uint32_t parts, std::uint32_t of) {
  RunDirectory directory = RunDirectory::open_for_writing(run, plan);
  for (std::uint32_t i = 0; i < parts; ++i) directory.write_part(share(plan, i, of));
  return run;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace leafcast::io
