# SPDX-License-Identifier: GPL-2.0-or-later
"""Copies of the controller's database, and a controller that an old one was put back under: it asks before it pushes."""
import contextlib
import json
import os
import shutil
import sqlite3
import threading

import pytest

from controller_fixtures import REQUEST, connection_path, run_controller
from event_reader import EventReader, number_of
from lab.wait import until

NAME = "PNI-ACME-FRA1"
PATH = "/v1/routers/edge1/connections"


def backup(controller, copy):
    ended = run_controller("-c", controller.config, "--backup", copy)
    assert ended.returncode == 0 and f"{copy} is a copy" in ended.stdout, ended
    return copy


def restore(controller, copy):
    """Ends it, puts the copy in place, and starts it again."""
    assert controller.stop() == 0
    ended = run_controller("-c", controller.config, "--restore", copy)
    assert ended.returncode == 0, ended
    controller.start()


def held(controller, name="edge1"):
    return {router["name"]: router["held"] for router in controller.get("/v1/routers")["routers"]}[name]


def request(controller, name=NAME, router="edge1", **fields):
    code, push = controller.post(f"/v1/routers/{router}/connections", {**REQUEST, "name": name, **fields})
    assert code in (200, 202), push
    return push


def fields(controller, router="edge1"):
    return {one["name"]: {each["field"] for each in one["fields"]}
            for one in controller.get(f"/v1/differences?router={router}")["differences"] if not one["undeclared"]}


# ---- Copies

def test_a_copy_that_is_taken_under_load_is_whole(controller):
    """What is in it is a moment of the database: no sequence is missing in between."""
    done = threading.Event()

    def load():
        with controller.connect() as connection:
            connection.hello()
            sent = 0
            while not done.is_set():
                connection.send_transitions(sent + 1, sent + 200)
                sent += 200
                connection.wait_acked(sent)

    thread = threading.Thread(target=load)
    thread.start()
    try:
        until("something to copy", controller.sequences, lambda stored: len(stored) > 1000)
        copies = [backup(controller, controller.folder / f"copy{number}.db") for number in range(3)]
    finally:
        done.set()
        thread.join()
    counts = []
    for copy in copies:
        assert not copy.with_name(f"{copy.name}-wal").exists() and copy.stat().st_mode & 0o777 == 0o600
        with contextlib.closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as db:
            counts.append(db.execute("SELECT count(*), min(sequence), max(sequence) FROM transition").fetchone())
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert all(count == most and least == 1 for count, least, most in counts)
    assert 1000 < counts[0][0] <= counts[1][0] <= counts[2][0] <= len(controller.sequences())


def test_copying_that_fails_leaves_everything_as_it_was(controller):
    copy = backup(controller, controller.folder / "copy.db")
    before = copy.read_bytes()
    for arguments, sentence in ((["--backup", controller.folder / "none" / "copy.db"], "cannot open"),
                                (["--backup", controller.database], "is what is to be copied"),
                                (["--restore", copy], "another peering-controller uses the database")):
        ended = run_controller("-c", controller.config, *arguments)
        assert ended.returncode == 1 and sentence in ended.stderr, ended
    assert run_controller("-c", controller.config, "--backup", copy, "--check").returncode == 2
    controller.stop()
    stored = controller.database.read_bytes()
    # A copy that is damaged, or none of ours, is not put in place.
    broken = controller.folder / "broken.db"
    broken.write_bytes(before[:8192] + b"\xff" * 8192 + before[16384:])
    foreign = controller.folder / "foreign.db"
    with contextlib.closing(sqlite3.connect(foreign)) as db, db:
        db.execute("CREATE TABLE other (x)")
    for spoiled in (broken, foreign, controller.folder / "none.db"):
        ended = run_controller("-c", controller.config, "--restore", spoiled)
        assert ended.returncode == 1 and ended.stderr, (spoiled, ended)
    assert controller.database.read_bytes() == stored
    assert list(controller.folder.glob("*.new")) == []
    ended = run_controller("-c", controller.config, "--restore", copy)
    assert ended.returncode == 0, ended
    controller.start()


# ---- Readers of events over a restore

def restore_by_hand(controller, copy):
    assert controller.stop() == 0
    shutil.copy(copy, controller.database)
    controller.start()


def send(controller, first, last):
    with controller.connect() as connection:
        connection.hello()
        connection.send_transitions(first, last)
        connection.wait_acked(last)


def everything_behind(controller, event_id):
    answer = controller.get(f"/v1/events?after={event_id}", headers={"Accept": "application/json"})
    assert answer["nextAfter"] is None
    return answer


def lines_up_to(watch, sequence):
    told = []
    for line in watch.stdout:
        told.append(json.loads(line))
        if told[-1].get("data", {}).get("sequence") == sequence:
            break
    return told


