# SPDX-License-Identifier: GPL-2.0-or-later
"""What a push says of a session beside its families: judged by a BIRD that has the other half of it."""
import copy
import json
import os
import re

import pytest

from lab.controller import ROUTER, Controller
from lab.scenario import ACME_AS, FAMILIES, NAME, Scenario
from lab.wait import until
from scripted_controller import ScriptedController, declare, verb

KEY, OTHER_KEY = "an-md5-key-of-acme", "another-md5-key"
BOTH = dict(password=KEY, hold_time=12, keepalive=4, connect_retry=1, role="provider", role_strict=True)
# bgpd's BFD takes a session with TTL security for one of several hops, and BIRD does not.
OF = {"ipv4": dict(ttl_security_hops=1), "ipv6": dict(bfd=True)}
LINES = {f"password {KEY}", "timers 4 12", "timers connect 1", "local-role provider strict-mode"}
LINES_OF = {"ipv4": {"ttl-security hops 1"}, "ipv6": {"bfd"}}
FAR = f'password "{KEY}"; local role customer; require roles on;'
FAR_OF = {"ipv4": "ttl security on;", "ipv6": "bfd on;"}


def make(lab):
    s = Scenario(lab)
    for session, family in zip(s.acme.sessions, FAMILIES):
        session.extra = f"{FAR} {FAR_OF[family]}"
    s.acme.top = 'protocol bfd { interface "*" { interval 300 ms; multiplier 3; }; }'
    s.edge.other_daemons.append("bfdd")
    s.controller = Controller(lab, s.edge)
    return s


def start(s):
    witness = [f"peering WITNESS neighbor {s.witness_link.far_address(family)}" for family in FAMILIES]
    s.start(s.config(bgp=[*s.controller.router_lines(), *witness, "peering WITNESS adopted", "peering default-deny"],
                     acme_neighbor=lambda family: [], acme_family=lambda family: []))


@pytest.fixture
def pushed(lab):
    s = make(lab)
    s.script = ScriptedController(s.controller)
    start(s)
    s.script.accept()
    yield s
    s.script.close()


def settings(s, name=NAME, **fields):
    """A declaration of acme's two sessions, each spoken from the edge's end of the link, as a /31 or /127 would be."""
    operation = declare(name, ACME_AS, [s.acme_address(family) for family in FAMILIES])
    for neighbor, family in zip(operation["declare"]["neighbors"], FAMILIES):
        neighbor.update(BOTH | OF[family] | {"local_address": s.edge_address(family)} | fields)
    return operation


def lines_of(s, address):
    return {line.removeprefix(f" neighbor {address} ") for line in s.edge.running_config().splitlines()
            if line.startswith(f" neighbor {address} ")}


def drift(s):
    return [one["reason"] for one in s.edge.connection(NAME)["degraded"] if one["cause"] == "drift"]


def wait_drift(s, words):
    return until(f"drift: {words}", lambda: drift(s), lambda found: len(found) == 1 and words in found[0])


def expect_secret(s, *keys):
    """In nothing that the router writes, says or keeps: FRR's own running configuration alone has them."""
    said = [s.edge.log_text(), (s.edge.state / "journal.jsonl").read_text()]
    said += [s.edge.vtysh(f"show peering {what}") for what in (
        "", "all", "all json", NAME, f"{NAME} json", "problems", "summary json")]
    for key in keys:
        assert not [text for text in said if key in text]


@pytest.mark.versions
def test_a_session_is_as_it_was_pushed_for_both_its_ends(pushed):
    s = pushed
    v4, v6 = (s.acme_address(family) for family in FAMILIES)
    assert s.script.push("1", settings(s), verb(NAME, "approve"), verb(NAME, "ready")).applied
    for address, family in zip((v4, v6), FAMILIES):
        wanted = LINES | LINES_OF[family] | {f"update-source {s.edge_address(family)}"}
        assert lines_of(s, address) >= wanted, lines_of(s, address)
    s.acme.wait_established()
    told = s.acme.birdc("show protocols all edge_ipv4")
    assert re.search(r"Hold timer:\s+\S+/9", told) and "Role: provider" in told, told
    until("BFD up at acme", lambda: s.acme.birdc("show bfd sessions"), lambda text: " Up " in text)
    s.wait_passed()
    assert s.script.push("2", verb(NAME, "activate")).applied
    s.wait_open()
    assert drift(s) == []
    expect_secret(s, KEY)

    # What touches the session is refused while it is in service; the rest changes, and the session stays.
    up = s.acme.birdc("show protocols edge_ipv4")
    for fields in (dict(password=OTHER_KEY), dict(password=""), dict(ttl_security_hops=2), dict(role="peer"),
                   dict(role_strict=False), dict(local_address="")):
        result = s.script.push(f"no {fields}", settings(s, **fields))
        assert [one.code for one in result.results] == ["active"], result
    harmless = settings(s, hold_time=30, keepalive=0, connect_retry=0)
    harmless["declare"]["neighbors"][1]["bfd_profile"] = "slow"
    assert s.script.push("3", harmless).applied
    assert lines_of(s, v4) >= {"timers 10 30", f"password {KEY}"} and "bfd profile slow" in lines_of(s, v6)
    assert "timers connect 1" not in lines_of(s, v4)
    s.settle()
    s.wait_open()
    assert s.acme.birdc("show protocols edge_ipv4") == up
    expect_secret(s, KEY)

    # After a restart that knows it from the journal alone, and one that has it from the file, too.
    for save in (False, True):
        if save:
            s.edge.vtysh("write memory")
        s.restart_bgpd(end="stop_bgpd", saved=save)
        s.script.accept()
        s.acme.wait_established()
        s.wait_open()
        assert lines_of(s, v6) >= {"timers 10 30", "bfd profile slow", f"password {KEY}",
                                   f"update-source {s.edge_address('ipv6')}"}
        assert drift(s) == []
    expect_secret(s, KEY)

    # Out of service, everything is as the newest push says; what it does not state is bgpd's default.
    assert s.script.push("4", verb(NAME, "deprovision")).applied
    s.edge.wait_state(NAME, "None")
    until("the neighbors gone", lambda: lines_of(s, v4), lambda lines: not lines)
    # Neither does a file bring it back that was saved while it was there.
    s.restart_bgpd(end="stop_bgpd", saved=True)
    s.script.accept()
    assert s.edge.connection_state(NAME) == "None"
    assert s.edge.bgp_state(v4) != "Established" and (not lines_of(s, v4) or s.edge.bgp_neighbor(v4)["adminShutDown"])
