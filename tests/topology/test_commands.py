# SPDX-License-Identifier: GPL-2.0-or-later
"""What is typed and what is shown: verbs that are refused, the configuration that is written, a strange bgpd."""
import json
import shutil

import pytest

from lab.scenario import ACME_AS, EDGE_AS, FAMILIES, NAME, Scenario
from lab.wait import until


@pytest.fixture
def scenario(lab):
    return Scenario(lab)


def our_lines(text):
    return [line.strip() for line in text.splitlines()
            if line.strip().startswith("peering ")]


def typed(*lines):
    return ["configure terminal", "router bgp", *lines]


# Verbs

# What each state takes; every other verb is refused there. A verb that has led here is accepted and does nothing.
VERBS = ["request", "approve", "ready", "activate", "deprovision", "adopt", "withdraw", "reject", "retry"]
TAKEN = {
    "PendingApproval": {"request", "approve", "withdraw", "reject"},
    "ProvisioningStarted": {"approve", "ready"},
    "Validating": {"activate"},
    "Active": {"activate", "adopt", "deprovision"},
    "None": {"request", "deprovision"},
}


def expect_wrong_verbs_refused(s, state):
    before = s.edge.wait_state(NAME, state)
    for verb in VERBS:
        if verb in TAKEN[state]:
            continue
        answer = s.edge.refused(f"peering {NAME} {verb}")
        assert NAME in answer and state in answer, answer
    after = s.edge.connection(NAME)
    assert (after["connectionState"], after["generation"], after["history"]) == (
        state, before["generation"], before["history"])
    return before


