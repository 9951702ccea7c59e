# SPDX-License-Identifier: GPL-2.0-or-later
"""What a real router's connection goes through, as it comes to a web hook and to who watches."""
import json
import os
import shutil
import sys

import pytest

import webhook_endpoint
from controller_process import make_pki
from event_reader import number_of
from lab import build
from lab.bird import DEFAULT
from lab.controller import ROUTER, Controller
from lab.process import Process
from lab.scenario import ACME_AS, FAMILIES, NAME, Scenario
from lab.wait import until

PORT = 8080


@pytest.fixture
def told(lab):
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    folder = s.controller.folder
    hooks = webhook_endpoint.write_config(folder, {"url": f"http://127.0.0.1:{PORT}/"})
    with open(s.controller.config, "a", encoding="utf-8") as config:
        config.write(f"webhooks = {hooks}\n")
    s.taken = folder / "taken.json"
    endpoint = Process(s.controller.namespace, [sys.executable, webhook_endpoint.__file__, PORT, s.taken],
                       folder / "endpoint.log", env={**os.environ, "PYTHONPATH": os.path.dirname(webhook_endpoint.__file__)})
    until("the endpoint", lambda: endpoint.expect_running() or "ready" in endpoint.output())
    yield s
    endpoint.stop()


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_active_degraded_recovered_and_removed(told):
    s = told
    s.controller.start()
    s.start(s.config(bgp=s.controller.router_lines(), acme_neighbor=lambda _: [], acme_family=lambda _: []))
    s.controller.wait_connected()
    watched = s.controller.folder / "watched.json"
    watch = Process(s.controller.namespace, [build.program("peerctl"), "watch", "--since", "0", "-o", "json"], watched,
                    env={**os.environ, **s.controller.peerctl_environment()})
    s.controller.peerctl("request", ROUTER, NAME, "--asn", str(ACME_AS), *(
        word for family in FAMILIES for word in (
            "--neighbor", s.acme_address(family), "--limit", f"{family}=100", "--import", f"{family}=ACME-IN",
            "--export", f"{family}=ACME-OUT")), "--validation-window", "2")
    for verb in ("approve", "ready"):
        s.controller.peerctl(verb, ROUTER, NAME)
    s.acme.wait_established()
    s.wait_passed()
    s.controller.peerctl("activate", ROUTER, NAME)
    s.wait_open()
    s.settle()
    s.acme.announce("ipv4", [DEFAULT["ipv4"]])
    until("degraded at the endpoint", lambda: lines(s.taken), lambda seen: any(one["event"] == "degraded" for one in seen))
    s.acme.withdraw("ipv4", [DEFAULT["ipv4"]])
    until("recovered at the endpoint", lambda: lines(s.taken), lambda seen: any(one["event"] == "recovered" for one in seen))
    s.controller.peerctl("deprovision", ROUTER, NAME)
    taken = until("removed at the endpoint", lambda: lines(s.taken),
                  lambda seen: any(one["event"] == "removed" for one in seen))
    of_default = [one for one in taken if one["event"] not in ("degraded", "recovered")
                  or one["data"]["cause"] == "default-route"]
    assert [one["event"] for one in of_default] == ["active", "degraded", "recovered", "removed"], taken
    assert {(one["router"], one["connection"]) for one in taken} == {(ROUTER, NAME)}
    assert of_default[1]["data"]["session"] == s.acme_address("ipv4")
    # Who watches has the same, and all between, in the same order.
    seen = until("all of it on the watch", lambda: lines(watched), lambda seen: seen and seen[-1]["type"] in (
        "transition", "push-answered") and any(one["data"].get("to") == "None" for one in seen))
    assert watch.stop(2) == 0
    ids = [number_of(one["id"]) for one in seen]
    assert ids == list(range(1, len(ids) + 1))
    by_id = {one["id"]: one for one in seen}
    assert all(by_id[one["id"]]["data"] | one["data"] == by_id[one["id"]]["data"] for one in taken)
    moves = [(one["data"]["from"], one["data"]["to"]) for one in seen if one["type"] == "transition"]
    assert moves == [("None", "PendingApproval"), ("PendingApproval", "ProvisioningStarted"),
                     ("ProvisioningStarted", "ProvisioningCompleted"), ("ProvisioningCompleted", "Validating"),
                     ("Validating", "Active"), ("Active", "PendingRemove"), ("PendingRemove", "None")]


def test_failed_and_expiring(told):
    s = told
    make_pki(s.controller.pki, "--renew", "--days", "5", "--router", ROUTER)
    for ending in ("pem", "key"):
        shutil.copy(s.controller.pki / f"{ROUTER}.{ending}", s.edge.tls / f"router.{ending}")
        shutil.chown(s.edge.tls / f"router.{ending}", "frr", "frr")
    s.controller.start()
    s.edge.start(s.config(bgp=s.controller.router_lines(), acme_neighbor=lambda _: [], acme_family=lambda _: []))
    s.controller.wait_connected()
    # The router's certificate ends soon, and nobody is at the other end of the session.
    s.controller.peerctl("request", ROUTER, NAME, "--asn", str(ACME_AS), "--neighbor", s.acme_address("ipv4"), "--timer",
                         "establish=1")
    s.controller.peerctl("approve", ROUTER, NAME)
    s.edge.wait_state(NAME, "ProvisioningFailed")
    taken = until("both at the endpoint", lambda: lines(s.taken), lambda seen: len(seen) >= 2)
    assert sorted(one["event"] for one in taken) == ["expiring", "failed"], taken
    expiring, failed = sorted(taken, key=lambda one: one["event"])
    assert (expiring["data"]["whose"], expiring["data"]["name"]) == ("router", ROUTER)
    assert (failed["router"], failed["connection"], failed["data"]["to"]) == (ROUTER, NAME, "ProvisioningFailed")
    assert failed["data"]["message"]
