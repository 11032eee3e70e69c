"""Files damaged by hand: `verify` finds every one and says what it affects, readers refuse with the remedy, `run` sets the damaged
aside and computes what is missing, to the same bytes; whole files that do not belong are refused and stay where they are.

  damage_test.py [--all] [--seed N]
"""
import argparse
import ctypes
import json
import pathlib
import random
import shutil
import tempfile

import h5py

from fault_runs import CELLS, check_error, check_finished, in_parallel, leafcast, sweep
from leafcast_runs import contents

parser = argparse.ArgumentParser()
parser.add_argument("--all", action="store_true")
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()
random.seed(options.seed)

COMMAND = ["run", *sweep(3)]
xxhash = ctypes.CDLL("libxxhash.so.0")
xxhash.XXH3_64bits.restype = ctypes.c_uint64
xxhash.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]


def content_hash(data):
    return f"{xxhash.XXH3_64bits(data, len(data)):016x}"


def sealed(image):
    return image + f"\nleafcast-xxh3 {content_hash(image)}\n".encode()


def as_part(folder, number, data):
    """Writes bytes as a part whose name is right."""
    path = folder / f"{number:06}.{content_hash(data)}.h5"
    path.write_bytes(data)
    return path


def newer(data, scratch):
    """The same file, as a later version of the format would mark it."""
    scratch.write_bytes(data[:-32])
    with h5py.File(scratch, "r+") as file:
        file.attrs.modify("version", 98 + file.attrs["version"])
    return sealed(scratch.read_bytes())


def truncations(size):
    lengths = {0, 1, 8, size - 1, size - 32, size - 33, *(random.randrange(size) for _ in range(30 if options.all else 4))}
    return [(f"cut to {length} bytes", lambda data, length=length: data[:length]) for length in sorted(lengths)]


def flips(size):
    def flip(data, bit):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        return bytes(changed)
    bits = [random.randrange(8 * size) for _ in range(60 if options.all else 4)]
    return [(f"bit {bit} flipped", lambda data, bit=bit: flip(data, bit)) for bit in bits]


