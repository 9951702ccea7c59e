# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's frr-reload.py, through the wrapper around vtysh, and whole files with `vtysh -f`, over gates that are closed.

It ends with status 0, again and again, whatever its file knows of the module, and no route passes meanwhile.
"""
import os
import subprocess

import pytest

from lab import build
from lab.scenario import FAMILIES, MARKS, NAME, Scenario
from lab.wait import until

RELOAD = build.FRR_DAEMONS / "frr-reload.py"
OLD = "PNI-OLD"


@pytest.fixture
def scenario(lab):
    return Scenario(lab)


def reload(s, how, text):
    """Runs frr-reload.py with a file of this text. Returns what it would change, or has changed, as lines."""
    wrapper, guard = build.vtysh_wrapper()
    scratch = s.lab.folder("edge", "reload")
    file = scratch / "new.conf"
    file.write_text(text)
    ended = subprocess.run(
        s.edge.namespace.command(["/usr/bin/python3", str(RELOAD), how, "--stdout", "--bindir", str(wrapper.parent),
                                  "--confdir", str(s.edge.etc), "--rundir", str(scratch),
                                  "--vty_socket", str(s.edge.run_folder), str(file)]),
        text=True, timeout=300, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "LC_ALL": "C.UTF-8", "PEERING_VTYSH": build.VTYSH, "PEERING_GUARD": str(guard),
             "PEERING_EXTENSION": str(build.vtysh_extension())})
    assert ended.returncode == 0, f"{RELOAD} {how}: status {ended.returncode}:\n{ended.stdout}"
    return [line for line in ended.stdout.splitlines() if " INFO: " not in line]


def speaks_of(shown, *words):
    return [line for line in shown if any(word in line for word in words)]


def expect_gated(s):
    s.acme.wait_established()
    s.settle(keepalives=2)
    s.expect_nothing_passed()


def test_reloads_and_files_over_closed_gates(scenario):
    s = scenario
    knows, knows_nothing = s.config(bgp=s.declaration()), s.config()
    s.start(knows)
    s.acme.wait_established()
    addresses = [s.acme_address(family) for family in FAMILIES]

    # What it shows while gated: the module's lines go, and the operator's policies come into their places.
    shown = reload(s, "--test", knows)
    for address, family in zip(addresses, FAMILIES):
        assert f" no peering gated neighbor {address} {family} unicast route-map ACME-IN in" in shown, shown
        assert f"  neighbor {address} route-map ACME-OUT out" in shown, shown
    assert not speaks_of(shown, f"peering {NAME} "), shown

    for text in (knows_nothing, knows):
        for _ in range(3):
            reload(s, "--reload", text)
            # Marks of before are not in the file, and are gone.
            s._first_mark = s._marks
            s.settle(keepalives=1)
            s.expect_nothing_sent()
        expect_gated(s)
        assert s.edge.connection_state(NAME) == "PendingApproval"
        assert s.edge.connection(NAME)["sessions"][0]["importPolicy"] == "ACME-IN"
        # The same as one file.
        path = s.edge.etc / "whole.conf"
        path.write_text(text)
        # Later versions note with a percent sign that nothing has changed in some daemon.
        ended = s.edge.try_vtysh("-f", str(path))
        assert ended.returncode == 0, ended.stdout
        expect_gated(s)
        # As saved by `write memory`, the file shows nothing at all.
        s.edge.vtysh("write memory")
        shown = reload(s, "--test", s.edge.config_file.read_text())
        assert not speaks_of(shown, *addresses, "peering"), shown

    # Active and adopted sessions: a file with the lines that `show running-config` has is all there is to write.
    s.validate()
    s.activate()
    witness = [s.witness_link.far_address(family) for family in FAMILIES]
    s.edge.vtysh(f"peering {OLD} adopt neighbor {witness[0]} {witness[1]}")
    s.edge.wait_state(OLD, "Active")
    by_hand = s.config(bgp=[*s.declaration(), *(f"peering {OLD} neighbor {address}" for address in witness),
                            f"peering {OLD} adopted"])
    s.edge.vtysh("write memory")
    for text in (by_hand, s.edge.config_file.read_text()):
        shown = reload(s, "--test", text)
        assert not speaks_of(shown, *addresses, *witness, "peering"), shown
    quiet = s.capture.read().end()
    for _ in range(2):
        reload(s, "--reload", s.edge.config_file.read_text())
    s.settle(keepalives=2)
    assert s.capture.read().routes(kind="withdraw", after=quiet) == []
    s.wait_open()
    # One that knows nothing of Active and adopted sessions takes their lines out, and cuts nothing.
    quiet = s.capture.read().end()
    for _ in range(2):
        reload(s, "--reload", knows_nothing)
    until("both undeclared", lambda: [s.edge.connection(name)["flags"] for name in (NAME, OLD)],
          lambda seen: all("undeclared" in flags for flags in seen))
    s.settle(keepalives=2)
    marks = {prefix for family in FAMILIES for prefix in MARKS[family]}
    assert [event for event in s.capture.read().routes(kind="withdraw", after=quiet) if event.prefix not in marks] == []
    assert s.edge.connection_state(NAME) == s.edge.connection_state(OLD) == "Active"
    for family in FAMILIES:
        assert set(s.acme_routes[family]) == s.witness_has_of_acme(family)

