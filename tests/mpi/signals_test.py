"""Stop signals and time limits: one signal to any rank stops all with whole files; a second one ends at once."""
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

from leafcast_runs import ENVIRONMENT, PROGRAM, Started, rank_pid, run

LONG = ["--language.kind=ising", "--language.d=3", "--language.height=8", "--language.rho=0.9", "--generator.kind=kgram",
        "--generator.context=2^4..2^11", "--sampling.samples=1e7"]


def start(directory, ranks, *more, environment=ENVIRONMENT):
    return Started([*LONG, "-o", directory, *more], ranks, environment)


def status(directory):
    done = run(["status", directory, "--json"])
    assert done.returncode in (0, 75), done.stderr
    return json.loads(done.stdout)


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)

    # Any signal, to any rank: exit 75, every file whole, what was done is kept and told.
    for number, (ranks, victim, what) in enumerate([(None, 0, signal.SIGINT), (None, 0, signal.SIGUSR1), (3, 2, signal.SIGTERM),
                                                    (3, 0, signal.SIGUSR1), (2, 1, signal.SIGINT)]):
        directory = folder / f"one{number}"
        started = start(directory, ranks, "--flush-seconds", "0.2")
        while not list((directory / "parts").glob("0*.h5")):
            time.sleep(0.05)
        began = time.monotonic()
        os.kill(rank_pid(started.process, victim) if ranks else started.process.pid, what)
        code, output = started.end(60)
        assert code == 75, (what, ranks, code, output)
        assert "told to stop by a signal" in output, output
        assert time.monotonic() - began < 20, f"took {time.monotonic() - began} s to stop"
        assert run(["verify", directory]).returncode == 0
        told = status(directory)
        assert told["runs"][0]["state"] == "interrupted" and "signal" in told["runs"][0]["reason"], told["runs"]
        assert told["plans"][0]["chunks_done"] == told["plans"][0]["chunks_in_parts"] > 0, told["plans"][0]["chunks_done"]

    # The same signal twice within a moment, as launchers deliver it, is one.
    started = start(folder / "twice", None)
    os.kill(started.process.pid, signal.SIGUSR1)
    os.kill(started.process.pid, signal.SIGUSR1)
    code, output = started.end(60)
    assert code == 75 and "told to stop by a signal" in output, output

    # A second one ends at once, also when the process could not end by itself, and the files are whole. The kernel of this
    # language takes seconds to tabulate, during which no flag is looked at.
    rows = "\n".join(" ".join("%.17g" % ((1 + (i * j) % 7) / sum(1 + (i * k) % 7 for k in range(40))) for j in range(40))
                     for i in range(40))
    kernel = folder / "kernel.txt"
    kernel.write_text(rows + "\n")
    slow = ["run", "--language.kind=kernel", f"--language.file={kernel}", "--language.d=3", "--language.height=25",
            "--generator.kind=true", "--generator.method=collapsed", "--sampling.samples=1000", "-o", folder / "slow", "--pilot", "0"]
    process = subprocess.Popen([str(PROGRAM), *map(str, slow)], env=ENVIRONMENT, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    process.stderr.readline()
    os.kill(process.pid, signal.SIGTERM)
    time.sleep(0.3)
    began = time.monotonic()
    if process.poll() is None:
        os.kill(process.pid, signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 75 and time.monotonic() - began < 5, (process.returncode, time.monotonic() - began)
    assert run(["verify", folder / "slow"]).returncode == 0

    # Slurm's time limit is the program's, if no other is given. This squeue says what the real one would.
    tools = folder / "tools"
    tools.mkdir()
    (tools / "squeue").write_text('#!/bin/sh\necho "$@" >> "$0.asked"\necho 0:08\n')
    (tools / "squeue").chmod(0o755)
    in_job = dict(ENVIRONMENT, PATH=f"{tools}:{ENVIRONMENT['PATH']}", SLURM_JOB_ID="4711")
    for ranks in (None, 2):
        directory = folder / f"limit{ranks}"
        began = time.monotonic()
        started = start(directory, ranks, environment=in_job)
        code, output = started.end(60)
        assert code == 75 and "out of time" in output and "Slurm's time limit" in output, output
        assert 2 < time.monotonic() - began < 12, time.monotonic() - began
        told = status(directory)["runs"][0]
        assert told["run"]["slurm_job"] == "4711" and told["run"]["deadline"], told
    asked = (tools / "squeue.asked").read_text().splitlines()
    assert asked == ["-h -o %L -j 4711"] * 2, asked  # once a run, by one rank
    started = start(folder / "own", None, "--max-seconds", "2", environment=in_job)
    code, output = started.end(60)
    assert code == 75 and "Slurm's time limit" not in output, output
    assert len((tools / "squeue.asked").read_text().splitlines()) == 3
print("signals and time limits stop runs cleanly")
