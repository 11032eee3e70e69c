"""At real sizes, every estimate that has an exact value agrees with it within 5 standard errors (MATH.md, section 6).

About 2000 comparisons: a false alarm has probability 1e-3, and the seed is fixed. The mean of z^2 checks that the errors are
neither too large nor too small.
"""
import csv
import io
import pathlib
import tempfile

from leafcast_runs import SLOWDOWN, check_run, samples

SWEEPS = {
    "ising": ["--language.kind=ising", "--language.d=3", "--language.height=8", "--language.rho=0.9",
              "--generator.kind=true,block,reasoning,kgram", "--generator.context-depth=0..height", "--generator.memory=leaves,root",
              "--generator.lca=sampled,sampled-reset,fixed", "--generator.encoding=path,segment",
              "--generator.memory-depth=0..height:2", "--generator.context=0,1,27,6560", samples(20000)],
    "coloring": ["--language.kind=coloring", "--language.d=5", "--language.q=3", "--language.height=4",
                 "--generator.kind=true,block,reasoning,kgram", "--generator.context-depth=0..height", "--generator.memory=leaves,root",
                 "--generator.lca=sampled,sampled-reset,fixed", "--generator.encoding=path,segment",
                 "--generator.context=0,1,30", samples(20000)],
    "potts": ["--language.kind=potts", "--language.d=2", "--language.q=5", "--language.lambda=0.8", "--language.height=9",
              "--generator.kind=true,block", "--generator.context-depth=0,3,6,9", "--generator.memory=leaves,root",
              samples(20000)],
    "kernel": ["--language.kind=kernel", "--language.d=3", "--language.height=6", "--generator.kind=true,block,kgram",
               "--generator.context-depth=0..height:2", "--generator.memory=root", "--generator.lca=sampled,fixed",
               "--generator.context=0,1", samples(20000)],
    "collapsed": ["--language.kind=ising", "--language.d=3", "--language.height=30", "--language.rho=0.9", "--generator.method=collapsed",
                  "--generator.kind=true,block,reasoning", "--generator.context-depth=0..height:3", "--generator.memory=root",
                  "--generator.lca=sampled,sampled-reset,fixed", "--generator.memory-depth=0..height:10", samples(20000)],
    "collapsed-kernel": ["--language.kind=kernel", "--language.d=5", "--language.height=20", "--generator.method=collapsed",
                         "--generator.kind=true,block", "--generator.context-depth=0..height:2", "--generator.memory=root",
                         "--generator.lca=sampled,fixed", samples(10000)],
}


def comparisons(rows):
    return [(float(row["z"]), row) for row in rows if row["z"] not in ("", "nan")]


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    kernel = folder / "kernel.txt"
    kernel.write_text("0.8 0.2 0\n0.1 0.7 0.2\n0.3 0 0.7\n")
    for name, options in SWEEPS.items():
        if "kernel" in name:
            options = [*options, f"--language.file={kernel}"]
        check_run(["run", *options, "-o", folder / name, "-q"], 2)
        rows = list(csv.DictReader(io.StringIO(check_run(["table", folder / name, "--format", "csv"]).stdout)))
        pairs = comparisons(rows)
        worst = max(pairs, key=lambda pair: abs(pair[0]))
        # Rates of hardly any event and statistics with no spread say nothing about the size of errors.
        typical = [z for z, row in pairs if row["statistic"] in ("variance", "variance@2", "excess_kurtosis") and float(row["stderr"]) > 0]
        mean_square = sum(z * z for z in typical) / len(typical)
        print(f"{name}: {len(pairs)} comparisons, largest |z| {abs(worst[0]):.2f}, mean z^2 {mean_square:.2f}")
        assert len(pairs) > 50
        if SLOWDOWN > 1:  # too few samples to judge errors by
            continue
        assert abs(worst[0]) < 5, worst
        assert 0.5 < mean_square < 1.6, mean_square

        # The wrong twin: the same estimates beside exact values that are off by 2% fail (of whole sentences, 10%).
        statistic, factor = ("variance", 1.1) if name.startswith("collapsed") else ("variance@1", 1.02)
        off = [(float(r["value"]) - factor * float(r["exact"])) / float(r["stderr"]) for _, r in pairs
               if r["statistic"] == statistic and float(r["stderr"]) > 0]
        assert max(abs(z) for z in off) > 5
