# SPDX-License-Identifier: GPL-2.0-or-later
"""Received routes and the preview through the controller's API, asked live from the router: as BIRD announces them, and as
the router itself would show them."""
import json

import pytest

from lab.controller import ROUTER, Controller
from lab.scenario import FAMILIES, NAME, Scenario
from lab.wait import until

pytestmark = pytest.mark.versions


@pytest.fixture(scope="module")
def asked():
    from lab.namespaces import Lab
    with Lab() as lab:
        s = Scenario(lab, acme_routes=700)
        controller = Controller(lab, s.edge).start()
        rejected = s.acme_routes["ipv4"][0]
        s.start(s.config(bgp=[*s.declaration(), *controller.router_lines()],
                         top=[f"ip prefix-list NO permit {rejected}", "no route-map ACME-IN permit 10",
                              "route-map ACME-IN deny 5", "match ip address prefix-list NO", "exit",
                              "route-map ACME-IN permit 10", "exit"]))
        s.acme.wait_established()
        s.validate()
        s.wait_passed()
        controller.wait_connected()
        yield s, controller


def answer_of(controller, *words, status=0):
    ended = controller.try_peerctl(*words, "-o", "json")
    assert ended.returncode == status, ended.stdout
    return json.loads(ended.stdout[ended.stdout.index("{"):ended.stdout.rindex("}") + 1])


def test_routes_are_those_that_the_peer_announces(asked):
    s, controller = asked
    found = answer_of(controller, "routes", ROUTER, NAME, "--count", "5000")
    assert found["next"] is None and found["connectionState"] == "Validating"
    said = {family: {route["prefix"]: route["rejectedBy"] for route in found["routes"] if route["afi"] == family}
            for family in FAMILIES}
    assert {family: set(said[family]) for family in FAMILIES} == {family: set(s.acme_routes[family]) for family in FAMILIES}
    assert [prefix for prefix, rule in said["ipv4"].items() if rule] == [s.acme_routes["ipv4"][0]]
    # Pages of the API are no other than the router's own.
    on_router = s.edge.bgpd_json(f"show peering {NAME} routes limit 7 json")
    assert answer_of(controller, "routes", ROUTER, NAME, "--count", "7")["routes"] == on_router["routes"]


def test_routes_by_what_they_are(asked):
    s, controller = asked
    one, other = s.acme_routes["ipv4"][0], s.acme_routes["ipv6"][3]
    rejected = answer_of(controller, "routes", ROUTER, NAME, "--verdict", "rejected")["routes"]
    assert [(route["prefix"], route["rejectedBy"], route["rejectedByName"]) for route in rejected] == [
        (one, "route-map", "ACME-IN")]
    assert [route["prefix"] for route in answer_of(controller, "routes", ROUTER, NAME, "--prefix", other)["routes"]] == [other]
    few = answer_of(controller, "routes", ROUTER, NAME, "--family", "ipv6", "--neighbor", s.acme_address("ipv6"), "--count", "3")
    assert len(few["routes"]) == 3 and few["next"]["of"] == s.acme_address("ipv6")
    assert answer_of(controller, "routes", ROUTER, NAME, "--as-path", "^65001_")["routes"] == []
    text = controller.peerctl("routes", ROUTER, NAME, "--verdict", "rejected")
    assert one in text and "rejected by route-map ACME-IN" in text and "1 routes, and no more" in text


def test_the_preview_is_the_router_s(asked):
    s, controller = asked
    said = until("a preview", lambda: answer_of(controller, "preview", ROUTER, NAME), lambda seen: all(
        session["families"] and not session["inProgress"] for session in seen["sessions"]))
    counts = {family["afi"]: (family["accepted"]["count"], family["rejectedCount"]) for session in said["sessions"]
              for family in session["families"]}
    assert counts == {"ipv4": (699, 1), "ipv6": (700, 0)}
    text = controller.peerctl("preview", ROUTER, NAME)
    assert "rejected by route-map ACME-IN" in text and "would be sent" in text


@pytest.mark.parametrize("words, code", [
    (("routes", ROUTER, "PNI-NOBODY"), "no-such-connection"),
    (("preview", ROUTER, "PNI-NOBODY"), "no-such-connection"),
    (("routes", "nowhere", NAME), "unknown-router"),
    (("routes", ROUTER, "a b"), "bad-query"),
    (("routes", ROUTER, NAME, "--prefix", "192.0.2.0/24 json"), "bad-query"),
    (("routes", ROUTER, NAME, "--as-path", "(("), "refused"),
    (("routes", ROUTER, NAME, "--neighbor", "192.0.2.77"), "refused"),
])
def test_what_cannot_be_asked(asked, words, code):
    _, controller = asked
    assert answer_of(controller, *words, status=1)["code"] == code


@pytest.mark.parametrize("query", ["prefix=everything", "family=preview", "verdict=perhaps"])
def test_what_peerctl_would_not_ask(asked, query):
    _, controller = asked
    status, answer = controller.request("GET", f"/v1/routers/{ROUTER}/connections/{NAME}/routes?{query}")
    assert (status, answer["code"]) == (400, "bad-query")


def test_many_ask_at_once_and_bgpd_goes_on(asked):
    s, controller = asked
    up = s.edge.bgp_neighbor(s.acme_address("ipv4"))["connectionsEstablished"]
    ended = controller.namespace.run(
        ["sh", "-c", "for i in $(seq 40); do \"$@\" >/dev/null 2>&1 & done; wait", "sh", *controller.peerctl_command(
            "routes", ROUTER, NAME, "--count", "500")[4:]],
        env={**__import__("os").environ, **controller.peerctl_environment()}, check=False)
    assert ended.returncode == 0
    assert s.edge.bgp_neighbor(s.acme_address("ipv4"))["connectionsEstablished"] == up
    assert len(answer_of(controller, "routes", ROUTER, NAME, "--count", "9")["routes"]) == 9


def test_a_router_that_is_away(asked):
    s, controller = asked
    s.edge.configure_bgp("no peering controller")
    controller.wait_connected(False)
    assert answer_of(controller, "routes", ROUTER, NAME, status=1)["code"] == "router-not-connected"
    s.edge.configure_bgp(*controller.router_lines())
    controller.wait_connected()
    assert answer_of(controller, "routes", ROUTER, NAME, "--count", "1")["routes"]
