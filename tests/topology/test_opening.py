# SPDX-License-Identifier: GPL-2.0-or-later
"""Gates that open and close on a session that is up: what passes then, what goes, and that the session stays.

A bypass is what a person types to open a gate at once, and the way to close it again. The verdict is that of the far
sides: their tables, and a capture on acme's link.
"""
import pytest

from lab.bgp import ROUTE_REFRESH
from lab.bird import DEFAULT
from lab.scenario import FAMILIES, NAME, OWN, Scenario
from lab.wait import until
from lab.walls import Walls

pytestmark = pytest.mark.versions

BYPASS = f"peering bypass {NAME} reason an emergency"
NO_BYPASS = f"no peering bypass {NAME}"
NO_REFRESH = {"extra": "enable route refresh off;"}


@pytest.fixture
def scenario(lab):
    return Scenario(lab)


def sessions(s):
    said = s.capture.read()
    return {family: len(said.sessions(s.edge_address(family))) for family in FAMILIES}


def refreshes(s):
    """How often the edge has asked acme for its routes again."""
    return len([message for family in FAMILIES
                for message in s.capture.read().messages(s.edge_address(family), ROUTE_REFRESH)])


def expect_closed(s, since):
    """Everything that acme held is withdrawn, then End-of-RIB; acme's routes are gone; nothing is announced again.

    The witness's session is to be older than a second or two: before, bgpd 8.4.4 forgets to pass withdrawals on to it.
    """
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", set())
        until(f"acme's {family} routes gone at the witness", lambda: s.witness_has_of_acme(family),
              lambda seen: seen == set())
    # What was queued before may still have left.
    closed = s.capture.read().end()
    s.settle()
    said = s.capture.read()
    for family in FAMILIES:
        sender = s.edge_address(family)
        assert said.held(sender) == set()
        assert said.announced(sender, after=closed) == set()
        last = said.routes(sender, after=since)[-1]
        assert last.kind == "end-of-rib", f"the last thing that the edge said is {last}"
        assert s.acme.received(f"edge_{family}") == set()
        assert s.witness_has_of_acme(family) == set()
    found = s.edge.connection(NAME)
    assert {(session["gate"], session["installedCount"], session["advertisedCount"])
            for session in found["sessions"]} == {("deny", 0, 0)}


# Opening

