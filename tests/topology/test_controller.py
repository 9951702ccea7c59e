# SPDX-License-Identifier: GPL-2.0-or-later
"""peering-controller: what routers may send it, what it keeps, and what people may ask of it."""
import concurrent.futures
import contextlib
import http.client
import json
import random
import re
import signal
import socket
import sqlite3
import ssl
import struct
import subprocess
import time

import pytest

import wire
from controller_process import OPERATOR, Controller, make_pki
from lab import build
from lab.wait import until
from wire import Closed, envelope, frame

REQUEST = {"name": "PNI-ACME-FRA1", "peerAsn": 64510, "kind": "direct", "activation": "manual",
           "neighbors": [{"address": "192.0.2.2", "families": [{"afi": "ipv4", "receivedLimit": 2000,
                                                                "importPolicy": "ACME-IN", "exportPolicy": "ACME-OUT"}]},
                         {"address": "2001:db8:1::2", "optional": True}]}


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return make_pki(tmp_path_factory.mktemp("pki"), "--controller", "localhost,127.0.0.1,::1", "--router", "edge1",
                    "--router", "edge2", "--router", "edge3", "--operator", OPERATOR)


@pytest.fixture
def make_controller(tmp_path, pki):
    made = []

    def make(**settings):
        folder = tmp_path / f"controller{len(made)}"
        folder.mkdir()
        made.append(Controller(folder, pki, **settings))
        return made[-1]

    yield make
    ends = [(one, one.stop()) for one in made if one.running()]
    for one, status in ends:
        assert status == 0, f"the controller ended with {status}:\n{one.log()[-4000:]}"


@pytest.fixture
def controller(make_controller):
    return make_controller().start()


def connection_path(name="PNI-ACME-FRA1", router="edge1"):
    return f"/v1/routers/{router}/connections/{name}"


def assert_serves(controller):
    """Others are served as if nothing had happened."""
    assert controller.running(), controller.log()[-4000:]
    with controller.connect("edge3") as bystander:
        bystander.hello(journal_id=f"serves-{random.random()}")
    controller.get("/v1/routers")


# ---- Certificates

def refused_by_router_port(controller, context):
    """A client of TLS 1.3 thinks that it is through before the server has judged its certificate."""
    try:
        connection = wire.Connection(controller.router_address, context)
    except (ssl.SSLError, ConnectionResetError):
        return
    with connection:
        with pytest.raises((ssl.SSLError, ConnectionResetError, Closed)):
            connection.send(hello=dict(protocol_version=1, journal_id="x"))
            connection.receive()


def test_certificate_of_another_ca_is_refused(controller, tmp_path):
    other = make_pki(tmp_path / "other", "--router", "edge1", "--operator", OPERATOR)
    for name in ("edge1", OPERATOR):
        context = wire.client_context(other, name)
        context.load_verify_locations(controller.pki / "ca.pem")
        refused_by_router_port(controller, context)
    controller.wait_log("event=tls-refused side=router .*not signed by the CA")
    assert controller.query("SELECT count(*) FROM router") == [(0,)]
    assert_serves(controller)


def test_expired_certificate_is_refused(controller, pki, tmp_path):
    folder = tmp_path / "expired"
    folder.mkdir()
    for name in ("ca.pem", "ca.key"):
        (folder / name).write_bytes((pki / name).read_bytes())
    subprocess.run(
        ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=edge1", "-keyout",
         folder / "edge1.key", "-out", folder / "request"], check=True, capture_output=True)
    (folder / "extensions").write_text("subjectAltName = DNS:edge1\nextendedKeyUsage = clientAuth\n")
    (folder / "index").write_text("")
    (folder / "ca.conf").write_text(
        f"[ca]\ndefault_ca = lab\n[lab]\ndatabase = {folder}/index\nnew_certs_dir = {folder}\nrand_serial = yes\n"
        f"certificate = {folder}/ca.pem\nprivate_key = {folder}/ca.key\ndefault_md = sha256\npolicy = any\n"
        "[any]\ncommonName = supplied\n")
    subprocess.run(
        ["openssl", "ca", "-batch", "-config", folder / "ca.conf", "-in", folder / "request", "-out",
         folder / "edge1.pem", "-extfile", folder / "extensions", "-startdate", "20200101000000Z", "-enddate",
         "20200201000000Z", "-notext"], check=True, capture_output=True)
    refused_by_router_port(controller, wire.client_context(folder, "edge1"))
    controller.wait_log("event=tls-refused side=router .*has expired")
    assert_serves(controller)


def test_no_certificate_is_refused(controller, pki):
    refused_by_router_port(controller, wire.client_context(pki, None))
    controller.wait_log("event=tls-refused side=router .*showed no certificate")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        controller.request("GET", "/v1/routers", certificate=None)
    controller.wait_log("event=tls-refused side=api .*showed no certificate")


def test_operator_is_no_router(controller, pki):
    with wire.Connection(controller.router_address, wire.client_context(pki, OPERATOR)) as connection:
        assert "DNS name" in connection.expect_closed("certificate")
    assert_serves(controller)


def test_controller_is_no_router(controller, pki):
    refused_by_router_port(controller, wire.client_context(pki, "localhost"))
    assert controller.query("SELECT count(*) FROM router") == [(0,)]


def test_router_is_no_operator(controller):
    status, problem = controller.request("GET", "/v1/routers", certificate="edge1")
    assert (status, problem["code"]) == (403, "not-an-operator")
    assert "edge1" in problem["detail"] and "e-mail" in problem["detail"]
    status, problem = controller.post("/v1/routers/edge1/connections", REQUEST, certificate="edge1")
    assert (status, problem["code"]) == (403, "not-an-operator")