def damages(path):
    """(what, bytes → bytes) for a file."""
    size = path.stat().st_size
    return [*truncations(size), *flips(size), ("replaced by text", lambda data: b"no HDF5 at all\n" * 50),
            ("replaced by zeros", lambda data: bytes(len(data))), ("longer", lambda data: data + b"\0"),
            ("a byte that is no text", lambda data: data[:len(data) // 2] + b"\xe5" + data[len(data) // 2 + 1:])]


def check_refused(run, word):
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    check_error(leafcast([*COMMAND, "-o", run]), 65, word)
    assert {p: p.read_bytes() for p in run.rglob("*") if p.is_file()} == before, "a refused directory was changed"


def check_found(run, files):
    done = leafcast(["verify", run, "--format", "json"])
    found = json.loads(done.stdout)[0]
    named = {pathlib.Path(damage["file"]) for damage in found["damages"]}
    assert done.returncode == 65 and named == set(files), f"verify names {named}, not {files}"
    assert all(damage["problem"] and damage["affected"] for damage in found["damages"]), found
    return found


def check_set_aside(run, files):
    """All of damaged files that a run puts right by itself."""
    hurt = {path: path.read_bytes() for path in files}
    check_found(run, files)
    check_error(leafcast(["table", run]), 65, "the same `leafcast run` command as before") if run / "results.h5" not in files else None
    done = leafcast([*COMMAND, "-o", run])
    assert done.returncode == 0, done.stderr
    for path, data in hurt.items():
        assert f"set aside: {path}: " in done.stderr, f"run does not name {path}\n{done.stderr}"
        assert (run / "damaged" / path.name).read_bytes() == data, "what was set aside was changed"
    check_finished(run, [*COMMAND, "-o", run], REFERENCE, [path.name for path in files])
    assert "set aside" not in leafcast([*COMMAND, "-o", run]).stderr


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    finished = folder / "finished/run"
    assert leafcast([*COMMAND, "-o", finished]).returncode == 0
    REFERENCE = contents(finished / "results.h5")
    unfinished = folder / "unfinished/run"
    shutil.copytree(finished, unfinished)
    (unfinished / "results.h5").unlink()
    without_parts = folder / "without_parts/run"
    shutil.copytree(finished, without_parts)
    shutil.rmtree(without_parts / "parts")
    parts = sorted(path.name for path in (unfinished / "parts").iterdir())
    assert len(parts) == 6
    other = folder / "other"
    assert leafcast(["run", *sweep(3), "--seed=2", "-o", other]).returncode == 0
    whole = folder / "whole"
    assert leafcast(["run", *CELLS, "--sampling.samples=3", "-q", "--pilot", "0", "-o", whole]).returncode == 0
    whole_part, = (whole / "parts").iterdir()

    def one_file(base, name, what, change):
        def work(run):
            (run / name).write_bytes(change((run / name).read_bytes()))
            check_set_aside(run, [run / name])
        return f"{base.parent.name}/{name} {what}", base, work

    cases = []
    for part in parts if options.all else parts[::3]:
        cases += [one_file(unfinished, f"parts/{part}", *damage) for damage in damages(unfinished / "parts" / part)]
    for base in (finished, without_parts):
        cases += [one_file(base, "results.h5", *damage) for damage in damages(base / "results.h5")]

    # The plan: its title is for people, and nothing vouches for it. Without its last line end it is the same plan still.
    title = (unfinished / "plan.txt").read_bytes().index(b"\n") + 1, (unfinished / "plan.txt").read_bytes().index(b"hash=")
    cases += [one_file(unfinished, "plan.txt", what, change) for what, change in damages(unfinished / "plan.txt")
              if not (what.startswith("bit") and title[0] <= int(what.split()[1]) // 8 < title[1])
              and what != f"cut to {(unfinished / 'plan.txt').stat().st_size - 1} bytes"]

    def swapped(run):
        first, second = (run / "parts" / name for name in parts[:2])
        first.rename(run / "x"), second.rename(first), (run / "x").rename(second)
        check_set_aside(run, [first, second])

    def many(run):
        files = [run / "parts" / name for name in parts[1:]]
        for path in files:
            path.write_bytes(b"")
        found = check_found(run, files)
        assert found["done"] == 1 and sum(1 + last - first for c in found["missing"] for first, last in c["missing"]) == 5
        check_set_aside(run, files)

    def restored(run):
        """Parts are lost, the results whole: nothing is to be computed anew."""
        path = run / "parts" / parts[2]
        path.write_bytes(path.read_bytes()[:5000])
        (run / "parts" / parts[3]).unlink()
        found = check_found(run, [path])
        assert "which results.h5 still holds" in found["damages"][0]["affected"], found
        done = leafcast([*COMMAND, "-o", run])
        assert done.returncode == 0 and "whole files hold all 6 chunks" in done.stderr, done.stderr
        check_finished(run, [*COMMAND, "-o", run], REFERENCE, [path.name])

    def everything(run):
        files = [run / "results.h5", *(run / "parts" / name for name in parts)]
        for path in files:
            path.write_bytes(b"x")
        check_set_aside(run, files)

    def harmless(run):
        for name in ("sweep.ini", "cost.json", "status.json"):
            (run / name).write_bytes(random.randbytes(300))
        (run / "parts/.nfs0123").write_bytes(b"")
        check_finished(run, [*COMMAND, "-o", run], REFERENCE)

    def refused(word, name, data):
        def work(run):
            path = run / "parts" / name if isinstance(name, str) else as_part(run / "parts", name, data(run))
            if isinstance(name, str):
                path.write_bytes(data(run))
            check_found(run, [path])
            check_refused(run, word)
            path.unlink()
            check_finished(run, [*COMMAND, "-o", run], REFERENCE)
        return f"refused: {word}", unfinished, work

    def newer_plan(run):
        (run / "plan.txt").write_text("leafcast plan 99\ntitle=\nhash=0123456789abcdef\nnew=1\n")
        check_refused(run, "use the program that wrote it")

    cases += [
        ("names swapped", unfinished, swapped), ("five of six parts emptied", unfinished, many),
        ("parts lost, results whole", finished, restored), ("everything", finished, everything), ("harmless", unfinished, harmless),
        ("a newer plan", unfinished, newer_plan),
        refused("of another plan", 7, lambda run: next((other / "parts").iterdir()).read_bytes()),
        refused("both hold chunk", 7, lambda run: whole_part.read_bytes()),
        refused("written by a newer leafcast", 7, lambda run: newer(whole_part.read_bytes(), run.parent / "scratch.h5")),
        refused("not a part of this run", "notes.txt", lambda run: b"mine"),
        refused("not a part of this run", parts[0] + ".bak", lambda run: b"mine"),
    ]

    def attempt(numbered):
        number, (name, base, work) = numbered
        run = folder / f"case{number}/run"
        shutil.copytree(base, run)
        try:
            work(run)
        except AssertionError as problem:
            raise AssertionError(f"{name}: {problem}") from None
        shutil.rmtree(run.parent)

    count = in_parallel(enumerate(cases), attempt)
print(f"{count} damages, all found; run went on from all but those that it must refuse (seed {options.seed})")
