# SPDX-License-Identifier: GPL-2.0-or-later
"""Bytes that are no good request to the API of peering-controller, and clients that are slow, many or hostile: each is
answered with a problem or let go, and others are served meanwhile."""
import contextlib
import json
import re
import socket
import ssl
import threading
import time
import urllib.parse

import pytest

import openapi
import wire
from controller_fixtures import REQUEST, assert_serves, connection_path
from controller_process import ADMIN, OPERATOR
from lab.wait import until


def talk(controller, *pieces, certificate=OPERATOR):
    """Every byte that comes back until the controller closes."""
    raw = socket.create_connection(controller.api_address, timeout=60)
    got = b""
    with wire.client_context(controller.pki, certificate).wrap_socket(raw, server_hostname="localhost") as stream:
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            for piece in pieces:
                stream.sendall(piece)
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while data := stream.recv(65536):
                got += data
    return got


def answers(data):
    """[(status, headers, body)] of what came back, each held against the document's problem where it is one."""
    found = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        length = int(headers.get("Content-Length", len(rest)))
        body, data = rest[:length], rest[length:]
        found.append((int(lines[0].split()[1]), headers, json.loads(body)))
        if found[-1][0] >= 400:
            assert headers["Content-Type"] == "application/problem+json"
            openapi.check_schema({"$ref": "#/components/schemas/Problem"}, found[-1][2])
            assert found[-1][2]["status"] == found[-1][0]
    return found


def get(path="/v1/routers", *headers, version=b"1.1", method=b"GET"):
    return method + b" " + path.encode() + b" HTTP/" + version + b"\r\nHost: localhost\r\n" + b"".join(
        header + b"\r\n" for header in headers) + b"Connection: close\r\n\r\n"


def post(*headers, body=b"", path=connection_path() + "/approve"):
    return get(path, b"Content-Type: application/json", *headers, method=b"POST") + body


def short(value):
    """The name of a case: bytes may be very many."""
    return f"{len(value)}:{value[:40]!r}" if isinstance(value, bytes) else None


@pytest.mark.parametrize("request_bytes, status, code", [
    (b"\r\n\r\n", 400, "bad-request"),
    (b"GARBAGE\r\n\r\n", 400, "bad-request"),
    (b"GET\r\n\r\n", 400, "bad-request"),
    (b"\x00\x01\x02\xff\r\n\r\n", 400, "bad-request"),
    (get(version=b"9.9"), 400, "bad-request"),
    (b"GET http://[bad/ HTTP/1.1\r\n\r\n", 400, "bad-request"),
    (b"GET /v1/routers HTTP/1.1\r\nno colon\r\n\r\n", 400, "bad-request"),
    (b"GET /v1/routers HTTP/1.1\r\n folded: first\r\n\r\n", 400, "bad-request"),
    (get("/" + "x" * 40000), 400, "bad-request"),
    (get("/v1/connections?after=" + "x" * 40000), 400, "bad-request"),
    (get("/v1/routers", *[b"X: y"] * 9000), 400, "bad-request"),
    (get("/v1/routers", b"X: " + b"y" * 40000), 400, "bad-request"),
    (get(method=b"BREW"), 405, "bad-method"),
    (get(method=b"TRACE"), 405, "bad-method"),
    (get(method=b"OPTIONS"), 405, "bad-method"),
    (get("*", method=b"OPTIONS"), 404, "unknown-path"),
    (post(b"Content-Length: -5"), 400, "bad-request"),
    (post(b"Content-Length: many"), 400, "bad-request"),
    (post(b"Content-Length: 99999999999999999999999"), 413, "too-large"),
    (post(b"Content-Length: 99999999999"), 413, "too-large"),
    (post(b"Content-Length: 200000", body=b" " * 200000), 413, "too-large"),
    (post(b"Content-Length: 65537", body=b" " * 65537), 413, "too-large"),
    (post(b"Content-Length: 2", b"Expect: coffee", body=b"{}"), 417, "bad-expectation"),
    (post(b"Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n0\r\n\r\n"), 413, "too-large"),
    (post(b"Transfer-Encoding: chunked", body=b"ffffffffffffffff\r\n{}\r\n0\r\n\r\n"), 413, "too-large"),
    (post(b"Transfer-Encoding: chunked", body=b"fffff\r\n" + b" " * 0xfffff + b"\r\n0\r\n\r\n"), 413, "too-large"),
    (post(b"Transfer-Encoding: chunked", body=(b"1000\r\n" + b" " * 0x1000 + b"\r\n") * 40 + b"0\r\n\r\n"), 413,
     "too-large"),
    (post(b"Transfer-Encoding: chunked", b"Content-Length: 3", body=b"2\r\n{}\r\n0\r\n\r\n"), 400, "bad-request"),
    (post(b"Transfer-Encoding: chunked", body=b"1\r\n[\r\n1\r\n]\r\n0\r\n\r\n"), 400, "bad-value"),
], ids=short)
def test_bytes_that_are_no_good_request(bad_input, request_bytes, status, code):
    controller, router = bad_input
    got = talk(controller, request_bytes)
    # Where the rest of a flood is thrown away its answer may be lost with the connection.
    if got or len(request_bytes) < 65536:
        (answered, headers, problem), = answers(got)
        assert (answered, problem["code"]) == (status, code), problem
        assert headers.get("Connection") == "close" or b"Connection: close" in request_bytes
    assert router.pushes == []
    assert controller.request("GET", "/v1/routers")[0] == 200


