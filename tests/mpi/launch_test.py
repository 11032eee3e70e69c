"""MPI as a launcher: ranks that were asked for different things are refused, or each is alone when asked to be; srun without PMI is found out."""
import os
import pathlib
import shutil
import subprocess
import tempfile

from leafcast_runs import ENVIRONMENT, PATIENCE, PROGRAM, run

SWEEP = "--language.kind=ising --language.d=2 --language.height=4 --language.rho=0.5 --generator.kind=true --sampling.samples=256 --pilot 0 -q"


def launch(script, ranks=3, **environment):
    return subprocess.run(["mpirun", "-n", str(ranks), "--oversubscribe", "bash", "-c", script], capture_output=True, text=True, timeout=PATIENCE,
                          env=dict(ENVIRONMENT, **environment), stdin=subprocess.DEVNULL)


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    os.chdir(folder)
    for command in ("run", "sample"):
        own = f"{PROGRAM} {command} {SWEEP} --seed=$((1+OMPI_COMM_WORLD_RANK)) -o {command}$OMPI_COMM_WORLD_RANK"
        done = launch(own)
        assert done.returncode == 64 and "different command lines" in done.stderr and "--alone" in done.stderr, (done.returncode, done.stderr)
        assert done.stderr.count("different command lines") == 1 and not list(folder.glob(f"{command}*")), done.stderr
        done = launch(own + " --alone")
        assert done.returncode == 0 and len(list(folder.glob(f"{command}*/results.h5"))) == 3, (done.returncode, done.stderr)

    # Other commands are one rank's, unless each shall do its own.
    each = f"{PROGRAM} table run$OMPI_COMM_WORLD_RANK -o table$OMPI_COMM_WORLD_RANK"
    done = launch(each)
    assert done.returncode == 0 and len(list(folder.glob("table*"))) == 1 and "--alone" in done.stderr, done.stderr
    done = launch(each + " --alone")
    assert done.returncode == 0 and len(list(folder.glob("table*"))) == 3, done.stderr

    # srun with an MPI that it does not know: each task believes that it is all of them.
    words = ["run", *SWEEP.split(), "-o", folder / "singletons"]
    for task in ("0", "1"):
        done = subprocess.run([str(PROGRAM), *map(str, words)], capture_output=True, text=True,
                              env=dict(ENVIRONMENT, SLURM_STEP_NUM_TASKS="4", SLURM_PROCID=task, SLURM_NTASKS="4"), stdin=subprocess.DEVNULL)
        assert done.returncode == 64 and ("--mpi=pmix" in done.stderr) == (task == "0") and done.stderr, (task, done.stderr)
    assert not (folder / "singletons").exists()
    in_step = dict(ENVIRONMENT, SLURM_STEP_NUM_TASKS="4", SLURM_PROCID="1")
    assert subprocess.run([str(PROGRAM), "run", "--help"], env=in_step, stdout=subprocess.DEVNULL).returncode == 0
    done = subprocess.run(["mpirun", "-n", "1", str(PROGRAM), *map(str, words), "--alone"], env=in_step, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    for path in (folder / "singletons/parts").iterdir():
        path.unlink()
    (folder / "singletons/results.h5").unlink()
    done = subprocess.run(["mpirun", "-n", "1", str(PROGRAM), *map(str, words)], env=in_step, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr  # a rank that a daemon has started, of which Slurm knows as many as nodes
    shutil.rmtree(folder / "singletons")

    # A time limit that has passed is of a job that has ended.
    stale = dict(ENVIRONMENT, SLURM_JOB_ID="4711", SLURM_JOB_END_TIME="1000000000", PATH="/usr/bin:/bin")
    done = subprocess.run([str(PROGRAM), *map(str, words)], capture_output=True, text=True, env=stale, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and "lies in the past and is ignored" in done.stderr, (done.returncode, done.stderr)
    assert run(["verify", folder / "singletons"]).returncode == 0
print("ranks do what they were asked for, or say why not")