@pytest.mark.parametrize("restored", [restore, restore_by_hand])
@pytest.mark.parametrize("started_since", [False, True], ids=["", "started-since"])
def test_who_resumes_behind_a_restore_is_told_and_misses_nothing(controller, restored, started_since):
    controller.keep_ports()
    with controller.start_peerctl("watch", "--since", 0, "-o", "json") as watch:
        send(controller, 1, 5)
        newest = controller.get("/v1/events", headers={"Accept": "application/json"})["newest"]
        # What a lagging reader has, and the copy too.
        copy = backup(controller, controller.folder / "copy.db")
        if started_since:
            assert controller.stop() == 0
            controller.start()
        with EventReader(controller, last=newest) as reader:
            send(controller, 6, 10)
            reader.wait("router-disconnected", 1)
        lines_up_to(watch, 10)
        has = reader.last
        assert number_of(has) > number_of(newest)
        restored(controller, copy)
        # The same numbers again, for other things, and more of them.
        send(controller, 6, 60)
        resumed = 0 if started_since else number_of(newest)
        page = everything_behind(controller, has)
        assert page["gap"]["after"] == has and number_of(page["gap"]["resumedAfter"]) == resumed
        assert [number_of(one["id"]) for one in page["events"]] == list(range(resumed + 1, number_of(page["newest"]) + 1))
        assert [one["data"]["sequence"] for one in page["events"] if one["type"] == "transition"][-55:] == list(range(6, 61))
        with EventReader(controller, last=has) as stream:
            stream.wait("router-disconnected", 2 if started_since else 1)
        assert stream.events[0] == (resumed, "gap", {"type": "gap", **page["gap"]})
        assert [event for *_, event in stream.events[1:]] == page["events"]
        # An id says which of the two it was.
        before = {number: event["id"] for number, _, event in reader.events}
        assert all(before.get(number) != event["id"] for number, _, event in stream.events[1:] if number > number_of(newest))
        # Who had only what the copy has too has missed nothing.
        assert everything_behind(controller, newest)["gap"] is None
        # One that watched meanwhile is told the same.
        told = lines_up_to(watch, 60)
        watch.kill()
    place = next(index for index, one in enumerate(told) if one["type"] == "gap")
    assert number_of(told[place]["resumedAfter"]) == resumed
    assert [one["data"]["sequence"] for one in told[place:] if one["type"] == "transition"][-55:] == list(range(6, 61))


# ---- An old copy in its place

def test_what_root_restores_belongs_to_the_controllers_user(controller):
    copy = backup(controller, controller.folder / "copy.db")
    assert controller.stop() == 0
    database, lock = controller.database, controller.database.with_name(controller.database.name + ".lock")
    user, group = 65534, 12345
    os.chown(database, user, group)
    assert run_controller("-c", controller.config, "--restore", copy).returncode == 0
    assert [(path.stat().st_uid, path.stat().st_gid) for path in (database, lock)] == [(user, group)] * 2
    assert os.stat(copy).st_uid == 0
    # On a machine where no controller has run yet.
    for path in (database, lock):
        path.unlink()
    os.chown(controller.folder, user, group)
    try:
        assert run_controller("-c", controller.config, "--restore", copy).returncode == 0
        assert [(path.stat().st_uid, path.stat().st_gid) for path in (database, lock)] == [(user, group)] * 2
    finally:
        os.chown(controller.folder, 0, 0)


@pytest.fixture
def old(controller):
    """The copy knows one connection, and a request for another that waits; edge1 has lost the first and has the second
    and a third. edge2 was told nothing since."""
    with controller.router() as router, controller.router("edge2") as other:
        request(controller)
        request(controller, router="edge2")
    until("both away", lambda: controller.get("/v1/routers")["routers"],
          lambda routers: not any(one["connected"] for one in routers))
    waiting = request(controller, "PNI-WAITING")["id"]
    copy = backup(controller, controller.folder / "copy.db")
    again = router.reborn(controller.router_address)
    with again:
        until("what waited", lambda: "PNI-WAITING" in again.connections)
        request(controller, "PNI-LATER")
        assert controller.post(f"{connection_path()}/withdraw")[0] == 200
        until("it gone", lambda: controller.get(connection_path())["connectionState"], lambda state: state == "None")
    restore(controller, copy)
    yield controller, again.reborn(controller.router_address), other.reborn(controller.router_address), waiting


