# SPDX-License-Identifier: GPL-2.0-or-later
"""The dry run: what it says of a gated peer's routes, and that bgpd does just that once the gate is open.

The judge is the witness, to which bgpd passes on what it has taken of acme.
"""
import ipaddress
import itertools
import struct

import pytest

from lab import bgp
from lab.scenario import ACME_AS, EDGE_AS, FAMILIES, NAME, Scenario
from lab.speaker import AFI, Speaker, attribute, message, nlri
from lab.wait import until

pytestmark = pytest.mark.versions

LOCAL_AS = 64777
PATH = f"bgp_path.prepend({ACME_AS});"
# A route server puts no AS number in front and leaves next hops alone: so BIRD says whatever a test wants.
AS_TOLD = {"extra": "rs client;", "channel": "next hop keep;"}
# What offends against a rule, beside what looks like it and does not: rule, attributes.
KINDS = {
    "plain": ("accepted", PATH),
    "long path": ("accepted", f"bgp_path.prepend(65001); {PATH}"),
    "community": ("accepted", f"{PATH} bgp_community.add(({ACME_AS},1));"),
    "metric": ("accepted", f"{PATH} bgp_med = 51;"),
    "own": ("own-asn", f"bgp_path.prepend({EDGE_AS}); {PATH}"),
    "first": ("first-as", "bgp_path.prepend(65002);"),
    "by path": ("filter-list", f"bgp_path.prepend(65666); {PATH}"),
    "by community": ("route-map", f"{PATH} bgp_community.add(({ACME_AS},666));"),
    "by large community": ("route-map", f"{PATH} bgp_large_community.add(({ACME_AS},6,66));"),
    "by metric": ("route-map", f"{PATH} bgp_med = 50;"),
    "by own next hop": ("next-hop", PATH),
    "by set next hop": ("next-hop", f"{PATH} bgp_med = 49;"),
    "leak": ("role", f"{PATH} bgp_otc = 65003;"),
    "by list": (None, PATH),
}
LIST = {"ipv4": "prefix-list", "ipv6": "distribute-list"}
PREFIX = {"ipv4": "198.18.{}.0/24", "ipv6": "2001:db8:{:x}::/48"}
LISTED = {"ipv4": "198.19.1.0/24", "ipv6": "2001:db8:7777::/48"}


def prefix_of(family, kind):
    if kind == "by list":
        return LISTED[family]
    number = list(KINDS).index(kind)
    return PREFIX[family].format(number + (0x2000 if family == "ipv6" else 1))


def rule_of(family, kind):
    return KINDS[kind][0] or LIST[family]


def attributes_of(s, family, kind):
    if kind == "by own next hop":
        return f"{KINDS[kind][1]} bgp_next_hop = {s.witness_link.near_address(family)};"
    return KINDS[kind][1]


def policies(s):
    """What the edge has for acme, beside what the scenario has."""
    top = ["bgp as-path access-list PATHS deny _65666_", "bgp as-path access-list PATHS permit .*",
           "bgp community-list standard BAD permit 64510:666", "bgp large-community-list standard BAD permit 64510:6:66",
           "ip prefix-list ACME deny 198.19.0.0/16 le 32", "ip prefix-list ACME permit any",
           "ipv6 access-list ACME deny 2001:db8:7777::/48", "ipv6 access-list ACME permit any",
           "no route-map ACME-IN permit 10",
           "route-map ACME-IN deny 1", "match community BAD", "exit",
           "route-map ACME-IN deny 2", "match large-community BAD", "exit",
           "route-map ACME-IN deny 3", "match metric 50", "exit",
           "route-map ACME-IN permit 4", "match metric 49",
           f"set ip next-hop {s.witness_link.near_address('ipv4')}",
           f"set ipv6 next-hop global {s.witness_link.near_address('ipv6')}", "exit",
           "route-map ACME-IN permit 9", "set local-preference 300", "set as-path prepend 64500", "exit",
           f"ip prefix-list KEPT-BACK permit {s.witness_routes['ipv4'][0]}",
           f"ipv6 prefix-list KEPT-BACK permit {s.witness_routes['ipv6'][0]}",
           "route-map ACME-OUT deny 1", "match ip address prefix-list KEPT-BACK", "exit",
           "route-map ACME-OUT deny 2", "match ipv6 address prefix-list KEPT-BACK", "exit"]

    def neighbor(family):
        address = s.acme_address(family)
        return [*s.neighbor(address, ACME_AS), f"neighbor {address} enforce-first-as",
                f"neighbor {address} local-role provider"]

    def of_family(family):
        address = s.acme_address(family)
        return [*s.acme_family(family), f"neighbor {address} filter-list PATHS in",
                f"neighbor {address} {LIST[family]} ACME in"]
    return {"top": top, "acme_neighbor": neighbor, "acme_family": of_family}


