"""A network file system shows another host's parts late: the run that continues asks for them, and nothing is sampled twice."""
import os
import pathlib
import tempfile

from fault_runs import CELLS, ENVIRONMENT, PROGRAM, PATIENCE, contents, leafcast
import subprocess

SHIM = pathlib.Path(os.environ["LEAFCAST_DELAY_SHIM"]).resolve()
SWEEP = [*CELLS, "--sampling.samples=64", "--pilot", "0"]


def delayed(arguments, **variables):
    environment = dict(ENVIRONMENT, LD_PRELOAD=str(SHIM), LEAFCAST_DELAY_SECONDS="3600", **variables)
    return subprocess.run([str(PROGRAM), *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE, env=environment,
                          stdin=subprocess.DEVNULL)


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    assert leafcast(["run", *SWEEP, "-o", folder / "whole", "-q"]).returncode == 0
    for view in ({}, {"LEAFCAST_DELAY_ALWAYS": "1"}):
        directory = folder / f"run{len(view)}"
        assert leafcast(["run", *SWEEP, "-o", directory, "--slice", "1/2", "-q"]).returncode == 0
        done = delayed(["run", *SWEEP, "-o", directory], **view)
        if view:  # a client that shows nothing at all: the shim works, and this test could fail
            assert "continuing" not in done.stderr, done.stderr
            continue
        assert done.returncode == 0 and "continuing: 64 of 128 chunks are done" in done.stderr, done.stderr
        assert contents(directory / "results.h5") == contents(folder / "whole/results.h5")
        assert leafcast(["verify", directory]).returncode == 0
print("parts that are seen late are counted once")
