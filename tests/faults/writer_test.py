"""Every call that changes the run directory fails, is cut short, or is the program's last: one message and exit 74, whole files,
and the same command continues to the same bytes.

  writer_test.py [--all] [--seed N]      --all: every call with every fault, also of compaction
"""
import argparse
import itertools
import pathlib
import random
import shutil
import tempfile

from fault_runs import (KILLED, check_error, check_finished, copy_run, in_parallel, is_part, leafcast, read_log, sweep, verified)
from leafcast_runs import contents

FAULTS = {"ENOSPC": "No space left", "EIO": "Input/output error", "EDQUOT": "quota", "ENOSPC stays": "No space left", "partly": None,
          "kill-before": None, "kill-after": None, "kill-half": None}

parser = argparse.ArgumentParser()
parser.add_argument("--all", action="store_true")
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()


class Scene:
    """A command on a directory that is `base` at first, and what it does undisturbed."""

    def __init__(self, folder, name, command, base=None):
        self.folder, self.name, self.command, self.base = folder / name, name, command, base
        self.folder.mkdir()
        whole = self.start("whole")
        log = self.folder / "log"
        done = leafcast([*command, "-o", whole / "run"], {"DIR": whole, "LOG": log})
        assert done.returncode == 0, done.stderr
        self.reference = contents(whole / "run/results.h5")
        self.operations = read_log(log)
        assert "rename" in {operation.what for operation in self.operations}, "the shim sees nothing"
        shutil.rmtree(whole)

    def start(self, name):
        top = self.folder / name
        top.mkdir()
        if self.base:
            copy_run(self.base, top / "run")
        return top

    def trials(self, faults):
        return [(self, operation, fault) for operation in self.operations for fault in faults
                if operation.what == "write" or fault not in ("partly", "kill-half")]

    def acknowledged(self, operation):
        """Parts that are whole and durable before a call."""
        written = durable = 0
        for earlier in self.operations[:operation.number - 1]:
            if earlier.what == "rename" and is_part(earlier.other):
                written += 1
            if earlier.what == "fsync" and earlier.path == "run/parts":
                durable = written
        return durable

    def may_succeed(self, operation):
        """Calls whose failure costs nothing: what is only cleared away, compaction, which is tried again, and the status."""
        harmless = operation.what == "unlink" or operation.path == "run/lock" or "status.json" in operation.destination
        renames = [o for o in self.operations[:operation.number - 1] if o.what == "rename"]
        after_status = operation.what == "fsync" and operation.path == "run" and renames and renames[-1].other == "run/status.json"
        return harmless or after_status or self.compacts(operation)

    def compacts(self, operation):
        """From the writing of the part that replaces others until the directory is written after their removal."""
        removals = [o.number for o in self.operations if o.what == "unlink" and is_part(o.path)]
        if not removals:
            return False
        renamed = max(o.number for o in self.operations if o.what == "rename" and o.number < removals[0])
        begin = max(o.number for o in self.operations if o.what == "open" and o.number < renamed)
        return begin <= operation.number <= removals[-1] + 1


def attempt(trial):
    scene, operation, fault = trial
    name = f"{operation.number}-{fault.replace(' ', '-')}"
    top = scene.start(name)
    run = top / "run"
    how, _, stays = fault.partition(" ")
    shim = {"DIR": top, "AT": operation.number, "HOW": how}
    if stays:
        shim["STAYS"] = 1
    try:
        before = (verified(run) or 0) if scene.base else 0
        done = leafcast([*scene.command, "-o", run], shim)
        if how.startswith("kill"):
            assert done.returncode == KILLED, f"exit {done.returncode}\n{done.stderr}"
        elif how == "partly":
            assert done.returncode == 0, f"exit {done.returncode} after a short write\n{done.stderr}"
        elif not (scene.may_succeed(operation) and done.returncode == 0):
            check_error(done, 74, FAULTS[fault])
        there = verified(run)
        if there is not None:
            assert there >= before + scene.acknowledged(operation) - scene.is_replaced, f"only {there} chunks are left"
        if done.returncode != KILLED and run.exists():
            left = [p for p in run.rglob(".leafcast-tmp*") if "unlink" not in operation.what]
            assert not left, f"an error left {left}"
        check_finished(run, [*scene.command, "-o", run], scene.reference)
    except AssertionError as problem:
        raise AssertionError(f"{scene.name}: {fault} at call {operation}: {problem}") from None
    shutil.rmtree(top)


def base_with_parts(folder, command, parts):
    """A directory in which a run died right after its n-th part."""
    top = folder / "base"
    top.mkdir()
    log = folder / "base.log"
    assert leafcast([*command, "-o", top / "run"], {"DIR": top, "LOG": log}).returncode == 0
    renames = [o.number for o in read_log(log) if o.what == "rename" and is_part(o.other)]
    shutil.rmtree(top)
    top.mkdir()
    done = leafcast([*command, "-o", top / "run"], {"DIR": top, "AT": renames[parts - 1] + 1, "HOW": "kill-after"})
    assert done.returncode == KILLED and verified(top / "run") == parts
    return top / "run"


def some_of_each_file(operations):
    """HDF5 writes a file in a hundred pieces: the first, the last, and a few between."""
    chosen = []
    for (what, _), stretch in itertools.groupby(operations, key=lambda o: (o.what, o.path)):
        stretch = list(stretch)
        if what == "write" and len(stretch) > 6:
            stretch = [stretch[0], *random.sample(stretch[1:-1], 4), stretch[-1]]
        chosen += stretch
    return chosen


random.seed(options.seed)
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    whole = Scene(folder, "run", ["run", *sweep(2 if not options.all else 4)])
    whole.is_replaced = 0
    many = ["run", *sweep(33)]
    compacting = Scene(folder, "compaction", many, base_with_parts(folder, many, 64))
    compacting.is_replaced = 1  # the part that replaces others holds no chunks of its own
    assert any(compacting.compacts(o) for o in compacting.operations), "nothing was compacted"

    if options.all:
        trials = whole.trials(FAULTS) + compacting.trials(FAULTS)
    else:  # every call of the short run, but of a file's many writes only some, with some of the faults; and a sample of compaction
        trials = []
        for operation in some_of_each_file(whole.operations):
            mine = [t for t in whole.trials(FAULTS) if t[1] is operation]
            trials += random.sample(mine, min(2, len(mine)))
        trials += random.sample([t for t in compacting.trials(FAULTS) if compacting.compacts(t[1])], 12)
    random.shuffle(trials)
    count = in_parallel(trials, attempt)
print(f"{count} faults at {len(whole.operations)} + {len(compacting.operations)} calls: whole files, one message, the same bytes "
      f"(seed {options.seed})")
