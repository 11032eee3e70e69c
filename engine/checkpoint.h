#pragma once
#include <functional>

namespace leafcast {

/// Called between the steps of long work, which it gives up by an exception (Interrupted). Empty: never.
using Checkpoint = std::function<void()>;

inline void pass(const Checkpoint& checkpoint) {
  if (checkpoint) checkpoint();
}

}  // namespace leafcast
