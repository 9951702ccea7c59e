# SPDX-License-Identifier: GPL-2.0-or-later
"""Peer ASNs, peerings and the policy that judges them, with routers that the test plays."""
import contextlib
import json
import shutil
import signal
import sqlite3

import pytest

from controller_fixtures import assert_serves, run_controller, status as connection_status
from controller_process import ADMIN, OPERATOR, VIEWER, Controller
from lab import build
from lab.wait import until
from peerings_kit import PEER_ASN, PEER_NOC, Peer, approve_asn, connection, findings, peering, write_policy


@pytest.fixture
def controller(make_controller):
    return make_controller(admin=ADMIN, viewer=VIEWER)


def state(controller, name="AS64510-FRA"):
    shown = controller.get(f"/v1/peerings/{name}")
    return shown["state"], shown["provisioningState"]


def wait_state(controller, wanted, name="AS64510-FRA"):
    return until(f"{name} {wanted}", lambda: state(controller, name), lambda seen: seen == wanted)


def verbs(router):
    """What the router was told, one list for each push."""
    return [[operation.verb.verb if operation.WhichOneof("operation") == "verb" else "request"
             for operation in push.operations] for push in router.pushes]


def pass_validation(router, name="AS64510-1", verdict="pass", received=5):
    fields = router.connections[name]
    fields["sessions"] = [dict(fields["sessions"][0], bgp_state="Established", up_seconds=9,
                               families=[dict(afi="ipv4", received=received)])]
    fields["checks"] = [dict(name="session-stable", level="required", verdict=verdict)]
    if fields["state"] == "ProvisioningCompleted":
        router.move(name, "Validating", "8")
    else:
        router.send_snapshot(False, [name])


def let_it_look(controller, name):
    """Returns once the controller has gone over every peering again: it takes them by their names, and pushes this one."""
    assert controller.post("/v1/peerings", peering(name, [connection(name, "edge3")]))[0] == 201
    assert controller.post(f"/v1/peerings/{name}/approve")[0] == 200
    until(f"the push of {name}", lambda: controller.query(
        "SELECT 1 FROM push_operation o JOIN push p ON p.number = o.push WHERE o.connection = ?", name))


def test_one_of_before_goes_on_under_the_names_that_it_has(controller):
    """A peer asked for it when its names did not have to begin with its AS."""
    controller.start()
    with controller.router():
        acme = Peer(controller)
        approve_asn(controller)
        for number in (1, 2):
            asked = peering(f"AS64510-{number}", [connection(f"AS64510-C{number}")])
            assert acme.post("/v1/peerings", asked)[0] == 201
        assert controller.stop() == 0
        with contextlib.closing(sqlite3.connect(controller.database, isolation_level=None)) as db:
            db.execute("UPDATE peering SET document = replace(document, 'AS64510-', 'OLD-'), name = replace(name, 'AS64510-', 'OLD-')")
            db.execute("UPDATE peering_connection SET peering = replace(peering, 'AS64510-', 'OLD-'),"
                       " name = replace(name, 'AS64510-', 'OLD-')")
        controller.start()
        assert findings(acme.get("/v1/peerings/OLD-1")) == {}
        assert acme.post("/v1/peerings/OLD-1/withdraw")[0] == 200
        assert acme.post("/v1/peerings", peering("OLD-1", [connection("OLD-C1")]))[0] == 422
        code, answer = controller.post("/v1/peerings/OLD-2/approve")
        assert code == 200 and answer["state"] == "approved", answer


# ---- Peer ASNs

