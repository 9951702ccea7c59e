# SPDX-License-Identifier: GPL-2.0-or-later
"""A push of policies that has to be confirmed, of a session in service too: what both far sides hold and what was said on
both links is by the policies of before the push or by those of the push, at any time, whatever ends it."""
import json
import time

import pytest

from lab.capture import Capture
from lab.controller import Controller
from lab.disk import Kill
from lab.scenario import ACME_AS, FAMILIES, NAME, OWN, Scenario
from lab.wait import until
from scripted_controller import (DENY, PERMIT, ScriptedController, by_list, declare, policy, prefixes4, verb, withdraw)
from wire import Closed

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
                     acme_neighbor=lambda _family: [], acme_family=lambda _family: []))
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
        known = {*s.routes, *s.ours, OWN[V4]}
        after = since[0] if capture is s.capture else since[1]
        announced = said.announced(sender, after=after) & known
        assert announced <= wanted | ({OWN[V4]} if capture is s.outward else set()), sorted(announced - wanted)
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
    until("what was withdrawn gone", lambda: policies(s), lambda now: "UNUSED" not in now["paths"])
    until("what went by it, too", lambda: s.edge.bgpd_vty("show ip prefix-list BELOW"), lambda text: "seq" not in text)
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
    revision = applied(s, "risky", *risky(s), confirm_seconds=12).revision
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
    # And the same push again, which is confirmed.
    applied(s, "again", *risky(s), confirm_seconds=60)
    s.script.send(confirm=dict(id="again"))
    assert s.script.result("again").applied
    expect_after(s)


def test_it_is_put_back_though_the_link_is_cut_and_bgpd_is_killed(kill, pushed):
    """While it waits; then at what the rollback writes, line by line, and at the disk."""
    s = pushed
    seen = policies(s)
    since = ends(s)
    applied(s, "risky", *risky(s), confirm_seconds=10)
    s.script.hang_up()
    expect_after(s)
    s.edge.kill_bgpd()
    points = [(1, "line"), (5, "line"), (10, "line"), (1, "front"), (1, "middle")]
    (s.edge.state / "starts").unlink(missing_ok=True)
    s.edge.start_bgpd()
    assert waiting(s)["policies"]
    kill.at(*points[0])
    expect_after(s)
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