def test_requests_in_a_row_are_answered_in_their_order(bad_input):
    controller, _ = bad_input
    row = b"".join(get(path).replace(b"Connection: close\r\n", b"") for path in
                   ("/v1/routers", "/v1/nothing", "/v1/audit") * 50) + get("/v1/tokens")
    found = answers(talk(controller, row))
    assert [status for status, _, _ in found] == [200, 404, 200] * 50 + [403]
    assert "routers" in found[0][2] and "audit" in found[2][2]
    # Byte by byte is the same.
    assert [status for status, _, _ in answers(talk(controller, *[bytes([one]) for one in get()]))] == [200]


@pytest.mark.parametrize("body, word", [
    (b'{"reason": "a", "reason": "b"}', "twice"),
    (b'{"reason": "a", "re\\u0061son": "b"}', "twice"),
    (b'{"reason": "\\"}{:", "reason": "\\\\"}', "twice"),
    (b'{"reason": "a:b", "x": {"y": 1, "y": 2}}', "twice"),
    (b"[" * 30000, "byte"),
    (b'{"reason": ' * 5000, "byte"),
    (b"[" * 17 + b"]" * 17, "byte"),
    (b'{"reason": "a\x00b"}', "byte"),
    (b'\xef\xbb\xbf{}', "byte"),
    (b"{} {}", "byte"),
    (b"{'reason': 'x'}", "byte"),
    (b'{"reason": "x",}', "byte"),
    (b'{"reason": undefined}', "byte"),
    (b"// words\n{}", "byte"),
    (b'{"reason": "\\x"}', "byte"),
    (b"\xff\xfe{\x00}\x00", "byte"),
], ids=short)
def test_json_that_is_none(bad_input, body, word):
    controller, router = bad_input
    got, problem = controller.post(connection_path() + "/approve", body)
    assert (got, problem["code"]) == (400, "bad-json"), problem
    assert word in problem["detail"] and router.pushes == []


@pytest.mark.parametrize("body", [
    b"null", b"1", b'"x"', b"true", b"[]", b'{"reason": 1e400}', b'{"reason": NaN}', b'{"reason": -Infinity}',
    b'{"reason": 99999999999999999999999999999999}', b'{"reason": null}', b'{"reason": []}', b'{"reason": {}}',
    b'{"reason": "\\u0000"}', b'{"reason": "\xed\xa0\x80"}', b'{"reason": "\xc0\x80"}', b'{"": ""}', b'{"Reason": "x"}', b'{"reason": "x", "more": 1}',
    b'{"reason": "' + b"x" * 60000 + b'"}',
], ids=short)
def test_json_of_another_kind(bad_input, body):
    controller, router = bad_input
    got, problem = controller.post(connection_path() + "/approve", body)
    # No reason is none: refused by what it is about, for there is no such connection.
    assert got == (404 if body in (b"null", b'{"reason": null}') else 400), problem
    assert router.pushes == []


