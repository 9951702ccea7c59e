# SPDX-License-Identifier: GPL-2.0-or-later
"""What nobody should type or push: a sentence that says what to do, and nothing of it stays, neither in the running
configuration nor in the journal. Typed in vtysh, in the middle of a file, and pushed."""
import pytest

from lab.clock import Clock
from lab.controller import Controller
from lab.scenario import ACME_AS, EDGE_AS, FAMILIES, NAME, Scenario
from lab.wait import until
from scripted_controller import ScriptedController, declare

DAY = 24 * 3600
UNKNOWN = "nknown command"
BEGINNING = "beginning of a word"

# {acme}: a neighbor of the connection NAME; {inside}: an internal one; {group}: a peer-group.
BAD_LINES = [
    # Names
    ("peering json neighbor 203.0.113.9", "json"),
    ("peering ALL neighbor 203.0.113.9", "word of the command"),
    ("peering -X neighbor 203.0.113.9", "-X"),
    ("peering PNI/ACME neighbor 203.0.113.9", "not allowed"),
    ("peering PNI\"ACME neighbor 203.0.113.9", "not allowed"),
    ("peering PNI;ACME neighbor 203.0.113.9", "not allowed"),
    ("peering PNI%sACME neighbor 203.0.113.9", "not allowed"),
    ("peering Zürich neighbor 203.0.113.9", "not allowed"),
    ("peering " + "N" * 64 + " neighbor 203.0.113.9", "63"),
    ("peering " + "N" * 4000 + " neighbor 203.0.113.9", "63"),
    # The beginning of `default-deny-except`, which would except the neighbor.
    ("peering default neighbor 203.0.113.9", "another name"),
    ("peering default remote-as 64510", "another name"),
    # The beginnings of `controller` and `router-name`, which would take the second word for a host's name.
    ("peering con adopted", "another name"),
    ("peering router adopted", "another name"),
    ("peering con neighbor 203.0.113.9", BEGINNING),
    ("peering stat kind direct", BEGINNING),
    ("peering b received-limit ipv4 7", BEGINNING),
    # Neighbors
    ("peering OTHER neighbor {acme}", NAME),
    ("peering OTHER neighbor {spelt}", NAME),
    ("peering OTHER neighbor {inside}", "external"),
    ("peering OTHER neighbor {group}", "peer-group"),
    ("peering OTHER neighbor 192.0.2.256", "neither an address"),
    ("peering OTHER neighbor 192.0.2", "neither an address"),
    ("peering OTHER neighbor 2001:db8::g", "neither an address"),
    ("peering OTHER neighbor 192.0.2.1/24", "neither an address"),
    ("peering OTHER neighbor a-name-of-16-char", "neither an address"),
    # Words and numbers
    (f"peering {NAME} description " + "d" * 81, "80"),
    (f"peering {NAME} received-limit ipv4 0", UNKNOWN),
    (f"peering {NAME} received-limit ipv4 -1", UNKNOWN),
    (f"peering {NAME} received-limit ipv4 4294967296", UNKNOWN),
    (f"peering {NAME} received-limit ipv4 1e3", UNKNOWN),
    (f"peering {NAME} validation-window 0", UNKNOWN),
    (f"peering {NAME} validation-window 86401", UNKNOWN),
    (f"peering {NAME} timers establish 0", UNKNOWN),
    (f"peering {NAME} timers drain 31536001", UNKNOWN),
    (f"peering {NAME} timers link-test 0", UNKNOWN),
    ("peering timers window 31536001", UNKNOWN),
    (f"peering {NAME} reopen-hold-down 86401", UNKNOWN),
    (f"peering {NAME} kind wrong", UNKNOWN),
    (f"peering {NAME} remote-as 0", UNKNOWN),
    (f"peering {NAME} remote-as 4294967296", UNKNOWN),
    (f"peering {NAME} check no-such-check required", UNKNOWN),
    (f"peering {NAME} profile " + "P" * 64, "63"),
    (f"peering {NAME} allowed-prefixes ipv4 " + "P" * 200, "too long"),
    (f"peering {NAME} port a-name-of-16-char", "15"),
    ("peering controller c.example.net port 65536", UNKNOWN),
    # The link test
    (f"peering {NAME} link-test address 192.0.2.1/30 peer 192.0.2.2", "169.254.1.0"),
    (f"peering {NAME} link-test address 169.254.0.1/30 peer 169.254.0.2", "169.254.1.0"),
    (f"peering {NAME} link-test address 169.254.255.1/30 peer 169.254.255.2", "169.254.1.0"),
    (f"peering {NAME} link-test address 169.254.1.1/32 peer 169.254.1.2", "16 to 31"),
    (f"peering {NAME} link-test address 169.254.1.1/15 peer 169.254.1.2", "16 to 31"),
    (f"peering {NAME} link-test address 169.254.1.1/30 peer 169.254.1.1", "another address"),
    (f"peering {NAME} link-test address 169.254.1.1/30 peer 169.254.1.5", "network"),
    (f"peering {NAME} link-test address 169.254.1.1/30 peer 169.254.1.3", "nobody"),
    (f"peering {NAME} link-test address 169.254.1.4/30 peer 169.254.1.5", "nobody"),
    ("peering", "ncomplete"),
]
# Where a file says so, it was saved while that neighbor was gated, undeclared, and gated it is.
BAD_TYPED = [("peering gated neighbor 203.0.113.99 ipv4 unicast route-map X in", "203.0.113.99")]



