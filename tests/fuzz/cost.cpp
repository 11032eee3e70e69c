// cost.json: what chunks cost.
#include "engine/plan/cost.h"

#include <cmath>

#include "tests/fuzz/fuzz.h"

using namespace leafcast;

namespace {

const Plan& plan() {
  static const Plan small("",
                          {Cell::make({{"language.kind", "ising"},
                                       {"language.d", "3"},
                                       {"language.height", "4"},
                                       {"language.rho", "0.9"},
                                       {"generator.kind", "kgram"},
                                       {"generator.context", "9"}}),
                           Cell::make({{"language.kind", "coloring"},
                                       {"language.d", "2"},
                                       {"language.height", "5"},
                                       {"language.q", "3"},
                                       {"generator.kind", "true"}})},
                          "");
  return small;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::refusing<DataError>([&] {
    const CostModel costs = CostModel::from_json(fuzz::text_of(data, size));
    fuzz::require(CostModel::from_json(costs.json()).rates() == costs.rates(),
                  "costs that their text does not give");
    for (std::uint32_t cell = 0; cell < plan().cells().size(); ++cell) {
      const double seconds = costs.cell_seconds(plan(), cell);
      fuzz::require(std::isfinite(seconds) && seconds >= 0, "a cost that is no time");
    }
  });
  return 0;
}
