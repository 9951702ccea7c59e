# SPDX-License-Identifier: GPL-2.0-or-later
"""Policies and settings of sessions that a router has otherwise than they were asked for: found, shown, and left to a
person; and a router that has lost everything."""
import json
import re

import pytest

import wire
from controller_fixtures import REQUEST, connection_path, differences, fields, status, wait_fields
from lab.wait import until

NAME = "PNI-ACME-FRA1"
PATH = "/v1/routers/edge1/connections"
POLICIES = "/v1/routers/edge1/policies"


def prefixes(*networks):
    return {"kind": "prefix-list-ipv4", "entries": [
        {"sequence": 5 * (place + 1), "action": "permit", "prefix": network} for place, network in enumerate(networks)]}


def route_map(call=None, prefix_list=None):
    entry = {"sequence": 10, "action": "permit"}
    if call:
        entry["call"] = call
    if prefix_list:
        entry["match"] = {"prefixListIpv4": prefix_list}
    return {"kind": "route-map", "entries": [entry]}


def put(controller, name, body):
    code, push = controller.request("PUT", f"{POLICIES}/{name}", body)
    assert code == 200, push


def pushed_names(router):
    """What was pushed, in order."""
    return [getattr(operation, operation.WhichOneof("operation")).name
            for push in router.pushes for operation in push.operations]


@pytest.fixture
def newer(controller):
    with controller.router(features=wire.NEWER_FEATURES) as router:
        yield controller, router
    assert router.error is None


def test_policies_that_differ_are_shown_and_pushed_again_or_accepted(newer, tmp_path):
    controller, router = newer
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(prefixes("198.51.100.0/24")))
    said = controller.peerctl("policy", "set", "edge1", "ACME-4", "-f", file, "--dry-run")
    assert said.returncode == 0 and [push.dry_run for push in router.pushes] == [True], said
    assert controller.get(POLICIES)["policies"] == []
    router.pushes.clear()
    put(controller, "ACME-4", prefixes("198.51.100.0/24"))
    put(controller, "ACME-IN", route_map(prefix_list="ACME-4"))
    put(controller, "ACME-OUT", route_map())
    until("the reports", lambda: controller.query("SELECT name FROM observed_policy"), lambda rows: len(rows) == 3)
    assert fields(controller) == {}
    # By hand; other contents; gone.
    router.send_policy("ACME-4", drifted=True)
    router.send_policy("ACME-IN", digest=7, entries=3)
    router.send_policy("ACME-OUT", gone=True)
    wait_fields(controller, {
        "ACME-4": {"drift": (None, "changed by hand since the controller pushed it")},
        "ACME-IN": {"contents": ("route-map, 1 entry", "route-map, 3 entries")},
        "ACME-OUT": {"policy": ("route-map, 1 entry", None)}})
    controller.wait_log("level=warning event=differences router=edge1 count=3")
    said = controller.peerctl("diff", "--router", "edge1")
    assert said.returncode == 1 and "policy  ACME-OUT" in said.stdout, said
    found = {one["name"]: one for one in differences(controller)}
    assert found["ACME-4"]["object"] == "policy" and found["ACME-4"]["since"] > found["ACME-4"]["requestedAt"]
    assert "changed there since" in found["ACME-4"]["why"] and len(router.pushes) == 3
    # One at a time.
    said = controller.peerctl("policy", "push-again", "edge1", "ACME-IN", "--reason", "as it was")
    assert said.returncode == 0, said
    said = controller.peerctl("policy", "accept", "edge1", "ACME-OUT")
    assert said.returncode == 0, said
    wait_fields(controller, {"ACME-4": {"drift": (None, "changed by hand since the controller pushed it")}})
    assert pushed_names(router) == ["ACME-4", "ACME-IN", "ACME-OUT", "ACME-IN"]
    said = controller.peerctl("policy", "push-again", "edge1", "ACME-OUT")
    assert said.returncode == 1 and "wanted" in said.stderr, said
    # Accepted it is the router's own: shown, and no difference.
    assert controller.post(f"{POLICIES}/ACME-4/accept")[0] == 200
    assert [(one["name"], one["undeclared"]) for one in differences(controller)] == [("ACME-4", True)]
    assert "changed by hand since it was pushed" in differences(controller)[0]["why"]
    said = controller.peerctl("diff")
    assert said.returncode == 0 and "undeclared" in said.stdout, said
    assert [row["action"] for row in controller.get("/v1/audit")["audit"]].count("policy.accept") == 2


