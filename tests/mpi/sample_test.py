"""Corpora: every format and stream says the same, on any number of ranks and after kills; streams are the authors'; states tell true trees."""
import contextlib
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import tempfile
import time

import h5py
import numpy as np

from leafcast_runs import ENVIRONMENT, check_run, command, differences, parts_of, run, wait_for, writes_parts
from streams import Reader, punctuated

random.seed(7)
D, HEIGHT = 3, 4
ISING = ["--language.kind=ising", f"--language.d={D}", f"--language.height={HEIGHT}", "--language.rho=0.8"]
KGRAM = ["--generator.kind=true,kgram", "--generator.context=9", "--sampling.samples=3000"]


def load(directory, cell=0):
    """A cell's rows, whatever the format."""
    path = next(p for p in sorted(pathlib.Path(directory).glob(f"corpus-{cell:04}.*")) if p.suffix != ".json")
    if path.suffix == ".npy":
        return np.load(path, mmap_mode="r")
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            return file["sequences"][:]
    header = json.loads(pathlib.Path(f"{path}.json").read_text())
    if path.suffix == ".bin":
        return np.fromfile(path, header["dtype"]).reshape(header["samples"], header["length"])
    lines = path.read_text().splitlines()
    if " " in lines[0]:
        return np.array([[int(t) for t in line.split()] for line in lines])
    return np.array([["-+".index(c) for c in line] for line in lines])


def is_free(directory):
    """Whether nobody writes there."""
    lock = json.loads(run(["status", directory, "--json"]).stdout)["runs"][0].get("lock")
    return lock is None or not lock["lives"]


