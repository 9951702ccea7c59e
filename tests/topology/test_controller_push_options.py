# SPDX-License-Identifier: GPL-2.0-or-later
"""What people may ask of a push beside its operations, and what the controller makes of the router's word on it."""
import contextlib
import sqlite3

import pytest

from controller_fixtures import REQUEST, connection_path
from lab.wait import until

CONNECTIONS = "/v1/routers/edge1/connections"


def desired(controller):
    return controller.query("SELECT name FROM desired_connection")


def confirmation(controller, push):
    return controller.get(f"/v1/pushes/{push['id']}")["confirmation"]


def edge1(controller):
    return controller.get("/v1/routers")["routers"][0]


def test_a_dry_run_is_asked_of_the_router_and_never_desired(controller):
    with controller.router() as router:
        code, push = controller.post(f"{CONNECTIONS}?dryRun=true", REQUEST)
        assert code == 200 and push["dryRun"] and push["state"] == "checked", push
        assert push["operations"][0]["ok"] and push["operations"][0]["message"] == "would be done"
        assert router.pushes[-1].dry_run and not router.connections and not desired(controller)
        said = controller.peerctl("request", "edge1", "PNI-ACME-FRA1", "--asn", 64510, "--neighbor", "192.0.2.2",
                                  "--dry-run")
        assert said.returncode == 0 and "checked (would be done)" in said.stdout, said
        assert router.pushes[-1].dry_run
        # It was not refused, for who watches and who looks back either.
        events = controller.request("GET", "/v1/events?after=0&type=push-answered", headers={"Accept": "application/json"})[1]
        assert [one["data"]["state"] for one in events["events"]] == ["checked"] * 2
        assert [one["result"] for one in controller.get("/v1/audit")["audit"] if one["action"] == "connection.request"] == [
            "checked"] * 2

        # A dry run of what ends a connection, or is refused, leaves what is desired alone.
        assert controller.post(CONNECTIONS, REQUEST)[0] == 200
        assert controller.post(f"{connection_path()}/deprovision?dryRun=true")[0] == 200
        router._apply = lambda push: dict(id=push.id, dry_run=True, results=[dict(code="bad-asn", message="no")])
        code, problem = controller.post(f"{CONNECTIONS}?dryRun=true", {**REQUEST, "peerAsn": 64999})
        assert (code, problem["code"]) == (409, "bad-asn")
        # Whatever a router says of it.
        router._apply = lambda push: dict(id=push.id, applied=True, results=[dict(ok=True)])
        controller.post(f"{connection_path()}/deprovision?dryRun=true")
        assert controller.get(connection_path())["desired"]["peerAsn"] == 64510
        # One that is lost is not asked again, and none waits for a router.
        router.deaf = True
        waiting = controller.start_peerctl("request", "edge1", "OTHER", "--asn", 64510, "--neighbor", "192.0.2.9",
                                          "--dry-run")
        until("the dry run at the router", lambda: router.pushes[-1].operations[0].declare.name == "OTHER")
    assert waiting.wait(60) == 1
    assert desired(controller) == [("PNI-ACME-FRA1",)]
    code, problem = controller.post(f"{CONNECTIONS}?dryRun=true", REQUEST)
    assert (code, problem["code"]) == (409, "router-not-connected")
    with controller.router() as router:
        assert controller.post(f"{CONNECTIONS}", REQUEST)[0] == 200
        assert [push.dry_run for push in router.pushes] == [False]


@pytest.mark.parametrize("query", ["dryrun=true", "dryRun=yes", "expectedRevision=-1", "expectedRevision=",
                                   "confirmSeconds=9", "confirmSeconds=3601", "confirm=manual", "confirm=often"])
def test_a_misspelt_option_does_nothing(bad_input, query):
    controller, router = bad_input
    code, problem = controller.post(f"{CONNECTIONS}?{query}", REQUEST)
    assert (code, problem["code"]) == (400, "bad-query") and not router.pushes


