// The text of a lock, as one who only looks reads it; and the names of parts.
#include "io/file/lock.h"

#include "io/run/run_files.h"
#include "tests/fuzz/fuzz.h"

using namespace leafcast;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile file;
  const std::string text = fuzz::text_of(data, size);
  file.write(text);
  if (const auto state = io::look_at_lock(file.path())) {
    fuzz::require(state->process > 0 && !state->host.empty(), "a lock without a holder");
    fuzz::require(state->beat_seconds < 1e6, "a heartbeat that was never");
  }
  const std::string name = text.substr(0, text.find('\n'));
  if (const auto part = io::PartName::parse(name)) {
    fuzz::require(part->text() == name && part->hash.size() == 16, "a part's name that is another's");
    fuzz::require(name.find('/') == name.npos, "a part's name that leads elsewhere");
  }
  return 0;
}
