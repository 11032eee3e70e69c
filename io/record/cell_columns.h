#pragma once
#include <cstdint>
#include <vector>

#include "engine/plan/plan.h"
#include "io/hdf5/hdf5.h"

namespace leafcast::io {

/// Writes /cells: a column a parameter, a row a cell. What a cell does not use is −1, NaN or "".
void put_cell_columns(h5::Group group, const h5::Axis& axis, const Plan& plan,
                      const std::vector<std::uint32_t>& cells);

}  // namespace leafcast::io
