# SPDX-License-Identifier: GPL-2.0-or-later
"""What somebody who looks for a fault has: debugging by area, alerts with a code that FRR explains, and names completed."""
import re

import pytest

from lab import build
from lab.scenario import NAME, Scenario
from lab.wait import until
from test_vtysh import PROMPT, terminal

pytestmark = pytest.mark.versions

# What each area says of a turn-up.
SAID = {
    "gate": rf"peering: gate: \S+ of {NAME} becomes allow, it was deny",
    "validation": rf"peering: validation: {NAME} is Validating; waits for: session-stable",
    "lifecycle": rf"peering: lifecycle: {NAME}: ready in Active, by operator: row 25, refused",
    "journal": r"peering: journal: ticket \d+: durable",
    "link": rf"peering: link: {NAME}: a test ends",
}
AREAS = [*SAID, "controller"]


@pytest.fixture
def scenario(lab):
    s = Scenario(lab)
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    return s


def shown(s):
    """The areas that `show debugging` has."""
    return set(re.findall(r"^ +peering (\w+) debugging is on$", s.edge.vtysh("show debugging"), re.M | re.I))


def saved(s):
    return set(re.findall(r"^debug peering (\w+)$", s.edge.running_config(), re.M))


def test_debugging_says_what_happens_by_area(scenario):
    s = scenario
    assert shown(s) == set()
    s.edge.verb(NAME, "approve")
    until("the link tested", lambda: s.edge.connection(NAME)["linkTest"]["passed"])
    assert not s.edge.log_lines(r"peering: (gate|validation|lifecycle|journal|controller|link): ")
    s.edge.vtysh("debug peering")
    assert shown(s) == set(AREAS) and saved(s) == set()
    s.edge.vtysh("no debug peering controller", "no debug peering gate", "debug peering gate")
    assert shown(s) == set(SAID)
    s.edge.verb(NAME, "ready")
    s.wait_passed()
    s.activate()
    s.edge.refused(f"peering {NAME} ready")
    s.edge.vtysh(f"peering {NAME} link-test now")
    for area, line in SAID.items():
        until(f"a line of {area}", lambda: s.edge.log_lines(line))
    s.edge.vtysh("no debug peering")
    assert shown(s) == set()
    before = len(s.edge.log_lines(r"peering: (gate|lifecycle): "))
    s.edge.verb(NAME, "deprovision now")
    s.edge.wait_state(NAME, "None")
    assert len(s.edge.log_lines(r"peering: (gate|lifecycle): ")) == before


def test_debugging_of_the_configuration_is_saved_and_comes_back(scenario):
    s = scenario
    s.edge.configure("debug peering lifecycle", "debug peering link", "debug bgp updates")
    s.edge.vtysh("debug peering gate")
    assert saved(s) == {"lifecycle", "link"} and "debug bgp updates" in s.edge.running_config()
    s.edge.vtysh("write memory")
    s.restart_bgpd("stop_bgpd", saved=True)
    assert saved(s) == shown(s) == {"lifecycle", "link"}
    s.edge.configure("no debug peering link")
    assert saved(s) == shown(s) == {"lifecycle"}


def test_an_alert_has_a_code_that_frr_explains(scenario):
    s = scenario
    s.edge.vtysh("peering bypass all reason a look")
    line = s.edge.log_lines("ALERT bypass of every session")[0]
    code = re.search(r"\[EC (\d+)\]", line)[1]
    said = s.edge.bgpd_json(f"show error {code} json")[code]
    assert "bypass" in said["title"] and said["description"] and "`no peering bypass all`" in said["suggestion"]
    assert "`no peering bypass all`" in s.edge.vtysh(f"show error {code}")
    # So has every code that there is, and each is used.
    header = (build.SOURCE / "bgpd-peering" / "alert.h").read_text()
    names = re.findall(r"^\t(EC_PEERING_\w+)", header, re.M)
    first = int(re.search(r"EC_PEERING_OTHER = (0x\w+)", header)[1], 16)
    explained = s.edge.bgpd_json("show error all json")
    assert all(str(first + number) in explained for number in range(len(names)))
    assert str(first + len(names)) not in explained
    code = "".join(path.read_text() for path in (build.SOURCE / "bgpd-peering").rglob("*.c") if path.name != "alert.c")
    assert [name for name in names[1:] if name not in code] == []


def test_names_are_completed(scenario):
    s = scenario
    s.edge.configure_bgp("peering PNI-OTHER neighbor 203.0.113.99", f"peering {NAME} profile PROFILE-ONE",
                         "peering profile PROFILE-ONE validation-window 3")
    with terminal(s.edge, build.vtysh_extension()) as shell:
        shell.expect(PROMPT)
        for typed, whole in (("show peering PNI-A\t", f"show peering {NAME} $"),
                             ("peering PNI-O\t", "peering PNI-OTHER $"),
                             ("clear peering violation PNI-A\t", f"clear peering violation {NAME} $"),
                             ("show peering state Val\t", "show peering state Validating $")):
            shell.send("\x15" + typed)
            shell.expect(whole)
        shell.send("\x15configure terminal\n")
        shell.expect(r"\(config\)# $")
        shell.send("ip prefix-list PN\t?")
        assert NAME not in shell.expect(r"(WORD|PREFIXLIST4_NAME) +\S.*\n(.*\n)*.*# ip prefix-list PN")
        shell.send("\x15router bgp\n")
        shell.expect(r"\(config-router\)# $")
        for typed, whole in (("peering PNI-O\t", "peering PNI-OTHER $"),
                             (f"peering {NAME} profile PR\t", f"peering {NAME} profile PROFILE-ONE $")):
            shell.send("\x15" + typed)
            shell.expect(whole)
