# SPDX-License-Identifier: GPL-2.0-or-later
"""What peering-controller keeps of transitions and snapshots, once each, whatever befalls it or its disk."""
import contextlib
import random
import sqlite3
import subprocess
import time

import pytest

import wire
from controller_fixtures import REQUEST, assert_serves, connection_path, run_controller, status
from lab.wait import until
from wire import Closed, frame

# ---- Transitions

def test_transitions_are_stored_once_and_acknowledged(controller):
    with controller.connect() as connection:
        connection.hello()
        connection.send_transitions(1, 5)
        connection.wait_acked(5)
        # Sent again, as after a lost acknowledgement.
        connection.send_transitions(3, 7)
        connection.wait_acked(7)
    assert controller.sequences() == [1, 2, 3, 4, 5, 6, 7]
    with controller.connect() as connection:
        assert connection.hello(last_sequence=7).acked_sequence == 7
    with controller.connect() as connection:
        assert connection.hello(journal_id="journal-2").acked_sequence == 0


def test_gap_and_disorder_are_stored_and_said(controller):
    with controller.connect() as connection:
        connection.hello()
        connection.send_transitions(1, 1)
        connection.wait_acked(1)
        connection.send_transitions(5, 5)
        connection.wait_acked(5)
        connection.send_transitions(3, 3)
        controller.wait_log("event=transition-late router=edge1")
    assert controller.sequences() == [1, 5, 3]
    controller.wait_log("event=transition-gap router=edge1 .*before=1 sequence=5")


def test_contradicting_transition_is_said_and_changes_nothing(controller):
    with controller.connect() as connection:
        connection.hello()
        connection.send_transitions(1, 1)
        connection.wait_acked(1)
        connection.send(transition=wire.transition(1, "PNI-OTHER", to="Active"))
        controller.wait_log("level=error event=transition-contradicted router=edge1")
    assert controller.query("SELECT connection, to_state FROM transition") == [("PNI-ACME", "PendingApproval")]


def test_sequence_out_of_range_ends_the_session(controller):
    for sequence in (0, 1 << 63):
        with controller.connect() as connection:
            connection.hello()
            connection.send(transition=wire.transition(sequence))
            connection.expect_closed("refused")
    assert controller.sequences() == []
    assert_serves(controller)


def test_routers_do_not_mix(controller):
    """The certificate says whose journal it is, even where both name it alike."""
    with controller.connect("edge1") as first, controller.connect("edge2") as second:
        first.hello()
        second.hello()
        first.send_transitions(1, 3, "PNI-ONE")
        second.send_transitions(1, 2, "PNI-TWO")
        first.wait_acked(3)
        second.wait_acked(2)
    assert controller.query("SELECT router, connection, count(*) FROM transition GROUP BY 1, 2 ORDER BY 1") == [
        ("edge1", "PNI-ONE", 3), ("edge2", "PNI-TWO", 2)]


def test_resume_after_a_restart(controller):
    with controller.connect() as connection:
        connection.hello()
        connection.send_transitions(1, 10)
        connection.wait_acked(10)
        assert controller.stop() == 0
        connection.expect_closed("stopping")
    controller.start()
    with controller.connect() as connection:
        assert connection.hello(last_sequence=25).acked_sequence == 10
        connection.send_transitions(11, 25)
        connection.wait_acked(25)
    assert controller.sequences() == list(range(1, 26))


def test_kill_between_commit_and_ack(controller):
    """What is committed and was not acknowledged is sent again, and stored once."""
    with controller.connect() as connection:
        connection.hello()
        connection.send_transitions(1, 200)
        # No Ack is read here.
        until("200 committed transitions", controller.sequences, lambda stored: len(stored) == 200)
        controller.kill()
    controller.start()
    with controller.connect() as connection:
        assert connection.hello(last_sequence=200).acked_sequence == 200
        # A router that has not seen the Ack, against what HelloAck says.
        connection.send_transitions(1, 201)
        connection.wait_acked(201)
    assert controller.sequences() == list(range(1, 202))


def test_kill_at_any_moment_loses_nothing_acknowledged(controller):
    sent = acked = 0
    for round_number in range(6):
        with controller.connect() as connection:
            resumed = connection.hello(last_sequence=sent).acked_sequence
            assert resumed >= acked
            sent = resumed
            killed_after = random.randint(0, 6)
            for step in range(8):
                connection.send_transitions(sent + 1, sent + 50)
                sent += 50
                if step == killed_after:
                    controller.kill()
                    break
                acked = connection.wait_acked(resumed + 1)
                resumed = acked
            try:
                while True:
                    acked = connection.expect("ack").sequence
            except (Closed, OSError):
                pass
        stored = controller.sequences()
        assert stored == list(range(1, len(stored) + 1)) and len(stored) >= acked
        controller.start()


# ---- A store in trouble

