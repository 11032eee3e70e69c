#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analysis/present/document.h"
#include "engine/observe/estimate.h"
#include "engine/plan/record.h"

namespace leafcast::analysis {

/// How results and a page of them came about.
struct Provenance {
  using Entries = std::map<std::string, std::string>;  ///< name → text, as in results.h5
  std::vector<std::pair<std::string, Entries>> runs;   ///< by the name of the directory or file read
  Entries report;                                      ///< of the command that makes the page
};

/// What the samples cost.
struct CostView {
  double sampled = kUnknown;    ///< core seconds that the last command of each run took
  double predicted = kUnknown;  ///< for the same chunks, by the cost model of the run
  std::string rates;            ///< where the model's rates come from
  Table by_work;                ///< a row per kind of work: predicted for all chunks done
};
CostView cost_view(const Record& record, const Provenance& provenance);

}  // namespace leafcast::analysis
