#pragma once
#include "engine/cell/cell.h"
#include "engine/parameters/parameter_reader.h"

namespace leafcast {

/// Reads the keys of `observe`, and refuses what this writer's method does not show.
Observe read_observe(ParameterReader& reader, const Language& language, const Generator& generator,
                     Method method);

}  // namespace leafcast
