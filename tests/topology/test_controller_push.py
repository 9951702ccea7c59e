# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests of people that become pushes to a router, and what is answered."""
import json

import pytest

from controller_fixtures import REQUEST, assert_serves, connection_path, status
from controller_process import OPERATOR
from lab.wait import until


def test_request_to_active_and_out_again(controller):
    with controller.router() as router:
        code, push = controller.post("/v1/routers/edge1/connections", REQUEST)
        assert code == 200 and push["state"] == "applied" and push["actor"] == OPERATOR, push
        declared = router.pushes[0].operations[0].declare
        assert (declared.name, declared.peer_asn, declared.kind, declared.activation) == ("PNI-ACME-FRA1", 64510, 1, 1)
        assert [(one.address, one.optional) for one in declared.neighbors] == [("192.0.2.2", False),
                                                                              ("2001:db8:1::2", True)]
        family = declared.neighbors[0].families[0]
        assert (family.afi, family.received_limit, family.import_policy, family.export_policy) == (
            "ipv4", 2000, "ACME-IN", "ACME-OUT")
        assert not declared.neighbors[1].families and router.pushes[0].actor == OPERATOR

        for verb in ("approve", "ready"):
            code, push = controller.post(f"{connection_path()}/{verb}", {"reason": f"for {verb}"})
            assert code == 200, push
        code, problem = controller.post(f"{connection_path()}/activate")
        assert (code, problem["code"]) == (409, "not-allowed")
        assert "ProvisioningCompleted" in problem["detail"]
        router.move("PNI-ACME-FRA1", "Validating", "8")
        for verb in ("activate", "deprovision"):
            code, push = controller.post(f"{connection_path()}/{verb}")
            assert code == 200, push
        router.move("PNI-ACME-FRA1", "None", "15")
        shown = until("None", lambda: controller.get(connection_path()),
                      lambda shown: shown["connectionState"] == "None")
        # Its history outlives it.
        assert [entry["to"] for entry in shown["history"]] == [
            "None", "PendingRemove", "Active", "Validating", "ProvisioningCompleted", "ProvisioningStarted",
            "PendingApproval"]
        assert shown["history"][-1]["actor"] == f"controller:{OPERATOR}"
        assert shown["history"][-2]["message"] == "for approve"
        assert shown["desired"] is None
        assert controller.get("/v1/connections")["connections"] == []
        assert router.error is None


def test_push_can_be_asked_for_again(controller):
    with controller.router():
        _, push = controller.post("/v1/routers/edge1/connections", REQUEST)
        again = controller.get(f"/v1/pushes/{push['id']}")
        assert again == push
        assert again["operations"][0]["definition"]["neighbors"][0]["address"] == "192.0.2.2"
    code, problem = controller.request("GET", "/v1/pushes/nothing")
    assert (code, problem["code"]) == (404, "unknown-push")


def test_refusal_of_the_router_is_the_answer(controller):
    with controller.router() as router:
        code, problem = controller.post("/v1/routers/edge1/connections", {**REQUEST, "peerAsn": 65535})
        assert (code, problem["code"]) == (409, "bad-asn") and "reserved" in problem["detail"]
        # Nothing of it is left in what is desired.
        assert controller.get("/v1/connections")["connections"] == []
        controller.post("/v1/routers/edge1/connections", REQUEST)
        code, problem = controller.post(f"{connection_path()}/activate")
        assert (code, problem["code"], problem["allowed"]) == (409, "not-allowed", ["approve", "withdraw"])
        # What was applied before stands again where a later request is refused.
        controller.post("/v1/routers/edge1/connections", {**REQUEST, "peerAsn": 65535})
        assert controller.get(connection_path())["desired"]["peerAsn"] == 64510
        code, _ = controller.post(f"{connection_path()}/withdraw", {"reason": "typo"})
        assert code == 200
        until("nothing desired", lambda: controller.query("SELECT * FROM desired_connection"), lambda rows: not rows)
        assert [push.operations[0].WhichOneof("operation") for push in router.pushes] == [
            "declare", "declare", "verb", "declare", "verb"]


