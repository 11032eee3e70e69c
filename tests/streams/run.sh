#!/usr/bin/env bash
# Pipes the streams, as they are used, into batteries of tests of randomness; exit code 1 if any test says FAILED:
#   bash tests/streams/run.sh [--quick] [--broken] [INTERLEAVING…]
# --quick: the short tests only. --broken: the same with a wrong twin (no Philox), which must fail. See README.md.
# STREAM_DUMP names the program if it is built already; RESULTS the directory for the batteries' own output.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/jobs/packages.sh"

quick= twin= orders=() length=64GB
for argument; do
  case $argument in
    --quick) quick=1 length=1GB ;;
    --broken) twin=unmixed quick=1 length=1GB ;;
    -*) echo "$argument is none of --quick, --broken" >&2 && exit 2 ;;
    *) orders+=("$argument") ;;
  esac
done
if [ ${#orders[@]} -eq 0 ]; then
  orders=(sample batch batches chunks seeds cells lockstep bit0 bit31)
  [ -z "$twin" ] || orders=(batches chunks seeds cells lockstep)
fi

results=${RESULTS:-$(mktemp -d)}
mkdir -p "$results"
results=$(cd "$results" && pwd)

install_packages "${leafcast_stream_packages[@]}"
if [ -z "${STREAM_DUMP:-}" ]; then
  install_packages "${leafcast_build_packages[@]}" "${leafcast_test_packages[@]}"
  cd "$root"
  cmake --preset release -DLEAFCAST_TESTS=ON >/dev/null
  cmake --build --preset release -t stream_dump
  STREAM_DUMP=$root/build/tests/streams/stream_dump
fi

dump() { "$STREAM_DUMP" "$1" ${twin:+"$twin"}; }
# The default columns hold the generator's speed: to measure it dieharder would skip other words each time.
dieharder_csv() {
  dieharder -g 200 -k 2 -c , -D test_name -D ntuple -D tsamples -D psamples -D pvalues -D assessment "$@"
}
quick_tests=(0 2 3 8 9 11 15 16 100 101 205)

failed=0
for order in "${orders[@]}"; do
  out=$results/$order${twin:+.$twin}
  if [ -n "$quick" ]; then
    expected=13
    for test in "${quick_tests[@]}"; do dump "$order" | dieharder_csv -d "$test" || true; done >"$out.dieharder"
  else
    expected=114
    { dump "$order" | dieharder_csv -a || true; } >"$out.dieharder"
  fi
  awk -F, -v name="$order${twin:+ ($twin)}" -v expected=$expected '
    NF < 6 { next }
    { gsub(/ /, ""); total++ }
    $6 == "PASSED" { next }
    { what = "  " $6 " " $1 " " $2 ", p = " $5 }
    $1 ~ /^diehard_(opso|oqso|dna|sums)$/ { suspect++; lines = lines what " (a test in doubt: not counted)\n"; next }
    $6 == "WEAK" { weak++ }
    $6 == "FAILED" { failed++ }
    { lines = lines what "\n" }
    END {
      printf "%-22s dieharder: %d p-values, %d weak, %d failed\n%s", name, total, weak, failed, lines
      if (total < expected) print "  FAILED: cut short, of " expected " p-values"
      exit failed > 0 || total < expected
    }' "$out.dieharder" || failed=1
  if command -v RNG_test >/dev/null; then
    { dump "$order" | RNG_test stdin32 -tlmax "$length" || true; } >"$out.practrand"
    fails=$(grep -c 'FAIL' "$out.practrand" || true)
    lengths=$(grep -c '^length=' "$out.practrand" || true)
    printf '%-22s PractRand: %d lengths tested, %d lines with FAIL\n' "$order${twin:+ ($twin)}" "$lengths" "$fails"
    [ "$fails" -eq 0 ] && [ "$lengths" -gt 0 ] || failed=1
  fi
done
echo "details: $results"
exit $failed
