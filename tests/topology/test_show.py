# SPDX-License-Identifier: GPL-2.0-or-later
"""What operators read: what is wrong comes first, look-ups find what they are asked for, and metrics say the same."""
import json
import re
import subprocess

import jsonschema
import pytest

from lab import build
from lab.scenario import ACME_AS, FAMILIES, NAME, Scenario
from lab.wait import until

SCHEMA = json.loads((build.SOURCE / "doc" / "show-peering.schema.json").read_text())
ALERTS = build.SOURCE / "doc" / "prometheus-alerts.yaml"
# As long as they may be.
LONG_NAME = "PNI-" + "LONG." * 11 + "1234"
LONG_ADDRESSES = ["2001:db8:1111:2222:3333:4444:5555:6666", "2001:db8:1111:2222:3333:4444:5555:7777"]
LONG_POLICY = "POLICY-" * 9
ODD_INTERFACE = "i|f_with|bars.4"
WIDTH = 132

OTHER = "PNI-OTHER"
SAMPLE = re.compile(r'^peering_[a-z_]+(\{([a-z_]+="[^"\\\n]*"(,[a-z_]+="[^"\\\n]*")*)\})? [0-9.]+$')
# A command for each of the schema's answers.
ANSWERS = {"overview": "show peering", "one": f"show peering {NAME}", "checksAnswer": f"show peering {NAME} checks",
           "linkAnswer": f"show peering {NAME} link", "preview": f"show peering {NAME} preview",
           "routes": f"show peering {NAME} routes limit 3", "summary": "show peering summary",
           "wouldDeny": "show peering would-deny", "stateFile": "show peering state-file",
           "controllers": "show peering controller",
           "refusal": "show peering NOBODY"}


@pytest.fixture
def scenario(lab):
    s = Scenario(lab)
    s.start(s.config(bgp=[*s.declaration(), f"peering {OTHER} neighbor 203.0.113.99"]))
    s.acme.wait_established()
    return s


def fits(answer, kind):
    """The answer has every key of the schema, and no other."""
    definition = {"$schema": SCHEMA["$schema"], "$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{kind}"}
    wrong = [f"{list(error.absolute_path)}: {error.message}"
             for error in jsonschema.Draft202012Validator(definition).iter_errors(answer)]
    assert not wrong, f"{kind}: {wrong}"


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
    assert re.search(r"session-down \(\+1\) v4( \d+s)?: \w+: ", row), row
    assert f"         show bgp neighbors {s.acme_address('ipv4')}" in s.edge.vtysh(f"show peering {NAME}").splitlines()
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


def test_json_answers_are_as_the_schema_says(scenario):
    s = scenario
    assert {*ANSWERS, "verb"} == {one["$ref"].rsplit("/", 1)[1] for one in SCHEMA["anyOf"]}

    def all_fit():
        for kind, command in ANSWERS.items():
            answer = s.edge.show_json(f"{command} json")
            fits(answer, kind)
            assert kind == "refusal" or list(answer)[:3] == ["schemaVersion", "router", "moduleState"]

    all_fit()
    fits(s.edge.show_json(f"peering {NAME} approve json"), "verb")
    fits(s.edge.show_json(f"peering {OTHER} activate json"), "refusal")
    fits(s.edge.show_json("show peering state Gone json"), "refusal")
    s.edge.vtysh(f"peering {NAME} ready")
    s.wait_passed()
    until("the link is tested", lambda: s.edge.show_json(f"show peering {NAME} link json"), lambda seen: seen["targets"])
    all_fit()
    s.activate()
    s.edge.vtysh(f"peering {NAME} maintenance on for 1000 reason a look at its optics")
    until("the traffic of its port", lambda: s.edge.connection(NAME)["drain"], lambda seen: seen and seen["traffic"])
    all_fit()
    s.edge.vtysh("peering bypass all reason a look", f"peering bypass {NAME} reason another")
    all_fit()
    s.acme.stop()
    s.edge.vtysh("no peering bypass all", f"no peering bypass {NAME}", f"peering {NAME} maintenance off")
    until("out of maintenance", lambda: s.edge.connection(NAME), lambda seen: not seen["maintenance"] and not seen["waitsFor"])
    s.edge.vtysh(f"peering {NAME} deprovision")
    all_fit()


def widths(s, *commands):
    return {(command, line) for command in commands for line in s.edge.vtysh(command).splitlines() if len(line) > WIDTH}