def test_a_peer_asn_is_registered_and_validated(controller):
    controller.start()
    acme, other = Peer(controller), Peer(controller, 64999, "other")
    path = f"/v1/peer-asns/{PEER_ASN}"
    status, made = acme.request("PUT", path, PEER_NOC)
    assert status == 201 and made["validationState"] == "Pending" and made["changedBy"] == acme.actor
    # Another network's is not there, whatever is asked.
    for method, where, body in (("GET", path, None), ("PUT", path, PEER_NOC)):
        assert other.request(method, where, body)[0] == 404
    assert other.get("/v1/peer-asns")["peerAsns"] == []
    assert acme.post(f"{path}/validate", {"state": "Approved"})[0] == 403

    status, problem = controller.post(f"{path}/validate", {"state": "Failed"})
    assert (status, problem["code"]) == (400, "bad-value") and "reason" in problem["detail"]
    assert controller.post(f"{path}/validate", {"state": "Failed", "reason": "no answer from the noc"})[0] == 200
    shown = acme.get(path)
    assert (shown["validationState"], shown["validationReason"]) == ("Failed", "no answer from the noc")
    assert shown["validatedBy"] == "operator" and controller.get(path)["validatedBy"] == OPERATOR
    # Who changes the name has it validated again; contacts alone change nothing.
    assert controller.post(f"{path}/validate", {"state": "Approved"})[0] == 200
    more = {**PEER_NOC, "contacts": [*PEER_NOC["contacts"], {"role": "policy", "phone": "+49 69 1234"}]}
    assert acme.request("PUT", path, more)[1]["validationState"] == "Approved"
    assert acme.request("PUT", path, {**more, "name": "ACME 2"})[1]["validationState"] == "Pending"
    actions = [(row["action"], row["actor"]) for row in controller.get("/v1/audit")["audit"]
               if row["action"].startswith("peer-asn")]
    assert actions == [("peer-asn.put", acme.actor), ("peer-asn.validate", OPERATOR), ("peer-asn.validate", OPERATOR),
                       ("peer-asn.put", acme.actor), ("peer-asn.put", acme.actor)]


@pytest.mark.parametrize("body, word", [
    ({}, "name"), ({"name": "ACME"}, "noc"), ({**PEER_NOC, "asn": 1}, "asn"), ({"name": "A\nB", "contacts": []}, "control"),
    ({"name": "ACME", "contacts": [{"role": "noc", "email": "noc"}]}, "e-mail"),
    ({"name": "ACME", "contacts": [{"role": "boss", "email": "a@b"}]}, "role"),
    ({"name": "ACME", "contacts": [{"role": "noc", "phone": "1; rm"}]}, "phone"), ([], "object"), ("ACME", "object")])
def test_a_bad_peer_asn_is_refused_with_a_sentence(served, body, word):
    status, problem = served.request("PUT", "/v1/peer-asns/64510", body)
    assert status == 400 and word in problem["detail"], problem
    assert served.get("/v1/peer-asns")["peerAsns"] == []


@pytest.fixture(scope="module")
def served(tmp_path_factory, pki):
    """One controller for all that leaves no trace in it."""
    controller = Controller(tmp_path_factory.mktemp("peerings"), pki, admin=ADMIN).start()
    with controller.router():
        yield controller
    assert controller.stop() == 0


def test_peer_asns_have_pages_and_go_away(controller):
    controller.start()
    for asn in (64501, 64502, 64503):
        assert controller.request("PUT", f"/v1/peer-asns/{asn}", PEER_NOC)[0] == 201
    page = controller.get("/v1/peer-asns?limit=2")
    assert [entry["peerAsn"] for entry in page["peerAsns"]] == [64501, 64502]
    rest = controller.get(f"/v1/peer-asns?after={page['nextAfter']}")
    assert [entry["peerAsn"] for entry in rest["peerAsns"]] == [64503] and rest["nextAfter"] is None
    assert controller.request("DELETE", "/v1/peer-asns/64502")[0] == 200
    assert controller.request("DELETE", "/v1/peer-asns/64502")[0] == 404
    for path in ("/v1/peer-asns/0", "/v1/peer-asns/4294967296", "/v1/peer-asns/x"):
        assert controller.request("GET", path)[0] == 404
    assert controller.request("GET", "/v1/peer-asns?state=Nothing")[0] == 400


# ---- Requests

@pytest.mark.parametrize("change, word", [
    ({"name": "a b"}, "name"), ({"peerAsn": 0}, "peerAsn"), ({"peerAsn": None}, "peerAsn"), ({"colour": 1}, "colour"),
    ({"connections": []}, "connections"), ({"connections": [connection()] * 9}, "connections"),
    ({"connections": [connection(), connection(router="edge2")]}, "connections[1].name"),
    ({"connections": [connection(router=None)]}, "connections[0].router"),
    ({"connections": [connection(peerAsn=1)]}, "connections[0].peerAsn"),
    ({"connections": [connection(kind="exchange")]}, "connections[0].kind"),
    ({"connections": [connection(neighbors=[{"address": "224.0.0.1"}])]}, "connections[0]"),
    ({"connections": ["edge1"]}, "connections[0]"), ({"prefixes": ["203.0.113.1/24"]}, "prefixes[0]"),
    ({"prefixes": ["203.0.113.0"]}, "prefixes[0]"), ({"prefixes": [7]}, "prefixes[0]"), ({"kind": "transit"}, "kind"),
    ({"bandwidthInMbps": -1}, "bandwidthInMbps"), ({"bandwidthInMbps": "10G"}, "bandwidthInMbps"),
    ({"metro": "M" * 81}, "metro"), ({"description": "a\u0000b"}, "description")])
