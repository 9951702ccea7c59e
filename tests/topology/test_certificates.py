# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificates that are revoked, renewed and that end, on both sides: who gets in, and that no working session is cut."""
import contextlib
import http.client
import re
import shutil
import signal
import ssl

import pytest

import wire
from controller_process import OPERATOR, make_pki
from lab.controller import ROUTER, Controller
from lab.scenario import Scenario
from lab.wait import until
from test_controller_tls import refused_by_router_port


def replace(source, target):
    """As a tool for certificates does it: whole, and in one step."""
    new = target.with_suffix(".new")
    shutil.copy(source, new)
    new.rename(target)


# ---- The controller

@pytest.fixture
def own_pki(tmp_path):
    """To be changed by the test."""
    return make_pki(tmp_path / "own-pki", "--controller", "localhost,127.0.0.1,::1", "--router", "edge1", "--router",
                    "edge3", "--router", "gone", "--operator", OPERATOR, "--operator", "gone@example.net", "--crl")


@pytest.fixture
def renewable(make_controller, own_pki):
    controller = make_controller(tls_crl=own_pki / "crl.pem")
    controller.pki = own_pki
    controller.settings |= {"tls-ca": own_pki / "ca.pem", "tls-certificate": own_pki / "localhost.pem",
                            "tls-key": own_pki / "localhost.key"}
    return controller.start()


def serial(controller):
    """Of the certificate that the controller shows now."""
    with wire.Connection(controller.router_address, wire.client_context(controller.pki, "edge3")) as connection:
        return connection.socket.getpeercert()["serialNumber"]


def reload(controller, event):
    said = controller.log().count(f"event={event}")
    controller._process.send_signal(signal.SIGHUP)
    until(f"event={event}", controller.log, lambda text: text.count(f"event={event}") > said)


def test_a_revoked_certificate_is_refused_and_ends_what_it_had(renewable):
    controller = renewable
    context = wire.client_context(controller.pki, None)
    context.load_cert_chain(controller.pki / "gone@example.net.pem", controller.pki / "gone@example.net.key")
    with contextlib.ExitStack() as stack:
        stays, goes = (stack.enter_context(controller.connect(name)) for name in ("edge1", "gone"))
        for connection in (stays, goes):
            connection.hello()
        operator = stack.enter_context(contextlib.closing(
            http.client.HTTPSConnection(*controller.api_address, timeout=60, context=context)))
        operator.request("GET", "/v1/routers")
        assert operator.getresponse().read()
        # Nothing but the file changes: no signal, no restart.
        make_pki(controller.pki, "--revoke", "gone", "--revoke", "gone@example.net")
        assert "revoked" in goes.expect_closed("certificate")
        stays.send_transitions(1, 1)
        stays.wait_acked(1)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            operator.request("GET", "/v1/routers")
            operator.getresponse()
    refused_by_router_port(controller, wire.client_context(controller.pki, "gone"))
    controller.wait_log("event=tls-refused side=router .*has been revoked")
    with pytest.raises((OSError, http.client.HTTPException)):
        controller.request("GET", "/v1/routers", certificate="gone@example.net")
    controller.wait_log("event=tls-refused side=api .*has been revoked")
    controller.get("/v1/routers")


