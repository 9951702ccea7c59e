# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may ask what of the API of peering-controller, what it keeps of who changed something, and what it promises of its
answers: entity tags, keys that make a repetition harmless, and doc/openapi.yaml."""
import concurrent.futures
import re
import sqlite3

import jsonschema
import pytest

import openapi
from controller_fixtures import REQUEST, assert_serves, connection_path, run_controller, status
from controller_process import ADMIN, OPERATOR, VIEWER, Controller
from lab import build
from lab.wait import until


@pytest.fixture(scope="module")
def served(tmp_path_factory, pki):
    """A controller that names an admin and a viewer, with a router and a connection."""
    controller = Controller(tmp_path_factory.mktemp("api"), pki, admin=ADMIN, viewer=f"nobody@example.net, {VIEWER}")
    controller.start()
    with controller.router() as router:
        assert controller.post("/v1/routers/edge1/connections", REQUEST)[0] == 200
        yield controller, router
    assert controller.stop() == 0


def make_token(controller, role, name, **wish):
    got, answer = controller.post("/v1/tokens", {"name": name, "role": role, **wish}, certificate=ADMIN)
    assert got == 201, answer
    return answer["token"], answer["id"]


def write(controller, sql, *parameters):
    """As a person with sqlite3 would, while it runs."""
    with sqlite3.connect(controller.database, timeout=30) as db:
        db.execute(sql, parameters)


# ---- Roles and the audit log ----

def test_a_viewer_looks_and_changes_nothing(served):
    controller, router = served
    for path in ("/v1/routers", "/v1/connections", connection_path()):
        assert controller.request("GET", path, certificate=VIEWER)[0] == 200
    pushed = len(router.pushes)
    for method, path, body in (("POST", "/v1/routers/edge1/connections", REQUEST),
                               ("POST", connection_path() + "/approve", {}), ("GET", "/v1/audit", None)):
        got, problem = controller.request(method, path, body, certificate=VIEWER)
        assert (got, problem["code"]) == (403, "forbidden"), problem
        assert VIEWER in problem["detail"] and "operator" in problem["detail"]
    assert len(router.pushes) == pushed
    controller.wait_log(f"event=api-forbidden actor={VIEWER} role=viewer needs=operator address=127.0.0.1:")


def test_the_configuration_says_who_is_what(make_controller):
    controller = make_controller(admin=f"{ADMIN.upper()}, {VIEWER}", viewer=VIEWER.title()).start()
    for certificate, path, got in ((ADMIN, "/v1/tokens", 200), (OPERATOR, "/v1/tokens", 403), (OPERATOR, "/v1/audit", 200),
                                   (VIEWER, "/v1/audit", 403), (VIEWER, "/v1/routers", 200)):
        assert controller.request("GET", path, certificate=certificate)[0] == got, (certificate, path)


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


def test_lists_have_pages(served):
    controller, router = served
    for name in ("edge2", "edge3"):
        with controller.connect(name) as connection:
            connection.hello(journal_id=f"pages-{name}")
    for number in range(3):
        controller.post(connection_path() + "/activate", {})
        make_token(controller, "viewer", f"page-{number}")
        router.move(REQUEST["name"], "Validating" if number % 2 else "Approved", "7")
    until("the history", lambda: len(controller.get(connection_path())["history"]) >= 4)
    for path, key in (("/v1/audit", "audit"), ("/v1/tokens", "tokens"), ("/v1/routers", "routers"),
                      (connection_path() + "/history", "history")):
        whole = controller.get(path, certificate=ADMIN)
        assert whole["nextAfter"] is None
        found, after = [], ""
        while after is not None:
            page = controller.get(f"{path}?limit=2" + (f"&after={after}" if after else ""), certificate=ADMIN)
            assert 1 <= len(page[key]) <= 2
            found += page[key]
            after = page["nextAfter"]
            assert len(found) <= len(whole[key])
        # When a router was connected moves on meanwhile.
        assert [one.get("id", one.get("name")) for one in found] == [
            one.get("id", one.get("name")) for one in whole[key]] and len(found) >= 3
        for query in ("limit=0", "limit=1001", "limit=-1", "limit=", "limit=1e2", "colour=red"):
            got, problem = controller.request("GET", f"{path}?{query}", certificate=ADMIN)
            assert (got, problem["code"]) == (400, "bad-query"), (path, query)
    assert whole["history"] == controller.get(connection_path())["history"]
    assert controller.request("GET", connection_path("nothing") + "/history")[1]["code"] == "unknown-connection"
    for query in ("after=x", "after=99999999999999999999", "after=-1", "after="):
        assert controller.request("GET", f"/v1/audit?{query}")[0] == 400, query


def test_a_change_that_is_not_logged_is_not_made(served):
    """Both are one transaction."""
    controller, router = served
    write(controller, "CREATE TRIGGER no_audit BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'no'); END")
    count = "SELECT (SELECT count(*) FROM push), (SELECT count(*) FROM token), (SELECT count(*) FROM idempotency)"
    before, sent = controller.query(count), len(router.pushes)
    try:
        assert controller.post(connection_path() + "/activate", {}, headers={"Idempotency-Key": "not-logged"})[0] == 500
        assert controller.post("/v1/tokens", {"name": "unlogged", "role": "admin"}, certificate=ADMIN)[0] == 500
    finally:
        write(controller, "DROP TRIGGER no_audit")
    assert controller.query(count) == before and len(router.pushes) == sent
    assert_serves(controller)


# ---- Tokens ----

def test_a_token_does_what_its_role_may(served):
    controller, router = served
    viewer, _ = make_token(controller, "viewer", "looks")
    operator, _ = make_token(controller, "operator", "scripts")
    admin, _ = make_token(controller, "admin", "all")
    assert controller.request("GET", "/v1/connections", token=viewer)[0] == 200
    assert controller.request("POST", connection_path() + "/approve", {}, token=viewer)[0] == 403
    assert controller.request("POST", "/v1/routers/edge1/connections", {**REQUEST, "name": "BY-TOKEN"},
                              token=operator)[0] == 200
    assert router.pushes[-1].actor == "token:scripts"
    assert controller.request("GET", "/v1/tokens", token=operator)[0] == 403
    assert controller.request("POST", "/v1/tokens", {"name": "more", "role": "admin"}, token=operator)[0] == 403
    listed = controller.request("GET", "/v1/tokens", token=admin)[1]["tokens"]
    by_name = {token["name"]: token for token in listed}
    assert by_name["scripts"]["createdBy"] == ADMIN and by_name["scripts"]["lastUsedAt"]
    assert by_name["scripts"]["expiresAt"][:4] == str(int(by_name["scripts"]["createdAt"][:4]) + 1)
    row = controller.get("/v1/audit")["audit"][-1]
    assert (row["actor"], row["role"], row["object"]) == ("token:scripts", "operator", "edge1/BY-TOKEN")
    # The certificate that comes with a token does not count.
    assert controller.ask("GET", "/v1/tokens", certificate=ADMIN, headers={"Authorization": f"Bearer {viewer}"}).status == 403


def test_no_secret_is_kept(served):
    controller, _ = served
    secret = {"Idempotency-Key": "the-same-token"}
    first = controller.ask("POST", "/v1/tokens", {"name": "secret", "role": "viewer"}, certificate=ADMIN, headers=secret)
    again = controller.ask("POST", "/v1/tokens", {"name": "secret", "role": "viewer"}, certificate=ADMIN, headers=secret)
    assert (first.status, again.status) == (201, 201) and again.headers["Idempotency-Replayed"] == "true"
    assert again.body["id"] == first.body["id"] and "token" not in again.body
    token = first.body["token"]
    assert controller.request("GET", "/v1/routers", token=token)[0] == 200
    secret = token.rsplit("_", 1)[1].encode()
    for file in controller.folder.iterdir():
        assert secret not in file.read_bytes(), file


def test_a_revoked_or_expired_token_is_refused(served):
    controller, _ = served
    token, identifier = make_token(controller, "viewer", "ends")
    other, other_identifier = make_token(controller, "viewer", "expires", validDays=1)
    assert controller.post("/v1/tokens", {"name": "ends", "role": "viewer"}, certificate=ADMIN)[1]["code"] == "name-taken"
    revoked = controller.ask("DELETE", f"/v1/tokens/{identifier}", certificate=ADMIN)
    assert revoked.status == 200 and revoked.body["revokedBy"] == ADMIN
    again = controller.ask("DELETE", f"/v1/tokens/{identifier}", certificate=ADMIN)
    assert again.body["revokedAt"] == revoked.body["revokedAt"]
    assert controller.request("DELETE", "/v1/tokens/0123456789abcdef", certificate=ADMIN)[1]["code"] == "unknown-token"
    answer = controller.ask("GET", "/v1/routers", token=token)
    assert (answer.status, answer.body["code"]) == (401, "bad-token") and "revoked" in answer.body["detail"]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert controller.request("GET", "/v1/routers", token=other)[0] == 200
    write(controller, "UPDATE token SET expires_at = created_at WHERE id = ?", other_identifier)
    assert controller.request("GET", "/v1/routers", token=other)[0] == 401
    # The name is free again, and the old token stays what it is.
    make_token(controller, "viewer", "ends")
    assert controller.request("GET", "/v1/routers", token=token)[0] == 401


@pytest.mark.parametrize("wish", [
    {}, [], {"name": "x"}, {"role": "viewer"}, {"name": "", "role": "viewer"}, {"name": "a b", "role": "viewer"},
    {"name": "x" * 65, "role": "viewer"}, {"name": "x\u0000y", "role": "viewer"}, {"name": 7, "role": "viewer"},
    {"name": "'; DROP TABLE token; --", "role": "viewer"}, {"name": "x", "role": "root"}, {"name": "x", "role": None},
    {"name": "x", "role": "peer"}, {"name": "x", "role": "viewer", "asn": 64510}, {"name": "x", "role": "peer", "asn": 0},
    {"name": "x", "role": "peer", "asn": 4294967296}, {"name": "x", "role": "peer", "asn": "64510"},
    {"name": "x", "role": "viewer", "validDays": 0}, {"name": "x", "role": "viewer", "validDays": 3651},
    {"name": "x", "role": "viewer", "validDays": 1.5}, {"name": "x", "role": "viewer", "token": "pct_"},
])
def test_a_bad_wish_for_a_token_is_refused(served, wish):
    controller, _ = served
    before = controller.query("SELECT count(*) FROM token")
    got, problem = controller.post("/v1/tokens", wish, certificate=ADMIN)
    assert (got, problem["code"]) == (400, "bad-value"), problem
    assert controller.query("SELECT count(*) FROM token") == before


def test_the_first_token_is_made_on_the_machine(make_controller):
    controller = make_controller()
    controller.write_config()
    before = run_controller("-c", controller.config, "--create-token", "admin", "first")
    assert before.returncode == 0 and before.stdout.startswith("pct_"), before
    controller.start()
    assert controller.request("GET", "/v1/tokens", token=before.stdout.strip())[0] == 200
    meanwhile = run_controller("-c", controller.config, "--create-token", "operator", "second")
    assert meanwhile.returncode == 0, meanwhile
    assert controller.request("GET", "/v1/audit", token=meanwhile.stdout.strip())[0] == 200
    assert [(row[0], row[1]) for row in controller.query("SELECT actor, action FROM audit")] == [
        ("local:root", "token.create")] * 2
    for arguments, exit_status in ((("admin", "first"), 1), (("peer", "x"), 1), (("root", "x"), 1), (("admin", "a b"), 1),
                                   (("admin",), 2)):
        refused = run_controller("-c", controller.config, "--create-token", *arguments)
        assert refused.returncode == exit_status and refused.stderr and not refused.stdout, refused
    assert_serves(controller)
    # A controller of before has a schema of before, which is not for others to bring up to date.
    write(controller, "DELETE FROM schema_version WHERE version = (SELECT max(version) FROM schema_version)")
    refused = run_controller("-c", controller.config, "--create-token", "admin", "third")
    assert refused.returncode == 1 and "of another version" in refused.stderr and not refused.stdout, refused
    assert controller.query("SELECT count(*) FROM token") == [(2,)]


# ---- How often ----

def test_who_fails_too_often_waits_and_locks_nobody_out(make_controller):
    controller = make_controller(admin=ADMIN).start()
    token, _ = make_token(controller, "viewer", "good")
    bad = token[:-1] + ("0" if token[-1] != "0" else "1")
    answers = [controller.ask("GET", "/v1/routers", token=bad) for _ in range(15)]
    assert [answer.status for answer in answers[:10]] == [401] * 10
    assert {answer.status for answer in answers} == {401, 429}
    assert answers[-1].body["code"] == "too-many-requests" and 1 <= int(answers[-1].headers["Retry-After"]) <= 6
    assert answers[0].headers["Connection"] == "close"
    assert len(re.findall("event=api-refused", controller.log())) < 15
    # Somebody else behind the same address.
    assert controller.request("GET", "/v1/routers", token=token)[0] == 200
    assert controller.request("GET", "/v1/routers")[0] == 200


def test_who_asks_too_often_waits(make_controller):
    controller = make_controller(admin=ADMIN, api_rate=1, api_rate_peer=1).start()
    peer, _ = make_token(controller, "peer", "acme", asn=64510)
    statuses = [controller.request("GET", "/v1/connections", token=peer)[0] for _ in range(30)]
    assert set(statuses[:20]) == {200} and 429 in statuses[20:]
    # Others have their own.
    assert controller.request("GET", "/v1/connections")[0] == 200
    for _ in range(25):
        controller.request("GET", "/v1/routers")
    refused = controller.ask("GET", "/v1/routers")
    assert refused.status == 429 and int(refused.headers["Retry-After"]) == 1
    # peerctl asks again when it may.
    assert controller.peerctl("routers").returncode == 0


# ---- What a peer sees ----

def observed(name, asn, **fields):
    return {**status(name, "Validating", flags=["conflict"],
                     degraded=[dict(cause="validation", session="192.0.2.2", severity="major",
                                    reason="SECRET-REASON", next="SECRET-NEXT")]),
            "peer_asn": asn, "waiting_for": "SECRET-WAITING", **fields}


def test_a_peer_sees_its_own_and_nothing_of_others(make_controller):
    controller = make_controller(admin=ADMIN).start()
    with controller.router() as router:
        for name, asn in (("PNI-ACME", 64510), ("PNI-OTHER", 64511), ("PNI-ZULU", 64510), ("PNI-YANKEE", 64511)):
            assert controller.post("/v1/routers/edge1/connections", {
                **REQUEST, "name": name, "peerAsn": asn, "description": "SECRET-NOTE"})[0] == 200
            assert controller.post(connection_path(name) + "/approve", {"reason": "SECRET-WORDS"})[0] == 200
            router.connections[name] = observed(name, asn)
        router.send_snapshot(full=True)
        until("what was observed", lambda: controller.get(connection_path("PNI-YANKEE"))["flags"] == ["conflict"])
        # Asked for and not there yet.
        router.deaf = True
    assert controller.post("/v1/routers/edge1/connections", {**REQUEST, "name": "PNI-NEW"})[0] == 202
    assert controller.post("/v1/routers/edge1/connections", {**REQUEST, "name": "PNI-NEWER", "peerAsn": 64511})[0] == 202
    token, _ = make_token(controller, "peer", "acme", asn=64510)
    nobody, _ = make_token(controller, "peer", "nobody", asn=64999)
    everything = ""

    def ask(method, path, body=None, who=token, **options):
        nonlocal everything
        answer = controller.ask(method, path, body, token=who, **options)
        everything += str(answer)
        return answer

    listed = ask("GET", "/v1/connections").body
    assert [one["name"] for one in listed["connections"]] == ["PNI-ACME", "PNI-NEW", "PNI-ZULU"]
    assert listed["nextAfter"] is None
    assert set(listed["connections"][0]["sessions"][0]) == {
        "address", "afi", "safi", "bgpState", "required", "gate", "upSeconds", "receivedCount", "advertisedCount", "limit"}
    # Pages hold its own alone, and where the next one begins is a name of its own.
    pages, after = [], ""
    while after is not None:
        page = ask("GET", "/v1/connections?limit=1" + (f"&after={after}" if after else "")).body
        pages += [one["name"] for one in page["connections"]]
        after = page["nextAfter"]
        assert len(pages) <= 3
    assert pages == ["PNI-ACME", "PNI-NEW", "PNI-ZULU"]
    assert [one["name"] for one in ask("GET", "/v1/routers/edge1/connections?state=Validating").body["connections"]] == [
        "PNI-ACME", "PNI-ZULU"]
    assert ask("GET", "/v1/connections", who=nobody).body["connections"] == []
    own = ask("GET", connection_path("PNI-ACME")).body
    assert own["history"] and set(own["history"][0]) == {"at", "from", "to"}
    # What is another's, what is nowhere, a router that is nowhere: one answer, to the byte.
    answers = [ask("GET", path) for path in (
        connection_path("PNI-OTHER"), connection_path("PNI-NEWER"), connection_path("PNI-NOWHERE"),
        connection_path("PNI-ACME", "nowhere"))]
    assert {(answer.status, str(answer.body)) for answer in answers} == {(404, str(answers[0].body))}
    assert len({str(sorted((key, value) for key, value in answer.headers.items() if key != "Date"))
                for answer in answers}) == 1
    for path in ("/v1/connections?router=nowhere", "/v1/connections?router=edge1", "/v1/routers/nowhere/connections"):
        assert ask("GET", path, who=nobody).body == ask("GET", "/v1/connections", who=nobody).body
    assert str(ask("GET", connection_path("PNI-OTHER"), headers={"If-None-Match": "*"}).status) == "404"
    # Nothing else of the API is for it; whose it is, is not looked at.
    for method, path, body in (("GET", "/v1/routers", None), ("GET", "/v1/audit", None), ("GET", "/v1/tokens", None),
                               ("POST", "/v1/tokens", {"name": "x", "role": "admin"}), ("GET", "/v1/pushes/x", None),
                               ("POST", "/v1/routers/edge1/connections", REQUEST),
                               ("POST", connection_path("PNI-ACME") + "/approve", {}),
                               ("POST", connection_path("PNI-NOWHERE") + "/approve", {})):
        assert ask(method, path, body).status == 403, path
    for word in ("SECRET", "PNI-OTHER", "PNI-YANKEE", "64511", "edge2", OPERATOR, "ACME-IN", "ACME-OUT", "conflict"):
        assert word not in everything, word


def test_a_peer_hears_of_no_change_but_its_own(make_controller):
    """Neither in a tag, nor by a name that was another's before."""
    controller = make_controller(admin=ADMIN).start()
    with controller.router() as router:
        assert controller.post("/v1/routers/edge1/connections", {**REQUEST, "peerAsn": 64511})[0] == 200
        assert controller.post(connection_path() + "/approve", {})[0] == 200
        router.move(REQUEST["name"], "None", "7")
        until("the end of the first", lambda: controller.get(connection_path())["connectionState"] == "None")
        assert controller.post("/v1/routers/edge1/connections", REQUEST)[0] == 200
        token, _ = make_token(controller, "peer", "acme", asn=64510)
        until("the second", lambda: controller.request("GET", connection_path(), token=token)[0] == 200)
        first = controller.ask("GET", connection_path(), token=token)
        assert [one["to"] for one in first.body["history"]] == ["PendingApproval"]
        assert len(controller.get(connection_path())["history"]) == 4
        router.connections[REQUEST["name"]].update(waiting_for="an operator", flags=["conflict"])
        router.send_snapshot(full=True)
        until("the change", lambda: controller.get(connection_path())["flags"] == ["conflict"])
        again = controller.ask("GET", connection_path(), token=token)
        # When it was observed is its own business.
        halves = [answer.headers["ETag"].split("-")[0] for answer in (first, again)]
        assert halves[0] == halves[1]


