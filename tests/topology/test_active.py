# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections in service: checks go on, violations are reported or close the gate of their session, gates open again, and
sessions that are added are validated alone. Rows 23, 24, 24b, 27 and 27b.

The verdict is that of the far sides: their tables, and a capture on acme's link.
"""
import json
import re

import pytest

from lab.bgp import KEEPALIVE
from lab.bird import DEFAULT, Bird, prefixes, session_pair
from lab.controller import Controller
from lab.scenario import ACME_AS, FAMILIES, NAME, Scenario
from lab.wait import until
from scripted_controller import ScriptedController, declare, verb

pytestmark = pytest.mark.versions

DENY = [f"peering {NAME} on-violation deny"]
LIMIT = 13
# What acme does, by the cause that it shows as: it had 10 prefixes of the family.
OFFENCES = {"limit": prefixes("ipv4", 5, start=100), "default-route": [DEFAULT["ipv4"]]}


def sessions(s):
    said = s.capture.read()
    return {family: len(said.sessions(s.edge_address(family))) for family in FAMILIES}


def degraded(s):
    return {(one["cause"], one["session"], one["severity"], one["gateEffect"])
            for one in s.edge.connection(NAME)["degraded"]}


def wait_degraded(s, wanted):
    return until(f"degraded: {wanted}", lambda: degraded(s), lambda seen: seen == wanted)


def gates(s):
    return {session["afi"]: (session["gate"], session["gateCause"]) for session in s.edge.connection(NAME)["sessions"]}


def rows(s):
    return [entry["cause"] for entry in s.edge.connection(NAME)["history"]]


def wait_family(s, family, is_open):
    """Until both far sides hold everything of the family, or nothing."""
    s.acme.wait_received(f"edge_{family}", s.to_acme(family) if is_open else set())
    until(f"acme's {family} routes at the witness", lambda: s.witness_has_of_acme(family),
          lambda seen: seen == (set(s.acme.announced[family]) if is_open else set()))


def expect_untouched(s, family, since):
    """The session of the family has seen nothing of the edge's since then but KEEPALIVEs."""
    said = s.capture.read()
    assert not [session for session in said.sessions(s.edge_address(family)) if session.opened_at > since]
    assert not [message for message in said.messages(s.edge_address(family))
                if message.time > since and message.type != KEEPALIVE]


# Violations

def test_a_violation_is_reported_and_cuts_nothing(lab):
    s = Scenario(lab)
    s.start_active(s.config(bgp=s.declaration(limit=LIMIT)))
    address = s.acme_address("ipv4")
    before = sessions(s)
    assert degraded(s) == set()
    assert {session["receivedCount"] for session in s.edge.connection(NAME)["sessions"]} == {10}
    s.acme.announce("ipv4", OFFENCES["limit"][:2])
    wait_degraded(s, {("limit", address, "warning", "none")})
    s.acme.announce("ipv4", OFFENCES["limit"])
    wait_degraded(s, {("limit", address, "critical", "none")})
    s.acme.announce("ipv6", [DEFAULT["ipv6"]])
    wait_degraded(s, {("limit", address, "critical", "none"),
                      ("default-route", s.acme_address("ipv6"), "critical", "none")})
    found = next(one for one in s.edge.connection(NAME)["degraded"] if one["cause"] == "limit")
    assert found["figures"] == f"15 ipv4 of {LIMIT}" and found["next"] == f"show peering {NAME} checks" and found["since"]
    text = s.edge.vtysh(f"show peering {NAME}")
    assert f"Why      [critical] limit: {address}: the peer sends 15 ipv4 prefixes, limit {LIMIT}" in text, text
    assert "critical: " in s.edge.vtysh("show peering")
    assert "FAIL" in s.edge.vtysh(f"show peering {NAME} checks")
    for family in FAMILIES:
        wait_family(s, family, True)
    assert rows(s)[-1] == "9" and sessions(s) == before

    # It is over once it has been quiet for a while.
    s.acme.withdraw("ipv4", OFFENCES["limit"])
    s.acme.withdraw("ipv6", [DEFAULT["ipv6"]])
    wait_degraded(s, set())


