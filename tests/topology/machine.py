# SPDX-License-Identifier: GPL-2.0-or-later
"""A throw-away copy of this machine: its root file system under an overlay, in a mount namespace.

What is installed, removed or edited in it is gone with it; the machine itself is only read. Processes are the machine's
own, so nothing in it may start or stop a service: a policy-rc.d says so to maintainer scripts, and /run is empty.
"""
import filecmp
import os
import subprocess
import tempfile
from pathlib import Path

POLICY = "/usr/sbin/policy-rc.d"
# The copy, and below it what differs from the machine.
SET_UP = """
set -e
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
mount -t tmpfs -o mode=755 tmpfs "$1/root/run"
mount --rbind /dev "$1/root/dev"
mount -t proc proc "$1/root/proc"
echo ready
exec sleep infinity
"""


class Machine:
    """Use as a context manager. `folders` are visible in it too where they lie on another file system than /; what is
    written there is written on the machine. `base` is a copy that this one begins as; it must not change any more."""

    def __init__(self, *folders, base=None):
        self._folders = [folder for folder in folders if os.stat(folder).st_dev != os.stat("/").st_dev]
        self._enter = base.enter if base else []
        self.lower = f"{base.upper}:{base.lower}" if base else "/"

    def __enter__(self):
        self._mount_point = Path(tempfile.mkdtemp(prefix="peering-machine-", dir="/var/tmp"))
        # Mounts are private to the process, and go when it ends.
        self._holder = subprocess.Popen(
            [*self._enter, "unshare", "--mount", "--propagation", "private", "sh", "-c", SET_UP, "sh",
             self._mount_point, self.lower],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self._holder.stdout.readline() != "ready\n":
            error = self._holder.communicate()[1]
            self._mount_point.rmdir()
            raise RuntimeError(f"cannot make an overlay of /: {error}")
        self.enter = ["nsenter", f"--target={self._holder.pid}", "--mount"]
        self.upper = self._mount_point / "upper"
        self._seen = Path(f"/proc/{self._holder.pid}/root{self._mount_point}")
        for folder in self._folders:
            self.path(folder).mkdir(parents=True, exist_ok=True)
            subprocess.run([*self.enter, "mount", "--bind", folder, f"{self._mount_point}/root{folder}"], check=True,
                           timeout=60)
        self.path(POLICY).write_text("#!/bin/sh\nexit 101\n")
        self.path(POLICY).chmod(0o755)
        return self

    def __exit__(self, *_):
        self._holder.kill()
        self._holder.communicate()
        self._mount_point.rmdir()

    def path(self, path):
        """A path of the copy, as one of this process. Beware of links with an absolute target."""
        return self._seen / "root" / str(path).lstrip("/")

    def try_run(self, *argv, **environment):
        """Runs a command in the copy; its two outputs come as one text."""
        return subprocess.run(
            [*self.enter, "chroot", self._mount_point / "root", *argv],
            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                 "HOME": os.environ.get("HOME", "/root"), "DEBIAN_FRONTEND": "noninteractive", **environment})

    def run(self, *argv, **environment):
        """The same for what has to end with status 0. Returns what it printed."""
        ended = self.try_run(*argv, **environment)
        assert ended.returncode == 0, f"{' '.join(map(str, argv))}: status {ended.returncode}:\n{ended.stdout}"
        return ended.stdout

    def refused(self, *argv):
        """The same for what has to fail."""
        ended = self.try_run(*argv)
        assert ended.returncode != 0, f"{' '.join(map(str, argv))}: ended with status 0:\n{ended.stdout}"
        return ended.stdout

    def changed(self):
        """Every path that was written, made or removed here and differs from the machine's."""
        upper, found = self._seen / "upper", []
        for folder, folders, files in os.walk(upper):
            for name in folders + files:
                here = Path(folder, name)
                there = Path("/", here.relative_to(upper))
                if here.is_dir() and not here.is_symlink() and there.is_dir():
                    continue
                if _same_file(here, there):
                    continue
                found.append(str(there))
        return sorted(set(found) - {POLICY})


def _same_file(one, other):
    if one.is_symlink() or not (one.is_file() and other.is_file()):
        return False
    first, second = one.stat(), other.stat()
    return ((first.st_mode, first.st_uid, first.st_gid) == (second.st_mode, second.st_uid, second.st_gid)
            and filecmp.cmp(one, other, shallow=False))


def owner_and_mode(path):
    """("frr", "frr", 0o700)"""
    seen = path.stat()
    return path.owner(), path.group(), seen.st_mode & 0o7777