def test_a_bad_request_is_refused_with_a_sentence(served, change, word):
    for path in ("/v1/peerings", "/v1/peerings?dryRun=true"):
        status, problem = served.post(path, peering(**change))
        assert status == 400 and word in problem["detail"], problem
    assert served.get("/v1/peerings")["peerings"] == []


def test_bodies_that_are_no_request(served):
    for body in (b"", b"null", b"[]", b"{", b'"x"', b"{}", b"[" * 100, json.dumps(peering()).encode()[:-1]):
        status, problem = served.post("/v1/peerings", body)
        assert status == 400 and problem["detail"], body
    assert served.post("/v1/peerings?dryRun=maybe", peering())[0] == 400
    for verb in ("approve", "reject", "withdraw", "deprovision", "connections/AS64510-1/bgp-configured"):
        assert served.post(f"/v1/peerings/NOTHING/{verb}", {"reason": "x"})[0] == 404
    assert served.get("/v1/peerings")["peerings"] == []
    assert_serves(served)


def test_judging_alone_stores_nothing(served):
    # The router has never connected, and nobody knows the peer AS.
    status, answer = served.post("/v1/peerings?dryRun=true", peering(connections=[connection(router="edge9")]))
    assert status == 200 and answer["verdict"] == "fail"
    assert set(findings(answer)) == {"router"} and set(findings(answer, "wait")) == {"peer-asn"}
    assert "edge9" in findings(answer)["router"]["sentence"] and findings(answer)["router"]["change"]
    assert served.get("/v1/peerings")["peerings"] == []
    assert served.query("SELECT * FROM peering_history") == []


def test_a_request_that_the_policy_refuses_says_why(controller):
    write_policy(controller, {"ipv6": {"required": True}, "maxBandwidthInMbps": 1000})
    controller.start()
    with controller.router() as router:
        status, problem = controller.post("/v1/peerings", peering())
        assert (status, problem["code"]) == (422, "policy-refused")
        assert set(findings(problem)) == {"ipv6", "bandwidth"} and "at most 1000" in problem["detail"]
        assert controller.get("/v1/peerings")["peerings"] == [] and not router.pushes


# ---- From the request to the end

