"""The project's own batch scripts on a real Slurm: however a job is interrupted, the same bytes as an undisturbed local run.

python3 tests/slurm/jobs_test.py [NAME…] runs some of the scenarios, --all all of them; by default, those that differ most.
"""
import json
import os
import re
import sys
import time

from local_slurm import PATIENCE, SLURM, LocalSlurm, wait_for
from leafcast_runs import check_run, differences, run

SWEEP = ["--language.kind=ising,coloring", "--language.d=3", "--language.height=8", "--language.rho=0.9", "--language.q=3",
         "--generator.kind=true,kgram,block", "--generator.context=9,243", "--generator.context-depth=0..height:2"]
OFTEN = ["--flush-chunks=20", "--pilot=0"]  # parts from the beginning on
MINUTES = "--time=30"


def samples_for(seconds):
    """Samples a cell that keep four ranks busy for about so long on this machine: long enough to interrupt them."""
    plan = json.loads(check_run(["plan", *SWEEP, "--sampling.samples=10000", "--format", "json"]).stdout)
    wanted = seconds * min(4, len(os.sched_getaffinity(0)))
    return max(10000, round(10000 * wanted / plan["totals"]["core_seconds"]))


def check_finished(slurm, number, directory, starts):
    """The job ended well after so many starts, said so, and its results are those of the local run."""
    state, text = slurm.wait_for_end(number), slurm.output(number)
    assert state["JobState"] == "COMPLETED" and state["ExitCode"] == "0:0", (state, text)
    assert text.rstrip().endswith("sweep.sbatch: done"), text
    assert f"start {starts}:" in text and f"start {starts + 1}:" not in text, text
    check_results(slurm, directory)
    check_run(["verify", slurm.folder / directory])


def check_results(slurm, directory):
    different = differences(slurm.reference, slurm.folder / directory / "results.h5")
    assert not different, f"{directory} differs from a local run: {different}"


def plain(slurm):
    number = slurm.submit("--ntasks=4", MINUTES, SLURM / "sweep.sbatch", "plain", *SWEEP)
    check_finished(slurm, number, "plain", starts=1)
    assert "4 ranks" in slurm.output(number) and "n[1-2]" in slurm.output(number), slurm.output(number)


def warn(slurm, number, directory):
    """As Slurm does before the time limit; returns when the job's script has passed it on."""
    with slurm.stopped_in_the_midst(directory):
        slurm.check("scancel", "--batch", "--signal=USR1", number)
        wait_for("the warning is passed on", lambda: "asking leafcast to stop" in slurm.output(number))


def warning(slurm, site="local-cluster"):
    """Slurm warns of the time limit: the run stops cleanly, is requeued, and the second start finishes."""
    directory = f"warning-{site}"
    number = slurm.submit("--ntasks=4", MINUTES, f"--export=ALL,LEAFCAST_SITE={site}", SLURM / "sweep.sbatch", directory, *SWEEP, *OFTEN)
    warn(slurm, number, directory)
    check_finished(slurm, number, directory, starts=2)
    text = slurm.output(number)
    for line in ("asking leafcast to stop", "chunks are done and kept", "more to do: requeueing", "continuing:"):
        assert line in text, f"no {line!r} in\n{text}"
    assert slurm.job(number)["Restarts"] == "1"


def warning_srun(slurm):
    warning(slurm, "srun")


def early_warning(slurm):
    """A warning while the ranks are still being started waits until they can take it."""
    number = slurm.submit("--ntasks=4", MINUTES, SLURM / "sweep.sbatch", "early", *SWEEP, *OFTEN)
    slurm.wait_for_state(number, "RUNNING")
    wait_for("the job's first line", lambda: "start 1:" in slurm.output(number))
    slurm.check("scancel", "--batch", "--signal=USR1", number)
    check_finished(slurm, number, "early", starts=2)
    assert "asking leafcast to stop" in slurm.output(number)


def node_loss(slurm):
    """A node dies: Slurm requeues the job by itself, and the second start finishes."""
    number = slurm.submit("--ntasks=4", MINUTES, SLURM / "sweep.sbatch", "loss", *SWEEP, *OFTEN)
    with slurm.stopped_in_the_midst("loss"):
        slurm.check("scontrol", "update", "nodename=n2", "state=down", "reason=test")
        wait_for("the job is requeued", lambda: slurm.job(number)["Restarts"] == "1")
    wait_for("n2 comes back", lambda: slurm.command("scontrol", "update", "nodename=n2", "state=resume") and
             slurm.check("sinfo", "-h", "-n", "n2", "-o", "%T").strip() in ("idle", "allocated", "mixed"))
    check_finished(slurm, number, "loss", starts=2)
    assert "continuing:" in slurm.output(number)


