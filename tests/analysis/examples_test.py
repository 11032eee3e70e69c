"""The examples of analysis/examples draw the main figure from results.h5; CSV and JSON are tidy."""
import ast
import csv
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

import h5py

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("LEAFCAST", str(SOURCE / "build/leafcast"))
EXAMPLES = SOURCE / "analysis/examples"
SWEEP = ["--language.kind=ising", "--language.d=3", "--language.rho=0.9", "--language.height=4",
         "--generator.kind=true,block,kgram", "--generator.context-depth=0..height", "--generator.memory=root,leaves",
         "--generator.context=3,9", "--sampling.samples=256", "--title=Examples"]
WHOLE = {"cell", "d", "q", "height", "n", "context", "context_depth", "memory_depth", "samples",
         "seed", "v", "m", "s", "L", "classes", "zipf_level", "grammar_seed", "particles", "training", "test", "max_samples", "symbol"}
REAL = {"lambda", "value", "stderr", "exact", "z", "rho", "flip_plus", "flip_minus", "zipf_exponent", "concentration", "temperature"}

# Runs an example, and afterwards compares what it has drawn with the file: points, error bars, exact lines.
CHECKER = """
import runpy, sys
import h5py, numpy
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
path = sys.argv[2]
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
with h5py.File(path) as f:
    cells, variance = f["cells"], {name: column[:] for name, column in f["estimates/variance"].items()}
    generator, memory = cells["generator"].asstr()[:], cells["memory"].asstr()[:]
    depth = cells["context_depth"][:]
    axes = plt.gca()
    drawn = {container.get_label(): container for container in axes.containers}
    lines = [line.get_xydata() for line in axes.get_lines()]
    assert sorted(drawn) == ["block leaves sampled", "block root sampled"], sorted(drawn)
    for kind in ("leaves", "root"):
        here = (generator == "block") & (memory == kind)
        points, _, (bars,) = drawn[f"block {kind} sampled"]
        assert numpy.array_equal(points.get_xydata(), numpy.c_[depth[here], variance["value"][here]])
        ends = numpy.array([segment[:, 1] for segment in bars.get_segments()])
        error = variance["stderr"][here]
        assert numpy.allclose(ends[:, 1] - ends[:, 0], 2 * error, rtol=1e-9)
        exact = numpy.c_[depth[here], variance["exact"][here]]
        assert any(line.shape == exact.shape and numpy.array_equal(line, exact) for line in lines), kind
    truth = variance["exact"][generator == "true"][0]
    assert any(numpy.array_equal(line[:, 1], [truth, truth]) for line in lines), "true language"
"""


def statements(path):
    """Lines of code: neither blank nor the docstring."""
    text = path.read_text()
    tree = ast.parse(text)
    first = tree.body[1].lineno - 1
    return [line for line in text.splitlines()[first:] if line.strip()]


def check_examples(results, folder):
    scripts = sorted(EXAMPLES.glob("*.py"))
    assert len(scripts) == 2, scripts
    for script in scripts:
        assert len(statements(script)) < 20, f"{script.name} is too long for an example"
        picture = folder / f"{script.stem}.png"
        done = subprocess.run([sys.executable, "-c", CHECKER, str(script), str(results), str(picture)],
                              capture_output=True, text=True, env=dict(os.environ, MPLBACKEND="Agg",
                                                                       MPLCONFIGDIR=str(folder)))
        assert done.returncode == 0, f"{script.name}:\n{done.stderr}"
        assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 10000, script.name


def read_csv(text):
    """Rows with numbers as numbers and empty fields as None, as anyone would read them."""
    rows = list(csv.DictReader(text.splitlines()))
    for row in rows:
        assert None not in row and None not in row.values(), "a line with too many or too few fields"
        for column, field in row.items():
            kind = int if column in WHOLE else float if column in REAL else str
            row[column] = None if field == "" else kind(field)
    return rows


def refuse_constant(token):
    raise AssertionError(f"{token} is no JSON")


def check_tables(run, results):
    def table(form):
        return subprocess.run([PROGRAM, "table", str(run), "--format", form], capture_output=True, text=True,
                              check=True).stdout

    rows = read_csv(table("csv"))
    objects = json.loads(table("json"), parse_constant=refuse_constant)
    assert rows == objects, next((a, b) for a, b in zip(rows, objects) if a != b)
    keys = [(row["cell"], row["statistic"]) for row in rows]
    assert len(set(keys)) == len(keys) > 0, "a row is one (cell, statistic)"
    assert WHOLE | REAL < objects[0].keys()
    for row in objects:
        for column in row.keys() - WHOLE - REAL:
            assert row[column] is None or type(row[column]) is str, (column, row[column])
        for column in WHOLE:
            assert row[column] is None or type(row[column]) is int, (column, row[column])
        for column in REAL:
            assert row[column] is None or type(row[column]) is float and math.isfinite(row[column]), (column, row[column])
    with h5py.File(results) as f:
        for row in rows:
            stored = f["estimates"][row["statistic"]]["value"][row["cell"]]
            assert row["value"] == stored or (row["value"] is None and math.isnan(stored)), row


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        run = folder / "run"
        subprocess.run([PROGRAM, "run", *SWEEP, "-o", str(run), "--quiet"], check=True)
        check_tables(run, run / "results.h5")
        check_examples(run / "results.h5", folder)


if __name__ == "__main__":
    main()
