# SPDX-License-Identifier: GPL-2.0-or-later
"""The dry run: what it says of a gated peer's routes, and that bgpd does just that once the gate is open.

The judge is the witness, to which bgpd passes on what it has taken of acme.
"""
import pytest

from lab.scenario import ACME_AS, EDGE_AS, FAMILIES, NAME, OWN, Scenario
from lab.wait import until

pytestmark = pytest.mark.versions

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
           "route-map ACME-IN permit 9", "set local-preference 300", "set as-path prepend 64500", "exit"]

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
        behind = f"after {said['next']['after']} of {said['next']['of']}"


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
        # What would be sent: the edge's own routes and those of the witness.
        assert found["sent"]["count"] == len(s.to_acme(family))
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
        s.acme.wait_received(f"edge_{family}", s.to_acme(family))
    s.settle()
    for family in FAMILIES:
        assert s.witness_has_of_acme(family) == accepted[family]
    assert s.edge.bgpd_json(f"show peering {NAME} routes json")["routes"] == []
