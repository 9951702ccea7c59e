# SPDX-License-Identifier: GPL-2.0-or-later
"""Walls of the gate that a test takes down, in the build of the module that is made for it (bgpd-peering/gate/walls.h).

A row that stays green without its wall tests nothing; and a violation for the audit to find has to be planted.
"""
import os

from . import build


class Walls:
    """Gives `router` the test build. Everything stands until down() is called; up() puts everything up again."""

    def __init__(self, router):
        self._control = router.lab.folder(router.name, "walls") / "down"
        self.up()
        router.install_module(build.bgpd_test_module())
        router.bgpd_environment.append(f"PEERING_WALLS_DOWN={self._control}")

    def _say(self, text):
        fresh = self._control.with_suffix(".new")
        fresh.write_text(text)
        fresh.chmod(0o644)
        os.replace(fresh, self._control)

    def down(self, *names):
        """Those of walls.h, and no others."""
        self._say(" ".join(names) + "\n")

    def up(self):
        self._say("")
