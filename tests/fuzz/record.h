#pragma once
#include <span>
#include <string_view>

#include "io/record/record_file.h"
#include "tests/fuzz/fuzz.h"

namespace leafcast::fuzz {

/// Less than ReadingLimits::of, so that a loop does not hold up the fuzzer.
inline constexpr io::ReadingLimits kLimits{1 << 28, 0.5, 1 << 24};

/// Reads a sealed file as every command does, then calls use(record). Counts files that HDF5 did not survive.
template <class Use>
void read(std::span<const std::byte> bytes, std::size_t& survived, Use use) {
  try {
    const io::RecordFile file(bytes, kLimits);
    Record record(file.plan());
    static_cast<void>(file.replaces());
    file.add_to(record);
    use(record);
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
