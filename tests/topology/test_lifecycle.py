# SPDX-License-Identifier: GPL-2.0-or-later
"""From a request to Active and back to None, as an operator types it, judged by what the peers hold."""
import pytest

from lab.bird import DEFAULT, prefixes
from lab.scenario import ACME_AS, FAMILIES, NAME, OWN, Scenario
from lab.wait import until


@pytest.fixture
def scenario(lab):
    return Scenario(lab)


def blocking(s):
    return {(entry["check"], entry["session"]) for entry in s.edge.connection(NAME)["blocking"]}


def wait_blocked(s, check, *families):
    """Waits until exactly this check blocks, in these families."""
    wanted = {(check, s.acme_address(family)) for family in families or FAMILIES}
    until(f"{check} blocks {families or FAMILIES}", lambda: blocking(s), lambda seen: seen == wanted)
    assert s.edge.connection_state(NAME) == "Validating"


def refused_activation(s, words):
    answer = s.edge.refused(f"peering {NAME} activate")
    assert words in answer, answer
    assert s.edge.connection_state(NAME) == "Validating"


# Up

def test_from_declaration_to_active(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.edge.wait_state(NAME, "PendingApproval")
    s.edge.verb(NAME, "approve")
    s.edge.wait_state(NAME, "ProvisioningStarted")
    # Another one, with a neighbor that bgpd does not dial.
    s.edge.configure_bgp("neighbor 192.0.2.99 remote-as 64512", "peering K neighbor 192.0.2.99")
    s.edge.verb("K", "approve")
    assert "192.0.2.99 has no address family; `activate` it in one" in s.edge.verb("K", "ready")
    for family in FAMILIES:
        until(f"{family} closed at acme", lambda: s.acme.bgp_state(f"edge_{family}"),
              lambda state: state != "Established")
    s.edge.verb(NAME, "ready")
    s.acme.wait_established()
    s.edge.wait_state(NAME, "Validating")
    s.wait_passed()
    s.settle()
    s.expect_nothing_passed()
    before = s.capture.read()

    s.activate()
    said = s.capture.read()
    for family in FAMILIES:
        edge, acme = s.edge_address(family), s.acme_address(family)
        assert s.acme.received(f"edge_{family}") == s.to_acme(family)
        assert s.witness_has_of_acme(family) == set(s.acme_routes[family])
        # The session that was validated is the one that carries the routes.
        assert len(said.sessions(edge)) == len(before.sessions(edge)) and not said.sessions(edge)[-1].closed
        assert said.notifications(acme) == before.notifications(acme)
    assert s.edge.history(NAME) == [
        ("None", "PendingApproval"), ("PendingApproval", "ProvisioningStarted"),
        ("ProvisioningStarted", "ProvisioningCompleted"), ("ProvisioningCompleted", "Validating"),
        ("Validating", "Active")]


def with_policy(s, family):
    """acme's first prefix is not wanted, and acme is not to have the edge's own."""
    number = 4 if family == "ipv4" else 6
    ip = "ip" if family == "ipv4" else "ipv6"
    return [f"{ip} prefix-list UNWANTED{number} permit {s.acme_routes[family][0]}",
            f"{ip} prefix-list OURS{number} permit {OWN[family]}",
            f"route-map ACME-IN deny {number}", f"match {ip} address prefix-list UNWANTED{number}", "exit",
            f"route-map ACME-OUT deny {number}", f"match {ip} address prefix-list OURS{number}", "exit"]


def expect_policy(s):
    for family in FAMILIES:
        wanted = s.to_acme(family) - {OWN[family]}
        s.acme.wait_received(f"edge_{family}", wanted)
        until(f"acme's {family} routes but the unwanted one at the witness",
              lambda: s.witness_has_of_acme(family), lambda seen: seen == set(s.acme_routes[family][1:]))
    assert s.capture.read().announced(s.edge_address("ipv4")).isdisjoint(OWN.values())


@pytest.mark.parametrize("soft", [False, True], ids=["route-refresh", "soft-reconfiguration"])
def test_active_gives_the_operators_policy_back(scenario, soft):
    s = scenario
    extra = {family: [f"neighbor {s.acme_address(family)} soft-reconfiguration inbound"] if soft else []
             for family in FAMILIES}
    s.start(s.config(bgp=s.declaration(), top=with_policy(s, "ipv4") + with_policy(s, "ipv6"), **extra))
    s.acme.wait_established()
    s.validate()
    s.edge.verb(NAME, "activate")
    expect_policy(s)
    s.settle()
    expect_policy(s)


def test_policy_of_a_peer_group_comes_back(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration(), **s.in_a_group(),
                     top=with_policy(s, "ipv4") + with_policy(s, "ipv6")))
    s.acme.wait_established()
    s.validate()
    s.edge.verb(NAME, "activate")
    expect_policy(s)


