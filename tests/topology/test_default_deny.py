# SPDX-License-Identifier: GPL-2.0-or-later
"""default-deny on routers that work: what it covers, what it leaves alone, and that its introduction cuts nothing."""
import json

import pytest

from lab.bird import Session
from lab.disk import Disk
from lab.scenario import ACME_AS, EDGE_AS, FAMILIES, OWN, Scenario
from lab.wait import until
from lab.walls import Walls

pytestmark = pytest.mark.versions

OPEN = ["address-family {family} unicast", "neighbor {address} activate", "neighbor {address} route-map ACME-IN in",
        "neighbor {address} route-map ACME-OUT out"]


@pytest.fixture
def internal(lab):
    """With a witness that default-deny leaves alone."""
    return Scenario(lab, witness_as=EDGE_AS)


def would_deny(s):
    return {entry["address"] for entry in s.edge.bgpd_json("show peering would-deny json")["wouldDeny"]}


def addresses(s):
    return {s.acme_address(family) for family in FAMILIES}


def retype(s):
    for family in FAMILIES:
        s.edge.configure_bgp(f"no neighbor {s.acme_address(family)}")
        s.edge.configure_bgp(*s.acme_neighbor(family), f"address-family {family} unicast", *s.acme_family(family))
    s.acme.wait_established()


def test_monitor_lists_and_gates_nothing(internal):
    s = internal
    s.start(s.config(bgp=["peering default-deny monitor"]))
    s.acme.wait_established()
    s.wait_open()
    assert would_deny(s) == addresses(s)
    text = s.edge.vtysh("show peering would-deny")
    assert "default-deny: monitor" in text and "2 that no connection has" in text
    assert s.edge.bgpd_json("show peering json")["moduleState"] == "monitor"
    retype(s)
    s.wait_open()
    # It survives a restart, and becomes default-deny without a cut.
    s.restart_bgpd()
    s.wait_open()
    quiet = s.capture.read().end()
    s.edge.configure_bgp("peering default-deny")
    s.settle()
    assert s.capture.read().routes(kind="withdraw", after=quiet) == []
    assert would_deny(s) == set()
    assert {s.edge.connection_state(address) for address in addresses(s)} == {"Active"}
    s.wait_open()


@pytest.mark.parametrize("line", ["remote-as 64510", "remote-as 64500-64600", "neighbor {ipv4}", "peer-group PEERS",
                                  "listen-range 192.0.2.0/30"])
def test_what_is_excepted_is_left_alone(lab, line):
    s = Scenario(lab, witness_as=EDGE_AS)
    listens = line.startswith("listen-range")
    group = ["neighbor PEERS peer-group", f"neighbor PEERS remote-as {ACME_AS}", "neighbor PEERS timers 1 9"]

    def acme_neighbor(family):
        if listens:
            return [*group, "bgp listen range 192.0.2.0/30 peer-group PEERS"] if family == "ipv4" else []
        member = s.acme_neighbor(family) if "peer-group" not in line else [
            *(group if family == "ipv4" else []), f"neighbor {s.acme_address(family)} peer-group PEERS"]
        return member

    def acme_family(family):
        if listens:
            return ["neighbor PEERS activate", "neighbor PEERS route-map ACME-IN in",
                    "neighbor PEERS route-map ACME-OUT out"] if family == "ipv4" else []
        return s.acme_family(family)

    line = "peering default-deny-except " + line.format(ipv4=s.acme_address("ipv4"))
    s.start(s.config(bgp=["peering default-deny", line], acme_neighbor=acme_neighbor, acme_family=acme_family))
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    until("acme's routes at the witness", lambda: s.witness_has_of_acme("ipv4"),
          lambda seen: seen == set(s.acme_routes["ipv4"]))
    assert s.acme_address("ipv4") not in s.edge.vtysh("show peering")
    assert line in s.edge.running_config()
    if "neighbor {ipv4}" in line or line.endswith(s.acme_address("ipv4")):
        # The other one is not excepted.
        s.settle()
        assert s.acme.received("edge_ipv6") == set() and s.witness_has_of_acme("ipv6") == set()
        assert s.edge.connection_state(s.acme_address("ipv6")) == "PendingApproval"
    # Taken out again it opens and closes nothing by itself; the next session is gated.
    s.edge.configure_bgp(f"no {line}")
    s.settle()
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    s.edge.vtysh("clear bgp *")
    s.edge.wait_state(s.acme_address("ipv4"), "PendingApproval")
    until("the session up", lambda: s.acme.bgp_state("edge_ipv4"), lambda state: state == "Established")
    gated = s.capture.read().end()
    s.settle()
    assert s.capture.read().announced(s.edge_address("ipv4"), after=gated) == set()
    assert s.witness_has_of_acme("ipv4") == set()


