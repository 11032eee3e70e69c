"""Plans, cells, random streams and results of small sweeps of everything that there is are as they were pinned.

    pins_test.py [--write] [--ranks N]    # README.md tells when one may write
"""
import argparse
import gzip
import hashlib
import math
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "mpi"))
from leafcast_runs import ENVIRONMENT, PROGRAM, check_run  # noqa: E402

SMALL = ["--generator.method=sequence", "--generator.context=5", "--generator.context-depth=1", "--generator.memory-depth=1"]

# name: sweep and options
SWEEPS = {
    "channels": ["channels"],
    "channels, another symbol": ["channels", *SMALL, "--observe.symbol=1", "--observe.subtrees=off"],
    "channels, little observed": ["channels", *SMALL, "--observe.correlation=off", "--observe.histogram=off", "--observe.validity=off"],
    "planes": ["planes"],
    "planes, sentences alone": ["planes", "--observe.symbol=1", "--observe.subtrees=off"],
    "planes, little observed": ["planes", "--observe.correlation=off", "--observe.histogram=off", "--observe.validity=off"],
    "tall": ["tall"],
    "vast": ["vast"],
    "splitting": ["splitting"],
    "goals": ["goals"],
    "goals of splitting": ["splitting-goals"],
    "goals of entropies": ["entropies", "--observe.entropy=on", "--generator.kind=true,kgram", "--generator.context=5",
                           "--sampling.target-relative-error=kl_divergence:0.1+cross_entropy:0.01",
                           "--sampling.samples=64", "--sampling.max-samples=1000"],
    "goals of structure": ["structure", "--generator.context=8", "--sampling.samples=64", "--sampling.max-samples=1000",
                           "--sampling.target-absolute-error=well_formed_rate:0.02"],
    "entropies": ["entropies"],
    "structure": ["structure"],
    "pairs": ["pairs"],
    "grammars": ["grammars"],
    "grammars, another symbol": ["grammars", "--observe.symbol=2", "--observe.subtrees=off", "--generator.context=3",
                                 "--generator.context-depth=1", "--generator.memory-depth=1"],
    "goals of grammars": ["grammars", "--generator.kind=true,kgram,block", "--generator.context=3", "--generator.context-depth=1",
                          "--sampling.target-relative-error=variance:0.1+valid_rate:0.05+valid_rate@2:0.05",
                          "--sampling.samples=64", "--sampling.max-samples=1000"],
    "entropies and pairs of grammars": ["grammar-entropies"],
    "a grammar's file": ["grammar-file"],
    "large tables": ["grammar-tables"],
    "learners": ["learners"],
    "neighbouring leaves, asymmetric channels, temperatures": ["neighbours"],
}

# Those of which two seeds are pooled: the options of the second.
POOLED = {
    "channels": ["--sampling.samples=90"],
    "splitting": ["--sampling.samples=1024"],
    "structure": ["--sampling.samples=90"],
    "entropies and pairs of grammars": ["--sampling.samples=90"],
    "learners": ["--sampling.samples=30"],
}

# name: sweep, stream, format and options
CORPORA = {
    **{f"leaves as {form}": ["corpora", "leaves", form] for form in ("npy", "raw", "hdf5", "text")},
    **{f"punctuated as {form}": ["corpora", "punctuated", form] for form in ("npy", "raw", "hdf5", "text")},
    **{f"{encoding} states as {form}": ["corpora", encoding, form, "--segment-tokens=5", "--generator.kind=reasoning", "--generator.memory-depth=height",
                                        f"--generator.encoding={encoding}", f"--language.q={q}"]
       for encoding in ("path", "segment") for form, q in (("npy", 12), ("raw", 64))},
    "structure": ["structure", "punctuated", "npy", "--observe.entropy=off"],
    "grammars": ["grammars", "leaves", "text"],
    "large tables": ["grammar-tables", "leaves", "npy"],
}

# Golden files, by format.

# What of a name is left out, so that pins are few: heights of statistics, statistics of z-scores, numbers of groups.
TOGETHER = re.compile(r"(?<=^estimates/)[^/]*(?=/z$)|(?<=@)\d+(?=/|$)|(?<=^fits/)\d+|(?<=/forms/)\d+|"
                      r"(?<=^grammars/)\d+|(?<=^moments/pairs/)\d+")