@pytest.mark.parametrize("restarts", [False, True])
def test_the_whole_thread(controller, restarts):
    """Where the controller is killed between every two steps, nothing is lost and nothing done twice."""
    write_policy(controller, {"activation": {"by": "controller"}, "profile": "PEERS",
                              "ipv4": {"importPolicy": "ACME-IN", "exportPolicy": "ACME-OUT", "minPrefixes": 1}})
    controller.start()
    controller.keep_ports()
    with contextlib.ExitStack() as stack:
        routers = {}

        def connect():
            for name in ("edge1", "edge2", "edge3"):
                before = routers.get(name)
                router = routers[name] = controller.router(name, journal_id=f"journal-{name}")
                if before:
                    before.stop()
                    router.journal, router.connections, router.pushes = before.journal, before.connections, before.pushes
                router.connect()

        def between():
            if restarts:
                controller.kill()
                controller.start()
                connect()

        connect()
        stack.callback(lambda: [router.stop() for router in routers.values()])
        acme = Peer(controller)
        approve_asn(controller)
        between()
        wanted = peering(connections=[connection(), connection("AS64510-2", "edge2", neighbors=[{"address": "192.0.2.6"}])])
        status, made = acme.post("/v1/peerings", wanted)
        assert status == 201 and made["state"] == "requested" and made["requestedBy"] == acme.actor
        # The same again is the same; others' are not seen.
        assert acme.post("/v1/peerings", wanted)[0] == 200
        assert acme.post("/v1/peerings", {**wanted, "name": "OTHER", "peerAsn": 64999})[0] == 403
        other = Peer(controller, 64999, "other")
        assert other.request("GET", "/v1/peerings/AS64510-FRA")[0] == 404 and other.get("/v1/peerings")["peerings"] == []
        assert other.post("/v1/peerings/AS64510-FRA/withdraw")[0] == 404
        assert acme.post("/v1/peerings/AS64510-FRA/approve")[0] == 403
        let_it_look(controller, "MARK-1")
        assert not routers["edge1"].pushes and not routers["edge2"].pushes
        between()

        # It is said before the router can take it, and once more.
        said = "/v1/peerings/AS64510-FRA/connections/AS64510-1/bgp-configured"
        assert other.post(said)[0] == 404
        for _ in range(2):
            status, answer = acme.post(said)
            assert status == 200 and answer["connections"][0]["bgpConfiguredBy"] == acme.actor
        between()
        assert controller.post("/v1/peerings/AS64510-FRA/approve", {"reason": "welcome"})[0] == 200
        between()
        wait_states = lambda wanted: until(
            wanted, lambda: [entry["connectionState"] for entry in controller.get("/v1/peerings/AS64510-FRA")["connections"]],
            lambda seen: seen == wanted)
        # The first one goes on at once, the second waits for its peer.
        wait_states(["ProvisioningCompleted", "ProvisioningStarted"])
        declared = routers["edge1"].pushes[0].operations[0].declare
        assert (declared.name, declared.peer_asn, declared.activation, declared.profile) == (
            "AS64510-1", PEER_ASN, 3, "PEERS")
        family = declared.neighbors[0].families[0]
        assert (family.received_limit, family.import_policy, family.export_policy) == (100, "ACME-IN", "ACME-OUT")
        between()
        assert controller.post("/v1/peerings/AS64510-FRA/connections/AS64510-2/bgp-configured")[0] == 200
        wait_states(["ProvisioningCompleted", "ProvisioningCompleted"])
        between()
        # Not before every check passes and enough is announced.
        pass_validation(routers["edge1"], verdict="running")
        pass_validation(routers["edge2"], "AS64510-2", received=0)
        wait_states(["Validating", "Validating"])
        between()
        let_it_look(controller, "MARK-2")
        assert verbs(routers["edge1"])[-1] == verbs(routers["edge2"])[-1] == ["ready"]
        pass_validation(routers["edge1"])
        wait_states(["Active", "Validating"])
        assert state(controller) == ("approved", "Updating")
        pass_validation(routers["edge2"], "AS64510-2")
        wait_state(controller, ("approved", "Succeeded"))
        until("both in service", lambda: controller.query(
            "SELECT phase FROM peering_connection WHERE peering = 'AS64510-FRA'"),
              lambda rows: rows == [("service",)] * 2)
        between()
        assert acme.post("/v1/peerings/AS64510-FRA/deprovision")[0] == 403
        assert controller.post("/v1/peerings/AS64510-FRA/deprovision", {"reason": "moved"})[0] == 200
        between()
        wait_states(["PendingRemove", "PendingRemove"])
        between()
        for router, name in ((routers["edge1"], "AS64510-1"), (routers["edge2"], "AS64510-2")):
            router.move(name, "None", "15")
        wait_state(controller, ("deprovisioned", None))
        assert controller.get("/v1/peerings/AS64510-FRA")["reason"] == "moved"
        # Each was told each thing once, by whom it was.
        for router in (routers["edge1"], routers["edge2"]):
            assert verbs(router) == [["request", "approve"], ["ready"], ["activate"], ["deprovision"]]
        assert [push.actor for push in routers["edge1"].pushes] == [OPERATOR, acme.actor, "policy", OPERATOR]
        assert [push.actor for push in routers["edge2"].pushes] == [OPERATOR, OPERATOR, "policy", OPERATOR]
        seen = [(entry["action"], entry["actor"]) for entry in controller.get("/v1/peerings/AS64510-FRA")["history"]]
        assert [entry for entry in seen if entry[0] != "pushed"][::-1] == [
            ("requested", acme.actor), ("bgp-configured", acme.actor), ("approved", OPERATOR), ("bgp-configured", OPERATOR),
            ("service", "router"), ("service", "router"), ("deprovision", OPERATOR), ("removed", "router"),
            ("removed", "router"), ("deprovisioned", OPERATOR)]
        audited = [row["action"] for row in controller.get("/v1/audit")["audit"]
                   if row["action"].startswith("peering.") and row["object"].startswith("AS64510")]
        assert audited == ["peering.request", "peering.bgp-configured", "peering.approve", "peering.bgp-configured",
                           "peering.deprovision"]
        assert "operator" in [entry["actor"] for entry in acme.get("/v1/peerings/AS64510-FRA")["history"]]
        # The name is free for the same peer alone.
        assert controller.post("/v1/peerings", {**wanted, "peerAsn": 64999})[0] == 409
        assert acme.post("/v1/peerings", wanted)[0] == 201