@pytest.fixture
def scenario(lab):
    return Scenario(lab)


def typed(*lines):
    return ["configure terminal", f"router bgp {EDGE_AS}", *lines]


def journal(s):
    return (s.edge.state / "journal.jsonl").read_bytes()


def journal_at_rest(s):
    """What is written when nothing more comes."""
    seen = [None]

    def same():
        before, seen[0] = seen[0], journal(s)
        return before == seen[0]

    until("a journal that stays as it is", same)
    return seen[0]


def expect_untouched(s, running, journalled):
    assert s.edge.running_config() == running
    assert journal_at_rest(s) == journalled
    assert [entry["name"] for entry in s.edge.bgpd_json("show peering json")["connections"]] == [NAME]


@pytest.fixture
def refusing(lab):
    """A router with a connection, an internal neighbor and a peer-group, and what it has written of them."""
    s = Scenario(lab, witness_as=EDGE_AS)
    # Nobody is at acme: nothing changes by itself.
    s.edge.start(s.config(bgp=[*s.declaration(), "neighbor GROUP peer-group", "peering router-name edge1.example.net"]))
    s.edge.wait_state(NAME, "PendingApproval")
    s.words = {"acme": s.acme_address("ipv4"), "spelt": s.acme_address("ipv6").upper().replace("::", ":0:0::"),
               "inside": s.witness_link.far_ipv4, "group": "GROUP"}
    return s


def test_a_bad_line_is_refused_and_nothing_of_it_stays(refusing):
    s = refusing
    running, journalled = s.edge.running_config(), journal_at_rest(s)
    for line, word in BAD_LINES + BAD_TYPED:
        answer = s.edge.refused(*typed(line.format(**s.words) if "{" in line else line))
        assert word in answer, (line, answer)
    # A `no` line is accepted whatever it says; these would take the router's name away.
    for line in ("no peering router adopted", "no peering rout kind", "no peering r description"):
        s.edge.try_vtysh(*(word for command in typed(line) for word in ("-c", command)))
    expect_untouched(s, running, journalled)


def test_bad_lines_in_a_file_leave_the_good_ones(refusing):
    """Each is told with its sentence, and what stands around them applies once."""
    s = refusing
    path = s.edge.etc / "more.conf"
    lines = [line.format(**s.words) if "{" in line else line for line, _ in BAD_LINES]
    path.write_text("\n".join([f"router bgp {EDGE_AS}", "peering GOOD-1 neighbor 203.0.113.81", *lines,
                               "peering GOOD-2 neighbor 203.0.113.82", "exit", ""]))
    before = set(s.edge.running_config().splitlines())
    ended = s.edge.try_vtysh("-f", str(path))
    assert ended.returncode != 0
    for line, word in BAD_LINES:
        assert word in ended.stdout, (line, ended.stdout)
    after = s.edge.running_config().splitlines()
    assert [line.strip() for line in after if line not in before] == [
        "peering GOOD-1 neighbor 203.0.113.81", "peering GOOD-2 neighbor 203.0.113.82"]
    assert before <= set(after)
    states = {entry["name"]: entry["connectionState"] for entry in s.edge.bgpd_json("show peering json")["connections"]}
    assert states == dict.fromkeys(("GOOD-1", "GOOD-2", NAME), "PendingApproval")


