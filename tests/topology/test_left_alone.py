# SPDX-License-Identifier: GPL-2.0-or-later
"""What nobody has asked the module to gate is as it is without the module: messages, update-groups, configuration.

The same router, once without and once with the module: an external session (excepted from default-deny, or of a router
that has no such line) and an internal one. What they say of each prefix is compared byte for byte.
"""
import re

import pytest

from lab import bgp
from lab.capture import Capture
from lab.namespaces import Lab
from lab.scenario import EDGE_AS, FAMILIES, OWN, Scenario
from lab.wait import until

# Made of the addresses of interfaces, which are drawn anew in each lab.
LINK_LOCAL = re.compile("fe80000000000000[0-9a-f]{16}")


def contents(message):
    """What is compared of a message: of an UPDATE each prefix with all that is said of it, else the whole."""
    if message.type != bgp.UPDATE:
        return [(bgp.NAMES.get(message.type), LINK_LOCAL.sub("link-local", message.body.hex()))]
    attributes = ", ".join(f"{kind}: {LINK_LOCAL.sub('link-local', value.hex())}"
                           for kind, value in bgp.path_attributes(message.body))
    return [(event.kind, f"{event.family} {event.prefix} {attributes}") for event in bgp.route_events(message, ())]


def said(capture, addresses):
    """What each end of the sessions that came up has said, as a bag. KEEPALIVEs come and go by timers; which of two
    prefixes bgpd sends first, and which go into one UPDATE, hangs on whether a route has come before it sends the first
    ones, without the module too."""
    conversation, found = capture.read(), {}
    for address in addresses:
        for session in conversation.sessions(address):
            for stream in session.streams.values():
                said_here = found.setdefault((stream.sender[0], stream.receiver[0]), [])
                for message in bgp.messages(stream):
                    said_here += contents(message) if message.type != bgp.KEEPALIVE else []
    return {ends: sorted(messages) for ends, messages in found.items()}


def groups(s):
    """Of each update-group its policy, how many subgroups it has, and who is in it. Numbers are given in turn."""
    return sorted((re.findall("route map: (.*)", group), group.count("Update-subgroup"),
                   sorted(re.findall(r"- (\S+)", group)))
                  for group in s.edge.bgpd_vty("show bgp update-groups").split("Update-group ")[1:])


def life(module, lines=()):
    """The sessions come up, are asked for their routes again, and told ours again."""
    with Lab() as lab:
        s = Scenario(lab, module=module, witness_as=EDGE_AS, acme_routes=3)
        at_witness = Capture(lab.namespace("witness"), "edge", s.witness_link.near_ipv4)
        # One after the other: which route comes first is part of what is compared.
        s.witness.start()
        # Nothing is to be asked for again because a timer says that a route-map is new.
        s.edge.start(s.config(bgp=lines, bottom=["bgp route-map delay-timer 0"]))
        s.witness.wait_established()
        for family in FAMILIES:
            until(f"the witness's {family} routes at the edge", lambda: s.edge.bgpd_vty(f"show bgp {family} unicast"),
                  lambda seen: all(prefix in seen for prefix in s.witness_routes[family]))
        s.acme.start()
        for family in FAMILIES:
            s.acme.wait_received(f"edge_{family}", {OWN[family], *s.witness_routes[family]})
            until("acme's routes at the witness", lambda: s.witness_has_of_acme(family),
                  lambda seen: seen == set(s.acme_routes[family]))
        for direction in ("in", "out"):
            s.edge.bgpd_vty(f"clear bgp * soft {direction}")
            s.capture.wait_keepalives([s.acme_address(family) for family in FAMILIES], 3)
        seen = {
            "acme": said(s.capture, [s.edge_address(family) for family in FAMILIES]),
            "witness": said(at_witness, [s.witness_link.near_address(family) for family in FAMILIES]),
            "groups": groups(s),
            "configuration": [line for line in s.edge.bgpd_vty("show running-config").splitlines()
                              if not line.startswith(" peering ") and "log file " not in line],
        }
        assert all(seen["acme"].values()) and seen["groups"], seen
        return seen


@pytest.mark.parametrize("lines", [[], ["peering default-deny", "peering default-deny-except remote-as 64510"]],
                         ids=["unmanaged", "excepted"])
def test_nothing_that_is_not_asked_for(lines, without):
    seen = life(True, lines)
    for what in without:
        assert seen[what] == without[what]


@pytest.fixture(scope="module")
def without():
    return life(False)
