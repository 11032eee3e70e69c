"""Whatever happens to a corpus, verify names it and `sample` writes the same bytes again; outputs never go over what a run needs."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from leafcast_runs import ENVIRONMENT, check_run, command, ranks_of, run, send, wait_for

SWEEP = ["--language.kind=ising", "--language.d=2", "--language.height=5", "--language.rho=0.8", "--generator.kind=true,kgram", "--generator.context=4",
         "--sampling.samples=3000", "--pilot", "0", "-q"]


def files_of(directory):
    return {path.name: path.read_bytes() for path in pathlib.Path(directory).glob("corpus*")}


def overwrite(path, at=1000):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 1]))


def swap(first, second):
    between = first.with_name("between")
    first.rename(between)
    second.rename(first)
    between.rename(second)


def cut(path):
    os.truncate(path, 100)


def garble_header(path):
    overwrite(path, 20)


def damages(form, directory):
    """(what, how, words that verify says)"""
    extension = {"npy": "npy", "raw": "bin", "hdf5": "h5", "text": "txt"}[form]
    first, second = directory / f"corpus-0000.{extension}", directory / f"corpus-0001.{extension}"
    yield "a byte", lambda: overwrite(first), first.name
    yield "swapped", lambda: swap(first, second), second.name
    yield "cut", lambda: cut(second), second.name
    yield "deleted", second.unlink, "missing"
    yield "settings", (directory / "corpus.json").unlink, "corpus.json"
    yield "damaged settings", lambda: cut_to(directory / "corpus.json", 10), "corpus.json"
    if form != "hdf5":
        yield "side file", pathlib.Path(f"{first}.json").unlink, f"{first.name}.json"
        yield "other side file", lambda: shutil.copy(f"{second}.json", f"{first}.json"), f"{first.name}.json"
    if form == "hdf5":
        yield "sums", (directory / "corpus.xxh").unlink, "corpus.xxh"
        yield "other sums", lambda: (directory / "corpus.xxh").write_text((directory / "corpus.xxh").read_text().replace(") = ", ") = 0", 1)), "content"
    if form == "npy":
        yield "header", lambda: garble_header(first), "header"


def cut_to(path, size):
    os.truncate(path, size)


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    count = 0
    for form in ("npy", "raw", "hdf5", "text"):
        original = folder / form
        check_run(["sample", *SWEEP, "--format", form, "-o", original])
        whole = files_of(original)
        done = run(["verify", original])
        assert done.returncode == 0 and "could not be compared" not in done.stdout, done.stdout
        for what, harm, words in damages(form, folder / "harmed"):
            shutil.rmtree(folder / "harmed", ignore_errors=True)
            shutil.copytree(original, folder / "harmed")
            harm()
            done = run(["verify", folder / "harmed"])
            assert done.returncode == 65 and words in done.stdout, (form, what, done.returncode, done.stdout, done.stderr)
            mended = run(["sample", *SWEEP, "--format", form, "-o", folder / "harmed"], ranks=2 if count % 3 == 0 else None)
            assert mended.returncode == 0, (form, what, mended.stderr)
            assert run(["verify", folder / "harmed"]).returncode == 0, (form, what, run(["verify", folder / "harmed"]).stdout)
            assert files_of(folder / "harmed") == whole, (form, what)
            count += 1

    # Only what is damaged is written again; without a look at the rows, only what the files are.
    harmed = folder / "few"
    shutil.copytree(folder / "npy", harmed)
    overwrite(harmed / "corpus-0000.npy")
    quiet = [word for word in SWEEP if word != "-q"]
    assert "rows of" not in check_run(["sample", *quiet, "-o", harmed, "--no-check"]).stderr
    assert "the rows of 1 chunk are written again" in check_run(["sample", *quiet, "-o", harmed]).stderr

    # Stopped while rows are written again, and killed: what is still to be written is not forgotten, and done is only what is.
    for number, (form, what) in enumerate([("npy", signal.SIGTERM), ("hdf5", signal.SIGKILL), ("raw", signal.SIGKILL), ("hdf5", signal.SIGTERM)]):
        big = [*SWEEP[:-4], "--sampling.samples=300000", "--pilot", "0", "-q", "--format", form]
        directory = folder / f"big{number}"
        check_run(["sample", *big, "-o", directory])
        whole = files_of(directory)
        stops = 0
        for _ in range(20):
            for path in directory.glob("corpus-*"):
                path.unlink()
            process = subprocess.Popen(command(["sample", *big, "-o", directory], ranks=2 if number % 2 else None), env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            wait_for("rows are written again", lambda: (directory / "corpus.again").exists() or process.poll() is not None)
            for pid in [*ranks_of(process.pid), process.pid]:
                send(pid, what)
            code = process.wait()
            if (directory / "corpus.again").exists():
                assert code != 0 and run(["verify", directory]).returncode == 65, code
                stops += 1
                break
        assert stops, "no stop met the writing"
        check_run(["sample", *big, "-o", directory, "--no-check"])  # also without a look at the rows
        assert files_of(directory) == whole and run(["verify", directory]).returncode == 0, (form, what)

    # How it was written is forgotten: only a command that agrees with the rows may say so.
    for other in (["--format", "raw"], ["--stream", "punctuated"], ["--format", "text"]):
        shutil.rmtree(folder / "harmed", ignore_errors=True)
        shutil.copytree(folder / "npy", folder / "harmed")
        (folder / "harmed/corpus.json").unlink()
        done = run(["sample", *SWEEP, *other, "-o", folder / "harmed"])
        assert done.returncode == 65 and not (folder / "harmed/corpus.json").exists(), (other, done.returncode, done.stderr)
        assert run(["run", *SWEEP, "-o", folder / "harmed"]).returncode == 65
        check_run(["sample", *SWEEP, "-o", folder / "harmed"])
        assert files_of(folder / "harmed") == files_of(folder / "npy")

    # A lost part whose sums the results still hold does not make the others' rows unknown.
    parts = folder / "parts"
    check_run(["sample", *SWEEP, "--flush-chunks", "20", "-o", parts])
    sorted((parts / "parts").iterdir())[0].unlink()
    check_run(["sample", *SWEEP, "-o", parts])
    assert "the rows of 20 chunks could not be compared" in check_run(["verify", parts]).stdout
    for at in range(200, (parts / "corpus-0001.npy").stat().st_size, 500):
        overwrite(parts / "corpus-0001.npy", at)
    assert run(["verify", parts]).returncode == 65

    # A machine that computed wrongly: its seals hold, and only sampling again would find it. Here none did.
    done = run(["verify", folder / "npy", "--resample", "30"])
    assert done.returncode == 0 and "30 chunks sampled again: 0 differ" in done.stdout, done.stdout
    check_run(["run", *SWEEP, "-o", folder / "sums"])
    done = run(["verify", folder / "sums/results.h5", "--resample", "1000"])  # results have no hashes, but one chunk a bin
    assert done.returncode == 0 and "128 chunks sampled again: 0 differ" in done.stdout, done.stdout

    # A kill between the packing and the removal of the rows' files.
    left = folder / "hdf5/corpus-0000.rows.json"
    left.write_text("{}")
    check_run(["sample", *SWEEP, "--format", "hdf5", "-o", folder / "hdf5"])
    assert not left.exists()

    # Outputs: never over a corpus, a part or the plan, by name or through a link; and whole or not at all.
    directory = folder / "npy"
    part = sorted((directory / "parts").iterdir())[0]
    for target in (directory / "corpus-0000.npy", part, directory / "plan.txt", directory / "status.json"):
        link = folder / "link"
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        before = target.read_bytes()
        for output in (target, link):
            done = run(["table", directory, "-o", output])
            assert done.returncode == 64 and target.read_bytes() == before, (output, done.returncode, done.stderr)
    check_run(["table", directory, "--format", "csv", "-o", folder / "table.csv"])
    link.unlink()
    link.symlink_to(folder / "table.csv")
    check_run(["table", directory, "-o", link])
    assert link.is_symlink() and "," not in (folder / "table.csv").read_text().splitlines()[0]
    assert run(["table", directory, "-o", ""]).returncode == 64 and run(["run", *SWEEP, "-o", ""]).returncode == 64

    # Pipes and devices in place of files, which would be waited for or never end.
    for name in ("corpus.json", "results.h5", "corpus-0000.npy", "corpus-0000.npy.json", "corpus.again"):
        shutil.rmtree(folder / "harmed", ignore_errors=True)
        shutil.copytree(directory, folder / "harmed")
        (folder / "harmed" / name).unlink(missing_ok=True)
        os.mkfifo(folder / "harmed" / name)
        assert run(["verify", folder / "harmed"], timeout=120).returncode in (65, 74), name
        assert run(["sample", *SWEEP, "-o", folder / "harmed"], timeout=120).returncode in (65, 74), name
        assert (run(["table", folder / "harmed"], timeout=120).returncode == 0) == (name != "results.h5"), name
        (folder / "harmed" / name).unlink()
        (folder / "harmed" / name).symlink_to("/dev/zero")
        for words in (["verify", folder / "harmed"], ["sample", *SWEEP, "-o", folder / "harmed"]):
            assert run(words, timeout=120).returncode in (65, 74), (name, words)

    # Results alone, with a damaged plan: what verify promises, run does.
    alone = folder / "alone"
    shutil.copytree(folder / "sums", alone)
    shutil.rmtree(alone / "parts")
    for harm in ((alone / "plan.txt").unlink, lambda: cut_to(alone / "plan.txt", 40), lambda: (alone / "plan.txt").write_text("mine")):
        harm()
        done = run(["verify", alone])
        assert done.returncode == 65 and "plan.txt" in done.stdout + done.stderr, (done.stdout, done.stderr)
        check_run(["run", *SWEEP, "-o", alone])
        assert run(["verify", alone]).returncode == 0
        shutil.rmtree(alone / "parts")

    # What cannot be read is not called damaged.
    if os.geteuid() == 0:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644) if not path.is_symlink() and not path.is_fifo() else None
        (folder / "sums/results.h5").chmod(0)
        done = run(["verify", folder / "sums"], user=65534)
        assert done.returncode == 74 and "cannot be read" in done.stdout and "0 damages" in done.stdout, (done.returncode, done.stdout, done.stderr)
    assert run(["score", directory / "corpus-0000.npy", directory / "corpus-0000.npy"]).returncode == 64
print(f"{count} damages, each found and mended to the same bytes")
