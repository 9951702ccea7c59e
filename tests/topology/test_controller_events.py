# SPDX-License-Identifier: GPL-2.0-or-later
"""What peering-controller says has happened, to whoever reads its events."""
import contextlib
import json
import os
import re
import signal
import sqlite3
import threading
from pathlib import Path

import pytest

from controller_fixtures import ADMIN, REQUEST, connection_path, status
from event_reader import EventReader, number_of, open_stream
from lab.wait import until


def page(controller, query="", **options):
    return controller.get(f"/v1/events{query}", headers={"Accept": "application/json"}, **options)


def everything(controller, query=""):
    """Every event, page by page."""
    found, after, mark = [], "", "&" if query else "?"
    while True:
        answer = page(controller, f"{query}{after}")
        found += answer["events"]
        if answer["nextAfter"] is None:
            return found
        after = f"{mark}after={answer['nextAfter']}"


def degradation(cause, session="192.0.2.2"):
    return dict(cause=cause, session=session, severity="warning", since=1764000000, reason=f"{cause} is wrong")


def observe(connection, *degraded, sequence, name="PNI-ACME", full=True):
    """A snapshot, and a transition of another connection behind it, whose Ack says that both are stored."""
    connection.send(snapshot=dict(full=full, connections=[status(name, "Active", degraded=list(degraded))]))
    connection.send_transitions(sequence, sequence, "PNI-OTHER")
    connection.wait_acked(sequence)


def test_from_request_to_removal_in_order(controller):
    with EventReader(controller) as reader:
        with controller.router() as router:
            assert controller.post("/v1/routers/edge1/connections", REQUEST)[0] == 200
            assert controller.post(connection_path() + "/approve", {"reason": "port is up"})[0] == 200
            reader.wait("push-answered", 2)
            assert router.error is None
        reader.wait("router-disconnected", 1)
    seen = [(kind, event["router"], event["connection"]) for _, kind, event in reader.events]
    name = "PNI-ACME-FRA1"
    # A router tells its transition before its answer to the push that made it.
    assert seen == [("router-new", "edge1", None), ("router-connected", "edge1", None),
                    ("push-stored", "edge1", name), ("transition", "edge1", name), ("push-answered", "edge1", name),
                    ("push-stored", "edge1", name), ("transition", "edge1", name), ("push-answered", "edge1", name),
                    ("router-disconnected", "edge1", None)]
    moves = [event["data"] for event in reader.of("transition")]
    assert [(one["from"], one["to"]) for one in moves] == [("None", "PendingApproval"),
                                                           ("PendingApproval", "ProvisioningStarted")]
    assert moves[1]["actor"] == "controller:noc@example.net" and moves[1]["message"] == "port is up"
    assert [event["data"]["state"] for event in reader.of("push-answered")] == ["applied"] * 2
    # The same, page by page; and behind the controller's start.
    pages = everything(controller)
    assert [(number_of(event["id"]), event["type"], event) for event in pages[1:]] == reader.events
    assert pages[0]["type"] == "controller-started" and page(controller)["gap"] is None
    ids = [number_of(event["id"]) for event in pages]
    assert ids == list(range(1, len(ids) + 1))


def test_a_connection_is_degraded_and_recovers_once_each(controller):
    with controller.connect() as connection:
        connection.hello()
        observe(connection, sequence=1)
        observe(connection, degradation("limit-near"), degradation("flapping", ""), sequence=2)
        # Told again, in a part and in a whole: no news.
        observe(connection, degradation("limit-near"), degradation("flapping", ""), sequence=3, full=False)
        observe(connection, degradation("limit-near"), degradation("flapping", ""), sequence=4)
        observe(connection, degradation("flapping", ""), sequence=5)
        observe(connection, sequence=6)
        connection.send_transitions(7, 7, "PNI-ACME", to="None")
        connection.wait_acked(7)
    seen = [(event["type"], event["connection"], event["data"]["cause"], event["data"]["session"])
            for event in everything(controller, "?type=degraded,recovered")]
    assert seen == [("degraded", "PNI-ACME", "limit-near", "192.0.2.2"), ("degraded", "PNI-ACME", "flapping", ""),
                    ("recovered", "PNI-ACME", "limit-near", "192.0.2.2"), ("recovered", "PNI-ACME", "flapping", "")]
    assert page(controller, "?type=degraded")["events"][0]["data"]["reason"] == "limit-near is wrong"


