"""Ranks on two hosts, TCP between them: the same bytes, whether the cable is cut for a while, for ever, or not at all.

two_hosts_test.py: cut for ten seconds. two_hosts_test.py all: for thirty, and until mpirun itself finds that the far host is gone.
"""
import concurrent.futures
import os
import signal
import subprocess
import sys
import tempfile

from leafcast_runs import PATIENCE, SMOKE, check_run, differences, rank_pid, ranks_of, run, samples, stopped, wait_for, writes_parts
from two_hosts import Refused, TwoHosts

SKIPPED = 77  # ctest's SKIP_RETURN_CODE
ALL = len(sys.argv) > 1 and sys.argv[1] == "all"
SWEEP = ["run", "--language.kind=ising", "--language.d=3", "--language.height=8", "--language.rho=0.9", "--generator.kind=kgram,true",
         "--generator.context=9,243", samples(100000), "--pilot", "0"]


def start(hosts, **environment):
    """The sweep on three ranks, the last of them on the far host, with its first part written."""
    directory, log = hosts.folder / "run", hosts.folder / "log"
    process = hosts.start([*SWEEP, "-o", directory, "--flush-chunks", "10"], 3, log, **environment)
    assert writes_parts(process, directory, before=set()), log.read_text()
    return process, directory, log


def check_state(directory, *states):
    status = run(["status", directory, "--json"])
    assert any(f'"state": "{state}"' in status.stdout for state in states), (states, status.stdout)
    assert run(["verify", directory]).returncode == 0


def check_resumes(directory, reference):
    """The same command, on one host."""
    check_run([*SWEEP, "-o", directory, "-q"], 2)
    assert not differences(reference, directory / "results.h5")
    assert run(["verify", directory]).returncode == 0


def same_bytes(hosts, _):
    check_run(["run", SMOKE, "-o", hosts.folder / "alone", "-q"])
    before = hosts.bytes_to_near()
    launched = subprocess.run([*hosts.hosts[0].enter, "mpirun", "--host", "near:2,far:1", "hostname"], env=hosts.environment, capture_output=True, text=True)
    assert sorted(launched.stdout.split()) == ["far", "near", "near"], (launched.stdout, launched.stderr)
    launch = hosts.bytes_to_near() - before
    done = hosts.run(["run", SMOKE, "-o", hosts.folder / "two"], ranks=3)
    assert done.returncode == 0 and "3 ranks" in done.stderr, (done.returncode, done.stderr)
    assert not differences(hosts.folder / "alone/results.h5", hosts.folder / "two/results.h5")
    through_cable = hosts.bytes_to_near() - before - launch
    assert through_cable > 10 * launch, f"{through_cable} bytes came through the cable, {launch} of them to launch: do ranks talk in another way?"
    return f"{through_cable} bytes of results through the cable"


def cut_for_a_while(hosts, reference):
    process, directory, log = start(hosts)
    hosts.cut()
    try:  # whether the run ends meanwhile or goes on then
        process.wait(30 if ALL else 10)
    except subprocess.TimeoutExpired:
        pass
    hosts.mend()
    code = process.wait(PATIENCE)
    output = log.read_text()
    assert code == 0, (code, output)
    assert not (directory / "lock").exists(), output
    check_state(directory, "finished")
    assert not differences(reference, directory / "results.h5")
    check_resumes(directory, reference)
    return "without the far rank" if "did not answer" in output else "with all ranks"


def end_without_far_rank(hosts, process, log):
    """Exit code and output. mpirun, which waits a quarter of an hour for the far host by default, need not do so once rank 0 has ended."""
    wait_for("rank 0 ends", lambda: "did not answer" in log.read_text() or process.poll() is not None)
    hosts.forget_soon()
    return process.wait(PATIENCE), log.read_text()


def cut_for_ever(hosts, reference):
    """The ranks at hand do it all."""
    process, directory, log = start(hosts)
    hosts.cut()
    code, output = end_without_far_rank(hosts, process, log)
    assert code == 0 and "rank 2 did not answer" in output, (code, output)
    assert not (directory / "lock").exists(), output
    check_state(directory, "finished")
    assert not differences(reference, directory / "results.h5")


def cut_and_told_to_stop(hosts, reference):
    process, directory, log = start(hosts)
    hosts.cut()
    os.kill(rank_pid(process, 0), signal.SIGUSR1)
    code, output = end_without_far_rank(hosts, process, log)
    assert code == 75 and "told to stop by a signal" in output and "rank 2 did not answer" in output, (code, output)
    assert not (directory / "lock").exists(), output
    check_state(directory, "interrupted")
    check_resumes(directory, reference)


def launcher_gives_up(hosts, reference):
    """mpirun misses its daemon on the far host before the run is done. It ends the ranks by TERM, and after some seconds by KILL."""
    idle, probes = (25, 4) if ALL else (2, 2)
    process, directory, log = start(hosts, OMPI_MCA_oob_tcp_keepalive_time=str(idle), OMPI_MCA_oob_tcp_keepalive_intvl="2",
                                    OMPI_MCA_oob_tcp_keepalive_probes=str(probes), OMPI_MCA_odls_base_sigkill_timeout="8" if ALL else "1")
    with stopped(ranks_of(process.pid)):  # mpirun continues them
        hosts.cut()
        code = process.wait(PATIENCE)
    output = log.read_text()
    assert code not in (0, 64, 65, 70, 74), (code, output)  # mpirun's own, often 205
    if ALL:  # rank 0 had not heard of the far one for long, and did not wait for it
        assert not (directory / "lock").exists(), output
        check_state(directory, "interrupted")
    else:
        wait_for("rank 0 is seen to be gone", lambda: '"state": "running"' not in run(["status", directory, "--json"]).stdout)
        check_state(directory, "interrupted", "dead")
    check_resumes(directory, reference)
    return f"exit code {code}"


def on_two_hosts(case, reference):
    with TwoHosts() as hosts:
        return case(hosts, reference)


try:
    with TwoHosts() as hosts:
        pass
except Refused as refusal:
    print("skipped: hosts of their own are not permitted here:", refusal)
    sys.exit(SKIPPED)
with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor() as pool:  # they mostly wait
    check_run([*SWEEP, "-o", f"{folder}/whole", "-q"])
    running = {case: pool.submit(on_two_hosts, case, f"{folder}/whole/results.h5")
               for case in (same_bytes, cut_for_a_while, cut_for_ever, cut_and_told_to_stop, launcher_gives_up)}
    for case, result in running.items():
        print(f"{case.__name__.replace('_', ' ')}: the same bytes; {result.result() or 'as promised'}", flush=True)
