"""The batch scripts and submit without Slurm: stand-ins for its commands, and for leafcast, bring about every ending and wrong use."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "mpi"))
from leafcast_runs import PATIENCE, PROGRAM, SMOKE, SOURCE, check_run  # noqa: E402

SLURM = SOURCE / "slurm"

STAND_INS = {
    # What was called is in `calls`, an argument a line.
    "scontrol": 'case "$1 $2" in "show config") echo "MaxArraySize = ${FAKE_ARRAY:-1001}"; echo "MaxJobCount = ${FAKE_JOBS:-10000}" ;; '
                '"show partition") echo "PartitionName=main Default=YES MaxNodes=4 MaxTime=1-00:00:00"; echo "PartitionName=big MaxTime=UNLIMITED MaxNodes=UNLIMITED" ;; '
                'show*) echo "   Command=$FAKE_COMMAND" ;; requeue*) echo "requeue $2" >>"$FAKE/calls"; exit ${FAKE_REQUEUE:-0} ;; esac',
    "squeue": 'case "$*" in *%T*) echo "${FAKE_STATE:-RUNNING}" ;; *%L*) echo 1:00:00 ;; esac',
    "sbatch": 'printf "%s\\n" sbatch "$@" >>"$FAKE/calls"; echo $((4000 + $(grep -c "^sbatch$" "$FAKE/calls")))',
    "mpirun": 'exec "$@"',
    "fake-leafcast": """
        case $1 in
          --version) echo "leafcast of a test" ;;
          run)
            printf "%s\\n" leafcast "$@" >>"$FAKE/calls"
            [ -z "$FAKE_NO_DIRECTORY" ] || exit 75
            mkdir -p "$3/parts" && touch "$3/plan.txt"
            [ -z "$FAKE_PART" ] || touch "$3/parts/$FAKE_PART"
            [ -n "$FAKE_UNFINISHED" ] || [ "$FAKE_CODE" -ne 0 ] || touch "$3/is-done"
            exit $FAKE_CODE ;;
          status) [ -e "$2/is-done" ] && echo ' "state": "slice done",' || echo ' "state": "interrupted",' ;;
          merge) touch "$4"; exit $FAKE_CODE ;;
        esac""",
}


class Folder:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        (self.path / "bin").mkdir()
        for name, text in STAND_INS.items():
            (self.path / "bin" / name).write_text("#!/bin/bash\n" + text + "\n")
            (self.path / "bin" / name).chmod(0o755)
        (self.path / "sweep.ini").write_text("[language]\n")

    def call(self, words, **environment):
        """(exit code, output, lines of what was called)"""
        (self.path / "calls").write_text("")
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("SLURM_", "LEAFCAST"))}
        clean.update(FAKE=str(self.path), PATH=f"{self.path}/bin:{os.environ['PATH']}", **environment)
        done = subprocess.run([str(word) for word in words], env=clean, cwd=self.path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
        return done.returncode, done.stdout, (self.path / "calls").read_text().splitlines()

    def batch(self, script, *arguments, **environment):
        """As Slurm runs it: a copy elsewhere, which only Slurm knows where it comes from."""
        spooled = self.path / "slurm_script"
        spooled.write_text((SLURM / script).read_text())
        original = " ".join([str(SLURM / script), *map(str, arguments)])
        defaults = dict(SLURM_JOB_ID="7", SLURM_JOB_NODELIST="n1", SLURM_SUBMIT_DIR=str(self.path), FAKE_COMMAND=original,
                        LEAFCAST="fake-leafcast", FAKE_CODE="0")
        return self.call(["bash", spooled, *arguments], **{**defaults, **environment})


def check_endings(folder):
    endings = {"0": (0, "done"), "64": (64, "refused"), "65": (65, "bad data"), "74": (74, "disk full"), "70": (70, "exit code 70"),
               "137": (137, "killed"), "127": (127, "cannot start")}
    for given, (code, words) in endings.items():
        ended, text, calls = folder.batch("sweep.sbatch", f"end{given}", "sweep.ini", FAKE_CODE=given)
        assert ended == code and words in text and "requeue 7" not in calls, (given, ended, text)
        assert calls[calls.index("-o") + 1] == f"end{given}", calls

    # More to do: requeued; unless Slurm refuses, or the job is being cancelled.
    for environment, code, words, requeued in [(dict(), 0, "requeueing job 7", True), (dict(FAKE_REQUEUE="1"), 75, "does not requeue", True),
                                               (dict(FAKE_STATE="COMPLETING"), 75, "told to end", False)]:
        ended, text, calls = folder.batch("sweep.sbatch", f"more{len(environment)}{code}", "sweep.ini", FAKE_CODE="75", FAKE_PART="1", **environment)
        assert ended == code and words in text and ("requeue 7" in calls) == requeued, (environment, ended, text, calls)

    # "Done" is what status says of the directory: a launcher that was ended, or lost a node, may exit with 0.
    ended, text, calls = folder.batch("sweep.sbatch", "lost", "sweep.ini", FAKE_CODE="0", FAKE_UNFINISHED="yes", FAKE_PART="1")
    assert ended == 0 and "more to do" in text and "requeue 7" in calls and not text.rstrip().endswith("done"), (ended, text, calls)
    ended, text, calls = folder.batch("sweep.sbatch", "lost too", "sweep.ini", FAKE_CODE="0", FAKE_UNFINISHED="yes", FAKE_STATE="COMPLETING")
    assert ended == 75 and "requeue 7" not in calls, (ended, text, calls)

    # The user's own --max-seconds is the only one.
    _, _, calls = folder.batch("sweep.sbatch", "own", "sweep.ini", "--max-seconds", "5")
    assert calls.count("--max-seconds") == 1 and "5" in calls, calls


def check_same_beginning():
    """How a script finds job.sh stands in each of them, since nothing can be shared before it is found."""
    texts = [(SLURM / name).read_text() for name in ("sweep.sbatch", "array.sbatch", "merge.sbatch")]
    blocks = {text[text.index("# Slurm runs a copy"):text.index("require_slurm")] for text in texts}
    assert len(blocks) == 1 and "job.sh" in blocks.pop()


def check_stalls(folder):
    """The third start in a row without a chunk is the last; a chunk, or another job, begins the count anew."""
    def start(restart, job="7", directory="stall", **environment):
        return folder.batch("sweep.sbatch", directory, "sweep.ini", FAKE_CODE="75", SLURM_JOB_ID=job, SLURM_RESTART_COUNT=str(restart), **environment)

    for restart, part, last in [(0, "", False), (1, "", False), (2, "1.h5", False), (3, "", False), (4, "", False), (5, "", True)]:
        ended, text, calls = start(restart, FAKE_PART=part)
        assert (ended, "requeue 7" in calls) == ((75, False) if last else (0, True)), (restart, ended, text)
    assert "3 starts in a row completed no chunk" in text and "--time" in text, text
    assert start(0, job="8")[0] == 0

    # Not even a directory: nothing may be written there, so Slurm's count of restarts decides.
    for restart, code in [(0, 0), (1, 0), (2, 75)]:
        assert start(restart, directory="never", FAKE_NO_DIRECTORY="yes")[0] == code
    assert not (folder.path / "never").exists()


def check_wrong_uses(folder):
    (folder.path / "a-run").mkdir()
    (folder.path / "a-run/plan.txt").write_text("")
    (folder.path / "an-array").mkdir()
    (folder.path / "an-array/slices").write_text("3\n")
    task = dict(SLURM_ARRAY_TASK_ID="2")
    home = dict(FAKE_COMMAND="/nowhere/sweep.sbatch out sweep.ini")
    cases = [
        # script, arguments, environment, exit code, words
        ("sweep.sbatch", [], {}, 64, ["missing", "sbatch --ntasks"]),
        ("sweep.sbatch", ["out"], {}, 64, ["missing", "sbatch --ntasks"]),
        ("sweep.sbatch", ["sweep.ini", "out"], {}, 64, ["sweep.ini is a file", "comes first"]),
        ("sweep.sbatch", ["--language.d=3", "out"], {}, 64, ["comes first"]),
        ("sweep.sbatch", ["an-array", "sweep.ini"], {}, 64, ["an-array", "array.sbatch"]),
        ("sweep.sbatch", ["out", "sweep.ini"], dict(SLURM_JOB_ID=""), 64, ["submit it with", "mpirun"]),
        ("sweep.sbatch", ["out", "sweep.ini"], dict(LEAFCAST_SITE="nrun"), 64, ["unknown site nrun", "default", "srun"]),
        ("sweep.sbatch", ["out", "sweep.ini"], dict(LEAFCAST_SITE="mpirun"), 64, ["site mpirun", "openmpi"]),  # modules that are not here
        ("sweep.sbatch", ["out", "sweep.ini"], dict(LEAFCAST="/nowhere/leafcast"), 64, ["/nowhere/leafcast", "LEAFCAST="]),
        ("sweep.sbatch", ["out", "sweep.ini"], home, 64, ["slurm/job.sh", "LEAFCAST_HOME"]),
        ("sweep.sbatch", ["out", "sweep.ini"], dict(LEAFCAST_HOME="/elsewhere"), 64, ["/elsewhere", "LEAFCAST_HOME"]),
        ("array.sbatch", ["out", "3"], task, 64, ["missing", "sbatch --array"]),
        ("array.sbatch", ["out", "sweep.ini", "sweep.ini"], task, 64, ["sweep.ini", "number of slices"]),
        ("array.sbatch", ["out", "3", "sweep.ini"], {}, 64, ["--array=1-3"]),
        ("array.sbatch", ["out", "3", "sweep.ini"], dict(SLURM_ARRAY_TASK_ID="0"), 64, ["no slice 0", "--array=1-3"]),
        ("array.sbatch", ["out", "3", "sweep.ini"], dict(SLURM_ARRAY_TASK_ID="4"), 64, ["no slice 4", "--array=1-3"]),
        ("array.sbatch", ["a-run", "3", "sweep.ini"], task, 64, ["a-run", "sweep.sbatch"]),
        ("array.sbatch", ["an-array", "4", "sweep.ini"], task, 64, ["begun with 3 slices, not 4"]),
        ("array.sbatch", ["/proc/x", "4", "sweep.ini"], task, 74, ["/proc/x"]),
        ("merge.sbatch", [], {}, 64, ["one directory"]),
        ("merge.sbatch", ["nowhere"], {}, 74, ["nowhere", "array.sbatch"]),
        ("merge.sbatch", ["a-run"], {}, 64, ["no slices"]),
        ("merge.sbatch", ["an-array"], {}, 75, ["slices 1,2,3 of 3 have not begun", "--array=1,2,3"]),
    ]
    for script, arguments, environment, code, words in cases:
        ended, text, calls = folder.batch(script, *arguments, **environment)
        assert ended == code, f"{script} {arguments} {environment}: exit {ended}\n{text}"
        assert not calls and not (folder.path / "out").exists(), f"{script} {arguments}: it went on\n{calls}"
        for word in words:
            assert word in text, f"{script} {arguments}: no {word!r} in {text!r}"

    # Where the script was copied and edited: the folder of submission, or LEAFCAST_HOME.
    for place in (dict(SLURM_SUBMIT_DIR=str(SOURCE)), dict(LEAFCAST_HOME=str(SOURCE))):
        assert folder.batch("sweep.sbatch", "moved", "sweep.ini", **{**home, **place})[0] == 0

    # Tasks of an array: what did not end is named, whatever its launcher said.
    for slice_, given, code in [("1", "0", 0), ("2", "74", 74), ("3", "0", 0)]:
        ended, _, calls = folder.batch("array.sbatch", "tasks", "3", "sweep.ini", SLURM_ARRAY_TASK_ID=slice_, FAKE_CODE=given)
        assert ended == code and f"{slice_}/3" in calls, calls
    assert sorted(p.name for p in (folder.path / "tasks").iterdir()) == ["slice-1", "slice-2", "slice-3", "slices"]
    ended, text, _ = folder.batch("merge.sbatch", "tasks", FAKE_CODE="75")
    assert ended == 75 and "slices 2 of 3 did not end" in text and "--array=2 " in text, text
    assert not (folder.path / "tasks/results.h5").exists()
    folder.batch("array.sbatch", "tasks", "3", "sweep.ini", SLURM_ARRAY_TASK_ID="2", FAKE_CODE="0")
    ended, text, _ = folder.batch("merge.sbatch", "tasks", FAKE_CODE="75")  # every slice done, and yet chunks are wanting: never an empty --array=
    assert ended == 75 and "parts are missing" in text and "--array= " not in text, text


def check_submit(folder):
    submit = [sys.executable, SLURM / "submit", "--pilot", "0", "--least-work", "0"]

    def shown(*arguments, **environment):
        ended, text, _ = folder.call([*submit, *arguments], **{"LEAFCAST": str(PROGRAM), **environment})
        return ended, text

    # Without options it is what plan suggests.
    suggestion = json.loads(check_run(["plan", SMOKE, "--format", "json", "--pilot", "0"]).stdout)["suggestion"]
    ended, text = shown("out", SMOKE)
    assert ended == 0 and f"sbatch --ntasks={suggestion['ranks']} --time={suggestion['time']} --mem-per-cpu={suggestion['mem_per_cpu_mb']}M" in text, text

    # Also where it is rank 0's books that take the time: those of a slice are parts, and of the merge job the results.
    many = ["--language.kind=ising", "--language.d=2", "--language.height=3", "--language.rho=0.9", "--seed=1..40000", "--sampling.samples=64"]
    suggestion = json.loads(check_run(["plan", *many, "--format", "json", "--pilot", "0"]).stdout)["suggestion"]
    _, text = shown("out", *many)
    assert suggestion["seconds"] > 60 and f"--time={suggestion['time']}" in text, (suggestion, text)
    _, text = shown("--array=4", "out", *many)
    times = [int(hours) * 60 + int(minutes) for hours, minutes in re.findall(r"--time=(\d+):(\d+):00", text)]
    assert len(times) == 2 and times[0] > 3 and times[1] > 30, text

    # The words that are shown are those that are meant, whatever is in them.
    title = "--title=it's \"a\" $title; \\ ü"
    words = ["--site=srun", "--partition", "big", "--account=x", "--sbatch=--qos=long", "--ranks", "3", "--time=2-0", "--mem-per-cpu=1G", "my out", SMOKE, title, "--seed", "5", "-q"]
    wanted = ["sbatch", "--ntasks=3", "--time=2-0", "--partition=big", "--account=x",
              "--export=ALL,LEAFCAST_SITE=srun", "--qos=long", "--mem-per-cpu=1G", str(SLURM / "sweep.sbatch"), "my out", str(SMOKE), title, "--seed=5", "-q"]
    _, text = shown(*words)
    command = "\n".join(line for line in text.splitlines() if line.startswith(("sbatch", " ")))
    _, _, calls = folder.call(["bash", "-c", command])
    assert calls == wanted, calls
    ended, text, calls = folder.call([*submit, "--submit", *words], LEAFCAST=str(PROGRAM))
    assert ended == 0 and calls == ["sbatch", "--parsable", *wanted[1:]] and "submitted job 4001 " in text, (text, calls)

    # An array and the job that waits for it.
    ended, text, calls = folder.call([*submit, "--submit", "--array=4", "out", SMOKE], LEAFCAST=str(PROGRAM))
    array, merge = "\n".join(calls).split("sbatch\n--parsable\n")[1:]
    assert ended == 0 and array.startswith("--array=1-4\n--ntasks=1\n") and array.endswith(f"{SLURM}/array.sbatch\nout\n4\n{SMOKE}\n"), array
    assert merge.startswith("--dependency=afterok:4001\n--kill-on-invalid-dep=yes\n") and merge.endswith(f"{SLURM}/merge.sbatch\nout"), merge
    _, text = shown("--array=4", "out", SMOKE)
    command = "\n".join(line for line in text.splitlines() if line.startswith(("sbatch", "array=", " ")))
    _, _, again = folder.call(["bash", "-c", command])
    assert set(again) == set(calls), again

    # Options given by hand replace those computed, by Slurm's own conflicts; the merge job is no array.
    def options_of(*arguments):
        """What sbatch is called with: of the job, and of the merge job."""
        ended, text, calls = folder.call([*submit, "--submit", *arguments, "out", SMOKE], LEAFCAST=str(PROGRAM))
        assert ended == 0, text
        return [job.split("\n") for job in "\n".join(calls).split("sbatch\n--parsable\n")[1:]]

    array, merge = options_of("--array=4%2", "--sbatch=--qos=long", "--sbatch=--cpus-per-task=2", "--merge-sbatch=--mem=8G", "--merge-sbatch=--time=2:00:00")
    assert array[0] == "--array=1-4%2" and "--qos=long" in array and "--cpus-per-task=2" in array, array
    assert "--qos=long" in merge and "--mem=8G" in merge and "--time=2:00:00" in merge and "--time=00:30:00" not in merge, merge
    assert not any(word.startswith(("--array", "--mem-per-cpu", "--cpus")) for word in merge), merge
    array, merge = options_of("--array=4", "--sbatch=--array=1-4%3")
    assert "--array=1-4%3" in array and "--array=1-4" not in array and not any(word.startswith("--array") for word in merge), (array, merge)
    job, = options_of("--mem-per-cpu=4G", "--sbatch=--exclusive")
    assert "--mem-per-cpu=4G" in job and "--mem=0" not in job, job
    job, = options_of("--sbatch=--time 2:00:00", "--sbatch=--clusters=far", "--sbatch=--nodes=99")
    assert ["--time", "2:00:00"] == job[job.index("--time"):][:2], job
    job, = options_of("--partition=main,big", "--time=2-0")  # one of the two is enough
    for by_hand, there, gone in [(["--mem=4G"], "--mem=4G", "--mem-per-cpu"), (["--sbatch=--mem=4G"], "--mem=4G", "--mem-per-cpu"),
                                 (["--sbatch=--mem-per-gpu=4G"], "--mem-per-gpu=4G", "--mem-per-cpu"), (["--sbatch=--exclusive"], "--mem=0", "--mem-per-cpu"),
                                 (["--sbatch=-t 5:00"], "-t", "--time"), (["--sbatch=-n3"], "-n3", "--ntasks"),
                                 (["--sbatch=--nodes=1", "--sbatch=--ntasks-per-node=2"], "--nodes=1", "--ntasks=")]:
        job, = options_of(*by_hand)
        assert there in job and not any(word.startswith(gone) for word in job), (by_hand, job)

    for arguments, environment, code, words in [
        ([], {}, 64, ["missing", "--help"]), (["out"], {}, 64, ["missing"]), ([SMOKE, "out"], {}, 64, ["comes first"]),
        (["--rank=3", "out", SMOKE], {}, 64, ["--rank:", "--ranks"]), (["--ranks=0", "out", SMOKE], {}, 64, ["--ranks 0"]),
        (["--array=x", "out", SMOKE], {}, 64, ["--array"]), (["--array=4%0", "out", SMOKE], {}, 64, ["4%0", "16%4"]),
        (["--mem=1G", "--mem-per-cpu=1G", "out", SMOKE], {}, 64, ["contradict"]),
        (["--array=9", "out", SMOKE], dict(FAKE_ARRAY="9"), 64, ["MaxArraySize", "up to 8"]), (["--array=9", "out", SMOKE], dict(FAKE_JOBS="5"), 64, ["MaxJobCount"]),
        (["--time=2-0", "out", SMOKE], {}, 64, ["main", "MaxTime", "1-00:00:00"]), (["--sbatch=--nodes=5", "out", SMOKE], {}, 64, ["MaxNodes", "4"]),
        (["--partition=bog", "out", SMOKE], {}, 64, ["bog", "big?"]), (["--ranks", "99999", "out", SMOKE], {}, 64, ["99999 ranks", "chunks"]),
        (["--site=nrun", "out", SMOKE], {}, 64, ["nrun", "srun?"]), (["out", SMOKE], dict(LEAFCAST_SITE="locl"), 64, ["locl", "local-cluster"]),
        (["--time=soon", "out", SMOKE], {}, 64, ["soon", "HH:MM:SS"]), (["--submit", "--dry-run", "out", SMOKE], {}, 64, ["contradict"]),
        (["out", SMOKE, "--language.heigth=3"], {}, 64, ["language.height"]), (["out", folder.path / "no.ini"], {}, 74, ["no.ini"]),
        (["out", SMOKE], dict(LEAFCAST="/nowhere/leafcast"), 64, ["/nowhere/leafcast"]), (["out", SMOKE, "--time"], {}, 64, ["--time needs"]),
        (["--array=2", "out", SMOKE, "--sampling.target-relative-error=0.1"], {}, 64, ["target error", "--array"]),
        (["--array=4", "--least-work=60", "out", SMOKE], {}, 64, ["leave out --array", "--least-work 0"]),
        (["--array=40", "--least-work=0.001", "out", SMOKE, "--sampling.samples=1e5"], {}, 0, ["--array=1-40"]),
    ]:
        ended, text = shown(*arguments, **environment)
        assert ended == code, f"submit {arguments}: exit {ended}\n{text}"
        for word in words:
            assert word in text, f"submit {arguments}: no {word!r} in {text!r}"


def check_local_cluster(folder):
    foreign = folder.path / "foreign"
    foreign.mkdir()
    (foreign / "mine").write_text("")
    cluster = SLURM / "local-cluster"
    for arguments, environment, code, words in [
        (["upp"], {}, 64, "unknown command upp"), ([], {}, 64, "local-cluster COMMAND"), (["run"], {}, 64, "needs a command"),
        (["down", "--kep"], {}, 64, "--keep"), (["--help"], {}, 0, "Exit codes"),
        (["status"], dict(LEAFCAST_CLUSTER=str(folder.path / "none")), 69, "not running"),
        (["down"], dict(LEAFCAST_CLUSTER=str(foreign)), 64, "not a folder of a local cluster"),
        (["down"], dict(LEAFCAST_CLUSTER=str(folder.path / "none")), 0, ""),
    ]:
        ended, text, _ = folder.call([cluster, *arguments], **environment)
        assert ended == code and words in text, f"local-cluster {arguments}: exit {ended}\n{text}"
    assert (foreign / "mine").exists()


with tempfile.TemporaryDirectory() as path:
    folder = Folder(path)
    check_same_beginning()
    check_endings(folder)
    check_stalls(folder)
    check_wrong_uses(folder)
    check_submit(folder)
    check_local_cluster(folder)
print("every ending and every wrong use has its message and exit code")