NUMBERS = (b"1e400", b"-1", b"0", b"18446744073709551616", b"99999999999999999999999999999", b"1.5", b"64510.0", b"NaN",
           b"true", b'"64510"', b"[64510]", b"null")


@pytest.mark.parametrize("key", ["peerAsn", "validationWindow", "reopenHoldDown"])
def test_numbers_out_of_range(bad_input, key):
    controller, router = bad_input
    for number in NUMBERS:
        if number == b"null" and key != "peerAsn":
            continue
        body = json.dumps({**REQUEST, key: "NUMBER"}).encode().replace(b'"NUMBER"', number)
        got, problem = controller.post("/v1/routers/edge1/connections", body)
        assert got == 400, (number, problem)
    assert router.pushes == []


SQL = ("'; DROP TABLE router; --", "' OR 1=1 --", "x' UNION SELECT hash FROM token --", "%", "a/b'--")


def test_sql_in_every_parameter(make_controller):
    controller = make_controller(admin=ADMIN).start()
    with controller.router() as router:
        assert controller.post("/v1/routers/edge1/connections", REQUEST)[0] == 200
        token = controller.post("/v1/tokens", {"name": "peer", "role": "peer", "asn": 64510}, certificate=ADMIN)[1]["token"]
        count = ("SELECT (SELECT count(*) FROM router), (SELECT count(*) FROM push), (SELECT count(*) FROM token), "
                 "(SELECT count(*) FROM transition), (SELECT count(*) FROM observed_connection)")
        before = controller.query(count)
        for words in SQL:
            quoted = urllib.parse.quote(words, safe="")
            for method, path, body in (
                    ("GET", f"/v1/connections?router={quoted}", None), ("GET", f"/v1/connections?state={quoted}", None),
                    ("GET", f"/v1/connections?after={quoted}/{quoted}", None), ("GET", f"/v1/connections?limit={quoted}", None),
                    ("GET", f"/v1/connections?{quoted}=1", None), ("GET", f"/v1/routers?after={quoted}", None),
                    ("GET", f"/v1/routers?limit={quoted}", None), ("GET", f"/v1/routers/{quoted}/connections", None),
                    ("GET", connection_path(quoted), None), ("GET", connection_path("x", quoted), None),
                    ("GET", f"/v1/pushes/{quoted}", None), ("GET", f"/v1/audit?after={quoted}", None),
                    ("GET", f"/v1/tokens?after={quoted}", None), ("DELETE", f"/v1/tokens/{quoted}", None),
                    ("POST", f"/v1/routers/{quoted}/connections", REQUEST), ("POST", connection_path(quoted) + "/approve", {}),
                    ("POST", connection_path() + f"/{quoted}", {}), ("POST", "/v1/tokens", {"name": words, "role": "admin"}),
                    ("POST", "/v1/tokens", {"name": "x", "role": words}),
                    ("POST", "/v1/routers/edge1/connections", {**REQUEST, "name": words}),
                    ("POST", "/v1/routers/edge1/connections", {**REQUEST, "peerAsn": words})):
                answer = controller.ask(method, path, body, certificate=ADMIN)
                assert answer.status in (200, 400, 404, 409), (path, answer)
                if answer.status == 200:
                    assert "after" in path or "router" in path, (path, answer)
                    assert "hash" not in str(answer.body)
            for header in ("If-Match", "If-None-Match"):
                controller.ask("GET", connection_path(), headers={header: words}, certificate=ADMIN)
            assert controller.ask("GET", "/v1/routers", certificate=None,
                                  headers={"Authorization": f"Bearer {words}"}).status in (401, 429)
            assert controller.request("GET", f"/v1/connections?router={quoted}", token=token)[1]["connections"] == []
            assert controller.request("GET", connection_path(quoted), token=token)[0] == 404
        assert controller.query(count) == before and len(router.pushes) == 1
        # What may be any words is kept as it came.
        assert controller.post(connection_path() + "/approve", {"reason": SQL[0]},
                               headers={"Idempotency-Key": "';--"})[0] == 200
        assert controller.get("/v1/audit")["audit"][-1]["detail"]["reason"] == SQL[0]
        assert controller.query("SELECT key FROM idempotency") == [("';--",)]


