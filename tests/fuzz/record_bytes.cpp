// Parts and results, byte by byte: the input, with a right seal, so that it reaches HDF5.
#include "io/hdf5/isolated.h"
#include "tests/fuzz/record.h"

using namespace leafcast;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kSeal = 32;
  static const io::ReadingSession session;
  static fuzz::Survived survived;
  auto bytes = std::as_bytes(std::span(data, size));
  if (size >= kSeal && fuzz::text_of(data, size).rfind("\nleafcast-xxh3 ") == size - kSeal)
    bytes = bytes.first(size - kSeal);
  fuzz::read(io::sealed({bytes.begin(), bytes.end()}), survived.count, [](const Record&) {});
  return 0;
}
