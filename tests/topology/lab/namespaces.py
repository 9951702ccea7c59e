# SPDX-License-Identifier: GPL-2.0-or-later
"""A lab: a folder, network namespaces, the links between them, and the end of it all.

Everything that a lab starts runs in its namespaces, so that ending a lab is ending what runs there. A lab is held by a
lock that goes with the process that made it: one whose process is dead is swept away when the next lab begins.
"""
import atexit
import contextlib
import ctypes
import fcntl
import ipaddress
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

from .process import signal_pid
from .wait import until

PREFIX = "peering-lab-"
# Gone after a reboot, as the namespaces are.
LOCKS = Path("/run/frr-peering-labs")
CLONE_NEWNET = 0x40000000
TMPFS_TYPES = {"tmpfs", "ramfs"}


def _ip(*words, **options):
    return subprocess.run(["ip", *words], check=True, text=True, capture_output=True, timeout=60, **options).stdout


class Namespace:
    """One network namespace, its loopback up."""

    def __init__(self, lab, name):
        self.lab = lab
        self.name = name
        self.full_name = f"{lab.name}-{name}"
        _ip("netns", "add", self.full_name)
        self.ip("link", "set", "lo", "up")
        # No wait for duplicate addresses: bgpd starts no IPv6 session before the link-local address is there.
        self.run(["sh", "-c", "for scope in all default; do echo 0 >/proc/sys/net/ipv6/conf/$scope/accept_dad; done"])

    def command(self, argv):
        return ["ip", "netns", "exec", self.full_name, *map(str, argv)]

    def run(self, argv, check=True, timeout=120, **options):
        return subprocess.run(self.command(argv), check=check, text=True, timeout=timeout,
                              stdin=subprocess.DEVNULL, capture_output=True, **options)

    def pids(self):
        return _pids(self.full_name)

    def ip(self, *words):
        return _ip("-n", self.full_name, *words)

    @contextlib.contextmanager
    def without(self, *flow):
        """Meanwhile nothing of that flow, as `ip rule` says it, is taken in the namespace, nor leaves it."""
        for family in ("-4", "-6"):
            # The rule for the machine's own addresses is the first of all.
            self.ip(family, "rule", "add", "pref", "2", "table", "local")
            self.ip(family, "rule", "del", "pref", "0")
            self.ip(family, "rule", "add", "pref", "1", *flow, "blackhole")
        yield
        for family in ("-4", "-6"):
            self.ip(family, "rule", "add", "pref", "0", "table", "local")
            for pref in ("1", "2"):
                self.ip(family, "rule", "del", "pref", pref)

    def socket(self, *arguments):
        """A socket of this process that lives in the namespace."""
        made = []

        def enter_and_make():
            # A thread has a namespace of its own; a socket keeps the one that it was made in.
            libc = ctypes.CDLL(None, use_errno=True)
            with open(f"/run/netns/{self.full_name}") as handle:
                if libc.setns(handle.fileno(), CLONE_NEWNET) != 0:
                    made.append(OSError(ctypes.get_errno(), f"cannot enter {self.full_name}"))
                    return
            made.append(socket.socket(*arguments))

        thread = threading.Thread(target=enter_and_make)
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        return made[0]


class Link:
    """A cable between two namespaces. `near` and `far` address its ends, IPv4 and IPv6."""

    def __init__(self, number, near, near_interface, far, far_interface):
        network4 = ipaddress.ip_network(f"192.0.2.{4 * number}/30")
        network6 = ipaddress.ip_network(f"2001:db8:{number + 1:x}::/64")
        self.near, self.far = near, far
        self.near_interface, self.far_interface = near_interface, far_interface
        self.near_ipv4, self.far_ipv4 = str(network4[1]), str(network4[2])
        self.near_ipv6, self.far_ipv6 = str(network6[1]), str(network6[2])
        near.ip("link", "add", near_interface, "type", "veth", "peer", "name", far_interface,
                "netns", far.full_name)
        for namespace, interface, ipv4, ipv6 in (
                (near, near_interface, self.near_ipv4, self.near_ipv6),
                (far, far_interface, self.far_ipv4, self.far_ipv6)):
            namespace.ip("address", "add", f"{ipv4}/30", "dev", interface)
            namespace.ip("address", "add", f"{ipv6}/64", "dev", interface, "nodad")
            namespace.ip("link", "set", interface, "up")

    def near_address(self, family):
        return self.near_ipv4 if family == "ipv4" else self.near_ipv6

    def far_address(self, family):
        return self.far_ipv4 if family == "ipv4" else self.far_ipv6


