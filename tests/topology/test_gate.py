# SPDX-License-Identifier: GPL-2.0-or-later
"""The gate: nothing crosses a session of a connection that is not Active, in either direction, from the first moment on.

The verdict is that of the far sides: acme's table, a capture on acme's link, and a witness behind the edge. The same
labs without the module let everything through (test_harness.py).
"""
import pytest

from lab.bird import DEFAULT, Session
from lab.scenario import FAMILIES, NAME, OWN, Scenario
from lab.wait import until

pytestmark = pytest.mark.versions


def gated(s):
    """The edge's word that it means to keep both sessions shut; the far sides judge whether it does."""
    return {session["gate"] for session in s.edge.connection(NAME)["sessions"]} == {"deny"}


@pytest.fixture
def scenario(lab):
    return Scenario(lab)


def expect_gated_from_the_first_moment(s):
    s.acme.wait_established()
    s.settle()
    s.expect_nothing_passed()
    assert gated(s)
    s.edge.wait_state(NAME, "PendingApproval")


def test_a_declared_connection_is_gated_before_its_first_route(scenario):
    scenario.start(scenario.config(bgp=scenario.declaration()))
    expect_gated_from_the_first_moment(scenario)
    # Both sides had routes to give, and acme gave its own.
    said = scenario.capture.read()
    for family in FAMILIES:
        assert said.announced(scenario.acme_address(family)) == set(scenario.acme_routes[family])
        assert scenario.to_acme(family) >= {OWN[family], *scenario.witness_routes[family]}


def test_a_connection_declared_before_its_neighbors_exist_is_gated(scenario):
    s = scenario
    config = s.config(acme_neighbor=lambda family: [], acme_family=lambda family: [])
    s.start(config)
    s.edge.configure_bgp(*s.declaration())
    s.edge.configure_bgp(*(line for family in FAMILIES for line in s.acme_neighbor(family)),
                         *(line for family in FAMILIES for line in
                           (f"address-family {family} unicast", *s.acme_family(family), "exit")))
    expect_gated_from_the_first_moment(s)


@pytest.mark.parametrize("opener", ["edge", "acme"])
def test_whoever_opens_the_session_meets_the_gate(lab, opener):
    s = Scenario(lab, acme={"passive": opener == "edge"})

    def acme_neighbor(family):
        passive = [f"neighbor {s.acme_address(family)} passive"] if opener == "acme" else []
        return s.acme_neighbor(family) + passive

    s.start(s.config(bgp=s.declaration(), acme_neighbor=acme_neighbor))
    expect_gated_from_the_first_moment(s)
    said = s.capture.read()
    for family in FAMILIES:
        address = s.edge_address(family) if opener == "edge" else s.acme_address(family)
        assert [session.opener[0] for session in said.sessions(address)] == [address]


def test_an_originated_default_does_not_pass(scenario):
    s = scenario
    s.start(s.config(
        bgp=s.declaration(),
        ipv4=[f"neighbor {s.acme_address('ipv4')} default-originate"],
        ipv6=[f"neighbor {s.acme_address('ipv6')} default-originate"]))
    expect_gated_from_the_first_moment(s)


def test_a_default_that_is_originated_while_the_gate_is_closed_does_not_pass(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    for family in FAMILIES:
        s.edge.configure_bgp(f"address-family {family} unicast",
                             f"neighbor {s.acme_address(family)} default-originate")
    expect_gated_from_the_first_moment(s)


def test_redistributed_and_aggregated_routes_do_not_pass(scenario):
    s = scenario
    s.start(s.config(
        bgp=s.declaration(),
        top=["ip route 198.51.100.0/25 blackhole", "ipv6 route 2001:db8:fffd::/48 blackhole"],
        ipv4=["redistribute static", "redistribute connected", "aggregate-address 203.0.112.0/23"],
        ipv6=["redistribute static", "aggregate-address 2001:db8:ff00::/40"]))
    # They are there to be given: the witness has them.
    for family, prefixes in (("ipv4", {"198.51.100.0/25", "203.0.112.0/23"}),
                             ("ipv6", {"2001:db8:fffd::/48", "2001:db8:ff00::/40"})):
        until(f"{prefixes} at the witness", lambda: s.witness.received(f"edge_{family}"),
              lambda seen: prefixes <= seen)
    expect_gated_from_the_first_moment(s)


def test_kept_routes_are_denied_too(scenario):
    s = scenario
    s.start(s.config(
        bgp=s.declaration(),
        ipv4=[f"neighbor {s.acme_address('ipv4')} soft-reconfiguration inbound"],
        ipv6=[f"neighbor {s.acme_address('ipv6')} soft-reconfiguration inbound"]))
    expect_gated_from_the_first_moment(s)


def test_a_member_of_a_peer_group_is_gated(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration(), **s.in_a_group()))
    expect_gated_from_the_first_moment(s)