def test_an_operator_is_kept_whole_or_not_let_in(controller, tmp_path):
    """What a router keeps of the actor, in front of which stands "controller:"."""
    domain = ".".join(["d" * 50, "example.net"])
    longest, longer = (f"{'l' * (size - len(domain) - 1)}@{domain}" for size in (116, 117))
    names = tmp_path / "names"
    names.mkdir()
    for name in ("ca.pem", "ca.key"):
        (names / name).write_bytes((controller.pki / name).read_bytes())
    make_pki(names, "--operator", longest, "--operator", longer)
    for name, status in ((longest, 200), (longer, 403)):
        context = wire.client_context(controller.pki, None)
        context.load_cert_chain(names / f"{name}.pem", names / f"{name}.key")
        connection = http.client.HTTPSConnection(*controller.api_address, timeout=60, context=context)
        with contextlib.closing(connection):
            connection.request("GET", "/v1/routers")
            answer = connection.getresponse()
            assert answer.status == status, answer.read()
            assert status == 200 or b"at most 116 bytes" in answer.read()


def test_tls_below_1_3_is_refused(controller, pki):
    with pytest.raises(ssl.SSLError):
        wire.Connection(controller.router_address, wire.client_context(pki, "edge1", ssl.TLSVersion.TLSv1_2))
    with pytest.raises(ssl.SSLError):
        controller.request("GET", "/v1/routers", version=ssl.TLSVersion.TLSv1_2)
    for side in ("router", "api"):
        controller.wait_log(f"event=tls-refused side={side} .*TLS 1.3")
    assert_serves(controller)


def test_plain_text_gets_no_answer(controller):
    for address in (controller.router_address, controller.api_address):
        with socket.create_connection(address, timeout=60) as plain:
            plain.sendall(b"GET /v1/routers HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            try:
                while data := plain.recv(4096):
                    answer += data
            except ConnectionResetError:
                pass
            # At most a TLS alert.
            assert len(answer) <= 7 and b"HTTP" not in answer
    assert_serves(controller)


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


def crowd(address, count):
    """Connections that say nothing, opened while their predecessors may be closed again."""
    return [socket.create_connection(address, timeout=30) for _ in range(count)]


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


def test_router_that_does_not_read_is_closed(make_controller):
    """It makes acknowledgements and takes none, until what waits for it waits too long."""
    controller = make_controller(heartbeat=1, silence=3).start()
    with controller.connect("edge2") as bystander:
        bystander.hello()
        # Of its own: a write below is held up for as long as the controller waits, which ends a silent bystander too.
        with bystander.beating(0.3), controller.connect(receive_buffer=4096) as connection:
            connection.hello()
            # In a thread, as OpenSSL keeps a queue of errors for each: Python 3.13 and later leave there what ended this
            # connection, and take it for the bystander's at its next read.
            with concurrent.futures.ThreadPoolExecutor() as other:
                closed = other.submit(send_until_closed, connection, seconds=90)
            assert isinstance(closed.exception(), (ConnectionError, ssl.SSLError)), closed.exception()
        bystander.send_transitions(1, 1)
        bystander.wait_acked(1)
    controller.wait_log("event=router-disconnected router=edge1 .*does not read")


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

def status(name="PNI-ACME", state="Validating", **fields):
    return dict(name=name, vrf="default", peer_asn=64510, kind=1, state=state, generation=3,
                state_since=1764000000, activation=1, waiting_for="session-stable: 40 s to go",
                sessions=[dict(address="192.0.2.2", bgp_state="Established", gate=1, required=True, up_seconds=60,
                               families=[dict(afi="ipv4", received=1204, received_limit=2000, import_policy="ACME-IN",
                                              export_policy="ACME-OUT")])],
                checks=[dict(name="session-stable", verdict="running", session="both", figures="0 flaps in 20 s",
                             reason="40 s to go")], **fields)


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
            "limit": 2000, "importPolicy": "ACME-IN", "exportPolicy": "ACME-OUT"}]
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


# ---- Pushes

def test_request_to_active_and_out_again(controller):
    with controller.router() as router:
        code, push = controller.post("/v1/routers/edge1/connections", REQUEST)
        assert code == 200 and push["state"] == "applied" and push["actor"] == OPERATOR, push
        declared = router.pushes[0].operations[0].declare
        assert (declared.name, declared.peer_asn, declared.kind, declared.activation) == ("PNI-ACME-FRA1", 64510, 1, 1)
        assert [(one.address, one.optional) for one in declared.neighbors] == [("192.0.2.2", False),
                                                                              ("2001:db8:1::2", True)]
        family = declared.neighbors[0].families[0]
        assert (family.afi, family.received_limit, family.import_policy, family.export_policy) == (
            "ipv4", 2000, "ACME-IN", "ACME-OUT")
        assert not declared.neighbors[1].families and router.pushes[0].actor == OPERATOR

        for verb in ("approve", "ready"):
            code, push = controller.post(f"{connection_path()}/{verb}", {"reason": f"for {verb}"})
            assert code == 200, push
        code, problem = controller.post(f"{connection_path()}/activate")
        assert (code, problem["code"]) == (409, "not-allowed")
        assert "ProvisioningCompleted" in problem["detail"]
        router.move("PNI-ACME-FRA1", "Validating", "8")
        for verb in ("activate", "deprovision"):
            code, push = controller.post(f"{connection_path()}/{verb}")
            assert code == 200, push
        router.move("PNI-ACME-FRA1", "None", "15")
        shown = until("None", lambda: controller.get(connection_path()),
                      lambda shown: shown["connectionState"] == "None")
        # Its history outlives it.
        assert [entry["to"] for entry in shown["history"]] == [
            "None", "PendingRemove", "Active", "Validating", "ProvisioningCompleted", "ProvisioningStarted",
            "PendingApproval"]
        assert shown["history"][-1]["actor"] == f"controller:{OPERATOR}"
        assert shown["history"][-2]["message"] == "for approve"
        assert shown["desired"] is None
        assert controller.get("/v1/connections")["connections"] == []
        assert router.error is None