def digest(*parts):
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "little") + part)
    return total.hexdigest()[:12]


def value_bytes(value):
    """Type, shape and contents."""
    value = np.asarray(value)
    contents = repr(value.tolist()).encode() if value.dtype == object else value.tobytes()
    return f"{value.dtype.str} {value.shape}".encode() + contents


def attributes(node):
    """{name: value} without addresses within the file."""
    return {key: node.attrs[key] for key in sorted(node.attrs) if key not in ("DIMENSION_LIST", "REFERENCE_LIST")}


def is_real(value):
    return np.asarray(value).dtype.kind == "f"


class Checksum:
    """Sum over numbers, each weighted by its place, that tells when one of them changes by more than rounding."""

    def __init__(self):
        self.numbers = self.unknown = 0
        self.sum = self.scale = 0.0

    def add(self, values):
        for x in np.asarray(values).ravel().tolist():
            self.numbers += 1
            if math.isfinite(x):
                self.sum += self.numbers * x
                self.scale += self.numbers * abs(x)
            else:
                self.unknown += 1

    def text(self):
        return f"{self.numbers} {self.unknown} {self.sum:.12g}"

    def agrees(self, text):
        numbers, unknown, total = text.split()
        return (int(numbers), int(unknown)) == (self.numbers, self.unknown) and \
            abs(float(total) - self.sum) <= 1e-9 * self.scale


def cell_parts(file, cells):
    """By cell, what /cells, /ledger and /moments hold of it."""
    parts = [[] for _ in range(cells)]

    def add(name, node):
        if not isinstance(node, h5py.Dataset) or not name.startswith(("cells/", "moments/")):
            return
        if len(node.dims) and len(node.dims[0]) and node.dims[0][0].name == "/cell":
            values = node[()]
            for cell in range(cells):
                parts[cell] += [name.encode(), value_bytes(values[cell])]

    file.visititems(add)
    for table in ("ledger", "moments/histogram"):
        of_cell = file[table]["cell"][()]
        for column in sorted(file[table]):
            if column in ("interval", "row"):
                continue
            values = file[table][column][()]
            for cell in range(cells):
                parts[cell] += [f"{table}/{column}".encode(), value_bytes(values[of_cell == cell])]
    for cell in file.get("moments/pairs", {}):
        parts[int(cell)].append(value_bytes(file["moments/pairs"][cell]["count"][()]))
    return parts


def pins_of_cells(path):
    """{name: text} of a results file: its plan, and each of its cells."""
    with h5py.File(path) as file:
        found = {"plan hash": file.attrs["plan_hash"]}
        ids = file["cells/id"].asstr()[:]
        for cell, parts in enumerate(cell_parts(file, len(ids))):
            found[f"cell {cell}"] = f"{ids[cell]} {digest(*parts)}"
    return found


def pins_of_results(path):
    """{name: text or Checksum} of a results file: besides, all that is in it outside /provenance. What is derived, /estimates and
    /fits, counts as numbers, since libraries round differently; those of all heights, and all fits, are taken together."""
    found, parts = pins_of_cells(path), {}

    def add(name, node):
        if name.split("/")[0] == "provenance":
            return
        name = TOGETHER.sub("*", name)
        derived = name.startswith(("estimates", "fits"))
        values = {f"{name}@{key}": value for key, value in attributes(node).items()}
        if isinstance(node, h5py.Dataset):
            values[name] = node[()]
        for key, value in values.items():
            if derived and is_real(value):
                found.setdefault(key, Checksum()).add(value)
                value = np.shape(value)
            parts.setdefault(name.split("/")[0] if derived else name or "/", []).extend((key.encode(), value_bytes(value)))

    with h5py.File(path) as file:
        add("", file)
        file.visititems(add)
    return found | {name: digest(*list_) for name, list_ in parts.items()}


def pins_of_corpus(directory):
    found = pins_of_cells(directory / "results.h5")
    for path in sorted(set(directory.glob("corpus*")) - set(directory.glob("*.xxh"))):  # those are of the files' own bytes
        if path.suffix == ".h5":  # whose bytes are those of a version of the library
            with h5py.File(path) as file:
                parts = [part for name in ("header", "sequences") for part in (name.encode(), value_bytes(file[name][()]))]
                found[path.name] = digest(*parts, *map(value_bytes, attributes(file).values()))
        else:
            found[path.name] = digest(path.read_bytes())
    return found