def test_both_families_over_one_session_are_gated(lab):
    s = Scenario(lab)
    link = s.acme_link
    s.acme.sessions = [Session("edge_ipv4", link.far_ipv4, link.near_ipv4, families=FAMILIES)]

    def acme_neighbor(family):
        return s.acme_neighbor("ipv4") if family == "ipv4" else []

    def acme_family(family):
        neighbor = f"neighbor {link.far_ipv4}"
        return [f"{neighbor} activate", f"{neighbor} route-map ACME-IN in", f"{neighbor} route-map ACME-OUT out",
                f"{neighbor} default-originate"]

    s.start(s.config(acme_neighbor=acme_neighbor, acme_family=acme_family, bgp=[
        f"peering {NAME} neighbor {link.far_ipv4}", f"peering {NAME} received-limit ipv4 100",
        f"peering {NAME} received-limit ipv6 100"]))
    s.acme.wait_established()
    s.settle()
    said = s.capture.read()
    assert said.announced(link.far_ipv4) == {*s.acme_routes["ipv4"], *s.acme_routes["ipv6"]}
    assert said.announced(link.near_ipv4) == set()
    assert s.acme.updates_received("edge_ipv4") == 0
    for family in FAMILIES:
        assert s.witness_has_of_acme(family) == set()
    assert gated(s)


@pytest.mark.parametrize("lines", [
    ["neighbor {} route-map WITNESS out", "neighbor {} route-map WITNESS in"],
    ["no neighbor {} route-map ACME-OUT out", "no neighbor {} route-map ACME-IN in"],
    ["no neighbor {} route-map PEERING-DENY-ALL out", "no neighbor {} route-map PEERING-DENY-ALL in"],
    ["no neighbor {} activate", "neighbor {} activate"],
    ["neighbor {} default-originate route-map WITNESS"],
    ["neighbor {} soft-reconfiguration inbound"],
    ["neighbor {} next-hop-self", "neighbor {} send-community"],
], ids=lambda lines: lines[0].replace("neighbor {} ", "").replace(" ", "-"))
def test_what_is_typed_while_the_gate_is_closed_opens_nothing(scenario, lines):
    s = scenario
    s.start(s.config(bgp=["no bgp ebgp-requires-policy", *s.declaration()]))
    s.acme.wait_established()
    for family in FAMILIES:
        for line in lines:
            s.edge.configure_bgp(f"address-family {family} unicast", line.format(s.acme_address(family)))
    s.acme.wait_established()
    s.settle()
    s.expect_nothing_passed()
    assert gated(s)


@pytest.mark.parametrize("command", ["clear bgp *", "clear bgp * soft", "clear bgp * soft out", "clear bgp * soft in"])
def test_clearing_opens_nothing(scenario, command):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.settle(keepalives=1)
    s.edge.vtysh(command)
    s.acme.wait_established()
    s.settle()
    s.expect_nothing_passed()


def test_a_neighbor_removed_and_typed_again_is_gated(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    first = len(s.capture.read().sessions(s.edge_address("ipv4")))
    s.edge.configure_bgp(f"no neighbor {s.acme_address('ipv4')}")
    s.edge.configure_bgp(*s.acme_neighbor("ipv4"), "address-family ipv4 unicast", *s.acme_family("ipv4"))
    until("a new session", lambda: len(s.capture.read().sessions(s.edge_address("ipv4"))), lambda count: count > first)
    expect_gated_from_the_first_moment(s)


def test_removing_the_declaration_opens_nothing(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.edge.configure_bgp(*(f"no peering {NAME} neighbor {s.acme_address(family)}" for family in FAMILIES))
    s.settle()
    s.expect_nothing_passed()


def test_what_acme_sends_is_counted_and_not_taken(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    for family in FAMILIES:
        s.acme.withdraw(family, s.acme_routes[family][:3])
        s.acme.announce(family, [DEFAULT[family]])

    def counts():
        return {session["afi"]: (session["receivedCount"], session["installedCount"], session["advertisedCount"])
                for session in s.edge.connection(NAME)["sessions"]}

    until("8 prefixes of each family, counted and not installed", counts,
          lambda seen: seen == {"ipv4": (8, 0, 0), "ipv6": (8, 0, 0)})
    s.settle()
    s.expect_nothing_passed()