def start_dynamic(lab, **session):
    """acme is a dynamic neighbor, over IPv4 alone."""
    s = Scenario(lab, witness_as=EDGE_AS)
    s.acme.sessions = [Session("edge_ipv4", s.acme_link.far_ipv4, s.acme_link.near_ipv4, **session)]

    def acme_neighbor(family):
        return ["neighbor PEERS peer-group", f"neighbor PEERS remote-as {ACME_AS}", "neighbor PEERS timers 1 9",
                "bgp listen range 192.0.2.0/30 peer-group PEERS"] if family == "ipv4" else []

    def acme_family(family):
        return ["neighbor PEERS activate", "neighbor PEERS route-map ACME-IN in",
                "neighbor PEERS route-map ACME-OUT out", "neighbor PEERS default-originate"] \
            if family == "ipv4" else []

    s.start(s.config(bgp=["peering default-deny"], acme_neighbor=acme_neighbor, acme_family=acme_family))
    return s


def test_a_dynamic_neighbor_that_restarts_is_not_waited_for_behind_a_closed_gate(lab):
    """bgpd keeps its structure for its routes; both go when the gate closes before it is back."""
    s = start_dynamic(lab, extra="graceful restart on; graceful restart time 600;")
    name = s.acme_link.far_ipv4
    s.acme.wait_established()
    s.edge.vtysh(f"peering bypass {name} reason a test")
    until("acme's routes at the witness", lambda: s.witness_has_of_acme("ipv4"),
          lambda seen: seen == set(s.acme_routes["ipv4"]))
    s.mark()
    s.acme.kill()
    until("acme's session down", lambda: s.edge.bgp_state(name), lambda state: state != "Established")
    assert s.edge.bgp_state(name) != "absent"
    s.edge.vtysh(f"no peering bypass {name}")
    until("acme's routes gone at the witness", lambda: s.witness_has_of_acme("ipv4"), lambda seen: not seen)
    until("the dynamic neighbor gone", lambda: s.edge.bgp_neighbor(name), lambda seen: not seen)
    closed = s.capture.read().end()
    s.acme.start()
    s.acme.wait_established()
    s.settle()
    assert s.witness_has_of_acme("ipv4") == set()
    assert s.capture.read().announced(s.edge_address("ipv4"), after=closed) == set()


