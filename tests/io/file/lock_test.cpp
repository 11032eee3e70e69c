#include "io/file/lock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <thread>

#include "tests/io/fixtures.h"

namespace lock_test {

using namespace leafcast;
using namespace leafcast::io;
using namespace std::chrono_literals;

namespace {

const LockTiming kQuick{10ms, 300ms};
const LockTiming kPatient{10ms, 1h};  // where no stall of this machine may be taken for a death

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

TEST_CASE("a recycled process number does not keep a lock alive") {
  const Scratch scratch;
  write_text(scratch / "lock", lock_text_with(scratch, "start", "12345"));
  Lock::acquire(scratch / "lock").check_held();
}

TEST_CASE("a host of the same name, rebooted, another or a container, is judged by its heartbeat") {
  const Scratch scratch;
  const auto [field, value] = GENERATE(table<std::string, std::string>(
      {{"boot", "00000000-0000-0000-0000-000000000000"}, {"space", "pid:[1]"}}));
  write_text(scratch / "lock", lock_text_with(scratch, field, value));
  CHECK(look_at_lock(scratch / "lock", kPatient)->lives);
  const auto begin = std::chrono::steady_clock::now();
  Lock::acquire(scratch / "lock", kQuick).check_held();
  CHECK(std::chrono::steady_clock::now() - begin >= kQuick.silent);
}

TEST_CASE("another host's lock is respected while its heart beats") {
  const Scratch scratch;
  write_text(scratch / "lock", lock_text_with(scratch, "host", "node042"));
  std::string said;
  LockTiming timing{20ms, 600s};
  timing.say = [&](const std::string& text) { said = text; };
  std::atomic<bool> stop = false;
  std::thread heart([&] {
    while (!stop) {
      std::this_thread::sleep_for(20ms);
      ::utimensat(AT_FDCWD, (scratch / "lock").c_str(), nullptr, 0);
    }
  });
  const std::string message = message_of<IoError>([&] { Lock::acquire(scratch / "lock", timing); });
  stop = true;
  heart.join();
  CHECK(contains(message, "on host node042"));
  CHECK(contains(message, "another -o directory"));
  CHECK(contains(said, "watching for 600 s"));
}

TEST_CASE("another host's lock is taken over once its heart has stood still") {
  const Scratch scratch;
  write_text(scratch / "lock", lock_text_with(scratch, "host", "node042"));
  const auto begin = std::chrono::steady_clock::now();
  Lock::acquire(scratch / "lock", kQuick).check_held();
  CHECK(std::chrono::steady_clock::now() - begin >= kQuick.silent);
}

TEST_CASE("a lock without heartbeat, of another host, is left for people to remove") {
  const Scratch scratch;
  std::string text = lock_text_with(scratch, "host", "node042");
  text.erase(text.find("beats="), std::string("beats=yes\n").size());
  write_text(scratch / "lock", text);
  const std::string message = message_of<IoError>([&] { Lock::acquire(scratch / "lock", kQuick); });
  CHECK(contains(message, "on host node042"));
  CHECK(contains(message, "remove " + (scratch / "lock").string()));
}

TEST_CASE("the heart beats while its holder does something else, and only for its own lock") {
  const Scratch scratch;
  const Lock lock = Lock::acquire(scratch / "lock", kQuick);
  const auto last = [&] { return fs::last_write_time(scratch / "lock"); };
  const auto first = last();
  while (last() == first) std::this_thread::sleep_for(kQuick.beat);
  CHECK(look_at_lock(scratch / "lock", kPatient)->lives);
  write_text(scratch / "lock", lock_text_with(scratch, "pid", "1"));
  int beats = 0;  // of the next hundred: one may have been under way
  for (auto [n, before] = std::pair(0, last()); n < 100; ++n, before = last()) {
    std::this_thread::sleep_for(kQuick.beat);
    beats += last() != before;
  }
  CHECK(beats <= 1);
}

TEST_CASE("who looks at a lock is told whose it is and whether he lives") {
  const Scratch scratch;
  CHECK(!look_at_lock(scratch / "lock"));
  write_text(scratch / "lock", "host=");
  CHECK(!look_at_lock(scratch / "lock"));
  const std::string text = lock_text_with(scratch, "host", "node042");
  write_text(scratch / "lock", text);
  auto state = look_at_lock(scratch / "lock", kPatient);
  REQUIRE(state);
  CHECK(state->host == "node042");
  CHECK(state->process == ::getpid());
  CHECK(state->lives);
  CHECK(state->beat_seconds < 3000);
  fs::last_write_time(scratch / "lock", fs::file_time_type::clock::now() - 1h);
  state = look_at_lock(scratch / "lock");
  CHECK(!state->lives);
  CHECK(state->beat_seconds > 3500);
  write_text(scratch / "lock", lock_text_with(scratch, "start", "12345"));
  CHECK(!look_at_lock(scratch / "lock")->lives);
}

TEST_CASE("a requeued SLURM job takes over the lock that it left on another host") {
  const Scratch scratch;
  ::setenv("SLURM_JOB_ID", "4711", 1);
  ::setenv("SLURM_RESTART_COUNT", "1", 1);
  const std::string text = lock_text_with(scratch, "host", "node042");
  write_text(scratch / "lock", text);
  // It watches whoever may live yet.
  const auto watches = [&] {
    bool watched = false;
    LockTiming timing = kQuick;
    timing.say = [&](const std::string&) { watched = true; };
    Lock::acquire(scratch / "lock", timing);
    return watched;
  };
  CHECK(watches());  // a step of the same incarnation may well live there
  write_text(scratch / "lock", text);
  ::setenv("SLURM_RESTART_COUNT", "2", 1);
  CHECK(!watches());
  write_text(scratch / "lock", text);
  ::setenv("SLURM_JOB_ID", "4712", 1);
  CHECK(watches());
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
  int go[2], tried[2], end[2];
  REQUIRE((::pipe(go) == 0 && ::pipe(tried) == 0 && ::pipe(end) == 0));
  for (int i = 0; i < kProcesses; ++i) {
    if (::fork() != 0) continue;
    char byte = 0;
    ::close(go[1]);
    ::close(end[1]);
    [[maybe_unused]] auto ignored = ::read(go[0], &byte, 1);  // returns when the parent closes its end
    char said = 'w';
    try {
      new Lock(Lock::acquire(scratch / "lock"));
    } catch (const IoError&) {
      said = 'r';
    }
    ignored = ::write(tried[1], &said, 1);
    ignored = ::read(end[0], &byte, 1);  // alive while the others try
    ::_exit(0);
  }
  ::close(go[0]);
  ::close(go[1]);
  int winners = 0;
  for (int i = 0; i < kProcesses; ++i) {
    char said = 0;
    REQUIRE(::read(tried[0], &said, 1) == 1);
    winners += said == 'w';
  }
  for (const int fd : {tried[0], tried[1], end[0], end[1]}) ::close(fd);
  while (::wait(nullptr) > 0) {
  }
  CHECK(winners == 1);
}

}  // namespace lock_test
