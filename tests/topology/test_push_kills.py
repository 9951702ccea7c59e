# SPDX-License-Identifier: GPL-2.0-or-later
"""bgpd is killed in the middle of a push of several connections with policies, new ones and some that are there, one of
them in service: when it starts again all of the push is there or nothing of it, the session in service has its routes and
no others, and the controller's repetition makes the push whole.

Killed in front of lines that its main thread makes for the journal, which is on the push's way through memory, and at
what the journal's thread does to the disk. PEERING_ALL_KILLS=1 goes through every one of them.
"""
import json
import os

import pytest

from lab.controller import Controller
from lab.disk import Disk, Kill
from lab.scenario import ACME_AS, FAMILIES, NAME, OWN, Scenario
from lab.wait import until
from scripted_controller import ScriptedController, declare, verb
from wire import Closed

ALL = bool(os.environ.get("PEERING_ALL_KILLS"))
V4 = "ipv4"


def prefix_list(name, networks):
    return dict(policy=dict(name=name, kind=1, entries=[
        dict(sequence=5 * (place + 1), action=1, prefix=network) for place, network in enumerate(networks)]))


def route_map(name, matches):
    return dict(policy=dict(name=name, kind=8, entries=[
        dict(sequence=10, action=1, clause=dict(match_prefix_list_ipv4=matches))]))


def declared(name, address, window, policy="TAKEN-MAP", export="SENT-MAP", **fields):
    return declare(name, ACME_AS, [address], import_policy=policy, export_policy=export, validation_window=window, **fields)


@pytest.fixture
def pushed(lab):
    """acme's IPv4 session in service by a push with policies, and OTHER, whose neighbor nobody answers for."""
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    s.script = ScriptedController(s.controller)
    s.v4 = s.acme_address(V4)
    witness = [f"peering WITNESS neighbor {s.witness_link.far_address(family)}" for family in FAMILIES]
    s.start(s.config(bgp=[*s.controller.router_lines(), *witness, "peering WITNESS adopted", "peering default-deny"],
                     acme_neighbor=lambda _family: [], acme_family=lambda _family: []))
    s.script.accept()
    s.sent = {OWN[V4], *s.witness_routes[V4]}
    s.round = 0
    push(s, "up", prefix_list("TAKEN", taken(s)), prefix_list("SENT", sorted(s.sent)), route_map("TAKEN-MAP", "TAKEN"),
         route_map("SENT-MAP", "SENT"), declared(NAME, s.v4, 1), verb(NAME, "approve"), verb(NAME, "ready"),
         declared("OTHER", "203.0.113.40", 40))
    s.acme.wait_established("edge_ipv4")
    s.wait_passed()
    push(s, "on", verb(NAME, "activate"))
    expect_service(s)
    yield s
    s.script.close()
    assert s.edge.log_lines("cannot be read") == []


def push(s, identity, *operations):
    answer = s.script.push(identity, *operations)
    assert answer.applied, answer


def taken(s):
    """What the list of the session in service lets in: one prefix more with each round."""
    return s.acme_routes[V4][:3 + s.round]


def expect_service(s):
    """By the far sides: all that the policies of now let through, and what they do not never crossed."""
    s.acme.wait_received("edge_ipv4", s.sent)
    until("what the edge took of acme at the witness", lambda: s.witness_has_of_acme(V4), lambda seen: seen == set(taken(s)))
    said = s.capture.read().announced(s.edge_address(V4))
    assert said <= s.sent, f"announced: {sorted(said - s.sent)}"


def operations(s):
    """Those of this round: a policy of the session in service and its connection's window change, OTHER gets another
    neighbor, and two connections and two policies are new."""
    turn = s.round
    return [prefix_list("TAKEN", s.acme_routes[V4][:3 + turn]), prefix_list(f"LIST-{turn}", ["192.0.2.0/24"]),
            route_map(f"MAP-{turn}", f"LIST-{turn}"), declared(NAME, s.v4, 1 + turn),
            declared(f"A-{turn}", f"203.0.113.{50 + turn}", 50, f"MAP-{turn}"), verb(f"A-{turn}", "approve"),
            declared("OTHER", f"203.0.113.{40 + turn}", 40 + turn, f"MAP-{turn}"),
            declared(f"B-{turn}", f"203.0.113.{60 + turn}", 60, f"MAP-{turn}"), verb("OTHER", "approve")][
                :9 if turn == 1 else 8]


def seen(s):
    """What the router has, by bgpd's own shows and the module's."""
    edge = s.edge
    lines = edge.running_config().splitlines()
    connections = {}
    for one in edge.bgpd_json("show peering json")["connections"]:
        shown = edge.connection(one["name"])
        connections[one["name"]] = (shown["connectionState"], sorted(x["address"] for x in shown["sessions"]),
                                    sorted(line for line in lines if f" peering {one['name']} " in line))
    neighbors = {address for address in edge.bgpd_json("show bgp neighbors json") if address not in ("vrfId", "vrfName")}
    lists = [line.split(" ", 1)[-1] for line in edge.bgpd_vty("show ip prefix-list").splitlines() if "seq" in line
             or "entries" in line]
    maps = {f"MAP-{turn}" for turn in range(1, 9) if "permit" in edge.bgpd_vty(f"show route-map MAP-{turn}")}
    pushes = edge.bgpd_json("show peering summary json")["pushes"]
    return connections, neighbors, lists, maps, (pushes["revision"], pushes["revisionOf"])


