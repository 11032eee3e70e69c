"""Signals and kills at any moment: the directory stays readable, the same command continues, the results are the same bytes."""
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time

from leafcast_runs import (ENVIRONMENT, PATIENCE, check_run, command, differences, parts_of, ranks_of, run, samples, send, writes_parts)

SWEEP = ["--language.kind=ising,coloring", "--language.d=3", "--language.height=7", "--language.rho=0.9", "--language.q=3",
         "--generator.kind=true,kgram,block", "--generator.context=9,243", "--generator.context-depth=0..height:2",
         samples(50000)]
random.seed(3)


def interrupt(process, ranks, how):
    if how == "one rank":
        pids = ranks_of(process.pid) if ranks else [process.pid]
        if pids:
            os.kill(random.choice(pids), signal.SIGTERM)
    elif how == "kill all":
        for pid in (ranks_of(process.pid) if ranks else []) + [process.pid]:
            send(pid, signal.SIGKILL)
    else:
        process.send_signal(how)


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    check_run(["run", *SWEEP, "-o", folder / "whole", "-q"], 2)
    reference = folder / "whole/results.h5"
    interrupted = 0
    for ranks, how in [(None, signal.SIGINT), (None, signal.SIGTERM), (2, signal.SIGTERM), (2, signal.SIGINT), (3, "one rank"),
                       (None, "kill all"), (2, "kill all")]:
        directory = folder / "run"
        shutil.rmtree(directory, ignore_errors=True)
        for attempt in range(100):
            before = parts_of(directory)
            process = subprocess.Popen(command(["run", *SWEEP, "-o", directory, "--flush-chunks", "30"], ranks), env=ENVIRONMENT,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
            start = process.stdout.readline()  # the run has begun
            while start and not start.startswith("leafcast run:"):
                start = process.stdout.readline()
            # At least one part each time, so that the end comes nearer; more and more; then at any moment.
            if writes_parts(process, directory, random.randint(1, 4 + attempt), before):
                time.sleep(random.uniform(0, 0.02))
                interrupt(process, ranks, how)
                interrupted += 1
            output, _ = process.communicate(timeout=PATIENCE)
            if process.returncode == 0:
                break
            if how in ("one rank",) or (ranks is None and isinstance(how, signal.Signals)):
                assert process.returncode == 75, f"{how} on {ranks}: exit {process.returncode}\n{output}"
            if (directory / "parts").exists():
                assert run(["status", directory]).returncode in (0, 75), "the directory cannot be read"
                assert run(["verify", directory]).returncode == 0, run(["verify", directory]).stdout
        else:
            raise AssertionError(f"{how} on {ranks} ranks never came to its end")
        different = differences(reference, directory / "results.h5")
        assert not different, f"after {how} on {ranks} ranks: {different}"
    assert interrupted >= 7, "hardly anything was interrupted: the sweep is too short for this test"

    # A deadline, too; a later one each time, as a busy machine may need the first ones for opening the directory.
    directory = folder / "deadline"
    codes = []
    while not codes or codes[-1] == 75:
        seconds = str(0.3 * 1.3 ** len(codes))
        codes.append(run(["run", *SWEEP, "-o", directory, "--max-seconds", seconds, "-q"], 2).returncode)
    assert codes[-1] == 0 and len(codes) > 1, codes
    assert not differences(reference, directory / "results.h5")
print(f"{interrupted} interruptions, the same bytes")
