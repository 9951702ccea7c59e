# SPDX-License-Identifier: GPL-2.0-or-later
"""A router and its controller, real ones: what either does while the other is away, and that no transition is lost."""
import json
import re
import subprocess

import pytest

from lab import build
from lab.bird import DEFAULT, prefixes
from lab.controller import OPERATOR, ROUTER, Controller
from lab.scenario import ACME_AS, EDGE_AS, FAMILIES, NAME, Scenario
from lab.wait import until

UP = [("None", "PendingApproval"), ("PendingApproval", "ProvisioningStarted"),
      ("ProvisioningStarted", "ProvisioningCompleted"), ("ProvisioningCompleted", "Validating"),
      ("Validating", "Active")]
DOWN = [("Active", "PendingRemove"), ("PendingRemove", "None")]


@pytest.fixture
def scenario(lab):
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    return s


def start(s, *bgp, **options):
    s.controller.start()
    s.start(s.config(bgp=[*s.controller.router_lines(), *bgp], **options))
    s.controller.wait_connected()


def no_neighbors(_family):
    return []


def transitions(s):
    """What the controller has stored of the connection, oldest first."""
    found = s.controller.show(NAME)
    entries = sorted(found["history"], key=lambda entry: entry["id"]) if found else []
    keys = [(entry["journalId"], entry["sequence"]) for entry in entries]
    assert len(keys) == len(set(keys)), f"a transition is there twice: {keys}"
    return [(entry["from"], entry["to"]) for entry in entries]


def wait_transitions(s, wanted):
    until("every transition at the controller, once each", lambda: transitions(s), lambda seen: seen == wanted)


def wait_counts(s, which, wanted):
    until(f"{which} at the controller", lambda: {one["afi"]: one[which] for one in s.controller.show(NAME)["sessions"]},
          lambda seen: seen == wanted)


def request(s, *more):
    """peerctl's request for acme's two sessions, whose neighbors the router does not know yet."""
    return s.controller.peerctl(
        "request", ROUTER, NAME, "--asn", str(ACME_AS),
        *(word for family in FAMILIES for word in (
            "--neighbor", s.acme_address(family), "--limit", f"{family}=100", "--import", f"{family}=ACME-IN",
            "--export", f"{family}=ACME-OUT")),
        "--validation-window", "2", *more)


def test_a_connection_is_turned_up_and_down_from_the_controller(scenario):
    s = scenario
    start(s, acme_neighbor=no_neighbors, acme_family=no_neighbors)
    request(s)
    s.edge.wait_state(NAME, "PendingApproval")
    # What may follow is of the state that it has reached, and what a controller can give.
    assert "next: ready, block, force-cancel\n" in s.controller.peerctl("approve", ROUTER, NAME)
    s.controller.peerctl("ready", ROUTER, NAME)
    s.acme.wait_established()
    s.wait_passed()
    s.settle()
    s.expect_nothing_passed()
    until("the pass at the controller", lambda: s.controller.show(NAME),
          lambda seen: seen["connectionState"] == "Validating"
          and {check["verdict"] for check in seen["checks"] if check["level"] == "required"} == {"pass"})
    assert "next: deprovision, maintenance-on\n" in s.controller.peerctl("activate", ROUTER, NAME)
    s.wait_open()
    wait_transitions(s, UP)
    # Nothing but counts moves from here on: what acme has been sent (its own, too, which it does not take), and what it
    # sends in addition.
    wait_counts(s, "advertisedCount", {family: len(s.to_acme(family)) + len(s.acme.announced[family]) for family in FAMILIES})
    more = prefixes("ipv4", 20, start=8000)
    s.acme.announce("ipv4", more)
    wait_counts(s, "receivedCount", {family: len(s.acme.announced[family]) for family in FAMILIES})
    wait_counts(s, "installedCount", {family: len(s.acme.announced[family]) for family in FAMILIES})
    s.controller.peerctl("deprovision", ROUTER, NAME)
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", set())
    wait_transitions(s, UP + DOWN)
    # Drained, the neighbors that the controller has made are gone.
    until("acme's neighbors gone", s.edge.running_config,
          lambda text: not any(f"\n neighbor {s.acme_address(family)} " in text for family in FAMILIES))


