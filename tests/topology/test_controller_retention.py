# SPDX-License-Identifier: GPL-2.0-or-later
"""What peering-controller keeps, for how long and in what numbers, and what it lets others cause: everything has an end,
and nothing that was acknowledged is lost for it."""
import contextlib
import re
import sqlite3
import subprocess
import threading
import urllib.request

from controller_fixtures import ADMIN, REQUEST, assert_serves, connection_path, status
from lab.preload import library
from lab.wait import until
from peerings_kit import PEER_NOC, Peer, approve_asn, connection, peering
from wire import Closed


def age(controller, *statements):
    """Changes its database as if time had passed, between an end and a start."""
    assert controller.stop() == 0
    with contextlib.closing(sqlite3.connect(controller.database, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)
    controller.start()


def count(controller, table, where="true"):
    return controller.query(f"SELECT count(*) FROM {table} WHERE {where}")[0][0]


def test_what_is_old_goes_and_what_is_needed_stays(make_controller):
    controller = make_controller(metrics_listen="127.0.0.1:0").start()
    controller.keep_ports()
    with controller.router() as router:
        assert controller.post("/v1/routers/edge1/connections", {**REQUEST, "name": "PNI-OTHER"})[0] == 200
        for limit in (1000, 2000, 3000):
            body = {**REQUEST, "neighbors": [{"address": "192.0.2.2", "families": [{"afi": "ipv4", "receivedLimit": limit}]}]}
            assert controller.post("/v1/routers/edge1/connections", body)[0] == 200
        last, acked = router.last_push, controller.get("/v1/routers")["routers"][0]["ackedSequence"]
    wanted = controller.get(connection_path())
    newest = controller.get("/v1/audit")["audit"][-1]["id"]
    age(controller, *(f"UPDATE {table} SET {column} = {column} - 500 * 86400000" for table, column in
                      (("audit", "at"), ("push", "created_at"), ("transition", "received_at"), ("event", "at"))))
    until("only what is desired", lambda: count(controller, "push"), lambda left: left == 2)
    until("no audit", lambda: count(controller, "audit"), lambda left: left == 0)
    until("only the newest transition", lambda: controller.query("SELECT sequence FROM transition"),
          lambda left: left == [(acked,)])
    for what in ("audit", "pushes", "history", "events"):
        controller.wait_log(f"event=pruned what={what} rows=[1-9]")
    address = re.findall(r"metrics-listen=(\S+)", controller.log())[-1]
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=20) as page:
        assert re.search(r'peeringcontroller_pruned_total\{what="audit"\} 4\b', page.read().decode())
    shown = controller.get(connection_path())
    assert shown["desired"] == wanted["desired"] and shown["desired"]["pushState"] == "applied", shown
    # The router comes back to where it was, and what it did last is known.
    with router.reborn(controller.router_address) as again:
        assert again.last_push == last
        until("edge1 back", lambda: controller.get("/v1/routers")["routers"][0],
              lambda one: one["connected"] and one["held"] is None and one["ackedSequence"] == acked)
        assert controller.post(connection_path() + "/withdraw")[0] == 200
    # Ids go on behind what has gone.
    assert [row["id"] for row in controller.get("/v1/audit")["audit"]] == [newest + 1]


def test_a_flood_is_bounded_while_it_goes_on_and_others_keep_theirs(make_controller):
    """And a reader of the router's own history is served; no report waits for what is deleted."""
    controller = make_controller(history_kept=2000, events_kept=1000).start()
    with controller.connect("edge2") as quiet, controller.connect("edge1") as loud:
        quiet.hello()
        quiet.send_transitions(1, 100, "PNI-QUIET")
        quiet.wait_acked(100)
        loud.hello()
        sent = 0
        while sent < 10000:
            loud.send_transitions(sent + 1, sent + 1000)
            sent += 1000
            loud.wait_acked(sent)
        # Those of events that are kept stay.
        until("few transitions", lambda: count(controller, "transition"), lambda left: left <= 2000)
        until("few events", lambda: count(controller, "event"), lambda left: left <= 1000)
        assert count(controller, "transition", "router = 'edge2'") == 100
        left = controller.sequences()
        assert left == list(range(sent - len(left) + 1, sent + 1))
        assert controller.query("SELECT sum(stored) FROM journal") == [(count(controller, "transition"),)]
        assert len(controller.get("/v1/routers/edge2/connections/PNI-QUIET/history")["history"]) == 100
    with controller.connect("edge1") as loud:
        assert loud.hello().acked_sequence == sent


