# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a router is not as it was asked for: found, shown, and left to a person."""
import copy
import json

import pytest

from controller_fixtures import REQUEST, connection_path, differences, fields, status, wait_fields
from controller_process import OPERATOR
from lab.wait import until

NAME = "PNI-ACME-FRA1"
PATH = "/v1/routers/edge1/connections"


def change(router, name=NAME, **changes):
    """What a person does on the router."""
    router.connections[name].update(changes)
    router.send_snapshot(False, [name])


@pytest.fixture
def asked(controller):
    """A controller, and a router that has done what it was asked for."""
    with controller.router() as router:
        code, push = controller.post(PATH, REQUEST)
        assert code == 200, push
        until("the report", lambda: controller.get(connection_path())["connectionState"],
              lambda state: state == "PendingApproval")
        assert fields(controller) == {}
        yield controller, router
    assert router.error is None


def test_each_field_that_is_reported_is_compared(asked):
    controller, router = asked
    sessions = copy.deepcopy(router.connections[NAME]["sessions"])
    sessions[0]["families"][0].update(received_limit=0, import_policy="OTHER", export_policy="")
    sessions[0]["required"] = False
    sessions[1]["address"] = "2001:db8:1::3"
    change(router, sessions=sessions, peer_asn=64999, kind=2, activation=2,
           checks=[dict(name="no-bogons", level="advisory", verdict="pass")])
    wait_fields(controller, {NAME: {
        "peerAsn": (64510, 64999), "kind": ("direct", "exchange"), "activation": ("manual", "auto"),
        "neighbors[192.0.2.2]": ("required", "optional"),
        "neighbors[192.0.2.2].ipv4.receivedLimit": (2000, None),
        "neighbors[192.0.2.2].ipv4.importPolicy": ("ACME-IN", "OTHER"),
        "neighbors[192.0.2.2].ipv4.exportPolicy": ("ACME-OUT", None),
        "neighbors[2001:db8:1::2]": ("optional", None), "neighbors[2001:db8:1::3]": (None, "required")
        if sessions[1]["required"] else (None, "optional")}})
    shown = controller.get(connection_path())
    found = differences(controller)[0]
    assert shown["differences"] == found["fields"] and shown["differsSince"] == found["since"] is not None
    assert found["since"] > found["requestedAt"] and found["requestedBy"] == OPERATOR
    assert found["pushState"] == "applied" and "changed there since" in found["why"]
    controller.wait_log("level=warning event=differences router=edge1 count=1")
    # Since when stays, whatever else the router reports.
    router.send_snapshot(True)
    change(router, peer_asn=64510)
    until("one less", lambda: fields(controller)[NAME], lambda found: "peerAsn" not in found)
    assert differences(controller)[0]["since"] == found["since"]
    # Nothing was undone.
    assert len(router.pushes) == 1


def test_what_a_router_does_not_report_is_named(controller):
    body = {**REQUEST, "description": "Example", "validationWindow": 60, "onViolation": "deny", "profile": "PEERS",
            "reopenMode": "auto", "reopenHoldDown": 60, "checks": {"no-bogons": "required", "next-hop": "off"},
            "neighbors": [{"address": "192.0.2.2", "description": "port 4"}]}
    with controller.router() as router:
        assert controller.post(PATH, body)[0] == 200
        change(router, checks=[dict(name="no-bogons", level="advisory", verdict="pass")],
               degraded=[dict(cause="drift", severity="warning", figures="1 difference",
                              reason="changed by hand since the controller pushed it: the profile is OTHER")])
        wait_fields(controller, {NAME: {
            "checks.no-bogons": ("required", "advisory"),
            "drift": (None, "changed by hand since the controller pushed it: the profile is OTHER")}})
        assert sorted(differences(controller)[0]["notCompared"]) == [
            "checks.next-hop", "description", "neighbors[192.0.2.2].description", "onViolation", "profile",
            "reopenHoldDown", "reopenMode", "validationWindow"]
        # Accepting it leaves what cannot be compared as it was asked for.
        assert controller.post(f"{connection_path()}/accept")[0] == 200
        desired = controller.get(connection_path())["desired"]
        assert desired["checks"] == {"no-bogons": "advisory", "next-hop": "off"} and desired["profile"] == "PEERS"


def test_gone_on_the_router_and_pushed_again(asked):
    controller, router = asked
    router.move(NAME, "PendingRemove", "14", actor="operator")
    wait_fields(controller, {NAME: {"connection": ("declared", "PendingRemove")}})
    router.move(NAME, "None", "15")
    wait_fields(controller, {NAME: {"connection": ("declared", None)}})
    said = controller.peerctl("diff", "--router", "edge1")
    assert said.returncode == 1 and NAME in said.stdout and "declared" in said.stdout, said
    assert controller.peerctl("diff", "--router", "edge1", "-o", "json").returncode == 1
    said = controller.peerctl("push-again", "edge1", NAME, "--reason", "it was a mistake")
    assert said.returncode == 0 and "applied" in said.stdout, said
    wait_fields(controller, {})
    said = controller.peerctl("diff")
    assert said.returncode == 0 and said.stdout == "everything is as it was asked for\n"
    assert [push.operations[0].declare.name for push in router.pushes] == [NAME, NAME]
    controller.wait_log("level=info event=differences router=edge1 count=0")


