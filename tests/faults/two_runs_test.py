"""Several runs started at one moment in one directory: one runs, the others are refused; also over the lock of a dead process."""
import pathlib
import signal
import subprocess
import tempfile

from fault_runs import check_error, verified
from leafcast_runs import ENVIRONMENT, PATIENCE, check_run, command, differences, rank_pid, send, wait_for

SWEEP = ["--language.kind=ising", "--language.d=3", "--language.height=8", "--language.rho=0.9", "--generator.kind=kgram",
         "--generator.context=81,243", "--pilot", "0", "-q"]
LONG = [*SWEEP, "--sampling.samples=1e9"]  # for hours: it is there until it is told to stop
SHORT = [*SWEEP, "--sampling.samples=20000"]
ROUNDS = 12


class Done:
    def __init__(self, process):
        self.stderr = process.communicate(timeout=PATIENCE)[1]
        self.returncode = process.returncode


def start(sweep, directory, ranks):
    return subprocess.Popen(command(["run", *sweep, "-o", directory], ranks), env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    for number in range(ROUNDS):
        directory = folder / f"run{number}"
        ranks = 2 if number % 6 == 5 else None
        if number % 2:  # the lock of a process that is dead
            process = start(LONG, directory, None)
            wait_for("a lock", lambda: (directory / "lock").exists())
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert (directory / "lock").exists(), "a killed run has removed its lock"
        runs = [start(LONG, directory, ranks) for _ in range(2 if ranks else 4)]
        wait_for("all but one are refused", lambda: sum(process.poll() is None for process in runs) <= 1)
        living = [process for process in runs if process.poll() is None]
        assert len(living) == 1, [Done(process).stderr for process in runs]
        for process in runs:
            if process is not living[0]:
                check_error(Done(process), 74, "in use by process", str(directory))
        send(rank_pid(living[0], 0) if ranks else living[0].pid, signal.SIGTERM)
        done = Done(living[0])
        assert done.returncode == 75, done.stderr
        verified(directory)
        assert not (directory / "lock").exists()

    # Short ones: some are refused, some continue what another has done, and together they come to the same end.
    directory = folder / "short"
    runs = [Done(process) for process in [start(SHORT, directory, None) for _ in range(4)]]
    for run in runs:
        if run.returncode != 0:
            check_error(run, 74, "in use by process", str(directory))
    assert 0 in [run.returncode for run in runs], [run.stderr for run in runs]
    check_run(["run", *SHORT, "-o", folder / "whole"], 2)
    assert not differences(directory / "results.h5", folder / "whole/results.h5")
print(f"{ROUNDS} times runs met, and one ran")