def test_a_peering_ends_from_every_state(controller):
    controller.start()
    with controller.router() as router:
        approve_asn(controller)
        for reached, verb in (("ProvisioningStarted", "force-cancel"), ("ProvisioningFailed", "withdraw")):
            router.pushes.clear()
            assert controller.post("/v1/peerings", peering())[0] == 201
            assert controller.post("/v1/peerings/AS64510-FRA/approve")[0] == 200
            until("the request", lambda: "AS64510-1" in router.connections)
            if reached != "ProvisioningStarted":
                router.move("AS64510-1", reached, "7")
            until(reached, lambda: controller.get("/v1/peerings/AS64510-FRA")["connections"][0]["connectionState"],
                  lambda seen: seen == reached)
            assert controller.post("/v1/peerings/AS64510-FRA/deprovision")[0] == 200
            until(verb, lambda: verbs(router)[-1], lambda seen: seen == [verb])
            if "AS64510-1" in router.connections:
                router.move("AS64510-1", "None", "26")
            wait_state(controller, ("deprovisioned", None))
        # What was never approved ends at once, and nothing is told.
        router.pushes.clear()
        assert controller.post("/v1/peerings", peering())[0] == 201
        assert controller.post("/v1/peerings/AS64510-FRA/reject")[0] == 400
        assert controller.post("/v1/peerings/AS64510-FRA/reject", {"reason": "no port"})[0] == 200
        shown = controller.get("/v1/peerings/AS64510-FRA")
        assert (shown["state"], shown["reason"], shown["decidedBy"]) == ("rejected", "no port", OPERATOR)
        status, problem = controller.post("/v1/peerings/AS64510-FRA/approve")
        assert (status, problem["code"], problem["allowed"]) == (409, "not-allowed", [])
        assert not router.pushes


def test_what_the_router_refuses_is_shown_and_tried_again_by_a_person(controller):
    controller.start()
    with controller.router() as router:
        approve_asn(controller)
        apply, router._apply = router._apply, lambda push: dict(id=push.id, applied=False, results=[
            dict(ok=False, code="unknown-policy", message="the route-map 'X' is not defined"), dict(ok=True)])
        assert controller.post("/v1/peerings", peering())[0] == 201
        assert controller.post("/v1/peerings/AS64510-FRA/approve")[0] == 200
        wait_state(controller, ("approved", "Failed"))
        shown = until("it waits for a person", lambda: controller.get("/v1/peerings/AS64510-FRA")["connections"][0],
                      lambda seen: "approve" in seen["waitsFor"])
        assert shown["problem"] == "the route-map 'X' is not defined"
        # Which the peer does not hear, nor what an operator has asked for.
        seen = Peer(controller).get("/v1/peerings/AS64510-FRA")
        assert "route-map" not in json.dumps(seen) and "operators see why" in seen["connections"][0]["problem"]
        assert seen["connections"][0]["request"] is None
        assert len(router.pushes) == 1
        router._apply = apply
        assert controller.post("/v1/peerings/AS64510-FRA/approve")[0] == 200
        wait_state(controller, ("approved", "Updating"))
        assert len(router.pushes) == 2
        # Once more changes nothing.
        assert controller.post("/v1/peerings/AS64510-FRA/approve")[0] == 200
        assert len(router.pushes) == 2