def test_dynamic_neighbors_are_gated_each_time_they_come(lab):
    s = start_dynamic(lab)
    for flap in range(3):
        s.acme.wait_established()
        s.settle(keepalives=1)
        assert s.acme.received("edge_ipv4") == set() and s.witness_has_of_acme("ipv4") == set()
        found = s.edge.connection(s.acme_link.far_ipv4)
        assert found["connectionState"] == "PendingApproval" and found["sessions"][0]["receivedCount"] == 10
        s.acme.stop()
        until("the dynamic neighbor gone", lambda: s.edge.bgp_neighbor(s.acme_link.far_ipv4), lambda seen: not seen)
        s.acme.start()
    assert s.capture.read().announced(s.edge_address("ipv4")) == set()
    # Adopted it is open, also when it comes back as another structure.
    s.acme.wait_established()
    s.edge.verb(s.acme_link.far_ipv4, "adopt")
    s.edge.wait_state(s.acme_link.far_ipv4, "Active")
    for flap in range(2):
        until("its routes at the witness", lambda: s.witness_has_of_acme("ipv4"),
              lambda seen: seen == set(s.acme_routes["ipv4"]))
        until("ours at acme", lambda: s.acme.received("edge_ipv4"), lambda seen: "0.0.0.0/0" in seen)
        if flap == 0:
            s.acme.stop()
            s.acme.start()
            s.acme.wait_established()
    # It cannot be shut: taken out of service it may stay up, and passes nothing.
    s.settle(keepalives=2)
    s.edge.verb(s.acme_link.far_ipv4, "deprovision now")
    s.edge.wait_state(s.acme_link.far_ipv4, "None")
    s.acme.wait_established()
    until("acme's routes gone at the witness", lambda: s.witness_has_of_acme("ipv4"), lambda seen: seen == set())
    s.acme.wait_received("edge_ipv4", set())
    ended = s.capture.read().end()
    s.settle()
    assert s.capture.read().announced(s.edge_address("ipv4"), after=ended) == set()


def test_forty_sessions_go_through_the_guides_order_without_a_withdrawal(lab):
    """A router that works: load the module, monitor, default-deny. Some neighbors are down."""
    s = Scenario(lab, module=False, witness_as=EDGE_AS)
    link = s.acme_link
    s.acme.sessions, lines, families = [], [], {"ipv4": [], "ipv6": []}
    for number in range(1, 21):
        for family, near, far in (("ipv4", f"198.51.100.{4 * number + 1}", f"198.51.100.{4 * number + 2}"),
                                  ("ipv6", f"2001:db8:100:{number:x}::1", f"2001:db8:100:{number:x}::2")):
            length = 30 if family == "ipv4" else 64
            link.near.ip("address", "add", f"{near}/{length}", "dev", link.near_interface)
            link.far.ip("address", "add", f"{far}/{length}", "dev", link.far_interface, *(
                ["nodad"] if family == "ipv6" else []))
            s.acme.sessions.append(Session(f"{family}_{number}", far, near, families=[family]))
            lines += s.neighbor(far, ACME_AS)
            families[family] += [line.format(address=far, family=family) for line in OPEN[1:]]
    for number in range(5):
        lines += s.neighbor(f"203.0.113.{number + 200}", 64600 + number)
    s.start(s.config(acme_neighbor=lambda family: lines if family == "ipv4" else [],
                     acme_family=lambda family: families[family]))
    s.acme.wait_established()
    own = {family: {prefix for prefix in s.to_acme(family)} for family in FAMILIES}

    def all_open():
        for session in s.acme.sessions:
            s.acme.wait_received(session.name, own[session.families[0]])

    all_open()
    # Loading the module restarts bgpd once.
    s.edge.add_module()
    s.restart_bgpd()
    s.acme.wait_established()
    all_open()
    quiet = s.capture.read().end()
    s.edge.configure_bgp("peering default-deny monitor")
    assert len(would_deny(s)) == 45
    said = s.edge.configure_bgp("peering default-deny")
    assert said.count(": ") >= 45, said
    s.settle(keepalives=2)
    assert len([1 for entry in s.edge.bgpd_json("show peering json")["connections"]
                if entry["connectionState"] == "Active"]) == 45
    assert s.capture.read().routes(kind="withdraw", after=quiet) == []
    own = {family: s.to_acme(family) for family in FAMILIES}
    all_open()
    # A restart keeps them all.
    s.edge.vtysh("write memory")
    s.restart_bgpd()
    s.acme.wait_established()
    for session in s.acme.sessions:
        until(f"{session.name} open", lambda: s.acme.received(session.name),
              lambda seen: own[session.families[0]] <= seen)