def test_a_wrong_verb_is_refused_in_every_state(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    found = expect_wrong_verbs_refused(s, "PendingApproval")
    assert {"approve", "withdraw"} <= set(found["allowedVerbs"])
    s.edge.verb(NAME, "approve")
    expect_wrong_verbs_refused(s, "ProvisioningStarted")
    s.edge.verb(NAME, "ready")
    s.wait_passed()
    expect_wrong_verbs_refused(s, "Validating")
    s.settle(keepalives=1)
    s.expect_nothing_passed()
    s.activate()
    expect_wrong_verbs_refused(s, "Active")
    s.wait_open()
    s.edge.verb(NAME, "deprovision now")
    s.edge.wait_state(NAME, "None")
    for verb in set(VERBS) - {"request", "deprovision"}:
        s.edge.refused(f"peering {NAME} {verb}")
    assert s.edge.connection_state(NAME) == "None"


@pytest.mark.parametrize("verb, state", [("approve", "ProvisioningStarted"), ("activate", "Active")])
def test_a_verb_typed_twice_does_nothing_the_second_time(scenario, verb, state):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    if verb == "activate":
        s.validate()
    s.edge.verb(NAME, verb)
    before = s.edge.wait_state(NAME, state)
    assert "already" in s.edge.verb(NAME, verb)
    assert s.edge.connection(NAME)["history"] == before["history"]


def test_a_name_that_is_not_there_is_told_with_what_is_near(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    assert NAME in s.edge.refused(f"peering {NAME.lower()} approve")
    assert "show peering" in s.edge.refused("peering NOBODY approve")
    assert "NOBODY" in s.edge.refused("show peering NOBODY")
    refused = s.edge.show_json("show peering NOBODY json")["error"]
    assert refused["code"] == "no-such-connection" and "NOBODY" in refused["message"]
    assert "Unknown command" in s.edge.refused(f"peering {NAME} frobnicate")


# Lines of configuration

SETTINGS = [
    "peering router-name edge1.example.net",
    "peering controller controller1.example.net port 4444",
    "peering EXCHANGE neighbor 203.0.113.7",
    "peering EXCHANGE neighbor 2001:db8:77::7 optional",
    "peering EXCHANGE kind exchange",
    "peering EXCHANGE remote-as 4200000000",
    "peering EXCHANGE description Example Networks, \"port 7\"",
    "peering EXCHANGE received-limit ipv4 4294967295",
    "peering EXCHANGE received-limit ipv6 1",
    "peering EXCHANGE activation auto",
    "peering EXCHANGE validation-window 86400",
    "peering EXCHANGE port eth0.100",
    "peering EXCHANGE link-test required",
    "peering EXCHANGE link-test address 169.254.1.0/31 peer 169.254.1.1",
    "peering EXCHANGE timers link-test 86400",
]


def test_every_line_is_shown_written_and_read_at_boot(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.edge.configure_bgp(*SETTINGS)
    shown = our_lines(s.edge.running_config())
    assert set(SETTINGS) <= set(shown) and len(shown) == len(set(shown))
    s.edge.vtysh("write memory")
    assert our_lines(s.edge.config_file.read_text()) == shown
    s.edge.kill_bgpd()
    s.edge.start_bgpd()
    assert our_lines(s.edge.running_config()) == shown
    # A journal knows connections, not their settings: those came from the file.
    s.edge.kill_bgpd()
    shutil.rmtree(s.edge.state)
    s.lab.folder("edge", "state", owner="frr", mode=0o700)
    s.edge.start_bgpd()
    assert our_lines(s.edge.running_config()) == shown


def test_every_line_has_a_no_form(scenario):
    s = scenario
    s.start(s.config())
    s.edge.configure_bgp(*SETTINGS)
    for line in SETTINGS:
        s.edge.configure_bgp(f"no {line}")
        assert line not in our_lines(s.edge.running_config())
    assert our_lines(s.edge.running_config()) == []


def test_a_file_that_was_saved_while_gated_keeps_gate_and_policy(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.validate()
    s.edge.vtysh("write memory")
    # Only the file is left of it.
    s.edge.kill_bgpd()
    shutil.rmtree(s.edge.state)
    s.lab.folder("edge", "state", owner="frr", mode=0o700)
    s.edge.start_bgpd()
    s.acme.wait_established()
    s.settle()
    s.expect_nothing_passed()
    s.edge.wait_state(NAME, "PendingApproval")
    s.validate()
    s.activate()
    config = s.edge.running_config()
    for family in FAMILIES:
        assert f"neighbor {s.acme_address(family)} route-map ACME-IN in" in config
        assert f"neighbor {s.acme_address(family)} route-map ACME-OUT out" in config
    assert "PEERING-DENY-ALL" not in config and "peering gated" not in config


def test_a_file_that_was_saved_while_gated_fails_closed_without_the_module(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.edge.vtysh("write memory")
    s.edge.kill_bgpd()
    s.edge.has_module = False
    s.edge._start_daemon("bgpd")
    s.edge.try_vtysh("-b", "-d", "bgpd")
    s.acme.wait_established()
    s.settle()
    s.expect_nothing_passed()


# What is shown

def test_what_is_shown_as_json_parses_and_says_the_same_twice(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.validate()
    whole = s.edge.show_json("show peering json")
    assert list(whole)[0] == "schemaVersion"
    assert whole["moduleState"] == "enforcing"
    one = s.edge.show_json(f"show peering {NAME} json")
    for found in (whole["connections"][0], one["connections"][0]):
        assert (found["name"], found["peerAsn"], found["connectionState"]) == (NAME, ACME_AS, "Validating")
        assert {session["afi"]: (session["address"], session["bgpState"], session["gate"], session["receivedCount"],
                                 session["limit"], session["importPolicy"], session["exportPolicy"])
                for session in found["sessions"]} == {
            family: (s.acme_address(family), "Established", "deny", len(s.acme_routes[family]), 1000, "ACME-IN",
                     "ACME-OUT") for family in FAMILIES}
        assert {check["verdict"] for check in found["checks"] if check["level"] == "required"} == {"pass"}


def test_what_is_shown_as_text_fits_a_terminal_and_names_the_next_step(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration(window=3600)))
    s.acme.wait_established()
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")
    s.edge.wait_state(NAME, "Validating")
    for command in ("show peering", f"show peering {NAME}"):
        text = s.edge.vtysh(command)
        assert max(map(len, text.splitlines())) <= 132, text
        assert NAME in text and "Validating" in text and "deny" in text
        assert "session-stable" in text and "to go" in text
    text = s.edge.vtysh(f"show peering {NAME} checks")
    assert max(map(len, text.splitlines())) <= 132, text
    assert f"`peering {NAME} activate`" in text


def test_show_modules_names_the_module(scenario):
    scenario.edge.start(scenario.config())
    assert "bgpd_peering" in scenario.edge.bgpd_vty("show modules")


# How it is loaded

def test_a_wrong_argument_of_the_module_is_told_and_bgpd_runs(scenario):
    s = scenario
    s.edge.state = "relative"
    s.edge.start(s.config())
    assert s.edge.log_lines("state-dir=relative")
    assert s.edge.bgpd.running()
    until("an answer", lambda: s.edge.bgpd_vty("show peering"))
