// Files of stochastic matrices (language.file), and the channels that they make.
#include <cmath>

#include "engine/cell/cell.h"
#include "engine/language/channel.h"
#include "engine/language/languages.h"
#include "engine/observe/tally.h"
#include "jobs/sweep/kernel_file.h"
#include "tests/fuzz/fuzz.h"

using namespace leafcast;

namespace {

bool is_law(const Eigen::VectorXd& law) {
  return law.allFinite() && law.minCoeff() >= 0 && std::abs(law.sum() - 1) < 1e-6;
}

void check(const Channel& channel) {
  fuzz::require(is_law(channel.stationary()), "a stationary law that is none");
  fuzz::require(std::isfinite(channel.lambda()), "an eigenvalue that is no number");
  const Eigen::MatrixXd across = channel.across(3);
  for (int a = 0; a < channel.q(); ++a)
    fuzz::require(is_law(channel.kernel().row(a).transpose()) &&
                      is_law(channel.reversed().row(a).transpose()) && is_law(across.row(a).transpose()),
                  "a row that is no law");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile file;
  file.write(fuzz::text_of(data, size));
  fuzz::refusing<UsageError>([&] {
    const std::string matrix = jobs::read_kernel_file(file.path());
    check(Channel::general(parse_matrix(matrix)));
    try {
      const Cell cell = Cell::make({{"language.kind", "kernel"},
                                    {"language.matrix", matrix},
                                    {"language.d", "3"},
                                    {"language.height", "5"},
                                    {"generator.kind", "true"}});
      fuzz::require(Cell::make(cell.parameters()).parameters() == cell.parameters(),
                    "a cell that its parameters do not give");
      fuzz::require(
          HistogramBins::centre(cell) >= 0 && HistogramBins::centre(cell) <= cell.language().leaves(),
          "a mean outside of the sentence");
    } catch (const CellError&) {
    }
  });
  return 0;
}