@pytest.mark.parametrize("how", ["typed", "read"])
def test_many_are_adopted_in_the_background_and_none_is_gated_meanwhile(internal, how):
    """More than fit into one turn of the main thread. The test build holds the slices back."""
    s = internal
    walls = Walls(s.edge)
    walls.down("adoption")
    others = [f"198.51.100.{number}" for number in range(1, 121)]
    s.start(s.config(bgp=[line for number, address in enumerate(others)
                          for line in (f"neighbor {address} remote-as {64600 + number}",
                                       f"neighbor {address} timers connect 600")]))
    s.acme.wait_established()
    s.wait_open()
    if how == "typed":
        assert "122 neighbors are being adopted" in s.edge.configure_bgp("peering default-deny")
    else:
        path = s.edge.etc / "more.conf"
        path.write_text("router bgp\n peering default-deny\nexit\n")
        s.edge.vtysh_file(path)
    assert s.edge.bgpd_json("show peering json")["adoptionsLeft"] == 122
    assert "Adopting: 122 neighbors are left" in s.edge.vtysh("show peering")
    # A session that flaps meanwhile comes back open; a neighbor that was typed since is gated, here by another name.
    s.edge.vtysh(f"clear bgp {s.acme_address('ipv4')}")
    s.acme.wait_established()
    s.wait_open()
    s.edge.configure_bgp(f"no neighbor {s.acme_address('ipv6')}")
    s.edge.configure_bgp(*s.acme_neighbor("ipv6"), "address-family ipv6 unicast", *s.acme_family("ipv6"))
    s.edge.wait_state(s.acme_address("ipv6"), "PendingApproval")
    quiet = s.capture.read().end()
    walls.up()
    until("all adopted", lambda: s.edge.bgpd_json("show peering json"),
          lambda seen: seen["adoptionsLeft"] == 0 and seen["defaultDeny"][0]["mode"] == "on" and
          [entry["connectionState"] for entry in seen["connections"]].count("Active") == 121)
    s.settle()
    assert s.capture.read().routes(s.edge_address("ipv4"), kind="withdraw", after=quiet) == []
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    assert s.acme.received("edge_ipv6") == set() and s.witness_has_of_acme("ipv6") == set()
    # The journal says that default-deny is on only behind everything that was adopted.
    lines = [json.loads(line) for line in (s.edge.state / "journal.jsonl").read_text().splitlines()]
    on = next(number for number, line in enumerate(lines) if line["type"] == "defaultDeny" and line["mode"] == "on")
    assert max(number for number, line in enumerate(lines) if line.get("to") == "Active") < on
    s.edge.vtysh("write memory")
    told = s.to_acme("ipv4")
    s.restart_bgpd()
    until("open after a restart", lambda: s.acme.received("edge_ipv4"), lambda seen: told <= seen)


@pytest.mark.parametrize("how", ["typed", "read from a file"])
def test_the_journal_knows_of_the_confederation_when_all_of_it_is_adopted(internal, how):
    """A crash in between would find it gated. More than fit into one turn; the test build holds the slices back."""
    s = internal
    walls = Walls(s.edge)
    walls.down("adoption")
    members = [f"198.51.100.{number}" for number in range(1, 61)]
    s.start(s.config(bgp=["peering default-deny", "bgp confederation identifier 64400", "bgp confederation peers 64700",
                          *(line for address in members for line in (f"neighbor {address} remote-as 64700",
                                                                     f"neighbor {address} timers connect 600"))]))

    def journalled():
        return [json.loads(line) for line in (s.edge.state / "journal.jsonl").read_text().splitlines()]

    if how == "typed":
        # Whatever is typed meanwhile says it as well.
        s.edge.configure_bgp("peering default-deny-confederation", "peering default-deny-except remote-as 64999")
    else:
        path = s.edge.etc / "more.conf"
        path.write_text("router bgp\n peering default-deny-confederation\n peering default-deny-except remote-as 64999\nexit\n")
        s.edge.vtysh_file(path)
    assert s.edge.bgpd_json("show peering json")["adoptionsLeft"] == 60
    said = until("the exception journalled", journalled,
                 lambda lines: any("remote-as 64999" in line.get("except", []) for line in lines))
    assert not any(line.get("confederation") for line in said)
    walls.up()
    said = until("all of it journalled", journalled, lambda lines: any(line.get("confederation") for line in lines))
    place = next(number for number, line in enumerate(said) if line.get("confederation"))
    adopted = [number for number, line in enumerate(said) if line.get("to") == "Active"]
    assert len(adopted) == 60 and max(adopted) < place and said[place]["mode"] == "on"
    assert " peering default-deny-confederation\n" in s.edge.running_config()