def test_policy_that_is_typed_while_gated_is_what_applies(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration(), top=with_policy(s, "ipv4") + with_policy(s, "ipv6"),
                     acme_family=lambda family: [f"neighbor {s.acme_address(family)} activate"]))
    s.acme.wait_established()
    for family in FAMILIES:
        s.edge.configure_bgp(f"address-family {family} unicast",
                             f"neighbor {s.acme_address(family)} route-map ACME-IN in",
                             f"neighbor {s.acme_address(family)} route-map ACME-OUT out")
    s.validate()
    s.expect_nothing_passed()
    s.edge.verb(NAME, "activate")
    expect_policy(s)


def test_a_peer_without_route_refresh_gets_its_routes_taken_all_the_same(lab):
    s = Scenario(lab, acme={"extra": "enable route refresh off;"})
    s.start_active(s.config(bgp=s.declaration()))
    for family in FAMILIES:
        assert s.witness_has_of_acme(family) == set(s.acme_routes[family])


def test_activation_auto_opens_by_itself(scenario):
    s = scenario
    s.start(s.config(bgp=[*s.declaration(), f"peering {NAME} activation auto"]))
    s.acme.wait_established()
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")
    s.wait_open()
    s.edge.wait_state(NAME, "Active")


def test_a_peer_at_an_exchange_waits_in_approved(scenario):
    s = scenario
    s.start(s.config(bgp=[*s.declaration(), f"peering {NAME} kind exchange"]))
    s.edge.wait_state(NAME, "PendingApproval")
    s.edge.verb(NAME, "approve")
    s.edge.wait_state(NAME, "Approved")
    s.edge.verb(NAME, "ready")
    s.wait_passed()
    s.expect_nothing_passed()
    s.activate()


def test_an_optional_session_that_is_down_stays_gated_when_the_rest_opens(lab):
    s = Scenario(lab)
    s.acme.session("edge_ipv6").enabled = False
    s.start(s.config(bgp=s.declaration(optional=["ipv6"])))
    s.validate()
    s.edge.verb(NAME, "activate")
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    s.acme.enable_session("edge_ipv6")
    s.acme.wait_established()
    s.settle()
    assert s.acme.received("edge_ipv6") == set()
    assert s.capture.read().announced(s.edge_address("ipv6")) == set()
    assert s.witness_has_of_acme("ipv6") == set()
    assert s.witness_has_of_acme("ipv4") == set(s.acme_routes["ipv4"])


# What keeps a connection Validating

def test_activation_waits_for_the_window(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration(window=3600)))
    s.acme.wait_established()
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")
    s.edge.wait_state(NAME, "Validating")
    wait_blocked(s, "session-stable")
    refused_activation(s, "session-stable")
    s.settle()
    s.expect_nothing_passed()
    s.edge.configure_bgp(f"peering {NAME} validation-window 1")
    s.wait_passed()
    s.activate()


def test_over_the_limit_is_judged_again_when_the_peer_sends_fewer(scenario):
    s = scenario
    s.acme.announced["ipv4"] = prefixes("ipv4", 51)
    s.start(s.config(bgp=s.declaration(limit=50)))
    s.acme.wait_established()
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")
    wait_blocked(s, "received-limit", "ipv4")
    text = s.edge.vtysh(f"show peering {NAME}")
    assert "51" in text and "limit 50" in text, text
    refused_activation(s, "received-limit")
    s.settle()
    s.expect_nothing_passed()
    s.acme.withdraw("ipv4", prefixes("ipv4", 1, start=50))
    s.wait_passed()
    s.activate()


def test_without_a_limit_there_is_no_pass(scenario):
    s = scenario
    s.start(s.config(bgp=[line for line in s.declaration() if "received-limit ipv6" not in line]))
    s.acme.wait_established()
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")
    wait_blocked(s, "received-limit", "ipv6")
    refused_activation(s, f"peering {NAME} received-limit ipv6")
    s.edge.configure_bgp(f"peering {NAME} received-limit ipv6 10")
    s.wait_passed()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_default_route_is_judged_again_when_it_is_withdrawn(scenario, family):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.validate()
    s.acme.announce(family, [DEFAULT[family]])
    wait_blocked(s, "no-default", family)
    assert "default route" in s.edge.vtysh(f"show peering {NAME}")
    refused_activation(s, "no-default")
    s.settle()
    s.expect_nothing_passed()
    s.acme.withdraw(family, [DEFAULT[family]])
    s.wait_passed()
    s.activate()


