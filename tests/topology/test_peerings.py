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


LARGE_AS = 4200000000
# As long as a file of its certificate may be named.
LONG_ROUTER = ".".join(["edge" + "r" * 59, "x" * 63, "y" * 63, "z" * 46, "example.net"])


def of_length(begins, length=63):
    return begins + "N" * (length - len(begins))


def test_ipv6_alone_a_large_as_number_and_the_longest_names(scenario):
    s, controller = scenario, scenario.controller
    peering_name, name = of_length(f"AS{LARGE_AS}-P"), of_length(f"AS{LARGE_AS}-C")
    imports, exports, profile = (of_length(word) for word in ("IN", "OUT", "QUICK"))
    subprocess.run([build.tool("lab-pki"), controller.pki, "--router", LONG_ROUTER], check=True, capture_output=True, timeout=120)
    for ending in ("pem", "key"):
        shutil.copy(controller.pki / f"{LONG_ROUTER}.{ending}", s.edge.tls / f"router.{ending}")
        shutil.chown(s.edge.tls / f"router.{ending}", "frr", "frr")
    (controller.folder / "policy.json").write_text(json.dumps({
        "locations": [{"metro": "Frankfurt", "routers": [LONG_ROUTER]}], "profile": profile, "activation": {"by": "controller"},
        "ipv6": {"required": True, "maxReceivedLimit": 1000, "minPrefixes": 3, "importPolicy": imports, "exportPolicy": exports}}))
    s.acme.asn, s.acme.sessions = LARGE_AS, [s.acme.session("edge_ipv6")]
    s.acme.announced["ipv4"] = []
    controller.start()
    s.start(s.config(bgp=[*controller.router_lines(), f"peering profile {profile} validation-window 1"],
                     acme_neighbor=lambda _: [], acme_family=lambda _: []))
    until("the router connected", lambda: controller.peerctl("routers"), lambda text: f"{LONG_ROUTER}  yes " in text)

    def ask(*words):
        status, answer = controller.request(*words)
        assert status in (200, 201), answer
        return answer

    # Both policies come from the controller, in one push.
    policies = [{"name": policy, "kind": "route-map", "entries": [{"sequence": 65535, "action": "permit"}]}
                for policy in (imports, exports)]
    assert ask("POST", f"/v1/routers/{LONG_ROUTER}/policies", policies)["state"] == "applied"
    token = ask("POST", "/v1/tokens", {"name": of_length("t", 64), "role": "peer", "asn": LARGE_AS})["token"]
    ask("PUT", f"/v1/peer-asns/{LARGE_AS}", PEER_NOC, token)
    ask("POST", f"/v1/peer-asns/{LARGE_AS}/validate", {"state": "Approved"})
    address = s.acme_address("ipv6")
    wanted = body(s, name=peering_name, peerAsn=LARGE_AS, description="ü" * 40, prefixes=sorted(s.acme_routes["ipv6"]),
                  connections=[{"router": LONG_ROUTER, "name": name, "neighbors": [{"address": address}]}])
    status, problem = controller.request("POST", "/v1/peerings", {**wanted, "connections": [
        {**wanted["connections"][0], "neighbors": [{"address": s.acme_address("ipv4")}]}]}, token)
    assert status == 422 and {one["rule"] for one in problem["findings"] if one["verdict"] == "fail"} == {"ipv6"}, problem
    ask("POST", "/v1/peerings", wanted, token)
    ask("POST", f"/v1/peerings/{peering_name}/approve")
    s.edge.wait_state(name, "ProvisioningStarted")
    ask("POST", f"/v1/peerings/{peering_name}/connections/{name}/bgp-configured", {}, token)

    # Its side is all that counts: the routes of ours that it has, and those of its that others have.
    s.edge.wait_state(name, "Active")
    s.acme.wait_received("edge_ipv6", s.to_acme("ipv6"))
    until("acme's routes at the witness", lambda: s.witness.received("edge_ipv6"),
          lambda seen: set(s.acme.announced["ipv6"]) <= seen)
    until("seen here", lambda: ask("GET", f"/v1/peerings/{peering_name}", {}, token)["provisioningState"],
          lambda seen: seen == "Succeeded")
    shown = ask("GET", f"/v1/routers/{LONG_ROUTER}/connections/{name}", {}, token)
    assert (shown["peerAsn"], [one["address"] for one in shown["sessions"]]) == (LARGE_AS, [address])
    assert ask("GET", "/v1/differences")["differences"] == []
    for words in (["show", LONG_ROUTER, name], ["connections"], ["peering", "show", peering_name], ["diff"], ["audit"],
                  ["policy", "show", LONG_ROUTER, imports], ["routes", LONG_ROUTER, name], ["preview", LONG_ROUTER, name]):
        assert "NNNNN" in controller.peerctl(*words) or words == ["diff"] or words[0] in ("routes", "preview"), words
    routes = ask("GET", f"/v1/routers/{LONG_ROUTER}/connections/{name}/routes?family=ipv6")["routes"]
    assert {one["prefix"] for one in routes} == set(s.acme.announced["ipv6"])
    assert str(LARGE_AS) in json.dumps(routes)

    # Over a restart, by what the journal has alone, it is the same.
    s.restart_bgpd("stop_bgpd")
    s.acme.wait_received("edge_ipv6", s.to_acme("ipv6"))
    assert s.edge.connection_state(name) == "Active"
    until("the router connected again", lambda: ask("GET", "/v1/differences")["differences"], lambda seen: seen == [])
    ask("POST", f"/v1/peerings/{peering_name}/deprovision", {"reason": "é" * 79})
    s.acme.wait_received("edge_ipv6", set())
    until("the end", lambda: ask("GET", f"/v1/peerings/{peering_name}", {}, token)["state"], lambda seen: seen == "deprovisioned")
