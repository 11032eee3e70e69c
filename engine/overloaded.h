#pragma once

namespace leafcast {

/// Calls whichever of its functions takes the argument: a visitor of a variant, without a fall-through.
template <class... Functions>
struct overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
overloaded(Functions...) -> overloaded<Functions...>;

}  // namespace leafcast
