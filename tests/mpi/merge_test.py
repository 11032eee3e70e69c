"""merge: slices, parts and results in every mixture; other seeds only when asked for; nothing is overwritten."""
import csv
import io
import math
import os
import pathlib
import shutil
import tempfile

import h5py

from leafcast_runs import check_run, contents, differences, run

SWEEP = """title = Merging
[language]
kind = ising, coloring
d = 3
height = 4
rho = 0.9
q = 3
[generator]
kind = true, block, reasoning
context-depth = 2
memory = leaves
encoding = segment
memory-depth = 2
[sampling]
samples = 2000
"""


def table(path):
    rows = csv.DictReader(io.StringIO(check_run(["table", path, "--format", "csv"]).stdout))
    return {(row["cell"], row["statistic"]): row for row in rows}


def same(first, second):
    different = differences(first, second)
    assert not different, f"{first} and {second} differ: {different}"
    assert len(contents(first)) > 50


def refused(arguments, code, *words):
    done = run(arguments)
    assert done.returncode == code, f"{arguments}: exit {done.returncode}, expected {code}\n{done.stderr}"
    messages = [line for line in done.stderr.splitlines() if line.startswith("leafcast: ")]
    assert len(messages) == 1, done.stderr
    for word in words:
        assert str(word) in messages[0], f"no {word!r} in {messages[0]!r}"
    return messages[0]


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    sweep = folder / "sweep.ini"
    sweep.write_text(SWEEP)

    def sample(directory, *options):
        check_run(["run", sweep, *options, "-o", folder / directory, "-q"])
        return folder / directory

    def merge(output, *inputs, options=()):
        check_run(["merge", *inputs, *options, "-o", folder / output])
        return folder / output

    def pool(output, *inputs):
        return merge(output, *inputs, options=["--combine-seeds"])

    # ---- slices of one seed, in every mixture
    whole = sample("whole")
    slices = [sample(f"slice{i}", "--slice", f"{i}/3") for i in (1, 2, 3)]
    first_two = folder / "first_two.h5"
    done = run(["merge", *slices[:2], "-o", first_two])
    assert done.returncode == 75 and "missing slices: 3/3 (all " in done.stderr, done
    part = next((slices[2] / "parts").iterdir())
    link = folder / "link"
    link.symlink_to(slices[2])
    copy = shutil.copy(part, folder / "copy.h5")
    for inputs in ([*slices], [first_two, slices[2]], [part, first_two], [first_two, link, slices[2], part, copy]):
        same(whole / "results.h5", merge("united.h5", *inputs))
    same(whole / "results.h5", merge("again.h5", folder / "united.h5"))
    refused(["merge", first_two, slices[0], "-o", folder / "x.h5"], 65, first_two, slices[0], "both hold chunk",
            "leave one of the two out")
    refused(["merge", whole, whole / "results.h5", "-o", folder / "x.h5"], 65, "leave out the results")
    refused(["merge", folder / "united.h5", folder / "again.h5", "-o", folder / "x.h5"], 65, "united.h5", "again.h5")
    assert not (folder / "x.h5").exists()

    # ---- other seeds
    two, three = sample("two", "--seed=2", "--sampling.samples=1000"), sample("three", "--seed=3", "--sampling.samples=50")
    refused(["merge", whole, two, "-o", folder / "x.h5"], 65, whole, two, "seed is 1 there and 2 here",
            "`leafcast merge --combine-seeds`")
    refused(["table", whole, two], 65, "`leafcast merge --combine-seeds`")
    pooled = pool("pooled.h5", whole, two, three)
    for again in (pool("p1.h5", three, whole, two), pool("p2.h5", pool("p12.h5", whole, two), three),
                  pool("p3.h5", pool("p23.h5", three, two / "results.h5"), *slices),
                  pool("p4.h5", pooled), merge("p5.h5", pooled),
                  pool("p6.h5", whole, whole / ".", three, two)):
        same(pooled, again)
    with h5py.File(pooled) as file:
        assert file.attrs["version"] == 2 and len(file["cell"]) == 6
        assert set(file["cells/seeds"].asstr()) == {"1+2+3"}
        assert set(file["cells/samples_of_seeds"].asstr()) == {"2000+1000+50"}
        assert set(file["cells/samples"]) == {3050} and set(file["cells/seed"]) == {1}
        assert set(file["moments/samples"][:].sum(axis=1)) == {3050}
        assert (file["moments/samples"][:] > 0).all()
        bits = file["moments/memory_bits"][:].max(axis=1)
        for kind in ("sum_s2", "valid", "first_inconsistency", "frozen_roots", "free_roots"):
            sums = file[f"moments/{kind}"][:].sum(axis=1)
            seeds = [h5py.File(run_of / "results.h5")[f"moments/{kind}"][:].sum(axis=1) for run_of in (whole, two, three)]
            # Cells are in another order: compare as multisets. Limbs of sums do not carry here (Σ s² is small).
            assert sorted(map(repr, sums.tolist())) == sorted(map(repr, sum(seeds).tolist())), kind
        counts = [h5py.File(run_of / "results.h5")["moments/histogram/count"][:].sum() for run_of in (whole, two, three)]
        assert file["moments/histogram/count"][:].sum() == sum(counts)
    with h5py.File(whole / "results.h5") as file:
        assert sorted(bits) == sorted(file["moments/memory_bits"][:].max(axis=1))
        assert file.attrs["version"] == 1 and "seeds" not in file["cells"]

    # Pooled results serve everything that results do.
    rows = table(pooled)
    assert {row["samples"] for row in rows.values()} == {"3050"}
    zs = [float(row["z"]) for (cell, statistic), row in rows.items() if row["z"] and statistic in ("variance", "valid_rate")]
    assert len(zs) >= 6 and all(abs(z) < 5 for z in zs), zs  # Student's t of 63: one in 200,000 each
    for arguments in (["fit", pooled], ["report", pooled, "-o", folder / "report.html"], ["verify", pooled]):
        check_run(arguments)
    assert "seeds 1+2+3" in (folder / "report.html").read_text()

    # The same samples do not count twice, whatever they are in; the same seed with more samples is no other seed.
    refused(["merge", "--combine-seeds", pooled, two, "-o", folder / "x.h5"], 65, pooled, two, "of seed 2 of cell")
    more = sample("more", "--seed=2", "--sampling.samples=1500")
    refused(["merge", "--combine-seeds", whole, two, more, "-o", folder / "x.h5"], 65, two, more,
            "seed 2 with 1000 samples and with 1500", "same random numbers")
    foreign = sample("foreign", "--language.height=3")
    refused(["merge", "--combine-seeds", whole, two, foreign, "-o", folder / "x.h5"], 65, whole, foreign, "cannot be pooled")
    # Cells without a partner stay; seeds of one record pool as well; nothing to pool is no error.
    wide = sample("wide", "--seed=4, 5", "--language.height=3, 4")
    check_run(["merge", "--combine-seeds", whole, wide, "-o", folder / "wide.h5"])
    with h5py.File(folder / "wide.h5") as file:
        heights, seeds = list(file["cells/height"]), list(file["cells/seeds"].asstr())
        assert [(3, "4+5")] * 6 + [(4, "1+4+5")] * 6 == sorted(zip(heights, seeds))
    assert "nothing to combine" in check_run(["merge", "--combine-seeds", whole, "-o", folder / "alone.h5"]).stderr
    # What is missing is told by seed.
    half = sample("half", "--seed=6", "--slice=1/2")
    done = run(["merge", "--combine-seeds", whole, half, "-o", folder / "half.h5"])
    assert done.returncode == 75 and "chunks of seed 6;" in done.stderr, done
    same(pool("full.h5", folder / "half.h5", sample("other_half", "--seed=6", "--slice=2/2")),
         pool("full2.h5", sample("six", "--seed=6"), whole))
    # Only results are pooled.
    for option in (["--seed=1+2"], ["--seed=1+2", "--sampling.samples=10+10"]):
        refused(["run", sweep, *option, "-o", folder / "never"], 64, "seed = 1+2", "--combine-seeds")
    assert not (folder / "never").exists()

    # ---- what is there stays there
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    one_part = next((whole / "parts").iterdir())
    for output, inputs in [(pooled, [pooled, sample("seven", "--seed=7")]), (one_part, [whole]), (whole / "parts/new.h5", [whole]),
                           (whole / "parts/new.h5", [slices[0]]), (whole / "plan.txt", [whole]), (whole / "lock", [whole]),
                           (slices[0] / "results.h5", slices), (whole, [slices[0]]), (folder / "p1.h5", [folder / "p1.h5"])]:
        refused(["merge", *inputs, "-o", output], 64, "-o", "choose another name")
    refused(["merge", "--combine-seeds", whole, "-o", whole / "results.h5"], 64, "choose another name")
    for command in ("table", "fit", "report"):
        refused([command, pooled, "-o", pooled], 64, "one of the inputs")
    assert all(path.read_bytes() == content for path, content in before.items() if path.exists()) and all(p.exists() for p in before)
    merge("whole/results.h5", whole)  # as the run itself writes it
    same(whole / "results.h5", folder / "united.h5")
print("merged: the same bytes from every mixture, seeds only when asked for, nothing overwritten")
