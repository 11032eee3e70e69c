#!/usr/bin/env bash
# Builds in Release and measures everything in about five minutes: bash tests/bench/run.sh [OPTION…]
#   --quick                  fewer repetitions and rounds: two minutes, rougher
#   --filter REGEX           only benchmarks whose name matches (goal, grid, growth, pair, instruction-set, master, corpora, grammars, limit);
#                            without the whole program
#   --instruction-set NAME   not the best one of the machine
# Writes build/bench/results.json and build/bench/summary.md, and shows the latter.
set -euo pipefail
cd "$(dirname "$0")/../.."
quick=() filter='' options=() repetitions=5
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=(--quick) repetitions=2 ;;
    --filter) filter=${2:?--filter needs a regular expression} && shift ;;
    --instruction-set) options+=("--instruction-set=${2:?--instruction-set needs a name}") && shift ;;
    *) sed -n '2,7s/^# //p' "$0" >&2 && exit 64 ;;
  esac
  shift
done

. jobs/packages.sh
install_packages "${leafcast_build_packages[@]}" "${leafcast_bench_packages[@]}"
use_local_mpi
cmake --preset release -DLEAFCAST_TESTS=OFF -DLEAFCAST_BENCH=ON >/dev/null
cmake --build --preset release --target leafcast leafcast_bench

results=build/bench
pin=()
if command -v taskset >/dev/null; then # the last core that this shell may use: the first serves most interrupts
  core=$(taskset -cp $$ | grep -o '[0-9]*$')
  pin=(taskset -c "$core")
fi
inputs=("$results/benchmarks.json")
"${pin[@]}" "$results/leafcast_bench" "${options[@]}" --benchmark_filter="${filter:+limit|}${filter:-.}" \
  --benchmark_repetitions="$repetitions" --benchmark_enable_random_interleaving=true --benchmark_min_time=0.03 \
  --benchmark_display_aggregates_only=true --benchmark_out="${inputs[0]}" --benchmark_out_format=json |
  { grep --line-buffered -E '_mean|ERROR' || true; } | cut -c 1-100
if [ -z "$filter" ]; then
  inputs+=("$results/whole_program.json")
  /usr/bin/python3 tests/bench/whole_program.py build/leafcast "${inputs[1]}" "${quick[@]}"
fi
/usr/bin/python3 tests/bench/summary.py --json "$results/results.json" --markdown "$results/summary.md" "${inputs[@]}"
