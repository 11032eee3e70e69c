"""Stop signals and time limits: one signal to any rank stops all with whole files; a second one ends at once."""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

from leafcast_runs import ENVIRONMENT, PROGRAM, Started, rank_pid, run, stopped, wait_for, writes_parts

# Takes hours: that it ends at all is the signal's or the limit's doing.
LONG = ["--language.kind=ising", "--language.d=3", "--language.height=8", "--language.rho=0.9", "--generator.kind=kgram",
        "--generator.context=2^4..2^11", "--sampling.samples=1e9"]


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
        started = start(directory, ranks, "--flush-chunks", "5")
        assert writes_parts(started.process, directory, before=set()), started.output()
        os.kill(rank_pid(started.process, victim) if ranks else started.process.pid, what)
        code, output = started.end()
        assert code == 75, (what, ranks, code, output)
        assert "told to stop by a signal" in output, output
        assert run(["verify", directory]).returncode == 0
        told = status(directory)
        assert told["runs"][0]["state"] == "interrupted" and "signal" in told["runs"][0]["reason"], told["runs"]
        assert told["plans"][0]["chunks_done"] == told["plans"][0]["chunks_in_parts"] > 0, told["plans"][0]["chunks_done"]

    # Two signals within a moment, as launchers deliver them, are one. They wait for a stopped process, so that the moment is one.
    started = start(folder / "twice", None)
    with stopped([started.process.pid]):
        os.kill(started.process.pid, signal.SIGUSR1)
        os.kill(started.process.pid, signal.SIGTERM)
    code, output = started.end()
    assert code == 75 and "told to stop by a signal" in output, output

    # A second one, a tenth of a second later, ends at once a process that cannot end by itself, and the files are whole. This one
    # waits for ever to be read.
    deaf, full = os.pipe()
    os.set_blocking(full, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(full, bytes(4096)):
            pass
    os.set_blocking(full, True)
    process = subprocess.Popen([str(PROGRAM), "run", *LONG, "-o", str(folder / "deaf"), "--pilot", "0"], env=ENVIRONMENT,
                               stdout=subprocess.DEVNULL, stderr=full, stdin=subprocess.DEVNULL)
    wait_for("the run is about to speak", lambda: (folder / "deaf/plan.txt").exists())
    process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    assert process.poll() is None
    wait_for("a second signal", lambda: process.poll() is not None or process.send_signal(signal.SIGTERM))
    assert process.returncode == 75 and run(["verify", folder / "deaf"]).returncode == 0, process.returncode
    os.close(deaf)
    os.close(full)

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
        code, output = started.end()
        assert code == 75 and "out of time" in output and "Slurm's time limit" in output, output
        assert time.monotonic() - began > 2, "it ended long before its time"
        told = status(directory)["runs"][0]["run"]
        assert told["slurm_job"] == "4711" and 0 < told["deadline"] - told["started"] < 6, told  # a quarter is left to others
    asked = (tools / "squeue.asked").read_text().splitlines()
    assert asked == ["-h -o %L -j 4711"] * 2, asked  # once a run, by one rank
    started = start(folder / "own", None, "--max-seconds", "2", environment=in_job)
    code, output = started.end()
    assert code == 75 and "Slurm's time limit" not in output, output
    assert len((tools / "squeue.asked").read_text().splitlines()) == 3
print("signals and time limits stop runs cleanly")
