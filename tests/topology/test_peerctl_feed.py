# SPDX-License-Identifier: GPL-2.0-or-later
"""A feed of connections: `peerctl export` and `peerctl apply`, against a peering-controller with routers that a test plays.
Judged by what those routers were sent."""
import contextlib
import json
import os
import re

import pytest

import wire
from controller_fixtures import connection_path
from lab.wait import until
from peerings_kit import approve_asn, connection, peering

ROUTERS = ("edge1", "edge2")


def entry(router, number, **fields):
    return {"router": router, "name": f"PNI-{number:04}", "peerAsn": 64510 + number,
            "neighbors": [{"address": f"192.0.2.{number + 1}"}], **fields}


def feed(*entries):
    return {"schemaVersion": 1, "connections": list(entries)}


def declared(router):
    """Names of what was pushed since the last call, in no order."""
    names = sorted(operation.declare.name for push in router.pushes for operation in push.operations)
    del router.pushes[:]
    return names


def prefixes(router, name, *networks):
    return {"router": router, "name": name, "kind": "prefix-list-ipv4", "entries": [
        {"sequence": 5 * (place + 1), "action": "permit", "prefix": network} for place, network in enumerate(networks)]}


def route_map(router, name, prefix_list, **more):
    return {"router": router, "name": name, "kind": "route-map", "entries": [
        {"sequence": 10, "action": "permit", "match": {"prefixListIpv4": prefix_list}, **more}]}


def with_policies(*policies, connections=()):
    return {**feed(*connections), "policies": list(policies)}


def pushed(router):
    """What was pushed since the last call: the names of each push, in order."""
    names = [[(operation.policy if operation.WhichOneof("operation") == "policy" else operation.declare).name
              for operation in push.operations] for push in router.pushes]
    del router.pushes[:]
    return names


def policy_router(controller, name="edge1"):
    return controller.router(name, features=(*wire.FEATURES, "policy-objects"))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "feed.json"

    def write(content):
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def test_a_feed_is_asked_for_once(controller, file):
    with controller.router("edge1") as edge1, controller.router("edge2") as edge2:
        both = [entry(router, number) for router in ROUTERS for number in range(40)]
        said = controller.peerctl("apply", "-f", file(feed(*both)))
        assert said.returncode == 0 and "80 connections: 80 new, 0 changed, 0 unchanged, 0 refused" in said.stdout, said
        assert declared(edge1) == declared(edge2) == [f"PNI-{number:04}" for number in range(40)]
        # The same again, and with words that change nothing: no push.
        both[0]["kind"] = "direct"
        said = controller.peerctl("apply", "-f", file(feed(*both)))
        assert said.returncode == 0 and said.stdout == "80 connections: 0 new, 0 changed, 80 unchanged, 0 refused\n", said
        # One changes, one is new, one is left out.
        both[0]["description"] = "port 4"
        said = controller.peerctl("apply", "-f", file(feed(*both[:-1], entry("edge1", 99))))
        assert "1 new, 1 changed, 78 unchanged, 0 refused" in said.stdout, said
        left_out = [line for line in said.stdout.splitlines() if "left as it is" in line]
        assert len(left_out) == 1 and "edge2" in left_out[0] and "PNI-0039" in left_out[0]
        assert declared(edge1) == ["PNI-0000", "PNI-0099"] and declared(edge2) == []


def on_terminal(controller, *arguments):
    """(exit status, standard output, what a terminal in the place of standard error was sent)"""
    parent, child = os.openpty()
    with controller.start_peerctl(*arguments, stderr=child) as process, open(parent, "rb", buffering=0) as terminal:
        os.close(child)
        shown = b""
        # The terminal is gone, an error, once peerctl has ended.
        with contextlib.suppress(OSError):
            while data := terminal.read(4096):
                shown += data
        return process.wait(60), process.stdout.read(), shown.decode()


