#include "analysis/theory/structure_cost.h"

#include <cmath>

#include "engine/language/structure_law.h"
#include "engine/language/tree.h"

namespace leafcast::analysis {

double structure_cross_entropy(const Cell& cell) {
  const Language& language = cell.language();
  StructureLaw law(language.d, language.height, std::get<KgramGenerator>(cell.generator()).context);
  LeafOdometer odometer(language.d, language.height);
  const std::int64_t leaves = language.leaves();
  double nats = 0;
  const auto pay = [&](int level) {
    nats -= std::log(law.probability(level));
    law.observe(level);
  };
  law.begin();
  for (int carry = 0; odometer.leaf() < leaves; carry = odometer.advance()) {
    if (carry > 0) pay(carry);
    pay(0);
  }
  return nats;
}

}  // namespace leafcast::analysis
