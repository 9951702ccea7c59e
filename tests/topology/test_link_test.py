# SPDX-License-Identifier: GPL-2.0-or-later
"""The link test, with a real peer at the other end: what it finds, what it sends (seen there), and what it leaves alone."""
import contextlib
import json
import re
import socket

import pytest

from lab.controller import ROUTER, Controller
from lab.frames import Frames
from lab.namespaces import Link
from lab.scenario import ACME_AS, FAMILIES, NAME, Scenario
from lab.wait import until

HERE, THERE = "169.254.10.1", "169.254.10.2"
WIRE = f"peering {NAME} link-test address {HERE}/30 peer {THERE}"
RANGE = "169.254."


@pytest.fixture
def scenario(lab):
    return Scenario(lab)


def link(s, name=NAME):
    return s.edge.bgpd_json(f"show peering {name} link json")


def wait_tested(s, holds=lambda result: result["passed"] is not None, name=NAME):
    """Waits for a result, and returns all that is shown of it."""
    return until(f"a link test of {name}", lambda: link(s, name),
                 lambda seen: not seen["linkTest"]["running"] and holds(seen["linkTest"]))


def wait_passed(s, name=NAME):
    return wait_tested(s, lambda result: result["passed"], name)


def wait_failed(s, words, name=NAME):
    return wait_tested(s, lambda result: result["passed"] is False and words in result["reason"], name)


def acme_port(s):
    """acme's end of the cable, and its name there."""
    return s.acme_link.far, s.acme_link.far_interface


def start(s, *lines, **options):
    s.start(s.config(bgp=[*s.declaration(), f"peering {NAME} timers link-test 1", *lines], **options))
    s.edge.wait_state(NAME, "PendingApproval")


def echoes(frames, sender):
    """The ids of the echoes that an address has sent."""
    return {re.search(r"echo request, id (\d+)", line)[1] for line in frames.lines(f"{sender} > .*echo request")}


def wait_figures_of(frames, target):
    """What is shown of a target counts each answer of the last test, as the far end of the cable saw them leave; a machine
    that is busy with others may lose one."""
    # An unnumbered neighbor is asked from whatever address the kernel takes.
    asker = r"fe80::\S+" if target["from"] == "::" else re.escape(target["from"])
    pattern = rf"length:? (\d+)\).* > {asker}: .*echo reply, id (\d+)"

    def sizes():
        answers = [re.search(pattern, line).groups() for line in frames.lines(pattern)]
        return [int(size) for size, identity in answers if identity == answers[-1][1]]

    small, full = (64, target["mtu"] - 40) if ":" in target["from"] else (84, target["mtu"])
    # The last of the large ones left behind all the small ones.
    seen = until("the answers at the far end", sizes, lambda seen: seen.count(full) >= target["fullSizeReceived"] > 0)
    assert (target["sent"], target["received"]) == (10, seen.count(small)), frames.lines("echo re")


# From the addresses of the sessions

@pytest.mark.versions
def test_the_link_of_a_real_peer(scenario):
    s = scenario
    frames = Frames(*acme_port(s))
    start(s)
    s.edge.verb(NAME, "approve")
    found = wait_passed(s)
    assert found["linkTest"] == {**found["linkTest"], "port": "acme", "level": "optional", "reason": ""}
    mac = json.loads(s.lab.namespace("acme").ip("-j", "link", "show", "dev", "edge"))[0]["address"]
    assert {(one["target"], one["from"], one["hardwareAddress"], one["neighborAnswers"], one["fullSizeSent"], one["mtu"])
            for one in found["targets"]} == {
                (s.acme_address(family), s.edge_address(family), mac, True, 3, 1500) for family in FAMILIES}
    for target in found["targets"]:
        wait_figures_of(frames, target)
    assert all(0 < one["rttMinMicroseconds"] <= one["rttAverageMicroseconds"] <= one["rttMaxMicroseconds"]
               for one in found["targets"])
    port = found["port"]
    assert (port["interface"], port["operational"], port["mtu"], port["megabits"]) == ("acme", True, 1500, 10000)
    assert port["receivePowerDbm"] is None and port["receiveErrorsDuringTest"] == 0
    # What was there: ten small ones and three of full size that may not be fragmented, each way.
    frames.wait(f"{s.edge_address('ipv4')} > .*echo request", lambda seen: len(seen) == 13)
    assert len(frames.lines(rf"flags \[DF\].*length 1500\).*{s.edge_address('ipv4')} > .*echo request")) == 3
    frames.wait(rf"payload length:? 1460\).*{s.edge_address('ipv6')} > .*echo request", lambda seen: len(seen) == 3)
    assert not frames.lines(r"\bfrag\b|flags \[\+\]")
    shown = s.edge.vtysh(f"show peering {NAME} link")
    lost = [f"{one['sent'] - one['received']} of 10" for one in found["targets"]]
    for words in ("port acme", "passed", "acme up, 10G, MTU 1500", mac, *lost, "of 3"):
        assert words in shown, shown
    assert "Link     port acme   test optional: passed" in s.edge.vtysh(f"show peering {NAME}")

    # What has passed is not tested again by itself; it is journalled, and then the session is as ever.
    s.edge.verb(NAME, "ready")
    s.wait_passed()
    assert len(echoes(frames, s.edge_address("ipv4"))) == 1
    connection = [json.loads(line)["connection"] for line in (s.edge.state / "journal.jsonl").read_text().splitlines()
                  if '"linkTest"' in line][-1]
    assert connection["linkTest"]["passed"] is True and connection["linkTest"]["at"] > 0