class Lab:
    """Use as a context manager, or call close()."""

    def __init__(self):
        LOCKS.mkdir(exist_ok=True)
        sweep()
        with _sweepers_alone():
            self.directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_base_directory()))
            self.name = self.directory.name
            self._lock_file = LOCKS / f"{self.name}.lock"
            self._lock = open(self._lock_file, "w+")
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            self._describe(kept=False)
        # bgpd runs as user frr and has to reach its folders below.
        self.directory.chmod(0o711)
        self.namespaces = {}
        self._links = 0
        self._closed = self.kept = False
        atexit.register(self.close)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _describe(self, kept):
        self._lock.seek(0)
        self._lock.truncate()
        json.dump({"directory": str(self.directory), "kept": kept}, self._lock)
        self._lock.flush()

    def namespace(self, name):
        if name not in self.namespaces:
            self.namespaces[name] = Namespace(self, name)
        return self.namespaces[name]

    def link(self, near, far):
        """Connects two namespaces; interfaces are named after the namespace at the other end."""
        link = Link(self._links, near, far.name, far, near.name)
        self._links += 1
        return link

    def folder(self, *parts, owner=None, mode=0o755):
        path = self.directory.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        if owner:
            shutil.chown(path, owner, owner)
        return path

    def keep(self):
        """Leaves the lab up when this process ends."""
        self._describe(kept=True)
        self._closed = self.kept = True

    def close(self):
        with _undisturbed():
            if self._closed:
                return
            _end(self.name, self.directory)
            self._lock_file.unlink(missing_ok=True)
            self._lock.close()
            self._closed = True


def _opened(path):
    """The file, or None where it has just gone: a lab that ends takes its own away."""
    try:
        return open(path)
    except FileNotFoundError:
        return contextlib.nullcontext()


def sweep(kept=False):
    """Removes the labs of processes that are dead; with `kept`, those too that were left up on purpose."""
    LOCKS.mkdir(exist_ok=True)
    with _sweepers_alone():
        for lock_file in LOCKS.glob(f"{PREFIX}*.lock"):
            with _opened(lock_file) as lock, _undisturbed():
                if lock is None:
                    continue
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                try:
                    description = json.load(lock)
                except ValueError:
                    description = {}
                if description.get("kept") and not kept:
                    continue
                _end(lock_file.stem, Path(description["directory"]) if "directory" in description else None)
                lock_file.unlink(missing_ok=True)


@contextlib.contextmanager
def _undisturbed():
    """Nobody has the patience that an end takes: whoever presses Ctrl-C a second time gets the lab ended all the same."""
    if threading.current_thread() is not threading.main_thread():
        # Signals reach the main thread alone.
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


class _sweepers_alone:
    def __enter__(self):
        self._file = open(LOCKS / "all", "w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self._file.close()


def _pids(namespace):
    # A session of their own for those that clean up: a terminal's Ctrl-C goes to every program of the session in it.
    listed = subprocess.run(["ip", "netns", "pids", namespace], text=True, capture_output=True, timeout=60,
                            start_new_session=True)
    return [int(pid) for pid in listed.stdout.split()]


def _kill_all(namespace):
    pids = _pids(namespace)
    for pid in pids:
        signal_pid(pid, signal.SIGKILL)
    return pids


def _end(name, directory):
    namespaces = [entry.name for entry in Path("/run/netns").glob(f"{name}-*")]
    for namespace in namespaces:
        # Again and again: a program may be on its way into the namespace.
        until(f"the end of what runs in {namespace}", lambda: _kill_all(namespace), lambda pids: not pids, timeout=60)
        subprocess.run(["ip", "netns", "delete", namespace], check=True, timeout=60, start_new_session=True)
    if directory and directory.name.startswith(PREFIX):
        shutil.rmtree(directory, ignore_errors=True)


def filesystem_type(path):
    return subprocess.run(["stat", "--file-system", "--format=%T", str(path)], check=True, text=True,
                          capture_output=True, timeout=60).stdout.strip()


def _base_directory():
    """A disk, since the module refuses to keep its state where a reboot would empty it, that user frr can reach."""
    wanted = os.environ.get("PEERING_LAB_DIRECTORY")
    for candidate in [wanted] if wanted else ["/var/tmp", "/var/lib", "/srv", "/opt"]:
        if os.path.isdir(candidate) and filesystem_type(candidate) not in TMPFS_TYPES:
            return candidate
    raise RuntimeError("no folder on a disk for the lab; name one that every user may enter: PEERING_LAB_DIRECTORY=DIR")
