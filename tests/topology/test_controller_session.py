# SPDX-License-Identifier: GPL-2.0-or-later
"""A router's session with peering-controller: its Hello, its end, and frames whatever is in them."""
import concurrent.futures
import contextlib
import re
import socket
import ssl
import struct
import tempfile
import time

import pytest

import wire
from controller_fixtures import assert_serves, connection_path, crowd, status
from lab.wait import until
from wire import Closed, envelope, frame

# ---- Hello

def test_hello_is_answered_with_the_name_of_the_certificate(controller):
    with controller.connect() as connection:
        ack = connection.hello(router_name="EDGE1")
        assert (ack.router_name, ack.protocol_version, ack.acked_sequence) == ("edge1", 1, 0)
    routers = until("edge1 disconnected", lambda: controller.get("/v1/routers")["routers"],
                    lambda routers: not routers[0]["connected"])
    assert routers[0]["name"] == "edge1" and routers[0]["frrVersion"] == "8.4.4"


def test_wrong_router_name_is_refused(controller):
    with controller.connect("edge1") as connection:
        with pytest.raises(Closed) as closed:
            connection.hello(router_name="edge2")
    assert closed.value.error.code == "router-name"
    assert "edge2" in closed.value.error.message and "edge1" in closed.value.error.message
    assert controller.query("SELECT name FROM router") == []


def test_wrong_protocol_version_is_refused(controller):
    with controller.connect() as connection:
        with pytest.raises(Closed) as closed:
            connection.hello(version=2)
    assert closed.value.error.code == "version" and "version 1" in closed.value.error.message


@pytest.mark.parametrize("journal_id", ["", "a\nb", "x" * 65])
def test_bad_journal_id_is_refused(controller, journal_id):
    with controller.connect() as connection:
        with pytest.raises(Closed) as closed:
            connection.hello(journal_id=journal_id)
    assert closed.value.error.code == "journal"


def test_first_message_must_be_hello(controller):
    with controller.connect() as connection:
        connection.send(transition=wire.transition(1))
        connection.expect_closed("order")
    with controller.connect() as connection:
        connection.hello()
        connection.send(hello=dict(protocol_version=1, journal_id="journal-1"))
        connection.expect_closed("order")
    assert controller.sequences() == []


def test_newer_session_replaces_the_older(controller):
    with controller.connect() as older:
        older.hello()
        with controller.connect() as newer:
            newer.hello()
            older.expect_closed("replaced")
            newer.send_transitions(1, 1)
            assert newer.wait_acked(1) == 1
            router = controller.get("/v1/routers")["routers"][0]
            assert router["connected"] and router["disconnectedAt"] is None
    controller.wait_log("event=router-replaced router=edge1")


def test_time_for_handshake_and_hello_is_limited(make_controller):
    controller = make_controller(handshake_timeout=1).start()
    with socket.create_connection(controller.router_address, timeout=60) as silent:
        assert silent.recv(100) == b""
    with controller.connect() as connection:
        connection.expect_closed("hello")
    with socket.create_connection(controller.api_address, timeout=60) as silent:
        assert silent.recv(100) == b""
    assert_serves(controller)


def test_heartbeats_go_out_and_silence_ends_a_session(make_controller):
    controller = make_controller(heartbeat=1, silence=3).start()
    with controller.connect() as talking, controller.connect("edge2") as silent:
        silent.hello()
        talking.hello()
        assert silent.receive().WhichOneof("body") == "heartbeat"
        deadline = time.monotonic() + 20
        while "code=silent" not in controller.log() and time.monotonic() < deadline:
            talking.send(heartbeat=dict(at_milliseconds=1))
            time.sleep(0.3)
        silent.expect_closed("silent")
        talking.send_transitions(1, 1)
        talking.wait_acked(1)