def walk(s, words="", page=5):
    """Every route that `show peering NAME routes` has, page by page."""
    found, behind = [], ""
    while True:
        said = s.edge.bgpd_json(f"show peering {NAME} routes {words} limit {page} {behind} json")
        assert len(said["routes"]) <= page
        found += said["routes"]
        if not said["next"]:
            return found
        behind = f"after {said['next']['after']} id {said['next']['id']} of {said['next']['of']}"


def previewed(s):
    """What `show peering NAME preview` says by family, once it is finished and out of date in nothing."""
    def finished():
        return s.edge.bgpd_json(f"show peering {NAME} preview json")["sessions"]

    sessions = until("a preview", finished, lambda seen: all(
        not session["inProgress"] and not session["changedSince"] for session in seen))
    return {family["afi"]: family for session in sessions for family in session["families"]}


def test_what_the_preview_accepts_is_what_is_accepted(lab):
    s = Scenario(lab, acme=AS_TOLD)
    s.acme.announced = {family: [prefix_of(family, kind) for kind in KINDS] for family in FAMILIES}
    s.acme.attributes = {prefix_of(family, kind): attributes_of(s, family, kind)
                         for family in FAMILIES for kind in KINDS}
    s.start(s.config(bgp=s.declaration(), **policies(s)))
    s.acme.wait_established()
    s.validate()
    wanted = {family: {prefix_of(family, kind): rule_of(family, kind) for kind in KINDS} for family in FAMILIES}

    # One by one.
    routes = walk(s)
    said = {family: {route["prefix"]: route["rejectedBy"] or "accepted" for route in routes if route["afi"] == family}
            for family in FAMILIES}
    assert said == wanted
    assert len(routes) == 2 * len(KINDS)
    assert all(route["wouldAccept"] == (route["rejectedBy"] is None) for route in routes)
    assert {route["originValidation"] for route in routes} == {"unknown"}
    by_path = next(route for route in routes if route["prefix"] == prefix_of("ipv4", "by path"))
    assert (by_path["asPath"], by_path["nextHop"], by_path["rejectedByName"]) == (
        f"{ACME_AS} 65666", s.acme_address("ipv4"), "PATHS")

    # All of them.
    accepted = {family: {prefix for prefix, rule in wanted[family].items() if rule == "accepted"} for family in FAMILIES}
    for family, found in previewed(s).items():
        assert found["judgedCount"] == len(KINDS)
        assert found["accepted"]["count"] == len(accepted[family])
        assert found["rejectedCount"] == len(KINDS) - len(accepted[family])
        counts = {rule: list(wanted[family].values()).count(rule) for rule in set(wanted[family].values())}
        assert {entry["rule"]: entry["count"] for entry in found["rejected"]} | {
            "accepted": found["accepted"]["count"]} == counts
        assert {entry["name"] for entry in found["rejected"] if entry["rule"] == "route-map"} == {"ACME-IN"}
        # What would be sent: the edge's own routes and those of the witness, but one.
        assert found["sent"]["count"] == len(s.to_acme(family)) - 1
    s.settle()
    s.expect_nothing_passed()

    # In `show peering`: cheap, and of what is kept alone.
    until("the figures of the preview in `show peering`",
          lambda: {session["afi"]: session["wouldAcceptCount"] for session in s.edge.connection(NAME)["sessions"]},
          lambda seen: seen == {family: len(accepted[family]) for family in FAMILIES})
    total = sum(map(len, accepted.values()))
    assert f"{2 * len(KINDS)}/{total}*" in s.edge.vtysh("show peering")

    # And so it is.
    s.edge.verb(NAME, "activate")
    s.edge.wait_state(NAME, "Active")
    for family in FAMILIES:
        until(f"acme's {family} routes at the witness", lambda: s.witness_has_of_acme(family),
              lambda seen: seen == accepted[family])
        s.acme.wait_received(f"edge_{family}", s.to_acme(family) - {s.witness_routes[family][0]})
    s.settle()
    for family in FAMILIES:
        assert s.witness_has_of_acme(family) == accepted[family]

    # In service: what was accepted, where bgpd keeps no more.
    routes = walk(s)
    assert {route["prefix"] for route in routes} == accepted["ipv4"] | accepted["ipv6"]
    assert len(routes) == total and all(route["wouldAccept"] for route in routes)
    said = s.edge.bgpd_json(f"show peering {NAME} routes ipv4 json")
    assert {route["prefix"] for route in said["routes"]} == accepted["ipv4"]
    assert [(session["noRoutes"], session["rejectedKept"]) for session in said["sessions"]] == [(None, False)] * 2
    for family, found in previewed(s).items():
        assert (found["judgedCount"], found["accepted"]["count"], found["rejectedCount"], found["rejectedKept"]) == (
            len(accepted[family]), len(accepted[family]), None, False)
        # bgpd sends a peer's best paths back to it.
        assert found["sent"]["count"] == len(s.to_acme(family)) - 1 + len(accepted[family])
        assert [session["advertisedCount"] for session in s.edge.connection(NAME)["sessions"]
                if session["afi"] == family] == [found["sent"]["count"]]
    for words in ("routes", "preview"):
        assert "rejected routes are not kept: soft-reconfiguration inbound is off" in s.edge.vtysh(
            f"show peering {NAME} {words}")

    # And where it does, all that came, judged as before. It parses no more of what the first AS offends in.
    for family in FAMILIES:
        s.edge.configure_bgp(f"address-family {family} unicast",
                             f"neighbor {s.acme_address(family)} soft-reconfiguration inbound", "exit")
        del wanted[family][prefix_of(family, "first")]
    until("all that acme has sent", lambda: {
        family: {route["prefix"]: route["rejectedBy"] or "accepted" for route in walk(s, family)}
        for family in FAMILIES}, lambda seen: seen == wanted)
    for family, found in previewed(s).items():
        assert (found["judgedCount"], found["accepted"]["count"], found["rejectedKept"]) == (
            len(wanted[family]), len(accepted[family]), True)
    assert "not kept" not in s.edge.vtysh(f"show peering {NAME} routes")