def test_long_work_shows_how_far_it_is_on_a_terminal_alone(controller, file):
    path = file(feed(*(entry("edge1", number) for number in range(40))))
    with controller.router("edge1") as edge1:
        status, said, shown = on_terminal(controller, "apply", "-f", path)
        assert status == 0 and "40 new" in said and "\r" not in said
        steps = re.findall(r"\r(\d+) of 40 connections", shown)
        assert steps == ["16", "32", "40"] and shown.endswith("\r\033[K"), shown
        for name in ("PNI-0003", "PNI-0005"):
            edge1.connections[name]["peer_asn"] = 64999
            edge1.send_snapshot(False, [name])
        until("the differences", lambda: controller.peerctl("diff").stdout.count("peerAsn"), lambda count: count == 2)
        status, said, shown = on_terminal(controller, "push-again", "edge1")
        assert status == 0 and "2 done" in said and "2 of 2" in shown, (said, shown)
        assert controller.peerctl("apply", "-f", path).stderr == ""


def test_what_is_exported_changes_nothing(controller, file):
    with controller.router("edge1") as edge1, controller.router("edge2"):
        neighbors = [{"address": "2001:db8::2", "optional": True,
                      "families": [{"afi": "ipv6", "receivedLimit": 500, "importPolicy": "IN", "exportPolicy": "OUT"}]},
                     {"address": "192.0.2.9", "description": "port 4"}]
        full = entry("edge1", 1, neighbors=neighbors, activation="auto", validationWindow=60, onViolation="deny",
                     reopenMode="auto", reopenHoldDown=90, profile="PEERS", checks={"no-bogons": "required"},
                     description="Example", kind="exchange")
        said = controller.peerctl("apply", "-f", file(feed(full, entry("edge2", 2))))
        assert said.returncode == 0, said
        declared(edge1)
        whole = controller.peerctl("export")
        exported = json.loads(whole.stdout)
        assert [(one["router"], one["name"]) for one in exported["connections"]] == [("edge1", "PNI-0001"), ("edge2", "PNI-0002")]
        assert exported["connections"][0]["checks"] == {"no-bogons": "required"}
        assert [one["router"] for one in json.loads(controller.peerctl("export", "--router", "edge2").stdout)["connections"]] \
            == ["edge2"]
        said = controller.peerctl("apply", "-f", file(whole.stdout))
        assert said.stdout == "2 connections: 0 new, 0 changed, 2 unchanged, 0 refused\n" and declared(edge1) == []
        # As scripts read it.
        said = controller.peerctl("apply", "-f", file(whole.stdout), "-o", "json")
        assert json.loads(said.stdout)["summary"] == {"new": 0, "changed": 0, "unchanged": 2, "refused": 0, "unreached": 0}


def test_what_a_peering_asked_for_is_as_good(controller, file):
    with controller.router("edge1") as edge1:
        approve_asn(controller)
        wanted = peering(connections=[connection(neighbors=[{"address": "192.0.2.2", "password": "between-us"}])])
        assert controller.post("/v1/peerings", wanted)[0] == 201
        assert controller.post("/v1/peerings/AS64510-FRA/approve")[0] == 200
        until("the request", lambda: "AS64510-1" in edge1.connections)
        until("its answer", lambda: controller.get(connection_path("AS64510-1"))["desired"]["pushState"],
              lambda state: state == "applied")
        declared(edge1)
        whole = controller.peerctl("export").stdout
        assert "between-us" not in whole
        said = controller.peerctl("apply", "-f", file(whole))
        assert said.stdout == "1 connections: 0 new, 0 changed, 1 unchanged, 0 refused\n", said
        exported = json.loads(whole)
        exported["connections"][0]["description"] = "port 4"
        said = controller.peerctl("apply", "-f", file(exported))
        assert "1 changed" in said.stdout and declared(edge1) == ["AS64510-1"], said


