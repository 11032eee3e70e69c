"""Two hosts on this machine, joined by a cable that can be cut: network, host name, /tmp and /dev/shm of their own.

    with TwoHosts() as hosts:
        hosts.run(["run", SWEEP, "-o", hosts.folder / "run"], ranks=3)   # ranks 0 and 1 here, the last there
        hosts.cut()

Raises Refused, with the reason, where namespaces are not permitted. All of it ends with the context.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from leafcast_runs import ENVIRONMENT, PROGRAM, SOURCE, command, send

NAMES = ("near", "far")
ADDRESSES = ("10.97.83.1", "10.97.83.2")  # no one else's: these networks have no other members
INTERFACE = "cable"


class Refused(Exception):
    """This machine does not let us make hosts."""


def check(words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise Refused(f"{' '.join(map(str, words))}: {done.stderr.strip() or done.returncode}")
    return done.stdout


class Host:
    """A process that holds the namespaces. What is in `shared` is the same on both hosts though /tmp is not."""

    def __init__(self, name, own_processes, shared):
        self.name = name
        inside = [path.relative_to("/tmp") for path in shared if path.is_relative_to("/tmp")]
        binds = "".join(f'mkdir -p "/mnt/{path}" && mount --rbind "/tmp/{path}" "/mnt/{path}" && ' for path in inside)
        script = (f"hostname {name} && mount -t tmpfs none /mnt && {binds} mount --rbind /mnt /tmp && mount -t tmpfs none /dev/shm && "
                  f'{"mount -t proc proc /proc && " if own_processes else ""}ip link set lo up && echo up && exec sleep infinity')
        namespaces = ["--net", "--uts", "--mount", *(["--pid", "--fork", "--kill-child"] if own_processes else [])]
        try:
            self.process = subprocess.Popen(["unshare", *namespaces, "sh", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=subprocess.PIPE, text=True)
        except OSError as error:
            raise Refused(str(error)) from error
        if self.process.stdout.readline() != "up\n":
            raise Refused(self.process.communicate()[1].strip() or "unshare")
        self.pid = self.process.pid
        if own_processes:  # its first process is a child
            self.pid = int(check(["ps", "--ppid", self.pid, "-o", "pid="]).split()[0])
        self.enter = ["nsenter", "-t", str(self.pid), "--net", "--uts", "--mount", *(["--pid"] if own_processes else [])]

    def check(self, *words):
        return check([*self.enter, *words])

    def processes(self):
        """Ids of all processes in its network, but for the one that holds it."""
        def network(pid):
            try:
                return os.readlink(f"/proc/{pid}/ns/net")
            except OSError:
                return None
        mine = network(self.pid)
        return [int(path.name) for path in pathlib.Path("/proc").glob("[0-9]*") if mine and network(path.name) == mine and int(path.name) != self.pid]

    def end(self):
        for pid in self.processes():
            send(pid, signal.SIGKILL)
        send(self.pid, signal.SIGKILL)
        self.process.kill()
        self.process.communicate()


class TwoHosts:
    def __enter__(self):
        self.hosts = []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="leafcast-hosts-"))
        try:
            self.begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def begin(self):
        for program in ("unshare", "nsenter", "ip", "mpirun"):
            if shutil.which(program) is None:
                raise Refused(f"{program} is not installed")
        for name in NAMES:
            self.hosts.append(Host(name, own_processes=name == "far", shared=[self.folder, PROGRAM.parent, SOURCE]))
        near, far = self.hosts
        near.check("ip", "link", "add", INTERFACE, "type", "veth", "peer", "name", INTERFACE, "netns", far.pid)
        names = self.folder / "hosts"
        names.write_text("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for address, name in zip(ADDRESSES, NAMES)))
        for host, address in zip(self.hosts, ADDRESSES):
            host.check("ip", "address", "add", f"{address}/24", "dev", INTERFACE)
            host.check("ip", "link", "set", INTERFACE, "up")
            host.check("mount", "--bind", names, "/etc/hosts")
        # As ssh: AGENT HOST COMMAND…
        agent = self.folder / "agent"
        agent.write_text(f'#!/bin/sh\n[ "$1" = far ] || exit 1\nshift\nexec {" ".join(far.enter)} sh -c "$*"\n')
        agent.chmod(0o755)
        self.environment = dict(ENVIRONMENT, OMPI_MCA_plm_rsh_agent=str(agent), OMPI_MCA_pml="ob1", OMPI_MCA_btl="tcp,self",
                                OMPI_MCA_btl_tcp_if_include=INTERFACE, OMPI_MCA_oob_tcp_if_include=INTERFACE)
        self.environment.pop("TMPDIR", None)

    def __exit__(self, *_):
        for host in self.hosts:
            host.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def words(self, arguments, ranks=None):
        """The command line on the near host; of several ranks, the last is on the far one."""
        words = command(arguments, ranks)
        if ranks is not None:
            words[1:1] = ["--host", f"near:{ranks - 1},far:1"]
        return [*self.hosts[0].enter, *words]

    def run(self, arguments, ranks=None, **keywords):
        return subprocess.run(self.words(arguments, ranks), env=self.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, **keywords)

    def start(self, arguments, ranks, log, **environment):
        """A Popen (of mpirun itself) whose output goes to the file `log`."""
        with open(log, "w") as file:
            return subprocess.Popen(self.words(arguments, ranks), env=dict(self.environment, **environment), stdin=subprocess.DEVNULL, stdout=file,
                                    stderr=subprocess.STDOUT)

    def bytes_to_near(self):
        """That the near host has received through the cable."""
        return json.loads(self.hosts[0].check("ip", "-j", "-s", "link", "show", INTERFACE))[0]["stats64"]["rx"]["bytes"]

    def cut(self):
        self.hosts[1].check("ip", "link", "set", INTERFACE, "down")

    def mend(self):
        self.hosts[1].check("ip", "link", "set", INTERFACE, "up")

    def forget_soon(self):
        """From now on both hosts take a peer for gone that has not acknowledged for some 20 seconds; by default, a quarter of an hour."""
        for host in self.hosts:
            host.check("sh", "-c", "echo 5 >/proc/sys/net/ipv4/tcp_retries2")
