"""Power loss at any moment: the shim's log is replayed into a model of a disk that keeps only what was fsynced, or anything
between that and everything; `run` continues from each such directory to the same bytes. Also checks the order of calls itself.

  power_loss_test.py [--all] [--seed N]
"""
import argparse
import pathlib
import random
import shutil
import tempfile

from fault_runs import (KILLED, check_finished, copy_run, in_parallel, is_part, leafcast, read_log, sweep, verified)
from leafcast_runs import contents

parser = argparse.ArgumentParser()
parser.add_argument("--all", action="store_true")
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()


class File:
    def __init__(self, data=b"", durable=True):
        self.data, self.durable = data, data if durable else b""


class Folder:
    """Entries as a running system sees them and as the disk has them, and the changes that are not on disk yet."""

    def __init__(self):
        self.now, self.durable, self.pending = {}, {}, []

    def change(self, adds, removes):
        self.pending.append((adds, removes))
        apply(self.now, (adds, removes))

    def sync(self):
        self.durable, self.pending = dict(self.now), []


def apply(entries, change):
    adds, removes = change
    for name in removes:
        entries.pop(name, None)
    entries.update(adds)


class Disk:
    def __init__(self, top):
        self.root = Folder()
        self.load(self.root, top)

    def load(self, folder, path):
        for entry in path.iterdir():
            folder.now[entry.name] = Folder() if entry.is_dir() else File(entry.read_bytes())
            if entry.is_dir():
                self.load(folder.now[entry.name], entry)
        folder.sync()

    def find(self, path):
        """The folder that holds a path, and the last name."""
        folder = self.root
        *parents, name = path.split("/")
        for parent in parents:
            folder = folder.now[parent]
        return folder, name

    def replay(self, operation, data):
        if operation.result < 0:
            return
        what = operation.what
        folder, name = self.find(operation.path)
        if what == "open" and name not in folder.now:
            folder.change({name: File(durable=False)}, [])
        elif what == "write":
            file = folder.now[name]
            place = len(file.data) if operation.offset == -1 else operation.offset
            file.data = file.data.ljust(place, b"\0")[:place] + data + file.data[place + len(data):]
        elif what == "truncate":
            file = folder.now[name]
            file.data = file.data[:operation.offset].ljust(operation.offset, b"\0")
        elif what == "fsync":
            node = self.root if operation.path == "." else folder.now[name]
            if isinstance(node, Folder):
                node.sync()
            else:
                node.durable = node.data
        elif what == "mkdir":
            folder.change({name: Folder()}, [])
        elif what == "unlink":
            folder.change({}, [name])
        elif what == "link":
            target, other = self.find(operation.other)
            target.change({other: folder.now[name]}, [])
        elif what == "rename":
            target, other = self.find(operation.other)
            node = folder.now[name]
            if target is folder:
                folder.change({other: node}, [name])
            else:  # between folders the two halves reach the disk by themselves
                folder.change({}, [name])
                target.change({other: node}, [])

    def after_power_loss(self, keep):
        """{path: bytes or None for a folder}. `keep`: which of n pending changes are on the disk after all; and how much of the
        bytes that were not fsynced."""
        found = {}

        def collect(folder, path):
            entries = dict(folder.durable)
            for change in keep.changes(folder.pending):
                apply(entries, change)
            for name, node in entries.items():
                inner = f"{path}{name}"
                if isinstance(node, Folder):
                    found[inner] = None
                    collect(node, inner + "/")
                else:
                    found[inner] = keep.data(node)
        collect(self.root, "")
        return found


class Nothing:
    @staticmethod
    def changes(pending):
        return []

    @staticmethod
    def data(file):
        return file.durable


class NamesOnly(Nothing):
    """As file systems do that write directories before data."""

    @staticmethod
    def changes(pending):
        return pending


class Everything(NamesOnly):
    @staticmethod
    def data(file):
        return file.data


class Some(Nothing):
    """Any part of it."""

    @staticmethod
    def changes(pending):
        return [change for change in pending if random.random() < 0.5]

    @staticmethod
    def data(file):
        return file.durable + file.data[len(file.durable):][:random.randrange(len(file.data) - len(file.durable) + 1)]


