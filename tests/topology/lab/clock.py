# SPDX-License-Identifier: GPL-2.0-or-later
"""A wall clock that jumps, at will: a library that is preloaded into a router's bgpd or into a controller (clock.c)."""
import os

from .preload import library


class Clock:
    """Of a router's bgpd, or of a controller, from its next start on."""

    def __init__(self, owner, environment=None):
        self._control = owner.lab.folder(owner.name, "clock") / "control"
        self.jump(0)
        environment = owner.bgpd_environment if environment is None else environment
        environment += [f"LD_PRELOAD={library('clock')}", f"PEERING_TEST_CLOCK={self._control}"]

    def jump(self, seconds):
        """Wrong by so much from now on."""
        fresh = self._control.with_suffix(".new")
        fresh.write_text(f"{seconds}\n")
        fresh.chmod(0o644)
        os.replace(fresh, self._control)