@pytest.mark.versions
def test_the_port_of_a_session_of_ipv6_alone(scenario):
    s = scenario
    s.start(s.config(bgp=[f"peering {NAME} neighbor {s.acme_address('ipv6')}", f"peering {NAME} link-test required"]))
    s.edge.wait_state(NAME, "PendingApproval")
    s.edge.verb(NAME, "approve")
    found = wait_passed(s)
    assert (found["linkTest"]["port"], [one["from"] for one in found["targets"]]) == ("acme", [s.edge_address("ipv6")])
    # Its session is shut.
    assert [one["name"] for one in s.edge.bgpd_json("show peering interface acme json")["connections"]] == [NAME]
    s.edge.verb(NAME, "ready")
    s.edge.wait_state(NAME, "Validating")


def test_a_peer_that_does_not_answer_holds_ready_where_that_is_required(scenario):
    s = scenario
    namespace, port = acme_port(s)
    start(s, f"peering {NAME} link-test required")
    namespace.ip("address", "delete", f"{s.acme_address('ipv4')}/30", "dev", port)
    s.edge.verb(NAME, "approve")
    wait_failed(s, f"{s.acme_address('ipv4')} does not answer ARP")
    answer = s.edge.refused(f"peering {NAME} ready")
    assert "does not answer ARP" in answer and f"peering {NAME} link-test now" in answer
    assert s.edge.connection_state(NAME) == "ProvisioningStarted"
    assert "does not answer ARP" in s.edge.connection(NAME)["waitsFor"]
    assert "ready" in s.edge.connection(NAME)["allowedVerbs"]
    # Mended, it passes by the timer, and `ready` is taken.
    namespace.ip("address", "add", f"{s.acme_address('ipv4')}/30", "dev", port)
    wait_passed(s)
    s.edge.verb(NAME, "ready")
    s.wait_passed()


def test_an_optional_one_holds_nothing(scenario):
    s = scenario
    namespace, port = acme_port(s)
    start(s)
    namespace.run(["sysctl", "-q", "-w", "net.ipv4.icmp_echo_ignore_all=1"])
    s.edge.verb(NAME, "approve")
    found = wait_failed(s, f"{s.acme_address('ipv4')} answers ARP and no echo")
    assert [one["received"] > 0 for one in found["targets"]] == [False, True]
    s.edge.verb(NAME, "ready")
    s.wait_passed()


def test_off_sends_nothing_until_somebody_asks(scenario):
    s = scenario
    frames = Frames(*acme_port(s))
    start(s, f"peering {NAME} link-test off")
    s.edge.verb(NAME, "approve")
    assert "is being tested" in s.edge.vtysh(f"peering {NAME} link-test now")
    wait_passed(s)
    assert "is being tested" in s.edge.vtysh(f"peering {NAME} link-test")
    until("a second test", lambda: len(echoes(frames, s.edge_address("ipv6"))), lambda count: count == 2)
    until("its end", lambda: link(s)["linkTest"]["running"], lambda running: not running)
    assert len(echoes(frames, s.edge_address("ipv4"))) == 2