def test_push_can_be_asked_for_again(controller):
    with controller.router():
        _, push = controller.post("/v1/routers/edge1/connections", REQUEST)
        again = controller.get(f"/v1/pushes/{push['id']}")
        assert again == push
        assert again["operations"][0]["definition"]["neighbors"][0]["address"] == "192.0.2.2"
    code, problem = controller.request("GET", "/v1/pushes/nothing")
    assert (code, problem["code"]) == (404, "unknown-push")


def test_refusal_of_the_router_is_the_answer(controller):
    with controller.router() as router:
        code, problem = controller.post("/v1/routers/edge1/connections", {**REQUEST, "peerAsn": 65535})
        assert (code, problem["code"]) == (409, "bad-asn") and "reserved" in problem["detail"]
        # Nothing of it is left in what is desired.
        assert controller.get("/v1/connections")["connections"] == []
        controller.post("/v1/routers/edge1/connections", REQUEST)
        code, problem = controller.post(f"{connection_path()}/activate")
        assert (code, problem["code"], problem["allowed"]) == (409, "not-allowed", ["approve", "withdraw"])
        # What was applied before stands again where a later request is refused.
        controller.post("/v1/routers/edge1/connections", {**REQUEST, "peerAsn": 65535})
        assert controller.get(connection_path())["desired"]["peerAsn"] == 64510
        code, _ = controller.post(f"{connection_path()}/withdraw", {"reason": "typo"})
        assert code == 200
        until("nothing desired", lambda: controller.query("SELECT * FROM desired_connection"), lambda rows: not rows)
        assert [push.operations[0].WhichOneof("operation") for push in router.pushes] == [
            "declare", "declare", "verb", "declare", "verb"]


@pytest.mark.parametrize("applied", [True, False])
def test_an_operation_that_a_router_refused_is_refused_whatever_it_says_of_the_whole(controller, applied):
    with controller.router() as router:
        controller.post("/v1/routers/edge1/connections", REQUEST)
        router._apply = lambda push: dict(id=push.id, applied=applied, results=[
            dict(ok=False, code="no-neighbor", message="it has no neighbor", allowed=["withdraw"])])
        code, problem = controller.post(f"{connection_path()}/ready")
        assert (code, problem["code"], problem["detail"]) == (409, "no-neighbor", "it has no neighbor")
        assert controller.query("SELECT state FROM push ORDER BY number") == [("applied",), ("refused",)]
        said = controller.peerctl("ready", "edge1", "PNI-ACME-FRA1")
        assert said.returncode == 1 and "it has no neighbor" in said.stderr and not said.stdout
        # And what it asked for does not count as desired.
        code, _ = controller.post("/v1/routers/edge1/connections", {**REQUEST, "peerAsn": 64999})
        assert code == 409 and controller.get(connection_path())["desired"]["peerAsn"] == 64510


def test_request_waits_for_a_router_that_is_away(controller):
    with controller.router() as router:
        pass
    until("edge1 away", lambda: controller.get("/v1/routers")["routers"][0]["connected"], lambda seen: not seen)
    code, push = controller.post("/v1/routers/edge1/connections", REQUEST)
    assert code == 202 and push["state"] == "queued" and "when it connects" in push["message"]
    shown = controller.get(connection_path())
    assert shown["connectionState"] == "None" and shown["desired"]["pushState"] == "queued"
    code, problem = controller.post(f"{connection_path()}/approve")
    assert (code, problem["code"]) == (409, "router-not-connected")

    # Neither a restart nor a crash of the controller loses it.
    controller.kill()
    controller.start()
    with controller.router() as router:
        until("the request at the router", lambda: "PNI-ACME-FRA1" in router.connections)
        until("the answer", lambda: controller.get(f"/v1/pushes/{push['id']}")["state"],
              lambda state: state == "applied")
        assert router.pushes[0].id == push["id"] and len(router.pushes) == 1


def test_answer_that_takes_long_and_one_that_never_comes(make_controller):
    controller = make_controller(push_wait=1).start()
    with controller.router() as router:
        controller.post("/v1/routers/edge1/connections", REQUEST)
        router.deaf = True
        code, push = controller.post(f"{connection_path()}/approve")
        assert code == 202 and push["state"] == "queued" and "not answered yet" in push["message"]
        late = router.pushes[-1]
        router._connection.send(push_result=router._apply(late))
        until("the late answer", lambda: controller.get(f"/v1/pushes/{push['id']}")["state"],
              lambda state: state == "applied")
        _, push = controller.post(f"{connection_path()}/ready")
    until("nobody knows", lambda: controller.get(f"/v1/pushes/{push['id']}")["state"],
          lambda state: state == "unanswered")


