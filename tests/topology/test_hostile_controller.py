# SPDX-License-Identifier: GPL-2.0-or-later
"""A controller that is broken or hostile, and a real router with a connection in service: what it sends ends its session at
the most. No gate moves, no session is cut, no transition is lost, and what waits for it is bounded."""
import contextlib
import ssl
import struct
import time

import pytest

import wire
from controller_process import make_pki
from lab.bird import prefixes
from lab.controller import ROUTER, Controller
from lab.scenario import FAMILIES, NAME, Scenario
from lab.wait import until
from scripted_controller import ScriptedController, verb
from wire import Closed, envelope, frame

OTHER = "K"


@pytest.fixture
def hostile(lab):
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    s.script = ScriptedController(s.controller, receive_buffer=65536)
    s.acme.announced["ipv4"] += prefixes("ipv4", 500, start=1000)
    s.start_active(s.config(bgp=[*s.controller.router_lines(), *s.declaration(), f"peering {OTHER} kind direct"]))
    s.settle()
    # So far it was a good one.
    s.acked = newest(s)
    s.script.accept()
    while s.script.expect("transition").sequence < s.acked:
        pass
    yield s
    s.script.close()


def told(s):
    return s.edge.bgpd_json("show peering controller json")


def newest(s):
    return told(s)["newestTransition"]


def redial(s):
    """At once, and not when the wait behind a failed session is over."""
    s.script.hang_up()
    s.edge.configure_bgp("no peering controller", *s.controller.router_lines())


def expect_end(s, code):
    with pytest.raises(Closed) as ended:
        while True:
            s.script.receive(timeout=30)
    assert ended.value.error and ended.value.error.code == code, ended.value


def memory(s):
    """Of bgpd, in KiB."""
    with open(f"/proc/{s.edge.bgpd.pid}/status") as status:
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1])


def expect_untouched(s, before):
    """acme has had the same two sessions all the time, and nothing was withdrawn from it."""
    s.settle()
    s.wait_open()
    said = s.capture.read()
    for family in FAMILIES:
        edge = s.edge_address(family)
        assert len(said.sessions(edge)) == len(before.sessions(edge)) and not said.sessions(edge)[-1].closed
        assert said.routes(edge, kind="withdraw", after=before.end()) == []
    assert s.edge.connection_state(NAME) == "Active" and s.edge.connection_state(OTHER) == "PendingApproval"


def out_of_service(identity):
    """A push that would take acme out of service, packed."""
    return frame(envelope(push=dict(id=identity, actor="noc@example.net", operations=[verb(NAME, "deprovision")])))


