#pragma once
#include <fmt/format.h>

#include <cstdio>
#include <string>

namespace leafcast::jobs {

/// Prints to the error stream, and does not mind if nobody can hear it: a full log or a closed terminal must
/// not end a run.
template <class... Arguments>
void say(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  const std::string text = fmt::format(format, std::forward<Arguments>(arguments)...);
  std::fputs(text.c_str(), stderr);
}

}  // namespace leafcast::jobs