@pytest.mark.parametrize("cause", OFFENCES)
def test_a_violation_closes_the_gate_of_its_session_until_somebody_reopens_it(lab, cause):
    s = Scenario(lab)
    s.start_active(s.config(bgp=[*s.declaration(limit=LIMIT), *DENY]))
    s.edge.vtysh("write memory")
    s.settle()
    before, begun = sessions(s), s.capture.read().end()
    s.acme.announce("ipv4", OFFENCES[cause])
    wait_family(s, "ipv4", False)
    assert gates(s) == {"ipv4": ("deny", "violation"), "ipv6": ("allow", None)}
    assert degraded(s) == {(cause, s.acme_address("ipv4"), "critical", "closed")}
    assert s.edge.connection_state(NAME) == "Active" and rows(s)[-1] == "24"
    expect_untouched(s, "ipv6", begun)
    assert sessions(s) == before
    text = s.edge.vtysh(f"show peering {NAME}")
    assert "DENY, violation" in text and f"Impact   no ipv4 routes exchanged with AS{ACME_AS}; no other connection" in text
    assert re.search(r"^Do 1 +what the peer sends:\n" f" +show peering {NAME} routes neighbor {s.acme_address('ipv4')}$", text, re.M)
    assert re.search(rf"^   \d     once every required check passes:\n +peering {NAME} reopen$", text, re.M), text
    row = next(line for line in s.edge.vtysh("show peering").splitlines() if line.startswith(NAME))
    assert " DENY " in row and f"critical: {cause} v4" in row
    until("a sample of what it sends", lambda: s.edge.vtysh(f"show peering {NAME}"),
          lambda seen: re.search(r"^ +sample: \S+/\d+ path 64510", seen, re.M))
    assert s.edge.log_lines(f"ALERT {NAME}: the gate of {s.acme_address('ipv4')} has closed, {cause}")
    assert f"peering_connection_degraded{{connection=\"{NAME}\",session=\"{s.acme_address('ipv4')}\",cause=\"{cause}\"}} 2" \
        in s.edge.vtysh("show peering prometheus")
    assert "peering_gates_closed_by_violation 1" in s.edge.vtysh("show peering prometheus")
    closed = s.capture.read().end()

    # Refused with what fails, as long as it does; closed also after a restart.
    name = "received-limit" if cause == "limit" else "no-default"
    assert f"has not passed its validation: {name} ({s.acme_address('ipv4')})" in s.edge.refused(f"peering {NAME} reopen")
    s.restart_bgpd(end="stop_bgpd")
    s.acme.wait_established()
    wait_family(s, "ipv6", True)
    s.settle()
    wait_family(s, "ipv4", False)
    assert gates(s) == {"ipv4": ("deny", "violation"), "ipv6": ("allow", None)}
    assert degraded(s) == {(cause, s.acme_address("ipv4"), "critical", "closed")}
    assert s.capture.read().announced(s.edge_address("ipv4"), after=closed) == set()
    assert "% " in s.edge.refused(f"peering {NAME} reopen")

    s.acme.withdraw("ipv4", OFFENCES[cause])
    until("what is to be typed", lambda: s.edge.connection(NAME)["waitsFor"], lambda text: "passed; `reopen`" in text)
    s.settle()
    wait_family(s, "ipv4", False)
    before, begun = sessions(s), s.capture.read().end()
    s.edge.verb(NAME, "reopen")
    wait_family(s, "ipv4", True)
    s.capture.wait_keepalives([s.acme_address(family) for family in FAMILIES], 2)
    assert sessions(s) == before and rows(s)[-1] == "24b"
    assert not s.capture.read().routes(s.edge_address("ipv6"), after=begun)
    assert degraded(s) == set() and gates(s) == {"ipv4": ("allow", None), "ipv6": ("allow", None)}
    # It carries on as what it was, and is open also after a restart.
    s.restart_bgpd(end="stop_bgpd")
    s.acme.wait_established()
    for family in FAMILIES:
        wait_family(s, family, True)