def test_accepting_what_a_person_did(asked):
    controller, router = asked
    sessions = copy.deepcopy(router.connections[NAME]["sessions"])
    sessions[0]["families"][0].update(received_limit=500)
    del sessions[1]
    change(router, sessions=sessions)
    wait_fields(controller, {NAME: {"neighbors[192.0.2.2].ipv4.receivedLimit": (2000, 500),
                                    "neighbors[2001:db8:1::2]": ("optional", None)}})
    said = controller.peerctl("accept", "edge1", NAME)
    assert said.returncode == 0, said
    assert fields(controller) == {} and len(router.pushes) == 1
    desired = controller.get(connection_path())["desired"]
    assert desired["neighbors"] == [{"address": "192.0.2.2", "optional": False, "families": [
        {"afi": "ipv4", "receivedLimit": 500, "importPolicy": "ACME-IN", "exportPolicy": "ACME-OUT"}]}]
    # It is what a later refusal goes back to.
    assert controller.post(PATH, {**REQUEST, "peerAsn": 65535})[0] == 409
    assert controller.get(connection_path())["desired"]["neighbors"] == desired["neighbors"]
    assert controller.post(f"{connection_path()}/accept?dryRun=true")[0] == 400
    # Accepting that it is gone ends it, and nothing brings it back.
    router.move(NAME, "None", "15")
    wait_fields(controller, {NAME: {"connection": ("declared", None)}})
    assert controller.post(f"{connection_path()}/accept", {"reason": "gone"})[0] == 200
    assert controller.query("SELECT * FROM desired_connection") == [] and fields(controller) == {}
    assert controller.post(PATH, {**REQUEST, "peerAsn": 65535})[0] == 409
    assert controller.query("SELECT * FROM desired_connection") == []


def test_what_nobody_asked_for_is_shown_and_no_error(controller):
    with controller.router() as router:
        router.connections["PNI-HAND"] = status("PNI-HAND", "Active")
        router.send_snapshot(False, ["PNI-HAND"])
        found = until("it", lambda: differences(controller, "?router=edge1"), lambda found: found)
        assert [(one["name"], one["undeclared"], one["fields"]) for one in found] == [("PNI-HAND", True, [])]
        said = controller.peerctl("diff")
        assert said.returncode == 0 and "undeclared" in said.stdout, said
        code, problem = controller.post(f"{connection_path('PNI-HAND')}/push-again")
        assert (code, problem["code"]) == (409, "undeclared")
        # Accepted, it counts as asked for.
        assert controller.post(f"{connection_path('PNI-HAND')}/accept")[0] == 200
        assert differences(controller) == []
        change(router, "PNI-HAND", peer_asn=64999)
        wait_fields(controller, {"PNI-HAND": {"peerAsn": (64510, 64999)}})
        code, problem = controller.request("GET", "/v1/differences?nonsense=1")
        assert (code, problem["code"]) == (400, "bad-query")


def test_a_request_on_its_way_differs_until_the_router_has_it(controller):
    with controller.router():
        pass
    until("edge1 away", lambda: controller.get("/v1/routers")["routers"][0]["connected"], lambda seen: not seen)
    assert controller.post(PATH, REQUEST)[0] == 202
    found = differences(controller)[0]
    assert found["pushState"] == "queued" and "is away" in found["why"] and found["since"] == found["requestedAt"]
    # Accepting that the router does not have it takes the request back.
    assert controller.post(f"{connection_path()}/accept")[0] == 200
    push = controller.get(f"/v1/pushes/{found['pushId']}")
    assert push["state"] == "refused" and push["operations"][0]["code"] == "superseded"
    with controller.router() as router:
        assert controller.post(PATH, {**REQUEST, "name": "PNI-OTHER"})[0] == 200
        assert [push.operations[0].declare.name for push in router.pushes] == ["PNI-OTHER"]


def test_a_router_that_comes_back_as_another_is_reconciled(asked):
    """An older journal, a new start, another version: what it reports now counts, and what is other is said."""
    controller, router = asked
    router.stop()
    with controller.connect() as connection:
        connection.hello(journal_id="journal-old", last_sequence=1, boot_id="boot-2", frr_version="10.3",
                         last_push=router.last_push)
        connection.send(snapshot=dict(full=True, connections=[{**status(NAME, "Active"), "vrf": "blue"}]))
        wait_fields(controller, {NAME: {"neighbors[2001:db8:1::2]": ("optional", None)}})
        controller.wait_log("event=router-changed router=edge1 .*FRR 10.3, was 8.4.4")
        controller.wait_log("event=router-changed router=edge1 .*journal journal-old, was")
        controller.wait_log("event=router-changed router=edge1 .*start of bgpd boot-2, was boot-1")
        shown = controller.get(connection_path())
        assert (shown["connectionState"], shown["vrf"]) == ("Active", "blue")
        seen = controller.get("/v1/routers")["routers"][0]
        assert (seen["journalId"], seen["bootId"], seen["frrVersion"], seen["held"]) == (
            "journal-old", "boot-2", "10.3", None)


def test_diff_shows_all_pages(controller):
    with controller.connect() as connection:
        connection.hello()
        for first in (0, 1200):
            connection.send(snapshot=dict(full=first == 0, connections=[
                status(f"PNI-{number:04}", "Active") for number in range(first, first + 1200)]))
        connection.send_transitions(1, 1)
        connection.wait_acked(1)
        shown = json.loads(controller.peerctl("diff", "-o", "json").stdout)
        assert [one["name"] for one in shown["differences"]] == [f"PNI-{number:04}" for number in range(2400)]