def test_a_clock_that_jumps_ahead_deletes_nothing_for_its_age(make_controller, tmp_path):
    """What has come is younger than the days it is kept for, whatever the clock says now."""
    control = tmp_path / "clock"
    controller = make_controller(events_kept=1000, events_days=30)
    controller.environment = {"LD_PRELOAD": str(library("clock")), "PEERING_TEST_CLOCK": str(control)}
    controller.start()
    with controller.connect() as connection:
        connection.hello()
        connection.send_transitions(1, 500)
        connection.wait_acked(500)
        control.write_text(f"{60 * 86400}\n")
        connection.send_transitions(501, 1200)
        connection.wait_acked(1200)
        controller.wait_log("event=clock-jumped")
        # Those above the number have gone, which says that it has looked since.
        controller.wait_log("event=pruned what=events rows=[1-9]")
        control.write_text("0\n")
    assert count(controller, "event", "transition IS NOT NULL") in range(996, 1001)


class Flood(threading.Thread):
    """Sends transitions until it is told to end, and notes what was acknowledged."""

    def __init__(self, connection):
        super().__init__(daemon=True)
        self.acked, self._connection, self._done = 0, connection, threading.Event()
        self.start()

    def run(self):
        sent = 0
        with contextlib.suppress(Closed, OSError):
            while not self._done.is_set():
                self._connection.send_transitions(sent + 1, sent + 200, message="m" * 100)
                sent += 200
                self.acked = self._connection.wait_acked(sent, timeout=60)
                self._done.wait(0.1)

    def end(self):
        self._done.set()
        self.join(80)
        assert not self.is_alive()

    def goes_on(self):
        before = self.acked
        until("more is acknowledged", lambda: self.acked, lambda now: now > before + 400)


@contextlib.contextmanager
def locked(controller):
    with contextlib.closing(sqlite3.connect(controller.database, timeout=60, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


@contextlib.contextmanager
def full(controller):
    filler = controller.database.with_name("filler")
    with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 65536)
    yield
    filler.unlink()


@contextlib.contextmanager
def away(controller):
    elsewhere = controller.database.with_name("elsewhere.db")
    controller.database.rename(elsewhere)
    yield
    elsewhere.rename(controller.database)


def test_trouble_with_the_database_while_it_deletes_loses_nothing(tmp_path, make_controller):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk], check=True)
    try:
        controller = make_controller(database=disk / "controller.db", history_kept=2000, events_kept=1000)
        controller.database = disk / "controller.db"
        controller.start()
        # As long as its log is short it has to grow: a full disk is noticed at once.
        with controller.connect() as connection:
            connection.hello()
            flood = Flood(connection)
            for number, trouble in enumerate((full, locked, away), 1):
                oldest = controller.query("SELECT min(id) FROM transition")[0][0] or 0
                until("it deletes", lambda: controller.query("SELECT min(id) FROM transition")[0][0],
                      lambda now: now and now > oldest)
                with trouble(controller):
                    until(f"{trouble.__name__} is noticed", lambda: controller.log().count("event=store-stuck"),
                          lambda seen: seen >= number)
                flood.goes_on()
            controller.kill()
            flood.end()
        assert controller.query("PRAGMA integrity_check") == [("ok",)]
        left = controller.sequences()
        assert left == list(range(left[0], left[-1] + 1)) and left[-1] >= flood.acked > 1000 and left[0] > 1
        assert controller.query("SELECT acked_sequence, stored FROM journal") == [(left[-1], len(left))]
        controller.start()
        with controller.connect() as connection:
            assert connection.hello(last_sequence=left[-1]).acked_sequence == left[-1]
        until("no more than are kept", lambda: count(controller, "transition"), lambda now: now <= 2000)
        assert controller.stop() == 0
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


# ---- What others can cause