def test_a_push_goes_to_no_router_that_lacks_what_it_needs(controller):
    with controller.router(features=["push", "another"]) as router:
        assert edge1(controller)["features"] == []
        code, problem = controller.post(f"{CONNECTIONS}?dryRun=true", REQUEST)
        assert (code, problem["code"]) == (409, "router-too-old") and not router.pushes
        assert all(word in problem["detail"] for word in ("edge1", "0.1.0", "push-options")), problem
        code, problem = controller.post(f"{CONNECTIONS}?expectedRevision=0", REQUEST)
        assert (code, problem["code"]) == (409, "router-too-old") and not desired(controller)
        code, _ = controller.post(CONNECTIONS, REQUEST)
        assert code == 200 and len(router.pushes) == 1
    until("edge1 away", lambda: edge1(controller)["connected"], lambda connected: not connected)
    # What waits is judged when it would go out; what stands behind it goes.
    other = {**REQUEST, "name": "OTHER", "neighbors": [{"address": "192.0.2.9"}]}
    _, queued = controller.post(f"{CONNECTIONS}?confirmSeconds=60", {**REQUEST, "description": "newer"})
    _, behind = controller.post(CONNECTIONS, other)
    assert queued["state"] == behind["state"] == "queued"
    with controller.router(features=[]) as router:
        until("the answer", lambda: controller.get(f"/v1/pushes/{behind['id']}")["state"],
              lambda state: state == "applied")
        refused = controller.get(f"/v1/pushes/{queued['id']}")
        assert refused["state"] == "refused" and refused["operations"][0]["code"] == "router-too-old"
        assert [push.id for push in router.pushes] == [behind["id"]]
    assert controller.get(connection_path())["desired"].get("description") != "newer"


def test_a_push_may_name_the_revision_that_it_is_for(controller):
    with controller.router() as router:
        code, push = controller.post(f"{CONNECTIONS}?expectedRevision=0", REQUEST)
        assert code == 200 and (push["expectedRevision"], push["revision"]) == (0, 1)
        assert edge1(controller)["revision"] == 1 and edge1(controller)["revisionOf"] == push["id"]
        code, problem = controller.post(f"{CONNECTIONS}?expectedRevision=0", {**REQUEST, "description": "stale"})
        assert (code, problem["code"]) == (409, "revision") and "at revision 1, not 0" in problem["detail"]
        assert not controller.get(connection_path())["desired"].get("description")
        said = controller.peerctl("approve", "edge1", "PNI-ACME-FRA1", "--expect-revision", 1)
        assert said.returncode == 0, said
        assert router.pushes[-1].expects_revision and router.pushes[-1].expected_revision == 1
    with controller.connect() as connection:
        connection.send(hello=dict(protocol_version=1, journal_id="another", revision=7, last_push="x" * 500))
        connection.expect("hello_ack")
        until("what Hello says", lambda: edge1(controller)["revision"], lambda seen: seen == 7)


def test_the_controller_confirms_what_has_not_cut_the_router_off(controller):
    with controller.router() as router:
        code, push = controller.post(f"{CONNECTIONS}?confirmSeconds=60", REQUEST)
        assert code == 200 and push["confirmation"] == "waiting" and push["confirmBefore"], push
        router.beat()
        # One that was on its way already proves nothing.
        controller.post(f"{connection_path()}/approve")
        assert not router.confirms and confirmation(controller, push) == "waiting"
        router.beat()
        until("confirmed", lambda: confirmation(controller, push), lambda seen: seen == "confirmed")
        assert router.confirms == [push["id"]]

        # A session that begins anew proves it, too: whatever became of the first answer.
        router.deaf = True
        waiting = controller.start_peerctl("request", "edge1", "OTHER", "--asn", 64510, "--neighbor", "192.0.2.9",
                                          "--confirm", 60)
        until("the push at the router", lambda: len(router.pushes) == 3)
        lost = router.pushes[-1].id
        router.send_result(lost, applied=True, confirm_seconds=50, results=[dict(ok=True)])
        assert "takes this back at" in waiting.communicate(timeout=60)[0]
    with controller.router() as router:
        until("confirmed", lambda: router.confirms, lambda seen: seen == [lost])
        until("confirmed", lambda: controller.get(f"/v1/pushes/{lost}")["confirmation"],
              lambda seen: seen == "confirmed")