@pytest.mark.parametrize("applied", [True, False])
def test_an_operation_that_a_router_refused_is_refused_whatever_it_says_of_the_whole(controller, applied):
    with controller.router() as router:
        controller.post("/v1/routers/edge1/connections", REQUEST)
        router._apply = lambda push: dict(id=push.id, applied=applied, results=[
            dict(ok=False, code="no-neighbor", message="it has no neighbor", allowed=["withdraw"])])
        code, problem = controller.post(f"{connection_path()}/ready")
        assert (code, problem["code"], problem["detail"]) == (409, "no-neighbor", "it has no neighbor")
        assert controller.query("SELECT state FROM push ORDER BY number") == [("applied",), ("refused",)]
        said = controller.peerctl("ready", "edge1", "PNI-ACME-FRA1")
        assert said.returncode == 1 and "it has no neighbor" in said.stderr and not said.stdout
        # And what it asked for does not count as desired.
        code, _ = controller.post("/v1/routers/edge1/connections", {**REQUEST, "peerAsn": 64999})
        assert code == 409 and controller.get(connection_path())["desired"]["peerAsn"] == 64510


def test_request_waits_for_a_router_that_is_away(controller):
    with controller.router() as router:
        pass
    until("edge1 away", lambda: controller.get("/v1/routers")["routers"][0]["connected"], lambda seen: not seen)
    code, push = controller.post("/v1/routers/edge1/connections", REQUEST)
    assert code == 202 and push["state"] == "queued" and "when it connects" in push["message"]
    shown = controller.get(connection_path())
    assert shown["connectionState"] == "None" and shown["desired"]["pushState"] == "queued"
    code, problem = controller.post(f"{connection_path()}/approve")
    assert (code, problem["code"]) == (409, "router-not-connected")

    # Neither a restart nor a crash of the controller loses it.
    controller.kill()
    controller.start()
    with controller.router() as router:
        until("the request at the router", lambda: "PNI-ACME-FRA1" in router.connections)
        until("the answer", lambda: controller.get(f"/v1/pushes/{push['id']}")["state"],
              lambda state: state == "applied")
        assert router.pushes[0].id == push["id"] and len(router.pushes) == 1


def test_answer_that_takes_long_and_one_that_never_comes(make_controller):
    controller = make_controller(push_wait=1).start()
    with controller.router() as router:
        controller.post("/v1/routers/edge1/connections", REQUEST)
        router.deaf = True
        code, push = controller.post(f"{connection_path()}/approve")
        assert code == 202 and push["state"] == "queued" and "not answered yet" in push["message"]
        late = router.pushes[-1]
        router._connection.send(push_result=router._apply(late))
        until("the late answer", lambda: controller.get(f"/v1/pushes/{push['id']}")["state"],
              lambda state: state == "applied")
        _, push = controller.post(f"{connection_path()}/ready")
    until("nobody knows", lambda: controller.get(f"/v1/pushes/{push['id']}")["state"],
          lambda state: state == "unanswered")


def test_router_is_lost_while_a_request_waits(controller):
    with controller.router() as router:
        controller.post("/v1/routers/edge1/connections", REQUEST)
        router.deaf = True
        waiting = controller.start_peerctl("approve", "edge1", "PNI-ACME-FRA1")
        until("the verb at the router", lambda: len(router.pushes) == 2)
    _, said = waiting.communicate(timeout=60)
    assert waiting.returncode == 1 and "nobody knows" in said
    # A verb is not sent again by itself.
    with controller.router() as router:
        router.connections["PNI-ACME-FRA1"] = status("PNI-ACME-FRA1", "PendingApproval")
        controller.post("/v1/routers/edge1/connections", REQUEST)
        assert [push.operations[0].WhichOneof("operation") for push in router.pushes] == ["declare"]


def test_client_that_leaves_while_it_waits(make_controller):
    controller = make_controller(push_wait=2).start()
    with controller.router() as router:
        controller.post("/v1/routers/edge1/connections", REQUEST)
        router.deaf = True
        for _ in range(5):
            before = len(router.pushes)
            waiting = controller.start_peerctl("approve", "edge1", "PNI-ACME-FRA1")
            until("the verb at the router", lambda: len(router.pushes) > before)
            waiting.kill()
            waiting.communicate(timeout=60)
        router.deaf = False
        code, problem = controller.post(f"{connection_path()}/approve")
        assert code == 200, problem
    assert_serves(controller)


def test_result_for_no_push_is_passed_over(controller):
    with controller.connect() as connection:
        connection.hello()
        connection.send(push_result=dict(id="nothing", applied=True))
        controller.wait_log("event=push-result-unknown router=edge1")
        connection.send_transitions(1, 1)
        connection.wait_acked(1)