def test_a_session_that_flaps_starts_the_window_again(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration(window=4)))
    s.acme.wait_established()
    s.validate()
    s.acme.disable_session("edge_ipv6")
    s.edge.wait_state(NAME, "ProvisioningCompleted")
    answer = s.edge.refused(f"peering {NAME} activate")
    assert "ProvisioningCompleted" in answer, answer
    s.acme.enable_session("edge_ipv6")
    wait_blocked(s, "session-stable", "ipv6")
    refused_activation(s, "session-stable")
    s.wait_passed()
    s.expect_nothing_passed()
    assert s.edge.history(NAME)[-3:] == [
        ("ProvisioningCompleted", "Validating"), ("Validating", "ProvisioningCompleted"),
        ("ProvisioningCompleted", "Validating")]
    s.activate()


def test_a_required_session_that_never_comes_up_keeps_the_other_gated(lab):
    s = Scenario(lab)
    s.acme.session("edge_ipv6").enabled = False
    s.start(s.config(bgp=s.declaration()))
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")
    s.acme.wait_established("edge_ipv4")
    s.settle()
    assert s.edge.connection_state(NAME) == "ProvisioningCompleted"
    assert s.acme_address("ipv6") in s.edge.vtysh(f"show peering {NAME}")
    s.expect_nothing_passed()


def test_a_peer_with_another_as_number_does_not_come_up(lab):
    s = Scenario(lab, acme={"local_as": 64511})
    s.start(s.config(bgp=s.declaration()))
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")
    # OPEN Message Error, Bad Peer AS.
    until("bgpd's refusal at acme", lambda: s.capture.read().notifications(s.edge_address("ipv4")),
          lambda seen: (2, 2) in seen)
    assert s.edge.connection_state(NAME) == "ProvisioningCompleted"
    s.expect_nothing_passed()


def test_an_as_number_other_than_the_declared_one_does_not_pass(lab):
    s = Scenario(lab)

    def acme_neighbor(family):
        return [line.replace(f"remote-as {ACME_AS}", "remote-as external") for line in s.acme_neighbor(family)]

    s.start(s.config(bgp=[*s.declaration(), f"peering {NAME} remote-as 64511"], acme_neighbor=acme_neighbor))
    s.acme.wait_established()
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")
    wait_blocked(s, "remote-asn")
    refused_activation(s, "AS64511")
    s.settle()
    s.expect_nothing_passed()
    s.edge.configure_bgp(f"peering {NAME} remote-as {ACME_AS}")
    s.wait_passed()


@pytest.mark.parametrize("policy", ["none", "undefined"])
def test_without_a_policy_of_the_operator_there_is_no_pass(scenario, policy):
    s = scenario

    def acme_family(family):
        neighbor = f"neighbor {s.acme_address(family)}"
        names = [] if policy == "none" else [f"{neighbor} route-map NOT-THERE in", f"{neighbor} route-map ACME-OUT out"]
        return [f"{neighbor} activate", *names]

    s.start(s.config(bgp=s.declaration(), acme_family=acme_family))
    s.acme.wait_established()
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")
    wait_blocked(s, "local-policy")
    refused_activation(s, "local-policy")
    for family in FAMILIES:
        neighbor = f"neighbor {s.acme_address(family)}"
        s.edge.configure_bgp(f"address-family {family} unicast", f"{neighbor} route-map ACME-IN in",
                             f"{neighbor} route-map ACME-OUT out")
    s.wait_passed()
    s.expect_nothing_passed()
    s.activate()


# Down

def test_deprovision_withdraws_and_closes(scenario):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    s.edge.verb(NAME, "deprovision now")
    for family in FAMILIES:
        until(f"{family} closed at acme", lambda: s.acme.bgp_state(f"edge_{family}"),
              lambda state: state != "Established")
        s.acme.wait_received(f"edge_{family}", set())
        until(f"acme's {family} routes gone at the witness", lambda: s.witness_has_of_acme(family),
              lambda seen: seen == set())
        # Cease, Administrative Shutdown.
        assert (6, 2) in s.capture.read().notifications(s.edge_address(family))
    s.edge.wait_state(NAME, "None")
    assert s.edge.history(NAME)[-2:] == [("Active", "PendingRemove"), ("PendingRemove", "None")]


def test_a_connection_that_ended_stays_shut_and_is_gated_when_it_is_asked_for_again(scenario):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    s.edge.verb(NAME, "deprovision now")
    s.edge.wait_state(NAME, "None")
    ended = s.capture.read().end()
    s.settle()
    assert not s.acme.established()
    assert s.edge.connection(NAME)["allowedVerbs"] == ["request"]
    assert "has ended" in s.edge.refused(f"peering {NAME} adopt")
    s.edge.verb(NAME, "request")
    s.acme.wait_established()
    s.settle()
    s.expect_nothing_sent(after=ended)
    for family in FAMILIES:
        assert s.witness_has_of_acme(family) == set()
    s.validate()
    s.activate()


