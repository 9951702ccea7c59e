# SPDX-License-Identifier: GPL-2.0-or-later
"""The audit: each kind of violation is planted, in a build of the module with walls that can be taken down.

The far sides say that something has passed; the audit has to have found it, shut the session, and said so.
"""
import pytest

from lab.bird import Session
from lab.scenario import ACME_AS, EDGE_AS, FAMILIES, NAME, Scenario
from lab.wait import until
from lab.walls import Walls

pytestmark = pytest.mark.versions


@pytest.fixture
def scenario(lab):
    s = Scenario(lab)
    s.walls = Walls(s.edge)
    return s


def wait_installed(s):
    """acme's routes have reached the witness, and bgpd is past the first second of the witness's session, in which
    8.4.4 forgets to pass withdrawals on."""
    for family in FAMILIES:
        until(f"acme's {family} routes at the witness", lambda: s.witness_has_of_acme(family),
              lambda seen: seen == set(s.acme_routes[family]))
    s.settle()


def audit(s):
    return s.edge.bgpd_json("show peering json")["audit"]


def wait_found(s, *words):
    """A session is shut, and everything that operators read says why."""
    def found():
        return [session for session in s.edge.connection(NAME)["sessions"] if session["violations"]]

    sessions = until("a violation", found)
    assert all(word in session["violation"] for session in sessions for word in words), sessions
    for session in sessions:
        until(f"{session['address']} shut", lambda: s.edge.bgp_state(session["address"]),
              lambda state: state != "Established")
        assert s.edge.log_lines(f"ALERT audit: {session['address']} of {NAME}: ")
    assert "violation" in s.edge.connection(NAME)["flags"]
    assert f"VIOLATED {sessions[0]['address']}" in s.edge.vtysh(f"show peering {NAME}")
    return sessions


def expect_healed(s, sessions):
    """With the walls up again, and somebody who has looked, the session comes back gated."""
    s.walls.up()
    ended = s.capture.read().end()
    s.edge.vtysh(f"clear peering violation {NAME}")
    s.acme.wait_established()
    s.settle()
    s.expect_nothing_sent(after=ended)
    for family in FAMILIES:
        assert s.witness_has_of_acme(family) == set()
    assert not [session for session in s.edge.connection(NAME)["sessions"] if session["violations"]]


def test_a_session_in_an_update_group_is_found(scenario):
    s = scenario
    s.walls.down("groups", "policy", "typed", "closing", "audit")
    s.start(s.config(bgp=s.declaration()))
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", s.to_acme(family))
    s.walls.down("groups", "policy", "typed", "closing")
    sessions = wait_found(s, "it is in an update-group", " prefixes sent")
    expect_healed(s, sessions)


def test_an_originated_default_alone_is_found(scenario):
    """It stands in no Adj-RIB-Out and is counted nowhere."""
    s = scenario
    s.walls.down("groups", "typed", "audit", "closing")
    s.start(s.config(bgp=s.declaration(),
                     ipv4=[f"neighbor {s.acme_address('ipv4')} default-originate"]))
    s.acme.wait_received("edge_ipv4", {"0.0.0.0/0"})
    s.walls.down("groups", "typed", "closing")
    sessions = wait_found(s, "it is in an update-group")
    assert s.acme_address("ipv4") in {session["address"] for session in sessions}


def test_installed_routes_are_found(scenario):
    s = scenario
    s.walls.down("policy", "parser", "typed", "closing", "audit", "originals")
    s.start(s.config(bgp=s.declaration()))
    wait_installed(s)
    s.walls.down("policy", "parser", "typed", "closing", "originals")
    sessions = wait_found(s, "10 of its routes are installed")
    for family in FAMILIES:
        until(f"acme's {family} routes gone at the witness", lambda: s.witness_has_of_acme(family),
              lambda seen: seen == set())
    expect_healed(s, sessions)


def test_a_path_that_bgpd_does_not_count_is_found_in_its_table(scenario):
    s = scenario
    s.walls.down("policy", "parser", "typed", "closing", "audit", "count")
    s.start(s.config(bgp=s.declaration()))
    wait_installed(s)
    s.walls.down("policy", "parser", "typed", "closing", "count")
    sessions = wait_found(s, " is in the ", " table of vrf default")
    expect_healed(s, sessions)


def test_a_copy_in_another_instance_is_found(lab):
    s = Scenario(lab, vrfs=["blue"])
    s.walls = Walls(s.edge)
    s.walls.down("policy", "parser", "typed", "closing", "audit", "count", "originals")
    s.start(s.config(bgp=s.declaration(), top=["vrf blue", "exit-vrf"], bottom=[
        "router bgp 64500 vrf blue", "bgp router-id 192.0.2.99", "no bgp network import-check",
        "address-family ipv4 unicast", "import vrf default", "exit-address-family", "exit"]))

    def copies():
        routes = s.edge.bgpd_json("show bgp vrf blue ipv4 unicast json").get("routes", {})
        return set(routes) & set(s.acme_routes["ipv4"])

    until("copies of acme's routes in vrf blue", copies, lambda seen: seen == set(s.acme_routes["ipv4"]))
    s.walls.down("policy", "parser", "typed", "closing", "count", "originals")
    wait_found(s, "a copy of ", " table of vrf blue")


