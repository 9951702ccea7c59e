# SPDX-License-Identifier: GPL-2.0-or-later
"""A real router that has lost its journal, and its controller: nothing opens by itself, all that differs is shown, and one
command brings back policies, connections and settings."""
import json

import pytest

from lab.controller import ROUTER, Controller
from lab.scenario import ACME_AS, FAMILIES, NAME, OWN, Scenario
from lab.wait import until

V4 = "ipv4"
KEY = "an-md5-key-of-acme"


def policy(kind, *entries):
    return {"kind": kind, "entries": [{"sequence": 10 * (place + 1), "action": "permit", **entry}
                                      for place, entry in enumerate(entries)]}


@pytest.fixture
def scenario(lab):
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge).start()
    s.v4 = s.acme_address(V4)
    s.acme.sessions[0].extra = f'password "{KEY}";'
    witness = [f"peering WITNESS neighbor {s.witness_link.far_address(family)}" for family in FAMILIES]
    s.start(s.config(bgp=[*s.controller.router_lines(), *witness, "peering WITNESS adopted", "peering default-deny"],
                     acme_neighbor=lambda _family: [], acme_family=lambda _family: []))
    s.controller.wait_connected()
    for name, body in (
            ("TAKEN", policy("prefix-list-ipv4", *({"prefix": one} for one in s.acme_routes[V4]))),
            ("SENT", policy("prefix-list-ipv4", *({"prefix": one} for one in [OWN[V4], *s.witness_routes[V4]]))),
            ("PUSHED-IN", policy("route-map", {"match": {"prefixListIpv4": "TAKEN"}})),
            ("PUSHED-OUT", policy("route-map", {"match": {"prefixListIpv4": "SENT"}}))):
        code, push = s.controller.request("PUT", f"/v1/routers/{ROUTER}/policies/{name}", body)
        assert code == 200, push
    code, push = s.controller.request("POST", f"/v1/routers/{ROUTER}/connections", {
        "name": NAME, "peerAsn": ACME_AS, "validationWindow": 1, "description": "Example Networks", "neighbors": [
            {"address": s.v4, "password": KEY, "holdTime": 9, "connectRetry": 1, "families": [
                {"afi": V4, "receivedLimit": 100, "importPolicy": "PUSHED-IN", "exportPolicy": "PUSHED-OUT"}]}]})
    assert code == 200, push
    wait_fields(s, {})
    return s


def activate(s):
    for word in ("approve", "ready"):
        s.controller.peerctl(word, ROUTER, NAME)
    s.wait_passed()
    s.controller.peerctl("activate", ROUTER, NAME)
    wait_passes(s)


def wait_passes(s):
    s.acme.wait_received("edge_ipv4", [OWN[V4], *s.witness_routes[V4]])
    until("acme's routes at the witness", lambda: s.witness_has_of_acme(V4), lambda seen: seen == set(s.acme_routes[V4]))


def fields(s):
    found = json.loads(s.controller.try_peerctl("diff", "-o", "json").stdout)["differences"]
    return {one["name"]: {each["field"]: (each["desired"], each["observed"]) for each in one["fields"]} for one in found
            if not one["undeclared"]}


def wait_fields(s, wanted):
    return until(f"the differences {wanted}", lambda: fields(s), lambda found: found == wanted)


def lose_journal(s):
    (s.edge.state / "journal.jsonl").unlink()


def expect_closed(s):
    """Nothing of acme's is beyond the edge, and the other way round."""
    assert s.witness_has_of_acme(V4) == set() and s.acme.received("edge_ipv4") == set()


