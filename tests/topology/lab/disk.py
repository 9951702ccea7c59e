# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk under a router's journal that is slow or fails, at will: a library that is preloaded into bgpd (disk.c)."""
import errno
import os
import subprocess
import tempfile
from pathlib import Path

from . import build


def _library():
    """Compiled once for each build of the project; tests that run side by side may race for it, and one wins."""
    made = build.BUILD / "test-disk.so"
    source = Path(__file__).with_suffix(".c")
    if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
        with tempfile.TemporaryDirectory(dir=build.BUILD) as folder:
            fresh = Path(folder, made.name)
            subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", fresh, source], check=True)
            os.replace(fresh, made)
    return made


class Disk:
    """Under the router's bgpd, from its next start on."""

    def __init__(self, router):
        self._control = router.lab.folder(router.name, "disk") / "control"
        self.good()
        router.bgpd_environment += [f"LD_PRELOAD={_library()}", f"PEERING_TEST_DISK={self._control}"]

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

    def full(self):
        self._say(f"fail {errno.ENOSPC}")