def test_number_of_routers_is_limited(make_controller):
    controller = make_controller(max_routers=2).start()
    with controller.connect("edge1") as first, controller.connect("edge2") as second:
        first.hello()
        second.hello()
        with controller.connect("edge3") as third, pytest.raises(Closed) as closed:
            third.hello()
        assert closed.value.error.code == "full" and "max-routers" in closed.value.error.message
        controller.wait_log("event=router-refused router=edge3 .*code=full .*max-routers")
        second.send_transitions(1, 1)
        second.wait_acked(1)
        # One that is there already takes its own place.
        with controller.connect("edge1") as again:
            again.hello()
            first.expect_closed("replaced")
    until("room for a session", lambda: controller.get("/v1/routers")["routers"],
          lambda routers: not any(router["connected"] for router in routers))
    with controller.connect("edge3") as third:
        third.hello()


@pytest.mark.parametrize("limits", [dict(max_handshakes=3), dict(max_handshakes_per_source=3)], ids=["all", "source"])
def test_connections_that_say_nothing_lock_nobody_out(make_controller, limits):
    """More of them than there may be routers, API clients, and newcomers; and none runs into its time limit."""
    controller = make_controller(max_routers=2, max_api_clients=2, handshake_timeout=600, **limits).start()
    with contextlib.ExitStack() as stack:
        for address in (controller.router_address, controller.api_address):
            for silent in crowd(address, 12):
                stack.callback(silent.close)
        with controller.connect("edge1", timeout=10) as router:
            router.hello()
            assert controller.get("/v1/routers", timeout=10)["routers"][0]["connected"]
            # Those that come behind it push out each other, not the router that has said who it is.
            for silent in crowd(controller.router_address, 12):
                stack.callback(silent.close)
            router.send_transitions(1, 1)
            router.wait_acked(1)
    for side in ("router", "api"):
        controller.wait_log(f"event=newcomers-dropped side={side}")


def test_a_source_does_not_push_out_the_newcomers_of_another(make_controller):
    controller = make_controller(max_handshakes_per_source=2, handshake_timeout=600).start()
    with contextlib.ExitStack() as stack:
        other = stack.enter_context(socket.create_connection(controller.router_address, timeout=30,
                                                             source_address=("127.0.0.9", 0)))
        silent = crowd(controller.router_address, 6)
        for one in silent:
            stack.callback(one.close)
        for one in silent[:4]:
            with contextlib.suppress(ConnectionResetError):
                assert one.recv(1) == b""
        for one in (other, *silent[4:]):
            one.settimeout(0.3)
            with pytest.raises(TimeoutError):
                one.recv(1)


# ---- Frames