# What no daemon sends

def path(*asns, kind=2):
    return bytes([kind, len(asns)]) + b"".join(struct.pack("!I", asn) for asn in asns)


def announcement(speaker, prefix, as_path=None, more=b"", next_hop=None):
    """An UPDATE of one prefix. What is odd comes last: bgpd 8.4.4
    loses its place behind an attribute that it treats as a withdrawal, and then resets the session."""
    hop = ipaddress.ip_address(next_hop or speaker.local).packed
    as_path = attribute(0x40, 2, as_path or path(ACME_AS))
    attributes = attribute(0x40, 1, b"\0")
    if speaker.family == "ipv6":
        attributes += attribute(0x80, bgp.MP_REACH, struct.pack("!HBB", AFI[speaker.family], 1, len(hop)) + hop + b"\0" +
                                nlri([prefix]))
        last = b""
    else:
        attributes += attribute(0x40, 3, hop)
        last = nlri([prefix])
    attributes += as_path + more
    return message(bgp.UPDATE, struct.pack("!HH", 0, len(attributes)) + attributes + last)


# By prefix: which rule, None where versions of FRR differ; what announcement() is given.
ODD = {
    "ipv4": {
        "198.18.1.0/24": ("accepted", {}),
        "198.18.2.0/24": ("malformed", {"more": attribute(0xc0, 8, b"\0\1\2")}),
        "198.18.3.0/24": ("malformed", {"more": attribute(0x40, 8, b"\0\1\2\3")}),
        "198.18.4.0/24": ("as-path", {"as_path": path(ACME_AS, 0)}),
        "198.18.5.0/24": ("as-path", {"as_path": path(ACME_AS) + path(65001, kind=3)}),
        "224.18.6.0/24": ("prefix", {}),
        "198.18.7.0/24": ("as-set", {"as_path": path(ACME_AS) + path(65001, 65002, kind=1)}),
        "198.18.8.0/24": (None, {"more": attribute(0x80, 9, bytes([192, 0, 2, 1]))}),
        "198.18.9.0/24": (None, {"more": attribute(0x80, 10, bytes([192, 0, 2, 9, 192, 0, 2, 1]))}),
        "198.18.10.0/24": ("accepted", {"as_path": path(ACME_AS, EDGE_AS)}),
        "198.18.11.0/24": ("own-asn", {"as_path": path(ACME_AS, EDGE_AS, EDGE_AS)}),
        "198.18.13.0/24": ("accepted", {"more": attribute(0xc0, 200, b"what is that")}),
        "198.18.15.0/24": ("route-map", {"more": attribute(0xc0, 8, b"\0\1\0\1\xfb\xfe\2\x9a")}),
        "198.18.16.0/24": ("route-map", {"more": attribute(0xc0, 16, b"\0\2\xfb\xfe\0\0\2\x9a")}),
        "198.18.17.0/24": ("accepted", {"more": attribute(0x80, 4, b"\0\0\0\1") + attribute(0x40, 5, b"\0\0\0\2")}),
    },
    "ipv6": {
        "2001:db8:1001::/48": ("accepted", {}),
        "2001:db8:1002::/48": ("own-asn", {"as_path": path(ACME_AS, LOCAL_AS)}),
        "2001:db8:1003::/48": ("own-asn", {"as_path": path(ACME_AS, EDGE_AS)}),
        "fe80:1004::/48": ("prefix", {}),
        "2001:db8:1005::/48": ("next-hop", {"next_hop": "ff0e::1"}),
    },
}


