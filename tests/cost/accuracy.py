"""Runs sweep.ini on one core and compares the time that it takes with the cost model's prediction: within 25%.

Not a default test: it measures time. Other work on the machine disturbs it, though only processor time counts."""
import json
import pathlib
import resource
import sys
import tempfile

import h5py

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "mpi"))
from leafcast_runs import check_run, fail  # noqa: E402

SWEEP = HERE / "sweep.ini"
TOLERANCE = 0.25
worst = 0
for repetition in range(int(sys.argv[1]) if len(sys.argv) > 1 else 1):
    with tempfile.TemporaryDirectory() as folder:
        directory = pathlib.Path(folder) / "run"
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        check_run(["run", SWEEP, "-o", directory, "-q"])
        used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        pilot = json.loads((directory / "cost.json").read_text())["pilot_seconds"]
        with h5py.File(directory / "results.h5") as file:
            predicted = float(file["provenance"].attrs["predicted_seconds"])
            sampling = float(file["provenance"].attrs["sampling_seconds"])
    for what, seconds in [("sampling", sampling), ("whole run but for the pilot", used - pilot)]:
        error = seconds / predicted - 1
        worst = max(worst, abs(error))
        print(f"{what}: {seconds:.1f} s of processor time, predicted {predicted:.1f} s ({100 * error:+.0f}%)", flush=True)
if worst > TOLERANCE:
    fail(f"off by {100 * worst:.0f}%")
