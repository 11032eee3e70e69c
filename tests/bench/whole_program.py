"""Times leafcast itself under mpirun: two ranks against one, and rank 0 with very many very small chunks.

whole_program.py LEAFCAST OUTPUT.json [--quick]

Seconds are those from the line that announces the run to its last line of progress, taken as the lines come: everything
from the broadcast of the plan to the last part, but neither MPI's start and end nor the fits.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

SPEED_UP_GOAL = 1.95
CHUNKS_GOAL = 20000
MANY_CELLS = 500  # of 64 chunks of one sample
SWEEP_CELLS = 6

SWEEP = """[language]
kind = ising, coloring
d = 3
height = 8
rho = 0.9
q = 3
[generator]
kind = true, kgram, block
context = 64
context-depth = 4
memory = leaves
[sampling]
samples = {samples}
"""
TINY_CHUNKS = """seed = 1..{cells}
[language]
kind = ising
d = 2
height = 3
rho = 0.9
[generator]
kind = true
[sampling]
samples = 64
"""
ENVIRONMENT = dict(
    os.environ,
    OMPI_ALLOW_RUN_AS_ROOT="1",
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
    OMPI_MCA_mpi_yield_when_idle="1",
    OMPI_MCA_hwloc_base_binding_policy="none",
    OMPI_MCA_odls_base_sigkill_timeout="0",
)


class Program:
    def __init__(self, path, folder):
        self.path, self.folder, self.runs = path, folder, 0

    def seconds(self, ranks, sweep):
        """How long this many ranks sample this sweep's text."""
        self.runs += 1
        file, directory = self.folder / f"{self.runs}.ini", self.folder / f"run{self.runs}"
        file.write_text(sweep)
        command = ["mpirun", "-n", str(ranks), "--oversubscribe", self.path, "run", file, "-o", directory]
        start = end = None
        with subprocess.Popen([str(word) for word in command], env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            for line in process.stderr:
                if line.startswith("leafcast run:"):
                    start = time.monotonic()
                elif line.startswith("100% "):
                    end = time.monotonic()
        if process.returncode != 0 or not start or not end:
            sys.exit(f"{command} failed: exit {process.returncode}")
        return end - start


def entry(name, unit, value, **more):
    return {"name": name, "unit": unit, "value": value, **more}


def scaling(program, quick):
    """Pairs of runs, one rank then two; the median of the ratios of their times."""
    wanted, samples = (4 if quick else 12), 4096
    while (probe := program.seconds(1, SWEEP.format(samples=samples))) < wanted / 16:
        samples *= 4
    samples = int(samples * wanted / probe)
    sweep = SWEEP.format(samples=samples)
    seconds = {1: [], 2: []}
    for _ in range(1 if quick else 3):
        for ranks in (1, 2):
            seconds[ranks].append(program.seconds(ranks, sweep))
    ratios = [one / two for one, two in zip(seconds[1], seconds[2])]
    median = statistics.median(ratios)
    entries = [entry("scaling/2 ranks against 1", "x speed", median, goal=SPEED_UP_GOAL, at_least=True,
                     spread=(max(ratios) - min(ratios)) / 2 / median, statistic=f"median of {len(ratios)} paired ratios")]
    for ranks, times in seconds.items():
        entries.append(entry(f"scaling/sweep of all kinds, ranks: {ranks}", "sentences/s",
                             SWEEP_CELLS * samples / min(times), statistic=f"best of {len(times)}",
                             spread=statistics.median(times) / min(times) - 1))
    return entries


def tiny_chunks(program, quick):
    entries = []
    sweep = TINY_CHUNKS.format(cells=MANY_CELLS)
    for ranks in (2, 8) if quick else (2, 8, 64):
        rates = [64 * MANY_CELLS / program.seconds(ranks, sweep) for _ in range(1 if quick else 3)]
        entries.append(entry(f"tiny chunks/tiny chunks, {ranks} real ranks on {os.cpu_count()} cores", "chunks/s",
                             max(rates), goal=CHUNKS_GOAL, at_least=True, statistic=f"best of {len(rates)}",
                             spread=1 - statistics.median(rates) / max(rates)))
    return entries


def main():
    program, output = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    quick = "--quick" in sys.argv[3:]
    with tempfile.TemporaryDirectory() as folder:
        runs = Program(program, pathlib.Path(folder))
        entries = scaling(runs, quick) + tiny_chunks(runs, quick)
    output.write_text(json.dumps({"entries": entries}, indent=1) + "\n")


if __name__ == "__main__":
    main()