def test_the_mtus_differ(scenario):
    s = scenario
    namespace, port = acme_port(s)
    start(s, f"peering {NAME} link-test required")
    namespace.ip("link", "set", port, "mtu", "1411")
    s.edge.verb(NAME, "approve")
    found = wait_failed(s, "packets of 1411 bytes pass, of 1500, the MTU of this side, they do not")
    assert [(one["fullSizeReceived"], one["mtu"]) for one in found["targets"]] == [(0, 1411)] * 2
    namespace.ip("link", "set", port, "mtu", "1500")
    wait_passed(s)


def test_once_the_port_is_up(scenario):
    s = scenario
    start(s)
    s.edge.namespace.ip("link", "set", "acme", "down")
    until("bgpd knows", lambda: s.edge.vtysh("show interface acme"), lambda seen: "is down" in seen)
    s.edge.verb(NAME, "approve")
    # Where the addresses are gone with the port, nothing says which port it is.
    s.edge.configure_bgp(f"peering {NAME} port acme")
    first = wait_failed(s, "acme is down")["linkTest"]["testedAt"]
    until("other looks at it", lambda: link(s)["linkTest"]["testedAt"], lambda at: at > first)
    lines = (s.edge.state / "journal.jsonl").read_text()
    assert lines.count("acme is down") == 1, "the same finding is journalled once"
    s.edge.namespace.ip("link", "set", "acme", "up")
    s.edge.namespace.ip("address", "replace", f"{s.edge_address('ipv6')}/64", "dev", "acme", "nodad")
    wait_passed(s)


def test_the_wrong_port(scenario):
    s = scenario
    start(s, f"peering {NAME} port witness")
    s.edge.verb(NAME, "approve")
    wait_failed(s, f"{s.acme_address('ipv4')} is in no network of witness")
    assert [one["name"] for one in s.edge.bgpd_json("show peering interface witness json")["connections"]] == [NAME]
    s.edge.configure_bgp(f"peering {NAME} port nowhere")
    wait_failed(s, "bgpd knows of no interface nowhere")
    assert "no interface nowhere" in s.edge.refused(f"peering {NAME} link-test now")
    s.edge.configure_bgp(f"no peering {NAME} port")
    wait_passed(s)


# From 169.254.0.0/16

def in_kernel(s):
    return RANGE in s.edge.namespace.ip("address", "show") + s.edge.namespace.ip("route", "show", "table", "all")


def traces(s):
    """Where there is anything of 169.254.0.0/16, but for the wire."""
    return {where for where, there in {
        "kernel": in_kernel(s), "zebra": RANGE in s.edge.vtysh("show ip route", "show interface acme"),
        "bgpd": RANGE in s.edge.bgpd_vty("show bgp ipv4 unicast"),
        "witness": any(RANGE in prefix for prefix in s.witness.received("edge_ipv4"))}.items() if there}


@pytest.mark.versions
def test_the_range_is_on_the_wire_alone(scenario):
    s = scenario
    namespace, port = acme_port(s)
    namespace.ip("address", "add", f"{THERE}/30", "dev", port)
    frames = Frames(namespace, port)
    start(s, WIRE, ipv4=["redistribute connected", "redistribute kernel"])
    s.witness.wait_established()
    seen = set()
    s.edge.verb(NAME, "approve")
    until("the test", lambda: seen.update(traces(s)) or link(s)["linkTest"], lambda now: now["passed"], pause=0)
    assert seen == set()
    target, = link(s)["targets"]
    assert (target["target"], target["from"], target["onTheWire"], target["mtu"]) == (THERE, HERE, True, 1500)
    wait_figures_of(frames, target)
    frames.wait(rf"flags \[DF\].*length 1500\).*{HERE} > {THERE}: ICMP echo request", lambda found: len(found) == 3)
    assert frames.lines(rf"ttl 255.*{HERE} > {THERE}: ICMP echo request")
    assert frames.lines(rf"who-has {THERE} tell {HERE}")
    # Nobody was asked from the sessions' addresses.
    assert echoes(frames, s.edge_address("ipv4")) == set()
    # What the peer's people ask meanwhile is answered.
    asked = namespace.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    asked.bind((THERE, 0))

    def ask():
        if not link(s)["linkTest"]["running"]:
            s.edge.vtysh(f"peering {NAME} link-test now")
        # It has forgotten what it learned of this side, and asks for that too.
        namespace.ip("neighbor", "flush", "dev", port)
        with contextlib.suppress(OSError):
            asked.sendto(bytes.fromhex("0800f7f700070001"), (HERE, 0))
        return (frames.lines(rf"{HERE} > {THERE}: ICMP echo reply, id 7, seq 1, length 8")
                and frames.lines(rf"Reply {HERE} is-at"))

    until("an answer to the peer", ask, bool)
    asked.close()
    until("the end of that test", lambda: link(s)["linkTest"]["running"], lambda running: not running)

    # Once it is ready the range is done with.
    s.edge.verb(NAME, "ready")
    s.wait_passed()
    s.edge.vtysh(f"peering {NAME} link-test now")
    found = wait_tested(s, lambda result: result["passed"])
    assert {one["target"] for one in found["targets"]} == {s.acme_address(family) for family in FAMILIES}
    s.settle()
    assert traces(s) == set()
    # An address on the port would have been seen. (zebra itself redistributes no connected network of this range.)
    s.edge.namespace.ip("address", "add", f"{HERE}/30", "dev", "acme")
    until("an address where it should not be", lambda: traces(s), lambda now: now == {"kernel", "zebra"})


