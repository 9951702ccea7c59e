# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the things that were built lie, and a plain error where one is missing."""
import os
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[3]
BUILD = Path(os.environ.get("PEERING_BUILD", SOURCE / "build")).resolve()

FRR_DAEMONS = Path("/usr/lib/frr")
VTYSH = "/usr/bin/vtysh"


class NotBuilt(RuntimeError):
    """Something that a test needs was not built."""


def _built(folder, name):
    """libtool puts what is loaded or run into .libs, and leaves a wrapper where the target stands."""
    for candidate in (BUILD / folder / ".libs" / name, BUILD / folder / name):
        if candidate.is_file():
            return candidate
    raise NotBuilt(f"{BUILD / folder}/{name} is missing: run ./run-tests, or make in {BUILD}")


def bgpd_module():
    return _built("bgpd-peering", "bgpd_peering.so")


def bgpd_test_module():
    """The same with walls that a test can take down; lab/walls.py."""
    return _built("bgpd-peering", "bgpd_peering_test.so")


def frr_module(name):
    """A module of FRR's own, as "bgpd_rpki"."""
    found = list(Path("/usr/lib").glob(f"*/frr/modules/{name}.so"))
    if not found:
        raise NotBuilt(f"{name}.so is missing: run ./run-tests, which installs what the tests need")
    return found[0]


def bgpd_link():
    """What the module loads from its own folder for the link to the controller."""
    return _built("bgpd-peering", "peering_link.so")


def vtysh_extension():
    return _built("vtysh", "vtysh_peering.so")


def vtysh_wrapper():
    """What an installation puts at vtysh's place, and what that runs in front of vtysh."""
    return BUILD / "vtysh" / "vtysh", _built("vtysh", "peering-boot-guard")


def program(name):
    """peering-controller or peerctl."""
    return _built("controller", name)


def bench(name):
    """A program of tests/bench."""
    return _built("tests/bench", name)


def tool(name):
    return SOURCE / "tools" / name