def cancel(slurm):
    """scancel cancels: nothing comes back, the directory is whole, and the same command continues."""
    command = ["--ntasks=4", MINUTES, SLURM / "sweep.sbatch", "cancel", *SWEEP, *OFTEN]
    number = slurm.submit(*command)
    with slurm.stopped_in_the_midst("cancel"):
        slurm.check("scancel", number)
        slurm.wait_for_state(number, "COMPLETING", "CANCELLED")
    assert slurm.wait_for_end(number)["JobState"] == "CANCELLED"
    wait_for("the queue is empty", lambda: not slurm.check("squeue", "-h"))
    wait_for("the job's last line", lambda: "told to end (scancel" in slurm.output(number))
    time.sleep(8)  # longer than a requeued job waits (cred_expire)
    state = slurm.job(number)
    assert state["JobState"] == "CANCELLED" and state["Restarts"] == "0" and "more to do: requeueing" not in slurm.output(number), state
    check_run(["verify", slurm.folder / "cancel"])
    assert run(["status", slurm.folder / "cancel"]).returncode == 75, "it was done before it was cancelled"
    again = slurm.submit(*command)
    check_finished(slurm, again, "cancel", starts=1)
    assert "continuing:" in slurm.output(again)


def array(slurm):
    """submit: three slices, two of them warned and requeued, and the merge job that waits for all of them.

    The last task is one of the two: it has the number of the whole array, and must not take that for itself.
    """
    text = slurm.check(sys.executable, SLURM / "submit", "--submit", "--least-work", "0", "--array", "3", "--time", "0:30:00", "--pilot", "0", "array", *SWEEP,
                       "--flush-chunks=20")
    array_job, merge_job = re.findall(r"^submitted job (\d+)", text, re.MULTILINE)
    for task in (3, 2):
        warn(slurm, f"{array_job}_{task}", f"array/slice-{task}")
    state = slurm.wait_for_end(merge_job)
    assert state["JobState"] == "COMPLETED", (state, slurm.output(merge_job))
    for task, starts in ((1, 1), (2, 2), (3, 2)):
        text = slurm.output(f"{array_job}_{task}")
        assert f"start {starts}:" in text and f"start {starts + 1}:" not in text and text.rstrip().endswith("array.sbatch: done"), text
    assert "merge.sbatch: done" in slurm.output(merge_job)
    check_results(slurm, "array")
    for name in ("table.csv", "fit.txt", "report.html"):
        assert (slurm.folder / "array" / name).stat().st_size > 1000, name

    # One task again, as after a failure: N stays what it was. And another N is refused.
    again = slurm.submit("--array=3", MINUTES, SLURM / "array.sbatch", "array", "3", *SWEEP)
    assert slurm.wait_for_end(f"{again}_3")["JobState"] == "COMPLETED", slurm.output(f"{again}_3")
    other = slurm.submit("--array=3", MINUTES, SLURM / "array.sbatch", "array", "4", *SWEEP)
    assert slurm.wait_for_end(f"{other}_3")["ExitCode"] == "64:0"
    assert "begun with 3 slices, not 4" in slurm.output(f"{other}_3")

    # A slice that is wanting.
    (slurm.folder / "array/slice-2").rename(slurm.folder / "elsewhere")
    merge = slurm.submit(MINUTES, SLURM / "merge.sbatch", "array")
    assert slurm.wait_for_end(merge)["ExitCode"] == "75:0"
    assert "slices 2 of 3 have not begun" in slurm.output(merge) and "--array=2 " in slurm.output(merge), slurm.output(merge)


DEFAULT = [plain, warning, node_loss, cancel, array]
SCENARIOS = [*DEFAULT, warning_srun, early_warning]

if __name__ == "__main__":
    names = sys.argv[1:]
    chosen = (DEFAULT if not names else SCENARIOS if names == ["--all"] else [s for s in SCENARIOS if s.__name__ in names])
    assert chosen, f"the scenarios are {', '.join(scenario.__name__ for scenario in SCENARIOS)}"
    with LocalSlurm() as slurm:
        SWEEP.append(f"--sampling.samples={samples_for(3)}")
        check_run(["run", *SWEEP, "-o", slurm.folder / "reference", "-q"], 2, timeout=PATIENCE)
        slurm.reference = slurm.folder / "reference/results.h5"
        for scenario in chosen:
            began = time.monotonic()
            scenario(slurm)
            print(f"{scenario.__name__}: well, in {time.monotonic() - began:.1f} s", flush=True)
    print("the same bytes, however the jobs were interrupted")
