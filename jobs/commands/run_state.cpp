#include "jobs/commands/run_state.h"

#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "engine/error.h"

namespace leafcast::jobs {

namespace {

constexpr const char* kType = "leafcast-status";
constexpr int kVersion = 1;
constexpr RunState::Phase kPhases[] = {RunState::Phase::running, RunState::Phase::done,
                                       RunState::Phase::interrupted, RunState::Phase::failed};

/// Calls use(name, member) for everything that is written and read under its own name.
template <class State, class Use>
void for_each_member(State& state, Use use) {
  use("reason", state.reason);
  use("plan_hash", state.plan_hash);
  use("program", state.program);
  use("host", state.host);
  use("slurm_job", state.slurm_job);
  use("slice", state.slice);
  use("process", state.process);
  use("ranks", state.ranks);
  use("started", state.started);
  use("written", state.written);
  use("last_part", state.last_part);
  use("seconds", state.seconds);
  use("seconds_left", state.seconds_left);
  use("leaves_a_second", state.leaves_a_second);
  use("sampling_seconds", state.sampling_seconds);
  use("dispatch_seconds", state.dispatch_seconds);
  use("writing_seconds", state.writing_seconds);
  use("silent_ranks", state.silent_ranks);
  use("chunks_done", state.chunks_done);
}

/// As get_to, but a whole number is one, and in range.
template <class T>
void read(const nlohmann::json& from, T& value) {
  if constexpr (std::is_integral_v<T>) {
    constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
    const bool fits =
        from.is_number_unsigned()
            ? from.get<std::uint64_t>() <= kMost
            : from.is_number_integer() && std::is_signed_v<T> &&
                  from.get<std::int64_t>() >= static_cast<std::int64_t>(std::numeric_limits<T>::min());
    if (!fits) throw DataError("a number that cannot be");
    value = from.get<T>();
  } else {
    from.get_to(value);
  }
}
template <class T>
void read(const nlohmann::json& from, std::vector<T>& values) {
  for (const auto& element : from.get_ref<const nlohmann::json::array_t&>())
    read(element, values.emplace_back());
}

}  // namespace

double unix_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

const char* name(RunState::Phase phase) {
  switch (phase) {
    case RunState::Phase::running:
      return "running";
    case RunState::Phase::done:
      return "done";
    case RunState::Phase::interrupted:
      return "interrupted";
    case RunState::Phase::failed:
      break;
  }
  return "failed";
}

std::string RunState::json() const {
  nlohmann::ordered_json json{{"filetype", kType}, {"version", kVersion}, {"phase", name(phase)}};
  for_each_member(*this, [&](const char* key, const auto& value) { json[key] = value; });
  json["deadline"] = deadline ? nlohmann::ordered_json(*deadline) : nlohmann::ordered_json();
  // A message may hold bytes of a path that are no UTF-8.
  return json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::optional<RunState> RunState::from_json(const std::string& text) {
  try {
    const auto json = nlohmann::json::parse(text);
    if (json.at("filetype") != kType || json.at("version") != kVersion) return std::nullopt;
    RunState state;
    for_each_member(state, [&](const char* key, auto& value) { read(json.at(key), value); });
    if (!json.at("deadline").is_null()) state.deadline = json.at("deadline").get<double>();
    for (const Phase phase : kPhases)
      if (json.at("phase") == leafcast::jobs::name(phase)) {
        state.phase = phase;
        return state;
      }
  } catch (const nlohmann::json::exception&) {
  } catch (const DataError&) {
  }
  return std::nullopt;
}

}  // namespace leafcast::jobs