def test_peers_leave_connections_for_operators(make_controller):
    controller = make_controller(admin=ADMIN, max_api_clients=8).start()
    one, _ = make_token(controller, "peer", "one", asn=64510)
    import http.client

    import wire
    clients = []
    try:
        answers = []
        for _ in range(4):
            client = http.client.HTTPSConnection(*controller.api_address, timeout=30,
                                                 context=wire.client_context(controller.pki, None))
            clients.append(client)
            client.request("GET", "/v1/connections", headers={"Authorization": f"Bearer {one}"})
            answer = client.getresponse()
            answer.read()
            answers.append(answer.status)
        assert answers == [200, 200, 429, 429]
        assert controller.request("GET", "/v1/connections")[0] == 200
    finally:
        for client in clients:
            client.close()


# ---- Entity tags ----

def test_a_change_is_made_of_what_was_seen_or_not_at_all(make_controller):
    controller = make_controller().start()
    with controller.router() as router:
        assert controller.post("/v1/routers/edge1/connections", REQUEST)[0] == 200
        seen = controller.ask("GET", connection_path())
        tag = seen.headers["ETag"]
        unchanged = controller.ask("GET", connection_path(), headers={"If-None-Match": f'"other", {tag}'})
        assert (unchanged.status, unchanged.body, unchanged.headers["ETag"]) == (304, "", tag)
        assert controller.ask("GET", connection_path(), headers={"If-None-Match": '"other"'}).status == 200
        # A counter moves: it is news to who looks, and no reason to refuse who acts.
        router.connections[REQUEST["name"]]["sessions"][0].update(up_seconds=77)
        router.send_snapshot(full=True)
        counted = until("the counter", lambda: controller.ask("GET", connection_path()),
                        lambda answer: answer.body["sessions"][0]["upSeconds"] == 77)
        assert counted.headers["ETag"] != tag
        assert controller.ask("GET", connection_path(), headers={"If-None-Match": tag}).status == 200
        pushes = len(router.pushes)
        for wrong in ('"0000000000000000-0000000000000000"', f"W/{tag}", tag[:10], '"'):
            answer = controller.ask("POST", connection_path() + "/approve", {}, headers={"If-Match": wrong})
            assert (answer.status, answer.body["code"]) == (412, "changed-meanwhile")
            assert answer.headers["ETag"] == controller.ask("GET", connection_path()).headers["ETag"]
        assert len(router.pushes) == pushes
        assert controller.ask("POST", connection_path() + "/approve", {}, headers={"If-Match": tag}).status == 200
        # It has moved on.
        refused = controller.ask("POST", connection_path() + "/ready", {}, headers={"If-Match": tag})
        assert refused.status == 412
        assert controller.ask("POST", connection_path() + "/ready", {},
                              headers={"If-Match": refused.headers["ETag"]}).status == 200
        # A request is a change of the connection that it names.
        for headers, got in (({"If-Match": tag}, 412), ({"If-Match": "*"}, 200)):
            assert controller.ask("POST", "/v1/routers/edge1/connections", REQUEST, headers=headers).status == got
        assert controller.ask("POST", "/v1/routers/edge1/connections", {**REQUEST, "name": "NEW"},
                              headers={"If-Match": "*"}).status == 412