def wait_disk(s, good):
    until("the router's word on its journal", lambda: s.edge.vtysh("show peering"),
          lambda text: ("cannot be written" in text) != good)


def test_nothing_is_gated_by_an_introduction_that_the_disk_refuses(internal):
    s = internal
    disk = Disk(s.edge)
    s.start(s.config())
    s.acme.wait_established()
    s.wait_open()
    quiet = s.capture.read().end()
    disk.full()
    s.edge.configure_bgp("peering default-deny")
    wait_disk(s, good=False)
    until("nothing of it is left", lambda: s.edge.bgpd_json("show peering json"),
          lambda seen: not seen["connections"] and not seen["adoptionsLeft"])
    assert "default-deny" not in s.edge.running_config()
    s.settle()
    assert s.capture.read().routes(kind="withdraw", after=quiet) == []
    s.edge.vtysh(f"clear bgp {s.acme_address('ipv4')}")
    s.settle(keepalives=0)
    s.acme.wait_established()
    s.wait_open()
    disk.good()
    wait_disk(s, good=True)
    s.edge.configure_bgp("peering default-deny")
    for address in addresses(s):
        s.edge.wait_state(address, "Active")
    s.wait_open()


def test_nothing_opens_by_an_adoption_that_the_disk_refuses(internal):
    """Neighbors that are gated as they come, and are not up yet."""
    s = internal
    disk = Disk(s.edge)
    s.witness.start()
    s.edge.start(s.config(bgp=["peering default-deny"]))
    disk.full()
    s.edge.vtysh("peering adopt all")
    wait_disk(s, good=False)
    s.acme.start()
    s.acme.wait_established()
    s.settle()
    s.expect_nothing_passed()
    disk.good()
    wait_disk(s, good=True)
    assert s.edge.bgpd_json("show peering json")["defaultDeny"][0]["mode"] == "on"
    s.edge.vtysh("peering adopt all")
    for address in addresses(s):
        s.edge.wait_state(address, "Active")
    s.wait_open()


def test_neighbors_of_the_confederation_that_are_up_are_adopted_first(lab):
    confederation = "confederation 64400; confederation member yes;"
    s = Scenario(lab, witness_as=EDGE_AS, acme={"extra": confederation}, witness={"extra": confederation})
    # bgpd 8.4.4 has no policy of such a neighbor's in mind where one is required.
    lines = {"ipv4": ["no bgp ebgp-requires-policy", "bgp confederation identifier 64400",
                      f"bgp confederation peers {ACME_AS}"], "ipv6": []}
    s.start(s.config(bgp=["peering default-deny"],
                     acme_neighbor=lambda family: lines[family] + s.acme_neighbor(family)))
    s.acme.wait_established()

    def wait_open():
        # Next hops stay as they are within a confederation: what acme can reach is the edge's own.
        for family in FAMILIES:
            until(f"the edge's {family} route at acme", lambda: s.acme.received(f"edge_{family}"),
                  lambda seen: OWN[family] in seen)

    wait_open()
    quiet = s.capture.read().end()
    said = s.edge.configure_bgp("peering default-deny-confederation")
    for address in addresses(s):
        assert f"{address} AS{ACME_AS}: adopted" in said
        s.edge.wait_state(address, "Active")
    s.edge.vtysh(f"clear bgp {s.acme_address('ipv4')}")
    s.settle(keepalives=0)
    s.acme.wait_established()
    wait_open()
    assert s.capture.read().routes(s.edge_address("ipv6"), kind="withdraw", after=quiet) == []
