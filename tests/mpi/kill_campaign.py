"""Kills at random moments, on random numbers of ranks, of random victims: after each one, the files are whole and nothing that was
written is lost; in the end the bytes are those of an undisturbed run.

  kill_campaign.py [--kills N] [--seed S]      the seed decides everything but the machine's own timing
"""
import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from leafcast_runs import ENVIRONMENT, check_run, command, differences, run

parser = argparse.ArgumentParser()
parser.add_argument("--kills", type=int, default=10)
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()
random.seed(options.seed)

SWEEP = ["--language.kind=ising,coloring", "--language.d=3", "--language.height=7", "--language.rho=0.9", "--language.q=3",
         "--generator.kind=true,kgram,block", "--generator.context=9,243", "--generator.context-depth=0..height:3",
         "--sampling.samples=20000"]
SHIM = os.environ.get("LEAFCAST_FAULT_SHIM")  # without it, no kills at a chosen call
SIGNALS = ("TERM", "INT", "USR1")
KINDS = ["one rank", "rank 0", "all ranks", "everything", "launcher"] + [f"SIG{s} to {w}" for s in SIGNALS
                                                                         for w in ("the launcher", "a rank")]
if SHIM:
    KINDS += ["rank 0 at a call", "rank 0 half-way through a write"] * 2
MOST_WAIT = 600  # seconds that anything may take to end on a busy machine


def start(directory, ranks, shim=(), mark=""):
    environment = dict(ENVIRONMENT, **dict(shim), LEAFCAST_CAMPAIGN=mark)
    return subprocess.Popen(command(["run", *SWEEP, "-o", directory, "--flush-seconds", "0.05", "--pilot", "0", "-q"], ranks),
                            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                            errors="replace")


def ranks_of(process, ranks):
    """{rank: process id} of what runs now."""
    if ranks is None:
        return {0: process.pid}
    found = {}
    children = subprocess.run(["ps", "--ppid", str(process.pid), "-o", "pid="], capture_output=True, text=True).stdout.split()
    for pid in children:
        try:
            environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        rank = [entry.split(b"=")[1] for entry in environment if entry.startswith(b"OMPI_COMM_WORLD_RANK=")]
        if rank:
            found[int(rank[0])] = int(pid)
    return found


def send(pid, what):
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        pass


def marked(mark):
    """Processes of a start that still live: mpirun may have made one just before it was killed."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"LEAFCAST_CAMPAIGN={mark}\0".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            pass
    return found


def wait_for_end(process, mark, what):
    """What it said, and whether mpirun had to be killed: now and then Open MPI's waits for itself when its ranks are gone."""
    begin = alone = time.monotonic()
    hung = False
    reader = threading.Thread(target=lambda: texts.append(process.stderr.read()), daemon=True)
    texts = []
    reader.start()
    while process.poll() is None or marked(mark):
        now = time.monotonic()
        if process.poll() is not None or marked(mark) != [process.pid] or command([])[0] in process.args[:1]:
            alone = now
        if now - alone > 20:
            hung = True
            process.kill()
        assert now - begin < MOST_WAIT, f"{what}: still alive: {marked(mark)}"
        time.sleep(0.05)
    reader.join(MOST_WAIT)
    return "".join(texts), hung


def strike(kind, process, ranks):
    """Returns the ranks that there were."""
    there = ranks_of(process, ranks)
    if not there and not kind.startswith("SIG"):  # launching still
        kind = "everything"
    if kind == "one rank" and there:
        send(random.choice(sorted(there.values())), signal.SIGKILL)
    elif kind == "rank 0" and 0 in there:
        send(there[0], signal.SIGKILL)
    elif kind == "all ranks":
        for pid in there.values():
            send(pid, signal.SIGKILL)
    elif kind == "everything":
        for pid in [process.pid, *there.values()]:
            send(pid, signal.SIGKILL)
    elif kind == "launcher":
        send(process.pid, signal.SIGKILL)
    elif kind.startswith("SIG"):
        what = getattr(signal, kind.split()[0])
        target = process.pid if kind.endswith("launcher") or not there else random.choice(sorted(there.values()))
        send(target, what)
    return there


