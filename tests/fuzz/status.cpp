// status.json: what a run says of itself.
#include "jobs/commands/run_state.h"
#include "tests/fuzz/fuzz.h"

using namespace leafcast;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto state = jobs::RunState::from_json(fuzz::text_of(data, size));
  if (!state) return 0;
  const std::string text = state->json();
  const auto read = jobs::RunState::from_json(text);
  fuzz::require(read && read->json() == text, "a state that its text does not give");
  return 0;
}
