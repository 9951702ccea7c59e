# SPDX-License-Identifier: GPL-2.0-or-later
"""A push of policies that has to be confirmed, of a session in service too: what both far sides hold and what was said on
both links is by the policies of before the push or by those of the push, at any time, whatever ends it."""
import json
import time

import pytest

from lab.capture import Capture
from lab.controller import ROUTER, Controller
from lab.disk import Kill
from lab.scenario import ACME_AS, FAMILIES, NAME, OWN, Scenario
from lab.wait import until
from scripted_controller import (DENY, PERMIT, ScriptedController, by_list, declare, policy, prefixes4, verb, withdraw)

V4, V6 = "ipv4", "ipv6"


@pytest.fixture
def scenario(lab):
    return Scenario(lab)


@pytest.fixture
def kill(scenario):
    """Asked for in front of `pushed`."""
    return Kill(scenario.edge)


@pytest.fixture
def pushed(lab, scenario):
    """acme's IPv4 session in service by policies that were pushed."""
    s = scenario
    s.controller = Controller(lab, s.edge)
    s.script = ScriptedController(s.controller)
    s.v4 = s.acme_address(V4)
    s.outward = Capture(lab.namespace("witness"), "edge", s.witness_link.near_ipv4)
    witness = [f"peering WITNESS neighbor {s.witness_link.far_address(family)}" for family in FAMILIES]
    s.start(s.config(bgp=[*s.controller.router_lines(), *witness, "peering WITNESS adopted", "peering default-deny"],
                     acme_neighbor=lambda _family: [], acme_family=lambda _family: [],
                     top=["bgp route-map delay-timer 1"]))
    s.script.accept()
    s.routes, s.ours = s.acme_routes[V4], s.witness_routes[V4]
    applied(s, "up", *before(s), declare(NAME, ACME_AS, [s.v4], import_policy="IN", export_policy="OUT"),
            verb(NAME, "approve"), verb(NAME, "ready"))
    s.acme.wait_established("edge_ipv4")
    s.wait_passed()
    applied(s, "on", verb(NAME, "activate"))
    expect_before(s)
    s.settle()
    yield s
    s.script.close()
    assert s.edge.log_lines("cannot be read") == [] and "bgpd does not take" not in s.edge.log_text()


def applied(s, identity, *operations, **options):
    answer = s.script.push(identity, *operations, **options)
    assert answer.applied, answer
    return answer


def codes(s, identity, *operations, **options):
    answer = s.script.push(identity, *operations, **options)
    assert not answer.applied, answer
    return [one.code for one in answer.results]


def before(s):
    """Lets in the first four of acme's, and the tenth only where BELOW is gone, which IN alone goes by."""
    return [prefixes4("TAKEN", *s.routes[:4], s.routes[9]), prefixes4("BELOW", s.routes[9]),
            prefixes4("SENT", OWN[V4], *s.ours[:2]), policy("as-path", "UNUSED", (5, PERMIT, dict(regex="_64999_"))),
            policy("route-map", "IN", (5, DENY, dict(clause=dict(match_prefix_list_ipv4="BELOW"))),
                   (10, PERMIT, dict(clause=dict(match_prefix_list_ipv4="TAKEN")))),
            by_list("OUT", "SENT")]


def risky(s, **fields):
    """Other lists and route-maps: the ninth of acme's and the third of ours pass where the new lists stand below the old
    route-maps. A list, an as-path list and a route-map are new, two are not wanted any more."""
    never = (5, DENY, dict(clause=dict(match_prefix_list_ipv4="NEVER")))
    return [prefixes4("TAKEN", *s.routes[1:5], s.routes[8]), prefixes4("SENT", OWN[V4], *s.ours[1:]),
            prefixes4("NEVER", s.routes[8], s.ours[2]), withdraw("UNUSED"), withdraw("BELOW"),
            policy("route-map", "IN", never, (10, PERMIT, dict(clause=dict(match_prefix_list_ipv4="TAKEN")))),
            policy("route-map", "OUT", never, (10, PERMIT, dict(clause=dict(match_prefix_list_ipv4="SENT")))),
            policy("as-path", "NEW-PATH", (5, PERMIT, dict(regex="_64998_"))),
            by_list("NEW-MAP", "NEVER", match_as_path="NEW-PATH"),
            declare(NAME, ACME_AS, [s.v4], import_policy="IN", export_policy="OUT", validation_window=77),
            declare("NEW", ACME_AS + 1, ["203.0.113.71"], import_policy="NEW-MAP", **fields)]