def test_what_no_daemon_sends_is_judged_as_bgpd_does_it(lab):
    s = Scenario(lab)
    speakers = {family: Speaker(lab.namespace("acme"), s.acme_address(family), s.edge_address(family), ACME_AS)
                for family in FAMILIES}

    def neighbor(family):
        address = s.acme_address(family)
        lines = [*s.neighbor(address, ACME_AS), f"neighbor {address} passive"]
        return lines + [f"neighbor {address} local-as {LOCAL_AS}"] * (family == "ipv6")

    def of_family(family):
        return s.acme_family(family) + [f"neighbor {s.acme_address(family)} allowas-in 1"] * (family == "ipv4")

    s.witness.start()
    s.edge.start(s.config(
        top=["bgp community-list standard BAD permit 64510:666", "bgp extcommunity-list standard BAD permit rt 64510:666",
             "no route-map ACME-IN permit 10", "route-map ACME-IN deny 1", "match community BAD", "exit",
             "route-map ACME-IN deny 2", "match extcommunity BAD", "exit", "route-map ACME-IN permit 9", "exit"],
        bgp=["bgp reject-as-sets", *s.declaration()], acme_neighbor=neighbor, acme_family=of_family))
    # Before that a session is shut.
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")
    try:
        for family, speaker in speakers.items():
            speaker.connect()
            for prefix, (_, how) in ODD[family].items():
                speaker.send(announcement(speaker, prefix, **how))
        until("all of it counted", lambda: {session["afi"]: session["receivedCount"]
                                            for session in s.edge.connection(NAME)["sessions"]},
              lambda seen: seen == {family: len(ODD[family]) for family in FAMILIES})
        s.wait_passed()
        routes = walk(s)
        for family in FAMILIES:
            said = {route["prefix"]: route["rejectedBy"] or "accepted" for route in routes if route["afi"] == family}
            assert said.keys() == ODD[family].keys()
            assert {prefix: rule for prefix, rule in said.items() if ODD[family][prefix][0]} == {
                prefix: rule for prefix, (rule, _) in ODD[family].items() if rule}
        accepted = {family: {route["prefix"] for route in routes if route["wouldAccept"] and route["afi"] == family}
                    for family in FAMILIES}
        counts = {family: found["accepted"]["count"] for family, found in previewed(s).items()}
        assert counts == {family: len(accepted[family]) for family in FAMILIES}

        s.edge.verb(NAME, "activate")
        s.edge.wait_state(NAME, "Active")
        for family in FAMILIES:
            until(f"what was accepted of {family} at the witness",
                  lambda: s.witness.received(f"edge_{family}") & ODD[family].keys(),
                  lambda seen: seen == accepted[family])
        s.mark()
        s.mark()
        for family, speaker in speakers.items():
            assert s.witness.received(f"edge_{family}") & ODD[family].keys() == accepted[family]
            assert not speaker.closed.is_set(), "the session was reset"
    finally:
        for speaker in speakers.values():
            speaker.close()


