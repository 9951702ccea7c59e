# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows of the lifecycle beside the way up and down: what is blocked, given up, forced, changed, and what takes too long."""
import json
import re

import pytest

from lab.clock import Clock
from lab.disk import Disk
from lab.scenario import ACME_AS, FAMILIES, NAME, Scenario
from lab.wait import until

DAY = 86400
VERBS = ("request", "approve", "ready", "activate", "deprovision", "cancel", "adopt", "withdraw", "reject", "retry",
         "unblock", "delete", "type-change start")


@pytest.fixture
def scenario(lab):
    return Scenario(lab)


def completed(s, *lines, window=3600):
    """In ProvisioningCompleted, or where acme is up, on the way through it."""
    s.start(s.config(bgp=[*s.declaration(window=window), *lines]))
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")


def started(s, *lines):
    s.start(s.config(bgp=[*s.declaration(window=3600), *lines]))
    s.edge.verb(NAME, "approve")
    s.edge.wait_state(NAME, "ProvisioningStarted")


def nobody_at_acme(s):
    for family in FAMILIES:
        s.acme.session(f"edge_{family}").enabled = False


def last(s):
    return s.edge.connection(NAME)["history"][-1]


def flags(s):
    return s.edge.connection(NAME)["flags"]


# Row 20

