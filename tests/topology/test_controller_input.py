# SPDX-License-Identifier: GPL-2.0-or-later
"""What people may ask of peering-controller, and how it is refused."""
import contextlib
import http.client
import socket
import ssl

import pytest

import wire
from controller_fixtures import REQUEST, connection_path, crowd
from controller_process import OPERATOR


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
    (b" " * 1100000, 413, "too-large", "1048576"),
    (b'{"description": "' + b"x" * 1100000 + b'"}', 413, "too-large", "1048576"),
    # pytest puts what it would call them into the environment, and what is started then fails.
], ids=["nothing", "half", "nonsense", "two", "no-utf8", "deep", "list", "nul-behind", "nul-inside", "huge-space", "huge-text"])
def test_bad_json_is_refused(bad_input, body, answer, code, word):
    controller, router = bad_input
    got, problem = controller.post("/v1/routers/edge1/connections", body)
    assert (got, problem["code"]) == (answer, code), problem
    assert word in problem["detail"]
    assert router.pushes == []




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