def test_a_connection_that_is_somebody_elses_is_left_alone(controller):
    controller.start()
    with controller.router() as router:
        router.connections["THEIRS"] = connection_status("THEIRS", "Active")
        router.send_snapshot(True)
        until("theirs", lambda: controller.get("/v1/connections")["connections"])
        approve_asn(controller)
        status, problem = controller.post("/v1/peerings", peering(connections=[connection("THEIRS")]))
        assert status == 422 and set(findings(problem)) == {"connection-name"}
        # One that comes between the request and the approval, or between that and the push.
        assert controller.post("/v1/peerings", peering())[0] == 201
        router.connections["AS64510-1"] = connection_status("AS64510-1", "Active")
        router.send_snapshot(True)
        until("it", lambda: len(controller.get("/v1/connections")["connections"]) == 2)
        status, problem = controller.post("/v1/peerings/AS64510-FRA/approve")
        assert status == 409 and set(findings(problem)) == {"connection-name"}
        assert controller.get("/v1/peerings/AS64510-FRA")["connections"][0]["connectionState"] == "None"
        del router.connections["AS64510-1"]
        router.send_snapshot(True)
        until("it gone", lambda: len(controller.get("/v1/connections")["connections"]) == 1)
        router.stop()
        until("edge1 away", lambda: controller.get("/v1/routers")["routers"][0]["connected"], lambda seen: not seen)
        assert controller.post("/v1/peerings/AS64510-FRA/approve")[0] == 200
    router = controller.router()
    router.connections["AS64510-1"] = connection_status("AS64510-1", "Active")
    with router:
        wait_state(controller, ("approved", "Failed"))
        assert "another connection" in controller.get("/v1/peerings/AS64510-FRA")["connections"][0]["problem"]
        assert controller.post("/v1/peerings/AS64510-FRA/deprovision")[0] == 200
        assert state(controller) == ("deprovisioned", None) and not router.pushes


def test_an_answer_that_never_came(controller):
    """Whether the router did it shows in its next snapshot; only what it did not do is sent again."""
    controller.start()
    controller.keep_ports()
    with controller.router(journal_id="journal-1") as router:
        approve_asn(controller)
        router.deaf = True
        assert controller.post("/v1/peerings", peering())[0] == 201
        assert controller.post("/v1/peerings/AS64510-FRA/approve")[0] == 200
        until("the push", lambda: router.pushes)
    again = controller.router(journal_id="journal-1")
    with again:
        # It had not: it is asked again once that is sure.
        until("the push again", lambda: again.pushes)
        until("declared", lambda: controller.get("/v1/peerings/AS64510-FRA")["connections"][0]["connectionState"],
              lambda seen: seen == "ProvisioningStarted")
        again.deaf = True
        assert controller.post("/v1/peerings/AS64510-FRA/connections/AS64510-1/bgp-configured")[0] == 200
        until("ready", lambda: verbs(again)[-1], lambda seen: seen == ["ready"])
        kept, journal = dict(again.connections), list(again.journal)
    third = controller.router(journal_id="journal-1")
    third.connections, third.journal = kept, journal
    third.connections["AS64510-1"]["state"] = "ProvisioningCompleted"
    with third:
        until("it had done it", lambda: controller.query("SELECT phase FROM peering_connection"),
              lambda rows: rows == [("validate",)])
        assert not third.pushes


def test_tags_and_keys_make_repetitions_harmless(controller):
    controller.start()
    with controller.router() as router:
        approve_asn(controller)
        tag = controller.ask("GET", f"/v1/peer-asns/{PEER_ASN}").headers["ETag"]
        assert controller.ask("PUT", f"/v1/peer-asns/{PEER_ASN}", {**PEER_NOC, "name": "ACME 2"},
                              headers={"If-Match": tag}).status == 200
        for method, path, body in (("PUT", "", PEER_NOC), ("DELETE", "", None), ("POST", "/validate", {"state": "Pending"})):
            assert controller.ask(method, f"/v1/peer-asns/{PEER_ASN}{path}", body, headers={"If-Match": tag}).status == 412
        for _ in range(2):
            assert controller.ask("POST", "/v1/peerings", peering(), headers={"Idempotency-Key": "one"}).status == 201
        answer = controller.ask("GET", "/v1/peerings/AS64510-FRA")
        tag = answer.headers["ETag"]
        assert controller.ask("GET", "/v1/peerings/AS64510-FRA", headers={"If-None-Match": tag}).status == 304
        # What somebody has decided meanwhile is not decided again by who has not seen it.
        assert controller.ask("POST", "/v1/peerings/AS64510-FRA/approve", {}, headers={"If-Match": tag}).status == 200
        for verb in ("deprovision", "connections/AS64510-1/bgp-configured"):
            assert controller.ask("POST", f"/v1/peerings/AS64510-FRA/{verb}", {}, headers={"If-Match": tag}).status == 412
        until("the push", lambda: verbs(router), lambda seen: seen == [["request", "approve"]])


