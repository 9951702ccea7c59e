# SPDX-License-Identifier: GPL-2.0-or-later
"""A router whose wall clock jumps, at will: a library that is preloaded into bgpd (clock.c)."""
import os

from .preload import library


class Clock:
    """Of the router's bgpd, from its next start on."""

    def __init__(self, router):
        self._control = router.lab.folder(router.name, "clock") / "control"
        self.jump(0)
        router.bgpd_environment += [f"LD_PRELOAD={library('clock')}", f"PEERING_TEST_CLOCK={self._control}"]

    def jump(self, seconds):
        """Wrong by so much from now on."""
        fresh = self._control.with_suffix(".new")
        fresh.write_text(f"{seconds}\n")
        fresh.chmod(0o644)
        os.replace(fresh, self._control)
