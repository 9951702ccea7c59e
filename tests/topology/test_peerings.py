# SPDX-License-Identifier: GPL-2.0-or-later
"""A peering from the other network's request to its end: real controller, router and peer."""
import datetime
import json
import shutil
import subprocess
import zoneinfo

import pytest

from lab import build
from lab.bird import Session
from lab.clock import Clock
from lab.controller import OPERATOR, ROUTER, Controller
from lab.frr import Router
from lab.scenario import ACME_AS, FAMILIES, OWN, Scenario
from lab.wait import until
from peerings_kit import PEER_NOC

NAME = f"AS{ACME_AS}-FRA1"  # as the peer may choose it
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
POLICY = {
    "kinds": ["direct"],
    "locations": [{"metro": "Frankfurt", "routers": [ROUTER]}],
    "profile": "QUICK",
    "ipv4": {"required": True, "maxReceivedLimit": 1000, "minPrefixes": 3, "importPolicy": "ACME-IN",
             "exportPolicy": "ACME-OUT"},
    "ipv6": {"required": True, "maxReceivedLimit": 1000, "minPrefixes": 3, "importPolicy": "ACME-IN",
             "exportPolicy": "ACME-OUT"},
    "activation": {"by": "controller", "timeZone": "Europe/Berlin",
                   "hours": [{"days": ["monday"], "from": "09:00", "to": "17:00"}]},
}


@pytest.fixture
def scenario(lab):
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    s.clock = Clock(s.controller, s.controller.environment)
    policy = s.controller.folder / "policy.json"
    policy.write_text(json.dumps(POLICY))
    s.controller.configure(peering_policy=policy, admin=OPERATOR)
    return s


def seconds_until(weekday, hour):
    """From now until the next such hour in Berlin, at least a day ahead: 0 is Monday."""
    now = datetime.datetime.now(BERLIN)
    days = (weekday - now.weekday()) % 7 or 7
    then = (now + datetime.timedelta(days=days)).replace(hour=hour, minute=0, second=0)
    return int((then - now).total_seconds())


def body(s, **change):
    return {"name": "AS64510-FRA", "peerAsn": ACME_AS, "metro": "Frankfurt",
            "prefixes": [prefix for family in FAMILIES for prefix in sorted(s.acme_routes[family])],
            "connections": [{"router": ROUTER, "name": NAME,
                             "neighbors": [{"address": s.acme_address(family)} for family in FAMILIES]}], **change}


def test_a_peering_from_its_request_to_its_end(scenario):
    s, controller = scenario, scenario.controller
    # Here it is Sunday for the controller, which activates on Mondays.
    sunday = seconds_until(6, 12)
    s.clock.jump(sunday)
    controller.start()
    s.start(s.config(bgp=[*controller.router_lines(), "peering profile QUICK validation-window 2"],
                     acme_neighbor=lambda _: [], acme_family=lambda _: []))
    controller.wait_connected()

    def peering():
        return controller.request("GET", "/v1/peerings/AS64510-FRA")[1]

    def states():
        shown = peering()
        return shown["state"], shown["provisioningState"], shown["connections"][0]["connectionState"]

    # The peer asks, in the role that it has; who it is a person has validated.
    status, made = controller.request("POST", "/v1/tokens", {"name": "acme", "role": "peer", "asn": ACME_AS})
    assert status == 201, made
    token = made["token"]
    assert controller.request("PUT", f"/v1/peer-asns/{ACME_AS}", PEER_NOC, token)[0] == 201
    assert controller.request("POST", f"/v1/peer-asns/{ACME_AS}/validate", {"state": "Approved"})[0] == 200
    status, problem = controller.request("POST", "/v1/peerings", body(s, kind="exchange", metro="Paris"), token)
    assert status == 422 and {entry["rule"] for entry in problem["findings"] if entry["verdict"] == "fail"} == {
        "kind", "location"}
    assert controller.request("POST", "/v1/peerings", body(s), token)[0] == 201
    assert states() == ("requested", None, "None")

    # A person approves: declared and approved on the router, which waits for the peer.
    assert controller.request("POST", "/v1/peerings/AS64510-FRA/approve")[0] == 200
    s.edge.wait_state(NAME, "ProvisioningStarted")
    until("seen here", states, lambda seen: seen == ("approved", "Updating", "ProvisioningStarted"))
    assert controller.request("POST", f"/v1/peerings/AS64510-FRA/connections/{NAME}/bgp-configured", {}, token)[0] == 200
    s.acme.wait_established()
    s.wait_passed(NAME)
    until("it waits for the hours", lambda: peering()["connections"][0]["waitsFor"], lambda text: "hours" in (text or ""))
    # Nor does a controller that starts anew forget them.
    controller.kill()
    controller.start()
    controller.wait_connected()
    until("it has passed for the controller", lambda: controller.show(NAME),
          lambda seen: seen["connectionState"] == "Validating" and {
              check["verdict"] for check in seen["checks"] if check["level"] == "required"} == {"pass"})
    s.settle()
    s.expect_nothing_passed()
    s.edge.wait_state(NAME, "Validating")

    s.clock.jump(sunday + 22 * 3600)
    s.edge.wait_state(NAME, "Active")
    s.wait_open()
    until("seen here", states, lambda seen: seen == ("approved", "Succeeded", "Active"))
    history = {entry["to"]: entry["actor"] for entry in controller.show(NAME)["history"]}
    assert history == {"PendingApproval": f"controller:{OPERATOR}", "ProvisioningStarted": f"controller:{OPERATOR}",
                       "ProvisioningCompleted": "controller:token:acme", "Validating": "router",
                       "Active": "controller:policy"}

    assert controller.request("POST", "/v1/peerings/AS64510-FRA/deprovision", {"reason": "moved"})[0] == 200
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", set())
    until("the end", states, lambda seen: seen == ("deprovisioned", None, "None"))
    until("acme's neighbors gone", s.edge.running_config,
          lambda text: not any(f"\n neighbor {s.acme_address(family)} " in text for family in FAMILIES))