class Bystander(threading.Thread):
    """Somebody who goes on working: the longest that one answer took."""

    def __init__(self, controller):
        super().__init__(daemon=True)
        self.controller, self.longest, self.count, self.error = controller, 0, 0, None
        self._over = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self.join(60)
        assert self.error is None and self.count > 0, self.error

    def run(self):
        try:
            while not self._over.is_set():
                begin = time.monotonic()
                self.controller.get("/v1/routers")
                self.longest = max(self.longest, time.monotonic() - begin)
                self.count += 1
        except BaseException as error:  # noqa: BLE001 shown by __exit__()
            self.error = error


def open_stream(controller, certificate=None):
    raw = socket.create_connection(controller.api_address, timeout=60)
    return wire.client_context(controller.pki, certificate).wrap_socket(raw, server_hostname="localhost")


def closed(stream):
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        return stream.recv(4096) == b""
    return True


@pytest.mark.parametrize("begin, drip", [
    (b"GET /v1/routers HTTP/1.1\r\n", b"X: y\r\n"),
    (b"POST /v1/tokens HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n", b" "),
    (b"POST /v1/tokens HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    (b"", b"\r\n"),
], ids=["headers", "body", "chunks", "nothing"])
def test_who_says_nothing_whole_leaves(make_controller, begin, drip):
    """Without a certificate that is a matter of handshake-timeout, however the bytes come."""
    # Somebody known has longer than this test waits.
    controller = make_controller(handshake_timeout=1, push_wait=300).start()
    with Bystander(controller), contextlib.ExitStack() as stack:
        streams = [stack.enter_context(open_stream(controller)) for _ in range(8)]
        for stream in streams:
            stream.sendall(begin)

        def all_left():
            for stream in streams:
                with contextlib.suppress(ConnectionError, ssl.SSLError, OSError):
                    stream.sendall(drip)
            return all(_is_over(stream) for stream in streams)

        until("the slow ones have left", all_left)
    assert_serves(controller)


def _is_over(stream):
    stream.settimeout(0.01)
    try:
        return stream.recv(4096) == b""
    except (TimeoutError, ssl.SSLWantReadError):
        return False
    except (OSError, ssl.SSLError):
        return True


def test_many_who_are_nobody_keep_nobody_out(make_controller):
    """TLS is through, and no token comes: they hold no place of those that are somebody's."""
    controller = make_controller(max_api_clients=4, max_handshakes_per_source=16, handshake_timeout=600).start()
    with Bystander(controller), contextlib.ExitStack() as stack:
        streams = [stack.enter_context(open_stream(controller)) for _ in range(40)]
        # The oldest had to make room.
        until("the oldest have left", lambda: sum(_is_over(stream) for stream in streams[:20]) == 20)
        assert controller.peerctl("routers").returncode == 0
        said = sum(_is_over(stream) for stream in streams)
        assert 24 <= said < 40
    assert "event=api-full" not in controller.log()
    assert re.search("event=newcomers-dropped side=api", controller.log())


def test_what_nobody_known_sends_is_bounded_in_bytes(make_controller):
    """Bodies of a megabyte are for those who show at their end, by a token, that they may: all together are bounded."""
    controller = make_controller(max_handshakes_per_source=200, handshake_timeout=600).start()
    head = b"POST /v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
    with contextlib.ExitStack() as stack:
        small = stack.enter_context(open_stream(controller))
        small.sendall(head)
        streams = [stack.enter_context(open_stream(controller)) for _ in range(120)]
        for stream in streams:
            with contextlib.suppress(OSError, ssl.SSLError):
                stream.sendall(head + bytes(900000))
        until("some have left", lambda: sum(_is_over(stream) for stream in streams), lambda count: count >= 120 - 75)
        # Nobody whose bytes are few, and nobody with a certificate.
        assert not _is_over(small)
        assert controller.peerctl("routers").returncode == 0


def test_a_flood_of_bad_tokens_holds_nobody_up(make_controller):
    controller = make_controller().start()
    with Bystander(controller) as bystander:
        for number in range(60):
            got = talk(controller, get("/v1/routers", b"Authorization: Bearer pct_%016x_%064x" % (number, number)),
                       certificate=None)
            assert answers(got)[0][0] in (401, 429)
    assert bystander.count > 5
    # Each refusal is a line until there are too many of them.
    assert len(re.findall("event=api-refused", controller.log())) < 30
