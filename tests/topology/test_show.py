# SPDX-License-Identifier: GPL-2.0-or-later
"""What operators read: what is wrong comes first, look-ups find what they are asked for, and metrics say the same."""
import re

import pytest

from lab.scenario import ACME_AS, FAMILIES, NAME, Scenario
from lab.wait import until

OTHER = "PNI-OTHER"
SAMPLE = re.compile(r'^peering_[a-z_]+(\{([a-z_]+="[^"\\\n]*"(,[a-z_]+="[^"\\\n]*")*)\})? [0-9.]+$')


@pytest.fixture
def scenario(lab):
    s = Scenario(lab)
    s.start(s.config(bgp=[*s.declaration(), f"peering {OTHER} neighbor 203.0.113.99"]))
    s.acme.wait_established()
    return s


def names(s, words):
    return [entry["name"] for entry in s.edge.bgpd_json(f"show peering {words} json")["connections"]]


def rows(s, words=""):
    lines = (line.split() for line in s.edge.vtysh(f"show peering {words}".strip()).splitlines())
    return [line[0] for line in lines if line and line[0].startswith(("PNI-", "A-"))]


def metrics(s):
    """{name: {labels: value}}; the text has to be what Prometheus reads."""
    found, described = {}, set()
    for line in s.edge.vtysh("show peering prometheus").splitlines():
        if line.startswith("# "):
            described.add(line.split()[2])
            continue
        assert SAMPLE.match(line), line
        name, labels = re.match(r"([a-z_]+)(?:\{(.*)\})?", line).groups()
        assert name in described, line
        value = found.setdefault(name, {})
        assert labels not in value, line
        value[labels] = float(line.rsplit(" ", 1)[1])
    return found


def test_look_ups_find_what_they_are_asked_for(scenario):
    s = scenario
    assert names(s, "all") == [NAME, OTHER]
    assert names(s, "state pendingapproval") == [NAME, OTHER]
    assert names(s, "state Active") == []
    for family in FAMILIES:
        assert names(s, f"neighbor {s.acme_address(family)}") == [NAME]
    assert names(s, "neighbor 203.0.113.98") == []
    assert names(s, f"asn {ACME_AS}") == [NAME]
    assert names(s, f"interface {s.acme_link.near_interface}") == [NAME]
    assert names(s, f"interface {s.witness_link.near_interface}") == []
    assert names(s, "problems") == []
    assert "Nothing is wrong" in s.edge.vtysh("show peering problems")
    assert "is no state of a connection; there are None, PendingApproval" in s.edge.refused("show peering state Gone")
    counts = s.edge.bgpd_json("show peering summary json")
    assert counts["all"] == {"connections": 2, "gatesOpen": 0, "gatesClosed": 2, "sessions": 3, "sessionsUp": 2}
    assert counts["connectionStates"]["PendingApproval"] == counts["all"]
    assert (counts["warnings"], counts["critical"]) == (0, 0)


def test_what_is_wrong_comes_first_with_what_to_type(scenario):
    s = scenario
    s.edge.configure_bgp("peering A-FIRST-BY-NAME neighbor 203.0.113.98")
    s.validate()
    s.activate()
    assert names(s, "problems") == []
    s.acme.stop()
    seen = until("both sessions missed", lambda: s.edge.connection(NAME)["degraded"], lambda found: len(found) == 2)
    assert {(one["cause"], one["severity"], one["session"], one["gateEffect"]) for one in seen} == {
        ("session-down", "warning", s.acme_address(family), "none") for family in FAMILIES}
    assert names(s, "problems") == [NAME]
    text = s.edge.vtysh("show peering")
    assert "Attention: 1 (0 critical)" in text
    assert rows(s)[0] == NAME
    row = next(line for line in text.splitlines() if line.split()[:1] == [NAME])
    assert "is down" in row and "`show bgp neighbors" in row
    assert metrics(s)["peering_connection_degraded"] == {
        f'connection="{NAME}",session="{s.acme_address(family)}",cause="session-down"': 1 for family in FAMILIES}
    s.acme.start()
    s.acme.wait_established()
    until("nothing wrong any more", lambda: s.edge.connection(NAME)["degraded"], lambda found: not found)


def test_metrics_say_what_json_says(scenario):
    s = scenario
    s.validate()
    found = metrics(s)
    states = found["peering_connection_state"]
    assert {labels for labels in states if NAME in labels} == {
        f'connection="{NAME}",vrf="default",asn="{ACME_AS}",kind="direct",state="Validating"'}
    assert found["peering_module_state"]['state="enforcing"'] == 1
    assert sum(found["peering_module_state"].values()) == 1
    assert found["peering_journal_healthy"] == {None: 1}
    assert found["peering_connection_gate_open"][f'connection="{NAME}"'] == 0
    for session in s.edge.connection(NAME)["sessions"]:
        labels = f'connection="{NAME}",session="{session["address"]}",afi="{session["afi"]}"'
        assert found["peering_session_received_prefixes"][labels] == session["receivedCount"] == 10
        assert found["peering_session_would_accept_prefixes"][labels] == session["wouldAcceptCount"] == 10
        assert found["peering_session_installed_prefixes"][labels] == 0
        assert found["peering_session_advertised_prefixes"][labels] == 0
    s.activate()
    found = metrics(s)
    assert found["peering_connection_gate_open"][f'connection="{NAME}"'] == 1
    for session in s.edge.connection(NAME)["sessions"]:
        labels = f'connection="{NAME}",session="{session["address"]}",afi="{session["afi"]}"'
        assert found["peering_session_installed_prefixes"][labels] == 10
        assert found["peering_session_advertised_prefixes"][labels] == session["advertisedCount"] > 0


def test_more_than_fifty_rows_are_shown_only_where_asked_for(scenario):
    s = scenario
    s.edge.configure_bgp(*(f"peering PNI-{number:03} neighbor 203.0.113.{number}" for number in range(1, 61)))
    assert len(rows(s)) == 50
    assert "50 of 62 shown (`show peering all` for every one)" in s.edge.vtysh("show peering")
    assert len(rows(s, "all")) == 62
    assert len(names(s, "")) == 62


def test_how_long_the_main_thread_is_held_is_measured_and_begins_anew(scenario):
    s = scenario

    def turns(area):
        return s.edge.bgpd_json("show peering summary json")["mainThread"][area]["turns"]

    for area in ("show", "command", "session", "audit", "journal"):
        until(f"the main thread has worked for {area}", lambda: turns(area))
    held = s.edge.bgpd_json("show peering summary json")["mainThread"]
    assert held["session"]["longestHoldMicroseconds"] > 0
    found = metrics(s)
    assert {labels for labels in found["peering_main_thread_longest_hold_seconds"]} == {f'area="{area}"' for area in held}
    assert found["peering_main_thread_longest_hold_seconds"]['area="session"'] * 1e6 == pytest.approx(
        held["session"]["longestHoldMicroseconds"])
    assert found["peering_main_thread_longest_work_seconds"]['area="session"'] > 0
    assert found["peering_main_thread_turns_total"]['area="show"'] >= held["show"]["turns"]
    assert "Longest hold of bgpd's main thread: " in s.edge.vtysh("show peering summary")
    # Nothing but what acme says next is measured as its session's.
    s.edge.vtysh("clear peering longest-hold")
    assert turns("session") == 0
    s.acme.announce("ipv4", ["198.18.200.0/24"])
    until("what acme has said is measured", lambda: turns("session"))
