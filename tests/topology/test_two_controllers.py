# SPDX-License-Identifier: GPL-2.0-or-later
"""Two controllers with stores of their own that both push to one router: each hears of the other's pushes, sends nothing
before a person has settled what differs, and nothing goes back and forth."""
import json

import pytest

from lab.controller import ROUTER, Controller
from lab.scenario import ACME_AS, NAME, Scenario
from lab.wait import until

V4 = "ipv4"


@pytest.fixture
def scenario(lab):
    s = Scenario(lab)
    s.first = Controller(lab, s.edge).start()
    s.second = Controller(lab, s.edge, "backup", beside=s.first)
    s.v4 = s.acme_address(V4)
    s.start(s.config(bgp=[f"peering controller {s.first.address} priority 10",
                          f"peering controller {s.second.address} priority 200", "peering default-deny"],
                     acme_neighbor=lambda _family: [], acme_family=lambda _family: []))
    s.first.wait_connected()
    return s


def request(controller, address, limit, name=NAME):
    return controller.request("POST", f"/v1/routers/{ROUTER}/connections", {
        "name": name, "peerAsn": ACME_AS, "validationWindow": 1, "neighbors": [{"address": address, "families": [
            {"afi": V4, "receivedLimit": limit, "importPolicy": "ACME-IN", "exportPolicy": "ACME-OUT"}]}]})


def fields(controller):
    found = json.loads(controller.try_peerctl("diff", "-o", "json").stdout)["differences"]
    return {one["name"]: {each["field"]: (each["desired"], each["observed"]) for each in one["fields"]} for one in found
            if not one["undeclared"]}


def wait_fields(controller, wanted):
    return until(f"the differences {wanted}", lambda: fields(controller), lambda found: found == wanted)


def held(controller):
    return json.loads(controller.peerctl("routers", "-o", "json"))["routers"][0]["held"]


def revision(s):
    return s.edge.bgpd_json("show peering summary json")["pushes"]["revision"]


def limit(s):
    return [line.split()[-1] for line in s.edge.running_config().splitlines()
            if f"peering {NAME} received-limit ipv4" in line]


def prefixes(network, controller):
    code, push = controller.request("PUT", f"/v1/routers/{ROUTER}/policies/ACME-4", {
        "kind": "prefix-list-ipv4", "entries": [{"sequence": 5, "action": "permit", "prefix": network}]})
    assert code == 200, push


def move(s, old, new):
    """The router turns to the other one."""
    old.stop()
    new.start()
    new.wait_connected()


def test_two_that_push_hold_back_and_say_what_to_do(scenario):
    s = scenario
    code, push = request(s.first, s.v4, 100)
    assert code == 200, push
    wait_fields(s.first, {})
    # The second takes over, and a person asks for the same connection there, otherwise.
    move(s, s.first, s.second)
    until("it said there", s.second.log.read_text, lambda said: "event=router-pushed-elsewhere" in said)
    code, push = request(s.second, s.v4, 50)
    assert code == 200, push
    assert limit(s) == ["50"]
    before = revision(s)

    # Back at the first: it is told, sends nothing, and says so.
    move(s, s.second, s.first)
    difference = {NAME: {f"neighbors[{s.v4}].ipv4.receivedLimit": (100, 50)}}
    wait_fields(s.first, difference)
    assert held(s.first)["unsettledCount"] == 1
    assert "another controller pushes too" in s.first.log.read_text()
    refused = s.first.try_peerctl("approve", ROUTER, NAME)
    assert refused.returncode == 1 and "held until its differences are settled" in refused.stdout, refused.stdout
    code, push = request(s.first, "192.0.2.77", 77, "PNI-NEW")
    assert code == 202 and "held" in push["message"], push
    # To and fro without a person: nothing of it changes the router.
    move(s, s.first, s.second)
    wait_fields(s.second, {})
    move(s, s.second, s.first)
    wait_fields(s.first, {**difference, "PNI-NEW": {"connection": ("declared", None)}})
    assert (revision(s), limit(s)) == (before, ["50"])
    assert s.edge.connection_state(NAME) == "PendingApproval"

    # A person decides for the first: it asks again, what waited goes out, and the second is held in its turn.
    s.first.peerctl("push-again", ROUTER)
    wait_fields(s.first, {})
    assert held(s.first) is None and limit(s) == ["100"]
    s.edge.wait_state("PNI-NEW", "PendingApproval")
    move(s, s.first, s.second)
    wait_fields(s.second, {NAME: {f"neighbors[{s.v4}].ipv4.receivedLimit": (50, 100)}})
    assert held(s.second)["unsettledCount"] == 1
    # There it is accepted: nothing is sent, and both agree.
    before = revision(s)
    s.second.peerctl("accept", ROUTER, NAME)
    assert held(s.second) is None and fields(s.second) == {} and revision(s) == before
    assert limit(s) == ["100"]

    # A push of policies alone is one, too: whom it takes something from is held.
    prefixes("198.51.100.0/24", s.second)
    move(s, s.second, s.first)
    prefixes("203.0.113.0/24", s.first)
    move(s, s.first, s.second)
    until("what differs", lambda: fields(s.second), lambda found: list(found) == ["ACME-4"])
    assert held(s.second)["unsettledCount"] == 1
    refused = s.second.try_peerctl("approve", ROUTER, NAME)
    assert refused.returncode == 1 and "held until its differences are settled" in refused.stdout, refused.stdout
    s.second.peerctl("policy", "push-again", ROUTER, "ACME-4")
    wait_fields(s.second, {})
    assert held(s.second) is None
    assert "198.51.100.0/24" in s.edge.bgpd_vty("show ip prefix-list ACME-4")
    s.expect_nothing_passed()
