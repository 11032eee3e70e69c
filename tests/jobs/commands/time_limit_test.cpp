#include "jobs/commands/time_limit.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace time_limit_test {

using namespace leafcast::jobs;

namespace {

/// Sets variables of the environment, and sets them back.
class Environment {
 public:
  void set(const std::string& name, const std::string& value) {
    const char* old = std::getenv(name.c_str());
    saved_.emplace_back(name, old ? std::optional<std::string>(old) : std::nullopt);
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (auto entry = saved_.rbegin(); entry != saved_.rend(); ++entry)
      entry->second ? ::setenv(entry->first.c_str(), entry->second->c_str(), 1)
                    : ::unsetenv(entry->first.c_str());
  }

 private:
  std::vector<std::pair<std::string, std::optional<std::string>>> saved_;
};

/// A squeue that does what the script says, first on the PATH.
class FakeSqueue {
 public:
  explicit FakeSqueue(const std::string& script) {
    std::string name = (std::filesystem::temp_directory_path() / "leafcast-squeue-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    folder_ = name;
    std::ofstream(folder_ / "squeue") << "#!/bin/sh\n" << script << "\n";
    ::chmod((folder_ / "squeue").c_str(), 0755);
    environment_.set("PATH", folder_.string() + ":" + std::getenv("PATH"));
    environment_.set("SLURM_JOB_ID", "4711");
  }
  ~FakeSqueue() { std::filesystem::remove_all(folder_); }

 private:
  std::filesystem::path folder_;
  Environment environment_;
};

}  // namespace

TEST_CASE("times as squeue prints them") {
  CHECK(parse_slurm_time("0:30") == 30);
  CHECK(parse_slurm_time("03:04") == 184);
  CHECK(parse_slurm_time("2:03:04") == 7384);
  CHECK(parse_slurm_time("1-02:03:04") == 93784);
  for (const char* text :
       {"UNLIMITED", "INVALID", "NOT_SET", "", "12", "1-2", "-1:00", "1:00 ", "1:2:3:4", "a:10"})
    CHECK(!parse_slurm_time(text));
}

TEST_CASE("the time left is asked of Slurm inside a job, and only there") {
  CHECK(!slurm_seconds_left());
  const FakeSqueue squeue(R"([ "$*" = "-h -o %L -j 4711" ] && echo 1:02:03)");
  CHECK(slurm_seconds_left() == 3723);
}

TEST_CASE("a Slurm that knows no limit, or does not answer, sets none") {
  const FakeSqueue squeue(GENERATE("echo UNLIMITED", "echo slurm_load_jobs error >&2; exit 1", "exit 0"));
  CHECK(!slurm_seconds_left());
}

TEST_CASE("newer Slurms tell the end of the job in its environment") {
  const FakeSqueue squeue("echo 9:99:99");
  Environment environment;
  const std::time_t begin = std::time(nullptr);
  environment.set("SLURM_JOB_END_TIME", std::to_string(begin + 600));
  const auto left = slurm_seconds_left();
  REQUIRE(left);
  CHECK(*left <= 600);
  CHECK(*left >= static_cast<double>(begin + 600 - std::time(nullptr)));
}

TEST_CASE("a job number that is none starts no command") {
  const FakeSqueue squeue("echo 1:00:00");
  Environment environment;
  environment.set("SLURM_JOB_ID", "1; echo 2:00");
  CHECK(!slurm_seconds_left());
}

TEST_CASE("some of the time left is for others") {
  CHECK(usable_seconds(3600) == 3555);
  CHECK(usable_seconds(60) == 45);
  CHECK(usable_seconds(0.1) == 1);
  CHECK(usable_seconds(-50) == 1);
}

TEST_CASE("a task of an array is asked for by the array's number and its own") {
  const FakeSqueue squeue(R"([ "$*" = "-h -o %L -j 4700_11" ] && echo 10:00)");
  CHECK(!slurm_seconds_left());
  Environment environment;
  environment.set("SLURM_ARRAY_JOB_ID", "4700");
  environment.set("SLURM_ARRAY_TASK_ID", "11");
  CHECK(slurm_seconds_left() == 600);
}

}  // namespace time_limit_test