def test_a_gate_opens_by_itself_after_a_hold_down_that_doubles(lab):
    s = Scenario(lab)
    s.start_active(s.config(bgp=[*s.declaration(limit=LIMIT), *DENY, f"peering {NAME} reopen-mode auto",
                                 f"peering {NAME} reopen-hold-down 8"]))
    s.settle()
    before, longest = sessions(s), []
    for _ in range(2):
        s.acme.announce("ipv4", OFFENCES["limit"])
        wait_family(s, "ipv4", False)
        s.acme.withdraw("ipv4", OFFENCES["limit"])
        left = until("the hold-down", lambda: re.search(r"opens in (\d+) s", s.edge.connection(NAME)["waitsFor"]))
        longest.append(int(left.group(1)))
        wait_family(s, "ipv4", True)
        s.settle()
    assert longest[0] <= 8 < longest[1] <= 16, longest
    assert rows(s)[-4:] == ["24", "24b", "24", "24b"]
    assert sessions(s) == before


def test_a_session_that_was_adopted_is_watched_as_it_stands(lab):
    s = Scenario(lab)
    s.start(s.config())
    s.acme.wait_established()
    s.wait_open()
    s.settle()
    s.edge.vtysh(f"peering {NAME} adopt neighbor {' '.join(s.acme_address(family) for family in FAMILIES)}")
    s.edge.wait_state(NAME, "Active")
    s.settle()
    assert degraded(s) == set(), "what was never asked of an adopted session"
    s.edge.configure_bgp(f"peering {NAME} received-limit ipv4 {LIMIT}", *DENY)
    s.settle()
    wait_family(s, "ipv4", True)
    s.acme.announce("ipv4", OFFENCES["limit"])
    wait_family(s, "ipv4", False)
    wait_family(s, "ipv6", True)
    # It was not watched from the start: what the peer says again has to come first.
    assert "% " in s.edge.refused(f"peering {NAME} reopen")
    s.acme.withdraw("ipv4", OFFENCES["limit"])
    s.edge.configure_bgp(f"peering {NAME} validation-window 2", f"peering {NAME} received-limit ipv6 {LIMIT}")
    until("a pass", lambda: s.edge.connection(NAME)["waitsFor"], lambda text: "passed; `reopen`" in text)
    s.edge.verb(NAME, "reopen")
    wait_family(s, "ipv4", True)
    assert sessions(s) == {"ipv4": 1, "ipv6": 1}


def test_a_bypass_is_not_closed_by_a_violation(lab):
    s = Scenario(lab)
    s.start_active(s.config(bgp=[*s.declaration(limit=LIMIT), *DENY]))
    s.edge.vtysh(f"peering bypass {NAME} reason an emergency")
    s.acme.announce("ipv4", OFFENCES["limit"])
    wait_degraded(s, {("limit", s.acme_address("ipv4"), "critical", "none")})
    s.settle()
    wait_family(s, "ipv4", True)
    s.edge.vtysh(f"no peering bypass {NAME}")
    wait_family(s, "ipv4", False)
    # A person opens it, whatever it sends.
    s.edge.vtysh(f"peering bypass {NAME} reason an emergency")
    wait_family(s, "ipv4", True)