# ---- Repetitions ----

def test_a_repetition_is_answered_and_not_done(make_controller):
    controller = make_controller(admin=ADMIN).start()
    controller.keep_ports()
    with controller.router() as router:
        key = {"Idempotency-Key": "a-key"}
        first = controller.ask("POST", "/v1/routers/edge1/connections", REQUEST, headers=key)
        again = controller.ask("POST", "/v1/routers/edge1/connections", REQUEST, headers=key)
        assert (first.status, again.status) == (200, 200) and first.body == again.body
        assert "Idempotency-Replayed" not in first.headers and again.headers["Idempotency-Replayed"] == "true"
        # Another's key is another key; another request with this one is refused.
        assert controller.ask("POST", "/v1/routers/edge1/connections", REQUEST, headers=key,
                              certificate=ADMIN).body["id"] != first.body["id"]
        for path, body in (("/v1/routers/edge1/connections", {**REQUEST, "name": "OTHER"}),
                           (connection_path() + "/approve", REQUEST)):
            answer = controller.ask("POST", path, body, headers=key)
            assert (answer.status, answer.body["code"]) == (422, "key-reused")
        for bad in ("", "x" * 256, "two words"):
            assert controller.ask("POST", "/v1/routers/edge1/connections", REQUEST,
                                  headers={"Idempotency-Key": bad}).body["code"] == "bad-key"
        # A refusal of the router's is an answer too; what changed nothing here is judged anew.
        key = {"Idempotency-Key": "refused"}
        refused = controller.ask("POST", connection_path() + "/activate", {}, headers=key)
        assert refused.status == 409
        key2 = {"Idempotency-Key": "bad"}
        assert controller.ask("POST", connection_path() + "/approve", {"reason": 7}, headers=key2).status == 400
        assert controller.ask("POST", connection_path() + "/approve", {}, headers=key2).status == 200
        pushes = len(router.pushes)
        replayed = controller.ask("POST", connection_path() + "/activate", {}, headers=key)
        assert replayed.status == 409 and replayed.body == refused.body and len(router.pushes) == pushes
    assert controller.stop() == 0
    controller.start()
    with controller.router(journal_id=router.journal_id) as router:
        kept = controller.ask("POST", "/v1/routers/edge1/connections", REQUEST, headers={"Idempotency-Key": "a-key"})
        assert kept.body == first.body and kept.headers["Idempotency-Replayed"] == "true" and router.pushes == []
        # After a day it is forgotten.
        write(controller, "UPDATE idempotency SET created_at = created_at - 86400000")
        fresh = controller.ask("POST", "/v1/routers/edge1/connections", REQUEST, headers={"Idempotency-Key": "a-key"})
        assert fresh.status == 200 and fresh.body["id"] != first.body["id"]
        assert controller.query("SELECT count(*) FROM idempotency WHERE key = 'a-key' AND actor = 'noc@example.net'") == [(1,)]


