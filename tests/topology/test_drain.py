# SPDX-License-Identifier: GPL-2.0-or-later
"""Graceful shutdown of one connection alone: before it goes, and in maintenance. Judged by what its peer is told, by the
edge's choice between two paths, and by what the other peer is not told."""
import contextlib
import re
import socket
import subprocess
import sys
import time
from ipaddress import ip_interface

import pytest

from lab import bgp
from lab.bird import DEFAULT, prefixes, session_pair
from lab.clock import Clock
from lab.namespaces import Link
from lab.process import Process
from lab.scenario import ACME_AS, EDGE_AS, FAMILIES, NAME, OWN, Scenario
from lab.wait import until

GRACEFUL_SHUTDOWN = "(65535,0)"
# Nobody waits for it here: long enough for whatever a test does meanwhile.
LONG = 3600
DAY = 24 * 3600
# Prefixes that acme and the witness both announce.
SHARED = {family: prefixes(family, 2, start=6000) for family in FAMILIES}


# 1000 bytes each hundredth of a second, for ever.
SEND = """
import socket, sys, time
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    try:
        sender.sendto(bytes(1000), (sys.argv[1], 9))
    except ConnectionRefusedError:
        pass
    time.sleep(0.01)
"""


@pytest.fixture
def scenario(lab):
    return Scenario(lab)


def policy(s):
    """Neither side is to have the other's first prefix, nor acme one of the edge's marks; acme's local preference is high,
    so that the edge prefers it. Communities are replaced, both ways: whatever is added has to be added behind."""
    lines = []
    for family in FAMILIES:
        ip, end = ("ip", "4") if family == "ipv4" else ("ipv6", "6")
        lines += [f"{ip} prefix-list UNWANTED{end} permit {s.acme_routes[family][0]}",
                  f"{ip} prefix-list SECRET{end} permit {s.witness_routes[family][0]}",
                  f"route-map ACME-IN deny {end}", f"match {ip} address prefix-list UNWANTED{end}", "exit",
                  f"route-map ACME-OUT deny {end}", f"match {ip} address prefix-list SECRET{end}", "exit"]
    return lines + ["route-map ACME-IN permit 10", "set local-preference 300", "set weight 7",
                    "set community 64500:1", "exit",
                    "route-map ACME-OUT permit 10", "set community 64500:2", "exit"]


def carry_traffic(s):
    """A drain ends when nothing passes any more."""
    return Process(s.acme.namespace, [sys.executable, "-c", SEND, s.acme_link.near_ipv4], s.acme.directory / "send.log")


def start_active(s, drain=LONG, **options):
    for family in FAMILIES:
        s.acme.announced[family] += SHARED[family]
        s.witness.announced[family] += SHARED[family]
    lines = [*s.declaration(), f"peering {NAME} timers drain {drain}"]
    s.start(s.config(bgp=[*lines, *options.pop("bgp", [])], top=policy(s) + options.pop("top", []), **options))
    s.acme.wait_established()
    s.traffic = carry_traffic(s)
    s.validate()
    s.edge.verb(NAME, "activate")
    s.edge.wait_state(NAME, "Active")
    for family in FAMILIES:
        wait_acme_has(s, family)
        wait_best(s, family, s.acme_address(family))
    s.settle()


def to_acme(s, family, drained=False):
    """What the operator's policy lets acme have; of the shared ones the edge has a path to give when it prefers the other."""
    return s.to_acme(family) - {s.witness_routes[family][0]} | (set(SHARED[family]) if drained else set())


def wait_acme_has(s, family):
    s.acme.wait_received(f"edge_{family}", to_acme(s, family))


def best(s, family, prefix):
    """From whom the edge has the path that it uses, and the path's local preference."""
    path = next((path for path in s.edge.bgpd_json(f"show bgp {family} unicast {prefix} json").get("paths", [])
                 if path.get("bestpath", {}).get("overall")), {})
    return path.get("peer", {}).get("peerId"), path.get("locPrf")