def test_what_was_withdrawn_and_is_still_used_is_told(newer):
    controller, router = newer
    put(controller, "ACME-4", prefixes("198.51.100.0/24"))
    router.send_policy("ACME-4", withdrawn=True)
    wait_fields(controller, {"ACME-4": {"wanted": ("wanted", "withdrawn, and still used")}})
    assert controller.post(f"{POLICIES}/ACME-4/accept")[0] == 200
    assert [one["why"] for one in differences(controller)] == ["it was withdrawn, and goes when nothing uses it any more"]
    router.send_policy("ACME-4", gone=True)
    until("nothing", lambda: differences(controller), lambda found: not found)


def test_policies_that_a_router_has_taken_back_are_wanted_as_before(newer):
    controller, router = newer
    put(controller, "ACME-4", prefixes("198.51.100.0/24"))
    put(controller, "GOES", prefixes("203.0.113.0/24"))
    before = {name: dict(router.policy_reports[name]) for name in ("ACME-4", "GOES")}
    confirmed = "confirmSeconds=60&confirm=manual"
    taken_back = dict(rolled_back=True, results=[dict(code="rolled-back", message="not confirmed in time")])
    wanted = lambda: {one["name"] for one in controller.get(POLICIES)["policies"]}

    code, push = controller.request("PUT", f"{POLICIES}/ACME-4?{confirmed}", prefixes("198.51.100.0/25"))
    assert code == 200 and push["confirmation"] == "waiting", push
    # The router says that it has taken it back, and has the new one all the same: that is a difference now.
    router.send_result(push["id"], **taken_back)
    until("wanted as before", lambda: controller.get(f"{POLICIES}/ACME-4")["entries"][0]["prefix"],
          lambda prefix: prefix == "198.51.100.0/24")
    wait_fields(controller, {"ACME-4": {"contents": ("prefix-list-ipv4, 1 entry", "prefix-list-ipv4, 1 entry")}})
    until("counted", lambda: controller.query("SELECT name FROM desired_policy WHERE differs_since > 0"), bool)
    router.send_policy("ACME-4", **before["ACME-4"])
    wait_fields(controller, {})
    # One that it was to withdraw, and one that is new; the report comes in front of the word.
    code, push = controller.request("DELETE", f"{POLICIES}/GOES?{confirmed}")
    assert code == 200 and wanted() == {"ACME-4"}
    router.policy_reports["GOES"] = before["GOES"]
    router.send_policy("GOES")
    router.send_result(push["id"], **taken_back)
    until("wanted again", wanted, lambda names: names == {"ACME-4", "GOES"})
    assert fields(controller) == {}
    code, push = controller.request("PUT", f"{POLICIES}/NEW?{confirmed}", prefixes("192.0.2.0/24"))
    assert code == 200 and wanted() == {"ACME-4", "GOES", "NEW"}
    router.send_policy("NEW", gone=True)
    router.send_result(push["id"], **taken_back)
    until("not wanted", wanted, lambda names: names == {"ACME-4", "GOES"})
    wait_fields(controller, {})


def test_policies_to_be_confirmed_go_to_no_router_that_cannot_take_them_back(controller):
    older = tuple(name for name in wire.NEWER_FEATURES if name != "confirmed-policies")
    with controller.router(features=older) as router:
        code, problem = controller.request("PUT", f"{POLICIES}/ACME-4?confirmSeconds=60", prefixes("198.51.100.0/24"))
        assert (code, problem["code"]) == (409, "router-too-old") and "confirmed-policies" in problem["detail"], problem
        assert not router.pushes
        put(controller, "ACME-4", prefixes("198.51.100.0/24"))


