"""Every bad input: one message with the reason, from one rank, the right exit code, before any sampling, no hang."""
import json
import pathlib
import subprocess
import tempfile

from leafcast_runs import ENVIRONMENT, check_run, command, run

ISING = ["--language.kind=ising", "--language.d=3", "--language.height=4", "--language.rho=0.9"]


def option(base, **changes):
    """ISING with some options replaced: language_rho="1.2"."""
    values = dict(o.lstrip("-").split("=", 1) for o in base)
    values.update({key.replace("__", "-").replace("_", "."): value for key, value in changes.items()})
    return [f"--{key}={value}" for key, value in values.items() if value is not None]


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)

    def write(name, text):
        (folder / name).write_text(text)
        return folder / name

    check_run(["run", *ISING, "-o", folder / "existing", "-q"])
    kernel = write("rows.txt", "0.9 0.2\n0.5 0.5\n")
    ragged = write("ragged.txt", "0.9 0.1\n0.5\n")
    unknown = write("unknown.ini", "[language]\nkind = ising\nheigth = 3\n")
    broken = write("broken.ini", "[language]\nthis is no setting\n")
    read_only = folder / "file"
    read_only.write_text("x")

    coloring = option(ISING, language_kind="coloring", language_rho=None, language_q="3")
    block = [*ISING, "--generator.kind=block"]
    cases = [
        # arguments, exit code, words of the message
        (option(ISING, language_rho="1.2"), 64, ["rho", "1.2", "[0, 1]"]),
        (option(ISING, language_rho="-0.1"), 64, ["rho", "[0, 1]"]),
        (option(ISING, language_rho="abc"), 64, ["rho", "abc"]),
        (option(ISING, language_rho="nan"), 64, ["rho"]),
        (option(ISING, language_rho=None), 64, ["rho", "missing"]),
        (option(ISING, language_kind="isng"), 64, ["isng", "ising"]),
        (option(ISING, language_q="3"), 64, ["q"]),
        (option(ISING, language_d="1"), 64, ["d"]),
        (option(ISING, language_height="60"), 64, ["height"]),
        (option(coloring, language_q="1"), 64, ["q"]),
        (option(coloring, language_q="65"), 64, ["q"]),
        (option(coloring, language_kind="potts", language_lambda="-0.7"), 64, ["lambda"]),
        (option(coloring, language_kind="kernel", language_q=None, language_file=str(kernel)), 64, ["rows.txt:1", "1.1"]),
        (option(coloring, language_kind="kernel", language_q=None, language_file=str(ragged)), 64, ["ragged.txt:2"]),
        ([*ISING, "--generator.kind=kgram"], 64, ["context", "missing"]),
        ([*ISING, "--generator.kind=kgram", "--generator.context=12..4"], 64, ["12..4", "empty"]),
        ([*ISING, "--generator.kind=kgram", "--generator.context=-3"], 64, ["context"]),
        ([*ISING, "--generator.kind=kgram", "--generator.context=3", "--generator.structure=sampled"], 64, ["structure"]),
        ([*block, "--generator.context-depth=5"], 64, ["context-depth", "5"]),
        ([*ISING, "--generator.kind=kgram", "--generator.context=3", "--generator.method=collapsed"], 64, ["collapsed", "sequence"]),
        ([*ISING, "--sampling.samples=0"], 64, ["samples"]),
        ([*ISING, "--sampling.samples=many"], 64, ["samples", "many"]),
        ([*ISING, "--sampling.sampels=5"], 64, ["sampels", "sampling.samples"]),
        ([*ISING, "--seed=-1"], 64, ["seed"]),
        ([*ISING, "--slice=4/3"], 64, ["slice"]),
        ([*ISING, "--max-seconds=-1"], 64, ["max-seconds"]),
        ([str(unknown)], 64, ["unknown.ini:3", "heigth", "language.height"]),
        ([str(broken)], 64, ["broken.ini:2"]),
        ([str(folder / "absent.ini")], 74, ["absent.ini"]),
        ([str(write("empty.ini", "# nothing\n"))], 64, ["empty.ini", "no keys"]),
    ]
    for ranks in (None, 3):
        for number, (arguments, code, words) in enumerate(cases):
            target = folder / f"never{number}"
            done = run(["run", *arguments, "-o", target], ranks)
            text = " ".join(arguments)
            assert done.returncode == code, f"{text} on {ranks}: exit {done.returncode}\n{done.stderr}"
            messages = [line for line in done.stderr.splitlines() if line.startswith("leafcast: ")]
            assert len(messages) == 1, f"{text} on {ranks}: not one message\n{done.stderr}"
            for word in words:
                assert word in messages[0], f"{text}: no {word!r} in {messages[0]!r}"
            assert "MPI_ABORT" not in done.stderr and "backtrace" not in done.stderr.lower(), done.stderr
            assert not target.exists(), f"{text}: a directory was made before the sweep was checked"

        for arguments, code, word in [
            (["run", *option(ISING, language_rho="0.8"), "-o", folder / "existing"], 65, "rho"),  # another plan
            (["run", *ISING, "-o", read_only], 65, "not a run directory"),
            (["run", *ISING, "-o", "/proc/leafcast"], 74, "/proc/leafcast"),
            (["run", *ISING], 64, "-o"),
        ]:
            done = run(arguments, ranks)
            assert done.returncode == code, f"{arguments} on {ranks}: exit {done.returncode}\n{done.stderr}"
            messages = [line for line in done.stderr.splitlines() if line.startswith("leafcast: ")]
            assert len(messages) == 1 and word in messages[0], done.stderr

    # Commands that read.
    garbage = folder / "garbage.h5"
    garbage.write_bytes(b"no HDF5 at all" * 100)
    for arguments, code in [
        (["table", garbage], 65), (["fit", garbage], 65), (["merge", garbage, "-o", folder / "m.h5"], 65),
        (["report", garbage, "-o", folder / "r.html"], 65), (["table", folder / "nowhere"], 74), (["verify", garbage], 65),
        (["table", folder / "existing", "--format", "yaml"], 64), (["tabel", folder / "existing"], 64),
        (["table"], 64), (["table", folder / "existing", "--frmat", "csv"], 64),
        (["merge", folder / "existing", "-o", "/proc/x.h5"], 74), (["table", folder / "existing", "-o", "/dev/full"], 74),
    ]:
        done = run(arguments)
        assert done.returncode == code, f"{arguments}: exit {done.returncode}, expected {code}\n{done.stderr}{done.stdout}"
        assert done.stderr.startswith("leafcast: ") or code == 65, done.stderr

    # Output that nobody can take: a run goes on without its log, other commands say so.
    for stream in ("2>/dev/full", "2>&-"):
        target = folder / f"deaf{stream[-1]}"
        line = " ".join(command(["run", *ISING, "--sampling.samples=2000", "-o", target]))
        assert subprocess.run(f"{line} {stream}", shell=True, env=ENVIRONMENT).returncode == 0, stream
        assert (target / "results.h5").exists()
    for arguments in (["status", folder / "existing"], ["--help"], ["plan", *ISING], ["table", folder / "existing"],
                      ["verify", folder / "existing"]):
        done = subprocess.run(" ".join(command(arguments)) + " >/dev/full", shell=True, env=ENVIRONMENT, stderr=subprocess.PIPE)
        assert done.returncode == 74, f"{arguments} to a full disk: exit {done.returncode}"

    # Slow leaves: a deadline holds although one sentence takes a minute. It is cut off: none is finished.
    rows = "\n".join(" ".join("%.17g" % ((1 + (i * j) % 7) / sum(1 + (i * k) % 7 for k in range(48))) for j in range(48))
                     for i in range(48))
    kernel48 = write("kernel48.txt", rows + "\n")
    done = run(["run", "--language.kind=kernel", f"--language.file={kernel48}", "--language.d=2", "--language.height=20",
                "--generator.kind=kgram", "--generator.context=1000", "--sampling.samples=64", "-o", folder / "slow",
                "--max-seconds", "2", "--pilot", "0", "-q"], 2)
    assert done.returncode == 75, done
    assert json.loads(run(["status", folder / "slow", "--json"]).stdout)["plans"][0]["chunks_done"] == 0
print("every bad input has its message and exit code")