def test_certificates_are_renewed_without_a_restart(renewable):
    controller = renewable
    before = serial(controller)
    with controller.connect("edge1") as session:
        session.hello()
        # Half of a file, and a key that is another's: what was there before stays.
        good = (controller.pki / "localhost.pem").read_bytes()
        (controller.pki / "localhost.pem").write_bytes(good[:len(good) // 2])
        reload(controller, "certificates-refused")
        assert serial(controller) == before
        (controller.pki / "localhost.pem").write_bytes(good)
        replace(controller.pki / "edge1.key", controller.pki / "localhost.key")
        reload(controller, "certificates-refused")
        assert re.search("certificates-refused .*does not belong to the certificate", controller.log())
        assert serial(controller) == before
        make_pki(controller.pki, "--renew", "--controller", "localhost,127.0.0.1,::1", "--crl")

        def shown():
            # A handshake that is under way while the files are read is ended: it began with those of before.
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                return serial(controller)
            return before

        # By the look that it takes now and then.
        until("the new certificate", shown, lambda seen: seen != before)
        # A list that cannot be read is not the same as none.
        (controller.pki / "crl.pem").write_text("")
        reload(controller, "certificates-refused")
        session.send_transitions(1, 1)
        session.wait_acked(1)


def test_what_ends_is_told_and_refused_only_then(make_controller, own_pki):
    make_pki(own_pki, "--renew", "--days", "5", "--controller", "localhost,127.0.0.1,::1", "--crl-days", "0", "--crl")
    make_pki(own_pki, "--renew", "--days", "20", "--router", "edge1")
    make_pki(own_pki, "--renew", "--days", "1", "--operator", OPERATOR)
    make_pki(own_pki, "--renew", "--days", "0", "--router", "gone")
    controller = make_controller(tls_crl=own_pki / "crl.pem")
    controller.pki = own_pki
    controller.settings |= {"tls-ca": own_pki / "ca.pem", "tls-certificate": own_pki / "localhost.pem",
                            "tls-key": own_pki / "localhost.key"}
    controller.start()
    for _ in range(2):
        with controller.connect("edge1") as session:
            session.hello()
        controller.get("/v1/routers")
    with controller.connect("edge3") as session:
        session.hello()
    refused_by_router_port(controller, wire.client_context(own_pki, "gone"))
    controller.wait_log("event=tls-refused side=router .*has expired")
    said = re.findall(r"event=certificate-expiring whose=(\S+) name=(\S+) message=\"the certificate ends in ", controller.log())
    assert sorted(said) == [("controller", str(own_pki / "localhost.pem")), ("operator", OPERATOR), ("router", "edge1")]
    _, page = controller.request("GET", "/v1/events?type=certificate-expiring&after=0",
                                 headers={"Accept": "application/json"})
    assert sorted((event["data"]["whose"], event["data"]["name"]) for event in page["events"]) == sorted(said)
    # The list was good for a second.
    until("the list's end", lambda: reload(controller, "certificates-read") or "event=crl-out-of-date" in controller.log())
    reload(controller, "certificates-read")
    assert controller.log().count("event=crl-out-of-date") == 1


# ---- A router, with its controller

@pytest.fixture
def scenario(lab):
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    return s


def pki(s, *arguments):
    make_pki(s.controller.pki, *arguments)


def renew(s, *arguments):
    """The router gets another certificate."""
    pki(s, "--renew", *arguments, "--router", ROUTER)
    for name in ("key", "pem"):
        (s.edge.tls / f"router.{name}.new").write_bytes((s.controller.pki / f"{ROUTER}.{name}").read_bytes())
        shutil.chown(s.edge.tls / f"router.{name}.new", "frr", "frr")
        (s.edge.tls / f"router.{name}.new").rename(s.edge.tls / f"router.{name}")


def lists(s):
    shutil.copy(s.controller.pki / "crl.pem", s.edge.tls / "crl.pem")
    shutil.chown(s.edge.tls / "crl.pem", "frr", "frr")


def state(s):
    return s.edge.bgpd_json("show peering json")["controller"]


def wait_refused(s, words):
    until(f"the router's word: {words}", lambda: state(s),
          lambda seen: not seen["connected"] and words in seen["description"])


def dial(s):
    """At once, and not when the wait after the last failure is over."""
    s.edge.configure_bgp("no peering controller", *s.controller.router_lines())


def metric(s, name):
    found = re.search(rf"^peering_{name} (\S+)$", s.edge.vtysh("show peering prometheus"), re.M)
    return float(found.group(1)) if found else None


def test_a_router_whose_certificate_ends_says_so_and_goes_on(scenario):
    s = scenario
    renew(s, "--days", "5")
    s.controller.start()
    s.start(s.config(bgp=[*s.controller.router_lines(), *s.declaration()]))
    s.acme.wait_established()
    s.validate()
    s.activate()
    s.controller.wait_connected()
    assert len(s.edge.log_lines(r"\[EC 49283088\] peering: ALERT the router's certificate .*/router.pem ends in [45] days")) == 1
    assert re.search("router.pem ends in [45] days", s.edge.vtysh("show peering"))
    ends = metric(s, "certificate_expiry_timestamp_seconds")

    # A new one is read while the session is up, which goes on.
    since = state(s)["since"]
    renew(s)
    until("the new end", lambda: metric(s, "certificate_expiry_timestamp_seconds"), lambda seen: seen > ends + 86400 * 100)
    assert state(s)["since"] == since and state(s)["connected"]
    assert "ends in" not in s.edge.vtysh("show peering")

    # One that has ended, and one that is revoked: refused, told by both, and no gate minds.
    renew(s, "--days", "0")
    dial(s)
    wait_refused(s, "our certificate has expired")
    until("the controller's word", s.controller.log.read_text, lambda text: re.search("tls-refused .*has expired", text))
    until("the alert", lambda: s.edge.log_lines("ALERT the router's certificate .*/router.pem ended 0 minutes ago"), len)
    s.wait_open()
    renew(s)
    pki(s, "--revoke", ROUTER)
    with s.controller.config.open("a") as config:
        config.write(f"tls-crl = {s.controller.pki}/crl.pem\n")
    s.controller.kill()
    s.controller.start()
    dial(s)
    wait_refused(s, "our certificate has been revoked")
    until("the controller's word", s.controller.log.read_text, lambda text: re.search("tls-refused .*been revoked", text))
    s.wait_open()
    renew(s)
    dial(s)
    s.controller.wait_connected()

    # The router's own lists, which name the controller: the session ends, and there is no other.
    pki(s, "--revoke", "controller1.example.net")
    lists(s)
    wait_refused(s, "revoked")
    dial(s)
    wait_refused(s, "the other side's certificate has been revoked")
    s.wait_open()
    assert metric(s, "crl_expiry_timestamp_seconds") > 0
    assert s.edge.connection_state("PNI-ACME") == "Active"