def test_router_is_lost_while_a_request_waits(controller):
    with controller.router() as router:
        controller.post("/v1/routers/edge1/connections", REQUEST)
        router.deaf = True
        waiting = controller.start_peerctl("approve", "edge1", "PNI-ACME-FRA1")
        until("the verb at the router", lambda: len(router.pushes) == 2)
    _, said = waiting.communicate(timeout=60)
    assert waiting.returncode == 1 and "nobody knows" in said
    # A verb is not sent again by itself.
    with controller.router() as router:
        router.connections["PNI-ACME-FRA1"] = status("PNI-ACME-FRA1", "PendingApproval")
        controller.post("/v1/routers/edge1/connections", REQUEST)
        assert [push.operations[0].WhichOneof("operation") for push in router.pushes] == ["declare"]


def test_client_that_leaves_while_it_waits(make_controller):
    controller = make_controller(push_wait=2).start()
    with controller.router() as router:
        controller.post("/v1/routers/edge1/connections", REQUEST)
        router.deaf = True
        for _ in range(5):
            before = len(router.pushes)
            waiting = controller.start_peerctl("approve", "edge1", "PNI-ACME-FRA1")
            until("the verb at the router", lambda: len(router.pushes) > before)
            waiting.kill()
            waiting.communicate(timeout=60)
        router.deaf = False
        code, problem = controller.post(f"{connection_path()}/approve")
        assert code == 200, problem
    assert_serves(controller)


def test_result_for_no_push_is_passed_over(controller):
    with controller.connect() as connection:
        connection.hello()
        connection.send(push_result=dict(id="nothing", applied=True))
        controller.wait_log("event=push-result-unknown router=edge1")
        connection.send_transitions(1, 1)
        connection.wait_acked(1)


def test_router_cannot_answer_for_another(controller):
    with controller.router() as router, controller.connect("edge2") as other:
        other.hello()
        router.deaf = True
        waiting = controller.start_peerctl("request", "edge1", "PNI-ACME-FRA1", "--asn", 64510, "--neighbor",
                                          "192.0.2.2")
        until("the push at the router", lambda: router.pushes)
        other.send(push_result=dict(id=router.pushes[0].id, applied=True, results=[dict(ok=True)]))
        controller.wait_log("event=push-result-unknown router=edge2")
        router._connection.send(push_result=router._apply(router.pushes[0]))
        said, _ = waiting.communicate(timeout=60)
        assert waiting.returncode == 0 and "applied" in said


# ---- Bad input of people

@pytest.mark.parametrize("change, code, word", [
    ({"name": ""}, "bad-name", "empty"),
    ({"name": "x" * 64}, "bad-name", "too long"),
    ({"name": "a b"}, "bad-name", "not allowed"),
    ({"name": "x'; DROP TABLE router; --"}, "bad-name", "not allowed"),
    ({"name": "json"}, "bad-name", "word of the command"),
    ({"name": 7}, "bad-value", "string"),
    ({"peerAsn": 0}, "bad-asn", "4294967295"),
    ({"peerAsn": 4294967296}, "bad-asn", "4294967295"),
    ({"peerAsn": -1}, "bad-asn", "4294967295"),
    ({"peerAsn": 1.5}, "bad-asn", "4294967295"),
    ({"peerAsn": "64510"}, "bad-asn", "4294967295"),
    ({"peerAsn": None}, "bad-asn", "missing"),
    ({"kind": "private"}, "bad-value", "route-server"),
    ({"activation": "maybe"}, "bad-value", "manual"),
    ({"validationWindow": 86401}, "bad-value", "86400"),
    ({"description": "two\nlines"}, "bad-value", "control"),
    ({"description": "x" * 81}, "bad-value", "80"),
    ({"neighbors": []}, "bad-address", "at least one"),
    ({"neighbors": None}, "bad-address", "at least one"),
    ({"neighbors": [{"address": "192.0.2.300"}]}, "bad-address", "192.0.2.300"),
    ({"neighbors": [{"address": "example.net"}]}, "bad-address", "no IPv4 or IPv6"),
    ({"neighbors": [{"address": "fe80::1"}]}, "bad-address", "link-local"),
    ({"neighbors": [{"address": "127.0.0.1"}]}, "bad-address", "no address of a neighbor"),
    ({"neighbors": [{"address": "224.0.0.5"}]}, "bad-address", "no address of a neighbor"),
    ({"neighbors": [{"address": "::ffff:192.0.2.2"}]}, "bad-address", "no address of a neighbor"),
    ({"neighbors": [{"address": "192.0.2.2"}, {"address": "192.0.2.2"}]}, "bad-address", "twice"),
    ({"neighbors": [{"address": "2001:db8::1"}, {"address": "2001:DB8:0::1"}]}, "bad-address", "twice"),
    ({"neighbors": [{"address": "192.0.2.2", "optional": True}]}, "bad-value", "optional"),
    ({"neighbors": [{"address": "192.0.2.2", "optional": "yes"}]}, "bad-value", "true or false"),
    ({"neighbors": [{}]}, "bad-address", "neighbors[0]"),
    ({"neighbors": ["192.0.2.2"]}, "bad-value", "object"),
    ({"neighbors": [{"address": f"192.0.2.{number}"} for number in range(1, 18)]}, "bad-value", "at most 16"),
    ({"neighbors": [{"address": "192.0.2.2", "families": [{"afi": "vpn"}]}]}, "bad-value", "ipv4"),
    ({"neighbors": [{"address": "192.0.2.2", "families": [{"afi": "ipv4"}, {"afi": "ipv4"}]}]}, "bad-value", "twice"),
    ({"neighbors": [{"address": "192.0.2.2", "families": [{"afi": "ipv4", "receivedLimit": 0}]}]}, "bad-value", "1 to"),
    ({"neighbors": [{"address": "192.0.2.2", "families": [{"afi": "ipv4", "importPolicy": "A B"}]}]}, "bad-value",
     "route-map"),
    ({"neighbors": [{"address": "192.0.2.2", "families": [{"afi": "ipv4", "importPolicy": "PEERING-DENY-ALL"}]}]},
     "bad-value", "keeps for itself"),
    ({"neighbours": []}, "unknown-key", "neighbours"),
])
def test_bad_request_is_refused_before_anything_is_stored(bad_input, change, code, word):
    controller, router = bad_input
    answer, problem = controller.post("/v1/routers/edge1/connections", {**REQUEST, **change})
    assert (answer, problem["code"]) == (400, code), problem
    assert word in problem["detail"]
    assert controller.query("SELECT count(*) FROM push") == [(0,)] and router.pushes == []