def test_one_that_is_refused_holds_up_none(controller, file):
    with controller.router("edge1") as edge1:
        wrong = entry("edge1", 2, neighbors=[{"address": "192.0.2.300"}])
        said = controller.peerctl("apply", "-f", file(feed(entry("edge1", 1), wrong, entry("nowhere", 3), entry("edge1", 4))))
        assert said.returncode == 1 and "2 new, 0 changed, 0 unchanged, 2 refused" in said.stdout, said
        assert "192.0.2.300" in said.stdout and 'no router "nowhere"' in said.stdout
        assert declared(edge1) == ["PNI-0001", "PNI-0004"]
    # The router is away: kept for it.
    said = controller.peerctl("apply", "-f", file(feed(entry("edge1", 5))))
    assert said.returncode == 0 and "gets it when it connects" in said.stdout
    said = controller.peerctl("apply", "-f", file(feed(entry("edge1", 5))))
    assert "1 unchanged" in said.stdout, said


def test_policies_go_first_and_each_behind_what_it_refers_to(controller, file):
    with policy_router(controller) as edge1, policy_router(controller, "edge2") as edge2:
        first = [route_map("edge1", "A-CALLS", "LIST", call="B-CALLED"), route_map("edge1", "B-CALLED", "LIST"),
                 prefixes("edge1", "LIST", "198.51.100.0/24"), prefixes("edge2", "LIST", "203.0.113.0/24")]
        said = controller.peerctl("apply", "-f", file(with_policies(*first, connections=[entry("edge1", 1)])))
        assert said.returncode == 0 and "4 policies: 4 new, 0 changed, 0 unchanged, 0 refused" in said.stdout, said
        assert "1 connections: 1 new" in said.stdout
        assert pushed(edge1) == [["LIST", "B-CALLED", "A-CALLS"], ["PNI-0001"]] and pushed(edge2) == [["LIST"]]
        # What is exported changes nothing, and is what was asked for.
        exported = controller.peerctl("export").stdout
        assert sorted(json.loads(exported)["policies"], key=json.dumps) == sorted(first, key=json.dumps)
        said = controller.peerctl("apply", "-f", file(exported))
        assert said.returncode == 0 and "4 policies: 0 new, 0 changed, 4 unchanged" in said.stdout, said
        assert pushed(edge1) == pushed(edge2) == []
        assert [one["router"] for one in json.loads(controller.peerctl("export", "--router", "edge2").stdout)["policies"]] \
            == ["edge2"]
        # One has changed, one is left out; nothing happens in a dry run.
        first[2] = prefixes("edge1", "LIST", "198.51.100.0/24", "192.0.2.0/24")
        said = controller.peerctl("apply", "-f", file(with_policies(*first[1:])), "--dry-run")
        assert "dry run, 3 policies: 0 new, 1 changed, 2 unchanged" in said.stdout, said
        assert all(push.dry_run for push in edge1.pushes) and len(edge1.policies["LIST"].entries) == 1
        pushed(edge1)
        said = controller.peerctl("apply", "-f", file(with_policies(*first[1:])))
        assert "3 policies: 0 new, 1 changed, 2 unchanged" in said.stdout, said
        assert pushed(edge1) == [["LIST"]] and len(edge1.policies["LIST"].entries) == 2
        left = [line for line in said.stdout.splitlines() if "left as it is" in line]
        assert len(left) == 1 and "A-CALLS" in left[0] and "policy withdraw" in left[0]
        said = json.loads(controller.peerctl("apply", "-f", file(with_policies(*first[1:])), "-o", "json").stdout)
        assert said["policySummary"]["unchanged"] == 3 and said["policiesLeftOut"] == [{"router": "edge1", "name": "A-CALLS"}]


