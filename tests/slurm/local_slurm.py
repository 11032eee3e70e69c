"""The Slurm of slurm/local-cluster, for tests: up on entry, down on exit; after a failure its logs are shown first."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "mpi"))
from leafcast_runs import PATIENCE, PROGRAM, SOURCE, stopped, wait_for  # noqa: E402

SLURM = SOURCE / "slurm"
SKIPPED = 77  # ctest's SKIP_RETURN_CODE
CANNOT_RUN_HERE = 69  # of local-cluster


class LocalSlurm:
    def __init__(self):
        self.cluster = tempfile.mkdtemp(prefix="lc", dir="/tmp")  # short, for unix sockets
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="leafcast-slurm-"))  # jobs run and write here
        self.environment = dict(os.environ, LEAFCAST_CLUSTER=self.cluster, LEAFCAST=str(PROGRAM))

    def __enter__(self):
        up = subprocess.run([SLURM / "local-cluster", "up"], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if up.returncode != 0:
            self.remove()
            if up.returncode == CANNOT_RUN_HERE:
                print("skipped:", up.stderr.strip().splitlines()[-1])
                sys.exit(SKIPPED)
            raise AssertionError(f"local-cluster up: exit {up.returncode}\n{up.stderr}")
        exported = subprocess.run(["bash", "-c", 'eval "$0" && env -0', up.stdout], env=self.environment, capture_output=True, text=True)
        self.environment = dict(entry.split("=", 1) for entry in exported.stdout.split("\0") if "=" in entry)
        return self

    def __exit__(self, kind, *_):
        if kind not in (None, SystemExit):
            self.show_logs()
        self.remove()

    def remove(self):
        subprocess.run([SLURM / "local-cluster", "down"], env=self.environment, stdin=subprocess.DEVNULL)
        shutil.rmtree(self.cluster, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def show_logs(self):
        logs = sorted(self.folder.glob("*.out")) + sorted(pathlib.Path(self.cluster, "log").glob("*"))
        print(self.command("squeue")[1])
        for log in logs:
            text = log.read_text(errors="replace").splitlines()[-60:]
            print(f"---- {log}", *text, sep="\n")

    def command(self, *words):
        """(exit code, output) of a command with the cluster's environment, in the jobs' folder."""
        done = subprocess.run([str(word) for word in words], env=self.environment, cwd=self.folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
        return done.returncode, done.stdout

    def check(self, *words):
        code, text = self.command(*words)
        assert code == 0, f"{' '.join(map(str, words))}: exit {code}\n{text}"
        return text

    def submit(self, *words):
        """Submits with sbatch and gives the job's number."""
        return self.check("sbatch", "--parsable", *words).strip()

    def job(self, number):
        """The fields of `scontrol show job`, e.g. JobState, Restarts, ExitCode."""
        text = self.check("scontrol", "-o", "show", "job", number).splitlines()[0]
        return dict(field.split("=", 1) for field in text.split() if "=" in field)

    def wait_for_state(self, number, *states):
        return wait_for(f"job {number} is {' or '.join(states)}, not {self.job(number)}",
                        lambda: self.job(number)["JobState"] in states and self.job(number))

    def wait_for_end(self, number):
        """Until the job is over for good: neither queued nor running nor completing."""
        return self.wait_for_state(number, "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "BOOT_FAIL", "OUT_OF_MEMORY")

    def output(self, number):
        path = self.folder / f"slurm-{number}.out"
        return path.read_text() if path.exists() else ""

    def ranks_in(self, directory):
        """Process ids of the ranks that write to a directory: the cluster's nodes are this machine."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (process / "cmdline").read_text().split("\0")
                if words[0] == str(PROGRAM) and directory in words and pathlib.Path(os.readlink(process / "cwd")) == self.folder:
                    found.append(int(process.name))
        return found

    @contextlib.contextmanager
    def stopped_in_the_midst(self, directory):
        """Waits until the run holds its lock and has written a part, and stops its ranks: what is done to its job meanwhile cannot
        come too late."""
        path = self.folder / directory
        wait_for(f"a part in {path}", lambda: (path / "lock").exists() and list((path / "parts").glob("*.h5")))
        ranks = self.ranks_in(directory)
        with stopped(ranks):
            assert ranks and not (path / "results.h5").exists(), f"{directory} was over before it was interrupted"
            yield