def test_maintenance_from_the_controller(scenario):
    s = scenario
    start(s, *s.declaration())
    s.acme.wait_established()
    s.validate()
    s.activate()
    s.controller.peerctl("maintenance-on", ROUTER, NAME, "--reason", "a new optic")
    s.edge.wait_gate(NAME, "drain")
    for family in FAMILIES:
        until(f"{family} routes at acme with graceful shutdown",
              lambda: s.acme.birdc(f"show route protocol edge_{family} all").count("(65535,0)"),
              lambda count: count == len(s.to_acme(family)))
    until("the drain at the controller", lambda: s.controller.show(NAME),
          lambda seen: "maintenance" in seen["flags"] and {one["gate"] for one in seen["sessions"]} == {"drain"})
    assert s.edge.connection(NAME)["maintenance"]["reason"] == "a new optic"
    s.controller.peerctl("maintenance-off", ROUTER, NAME)
    s.edge.wait_gate(NAME, "allow")
    wait_transitions(s, UP + [("Active", "Active")] * 2)


def test_checks_and_violations_from_the_controller(scenario):
    """What a connection is judged by, what a violation does, and who opens again what it has closed."""
    s = scenario
    start(s, acme_neighbor=no_neighbors, acme_family=no_neighbors)
    refused = s.controller.try_peerctl("request", ROUTER, NAME, "--asn", str(ACME_AS), "--neighbor", s.acme_address("ipv4"),
                                       "--check", "no-such-check=required")
    assert refused.returncode == 1 and "no-such-check" in refused.stdout, refused.stdout
    request(s, "--on-violation", "deny", "--check", "path-length=required", "--check", "ttl-security=off")
    for verb in ("approve", "ready"):
        s.controller.peerctl(verb, ROUTER, NAME)
    s.acme.wait_established()
    s.wait_passed()
    desired = s.controller.show(NAME)["desired"]
    assert desired["onViolation"] == "deny" and desired["checks"] == {"path-length": "required", "ttl-security": "off"}
    config = s.edge.running_config()
    for line in ("on-violation deny", "check path-length required", "check ttl-security off"):
        assert f" peering {NAME} {line}\n" in config, config
    s.controller.peerctl("activate", ROUTER, NAME)
    s.wait_open()
    s.settle()
    assert "reopen" not in s.controller.show(NAME)["allowedVerbs"]

    s.acme.announce("ipv4", [DEFAULT["ipv4"]])
    s.acme.wait_received("edge_ipv4", set())
    until("the closed gate at the controller", lambda: [
        (one["cause"], one["gateEffect"]) for one in s.controller.show(NAME)["degraded"]],
          lambda seen: seen == [("default-route", "closed")])
    assert "reopen" in s.controller.show(NAME)["allowedVerbs"]
    refused = s.controller.try_peerctl("reopen", ROUTER, NAME)
    assert refused.returncode == 1 and "no-default" in refused.stdout, refused.stdout
    s.acme.withdraw("ipv4", [DEFAULT["ipv4"]])
    until("a pass", lambda: s.edge.connection(NAME)["waitsFor"], lambda text: "passed; `reopen`" in text)
    s.settle()
    assert s.acme.received("edge_ipv4") == set()
    s.controller.peerctl("reopen", ROUTER, NAME, "--reason", "acme has mended it")
    s.wait_open()
    wait_transitions(s, UP + [("Active", "Active")] * 2)
    newest = s.controller.show(NAME)["history"][0]
    assert newest["cause"] == "24b" and newest["actor"].startswith("controller:") and newest["message"] == "acme has mended it"


def test_what_the_controller_declares_survives_a_restart_of_bgpd(scenario):
    s = scenario
    start(s, acme_neighbor=no_neighbors, acme_family=no_neighbors)
    request(s)
    for verb in ("approve", "ready"):
        s.controller.peerctl(verb, ROUTER, NAME)
    s.acme.wait_established()
    s.restart_bgpd()
    s.acme.wait_established()
    s.wait_passed()
    s.settle()
    s.expect_nothing_passed()
    s.controller.wait_connected()
    s.controller.peerctl("activate", ROUTER, NAME)
    s.wait_open()
    s.restart_bgpd()
    s.wait_open()
    assert s.edge.connection_state(NAME) == "Active"