# Several paths of one prefix

def test_paths_of_one_prefix_are_told_apart(lab):
    PREFIXES, OTHERS = ["198.18.0.0/28", "198.18.0.16/28", "198.18.0.32/28", "198.18.0.48/28"], (65003, 65666)
    s = Scenario(lab, acme={"channel": "add paths tx;"})
    s.acme.announced["ipv4"], s.acme.announced["ipv6"] = PREFIXES, []
    s.acme.top = "\n".join(line for number in OTHERS for line in (
        f"protocol static more_{number} {{", "ipv4;",
        *(f"route {prefix} blackhole {{ bgp_path.prepend({number}); }};" for prefix in PREFIXES), "}"))
    s.start(s.config(
        top=["bgp as-path access-list PATHS deny _65666_", "bgp as-path access-list PATHS permit .*"],
        bgp=s.declaration(limit=11, optional=("ipv6",)),
        acme_family=lambda family: s.acme_family(family) + [f"neighbor {s.acme_address(family)} filter-list PATHS in"]))
    s.acme.wait_established()
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")

    def ipv4():
        return next(session for session in s.edge.connection(NAME)["sessions"] if session["afi"] == "ipv4")

    # Each path counts, as it does for bgpd's own maximum-prefix.
    until("every path counted", lambda: ipv4()["receivedCount"], lambda seen: seen == 12)
    until("more than the limit", lambda: s.edge.connection(NAME)["blocking"],
          lambda seen: ("received-limit", s.acme_address("ipv4")) in [(one["check"], one["session"]) for one in seen])
    s.edge.configure_bgp(f"peering {NAME} received-limit ipv4 12")
    s.wait_passed()

    wanted = {(prefix, path): "accepted" if "65666" not in path else "filter-list"
              for prefix in PREFIXES for path in (f"{ACME_AS}", f"{ACME_AS} 65003", f"{ACME_AS} 65666")}
    routes = walk(s, page=1)
    assert len(routes) == len({(route["prefix"], route["pathId"]) for route in routes}) == 12
    assert all(route["pathId"] for route in routes)
    assert {(route["prefix"], route["asPath"]): route["rejectedBy"] or "accepted" for route in routes} == wanted
    # Where somebody else has turned pages meanwhile, the path identifier says where to go on.
    first = s.edge.bgpd_json(f"show peering {NAME} routes limit 5 json")
    walk(s)
    after = f"after {first['next']['after']} id {first['next']['id']} of {first['next']['of']}"
    rest = s.edge.bgpd_json(f"show peering {NAME} routes limit 1000 {after} json")
    assert first["routes"] + rest["routes"] == routes and not rest["next"]
    shown = s.edge.vtysh(f"show peering {NAME} routes limit 5")
    assert f"add `{after}`" in shown
    found = previewed(s)["ipv4"]
    assert (found["judgedCount"], found["accepted"]["count"]) == (12, 8)
    assert [(entry["rule"], entry["count"]) for entry in found["rejected"]] == [("filter-list", 4)]
    # What bgpd would end the session for, once it is open.
    assert not found["exceedsMaximumPrefix"]
    limit = f"neighbor {s.acme_address('ipv4')} maximum-prefix"
    s.edge.configure_bgp("address-family ipv4 unicast", f"{limit} 7", "exit")
    found = previewed(s)["ipv4"]
    assert found["exceedsMaximumPrefix"] and found["maximumPrefix"] == 7
    assert "critical: maximum-prefix is 7" in s.edge.vtysh(f"show peering {NAME} preview")
    s.edge.configure_bgp("address-family ipv4 unicast", f"no {limit} 7", "exit")
    s.settle()
    s.expect_nothing_passed()

    s.edge.verb(NAME, "activate")
    s.edge.wait_state(NAME, "Active")
    accepted = sorted(pair for pair, rule in wanted.items() if rule == "accepted")

    def installed():
        table = s.edge.bgpd_json("show bgp ipv4 unicast json")["routes"]
        return sorted((prefix, path["path"]) for prefix, paths in table.items() for path in paths
                      if path.get("peerId") == s.acme_address("ipv4"))

    until("acme's paths in bgpd's table", installed, lambda seen: seen == accepted)
    s.settle()
    assert installed() == accepted and ipv4()["installedCount"] == 8
    # And so they are shown, whatever the size of a page.
    for page in (1, 3, 1000):
        assert sorted((route["prefix"], route["asPath"]) for route in walk(s, page=page)) == accepted


