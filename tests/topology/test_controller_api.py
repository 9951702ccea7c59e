# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may ask what of the API of peering-controller, and what it keeps of who changed something."""
import pytest

from controller_fixtures import REQUEST, assert_serves, connection_path
from controller_process import ADMIN, OPERATOR, VIEWER


@pytest.fixture(scope="module")
def served(tmp_path_factory, pki):
    """A controller that names an admin and a viewer, with a router and a connection."""
    from controller_process import Controller
    controller = Controller(tmp_path_factory.mktemp("api"), pki, admin=ADMIN, viewer=f"nobody@example.net, {VIEWER}")
    controller.start()
    with controller.router() as router:
        assert controller.post("/v1/routers/edge1/connections", REQUEST)[0] == 200
        yield controller, router
    assert controller.stop() == 0


def test_a_viewer_looks_and_changes_nothing(served):
    controller, router = served
    for path in ("/v1/routers", "/v1/connections", connection_path()):
        assert controller.request("GET", path, certificate=VIEWER)[0] == 200
    pushed = len(router.pushes)
    for method, path, body in (("POST", "/v1/routers/edge1/connections", REQUEST),
                               ("POST", connection_path() + "/approve", {}), ("GET", "/v1/audit", None)):
        status, problem = controller.request(method, path, body, certificate=VIEWER)
        assert (status, problem["code"]) == (403, "forbidden"), problem
        assert VIEWER in problem["detail"] and "operator" in problem["detail"]
    assert len(router.pushes) == pushed
    controller.wait_log(f"event=api-forbidden actor={VIEWER} role=viewer needs=operator address=127.0.0.1:")


def test_the_audit_log_names_who_changed_what(served):
    controller, _ = served
    before = controller.get("/v1/audit")["audit"][-1]["id"]
    assert controller.post(connection_path() + "/approve", {"reason": "wired"}, certificate=ADMIN)[0] == 200
    # Refused by the router: asked for, and the log says what came of it.
    assert controller.post(connection_path() + "/activate", {})[0] == 409
    # Refused here: nothing was changed.
    assert controller.post(connection_path() + "/approve", {"reason": "a\nb"})[0] == 400
    rows = controller.get(f"/v1/audit?after={before}")["audit"]
    assert [(row["actor"], row["role"], row["action"], row["object"], row["result"]) for row in rows] == [
        (ADMIN, "admin", "connection.approve", "edge1/PNI-ACME-FRA1", "applied"),
        (OPERATOR, "operator", "connection.activate", "edge1/PNI-ACME-FRA1", "refused")]
    assert rows[0]["detail"]["reason"] == "wired" and rows[0]["address"].startswith("127.0.0.1:")
    assert controller.get(f"/v1/pushes/{rows[0]['detail']['pushId']}")["actor"] == ADMIN


def test_the_audit_log_has_pages(served):
    controller, _ = served
    for _ in range(3):
        controller.post(connection_path() + "/activate", {})
    whole = controller.get("/v1/audit")
    assert whole["nextAfter"] is None
    found, after = [], 0
    while after is not None:
        page = controller.get(f"/v1/audit?limit=2&after={after}")
        assert 1 <= len(page["audit"]) <= 2
        found += page["audit"]
        after = page["nextAfter"]
    assert found == whole["audit"] and len(found) >= 4
    for query in ("limit=0", "limit=1001", "limit=-1", "after=x", "after=99999999999999999999", "colour=red", "after="):
        status, problem = controller.request("GET", f"/v1/audit?{query}")
        assert (status, problem["code"]) == (400, "bad-query"), query


def test_a_change_that_is_not_logged_is_not_made(served):
    """Both are one transaction."""
    import sqlite3
    controller, router = served
    with sqlite3.connect(controller.database, timeout=30) as db:
        db.execute("CREATE TRIGGER no_audit BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'no'); END")
    pushes, sent = controller.query("SELECT count(*) FROM push"), len(router.pushes)
    try:
        assert controller.post(connection_path() + "/activate", {})[0] == 500
    finally:
        with sqlite3.connect(controller.database, timeout=30) as db:
            db.execute("DROP TRIGGER no_audit")
    assert controller.query("SELECT count(*) FROM push") == pushes and len(router.pushes) == sent
    assert_serves(controller)