def test_a_repetition_while_the_first_still_runs(make_controller):
    """… is told so; one after a crash finds the push that was made, and makes no second one."""
    controller = make_controller(push_wait=120).start()
    controller.keep_ports()
    with controller.router() as router, concurrent.futures.ThreadPoolExecutor() as pool:
        assert controller.post("/v1/routers/edge1/connections", REQUEST)[0] == 200
        router.deaf = True
        key = {"Idempotency-Key": "crash"}
        first = pool.submit(controller.ask, "POST", connection_path() + "/approve", {}, headers=key)
        until("the push", lambda: len(router.pushes) == 2)
        for body, got, code in (({}, 409, "still-running"), ({"reason": "other"}, 422, "key-reused")):
            answer = controller.ask("POST", connection_path() + "/approve", body, headers=key)
            assert (answer.status, answer.body["code"]) == (got, code)
        controller.kill()
        with pytest.raises(OSError):
            first.result(60)
    controller.start()
    with controller.router(journal_id=router.journal_id) as back:
        answer = controller.ask("POST", connection_path() + "/approve", {}, headers=key)
        assert (answer.status, answer.body["code"]) == (504, "router-lost")
        assert answer.headers["Idempotency-Replayed"] == "true" and back.pushes == []
        assert controller.query("SELECT count(*) FROM push") == [(2,)]


