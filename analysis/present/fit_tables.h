#pragma once
#include <iosfwd>
#include <vector>

#include "analysis/present/document.h"
#include "engine/observe/estimate.h"
#include "engine/observe/fit.h"

namespace leafcast::analysis {

/// Fits as text for people, CSV (a row per coefficient) or JSON.
void write_fits(std::ostream& out, Format format, const std::vector<Fit>& fits);

/// A table per law, in which fits of all groups stand side by side, with their notes.
Document laws_document(const std::vector<Fit>& fits);

}  // namespace leafcast::analysis
