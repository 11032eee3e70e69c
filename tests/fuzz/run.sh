#!/usr/bin/env bash
# Builds the fuzz targets with clang and runs each for so many seconds, one after the other:
#   bash tests/fuzz/run.sh [SECONDS] [TARGET…]        (60 seconds; all targets)
# Exit code 1 if something was found. New inputs are kept in build-fuzz/corpus, finds in build-fuzz/found.
set -euo pipefail
cd "$(dirname "$0")/../.."
. jobs/packages.sh
seconds=60
if [[ ${1:-} =~ ^[0-9]+$ ]]; then
  seconds=$1
  shift
fi
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for folder in tests/fuzz/corpus/*/; do targets+=("$(basename "$folder")"); done
fi
for target in "${targets[@]}"; do
  if [ ! -d "tests/fuzz/corpus/$target" ]; then
    echo "no target $target: they are $(ls tests/fuzz/corpus | tr '\n' ' ')" >&2
    exit 64
  fi
done
install_packages "${leafcast_build_packages[@]}" "${leafcast_fuzz_packages[@]}"
cmake --preset fuzz >/dev/null
cmake --build build-fuzz --target "${targets[@]/#/fuzz_}"

mkdir -p build-fuzz/found
found=0
for target in "${targets[@]}"; do
  mkdir -p "build-fuzz/corpus/$target"
  log=build-fuzz/$target.log
  dictionary=()
  [ -f "tests/fuzz/dictionaries/$target" ] && dictionary=(-dict="tests/fuzz/dictionaries/$target")
  status=0
  ASAN_SYMBOLIZER_PATH=$(command -v llvm-symbolizer-16 llvm-symbolizer llvm-symbolizer-14 | head -n 1 || true) \
    ASAN_OPTIONS=allocator_may_return_null=1:quarantine_size_mb=8:malloc_context_size=6 UBSAN_OPTIONS=print_stacktrace=1 \
    LSAN_OPTIONS=suppressions=tests/sanitizers/leaks.txt:print_suppressions=0 \
    "build-fuzz/tests/fuzz/fuzz_$target" "build-fuzz/corpus/$target" "tests/fuzz/corpus/$target" \
    -max_total_time="$seconds" -timeout=25 -rss_limit_mb=3072 -malloc_limit_mb=1024 -max_len=131072 \
    -print_final_stats=1 -artifact_prefix="build-fuzz/found/$target-" "${dictionary[@]}" </dev/null >"$log" 2>&1 || status=$?
  statistic() { sed -n "s/^stat::$1: *//p" "$log" | tail -n 1; }
  printf '%-17s %9s inputs, %6s a second, %5s MB, %5s new' "$target" "$(statistic number_of_executed_units)" \
    "$(statistic average_exec_per_sec)" "$(statistic peak_rss_mb)" "$(statistic new_units_added)"
  if [ "$status" -ne 0 ]; then
    found=1
    printf '\n  FOUND: %s (see %s)' "$(grep -m 1 -E '^found:|ERROR: |runtime error: |libFuzzer: ' "$log" || echo "exit code $status")" "$log"
  fi
  echo
done
exit $found
