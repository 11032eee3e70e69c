#!/usr/bin/env python3
"""What a sweep of many tiny cells costs: time and memory of each command against the number of cells, and their growth.

    LEAFCAST=build/leafcast tests/bench/growth.py [--cells 100 1000 10000] [--ranks 1] [--report]

The cells are k-grams of trees of 64 leaves, 1,000 samples each. Exponents are those of time and of memory (less what a
program of no cells takes) over the last decade: 1.0 is what is promised.
"""
import argparse
import math
import os
import pathlib
import shutil
import tempfile
import time

LEAFCAST = os.environ.get("LEAFCAST", "build/leafcast")
SWEEP = """seed = 1..{seeds}
[language]
kind = ising
d = 2
height = 6
rho = 0.9
[generator]
kind = kgram
context = 1..10
[sampling]
samples = 1000
"""


def run(arguments, ranks=1):
    """Seconds, and megabytes of the largest process (rank 0)."""
    command = [LEAFCAST, *map(str, arguments)]
    if ranks > 1:
        command = ["mpirun", "--oversubscribe", "-n", str(ranks), *command]
    begin = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ,
                          file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        raise SystemExit(f"{' '.join(command)}: exit code {code}")
    return time.monotonic() - begin, usage.ru_maxrss / 1024


def measure(cells, ranks, report, home):
    sweep, directory = home / f"{cells}.ini", home / f"run-{cells}"
    sweep.write_text(SWEEP.format(seeds=max(1, cells // 10)))
    steps = {"plan": ["plan", sweep, "--pilot", "0"],
             "run": ["run", sweep, "-o", directory, "-q"],
             "status": ["status", directory],
             "table": ["table", directory, "--format", "csv"],
             "fit": ["fit", directory],
             "verify": ["verify", directory]}
    if report:
        steps["report"] = ["report", directory, "-o", home / "report.html"]
    measured = {name: run(step, ranks if name == "run" else 1) for name, step in steps.items()}
    size = (directory / "results.h5").stat().st_size / 1e6
    shutil.rmtree(directory)
    return measured, size


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, nargs="+", default=[100, 1000, 10000])
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--report", action="store_true", help="the report too, which takes longest")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as home:
        for cells in options.cells:
            rows.append((cells, *measure(cells, options.ranks, options.report, pathlib.Path(home))))
            _, measured, size = rows[-1]
            print(f"{cells:8d} cells  " + "  ".join(f"{name} {seconds:.2f} s {megabytes:.0f} MB"
                                                    for name, (seconds, megabytes) in measured.items())
                  + f"  results {size:.1f} MB", flush=True)
    if len(rows) > 1:
        (few, before, _), (many, after, _) = rows[-2:]
        none = min(megabytes for _, megabytes in rows[0][1].values())
        decade = math.log(many / few)
        print("exponents  " + "  ".join(
            f"{name} {math.log(after[name][0] / before[name][0]) / decade:.2f} "
            f"({math.log(max(1, after[name][1] - none) / max(1, before[name][1] - none)) / decade:.2f} of memory)"
            for name in after))
        print("each cell of the last  " + "  ".join(
            f"{name} {1e3 * after[name][0] / many:.3f} ms {1e3 * (after[name][1] - none) / many:.1f} kB" for name in after))


if __name__ == "__main__":
    main()