def wait_best(s, family, peer):
    for prefix in SHARED[family]:
        until(f"{prefix} through {peer}", lambda: best(s, family, prefix), lambda seen: seen[0] == peer)


def marked(s, family):
    """The prefixes that acme has with the community, and those it has without."""
    text = s.acme.birdc(f"show route protocol edge_{family} all")
    with_it, without = set(), set()
    for part in re.split(r"^(?=[0-9a-f.:]+/\d+\s)", text, flags=re.M)[1:]:
        (with_it if GRACEFUL_SHUTDOWN in part else without).add(part.split()[0])
    return with_it, without


def wait_drained(s, families=FAMILIES):
    """Every route of the edge's at acme carries the community, and the edge prefers the other path."""
    for family in families:
        until(f"every {family} route at acme with {GRACEFUL_SHUTDOWN}", lambda: marked(s, family),
              lambda seen: seen == (to_acme(s, family, True), set()))
        wait_best(s, family, s.witness_link.far_address(family))
        until(f"local preference 0 of acme's {family}", lambda: best_of_acme(s, family, SHARED[family][0]),
              lambda seen: seen == 0)


def wait_in_service(s):
    for family in FAMILIES:
        until(f"no {family} route at acme with {GRACEFUL_SHUTDOWN}", lambda: marked(s, family),
              lambda seen: seen == (set(), to_acme(s, family)))
        wait_best(s, family, s.acme_address(family))
        until(f"acme's own {family} local preference", lambda: best_of_acme(s, family, SHARED[family][0]),
              lambda seen: seen == 300)


def best_of_acme(s, family, prefix):
    """The local preference that the edge has given to acme's path."""
    paths = s.edge.bgpd_json(f"show bgp {family} unicast {prefix} json").get("paths", [])
    return next((path.get("locPrf", 100) for path in paths
                 if path.get("peer", {}).get("peerId") == s.acme_address(family)), None)


def expect_policy_kept(s):
    """What the operator denies was never announced to acme, nor taken from it."""
    said = s.capture.read()
    for family in FAMILIES:
        assert s.witness_routes[family][0] not in said.announced(s.edge_address(family))
        assert s.acme_routes[family][0] not in s.witness.received(f"edge_{family}")
        assert best(s, family, s.acme_routes[family][0]) == (None, None)


def sessions(s):
    return {family: len(s.capture.read().sessions(s.edge_address(family))) for family in FAMILIES}


def wait_shut(s):
    for family in FAMILIES:
        until(f"{family} closed at acme", lambda: s.acme.bgp_state(f"edge_{family}"), lambda state: state != "Established")
        s.acme.wait_received(f"edge_{family}", set())


def shutdown_messages(s):
    """What the edge has said when it shut, RFC 9003."""
    return [message.body[3:3 + message.body[2]].decode() for message in s.capture.read().messages(type=3)
            if message.sender in map(s.edge_address, FAMILIES) and tuple(message.body[:2]) == (6, 2)]


# On the way out

@pytest.mark.versions
def test_deprovision_drains_and_then_shuts(scenario):
    s = scenario
    start_active(s)
    before = sessions(s)
    s.edge.verb(NAME, "deprovision")
    assert s.edge.connection_state(NAME) == "PendingRemove"
    wait_drained(s)
    s.settle()
    wait_drained(s)
    expect_policy_kept(s)
    assert sessions(s) == before
    assert {session["gate"] for session in s.edge.connection(NAME)["sessions"]} == {"drain"}

    s.edge.verb(NAME, "deprovision now")
    wait_shut(s)
    s.edge.wait_state(NAME, "None")
    assert s.edge.history(NAME)[-2:] == [("Active", "PendingRemove"), ("PendingRemove", "None")]
    assert shutdown_messages(s) and all(NAME in message for message in shutdown_messages(s))
    # The operator's own neighbor stays, shut and gated.
    assert {session["gate"] for session in s.edge.connection(NAME)["sessions"]} == {"deny"}
    for family in FAMILIES:
        assert f"neighbor {s.acme_address(family)} shutdown message peering {NAME}" in s.edge.running_config()
    for family in FAMILIES:
        until(f"acme's {family} routes gone at the witness", lambda: s.witness_has_of_acme(family),
              lambda seen: seen == set(SHARED[family]) or seen == set())