@pytest.mark.parametrize("restart_bgpd", [False, True], ids=["", "with a restart of bgpd"])
def test_transitions_while_the_controller_is_away_arrive_once_each(scenario, restart_bgpd):
    s = scenario
    start(s, *s.declaration())
    s.acme.wait_established()
    wait_transitions(s, UP[:1])
    s.controller.kill()
    s.validate()
    s.activate()
    history = s.edge.history(NAME)
    assert history == UP
    if restart_bgpd:
        s.restart_bgpd()
        s.wait_open()
    s.edge.verb(NAME, "deprovision now")
    s.edge.wait_state(NAME, "None")
    s.controller.start()
    wait_transitions(s, UP + DOWN)
    # And nothing is sent again by another round of all that.
    s.controller.kill()
    s.controller.start()
    s.controller.wait_connected()
    s.restart_bgpd()
    s.controller.wait_connected()
    wait_transitions(s, UP + DOWN)


def test_a_controller_that_is_configured_late_hears_of_everything_once(scenario):
    """Nothing was kept for it but the journal; transitions that happen while that is read come behind it."""
    s = scenario
    s.controller.start()
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.validate()
    s.activate()
    s.edge.configure_bgp(*(f"peering K{number} kind direct" for number in range(300)))
    for which in ("approve", "force-cancel reason once more", "request") * 4:
        s.edge.vtysh(*(f"peering K{number} {which}" for number in range(300)))

    def lines_in_memory():
        found = re.search(r"^Peering journal line *: *(\d+)", s.edge.bgpd_vty("show memory"), re.MULTILINE)
        return int(found.group(1)) if found else 0

    until("nothing of the journal in memory", lines_in_memory, lambda count: count == 0)
    s.edge.configure_bgp(*s.controller.router_lines())
    s.edge.verb(NAME, "deprovision now")
    wait_transitions(s, UP + DOWN)
    stored = s.controller.transitions()
    wanted = 300 + 300 * 12 + len(UP + DOWN)
    until("every transition at the controller", lambda: len(s.controller.transitions()), lambda count: count == wanted)
    assert [row[0] for row in s.controller.transitions()] == list(range(1, wanted + 1)), stored


def test_an_older_journal_that_was_put_back_is_told_and_loses_nothing(scenario):
    s = scenario
    start(s, *s.declaration(), *(f"peering K{number} kind direct" for number in range(3)))
    s.acme.wait_established()
    s.validate()
    s.activate()
    journal = s.edge.state / "journal.jsonl"
    count = len(UP) + 3
    until("all of it at the controller", lambda: len(s.controller.transitions()), lambda stored: stored == count)
    older = journal.read_bytes()
    for number in range(2):
        s.edge.verb(f"K{number}", "approve")
    until("both at the controller", lambda: len(s.controller.transitions()), lambda stored: stored == count + 2)
    s.controller.kill()

    def back():
        journal.write_bytes(older)

    # The numbers are used again, for others, and more of them than the controller has; even over a restart.
    s.restart_bgpd(between=back)
    s.edge.wait_state(NAME, "Active")
    for verb, number in (("approve", 0), ("withdraw", 1), ("withdraw", 2)):
        s.edge.verb(f"K{number}", verb)
    s.edge.verb("K1", "request")

    def told():
        return s.edge.bgpd_json("show peering json")["controller"]

    def complains(seen):
        return not seen["connected"] and "new-journal-id" in json.dumps(seen)

    s.controller.start()
    until("the router's word", told, complains)
    s.restart_bgpd()
    until("the router's word after one more restart", told, complains)
    assert len(s.controller.transitions()) == count + 2
    # Nothing of it has to do with the gate.
    s.wait_open()
    s.edge.vtysh("peering controller new-journal-id")
    s.controller.wait_connected()
    until("the others at the controller", lambda: len(s.controller.transitions()), lambda stored: stored == count + 6)
    assert [row[1:] for row in s.controller.transitions()][-4:] == [
        ("K0", "ProvisioningStarted"), ("K1", "None"), ("K2", "None"), ("K1", "PendingApproval")]
    s.wait_open()
    # Not killed a third time: the module would take that for its own fault.
    s.restart_bgpd("stop_bgpd")
    s.wait_open()
    s.controller.wait_connected()
    s.edge.verb("K2", "request")
    until("the next one", lambda: [row[1:] for row in s.controller.transitions()][-1],
          lambda newest: newest == ("K2", "PendingApproval"))
    assert len(s.controller.transitions()) == count + 7