def expect(s, taken, sent):
    s.acme.wait_received("edge_ipv4", sent)
    until("what the edge took of acme at the witness", lambda: s.witness_has_of_acme(V4), lambda seen: seen == set(taken))


def expect_before(s):
    expect(s, s.routes[:4], [OWN[V4], *s.ours[:2]])


def expect_after(s):
    expect(s, s.routes[1:5], [OWN[V4], s.ours[1]])


def expect_no_other(s, since=(0.0, 0.0), downs=False):
    """By both captures: what was said of acme's and of our routes is of before or of after. `downs`: bgpd has ended."""
    for capture, sender, wanted, both in (
            (s.capture, s.edge_address(V4), {OWN[V4], *s.ours[:2]}, {OWN[V4], s.ours[1]}),
            (s.outward, s.witness_link.near_ipv4, set(s.routes[:5]), set(s.routes[1:4]))):
        said = capture.read()
        known = {*s.ours, OWN[V4]} if capture is s.capture else set(s.routes)
        after = since[0] if capture is s.capture else since[1]
        announced = said.announced(sender, after=after) & known
        assert announced <= wanted, sorted(announced - wanted)
        withdrawn = {event.prefix for event in said.routes(sender, kind="withdraw", after=after)} & both
        assert downs or not withdrawn, sorted(withdrawn)


def ends(s):
    return s.capture.read().end(), s.outward.read().end()


def policies(s):
    """The names of the policies as the router has them, with what a show of them says."""
    edge = s.edge
    lists = [line.strip() for line in edge.bgpd_vty("show ip prefix-list").splitlines() if line.startswith("   seq")]
    return {"lists": lists, "paths": edge.bgpd_vty("show bgp as-path-access-list"),
            "maps": {name: "permit" in edge.bgpd_vty(f"show route-map {name}") for name in ("IN", "OUT", "NEW-MAP")},
            "names": sorted(line.split()[3] if "Name" not in line else line.split()[-1] for line in
                            edge.bgpd_vty("show ip prefix-list summary").splitlines() if "count" in line),
            "mine": {one["name"]: one["asPushed"] for one in edge.bgpd_json(f"show peering {NAME} policy json")["policies"]}}


def waiting(s):
    return s.edge.bgpd_json("show peering summary json")["pushes"]["unconfirmed"]


def wait_rolled_back(s):
    until("the rollback", lambda: waiting(s), lambda seen: seen is None)


def kept_lines(s):
    """The journal's lines of what was before a push."""
    return [line["name"] for line in map(json.loads, (s.edge.state / "journal.jsonl").read_text().splitlines())
            if line["type"] == "policyObject" and "before" in line]


def restart(s):
    # Three in ten minutes would make the module inert; that is another test's.
    (s.edge.state / "starts").unlink(missing_ok=True)
    s.script.hang_up()
    s.edge.start_bgpd()
    s.script.accept()


# ---- Tests

