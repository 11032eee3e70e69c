#pragma once
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "workers/run.h"

namespace leafcast::jobs {

/// 1.5e9 → "1.5 G"; for rates and counts.
std::string format_count(double count);
/// Seconds → "45 s", "12 min 5 s", "3 h 20 min", "2 d 4 h".
std::string format_duration(double seconds);

/// Shows a run's progress on a stream: on a terminal a block that is redrawn (one line a cell in work, one
/// overall); else plain lines, one for every finished cell and one overall every ten seconds. Of more than 200 cells, only
/// how many are done.
class ProgressDisplay {
 public:
  ProgressDisplay(std::FILE* stream, bool terminal) : stream_(stream), terminal_(terminal) {}
  void show(const workers::Progress& progress, bool last);

 private:
  void show_totals(const workers::Progress& progress, bool last);
  void report_finished_cells(const workers::Progress& progress);
  void report_silent_ranks(const workers::Progress& progress);
  void erase_block();

  std::FILE* stream_;
  bool terminal_;
  bool started_ = false;
  std::set<std::size_t> reported_;
  std::set<int> silent_;
  double next_plain_line_ = 0;
  int block_lines_ = 0;
};

}  // namespace leafcast::jobs
