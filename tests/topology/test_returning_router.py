# SPDX-License-Identifier: GPL-2.0-or-later
"""A real router that is gone for a while without its end or the controller's: frames lost one way or both, and another
version of the module when it is back. Nothing is lost by it, and no session of BGP minds."""
import contextlib
import json
import re

import pytest

from lab.controller import ROUTER, ROUTER_PORT, Controller
from lab.scenario import ACME_AS, Scenario
from lab.walls import Walls
from lab.wait import until


@pytest.fixture
def scenario(lab):
    s = Scenario(lab)
    s.walls = Walls(s.edge)
    s.controller = Controller(lab, s.edge)
    # The router's own patience is that of the test build.
    s.controller.configure(heartbeat=1, silence=6, push_wait=1)
    return s


def start(s, *bgp):
    s.controller.start()
    s.start(s.config(bgp=[*s.controller.router_lines(), *s.declaration(), *bgp]))
    s.acme.wait_established()
    s.validate()
    s.activate()
    s.controller.wait_connected()


def router_of(s):
    return json.loads(s.controller.peerctl("routers", "-o", "json"))["routers"][0]


def expect_whole(s):
    """Every transition of the journal is in the store, once each and in order."""
    newest = s.edge.bgpd_json("show peering controller json")["newestTransition"]
    until(f"all {newest} transitions at the controller", lambda: [row[0] for row in s.controller.transitions()],
          lambda seen: seen == list(range(1, newest + 1)))


def request(s, name, address, **fields):
    code, push = s.controller.request("POST", f"/v1/routers/{ROUTER}/connections", {
        "name": name, "peerAsn": ACME_AS, "neighbors": [{"address": address}], **fields})
    assert code in (200, 202), push
    return push["id"]


def push_state(s, push):
    return s.controller.request("GET", f"/v1/pushes/{push}")[1]["state"]


def test_frames_that_are_lost_one_way_or_both(scenario):
    s = scenario
    s.walls.down("patience")
    start(s, *(f"peering K{number} kind direct" for number in range(3)))
    opened = s.acme.birdc("show protocols edge_ipv4")
    to_controller = (s.controller.namespace, "dport")
    to_router = (s.edge.namespace, "sport")
    # Where TCP hears of nothing that has come, new frames wait behind old ones: either may be the first to find it out,
    # and say so where its word still comes through.
    silence = "has been silent for 5 s|the router has sent nothing for too long"
    for number, lost in enumerate(([to_controller], [to_router], [to_controller, to_router])):
        said = {"controller": len(s.controller.log.read_text()), "router": len(s.edge.log_text())}
        # In each namespace what comes in.
        with contextlib.ExitStack() as losses:
            for namespace, port in lost:
                losses.enter_context(namespace.without("ipproto", "tcp", port, str(ROUTER_PORT)))
            # Both have something to say meanwhile.
            s.edge.verb(f"K{number}", "approve")
            push = request(s, f"PUSHED{number}", f"198.51.100.{200 + number}")
            s.controller.wait_connected(False)
            until("the router's word", lambda: s.edge.log_text()[said["router"]:],
                  lambda text: re.search(f"peering: not connected .*({silence})", text))
            assert not s.edge.bgpd_json("show peering json")["controller"]["connected"]
            s.edge.verb(f"K{number}", "force-cancel reason nobody hears it")
            assert "event=router-disconnected" in s.controller.log.read_text()[said["controller"]:]
            assert router_of(s)["disconnectReason"]
        s.controller.wait_connected()
        expect_whole(s)
        until("the push done", lambda: push_state(s, push), lambda state: state == "applied")
        s.edge.wait_state(f"PUSHED{number}", "PendingApproval")
        until("the controller knows what the router has", lambda: s.controller.show(f"K{number}"),
              lambda seen: seen["connectionState"] == "None")
    until("nothing that differs", lambda: s.controller.try_peerctl("diff").returncode, lambda status: status == 0)
    # BGP has not noticed.
    s.wait_open()
    assert s.acme.birdc("show protocols edge_ipv4") == opened


def test_another_version_of_the_module_is_shown_and_reconciled(scenario):
    s = scenario
    start(s)
    before = router_of(s)
    push = request(s, "PUSHED", "198.51.100.200", description="as asked for")
    until("the push done", lambda: push_state(s, push), lambda state: state == "applied")

    # What happens on the router while the controller does not hear of it.
    s.controller.stop()
    s.edge.verb("PUSHED", "approve")
    s.walls.down("version")
    s.restart_bgpd("stop_bgpd")
    s.edge.configure_bgp("peering PUSHED description by hand")
    s.controller.start()
    s.controller.wait_connected()
    after = router_of(s)
    assert after["moduleVersion"] == before["moduleVersion"] + "-next" and after["frrVersion"] == before["frrVersion"]
    assert after["journalId"] == before["journalId"] and after["bootId"] != before["bootId"]
    shown = s.controller.peerctl("routers")
    assert re.search(rf"{ROUTER} +yes .* {after['moduleVersion']} ", shown), shown
    assert re.search(f"event=router-changed .*module {after['moduleVersion']}, was {before['moduleVersion']}; start of bgpd",
                     s.controller.log.read_text())
    expect_whole(s)
    until("what differs", lambda: differing(s), lambda fields: "description" in fields)
    assert differing(s)["description"] == ("as asked for", "by hand")
    s.controller.peerctl("push-again", ROUTER, "PUSHED")
    until("nothing that differs", lambda: differing(s), lambda fields: fields == {})
    assert s.controller.show("PUSHED")["connectionState"] == "ProvisioningStarted"
    s.wait_open()


def differing(s):
    found = json.loads(s.controller.try_peerctl("diff", "-o", "json").stdout)["differences"]
    return {each["field"]: (each["desired"], each["observed"]) for one in found if one["name"] == "PUSHED"
            for each in one["fields"]}