def test_a_repeated_transition_is_one_event(controller):
    for _ in range(2):
        with controller.connect() as connection:
            connection.hello()
            connection.send_transitions(1, 3)
            connection.wait_acked(3)
    assert [event["data"]["sequence"] for event in everything(controller, "?type=transition")] == [1, 2, 3]


def test_filters(controller):
    with EventReader(controller, "?router=EDGE2&type=transition") as of_router, \
            EventReader(controller, "?connection=PNI-B") as of_connection:
        for router in ("edge1", "edge2"):
            with controller.connect(router) as connection:
                connection.hello()
                connection.send_transitions(1, 20, "PNI-A")
                connection.send_transitions(21, 30, "PNI-B")
                connection.wait_acked(30)
        of_connection.wait("transition", 20)
        of_router.wait("transition", 30)
        assert {event["router"] for _, _, event in of_router.events} == {"edge2"} and len(of_router.events) == 30
        assert {event["connection"] for _, _, event in of_connection.events} == {"PNI-B"}
        assert len(of_connection.events) == 20
    assert len(everything(controller, "?connection=PNI-B&router=edge1")) == 10


@pytest.mark.parametrize("query, word", [
    ("?type=explosion", "transition, degraded"), ("?after=x", "after"), ("?limit=0", "limit"), ("?colour=red", "colour"),
    ("?after=99999999999999999999", "after")])
def test_bad_query_says_what_there_is(bad_input, query, word):
    controller, _ = bad_input
    code, answer = controller.request("GET", f"/v1/events{query}")
    assert code == 400 and answer["code"] == "bad-query" and word in answer["detail"]


def test_a_reader_resumes_where_it_was_across_a_crash(controller):
    controller.keep_ports()
    with EventReader(controller, "?type=transition") as first:
        with controller.connect() as connection:
            connection.hello()
            connection.send_transitions(1, 500)
            first.wait("transition", 200)
            controller.kill()
    until("the stream's end", lambda: first.ended)
    controller.start()
    with controller.connect() as connection:
        ack = connection.hello()
        connection.send_transitions(ack.acked_sequence + 1, 600)
        connection.wait_acked(600)
    with EventReader(controller, "?type=transition", last=first.last) as second:
        second.wait("transition", 600 - len(first.events))
    sequences = [event["data"]["sequence"] for event in first.of("transition") + second.of("transition")]
    assert sequences == list(range(1, 601))


def test_what_was_deleted_is_told_as_a_gap(make_controller):
    controller = make_controller(events_kept=1000).start()
    with EventReader(controller) as reader:
        with controller.connect() as connection:
            connection.hello()
            connection.send_transitions(1, 5000)
            connection.wait_acked(5000)
        reader.wait("transition", 5000)
    until("only a thousand events", lambda: controller.query("SELECT count(*) FROM event")[0][0],
          lambda count: count <= 1000)
    oldest = controller.query("SELECT min(id) FROM event")[0][0]
    with EventReader(controller, last=10) as late:
        late.wait("router-disconnected", 1)
        first = late.events[0]
        assert first[1] == "gap" and first[2] == {**first[2], "after": "10"}
        assert number_of(first[2]["resumedAfter"]) == oldest - 1
        assert [one for one, *_ in late.events[1:]] == list(range(oldest, oldest + 1000))
    answer = page(controller, "?after=10")
    assert number_of(answer["gap"]["resumedAfter"]) == oldest - 1 and number_of(answer["events"][0]["id"]) == oldest
    # A number that was never given: it says so too.
    assert page(controller, "?after=999999")["gap"] == {"after": "999999", "resumedAfter": answer["newest"]}
    assert page(controller, f"?after={oldest}")["gap"] is None


def test_events_of_more_days_than_are_kept_go(make_controller):
    controller = make_controller(events_days=2).start()
    with controller.connect() as connection:
        connection.hello()
        connection.send_transitions(1, 3000)
        connection.wait_acked(3000)
    assert controller.stop() == 0
    with contextlib.closing(sqlite3.connect(controller.database, isolation_level=None)) as db:
        # The clock has jumped once: one in between is younger, and everything behind it stays.
        db.execute("UPDATE event SET at = at - 3 * 86400000 WHERE id <= 2900 AND id <> 2500")
    controller.start()
    until("the old ones gone", lambda: controller.query("SELECT min(id) FROM event")[0][0], lambda oldest: oldest == 2500)
    assert controller.query("SELECT max(id) - min(id) + 1 - count(*) FROM event") == [(0,)]