def test_blocked_while_it_validates_and_back(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.validate()
    before = s.capture.read()
    s.edge.verb(NAME, "block reason the exchange has not opened the port")
    assert s.edge.connection_state(NAME) == "ExternalBlocker"
    assert "the exchange has not opened the port" in s.edge.connection(NAME)["waitsFor"]
    assert (last(s)["cause"], last(s)["message"]) == ("20", "the exchange has not opened the port")
    # Nothing advances, nobody is cut, and it is not open to a verb that would pass the validation by.
    assert "does not take `activate`" in s.edge.refused(f"peering {NAME} activate")
    s.settle()
    s.expect_nothing_passed()
    for family in FAMILIES:
        edge = s.edge_address(family)
        assert len(s.capture.read().sessions(edge)) == len(before.sessions(edge))
    s.edge.verb(NAME, "unblock")
    s.wait_passed()
    s.activate()


def test_blocked_while_the_link_is_wired_stays_shut_over_a_restart(scenario):
    s = scenario
    started(s)
    s.edge.verb(NAME, "block reason no fibre")
    s.edge.wait_state(NAME, "ExternalBlocker")
    s.settle()
    assert not s.acme.established()
    s.restart_bgpd()
    s.edge.wait_state(NAME, "ExternalBlocker")
    s.settle()
    assert not s.acme.established()
    s.expect_nothing_passed()
    s.edge.verb(NAME, "unblock")
    assert s.edge.connection_state(NAME) == "ProvisioningStarted"
    s.settle()
    assert not s.acme.established()


def test_blocked_while_it_waits_for_its_peer_it_does_not_go_on(scenario):
    s = scenario
    nobody_at_acme(s)
    completed(s, window=2)
    s.edge.wait_state(NAME, "ProvisioningCompleted")
    s.edge.verb(NAME, "block reason peer asks to wait")
    for family in FAMILIES:
        s.acme.enable_session(f"edge_{family}")
    s.acme.wait_established()
    s.settle()
    assert s.edge.connection_state(NAME) == "ExternalBlocker"
    s.edge.verb(NAME, "unblock")
    s.wait_passed()
    s.expect_nothing_passed()


# Rows 22, 25 and 26

def test_each_verb_that_is_refused_says_what_would_be_taken(scenario):
    s = scenario
    completed(s)
    s.edge.wait_state(NAME, "Validating")
    allowed = s.edge.connection(NAME)["allowedVerbs"]
    assert allowed == ["activate", "activate force", "block", "force-cancel"]
    history = s.edge.history(NAME)
    for verb in VERBS:
        answer = json.loads(s.edge.vtysh(f"peering {NAME} {verb} json"))
        code = {"activate": "not-validated", "delete": "not-deletable"}.get(verb, "not-allowed")
        assert set(answer) == {"error"} and set(answer["error"]) == {"code", "message", "allowed"}, answer
        assert answer["error"]["code"] == code and answer["error"]["allowed"] == allowed, answer
        # The same in words, but for the seconds to go.
        said, message = (re.sub(r"\d+s to go", "", text).strip()
                         for text in (s.edge.refused(f"peering {NAME} {verb}"), answer["error"]["message"]))
        assert said == f"% {message[0].upper()}{message[1:]}"
    assert s.edge.history(NAME) == history
    nobody = json.loads(s.edge.vtysh("peering PNI-NOBODY approve json"))["error"]
    assert (nobody["code"], nobody["allowed"]) == ("no-such-connection", [])
    taken = json.loads(s.edge.vtysh(f"peering {NAME} block json reason here"))
    assert taken["connectionState"] == "ExternalBlocker" and not taken["unchanged"], taken
    assert json.loads(s.edge.vtysh(f"peering {NAME} block json reason here"))["unchanged"]


@pytest.mark.parametrize("state", ["PendingApproval", "ProvisioningStarted", "Validating", "ExternalBlocker"])
def test_force_cancel_ends_what_is_not_in_service(scenario, state):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    for verb in {"PendingApproval": [], "ProvisioningStarted": ["approve"], "Validating": ["approve", "ready"],
                 "ExternalBlocker": ["approve", "ready", "block reason never mind"]}[state]:
        s.edge.verb(NAME, verb)
    s.edge.wait_state(NAME, state)
    s.edge.verb(NAME, "force-cancel reason the peer has gone")
    assert s.edge.connection_state(NAME) == "None"
    assert (last(s)["cause"], last(s)["message"]) == ("26", "the peer has gone")
    for family in FAMILIES:
        until(f"{family} closed at acme", lambda: s.acme.bgp_state(f"edge_{family}"),
              lambda seen: seen != "Established")
    s.settle()
    assert not s.acme.established()
    s.expect_nothing_passed()


def test_force_cancel_ends_nothing_that_is_in_service(scenario):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    s.edge.refused(f"peering {NAME} force-cancel reason by mistake")
    s.settle()
    s.wait_open()


# Row 30

def overridden(s):
    """Open although nothing has passed, and said so wherever somebody looks."""
    s.edge.wait_state(NAME, "Active")
    s.wait_open()
    assert "overridden" in flags(s)
    assert {entry["cause"] for entry in s.edge.connection(NAME)["degraded"]} == {"overridden"}
    assert "overridden" in s.edge.bgpd_vty(f"show peering {NAME}")
    assert f"{NAME} O " in s.edge.bgpd_vty("show peering")


def test_activated_by_force_until_somebody_has_looked(scenario):
    s = scenario
    completed(s)
    s.acme.wait_established()
    s.edge.wait_state(NAME, "Validating")
    s.settle()
    s.expect_nothing_passed()
    assert "incomplete" in s.edge.refused(f"peering {NAME} activate force"), "no reason is asked for"
    s.edge.verb(NAME, "activate force reason customers are down")
    overridden(s)
    assert (last(s)["cause"], last(s)["message"]) == ("30", "customers are down")
    assert s.edge.log_lines(r"ALERT.*activated by .* whatever .*customers are down")
    s.restart_bgpd()
    overridden(s)
    s.edge.vtysh(f"clear peering overridden {NAME}")
    assert "overridden" not in flags(s)
    s.restart_bgpd()
    s.acme.wait_established()
    s.wait_open()
    assert "overridden" not in flags(s)


def test_activated_by_force_where_the_disk_is_full(scenario):
    s = scenario
    disk = Disk(s.edge)
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.validate()
    disk.full()
    assert "no gate" in s.edge.refused(f"peering {NAME} activate")
    until("the failure is told", lambda: s.edge.bgpd_vty("show peering"), lambda seen: "No space left" in seen)
    s.settle()
    assert s.edge.connection_state(NAME) == "Validating"
    s.expect_nothing_passed()
    s.edge.verb(NAME, "activate force reason the disk is full")
    overridden(s)
    disk.good()
    until("the journal is good", lambda: s.edge.bgpd_vty("show peering"), lambda seen: "No space left" not in seen)
    s.restart_bgpd()
    overridden(s)


def test_activated_by_force_where_the_disk_does_not_answer(scenario):
    s = scenario
    disk = Disk(s.edge)
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.validate()
    disk.slow(20000)
    assert "not in the journal yet" in s.edge.verb(NAME, "activate")
    assert "just becoming" in s.edge.refused(f"peering {NAME} activate")
    s.edge.verb(NAME, "activate force reason the disk hangs")
    assert s.edge.connection_state(NAME) == "Active"
    overridden(s)
    disk.good()


def test_a_connection_that_nobody_has_approved_is_activated_by_force(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration(window=3600)))
    s.acme.wait_established()
    s.edge.wait_state(NAME, "PendingApproval")
    s.edge.verb(NAME, "activate force reason now")
    overridden(s)