def test_locked_database_delays_and_loses_nothing(controller):
    with controller.connect() as connection:
        connection.hello()
        connection.send_transitions(1, 1)
        connection.wait_acked(1)
        with sqlite3.connect(controller.database, timeout=60, isolation_level=None) as db:
            db.execute("BEGIN IMMEDIATE")
            connection.send_transitions(2, 50)
            controller.wait_log("event=store-stuck")
            with pytest.raises(TimeoutError):
                connection.expect("ack", timeout=1)
            # Readers are served meanwhile, and writers told.
            assert controller.get("/v1/routers")["routers"][0]["ackedSequence"] == 1
            status, problem = controller.post("/v1/routers/edge1/connections", REQUEST)
            assert (status, problem["code"]) == (503, "store-busy")
            assert controller.get("/v1/connections")["connections"] == []
            db.execute("ROLLBACK")
        connection.wait_acked(50)
    assert controller.sequences() == list(range(1, 51))
    controller.wait_log("event=store-works")


def test_full_disk_delays_and_loses_nothing(tmp_path, make_controller):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True)
    try:
        controller = make_controller(database=disk / "controller.db")
        controller.database = disk / "controller.db"
        controller.start()
        with controller.connect() as connection:
            connection.hello()
            connection.send_transitions(1, 10)
            acked = connection.wait_acked(10)
            filler = disk / "filler"
            # Unbuffered: nothing is left over that closing it would write.
            with open(filler, "wb", buffering=0) as file, pytest.raises(OSError):
                while True:
                    file.write(b"x" * 65536)
            sent = acked
            while "event=store-stuck" not in controller.log():
                connection.send_transitions(sent + 1, sent + 20, message="m" * 1000)
                sent += 20
                assert sent < 20000, "the full disk was never noticed"
                time.sleep(0.01)
            assert "disk with the database is full" in controller.log()
            # What was acknowledged is there, although the disk is full.
            try:
                while True:
                    acked = connection.expect("ack", timeout=1).sequence
            except TimeoutError:
                pass
            assert acked < sent
            assert len(controller.sequences()) >= acked
            status, problem = controller.post("/v1/routers/edge1/connections", REQUEST)
            assert (status, problem["code"]) == (507, "store-full")
            filler.unlink()
            connection.wait_acked(sent)
            assert controller.sequences() == list(range(1, sent + 1))
        assert controller.stop() == 0
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def memory(controller):
    with open(f"/proc/{controller.pid}/status") as status:
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1])


def test_flood_while_the_store_is_stuck_is_bounded(controller):
    """A router's reports wait in memory up to a limit; then it has to wait itself, and others are served."""
    with sqlite3.connect(controller.database, timeout=60, isolation_level=None) as db, \
            controller.connect() as connection:
        connection.hello()
        before = memory(controller)
        db.execute("BEGIN IMMEDIATE")
        connection.socket.settimeout(3)
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 2_000_000:
                connection.send_transitions(sent + 1, sent + 1000)
                sent += 1000
        assert memory(controller) - before < 100 * 1024, "KiB"
        assert controller.get("/v1/connections")["connections"] == []
        db.execute("ROLLBACK")
        # The write above was cut somewhere: all that is known is what was whole.
        connection.socket.settimeout(20)
        assert connection.wait_acked(sent, timeout=60) >= sent
    stored = controller.sequences()
    assert stored == list(range(1, len(stored) + 1)) and len(stored) >= sent


def test_a_flood_of_what_grows_in_memory_is_bounded_by_what_it_takes_there(controller):
    """Two bytes on the wire are a whole connection in memory."""
    empty = b"\x12\x00" * 60000
    snapshot = frame(b"\x1a" + bytes([len(empty) & 0x7f | 0x80, len(empty) >> 7 & 0x7f | 0x80, len(empty) >> 14]) + empty)
    with sqlite3.connect(controller.database, timeout=60, isolation_level=None) as db, \
            controller.connect() as connection:
        connection.hello()
        before = memory(controller)
        db.execute("BEGIN IMMEDIATE")
        connection.socket.settimeout(3)
        with pytest.raises(TimeoutError):
            for _ in range(1000):
                connection.send_bytes(snapshot)
        # 16 MiB that wait, and one more that was taken before they were too many.
        assert memory(controller) - before < 48 * 1024, "KiB"
        db.execute("ROLLBACK")
    assert_serves(controller)


def test_copy_while_it_runs_and_restore(controller):
    """As doc/controller.md tells it: a router whose reports are newer than the copy leaves a gap that is said."""
    copy = controller.folder / "copy.db"
    with controller.connect() as connection:
        connection.hello()
        connection.send_transitions(1, 10)
        connection.wait_acked(10)
        subprocess.run(["sqlite3", controller.database, f".backup '{copy}'"], check=True, timeout=60)
        connection.send_transitions(11, 20)
        connection.wait_acked(20)
    controller.stop()
    copy.replace(controller.database)
    for suffix in ("-wal", "-shm"):
        controller.database.with_name(controller.database.name + suffix).unlink(missing_ok=True)
    controller.start()
    with controller.connect() as connection:
        assert connection.hello(last_sequence=21).acked_sequence == 10
        connection.send_transitions(21, 21)
        connection.wait_acked(21)
    assert controller.sequences() == [*range(1, 11), 21]
    controller.wait_log("event=transition-gap router=edge1 .*before=10 sequence=21")