SECOND, SECOND_OWN = "edge2.example.net", "192.0.2.128/25"


def second_edge(s):
    """Another router of ours beside the edge, with a link to acme of its own; s.acme has its session too."""
    edge2 = Router(s.lab, "edge2")
    link = s.lab.link(edge2.namespace, s.acme.namespace)
    control = s.lab.link(edge2.namespace, s.controller.namespace)
    edge2.namespace.ip("route", "add", s.controller.address, "via", control.far_ipv4)
    subprocess.run([build.tool("lab-pki"), s.controller.pki, "--router", SECOND], check=True, capture_output=True, timeout=120)
    for source, target in ((f"{SECOND}.pem", "router.pem"), (f"{SECOND}.key", "router.key"), ("ca.pem", "ca.pem")):
        shutil.copy(s.controller.pki / source, edge2.tls / target)
        shutil.chown(edge2.tls / target, "frr", "frr")
    s.acme.sessions.append(Session("edge2_ipv4", link.far_ipv4, link.near_ipv4))
    lines = ["frr defaults traditional", "hostname edge2", "service integrated-vtysh-config",
             f"ip route {SECOND_OWN} blackhole", "route-map ACME-IN permit 10", "exit", "route-map ACME-OUT permit 10", "exit",
             "router bgp 64500", "bgp router-id 192.0.2.9", "no bgp default ipv4-unicast", "no bgp network import-check",
             *s.controller.router_lines(), "peering profile QUICK validation-window 2",
             "address-family ipv4 unicast", f"network {SECOND_OWN}", "exit-address-family", "exit"]
    edge2.start("\n".join([*lines, ""]))
    return edge2, link


def installed(router, prefixes):
    """Those that the router's kernel forwards to."""
    routes = json.loads(router.namespace.run(["ip", "-j", "route"]).stdout)
    return {route["dst"] for route in routes} & set(prefixes)


def test_a_peering_over_two_routers(scenario):
    s, controller = scenario, scenario.controller
    (controller.folder / "policy.json").write_text(json.dumps({
        **POLICY, "locations": [{"metro": "Frankfurt", "routers": [ROUTER, SECOND]}],
        "connections": {"min": 2, "differentRouters": True}, "activation": {"by": "controller"},
        "ipv6": {**POLICY["ipv6"], "required": False}}))
    controller.start()
    edge2, link = second_edge(s)
    s.start(s.config(bgp=[*controller.router_lines(), "peering profile QUICK validation-window 2"],
                     acme_neighbor=lambda _: [], acme_family=lambda _: []))
    controller.wait_connected()
    until("the second router connected", lambda: controller.peerctl("routers"), lambda text: text.count("  yes ") == 2)
    assert controller.request("PUT", f"/v1/peer-asns/{ACME_AS}", PEER_NOC)[0] == 201
    assert controller.request("POST", f"/v1/peer-asns/{ACME_AS}/validate", {"state": "Approved"})[0] == 200

    first = {"router": ROUTER, "name": NAME, "neighbors": [{"address": s.acme_address("ipv4")}]}
    second = {"router": SECOND, "name": "PNI-ACME-2", "neighbors": [{"address": link.far_ipv4}]}
    for connections, rule in (([first], "connections"), ([first, {**second, "router": ROUTER}], "different-routers")):
        status, problem = controller.request("POST", "/v1/peerings", body(s, connections=connections))
        assert status == 422 and rule in {one["rule"] for one in problem["findings"] if one["verdict"] == "fail"}, problem
    assert controller.request("POST", "/v1/peerings", body(s, connections=[first, second]))[0] == 201
    assert controller.request("POST", "/v1/peerings/AS64510-FRA/approve")[0] == 200

    s.edge.wait_state(NAME, "ProvisioningStarted")
    edge2.wait_state("PNI-ACME-2", "ProvisioningStarted")
    for name in (NAME, "PNI-ACME-2"):
        assert controller.request("POST", f"/v1/peerings/AS64510-FRA/connections/{name}/bgp-configured")[0] == 200

    # Both come up, are validated by themselves and opened by the policy; the far side holds what each of them has.
    acme_routes = set(s.acme_routes["ipv4"])
    s.edge.wait_state(NAME, "Active")
    edge2.wait_state("PNI-ACME-2", "Active")
    s.acme.wait_received("edge2_ipv4", [SECOND_OWN])
    until("the edge's routes at acme", lambda: s.acme.received("edge_ipv4"), lambda seen: OWN["ipv4"] in seen)
    for router in (s.edge, edge2):
        until("acme's routes in its kernel", lambda: installed(router, acme_routes), lambda seen: seen == acme_routes)
    shown = until("seen here", lambda: controller.request("GET", "/v1/peerings/AS64510-FRA")[1],
                  lambda seen: seen["provisioningState"] == "Succeeded")
    assert [one["connectionState"] for one in shown["connections"]] == ["Active", "Active"]

    # It ends on both.
    assert controller.request("POST", "/v1/peerings/AS64510-FRA/deprovision", {"reason": "moved"})[0] == 200
    for session in ("edge_ipv4", "edge2_ipv4"):
        s.acme.wait_received(session, set())
    edge2.wait_state("PNI-ACME-2", "None")
    until("the end", lambda: controller.request("GET", "/v1/peerings/AS64510-FRA")[1]["state"], lambda seen: seen == "deprovisioned")
    for router in (s.edge, edge2):
        until("nothing of acme's left", lambda: installed(router, acme_routes), lambda seen: seen == set())
