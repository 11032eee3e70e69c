#include "jobs/commands/run_state.h"

#include <catch2/catch.hpp>

namespace run_state_test {

using namespace leafcast::jobs;

TEST_CASE("a run's state, written and read") {
  RunState state;
  state.phase = RunState::Phase::interrupted;
  state.reason = "told to stop by a signal";
  state.plan_hash = "0123456789abcdef";
  state.slice = "2/3";
  state.process = 17;
  state.ranks = 64;
  state.written = 1.7e9;
  state.deadline = 1.7e9 + 60;
  state.silent_ranks = {3, 5};
  state.chunks_done = {64, 0, 18446744073709551615u};
  const auto read = RunState::from_json(state.json());
  REQUIRE(read);
  CHECK(read->json() == state.json());
  CHECK(read->phase == state.phase);
  CHECK(read->deadline == state.deadline);
  CHECK(read->chunks_done == state.chunks_done);
  state.deadline.reset();
  CHECK(!RunState::from_json(state.json())->deadline);
}

TEST_CASE("bytes that are no text do not keep a state from being written") {
  RunState state;
  state.reason = "cannot write /a\xff/b";
  CHECK(RunState::from_json(state.json()));
}

TEST_CASE("what is no status file is none") {
  const std::string whole = RunState().json();
  for (std::size_t length = 0; length + 2 < whole.size(); ++length)
    CHECK(!RunState::from_json(whole.substr(0, length)));
  for (const char* text :
       {"[]", "null", "{}", "{\"filetype\":\"leafcast-status\",\"version\":2}", "\xff\xfe"})
    CHECK(!RunState::from_json(text));
  const auto with = [&](const std::string& key, const std::string& value) {
    const auto begin = whole.find("\"" + key + "\": ") + key.size() + 4;
    return std::string(whole).replace(begin, whole.find(",\n", begin) - begin, value);
  };
  for (const std::string number : {"1e300", "4294967296", "-1", "1.5", "null", "7"}) {
    const bool is_count = number == "4294967296" || number == "7", is_rank = number == "-1" || number == "7";
    CHECK(RunState::from_json(with("chunks_done", "[" + number + "]")).has_value() == is_count);
    CHECK(RunState::from_json(with("ranks", number)).has_value() == is_rank);
  }
  std::string changed = whole;
  changed.replace(changed.find("running"), 7, "walking");
  CHECK(!RunState::from_json(changed));
}

}  // namespace run_state_test