def same_files(first, second):
    a = {p.name: p.read_bytes() for p in pathlib.Path(first).glob("corpus*")}
    b = {p.name: p.read_bytes() for p in pathlib.Path(second).glob("corpus*")}
    return a == b


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)

    # Formats agree, and the corpus is of those sentences whose sums stand in the results.
    rows = {}
    for stream in ("leaves", "punctuated"):
        for form in ("npy", "raw", "hdf5", "text"):
            directory = folder / f"{stream}-{form}"
            check_run(["sample", *ISING, *KGRAM, "-o", directory, "--stream", stream, "--format", form, "-q"])
            for cell in (0, 1):
                there = rows.setdefault((stream, cell), load(directory, cell))
                assert (there == load(directory, cell)).all(), (stream, form)
    for cell in (0, 1):
        leaves, tokens = rows["leaves", cell], rows["punctuated", cell]
        assert leaves.dtype == np.int8 and tokens.dtype == np.uint8 and leaves.shape == (3000, D**HEIGHT)
        for i in range(0, 3000, 97):
            assert list(tokens[i]) == punctuated(leaves[i], D)
        with h5py.File(folder / "leaves-npy/results.h5") as results:
            s = (2 * (leaves == 0).sum(axis=1) - D**HEIGHT).astype(object)
            limbs = results["moments/sum_s2"][cell, :, HEIGHT, 0].sum()
            assert int((s * s).sum()) == int(limbs)
    plain = folder / "run"
    check_run(["run", *ISING, *KGRAM, "-o", plain, "-q"])
    assert not differences(plain / "results.h5", folder / "leaves-npy/results.h5")

    # Ranks and kills change nothing.
    for ranks in (1, 2, 3):
        check_run(["sample", *ISING, *KGRAM, "-o", folder / f"ranks{ranks}", "--stream", "punctuated", "-q"], ranks)
        assert same_files(folder / f"ranks{ranks}", folder / "punctuated-npy")
    large = [*ISING[:2], "--language.height=7", ISING[3], "--generator.kind=kgram", "--generator.context=81", "--sampling.samples=60000",
             "--flush-chunks", "20", "--pilot", "0", "-q"]
    check_run(["sample", *large, "-o", folder / "whole"], 2)
    kills = 0
    for attempt in range(40):  # later and later, so that the first are surely killed and some get far
        ranks, before = random.choice([None, 2, 3]), parts_of(folder / "killed")
        process = subprocess.Popen(command(["sample", *large, "-o", folder / "killed"], ranks), env=ENVIRONMENT,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        if writes_parts(process, folder / "killed", random.randint(1, 2 + attempt), before):
            time.sleep(random.uniform(0, 0.02))
            os.killpg(process.pid, random.choice([signal.SIGKILL, signal.SIGTERM]))
            kills += 1
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)  # an mpirun that was told to end may wait for itself
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        if process.wait() == 0:
            break
        # Ranks whose mpirun was killed are there for a moment yet, and hold the lock.
        wait_for("the lock is free", lambda: is_free(folder / "killed"))
    check_run(["sample", *large, "-o", folder / "killed"])
    assert kills > 0 and same_files(folder / "whole", folder / "killed")
    assert not differences(folder / "whole/results.h5", folder / "killed/results.h5")

    # Reasoning corpora: the states are those of the stream, and tell nodes of a tree of the language.
    def states(language, generator, stream, every, samples=400):
        directory = folder / f"states-{stream}-{generator[0][-7:]}-{every}-{language[0][-6:]}"
        check_run(["sample", *language, *generator, f"--sampling.samples={samples}", "-o", directory, "--stream", stream,
                   "--segment-tokens", str(every), "-q"])
        return load(directory)

    coloring = ["--language.kind=coloring", "--language.d=3", "--language.height=3", "--language.q=4"]
    for stream in ("path", "segment"):
        writer = ["--generator.kind=reasoning", f"--generator.encoding={stream}"]
        for generator in (["--generator.kind=true"], writer):
            for every in (1, 5, 1000):
                for row in states(coloring, generator, stream, every, 64):
                    leaves, told = Reader(stream, 3, 3, every).read(row)
                    assert len(leaves) == 27
                    for (j, index), symbol in told.items():  # no child has its parent's color
                        assert told.get((j + 1, index // 3)) != symbol
            # A leaf, or a node, agrees with its parent with probability (1 + ρ)/2.
            agree = pairs = 0
            for row in states(ISING, generator, stream, 1):
                _, told = Reader(stream, D, HEIGHT, 1).read(row)
                for (j, index), symbol in told.items():
                    if (j + 1, index // D) in told:
                        pairs += 1
                        agree += told[j + 1, index // D] == symbol
            expected, error = 0.9, (0.9 * 0.1 / pairs)**0.5
            assert pairs > 10000 and abs(agree / pairs - expected) < 6 * error, (stream, generator, agree / pairs)

    # Own structures are written as they are.
    own = ["--generator.kind=kgram", "--generator.context=5", "--generator.context-unit=tokens", "--generator.structure=sampled"]
    check_run(["sample", *ISING, *own, "--sampling.samples=500", "-o", folder / "own", "--stream", "punctuated", "-q"])
    rows = load(folder / "own")
    assert rows.shape == (500, D**HEIGHT + D**(HEIGHT - 1)) and (rows[:, 0] == 0).all()
    with h5py.File(folder / "own/results.h5") as results:
        s = (rows == 2).sum(axis=1).astype(int) - (rows == 4).sum(axis=1)
        assert int((s * s).sum()) == int(results["moments/sum_s2"][0, :, HEIGHT, 0].sum())

    # The readers of FORMAT.md.
    reader = {}
    text = (pathlib.Path(__file__).resolve().parents[2] / "io/FORMAT.md").read_text()
    for block in re.findall(r"```py\n(.*?)```", text, re.DOTALL):
        assert len(block.splitlines()) <= 10
        exec(block, reader)
    for form, extension in (("npy", "npy"), ("raw", "bin")):
        read = reader["read_corpus"](str(folder / f"punctuated-{form}/corpus-0001.{extension}"))
        assert (read == load(folder / "punctuated-npy", 1)).all()
    assert reader["leaves_of"](read[5], D, HEIGHT) == list(load(folder / "leaves-npy", 1)[5])
    row = states(ISING, ["--generator.kind=true"], "path", 7, 64)[3]
    plain_row = reader["without_states"](row)
    assert plain_row == punctuated(Reader("path", D, HEIGHT, 7).read(row)[0], D, 4, 5)

    # Sums that are lost after packing are counted again, and the packed rows stay.
    packed = (folder / "punctuated-hdf5/corpus-0000.h5").read_bytes()
    for part in (folder / "punctuated-hdf5/parts").iterdir():
        part.unlink()
    (folder / "punctuated-hdf5/results.h5").unlink()
    check_run(["sample", *ISING, *KGRAM, "-o", folder / "punctuated-hdf5", "--stream", "punctuated", "--format", "hdf5", "-q"])
    assert (folder / "punctuated-hdf5/corpus-0000.h5").read_bytes() == packed
    assert not differences(plain / "results.h5", folder / "punctuated-hdf5/results.h5")

    # What cannot be is refused, with the remedy.
    def refused(arguments, text, code=64):
        done = run(["sample", *ISING, *arguments])
        assert done.returncode == code and text in done.stderr, (arguments, done.returncode, done.stderr)

    many = "--sampling.samples=100"
    refused([many, "-o", folder / "x", "--stream", "leavs"], "did you mean leaves?")
    refused([many, "-o", folder / "x", "--format", "nyp"], "did you mean npy?")
    refused([many, "-o", folder / "x", "--stream", "path"], "--segment-tokens N")
    refused([many, "-o", folder / "x", "--segment-tokens", "4"], "leave it out")
    refused([many, "-o", folder / "x", "--generator.method=collapsed"], "leave the method out")
    refused([many, "-o", folder / "x", "--stream", "segment", "--segment-tokens", "4", "--generator.kind=kgram", "--generator.context=3"],
            "are known of the language itself")
    refused([many, "-o", folder / "x", *own], "use --stream punctuated")
    refused(["--sampling.samples=1e12", "-o", folder / "x"], "free space", 74)
    refused([*KGRAM, "-o", folder / "ranks1", "--stream", "leaves"], "holds a corpus of --stream punctuated", 65)
    refused([*KGRAM, "-o", plain], "whose sentences were not written", 65)
    done = run(["run", *ISING, *KGRAM, "-o", folder / "ranks1"])
    assert done.returncode == 65 and "continue it with leafcast sample" in done.stderr, done.stderr
    (folder / "ranks2/corpus-0001.npy").unlink()  # corpus_damage_test.py has everything else that may happen to files
    check_run(["sample", *ISING, *KGRAM, "-o", folder / "ranks2", "--stream", "punctuated", "-q"], 2)
    assert same_files(folder / "ranks2", folder / "punctuated-npy")

print("corpora are the same in every format, on any ranks, after", kills, "kills")
