"""Files of earlier versions still load, and the same sweep still gives the same numbers."""
import csv
import gzip
import io
import math
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "mpi"))
from leafcast_runs import check_run, differences, run  # noqa: E402


def table(path):
    return list(csv.DictReader(io.StringIO(check_run(["table", path, "--format", "csv"]).stdout)))


def agree(a, b):
    """The same rows; numbers to 1e-9, since libraries round logarithms differently."""
    def same(x, y):
        return x == y or (x and y and math.isclose(float(x), float(y), rel_tol=1e-9, abs_tol=1e-12))

    sampled = ("value", "stderr", "samples")
    return len(a) == len(b) and all(
        x["cell"] == y["cell"] and x["statistic"] == y["statistic"] and all(same(x[c], y[c]) for c in sampled)
        for x, y in zip(a, b))


def golden(name, results=None):
    expected = list(csv.DictReader(open(HERE / f"{name}.table.csv")))
    assert len(expected) > 20
    for path in [*HERE.glob(f"{name}/*.h5"), results or HERE / f"{name}.results.h5"]:
        found = table(path)
        assert agree(found, expected), f"{path} no longer gives its table"
        columns = list(expected[0])
        assert list(found[0])[:len(columns)] == columns, f"columns of {path} have other places"
    return expected


def changed(path, golden_file):
    """Names of datasets that are other than in a golden file, but for what libraries round differently."""
    return [dataset for dataset in differences(path, golden_file) if not dataset.startswith(("estimates/", "fits", "sweep"))]


# Before streams 3, symbol 0 was counted where nothing was said: the − of Ising.
AS_THEN = ["--observe.symbol=0"]
# Sampled again, these two are other files than they were: goals are decided by errors, which changed since (errors that cover);
# a writer's own structure is of streams 3, which count streams of marks alone as what they are.
SINCE = {4: "goals-2", 5: "streams-3"}

golden("format-1")
expected = golden("streams-2")
with tempfile.TemporaryDirectory() as folder:
    again_in, old = pathlib.Path(folder) / "run", pathlib.Path(folder) / "old"
    check_run(["run", HERE / "streams-2.ini", *AS_THEN, "-o", again_in, "-q"])
    first_results = pathlib.Path(folder) / "first.h5"
    shutil.copy(again_in / "results.h5", first_results)
    again = table(again_in)
    assert agree(again, expected), "the same sweep gives other numbers than before"
    again[7]["value"] = str(float(again[7]["value"]) + 1e-6)
    assert not agree(again, expected), "the comparison cannot fail"
    # A run that began with symbol 0 is continued so, by the same command; another symbol is another plan.
    continued = check_run(["run", HERE / "streams-2.ini", "-o", again_in])
    assert "counts symbol 0, as it began" in continued.stderr, continued.stderr
    assert not differences(again_in / "results.h5", first_results), "the run was not continued as it began"
    other = run(["run", HERE / "streams-2.ini", "--observe.symbol=1", "-o", again_in, "-q"])
    assert other.returncode == 65 and "another plan" in other.stderr, other
    # A run of streams 1 is not continued in silence.
    shutil.copytree(HERE / "format-1", old / "parts")
    shutil.copy(HERE / "format-1.plan.txt", old / "plan.txt")
    assert agree(table(old), golden("format-1"))
    refused = run(["run", HERE / "golden.ini", "-o", old, "-q"])
    assert refused.returncode == 65 and "version 1 of the random streams there, 2 here" in refused.stderr, refused
    # Two seeds are pooled to the same file as ever.
    golden("pooled")
    runs = [pathlib.Path(folder) / f"seed{seed}" for seed in (1, 2)]
    for directory, options in zip(runs, ([], ["--seed=2", "--sampling.samples=40"])):
        check_run(["run", HERE / "golden.ini", "--language.height=2", *AS_THEN, *options, "-o", directory, "-q"])
    pooled = pathlib.Path(folder) / "pooled.h5"
    check_run(["merge", "--combine-seeds", *runs, "-o", pooled])
    different = changed(pooled, HERE / "pooled.results.h5")
    assert not different, f"pooled seeds are another file than before: {different}"
    # Formats that came with splitting, goals, entropies and grammars: read, and written as ever.
    for version in (3, 4, 5, 6):
        name = f"format-{version}"
        old, again = pathlib.Path(folder) / f"{name}.h5", pathlib.Path(folder) / name
        old.write_bytes(gzip.decompress((HERE / f"{name}.results.h5.gz").read_bytes()))
        golden(name, old)
        check_run(["run", HERE / f"{name}.ini", *AS_THEN, "-o", again, "-q"])
        if version in SINCE:
            old.write_bytes(gzip.decompress((HERE / f"{SINCE[version]}.results.h5.gz").read_bytes()))
        different = changed(again / "results.h5", old)
        assert not different, f"{name} is written otherwise than before: {different}"
print("formats and streams of old are read, formats are written, seeds are pooled as ever")