# Pages and filters

def test_pages_and_filters(lab):
    s = Scenario(lab, acme_routes=120)
    s.acme.attributes = {s.acme_routes["ipv4"][3]: "bgp_path.prepend(65003);"}
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    for family in FAMILIES:
        until(f"all of {family} counted", lambda: {session["afi"]: session["receivedCount"]
                                                   for session in s.edge.connection(NAME)["sessions"]}[family],
              lambda seen: seen == 120)
    everything = {*s.acme_routes["ipv4"], *s.acme_routes["ipv6"]}
    for page in (1, 7, 50, 1000):
        found = [route["prefix"] for route in walk(s, page=page)]
        assert len(found) == len(everything) and set(found) == everything
    assert len(s.edge.bgpd_json(f"show peering {NAME} routes json")["routes"]) == 50
    assert {route["prefix"] for route in walk(s, "ipv6")} == set(s.acme_routes["ipv6"])
    assert {route["prefix"] for route in walk(s, f"neighbor {s.acme_address('ipv4')}")} == set(s.acme_routes["ipv4"])
    one = s.acme_routes["ipv4"][3]
    assert [route["prefix"] for route in walk(s, f"prefix {one}")] == [one]
    assert [route["asPath"] for route in walk(s, "as-path _65003$")] == [f"{ACME_AS} 65003"]
    assert {route["prefix"] for route in walk(s, "prefix 198.18.0.0/25 longer")} == {
        prefix for prefix in s.acme_routes["ipv4"]
        if ipaddress.ip_network(prefix).subnet_of(ipaddress.ip_network("198.18.0.0/25"))}
    assert walk(s, "verdict rejected") == []

    # What the peer changes between two pages makes no other route be passed over.
    first = s.edge.bgpd_json(f"show peering {NAME} routes ipv4 limit 60 json")
    last = first["next"]["after"]
    s.acme.attributes[last] = "bgp_path.prepend(65004);"
    s.acme.withdraw("ipv4", [first["routes"][0]["prefix"]])
    until("the change counted", lambda: {session["afi"]: session["receivedCount"]
                                         for session in s.edge.connection(NAME)["sessions"]}["ipv4"],
          lambda seen: seen == 119)
    rest = s.edge.bgpd_json(f"show peering {NAME} routes ipv4 limit 1000 after {last} of {first['next']['of']} json")
    assert not rest["next"]
    assert {route["prefix"] for route in first["routes"] + rest["routes"]} == set(s.acme_routes["ipv4"]) | {
        first["routes"][0]["prefix"]}
    # Words for people, and what is refused.
    shown = s.edge.vtysh(f"show peering {NAME} routes limit 2")
    assert "for more of them add `after " in shown and "AS path" in shown
    assert "no neighbor of" in s.edge.refused(f"show peering {NAME} routes neighbor 192.0.2.99")
    assert "regular expression" in s.edge.refused(f"show peering {NAME} routes as-path [")
    assert "begin anew" in s.edge.refused(f"show peering {NAME} routes after 198.51.100.0/24")
    assert "begin anew" in s.edge.refused(f"show peering {NAME} routes after {s.acme_routes['ipv4'][5]} id 7")
    assert "is not of ipv4" in s.edge.refused(f"show peering {NAME} routes ipv4 prefix 2001:db8::/32 longer")
    assert "is not of ipv6" in s.edge.refused(f"show peering {NAME} routes ipv6 after 198.51.100.0/24")
    assert "are two sessions" in s.edge.refused(f"show peering {NAME} routes neighbor {s.acme_address('ipv4')} after "
                                                f"{s.acme_routes['ipv6'][0]} of {s.acme_address('ipv6')}")
    assert "There is no connection 'PNI-X'" in s.edge.refused("show peering PNI-X routes")
    for words in ("limit 0", "limit 1001", "prefix 198.18.0.0/33", "prefix acme", "verdict perhaps", "as-path"):
        s.edge.refused(f"show peering {NAME} routes {words}")
    shown = s.edge.vtysh(f"show peering {NAME} preview")
    assert "120 would be accepted" in shown and "119 would be accepted" in shown and "would be sent" in shown


