"""A sweep with target errors: the same bytes for any number of ranks and after kills, targets met or maxima reached, and told."""
import json
import pathlib
import random
import tempfile

import h5py

from leafcast_runs import check_run, differences, kill_until_done, run

# Three kinds of cells: met early, met late, not within the maximum (a valid rate near 0).
SWEEP = ["--language.kind=ising,coloring", "--language.d=3", "--language.height=6", "--language.rho=0.9", "--language.q=3",
         "--generator.kind=kgram,block", "--generator.context=9,81", "--generator.context-depth=1,4",
         "--sampling.samples=500", "--sampling.max-samples=60000",
         "--sampling.target-relative-error=variance:0.02+valid_rate:0.02"]
random.seed(5)


def status(directory):
    done = run(["status", directory, "--json"])
    assert done.returncode in (0, 75), done
    return done.returncode, json.loads(done.stdout)["plans"][0]


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    first = check_run(["run", *SWEEP, "-o", folder / "one"])
    reference = folder / "one/results.h5"
    for ranks in (2, 3, 7):
        check_run(["run", *SWEEP, "-o", folder / f"{ranks}", "-q"], ranks)
        assert not differences(reference, folder / f"{ranks}/results.h5"), f"{ranks} ranks give other bytes"

    # Every cell has met its targets, or has drawn its maximum.
    code, plan = status(folder / "one")
    assert code == 0 and plan["chunks_done"] == plan["chunks"], plan
    with h5py.File(reference) as file:
        assert file.attrs["version"] == 4
        drawn = file["moments/samples"][:].sum(axis=1)
        language = file["cells/language"].asstr()[:]
        estimates = {name: (file[f"estimates/{name}/value"][:], file[f"estimates/{name}/stderr"][:])
                     for name in ("variance", "valid_rate")}
        assert set(file["cells/samples"][:]) == {60000} and set(file["cells/first_samples"][:]) == {500}
        assert file["cells/target_relative_error"].asstr()[0] == "variance:0.02"
        met = []
        for c, goal in enumerate(cell["goal"] for cell in plan["cells"]):
            wanted = ["variance"] + ["valid_rate"] * (language[c] == "coloring")
            met.append(all(error[c] <= 0.02 * value[c] for value, error in (estimates[name] for name in wanted)))
            assert met[c] == goal["met"], (c, goal)
            assert met[c] or drawn[c] == 60000, (c, drawn[c])
            assert 500 <= drawn[c] <= 60000
        assert any(met) and not all(met) and len(set(drawn)) > 2, (met, drawn)
    assert f"target errors: met by {sum(met)} of {len(met)} cells" in first.stderr, first.stderr
    assert first.stderr.count("not within max-samples") == len(met) - sum(met), first.stderr
    shown = check_run(["status", folder / "one"]).stdout
    assert "error/target" in shown and "at most" in shown, shown
    assert "no damage" in check_run(["verify", folder / "one"]).stdout
    assert not check_run(["table", folder / "one", "--format", "csv"]).stderr

    # Killed again and again, with other ranks each time.
    def readable_half_way(attempt):
        if (folder / "killed/plan.txt").exists() and attempt == 4:
            code, plan = status(folder / "killed")
            assert plan["chunks_done"] <= plan["chunks"]

    kills = kill_until_done(["run", *SWEEP], folder / "killed", every=10, after_kill=readable_half_way)
    assert kills >= 2 and not differences(reference, folder / "killed/results.h5"), f"other bytes after {kills} kills"

    # A lost part is computed anew, to the same bytes; verify says what is missing.
    parts = sorted((folder / "killed/parts").iterdir())
    assert len(parts) > 2
    parts[len(parts) // 2].unlink()
    (folder / "killed/results.h5").unlink()
    missing = json.loads(run(["verify", folder / "killed", "--format", "json"]).stdout)[0]
    assert missing["missing"] and missing["done"] < missing["chunks"], missing
    assert run(["merge", folder / "killed", "-o", folder / "part.h5"]).returncode == 75
    check_run(["run", *SWEEP, "-o", folder / "killed", "-q"], 2)
    assert not differences(reference, folder / "killed/results.h5")
    check_run(["merge", folder / "killed", "-o", folder / "merged.h5"])
    assert not differences(reference, folder / "merged.h5")

    # What cannot be is refused.
    refused = run(["run", *SWEEP, "-o", folder / "slice", "--slice", "1/2"])
    assert refused.returncode == 64 and "is not sliced" in refused.stderr, refused
    refused = run(["merge", "--combine-seeds", folder / "one", "-o", folder / "pooled.h5"])
    assert refused.returncode == 65 and "target error" in refused.stderr, refused
    refused = run(["run", *[a.replace("0.02+", "0.03+") for a in SWEEP], "-o", folder / "one"])
    assert refused.returncode == 65 and "another plan" in refused.stderr, refused
print(f"the same bytes on 1, 2, 3, 7 ranks and after {kills} kills; {sum(met)} of {len(met)} goals met")
