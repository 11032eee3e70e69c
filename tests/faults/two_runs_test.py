"""Several runs started at one moment in one directory: one runs, the others are refused; also over the lock of a dead process."""
import pathlib
import signal
import subprocess
import tempfile
import time

from fault_runs import check_error, verified
from leafcast_runs import ENVIRONMENT, check_run, command, differences

SWEEP = ["--language.kind=ising", "--language.d=3", "--language.height=8", "--language.rho=0.9", "--generator.kind=kgram",
         "--generator.context=81,243", "--sampling.samples=200000", "--pilot", "0", "-q"]
ROUNDS = 12


class Done:
    def __init__(self, process):
        self.stderr = process.communicate(timeout=300)[1]
        self.returncode = process.returncode


def start(directory, ranks, *more):
    return subprocess.Popen(command(["run", *SWEEP, "-o", directory, *more], ranks), env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    at_once = 0
    for number in range(ROUNDS):
        directory = folder / f"run{number}"
        ranks = 2 if number % 6 == 5 else None
        if number % 2:  # the lock of a process that is dead
            process = start(directory, None)
            while process.poll() is None and not (directory / "lock").exists():
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert (directory / "lock").exists(), "the run was over before it was killed: too short for this test"
        runs = [start(directory, ranks, "--max-seconds", "1.5") for _ in range(2 if ranks else 4)]
        runs = [Done(process) for process in runs]
        ran = [run for run in runs if run.returncode in (0, 75)]
        for run in runs:
            if run not in ran:
                check_error(run, 74, "in use by process", str(directory))
        assert ran, [run.stderr for run in runs]
        at_once += len(ran) == 1  # else, on a busy machine, one began after another's end
        verified(directory)
        assert not (directory / "lock").exists()
    assert at_once >= ROUNDS // 2, f"only {at_once} of {ROUNDS} times did the runs meet"
    check_run(["run", *SWEEP, "-o", directory])
    check_run(["run", *SWEEP, "-o", folder / "whole"], 2)
    assert not differences(directory / "results.h5", folder / "whole/results.h5")
print(f"{at_once} of {ROUNDS} times runs met, and one ran")
