#pragma once
#include <filesystem>
#include <vector>

#include "io/run/run_directory.h"
#include "jobs/commands/corpus.h"

namespace leafcast::jobs {

/// Makes a corpus' files whole before sampling, and says what it does. Returns the chunks done whose rows must be
/// written again: they are a function of the plan. Until they are, DIR/corpus.again names them. `is_lost`: nobody knows
/// any more how the corpus was written, so rows must agree with `settings`. Throws IoError: a file cannot be read or
/// written; DataError: something else is there, or settings do not agree; what the checkpoint throws.
std::vector<ChunkHash> mend_corpus(io::RunDirectory& directory, const std::filesystem::path& path,
                                   const Record& record, const Corpus& corpus, const CorpusSettings& settings,
                                   bool is_lost, Corpus::Depth depth, const Checkpoint& checkpoint);

}  // namespace leafcast::jobs