def test_an_old_database_pushes_nothing_before_its_differences_are_settled(old):
    controller, router, other, waiting = old
    with router, other:
        controller.wait_log("level=error event=router-held router=edge1")
        found = until("the snapshot", lambda: fields(controller), lambda found: "PNI-WAITING" not in found)
        # It would have made again what was withdrawn meanwhile.
        assert found == {NAME: {"connection"}}
        assert held(controller) == {**held(controller), "lastPush": router.last_push, "unsettledCount": 1}
        assert " held: see peerctl diff" in controller.peerctl("routers").stdout
        said = controller.peerctl("diff", "--router", "edge1")
        assert said.returncode == 1 and NAME in said.stdout, said
        assert "than this database knows" in controller.get("/v1/differences?router=edge1")["differences"][0]["why"]
        assert controller.get(f"/v1/pushes/{waiting}")["state"] == "unanswered"
        assert held(controller, "edge2") is None
        # What is asked for now waits as well, and a verb does not.
        code, problem = controller.post(f"{connection_path('PNI-LATER')}/approve")
        assert (code, problem["code"]) == (409, "router-held"), problem
        code, push = controller.post(PATH, {**REQUEST, "name": "PNI-NEW"})
        assert code == 202 and "the router is held" in push["message"]
        # The other router is not concerned.
        assert controller.post(f"{connection_path(router='edge2')}/approve")[0] == 200
        assert [one.operations[0].WhichOneof("operation") for one in other.pushes] == ["verb"]
        assert router.pushes == [] and held(controller)
        # Neither a restart of the controller ends it.
        controller.keep_ports()
        controller.kill()
        controller.start()
        assert held(controller)
    with router.reborn(controller.router_address) as again:
        until("the snapshot", lambda: held(controller)["unsettledCount"], lambda count: count == 1)
        said = controller.peerctl("accept", "edge1", NAME)
        assert said.returncode == 0, said
        controller.wait_log("event=router-released router=edge1")
        until("what waited for it", lambda: [one.operations[0].declare.name for one in again.pushes],
              lambda names: names == ["PNI-NEW"])
        assert held(controller) is None
        assert controller.post(f"{connection_path('PNI-LATER')}/approve")[0] == 200
        assert NAME not in again.connections
    # The same push holds nothing again.
    with again.reborn(controller.router_address):
        until("edge1 back", lambda: controller.get(connection_path("PNI-LATER"))["routerConnected"])
        assert held(controller) is None


def test_pushing_again_settles_too_and_goes_out_with_the_last_of_them(old):
    controller, router, _, _ = old
    with router:
        until("the snapshot", lambda: fields(controller), lambda found: found == {NAME: {"connection"}})
        router.connections["PNI-WAITING"]["peer_asn"] = 64999
        router.send_snapshot(False, ["PNI-WAITING"])
        until("two", lambda: held(controller)["unsettledCount"], lambda count: count == 2)
        code, push = controller.post(f"{connection_path()}/push-again")
        assert code == 202 and push["state"] == "queued", push
        assert router.pushes == [] and held(controller)["unsettledCount"] == 1
        said = controller.peerctl("push-again", "edge1", "PNI-WAITING")
        assert said.returncode == 0 and "applied" in said.stdout, said
        assert [one.operations[0].declare.name for one in router.pushes] == [NAME, "PNI-WAITING"]
        until("no difference", lambda: fields(controller), lambda found: found == {})
        assert held(controller) is None and NAME in router.connections


def test_a_held_router_keeps_so_many_and_what_settles_it_has_room(old, tmp_path):
    controller, router, _, _ = old
    feed = tmp_path / "feed.json"
    feed.write_text(json.dumps({"connections": [{"router": "edge1", "name": f"PNI-{number}", "peerAsn": 64510, "neighbors": [
        {"address": f"192.0.2.{number % 250 + 1}"}]} for number in range(1000)]}))
    with router:
        until("the snapshot", lambda: fields(controller), lambda found: found == {NAME: {"connection"}})
        assert controller.peerctl("apply", "-f", feed).returncode == 0
        for path, body in ((PATH, {**REQUEST, "name": "PNI-1000"}), (connection_path("PNI-0") + "/push-again", {})):
            code, problem = controller.post(path, body)
            assert (code, problem["code"]) == (429, "too-many-pushes"), problem
            assert "nothing was done" in problem["detail"] and "peerctl diff --router edge1" in problem["detail"]
        assert controller.request("GET", connection_path("PNI-1000"))[0] == 404
        assert router.pushes == [] and held(controller)["unsettledCount"] == 1
        # What it is held for is taken all the same, and with it goes what waits.
        code, push = controller.post(f"{connection_path()}/push-again")
        assert code in (200, 202), push
        until("all that waited", lambda: {NAME, *(f"PNI-{number}" for number in range(1000))} <= set(router.connections))
        assert held(controller) is None
        until("room", lambda: controller.post(PATH, {**REQUEST, "name": "PNI-1000"})[0], lambda code: code == 200)


def test_nothing_is_held_where_nothing_would_be_pushed(controller):
    """A new database, or one that knows nothing of this router, has nothing that could be out of date."""
    with controller.connect() as connection:
        connection.hello(last_push="of another controller")
        connection.send(snapshot=dict(full=True))
        connection.send_transitions(1, 1)
        connection.wait_acked(1)
        assert held(controller) is None
    assert "router-held" not in controller.log()