def test_a_copy_in_the_vpn_table_is_found(scenario):
    """A route of the peer's that the instance exports to the VPN: the copy has a table of its own."""
    s = scenario
    s.walls.down("policy", "parser", "typed", "closing", "audit", "count", "originals")
    # 10.3 exports nothing of what comes as soon as its file is read: peers wait as long as they do by its own timer.
    s.start(s.config(top=["bgp route-map delay-timer 5"], bgp=s.declaration(), ipv4=["rd vpn export 64500:1", "rt vpn export 64500:1",
                                                "label vpn export 100", "export vpn"]))

    def copies():
        return {prefix for prefix in s.acme_routes["ipv4"] if prefix in s.edge.vtysh("show bgp ipv4 vpn")}

    until("copies of acme's routes in the VPN table", copies, lambda seen: seen == set(s.acme_routes["ipv4"]))
    wait_installed(s)
    s.walls.down("policy", "parser", "typed", "closing", "count", "originals")
    sessions = wait_found(s, "a copy of ", " is in the IPv4 VPN table of vrf default")
    assert [session["address"] for session in sessions] == [s.acme_address("ipv4")]
    until("no copies", copies, lambda seen: not seen)
    expect_healed(s, sessions)


VPN_ROUTES = [f"{ACME_AS}:1 {prefix}" for prefix in ("198.18.200.0/24", "198.18.201.0/24")]


@pytest.mark.parametrize("where", ["its own table", "a vrf"])
def test_a_vpn_route_of_a_gated_peer_is_found(lab, where):
    """In the VPN table, and where a VRF imports it: the copy alone is looked at there."""
    s = Scenario(lab, vrfs=["blue"])
    s.walls = Walls(s.edge)
    down = ["policy", "parser", "typed", "closing", "count"] + (["originals"] if where == "a vrf" else [])
    s.walls.down("audit", *down)
    s.acme.session("edge_ipv4").families = ("ipv4", "ipv4 vpn")
    s.acme.announced = {"ipv4": [], "ipv6": [], "ipv4 vpn": VPN_ROUTES}
    s.acme.attributes = {prefix: f"bgp_ext_community.add((rt, {ACME_AS}, 1));" for prefix in VPN_ROUTES}
    peer = f"neighbor {s.acme_address('ipv4')}"
    s.start(s.config(bgp=[*s.declaration(), "address-family ipv4 vpn", f"{peer} activate", f"{peer} route-map ACME-IN in",
                          f"{peer} route-map ACME-OUT out", "exit-address-family"], top=["vrf blue", "exit-vrf"], bottom=[
        f"router bgp {EDGE_AS} vrf blue", "bgp router-id 192.0.2.99", "address-family ipv4 unicast",
        *([f"rt vpn import {ACME_AS}:1", "import vpn"] if where == "a vrf" else []), "exit-address-family", "exit"]))

    def taken(table):
        return {prefix for prefix in VPN_ROUTES if prefix.split()[1] in s.edge.vtysh(table)}

    tables = ["show bgp ipv4 vpn", *(["show bgp vrf blue ipv4 unicast"] if where == "a vrf" else [])]
    for table in tables:
        until(f"acme's routes in {table}", lambda: taken(table), lambda seen: seen == set(VPN_ROUTES))
    s.walls.down(*down)
    wait_found(s, *(("a copy of ", " is in the IPv4 Unicast table of vrf blue") if where == "a vrf"
                    else (" is in the IPv4 VPN table of vrf default",)))
    for table in tables:
        until(f"nothing of acme's in {table}", lambda: taken(table), lambda seen: not seen)


@pytest.mark.parametrize("also", [(), ("policy",)], ids=["alone", "without-the-policy"])
def test_what_had_passed_is_taken_back_by_the_closing_wall(lab, also):
    """Without it the routes that were accepted before stay, and so do their copies; with it they leave every table, where
    no policy denies them, too."""
    s = Scenario(lab, vrfs=["blue"], acme={"extra": "enable route refresh off;"})
    s.walls = Walls(s.edge)
    s.walls.down("closing", "audit", *also)
    s.start(s.config(bgp=s.declaration(), top=["vrf blue", "exit-vrf"], bottom=[
        "router bgp 64500 vrf blue", "bgp router-id 192.0.2.99", "no bgp network import-check",
        "address-family ipv4 unicast", "import vrf default", "exit-address-family", "exit"]))

    def taken():
        copies = set(s.edge.bgpd_json("show bgp vrf blue ipv4 unicast json").get("routes", {}))
        return [s.witness_has_of_acme("ipv4"), s.witness_has_of_acme("ipv6"), copies & set(s.acme_routes["ipv4"])]

    everything = [set(s.acme_routes["ipv4"]), set(s.acme_routes["ipv6"]), set(s.acme_routes["ipv4"])]
    s.acme.wait_established()
    s.edge.vtysh(f"peering bypass {NAME} reason a test")
    until("acme's routes everywhere", taken, lambda seen: seen == everything)
    senders = [session.neighbor for session in s.acme.sessions]
    s.capture.wait_keepalives(senders, 3)
    s.edge.vtysh(f"no peering bypass {NAME}")
    s.edge.wait_gate(NAME, "deny")
    s.capture.wait_keepalives(senders, 3)
    assert taken() == everything, "something else than the wall has taken them back"
    s.walls.down("audit", *also)
    s.edge.configure(f"router bgp {EDGE_AS}",
                     *(f"neighbor {s.acme_address(family)} description closed" for family in FAMILIES))
    until("acme's routes nowhere", taken, lambda seen: seen == [set(), set(), set()])


