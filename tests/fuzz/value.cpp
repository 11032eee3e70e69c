// One option's value. The input: a byte that chooses the key, then the value.
#include <cmath>

#include "engine/values.h"
#include "jobs/sweep/sweep.h"
#include "jobs/sweep/values.h"
#include "tests/fuzz/fuzz.h"

using namespace leafcast;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto& keys = jobs::sweep_keys();
  const std::string text = fuzz::text_of(data + 1, size - 1);
  if (const auto number = parse_real(text)) {
    fuzz::require(std::isfinite(*number), "a number that is not finite");
    fuzz::require(parse_real(format_real(*number)) == *number, "a number that its text does not give");
  }
  if (const auto number = parse_whole(text))
    fuzz::require(parse_whole(std::to_string(*number)) == *number,
                  "a whole number that its text does not give");
  fuzz::refusing<UsageError>([&] {
    const jobs::ValueList list({keys[data[0] % keys.size()].name, text, "--key"});
    for (const std::uint64_t height : {std::uint64_t{0}, std::uint64_t{7}, std::uint64_t{1000}})
      fuzz::refusing<UsageError>([&] {
        // An item a value; and what is said of the height gives at most as many again.
        fuzz::require(
            list.expand(height, false).size() <= (list.speaks_of_height() ? size + 1 : 1) * jobs::kMaxCells,
            "too many values");
      });
  });
  return 0;
}
