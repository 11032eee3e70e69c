#pragma once
#include <map>
#include <string>

#include "engine/parameters/parameters.h"

namespace leafcast::jobs {

/// Levels of sampling.crossing that are shares of what the language itself has: "variance:90%" is 0.9 of the exact value, that
/// is, where a writer comes within 10% of it. They become numbers of six digits when a sweep is read, so that plans do
/// not depend on how a library rounds.
class LevelShares {
 public:
  /// The crossing of a cell in the making, with numbers alone. Throws CellError where the exact value is not known, and where
  /// the key that is searched changes the language, so that its candidates would have different levels.
  std::string numbers(const Parameters& parameters);

 private:
  double exact(const Parameters& parameters, const std::string& statistic, const std::string& crossing);
  std::map<std::string, double> known_;  ///< by language and statistic
};

}  // namespace leafcast::jobs