# A peer that sends more than is kept

def test_a_peer_that_sends_more_than_is_kept_is_cut_off(lab):
    s = Scenario(lab)
    speaker = Speaker(lab.namespace("acme"), s.acme_address("ipv4"), s.edge_address("ipv4"), ACME_AS)
    s.witness.start()
    s.edge.start(s.config(bgp=s.declaration(limit=10), acme_neighbor=lambda family: [
        *s.acme_neighbor(family), f"neighbor {s.acme_address(family)} passive"]))

    def send(count):
        made = [str(network) for network in itertools.islice(
            ipaddress.ip_network("10.0.0.0/8").subnets(new_prefix=26), count)]
        for at in range(0, count, 700):
            speaker.send(speaker.update(made[at:at + 700]))

    def session():
        return next(found for found in s.edge.connection(NAME)["sessions"] if found["afi"] == "ipv4")

    try:
        # Beyond its limit the session stays up, and is counted and judged.
        speaker.connect()
        send(100000)
        until("all of it counted", lambda: session()["receivedCount"], lambda seen: seen == 100000)
        assert not speaker.closed.is_set()
        # And beyond what is kept it ends, and stays down.
        speaker.send(speaker.update(["203.0.113.0/24"]))
        until("the session ended", speaker.closed.is_set, lambda seen: seen)
        said = s.capture.read().messages(s.edge_address("ipv4"), bgp.NOTIFICATION)
        assert [(message.body[0], message.body[1]) for message in said] == [(6, 1)]
        found = s.edge.connection(NAME)
        assert [(entry["cause"], entry["severity"]) for entry in found["degraded"]] == [("limit", "critical")]
        assert f"         clear bgp {s.acme_address('ipv4')}" in s.edge.vtysh(f"show peering {NAME}").splitlines()
        assert session()["bgpState"] == "Idle"
        assert s.edge.log_lines("sends more than 100000 ipv4 prefixes")
        s.edge.vtysh(f"clear bgp {s.acme_address('ipv4')}")
        speaker.closed.clear()
        speaker.connect()
        send(5)
        until("what it sends now counted", lambda: session()["receivedCount"], lambda seen: seen == 5)
        assert s.edge.connection(NAME)["degraded"] == []

        # Twice the limit, where that is more.
        s.edge.configure_bgp(f"peering {NAME} received-limit ipv4 60000")
        s.edge.vtysh(f"clear bgp {s.acme_address('ipv4')}")
        until("the session reset", speaker.closed.is_set)
        speaker.connect()
        send(120000)
        until("all of it counted", lambda: session()["receivedCount"], lambda seen: seen == 120000)
        assert not speaker.closed.is_set()
        speaker.send(speaker.update(["203.0.113.0/24"]))
        until("the session ended", speaker.closed.is_set)
        assert s.edge.log_lines("sends more than 120000 ipv4 prefixes")
    finally:
        speaker.close()