@pytest.mark.parametrize("body, answer, code, word", [
    (b"", 400, "bad-value", "JSON object"),
    (b"{", 400, "bad-json", "end of data at byte 1"),
    (b"nonsense", 400, "bad-json", "byte"),
    (b'{"name": "a"} {"name": "b"}', 400, "bad-json", "byte"),
    (b'{"name": "\xff"}', 400, "bad-json", "byte"),
    (b"[" * 100 + b"]" * 100, 400, "bad-json", "byte"),
    (b"[]", 400, "bad-value", "JSON object"),
    (b'{"name": "PNI-ACME"}\0 more', 400, "bad-json", "follows"),
    (b'{"name": "PNI\\u0000x"}', 400, "bad-value", "control"),
    (b" " * 70000, 413, "too-large", "65536"),
    (b'{"description": "' + b"x" * 70000 + b'"}', 413, "too-large", "65536"),
])
def test_bad_json_is_refused(bad_input, body, answer, code, word):
    controller, router = bad_input
    got, problem = controller.post("/v1/routers/edge1/connections", body)
    assert (got, problem["code"]) == (answer, code), problem
    assert word in problem["detail"]
    assert router.pushes == []


@pytest.fixture(scope="module")
def bad_input(tmp_path_factory, pki):
    """One controller for all of it: nothing of it may leave a trace."""
    controller = Controller(tmp_path_factory.mktemp("bad-input"), pki).start()
    with controller.router() as router:
        yield controller, router
    assert controller.stop() == 0


@pytest.mark.parametrize("path, answer, code, word", [
    ("/v1/routers/nowhere/connections/PNI-ACME", 404, "unknown-router", "edge1"),
    ("/v1/routers/edge1/connections/nothing", 404, "unknown-connection", "request one first"),
    ("/v1/routers/edge1/connections/x%27%3B%20DROP%20TABLE%20router%3B%20--", 404, "unknown-connection", "DROP TABLE"),
    ("/v1/connections?router=nowhere", 404, "unknown-router", "edge1"),
    ("/v1/connections?router=%27%20OR%201%3D1%20--", 404, "unknown-router", "edge1"),
    ("/v1/connections?state=Working", 400, "unknown-state", "Validating"),
    ("/v1/connections?limit=0", 400, "bad-query", "limit"),
    ("/v1/connections?limit=1001", 400, "bad-query", "limit"),
    ("/v1/connections?after=x", 400, "bad-query", "after"),
    ("/v1/connections?colour=red", 400, "bad-query", "colour"),
    ("/v1/nothing", 404, "unknown-path", "/v1/routers"),
    ("/", 404, "unknown-path", "/v1/routers"),
    ("/v1/routers/a%00b/connections", 404, "unknown-path", "/v1/routers"),
    ("/v1/routers/%ff/connections", 404, "unknown-path", "/v1/routers"),
    ("/v1//routers", 404, "unknown-path", "/v1/routers"),
    ("/v1/a/b/c/d/e/f/g/h", 404, "unknown-path", "/v1/routers"),
])
def test_bad_path_is_refused(bad_input, path, answer, code, word):
    controller, _ = bad_input
    got, problem = controller.request("GET", path)
    assert (got, problem["code"]) == (answer, code), problem
    assert word in problem["detail"] and problem["status"] == answer
    assert controller.query("SELECT count(*) FROM router") == [(1,)]


@pytest.mark.parametrize("method, path, body, answer, code", [
    ("POST", connection_path("nothing") + "/approve", {}, 404, "unknown-connection"),
    ("POST", connection_path(router="nowhere") + "/approve", {}, 404, "unknown-router"),
    ("POST", "/v1/routers/nowhere/connections", REQUEST, 404, "unknown-router"),
    ("POST", connection_path() + "/explode", {}, 404, "unknown-verb"),
    ("POST", connection_path() + "/approve", {"reason": "a\nb"}, 400, "bad-value"),
    ("POST", connection_path() + "/approve", {"reason": "é" * 80}, 400, "bad-value"),
    ("POST", connection_path() + "/approve", {"cause": "x"}, 400, "bad-value"),
    ("POST", connection_path() + "/approve", [], 400, "bad-value"),
    ("DELETE", connection_path(), None, 405, "bad-method"),
    ("POST", "/v1/routers", {}, 405, "bad-method"),
    ("GET", connection_path() + "/approve", None, 405, "bad-method"),
])
def test_bad_change_is_refused(bad_input, method, path, body, answer, code):
    controller, router = bad_input
    got, problem = controller.request(method, path, body)
    assert (got, problem["code"]) == (answer, code), problem
    assert router.pushes == []