def test_settings_are_compared_and_accepted(newer):
    controller, router = newer
    body = {**REQUEST, "description": "Example", "profile": "PEERS", "onViolation": "deny", "timers": {"stale": 60},
            "checks": {"no-bogons": "required"}, "neighbors": [
                {"address": "192.0.2.2", "holdTime": 30, "role": "peer", "password": "a-key-of-two"}]}
    assert controller.post(PATH, body)[0] == 200
    until("the report", lambda: controller.get(connection_path())["connectionState"],
          lambda state: state == "PendingApproval")
    assert fields(controller) == {}
    assert controller.get(connection_path())["notCompared"] == []
    status = router.connections[NAME]
    declared = status["declared"]
    # A password that somebody has typed there can be asked for by nobody who does not know it.
    declared.neighbors[0].password_differs = True
    router.send_snapshot(False, [NAME])
    wait_fields(controller, {NAME: {"neighbors[192.0.2.2].password": ("set", "another")}})
    for command in (["diff", "--router", "edge1"], ["show", "edge1", NAME]):
        said = controller.peerctl(*command).stdout
        assert re.search(r"neighbors\[192\.0\.2\.2\]\.password.* set.* another", said), said
    code, problem = controller.post(f"{connection_path()}/accept")
    assert (code, problem["code"]) == (409, "cannot-accept") and "password of 192.0.2.2 on edge1" in problem["detail"], problem
    body["neighbors"][0]["password"] = "what-holds-there"
    assert controller.post(PATH, body)[0] == 200
    wait_fields(controller, {})
    declared = status["declared"]
    declared.description, declared.profile, declared.on_violation, declared.stale_timer = "mine", "", 1, 0
    declared.checks[0].level = "off"
    declared.neighbors[0].hold_time, declared.neighbors[0].bfd = 90, True
    status["sessions"][0]["password_set"] = False
    router.send_snapshot(False, [NAME])
    at = "neighbors[192.0.2.2]"
    wait_fields(controller, {NAME: {
        "description": ("Example", "mine"), "profile": ("PEERS", None), "onViolation": ("deny", "report"),
        "timers.stale": (60, None), "checks.no-bogons": ("required", "off"), f"{at}.holdTime": (30, 90),
        f"{at}.bfd": (None, True), f"{at}.password": ("set", None)}})
    said = controller.peerctl("accept", "edge1", NAME)
    assert said.returncode == 0, said
    assert fields(controller) == {} and len(router.pushes) == 2
    desired = controller.get(connection_path())["desired"]
    assert (desired["description"], desired["onViolation"], desired["checks"]) == ("mine", "report", {"no-bogons": "off"})
    assert "profile" not in desired and "timers" not in desired
    neighbor = desired["neighbors"][0]
    assert (neighbor["holdTime"], neighbor["bfd"], neighbor["role"]) == (90, True, "peer") and "passwordSet" not in neighbor