def test_what_is_too_large_for_a_frame_is_reported_all_the_same(scenario):
    """Some connections with many neighbors and long names of policies: together more than the link lets wait, each less
    than a frame, two of them more."""
    s = scenario
    policy = "P" * 3400
    addresses = [[f"198.18.{number}.{host}" for host in range(1, 49)] for number in range(14)]
    bgp, ipv4 = [], []
    for number, hosts in enumerate(addresses):
        for host in hosts:
            bgp += [f"neighbor {host} remote-as {ACME_AS}", f"neighbor {host} shutdown",
                    f"peering LARGE{number:02d} neighbor {host}"]
            ipv4 += [f"neighbor {host} activate",
                     *(f"neighbor {host} route-map {policy}{way} {way}" for way in ("in", "out"))]
    ipv6 = [line for line in ipv4]
    start(s, *bgp, ipv4=ipv4, ipv6=ipv6)

    def reported():
        return {entry["name"]: len(entry["sessions"]) for entry in json.loads(
            s.controller.peerctl("connections", "-o", "json"))["connections"]}

    wanted = {f"LARGE{number:02d}": 96 for number in range(14)}
    until("all of them at the controller", reported, lambda seen: seen == wanted)
    # And what changes later.
    s.edge.vtysh(*(f"peering LARGE{number:02d} approve" for number in range(14)))
    until("their states at the controller",
          lambda: {entry["connectionState"] for entry in json.loads(
              s.controller.peerctl("connections", "-o", "json"))["connections"]},
          lambda states: states == {"ProvisioningStarted"})
    assert len(s.edge.log_lines("connected to the controller")) == 1


def test_a_key_that_everybody_can_read_is_told_in_the_routers_log(scenario):
    s = scenario
    (s.edge.tls / "router.key").chmod(0o644)
    start(s)
    assert len(s.edge.log_lines("everybody on this machine can read the private key")) == 1


def test_losing_the_controller_changes_nothing(scenario):
    s = scenario
    start(s, *s.declaration())
    s.acme.wait_established()
    s.validate()
    s.activate()
    before = s.capture.read()
    s.controller.kill()
    until("the router's word that the controller is gone",
          lambda: s.edge.bgpd_json("show peering json")["controller"]["connected"], lambda connected: not connected)
    s.settle()
    s.wait_open()
    said = s.capture.read()
    for family in FAMILIES:
        edge = s.edge_address(family)
        assert len(said.sessions(edge)) == len(before.sessions(edge)) and not said.sessions(edge)[-1].closed
        assert said.routes(edge, kind="withdraw", after=before.end()) == []
    assert s.edge.connection_state(NAME) == "Active"


def test_a_request_that_was_made_while_the_router_was_away_goes_out_when_it_is_back(scenario):
    s = scenario
    start(s, acme_neighbor=no_neighbors, acme_family=no_neighbors)
    s.edge.stop_bgpd()
    s.controller.wait_connected(False)
    request(s)
    s.edge.start_bgpd()
    # The controller's word first: until then the router has no such connection to ask for.
    wait_transitions(s, UP[:1])
    s.edge.wait_state(NAME, "PendingApproval")


REFUSED = [
    (["--neighbor", "203.0.113.300", "--asn", "64510"], "203.0.113.300"),
    (["--neighbor", "203.0.113.9", "--asn", "0"], "asn"),
    (["--neighbor", "203.0.113.9", "--asn", "64500"], "64500"),
    (["--neighbor", "203.0.113.9", "--asn", "64510", "--import", "ipv4=NOT-THERE"], "NOT-THERE"),
]


@pytest.mark.parametrize("arguments, word", REFUSED, ids=[" ".join(row[0]) for row in REFUSED])
def test_a_bad_request_is_refused_and_nothing_of_it_stays(scenario, arguments, word):
    s = scenario
    start(s)
    before = s.edge.running_config()
    ended = s.controller.try_peerctl("request", ROUTER, "BAD", *arguments)
    assert ended.returncode != 0 and word in ended.stdout, ended.stdout
    assert s.edge.running_config() == before
    assert s.edge.bgpd_json("show peering json")["connections"] == []