# Sessions that nobody declared

def test_default_deny_gates_an_undeclared_session_as_discovered(lab):
    s = Scenario(lab, witness_as=64500)
    s.start(s.config(bgp=["peering default-deny"]))
    s.acme.wait_established()
    s.settle()
    s.expect_nothing_passed()
    for family in FAMILIES:
        # iBGP is left alone.
        assert s.witness.received(f"edge_{family}") >= {OWN[family]}
    found = s.edge.bgpd_json("show peering json")["connections"]
    assert {(entry["sessions"][0]["address"], entry["connectionState"]) for entry in found} == {
        (s.acme_address(family), "PendingApproval") for family in FAMILIES}
    assert all("discovered" in entry["flags"] and entry["peerAsn"] == ACME_AS for entry in found)


def discovered(s):
    found = s.edge.bgpd_json("show peering json")["connections"]
    return {entry["sessions"][0]["address"]: entry["name"] for entry in found}


def test_adopting_a_discovered_session_gives_it_its_policy(lab):
    s = Scenario(lab, witness_as=64500)
    s.start(s.config(bgp=["peering default-deny"]))
    s.acme.wait_established()
    s.settle()
    s.expect_nothing_passed()
    for family in FAMILIES:
        s.edge.verb(discovered(s)[s.acme_address(family)], "adopt")
    s.wait_open()


def test_approving_a_discovered_session_validates_it_while_it_stays_up(lab):
    s = Scenario(lab, witness_as=64500)
    s.start(s.config(bgp=["peering default-deny"]))
    s.acme.wait_established()
    before = s.capture.read()
    name = discovered(s)[s.acme_address("ipv4")]
    s.edge.configure_bgp(f"peering {name} received-limit ipv4 100", f"peering {name} validation-window 1")
    s.edge.verb(name, "approve")
    until("a pass", lambda: s.edge.connection(name),
          lambda seen: seen["connectionState"] == "Validating" and not seen["blocking"])
    s.settle()
    s.expect_nothing_passed()
    s.edge.verb(name, "activate")
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    edge = s.edge_address("ipv4")
    assert len(s.capture.read().sessions(edge)) == len(before.sessions(edge))
    assert s.acme.received("edge_ipv6") == set()


def test_default_deny_on_a_running_router_adopts_what_is_there(scenario):
    s = scenario
    s.start(s.config())
    s.acme.wait_established()
    s.wait_open()
    s.settle()
    before = s.capture.read()
    answer = s.edge.configure_bgp("peering default-deny")
    for family in FAMILIES:
        assert s.acme_address(family) in answer and s.witness_link.far_address(family) in answer, answer
    expect_untouched(s, before)
    states = {entry["connectionState"] for entry in s.edge.bgpd_json("show peering json")["connections"]}
    assert states == {"Active"}


def expect_untouched(s, before):
    """Since then no session went down, and nothing of what stood at acme was said again or taken back."""
    s.settle()
    s.wait_open()
    said = s.capture.read()
    for family in FAMILIES:
        edge = s.edge_address(family)
        assert len(said.sessions(edge)) == len(before.sessions(edge)) and not said.sessions(edge)[-1].closed
        new = said.routes(edge, after=before.end())
        assert {event.prefix for event in new} <= s.to_acme(family) - before.held(edge), [str(event) for event in new]
        assert said.routes(edge, kind="withdraw", after=before.end()) == []
        assert said.held(edge) >= s.to_acme(family)


def test_adopting_touches_nothing(scenario):
    s = scenario
    s.start(s.config())
    s.acme.wait_established()
    s.wait_open()
    s.settle()
    before = s.capture.read()
    s.edge.vtysh(f"peering {NAME} adopt neighbor {s.acme_address('ipv4')} {s.acme_address('ipv6')}")
    s.edge.wait_state(NAME, "Active")
    expect_untouched(s, before)
    assert "adopted" in s.edge.connection(NAME)["flags"]
    config = s.edge.running_config()
    for family in FAMILIES:
        assert f"neighbor {s.acme_address(family)} route-map ACME-IN in" in config
    # From here on it is under the same rules as any other.
    s.edge.verb(NAME, "deprovision now")
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", set())


def test_declaring_a_session_that_is_up_is_refused_and_touches_nothing(scenario):
    s = scenario
    s.start(s.config())
    s.acme.wait_established()
    s.wait_open()
    s.settle()
    before = s.capture.read()
    answer = s.edge.refused("configure terminal", "router bgp",
                            f"peering {NAME} neighbor {s.acme_address('ipv4')}")
    assert "adopt" in answer, answer
    assert s.edge.bgpd_json("show peering json")["connections"] == []
    expect_untouched(s, before)