def test_few_gates_close_at_a_time(lab):
    s = Scenario(lab)
    others = [f"PNI-OTHER{number}" for number in range(2)]
    links = [lab.link(s.edge.namespace, lab.namespace(name.lower())) for name in others]
    birds = [Bird(lab, name.lower(), 64521 + number, session_pair(link),
                  {family: prefixes(family, 3, start=500 + 10 * number) for family in FAMILIES})
             for number, (name, link) in enumerate(zip(others, links))]
    bgp, families = [*s.declaration(), *DENY], {"ipv4": [], "ipv6": []}
    for name, link, bird in zip(others, links, birds):
        for family in FAMILIES:
            address = link.far_address(family)
            bgp += [*s.neighbor(address, bird.asn), f"peering {name} neighbor {address}",
                    f"peering {name} received-limit {family} 100"]
            families[family] += [f"neighbor {address} activate", f"neighbor {address} route-map ACME-IN in",
                                 f"neighbor {address} route-map ACME-OUT out"]
        bgp += [f"peering {name} validation-window 2", f"peering {name} activation auto", f"peering {name} on-violation deny"]
    s.start(s.config(bgp=bgp, **families))
    for bird in birds:
        bird.start()
    s.acme.wait_established()
    s.validate()
    s.activate()
    for name, bird in zip(others, birds):
        bird.wait_established()
        s.edge.verb(name, "approve")
        s.edge.verb(name, "ready")
        s.edge.wait_state(name, "Active")
        for family in FAMILIES:
            until(f"the edge's {family} routes at {name}", lambda: bird.received(f"edge_{family}"))
    s.settle()
    for bird in [s.acme, *birds]:
        bird.announced = {family: [*bird.announced[family], DEFAULT[family]] for family in FAMILIES}
        bird.reconfigure()

    def empty():
        """How many of the six sessions have nothing of the edge's any more."""
        return sum(not bird.received(f"edge_{family}") for bird in [s.acme, *birds] for family in FAMILIES)

    until("three gates to close", empty, lambda seen: seen == 3)
    until("the alert", lambda: s.edge.log_lines("ALERT 3 gates have closed by violations"))
    until("everything that is wrong", lambda: sum(len(entry["degraded"]) for entry in
                                                  s.edge.bgpd_json("show peering json")["connections"]),
          lambda seen: seen == 6)
    s.settle(keepalives=10)
    assert empty() == 3
    # Neither does a restart forget that.
    s.restart_bgpd(end="stop_bgpd")
    s.acme.wait_established()
    for bird in birds:
        bird.wait_established()
    until("three open sessions", empty, lambda seen: seen == 3)
    until("everything that is wrong", lambda: sum(len(entry["degraded"]) for entry in
                                                  s.edge.bgpd_json("show peering json")["connections"]),
          lambda seen: seen == 6)
    s.capture.wait_keepalives([s.acme_address(family) for family in FAMILIES], 10)
    assert empty() == 3


# What is no violation

def test_a_session_that_flaps_is_in_service_and_says_so(lab):
    s = Scenario(lab)
    s.start_active(s.config(bgp=[*s.declaration(), *DENY]))
    address = s.acme_address("ipv4")
    before = sessions(s)["ipv4"]
    for number in range(3):
        assert ("flapping", address, "warning", "none") not in degraded(s)
        s.acme.restart_session("edge_ipv4")
        until("a new session", lambda: sessions(s)["ipv4"], lambda seen: seen == before + number + 1)
        s.acme.wait_established()
    wait_degraded(s, {("flapping", address, "warning", "none")})
    for family in FAMILIES:
        wait_family(s, family, True)
    assert rows(s)[-1] == "9"


def test_a_limit_or_policy_that_is_edited_is_judged_anew_and_touches_no_gate(lab):
    s = Scenario(lab)
    s.start_active(s.config(bgp=s.declaration(limit=LIMIT)))
    s.settle()
    begun, generation = s.capture.read().end(), s.edge.connection(NAME)["generation"]
    s.edge.configure_bgp(f"peering {NAME} received-limit ipv4 5", f"peering {NAME} description judged anew")
    wait_degraded(s, {("limit", s.acme_address("ipv4"), "critical", "none")})
    assert s.edge.connection(NAME)["generation"] == generation + 2
    s.capture.wait_keepalives([s.acme_address(family) for family in FAMILIES], 3)
    for family in FAMILIES:
        expect_untouched(s, family, begun)
        wait_family(s, family, True)