def bad_pushes(s):
    """Operations, and the code of each one's refusal."""
    def named(name):
        return declare(name, ACME_AS, ["203.0.113.9"])

    def with_family(**fields):
        operation = declare("X", ACME_AS, ["203.0.113.9"])
        operation["declare"]["neighbors"][0]["families"][0].update(fields)
        return operation

    names = ["", "json", "ALL", "-X", "PNI/ACME", "PNI ACME", "Zürich", "PNI\n", "N" * 64, "con", "default", "stat"]
    return [*((named(name), "bad-name") for name in names),
            (declare("X", ACME_AS, [s.words["acme"]]), "neighbor-taken"),
            (declare("X", ACME_AS, [s.words["spelt"]]), "neighbor-taken"),
            (declare("X", EDGE_AS, [s.words["inside"]]), "bad-asn"),
            (declare("X", ACME_AS, [s.words["inside"]]), "neighbor-exists"),
            (declare("X", 0, ["203.0.113.9"]), "bad-asn"),
            *((declare("X", ACME_AS, [address]), "bad-address")
              for address in ("192.0.2.256", "eth0", "GROUP", "0.0.0.0", "224.0.0.1", "127.0.0.1", "fe80::1", "::")),
            (declare("X", ACME_AS, ["203.0.113.9", "203.0.113.9"]), "bad-address"),
            (declare(NAME, ACME_AS, ["203.0.113.9"]), "not-owned"),
            (with_family(received_limit=1 << 32), "bad-limit"),
            (with_family(import_policy="NOT-THERE"), "unknown-policy"),
            (with_family(export_policy="not\x1bthere"), "unknown-policy"),
            (declare("X", ACME_AS, ["203.0.113.9"], validation_window=86401), "bad-window"),
            (declare("X", ACME_AS, ["203.0.113.9"], kind=77), "bad-kind"),
            (declare("X", ACME_AS, ["203.0.113.9"], description="d" * 81), "bad-description"),
            (declare("X", ACME_AS, []), "no-neighbor")]


def test_a_bad_push_is_refused_and_nothing_of_it_stays(refusing):
    s = refusing
    controller = Controller(s.lab, s.edge)
    script = ScriptedController(controller)
    try:
        s.edge.configure_bgp(*controller.router_lines())
        script.accept()
        running, journalled = s.edge.running_config(), journal_at_rest(s)
        for number, (operation, code) in enumerate(bad_pushes(s)):
            # What is good beside it is not applied either.
            result = script.push(f"push-{number}", declare("BESIDE", ACME_AS, ["203.0.113.8"]), operation)
            assert not result.applied
            assert [one.code for one in result.results] == ["", code], (operation, result)
            assert result.results[1].message
        expect_untouched(s, running, journalled)
    finally:
        script.close()


# Bytes that are no text: a control character, an end of the direction of writing, a byte that is no UTF-8.
NO_TEXT = ["a\x1b[31mb", "a\u202eb", "a\udcffb"]


def test_words_that_are_no_text(scenario):
    """In a description they are refused. A reason may be typed in a hurry: it is taken, and what is no text of it is not."""
    s = scenario
    s.start(s.config(bgp=[*s.declaration(), f"peering {NAME} link-test off"]))
    s.edge.verb(NAME, "approve")
    running, journalled = s.edge.running_config(), journal_at_rest(s)
    for words in NO_TEXT:
        assert "not UTF-8" in s.edge.refused(*typed(f"peering {NAME} description {words}"))
    assert s.edge.running_config() == running and journal_at_rest(s) == journalled
    for number, words in enumerate(NO_TEXT):
        s.edge.verb(NAME, f"block reason {number} {words}")
        assert s.edge.connection(NAME)["history"][-1]["message"].startswith(f"{number} a?")
        s.edge.verb(NAME, "unblock")
    s.edge.verb(NAME, f"block reason {NO_TEXT[-1]}")
    s.edge.stop_bgpd()
    s.edge.start_bgpd()
    found = s.edge.connection(NAME)
    assert (found["connectionState"], found["history"][-1]["message"]) == ("ExternalBlocker", "a?b")
    assert not s.edge.log_lines("ALERT")


# What is there and does not fit

def test_a_neighbor_of_another_vrf(lab):
    """Each address is looked for in the instance of its line; what is meant is told, and nothing of the other is touched."""
    s = Scenario(lab, vrfs=["RED"])
    s.start(s.config(bottom=["router bgp 64500 vrf RED", "bgp router-id 192.0.2.1", "exit"]))
    s.acme.wait_established()
    s.wait_open()
    address = s.acme_address("ipv4")
    red = ["configure terminal", "router bgp 64500 vrf RED"]
    said = s.edge.vtysh(*red, "peering STRAY neighbor " + address)
    assert "one in vrf default" in said and f"no peering STRAY neighbor {address}" in said
    assert "vrf RED; names are unique" in s.edge.refused(*typed(f"peering STRAY neighbor {address}"))
    answer = s.edge.refused(f"peering OTHER adopt vrf RED neighbor {address}")
    assert "STRAY" in answer, answer
    answer = s.edge.refused("peering OTHER adopt vrf RED neighbor 203.0.113.9")
    assert "no neighbor 203.0.113.9 in vrf RED" in answer
    assert s.edge.connection("STRAY")["sessions"][0]["bgpState"] == "absent"
    s.capture.wait_keepalives([session.neighbor for session in s.acme.sessions], 2)
    s.wait_open()
    s.edge.vtysh(*red, f"no peering STRAY neighbor {address}")
    assert "STRAY" not in s.edge.running_config()