# ---- peerctl ----

def test_peerctl_makes_and_uses_tokens(served, tmp_path):
    controller, _ = served
    boss = {"PEERCTL_CERT": str(controller.pki / f"{ADMIN}.pem"), "PEERCTL_KEY": str(controller.pki / f"{ADMIN}.key")}
    made = controller.peerctl("token", "create", "peer", "by-hand", "--asn", 64510, "--valid-days", 7, **boss)
    assert made.returncode == 0 and re.fullmatch(r"pct_[0-9a-f]{16}_[0-9a-f]{64}\n", made.stdout), made
    token = made.stdout.strip()
    without = {"PEERCTL_CERT": "", "PEERCTL_KEY": ""}
    said = controller.peerctl("connections", **without, PEERCTL_TOKEN=token)
    assert said.returncode == 0 and "PNI-ACME-FRA1" in said.stdout, said
    assert controller.peerctl("routers", **without, PEERCTL_TOKEN=token).returncode == 1
    file = tmp_path / "token"
    file.write_text(token + "\n")
    file.chmod(0o644)
    refused = controller.peerctl("connections", "--token-file", file, **without)
    assert refused.returncode == 2 and "everybody" in refused.stderr and token not in refused.stderr
    file.chmod(0o600)
    assert controller.peerctl("connections", "--token-file", file, **without).returncode == 0
    assert controller.peerctl("connections", PEERCTL_TOKEN_FILE=str(file), **without).returncode == 0
    # A certificate of the command line goes before a token of the environment.
    assert controller.peerctl("routers", "--cert", boss["PEERCTL_CERT"], "--key", boss["PEERCTL_KEY"],
                              PEERCTL_TOKEN=token).returncode == 0
    listed = controller.peerctl("token", "list", **boss)
    line = next(line for line in listed.stdout.splitlines() if " by-hand " in line)
    assert "64510" in line and token not in listed.stdout
    assert controller.peerctl("token", "list").returncode == 1
    identifier = line.split()[0]
    assert controller.peerctl("token", "revoke", identifier, **boss).returncode == 0
    assert controller.peerctl("connections", **without, PEERCTL_TOKEN=token).returncode == 1
    for arguments in (["create", "viewer"], ["create", "viewer", "x", "--valid-days", "many"], ["explode"]):
        assert controller.peerctl("token", *arguments, **boss).returncode == 2


