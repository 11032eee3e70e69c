"""Every stop signal, sent in every way, while rank 0 samples and while it writes results: exit 75, nobody is given up, no lock, whole files."""
import pathlib
import signal
import subprocess
import sys
import tempfile

from leafcast_runs import ENVIRONMENT, Started, check_run, command, rank_pid, ranks_of, run, send, wait_for, writes_parts

# Takes very long, in chunks of seconds: ranks say farewell while rank 0 is in the middle of one.
LONG = ["--language.kind=ising", "--language.d=3", "--language.height=10", "--language.rho=0.9", "--generator.kind=kgram", "--generator.context=729",
        "--sampling.samples=2e6", "--pilot", "0"]
# mpirun kills what it has told to end after so long, and always waits it out; a busy machine may need it.
PATIENT = dict(ENVIRONMENT, OMPI_MCA_odls_base_sigkill_timeout="6")
SIGNALS = [signal.SIGUSR1, signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


def targets(process, ranks, way):
    """Process ids that a way of sending reaches."""
    if ranks is None:
        return [process.pid]
    return {"rank 0": lambda: [rank_pid(process, 0)], "last rank": lambda: [rank_pid(process, ranks - 1)], "launcher": lambda: [process.pid],
            "ranks": lambda: ranks_of(process.pid), "all": lambda: [process.pid, *ranks_of(process.pid)]}[way]()


def check_stopped(directory, what, code, output):
    assert "did not answer" not in output, f"{what}: a rank was given up\n{output}"
    assert not (directory / "lock").exists(), f"{what}: a lock is left\n{output}"
    state = run(["status", directory, "--json"]).stdout
    assert '"state": "interrupted"' in state, f"{what}: {state}"
    assert run(["verify", directory]).returncode == 0, what
    assert code == 75, f"{what}: exit {code}\n{output}"


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    count = 0
    many = len(sys.argv) > 1 and sys.argv[1] == "all"
    cases = [(ranks, way, what) for ranks in (None, 2, 5) for way in (["process"] if ranks is None else ["rank 0", "last rank", "launcher", "ranks", "all"])
             for what in SIGNALS]
    if not many:  # every signal and every way, but not every combination
        cases = [case for i, case in enumerate(cases) if case[0] is None or i % 7 in (0, 3)]
        assert {case[1] for case in cases if case[0]} == {"rank 0", "last rank", "launcher", "ranks", "all"} and {case[2] for case in cases if case[0]} == set(SIGNALS)
    for ranks, way, what in cases:
        directory = folder / f"run{count}"
        started = Started([*LONG, "-o", directory, "--flush-chunks", "1"], ranks, PATIENT)
        assert writes_parts(started.process, directory, before=set()), started.output()
        for pid in targets(started.process, ranks, way):
            send(pid, what)
        code, output = started.end()
        # mpirun, ended by a signal itself, may say so by its own exit code.
        if way in ("launcher", "all") and what != signal.SIGUSR1:
            code = 75 if code != 0 else code
        check_stopped(directory, f"{what.name} to {way} of {ranks}", code, output)
        count += 1

    # nohup: a terminal that closes is none of its business.
    directory = folder / "nohup"
    process = subprocess.Popen(["nohup", *command(["run", *LONG, "-o", directory, "--flush-chunks", "1"])], env=PATIENT, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert writes_parts(process, directory, before=set())
    process.send_signal(signal.SIGHUP)
    assert writes_parts(process, directory, count=2), "it ended by a signal that it was told to ignore"
    process.terminate()
    assert process.wait() == 75

    # While all is sampled and results are not yet written: the next start writes them, the same ones.
    sweep = ["--language.kind=ising", "--language.d=2", "--language.height=2..9", "--language.rho=0.3..0.9:0.1", "--generator.kind=true,kgram",
             "--generator.context=2^0..2^8", "--sampling.samples=64", "--pilot", "0"]
    check_run(["run", *sweep, "-o", folder / "whole", "-q"])
    merges = 0
    for number, (ranks, what) in enumerate([(None, signal.SIGTERM), (2, signal.SIGUSR1)] * 5):
        if merges >= 2:
            break
        directory = folder / f"merging{number}"
        started = Started([*sweep, "-o", directory], ranks, PATIENT)
        wait_for("all is sampled", lambda: "core time" in started.output() or started.process.poll() is not None)
        for pid in targets(started.process, ranks, "ranks"):
            send(pid, what)
        code, output = started.end()
        if code == 0:
            continue  # results were there already
        merges += 1
        assert "results were not yet written" in output and not (directory / "results.h5").exists(), output
        check_stopped(directory, f"{what.name} while results are made", code, output)
        check_run(["run", *sweep, "-o", directory, "-q"], ranks)
        assert run(["verify", directory]).returncode == 0

    assert merges > 0, "no stop met the making of results: the sweep is too small for this test"

    # While it watches the lock of another host.
    directory = folder / "whole"
    (directory / "lock").write_text("host=elsewhere\npid=17\nstart=1\nboot=x\njob=\nrestarts=0\nsince=2026-01-01\nbeats=yes\nspace=y\nend\n")
    process = subprocess.Popen(command(["run", *sweep, "-o", directory]), env=PATIENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    line = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    output = line + process.communicate()[0]
    assert "watching" in line and process.returncode == 75 and "before sampling began" in output, (process.returncode, output)
print(f"{count} stops, all clean")