def test_the_wrong_addresses(scenario):
    s = scenario
    namespace, port = acme_port(s)
    namespace.ip("address", "add", "169.254.10.6/30", "dev", port)
    start(s, WIRE)
    s.edge.verb(NAME, "approve")
    wait_failed(s, f"{THERE} does not answer ARP")
    # The peer has taken the address of this side.
    namespace.ip("address", "add", f"{THERE}/30", "dev", port)
    namespace.ip("address", "add", f"{HERE}/30", "dev", port)
    wait_failed(s, "somebody else on the link has the address of this side")
    namespace.ip("address", "delete", f"{HERE}/30", "dev", port)
    wait_passed(s)


def test_a_port_that_carries_another_active_connection_is_left_alone(scenario):
    s = scenario
    namespace, port = s.witness_link.far, s.witness_link.far_interface
    namespace.ip("address", "add", f"{THERE}/30", "dev", port)
    frames = Frames(namespace, port)
    start(s, WIRE, f"peering {NAME} port witness")
    s.witness.wait_established()
    s.edge.vtysh(f"peering WITNESS adopt neighbor {s.witness_link.far_ipv4}")
    s.edge.wait_state("WITNESS", "Active")
    s.edge.verb(NAME, "approve")
    wait_failed(s, "witness carries WITNESS, which is Active")
    assert "witness carries WITNESS, which is Active" in s.edge.refused(f"peering {NAME} link-test now")
    # With the other one gone, it is tested.
    s.edge.verb("WITNESS", "deprovision")
    wait_passed(s)
    assert frames.lines(rf"who-has {THERE} tell {HERE}")


@pytest.mark.versions
def test_bgpd_is_killed_in_the_middle(scenario):
    s = scenario
    namespace, port = acme_port(s)
    frames = Frames(namespace, port)
    start(s, WIRE)
    s.edge.verb(NAME, "approve")
    # Nobody has the address yet: the test goes on for ever.
    frames.wait(rf"who-has {THERE} tell {HERE}")
    s.edge.kill_bgpd()
    assert not in_kernel(s)
    namespace.ip("address", "add", f"{THERE}/30", "dev", port)
    s.edge.start_bgpd()
    wait_passed(s)
    assert traces(s) == set()
    # A result outlives bgpd, its figures do not; what has passed is not tested again.
    said = len(frames.lines(f"{HERE} > {THERE}"))
    s.edge.stop_bgpd()
    s.edge.start_bgpd()
    found = link(s)
    assert (found["linkTest"]["passed"], found["port"], found["targets"]) == (True, None, [])
    assert "not kept over a restart" in s.edge.vtysh(f"show peering {NAME} link")
    s.edge.verb(NAME, "ready")
    s.wait_passed()
    assert len(frames.lines(f"{HERE} > {THERE}")) == said


# Other ports

def move_addresses(s, interface):
    """The edge's addresses towards acme are on another interface from now on."""
    s.edge.namespace.ip("address", "flush", "dev", "acme", "scope", "global")
    s.edge.namespace.ip("link", "set", interface, "up")
    s.edge.namespace.ip("address", "add", f"{s.edge_address('ipv4')}/30", "dev", interface)
    s.edge.namespace.ip("address", "add", f"{s.edge_address('ipv6')}/64", "dev", interface, "nodad")


def test_a_port_with_members(scenario):
    s = scenario
    s.edge.namespace.ip("link", "add", "br0", "type", "bridge")
    s.edge.namespace.ip("link", "set", "acme", "master", "br0")
    move_addresses(s, "br0")
    start(s)
    s.edge.verb(NAME, "approve")
    found = wait_passed(s)
    assert found["port"]["interface"] == "br0" and found["port"]["kind"] == "bridge"
    assert [member["interface"] for member in found["members"]] == ["acme"]


