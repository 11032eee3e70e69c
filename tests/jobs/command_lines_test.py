"""Random command lines: only documented exit codes, no crash, no hang. command_lines_test.py [COUNT [SEED]]"""
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "mpi"))
from leafcast_runs import ENVIRONMENT, PATIENCE, PROGRAM, SOURCE, check_run  # noqa: E402

DOCUMENTED = {0, 64, 65, 74, 75}
NUMBERS = ["0", "-1", "1", "1.5", "2", "7", "64", "1e3", "2^62", "2^63", "2^64", "1e18", "1e308", "1e999", "nan", "inf", "-0", "", " ", "x", "0x10", "9" * 40, "3,1,2",
           "0..3", "3..0", "2^0..2^5", "0..9:0", "n", "n-1", "height", "n..n", "+3", "1_000", "½"]
WORDS = ["on", "off", "true", "ising", "coloring", "potts", "rhm", "binary", "kgram", "block", "reasoning", "leaves", "tokens", "segment", "path", "punctuated",
         "text", "csv", "json", "npy", "raw", "hdf5", "default", "all", "collapsed", "splitting", "sequence", "../x", "/dev/null", "/proc/self/mem", "a\tb", "'"]


def options_of(command):
    """The options that --help names."""
    words = subprocess.run([str(PROGRAM), command, "--help"], capture_output=True, text=True, env=ENVIRONMENT).stdout.split()
    return sorted({word.split("=")[0].rstrip(",") for word in words if word.startswith("--")})


count = int(sys.argv[1]) if len(sys.argv) > 1 else 120
random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 5)
commands = ["plan", "run", "sample", "score", "grammar", "status", "merge", "table", "fit", "report", "verify"]
options = {command: options_of(command) for command in commands}
BASE = ["--language.kind=ising", "--language.d=2", "--language.height=4", "--language.rho=0.8", "--generator.kind=kgram", "--generator.context=2", "--sampling.samples=128"]
GRAMMAR = ["--language.kind=rhm", "--language.v=4", "--language.m=2", "--language.s=2", "--language.L=3", "--generator.kind=true", "--sampling.samples=128"]

with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    check_run(["sample", *BASE, "-o", folder / "made", "-q", "--pilot", "0"])
    inputs = [str(folder / path) for path in ("made", "made/results.h5", "made/corpus-0000.npy", "made/plan.txt", "nothing")] + [str(SOURCE / "jobs/sweeps/smoke.ini")]
    # Found before: each is one of a kind.
    known = [["score", str(folder / "made/corpus-0000.npy"), "--contexts", "2^62"], ["score", str(folder / "made/corpus-0000.npy"), "--reference-samples", "1e18"],
             ["grammar", *GRAMMAR, "--contexts", "-1"], ["grammar", *GRAMMAR, "--contexts", "1.5"], ["grammar", *GRAMMAR, "--contexts", "0", "--leaf", "-1"],
             ["plan", *BASE, "--ranks", "1e30"], ["run", *BASE, "-o", ""], ["run", *BASE, "-o", "x", "--flush-chunks", "-5"], ["table", ""], ["run", *BASE, "--max-seconds", "nan"]]

    def a_line():
        command = random.choice(commands)
        words = [command]
        if command in ("plan", "run", "sample", "grammar"):
            words += GRAMMAR if command == "grammar" or random.random() < 0.2 else BASE
        else:
            words += random.sample(inputs, random.choice([0, 1, 1, 1, 2]))
        for option in random.sample(options[command], min(len(options[command]), random.choice([0, 1, 1, 2, 3]))):
            if option in ("--output", "--scores", "--export"):
                continue
            words.append(f"{option}={random.choice(NUMBERS + WORDS)}" if random.random() < 0.9 else option)
        if command in ("run", "sample", "merge", "report") and random.random() < 0.9:
            words += ["-o", str(folder / random.choice(["out", "other", "page.html", "merged.h5"]))]
        # What it is about is how options are read, not how long a sweep takes.
        return words + (["--max-seconds", "1"] if command in ("run", "sample") and not any("max-seconds" in word for word in words) else [])

    for number, words in enumerate(known + [a_line() for _ in range(count)]):
        done = subprocess.run([str(PROGRAM), *words], capture_output=True, env=ENVIRONMENT, cwd=folder, stdin=subprocess.DEVNULL, timeout=PATIENCE)
        assert done.returncode in DOCUMENTED, (number, words, done.returncode, done.stderr.decode(errors="replace")[-2000:])
        if number < len(known):
            assert done.returncode in (64, 74), (words, done.returncode, done.stderr)
        said = done.stderr.decode(errors="replace")
        assert "internal error" not in said and "terminate called" not in said and "basic_string" not in said, (words, said)

    # Whenever memory ends, it is said: no crash. 127: not even the libraries could be loaded.
    for megabytes in (120, 160, 200, 240, 280, 320, 400, 600):
        for words in (["table", str(folder / "made")], ["verify", str(folder / "made")]):
            line = f"ulimit -v {megabytes * 1024}; exec '{PROGRAM}' {words[0]} '{words[1]}'"
            done = subprocess.run(["bash", "-c", line], capture_output=True, env=ENVIRONMENT, stdin=subprocess.DEVNULL, timeout=PATIENCE)
            assert done.returncode in DOCUMENTED | {70, 127}, (megabytes, words, done.returncode, done.stderr)
print(f"{count} command lines, only documented exit codes")
