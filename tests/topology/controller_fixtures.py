# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the tests of peering-controller, and what those tests share."""
import random
import socket
import subprocess

import pytest

from controller_process import ADMIN, OPERATOR, VIEWER, Controller, make_pki
from lab import build
from lab.wait import until

REQUEST = {"name": "PNI-ACME-FRA1", "peerAsn": 64510, "kind": "direct", "activation": "manual",
           "neighbors": [{"address": "192.0.2.2", "families": [{"afi": "ipv4", "receivedLimit": 2000,
                                                                "importPolicy": "ACME-IN", "exportPolicy": "ACME-OUT"}]},
                         {"address": "2001:db8:1::2", "optional": True}]}


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return make_pki(tmp_path_factory.mktemp("pki"), "--controller", "localhost,127.0.0.1,::1", "--router", "edge1",
                    "--router", "edge2", "--router", "edge3", "--operator", OPERATOR, "--operator", ADMIN, "--operator", VIEWER)


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


@pytest.fixture(scope="module")
def bad_input(tmp_path_factory, pki):
    """One controller for all of it: nothing of it may leave a trace."""
    controller = Controller(tmp_path_factory.mktemp("bad-input"), pki).start()
    with controller.router() as router:
        yield controller, router
    assert controller.stop() == 0


def connection_path(name="PNI-ACME-FRA1", router="edge1"):
    return f"/v1/routers/{router}/connections/{name}"


def assert_serves(controller):
    """Others are served as if nothing had happened."""
    assert controller.running(), controller.log()[-4000:]
    with controller.connect("edge3") as bystander:
        bystander.hello(journal_id=f"serves-{random.random()}")
    controller.get("/v1/routers")


def crowd(address, count):
    """Connections that say nothing, opened while their predecessors may be closed again."""
    return [socket.create_connection(address, timeout=30) for _ in range(count)]


def run_controller(*arguments):
    return subprocess.run([build.program("peering-controller"), *map(str, arguments)], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=60)


def status(name="PNI-ACME", state="Validating", **fields):
    return dict(name=name, vrf="default", peer_asn=64510, kind=1, state=state, generation=3,
                state_since=1764000000, activation=1, waiting_for="session-stable: 40 s to go",
                sessions=[dict(address="192.0.2.2", bgp_state="Established", gate=1, required=True, up_seconds=60,
                               families=[dict(afi="ipv4", received=1204, received_limit=2000, import_policy="ACME-IN",
                                              export_policy="ACME-OUT")])],
                checks=[dict(name="session-stable", verdict="running", session="both", figures="0 flaps in 20 s",
                             reason="40 s to go")], **fields)


# What is asked for and what a router has

def differences(controller, query=""):
    return controller.get(f"/v1/differences{query}")["differences"]


def fields(controller):
    """{name: {field: (asked for, the router has)}} of what was asked for."""
    return {one["name"]: {each["field"]: (each["desired"], each["observed"]) for each in one["fields"]}
            for one in differences(controller) if not one["undeclared"]}


def wait_fields(controller, wanted):
    return until(f"the differences {wanted}", lambda: fields(controller), lambda found: found == wanted)