def expect_all(s, now, before):
    """All of this round's push, beside what was there before."""
    turn = s.round
    connections, neighbors, lists, maps, (revision, by) = now
    assert connections[NAME][0] == "Active" and f" peering {NAME} validation-window {1 + turn}" in connections[NAME][2]
    assert connections["OTHER"][:2] == ("ProvisioningStarted", [f"203.0.113.{40 + turn}"])
    assert connections[f"A-{turn}"][:2] == ("ProvisioningStarted", [f"203.0.113.{50 + turn}"])
    assert connections[f"B-{turn}"][:2] == ("PendingApproval", [f"203.0.113.{60 + turn}"])
    assert set(connections) == {*before[0], f"A-{turn}", f"B-{turn}"}
    assert neighbors == {*(before[1] - set(before[0]["OTHER"][1])), *(f"203.0.113.{number + turn}"
                                                                     for number in (40, 50, 60))}
    assert maps == {*before[3], f"MAP-{turn}"} and lists != before[2]
    assert (revision, by) == (before[4][0] + 1, f"push-{turn}")


class Course:
    """The router's bgpd begins anew, as it can be killed, and after each kill again."""

    def __init__(self, s, disk=Kill):
        self.s = s
        self.disk = disk(s.edge)
        s.edge.stop_bgpd()
        s.edge.start_bgpd()
        s.script.accept()
        self.kills = 0

    def begin(self):
        """The next push. Before it everything is as it was."""
        expect_service(self.s)
        self.before = seen(self.s)
        self.s.round += 1

    def push(self, *point):
        """Pushes this round's, to be killed at the point. Returns the answer, None where bgpd died."""
        s = self.s
        self.disk.at(*point)
        try:
            answer = s.script.push(f"push-{s.round}", *operations(s), timeout=30)
            self.disk.never()
            assert answer.applied, answer
            return answer
        except Closed:
            pass
        until(f"the kill at {point}", s.edge.bgpd.running, lambda running: not running)
        self.disk.never()
        self.restart()
        return None

    def restart(self):
        s = self.s
        self.kills += 1
        # Three in ten minutes would make the module inert; that is another test's.
        (s.edge.state / "starts").unlink(missing_ok=True)
        s.script.hang_up()
        s.edge.start_bgpd()
        s.script.accept()
        assert all(json.loads(line)["type"] for line in (s.edge.state / "journal.jsonl").read_text().splitlines())

    def expect_nothing(self):
        s = self.s
        assert seen(s) == self.before
        s.round -= 1
        expect_service(s)
        s.round += 1

    def expect_all(self):
        expect_service(self.s)
        now = seen(self.s)
        expect_all(self.s, now, self.before)
        return now


def test_a_kill_in_memory_leaves_nothing_of_a_push(pushed):
    """Until the disk has it all: in front of each line that is made for it, also while the push is being checked."""
    s = pushed
    course = Course(s)
    course.begin()
    number, step = 1, 1 if ALL else 7
    while not course.push(number, "line"):
        course.expect_nothing()
        number += step
    assert course.kills > 4
    course.expect_all()


def test_a_kill_at_the_disk_leaves_all_of_a_push_or_nothing(pushed):
    s = pushed
    course = Course(s)
    journal = s.edge.state / "journal.jsonl"
    for point in [(1, "behind"), (2, "front"), (2, "behind")] if ALL else [(1, "behind"), (2, "behind")]:
        course.begin()
        for early in [(1, "front"), (1, "middle")] if s.round == 1 or ALL else []:
            size = journal.stat().st_size
            assert course.push(*early) is None
            course.expect_nothing()
            assert bool(s.edge.log_lines("ends in the middle of what a push has made")) == (early[1] == "middle")
            assert journal.stat().st_size >= size
        assert course.push(*point) is None
        now = course.expect_all()
        # Repeated, it is answered as what it was, and changes nothing.
        push(s, f"push-{s.round}", *operations(s))
        assert seen(s) == now


def test_what_closes_in_a_push_stays_closed_whatever_becomes_of_the_rest(pushed):
    """A deprovision behind a declaration of the same connection: on its way out it is, and declared as it was."""
    s = pushed
    course = Course(s)
    course.begin()
    operations = [declared(NAME, s.v4, 1, reopen_hold_down=77), declared("NEW", "203.0.113.70", 70), verb(NAME, "deprovision")]
    course.disk.at(1, "behind")
    with pytest.raises(Closed):
        s.script.push("closing", *operations, timeout=30)
    until("the kill", s.edge.bgpd.running, lambda running: not running)
    course.disk.never()
    course.restart()
    connections = seen(s)[0]
    assert connections[NAME][0] in ("PendingRemove", "None")
    assert connections[NAME][2] == course.before[0][NAME][2] and "NEW" not in connections
    # It is not declared anew on its way out; the rest is what the push was about.
    push(s, "closing", *operations[1:])
    assert "NEW" in seen(s)[0]
    s.edge.verb(NAME, "deprovision now")
    s.acme.wait_received("edge_ipv4", set())
    assert s.witness_has_of_acme(V4) == set()


def test_on_a_disk_that_cannot_be_written_a_push_waits_as_a_whole(pushed):
    """And its answer with it. Once the disk is well all of it is written, and is there after a kill."""
    s = pushed
    course = Course(s, Disk)
    disk = course.disk
    course.begin()
    disk.full()
    s.script.send(push=dict(id="push-1", actor="noc@example.net", operations=operations(s)))
    until("the push in memory", lambda: s.edge.bgpd_json("show peering json")["connections"],
          lambda found: "B-1" in {one["name"] for one in found})
    until("what the disk says", lambda: s.edge.bgpd_json("show peering json").get("journalProblem"), bool)
    with pytest.raises(TimeoutError):
        s.script.result("push-1", timeout=3)
    disk.good()
    assert s.script.result("push-1").applied
    s.edge.kill_bgpd()
    course.restart()
    course.expect_all()