@pytest.mark.interface_kind("bond")
@pytest.mark.parametrize("mode", ["802.3ad", "balance-xor"])
def test_a_lag(lab, mode):
    s = Scenario(lab)
    s.edge.namespace.ip("link", "add", "bond0", "type", "bond", "mode", mode, "miimon", "100")
    s.lab.namespace("acme").ip("link", "add", "bond0", "type", "bond", "mode", mode, "miimon", "100")
    second = Link(9, s.edge.namespace, "acme2", s.lab.namespace("acme"), "edge2")
    for namespace, ports in ((s.edge.namespace, ("acme", second.near_interface)),
                             (s.lab.namespace("acme"), ("edge", second.far_interface))):
        for port in ports:
            namespace.ip("link", "set", port, "down")
            namespace.ip("link", "set", port, "master", "bond0")
    move_addresses(s, "bond0")
    acme = s.lab.namespace("acme")
    acme.ip("address", "flush", "dev", "edge", "scope", "global")
    acme.ip("link", "set", "bond0", "up")
    acme.ip("address", "add", f"{s.acme_address('ipv4')}/30", "dev", "bond0")
    acme.ip("address", "add", f"{s.acme_address('ipv6')}/64", "dev", "bond0", "nodad")
    start(s)
    s.edge.verb(NAME, "approve")
    found = wait_passed(s)
    assert {member["interface"] for member in found["members"]} == {"acme", "acme2"}
    shown = s.edge.vtysh(f"show peering {NAME} link")
    assert "port bond0" in shown and "acme2 up" in shown, shown
    acme.ip("link", "set", "edge2", "down")
    s.edge.vtysh(f"peering {NAME} link-test now")
    wait_failed(s, "acme2 is down")


@pytest.mark.interface_kind("vlan")
def test_a_vlan(lab):
    s = Scenario(lab)
    acme = s.lab.namespace("acme")
    s.edge.namespace.ip("link", "add", "link", "acme", "name", "acme.100", "type", "vlan", "id", "100")
    acme.ip("link", "add", "link", "edge", "name", "edge.100", "type", "vlan", "id", "100")
    move_addresses(s, "acme.100")
    acme.ip("address", "flush", "dev", "edge", "scope", "global")
    acme.ip("link", "set", "edge.100", "up")
    acme.ip("address", "add", f"{s.acme_address('ipv4')}/30", "dev", "edge.100")
    acme.ip("address", "add", f"{s.acme_address('ipv6')}/64", "dev", "edge.100", "nodad")
    start(s)
    s.edge.verb(NAME, "approve")
    found = wait_passed(s)
    assert (found["port"]["vlan"], found["over"]["interface"]) == (100, "acme")
    shown = s.edge.vtysh(f"show peering {NAME} link")
    assert "port acme.100" in shown and "VLAN 100" in shown, shown


@pytest.mark.interface_kind("macvlan")
def test_a_port_over_another(scenario):
    """As a VLAN is, on kernels that have none."""
    s = scenario
    s.edge.namespace.ip("link", "add", "link", "acme", "name", "over0", "type", "macvlan", "mode", "bridge")
    move_addresses(s, "over0")
    # The port below does not answer for it any more, and what acme has learned of it is forgotten.
    s.edge.namespace.run(["sysctl", "-q", "-w", "net.ipv4.conf.acme.arp_ignore=1"])
    s.acme.namespace.ip("neighbor", "flush", "dev", "edge")
    start(s)
    s.edge.verb(NAME, "approve")
    found = wait_passed(s)
    assert (found["port"]["interface"], found["port"]["kind"], found["over"]["interface"]) == ("over0", "macvlan", "acme")


@pytest.mark.versions
def test_a_port_of_a_vrf(lab):
    s = Scenario(lab, vrfs=["blue"])
    blue, far = s.edge.vrf_namespaces["blue"], lab.namespace("bluepeer")
    cable = lab.link(blue, far)
    s.start(s.config(top=["vrf blue", "exit-vrf"], bottom=[
        "router bgp 64500 vrf blue", "bgp router-id 192.0.2.99", f"neighbor {cable.far_ipv4} remote-as {ACME_AS}",
        f"peering BLUE neighbor {cable.far_ipv4}", "peering BLUE timers link-test 1",
        "exit"]))
    s.edge.wait_state("BLUE", "PendingApproval")
    s.edge.verb("BLUE", "approve")
    found = wait_passed(s, "BLUE")
    target, = found["targets"]
    assert (found["port"]["interface"], target["target"]) == ("bluepeer", cable.far_ipv4)