def test_a_form_of_a_foreign_page_changes_nothing(bad_input):
    controller, router = bad_input
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx"):
        got, problem = controller.post("/v1/routers/edge1/connections", REQUEST, headers={"Content-Type": kind})
        assert (got, problem["code"]) == (415, "not-json")
    assert router.pushes == []


def test_huge_requests_are_refused(bad_input):
    controller, _ = bad_input
    for head in (b"GET /" + b"x" * 40000 + b" HTTP/1.1\r\n\r\n", b"GET /v1/routers HTTP/1.1\r\n" + b"X: y\r\n" * 9000,
                 b"POST /v1/routers/edge1/connections HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 3000000):
        raw = socket.create_connection(controller.api_address, timeout=60)
        with wire.client_context(controller.pki, OPERATOR).wrap_socket(raw, server_hostname="localhost") as stream:
            try:
                stream.sendall(head)
                answer = stream.recv(100)
            except (ConnectionError, ssl.SSLError):
                answer = b""
            assert not answer or answer.split()[1] in (b"400", b"413"), answer
    controller.get("/v1/routers")


def test_api_clients_are_limited_and_idle_ones_leave(make_controller, pki):
    controller = make_controller(max_api_clients=2).start()
    with contextlib.ExitStack() as stack:
        first, second = (http.client.HTTPSConnection(*controller.api_address, timeout=30,
                                                     context=wire.client_context(pki, OPERATOR)) for _ in range(2))
        for client in (first, second):
            stack.callback(client.close)
            client.request("GET", "/v1/routers")
            assert client.getresponse().read()
        # One more is noticed, and then no more are taken before one of them leaves.
        waiting = [controller.start_peerctl("routers") for _ in range(6)]
        controller.wait_log("event=api-full")
        first.close()
        second.close()
        for process in waiting:
            with process:
                assert process.wait(30) == 0, process.stderr.read()


def test_api_clients_that_say_nothing_leave(make_controller):
    controller = make_controller(handshake_timeout=1).start()
    for silent in crowd(controller.api_address, 4):
        with silent:
            assert silent.recv(1) == b""


# ---- Configuration

def run_controller(*arguments):
    return subprocess.run([build.program("peering-controller"), *map(str, arguments)], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=60)


@pytest.mark.parametrize("text, sentence", [
    ("colour = red", ":1: there is no key 'colour'; the keys are router-listen,"),
    ("heartbeat = 0", ":1: 'heartbeat' takes a number from 1 to 60, not '0'"),
    ("heartbeat = 1x", ":1: 'heartbeat' takes a number from 1 to 60, not '1x'"),
    ("heartbeat = -1", ":1: 'heartbeat' takes a number from 1 to 60, not '-1'"),
    ("heartbeat = 99999999999999999999", ":1: 'heartbeat' takes a number from 1 to 60"),
    ("heartbeat =", ":1: 'heartbeat' has no value"),
    ("heartbeat", ":1: this is no 'key = value' line"),
    ("# words\n\ndatabase = here", ":3: 'database' takes a whole path"),
    ("max-routers = 5\nmax-routers = 6", ":2: 'max-routers' stands twice"),
    ("# " + "x" * 5000, ":1: the line is longer than"),
], ids=range(10))
def test_bad_configuration_names_file_and_line(tmp_path, text, sentence):
    config = tmp_path / "peering-controller.conf"
    config.write_text(text + "\n")
    for arguments in ([], ["--check"]):
        ended = run_controller("-c", config, *arguments)
        assert ended.returncode == 1 and f"{config}{sentence}" in ended.stderr, ended


@pytest.mark.parametrize("key, value, word", [
    ("router_listen", "nowhere", "address and a port"),
    ("router_listen", "192.0.2.1", "address and a port"),
    ("router_listen", "2001:db8::1:4790", "address and a port"),
    ("api_listen", "127.0.0.1:65536", "address and a port"),
    ("router_listen", "192.0.2.1:4790", "no interface of this machine"),
    ("tls_ca", "/nonexistent/ca.pem", "/nonexistent/ca.pem"),
    ("tls_key", "/dev/null", "/dev/null"),
    ("database", "/nonexistent/controller.db", "make the folder"),
])
def test_start_that_cannot_be_says_why(make_controller, key, value, word):
    controller = make_controller(**{key: value})
    controller.write_config()
    ended = run_controller("-c", controller.config)
    assert ended.returncode == 1 and word in ended.stderr, ended


def test_port_that_is_taken(controller, make_controller):
    host, port = controller.router_address
    second = make_controller(router_listen=f"{host}:{port}")
    second.write_config()
    ended = run_controller("-c", second.config)
    assert ended.returncode == 1 and "another process has this port" in ended.stderr


def test_every_address_means_ipv4_and_ipv6(make_controller):
    controller = make_controller(router_listen="[::]:0").start()
    assert controller.router_address[0] == "::"
    for host in ("127.0.0.1", "::1"):
        with wire.Connection((host, controller.router_address[1]),
                             wire.client_context(controller.pki, "edge1")) as connection:
            connection.hello()
            until(f"the address of a router that came to {host}",
                  lambda: controller.get("/v1/routers")["routers"][0]["address"],
                  lambda address: address.startswith("127.0.0.1:" if host == "127.0.0.1" else "[::1]:"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_end_is_clean(controller, number):
    """What has arrived is committed, every router hears of it, and who waits for a push gets an answer."""
    with controller.connect("edge2") as connection, controller.router() as router:
        connection.hello()
        router.deaf = True
        waiting = controller.start_peerctl("request", "edge1", "PNI-ACME-FRA1", "--asn", 64510, "--neighbor",
                                           "192.0.2.2")
        until("the push at the router", lambda: router.pushes)
        connection.send_transitions(1, 500)
        # In its socket, at the least.
        connection.wait_acked(1)
        assert controller.stop(number) == 0
        assert connection.expect_closed("stopping")
        said, _ = waiting.communicate(timeout=60)
        assert waiting.returncode == 0 and "request PNI-ACME-FRA1" in said
    stored = controller.sequences("edge2")
    assert stored == list(range(1, len(stored) + 1)) and stored
    assert controller.query("SELECT state FROM push") == [("queued",)]


def test_check_changes_nothing(make_controller):
    controller = make_controller()
    controller.write_config()
    ended = run_controller("-c", controller.config, "--check")
    assert ended.returncode == 0 and "good" in ended.stdout
    assert sorted(path.name for path in controller.folder.iterdir()) == ["peering-controller.conf"]


def test_a_key_that_everybody_can_read_is_told(make_controller, pki, tmp_path):
    key = tmp_path / "open.key"
    key.write_bytes((pki / "localhost.key").read_bytes())
    key.chmod(0o644)
    controller = make_controller(tls_key=key).start()
    controller.wait_log(f"level=warning event=key-exposed .*{key}")
    assert_serves(controller)
    said = run_controller("-c", controller.config, "--check")
    assert said.returncode == 0 and "warning" in said.stderr and str(key) in said.stderr


def test_shipped_configuration_is_the_defaults(tmp_path):
    shipped = (build.SOURCE / "controller" / "peering-controller.conf").read_text().splitlines()
    assert all(line.startswith("#") or not line for line in shipped)
    keys = dict(line[1:].split(" = ") for line in shipped if re.match(r"#[a-z]", line))
    # Each line, taken out of its comment, is accepted; and there is one for each key.
    config = tmp_path / "peering-controller.conf"
    config.write_text("".join(f"{key} = {value}\n" for key, value in keys.items()))
    ended = run_controller("-c", config, "--check")
    assert ended.returncode == 1 and keys["tls-ca"] in ended.stderr, ended
    config.write_text("nothing = 1\n")
    known = run_controller("-c", config).stderr.split("the keys are ")[1].strip().split(", ")
    assert sorted(keys) == sorted(known)


def test_usage():
    assert run_controller("--help").returncode == 0
    assert run_controller("--nonsense").returncode == 2
    assert run_controller("nonsense").returncode == 2
    assert run_controller("--version").stdout.startswith("peering-controller ")


# ---- peerctl

def columns_line_up(text):
    """In each column all cells begin at the same place, or all end there."""
    cells = [[match.span() for match in re.finditer(r"\S+(?: \S+)*", line)] for line in text.splitlines()
             if not line.startswith("* ")]
    return len(cells) > 1 and all(
        len(column) == len(cells) and (len({begin for begin, _ in column}) == 1 or len({end for _, end in column}) == 1)
        for column in zip(*cells, strict=True))


def test_peerctl_from_request_to_active(controller):
    with controller.router() as router:
        said = controller.peerctl("routers")
        assert said.returncode == 0 and "edge1" in said.stdout and "yes" in said.stdout, said
        said = controller.peerctl(
            "request", "edge1", "PNI-ACME-FRA1", "--asn", 64510, "--neighbor", "192.0.2.2", "--neighbor",
            "2001:db8:1::2,optional", "--activation", "manual", "--validation-window", 5, "--limit", "ipv4=2000",
            "--limit", "ipv6=500", "--import", "ipv4=ACME-IN", "--export", "ipv4=ACME-OUT", "--description",
            "Example Networks", "--kind", "direct")
        assert said.returncode == 0 and "applied" in said.stdout, said
        declared = router.pushes[0].operations[0].declare
        assert declared.validation_window == 5 and declared.description == "Example Networks"
        assert [(one.address, one.optional, [(each.afi, each.received_limit, each.import_policy, each.export_policy)
                                            for each in one.families]) for one in declared.neighbors] == [
            ("192.0.2.2", False, [("ipv4", 2000, "ACME-IN", "ACME-OUT")]),
            ("2001:db8:1::2", True, [("ipv6", 500, "", "")])]
        said = controller.peerctl("activate", "edge1", "PNI-ACME-FRA1")
        assert said.returncode == 1 and "not allowed in state PendingApproval" in said.stderr
        assert "allowed now: approve, withdraw" in said.stderr
        said = controller.peerctl("approve", "edge1", "PNI-ACME-FRA1", "--reason", "wired on Monday")
        assert said.returncode == 0, said
        said = controller.peerctl("show", "edge1", "PNI-ACME-FRA1")
        assert said.returncode == 0 and "peerctl ready edge1 PNI-ACME-FRA1" in said.stdout, said
        assert "ProvisioningStarted" in said.stdout and "wired on Monday" in said.stdout
        assert f"controller:{OPERATOR}" in said.stdout
        said = controller.peerctl("connections", "--state", "ProvisioningStarted")
        assert "PNI-ACME-FRA1" in said.stdout and columns_line_up(said.stdout)
        said = controller.peerctl("connections", "--router", "edge1", "--state", "Active")
        assert said.returncode == 0 and said.stdout == "no connection\n"
        shown = json.loads(controller.peerctl("show", "edge1", "PNI-ACME-FRA1", "-o", "json").stdout)
        assert shown["connectionState"] == "ProvisioningStarted" and shown["schemaVersion"] == 1
    until("edge1 away", lambda: controller.peerctl("routers").stdout, lambda text: " NO " in text)
    assert "edge1*" in controller.peerctl("connections").stdout
    said = controller.peerctl("ready", "edge1", "PNI-ACME-FRA1", "-o", "json")
    assert said.returncode == 1 and json.loads(said.stdout)["code"] == "router-not-connected"
    assert "is not connected" in said.stderr


def test_peerctl_lists_more_than_a_page(controller):
    for router in ("edge1", "edge2"):
        with controller.connect(router) as connection:
            connection.hello()
            connection.send(snapshot=dict(full=True, connections=[status(f"PNI-{number:04}", "Active")
                                                                  for number in range(700)]))
            connection.send_transitions(1, 1)
            connection.wait_acked(1)
    said = controller.peerctl("connections")
    assert said.stdout.count("PNI-") == 1400 and columns_line_up(said.stdout)
    assert len(json.loads(controller.peerctl("connections", "-o", "json").stdout)["connections"]) == 1400


@pytest.mark.parametrize("arguments, word", [
    ([], "usage"),
    (["explode"], "no command 'explode'"),
    (["show", "edge1"], "usage: peerctl show"),
    (["routers", "edge1"], "usage: peerctl routers"),
    (["routers", "--asn", "1"], "takes no --asn"),
    (["approve", "edge1", "X", "--state", "Active"], "takes no --state"),
    (["routers", "-o", "xml"], "json or table"),
    (["routers", "--nonsense"], "nonsense"),
    (["request", "edge1", "X", "--neighbor", "192.0.2.2"], "--asn N is missing"),
    (["request", "edge1", "X", "--asn", "64510"], "--neighbor ADDR is missing"),
    (["request", "edge1", "X", "--asn", "4294967296", "--neighbor", "192.0.2.2"], "--asn takes"),
    (["request", "edge1", "X", "--asn", "1", "--neighbor", "192.0.2.2", "--limit", "2000"], "--limit takes"),
    (["request", "edge1", "X", "--asn", "1", "--neighbor", "192.0.2.2", "--limit", "ipv6=2000"], "no --neighbor has"),
])
def test_peerctl_usage(bad_input, arguments, word):
    said = bad_input[0].peerctl(*arguments)
    assert said.returncode == 2 and word in said.stderr, said


def test_peerctl_help(bad_input):
    commands = ["routers", "connections", "show", "request", "approve", "ready", "activate", "deprovision", "withdraw",
                "retry", "block", "unblock", "force-cancel", "maintenance-on", "maintenance-off"]
    whole = bad_input[0].peerctl("--help")
    assert whole.returncode == 0
    for command in commands:
        assert f"  {command}" in whole.stdout
        said = bad_input[0].peerctl(command, "--help")
        assert said.returncode == 0 and said.stdout.startswith(f"usage: peerctl {command}"), said


def test_peerctl_refusals_are_the_sentence(bad_input):
    controller, _ = bad_input
    said = controller.peerctl("show", "nowhere", "PNI-ACME")
    assert said.returncode == 1 and said.stderr.startswith('peerctl: no router "nowhere"')
    said = controller.peerctl("request", "edge1", "PNI-ACME", "--asn", 1, "--neighbor", "192.0.2.300")
    assert said.returncode == 1 and "192.0.2.300" in said.stderr
    said = controller.peerctl("show", "edge1", "a/../b?c=d#e")
    assert said.returncode == 1 and "a/../b?c=d#e" in said.stderr


def test_peerctl_that_reaches_nobody(bad_input, tmp_path):
    controller, _ = bad_input
    other = make_pki(tmp_path / "other", "--operator", OPERATOR)
    for environment in ({"PEERCTL_URL": "https://localhost:1"},
                        {"PEERCTL_CA": str(other / "ca.pem")},
                        {"PEERCTL_CERT": str(other / f"{OPERATOR}.pem"), "PEERCTL_KEY": str(other / f"{OPERATOR}.key")},
                        {"PEERCTL_URL": "https://localhost:%d" % controller.router_address[1]}):
        said = controller.peerctl("routers", **environment)
        assert said.returncode == 3 and "peerctl: " in said.stderr, (environment, said)


def test_peerctl_settings_and_their_order(bad_input, tmp_path):
    controller, _ = bad_input
    home = tmp_path / "home"
    (home / ".config").mkdir(parents=True)
    own = home / ".config" / "peerctl.conf"
    nothing = {"HOME": str(home), "PEERCTL_URL": "", "PEERCTL_CA": "", "PEERCTL_CERT": "", "PEERCTL_KEY": ""}
    said = controller.peerctl("routers", **nothing)
    assert said.returncode == 2 and "no CA is set" in said.stderr
    own.write_text(f"# mine\nurl = https://localhost:{controller.api_address[1]}\nca = {controller.pki}/ca.pem\n"
                   f"certificate = {controller.pki}/{OPERATOR}.pem\nkey = {controller.pki}/{OPERATOR}.key\n")
    assert controller.peerctl("routers", **nothing).returncode == 0
    # The variable goes before the file, the option before the variable.
    assert controller.peerctl("routers", **{**nothing, "PEERCTL_URL": "https://localhost:1"}).returncode == 3
    assert controller.peerctl("routers", "--url", f"https://localhost:{controller.api_address[1]}",
                              **{**nothing, "PEERCTL_URL": "https://localhost:1"}).returncode == 0
    assert controller.peerctl("routers", "--url", "http://localhost", **nothing).returncode == 2
    own.write_text("colour = red\n")
    said = controller.peerctl("routers", **nothing)
    assert said.returncode == 2 and "peerctl.conf:1:" in said.stderr
