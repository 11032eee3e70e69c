#include "jobs/commands/time_limit.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <regex>

#include "jobs/commands/say.h"

namespace leafcast::jobs {

namespace {

std::optional<double> parse_number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The first line that a command prints.
std::string first_line_of(const std::string& command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::array<char, 128> line{};
  if (!pipe || !std::fgets(line.data(), static_cast<int>(line.size()), pipe.get())) return "";
  std::string text = line.data();
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  return text;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// As squeue knows the job. The last task of an array has the number of the array itself, which means all its
/// tasks, so tasks go by the array's number and their own.
std::string job_name() {
  const std::string array = environment("SLURM_ARRAY_JOB_ID"), task = environment("SLURM_ARRAY_TASK_ID");
  return array.empty() || task.empty() ? environment("SLURM_JOB_ID") : array + "_" + task;
}

}  // namespace

std::optional<double> slurm_seconds_left() {
  const std::string job = job_name();
  if (job.empty()) return std::nullopt;
  bool is_stale = false;
  if (const char* end = std::getenv("SLURM_JOB_END_TIME"))
    if (const auto time = parse_number(end)) {
      const double left = *time - static_cast<double>(std::time(nullptr));
      if (left > 0) return left;
      is_stale = true;
    }
  std::optional<double> left;
  if (std::regex_match(job, std::regex("[0-9]{1,18}(_[0-9]{1,18})?")))
    left = parse_slurm_time(first_line_of("timeout 10 squeue -h -o %L -j " + job + " 2>/dev/null"));
  if (is_stale && !left)
    say("note: the time limit in the environment (SLURM_JOB_END_TIME, of job {}) lies in the past and is ignored: it is "
        "of a job that has ended; unset SLURM_JOB_ID, or say --max-seconds\n",
        job);
  return left;
}

std::optional<double> parse_slurm_time(const std::string& text) {
  static const std::regex form("(?:(?:([0-9]+)-)?([0-9]+):)?([0-9]+):([0-9]+)");
  std::smatch match;
  if (!std::regex_match(text, match, form)) return std::nullopt;
  double seconds = 0;
  constexpr std::array<double, 4> kUnits = {86400, 3600, 60, 1};
  for (std::size_t i = 0; i < kUnits.size(); ++i)
    if (match[i + 1].matched) seconds += kUnits[i] * parse_number(match[i + 1]).value_or(0);
  return seconds;
}

double usable_seconds(double seconds_left) {
  constexpr double kReserve = 45;
  return std::max(seconds_left - std::min(kReserve, 0.25 * seconds_left), 1.0);
}

}  // namespace leafcast::jobs