def test_what_changes_something_refuses_parameters_that_it_does_not_have(make_controller):
    """Whoever asks for a dry run where there is none shall not have done it."""
    controller = make_controller(admin=ADMIN).start()
    assert controller.request("PUT", "/v1/peer-asns/64510", {"name": "ACME", "contacts": [
        {"role": "noc", "email": "noc@example.net"}]})[0] == 201
    tried = set()
    with controller.router() as router:
        assert controller.post("/v1/routers/edge1/connections", REQUEST)[0] == 200
        before, audit = len(router.pushes), controller.get("/v1/audit")["newest"]
        for method, template, operation in openapi.operations():
            listed = openapi.document()["paths"][template].get("parameters", []) + operation.get("parameters", [])
            known = {one["name"] for one in map(openapi.resolve, listed) if one["in"] == "query"}
            if method == "GET" or known:
                continue
            path = re.sub(r"{(\w+)}", lambda found: {"asn": "64510", "router": "edge1"}.get(found[1], "PNI-ACME-FRA1"), template)
            body = {"state": "Approved"} if path.endswith("/validate") else {"name": "x", "role": "viewer"}
            for query in ("dryRun=true", "colour=red"):
                code, problem = controller.request(method, f"{path}?{query}", body, certificate=ADMIN)
                assert (code, problem["code"]) == (400, "bad-query") and "nothing was done" in problem["detail"], (path, problem)
            tried.add(path)
        assert {"/v1/tokens", "/v1/peer-asns/64510/validate", "/v1/peerings/PNI-ACME-FRA1/approve"} <= tried and len(tried) > 9
        assert len(router.pushes) == before and controller.get("/v1/audit")["newest"] == audit
    assert controller.get("/v1/peer-asns/64510")["validationState"] == "None"


