"""Sweeps whose results decide what is sampled next: few candidates, the crossing between neighbours, the same bytes by any ranks and kills."""
import json
import pathlib
import random
import tempfile

import h5py

from leafcast_runs import check_run, differences, kill_until_done, run

SWEEP = ["--language.kind=coloring", "--language.d=4", "--language.q=3", "--language.height=4,5",
         "--generator.kind=true,kgram,block", "--generator.context=4..256:*1.1", "--generator.context-depth=0..height",
         "--generator.memory=leaves,root", "--sampling.samples=4000", "--sampling.crossing=valid_rate:0.5"]
random.seed(7)


def rates(directory):
    """Valid rates by context of the k-grams of height 4 that were sampled, and how many cells were not."""
    with h5py.File(directory / "results.h5") as file:
        cells = file["cells"]
        assert (cells["crossing"].asstr()[:] == "valid_rate:0.5").sum() > 80
        drawn = file["moments/samples"][:].sum(axis=1)
        assert set(drawn) == {0, 4000}
        is_kgram = (cells["generator"].asstr()[:] == "kgram") & (cells["height"][:] == 4)
        found = sorted((int(k), float(v)) for k, v, n in zip(cells["context"][is_kgram], file["estimates/valid_rate/value"][is_kgram],
                                                             drawn[is_kgram]) if n)
        # What has no memory to search is sampled in any case.
        assert (drawn[cells["generator"].asstr()[:] == "true"] == 4000).all()
        return found, [int(k) for k in sorted(cells["context"][is_kgram])], int((drawn == 0).sum())


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    first = check_run(["run", *SWEEP, "-o", folder / "one"])
    reference = folder / "one/results.h5"
    for ranks in (2, 3, 7):
        check_run(["run", *SWEEP, "-o", folder / f"{ranks}", "-q"], ranks)
        assert not differences(reference, folder / f"{ranks}/results.h5"), f"{ranks} ranks give other bytes"

    # The crossing lies between two neighbours among the candidates, of which few were sampled.
    found, candidates, left_out = rates(folder / "one")
    assert len(found) < 14 < len(candidates), found
    crossings = [(a, b) for a, b in zip(found, found[1:]) if (a[1] < 0.5) != (b[1] < 0.5)]
    assert crossings
    for (low, _), (high, _) in crossings:
        assert candidates.index(high) == candidates.index(low) + 1, (low, high, candidates)
        assert f"between context = {low} and {high}" in first.stderr, first.stderr
    assert "candidates: only those are sampled that tell where valid_rate crosses 0.5" in first.stderr, first.stderr

    # Every command knows that no more is wanted.
    shown = run(["status", folder / "one"])
    assert shown.returncode == 0 and "candidates of searches" in shown.stdout, shown
    plans = json.loads(run(["status", folder / "one", "--json"]).stdout)["plans"]
    assert plans[0]["chunks"] == plans[0]["chunks_done"] and plans[0]["cells_wanted"] == plans[0]["cells_done"], plans[0]
    assert plans[0]["cells_planned"] - plans[0]["cells_wanted"] == left_out
    assert "no damage" in check_run(["verify", folder / "one"]).stdout
    assert not check_run(["table", folder / "one", "--format", "csv"]).stderr
    assert "have samples so far" not in check_run(["table", folder / "one"]).stdout
    check_run(["merge", folder / "one", "-o", folder / "merged.h5"])
    assert not differences(reference, folder / "merged.h5")
    text = check_run(["plan", *SWEEP, "--pilot", "0"]).stdout
    assert "candidates, of which about" in text, text
    forecast = json.loads(check_run(["plan", *SWEEP, "--pilot", "0", "--format", "json"]).stdout)
    assert forecast["searches"] == 6 and forecast["totals"]["candidates"] > left_out - 20, forecast["totals"]

    # Killed again and again, with other ranks each time.
    kills = kill_until_done(["run", *SWEEP], folder / "killed", every=40)
    assert kills >= 2 and not differences(reference, folder / "killed/results.h5"), f"other bytes after {kills} kills"

    # A part that is lost takes its candidates' sums with it: they are sampled again, to the same bytes.
    parts = sorted((folder / "killed/parts").iterdir())
    (folder / "killed/results.h5").unlink()
    parts[0].unlink()
    assert run(["status", folder / "killed"]).returncode == 75
    assert "no damage" in check_run(["verify", folder / "killed"]).stdout
    check_run(["run", *SWEEP, "-o", folder / "killed", "-q"])
    assert not differences(reference, folder / "killed/results.h5")

    # With target errors too: of what was not asked for nothing is said. Levels may have exponents.
    both = check_run(["run", *[each for each in SWEEP if "crossing" not in each and "language.height" not in each], "--language.height=4",
                      "--sampling.crossing=valid_rate:5e-1 + variance:1e5", "--sampling.target-relative-error=variance:0.05",
                      "--sampling.max-samples=20000", "-o", folder / "both"])
    assert "not defined by what was drawn" not in both.stderr and "variance = 100000 is not crossed" in both.stderr, both.stderr
    assert "no damage" in check_run(["verify", folder / "both"]).stdout
    assert not check_run(["table", folder / "both", "--format", "csv"]).stderr

    # Heights that lack a statistic are in the search of the others.
    heights = check_run(["run", "--language.kind=coloring", "--language.d=3", "--language.q=3", "--language.height=2..6", "--generator.kind=kgram",
                         "--generator.context=3", "--sampling.samples=2000", "--sampling.search=ascend", "--sampling.search-along=height",
                         "--sampling.crossing=valid_rate:0.9 + valid_rate@4:0.99", "-o", folder / "heights"])
    assert "search among 5 candidates" in heights.stderr and "valid_rate = 0.9 between height" in heights.stderr, heights.stderr

    # Going up ends at the crossing.
    up = [each for each in SWEEP if "memory" not in each and "kind=true" not in each and "context=" not in each] + ["--generator.kind=block", "--sampling.search=ascend"]
    check_run(["run", *up, "-o", folder / "up", "-q"])
    with h5py.File(folder / "up/results.h5") as file:
        drawn = file["moments/samples"][:].sum(axis=1)
        depth, height = file["cells/context_depth"][:], file["cells/height"][:]
        rate = file["estimates/valid_rate/value"][:]
        for h in (4, 5):
            here = sorted((int(w), float(r)) for w, r, n, of in zip(depth, rate, drawn, height) if n and of == h)
            below = [r < 0.5 for _, r in here]
            assert below == [below[0]] * (len(below) - 1) + [not below[0]] or len(set(below)) == 1, here

    # What cannot be searched is told.
    for words, what in ((["--sampling.crossing=valid_rat:0.5"], "did you mean valid_rate"),
                        (["--sampling.crossing=0.5x"], "a statistic and its level"),
                        (["--sampling.search=ascend"], "set sampling.crossing as well"),
                        (["--sampling.crossing=valid_rate:0.5", "--sampling.search-along=training"], "no cell of the sweep has the key")):
        done = run(["run", *[each for each in SWEEP if "crossing" not in each], *words, "-o", folder / "no"])
        assert done.returncode == 64 and what in done.stderr, (words, done.stderr)
    done = run(["run", *SWEEP, "--slice", "1/2", "-o", folder / "no"])
    assert done.returncode == 64 and "not sliced" in done.stderr, done.stderr
    done = run(["sample", *SWEEP, "-o", folder / "no"])
    assert done.returncode == 64 and "crossings" in done.stderr, done.stderr