def test_an_unnumbered_neighbor(lab):
    s = Scenario(lab)
    frames = Frames(*acme_port(s))
    s.start(s.config(bgp=["neighbor acme interface remote-as external", "peering PLAIN neighbor acme",
                          "peering PLAIN timers link-test 1"],
                     acme_neighbor=lambda family: [], acme_family=lambda family: []))
    s.edge.wait_state("PLAIN", "PendingApproval")
    s.edge.verb("PLAIN", "approve")
    found = wait_passed(s, "PLAIN")
    target, = found["targets"]
    assert (target["target"], target["mtu"]) == ("acme", 1500)
    wait_figures_of(frames, target)
    assert frames.lines("> ff02::1: .*echo request")


# Never in bgpd's way

def test_bgpd_goes_on_while_a_test_waits(scenario):
    """A peer that is silent from the second size on makes a test as long as it gets: BGP goes on in that time."""
    s = scenario
    namespace, port = acme_port(s)
    start(s)
    s.acme.wait_established()
    namespace.ip("link", "set", port, "mtu", "1280")
    s.edge.verb(NAME, "approve")
    until("the test begun", lambda: link(s)["linkTest"]["running"])
    assert "is being tested" in s.edge.refused(f"peering {NAME} link-test now")
    s.mark()
    wait_failed(s, "packets of 1280 bytes pass")


# With a controller

def test_the_controller_is_told(scenario):
    s = scenario
    namespace, port = acme_port(s)
    namespace.run(["sysctl", "-q", "-w", "net.ipv4.icmp_echo_ignore_all=1"])
    s.controller = Controller(s.lab, s.edge)
    s.controller.start()
    start(s, *s.controller.router_lines(), f"peering {NAME} link-test required")
    s.controller.wait_connected()
    s.edge.verb(NAME, "approve")

    def told():
        seen = s.controller.show(NAME)
        return seen and [(check["name"], check["level"], check["verdict"].lower(), check["figures"]) for check in seen["checks"]]

    until("the failure at the controller", told, lambda seen: seen == [("link-test", "required", "fail", "acme")])
    refused = s.controller.try_peerctl("ready", ROUTER, NAME)
    assert refused.returncode != 0 and "link test" in refused.stdout, refused
    namespace.run(["sysctl", "-q", "-w", "net.ipv4.icmp_echo_ignore_all=0"])
    until("the pass at the controller", told, lambda seen: seen == [("link-test", "required", "pass", "acme")])
    s.controller.peerctl("ready", ROUTER, NAME)
    s.wait_passed()


# Checks of the validation

def test_checks_of_the_validation(scenario):
    s = scenario
    namespace, port = acme_port(s)
    namespace.ip("link", "set", port, "mtu", "1400")
    start(s, f"peering {NAME} check ping required", f"peering {NAME} check path-mtu required")
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")

    def blocking():
        connection = s.edge.connection(NAME)
        return connection["connectionState"] == "Validating" and {
            (entry["check"], entry["session"]) for entry in connection["blocking"] if "do not come back" in entry["reason"]}

    until("both sessions block", blocking, lambda seen: seen == {
        ("path-mtu", s.acme_address(family)) for family in FAMILIES})
    ping = [check for check in s.edge.connection(NAME)["checks"] if check["name"] == "ping"]
    assert {(check["verdict"], check["session"]) for check in ping} == {
        ("pass", s.acme_address(family)) for family in FAMILIES}
    assert all(check["value"].startswith("0 of 10 lost, rtt ") for check in ping)
    namespace.ip("link", "set", port, "mtu", "1500")
    namespace.run(["sysctl", "-q", "-w", "net.ipv4.icmp_echo_ignore_all=1"])
    until("no echo of IPv4", lambda: {(entry["check"], entry["session"]) for entry in s.edge.connection(NAME)["blocking"]},
          lambda seen: seen == {("ping", s.acme_address("ipv4")), ("path-mtu", s.acme_address("ipv4"))})
    namespace.run(["sysctl", "-q", "-w", "net.ipv4.icmp_echo_ignore_all=0"])
    s.wait_passed()
    s.activate()
