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
    def __init__(self, lab, name="disk"):
        self._control = lab.folder(name, mode=0o755) / "control"
        self._library = _library()
        self.good()

    def environment(self):
        return [f"LD_PRELOAD={self._library}", f"PEERING_TEST_DISK={self._control}"]

    def _say(self, text):
        fresh = self._control.with_suffix(".new")
        fresh.write_text(text)
        fresh.chmod(0o644)
        os.replace(fresh, self._control)

    def good(self):
        self._say("")

    def slow(self, milliseconds):
        self._say(f"delay {milliseconds}")

    def full(self):
        self._say(f"fail {errno.ENOSPC}")
