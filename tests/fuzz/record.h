#pragma once
#include <span>
#include <string_view>

#include "io/record/record_file.h"
#include "tests/fuzz/fuzz.h"

namespace leafcast::fuzz {

/// Reads a sealed file as every command does, then calls use(record).
template <class Use>
void read(std::span<const std::byte> bytes, Use use) {
  try {
    const io::RecordFile file(bytes);
    Record record(file.plan());
    static_cast<void>(file.replaces());
    file.add_to(record);
    use(record);
  } catch (const DataError& e) {
    require(std::string_view(e.what()).size() < 4096, "a message of absurd length");
  }
}

}  // namespace leafcast::fuzz
