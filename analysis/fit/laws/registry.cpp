#include "analysis/fit/laws/registry.h"

namespace leafcast::analysis {

const std::vector<Law>& laws() {
#define LEAFCAST_MAKE(name) name(),
  static const std::vector<Law> list = {LEAFCAST_LAWS(LEAFCAST_MAKE)};
#undef LEAFCAST_MAKE
  return list;
}

}  // namespace leafcast::analysis