@pytest.mark.parametrize("wall", ["policy", "groups"])
def test_what_stays_behind_a_gate_that_closes_is_found(scenario, wall):
    """An open session whose gate closes, and nothing takes back what had passed."""
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.edge.vtysh(f"peering bypass {NAME} reason a test")
    wait_installed(s)
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", s.to_acme(family))
    s.walls.down("closing", "typed", wall)
    s.edge.vtysh(f"no peering bypass {NAME}")
    sessions = wait_found(s)
    for family in FAMILIES:
        until(f"acme's {family} routes gone at the witness", lambda: s.witness_has_of_acme(family), lambda seen: not seen)
        until(f"ours gone at acme, {family}", lambda: s.acme.received(f"edge_{family}"), lambda seen: not seen)
    expect_healed(s, sessions)


def dynamic(s):
    """acme's IPv4 session alone, of a listen range. Returns what config() takes."""
    s.acme.sessions = [Session("edge_ipv4", s.acme_link.far_ipv4, s.acme_link.near_ipv4)]

    def neighbor(family):
        return ["neighbor PEERS peer-group", f"neighbor PEERS remote-as {ACME_AS}", "neighbor PEERS timers 1 9",
                "bgp listen range 192.0.2.0/30 peer-group PEERS"] if family == "ipv4" else []

    def family_lines(family):
        return ["neighbor PEERS activate", "neighbor PEERS route-map ACME-IN in",
                "neighbor PEERS route-map ACME-OUT out"] if family == "ipv4" else []

    return {"acme_neighbor": neighbor, "acme_family": family_lines}


def sessions_of_acme(s):
    return len(s.capture.read().sessions(s.edge_address("ipv4")))


def test_a_dynamic_neighbor_that_leaks_again_is_reset_again(lab):
    """It cannot be shut, and comes back."""
    s = Scenario(lab, witness_as=EDGE_AS)
    s.walls = Walls(s.edge)
    s.walls.down("groups", "policy", "typed", "closing")
    s.start(s.config(bgp=["peering default-deny"], **dynamic(s)))
    until("one session after the other", lambda: sessions_of_acme(s), lambda count: count >= 4)
    s.walls.up()
    s.edge.vtysh(f"clear peering violation {s.acme_address('ipv4')}")
    count = sessions_of_acme(s)
    # What leaked as the walls came up may be one more.
    until("a session that stays", lambda: [sessions_of_acme(s), s.acme.wait_established(), s.settle(),
                                           sessions_of_acme(s)], lambda seen: seen[0] == seen[3] >= count)
    assert s.acme.received("edge_ipv4") == set() and s.witness_has_of_acme("ipv4") == set()


def test_a_wall_that_is_missing_stands_again(scenario):
    """Nothing passes, the other walls see to it; but there were two, and there are to be two."""
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.walls.down("typed", "audit")
    s.edge.configure_bgp("address-family ipv4 unicast", f"neighbor {s.acme_address('ipv4')} route-map WITNESS out")
    assert s.edge.running_config().count("route-map PEERING-DENY-ALL") == 3
    before = audit(s)["repairs"]
    s.walls.up()
    until("every wall", lambda: s.edge.running_config(),
          lambda config: config.count("route-map PEERING-DENY-ALL") == 4)
    assert audit(s)["repairs"] == before + 1
    assert s.edge.log_lines("ALERT audit: a wall around .* was missing, and stands again")
    s.settle()
    s.expect_nothing_passed()
    assert audit(s)["violations"] == 0


def test_nothing_runs_while_nothing_is_gated(scenario):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    s.settle()
    until("the audit rests", lambda: [audit(s)["looks"], s.settle(keepalives=4), audit(s)["looks"]],
          lambda seen: seen[0] == seen[2])


def test_it_walks_all_tables_and_finds_nothing_where_nothing_is(lab):
    s = Scenario(lab, acme_routes=2000)
    s.start(s.config(bgp=s.declaration(limit=100000)))
    s.acme.wait_established()
    s.settle(keepalives=4)
    # The first walk may have been over before the witness's routes were there; the next one is not.
    found = until("whole walks over all that there is", lambda: audit(s),
                  lambda found: found["walks"] >= 1 and found["paths"] >= 5)
    assert found["looks"] > 0 and found["violations"] == 0 and found["repairs"] == 0
    s.expect_nothing_passed()