def check_whole(directory, before, what):
    """How many chunks are done: no fewer than before."""
    if not (directory / "parts").exists():
        assert before == 0
        return 0
    done = run(["verify", directory, "--format", "json"], timeout=MOST_WAIT)
    assert done.returncode == 0, f"{what}: verify: exit {done.returncode}\n{done.stdout}{done.stderr}"
    found = json.loads(done.stdout)[0]["done"]
    assert found >= before, f"{what}: {before} chunks were done, {found} are"
    assert not (directory / "damaged").exists(), f"{what}: something was damaged"
    return found


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    begin = time.monotonic()
    check_run(["run", *SWEEP, "-o", folder / "whole", "--pilot", "0", "-q"])
    length = time.monotonic() - begin
    reference = folder / "whole/results.h5"
    statistics = collections.Counter()
    orphans, finished, kills, started = [], 0, 0, 0
    directory, before, strikes, deck = folder / "run", 0, 0, []

    def finish():
        """Undisturbed to the end."""
        ranks = random.choice([None, 2, 3])
        done = run(["run", *SWEEP, "-o", directory, "--pilot", "0", "-q"], ranks, timeout=MOST_WAIT)
        assert done.returncode == 0, f"continuing on {ranks} ranks: exit {done.returncode}\n{done.stderr}"

    while kills < options.kills:
        if not deck:
            deck = random.sample(KINDS, len(KINDS))
        ranks, kind = random.choice([None, 1, 2, 3, 7]), deck.pop()
        what = f"kill {kills + 1} ({kind}, {ranks} ranks, seed {options.seed})"
        shim = {}
        if kind.startswith("rank 0 "):
            how = "kill-half" if "half" in kind else random.choice(["kill-before", "kill-after"])
            shim = {"LD_PRELOAD": SHIM, "LEAFCAST_FAULT_DIR": str(directory), "LEAFCAST_FAULT_HOW": how,
                    "LEAFCAST_FAULT_AT": str(random.choice([random.randrange(1, 40), random.randrange(1, 300)]))}
        mark = f"{os.getpid()}.{started}"
        started += 1
        process = start(directory, ranks, shim, mark)
        # Half of the time while ranks are being launched and the directory opened, else while they sample.
        moment = random.choice([random.uniform(0.003, 0.8), random.uniform(0.1, 0.3 + length)])
        there = {}
        try:
            process.wait(moment if not shim else MOST_WAIT)
        except subprocess.TimeoutExpired:
            there = strike(kind, process, ranks)
        if kind == "launcher" and ranks:
            # Started again at once, the same command may meet ranks that have not noticed yet.
            again = start(directory, random.choice([None, 2]))
            time.sleep(random.uniform(0, 0.5))
        since = time.monotonic()
        error, hung = wait_for_end(process, mark, what)
        statistics["mpirun hung in its own end, all ranks gone"] += hung
        if kind == "launcher" and ranks:
            orphans.append(time.monotonic() - since)
            message = again.communicate(timeout=MOST_WAIT)[1]
            assert again.returncode == 0 or (again.returncode == 74 and "in use by process" in message), \
                f"{what}: the next run: exit {again.returncode}\n{message}"
            statistics["started at once: " + ("refused" if again.returncode else "ran")] += 1
        if ranks is None and kind.startswith("SIG") and there:
            assert process.returncode in (0, 75, -getattr(signal, kind.split()[0])), f"{what}: exit {process.returncode}\n{error}"
        before = check_whole(directory, before, what)
        if process.returncode != 0:  # else it was over before
            kills, strikes = kills + 1, strikes + 1
            statistics[f"{kind}: exit {process.returncode}"] += 1
            print(f"{what}: exit {process.returncode}, {before} chunks are done", flush=True)
        done = (directory / "results.h5").exists()
        if strikes >= random.randrange(3, 12) or (done and strikes) or kills == options.kills:
            finish()
            check_whole(directory, before, "the end")
            different = differences(reference, directory / "results.h5")
            assert not different, f"seed {options.seed}, after {strikes} kills: other bytes in {different}"
            finished += 1
        if (directory / "results.h5").exists():
            shutil.rmtree(directory)
            before = strikes = 0

for what, count in sorted((+statistics).items()):
    print(f"{count:4} × {what}")
if orphans:
    print(f"ranks whose mpirun was killed ended after {max(orphans):.1f} s at most")
print(f"{kills} kills, {finished} runs brought to their end, the same bytes (seed {options.seed})")