def test_somebody_confirms(controller):
    with controller.router() as router:
        code, push = controller.post(f"{CONNECTIONS}?confirmSeconds=60&confirm=manual", REQUEST)
        assert code == 200 and push["confirmation"] == "waiting"
        for _ in range(4):
            router.beat()
        controller.post(f"{connection_path()}/approve")
        assert not router.confirms
        code, confirmed = controller.post(f"/v1/pushes/{push['id']}/confirm")
        assert code == 200 and confirmed["confirmation"] == "confirmed" and router.confirms == [push["id"]]
        code, problem = controller.post(f"/v1/pushes/{push['id']}/confirm")
        assert (code, problem["code"]) == (409, "not-waiting")
        code, problem = controller.post("/v1/pushes/nothing/confirm")
        assert (code, problem["code"]) == (404, "unknown-push")
        assert controller.query("SELECT action, object FROM audit WHERE action LIKE 'push.%'") == [
            ("push.confirm", "edge1")]

        said = controller.peerctl("deprovision", "edge1", "PNI-ACME-FRA1", "--confirm", 60, "--confirm-manually",
                                  "--dry-run")
        assert said.returncode == 0, said
        _, push = controller.post(f"{CONNECTIONS}?confirmSeconds=60&confirm=manual", {**REQUEST, "description": "two"})
    until("edge1 away", lambda: edge1(controller)["connected"], lambda connected: not connected)
    code, problem = controller.post(f"/v1/pushes/{push['id']}/confirm")
    assert (code, problem["code"]) == (409, "router-not-connected")


def test_a_confirmation_that_cannot_be_logged_leaves_nothing_open(controller):
    """A transaction left behind would hold the database, and take whatever is stored next with it."""
    away = controller.folder / "away"
    with controller.router() as router:
        _, push = controller.post(f"{CONNECTIONS}?confirmSeconds=60&confirm=manual", REQUEST)
        controller.database.rename(away)
        code, problem = controller.post(f"/v1/pushes/{push['id']}/confirm")
        away.rename(controller.database)
        assert (code, problem["code"]) == (500, "store-failed") and not router.confirms
        with contextlib.closing(sqlite3.connect(controller.database, timeout=0, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
        assert controller.post(f"/v1/pushes/{push['id']}/confirm")[0] == 200
    assert controller.query("SELECT count(*) FROM audit WHERE action = 'push.confirm'") == [(1,)]


def test_what_a_router_has_taken_back_is_desired_no_longer(controller):
    with controller.router() as router:
        controller.post(CONNECTIONS, REQUEST)
        _, push = controller.post(f"{CONNECTIONS}?confirmSeconds=60&confirm=manual", {**REQUEST, "description": "two"})
        assert controller.get(connection_path())["desired"]["description"] == "two"
        taken_back = dict(rolled_back=True, results=[dict(code="rolled-back", message="not confirmed in time")])
        router.revision = 3
        router.send_result(push["id"], **taken_back)
        until("rolled back", lambda: confirmation(controller, push), lambda seen: seen == "rolled-back")
        shown = controller.get(f"/v1/pushes/{push['id']}")
        assert shown["state"] == "refused" and shown["operations"][0]["code"] == "rolled-back"
        assert not controller.get(connection_path())["desired"].get("description")
        until("the revision", lambda: edge1(controller)["revision"], lambda seen: seen == 3)
        # A newer request stands, whatever is said again of an old one; that is no news.
        controller.post(CONNECTIONS, {**REQUEST, "description": "three"})
        router.revision = 1
        router.send_result(push["id"], **taken_back)
        controller.post(f"{connection_path()}/approve")
        assert controller.get(connection_path())["desired"]["description"] == "three"
        # What it was to take out of service is desired again.
        router.move("PNI-ACME-FRA1", "Active", "9")
        _, push = controller.post(f"{connection_path()}/deprovision?confirmSeconds=60&confirm=manual")
        assert not desired(controller)
        router.send_result(push["id"], **taken_back)
        until("desired again", lambda: desired(controller), lambda seen: seen == [("PNI-ACME-FRA1",)])
        assert edge1(controller)["revision"] == 4 and "push-result-unknown" not in controller.log()
