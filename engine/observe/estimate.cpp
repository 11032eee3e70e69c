#include "engine/observe/estimate.h"

namespace leafcast {

double Estimate::z() const {
  const double scale = std::hypot(error, exact_error);
  if (std::isnan(value) || std::isnan(exact) || std::isnan(scale)) return kUnknown;
  if (scale == 0)
    return value == exact ? 0.0 : std::copysign(std::numeric_limits<double>::infinity(), value - exact);
  return (value - exact) / scale;
}

}  // namespace leafcast
