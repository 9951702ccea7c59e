# SPDX-License-Identifier: GPL-2.0-or-later
"""A database that goes away and comes back, a disk that fails, a clock that jumps, SQL in every text: nothing that was
acknowledged is lost, and nothing is acknowledged that would be."""
import errno
import subprocess

import pytest

import wire
from controller_fixtures import REQUEST, assert_serves, connection_path, status
from lab.preload import library
from lab.wait import until

ROUTER_PATH = "/v1/routers/edge1/connections"
SQL = "x'; DROP TABLE router; --\" %s \\ ?1"


def expect_stuck(controller, connection, first, last):
    """Nothing of it is acknowledged, and whoever asks is told that nothing was changed."""
    connection.send_transitions(first, last)
    controller.wait_log("level=error event=store-stuck")
    with pytest.raises(TimeoutError):
        connection.expect("ack", timeout=1)
    code, problem = controller.post(ROUTER_PATH, REQUEST)
    assert code in (500, 503, 507) and "nothing was changed" in problem["detail"], problem


# ---- A database that goes away

@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_a_file_that_is_moved_away_takes_nothing_with_it(controller, suffix):
    """A deleted file can be written to until it is closed: what went in would be gone with it."""
    file = controller.database.with_name(controller.database.name + suffix)
    away = file.with_name("away")
    with controller.connect() as connection:
        connection.hello()
        connection.send_transitions(1, 10)
        connection.wait_acked(10)
        file.rename(away)
        expect_stuck(controller, connection, 11, 20)
        assert f"{file} is not the file any more" in controller.log()
        away.rename(file)
        connection.wait_acked(20)
        controller.wait_log("event=store-works")
    # On its disk, not in the process alone.
    controller.kill()
    controller.start()
    assert controller.sequences() == list(range(1, 21))


def test_a_file_that_is_deleted_and_the_restart_from_a_copy(controller):
    """What was acknowledged before stands in the copy; what was not, the router still has."""
    copy = controller.folder / "copy.db"
    with controller.connect() as connection:
        connection.hello()
        connection.send_transitions(1, 10)
        connection.wait_acked(10)
        subprocess.run(["sqlite3", controller.database, f".backup '{copy}'"], check=True, timeout=60)
        controller.database.unlink()
        expect_stuck(controller, connection, 11, 20)
        # Another file in its place is not it.
        subprocess.run(["cp", copy, controller.database], check=True)
        with pytest.raises(TimeoutError):
            connection.expect("ack", timeout=1)
        controller.stop()
    controller.start()
    with controller.connect() as connection:
        assert connection.hello(last_sequence=20).acked_sequence == 10
        connection.send_transitions(11, 20)
        connection.wait_acked(20)
    assert controller.sequences() == list(range(1, 21))


def test_a_file_system_that_is_taken_away_and_comes_back(tmp_path, make_controller):
    disk, place = tmp_path / "disk", tmp_path / "place"
    disk.mkdir()
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)
    try:
        subprocess.run(["mount", "--bind", disk, place], check=True)
        controller = make_controller(database=place / "controller.db")
        controller.database = place / "controller.db"
        controller.start()
        with controller.connect() as connection:
            connection.hello()
            connection.send_transitions(1, 10)
            connection.wait_acked(10)
            subprocess.run(["umount", "-l", place], check=True)
            expect_stuck(controller, connection, 11, 20)
            subprocess.run(["mount", "--bind", disk, place], check=True)
            connection.wait_acked(20)
        assert controller.sequences() == list(range(1, 21))
        assert controller.stop() == 0
    finally:
        subprocess.run(["umount", "-l", place], check=False)
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.parametrize("fault", [errno.EIO, errno.EROFS, errno.ENOSPC], ids=errno.errorcode.get)
def test_a_disk_that_does_not_sync_is_acknowledged_nothing(make_controller, tmp_path, fault):
    control = tmp_path / "fault"
    controller = make_controller()
    controller.environment = {"LD_PRELOAD": str(library("disk")), "PEERING_TEST_DISK": str(control)}
    controller.start()
    with controller.connect() as connection:
        connection.hello()
        connection.send_transitions(1, 10)
        connection.wait_acked(10)
        control.write_text(f"fail {fault}\n")
        expect_stuck(controller, connection, 11, 20)
        control.write_text("")
        connection.wait_acked(20)
        assert controller.post(ROUTER_PATH, {**REQUEST, "name": "PNI-GOOD"})[0] in (200, 202)
    controller.kill()
    controller.start()
    assert controller.sequences() == list(range(1, 21))
    assert controller.query("SELECT name FROM desired_connection") == [("PNI-GOOD",)]


# ---- A clock that jumps