def test_the_drain_ends_with_its_timer(scenario):
    s = scenario
    start_active(s, drain=4)
    s.edge.verb(NAME, "deprovision")
    wait_shut(s)
    s.edge.wait_state(NAME, "None")
    assert s.edge.log_lines("is drained: the drain timer has ended")


def test_the_drain_ends_when_no_traffic_is_left(scenario):
    s = scenario
    start_active(s)
    s.edge.verb(NAME, "deprovision")
    until("the traffic that is shown", lambda: s.edge.connection(NAME)["drain"],
          lambda seen: seen and seen["traffic"] and seen["traffic"]["inBitsPerSecond"] > 100_000)
    assert s.edge.connection_state(NAME) == "PendingRemove"
    s.traffic.stop()
    wait_shut(s)
    s.edge.wait_state(NAME, "None")
    assert s.edge.log_lines("is drained: no traffic is left")


@pytest.mark.versions
def test_cancel_puts_back_into_service(scenario):
    s = scenario
    start_active(s)
    before = sessions(s)
    s.edge.verb(NAME, "deprovision")
    wait_drained(s)
    s.edge.verb(NAME, "cancel")
    s.edge.wait_state(NAME, "Active")
    wait_in_service(s)
    expect_policy_kept(s)
    assert sessions(s) == before
    s.edge.verb(NAME, "deprovision now")
    s.edge.wait_state(NAME, "None")
    assert "does not take `cancel`" in s.edge.refused(f"peering {NAME} cancel")


@pytest.mark.versions
@pytest.mark.parametrize("end", ["kill_bgpd", "stop_bgpd"])
def test_a_restart_in_the_middle_goes_on_draining(scenario, end):
    s = scenario
    start_active(s)
    s.edge.verb(NAME, "deprovision")
    wait_drained(s)
    left = s.edge.connection(NAME)["drain"]["endsInSeconds"]
    said = s.capture.read().end()
    s.restart_bgpd(end=end)
    s.acme.wait_established()
    assert s.edge.connection_state(NAME) == "PendingRemove"
    wait_drained(s)
    assert s.edge.connection(NAME)["drain"]["endsInSeconds"] < left
    # Not one announcement without it, the first ones included.
    assert unmarked(s, said) == set()
    expect_policy_kept(s)
    s.edge.verb(NAME, "cancel")
    s.edge.wait_state(NAME, "Active")
    wait_in_service(s)


def test_a_drain_is_as_long_as_it_is_whatever_the_wall_clock_says(scenario):
    """It neither ends at once nor hangs for ever, over a restart neither."""
    s = scenario
    clock = Clock(s.edge)
    start_active(s)
    s.edge.verb(NAME, "deprovision")
    wait_drained(s)

    def left():
        return s.edge.connection(NAME)["drain"]["endsInSeconds"]

    before = left()
    for jump in (30 * DAY, -30 * DAY):
        clock.jump(jump)
        # The router looks at it every few seconds.
        before = until("some looks at the drain", left, lambda seen: before - 60 < seen < before - 10)
        assert s.edge.connection_state(NAME) == "PendingRemove"
    s.restart_bgpd()
    s.acme.wait_established()
    until("the drain going on", left, lambda seen: before - 60 < seen < before)
    clock.jump(30 * DAY)
    wait_drained(s)
    until("the drain going on", left, lambda seen: before - 120 < seen < before)
    # One that began before the clock went back ends all the same.
    s.edge.verb(NAME, "cancel")
    s.edge.wait_state(NAME, "Active")
    s.edge.configure_bgp(f"peering {NAME} timers drain 8")
    s.edge.verb(NAME, "deprovision")
    clock.jump(-30 * DAY)
    s.edge.wait_state(NAME, "None")
    assert s.edge.log_lines("is drained: the drain timer has ended")


