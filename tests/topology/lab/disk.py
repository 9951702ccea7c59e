# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk under a router's journal that is slow or fails, at will: a library that is preloaded into bgpd (disk.c)."""
import errno
import os

from .preload import library


class Disk:
    """Under the router's bgpd, from its next start on."""

    def __init__(self, router):
        self._control = router.lab.folder(router.name, "disk") / "control"
        self.good()
        router.bgpd_environment += [f"LD_PRELOAD={library('disk')}", f"PEERING_TEST_DISK={self._control}"]

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
