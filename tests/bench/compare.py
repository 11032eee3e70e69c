"""Compares two builds of the benchmark program in turns: A B A B …

compare.py BEFORE/leafcast_bench AFTER/leafcast_bench [--filter REGEX] [--rounds N]

Shows the median of the paired ratios after/before and half their interquartile range. Times below 1 are gains; of rates a
second, those above 1.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

import summary


def measure(program, regex):
    """{name: (value, unit)} of one run."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.json"
        subprocess.run([program, f"--benchmark_filter={regex}", "--benchmark_min_time=0.03", f"--benchmark_out={out}"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        entries = summary.read_benchmarks(json.loads(out.read_text()))
    return {entry["name"]: (entry["value"], entry["unit"]) for entry in entries if "value" in entry}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("--filter", default="^goal/")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    rounds = [(measure(arguments.before, arguments.filter), measure(arguments.after, arguments.filter))
              for _ in range(arguments.rounds)]
    rows = []
    for name, (_, unit) in rounds[0][0].items():
        if name not in rounds[0][1]:
            continue
        ratios = [after[name][0] / before[name][0] for before, after in rounds]
        low, _, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
        rows.append([name, unit, summary.short(min(before[name][0] for before, _ in rounds)),
                     summary.short(min(after[name][0] for _, after in rounds)),
                     f"{statistics.median(ratios):.3f}", f"{(high - low) / 2:.3f}"])
    print("\n".join(summary.table(["what", "unit", "before", "after", "ratio", "±"], rows)))


if __name__ == "__main__":
    main()