def test_requests_that_wait_are_bounded(controller):
    controller.start()
    with controller.router():
        acme = Peer(controller)
        for number in range(100):
            status, answer = controller.post("/v1/peerings", peering(f"P-{number}", [connection(f"C-{number}")]))
            assert status == 201, answer
        status, problem = acme.post("/v1/peerings", peering("AS64510-MORE"))
        assert (status, problem["code"]) == (429, "too-many-peerings")
        page = acme.get("/v1/peerings?limit=60&state=requested")
        rest = acme.get(f"/v1/peerings?after={page['nextAfter']}")
        assert len(page["peerings"]) == 60 and len(rest["peerings"]) == 40 and rest["nextAfter"] is None
        assert len({entry["name"] for entry in page["peerings"] + rest["peerings"]}) == 100
        assert acme.post("/v1/peerings/P-7/withdraw")[0] == 200
        assert acme.post("/v1/peerings", peering("AS64510-MORE"))[0] == 201


# ---- The policy

def test_approval_waits_for_the_peer_asn_or_is_automatic(controller):
    path = write_policy(controller, {"approval": "automatic"})
    controller.start()
    with controller.router() as router:
        acme = Peer(controller)
        status, made = acme.post("/v1/peerings", peering())
        assert status == 201 and made["state"] == "requested" and set(findings(made, "wait")) == {"peer-asn"}
        status, problem = controller.post("/v1/peerings/AS64510-FRA/approve")
        assert (status, problem["code"]) == (409, "policy-refused") and "not approved" in problem["detail"]
        approve_asn(controller)
        until("approved by the policy", lambda: controller.get("/v1/peerings/AS64510-FRA"),
              lambda seen: (seen["state"], seen["decidedBy"]) == ("approved", "policy"))
        until("the push", lambda: router.pushes)
        assert controller.request("DELETE", f"/v1/peer-asns/{PEER_ASN}")[1]["code"] == "in-use"
        # Where an AS that is not approved is refused, nothing is kept.
        path.write_text(json.dumps({"asns": {"notApproved": "refuse"}}))
        controller._process.send_signal(signal.SIGHUP)
        controller.wait_log("event=policy-read")
        status, problem = controller.post("/v1/peerings", {**peering("B", [connection("B-1")]), "peerAsn": 64999})
        assert status == 422 and set(findings(problem)) == {"peer-asn"}


def test_a_peer_chooses_nothing_of_ours(controller):
    controller.start()
    with controller.router():
        acme = Peer(controller)
        for change in ({"activation": "auto"}, {"profile": "P"}, {"checks": {"rpki": "off"}},
                       {"neighbors": [{"address": "192.0.2.2", "families": [{"afi": "ipv4", "exportPolicy": "FULL"}]}]}):
            status, problem = acme.post("/v1/peerings", peering(connections=[connection(**change)]))
            assert status == 422 and "own-choice" in findings(problem), problem
        assert acme.request("GET", "/v1/peering-policy")[0] == 403


def test_the_policy_is_read_again_and_a_bad_one_is_not_taken(controller):
    path = write_policy(controller, {"maxBandwidthInMbps": 1000})
    controller.start()
    assert controller.get("/v1/peering-policy")["policy"] == {"maxBandwidthInMbps": 1000}
    path.write_text('{"maxBandwidthInMbps": 1000, "ipv4": {"minPrefixLength": 33}}')
    controller._process.send_signal(signal.SIGHUP)
    controller.wait_log(r"event=policy-bad .*peering-policy.json: ipv4.minPrefixLength must be")
    assert controller.get("/v1/peering-policy")["policy"] == {"maxBandwidthInMbps": 1000}
    path.write_text("{}")
    controller._process.send_signal(signal.SIGHUP)
    controller.wait_log("event=policy-read")
    assert controller.get("/v1/peering-policy")["policy"] == {}
    # At the start a bad one is an error, that --check finds too.
    path.write_text('{"kinds": ["transit"]}')
    controller.stop()
    checked = run_controller("-c", controller.config, "--check")
    assert checked.returncode == 1 and "kinds[0]" in checked.stderr
    path.unlink()
    checked = run_controller("-c", controller.config, "--check")
    assert checked.returncode == 1 and f"{path}: cannot read: No such file" in checked.stderr
    # The example that is installed is a good one.
    shutil.copy(build.SOURCE / "controller" / "peerings" / "peering-policy.json", path)
    assert run_controller("-c", controller.config, "--check").returncode == 0


