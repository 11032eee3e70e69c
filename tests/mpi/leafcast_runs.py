"""Runs the program as a user would, and compares results files byte for byte outside provenance.

No test here depends on how fast the machine is: they wait for what a run has done, not for a time, and a run writes its parts by
count (--flush-chunks) wherever it matters when.
"""
import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

import h5py

PROGRAM = pathlib.Path(os.environ.get("LEAFCAST", "build/leafcast")).resolve()
SOURCE = pathlib.Path(__file__).resolve().parents[2]
SMOKE = SOURCE / "jobs/sweeps/smoke.ini"

# How many times slower than usual the program is; sanitizers are (tests/sanitize.sh).
SLOWDOWN = float(os.environ.get("LEAFCAST_TEST_SLOWDOWN", "1"))

# Seconds that nothing takes unless it hangs, however busy the machine is.
PATIENCE = 600 * SLOWDOWN


def samples(count):
    """So many that a run takes its usual time."""
    return f"--sampling.samples={max(256, round(count / SLOWDOWN))}"


ENVIRONMENT = dict(
    os.environ,
    OMPI_ALLOW_RUN_AS_ROOT="1",
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
    OMPI_MCA_mpi_yield_when_idle="1",
    OMPI_MCA_hwloc_base_binding_policy="none",
    OMPI_MCA_odls_base_sigkill_timeout="1",  # mpirun always waits it out
)


def command(arguments, ranks=None):
    """The command line for this many ranks; None: without mpirun."""
    launcher = [] if ranks is None else ["mpirun", "-n", str(ranks), "--oversubscribe"]
    return launcher + [str(PROGRAM)] + [str(a) for a in arguments]


def run(arguments, ranks=None, timeout=PATIENCE, **keywords):
    return subprocess.run(command(arguments, ranks), capture_output=True, text=True, timeout=timeout,
                          env=ENVIRONMENT, stdin=subprocess.DEVNULL, **keywords)


def check_run(arguments, ranks=None, **keywords):
    done = run(arguments, ranks, **keywords)
    assert done.returncode == 0, f"{arguments} on {ranks} ranks: exit {done.returncode}\n{done.stderr}"
    return done


def wait_for(what, condition):
    """Polls until the condition holds, and gives its value."""
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < end, f"in vain for {PATIENCE} s: {what}"
        time.sleep(0.02)
    return value


def parts_of(directory):
    return {path.name for path in (pathlib.Path(directory) / "parts").glob("0*.h5")}


def writes_parts(process, directory, count=1, before=None):
    """Whether a run (a Popen) writes so many parts more before it ends; returns as soon as that is known."""
    before, seen = parts_of(directory) if before is None else before, set()
    wait_for("parts", lambda: seen.update(parts_of(directory) - before) or len(seen) >= count or process.poll() is not None)
    return process.poll() is None


def send(pid, what):
    with contextlib.suppress(ProcessLookupError):  # it is gone
        os.kill(pid, what)


def kill_until_done(words, directory, every, after_kill=lambda attempt: None):
    """Runs the command again and again, each time on other ranks, and kills it once it has written more parts, until it ends by itself.
    Gives the number of kills."""
    kills = 0
    for attempt in range(60):
        ranks = random.choice([None, 2, 3])
        before = parts_of(directory)
        process = subprocess.Popen(command([*words, "-o", directory, "--flush-chunks", str(every), "-q"], ranks), env=ENVIRONMENT,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        if writes_parts(process, directory, random.randint(1, 4 + attempt), before):
            time.sleep(random.uniform(0, 0.02))
            for pid in (ranks_of(process.pid) if ranks else []) + [process.pid]:
                send(pid, signal.SIGKILL)
            kills += 1
        if process.wait() == 0:
            return kills
        after_kill(attempt)
    return kills


def is_gone(pid):
    """A zombie is, too."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def is_stopped(pid):
    """Whether no thread of a process runs any more, until it is continued."""
    try:
        stats = [(task / "stat").read_text() for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]
    except OSError:  # a thread has just ended
        return is_gone(pid)
    return all(stat.rpartition(")")[2].split()[0] in "TZX" for stat in stats)


@contextlib.contextmanager
def stopped(pids):
    """Stops processes for a while: as if no time passed for them."""
    try:
        for pid in pids:
            send(pid, signal.SIGSTOP)
        wait_for("processes stop", lambda: all(map(is_stopped, pids)))
        yield
    finally:
        for pid in pids:
            send(pid, signal.SIGCONT)


def ranks_of(launcher):
    """Process ids of the program under this mpirun."""
    listing = subprocess.run(["ps", "--ppid", str(launcher), "-o", "pid="], capture_output=True, text=True).stdout
    return [int(pid) for pid in listing.split()]


def rank_pid(launcher, rank):
    """Process id of a rank under this mpirun (a Popen), by the environment that it was given."""
    for pid in ranks_of(launcher.pid):
        if f"OMPI_COMM_WORLD_RANK={rank}\0".encode() in pathlib.Path(f"/proc/{pid}/environ").read_bytes():
            return pid
    raise AssertionError(f"no rank {rank} under process {launcher.pid}")


class Started:
    """A run that has begun, with its output so far."""

    def __init__(self, arguments, ranks=None, environment=ENVIRONMENT):
        self.file = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command(["run", *arguments], ranks), env=environment, stdout=self.file,
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        wait_for("the run begins", lambda: "leafcast run:" in self.output() or self.process.poll() is not None)
        assert "leafcast run:" in self.output(), self.output()

    def output(self):
        self.file.seek(0)
        return self.file.read()

    def end(self, timeout=PATIENCE):
        """Exit code and all output."""
        return self.process.wait(timeout), self.output()


def contents(path):
    """{name: bytes} of every dataset and attribute outside /provenance."""
    found = {}

    def add_attributes(name, node):
        for key in node.attrs:
            if key in ("DIMENSION_LIST", "REFERENCE_LIST"):  # addresses within the file
                continue
            value = node.attrs[key]
            found[f"{name}@{key}"] = value.tobytes() if hasattr(value, "tobytes") else repr(value).encode()

    def add(name, node):
        if name == "provenance" or name.startswith("provenance/"):
            return
        add_attributes(name, node)
        if isinstance(node, h5py.Dataset):
            value = node[()]
            found[name] = repr((node.dtype, node.shape)).encode() + (
                repr(value.tolist()).encode() if value.dtype == object else value.tobytes()) if hasattr(value, "dtype") else repr(value).encode()

    with h5py.File(path, "r") as file:
        add_attributes("", file)
        file.visititems(add)
    return found


def differences(first, second):
    """Names whose bytes differ."""
    a, b = contents(first), contents(second)
    return sorted(name for name in a.keys() | b.keys() if a.get(name) != b.get(name))


def fail(text):
    print(text)
    sys.exit(1)
