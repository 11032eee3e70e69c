"""Runs the program under the fault shim (fault_shim.cpp, README.md), and checks what is left."""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "mpi"))
from leafcast_runs import ENVIRONMENT, PATIENCE, PROGRAM, contents  # noqa: E402

SHIM = pathlib.Path(os.environ.get("LEAFCAST_FAULT_SHIM", "build/tests/libfault_shim.so")).resolve()
CELLS = ["--language.kind=ising", "--language.d=2", "--language.height=3", "--language.rho=0.9", "--generator.kind=true,block",
         "--generator.context-depth=1"]


def sweep(samples):
    """Two cells of as many chunks as samples; every chunk becomes a part, always in the same order."""
    return [*CELLS, f"--sampling.samples={samples}", "--flush-chunks", "1", "--pilot", "0", "-q"]


def leafcast(arguments, shim=None, timeout=PATIENCE, **keywords):
    """One process. `shim`: its variables, as DIR=…, AT=…, HOW=…"""
    environment = dict(ENVIRONMENT)
    if shim:
        environment["LD_PRELOAD"] = str(SHIM)
        environment.update({f"LEAFCAST_FAULT_{key}": str(value) for key, value in shim.items()})
    return subprocess.run([str(PROGRAM), *map(str, arguments)], capture_output=True, text=True, timeout=timeout, env=environment,
                          stdin=subprocess.DEVNULL, **keywords)


class Operation:
    """A line of the shim's log."""

    def __init__(self, line):
        number, self.what, self.path, self.other, result, offset = line.rstrip("\n").split("\t")
        self.number, self.result, self.offset = int(number), int(result), int(offset)
        self.destination = self.path  # what a temporary file becomes

    def __repr__(self):
        return f"{self.number} {self.what} {self.path} {self.other}".strip()


def read_log(path):
    """The operations, each with the name that its temporary file gets in the end."""
    operations = [Operation(line) for line in open(path)]
    names = {}
    for operation in reversed(operations):
        if operation.what in ("rename", "link"):
            names[operation.path] = operation.destination = operation.other
        else:
            operation.destination = names.get(operation.path, operation.path)
            if operation.what == "open":
                names.pop(operation.path, None)
    return operations


def is_part(name):
    return name.startswith("run/parts/0")


def verified(run):
    """What `verify` says of a directory that must be whole; how many chunks are done. None: it was hardly begun."""
    if not (run / "parts").exists():
        return None
    done = leafcast(["verify", run, "--format", "json"])
    assert done.returncode == 0, f"verify {run}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return json.loads(done.stdout)[0]["done"]


def errors(stderr):
    return [line for line in stderr.splitlines() if line.startswith("leafcast: ")]


def check_error(done, code, *words):
    """One message, with these words, and this exit code."""
    text = f"exit {done.returncode}, not {code}: {done.stderr}"
    assert done.returncode == code, text
    assert len(errors(done.stderr)) == 1, f"not one message: {done.stderr}"
    for word in words:
        assert word in errors(done.stderr)[0], f"no {word!r} in {done.stderr!r}"


def check_finished(run, command, reference, aside=()):
    """The command comes to its end without faults, with the reference's bytes, and leaves nothing behind."""
    done = leafcast(command)
    assert done.returncode == 0, f"continuing {run}: exit {done.returncode}\n{done.stderr}"
    found = contents(run / "results.h5")
    different = sorted(name for name in found.keys() | reference.keys() if found.get(name) != reference.get(name))
    assert not different, f"{run}: other bytes in {different}"
    left = [p for p in run.rglob("*") if p.name.startswith(".leafcast-tmp")]
    assert not left, f"left behind: {left}"
    assert not (run / "lock").exists(), "the lock was left behind"
    damaged = {re.sub(r"\.\d+$", "", p.name) for p in (run / "damaged").glob("*")}
    assert damaged <= set(aside), f"set aside: {damaged}, expected {aside}"
    assert not list((run / "parts").glob("*")) or verified(run) is not None
    return done


def copy_run(source, target):
    """A copy that shares the parts, which never change."""
    def link_parts(a, b):
        return os.link(a, b) if pathlib.Path(a).suffix == ".h5" else shutil.copy2(a, b)
    shutil.copytree(source, target, copy_function=link_parts)


def in_parallel(tasks, work):
    """Calls work(task) for all, on all cores; the first failure ends everything."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = [pool.submit(work, task) for task in tasks]
        try:
            for future in concurrent.futures.as_completed(futures):
                future.result()
        finally:
            for future in futures:
                future.cancel()
    return len(futures)


KILLED = -signal.SIGKILL
