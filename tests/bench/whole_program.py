"""Times leafcast itself under mpirun: two ranks against one, and rank 0 with very many very small chunks.

whole_program.py LEAFCAST OUTPUT.json [--quick]

Seconds are wall time minus that of the same command on a sweep of next to nothing (start-up, files, the last fits).
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
MANY_CELLS = 500  # of 64 chunks

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
samples = {samples}
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
        """Wall time of a run of this sweep's text."""
        self.runs += 1
        file, directory = self.folder / f"{self.runs}.ini", self.folder / f"run{self.runs}"
        file.write_text(sweep)
        command = ["mpirun", "-n", str(ranks), "--oversubscribe", self.path, "run", file, "-o", directory, "-q"]
        start = time.monotonic()
        done = subprocess.run([str(word) for word in command], env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=600)
        elapsed = time.monotonic() - start
        if done.returncode != 0:
            sys.exit(f"{command} failed:\n{done.stderr}")
        return elapsed


def entry(name, unit, value, **more):
    return {"name": name, "unit": unit, "value": value, **more}


def scaling(program, quick):
    """Pairs of runs, one rank then two; the median of the ratios of their net times."""
    tiny = SWEEP.format(samples=64)
    startup = {ranks: statistics.median(program.seconds(ranks, tiny) for _ in range(3)) for ranks in (1, 2)}
    wanted, probe = (3 if quick else 10), 4096
    samples = probe
    while (net := program.seconds(1, SWEEP.format(samples=samples)) - startup[1]) < wanted / 8:
        samples *= 4
    samples = int(samples * wanted / net)
    sweep = SWEEP.format(samples=samples)
    net = {1: [], 2: []}
    for _ in range(1 if quick else 3):
        for ranks in (1, 2):
            net[ranks].append(program.seconds(ranks, sweep) - startup[ranks])
    ratios = [one / two for one, two in zip(net[1], net[2])]
    cells = 6
    return [
        entry("scaling/1 to 2 ranks", "x speed", statistics.median(ratios), goal=SPEED_UP_GOAL, at_least=True,
              spread=(max(ratios) - min(ratios)) / 2, statistic="median of pairs"),
        entry("scaling/sentences a second, 1 rank", "sentences/s", cells * samples / min(net[1]), statistic="best"),
        entry("scaling/sentences a second, 2 ranks", "sentences/s", cells * samples / min(net[2]), statistic="best"),
    ]


def tiny_chunks(program, quick):
    entries = []
    for ranks in (2, 8) if quick else (2, 8, 64):
        few, many = (TINY_CHUNKS.format(cells=MANY_CELLS, samples=samples) for samples in (1, 64))
        rates = []
        for _ in range(1 if quick else 2):
            base = program.seconds(ranks, few)
            rates.append(63 * MANY_CELLS / max(program.seconds(ranks, many) - base, 1e-3))
        entries.append(entry(f"tiny chunks/{ranks} ranks on {os.cpu_count()} cores", "chunks/s", max(rates),
                             goal=CHUNKS_GOAL, at_least=True, spread=max(rates) - min(rates), statistic="best"))
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
