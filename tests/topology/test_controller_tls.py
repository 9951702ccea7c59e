# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may speak to peering-controller: certificates, on the port for routers and on that for people."""
import contextlib
import http.client
import socket
import ssl
import subprocess

import pytest

import wire
from controller_fixtures import REQUEST, assert_serves
from controller_process import OPERATOR, make_pki
from wire import Closed


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
    # A bad one is refused where none would do, too.
    context = wire.client_context(other, OPERATOR)
    context.load_verify_locations(controller.pki / "ca.pem")
    with contextlib.closing(http.client.HTTPSConnection(*controller.api_address, timeout=60, context=context)) as client:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            client.request("GET", "/v1/routers")
            client.getresponse()
    controller.wait_log("event=tls-refused side=api .*not signed by the CA")
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
    # On the other port a token may stand in its place.
    status, problem = controller.request("GET", "/v1/routers", certificate=None)
    assert (status, problem["code"]) == (401, "no-identity")
    controller.wait_log("event=api-refused address=127.0.0.1:")


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