def test_what_goes_by_refused_policies_is_not_sent(controller, file):
    with policy_router(controller) as edge1, policy_router(controller, "edge2") as edge2:
        said = controller.peerctl("apply", "-f", file(with_policies(
            prefixes("edge1", "LIST", "198.51.100.0/24"), route_map("edge1", "MAP", "NOWHERE"),
            prefixes("edge2", "LIST", "198.51.100.0/24"), prefixes("nowhere", "LIST", "198.51.100.0/24"),
            connections=[entry("edge1", 1), entry("edge2", 1)])))
        assert said.returncode == 1 and "4 policies: 1 new, 0 changed, 0 unchanged, 3 refused" in said.stdout, said
        assert "2 connections: 1 new, 0 changed, 0 unchanged, 1 refused" in said.stdout
        assert "there is no NOWHERE" in said.stdout and "not sent: policies of its router were not taken" in said.stdout
        assert pushed(edge1) == [["LIST", "MAP"]] and pushed(edge2) == [["LIST"], ["PNI-0001"]]


def test_policies_that_do_not_fit_into_one_request(controller, file):
    with policy_router(controller) as edge1:
        many = [prefixes("edge1", f"LIST-{number:04}", "198.51.100.0/24") for number in range(1001)]
        said = controller.peerctl("apply", "-f", file(with_policies(route_map("edge1", "A-MAP", "LIST-1000"), *many)))
        assert said.returncode == 0 and "1002 policies: 1002 new" in said.stdout, said.stdout[-400:]
        assert [len(push) for push in pushed(edge1)] == [1000, 2] and len(edge1.policies) == 1002
        # A page of the list of policies is 1,000 long.
        assert len(json.loads(controller.peerctl("export").stdout)["policies"]) == 1002


def test_a_list_of_policies_that_is_none(bad_input):
    controller, router = bad_input
    good = {key: value for key, value in prefixes("edge1", "LIST", "198.51.100.0/24").items() if key != "router"}
    for body, word in (([], "a list of 1 to 1024"), ({}, "a list of 1 to 1024"), ([good, good], "policy 2 of the list: LIST is there twice"),
                       ([good, {**good, "name": "B", "kind": "x"}], "policy 2 of the list: "), ([good] * 1025, "a list of 1 to 1024")):
        answer = controller.ask("POST", "/v1/routers/edge1/policies", body)
        assert answer.status == 400 and word in answer.body["detail"], answer
    answer = controller.ask("POST", "/v1/routers/edge1/policies?onlyIfChanged=maybe", [good])
    assert answer.status == 400 and answer.body["code"] == "bad-query", answer
    assert not router.pushes


@pytest.mark.parametrize("content, word", [
    ("", "no JSON"),
    ("{\n\"connections\": [\n{]}", "line 3"),
    ("[]", "a feed is"),
    ({"connections": {}}, "a feed is"),
    ({"connections": [], "conections": []}, 'no "conections"'),
    ({"schemaVersion": 2, "connections": []}, "schemaVersion 1 alone"),
    (feed({"name": "PNI"}), 'no "router"'),
    (feed({"router": "edge1"}), 'no "name"'),
    (feed("edge1"), 'no "router"'),
    ({**feed(), "policies": {}}, "a feed is"),
    (with_policies({"name": "LIST"}), 'policies[0] has no "router"'),
    (with_policies({"router": "edge1"}), 'policies[0] has no "name"'),
    (with_policies(prefixes("edge1", "LIST", "198.51.100.0/24"), prefixes("EDGE1", "LIST", "198.51.100.0/24")), "is there twice"),
    (feed(entry("edge1", 1), entry("EDGE1", 1)), "is there twice"),
    pytest.param("[" * 100000, "no JSON", id="deep"),
])
def test_a_feed_that_is_none(bad_input, file, content, word):
    controller, router = bad_input
    said = controller.peerctl("apply", "-f", file(content))
    assert said.returncode == 2 and word in said.stderr, said
    assert not router.pushes


def test_a_feed_that_cannot_be_read(bad_input, tmp_path):
    said = bad_input[0].peerctl("apply", "-f", tmp_path / "nothing")
    assert said.returncode == 2 and "No such file" in said.stderr
    said = bad_input[0].peerctl("apply")
    assert said.returncode == 2 and "usage: peerctl apply -f FILE" in said.stderr
