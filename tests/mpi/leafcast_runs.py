"""Runs the program as a user would, and compares results files byte for byte outside provenance."""
import os
import pathlib
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


def run(arguments, ranks=None, timeout=300, **keywords):
    return subprocess.run(command(arguments, ranks), capture_output=True, text=True, timeout=timeout,
                          env=ENVIRONMENT, stdin=subprocess.DEVNULL, **keywords)


def check_run(arguments, ranks=None, **keywords):
    done = run(arguments, ranks, **keywords)
    assert done.returncode == 0, f"{arguments} on {ranks} ranks: exit {done.returncode}\n{done.stderr}"
    return done


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
        while "leafcast run:" not in self.output():
            assert self.process.poll() is None, self.output()
            time.sleep(0.02)

    def output(self):
        self.file.seek(0)
        return self.file.read()

    def end(self, timeout):
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