def test_a_peer_changes_so_much_in_a_day_and_has_so_many_peerings(make_controller):
    controller = make_controller(admin=ADMIN, peer_changes=6, peer_peerings=3).start()
    with controller.router():
        acme, second, other = Peer(controller), Peer(controller, name="acme-2"), Peer(controller, 64511, "other")
        approve_asn(controller)
        for number in range(3):
            assert acme.post("/v1/peerings", peering(f"AS64510-P-{number}", [connection(f"AS64510-C-{number}")]))[0] == 201
        problem = acme.post("/v1/peerings", peering("AS64510-P-3", [connection("AS64510-C-3")]))
        assert problem[0] == 429 and problem[1]["code"] == "too-many-peerings" and "peer-peerings" in problem[1]["detail"]
        # Nor is it an operator's to overlook.
        assert controller.post("/v1/peerings", peering("AS64510-P-3", [connection("AS64510-C-3")]))[0] == 429
        assert acme.post("/v1/peerings/AS64510-P-0/withdraw")[0] == 200
        assert acme.post("/v1/peerings", peering("AS64510-P-3", [connection("AS64510-C-3")]))[0] == 201
        # What changes nothing counts for nothing.
        assert acme.post("/v1/peerings", peering("AS64510-P-3", [connection("AS64510-C-3")]))[0] == 200
        assert acme.post("/v1/peerings/AS64510-P-3/withdraw")[0] == 200
        rows = len(controller.get("/v1/audit")["audit"])
        for method, path, body in (("PUT", "/v1/peer-asns/64510", PEER_NOC), ("POST", "/v1/peerings", peering("AS64510-P-4")),
                                   ("POST", "/v1/peerings/AS64510-P-1/withdraw", {})):
            answer = controller.ask(method, path, body, token=second.token)
            assert answer.status == 429 and answer.body["code"] == "too-many-changes", answer
            assert 86000 < int(answer.headers["Retry-After"]) <= 86401
        assert len(controller.get("/v1/audit")["audit"]) == rows
        # It still sees all of it, and the other one is not concerned, nor are people here.
        assert len(second.get("/v1/peerings")["peerings"]) == 4
        assert other.request("PUT", "/v1/peer-asns/64511", PEER_NOC)[0] == 201
        assert controller.post("/v1/peerings/AS64510-P-1/withdraw")[0] == 200
        # Nor does a restart of the controller help it; a day does.
        age(controller)
        assert acme.post("/v1/peerings/AS64510-P-2/withdraw")[0] == 429
        age(controller, "UPDATE peer_activity SET since = since - 86400000")
        assert acme.post("/v1/peerings/AS64510-P-2/withdraw")[0] == 200


def test_keys_of_a_day_are_bounded_and_none_is_forgotten(make_controller):
    controller = make_controller(idempotency_keys=10, admin=ADMIN).start()

    def make(key, name):
        return controller.ask("POST", "/v1/tokens", {"name": name, "role": "viewer"}, certificate=ADMIN,
                              headers={"Idempotency-Key": key})

    made = [make(f"key-{number}", f"token-{number}") for number in range(10)]
    assert [answer.status for answer in made] == [201] * 10
    refused = make("key-10", "token-10")
    assert refused.status == 429 and refused.body["code"] == "too-many-keys" and refused.headers["Retry-After"] == "3600"
    assert make("key-0", "token-0").headers["Idempotency-Replayed"] == "true"
    assert controller.post("/v1/tokens", {"name": "token-10", "role": "viewer"}, certificate=ADMIN)[0] == 201
    age(controller, "UPDATE idempotency SET created_at = created_at - 86400000 WHERE key <> 'key-9'")
    until("the old ones gone", lambda: count(controller, "idempotency"), lambda left: left == 1)
    assert make("key-10", "token-11").status == 201


def test_a_router_that_makes_connections_up_is_bounded(controller):
    with controller.connect() as liar:
        liar.hello()
        sequence = 0
        for first in range(0, 18000, 3000):
            sequence += 1
            liar.send(snapshot=dict(full=first == 0, connections=[
                dict(name=f"C-{number}", state="Active", state_since=1764000000) for number in range(first, first + 3000)]))
            liar.send_transitions(sequence, sequence)
            liar.wait_acked(sequence)
        assert count(controller, "observed_connection") == 16384
        controller.wait_log("event=snapshot-skipped router=edge1 connections=1616 .*as many connections as are kept")
        # What it has is told on.
        liar.send(snapshot=dict(full=False, connections=[status("C-7", "Validating"), status("ONE-MORE")]))
        until("it", lambda: controller.get(connection_path("C-7"))["connectionState"], lambda seen: seen == "Validating")
        assert controller.request("GET", connection_path("ONE-MORE"))[0] == 404
    assert_serves(controller)