# Rows 5, 11, 13 and 23

@pytest.mark.parametrize("verb", ["withdraw", "reject"])
def test_a_request_that_is_taken_back_or_refused(scenario, verb):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.edge.verb(NAME, verb)
    assert s.edge.connection_state(NAME) == "None" and last(s)["cause"] == "5"
    for family in FAMILIES:
        until(f"{family} closed at acme", lambda: s.acme.bgp_state(f"edge_{family}"),
              lambda seen: seen != "Established")
    s.settle()
    assert not s.acme.established()
    s.expect_nothing_passed()


def test_what_waits_for_its_port_is_withdrawn(scenario):
    s = scenario
    s.start(s.config(bgp=[*s.declaration(), f"peering {NAME} kind exchange"]))
    s.edge.verb(NAME, "approve")
    s.edge.wait_state(NAME, "Approved")
    s.edge.verb(NAME, "withdraw")
    assert s.edge.connection_state(NAME) == "None" and last(s)["cause"] == "13"
    s.settle()
    assert not s.acme.established()


def test_a_required_session_that_is_lost_begins_the_window_again(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.validate()
    s.acme.disable_session("edge_ipv6")
    s.edge.wait_state(NAME, "ProvisioningCompleted")
    assert last(s)["cause"] == "11"
    assert "activate" not in s.edge.connection(NAME)["allowedVerbs"]
    s.acme.enable_session("edge_ipv6")
    s.wait_passed()
    s.expect_nothing_passed()
    assert s.edge.history(NAME)[-3:] == [("ProvisioningCompleted", "Validating"), ("Validating", "ProvisioningCompleted"),
                                         ("ProvisioningCompleted", "Validating")]


def test_a_connection_in_service_stays_active_when_a_session_is_lost(scenario):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    history = s.edge.history(NAME)
    s.acme.disable_session("edge_ipv6")
    until("session-down", lambda: {entry["cause"] for entry in s.edge.connection(NAME)["degraded"]},
          lambda seen: seen == {"session-down"})
    s.settle()
    assert s.edge.connection_state(NAME) == "Active" and s.edge.history(NAME) == history
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    s.acme.enable_session("edge_ipv6")
    s.acme.wait_established()
    s.wait_open()
    assert s.edge.history(NAME) == history


# Timers: rows 7 and 10

@pytest.mark.parametrize("line", [f"peering {NAME} timers establish 3", "peering timers establish 3"])
def test_a_peer_that_does_not_come_in_time(scenario, line):
    s = scenario
    nobody_at_acme(s)
    # A link that has been tested is not tested again: the retry would lead past ProvisioningStarted.
    completed(s, line, f"peering {NAME} link-test off")
    s.edge.wait_state(NAME, "ProvisioningFailed")
    assert (last(s)["cause"], last(s)["actor"]) == ("7", "router")
    assert line in s.edge.running_config()
    assert s.edge.connection(NAME)["timer"] is None
    for family in FAMILIES:
        s.acme.enable_session(f"edge_{family}")
    s.settle()
    assert not s.acme.established()
    s.edge.configure_bgp(f"no {line}")
    s.edge.verb(NAME, "retry")
    s.edge.wait_state(NAME, "ProvisioningStarted")
    s.edge.verb(NAME, "ready")
    s.edge.wait_state(NAME, "Validating")
    s.expect_nothing_passed()


def test_what_is_left_of_a_timer_is_shown(scenario):
    """Of the one that ends the state, of the window, and of the drain."""
    s = scenario
    nobody_at_acme(s)
    completed(s, f"peering {NAME} timers establish 3600", "peering timers validation 7200",
              f"peering {NAME} timers drain 1800", window=900)
    s.edge.wait_state(NAME, "ProvisioningCompleted")

    def left(name, most):
        timer = s.edge.connection(NAME)["timer"]
        assert timer["name"] == name and most - 120 < timer["endsInSeconds"] <= most, timer
        assert re.search(rf"^Timer +{name}: \S+ left, then ProvisioningFailed$", s.edge.vtysh(f"show peering {NAME}"),
                         re.MULTILINE)

    left("establish", 3600)
    for family in FAMILIES:
        s.acme.enable_session(f"edge_{family}")
    s.edge.wait_state(NAME, "Validating")
    left("validation", 7200)
    until("what is left of the window", lambda: s.edge.bgpd_vty(f"show peering {NAME}"),
          lambda text: re.search(r"session-stable.*\d+[ms]\S* to go", text))
    s.edge.configure_bgp(f"peering {NAME} validation-window 1")
    s.wait_passed()
    s.activate()
    assert s.edge.connection(NAME)["timer"] is None
    s.edge.verb(NAME, "deprovision")
    assert 1680 < s.edge.connection(NAME)["drain"]["endsInSeconds"] <= 1800
    assert re.search(r"shut in (29m|30m|28m)", s.edge.vtysh(f"show peering {NAME}"))


def test_a_retry_does_not_test_a_link_again_that_was_tested(scenario):
    s = scenario
    nobody_at_acme(s)
    s.start(s.config(bgp=[*s.declaration(), f"peering {NAME} timers establish 3"]))
    s.edge.verb(NAME, "approve")
    until("the link tested", lambda: s.edge.connection(NAME)["linkTest"], lambda seen: seen["passed"])
    # It waits for `ready` no longer than for the peer.
    s.edge.wait_state(NAME, "ProvisioningFailed")
    s.edge.configure_bgp(f"no peering {NAME} timers establish 3")
    s.edge.verb(NAME, "retry")
    assert s.edge.connection_state(NAME) == "ProvisioningCompleted" and last(s)["cause"] == "12"


def test_a_link_that_is_not_wired_in_time(scenario):
    s = scenario
    started(s, f"peering {NAME} timers establish 3")
    s.edge.wait_state(NAME, "ProvisioningFailed")
    assert last(s)["cause"] == "7"


def test_a_validation_that_takes_too_long(scenario):
    s = scenario
    completed(s, f"peering {NAME} timers validation 3")
    s.edge.wait_state(NAME, "ProvisioningFailed")
    assert last(s)["cause"] == "10" and "validation timer of 3 s" in last(s)["message"]
    for family in FAMILIES:
        until(f"{family} closed at acme", lambda: s.acme.bgp_state(f"edge_{family}"),
              lambda seen: seen != "Established")
    s.expect_nothing_passed()


def test_timers_are_there_after_a_restart_without_the_file(scenario):
    """What the file loses, the journal has; and a connection that waits goes on waiting by the same timer."""
    s = scenario
    nobody_at_acme(s)
    lines = [f"peering {NAME} timers establish 6", "peering timers stale 77", "peering timers window 55"]
    completed(s, *lines)
    s.edge.wait_state(NAME, "ProvisioningCompleted")
    config = s.edge.config_file.read_text()
    s.edge.write_config("\n".join(line for line in config.splitlines() if "peering" not in line) + "\n")
    s.restart_bgpd()
    shown = s.edge.running_config()
    for line in lines:
        assert line in shown, line
    s.edge.wait_state(NAME, "ProvisioningFailed")
    # A file that has our lines, but none for a default, takes the default out.
    s.edge.write_config(config.replace("peering timers stale 77\n", ""))
    s.restart_bgpd()
    shown = s.edge.running_config()
    assert lines[0] in shown and lines[2] in shown and lines[1] not in shown


def test_no_timer_ends_by_a_clock_that_jumps(scenario):
    s = scenario
    clock = Clock(s.edge)
    nobody_at_acme(s)
    completed(s, f"peering {NAME} timers establish 3600", f"peering {NAME} timers validation 3600",
              f"peering {NAME} timers stale 3600", window=2)
    s.edge.wait_state(NAME, "ProvisioningCompleted")
    for jump in (30 * DAY, -30 * DAY):
        clock.jump(jump)
        until("the jump in bgpd", lambda: s.edge.bgpd_json("show peering json")["connections"][0]["stateSeconds"],
              lambda seen: seen > 20 * DAY or (jump < 0 and seen == 0))
        s.settle()
        assert s.edge.connection_state(NAME) == "ProvisioningCompleted" and "stale" not in flags(s)
    for family in FAMILIES:
        s.acme.enable_session(f"edge_{family}")
    s.wait_passed()
    clock.jump(60 * DAY)
    s.settle()
    assert s.edge.connection_state(NAME) == "Validating"
    s.activate()


def test_stale_is_said_and_changes_nothing(scenario):
    s = scenario
    nobody_at_acme(s)
    completed(s, f"peering {NAME} timers stale 2", window=2)
    until("stale", lambda: flags(s), lambda seen: "stale" in seen)
    assert s.edge.connection_state(NAME) == "ProvisioningCompleted"
    assert [entry["cause"] for entry in s.edge.connection(NAME)["degraded"]] == ["stale"]
    for family in FAMILIES:
        s.acme.enable_session(f"edge_{family}")
    s.wait_passed()
    assert "stale" not in flags(s)


def test_a_peer_that_is_not_ready_for_days(scenario):
    """Two weeks and a day, by the defaults: it is told, and the peer comes up as if it had been yesterday."""
    s = scenario
    clock = Clock(s.edge)
    nobody_at_acme(s)
    completed(s, window=2)
    s.edge.wait_state(NAME, "ProvisioningCompleted")
    for days, stale in ((13, False), (15, True)):
        s.restart_bgpd("stop_bgpd", between=lambda: clock.jump(days * DAY))
        found = s.edge.wait_state(NAME, "ProvisioningCompleted")
        assert found["stateSeconds"] >= days * DAY
        assert ("stale" in found["flags"]) == stale
    assert "stale" in s.edge.vtysh("show peering problems")
    for family in FAMILIES:
        s.acme.enable_session(f"edge_{family}")
    s.wait_passed()
    assert "stale" not in flags(s)
    s.expect_nothing_passed()
    s.activate()


# Row 10

def test_another_as_number_again_and_again(lab):
    s = Scenario(lab, acme={"local_as": 64511})
    completed(s, f"peering {NAME} link-test off")
    s.edge.wait_state(NAME, "ProvisioningFailed")
    assert last(s)["cause"] == "10" and "AS number" in last(s)["message"]
    refused = s.capture.read().notifications(s.edge_address("ipv4"))
    assert (2, 2) in refused
    s.expect_nothing_passed()
    s.edge.verb(NAME, "retry")
    s.edge.wait_state(NAME, "ProvisioningStarted")


# Rows 16 to 19a

def test_a_change_of_type_that_is_taken_back_touches_nothing(scenario):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    s.settle()
    before = s.capture.read()
    assert "kind direct already" in s.edge.refused(f"peering {NAME} type-change direct")
    s.edge.verb(NAME, "type-change exchange")
    assert s.edge.connection_state(NAME) == "TypeChangeRequested"
    # Nobody else would carry the traffic.
    refusal = json.loads(s.edge.vtysh(f"peering {NAME} type-change start json"))["error"]
    assert refusal["code"] == "no-sibling" and refusal["allowed"] == ["deprovision", "cancel", "type-change start"]
    s.restart_bgpd()
    s.acme.wait_established()
    s.wait_open()
    restarted = s.capture.read()
    s.edge.verb(NAME, "type-change route-server")
    assert "route-server" in s.edge.connection(NAME)["waitsFor"]
    s.edge.verb(NAME, "cancel")
    s.edge.wait_state(NAME, "Active")
    s.settle()
    s.wait_open()
    said = s.capture.read()
    assert s.edge.connection(NAME)["kind"] == "direct"
    for family in FAMILIES:
        edge = s.edge_address(family)
        assert said.routes(edge, kind="withdraw", after=restarted.end()) == []
        assert len(said.sessions(edge)) == len(before.sessions(edge)) + 1


def test_a_connection_changes_its_type_beside_its_sibling(scenario):
    s = scenario
    lines = [f"peering {NAME} neighbor {s.acme_address('ipv4')}", f"peering {NAME} received-limit ipv4 1000",
             f"peering {NAME} validation-window 1", f"peering SIBLING neighbor {s.acme_address('ipv6')}",
             "peering SIBLING received-limit ipv6 1000", "peering SIBLING validation-window 1"]
    s.start(s.config(bgp=lines))
    s.acme.wait_established()
    for name in (NAME, "SIBLING"):
        s.edge.verb(name, "approve")
        s.edge.verb(name, "ready")
        until(f"{name} passed", lambda: s.edge.connection(name),
              lambda seen: seen["connectionState"] == "Validating" and not seen["blocking"])
        s.edge.verb(name, "activate")
    s.wait_open()
    s.settle()
    before = s.capture.read()
    s.edge.verb(NAME, "type-change exchange")
    s.edge.verb(NAME, "type-change start")
    s.acme.wait_received("edge_ipv4", set())
    until("acme's ipv4 routes gone at the witness", lambda: s.witness_has_of_acme("ipv4"), lambda seen: seen == set())
    until("a pass", lambda: s.edge.connection(NAME),
          lambda seen: seen["connectionState"] == "TypeChangeInProgress" and not seen["blocking"])
    s.settle()
    assert s.acme.received("edge_ipv4") == set()
    s.edge.verb(NAME, "activate")
    s.edge.wait_state(NAME, "Active")
    s.wait_open()
    assert s.edge.connection(NAME)["kind"] == "exchange" and last(s)["cause"] == "18"
    assert f"peering {NAME} kind exchange" in s.edge.running_config()
    # The sibling did not notice.
    edge = s.edge_address("ipv6")
    said = s.capture.read()
    assert said.routes(edge, kind="withdraw", after=before.end()) == []
    assert len(said.sessions(edge)) == len(before.sessions(edge))
    s.edge.write_config(s.config(bgp=[*lines, f"peering {NAME} kind exchange"]))
    s.restart_bgpd()
    s.acme.wait_established()
    s.wait_open()
    assert s.edge.connection(NAME)["kind"] == "exchange"


def test_a_change_of_type_can_end_in_deprovision(scenario):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    s.edge.verb(NAME, "type-change exchange")
    s.settle()
    s.edge.verb(NAME, "deprovision")
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", set())
    s.edge.wait_state(NAME, "None")
    assert [entry["cause"] for entry in s.edge.connection(NAME)["history"]][-2:] == ["19a", "15"]