def test_a_router_that_has_lost_everything_is_restored_in_one_go(newer):
    controller, router = newer
    for name, body in (("COMMON", route_map()), ("ACME-4", prefixes("198.51.100.0/24")),
                       ("ACME-IN", route_map(prefix_list="ACME-4")), ("ACME-OUT", route_map(call="COMMON"))):
        put(controller, name, body)
    # In the order of names the one that calls comes first.
    put(controller, "AAA", route_map(call="ACME-OUT"))
    for name in (NAME, "PNI-OTHER"):
        assert controller.post(PATH, {**REQUEST, "name": name})[0] == 200
    assert controller.post(f"{connection_path()}/approve")[0] == 200
    router.stop()
    with controller.router(journal_id="a-new-one", features=wire.NEWER_FEATURES) as empty:
        found = until("all of it missing", lambda: fields(controller), lambda found: len(found) == 7)
        assert found[NAME] == {"connection": ("declared", None)}
        assert found["ACME-4"] == {"policy": ("prefix-list-ipv4, 1 entry", None)}
        # Nothing of it happens by itself.
        assert empty.pushes == [] and not controller.get("/v1/routers")["routers"][0]["held"]
        said = controller.peerctl("push-again", "edge1", "--reason", "its disk was lost")
        assert said.returncode == 0 and "7 asked for again: 7 done" in said.stdout, said
        names = pushed_names(empty)
        assert names[:4] == ["ACME-4", *names[1:3], "ACME-OUT"] and sorted(names[1:3]) == ["ACME-IN", "COMMON"]
        assert names[4] == "AAA" and sorted(names[5:]) == [NAME, "PNI-OTHER"]
        wait_fields(controller, {})
        # What had been approved is to be approved again.
        assert controller.get(connection_path())["connectionState"] == "PendingApproval"
        said = controller.peerctl("push-again", "edge1")
        assert said.returncode == 0 and "0 asked for again" in said.stdout, said


def test_what_is_refused_holds_up_nothing_else(newer):
    controller, router = newer
    put(controller, "ACME-4", prefixes("198.51.100.0/24"))
    for name in (NAME, "PNI-OTHER"):
        assert controller.post(PATH, {**REQUEST, "name": name})[0] == 200
    router.stop()
    with controller.router(journal_id="a-new-one", features=wire.NEWER_FEATURES) as empty:
        until("all of it missing", lambda: len(fields(controller)), lambda count: count == 3)
        empty.refuses = {NAME: ("neighbor-taken", "192.0.2.2 is the operator's own; remove it first")}
        said = controller.peerctl("push-again", "edge1")
        assert said.returncode == 1 and "3 asked for again: 2 done" in said.stdout, said
        assert "the operator's own" in said.stdout, said
        said = controller.peerctl("push-again", "edge1", "-o", "json")
        assert [(one["name"], one["outcome"]) for one in json.loads(said.stdout)["results"]] == [(NAME, "refused")]
        assert sorted(fields(controller)) == [NAME]


def test_a_full_report_in_pieces_loses_nothing_in_between(newer):
    controller, router = newer
    put(controller, "ACME-4", prefixes("198.51.100.0/24"))
    assert controller.post(PATH, REQUEST)[0] == 200
    router.stop()
    status, policy = router.connections[NAME], router.policy_reports["ACME-4"]
    with controller.connect() as connection:
        connection.hello(journal_id=router.journal_id, features=wire.NEWER_FEATURES, last_push=router.last_push,
                         last_sequence=len(router.journal))
        connection.send(snapshot=dict(full=True, policies_full=True))
        connection.send_transitions(100, 100)
        connection.wait_acked(100)
        assert fields(controller) == {} and controller.get(connection_path())["connectionState"] == "PendingApproval"
        connection.send(snapshot=dict(policies=[policy]))
        connection.send(snapshot=dict(connections=[status], complete=True))
        connection.send_transitions(101, 101)
        connection.wait_acked(101)
        assert fields(controller) == {}
        # What the next one does not name is gone with its end.
        connection.send(snapshot=dict(full=True, policies_full=True, complete=True))
        wait_fields(controller, {NAME: {"connection": ("declared", None)},
                                 "ACME-4": {"policy": ("prefix-list-ipv4, 1 entry", None)}})