def test_a_verb_that_is_not_allowed_is_refused_with_what_is(scenario):
    s = scenario
    start(s, *s.declaration())
    until("the connection at the controller", lambda: s.controller.show(NAME))
    ended = s.controller.try_peerctl("activate", ROUTER, NAME)
    assert ended.returncode == 1 and "approve" in ended.stdout, ended.stdout
    ended = s.controller.try_peerctl("approve", ROUTER, "NOBODY")
    assert ended.returncode == 1 and "NOBODY" in ended.stdout, ended.stdout
    assert s.edge.connection_state(NAME) == "PendingApproval"


def test_a_router_that_calls_itself_otherwise_than_its_certificate_is_refused(scenario):
    s = scenario
    s.controller.start()
    s.start(s.config(bgp=[*s.controller.router_lines(), "peering router-name somebody-else.example.net",
                          *s.declaration()]))
    until("the reason on the router", lambda: s.edge.vtysh("show peering"),
          lambda text: "somebody-else.example.net" in text and "not connected" in text)
    assert json.loads(s.controller.peerctl("routers", "-o", "json"))["routers"] == []
    assert s.edge.connection_state(NAME) == "PendingApproval"


def test_without_a_certificate_of_its_ca_the_router_runs_on_and_says_why(scenario):
    s = scenario
    other = s.lab.folder("other-pki")
    subprocess.run([build.tool("lab-pki"), other, "--router", ROUTER, "--ca-name", "another CA"], check=True,
                   stdout=subprocess.DEVNULL, timeout=120)
    for source, target in ((f"{ROUTER}.pem", "router.pem"), (f"{ROUTER}.key", "router.key")):
        (s.edge.tls / target).write_bytes((other / source).read_bytes())
    s.controller.start()
    s.start(s.config(bgp=[*s.controller.router_lines(), *s.declaration()]))
    until("the reason on the router", lambda: s.edge.vtysh("show peering"), lambda text: "not connected" in text)
    until("the reason at the controller", s.controller.log.read_text, lambda text: "tls-refused" in text)
    s.acme.wait_established()
    s.validate()
    s.activate()


def test_a_name_that_another_network_takes_over_shows_the_first_one_nothing(scenario):
    """What happens to a connection goes to the peer whose it is, not to the one that had the name before."""
    s, taker_as = scenario, 64999
    s.controller.configure(admin=OPERATOR)
    start(s, *s.declaration())
    tokens = {asn: s.controller.request("POST", "/v1/tokens", {"name": f"as{asn}", "role": "peer", "asn": asn})[1]["token"]
              for asn in (ACME_AS, taker_as)}

    def seen_by(asn):
        return [event["data"]["to"] for event in s.controller.request("GET", "/v1/events?type=transition", token=tokens[asn])[1]["events"]]

    until("it is acme's", lambda: s.controller.show(NAME), lambda seen: seen and seen["peerAsn"] == ACME_AS)
    s.edge.verb(NAME, "withdraw")
    until("the end, for acme", lambda: seen_by(ACME_AS), lambda seen: seen[-1:] == ["None"])
    before = seen_by(ACME_AS)
    # At once, before the router has reported whose it is now: it does once a second.
    s.edge.vtysh("configure terminal", f"router bgp {EDGE_AS}",
                 *(f"neighbor {s.acme_address(family)} remote-as {taker_as}" for family in FAMILIES), "end",
                 f"peering {NAME} request", f"peering {NAME} approve")
    until("it is the other's", lambda: s.controller.show(NAME), lambda seen: seen["peerAsn"] == taker_as
          and seen["connectionState"] == "ProvisioningStarted")
    s.edge.verb(NAME, "ready")
    until("the other's events", lambda: seen_by(taker_as), lambda seen: seen[-1:] == ["ProvisioningCompleted"])
    assert seen_by(ACME_AS) == before
    assert s.controller.request("GET", f"/v1/routers/{ROUTER}/connections/{NAME}", token=tokens[ACME_AS])[0] == 404
