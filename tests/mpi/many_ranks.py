"""Many more ranks than cores on small chunks: the same bytes as one process. many_ranks.py RANKS…"""
import pathlib
import sys
import tempfile
import time

from leafcast_runs import SMOKE, check_run, differences, run

with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    check_run(["run", SMOKE, "-o", folder / "alone", "-q"])
    for ranks in map(int, sys.argv[1:]):
        began = time.monotonic()
        done = check_run(["run", SMOKE, "-o", folder / str(ranks)], ranks, timeout=1500)
        assert f"{ranks} ranks" in done.stderr and "rank 0: " in done.stderr, done.stderr
        different = differences(folder / "alone/results.h5", folder / str(ranks) / "results.h5")
        assert not different, f"{ranks} ranks differ from one process: {different}"
        assert run(["verify", folder / str(ranks)]).returncode == 0
        share = next(line for line in done.stderr.splitlines() if line.startswith("rank 0: "))
        print(f"{ranks} ranks: the same bytes, {time.monotonic() - began:.0f} s; {share}")
