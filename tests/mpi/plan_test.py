"""plan as text fits a terminal of 80 columns; as JSON it says the same, and its command is one that a shell reads back."""
import json
import pathlib
import shlex
import tempfile

from leafcast_runs import SMOKE, SOURCE, check_run, run

SWEEPS = sorted((SOURCE / "jobs/sweeps").glob("*.ini"))
LONG = ["--title=" + "a title of many words " * 8, "--seed=12345678", "--language.kind=potts", "--language.q=5", "--language.lambda=0.12345678901", "--language.d=7",
        "--language.height=11", "--generator.kind=block", "--generator.context-depth=10..11", "--generator.memory=root", "--generator.method=collapsed",
        "--generator.lca=sampled-reset", "--sampling.samples=1e15"]

for arguments in [[sweep] for sweep in SWEEPS] + [LONG]:
    text = check_run(["plan", *arguments, "--pilot", "0"]).stdout
    plan = json.loads(check_run(["plan", *arguments, "--pilot", "0", "--format", "json"]).stdout)
    too_long = [line for line in text.splitlines() if len(line) > 80 and "'--title=" not in line]  # a word stays whole
    assert not too_long, too_long

    cells, totals, suggestion = plan["cells"], plan["totals"], plan["suggestion"]
    assert len(cells) == totals["cells"] and all(cell["label"].split()[0] in text for cell in cells)
    for name in ("samples", "chunks"):
        assert sum(cell[name] for cell in cells) == totals[name] > 0
    assert abs(sum(cell["seconds"] for cell in cells) - totals["core_seconds"]) <= 1e-9 * totals["core_seconds"]
    assert totals["leaves"] > totals["samples"] and totals["rank_bytes"] > 1e8 and totals["first_rank_bytes"] > 0

    # The limit has a reserve, the memory too.
    assert suggestion["seconds"] >= totals["core_seconds"] / suggestion["ranks"]
    hours, minutes, _ = map(int, suggestion["time"].split(":"))
    assert 60 * (60 * hours + minutes) >= min(2 * suggestion["seconds"], 365 * 86400), suggestion
    assert 1e6 * suggestion["mem_per_cpu_mb"] >= 1.25 * totals["rank_bytes"] and 1 <= suggestion["ranks"] <= max(1, totals["chunks"])
    command = suggestion["command"]
    assert shlex.split(command) == shlex.split(text[text.index("  sbatch"):text.index("\nor, with")].replace("\\\n", " "))

# Names and values that a shell would take apart; a title that is no UTF-8.
with tempfile.TemporaryDirectory() as folder:
    sweep = pathlib.Path(folder) / "it's a $weep.ini"
    sweep.write_bytes(SMOKE.read_bytes())
    plan = json.loads(check_run(["plan", sweep, "--generator.kind=true, block", "--pilot", "0", "--format", "json"]).stdout)
    assert shlex.split(plan["suggestion"]["command"])[4:] == ["slurm/sweep.sbatch", "DIR", str(sweep), "--generator.kind=true, block"], plan["suggestion"]
    sweep.write_bytes(SMOKE.read_bytes().replace(b"Smoke test", b"caf\xe9"))
    refused = run(["plan", sweep, "--pilot", "0"])
    assert refused.returncode == 64 and "UTF-8" in refused.stderr, refused.stderr

# On so many ranks: the job is of that size, and a simulated run tells how well they are used.
for ranks in (1, 2, 40, 3000):
    plan = json.loads(check_run(["plan", SMOKE, "--pilot", "0", "--format", "json", "--ranks", ranks]).stdout)
    simulation, totals = plan["simulation"], plan["totals"]
    assert plan["suggestion"]["ranks"] == ranks and f"--ntasks={ranks} " in plan["suggestion"]["command"]
    assert simulation["chunks"] == totals["chunks"] and simulation["share"] == 1
    assert 0 < simulation["efficiency"] <= 1 and 0 <= simulation["tail_seconds"] <= simulation["seconds"], simulation
    assert 0 <= simulation["dispatch_seconds"] <= simulation["seconds"], simulation
    text = check_run(["plan", SMOKE, "--pilot", "0", "--ranks", ranks]).stdout
    assert f"simulated on {ranks} rank" in text and max(map(len, text.splitlines())) <= 80, text
plan = json.loads(check_run(["plan", SMOKE, "--sampling.samples=3e10", "--pilot", "0", "--format", "json", "--ranks", "100"]).stdout)
assert plan["simulation"]["share"] > 1 and plan["simulation"]["chunks"] <= 1.1 * plan["totals"]["chunks"] / plan["simulation"]["share"]
for ranks in ("0", "-3", "many", "10000000"):
    assert run(["plan", SMOKE, "--pilot", "0", "--ranks", ranks]).returncode == 64

refused = run(["plan", SMOKE, "--format", "jsno"])
assert refused.returncode == 64 and "did you mean json?" in refused.stderr, refused.stderr
print("plan says the same as text and as JSON")