def test_a_key_for_md5_goes_to_the_router_and_is_shown_to_nobody(controller):
    write_policy(controller, {"md5": "required"})
    controller.start()
    with controller.router() as router:
        approve_asn(controller)
        acme = Peer(controller)
        assert "md5" in findings(acme.post("/v1/peerings", peering())[1])
        wanted = peering(connections=[connection(neighbors=[{"address": "192.0.2.2", "password": "s3cret-word"}])])
        assert acme.post("/v1/peerings?dryRun=true", wanted)[1]["verdict"] == "pass"
        for status in (201, 200):
            assert acme.post("/v1/peerings", wanted)[0] == status
        assert acme.post("/v1/peerings/AS64510-FRA/connections/AS64510-1/bgp-configured")[0] == 200
        assert controller.post("/v1/peerings/AS64510-FRA/approve")[0] == 200
        until("the push", lambda: router.pushes)
        assert router.pushes[0].operations[0].declare.neighbors[0].password == "s3cret-word"
        for who in (acme, controller):
            shown = who.get("/v1/peerings/AS64510-FRA")
            assert shown["connections"][0]["request"]["neighbors"][0]["passwordSet"] is True
            assert "s3cret" not in json.dumps(shown) and "sealed" not in json.dumps(shown)
        assert not any(b"s3cret" in path.read_bytes() for path in controller.folder.iterdir() if path.is_file())


# ---- peerctl

def test_peerctl_does_it_all(controller, tmp_path):
    write_policy(controller, {"maxBandwidthInMbps": 10000})
    controller.start()
    noc, wanted = tmp_path / "noc.json", tmp_path / "peering.json"
    noc.write_text(json.dumps({**PEER_NOC, "contacts": [{**PEER_NOC["contacts"][0], "phone": "+49 69 1234"}]}))

    def run(*arguments, code=0):
        said = controller.peerctl(*arguments)
        assert said.returncode == code, (arguments, said.stdout, said.stderr)
        return said.stdout if code == 0 else said.stderr

    with controller.router() as router:
        assert "no peer AS" in run("asn", "list") and "no peering" in run("peering", "list")
        assert "AS64510" in run("asn", "set", PEER_ASN, noc)
        assert "no answer" in run("asn", "fail", PEER_ASN, "--reason", "no answer")
        wanted.write_text(json.dumps(peering(bandwidthInMbps=40000)))
        refused = run("peering", "request", wanted, code=1)
        assert "bandwidth: 40000" in refused and "at most 10000" in refused and "peer-asn: " in refused
        said = controller.peerctl("peering", "request", wanted, "--dry-run")
        assert said.returncode == 1 and "different-routers" in said.stdout and "fail" in said.stdout
        assert "Approved" in run("asn", "approve", PEER_ASN)
        lines = run("asn", "list").splitlines()
        assert lines[1].split() == ["64510", "ACME", "Approved", OPERATOR, "noc@acme.example,", "+49", "69", "1234", "-"]
        wanted.write_text(json.dumps(peering()))
        assert json.loads(run("peering", "request", wanted, "--dry-run", "-o", "json"))["verdict"] == "pass"
        assert "peerctl peering approve AS64510-FRA" in run("peering", "request", wanted)
        run("peering", "bgp-configured", "AS64510-FRA", "AS64510-1")
        run("peering", "approve", "AS64510-FRA")
        until("ready", lambda: verbs(router), lambda seen: seen == [["request", "approve"], ["ready"]])
        shown = run("peering", "show", "AS64510-FRA")
        assert "AS64510   direct   Frankfurt, FRA1   10000 Mbit/s" in shown and "edge1" in shown
        assert run("peering", "list", "--asn", 64999) == run("peering", "list", "--state", "rejected") == "no peering\n"
        assert run("peering", "list", "--asn", PEER_ASN).splitlines()[1].split()[:6] == [
            "AS64510-FRA", "64510", "direct", "Frankfurt,", "FRA1", "approved"]
        assert "does not take 'reject'" in run("peering", "reject", "AS64510-FRA", "--reason", "x", code=1)
        assert "has not ended" in run("asn", "delete", PEER_ASN, code=1)
        run("peering", "deprovision", "AS64510-FRA")
        until("force-cancel", lambda: verbs(router)[-1], lambda seen: seen == ["force-cancel"])
        router.move("AS64510-1", "None", "26")
        wait_state(controller, ("deprovisioned", None))
        assert "deleted" in run("asn", "delete", PEER_ASN)
        assert json.loads(run("peering", "policy"))["policy"] == {"maxBandwidthInMbps": 10000}
        run("peering", "request", tmp_path / "nothing.json", code=2)
        run("asn", "set", "--dry-run", PEER_ASN, noc, code=2)
