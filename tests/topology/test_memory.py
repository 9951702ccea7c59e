# SPDX-License-Identifier: GPL-2.0-or-later
"""What a command takes from bgpd it gives back, under the type that bgpd counts it under: FRR aborts on a count below 0."""
import re

import pytest

from lab.scenario import ACME_AS, NAME, Scenario

pytestmark = pytest.mark.versions

TIMES = 20
COMMANDS = [
    "show peering", "show peering all", "show peering problems", "show peering state Active",
    "show peering neighbor 192.0.2.2", f"show peering asn {ACME_AS}", "show peering interface acme",
    "show peering summary", "show peering would-deny", "show peering state-file", "show peering guard",
    "show peering prometheus",
    *(f"show peering {NAME}{words}" for words in ("", " checks", " preview", " routes", " link")),
]


def counts(s):
    """{(group, type): how many of it bgpd has}"""
    found, group = {}, ""
    for line in s.edge.vtysh("show memory bgpd").splitlines():
        if line.startswith("--- qmem"):
            group = line
        elif group and (fields := re.match(r"(.+?) *: +(-?\d+) ", line)):
            found[group, fields[1].strip()] = int(fields[2])
    assert found
    return found


def test_commands_give_back_what_they_take(lab):
    s = Scenario(lab)
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.edge.verb(NAME, "approve")
    commands = [command + form for command in COMMANDS for form in ("", " json")
                if form == "" or command.split()[-1] not in ("guard", "prometheus")]
    s.edge.vtysh(*commands)
    before = counts(s)
    for _ in range(TIMES):
        s.edge.vtysh(*commands)
    after = counts(s)
    moved = {kind: (before.get(kind, 0), count) for kind, count in after.items()
             if abs(count - before.get(kind, 0)) >= TIMES}
    assert moved == {}