def test_router_cannot_answer_for_another(controller):
    with controller.router() as router, controller.connect("edge2") as other:
        other.hello()
        router.deaf = True
        waiting = controller.start_peerctl("request", "edge1", "PNI-ACME-FRA1", "--asn", 64510, "--neighbor",
                                          "192.0.2.2")
        until("the push at the router", lambda: router.pushes)
        other.send(push_result=dict(id=router.pushes[0].id, applied=True, results=[dict(ok=True)]))
        controller.wait_log("event=push-result-unknown router=edge2")
        router._connection.send(push_result=router._apply(router.pushes[0]))
        said, _ = waiting.communicate(timeout=60)
        assert waiting.returncode == 0 and "applied" in said


def test_a_list_of_connections_is_one_push(controller):
    def asked(number, **more):
        return {"name": f"PNI-{number}", "peerAsn": 64510, "neighbors": [{"address": f"192.0.2.{number}", **more}]}

    path = "/v1/routers/edge1/connections"
    with controller.router() as router:
        code, push = controller.post(path, [asked(1, password="a-key", holdTime=30), asked(2), asked(3)])
        assert code == 200 and [one["connection"] for one in push["operations"]] == ["PNI-1", "PNI-2", "PNI-3"], push
        assert push["operations"][0]["definition"]["neighbors"][0] == {
            "address": "192.0.2.1", "optional": False, "passwordSet": True, "holdTime": 30, "families": []}
        declared = [operation.declare for operation in router.pushes[0].operations]
        assert [one.name for one in declared] == ["PNI-1", "PNI-2", "PNI-3"]
        assert declared[0].neighbors[0].password == "a-key" and declared[0].neighbors[0].hold_time == 30
        # Said again without the password it is kept; of a neighbor that has none it cannot be.
        code, push = controller.post(path, [asked(1, passwordSet=True, holdTime=60)])
        assert code == 200 and router.pushes[1].operations[0].declare.neighbors[0].password == "a-key"
        code, problem = controller.post(path, [asked(1), asked(2, passwordSet=True)])
        assert (code, problem["code"]) == (400, "bad-value") and "connection 2 of the list" in problem["detail"]
        # One that is wrong, here or at the router, and none of it is done or wanted.
        code, problem = controller.post(path, [asked(4), asked(5), {"name": "PNI-6"}])
        assert (code, problem["code"]) == (400, "bad-asn") and "connection 3 of the list" in problem["detail"]
        code, problem = controller.post(path, [asked(4), {**asked(5), "peerAsn": 65535}])
        assert (code, problem["code"]) == (409, "bad-asn")
        assert [push.operations[0].declare.name for push in router.pushes] == ["PNI-1", "PNI-1", "PNI-4"]
        assert controller.query("SELECT name FROM desired_connection ORDER BY name") == [("PNI-1",), ("PNI-2",), ("PNI-3",)]
        for body in ([], [asked(1)] * 1025):
            code, problem = controller.post(path, body)
            assert (code, problem["code"]) == (400, "bad-value") and "1 to 1024" in problem["detail"]
    rows = controller.query("SELECT definition FROM push_operation") + controller.query("SELECT definition FROM desired_connection")
    assert rows and not [row for row in rows if "a-key" in row[0]] and "a-key" not in controller.log()


def test_what_waits_for_a_router_is_bounded(controller, tmp_path):
    with controller.router():
        pass
    until("edge1 away", lambda: controller.get("/v1/routers")["routers"][0]["connected"], lambda seen: not seen)
    feed = tmp_path / "feed.json"
    feed.write_text(json.dumps({"connections": [{"router": "edge1", "name": f"PNI-{number}", "peerAsn": 64510, "neighbors": [
        {"address": f"192.0.2.{number % 250 + 1}"}]} for number in range(1000)]}))
    assert controller.peerctl("apply", "-f", feed).returncode == 0
    code, problem = controller.post("/v1/routers/edge1/connections", REQUEST)
    assert (code, problem["code"]) == (429, "too-many-pushes") and "edge1" in problem["detail"], problem
    assert controller.request("GET", connection_path())[0] == 404
    # Another router has room of its own.
    with controller.router("edge2"):
        assert controller.post("/v1/routers/edge2/connections", REQUEST)[0] == 200
    # And so has this one, once it has come and answered.
    with controller.router() as router:
        until("all of them at the router", lambda: len(router.connections), lambda count: count == 1000)
        until("room", lambda: controller.post("/v1/routers/edge1/connections", REQUEST)[0], lambda code: code == 200)