def test_policy_that_is_edited_in_service_is_judged_anew_and_touches_no_gate(lab):
    """A line of FRR's own for the neighbor, and the objects that it names."""
    s = Scenario(lab)
    address = s.acme_address("ipv4")
    s.start_active(s.config(
        top=["ip prefix-list ANY permit any", "ip prefix-list SOME permit 203.0.113.0/24", "route-map ELSE permit 10", "exit",
             "route-map ACME-OUT permit 5", "match ip address prefix-list SOME", "exit"],
        bgp=s.declaration()))
    s.settle()
    before, begun = sessions(s), s.capture.read().end()
    in_family = ("router bgp 64500", "address-family ipv4 unicast")
    generation = s.edge.connection(NAME)["generation"]
    for lines, concerns in (
            (("router bgp 64500", f"neighbor {address} description edited"), True),
            ((*in_family, f"neighbor {address} maximum-prefix 900"), True),
            ((*in_family, f"neighbor {address} prefix-list ANY in"), True),
            (("ip prefix-list ANY seq 50 permit 10.0.0.0/8",), True),
            (("ip prefix-list SOME seq 50 permit 10.0.0.0/8",), True),
            (("route-map ACME-OUT permit 5", "description its body"), True),
            (("route-map ELSE permit 10", "description of nobody",), False),
            (("ip prefix-list NOBODYS permit any",), False),
            (("router bgp 64500", f"neighbor {s.witness_link.far_address('ipv4')} description of another"), False)):
        s.edge.vtysh("configure terminal", *lines)
        if concerns:
            generation += 1
        else:
            # A line that does concern it comes behind: what the one before it led to has been settled with it.
            s.settle()
        until(f"the generation behind {lines}", lambda: s.edge.connection(NAME)["generation"],
              lambda seen: seen == generation)
    s.settle()
    said = s.capture.read()
    assert sessions(s) == before and rows(s)[-1] == "9"
    for family in FAMILIES:
        assert not said.routes(s.edge_address(family), kind="withdraw", after=begun)
        wait_family(s, family, True)
    assert gates(s) == {family: ("allow", None) for family in FAMILIES}
    # It is judged by what stands now.
    s.edge.vtysh("configure terminal", "no route-map ACME-OUT")
    until("the policy that is gone", lambda: "local-policy" in s.edge.vtysh(f"show peering {NAME}"))


# Causes of sessions that are up

def test_bfd_that_is_down_is_told_until_it_is_up_and_ends_a_session_that_had_it(lab):
    s = Scenario(lab)
    s.edge.other_daemons.append("bfdd")
    address = s.acme_address("ipv4")
    s.start_active(s.config(bgp=[*s.declaration(), *DENY]))
    # As long as nobody asks for BFD nothing is missed.
    assert degraded(s) == set()
    s.edge.configure_bgp(f"neighbor {address} bfd")
    wait_degraded(s, {("bfd-down", address, "warning", "none")})
    found = next(one for one in s.edge.connection(NAME)["degraded"] if one["cause"] == "bfd-down")
    assert "BFD is not up" in found["reason"] and found["since"]
    before = sessions(s)
    for family in FAMILIES:
        wait_family(s, family, True)
    s.acme.top = 'protocol bfd { interface "*" { interval 300 ms; multiplier 3; }; }'
    s.acme.session("edge_ipv4").extra = "bfd on;"
    s.acme.reconfigure()
    s.acme.wait_established()
    wait_degraded(s, set())
    said = s.edge.vtysh(f"show peering {NAME} checks json")
    assert ("bfd", address, "pass") in {(one["name"], one["session"], one["verdict"]) for one in json.loads(said)["checks"]}
    assert s.edge.connection_state(NAME) == "Active" and rows(s)[-1] == "9"

    # BFD alone is lost: bgpd ends the session, the connection stays in service, and is whole again with BFD.
    opened = sessions(s)["ipv4"]
    with s.edge.namespace.without("ipproto", "udp", "dport", "3784"):
        wait_degraded(s, {("session-down", address, "warning", "none")})
        assert s.edge.connection_state(NAME) == "Active" and rows(s)[-1] == "9"
    s.acme.wait_established()
    wait_degraded(s, set())
    wait_family(s, "ipv4", True)
    assert sessions(s)["ipv4"] > opened and sessions(s)["ipv6"] == before["ipv6"]


