"""A disk that is full, at any point, or read-only; limits on file sizes; a file system without locks. Needs a mount namespace of its
own: where that is not permitted, those parts are skipped."""
import contextlib
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

from fault_runs import check_error, check_finished, leafcast, sweep, verified
from leafcast_runs import contents

COMMAND = ["run", *sweep(5)]
INSIDE = "LEAFCAST_TEST_NAMESPACE"


def mount(*arguments):
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def tmpfs(path, size="64m"):
    path.mkdir(exist_ok=True)
    mount("-t", "tmpfs", "-o", f"size={size}", "none", path)
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def enter_namespace():
    """Begins again in a mount namespace; False if that is not permitted."""
    for unshare in (["unshare", "-m"], ["unshare", "-U", "-r", "-m"]):
        probe = subprocess.run([*unshare, "sh", "-c", "mount -t tmpfs -o size=64k none /mnt"], capture_output=True)
        if probe.returncode == 0:
            os.execvpe(unshare[0], [*unshare, sys.executable, *sys.argv], dict(os.environ, **{INSIDE: "1"}))
    return False


def sizes_and_results(folder):
    """What the run undisturbed needs on a tmpfs, in kilobytes: with all parts, and with the results."""
    with tmpfs(folder / "probe") as disk:
        def used():
            status = os.statvfs(disk)
            return (status.f_blocks - status.f_bfree) * status.f_frsize // 1024
        assert leafcast([*COMMAND, "-o", disk / "run"]).returncode == 0
        whole, reference = used(), contents(disk / "run/results.h5")
        (disk / "run/results.h5").unlink()
        return used(), whole, reference


def fill(path):
    """Takes all room that is left."""
    with open(path, "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)) == 4096:
                pass
        except OSError:
            pass
        return file.tell()


def test_full_disk(folder, parts, whole, reference):
    """Every size from nothing to just too little; then the disk grows."""
    sizes = [4, 8, 16, 24, *range(32, parts, max(8, parts // 12)), parts, parts + 16, whole - 8]
    for size in sizes:
        try:
            with tmpfs(folder / "small", f"{size}k") as disk:
                command = [*COMMAND, "-o", disk / "run"]
                check_error(leafcast(command), 74, "No space left on device", "free space and run the same command again")
                kept = verified(disk / "run") or 0
                assert not [p for p in (disk / "run").rglob(".leafcast-tmp*")], "an unfinished file takes room"
                check_error(leafcast(command), 74, "No space left on device")  # as full as before: nothing gets worse
                assert (verified(disk / "run") or 0) >= kept
                mount("-o", "remount,size=64m", disk)
                check_finished(disk / "run", command, reference)
        except AssertionError as problem:
            raise AssertionError(f"{size} kB: {problem}") from None

    # Full from the start, and full only when the results are written.
    with tmpfs(folder / "small", f"{whole + 64}k") as disk:
        command = [*COMMAND, "-o", disk / "run"]
        size = fill(disk / "fill")
        check_error(leafcast(command), 74, "No space left on device")
        os.truncate(disk / "fill", size - (parts + 24) * 1024)
        check_error(leafcast(command), 74, "results.h5", "No space left on device")
        assert verified(disk / "run") == 10, "not all parts were kept"
        (disk / "fill").unlink()
        check_finished(disk / "run", command, reference)
    print(f"full disks: {len(sizes)} sizes up to {whole} kB")


def test_read_only(folder, reference):
    """A run directory on a read-only disk: nothing is written, everything can be read."""
    with tmpfs(folder / "disk") as disk:
        run = disk / "run"
        assert leafcast([*COMMAND, "-o", run]).returncode == 0
        mount("-o", "remount,ro", disk)
        check_error(leafcast([*COMMAND, "-o", run]), 74, str(run), "Read-only file system")
        check_error(leafcast([*COMMAND, "-o", disk / "new"]), 74, "Read-only file system")
        for arguments in (["status", run], ["table", run], ["fit", run], ["verify", run], ["table", run / "results.h5"],
                          ["report", run, "-o", folder / "page.html"], ["merge", run, "-o", folder / "merged.h5"]):
            done = leafcast(arguments)
            assert done.returncode == 0, f"{arguments[0]} of a read-only directory: exit {done.returncode}\n{done.stderr}"
        assert contents(folder / "merged.h5") == reference
        check_error(leafcast(["report", run, "-o", disk / "page.html"]), 74)
        mount("-o", "remount,rw", disk)
        shutil.rmtree(run / "parts")
        mount("-o", "remount,ro", disk)
        assert leafcast(["table", run]).returncode == 0
    print("read-only directories: refused for writing, read")


def test_size_limit(folder, reference):
    """ulimit -f, as sites set quotas."""
    for limit in (0, 100, 2000, 50_000):
        run = folder / f"limit{limit}"
        done = leafcast([*COMMAND, "-o", run], preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        check_error(done, 74, "File too large", "ulimit -f")
        verified(run)
        check_finished(run, [*COMMAND, "-o", run], reference)
    print("limits on file sizes: one message, nothing lost")


def test_without_locks(folder, reference):
    """NFS and Lustre may refuse file locks; the run needs none, not even to take over the lock of a dead process."""
    for error in ("ENOLCK", "ENOSYS", "EOPNOTSUPP"):
        top = folder / error
        top.mkdir()
        run = top / "run"
        log = folder / f"{error}.log"
        done = leafcast([*COMMAND, "-o", run], {"DIR": top, "LOCKS": error, "AT": 60, "HOW": "kill-before", "LOG": log})
        assert done.returncode == -9 and (run / "lock").exists()
        done = leafcast([*COMMAND, "-o", run], {"DIR": top, "LOCKS": error})
        assert done.returncode == 0, done.stderr
        check_finished(run, [*COMMAND, "-o", run], reference)
    print("file systems without locks: the same")


may_mount = os.environ.get(INSIDE) or enter_namespace()
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    if not may_mount:
        print("skipped: full and read-only disks, since this user may not mount in a namespace of its own")
        whole = folder / "whole"
        assert leafcast([*COMMAND, "-o", whole]).returncode == 0
        reference = contents(whole / "results.h5")
    else:
        parts, whole, reference = sizes_and_results(folder)
        test_full_disk(folder, parts, whole, reference)
        test_read_only(folder, reference)
    test_size_limit(folder, reference)
    test_without_locks(folder, reference)