def test_what_is_confirmed_stays(pushed):
    s = pushed
    seen = policies(s)
    since = ends(s)
    assert codes(s, "verb", *risky(s), verb(NAME, "activate"), confirm_seconds=600) == [""] * 11 + ["not-confirmable"]
    answer = s.script.push("look", *risky(s), confirm_seconds=600, dry_run=True)
    assert [one.ok for one in answer.results] == [True] * 11 and not answer.applied
    assert policies(s) == seen and kept_lines(s) == []
    answer = applied(s, "risky", *risky(s), confirm_seconds=600)
    assert 0 < answer.confirm_seconds <= 600
    expect_after(s)
    shown = waiting(s)
    assert shown["connections"] == [NAME, "NEW"], shown
    assert shown["policies"] == ["BELOW", "IN", "NEVER", "NEW-MAP", "NEW-PATH", "OUT", "SENT", "TAKEN", "UNUSED"], shown
    # What is not wanted any more stays for a rollback, though nothing goes by it.
    assert "UNUSED" in policies(s)["paths"] and sorted(kept_lines(s)) == ["IN", "OUT", "SENT", "TAKEN"]
    # Nobody else makes anything of it meanwhile, or goes by what may go again.
    for number, operations in enumerate((
            [prefixes4("TAKEN", s.routes[0])], [withdraw("NEVER")], [prefixes4("BELOW", s.routes[9])],
            [by_list("ELSE", "SENT")], [policy("route-map", "ELSE", (5, PERMIT, dict(clause=dict(call="NEW-MAP"))))],
            [declare("ELSE", ACME_AS + 2, ["203.0.113.72"], export_policy="NEW-MAP")],
            [prefixes4("OTHER", s.routes[0])])):
        options = dict(confirm_seconds=10) if number == 6 else {}
        assert codes(s, f"more-{number}", *operations, **options) == ["unconfirmed"], number
    applied(s, "others", prefixes4("OTHER", s.routes[0]), by_list("OTHER-MAP", "OTHER"),
            declare("ELSE", ACME_AS + 2, ["203.0.113.72"], import_policy="IN", export_policy="OTHER-MAP"))

    s.script.send(confirm=dict(id="risky"))
    assert s.script.result("risky").applied
    until("what was withdrawn gone", lambda: s.edge.bgpd_vty("show ip prefix-list") + s.edge.bgpd_vty("show bgp as-path-access-list"),
          lambda text: "UNUSED" not in text and "BELOW" not in text)
    assert waiting(s) is None
    # What a person has typed at a pushed policy could not be put back.
    s.edge.vtysh(f"configure terminal\nip prefix-list SENT seq 900 deny {s.ours[0]}")
    assert codes(s, "typed", prefixes4("SENT", OWN[V4]), prefixes4("TAKEN", s.routes[1]), confirm_seconds=10) == \
        ["not-confirmable", ""]
    applied(s, "right", risky(s)[1])
    expect_after(s)
    expect_no_other(s, since)
    s.edge.kill_bgpd()
    restart(s)
    expect_after(s)
    expect_no_other(s, since, downs=True)
    assert waiting(s) is None


def test_what_is_not_confirmed_is_put_back_as_it_was(pushed):
    """Nobody confirms; somebody types at two of the policies meanwhile, and writes the file."""
    s = pushed
    seen = policies(s)
    since = ends(s)
    revision = applied(s, "risky", *risky(s), confirm_seconds=15).revision
    expect_after(s)
    s.edge.vtysh("configure terminal\nip prefix-list TAKEN seq 900 deny 10.99.0.0/16\nip prefix-list NEVER seq 900 deny 10.98.0.0/16"
                 "\nroute-map OUT permit 10\nset metric 5")
    s.edge.vtysh("write memory")
    s.edge.vtysh("clear peering longest-hold")
    told = s.script.result("risky")
    assert told.rolled_back and not told.applied and [one.code for one in told.results] == ["rolled-back"] * 11
    assert told.revision == revision + 1
    expect_before(s)
    until("the policies of before, and no others", lambda: policies(s), lambda now: now == seen)
    assert "validation-window 77" not in s.edge.running_config()
    assert s.edge.connection_state("NEW") == "None" and s.edge.connection_state(NAME) == "Active"
    held = s.edge.bgpd_json("show peering summary json")["mainThread"]["controller"]
    assert 0 < held["longestWorkMicroseconds"] < 10000, held
    s.settle()
    expect_before(s)
    expect_no_other(s, since)
    # The file has what was typed, and nothing of it comes back; the journal has what was before, as long as it stands there.
    s.edge.kill_bgpd()
    restart(s)
    assert s.script.result("risky").rolled_back
    expect_before(s)
    assert policies(s)["mine"] == seen["mine"]
    # As with any connection that has ended: what the file has of its neighbor stays shut.
    assert s.edge.bgpd_json("show bgp neighbors 203.0.113.71 json")["203.0.113.71"]["adminShutDown"]
    s.settle()
    expect_before(s)
    expect_no_other(s, since, downs=True)


def test_it_is_put_back_though_the_link_is_cut_and_bgpd_is_killed(kill, pushed):
    """While it waits; then at what the rollback writes, line by line, and at the disk."""
    s = pushed
    seen = policies(s)
    since = ends(s)
    applied(s, "risky", *risky(s), confirm_seconds=20)
    s.script.hang_up()
    expect_after(s)
    s.edge.kill_bgpd()
    points = [(1, "line"), (5, "line"), (10, "line"), (1, "front"), (1, "middle")]
    (s.edge.state / "starts").unlink(missing_ok=True)
    s.edge.start_bgpd()
    expect_after(s)
    assert waiting(s)["policies"]
    kill.at(*points[0])
    for place in range(len(points)):
        until(f"the kill at {points[place]}", s.edge.bgpd.running, lambda running: not running)
        kill.at(*points[place + 1]) if place + 1 < len(points) else kill.never()
        (s.edge.state / "starts").unlink(missing_ok=True)
        s.edge.start_bgpd()
    wait_rolled_back(s)
    s.script.accept()
    assert s.script.result("risky").rolled_back
    expect_before(s)
    until("the policies of before, and no others", lambda: policies(s), lambda now: now == seen)
    s.settle()
    expect_before(s)
    expect_no_other(s, since, downs=True)


