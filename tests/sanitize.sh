#!/usr/bin/env bash
# Builds with a sanitizer and runs the default tests: bash tests/sanitize.sh [address|thread] [CTEST OPTION…]
#   address   (default) addresses, leaks and undefined behaviour: all default tests but those on Slurm
#   thread    data races: the unit tests (MPI is not instrumented, and whole runs have one thread and a heartbeat)
set -euo pipefail
cd "$(dirname "$0")/.."
. jobs/packages.sh
kind=address
if [[ ${1:-} == address || ${1:-} == thread ]]; then
  kind=$1
  shift
fi
install_packages "${leafcast_build_packages[@]}" "${leafcast_test_packages[@]}"
use_local_mpi
preset=sanitize
[ "$kind" = thread ] && preset=thread
cmake --preset "$preset" -DLEAFCAST_TESTS=ON >/dev/null
cmake --build "build-$preset"
export ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1:check_initialization_order=1
export UBSAN_OPTIONS=print_stacktrace=1
export LSAN_OPTIONS=suppressions=$PWD/tests/sanitizers/leaks.txt:print_suppressions=0
export TSAN_OPTIONS=suppressions=$PWD/tests/sanitizers/threads.txt:halt_on_error=1
if [ "$kind" = thread ]; then
  ctest --preset thread -j "$(nproc)" -E '^(mpi|golden|layers|fuzz|slurm)' "$@"
  exit
fi
# What Open MPI keeps cannot be told from a leak once its plugins are unloaded: no leaks are sought where it runs.
ctest --preset sanitize -j "$(nproc)" -E '^(mpi|slurm)' "$@"
# Whole runs are so many times slower here, and sized accordingly.
export LEAFCAST_TEST_SLOWDOWN=20
ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 ctest --preset sanitize -j "$(nproc)" -R '^mpi' "$@"
