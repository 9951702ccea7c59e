# SPDX-License-Identifier: GPL-2.0-or-later
"""Routers that are broken or hostile, many at once: what another router notices of them, and what they leave behind."""
import contextlib
import statistics
import struct
import threading
import time
from concurrent import futures

import wire
from controller_fixtures import REQUEST, connection_path, crowd
from lab.wait import until

FLOOD = 4000


@contextlib.contextmanager
def thread_of(target, *arguments):
    """What goes wrong in it goes wrong here."""
    with futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(target, *arguments)
        try:
            yield
        finally:
            arguments[-1].set()
        running.result(120)


def seconds_to_ack(router, first, count):
    """Of each of so many transitions, one after the other."""
    times = []
    for sequence in range(first, first + count):
        begun = time.monotonic()
        router.send_transitions(sequence, sequence)
        router.wait_acked(sequence)
        times.append(time.monotonic() - begun)
    return times


def bad_bytes():
    """What no router would send, each a session of its own."""
    good = wire.frame(wire.envelope(transition=wire.transition(1)))
    yield struct.pack("!I", 0)
    yield struct.pack("!I", wire.MAX_BYTES + 1)
    yield struct.pack("!I", 0xffffffff) + b"x" * 100
    yield b"GET / HTTP/1.1\r\n\r\n"
    yield good[:-1] + b"\xff"
    yield wire.frame(b"\x22\xff\xff\xff\xff\x0f")
    yield wire.frame(b"\x0b" * 200000)


def send_garbage(controller, ended):
    while not ended.is_set():
        for data in bad_bytes():
            with controller.connect("edge2") as connection:
                connection.send_bytes(data)
                connection.expect_closed("frame")


def flood(controller, ended):
    """The same transitions again and again, and nothing of what comes back is read."""
    data = b"".join(wire.frame(wire.envelope(transition=wire.transition(sequence, f"K{sequence % 100}")))
                    for sequence in range(1, FLOOD + 1))
    with controller.connect("edge3", receive_buffer=4096) as connection:
        connection.hello(journal_id="flood")
        connection.socket.settimeout(1)
        while not ended.is_set():
            with contextlib.suppress(OSError):
                connection.send_bytes(data)


def test_others_do_not_notice_routers_that_are_broken(controller):
    with controller.connect("edge1") as bystander, contextlib.ExitStack() as stack:
        bystander.hello(journal_id="bystander")
        before = seconds_to_ack(bystander, 1, 40)
        # Half of a handshake, half of a Hello, and connections that say nothing at all.
        for silent in crowd(controller.router_address, 20):
            stack.enter_context(silent)
        for silent in crowd(controller.router_address, 10):
            stack.enter_context(silent)
            silent.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
        halved = stack.enter_context(controller.connect("edge2"))
        halved.send_bytes(wire.frame(wire.envelope(hello=dict(protocol_version=1, journal_id="half")))[:-3])
        with contextlib.ExitStack() as senders:
            for _ in range(4):
                senders.enter_context(thread_of(send_garbage, controller, threading.Event()))
            until("garbage that is refused", lambda: controller.log().count("code=frame"), lambda count: count > 20)
            garbage = seconds_to_ack(bystander, 41, 40)
        with thread_of(flood, controller, threading.Event()):
            until("the flood in the store", lambda: controller.sequences("edge3", "flood"), lambda seen: len(seen) == FLOOD)
            flooded = seconds_to_ack(bystander, 81, 40)
            controller.get("/v1/routers")
    # The crowd has its share of the machine, and of the commits; nobody waits until all that it has sent is done.
    typical = statistics.mean(before)
    assert statistics.mean(garbage) < 12 * typical, (before, garbage)
    assert statistics.mean(flooded) < 50 * typical, (before, flooded)
    assert controller.sequences("edge1", "bystander") == list(range(1, 121))
    # Repeated ones are there once, and what was garbage left nothing.
    assert controller.sequences("edge3", "flood") == list(range(1, FLOOD + 1))
    assert controller.query("SELECT count(*) FROM router WHERE name = 'edge2'") == [(0,)] and controller.running()


def test_a_router_that_speaks_of_anothers_connections_and_pushes_changes_nothing_of_them(controller):
    with controller.router("edge1") as owner:
        assert controller.post("/v1/routers/edge1/connections", REQUEST)[0] in (200, 201)
        until("the connection", lambda: controller.request("GET", connection_path())[0], lambda status: status == 200)
        mine = controller.get(connection_path())
        owner.deaf = True
        status, waiting = controller.post(connection_path() + "/approve", {})
        assert status == 202
        with controller.connect("edge2") as liar:
            liar.hello(journal_id=owner.journal_id)
            # The numbers, the journal and the names are the other's; who it is says the certificate.
            liar.send_transitions(1, 3, REQUEST["name"], to="Active")
            liar.wait_acked(3)
            liar.send(snapshot=dict(full=True, connections=[], taken_at=int(time.time())))
            liar.send(push_result=dict(id=waiting["id"], applied=True, results=[dict(ok=True)]))
            liar.send_transitions(4, 4, REQUEST["name"], to="None")
            liar.wait_acked(4)
            assert controller.get(f"/v1/pushes/{waiting['id']}")["state"] == "queued"
            now = controller.get(connection_path())
            for key in ("connectionState", "generation", "history", "sessions", "flags"):
                assert now[key] == mine[key], key
            assert controller.sequences("edge1", owner.journal_id) == [1]
            assert controller.sequences("edge2", owner.journal_id) == [1, 2, 3, 4]
        owner.deaf = False