def test_nothing_that_it_sends_does_more_than_end_its_session(hostile):
    s = hostile
    before = s.capture.read()
    acked = s.acked
    good = out_of_service("never")
    for data, code in (
            (struct.pack("!I", 0), "frame"),
            (struct.pack("!I", 0xffffffff) + b"x" * 100, "frame"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "frame"),
            # A push of which an inner length is too large, and one of which the outer one is too small.
            (good[:5] + bytes([good[5] + 1]) + good[6:], "frame"),
            (struct.pack("!I", len(good) - 5) + good[4:-1], "frame"),
            # Two bytes for each operation, which take far more in memory.
            (frame(b"\x32\xf8\xff\x3f" + b"\x1a\x00" * ((wire.MAX_BYTES - 8) // 2)), "frame"),
            (frame(b"\xfa\x7f\x00"), "unsupported"),
            (frame(envelope(hello_ack=dict(protocol_version=1, router_name=ROUTER, acked_sequence=acked))), "unsupported"),
            (frame(envelope(snapshot=dict(full=True))), "unsupported"),
            (frame(envelope(ack=dict(sequence=acked + 1))), "sequence")):
        redial(s)
        s.script.accept(acked=acked)
        s.script.send_bytes(data)
        expect_end(s, code)
    # In the place of HelloAck, and one for another journal.
    for body, code in ((dict(push=dict(id="early", operations=[verb(NAME, "deprovision")])), "unsupported"),
                       (dict(hello_ack=dict(protocol_version=1, router_name=ROUTER, acked_sequence=acked + 7)), "sequence")):
        redial(s)
        s.script.meet()
        s.script.send(**body)
        expect_end(s, code)
    # Cut off: by the end of the session, and by silence in the middle, which holds up nobody on the router.
    redial(s)
    s.script.accept(acked=acked)
    s.script.send_bytes(good[:-1])
    s.script.hang_up()
    redial(s)
    s.script.accept(acked=acked)
    s.script.send_bytes(good[:-1])
    expect_untouched(s, before)

    # Acknowledgements out of order and once more: none is taken back, and nothing is lost behind them.
    redial(s)
    s.script.accept(acked=acked - 2)
    for sequence in (acked - 1, acked):
        assert s.script.expect("transition").sequence == sequence
    for sequence in (acked, acked - 1, acked, 0, acked - 2):
        s.script.send(ack=dict(sequence=sequence))
    until("all acknowledged", lambda: told(s)["acknowledgedTransition"], lambda seen: seen == acked)
    # A push that comes again, also in another session, is answered again and done once.
    for _ in range(3):
        assert s.script.push("once", verb(OTHER, "approve"), verb(OTHER, "force-cancel", "given up")).applied
    redial(s)
    s.script.accept(acked=acked)
    assert s.script.push("once", verb(OTHER, "approve"), verb(OTHER, "force-cancel", "given up")).applied
    s.edge.verb(OTHER, "request")
    assert s.edge.history(OTHER)[1:] == [("PendingApproval", "ProvisioningStarted"), ("ProvisioningStarted", "None"),
                                         ("None", "PendingApproval")]
    # Every one of them is sent, once, in order.
    redial(s)
    s.script.accept(acked=acked)
    assert [s.script.expect("transition").sequence for _ in range(3)] == [acked + 1, acked + 2, acked + 3]
    expect_untouched(s, before)


def test_what_waits_for_one_that_does_not_read_is_bounded_and_told(hostile):
    """It asks and asks, and takes no answer: its session ends, and the next one begins with all that there is."""
    s = hostile
    before = s.capture.read()
    query = frame(envelope(query=dict(id="q", connection=NAME, what="routes",
                                      words=[dict(name="family", value="ipv4"), dict(name="limit", value="500")])))
    at_first = memory(s)
    longest = 0

    def asks():
        nonlocal longest
        s.script.send_bytes(query * 16)
        begun = time.monotonic()
        seen = told(s)
        longest = max(longest, time.monotonic() - begun)
        assert seen["queuedBytes"] <= 12 << 20, seen
        return seen["overflows"]

    until("the session ended for too much that waits", asks, lambda count: count == 1)
    assert memory(s) - at_first < 64 * 1024, "KiB"
    shown = until("why it ended", lambda: s.edge.vtysh("show peering controller"), lambda text: "8 MiB" in text)
    assert "1 times too many did" in shown
    assert "\npeering_report_overflows_total 1\n" in s.edge.vtysh("show peering prometheus")
    # Behind it, everything is told anew, and what happened meanwhile is there.
    s.edge.verb(OTHER, "approve")
    s.script.hang_up()
    s.script.accept(acked=s.acked)
    assert s.script.expect("transition").sequence == s.acked + 1
    full = s.script.expect("snapshot", holds=lambda snapshot: snapshot.full)
    assert {one.name: one.state for one in full.connections} == {NAME: "Active", OTHER: "ProvisioningStarted"}
    assert full.complete
    s.edge.verb(OTHER, "force-cancel reason over")
    s.edge.verb(OTHER, "request")
    expect_untouched(s, before)


def refused(s):
    """Takes the router's next try, where there is one, and returns why it has gone by its log. It is never told Hello."""
    with contextlib.suppress(ssl.SSLError, ConnectionError, TimeoutError):
        s.script.meet(timeout=0.5)
        pytest.fail("the router said Hello")
    return s.edge.log_lines(f"not connected to the controller {s.controller.address}: ")


def test_one_that_does_not_show_who_it_is_is_refused_and_the_next_one_has_the_router(lab):
    """What is wrong with it is told on the router, which says nothing to it: not so much as a Hello."""
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    s.backup = Controller(lab, s.edge, "backup", beside=s.controller)
    own, name = s.controller.pki, f"{s.controller.name}1.example.net"
    other, expired, elsewhere = (lab.folder(folder) for folder in ("other-pki", "expired-pki", "elsewhere-pki"))
    make_pki(other, "--ca-name", "another CA", "--controller", f"{name},{s.controller.address}")
    for folder in (expired, elsewhere):
        for file in ("ca.pem", "ca.key"):
            (folder / file).write_bytes((own / file).read_bytes())
    make_pki(expired, "--days", "0", "--controller", f"{name},{s.controller.address}")
    make_pki(elsewhere, "--controller", "elsewhere.example.net,192.0.2.99")
    lines = [f"peering controller {s.controller.address} priority 10", f"peering controller {s.backup.address} priority 200"]
    s.script = ScriptedController(s.controller)
    s.backup.start()
    s.start(s.config(bgp=[*s.declaration(), f"peering {OTHER} kind direct"]))
    for pki, shown, version, words in (
            (other, name, ssl.TLSVersion.TLSv1_3, "not signed by the CA in our CA file"),
            (expired, name, ssl.TLSVersion.TLSv1_3, "certificate has expired"),
            (elsewhere, "elsewhere.example.net", ssl.TLSVersion.TLSv1_3, f"does not name {s.controller.address}"),
            (own, ROUTER, ssl.TLSVersion.TLSv1_3, "lacks the extended key usage serverAuth"),
            (own, name, ssl.TLSVersion.TLSv1_2, "does not speak TLS 1.3")):
        s.script.show(pki, shown, version)
        s.edge.configure_bgp("no peering controller", *lines)
        until(f"on the router: {words}", lambda: refused(s), lambda said: any(words in line for line in said))
        until("the next one", lambda: told(s)["controllers"][1]["state"], lambda state: state == "connected")
    # One that takes the connection and then says nothing at all.
    s.edge.configure_bgp("no peering controller", *lines)
    s.edge.verb(OTHER, "approve")
    until("the next one", lambda: told(s)["controllers"][1]["state"], lambda state: state == "connected")
    assert told(s)["controllers"][0]["state"] == "not-connected"
    wanted = list(range(1, newest(s) + 1))
    until("every transition there", lambda: [row[0] for row in s.backup.transitions()], lambda seen: seen == wanted)
    s.script.close()