def test_a_full_report_that_is_cut_off_takes_nothing_away(newer):
    """At each of its pieces; what is known stays until a whole one is there, and what that does not name is gone then."""
    controller, router = newer
    put(controller, "ACME-4", prefixes("198.51.100.0/24"))
    assert controller.post(PATH, REQUEST)[0] == 200
    router.stop()
    others = [status(f"C-{number}", "Active") for number in range(4)]
    pieces = [dict(full=True, policies_full=True, connections=others[:2]), dict(connections=others[2:]),
              dict(connections=[router.connections[NAME]]),
              dict(policies=[router.policy_reports["ACME-4"]], complete=True)]

    def report(sequence, sent):
        with controller.connect() as connection:
            connection.hello(journal_id=router.journal_id, features=wire.NEWER_FEATURES, last_push=router.last_push,
                             last_sequence=len(router.journal))
            for piece in sent:
                connection.send(snapshot=piece)
            connection.send_transitions(sequence, sequence, "ELSEWHERE")
            connection.wait_acked(sequence)

    def names():
        """What the router has, as far as is known."""
        return {row[0] for row in controller.query("SELECT name FROM observed_connection")}

    report(100, pieces)
    everything = {NAME, *(one["name"] for one in others)}
    for cut in range(len(pieces)):
        report(101 + cut, pieces[:cut])
        assert names() == everything and NAME not in fields(controller) and "ACME-4" not in fields(controller), cut
    report(110, [pieces[0], pieces[2], pieces[3]])
    assert names() == everything - {"C-2", "C-3"} and NAME not in fields(controller)
    report(111, [pieces[0], pieces[1], dict(complete=True)])
    assert names() == everything - {NAME}
    wait_fields(controller, {NAME: {"connection": ("declared", None)},
                             "ACME-4": {"policy": ("prefix-list-ipv4, 1 entry", None)}})


def test_a_router_that_reports_no_policies_has_none_compared(newer):
    controller, router = newer
    put(controller, "ACME-4", prefixes("198.51.100.0/24"))
    router.send_policy("ACME-4", drifted=True)
    until("the difference", lambda: fields(controller), bool)
    router.stop()
    with controller.connect() as connection:
        connection.hello(journal_id=router.journal_id, last_push=router.last_push)
        connection.send(snapshot=dict(full=True))
        connection.send_transitions(100, 100)
        connection.wait_acked(100)
        assert differences(controller) == []


def test_a_router_is_held_for_its_policies_too(newer):
    controller, router = newer
    put(controller, "ACME-4", prefixes("198.51.100.0/24"))
    router.stop()
    router.policy_reports["ACME-4"]["digest"] = 7
    router.last_push = "of another controller"
    with router.reborn(controller.router_address) as again:
        controller.wait_log("event=router-held router=edge1")
        until("the difference", lambda: fields(controller), bool)
        assert controller.get("/v1/routers")["routers"][0]["held"]["unsettledCount"] == 1
        code, push = controller.request("PUT", f"{POLICIES}/OTHER", prefixes("203.0.113.0/24"))
        assert code == 202 and again.pushes == [], push
        assert controller.post(f"{POLICIES}/ACME-4/push-again")[0] in (200, 202)
        controller.wait_log("event=router-released router=edge1")
        until("both", lambda: pushed_names(again), lambda names: names == ["OTHER", "ACME-4"])
        wait_fields(controller, {})


def test_more_policies_than_a_router_may_have_are_left_out(newer):
    controller, router = newer
    router.stop()
    with controller.connect() as connection:
        connection.hello(journal_id=router.journal_id, features=wire.NEWER_FEATURES)
        for first in range(0, 11000, 1000):
            connection.send(snapshot=dict(policies_full=first == 0, complete=first == 10000, policies=[
                dict(name=f"P-{number:05}", kind=99, digest=1) for number in range(first, first + 1000)]))
        connection.send(snapshot=dict(policies=[dict(name="no name\n", digest=1)]))
        connection.send_transitions(100, 100)
        connection.wait_acked(100)
        controller.wait_log("event=snapshot-skipped router=edge1 policies=1000")
        controller.wait_log("event=snapshot-skipped router=edge1 policies=1 ")
        assert controller.query("SELECT count(*), min(kind), max(kind) FROM observed_policy") == [(10000, "", "")]
        shown = json.loads(controller.peerctl("diff", "-o", "json").stdout)["differences"]
        assert [one["name"] for one in shown] == [f"P-{number:05}" for number in range(10000)]
