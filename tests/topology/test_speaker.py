# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages that no daemon would send so: in the moment of the gate's closing or opening, and both things in one."""
import pytest

from lab.bird import prefixes
from lab.scenario import ACME_AS, FAMILIES, NAME, Scenario
from lab.speaker import Speaker
from lab.wait import until
from lab.walls import Walls

pytestmark = pytest.mark.versions

BYPASS = f"peering bypass {NAME} reason a test"
NO_BYPASS = f"no peering bypass {NAME}"


@pytest.fixture
def speakers(request, lab):
    """(scenario with walls, {family: Speaker}); acme's BIRD does not run."""
    s = Scenario(lab)
    s.walls = Walls(s.edge)
    # Who cannot be asked again has to be taken at the word that was kept.
    made = {family: Speaker(lab.namespace("acme"), s.acme_address(family), s.edge_address(family), ACME_AS,
                            refresh=False) for family in FAMILIES}
    yield s, made
    for speaker in made.values():
        speaker.close()


def start(s, passive=True, **options):
    """`passive`: the edge waits for acme to open the sessions."""
    def acme_neighbor(family):
        return s.acme_neighbor(family) + ([f"neighbor {s.acme_address(family)} passive"] if passive else [])

    s.witness.start()
    s.edge.start(s.config(acme_neighbor=acme_neighbor, **options))


def counted(s):
    return {session["afi"]: session["receivedCount"] for session in s.edge.connection(NAME)["sessions"]}


def at_witness(s, family):
    return s.witness.received(f"edge_{family}") & set(prefixes(family, 3500))


def mark(s):
    """A new route of the edge at the witness: what was to reach it before has done so."""
    number, s._marks = s._marks, s._marks + 1
    for family, prefix in (("ipv4", f"198.51.100.{number + 1}/32"), ("ipv6", f"2001:db8:fffe:{number + 1:x}::/64")):
        s.edge.configure_bgp(f"address-family {family} unicast", f"network {prefix}", "exit")
        until(f"{prefix} at the witness", lambda: s.witness.received(f"edge_{family}"), lambda seen: prefix in seen)


@pytest.mark.parametrize("opener", ["acme", "edge"])
def test_updates_in_one_segment_with_the_last_keepalive_meet_the_gate(speakers, opener):
    s, made = speakers
    burst = {family: b"".join(speaker.update([prefix]) for prefix in prefixes(family, 5))
             for family, speaker in made.items()}
    if opener == "edge":
        for speaker in made.values():
            speaker.listen()
    start(s, passive=opener == "acme", bgp=s.declaration())
    for family, speaker in made.items():
        (speaker.connect if opener == "acme" else speaker.accept)(burst[family])
    until("all of it counted", lambda: counted(s), lambda seen: seen == {"ipv4": 5, "ipv6": 5})
    mark(s)
    for family in FAMILIES:
        assert at_witness(s, family) == set()
        assert s.capture.read().announced(s.edge_address(family)) == set()


def test_what_an_update_withdraws_beside_what_it_announces_is_gone(speakers):
    """A route that bgpd itself keeps (soft-reconfiguration) from before the gate closed does not come back."""
    s, made = speakers
    start(s, bgp=s.declaration(), **{family: [f"neighbor {s.acme_address(family)} soft-reconfiguration inbound"]
                                     for family in FAMILIES})
    first = {family: prefixes(family, 2) for family in FAMILIES}
    later = {family: prefixes(family, 1, start=10) for family in FAMILIES}
    for family, speaker in made.items():
        speaker.connect()
    s.edge.vtysh(BYPASS)
    for family, speaker in made.items():
        speaker.send(speaker.update(first[family]))
        until("acme's routes at the witness", lambda: at_witness(s, family), lambda seen: seen == set(first[family]))
    mark(s)
    mark(s)
    s.edge.vtysh(NO_BYPASS)
    for family, speaker in made.items():
        until("acme's routes gone", lambda: at_witness(s, family), lambda seen: seen == set())
        speaker.send(speaker.update(later[family], withdrawn=first[family][:1]))
    until("what came last counted", lambda: counted(s), lambda seen: seen == {"ipv4": 1, "ipv6": 1})
    s.edge.vtysh(BYPASS)
    for family in FAMILIES:
        until("what acme still announces at the witness", lambda: at_witness(s, family),
              lambda seen: {*first[family][1:], *later[family]} <= seen)
    mark(s)
    for family in FAMILIES:
        assert at_witness(s, family) == {*first[family][1:], *later[family]}


def test_a_gate_that_closes_while_it_opens_is_closed(speakers):
    """In the midst of what was kept being given to bgpd, message by message."""
    s, made = speakers
    start(s, bgp=s.declaration(limit=100000))
    for family, speaker in made.items():
        speaker.connect()
        speaker.send(b"".join(speaker.update([prefix]) for prefix in prefixes(family, 2000)))
    until("all of it counted", lambda: counted(s), lambda seen: seen == {"ipv4": 2000, "ipv6": 2000})
    s.walls.down("audit")
    s.edge.vtysh(BYPASS, NO_BYPASS)
    for family, speaker in made.items():
        speaker.send(speaker.update(prefixes(family, 1, start=3000)))
    # It is heard, and it is the wall in front of bgpd's parser that hears it.
    until("what came last counted", lambda: counted(s), lambda seen: all(count for count in seen.values()))
    mark(s)
    mark(s)
    for family in FAMILIES:
        assert at_witness(s, family) == set()
    assert {session["installedCount"] for session in s.edge.connection(NAME)["sessions"]} == {0}


def test_a_dynamic_neighbor_that_leaks_again_is_found_again(lab):
    s = Scenario(lab)
    s.walls = Walls(s.edge)
    s.walls.down("policy", "parser", "typed", "closing")
    speaker = Speaker(lab.namespace("acme"), s.acme_address("ipv4"), s.edge_address("ipv4"), ACME_AS)
    group = ["neighbor PEERS peer-group", f"neighbor PEERS remote-as {ACME_AS}", "neighbor PEERS timers 1 9",
             f"bgp listen range {s.acme_link.near_ipv4}/30 peer-group PEERS"]
    s.witness.start()
    s.edge.start(s.config(bgp=[f"peering {NAME} neighbor {s.acme_address('ipv4')}"],
                          acme_neighbor=lambda family: group if family == "ipv4" else [],
                          acme_family=lambda family: ["neighbor PEERS activate", "neighbor PEERS route-map ACME-IN in",
                                                      "neighbor PEERS route-map ACME-OUT out"]
                          if family == "ipv4" else []))
    for violations in (1, 2):
        speaker.connect()
        speaker.send(speaker.update(prefixes("ipv4", 3)))
        until("the session closed", speaker.closed.is_set)
        assert s.edge.connection(NAME)["sessions"][0]["violations"] >= violations
        speaker.close()
        speaker = Speaker(lab.namespace("acme"), s.acme_address("ipv4"), s.edge_address("ipv4"), ACME_AS)
    until("its routes gone", lambda: at_witness(s, "ipv4"), lambda seen: seen == set())
