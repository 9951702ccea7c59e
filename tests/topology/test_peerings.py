# SPDX-License-Identifier: GPL-2.0-or-later
"""A peering from the other network's request to its end: real controller, router and peer."""
import datetime
import json
import zoneinfo

import pytest

from lab.clock import Clock
from lab.controller import OPERATOR, ROUTER, Controller
from lab.scenario import ACME_AS, FAMILIES, NAME, Scenario
from lab.wait import until
from peerings_kit import PEER_NOC

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
    return {"name": "ACME-FRA", "peerAsn": ACME_AS, "metro": "Frankfurt",
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
        return controller.request("GET", "/v1/peerings/ACME-FRA")[1]

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
    assert controller.request("POST", "/v1/peerings/ACME-FRA/approve")[0] == 200
    s.edge.wait_state(NAME, "ProvisioningStarted")
    until("seen here", states, lambda seen: seen == ("approved", "Updating", "ProvisioningStarted"))
    assert controller.request("POST", f"/v1/peerings/ACME-FRA/connections/{NAME}/bgp-configured", {}, token)[0] == 200
    s.acme.wait_established()
    s.wait_passed()
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

    assert controller.request("POST", "/v1/peerings/ACME-FRA/deprovision", {"reason": "moved"})[0] == 200
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", set())
    until("the end", states, lambda seen: seen == ("deprovisioned", None, "None"))
    until("acme's neighbors gone", s.edge.running_config,
          lambda text: not any(f"\n neighbor {s.acme_address(family)} " in text for family in FAMILIES))