def changed(pinned, found):
    """Names of what is not as it was pinned."""
    def same(name):
        now = found.get(name)
        return now.agrees(pinned[name]) if isinstance(now, Checksum) and name in pinned else now == pinned.get(name)

    return [name for name in {**pinned, **found} if not same(name)]


def read_pins(path):
    """{section: {name: text}}"""
    pins = {}
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = pins.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            name, text = line.split(": ", 1)
            section[name] = text
    return pins


def write_pins(path, pins):
    with open(path, "w") as file:
        file.write("# Written by pins_test.py --write; README.md tells when.\n")
        for section, found in pins.items():
            file.write(f"\n[{section}]\n")
            for name, pin in found.items():
                file.write(f"{name}: {pin.text() if isinstance(pin, Checksum) else pin}\n")


def sweep(name):
    return HERE / f"sweeps/{name}.ini"


def pins_of_all(folder, ranks):
    """{section: pins} of everything, sampled into this folder."""
    pins = {}
    for name, (file, *options) in SWEEPS.items():
        first = folder / name
        check_run(["run", sweep(file), *options, "-o", first, "-q"], ranks)
        pins[name] = pins_of_results(first / "results.h5")
        if name in POOLED:
            second, pooled = folder / f"{name}, seed 2", folder / f"{name}, pooled.h5"
            check_run(["run", sweep(file), *options, *POOLED[name], "--seed=2", "-o", second, "-q"], ranks)
            check_run(["merge", "--combine-seeds", first, second, "-o", pooled])
            pins[f"{name}, pooled"] = pins_of_results(pooled)
    for name, (file, stream, form, *options) in CORPORA.items():
        directory = folder / f"corpus of {name}"
        check_run(["sample", sweep(file), *options, "--stream", stream, "--format", form, "-o", directory, "-q"], ranks)
        pins[f"corpus of {name}"] = pins_of_corpus(directory)
    return pins


def check_that_changes_are_found(results, pinned):
    """One changed byte, and one changed estimate, are found where they are."""
    with h5py.File(results, "r+") as file:
        count = file["moments/sum_s2"]
        count[3, 5, -1, 0] ^= np.uint64(1)
    assert changed(pinned, pins_of_results(results)) == ["cell 3", "moments/sum_s2"]
    with h5py.File(results, "r+") as file:
        file["moments/sum_s2"][3, 5, -1, 0] ^= np.uint64(1)
        file["estimates/variance/stderr"][3] *= 1.001
    assert changed(pinned, pins_of_results(results)) == ["estimates/variance/stderr"]


def write_results(name, sweep_name, folder):
    """The results of a sweep of golden_test.py as they are now, without names of this machine's."""
    shutil.copy(HERE / f"{sweep_name}.ini", folder)
    subprocess.run(["leafcast", "run", f"{sweep_name}.ini", "--observe.symbol=0", "-o", name, "-q"], executable=PROGRAM,
                   cwd=folder, env=ENVIRONMENT, check=True)
    (HERE / f"{name}.results.h5.gz").write_bytes(gzip.compress((folder / f"{name}/results.h5").read_bytes(), mtime=0))


options = argparse.ArgumentParser()
options.add_argument("--write", action="store_true")
options.add_argument("--ranks", type=int)
options = options.parse_args()
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    found = pins_of_all(folder, options.ranks)
    if options.write:
        write_pins(HERE / "pins.txt", found)
        for name, sweep_name in {"goals-2": "format-4", "streams-3": "format-5"}.items():
            write_results(name, sweep_name, folder)
    pinned = read_pins(HERE / "pins.txt")
    different = [f"{section}: {', '.join(changed(pinned.get(section, {}), found.get(section, {})))}"
                 for section in {**pinned, **found} if changed(pinned.get(section, {}), found.get(section, {}))]
    assert not different, "not as they were pinned (tests/golden/README.md):\n" + "\n".join(different)
    check_that_changes_are_found(folder / "channels/results.h5", pinned["channels"])
print(f"{len(SWEEPS) + len(POOLED)} results and {len(CORPORA)} corpora are as they were pinned")