# ---- doc/openapi.yaml ----

def test_the_document_has_every_route_and_no_other():
    source = (build.SOURCE / "controller" / "api" / "api_server.c").read_text()
    table = source[source.index("routes[] = {"):source.index("#define ROUTE_COUNT")]
    rows = {(method, "/v1/" + "/".join(re.findall(r'"([^"]+)"', path)), role.lower())
            for method, role, path in re.findall(r"\{EVHTTP_REQ_(\w+), API_ROLE_(\w+), \{([^}]*)\}", table)}
    assert len(rows) >= 11
    assert rows == {(method, re.sub(r"\{[^}]*\}", "*", path), operation["x-least-role"])
                    for method, path, operation in openapi.operations()}


def test_the_document_is_valid():
    document = openapi.document()
    assert document["openapi"].startswith("3.1.") and document["info"]["title"] and document["info"]["version"]
    seen = set()

    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                assert node["$ref"].startswith("#/components/") and openapi.resolve(node), node
                seen.add(node["$ref"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(document)
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    # Every part is used.
    for kind, parts in document["components"].items():
        for name in parts:
            assert kind == "securitySchemes" or f"#/components/{kind}/{name}" in seen, (kind, name)
    names = [operation["operationId"] for _, _, operation in openapi.operations()]
    assert len(names) == len(set(names))
    for method, path, operation in openapi.operations():
        assert operation["summary"] and "default" in operation["responses"], path
        parameters = [openapi.resolve(one) for one in
                      document["paths"][path].get("parameters", []) + operation.get("parameters", [])]
        assert {one["name"] for one in parameters if one["in"] == "path"} == set(re.findall(r"\{([^}]*)\}", path)), path
        assert all(one["required"] for one in parameters if one["in"] == "path")
        assert len({(one["in"], one["name"]) for one in parameters}) == len(parameters)
        for response in operation["responses"].values():
            assert openapi.resolve(response)["description"], path
        # What is answered may not be less than what is said.
        assert method == "GET" or "requestBody" in operation or method == "DELETE", path
