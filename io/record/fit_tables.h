#pragma once
#include <memory>

#include "engine/observe/estimate.h"
#include "engine/observe/fit.h"
#include "io/hdf5/hdf5.h"

namespace leafcast::io {

/// Writes /fits: a group for each law, in it tables over all of its fits. Fits come one after the other, those of one
/// law together, and none is kept.
class FitTables {
 public:
  explicit FitTables(h5::Group group);
  ~FitTables();
  /// Throws ContractError if x, y and errors are of unequal length, or the law had ended.
  void append(const Fit& fit);
  void finish();

 private:
  struct OfLaw;
  h5::Group group_;
  std::unique_ptr<OfLaw> law_;
};

}  // namespace leafcast::io