def test_what_all_peers_send_is_kept_up_to_a_bound(lab):
    """256 MiB for the router: what does not fit is counted, and what goes makes room."""
    COUNT, BULK = 36000, attribute(0xc0, 200, b"x" * 3900)
    s = Scenario(lab)
    speakers = {family: Speaker(lab.namespace("acme"), s.acme_address(family), s.edge_address(family), ACME_AS)
                for family in FAMILIES}
    s.witness.start()
    s.edge.start(s.config(bgp=s.declaration(), acme_neighbor=lambda family: [
        *s.acme_neighbor(family), f"neighbor {s.acme_address(family)} passive"]))

    def send(family):
        block, length = ("10.0.0.0/8", 32) if family == "ipv4" else ("2001:db8:8000::/36", 64)
        made = ipaddress.ip_network(block).subnets(new_prefix=length)
        for _ in range(COUNT // 1000):
            speakers[family].send(b"".join(announcement(speakers[family], str(prefix), more=BULK)
                                           for prefix in itertools.islice(made, 1000)))
        until(f"all of {family} counted", lambda: {session["afi"]: session["receivedCount"]
                                                   for session in s.edge.connection(NAME)["sessions"]}[family],
              lambda seen: seen == COUNT)

    def kept():
        said = s.edge.bgpd_json(f"show peering {NAME} routes limit 1 json")["sessions"]
        return {session["address"]: session["noRoutes"] for session in said}

    try:
        for speaker in speakers.values():
            speaker.connect()
        send("ipv4")
        assert kept() == {s.acme_address(family): None for family in FAMILIES}
        # Alone it would fit.
        send("ipv6")
        assert kept()[s.acme_address("ipv4")] is None
        assert "it is counted only" in kept()[s.acme_address("ipv6")]
        assert "counted only" in s.edge.vtysh(f"show peering {NAME} preview")
        with open(f"/proc/{s.edge.bgpd.pid}/status") as status:
            most = int(next(line for line in status if line.startswith("VmHWM")).split()[1])
        assert most < (256 + 128) << 10
        for speaker in speakers.values():
            speaker.close()
            until("the session ended", speaker.closed.is_set)
        until("both down at the edge", lambda: [session["bgpState"] for session in s.edge.connection(NAME)["sessions"]],
              lambda seen: "Established" not in seen)
        speakers["ipv6"].connect()
        send("ipv6")
        assert kept()[s.acme_address("ipv6")] is None
    finally:
        for speaker in speakers.values():
            speaker.close()