def test_a_neighbor_that_becomes_internal_does_not_pass(lab):
    """Declared before it was configured, and then with the router's own AS."""
    s = Scenario(lab, acme={"local_as": EDGE_AS})
    s.start(s.config(bgp=s.declaration(), acme_neighbor=lambda _family: [], acme_family=lambda _family: []))
    s.edge.configure_bgp(*(line for family in FAMILIES for line in s.neighbor(s.acme_address(family), EDGE_AS)),
                         *(line for family in FAMILIES for line in
                           [f"address-family {family} unicast", *s.acme_family(family), "exit"]))
    s.acme.wait_established()
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")
    until("remote-asn in the way", lambda: {entry["check"] for entry in s.edge.connection(NAME)["blocking"]},
          lambda seen: seen == {"remote-asn"})
    assert "internal session is no peering" in s.edge.vtysh(f"show peering {NAME}")
    s.edge.refused(f"peering {NAME} activate")
    s.settle()
    s.expect_nothing_passed()


def test_what_is_named_and_does_not_exist_opens_nothing(scenario):
    """Policies, a profile and a prefix-list that nobody has defined; each is told, and passes once it is there."""
    s = scenario
    s.start(s.config(bgp=[*s.declaration(), f"peering {NAME} allowed-prefixes ipv4 NO-LIST",
                          f"peering {NAME} allowed-prefixes ipv6 NO-LIST", f"peering {NAME} check allowed-prefixes required", f"peering {NAME} profile NO-PROFILE"],
                     acme_family=lambda family: [line.replace("ACME-IN", "NO-MAP")
                                                 for line in s.acme_family(family)]))
    s.acme.wait_established()
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")
    found = until("what is missing in the way", lambda: s.edge.connection(NAME)["blocking"],
                  lambda seen: {"local-policy", "profile", "allowed-prefixes"} == {one["check"] for one in seen})
    reasons = " ".join(one["reason"] for one in found)
    for word in ("NO-MAP", "NO-PROFILE", "NO-LIST"):
        assert word in reasons, (word, found)
    assert "not passed" in s.edge.refused(f"peering {NAME} activate")
    s.settle()
    s.expect_nothing_passed()
    s.edge.configure("route-map NO-MAP permit 10", "exit", "ip prefix-list NO-LIST permit 0.0.0.0/0 le 32",
                     "ipv6 prefix-list NO-LIST permit ::/0 le 128", "router bgp",
                     "peering profile NO-PROFILE validation-window 2")
    # Routes are judged as they come.
    s.edge.vtysh("clear bgp *")
    s.wait_passed()
    s.activate()


# The clock

def test_no_clock_that_jumps_ends_or_prolongs_anything(scenario):
    """Forward and back: in the window, in maintenance for a time, and while it drains."""
    s = scenario
    clock = Clock(s.edge)
    s.start(s.config(bgp=[*s.declaration(window=3600), f"peering {NAME} timers drain 3600"]))
    s.acme.wait_established()
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")

    def jumps():
        for days in (30, -30, 0):
            clock.jump(days * DAY)
            s.settle(keepalives=2)
            yield days

    s.edge.wait_state(NAME, "Validating")
    for _ in jumps():
        assert {one["check"] for one in s.edge.connection(NAME)["blocking"]} == {"session-stable"}
    s.edge.configure_bgp(f"peering {NAME} validation-window 1")
    clock.jump(-30 * DAY)
    s.wait_passed()
    s.activate()
    s.edge.verb(NAME, "maintenance on for 3600")
    for _ in jumps():
        assert "maintenance" in s.edge.connection(NAME)["flags"]
    clock.jump(-30 * DAY)
    s.edge.verb(NAME, "maintenance on for 2")
    until("the end of the maintenance", lambda: s.edge.connection(NAME)["flags"], lambda seen: "maintenance" not in seen)
    s.edge.verb(NAME, "deprovision")
    for _ in jumps():
        assert s.edge.connection_state(NAME) == "PendingRemove"
    s.edge.verb(NAME, "cancel")
    s.edge.wait_state(NAME, "Active")
    s.edge.configure_bgp(f"peering {NAME} timers drain 2")
    clock.jump(30 * DAY)
    s.edge.verb(NAME, "deprovision")
    clock.jump(-30 * DAY)
    s.edge.wait_state(NAME, "None")