def test_a_clock_that_jumps_both_ways(make_controller, tmp_path):
    """Sessions go on and everything is stored in the order of its coming, whatever the clock says."""
    control = tmp_path / "clock"
    controller = make_controller(heartbeat=1, silence=60)
    controller.environment = {"LD_PRELOAD": str(library("clock")), "PEERING_TEST_CLOCK": str(control)}
    controller.start()
    with controller.router() as router, controller.connect("edge2") as connection:
        connection.hello()
        sent = 0
        # Forward within what certificates are good for, and back again.
        for jump in (0, 300 * 86400, 1, 86400, 60):
            control.write_text(f"{jump}\n")
            # The controller has looked whether somebody is silent.
            for _ in range(2):
                assert connection.receive().WhichOneof("body") == "heartbeat"
            name = f"PNI-JUMP-{jump}"
            code, push = controller.post(ROUTER_PATH, {**REQUEST, "name": name})
            assert code == 200 and push["state"] == "applied", (jump, push)
            connection.send_transitions(sent + 1, sent + 5)
            sent += 5
            connection.wait_acked(sent)
            shown = until("the report", lambda: controller.get(connection_path(name)),
                          lambda shown: shown["connectionState"] == "PendingApproval")
            # A state that began in the future is of no age, and none is of a negative one.
            assert shown["stateSeconds"] is None or shown["stateSeconds"] >= 0, shown
            # A change shows as a difference, with the clock in the past too.
            router.connections[name]["peer_asn"] = 64999
            router.send_snapshot(False, [name])
            found = until("the difference", lambda: controller.get(connection_path(name))["differences"])
            assert [one["field"] for one in found] == ["peerAsn"]
        assert controller.sequences("edge2") == list(range(1, sent + 1))
        assert router.error is None
        assert "silent" not in controller.log() and "event=router-disconnected" not in controller.log()
        assert [row[0] for row in controller.query("SELECT state FROM push ORDER BY number")] == ["applied"] * 5


# ---- SQL in every text

def test_sql_in_every_text_is_a_text(controller):
    with controller.connect() as connection:
        connection.hello(journal_id=SQL, boot_id=SQL, frr_version=SQL, module_version=SQL, last_push=SQL)
        connection.send(transition=wire.transition(1, SQL, to=SQL, vrf=SQL, cause=SQL, actor=SQL, message=SQL,
                                                   **{"from": SQL}))
        connection.wait_acked(1)
        assert controller.query("SELECT connection, vrf, from_state, to_state, cause, actor, message, journal_id"
                                " FROM transition") == [(SQL,) * 8]
        one = {**status(), "vrf": SQL, "state": SQL, "waiting_for": SQL, "flags": [SQL]}
        one["checks"] = [dict(name=SQL, verdict=SQL, session=SQL, figures=SQL, reason=SQL, level=SQL)]
        one["sessions"][0].update(address=SQL, bgp_state=SQL)
        one["sessions"][0]["families"][0].update(afi=SQL, import_policy=SQL, export_policy=SQL)
        one["degraded"] = [dict(cause=SQL, session=SQL, severity=SQL, figures=SQL, reason=SQL, next=SQL)]
        # A name that no connection can have is not stored at all.
        connection.send(snapshot=dict(full=True, connections=[one, {**status(), "name": SQL}]))
        controller.wait_log("event=snapshot-skipped router=edge1 connections=1")
        shown = controller.get(connection_path("PNI-ACME"))
        assert shown["vrf"] == shown["connectionState"] == shown["waitingFor"] == shown["flags"][0] == SQL
        assert shown["sessions"][0]["importPolicy"] == shown["checks"][0]["reason"] == shown["degraded"][0]["next"] == SQL
        connection.send(push_result=dict(id=SQL, applied=True, results=[dict(ok=True, code=SQL, message=SQL)]))
        controller.wait_log("event=push-result-unknown router=edge1")
        seen = controller.get("/v1/routers")["routers"][0]
        assert seen["journalId"] == seen["bootId"] == seen["frrVersion"] == seen["moduleVersion"] == SQL
    with controller.router("edge2"):
        description = {**REQUEST, "description": SQL, "neighbors": [{"address": "192.0.2.2", "description": SQL}]}
        assert controller.post("/v1/routers/edge2/connections", description)[0] == 200
        assert controller.get(connection_path(router="edge2"))["desired"]["description"] == SQL
        assert controller.post(f"{connection_path(router='edge2')}/approve", {"reason": SQL})[0] == 200
        assert controller.query("SELECT reason FROM push_operation WHERE verb = 'approve'") == [(SQL,)]
        assert controller.post(f"{connection_path(router='edge2')}/accept", {"reason": SQL})[0] == 200
    quoted = "x%27%3B%20DROP%20TABLE%20router%3B%20--"
    for path in (f"/v1/connections?router={quoted}", f"/v1/connections?after={quoted}/{quoted}",
                 f"/v1/differences?router={quoted}", f"/v1/differences?after={quoted}/{quoted}", f"/v1/pushes/{quoted}",
                 f"/v1/routers/{quoted}/connections/{quoted}", f"/v1/connections?state={quoted}"):
        assert controller.request("GET", path)[0] in (200, 400, 404), path
    assert [row[0] for row in controller.query("SELECT name FROM router ORDER BY name")] == ["edge1", "edge2"]
    assert_serves(controller)