def test_what_somebody_has_opened_meanwhile_is_not_judged_by_half_of_the_old(pushed):
    """By hand, a session whose route-map the push has made, with a list below it that the push has changed: no rollback
    of that list without the route-map, so the policies stay, with an ALERT."""
    s = pushed
    v6 = s.acme_address(V6)
    six = s.acme_routes[V6]

    def prefixes6(name, *networks):
        return policy("prefix6", name, *((5 * (place + 1), PERMIT, dict(prefix=network))
                                         for place, network in enumerate(networks)))

    applied(s, "six", prefixes6("SIX", six[0]))
    since = ends(s)
    applied(s, "risky", *risky(s)[:4], prefixes6("SIX", six[1]),
            policy("route-map", "MADE", (10, PERMIT, dict(clause=dict(match_prefix_list_ipv6="SIX")))),
            declare("PNI-SIX", ACME_AS, [v6], import_policy="MADE"), confirm_seconds=20)
    for which in ("approve", "ready", "activate force reason test"):
        s.edge.verb("PNI-SIX", which)
    until("acme's route", lambda: s.witness_has_of_acme(V6), lambda seen: seen == {six[1]})
    told = s.script.result("risky")
    assert told.rolled_back
    assert "the policies of the push risky stay as it made them: somebody has opened a session that goes by MADE" in \
        s.edge.log_text()
    assert s.edge.connection_state("PNI-SIX") == "Active"
    s.settle()
    assert s.witness_has_of_acme(V6) == {six[1]} and waiting(s) is None
    assert not s.outward.read().announced(s.witness_link.near_address(V6), after=since[1]) & {six[0]}
    assert "NEVER" in s.edge.bgpd_vty("show ip prefix-list")


def test_more_than_is_kept_is_refused_and_as_much_holds_nothing_up(pushed):
    s = pushed
    many = lambda name, net, count=7000: prefixes4(name, *(f"10.{net + n // 256}.{n % 256}.0/24" for n in range(count)))
    lists = [("BIG-1", 0), ("BIG-2", 30), ("BIG-3", 60)]
    for name, net in lists:
        applied(s, name, many(name, net))
    clauses = [(n + 1, PERMIT, dict(regex=f"_{n + 1}_[0-9]+_{'7' * 100}$")) for n in range(200)]
    for number in range(3):
        applied(s, f"path-{number}", policy("as-path", f"PATH-{number}", *clauses))
    size = (s.edge.state / "journal.jsonl").stat().st_size
    for number, options in enumerate((dict(), dict(dry_run=True))):
        answer = s.script.push(f"big-{number}", *(many(name, 90, 5) for name, _ in lists), confirm_seconds=10, **options)
        assert not answer.applied and [one.code for one in answer.results] == ["too-large"] * 3
        assert "split it, or push it without" in answer.results[0].message
    assert waiting(s) is None and (s.edge.state / "journal.jsonl").stat().st_size == size
    assert " 10.90.0.0/24" not in s.edge.bgpd_vty("show ip prefix-list BIG-1")
    seen = s.edge.bgpd_vty("show ip prefix-list BIG-2"), s.edge.bgpd_vty("show bgp as-path-access-list")
    s.edge.vtysh("clear peering longest-hold")
    applied(s, "fits", many("BIG-1", 90, 5), many("BIG-2", 90, 7001), many("BIG-4", 120),
            *(policy("as-path", f"PATH-{number}", *clauses[:5]) for number in range(3)), *risky(s), confirm_seconds=15)
    expect_after(s)
    wait_rolled_back(s)
    held = s.edge.bgpd_json("show peering summary json")["mainThread"]
    expect_before(s)
    assert (s.edge.bgpd_vty("show ip prefix-list BIG-2"), s.edge.bgpd_vty("show bgp as-path-access-list")) == seen
    until("the new list gone", lambda: s.edge.bgpd_vty("show ip prefix-list summary"), lambda text: "BIG-4" not in text)
    # Whatever else the machine does meanwhile.
    assert 0 < held["controller"]["longestWorkMicroseconds"] < 10000, held