@pytest.mark.parametrize("spoil, sentence", [
    (lambda path: sqlite3.connect(path).execute("CREATE TABLE other (x)").connection.commit(), "not one of peering"),
    (lambda path: path.write_bytes(b"this is no database" * 100), "file is not a database"),
    (lambda path: path.mkdir(), "cannot open"),
], ids=["foreign", "garbage", "folder"])
def test_database_that_is_not_ours_is_left_alone(make_controller, spoil, sentence):
    controller = make_controller()
    spoil(controller.database)
    controller.write_config()
    for arguments in ([], ["--check"]):
        ended = run_controller("-c", controller.config, *arguments)
        assert ended.returncode == 1 and sentence in ended.stderr, ended


def test_database_of_a_newer_version_is_left_alone(make_controller):
    controller = make_controller().start()
    controller.stop()
    with contextlib.closing(sqlite3.connect(controller.database)) as db, db:
        db.execute("INSERT INTO schema_version VALUES (99, 0)")
    before = controller.database.read_bytes()
    for arguments in ([], ["--check"]):
        ended = run_controller("-c", controller.config, *arguments)
        assert ended.returncode == 1 and "version 99" in ended.stderr and "newer" in ended.stderr, ended
    assert controller.database.read_bytes() == before


def test_two_controllers_do_not_share_a_database(controller):
    ended = run_controller("-c", controller.config)
    assert ended.returncode == 1 and "another peering-controller" in ended.stderr, ended
    assert_serves(controller)


# ---- Snapshots

def test_snapshot_is_what_the_api_shows(controller):
    with controller.connect() as connection:
        connection.hello()
        connection.send(snapshot=dict(full=True, connections=[status(), status("PNI-OTHER", "Active")]))
        shown = until("the snapshot", lambda: controller.get("/v1/connections")["connections"],
                      lambda connections: len(connections) == 2)
        one = shown[0]
        assert one == {**one, "router": "edge1", "routerConnected": True, "name": "PNI-ACME", "peerAsn": 64510,
                       "kind": "direct", "connectionState": "Validating", "generation": 3, "activationMode": "manual",
                       "stateSince": "2025-11-24T16:00:00.000Z", "waitingFor": "session-stable: 40 s to go",
                       "allowedVerbs": ["activate", "block", "force-cancel"], "desired": None}
        assert one["sessions"] == [{
            "address": "192.0.2.2", "afi": "ipv4", "safi": "unicast", "bgpState": "Established", "required": True,
            "gate": "deny", "upSeconds": 60, "receivedCount": 1204, "installedCount": 0, "advertisedCount": 0,
            "limit": 2000, "importPolicy": "ACME-IN", "exportPolicy": "ACME-OUT", "downCount": 0, "foldedChanges": 0}]
        assert one["checks"][0]["verdict"] == "running"
        # What changed comes alone; what a full one leaves out is gone.
        connection.send(snapshot=dict(full=False, connections=[status(state="Active")]))
        until("Active twice", lambda: controller.get("/v1/connections?state=Active")["connections"],
              lambda connections: len(connections) == 2)
        connection.send(snapshot=dict(full=True, connections=[status("PNI-OTHER", "Active")]))
        until("PNI-ACME gone", lambda: controller.get("/v1/connections")["connections"],
              lambda connections: [each["name"] for each in connections] == ["PNI-OTHER"])


def test_transition_moves_the_observed_state(controller):
    with controller.connect() as connection:
        connection.hello()
        connection.send(snapshot=dict(full=True, connections=[status()]))
        connection.send(transition=wire.transition(1, "PNI-ACME", to="Active", at_milliseconds=1764000005000))
        # An older one, as after a reconnect, does not move it back.
        connection.send(transition=wire.transition(2, "PNI-ACME", to="Validating", at_milliseconds=1763999999000))
        connection.wait_acked(2)
    shown = controller.get(connection_path("PNI-ACME"))
    assert shown["connectionState"] == "Active" and shown["stateSince"] == "2025-11-24T16:00:05.000Z"
    assert [entry["to"] for entry in shown["history"]] == ["Validating", "Active"]


def test_pages(controller):
    names = [f"PNI-{number:04}" for number in range(25)]
    for router in ("edge1", "edge2"):
        with controller.connect(router) as connection:
            connection.hello()
            connection.send(snapshot=dict(full=True, connections=[status(name) for name in names]))
            connection.send_transitions(1, 1)
            connection.wait_acked(1)
    seen, after, pages = [], "", 0
    while after is not None:
        page = controller.get(f"/v1/connections?limit=10{'&after=' + after if after else ''}")
        seen += [(one["router"], one["name"]) for one in page["connections"]]
        after, pages = page["nextAfter"], pages + 1
        assert len(page["connections"]) <= 10
    assert seen == [(router, name) for router in ("edge1", "edge2") for name in names] and pages == 5
    assert len(controller.get("/v1/connections?router=EDGE2")["connections"]) == 25
    assert len(controller.get("/v1/routers/edge2/connections?limit=25")["connections"]) == 25
    assert controller.get("/v1/connections?router=edge2&limit=25")["nextAfter"] is None