def test_what_was_kept_is_taken_without_asking_and_without_a_reset(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    # The peer changes its mind while it is gated.
    for family in FAMILIES:
        s.acme.withdraw(family, s.acme_routes[family][:4])
        s.acme.announce(family, [f"198.18.{number}.0/24" if family == "ipv4" else f"2001:db8:1800:{number:x}::/64"
                                 for number in range(1, 4)])
        s.acme.withdraw(family, ["198.18.1.0/24" if family == "ipv4" else "2001:db8:1800:1::/64"])
    s.validate()
    before = sessions(s)
    s.activate()
    s.settle()
    for family in FAMILIES:
        gone = set(s.acme_routes[family][:4]) | {"198.18.1.0/24", "2001:db8:1800:1::/64"}
        seen = s.witness.received(f"edge_{family}")
        assert not seen & gone, "routes that acme has withdrawn have come back"
        assert set(s.acme.announced[family]) <= seen
    assert refreshes(s) == 0
    assert sessions(s) == before


@pytest.mark.parametrize("extra", [[], ["soft-reconfiguration inbound"]], ids=["plain", "soft-reconfiguration"])
def test_a_peer_without_route_refresh_is_not_reset(lab, extra):
    s = Scenario(lab, acme=NO_REFRESH)
    s.start(s.config(bgp=s.declaration(),
                     ipv4=[f"neighbor {s.acme_address('ipv4')} {line}" for line in extra],
                     ipv6=[f"neighbor {s.acme_address('ipv6')} {line}" for line in extra]))
    s.acme.wait_established()
    s.validate()
    before = sessions(s)
    s.activate()
    for family in FAMILIES:
        assert s.witness_has_of_acme(family) == set(s.acme_routes[family])
    assert sessions(s) == before


def test_what_the_peer_says_while_it_opens_overrules_what_it_said_before(lab):
    s = Scenario(lab, acme_routes=4000)
    s.start(s.config(bgp=s.declaration(limit=100000)))
    s.acme.wait_established()
    until("all of it counted", lambda: [session["receivedCount"] for session in s.edge.connection(NAME)["sessions"]],
          lambda seen: seen == [4000, 4000])
    s.validate()
    gone = {family: s.acme_routes[family][::2] for family in FAMILIES}
    s.edge.verb(NAME, "activate")
    for family in FAMILIES:
        s.acme.withdraw(family, gone[family])
    for family in FAMILIES:
        until(f"the rest of acme's {family} routes at the witness", lambda: s.witness.received(f"edge_{family}"),
              lambda seen: set(s.acme.announced[family]) <= seen)
    s.settle()
    for family in FAMILIES:
        assert not s.witness.received(f"edge_{family}") & set(gone[family])


def test_an_opening_that_resets_says_so_before(lab):
    """A gate that has closed on an open session of a peer that can be asked for nothing; and a neighbor that nobody had
    declared gets its lines when it is adopted, so that it is open without a journal too."""
    s = Scenario(lab, acme=NO_REFRESH, witness_as=64500)
    s.start(s.config(bgp=["peering default-deny"]))
    s.acme.wait_established()
    address, other = s.acme_address("ipv4"), s.acme_address("ipv6")
    s.edge.wait_state(address, "PendingApproval")
    # Both kept from the start.
    assert "Resets" not in s.edge.vtysh(f"show peering {address}")
    s.edge.vtysh(f"peering bypass {address} reason an emergency")
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    s.edge.vtysh(f"no peering bypass {address}")
    s.acme.wait_received("edge_ipv4", set())
    assert [s.edge.connection(name)["sessions"][0]["opensWithReset"] for name in (address, other)] == [True, False]
    assert f"Resets   {address}: " in s.edge.vtysh(f"show peering {address}")
    assert sessions(s) == {"ipv4": 1, "ipv6": 1}
    assert f"the session with {address} will be reset" in s.edge.verb(address, "adopt")
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    assert sessions(s) == {"ipv4": 2, "ipv6": 1}
    assert s.edge.connection(address)["sessions"][0]["opensWithReset"] is False

    assert {f" peering {address} neighbor {address}", f" peering {address} adopted"} <= set(
        s.edge.running_config().splitlines())
    s.edge.vtysh("write memory")
    s.restart_bgpd(between=lambda: (s.edge.state / "journal.jsonl").unlink())
    s.acme.wait_established()
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    s.settle()
    assert s.acme.received("edge_ipv6") == set() and s.witness_has_of_acme("ipv6") == set()


def test_the_default_and_the_routes_come_before_the_end_of_rib(lab):
    s = Scenario(lab, acme={"extra": "graceful restart on;"})
    lines = {family: [f"neighbor {s.acme_address(family)} default-originate"] for family in FAMILIES}
    s.start(s.config(bgp=s.declaration(), **lines))
    s.acme.wait_established()
    s.validate()
    opened = s.capture.read().end()
    s.edge.verb(NAME, "activate")
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", {*s.to_acme(family), DEFAULT[family]})
    s.settle()
    said = s.capture.read()
    for family in FAMILIES:
        kinds = [event.kind for event in said.routes(s.edge_address(family), after=opened)
                 if event.prefix in ("", DEFAULT[family], OWN[family])]
        assert kinds == ["announce", "announce", "end-of-rib"], kinds


# Closing

def wanted_of(s, family, lines):
    return s.to_acme(family) | ({DEFAULT[family]} if "default-originate" in lines else set())


@pytest.mark.parametrize("acme", [{}, NO_REFRESH, {"extra": "graceful restart on; long lived graceful restart on;"}],
                         ids=["plain", "without-route-refresh", "keeps-stale-routes"])
@pytest.mark.parametrize("lines", [
    [], ["default-originate"], ["soft-reconfiguration inbound"],
], ids=lambda lines: lines[0].replace(" ", "-") if lines else "plain")
def test_a_gate_that_closes_takes_everything_back(lab, acme, lines):
    s = Scenario(lab, acme=acme)
    s.start(s.config(bgp=s.declaration(),
                     ipv4=[f"neighbor {s.acme_address('ipv4')} {line}" for line in lines],
                     ipv6=[f"neighbor {s.acme_address('ipv6')} {line}" for line in lines]))
    s.acme.wait_established()
    s.edge.vtysh(BYPASS)
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", wanted_of(s, family, lines))
        until(f"acme's {family} routes at the witness", lambda: s.witness_has_of_acme(family),
              lambda seen: seen == set(s.acme_routes[family]))
    s.settle()
    since, before = s.capture.read().end(), sessions(s)
    s.edge.vtysh(NO_BYPASS)
    expect_closed(s, since)
    assert sessions(s) == before
    # And once more. Only a peer of which nothing was kept from its start on, and that can be asked for nothing, is reset.
    s.edge.vtysh(BYPASS)
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", wanted_of(s, family, lines))
        until(f"acme's {family} routes at the witness", lambda: s.witness_has_of_acme(family),
              lambda seen: seen == set(s.acme_routes[family]))
    reset = acme == NO_REFRESH and "soft-reconfiguration inbound" not in lines
    assert sessions(s) == {family: count + reset for family, count in before.items()}


def test_the_ways_around_a_route_map_are_closed_too(scenario):
    """What bgpd sends past an outbound route-map: suppressed routes under an unsuppress-map, conditional advertisement,
    an originated default with a route-map of its own."""
    s = scenario
    address = {family: s.acme_address(family) for family in FAMILIES}
    s.start(s.config(
        bgp=["bgp conditional-advertisement timer 5", *s.declaration()],
        top=["route-map ANY permit 10", "exit", "ip prefix-list NONE permit 198.18.255.0/24",
             "route-map NONE permit 10", "match ip address prefix-list NONE", "exit",
             "ip route 198.18.40.0/25 blackhole", "ip route 198.18.40.128/25 blackhole"],
        ipv4=["redistribute static", "aggregate-address 198.18.40.0/24 summary-only",
              f"neighbor {address['ipv4']} unsuppress-map ANY",
              f"neighbor {address['ipv4']} advertise-map ANY non-exist-map NONE",
              f"neighbor {address['ipv4']} default-originate route-map ANY"],
        ipv6=[f"neighbor {address['ipv6']} default-originate route-map ANY"]))
    s.acme.wait_established()
    # One that is typed while the gate is closed: bgpd's timer comes by every five seconds, and finds no update-group.
    s.edge.configure_bgp("address-family ipv6 unicast",
                         f"neighbor {address['ipv6']} advertise-map ANY non-exist-map NONE")
    s.settle(keepalives=8)
    s.expect_nothing_passed()
    s.edge.vtysh(BYPASS)
    s.acme.wait_received("edge_ipv4", {*s.to_acme("ipv4"), DEFAULT["ipv4"], "198.18.40.0/25", "198.18.40.128/25",
                                       "198.18.40.0/24"})
    s.acme.wait_received("edge_ipv6", {*s.to_acme("ipv6"), DEFAULT["ipv6"]})
    since = s.capture.read().end()
    s.edge.vtysh(NO_BYPASS)
    expect_closed(s, since)
    # bgpd looks at conditional advertisement on its timer, and at the routes under an aggregate whenever they change.
    s.edge.configure("no ip route 198.18.40.0/25 blackhole", "ip route 198.18.40.0/25 blackhole")
    s.edge.vtysh("clear bgp * soft out")
    s.settle(keepalives=8)
    assert s.acme.received("edge_ipv4") == set()
    assert s.capture.read().held(s.edge_address("ipv4")) == set()


def test_a_full_table_is_taken_back_in_pieces(lab):
    """Some thousand prefixes each way: more than one message, and more than one slice."""
    s = Scenario(lab, acme_routes=6000)
    s.witness.announced["ipv4"] = [f"100.{64 + number // 256}.{number % 256}.0/24" for number in range(6000)]
    s.witness.announced["ipv6"] = [f"2001:db8:4000:{number:x}::/64" for number in range(1, 6001)]
    s.witness_routes = {family: list(s.witness.announced[family]) for family in FAMILIES}
    s.start(s.config(bgp=s.declaration(limit=100000)))
    s.acme.wait_established()
    s.edge.vtysh(BYPASS)
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", s.to_acme(family))
        until(f"acme's {family} routes at the witness", lambda: s.witness_has_of_acme(family),
              lambda seen: seen == set(s.acme_routes[family]))
    since = s.capture.read().end()
    s.edge.vtysh(NO_BYPASS)
    expect_closed(s, since)


def test_opened_again_before_it_has_closed(lab):
    """Nothing that is withdrawn for the closing is missing after the opening."""
    s = Scenario(lab, acme_routes=3000)
    s.witness.announced["ipv4"] = [f"100.{64 + number // 256}.{number % 256}.0/24" for number in range(6000)]
    s.witness_routes["ipv4"] = list(s.witness.announced["ipv4"])
    s.start(s.config(bgp=s.declaration(limit=100000)))
    s.acme.wait_established()
    s.edge.vtysh(BYPASS)
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    for _ in range(5):
        s.edge.vtysh(NO_BYPASS, BYPASS)
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", s.to_acme(family))
        until(f"acme's {family} routes at the witness", lambda: s.witness_has_of_acme(family),
              lambda seen: seen == set(s.acme_routes[family]))
    s.settle()
    assert s.acme.received("edge_ipv4") == s.to_acme("ipv4")


def test_a_session_that_goes_down_while_its_gate_closes_comes_back_gated(lab):
    s = Scenario(lab, acme_routes=3000)
    s.start(s.config(bgp=s.declaration(limit=100000)))
    s.acme.wait_established()
    s.edge.vtysh(BYPASS)
    s.wait_open()
    s.edge.vtysh(NO_BYPASS, "clear bgp *")
    until("new sessions", lambda: sessions(s), lambda seen: seen == {"ipv4": 2, "ipv6": 2})
    s.acme.wait_established()
    closed = s.capture.read().end()
    s.settle()
    for family in FAMILIES:
        assert s.acme.received(f"edge_{family}") == set()
        assert s.witness_has_of_acme(family) == set()
        assert s.capture.read().announced(s.edge_address(family), after=closed) == set()


def test_the_reserved_name_may_be_defined(scenario):
    """Somebody who defines it takes nothing down: another name that nobody has defined stands in its place."""
    s = scenario
    s.start(s.config(bgp=["no bgp ebgp-requires-policy", *s.declaration()]))
    s.acme.wait_established()
    s.edge.configure("route-map PEERING-DENY-ALL permit 10")
    s.edge.vtysh("clear bgp * soft")
    s.settle(keepalives=8)
    s.expect_nothing_passed()
    config = s.edge.running_config()
    assert f"neighbor {s.acme_address('ipv4')} route-map PEERING-DENY-ALL-2 in" in config
    assert f"peering gated neighbor {s.acme_address('ipv4')} ipv4 unicast route-map ACME-IN in" in config
    s.edge.configure("route-map PEERING-DENY-ALL-2 permit 10")
    s.edge.vtysh("clear bgp *")
    s.acme.wait_established()
    s.settle(keepalives=8)
    s.expect_nothing_passed()
    s.validate()
    s.activate()
    assert "route-map PEERING-DENY-ALL in" not in s.edge.running_config()


@pytest.mark.parametrize("held", [True, False])
def test_no_kept_route_passes_while_gates_leave_a_reserved_name(scenario, held):
    """They leave it in slices. bgpd has kept routes of its own from before the gate closed, and gives itself those as soon
    as it looks at route-maps again: not before the last gate has left. The test build holds the slices back."""
    s = scenario
    walls = Walls(s.edge)
    kept = {family: [f"neighbor {s.acme_address(family)} soft-reconfiguration inbound"] for family in FAMILIES}
    s.start(s.config(bgp=["no bgp ebgp-requires-policy", *s.declaration()], **kept))
    s.acme.wait_established()
    s.edge.vtysh(BYPASS)
    s.wait_open()
    s.settle()
    closed = s.capture.read().end()
    s.edge.vtysh(NO_BYPASS)
    expect_closed(s, since=closed)
    walls.down("audit", *(["walks"] if held else []))
    s.edge.configure("route-map PEERING-DENY-ALL permit 10")
    place = f"neighbor {s.acme_address('ipv4')} route-map PEERING-DENY-ALL"
    if held:
        assert f"{place} in" in s.edge.running_config()
    s.edge.configure("bgp route-map delay-timer 0")
    s.settle()
    for family in FAMILIES:
        assert s.witness_has_of_acme(family) == set()
        assert s.acme.received(f"edge_{family}") == set()
    assert f"{place}-2 in" in s.edge.running_config()
    walls.up()


# Bypass

def test_a_bypass_stands_above_everything_until_it_is_taken_back(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.edge.vtysh(BYPASS)
    s.wait_open()
    assert s.edge.connection_state(NAME) == "PendingApproval"
    for command in ("show peering", f"show peering {NAME}"):
        assert s.edge.vtysh(command).splitlines()[0 if NAME in command else 1].startswith("BYPASS: ")
    assert s.edge.bgpd_json("show peering json")["moduleState"] == "bypass"
    assert "bypass" in s.edge.connection(NAME)["flags"]
    # A restart does not cut what somebody has opened.
    s.restart_bgpd()
    s.wait_open()
    s.edge.vtysh(NO_BYPASS)
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", set())
    assert "BYPASS" not in s.edge.vtysh("show peering")
    s.restart_bgpd()
    s.acme.wait_established()
    closed = s.capture.read().end()
    s.settle()
    s.expect_nothing_sent(after=closed)


def test_a_policy_that_was_taken_out_of_an_open_gate_does_not_come_back(scenario):
    """Before, the journal had said what is wanted there; what is open is what the operator has said last."""
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    # A line while it is gated puts the policy into the journal.
    s.edge.configure_bgp("address-family ipv4 unicast", f"neighbor {s.acme_address('ipv4')} route-map ACME-OUT out")
    s.edge.vtysh(BYPASS)
    s.wait_open()
    s.edge.configure_bgp("address-family ipv4 unicast", f"no neighbor {s.acme_address('ipv4')} route-map ACME-OUT out")
    s.acme.wait_received("edge_ipv4", set())
    s.edge.vtysh(NO_BYPASS)
    s.acme.wait_received("edge_ipv6", set())
    s.settle()
    closed = s.capture.read().end()
    s.edge.vtysh(BYPASS)
    s.acme.wait_received("edge_ipv6", s.to_acme("ipv6"))
    s.settle()
    # Without a policy bgpd sends nothing (RFC 8212).
    assert s.capture.read().announced(s.edge_address("ipv4"), after=closed) == set()
    assert s.acme.received("edge_ipv4") == set()


@pytest.mark.parametrize("long_lived", [False, True], ids=["graceful", "long-lived"])
def test_routes_of_a_peer_that_restarts_do_not_outlive_its_gate(lab, long_lived):
    """bgpd keeps the routes of a peer that restarts gracefully. Here the gate closes before the peer is back."""
    restarts = ("graceful restart time 1; long lived graceful restart on; long lived stale time 600;" if long_lived
                else "graceful restart time 600;")
    # The witness is told what long-lived stale routes are, or 10.7 takes them from it (RFC 9494).
    s = Scenario(lab, acme={"extra": f"graceful restart on; {restarts}"},
                 witness={"extra": "graceful restart aware; long lived graceful restart aware;"})
    s.start(s.config(bgp=["bgp long-lived-graceful-restart stale-time 600", *s.declaration()]))
    s.acme.wait_established()
    s.edge.vtysh(BYPASS)
    s.wait_open()
    s.settle()
    s.acme.kill()
    for family in FAMILIES:
        until(f"acme's {family} session down at the edge", lambda: s.edge.bgp_state(s.acme_address(family)),
              lambda state: state != "Established")
    if long_lived:
        until("acme's routes long-lived stale", lambda: s.edge.vtysh(f"show bgp ipv4 unicast {s.acme_routes['ipv4'][0]}"),
              lambda text: "llgr-stale" in text)
    s.mark()
    for family in FAMILIES:
        assert s.witness_has_of_acme(family) == set(s.acme_routes[family]), "bgpd has not kept acme's routes"
    s.edge.vtysh(NO_BYPASS)
    for family in FAMILIES:
        until(f"acme's {family} routes gone at the witness", lambda: s.witness_has_of_acme(family),
              lambda seen: seen == set())
    closed = s.capture.read().end()
    s.acme.start()
    s.acme.wait_established()
    s.settle()
    for family in FAMILIES:
        assert s.witness_has_of_acme(family) == set()
        assert s.capture.read().announced(s.edge_address(family), after=closed) == set()


def test_a_bypass_needs_no_disk_and_no_controller(scenario):
    s = scenario
    s.edge.state.chmod(0o500)
    s.start(s.config(bgp=["peering controller 192.0.2.250", "peering EMPTY received-limit ipv4 5", *s.declaration()]))
    s.acme.wait_established()
    s.edge.vtysh("peering bypass all reason the disk is gone: " + "ü" * 100)
    s.wait_open()
    # A long reason is cut between two characters.
    reason = s.edge.bgpd_json("show peering json")["bypass"]["reason"]
    assert reason.removeprefix("the disk is gone: ").strip("ü") == "" and reason.endswith("ü"), reason
    # What is shown is what is, for one without a neighbor yet too.
    shown = {entry["name"]: entry["gate"] for entry in s.edge.bgpd_json("show peering json")["connections"]}
    assert shown == {NAME: "allow", "EMPTY": "allow"}
    assert s.edge.log_lines("ALERT bypass of every session by operator: the disk is gone")
    s.edge.vtysh("no peering bypass all")
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", set())


def test_a_bypass_of_all_covers_what_comes_later(lab):
    s = Scenario(lab, witness_as=64500)
    s.start(s.config(bgp=["peering default-deny"]))
    s.acme.wait_established()
    s.settle(keepalives=1)
    s.expect_nothing_passed()
    s.edge.vtysh("peering bypass all reason maintenance of the module")
    s.wait_open()
    for family in FAMILIES:
        s.edge.configure_bgp(f"no neighbor {s.acme_address(family)}")
        s.edge.configure_bgp(*s.acme_neighbor(family), f"address-family {family} unicast", *s.acme_family(family))
    s.wait_open()
    s.edge.vtysh("no peering bypass all")
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", set())
    assert s.edge.connection_state(s.acme_address("ipv4")) == "PendingApproval"


def test_a_bypass_of_all_covers_a_session_that_is_added_to_a_connection(scenario):
    s = scenario
    s.start(s.config(bgp=[line for line in s.declaration() if s.acme_address("ipv6") not in line],
                     acme_neighbor=lambda family: s.acme_neighbor(family) if family == "ipv4" else [],
                     acme_family=lambda family: s.acme_family(family) if family == "ipv4" else []))
    s.edge.vtysh("peering bypass all reason maintenance of the module")
    s.edge.configure_bgp(f"peering {NAME} neighbor {s.acme_address('ipv6')}")
    s.edge.configure_bgp(*s.acme_neighbor("ipv6"), "address-family ipv6 unicast", *s.acme_family("ipv6"))
    s.wait_open()
    assert s.edge.connection(NAME)["gate"] == "allow"
    s.edge.vtysh("no peering bypass all")
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", set())


# Letting go

def test_a_tombstone_is_let_go_of_by_a_person_with_a_reason(scenario):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    assert f"{NAME} is Active" in s.edge.refused(f"clear peering gate {NAME} reason tired of it")
    s.edge.verb(NAME, "deprovision now")
    s.edge.wait_state(NAME, "None")
    s.edge.configure_bgp(*(f"no peering {NAME} neighbor {s.acme_address(family)}" for family in FAMILIES))
    s.settle()
    s.expect_nothing_sent(after=s.capture.read().end())
    s.edge.vtysh(f"clear peering gate {NAME} reason acme is a transit now")
    s.acme.wait_established()
    s.wait_open()
    assert "no connection" in s.edge.vtysh("show peering").lower() or NAME not in s.edge.vtysh("show peering")
    assert s.edge.log_lines(f"{NAME} is let go of by operator: acme is a transit now")
    s.edge.vtysh("write memory")
    s.restart_bgpd()
    s.acme.wait_established()
    for family in FAMILIES:
        until(f"{family} open both ways", lambda: (s.acme.received(f"edge_{family}"), s.witness_has_of_acme(family)),
              lambda seen: OWN[family] in seen[0] and seen[1] == set(s.acme_routes[family]))


def test_what_default_deny_would_gate_again_is_not_let_go_of(lab):
    s = Scenario(lab, witness_as=64500)
    s.start(s.config(bgp=["peering default-deny"]))
    s.acme.wait_established()
    address = s.acme_address("ipv4")
    s.edge.wait_state(address, "PendingApproval")
    assert "efault-deny would gate" in s.edge.refused(f"clear peering gate {address} reason it is a friend")
    s.edge.configure_bgp(f"peering default-deny-except neighbor {address}")
    s.settle(keepalives=2)
    assert s.acme.received("edge_ipv4") == set(), "a line of configuration has opened a gate"
    s.edge.vtysh(f"clear peering gate {address} reason it is a friend")
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    until("acme's routes at the witness", lambda: s.witness_has_of_acme("ipv4"),
          lambda seen: seen == set(s.acme_routes["ipv4"]))
    assert sessions(s) == {"ipv4": 1, "ipv6": 1}
    assert s.acme.received("edge_ipv6") == set()