def test_a_peer_sees_its_own_connections_and_not_who_did_what(make_controller):
    controller = make_controller(admin=ADMIN).start()
    code, token = controller.post("/v1/tokens", {"name": "acme", "role": "peer", "asn": 64510}, certificate=ADMIN)
    assert code == 201
    with controller.connect() as connection:
        connection.hello()
        connection.send(snapshot=dict(full=True, connections=[
            status("PNI-ACME", "Validating", degraded=[degradation("flapping")]),
            {**status("PNI-OTHER", "Validating", degraded=[degradation("flapping")]), "peer_asn": 64511}]))
        for number, name in enumerate(("PNI-ACME", "PNI-OTHER", "PNI-ACME"), 1):
            connection.send_transitions(number, number, name, to="Active", message="late payers", actor="noc@example.net")
        connection.wait_acked(3)
    seen = page(controller, token=token["token"])["events"]
    assert [(one["type"], one["connection"]) for one in seen] == [
        ("degraded", "PNI-ACME"), ("transition", "PNI-ACME"), ("transition", "PNI-ACME")]
    assert all("late payers" not in json.dumps(one) and "noc@" not in json.dumps(one) for one in seen)
    # No more than GET /v1/connections shows it of the same, neither in a page nor in a stream.
    with EventReader(controller, last=0, token=token["token"]) as reader:
        reader.wait("transition", 2)
        streamed = [data["data"] for _, kind, data in reader.events if kind in ("degraded", "transition")]
    assert streamed == [one["data"] for one in seen]
    assert streamed[0].keys() <= {"cause", "session", "severity", "sinceSeconds", "gateEffect"}, streamed
    assert all(data.keys() == {"from", "to", "routerAt"} for data in streamed[1:]), streamed
    # The same as a stream, whatever it asks for.
    with EventReader(controller, "?router=edge1", last=0, token=token["token"]) as reader:
        reader.wait("transition", 2)
        # But for the ids, which are other ones each time.
        assert [{**event, "id": None} for *_, event in reader.events] == [{**one, "id": None} for one in seen]
    assert page(controller, "?connection=PNI-OTHER", token=token["token"])["events"] == []
    code, answer = controller.request("GET", "/v1/webhooks", token=token["token"])
    assert code == 403 and answer["code"] == "forbidden"


def test_a_reader_finds_the_one_event_for_it_behind_many_that_are_not(controller):
    """Nothing else happens meanwhile: no new event wakes whoever looks through the old ones."""
    with controller.connect() as connection:
        connection.hello()
        connection.send_transitions(1, 40000)
        connection.send_transitions(40001, 40001, "PNI-LAST")
        connection.wait_acked(40001, timeout=120)
    with EventReader(controller, "?connection=PNI-LAST", last=0) as reader:
        reader.wait("transition", 1)


def test_number_of_readers_is_limited(make_controller):
    controller = make_controller(max_event_streams=2).start()
    with EventReader(controller), EventReader(controller):
        connection, answer = open_stream(controller)
        assert answer.status == 503 and b"too-many-streams" in answer.read()
        connection.close()
        assert page(controller)["events"]
    until("room for a reader", lambda: open_stream(controller)[1].status, lambda status: status == 200)


def test_peers_leave_room_for_readers_of_ours(make_controller):
    controller = make_controller(max_event_streams=2, admin=ADMIN).start()
    _, token = controller.post("/v1/tokens", {"name": "acme", "role": "peer", "asn": 64510}, certificate=ADMIN)
    with EventReader(controller, token=token["token"]):
        connection, answer = open_stream(controller, token=token["token"])
        assert answer.status == 503 and b"too-many-streams" in answer.read()
        connection.close()
        with EventReader(controller):
            pass


