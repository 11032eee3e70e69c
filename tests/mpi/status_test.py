"""`leafcast status` from another terminal: starting, running, finished, interrupted, failed, dead; slices; damage; JSON."""
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

from leafcast_runs import (ENVIRONMENT, PATIENCE, SMOKE, check_run, command, is_gone, ranks_of, run, send, stopped, wait_for,
                           writes_parts)

# Far longer than this test.
LONG = ["--title=A long run", "--language.kind=ising,coloring", "--language.d=3", "--language.height=8", "--language.rho=0.9",
        "--language.q=3", "--generator.kind=kgram", "--generator.context=9,243", "--sampling.samples=1e8"]


def status(*directories):
    done = run(["status", *directories, "--json"])
    told = json.loads(done.stdout)
    text = run(["status", *directories])
    assert text.returncode == done.returncode and max(map(len, text.stdout.splitlines())) <= 80, text.stdout
    return done.returncode, told, text.stdout


def snapshot(directory):
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in directory.rglob("*")}


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    directory = folder / "run"

    process = subprocess.Popen(command(["run", *LONG, "-o", directory, "--flush-chunks", "2", "--max-seconds", "1e6", "-q"], 3),
                               env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    ranks = []
    try:
        assert writes_parts(process, directory, 3)
        ranks = ranks_of(process.pid)

        def tells_of_progress():
            one = status(directory)[1]["runs"][0]
            return one["seconds_since_part"] is not None and one["run"]["leaves_a_second"] > 0

        wait_for("status.json tells of parts and of a rate", tells_of_progress)

        # What is looked at does not change meanwhile, for the run is stopped; at any moment, also in the midst of a part.
        with stopped(ranks):
            before = snapshot(directory)
            code, told, text = status(directory)
            assert snapshot(directory) == before, "looking changes something"
        one = told["runs"][0]
        assert code == 75 and one["state"] == "running" and one["lock"]["lives"] and one["run"]["ranks"] == 3, one
        assert 0 < one["seconds_to_deadline"] <= 1e6 and one["seconds_since_part"] >= 0, one
        assert one["run"]["seconds"] > 0, one
        plan = told["plans"][0]
        assert 0 < plan["chunks_in_parts"] <= plan["chunks_done"] < plan["chunks"], plan
        assert sum(cell["chunks_done"] for cell in plan["cells"]) == plan["chunks_done"]
        started = [cell for cell in plan["cells"] if cell["samples_in_parts"] > 0]
        assert started and all(0 < cell["relative_error_when_done"] < cell["relative_error"] < 1 for cell in started
                               if cell.get("relative_error")), plan["cells"]
        assert "running" in text and "3 ranks" in text and "time limit in" in text and "A long run" in text, text
    finally:
        for pid in [process.pid, *ranks]:
            send(pid, signal.SIGKILL)
        process.communicate()

    # Killed: its lock is still there, its holder is not.
    wait_for("the ranks are gone", lambda: all(map(is_gone, ranks)))
    code, told, text = status(directory)
    assert code == 75 and told["runs"][0]["state"] == "dead" and "dead" in text, text
    assert told["plans"][0]["chunks_done"] == told["plans"][0]["chunks_in_parts"], "what was in no part is lost"

    # A lock of another host: alive while its heart beats.
    lock = (directory / "lock").read_text().splitlines()
    (directory / "lock").write_text("\n".join("host=node042" if line.startswith("host=") else line for line in lock) + "\n")
    os.utime(directory / "lock", (time.time() + PATIENCE, time.time() + PATIENCE))  # no stall here is taken for its death
    assert status(directory)[1]["runs"][0]["lock"]["lives"]
    os.utime(directory / "lock", (time.time() - 100, time.time() - 100))
    assert status(directory)[1]["runs"][0]["state"] == "dead"
    (directory / "lock").unlink()
    assert status(directory)[1]["runs"][0]["state"] == "dead"  # it ended without saying so

    # What status.json says is for people: without it, or with nonsense in it, the parts still count.
    for text in (None, "", "{", '{"filetype":"leafcast-status"}', "\0" * 1000):
        (directory / "status.json").unlink(missing_ok=True)
        if text is not None:
            (directory / "status.json").write_text(text)
        code, told, shown = status(directory)
        assert code == 75 and told["runs"][0]["state"] == "interrupted" and told["plans"][0]["chunks_in_parts"] > 0, shown

    # Interrupted, then finished. A deadline that is over before anything is sampled.
    directory = folder / "smoke"
    assert run(["run", SMOKE, "-o", directory, "--max-seconds", "1e-6", "-q"]).returncode == 75
    code, told, text = status(directory)
    assert code == 75 and told["runs"][0]["state"] == "interrupted" and told["runs"][0]["reason"] == "out of time", text
    check_run(["run", SMOKE, "-o", directory, "-q"], 2)
    code, told, text = status(directory)
    assert code == 0 and told["runs"][0]["state"] == "finished" and told["plans"][0]["chunks_done"] == told["plans"][0]["chunks"], text

    # Parts cannot be read: said, with the exit code of damage.
    part = sorted((directory / "parts").iterdir())[0]
    whole = part.read_bytes()
    part.write_bytes(whole[:-100])
    code, told, text = status(directory)
    assert code == 65 and part.name in told["runs"][0]["damage"] and "damage" in text, text
    part.write_bytes(whole)

    # Failed: the reason is kept.
    failing = folder / "failing"
    line = " ".join(command(["run", SMOKE, "-o", failing, "-q"]))
    done = subprocess.run(["bash", "-c", f"ulimit -f 32; exec {line}"], env=ENVIRONMENT, capture_output=True, text=True)  # KiB
    assert done.returncode == 74, done
    code, told, text = status(failing)
    assert code == 75 and told["runs"][0]["state"] == "failed" and "File too large" in told["runs"][0]["reason"], text

    # Slices count together.
    for i in (1, 2):
        check_run(["run", SMOKE, "-o", folder / f"slice{i}", "--slice", f"{i}/2", "-q"])
        code, told, text = status(folder / f"slice{i}")
        assert code == 75 and told["runs"][0]["state"] == "slice done" and f"slice {i}/2" in text, text
    code, told, text = status(folder / "slice1", folder / "slice2")
    assert code == 0 and len(told["runs"]) == 2 and len(told["plans"]) == 1, told
    assert told["plans"][0]["chunks_done"] == told["plans"][0]["chunks"]

    # Files by themselves.
    assert status(directory / "results.h5")[0] == 0
    code, told, text = status(sorted((folder / "slice1/parts").iterdir())[0])
    assert code == 75 and told["plans"][0]["chunks_in_parts"] > 0, text

    for path, code in [(folder, 65), (folder / "nowhere", 74)]:
        done = run(["status", path])
        assert done.returncode == code and done.stderr.startswith("leafcast: "), (path, done)
print("status tells running, finished, interrupted, failed and dead runs apart")