def check_order(name, operations):
    """fsync before rename; the directory after it, before anything else; no part is removed while another's name is not durable."""
    unwritten, unnamed = set(), {}  # files with bytes, folders with names that are not on the disk
    for operation in operations:
        if operation.result < 0:
            continue
        where = f"{name}: {operation}"
        parent = operation.path.rpartition("/")[0]
        if operation.what == "write":
            unwritten.add(operation.path)
            assert not unnamed, f"{where}: {unnamed} not durable yet"
        elif operation.what == "fsync":
            unwritten.discard(operation.path)
            unnamed.pop(operation.path, None)
        elif operation.what == "rename" and operation.other != "run/lock":  # a lock need not outlive its host
            assert operation.path not in unwritten, f"{where}: renamed before it was fsynced"
            unnamed[operation.other.rpartition("/")[0]] = operation.other
            if operation.other.rpartition("/")[0] != parent:
                unnamed[parent] = operation.path
        elif operation.what == "mkdir":
            unnamed[parent or "."] = operation.path
        elif operation.what == "unlink" and is_part(operation.path):
            assert "run/parts" not in unnamed, f"{where}: {unnamed} not durable yet"
    assert not unnamed, f"{name}: {unnamed} never made durable"


def scene(folder, name, command, base=None, aside=()):
    """Runs once, and gives the directories that power loss may leave: (what, {path: bytes}, chunks that are safe)."""
    top = folder / name
    top.mkdir()
    if base:
        copy_run(base, top / "run")
    disk = Disk(top)
    log = folder / f"{name}.log"
    done = leafcast([*command, "-o", top / "run"], {"DIR": top, "LOG": log})
    assert done.returncode == 0, done.stderr
    reference = contents(top / "run/results.h5")
    operations = read_log(log)
    check_order(name, operations)
    data = pathlib.Path(f"{log}.data").read_bytes()
    states, seen, safe = [], set(), 0
    fresh = 0
    for operation in operations:
        size = max(0, operation.result) if operation.what == "write" else 0
        disk.replay(operation, data[:size])
        data = data[size:]
        if operation.what == "rename" and is_part(operation.other):
            fresh += 1
        if operation.what == "fsync" and operation.path == "run/parts":
            safe, fresh = safe + fresh, 0
        for keep in (Nothing, NamesOnly, Everything, Some, Some):
            state = disk.after_power_loss(keep)
            key = hash(frozenset(state.items()))
            if key not in seen:
                seen.add(key)
                states.append((f"{name}: {keep.__name__} after {operation}", state, safe, command, reference, aside))
    shutil.rmtree(top)
    return states


def continue_from(numbered):
    number, (what, state, safe, command, reference, aside) = numbered
    top = folder / f"state{number}"
    top.mkdir()
    for path, data in sorted(state.items()):
        if data is None:
            (top / path).mkdir()
        else:
            (top / path).write_bytes(data)
    run = top / "run"
    try:
        if not aside:
            done = verified(run)
            assert (done or 0) >= safe, f"{done} chunks of {safe} that were safe"
        check_finished(run, [*command, "-o", run], reference, aside)
    except AssertionError as problem:
        raise AssertionError(f"{what}: {problem}") from None
    shutil.rmtree(top)


random.seed(options.seed)
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    command = ["run", *sweep(2)]
    states = scene(folder, "run", command)

    # Compaction, from a directory with as many parts as there may be.
    many = ["run", *sweep(33)]
    base = folder / "base"
    base.mkdir()
    log = folder / "base.log"
    assert leafcast([*many, "-o", base / "run"], {"DIR": base, "LOG": log}).returncode == 0
    end = [o.number for o in read_log(log) if o.what == "rename" and is_part(o.other)][63] + 1
    shutil.rmtree(base)
    base.mkdir()
    assert leafcast([*many, "-o", base / "run"], {"DIR": base, "AT": end, "HOW": "kill-after"}).returncode == KILLED
    compaction = scene(folder, "compaction", many, base / "run")

    # Setting a damaged part aside.
    hurt = folder / "hurt"
    hurt.mkdir()
    assert leafcast([*command, "-o", hurt / "run"]).returncode == 0
    (hurt / "run/results.h5").unlink()
    part = sorted((hurt / "run/parts").iterdir())[1]
    part.write_bytes(part.read_bytes()[:-1000])
    damage = scene(folder, "damage", command, hurt / "run", aside=[part.name])

    if not options.all:
        compaction, damage = random.sample(compaction, 10), random.sample(damage, 10)
        states = random.sample(states, min(50, len(states)))
    states += compaction + damage
    count = in_parallel(enumerate(states), continue_from)
print(f"{count} directories that power loss may leave, all continued to the same bytes (seed {options.seed})")