def test_nothing_is_wider_than_a_screen_whatever_it_is_called(lab):
    s = Scenario(lab)
    long = [f"neighbor {address}" for address in LONG_ADDRESSES]
    s.start(s.config(
        top=[line for end in ("IN", "OUT") for line in (f"route-map {LONG_POLICY}{end} permit 10", "exit")],
        bgp=[*s.declaration(), *(f"{neighbor} remote-as 4200000000" for neighbor in long),
             *(f"peering {LONG_NAME} neighbor {address}" for address in LONG_ADDRESSES),
             f"peering {LONG_NAME} kind route-server", f"peering {LONG_NAME} description {'d' * 80}",
             f"peering PNI-BAR neighbor {ODD_INTERFACE}"],
        ipv6=[f"{neighbor} {line}" for neighbor in long
              for line in ("activate", f"route-map {LONG_POLICY}IN in", f"route-map {LONG_POLICY}OUT out")]))
    s.acme.wait_established()
    of_one = [f"show peering {name}{words}" for name in (LONG_NAME, NAME, "PNI-BAR")
              for words in ("", " checks", " preview", " routes", " link")]
    every = ["show peering", "show peering problems", "show peering summary", "show peering would-deny", *of_one]
    assert widths(s, *every) == set()
    s.validate()
    assert widths(s, *every) == set()
    # The names stand as they are, to be copied, and what is in a column is below its head.
    text = s.edge.vtysh("show peering")
    lines = text.splitlines()
    assert LONG_NAME in lines
    head = next(line for line in lines if line.startswith("Name "))
    below = lines[lines.index(LONG_NAME) + 1]
    assert below[head.index("ASN"):].startswith("4200000000 ") and below[head.index("State"):].startswith("PendingApproval ")
    bar = next(line for line in lines if line.startswith("PNI-BAR "))
    assert bar[head.index("Gate"):].startswith("deny ") and bar[head.index("Why"):] == "`approve`"
    one = s.edge.vtysh(f"show peering {LONG_NAME}")
    assert all(address in one.splitlines() for address in LONG_ADDRESSES) and LONG_POLICY + "OUT" in one
    assert f"         peering {LONG_NAME} approve" in one.splitlines()
    odd = s.edge.vtysh("show peering PNI-BAR")
    assert ODD_INTERFACE + "  " in odd

    # What is wrong with it, too; what is to be done about it can be pasted as it stands.
    s.edge.vtysh(f"peering {LONG_NAME} activate force reason {'word ' * 30}")
    s.edge.wait_state(LONG_NAME, "Active")
    until("its sessions missed", lambda: s.edge.connection(LONG_NAME)["degraded"], lambda found: len(found) == 3)
    assert widths(s, *every) == set()
    row = s.edge.vtysh("show peering problems").splitlines()
    assert row[row.index(f"{LONG_NAME} O") + 1].endswith("…")
    text = s.edge.vtysh(f"show peering {LONG_NAME}")
    assert "Impact   no routes exchanged with AS4200000000; no other connection with that peer" in text
    steps = re.findall(r"^(?:Do|  ) (\d) .*:\n         (.*)$", text, re.M)
    assert [number for number, _ in steps] == [str(number) for number in range(1, len(steps) + 1)] and len(steps) == 3
    for _, command in steps:
        s.edge.vtysh(command)


def test_look_ups_go_together(scenario):
    s = scenario
    assert names(s, f"state PendingApproval asn {ACME_AS}") == [NAME]
    assert names(s, f"asn {ACME_AS} interface {s.witness_link.near_interface}") == []
    assert names(s, f"neighbor {s.acme_address('ipv6')} state pendingapproval problems") == []
    assert rows(s, f"interface {s.acme_link.near_interface} all") == [NAME]


def test_metrics_and_alerts_are_what_prometheus_takes(scenario):
    s = scenario
    s.validate()
    s.activate()
    text = s.edge.vtysh("show peering prometheus")
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    checked = subprocess.run(["promtool", "check", "rules", ALERTS], text=True, capture_output=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    said = set(re.findall(r"^# TYPE (\w+)", text, re.M))
    asked = set(re.findall(r"\bpeering_\w+", " ".join(re.findall(r"expr: (>(?:\n {10}.*)+|.*)", ALERTS.read_text()))))
    assert asked - said == {"peering_certificate_expiry_timestamp_seconds"}  # there is no controller
    documented = set(re.findall(r"`(peering_\w+)`", (build.SOURCE / "doc" / "show.md").read_text()))
    assert said <= documented and asked <= documented


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