def unmarked(s, after):
    """The prefixes that the edge has announced to acme without the community."""
    found = set()
    for message in s.capture.read().messages(type=2):
        if message.sender not in map(s.edge_address, FAMILIES) or message.time <= after:
            continue
        if b"\xff\xff\x00\x00" not in message.body:
            # Of this message alone: others, an End-of-RIB too, came in the same packet.
            found |= {event.prefix for event in bgp.route_events(message, set()) if event.kind == "announce"}
    return found


def test_one_that_is_down_goes_at_once(scenario):
    s = scenario
    start_active(s)
    for family in FAMILIES:
        s.acme.disable_session(f"edge_{family}")
        until(f"{family} down at the edge", lambda: s.edge.bgp_state(s.acme_address(family)),
              lambda state: state != "Established")
    s.edge.verb(NAME, "deprovision")
    s.edge.wait_state(NAME, "None")


# What it is for

# Numbered datagrams from an address each twentieth of a second, until its standard input ends; then their number.
ASK = """
import select, socket, sys, time
asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asker.bind((sys.argv[1], 0))
number = 0
while not select.select([sys.stdin], [], [], 0.05)[0]:
    asker.sendto(number.to_bytes(4, "big"), (sys.argv[2], 9))
    number += 1
print(number)
"""


