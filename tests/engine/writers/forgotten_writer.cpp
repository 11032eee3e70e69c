// Compiled, never run: a visit that forgets a writer, or a family of languages, does not compile (FORGET_…),
// and one that forgets none does.
#include "engine/writers/writers.h"

namespace leafcast {

int each_writer(const Generator& generator) {
  return visit_writer(generator, overloaded{[](const TrueGenerator&) { return 0; },
                                            [](const KgramGenerator&) { return 1; },
#ifndef FORGET_WRITER
                                            [](const BlockGenerator&) { return 2; },
#endif
                                            [](const ReasoningGenerator&) { return 3; }});
}

int each_family(const Language& language) {
  return language.visit(overloaded{
#ifndef FORGET_FAMILY
      [](const Grammar&) { return 1; },
#endif
      [](const Channel&) { return 0; }});
}

}  // namespace leafcast
