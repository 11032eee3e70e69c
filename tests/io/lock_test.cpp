#include "io/lock.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "tests/io/fixtures.h"

using namespace leafcast;
using namespace leafcast::io;

namespace {

std::string read_text(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write_text(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

/// Runs a function in a child process and waits for its death.
pid_t run_in_child(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  return child;
}

/// The lock file that this process would write, with one field changed.
std::string lock_text_with(const Scratch& scratch, const std::string& field, const std::string& value) {
  const Lock lock = Lock::acquire(scratch / "sample");
  std::string text = read_text(scratch / "sample");
  const auto begin = text.find(field + "=") + field.size() + 1;
  return text.replace(begin, text.find('\n', begin) - begin, value);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a lock is a file while it is held") {
  const Scratch scratch;
  {
    const Lock lock = Lock::acquire(scratch / "lock");
    CHECK(fs::exists(scratch / "lock"));
    CHECK_NOTHROW(lock.check_held());
    CHECK(contains(read_text(scratch / "lock"), "pid=" + std::to_string(::getpid())));
  }
  CHECK(!fs::exists(scratch / "lock"));
}

TEST_CASE("a lock moves without being released") {
  const Scratch scratch;
  Lock lock = Lock::acquire(scratch / "lock");
  const Lock moved = std::move(lock);
  moved.check_held();
}

TEST_CASE("a second opener is told who holds the lock") {
  const Scratch scratch;
  const Lock lock = Lock::acquire(scratch / "lock");
  const std::string message = message_of<IoError>([&] { Lock::acquire(scratch / "lock"); });
  CHECK(contains(message, "in use by process " + std::to_string(::getpid()) + " on host "));
  CHECK(contains(message, "another -o directory"));
  lock.check_held();
}

TEST_CASE("the lock of a dead process is taken over") {
  const Scratch scratch;
  const pid_t child = run_in_child([&] { new Lock(Lock::acquire(scratch / "lock")); });
  CHECK(contains(read_text(scratch / "lock"), "pid=" + std::to_string(child)));
  Lock::acquire(scratch / "lock").check_held();
  CHECK(!fs::exists(scratch / "lock"));
}

TEST_CASE("the lock of a killed process that nobody has waited for yet is taken over") {
  const Scratch scratch;
  const pid_t child = ::fork();
  if (child == 0) {
    new Lock(Lock::acquire(scratch / "lock"));
    ::raise(SIGKILL);
  }
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  Lock::acquire(scratch / "lock").check_held();
  ::waitpid(child, nullptr, 0);
}

TEST_CASE("a recycled process number or a rebooted host does not keep a lock alive") {
  const Scratch scratch;
  const auto [field, value] = GENERATE(table<std::string, std::string>(
      {{"start", "12345"}, {"boot", "00000000-0000-0000-0000-000000000000"}}));
  write_text(scratch / "lock", lock_text_with(scratch, field, value));
  Lock::acquire(scratch / "lock").check_held();
}

TEST_CASE("another host's lock is respected, and the remedy named") {
  const Scratch scratch;
  write_text(scratch / "lock", lock_text_with(scratch, "host", "node042"));
  const std::string message = message_of<IoError>([&] { Lock::acquire(scratch / "lock"); });
  CHECK(contains(message, "on host node042"));
  CHECK(contains(message, "remove " + (scratch / "lock").string()));
}

TEST_CASE("a requeued SLURM job takes over the lock that it left on another host") {
  const Scratch scratch;
  ::setenv("SLURM_JOB_ID", "4711", 1);
  ::setenv("SLURM_RESTART_COUNT", "1", 1);
  const std::string text = lock_text_with(scratch, "host", "node042");
  write_text(scratch / "lock", text);
  CHECK_THROWS_AS(Lock::acquire(scratch / "lock"),
                  IoError);  // a step of the same incarnation may well live there
  ::setenv("SLURM_RESTART_COUNT", "2", 1);
  CHECK_NOTHROW(Lock::acquire(scratch / "lock"));
  write_text(scratch / "lock", text);
  ::setenv("SLURM_JOB_ID", "4712", 1);
  CHECK_THROWS_AS(Lock::acquire(scratch / "lock"), IoError);
  ::unsetenv("SLURM_JOB_ID");
  ::unsetenv("SLURM_RESTART_COUNT");
}

TEST_CASE("a lock that says nothing is not taken") {
  const Scratch scratch;
  write_text(scratch / "lock", "");
  CHECK(contains(message_of<IoError>([&] { Lock::acquire(scratch / "lock"); }), "does not say who holds it"));
}

TEST_CASE("a forked child does not release its parent's lock") {
  const Scratch scratch;
  Lock lock = Lock::acquire(scratch / "lock");
  run_in_child([&] { Lock(std::move(lock)); });
  lock.check_held();
}

TEST_CASE("a lock that was removed and taken by another is missed, and left to the other") {
  const Scratch scratch;
  {
    const Lock lock = Lock::acquire(scratch / "lock");
    write_text(scratch / "lock", lock_text_with(scratch, "pid", "1"));
    CHECK_THROWS_AS(lock.check_held(), IoError);
  }
  CHECK(fs::exists(scratch / "lock"));
}

TEST_CASE("of many processes that find a dead one's lock, one gets it") {
  const Scratch scratch;
  write_text(scratch / "lock", lock_text_with(scratch, "start", "1"));
  constexpr int kProcesses = 8;
  int go[2], taken[2];
  REQUIRE((::pipe(go) == 0 && ::pipe(taken) == 0));
  for (int i = 0; i < kProcesses; ++i) {
    if (::fork() != 0) continue;
    char byte = 0;
    ::close(go[1]);
    [[maybe_unused]] auto ignored = ::read(go[0], &byte, 1);  // returns when the parent closes its end
    try {
      new Lock(Lock::acquire(scratch / "lock"));
      ignored = ::write(taken[1], "x", 1);
      ::sleep(1);  // alive while the others try
    } catch (const IoError&) {
    }
    ::_exit(0);
  }
  ::close(go[0]);
  ::close(go[1]);
  ::close(taken[1]);
  int winners = 0;
  for (char byte; ::read(taken[0], &byte, 1) == 1;) ++winners;
  ::close(taken[0]);
  while (::wait(nullptr) > 0) {
  }
  CHECK(winners == 1);
}