@pytest.mark.versions
@pytest.mark.parametrize("saved", [False, True], ids=["set up by pushes alone", "its configuration was saved"])
def test_a_lost_journal_opens_nothing_and_one_command_restores_all(scenario, saved):
    s = scenario
    activate(s)
    assert fields(s) == {}
    if saved:
        s.edge.vtysh("write memory")
    s.restart_bgpd(between=lambda: lose_journal(s))
    s.controller.wait_connected()
    # With saved lines the connection is there and judged by them, gated and not approved; pushed policies are in no file.
    missing = {"TAKEN", "SENT", "PUSHED-IN", "PUSHED-OUT", *([] if saved else [NAME])}
    until(f"missing: {missing}", lambda: {name for name, found in fields(s).items() if {"policy", "connection"} & {*found}},
          lambda found: found == missing)
    assert fields(s).keys() == missing
    if saved:
        s.edge.wait_state(NAME, "PendingApproval")
    s.mark()
    expect_closed(s)
    assert "policy" in s.controller.try_peerctl("diff", "--router", ROUTER).stdout
    s.controller.peerctl("push-again", ROUTER)
    wait_fields(s, {})
    s.edge.wait_state(NAME, "PendingApproval")
    s.mark()
    expect_closed(s)
    lines = s.edge.running_config()
    assert f"neighbor {s.v4} password {KEY}" in lines and f"neighbor {s.v4} timers 3 9" in lines
    # And back in service as any other.
    activate(s)


def test_what_is_changed_by_hand_and_an_older_journal_are_told_in_full(scenario):
    s = scenario
    kept = (s.edge.state / "journal.jsonl").read_bytes()
    # By hand: a pushed list, and lines of a pushed neighbor.
    s.edge.configure("ip prefix-list TAKEN seq 5000 permit 203.0.113.77/32")
    s.edge.configure_bgp(f"neighbor {s.v4} timers 10 60")
    at = f"neighbors[{s.v4}]"
    told = until("the differences", lambda: fields(s), lambda found: found.keys() == {"TAKEN", NAME})
    assert told["TAKEN"] == {"drift": (None, "changed by hand since the controller pushed it")}
    until("the new hold time", lambda: fields(s)[NAME],
          lambda found: found.get(f"{at}.holdTime") == (9, 60) and found.get(f"{at}.keepalive") == (None, 10))
    # Nothing of it is undone before somebody says so.
    assert "timers 10 60" in s.edge.running_config() and "seq 5000" in s.edge.running_config()
    s.controller.peerctl("push-again", ROUTER)
    wait_fields(s, {})
    assert f"neighbor {s.v4} timers 3 9" in s.edge.running_config()

    # Newer than what the journal of the copy has.
    body = policy("prefix-list-ipv4", {"prefix": "203.0.113.0/24"}, {"prefix": "203.0.113.77/32"})
    assert s.controller.request("PUT", f"/v1/routers/{ROUTER}/policies/TAKEN", body)[0] == 200
    assert s.controller.request("PUT", f"/v1/routers/{ROUTER}/policies/LATER", body)[0] == 200
    assert s.controller.request("POST", f"/v1/routers/{ROUTER}/connections/{NAME}/approve")[0] == 200
    wait_fields(s, {})
    count = len(s.acme_routes[V4])
    s.restart_bgpd("stop_bgpd", between=lambda: (s.edge.state / "journal.jsonl").write_bytes(kept))
    until("the refusal of the older journal", lambda: s.edge.vtysh("show peering controller"),
          lambda said: "new-journal-id" in said)
    s.edge.vtysh("peering controller new-journal-id")
    s.controller.wait_connected()
    wait_fields(s, {"TAKEN": {"contents": ("prefix-list-ipv4, 2 entries", f"prefix-list-ipv4, {count} entries")},
                    "LATER": {"policy": ("prefix-list-ipv4, 2 entries", None)}})
    s.edge.wait_state(NAME, "PendingApproval")
    said = s.controller.try_peerctl("push-again", ROUTER)
    assert said.returncode == 0 and "2 asked for again: 2 done" in said.stdout, said.stdout
    wait_fields(s, {})
    # What the journal itself gives back is what was pushed.
    s.restart_bgpd("stop_bgpd")
    s.controller.wait_connected()
    until("a full report", lambda: s.controller.log.read_text().count("event=router-connected"), lambda count: count >= 3)
    assert fields(s) == {}
