"""The arrows of the design: engine includes nothing above it; workers, io and analysis never include each other; the rooms of
analysis include those before them."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
ALLOWED = {
    "engine": {"engine"},
    "workers": {"workers", "engine"},
    "io": {"io", "engine"},
    "analysis": {"analysis", "engine"},
    "jobs": {"jobs", "engine", "workers", "io", "analysis"},
}
ROOMS = ["text", "theory", "estimate", "fit", "present", "score"]  # of analysis
FOREIGN = {  # headers of libraries that belong to one folder
    "mpi": (re.compile(r"<(mpi\.h|boost/mpi)"), {"workers", "jobs"}),
    "hdf5": (re.compile(r"<(hdf5|H5)"), {"io", "jobs"}),
    "program_options": (re.compile(r"<boost/program_options"), {"jobs"}),
}


def violations(files):
    found = []
    for folder, name, text in files:
        for number, line in enumerate(text.splitlines(), 1):
            own = re.match(r'\s*#\s*include\s*"([a-z]+)/', line)
            if own and own[1] in ALLOWED and own[1] not in ALLOWED[folder]:
                found.append(f"{name}:{number}: {folder} must not include {own[1]}")
            room, included = re.match(r"analysis/([a-z]+)/", name), re.match(r'\s*#\s*include\s*"analysis/([a-z]+)/', line)
            if room and included and ROOMS.index(room[1]) < ROOMS.index(included[1]):
                found.append(f"{name}:{number}: analysis/{room[1]} must not include analysis/{included[1]}")
            for library, (pattern, folders) in FOREIGN.items():
                if re.match(r"\s*#\s*include", line) and pattern.search(line) and folder not in folders:
                    found.append(f"{name}:{number}: {folder} must not include {library}")
    return found


sources = [(folder, str(path.relative_to(ROOT)), path.read_text())
           for folder in ALLOWED for path in sorted((ROOT / folder).rglob("*")) if path.suffix in (".h", ".cpp")]
assert len(sources) > 40, "the sources were not found"
assert violations([("engine", "a.h", '#include "io/record/results.h"\n#include <mpi.h>')]).__len__() == 2, "the check cannot fail"
assert violations([("analysis", "analysis/fit/a.h", '#include "analysis/present/plot.h"')]), "the check of rooms cannot fail"
wrong = violations(sources)
missing = [folder for folder in [*ALLOWED, "slurm", "tests"] if not (ROOT / folder / "README.md").exists()]
print("\n".join(wrong + [f"{folder} has no README.md" for folder in missing]) or "all arrows point down")
sys.exit(bool(wrong or missing))