def resident_kib(controller):
    text = Path(f"/proc/{controller.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1])


def test_readers_that_do_not_read_hold_nobody_up_and_cost_little(controller):
    """Thirty that read nothing, one that does; what waits for each of them is bounded, and all else goes on."""
    with contextlib.ExitStack() as stack:
        for _ in range(30):
            connection, answer = open_stream(controller, receive_buffer=4096)
            assert answer.status == 200
            stack.callback(connection.close)
        reader = stack.enter_context(EventReader(controller, "?type=transition"))
        router = stack.enter_context(controller.connect())
        router.hello()
        before = resident_kib(controller)
        router.send_transitions(1, 20000, message="x" * 500)
        assert router.wait_acked(20000, timeout=120) == 20000
        reader.wait("transition", 20000)
        assert [event["data"]["sequence"] for event in reader.of("transition")] == list(range(1, 20001))
        # 10 MB of events for each; a page and what TLS and the kernel hold is far less.
        assert resident_kib(controller) - before < 30 * 1024


def test_readers_hear_of_the_controllers_end(controller):
    connection, answer = open_stream(controller)
    with contextlib.closing(connection):
        assert controller.stop() == 0
        # A last chunk, not a cut.
        assert answer.fp.read().endswith(b"\r\n0\r\n\r\n")


# ---- peerctl watch

class Watch:
    """peerctl watch as a person would run it; its lines come by a file, or by a terminal."""

    def __init__(self, controller, *arguments, terminal=False):
        self.output = ""
        self._parent, child = os.openpty() if terminal else os.pipe()
        self.process = controller.start_peerctl("watch", *arguments, stdout=child)
        os.close(child)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with contextlib.suppress(OSError):
            while data := os.read(self._parent, 65536):
                self.output += data.decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        os.close(self._parent)

    def lines(self):
        return self.output.splitlines()

    def wait_line(self, *words):
        return until(f"a line with {words}", self.lines,
                     lambda lines: any(all(word in line for word in words) for line in lines))

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


def test_watch_prints_a_line_an_event_and_resumes(controller):
    controller.keep_ports()
    with Watch(controller, "--connection", "PNI-ACME", "--since", 0) as people, \
            Watch(controller, "--router", "edge1", "--since", 0, "-o", "json") as scripts:
        with controller.connect() as connection:
            connection.hello()
            connection.send_transitions(1, 2)
            connection.wait_acked(2)
            scripts.wait_line('"sequence":2')
            people.wait_line("PendingApproval")
            controller.kill()
        controller.start()
        with controller.connect() as connection:
            connection.hello()
            connection.send_transitions(3, 3, to="Active", message="\x1b[2Jall is well")
            connection.send_transitions(4, 4, "PNI-OTHER")
            connection.wait_acked(4)
        lines = people.wait_line("None -> Active by operator: ?[2Jall is well")
        scripts.wait_line('"sequence":4')
        assert people.interrupt() == 0 and scripts.interrupt() == 0
        assert not any("PNI-OTHER" in line or "\x1b" in line for line in lines)
        places = {(line.index("PNI-ACME"), line.index("transition")) for line in lines}
        assert len(places) == 1 and all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  edge1 ", line) for line in lines)
        told = [json.loads(line) for line in scripts.lines()]
        assert [one["data"]["sequence"] for one in told if one["type"] == "transition"] == [1, 2, 3, 4]
        assert len({one["id"] for one in told}) == len(told)
    # All of it, in words.
    with Watch(controller, "--since", 0) as everything:
        lines = everything.wait_line("PNI-OTHER")
        assert everything.interrupt() == 0
        words = [line.split()[3:6] for line in lines]
        assert ["controller-started", "version"] in [one[:2] for one in words] and ["router-new", "from"] in [one[:2] for one in words]
        assert not any("{" in line for line in lines), lines


def test_watch_is_coloured_on_a_terminal_alone(controller):
    with Watch(controller, "--since", 0, terminal=True) as terminal, controller.connect() as connection:
        connection.hello()
        connection.send_transitions(1, 1, to="Active")
        terminal.wait_line("\x1b[32mtransition", "Active", "\x1b[0m")
        assert terminal.interrupt() == 0


def test_watch_that_cannot_be_says_why(controller):
    refused = controller.peerctl("watch", "--since", "yesterday")
    assert refused.returncode == 2 and "--since takes the id of an event" in refused.stderr
    assert controller.stop() == 0
    assert controller.peerctl("watch").returncode == 3
