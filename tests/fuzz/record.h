#pragma once
#include <sstream>
#include <vector>

#include "analysis/estimates.h"
#include "analysis/fits.h"
#include "analysis/table.h"
#include "io/record_file.h"
#include "tests/fuzz/fuzz.h"

namespace leafcast::fuzz {

/// Less than ReadingLimits::of, so that a loop does not hold up the fuzzer.
inline constexpr io::ReadingLimits kLimits{1 << 28, 2, 1 << 24};

/// Reads a sealed file as every command does, and then uses what it holds. Counts files that HDF5 did not
/// survive.
inline void read(std::span<const std::byte> bytes, std::size_t& survived) {
  try {
    const io::RecordFile file(bytes, kLimits);
    Record record(file.plan());
    static_cast<void>(file.replaces());
    file.add_to(record);
    const std::vector<std::byte> again = io::encode_part(record);
    Record same(record.plan);
    io::RecordFile(again).add_to(same);
    require(same.ledger == record.ledger && same.tallies == record.tallies,
            "a record that its part does not give");
    if (record.ledger.count() == 0) return;
    const std::vector<Estimate> estimates = analysis::estimates(record);
    std::ostringstream out;
    for (const analysis::Format format :
         {analysis::Format::text, analysis::Format::csv, analysis::Format::json}) {
      analysis::write_table(out, format, record, estimates);
      analysis::write_fits(out, format, analysis::fits(record, estimates));
    }
  } catch (const DataError& e) {
    require(std::string_view(e.what()).size() < 4096, "a message of absurd length");
    survived += std::string_view(e.what()).find("does not survive") != std::string_view::npos;
  }
}

/// Says at the end how many files HDF5 did not survive, but leafcast did.
class Survived {
 public:
  ~Survived() { std::fprintf(stderr, "HDF5 did not survive %zu inputs, leafcast did\n", count); }
  std::size_t count = 0;
};

}  // namespace leafcast::fuzz
