# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk under a router's journal that is slow or fails, at will, or at which bgpd is killed: libraries that are preloaded
into bgpd (disk.c, kill.c). And a real one."""
import errno
import os
import subprocess
from pathlib import Path

from .preload import library
from .wait import until


class Disk:
    """Under the router's bgpd, and under whose environments are given, from their next start on."""

    def __init__(self, router, *environments):
        self._control = router.lab.folder(router.name, "disk") / "control"
        self.good()
        for environment in (router.bgpd_environment, *environments):
            environment += [f"LD_PRELOAD={library('disk')}", f"PEERING_TEST_DISK={self._control}"]

    def _say(self, text):
        fresh = self._control.with_suffix(".new")
        fresh.write_text(text)
        fresh.chmod(0o644)
        os.replace(fresh, self._control)

    def good(self):
        self._say("")

    def slow(self, milliseconds):
        self._say(f"delay {milliseconds}")

    def unreadable(self, offset):
        """The journal can be read up to there when bgpd starts, and no further."""
        self._say(f"unreadable {offset}")

    def fail(self, error):
        self._say(f"fail {error}")

    def forced_read_only(self):
        """As by sysrq-u: syncs say that they are done."""
        self._say("forced 1")

    def full(self):
        self.fail(errno.ENOSPC)


class RealDisk:
    """An ext4 under folders, with what they hold. In a kernel of the test's own alone: its emergency is that of every disk."""

    def __init__(self, lab, *folders):
        assert "PEERING_OWN_KERNEL" in os.environ
        image, self._at = lab.folder("disk") / "image", lab.folder("disk", "mounted")
        self._mounted = []
        self._run("truncate", "--size=64M", image)
        self._run("mkfs.ext4", "-q", image)
        self._mount("-o", "loop", image, self._at)
        for number, folder in enumerate(folders):
            self._run("cp", "-a", folder, self._at / str(number))
            self._mount("--bind", self._at / str(number), folder)

    @staticmethod
    def _run(*argv):
        subprocess.run([str(word) for word in argv], check=True, timeout=120, stdin=subprocess.DEVNULL)

    def _mount(self, *arguments):
        self._run("mount", *arguments)
        self._mounted.append(arguments[-1])

    def _is_read_only(self):
        return bool(os.statvfs(self._at).f_flag & os.ST_RDONLY)

    def good(self):
        self._run("mount", "-o", "remount,rw", self._at)

    def forced_read_only(self):
        Path("/proc/sysrq-trigger").write_text("u")
        until("the emergency remount", self._is_read_only)

    def close(self):
        for where in reversed(self._mounted):
            self._run("umount", "--lazy", where)


class Kill:
    """Kills the router's bgpd at one thing that it does to the disk for its journal (kill.c), from its next start on."""

    def __init__(self, router):
        self._control = router.lab.folder(router.name, "kill") / "control"
        self._said = 0
        self.never()
        router.bgpd_environment += [f"LD_PRELOAD={library('kill')}", f"PEERING_TEST_KILL={self._control}"]

    def _say(self, text):
        # Always another inode than the one before, which stays until then.
        self._said += 1
        fresh = self._control.with_suffix(f".{self._said % 2}")
        fresh.unlink(missing_ok=True)
        fresh.write_text(text)
        fresh.chmod(0o644)
        spare = self._control.with_suffix(".spare")
        spare.unlink(missing_ok=True)
        if self._control.exists():
            os.link(self._control, spare)
        os.replace(fresh, self._control)

    def never(self):
        self._say("")

    def at(self, number, when):
        """At the operation of that number from now on: "front" of it, in the "middle" of a write, "behind" it;
        "line": in front of the line of that number that bgpd's main thread makes for the journal."""
        self._say(f"{number} {when}")
