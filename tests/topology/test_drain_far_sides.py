# SPDX-License-Identifier: GPL-2.0-or-later
"""Graceful shutdown of one connection as the peer's daemon sees it, whichever that is, and a bystander's session, on which
nothing is said because of it."""
import pytest

from lab import bgp
from lab.bird import prefixes
from lab.capture import Capture
from lab.far_sides import FAR_SIDES
from lab.peer import PeerSession
from lab.scenario import ACME_AS, EDGE_AS, FAMILIES, NAME, OWN, Scenario
from lab.wait import until


def far_side(s, daemon):
    """Takes BIRD's place at acme."""
    addresses = {family: s.acme_address(family) for family in FAMILIES}
    return FAR_SIDES[daemon](s.lab, "acme", [
        PeerSession(f"edge_{family}", s.acme_address(family), s.edge_address(family), ACME_AS, EDGE_AS, (family,),
                    {family: s.acme_routes[family]}, addresses=addresses) for family in FAMILIES])


def bystander(s):
    """The witness is given the edge's own networks alone, which have nothing to do with acme."""
    top = [line for family, ip in (("ipv4", "ip"), ("ipv6", "ipv6"))
           for line in (f"{ip} prefix-list OURS-{family} permit {OWN[family]}",)]
    out = {family: [f"neighbor {s.witness_link.far_address(family)} prefix-list OURS-{family} out"] for family in FAMILIES}
    return {"top": top, **out}


# The OpenBGPD of Debian 12 refuses every ROUTE-REFRESH ("AID IPv4 unicast not negotiated"), and says in its OPEN that it
# takes one: what it has announced before keeps its local preference.
DOES_NOT_SAY_IT_AGAIN = ("openbgpd",)
LATE = {family: prefixes(family, 1, start=7000) for family in FAMILIES}


def local_preferences(s, family):
    """What the edge has given to acme's paths."""
    found = set()
    for prefix in s.judged[family]:
        for path in s.edge.bgpd_json(f"show bgp {family} unicast {prefix} json").get("paths", []):
            found.add(path.get("locPrf", 100))
    return found


def wait_drained(s, drained):
    """Everything at acme carries the community, and everything of acme's has local preference 0; or nothing."""
    for family in FAMILIES:
        # Some of the daemons show what comes back to them of their own too.
        wanted = {OWN[family], *s.witness_routes[family]}
        until(f"what {family} acme holds, and what of it with the community",
              lambda: (s.acme.table(f"edge_{family}"), s.acme.drained(f"edge_{family}")),
              lambda seen: seen[0] >= wanted and seen[1] == (seen[0] if drained else set()))
        if not s.judged[family]:
            continue
        until(f"local preferences of acme's {family} routes", lambda: local_preferences(s, family),
              lambda seen: seen == ({0} if drained else {100}))


@pytest.mark.versions
@pytest.mark.parametrize("daemon", ["gobgp", "openbgpd", "exabgp", "bgpd"])
def test_each_daemon_is_told_and_a_bystander_is_not(lab, daemon):
    s = Scenario(lab)
    s.acme = far_side(s, daemon)
    beside = Capture(lab.namespace("witness"), "edge", s.witness_link.near_ipv4)
    s.start(s.config(bgp=[*s.declaration(), f"peering {NAME} timers drain 3600"], **bystander(s)))
    until("acme's sessions", s.acme.established, lambda seen: len(seen) == 2)
    s.validate()
    s.edge.verb(NAME, "activate")
    s.edge.wait_state(NAME, "Active")
    s.judged = s.acme_routes
    wait_drained(s, False)
    for family in FAMILIES:
        s.witness.wait_received(f"edge_{family}", {OWN[family]})
    beside.wait_keepalives([s.witness_link.near_address(family) for family in FAMILIES], 3)
    begun = beside.read().end()

    s.judged = {family: s.acme_routes[family] if daemon not in DOES_NOT_SAY_IT_AGAIN else [] for family in FAMILIES}
    s.edge.vtysh(f"peering {NAME} maintenance on")
    wait_drained(s, True)
    s.edge.vtysh(f"peering {NAME} maintenance off")
    wait_drained(s, False)
    s.edge.verb(NAME, "deprovision")
    for family in FAMILIES:
        s.acme.announce(f"edge_{family}", family, LATE[family])
        s.judged[family] = s.judged[family] + LATE[family]
    wait_drained(s, True)
    beside.wait_keepalives([s.witness_link.near_address(family) for family in FAMILIES], 3)
    said = beside.read()
    for family in FAMILIES:
        assert [message for message in said.messages(s.witness_link.near_address(family), bgp.UPDATE)
                if message.time > begun] == []
    assert s.acme.established() == {f"edge_{family}" for family in FAMILIES}
    s.edge.verb(NAME, "deprovision now")
    s.edge.wait_state(NAME, "None")
    until("acme's sessions shut", s.acme.established, lambda seen: seen == set())
