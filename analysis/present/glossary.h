#pragma once
#include "analysis/present/document.h"
#include "engine/plan/record.h"

namespace leafcast::analysis {

/// The words of the program that the field does not have, as far as these cells need them.
Document glossary(const Plan& plan);

}  // namespace leafcast::analysis