@pytest.mark.parametrize("data, code", [
    (struct.pack("!I", 1024 * 1024 + 1), "frame"),
    (struct.pack("!I", 0xFFFFFFFF), "frame"),
    (struct.pack("!I", 0), "frame"),
    (frame(b"\xff" * 40), "frame"),
    (b"GET / HTTP/1.1\r\n\r\n", "frame"),
    # An unknown body, and a message that only a controller sends.
    (frame(b"\xa2\x06\x00"), "unsupported"),
    (frame(envelope(ack=dict(sequence=1))), "unsupported"),
    (frame(envelope(push=dict(id="1"))), "unsupported"),
    # Two bytes each that would grow to hundreds.
    (frame(b"\x1a" + b"\xff\xff\x3f" + b"\x12\x00" * ((1024 * 1024 - 8) // 2 - 4)), "frame"),
], ids=["one-too-many", "4-GiB", "empty", "garbage", "http", "unknown-body", "ack", "push", "amplified"])
def test_bad_frame_ends_that_session_alone(controller, data, code):
    with controller.connect("edge2") as bystander, controller.connect() as connection:
        bystander.hello()
        connection.hello()
        connection.send_bytes(data)
        sentence = connection.expect_closed(code)
        assert sentence
        controller.wait_log(f"event=router-disconnected router=edge1 .*code={code}")
        bystander.send_transitions(1, 3)
        bystander.wait_acked(3)
    assert controller.running()


def test_truncated_frame_leaves_nothing(controller):
    whole = frame(envelope(transition=wire.transition(2)))
    for cut in (1, 3, 4, 5, len(whole) - 1):
        with controller.connect() as connection:
            connection.hello()
            connection.send_transitions(1, 1)
            connection.send_bytes(whole[:cut])
            connection.wait_acked(1)
            connection.reset()
    assert controller.sequences() == [1]
    assert_serves(controller)


def test_frames_in_pieces_and_many_at_once(controller):
    with controller.connect() as connection:
        connection.hello()
        data = b"".join(frame(envelope(transition=wire.transition(sequence))) for sequence in range(1, 5))
        for byte in data:
            connection.send_bytes(bytes([byte]))
        connection.wait_acked(4)
        connection.send_transitions(5, 3000)
        assert connection.wait_acked(3000) == 3000
    assert controller.sequences() == list(range(1, 3001))


def test_largest_frame_is_taken(controller):
    with controller.connect() as connection:
        connection.hello()
        flag = "x" * 1000
        status = dict(name="PNI-ACME", state="Active", flags=[flag] * 1040)
        packed = envelope(snapshot=dict(full=True, connections=[status]))
        assert 1024 * 1000 < packed.ByteSize() <= wire.MAX_BYTES
        connection.send(snapshot=dict(full=True, connections=[status]))
        connection.send_transitions(1, 1, "PNI-OTHER")
        connection.wait_acked(1)
    assert controller.get(connection_path("PNI-ACME"))["connectionState"] == "Active"


def test_unknown_fields_and_values_are_tolerated(controller):
    """As a newer router would send them: the field is passed over, the value is the zero, which opens no gate."""
    with controller.connect() as connection:
        connection.hello()
        newer = wire.message("Envelope")(transition=wire.transition(1)).transition.SerializeToString()
        newer += b"\xf2\x3f\x05extra" + b"\xf8\x3f\x07"
        connection.send_bytes(frame(b"\x22" + bytes([len(newer)]) + newer))
        connection.wait_acked(1)
        status = dict(name="PNI-NEW", state="Hibernating", kind=9, activation=7,
                      sessions=[dict(address="192.0.2.2", bgp_state="Established", gate=42,
                                     families=[dict(afi="ipv9", received=5)])])
        packed = envelope(snapshot=dict(full=True, connections=[status])).SerializeToString()
        connection.send_bytes(frame(packed))
        connection.send_transitions(2, 2)
        connection.wait_acked(2)
    shown = controller.get(connection_path("PNI-NEW"))
    assert shown["connectionState"] == "Hibernating" and shown["kind"] is None and shown["activationMode"] is None
    assert shown["allowedVerbs"] == []
    assert [session["gate"] for session in shown["sessions"]] == ["deny"]


def test_text_of_a_router_is_cleaned(controller):
    # Invalid UTF-8, a line feed, an escape sequence; built by hand, since Python's protobuf refuses the first.
    name = b"\x12\x08PNI-ACME"
    nasty = b"\x52\x0da\xffb\ntime=\x1b[2J"
    body = b"\x08\x01" + name + nasty
    with controller.connect() as connection:
        connection.hello()
        connection.send_bytes(frame(b"\x22" + bytes([len(body)]) + body))
        connection.wait_acked(1)
        connection.send(snapshot=dict(full=True, connections=[
            dict(name="PNI-ACME", state="Active", waiting_for="x\u202ey\nz"), dict(name="no name", state="Active")]))
        connection.send_transitions(2, 2)
        connection.wait_acked(2)
    shown = controller.get(connection_path("PNI-ACME"))
    assert shown["history"][-1]["message"] == "a?b?time=?[2J"
    assert shown["waitingFor"] == "x?y?z"
    assert len(controller.get("/v1/connections")["connections"]) == 1
    controller.wait_log("event=snapshot-skipped router=edge1 connections=1")


def test_a_router_cannot_steer_the_terminal_that_shows_the_log(controller):
    """C1 controls, raw and as UTF-8, a character of another direction, invalid bytes; a letter with an accent stays."""
    nasty = "é".encode() + b"\x9b31m" + "\x9b2J\u202e".encode() + b"\xff"
    body = b"\x08\x01\x12\x08PNI-ACME" + b"\x32\x06Active" + b"\x42" + bytes([len(nasty)]) + nasty
    with controller.connect() as connection:
        connection.hello()
        connection.send_bytes(frame(b"\x22" + bytes([len(body)]) + body))
        connection.wait_acked(1)
        error = b"\x0a\x01x\x12" + bytes([len(nasty)]) + nasty
        connection.send_bytes(frame(b"\x4a" + bytes([len(error)]) + error))
        connection.expect_closed()
    controller.wait_log("event=router-error")
    log = controller.log_file.read_bytes()
    assert log.decode() and not re.search(b"\x9b|\xc2\x9b|\xe2\x80\xae", log)
    escaped = r'é\x9b31m\xc2\x9b2J\xe2\x80\xae\xff'
    assert log.decode().count(escaped) == 2


def send_until_closed(connection, seconds):
    deadline = time.monotonic() + seconds
    sequence = 0
    while time.monotonic() < deadline:
        sequence += 1
        connection.send_transitions(sequence, sequence)
        # One acknowledgement for each: what comes together is committed and acknowledged together.
        time.sleep(0.0005)


def test_router_that_does_not_read_is_closed(make_controller):
    """It makes acknowledgements and takes none, until what waits for it waits too long."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        fill_until_closed(make_controller(heartbeat=1, silence=3, database=f"{memory}/controller.db").start())


def fill_until_closed(controller):
    """Its database is in memory: on a busy disk commits, and so acknowledgements, are few."""
    with controller.connect("edge2") as bystander:
        bystander.hello()
        # Of its own: a write below is held up for as long as the controller waits, which ends a silent bystander too.
        with bystander.beating(0.3), controller.connect(receive_buffer=4096) as connection:
            connection.hello()
            # In a thread, as OpenSSL keeps a queue of errors for each: Python 3.13 and later leave there what ended this
            # connection, and take it for the bystander's at its next read.
            with concurrent.futures.ThreadPoolExecutor() as other:
                closed = other.submit(send_until_closed, connection, seconds=300)
            assert isinstance(closed.exception(), (ConnectionError, ssl.SSLError)), closed.exception()
        bystander.send_transitions(1, 1)
        bystander.wait_acked(1)
    controller.wait_log("event=router-disconnected router=edge1 .*does not read")
    controller.stop()


def test_a_router_that_comes_back_as_another_is_reconciled(controller):
    """Another version of FRR and of the module, another boot, then another journal: the same router."""
    def come(journal, boot, frr, module, newest):
        connection = controller.connect("edge1")
        connection.send(hello=dict(protocol_version=1, journal_id=journal, boot_id=boot, frr_version=frr,
                                   module_version=module, last_sequence=newest))
        return connection, connection.expect("hello_ack").acked_sequence

    def names():
        return [one["name"] for one in controller.get("/v1/connections")["connections"]]

    connection, acked = come("journal-1", "boot-1", "8.4.4", "0.1.0", 3)
    with connection:
        assert acked == 0
        connection.send_transitions(1, 3, "PNI-A")
        connection.wait_acked(3)
        connection.send(snapshot=dict(full=True, connections=[status("PNI-A"), status("PNI-B")]))
        until("both", names, lambda seen: seen == ["PNI-A", "PNI-B"])
    connection, acked = come("journal-1", "boot-2", "10.3", "0.2.0", 3)
    with connection:
        assert acked == 3
        router, = controller.get("/v1/routers")["routers"]
        assert {key: router[key] for key in ("connected", "bootId", "frrVersion", "moduleVersion", "ackedSequence")} == {
            "connected": True, "bootId": "boot-2", "frrVersion": "10.3", "moduleVersion": "0.2.0", "ackedSequence": 3}
        # What it had holds until the router says how it is now, and what that leaves out is gone.
        assert names() == ["PNI-A", "PNI-B"]
        connection.send(snapshot=dict(full=True, connections=[status("PNI-A", "Active")]))
        until("one", names, lambda seen: seen == ["PNI-A"])
    # An older copy of the journal: the controller says so, and acknowledges no more than it has.
    connection, acked = come("journal-1", "boot-3", "10.3", "0.2.0", 1)
    with connection:
        assert acked == 3
        controller.wait_log("event=journal-behind router=edge1")
    connection, acked = come("journal-2", "boot-3", "10.3", "0.2.0", 2)
    with connection:
        assert acked == 0
        connection.send_transitions(2, 2, "PNI-A")
        connection.wait_acked(2)
        assert controller.sequences("edge1", "journal-1") == [1, 2, 3] and controller.sequences("edge1", "journal-2") == [2]
