"""Files of earlier formats still load, and the same sweep still gives the same numbers."""
import csv
import io
import math
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "mpi"))
from leafcast_runs import check_run  # noqa: E402


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


expected = list(csv.DictReader(open(HERE / "format-1.table.csv")))
assert len(expected) > 100
for path in [*HERE.glob("format-1/*.h5"), HERE / "format-1.results.h5"]:
    assert agree(table(path), expected), f"{path} no longer gives its table"
with tempfile.TemporaryDirectory() as folder:
    check_run(["run", HERE / "golden.ini", "-o", pathlib.Path(folder) / "run", "-q"])
    again = table(pathlib.Path(folder) / "run")
    assert agree(again, expected), "the same sweep gives other numbers than before"
    again[7]["value"] = str(float(again[7]["value"]) + 1e-6)
    assert not agree(again, expected), "the comparison cannot fail"
print("format 1 is read, stream 1 is drawn")