def test_a_role_that_the_peer_does_not_say_or_says_otherwise(lab):
    s = Scenario(lab)
    address = s.acme_address("ipv4")
    s.start_active(s.config(bgp=[*s.declaration(), *DENY, f"neighbor {address} local-role peer"]))
    wait_degraded(s, {("role", address, "warning", "none")})
    found = next(one for one in s.edge.connection(NAME)["degraded"] if one["cause"] == "role")
    assert found["figures"] == "we peer, the peer undefined" and "says no role" in found["reason"]
    for family in FAMILIES:
        wait_family(s, family, True)
    s.acme.session("edge_ipv4").extra = "local role peer;"
    s.acme.reconfigure()
    s.acme.wait_established()
    wait_degraded(s, set())
    wait_family(s, "ipv4", True)
    # A role that does not fit: bgpd takes no such session.
    s.acme.session("edge_ipv4").extra = "local role customer;"
    s.acme.reconfigure()
    wait_degraded(s, {("session-down", address, "warning", "none")})
    assert s.edge.connection_state(NAME) == "Active" and rows(s)[-1] == "9"
    wait_family(s, "ipv6", True)


# Sessions of their own

def only_ipv4(lines):
    return lambda family: lines(family) if family == "ipv4" else []


@pytest.mark.parametrize("activation", ["manual", "auto"])
def test_a_session_that_is_added_is_validated_alone(lab, activation):
    s = Scenario(lab)
    s.start(s.config(bgp=[*(line for line in s.declaration() if f"neighbor {s.acme_address('ipv6')}" not in line),
                          f"peering {NAME} activation {activation}"],
                     acme_neighbor=only_ipv4(s.acme_neighbor), acme_family=only_ipv4(s.acme_family)))
    until("the IPv4 session", lambda: s.acme.bgp_state("edge_ipv4"), lambda state: state == "Established")
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")
    if activation == "manual":
        s.wait_passed()
        s.edge.verb(NAME, "activate")
    s.edge.wait_state(NAME, "Active")
    wait_family(s, "ipv4", True)
    since = s.edge.connection(NAME)["stateSince"]

    # With something that keeps it from passing.
    s.acme.announce("ipv6", [DEFAULT["ipv6"]])
    said = s.edge.configure_bgp(f"peering {NAME} neighbor {s.acme_address('ipv6')}", *s.acme_neighbor("ipv6"),
                                "address-family ipv6 unicast", *s.acme_family("ipv6"))
    assert "is gated and validated by itself" in said
    s.acme.wait_established()
    until("what blocks", lambda: {entry["check"] for entry in s.edge.connection(NAME)["blocking"]},
          lambda seen: seen == {"no-default"})
    assert rows(s)[-1] == "27" and gates(s) == {"ipv4": ("allow", None), "ipv6": ("deny", "not-validated")}
    assert f"no-default ({s.acme_address('ipv6')})" in s.edge.refused(f"peering {NAME} activate")
    s.capture.wait_keepalives([s.acme_address(family) for family in FAMILIES], 4)
    assert s.capture.read().announced(s.edge_address("ipv6")) == set() and s.witness_has_of_acme("ipv6") == set()
    # A restart opens nothing of it.
    s.edge.vtysh("write memory")
    s.restart_bgpd(end="stop_bgpd")
    s.acme.wait_established()
    wait_family(s, "ipv4", True)
    s.settle()
    assert s.capture.read().announced(s.edge_address("ipv6")) == set() and s.witness_has_of_acme("ipv6") == set()

    before, begun = sessions(s), s.capture.read().end()
    s.acme.withdraw("ipv6", [DEFAULT["ipv6"]])
    if activation == "manual":
        until("a pass", lambda: s.edge.connection(NAME)["waitsFor"], lambda text: "passed; `activate`" in text)
        s.edge.verb(NAME, "activate")
    wait_family(s, "ipv6", True)
    assert rows(s)[-1] == "27" and s.edge.connection(NAME)["stateSince"] == since
    # The session that was in service has seen nothing of it.
    s.capture.wait_keepalives([s.acme_address(family) for family in FAMILIES], 3)
    expect_untouched(s, "ipv4", begun)
    assert sessions(s) == before