def loses_nothing(s, source, target, meanwhile):
    """Datagrams from the edge to acme while something happens; every one has to arrive."""
    taker = s.acme.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taker.bind((target, 9))
    asker = subprocess.Popen(s.edge.namespace.command([sys.executable, "-c", ASK, source, target]), text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        meanwhile()
    finally:
        sent = int(asker.communicate(timeout=60)[0])
    arrived = set()
    with contextlib.suppress(TimeoutError):
        taker.settimeout(2)
        while len(arrived) < sent:
            arrived.add(int.from_bytes(taker.recv(64), "big"))
    taker.close()
    assert arrived == set(range(sent)) and sent > 20


@pytest.mark.versions
def test_traffic_moves_to_the_sibling_before_the_session_is_shut(scenario):
    """A second connection to the same AS: the edge's packets have moved there before this one goes, and none is lost."""
    s = scenario
    second = Link(9, s.edge.namespace, "acme2", s.acme.namespace, "edge2")
    for session in session_pair(second):
        session.name = session.name.replace("edge_", "edge2_")
        s.acme.sessions.append(session)
    addresses = {family: second.far_address(family) for family in FAMILIES}
    beside = [line for family in FAMILIES for line in (
        *s.neighbor(addresses[family], ACME_AS), f"address-family {family} unicast",
        f"neighbor {addresses[family]} activate", f"neighbor {addresses[family]} route-map WITNESS in",
        f"neighbor {addresses[family]} route-map WITNESS out", "exit-address-family")]
    start_active(s, bgp=beside)
    s.edge.vtysh("peering PNI-ACME2 adopt neighbor " + " ".join(addresses.values()))
    s.edge.wait_state("PNI-ACME2", "Active")
    prefix = s.acme_routes["ipv4"][1]
    target = str(ip_interface(prefix).network[1])
    s.acme.namespace.ip("address", "add", f"{target}/32", "dev", "lo")

    def way():
        """The interface over which the edge's kernel sends it."""
        return re.search(r" dev (\S+)", s.edge.namespace.ip("route", "get", target))[1]

    until("the way over the first", way, lambda seen: seen == "acme")

    def remove():
        s.edge.verb(NAME, "deprovision")
        until("the way over the second", way, lambda seen: seen == "acme2")
        assert s.acme.bgp_state("edge_ipv4") == "Established"
        assert s.edge.connection_state(NAME) == "PendingRemove"
        # What is on its way there still, and what acme sends, is not cut off.
        s.settle()
        s.edge.verb(NAME, "deprovision now")
        s.edge.wait_state(NAME, "None")
        wait_shut(s)

    loses_nothing(s, second.near_ipv4, target, remove)
    assert way() == "acme2"


def test_an_internal_neighbor_is_told_local_preference_0(lab):
    s = Scenario(lab, witness_as=EDGE_AS)
    start_active(s)

    def preferences(family):
        """Of what the witness has of acme's alone, with the routes that came since the drain began."""
        text = s.witness.birdc(f"show route protocol edge_{family} all")
        return {prefix: int(preference) for prefix, preference in re.findall(
            r"^([0-9a-f.:]+/\d+)\s[^/]*?BGP.local_pref: (\d+)", text, flags=re.M | re.S)
            if prefix in s.acme.announced[family]}

    for preference, verb in ((300, None), (0, "on"), (300, "off")):
        if verb:
            s.edge.vtysh(f"peering {NAME} maintenance {verb}")
        for family in FAMILIES:
            wanted = {prefix: preference for prefix in s.acme_routes[family][1:]}
            until(f"local preference {preference} of acme's {family} routes at the witness", lambda: preferences(family),
                  lambda seen: {prefix: seen.get(prefix) for prefix in wanted} == wanted)


def test_a_peer_without_route_refresh(lab):
    """What it has sent keeps the local preference that it has, what it sends from here on gets 0; what it is sent has the
    community all the same, and the session stays up."""
    s = Scenario(lab, acme={"extra": "enable route refresh off;"})
    start_active(s)
    before = sessions(s)
    s.edge.vtysh(f"peering {NAME} maintenance on")
    late = {family: prefixes(family, 1, start=7000) for family in FAMILIES}
    for family in FAMILIES:
        until(f"every {family} route at acme with {GRACEFUL_SHUTDOWN}", lambda: marked(s, family),
              lambda seen: seen[0] >= {OWN[family]} and not seen[1])
        s.acme.announce(family, late[family])
        until(f"a new {family} route with local preference 0", lambda: best_of_acme(s, family, late[family][0]),
              lambda seen: seen == 0)
        assert best_of_acme(s, family, SHARED[family][0]) == 300
    assert sessions(s) == before


# The operator's policy

def test_the_operators_policy_applies_all_the_while(scenario):
    """What is typed while it drains, edited in a route-map, cleared softly or taken away: never a route that the policy
    denies, and always the community."""
    s = scenario
    start_active(s)
    s.edge.verb(NAME, "deprovision")
    wait_drained(s)
    for family in FAMILIES:
        s.edge.vtysh(f"clear bgp {family} unicast {s.acme_address(family)} soft")
    s.settle()
    wait_drained(s)
    expect_policy_kept(s)

    # Edited: the edge's own network is not to be announced any more.
    for family, ip, end in (("ipv4", "ip", 5), ("ipv6", "ipv6", 7)):
        s.edge.configure(f"{ip} prefix-list OURS{end} permit {OWN[family]}", f"route-map ACME-OUT deny {end}",
                         f"match {ip} address prefix-list OURS{end}")
    for family in FAMILIES:
        until(f"{OWN[family]} gone at acme", lambda: marked(s, family),
              lambda seen: seen == (to_acme(s, family, True) - {OWN[family]}, set()))

    # Another one is named, and then one that there is not.
    s.edge.configure("route-map OTHER permit 10")
    said = s.capture.read().end()
    for family in FAMILIES:
        s.edge.configure_bgp(f"address-family {family} unicast",
                             f"neighbor {s.acme_address(family)} route-map OTHER out")
        everything = s.to_acme(family) | set(SHARED[family])
        until(f"everything {family} at acme", lambda: marked(s, family), lambda seen: seen == (everything, set()))
        s.edge.configure_bgp(f"address-family {family} unicast",
                             f"neighbor {s.acme_address(family)} route-map NOWHERE out")
        s.acme.wait_received(f"edge_{family}", set())
    s.settle()
    assert unmarked(s, said) == set()
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", set())
        s.edge.configure_bgp(f"address-family {family} unicast",
                             f"neighbor {s.acme_address(family)} route-map ACME-OUT out")
        until(f"the policy at acme", lambda: marked(s, family),
              lambda seen: seen == (to_acme(s, family, True) - {OWN[family]}, set()))
    config = s.edge.running_config()
    for family in FAMILIES:
        assert f"peering gated neighbor {s.acme_address(family)} {family} unicast route-map ACME-OUT out" in config
    s.edge.verb(NAME, "cancel")
    s.edge.wait_state(NAME, "Active")
    config = s.edge.running_config()
    assert "PEERING-DRAIN" not in config and "peering gated" not in config
    for family in FAMILIES:
        assert f"neighbor {s.acme_address(family)} route-map ACME-OUT out" in config


def announcements(s, prefix, after):
    """What the edge has announced of a prefix to acme: with the community, or without, in order."""
    found = []
    for message in s.capture.read().messages(type=2):
        if message.sender in map(s.edge_address, FAMILIES) and message.time > after:
            found += [b"\xff\xff\x00\x00" in message.body for event in bgp.route_events(message, set())
                      if event.kind == "announce" and event.prefix == prefix]
    return found


@pytest.mark.versions
def test_the_default_that_bgpd_originates_is_marked_too(scenario):
    """It asks no outbound policy. bgpd makes it anew where the peer asks for it, where somebody clears softly, and where
    the session comes up."""
    s = scenario
    start_active(s)
    for family in FAMILIES:
        s.edge.configure_bgp(f"address-family {family} unicast", f"neighbor {s.acme_address(family)} default-originate")
        until(f"a default of {family} at acme", lambda: marked(s, family)[1], lambda seen: DEFAULT[family] in seen)

    def wait_marked(what, after):
        s.settle()
        for family in FAMILIES:
            # bgpd's own may be a moment earlier.
            until(f"a {family} default {what}, marked", lambda: announcements(s, DEFAULT[family], after)[-1:],
                  lambda seen: seen == [True])
            until(f"the {family} default at acme", lambda: marked(s, family),
                  lambda seen: DEFAULT[family] in seen[0] and not seen[1])

    begun = s.capture.read().end()
    s.edge.vtysh(f"peering {NAME} maintenance on")
    wait_marked("at the beginning", begun)
    for what, act in (
            ("that the peer has asked for", lambda family: s.acme.birdc(f"reload in edge_{family}")),
            ("that was cleared", lambda family: s.edge.vtysh(f"clear bgp {family} unicast {s.acme_address(family)} soft out")),
            ("of a new session", lambda family: s.acme.restart_session(f"edge_{family}"))):
        begun = s.capture.read().end()
        for family in FAMILIES:
            act(family)
        s.acme.wait_established()
        wait_marked(what, begun)
    s.edge.vtysh(f"peering {NAME} maintenance off")
    for family in FAMILIES:
        until(f"no {family} route at acme with {GRACEFUL_SHUTDOWN}", lambda: marked(s, family),
              lambda seen: seen[0] == set() and DEFAULT[family] in seen[1])


def test_without_a_policy_nothing_passes_that_did_not_before(scenario):
    """RFC 8212: bgpd would take our route-map for the operator's."""
    s = scenario
    start_active(s)
    for family in FAMILIES:
        neighbor = f"neighbor {s.acme_address(family)}"
        s.edge.configure_bgp(f"address-family {family} unicast", f"no {neighbor} route-map ACME-OUT out",
                             f"no {neighbor} route-map ACME-IN in")
        s.acme.wait_received(f"edge_{family}", set())
    said = s.capture.read().end()
    s.edge.verb(NAME, "deprovision")
    s.edge.wait_gate(NAME, "drain")
    s.settle()
    for family in FAMILIES:
        assert s.capture.read().announced(s.edge_address(family), after=said) == set()
        assert s.acme.received(f"edge_{family}") == set()
        assert s.witness_has_of_acme(family) <= set(SHARED[family])
    # With a prefix-list there is a policy, and no route-map.
    for family in FAMILIES:
        ip = "ip" if family == "ipv4" else "ipv6"
        s.edge.configure(f"{ip} prefix-list ONLY-OURS permit {OWN[family]}")
        s.edge.configure_bgp(f"address-family {family} unicast",
                             f"neighbor {s.acme_address(family)} prefix-list ONLY-OURS out")
        until(f"ours alone at acme", lambda: marked(s, family), lambda seen: seen == ({OWN[family]}, set()))


def test_a_reserved_route_map_that_somebody_defines_lets_nothing_through(scenario):
    s = scenario
    start_active(s)
    s.edge.verb(NAME, "deprovision")
    wait_drained(s)
    said = s.capture.read().end()
    s.edge.configure("route-map PEERING-DRAIN-OUT-ACME-OUT permit 5")
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", set())
    s.settle()
    for family in FAMILIES:
        assert s.capture.read().announced(s.edge_address(family), after=said) == set()
    assert s.edge.log_lines("somebody has typed at the route-map PEERING-DRAIN-OUT-ACME-OUT")


def test_members_of_a_peer_group_and_dynamic_neighbors(lab):
    """Their policy is the group's, and theirs alone drains."""
    s = Scenario(lab)
    listen = ["neighbor PEERS peer-group", f"neighbor PEERS remote-as {ACME_AS}", "neighbor PEERS timers 1 9",
              *(f"bgp listen range {ip_interface(s.acme_address(family) + length).network} peer-group PEERS"
                for family, length in (("ipv4", "/30"), ("ipv6", "/64")))]
    start_active(s, acme_neighbor=lambda family: listen if family == "ipv4" else [],
                 acme_family=lambda family: ["neighbor PEERS activate", "neighbor PEERS route-map ACME-IN in",
                                             "neighbor PEERS route-map ACME-OUT out"])
    s.edge.verb(NAME, "deprovision")
    wait_drained(s)
    # It is another neighbor each time that it comes.
    said = s.capture.read().end()
    for family in FAMILIES:
        s.acme.restart_session(f"edge_{family}")
    s.acme.wait_established()
    wait_drained(s)
    assert unmarked(s, said) == set()
    expect_policy_kept(s)
    s.edge.verb(NAME, "cancel")
    s.edge.wait_state(NAME, "Active")
    wait_in_service(s)


# Maintenance

def test_maintenance_drains_until_it_is_ended(scenario):
    s = scenario
    start_active(s)
    before = sessions(s)
    s.edge.vtysh(f"peering {NAME} maintenance on reason a new optic")
    wait_drained(s)
    seen = s.edge.connection(NAME)
    assert seen["connectionState"] == "Active" and "maintenance" in seen["flags"]
    assert seen["maintenance"]["reason"] == "a new optic" and "endsInSeconds" not in seen["maintenance"]
    until("the traffic that is left", lambda: s.edge.connection(NAME)["drain"]["traffic"])
    expect_policy_kept(s)
    s.edge.vtysh(f"peering {NAME} maintenance off")
    wait_in_service(s)
    assert "maintenance" not in s.edge.connection(NAME)["flags"]
    assert sessions(s) == before
    assert s.edge.history(NAME)[-2:] == [("Active", "Active")] * 2


def test_maintenance_survives_a_restart(scenario):
    s = scenario
    start_active(s)
    s.edge.vtysh(f"peering {NAME} maintenance on")
    wait_drained(s)
    # Without traffic a drain would end; maintenance does not.
    s.traffic.stop()
    quiet = time.monotonic()
    s.edge.vtysh("write memory")
    said = s.capture.read().end()
    s.restart_bgpd(saved=True)
    s.acme.wait_established()
    wait_drained(s)
    assert unmarked(s, said) == set()
    until("as long without traffic as a drain would last", lambda: time.monotonic() - quiet, lambda seen: seen > 25)
    assert "maintenance" in s.edge.connection(NAME)["flags"]
    wait_drained(s)
    s.edge.vtysh(f"peering {NAME} maintenance off")
    wait_in_service(s)
    # The file still names what stood there while it was drained.
    s.restart_bgpd(end="stop_bgpd", saved=True)
    s.acme.wait_established()
    wait_in_service(s)
    expect_policy_kept(s)


def test_maintenance_ends_by_itself_where_it_was_told_to(scenario):
    s = scenario
    start_active(s)
    s.edge.vtysh(f"peering {NAME} maintenance on for 15 reason a reboot")
    wait_drained(s)
    wait_in_service(s)
    assert s.edge.connection(NAME)["maintenance"] is None


@pytest.mark.parametrize("words", ["interface PORT", "all"])
def test_maintenance_of_a_port_leaves_the_others_alone(scenario, words):
    """The witness's connection is declared too: with `all` it drains, with acme's port it is told nothing."""
    s = scenario
    start_active(s)
    s.edge.vtysh("peering WITNESS adopt neighbor " + " ".join(map(s.witness_link.far_address, FAMILIES)))
    s.edge.wait_state("WITNESS", "Active")
    words = words.replace("PORT", s.acme_link.near_interface)
    updates = {family: s.witness.updates_received(f"edge_{family}") for family in FAMILIES}
    s.edge.vtysh(f"peering maintenance {words} on reason the line card")
    s.edge.wait_gate(NAME, "drain")
    if words == "all":
        s.edge.wait_gate("WITNESS", "drain")
    else:
        wait_drained(s)
        assert {session["gate"] for session in s.edge.connection("WITNESS")["sessions"]} == {"allow"}
        # Its paths to what acme announces too have not changed: it has them itself.
        for family in FAMILIES:
            assert s.witness.updates_received(f"edge_{family}") - updates[family] <= len(s.acme_routes[family])
    s.edge.vtysh(f"peering maintenance {words} off")
    s.edge.wait_gate(NAME, "allow")
    s.edge.wait_gate("WITNESS", "allow")
    wait_in_service(s)


def test_maintenance_is_for_active_connections(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    assert "does not take `maintenance on`" in s.edge.refused(f"peering {NAME} maintenance on")
    s.validate()
    s.edge.vtysh("peering maintenance all on")
    s.settle()
    s.expect_nothing_passed()


def test_a_held_session_stays_closed_while_the_others_drain(scenario):
    """It was never validated: neither a drain nor its end opens it."""
    s = scenario
    s.acme.session("edge_ipv6").enabled = False
    s.start(s.config(bgp=[*s.declaration(optional=["ipv6"]), f"peering {NAME} timers drain {LONG}"]))
    s.acme.wait_established("edge_ipv4")
    carry_traffic(s)
    s.validate()
    s.edge.verb(NAME, "activate")
    s.edge.wait_state(NAME, "Active")
    s.acme.enable_session("edge_ipv6")
    s.acme.wait_established()
    s.settle()
    for step in ("maintenance on", "maintenance off", "deprovision", "cancel"):
        s.edge.vtysh(f"peering {NAME} {step}")
        s.edge.wait_state(NAME, "PendingRemove" if step == "deprovision" else "Active")
        s.settle()
        assert s.acme.received("edge_ipv6") == set()
        assert s.witness_has_of_acme("ipv6") == set()
        assert s.capture.read().announced(s.edge_address("ipv6")) == set()
