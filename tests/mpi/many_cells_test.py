"""Sweeps of many small cells: the same bytes by any ranks and after kills, memory that grows by little, summaries instead of lists."""
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile

from leafcast_runs import ENVIRONMENT, check_run, command, differences, run, send, writes_parts

SWEEP = """seed = 1..{seeds}
[language]
kind = ising
d = 2
height = 4
rho = 0.9
[generator]
kind = kgram
context = 1..10
[sampling]
samples = 128
"""
# Books and estimates take 6.5 kB a cell of 64 leaves, from 10,000 to 30,000 of them; the rest are sums that no part holds yet. It was 750.
MOST_KILOBYTES_A_CELL = 30


def megabytes(arguments):
    """Of the largest process, by the kernel's accounting."""
    words = command(arguments)
    pid = os.posix_spawn(words[0], words, ENVIRONMENT, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, arguments
    return usage.ru_maxrss / 1024


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)

    def sweep(cells):
        path = folder / f"{cells}.ini"
        path.write_text(SWEEP.format(seeds=cells // 10))
        return path

    # Any ranks, any kills, however the chunks come to parts.
    whole, ranks, killed = (folder / each for each in ("whole", "ranks", "killed"))
    done = check_run(["run", sweep(500), "-o", whole])
    check_run(["run", sweep(500), "-o", ranks, "-q", "--flush-chunks", "3000"], ranks=3)
    assert not differences(whole / "results.h5", ranks / "results.h5")
    kills = 0
    for _ in range(4):
        process = subprocess.Popen(command(["run", sweep(500), "-o", killed, "-q", "--flush-chunks", "1500"]), env=ENVIRONMENT)
        if writes_parts(process, killed, 2):
            send(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
    check_run(["run", sweep(500), "-o", killed, "-q", "--flush-chunks", "1500"])
    assert kills > 1 and not differences(whole / "results.h5", killed / "results.h5")
    assert run(["verify", killed]).returncode == 0
    merged = folder / "merged.h5"
    check_run(["merge", killed, "-o", merged])
    assert not differences(whole / "results.h5", merged)

    # Slices, each with a share of every cell.
    slices = []
    for k in (1, 2, 3):
        slices.append(folder / f"slice-{k}")
        check_run(["run", sweep(500), "-o", slices[-1], "-q", "--slice", f"{k}/3"])
    check_run(["merge", *slices, "-o", folder / "sliced.h5"])
    assert not differences(whole / "results.h5", folder / "sliced.h5")

    # People.
    log = done.stderr.splitlines()
    assert len(log) < 20 and "500/500 cells" in done.stderr, done.stderr
    status = check_run(["status", whole]).stdout
    assert len(status.splitlines()) < 15 and "500 of 500 cells are done" in status, status
    assert len(check_run(["status", whole, "--cells"]).stdout.splitlines()) > 500
    told = json.loads(check_run(["status", *slices, "--json"]).stdout)["plans"][0]
    assert told["cells_done"] == told["cells_planned"] == len(told["cells"]) == 500, {**told, "cells": "…"}
    plan = check_run(["plan", sweep(500), "--pilot", "0"]).stdout
    assert len(plan.splitlines()) < 40 and re.search("10 longest of 500 cells", plan), plan

    # Memory.
    for arguments in (["run", "-q", "-o"], ["table", "--format", "csv"], ["status"], ["verify"]):
        used = []
        for cells in (500, 3000):
            directory = folder / f"memory-{cells}"
            words = [*arguments, directory, sweep(cells)] if arguments[0] == "run" else [*arguments, directory]
            used.append(megabytes(words))
        each = 1024 * (used[1] - used[0]) / 2500
        assert each < MOST_KILOBYTES_A_CELL, f"{arguments[0]}: {each:.1f} kB a cell ({used})"
