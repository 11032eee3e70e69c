// plan.txt as it stands, and its cells in a plan whose hash is right.
#include "engine/plan/plan.h"

#include <cmath>
#include <sstream>

#include "engine/plan/cost.h"
#include "tests/fuzz/fuzz.h"

using namespace leafcast;

namespace {

/// The cells of all lines that can be; a hash guards them in plan.txt.
std::vector<Cell> cells_of(const std::string& text) {
  std::vector<Cell> cells;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line) && cells.size() < 100;) {
    Parameters parameters;
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, '\t');)
      if (const auto equals = field.find('='); equals != field.npos)
        parameters[field.substr(0, equals)] = field.substr(equals + 1);
    try {
      cells.push_back(Cell::make(parameters));
    } catch (const CellError&) {
    } catch (const Error&) {
    }
  }
  return cells;
}

void check(const Plan& plan) {
  const Plan read = Plan::from_text(plan.text(), "");
  fuzz::require(read.hash() == plan.hash() && read.text() == plan.text(),
                "a plan that its text does not give");
  for (std::uint32_t c = 0; c < plan.cells().size(); ++c) {
    const Cell& cell = plan.cells()[c];
    fuzz::require(is_printable(cell.label()), "a label that cannot be printed");
    for (const double cost : {sentence_seconds(cell), sampler_bytes(cell), tally_bytes(cell)})
      fuzz::require(std::isfinite(cost) && cost > 0, "a cost that is none");
    fuzz::require(!work_class(cell).empty(), "a cell without a class of work");
    if (plan.chunks(c) > 1 << 12) continue;
    std::uint64_t samples = 0;
    for (std::uint32_t i = 0; i < plan.chunks(c); ++i) samples += plan.samples({c, i});
    fuzz::require(samples == cell.samples(), "chunks that are not the cell's samples");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = fuzz::text_of(data, size);
  fuzz::refusing<DataError>([&] { check(Plan::from_text(text, "")); });
  check(Plan("fuzz", cells_of(text), ""));
  return 0;
}
