"""Results do not depend on the cost model; it is stored with the run, and a wrong one does no harm."""
import json
import pathlib
import tempfile

import h5py
from leafcast_runs import SMOKE, check_run, differences, run


def stored(directory):
    return json.loads((directory / "cost.json").read_text())


def provenance(directory):
    with h5py.File(directory / "results.h5") as file:
        return dict(file["provenance"].attrs)


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)

    # A short run measures nothing, unless asked to.
    check_run(["run", SMOKE, "-o", folder / "plain", "-q"])
    assert not (folder / "plain/cost.json").exists()
    told = provenance(folder / "plain")
    assert float(told["sampling_seconds"]) > 0 and float(told["predicted_seconds"]) > 0
    assert json.loads(told["cost_model"])["classes"] == {}

    # A pilot measures; the longer it may, the more on a busy machine.
    for seconds in (0.3, 2, 10, 50):
        check_run(["run", SMOKE, "-o", folder / f"measured{seconds}", "--pilot", str(seconds), "-q"], 2)
        model = stored(folder / f"measured{seconds}")
        if len(model["classes"]) > 10:
            break
    (folder / f"measured{seconds}").rename(folder / "measured")
    assert len(model["classes"]) > 10 and model["host"] and model["instruction_set"], model
    assert json.loads(provenance(folder / "measured")["cost_model"]) == model
    assert not differences(folder / "plain/results.h5", folder / "measured/results.h5")

    # Models as wrong as can be, with a deadline or without; and files that are none.
    def absurd(first, second):
        classes = {work: {"chunk_seconds": 0, "batch_seconds": 0, "scale": (first, second)[i % 2]}
                   for i, work in enumerate(sorted(model["classes"]))}
        return json.dumps({**model, "classes": classes})

    texts = {"one": absurd(1e9, 1e-9), "two": absurd(1e-9, 1e9), "empty": "", "no json": "{", "bytes": "\0\xff",
             "other host": json.dumps({**model, "host": "elsewhere"})}
    for name, text in texts.items():
        directory = folder / name
        check_run(["run", SMOKE, "-o", directory, "--slice", "1/7", "--pilot", "0", "-q"])
        (directory / "cost.json").write_text(text, encoding="latin-1")
        code = run(["run", SMOKE, "-o", directory, "--max-seconds", "0.3", "-q"]).returncode
        assert code in (0, 75), f"{name}: exit {code}"
        check_run(["run", SMOKE, "-o", directory, "-q"], 2 if name in ("one", "two") else None)
        different = differences(folder / "plain/results.h5", directory / "results.h5")
        assert not different, f"{name}: {different}"
        if name in ("one", "two") and code == 75:
            assert json.loads(provenance(directory)["cost_model"]) == json.loads(text), "the stored model was not used"
        assert run(["verify", directory]).returncode == 0

    # plan measures, or says that it does not.
    assert "measured on this machine" in check_run(["plan", SMOKE, "--pilot", "1"]).stdout
    assert "built-in" in check_run(["plan", SMOKE, "--pilot", "0"]).stdout
    assert run(["plan", SMOKE, "--pilot", "-1"]).returncode == 64
print("the same bytes for every cost model")