def test_a_controller_that_is_cut_off_wants_what_was_before(lab):
    """peering-controller itself: what it hears of is confirmed; what cuts it off is as before, there and here."""
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    s.v4 = s.acme_address(V4)
    witness = [f"peering WITNESS neighbor {s.witness_link.far_address(family)}" for family in FAMILIES]
    s.start(s.config(bgp=[*s.controller.router_lines(), *witness, "peering WITNESS adopted", "peering default-deny"],
                     acme_neighbor=lambda _family: [], acme_family=lambda _family: [],
                     top=["bgp route-map delay-timer 1"]))
    s.controller.start()
    s.controller.wait_connected()
    s.routes = s.acme_routes[V4]
    file = lab.folder("controller", "files") / "policy.json"

    def put(name, *arguments, **body):
        file.write_text(json.dumps(body))
        return s.controller.peerctl("policy", "set", ROUTER, name, "-f", str(file), *arguments)

    def prefix_list(name, networks, *arguments):
        return put(name, *arguments, kind="prefix-list-ipv4", entries=[
            dict(sequence=5 * (place + 1), action="permit", prefix=network) for place, network in enumerate(networks)])

    def wanted(name):
        return [entry["prefix"] for entry in json.loads(s.controller.peerctl("policy", "show", ROUTER, name))["entries"]]

    prefix_list("TAKEN", s.routes[:2])
    prefix_list("GOES", s.routes[:1])
    put("IN", kind="route-map", entries=[dict(sequence=10, action="permit", match=dict(prefixListIpv4="TAKEN"))])
    s.controller.peerctl("request", ROUTER, NAME, "--asn", str(ACME_AS), "--validation-window", "1", "--activation", "auto",
                         "--neighbor", s.v4, "--import", "ipv4=IN", "--export", "ipv4=ACME-OUT", "--limit", "ipv4=100")
    for which in ("approve", "ready"):
        s.controller.peerctl(which, ROUTER, NAME)
    until("acme's routes", lambda: s.witness_has_of_acme(V4), lambda seen: seen == set(s.routes[:2]))
    assert "takes this back" in prefix_list("TAKEN", s.routes[:3], "--confirm", "10")
    until("confirmed", lambda: waiting(s), lambda seen: seen is None)
    assert s.controller.try_peerctl("diff").returncode == 0
    until("acme's third", lambda: s.witness_has_of_acme(V4), lambda seen: seen == set(s.routes[:3]))

    # The link goes with what the push does.
    prefix_list("TAKEN", s.routes[3:4], "--confirm", "15")
    s.controller.namespace.ip("link", "set", s.controller.link.far_interface, "down")
    until("what was pushed", lambda: s.witness_has_of_acme(V4), lambda seen: seen == {s.routes[3]})
    wait_rolled_back(s)
    until("as before", lambda: s.witness_has_of_acme(V4), lambda seen: seen == set(s.routes[:3]))
    assert wanted("TAKEN") == s.routes[3:4]
    s.controller.namespace.ip("link", "set", s.controller.link.far_interface, "up")
    until("the router's word at the controller", lambda: wanted("TAKEN"), lambda seen: seen == s.routes[:3], timeout=120)
    until("no difference", lambda: s.controller.try_peerctl("diff").returncode, lambda code: code == 0)

    # One that is withdrawn, with somebody who is to confirm and does not.
    s.controller.wait_connected()
    s.controller.peerctl("policy", "withdraw", ROUTER, "GOES", "--confirm", "10", "--confirm-manually")
    assert "GOES" in s.edge.bgpd_vty("show ip prefix-list") and "GOES" not in s.controller.peerctl("policy", "list", ROUTER)
    wait_rolled_back(s)
    until("wanted again", lambda: s.controller.peerctl("policy", "list", ROUTER), lambda text: "GOES" in text)
    until("no difference", lambda: s.controller.try_peerctl("diff").returncode, lambda code: code == 0)
    assert "GOES" in s.edge.bgpd_vty("show ip prefix-list") and s.edge.connection_state(NAME) == "Active"
