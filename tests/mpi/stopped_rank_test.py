"""A rank that is stopped (SIGSTOP) or slow does not hold up the rest: others do its chunks, the results are the same bytes.

Rank 0 waits ten seconds for a rank that does not answer before it ends without it, so this takes about half a minute.
"""
import os
import pathlib
import signal
import subprocess
import tempfile
import time

from leafcast_runs import (ENVIRONMENT, PATIENCE, Started, check_run, command, differences, is_gone, rank_pid, run, samples, send,
                           stopped, wait_for)

SWEEP = ["--language.kind=ising", "--language.d=3", "--language.height=8", "--language.rho=0.9", "--generator.kind=kgram,true",
         "--generator.context=9,243", samples(200000)]


# Ranks that talk through a network, where all but the shortest messages wait until both ends are ready for them: a rank
# may be stopped in the midst of one.
IN_PIECES = dict(ENVIRONMENT, OMPI_MCA_pml="ob1", OMPI_MCA_btl="self,tcp", OMPI_MCA_btl_tcp_eager_limit="128",
                 OMPI_MCA_btl_tcp_rndv_eager_limit="128", OMPI_MCA_btl_tcp_max_send_size="512")


def start(directory, ranks, environment=ENVIRONMENT):
    return Started([*SWEEP, "-o", directory, "--flush-chunks", "20"], ranks, environment)


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    check_run(["run", *SWEEP, "-o", folder / "whole", "-q"], 2)
    reference = folder / "whole/results.h5"

    # Stopped for good: the run ends without it, with everything done, and the launcher agrees.
    started = start(folder / "stopped", 3, IN_PIECES)
    pid = rank_pid(started.process, 2)
    os.kill(pid, signal.SIGSTOP)
    code, output = started.end()
    assert code == 0, output
    assert "rank 2 did not answer" in output, output
    assert not differences(reference, folder / "stopped/results.h5")
    assert run(["verify", folder / "stopped"]).returncode == 0
    assert run(["status", folder / "stopped"]).returncode == 0
    wait_for("the stopped rank is gone", lambda: is_gone(pid))

    # Stopped before it has heard what is to be done: rank 0 holds its lock, and times the machine for two seconds.
    early = folder / "early"
    process = subprocess.Popen(command(["run", *SWEEP, "-o", early, "--pilot", "2"], 3), env=IN_PIECES, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for("rank 0 holds its lock", lambda: (early / "lock").exists() or process.poll() is not None)
    with stopped([rank_pid(process, 0)]):
        os.kill(rank_pid(process, 2), signal.SIGSTOP)
    try:
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
    assert not differences(reference, early / "results.h5")

    # Stopped for a while: its late result is dropped, nothing is counted twice, and the run ends as usual.
    started = start(folder / "slow", 3)
    pid = rank_pid(started.process, 2)
    for _ in range(4):
        send(pid, signal.SIGSTOP)
        time.sleep(2.5)  # more than what rank 0 forgives, if the run lasts: on any machine, the bytes are the same
        send(pid, signal.SIGCONT)
        time.sleep(0.2)
    code, output = started.end()
    assert code == 0, output
    assert not differences(reference, folder / "slow/results.h5")

    # A run that is told to stop does not wait for it either.
    started = start(folder / "signalled", 3)
    os.kill(rank_pid(started.process, 2), signal.SIGSTOP)
    os.kill(rank_pid(started.process, 0), signal.SIGUSR1)
    code, output = started.end()
    assert code in (0, 75), (code, output)
    assert run(["verify", folder / "signalled"]).returncode == 0
    check_run(["run", *SWEEP, "-o", folder / "signalled", "-q"], 2)
    assert not differences(reference, folder / "signalled/results.h5")
print("stopped and slow ranks do not hold up the rest")