def test_a_neighbor_that_gets_another_as_is_validated_anew(lab):
    s = Scenario(lab)
    s.start_active(s.config(bgp=s.declaration()))
    s.settle()
    begun = s.capture.read().end()
    s.acme.session("edge_ipv4").local_as = ACME_AS + 1
    s.acme.reconfigure()
    s.edge.configure_bgp(f"neighbor {s.acme_address('ipv4')} remote-as {ACME_AS + 1}")
    s.acme.wait_established()
    until("the gate of the other AS", lambda: gates(s)["ipv4"], lambda seen: seen == ("deny", "not-validated"))
    wait_family(s, "ipv4", False)
    s.capture.wait_keepalives([s.acme_address(family) for family in FAMILIES], 3)
    expect_untouched(s, "ipv6", begun)
    opened = s.capture.read().sessions(s.edge_address("ipv4"))[-1].opened_at
    assert s.capture.read().announced(s.edge_address("ipv4"), after=opened) == set()
    until("a pass", lambda: s.edge.connection(NAME)["waitsFor"], lambda text: "passed; `activate`" in text)
    s.edge.verb(NAME, "activate")
    wait_family(s, "ipv4", True)
    assert rows(s)[-2:] == ["27", "27"]


def test_a_session_that_is_pushed_to_a_connection_in_service_is_validated_alone(lab):
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    script = ScriptedController(s.controller)
    s.start(s.config(bgp=[*s.controller.router_lines(), "peering default-deny",
                          *(f"peering WITNESS neighbor {s.witness_link.far_address(family)}" for family in FAMILIES),
                          "peering WITNESS adopted"],
                     acme_neighbor=lambda family: [], acme_family=lambda family: []))
    script.accept()
    v4, v6 = (s.acme_address(family) for family in FAMILIES)
    assert script.push("1", declare(NAME, ACME_AS, [v4]), verb(NAME, "approve"), verb(NAME, "ready")).applied
    until("the IPv4 session", lambda: s.acme.bgp_state("edge_ipv4"), lambda state: state == "Established")
    s.wait_passed()
    assert script.push("2", verb(NAME, "activate")).applied
    wait_family(s, "ipv4", True)
    s.capture.wait_keepalives([v4], 5)
    begun = s.capture.read().end()

    # What it has is to stay as it was.
    for identity, changed in {"3": declare(NAME, ACME_AS, [v6]), "4": declare(NAME, ACME_AS, [v4, v6], limit=50),
                              "5": declare(NAME, ACME_AS + 1, [v4, v6])}.items():
        refused = script.push(identity, changed)
        assert not refused.applied and refused.results[0].code == "active", refused
    assert s.edge.bgp_state(v6) == "absent"
    assert script.push("6", declare(NAME, ACME_AS, [v4, v6])).applied
    s.acme.wait_established()
    until("a pass", lambda: s.edge.connection(NAME)["waitsFor"], lambda text: "passed; `activate`" in text)
    assert gates(s) == {"ipv4": ("allow", None), "ipv6": ("deny", "not-validated")} and rows(s)[-1] == "27"
    s.capture.wait_keepalives([v4, v6], 3)
    assert s.capture.read().announced(s.edge_address("ipv6")) == set() and s.witness_has_of_acme("ipv6") == set()
    expect_untouched(s, "ipv4", begun)
    assert script.push("7", verb(NAME, "activate")).applied
    wait_family(s, "ipv6", True)
    expect_untouched(s, "ipv4", begun)
    # The reports carry what is wrong.
    s.acme.announce("ipv6", [DEFAULT["ipv6"]])
    report = script.expect("snapshot", holds=lambda snapshot: any(
        one.cause == "default-route" for connection in snapshot.connections for one in connection.degraded))
    assert {(one.cause, one.session, one.severity, one.gate_closed) for connection in report.connections
            for one in connection.degraded} == {("default-route", v6, "critical", False)}
    script.close()
