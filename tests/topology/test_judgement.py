# SPDX-License-Identifier: GPL-2.0-or-later
"""Any routes, and any policy: what `show peering NAME routes` accepts is what bgpd's own table has once the gate is open.

Dice say what the peer sends and what the operator has configured; the same number is the same game.
PEERING_SEEDS=N plays N of them.
"""
import ipaddress
import os
import random
import struct

import pytest

from lab import bgp
from lab.scenario import ACME_AS, EDGE_AS, FAMILIES, NAME, Scenario
from lab.speaker import AFI, Speaker, attribute, message, nlri
from lab.wait import until

pytestmark = pytest.mark.versions

LOCAL_AS, ROUTES = 64777, 150
SEEDS = range(int(os.environ.get("PEERING_SEEDS", "3")))
OWN_ID = ipaddress.ip_address("192.0.2.1").packed
SEQUENCE, SET, CONFEDERATION = 2, 1, 3
FIRST = {"ipv4": ("198.18.0.0", 15, 32), "ipv6": ("2001:db8:1000::", 36, 64)}
NO_ROUTES = {"ipv4": ("224.18.0.0/16", "239.1.0.0/24", "10.0.0.0/8"), "ipv6": ("fe80:1::/48", "ff0e:2::/48", "fd00::/8")}


# What the peer sends

class Author:
    def __init__(self, dice, s, family):
        self.dice, self.family = dice, family
        self.own, self.edge, self.edge_mac = s.acme_address(family), s.edge_address(family), edge_mac(s)

    def prefix(self):
        if self.dice.random() < 0.03:
            return self.dice.choice(NO_ROUTES[self.family])
        base, shortest, longest = FIRST[self.family]
        base, length = ipaddress.ip_network(f"{base}/{shortest}"), self.dice.randint(shortest + 3, longest)
        offset = self.dice.getrandbits(length - shortest) << (base.max_prefixlen - length)
        return f"{base.network_address + offset}/{length}"

    def path(self):
        first = ACME_AS if self.dice.random() < 0.9 else 65001
        others = self.dice.choices([65001, 65002, 65003, EDGE_AS, LOCAL_AS, 0], [8, 8, 8, 2, 2, 0.3],
                                   k=self.dice.randint(0, 3))
        found = segment(SEQUENCE, first, *others)
        if self.dice.random() < 0.07:
            found += segment(SET, 65001, 65004)
        if self.dice.random() < 0.02:
            found += segment(CONFEDERATION, 65001)
        return found if self.dice.random() < 0.98 else b""

    def next_hop(self):
        """Whether it stands in MP_REACH, and its bytes."""
        packed = lambda *addresses: b"".join(ipaddress.ip_address(address).packed for address in addresses)
        if self.family == "ipv4":
            odd = [(True, packed(self.own)), (True, packed("2001:db8:1::99")), (True, packed("fe80::99")),
                   (True, packed("2001:db8:1::99", "fe80::99")), (True, packed("127.0.0.1")), (True, packed("0.0.0.0")),
                   (True, packed(self.edge)), (False, packed(self.edge)), (False, packed("192.0.2.199")),
                   (True, packed("225.0.0.1"))]
            return (False, packed(self.own)) if self.dice.random() < 0.75 else self.dice.choice(odd)
        odd = [packed("fe80::99"), packed(self.own, "fe80::99"), packed("fe80::98", "fe80::99"), packed("::", "fe80::99"),
               packed(self.own, self.own), packed(self.edge), packed("ff0e::1"), packed("::1"), packed("::"),
               packed("2001:db8:99::99")]
        return (True, packed(self.own) if self.dice.random() < 0.75 else self.dice.choice(odd))

    def more(self):
        """Attributes that may be there."""
        dice, found = self.dice, b""
        if dice.random() < 0.4:
            found += attribute(0x80, 4, struct.pack("!I", dice.randint(48, 51)))
        if dice.random() < 0.1:
            found += attribute(0x40, 5, struct.pack("!I", dice.randint(99, 101)))
        if dice.random() < 0.1:
            found += attribute(0x40, 6, b"") + attribute(0xc0, 7, struct.pack("!I4s", 65001, OWN_ID))
        if dice.random() < 0.5:
            known = [(ACME_AS, 666), (ACME_AS, 1), (65535, 666), (65535, 0), (65535, 65281)]
            picked = dice.sample(known, dice.randint(1, 3))
            found += attribute(0xc0, 8, b"".join(struct.pack("!HH", *one) for one in picked))
        if dice.random() < 0.2:
            router_mac = b"\6\3" + dice.choice([self.edge_mac, b"\2\0\0\0\0\1"])
            found += attribute(0xc0, 16, dice.choice([struct.pack("!HHI", 2, ACME_AS, 665),
                                                      struct.pack("!HHI", 2, ACME_AS, 666), router_mac]))
        if dice.random() < 0.2:
            found += attribute(0xc0, 32, struct.pack("!III", ACME_AS, 6, dice.randint(65, 66)))
        if dice.random() < 0.15:
            found += attribute(0xc0, 35, struct.pack("!I", dice.choice([ACME_AS, 65003])))
        if dice.random() < 0.05:
            found += attribute(0x80, 9, dice.choice([OWN_ID, b"\xc0\0\2\x09"]))
        if dice.random() < 0.05:
            found += attribute(0x80, 10, b"\xc0\0\2\x09" + dice.choice([OWN_ID, b"\xc0\0\2\x08"]))
        if dice.random() < 0.05:
            found += attribute(dice.choice([0xc0, 0x80, 0xe0]), 200, b"what is that")
        return found

    def wrong(self):
        """One that bgpd treats as a withdrawal. Only at the end, as the path, that may be too: 8.4.4 loses its place behind
        it, and ends the session."""
        return self.dice.choice([
            attribute(0xc0, 8, b"\0\1\2"), attribute(0x40, 8, b"\0\1\2\3"), attribute(0xc0, 16, b"\0\1\2"),
            attribute(0xc0, 32, b"\0" * 11), attribute(0xa0, 4, b"\0\0\0\1"), attribute(0x80, 4, b"\0\0\1"),
            attribute(0xc0, 35, b"\0\1"), attribute(0x60, 1, b"\0"), attribute(0x40, 1, b"\3"),
            attribute(0xc0, 25, b"\0" * 19)])

    def message(self, prefix):
        mp_reach, hop = self.next_hop()
        reach = attribute(0x80, bgp.MP_REACH, struct.pack("!HBB", AFI[self.family], 1, len(hop)) + hop + b"\0" +
                          nlri([prefix])) if mp_reach else attribute(0x40, 3, hop)
        last = self.wrong() if self.dice.random() < 0.06 else b""
        if mp_reach and len(hop) == 4 and (hop[0] in (0, 127) or hop[0] >= 224):
            last, reach = reach, b""
        path, more = attribute(0x40, 2, self.path()), self.more()
        found = b"" if last[1:2] == b"\1" else attribute(0x40, 1, bytes([self.dice.randrange(3)]))
        if last:
            path = attribute(0x40, 2, segment(SEQUENCE, ACME_AS))
            more = b"" if last[1] in kinds(more) else more
        found += reach + more + path + last
        plain = b"" if mp_reach else nlri([prefix])
        return message(bgp.UPDATE, struct.pack("!HH", 0, len(found)) + found + plain)

    def withdrawal(self, prefix):
        if self.family == "ipv4":
            gone = nlri([prefix])
            return message(bgp.UPDATE, struct.pack("!H", len(gone)) + gone + b"\0\0")
        found = attribute(0x80, bgp.MP_UNREACH, struct.pack("!HB", AFI[self.family], 1) + nlri([prefix]))
        return message(bgp.UPDATE, struct.pack("!HH", 0, len(found)) + found)


def edge_mac(s):
    said = s.edge.namespace.run(["cat", f"/sys/class/net/{s.acme_link.near_interface}/address"]).stdout
    return bytes.fromhex(said.strip().replace(":", ""))


def segment(kind, *asns):
    return bytes([kind, len(asns)]) + b"".join(struct.pack("!I", asn) for asn in asns)


def kinds(attributes):
    found = set()
    while attributes:
        found.add(attributes[1])
        attributes = attributes[4 + struct.unpack("!H", attributes[2:4])[0]:]
    return found


# What the operator has configured

LISTS = ["bgp community-list standard BAD permit 64510:666", "bgp community-list standard GOOD permit 64510:1",
         "bgp large-community-list standard BAD permit 64510:6:66",
         "bgp extcommunity-list standard BAD permit rt 64510:666",
         "bgp as-path access-list SHORT permit ^[0-9]+(_[0-9]+)?$", "bgp as-path access-list THIRD permit _65003_"]


def policy(dice, family, edge):
    """Lines at the top level: the import policy ACME-IN-FAMILY and the lists that a neighbor may have."""
    ip = "ip" if family == "ipv4" else "ipv6"
    base, shortest, longest = FIRST[family]
    block = ipaddress.ip_network(f"{base}/{shortest}")
    lines = []
    for name in ("SOME", "OTHERS"):
        for number in range(1, 4):
            part = dice.choice(list(block.subnets(prefixlen_diff=3)))
            lines.append(f"{ip} prefix-list {name}-{family} seq {number} {dice.choice(['permit', 'deny'])} {part} "
                         f"le {dice.randint(shortest + 8, longest)}")
        lines.append(f"{ip} prefix-list {name}-{family} seq 9 permit any")
    access = "access-list" if family == "ipv4" else "ipv6 access-list"
    lines += [f"{access} ACCESS-{family} {dice.choice(['permit', 'deny'])} {part}" for part in
              dice.sample(list(block.subnets(prefixlen_diff=3)), 2)] + [f"{access} ACCESS-{family} permit any"]
    lines += [f"bgp as-path access-list PATHS-{family} deny {dice.choice(['_65002_', '_65003$', '_65004_', '^65001'])}",
              f"bgp as-path access-list PATHS-{family} permit .*"]
    matches = ["community BAD", "community GOOD exact-match", "large-community BAD", "extcommunity BAD", "as-path SHORT",
               "as-path THIRD", f"{ip} address prefix-list SOME-{family}", f"{ip} address prefix-list OTHERS-{family}",
               "metric 50", "metric 49", "origin egp", "origin incomplete", "local-preference 100"]
    sets = ["local-preference 200", "metric 5", "community 64510:9 additive", "as-path prepend 64500", "weight 7",
            "origin igp", "comm-list BAD delete", "large-community none", "as-path exclude 65002",
            f"ip next-hop {edge}" if family == "ipv4" else f"ipv6 next-hop global {edge}"]
    for number in range(10, 10 * dice.randint(4, 7), 10):
        permit = dice.random() < 0.6
        lines.append(f"route-map ACME-IN-{family} {'permit' if permit else 'deny'} {number}")
        lines += [f"match {one}" for one in dice.sample(matches, dice.choice([1, 1, 1, 2]))]
        if permit:
            lines += [f"set {one}" for one in dice.sample(sets, dice.randint(0, 2))]
            lines += dice.choice([[], ["on-match next"], [f"continue {number + 20}"], [f"call CALLED-{family}"]])
        lines.append("exit")
    return lines + [f"route-map ACME-IN-{family} permit 90", "exit",
                    f"route-map CALLED-{family} deny 10", f"match {dice.choice(matches)}", "exit",
                    f"route-map CALLED-{family} permit 20", "exit"]


def neighbor_lines(dice, address):
    """Of the neighbor, and of its family."""
    of_neighbor = dice.choice([[], [], ["enforce-first-as"]])
    of_neighbor += dice.choice([[], [], [f"local-as {LOCAL_AS}"], [f"local-as {LOCAL_AS} no-prepend"],
                                [f"local-as {LOCAL_AS} no-prepend replace-as"]])
    of_neighbor += dice.choice([[], [], ["local-role provider"], ["local-role peer"], ["local-role customer"],
                                ["local-role rs-server"]])
    family = "ipv6" if ":" in address else "ipv4"
    of_family = [f"route-map ACME-IN-{family} in"]
    of_family += dice.choice([[], [f"prefix-list SOME-{family} in"], [f"distribute-list ACCESS-{family} in"]])
    of_family += dice.choice([[], [f"filter-list PATHS-{family} in"]])
    of_family += dice.choice([[], [], ["allowas-in 1"], ["allowas-in 2"], ["allowas-in origin"]])
    of_family += dice.choice([[], ["weight 9"]]) + dice.choice([[], [], ["soft-reconfiguration inbound"]])
    return of_neighbor, of_family


# Both

def pages(s):
    found, behind = [], ""
    while True:
        said = s.edge.bgpd_json(f"show peering {NAME} routes limit 1000 {behind} json")
        found += said["routes"]
        if not said["next"]:
            return found
        behind = f"after {said['next']['after']} id {said['next']['id']} of {said['next']['of']}"


def by_prefix(routes, family):
    return {route["prefix"]: route["rejectedBy"] or "accepted" for route in routes if route["afi"] == family}


def installed(s, family):
    """The prefixes of acme's in bgpd's own table, whether their next hop can be reached or not."""
    table = s.edge.bgpd_json(f"show bgp {family} unicast json")["routes"]
    return {prefix for prefix, paths in table.items()
            if any(path.get("peerId") == s.acme_address(family) for path in paths)}


def start(lab, dice):
    s = Scenario(lab)
    lines = {family: neighbor_lines(dice, s.acme_address(family)) for family in FAMILIES}
    top = LISTS + [line for family in FAMILIES for line in policy(dice, family, s.edge_address(family))]
    own = [*s.declaration(), *dice.choice([[], ["bgp reject-as-sets"]])]

    def neighbor(family):
        address = s.acme_address(family)
        return [*s.neighbor(address, ACME_AS), f"neighbor {address} passive",
                *(f"neighbor {address} {line}" for line in lines[family][0])]

    def of_family(family):
        address = s.acme_address(family)
        return [f"neighbor {address} activate", f"neighbor {address} route-map ACME-OUT out",
                *(f"neighbor {address} {line}" for line in lines[family][1])]

    s.witness.start()
    s.edge.start(s.config(top=top, bgp=own, acme_neighbor=neighbor, acme_family=of_family))
    # Before that a session is shut.
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")
    return s


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_judged_is_what_bgpd_does(lab, seed):
    dice = random.Random(seed)
    s = start(lab, dice)
    speakers = {family: Speaker(lab.namespace("acme"), s.acme_address(family), s.edge_address(family), ACME_AS)
                for family in FAMILIES}
    sent = {}
    try:
        for family, speaker in speakers.items():
            author = Author(dice, s, family)
            sent[family] = {author.prefix() for _ in range(ROUTES)}
            speaker.connect()
            for prefix in sorted(sent[family]):
                speaker.send(author.message(prefix))
            # Some more than once, the last word counts; and some not any more.
            for prefix in dice.sample(sorted(sent[family]), 30):
                speaker.send(author.message(prefix))
            for prefix in dice.sample(sorted(sent[family]), 10):
                speaker.send(author.withdrawal(prefix))
                sent[family].discard(prefix)
        until("all of it counted", lambda: {session["afi"]: session["receivedCount"]
                                            for session in s.edge.connection(NAME)["sessions"]},
              lambda seen: seen == {family: len(prefixes) for family, prefixes in sent.items()})
        s.wait_passed()
        judged = {family: by_prefix(pages(s), family) for family in FAMILIES}
        assert {family: set(said) for family, said in judged.items()} == sent
        accepted = {family: {prefix for prefix, rule in said.items() if rule == "accepted"}
                    for family, said in judged.items()}
        # A game in which everything falls one way shows nothing.
        assert 0 < sum(map(len, accepted.values())) < sum(map(len, sent.values()))
        assert all(installed(s, family) == set() for family in FAMILIES)

        s.edge.verb(NAME, "activate")
        s.edge.wait_state(NAME, "Active")
        until("what was kept given to bgpd", lambda: s.edge.connection(NAME)["sessions"],
              lambda seen: all(session["gate"] == "allow" for session in seen))
        for _ in range(2):
            s.mark()
        for family, speaker in speakers.items():
            assert not speaker.closed.is_set(), f"the {family} session was reset"
            found = installed(s, family)
            assert {prefix: judged[family][prefix] for prefix in found ^ accepted[family]} == {}
        # In service it is the same to be read from bgpd.
        shown = pages(s)
        for family in FAMILIES:
            assert {prefix for prefix, rule in by_prefix(shown, family).items() if rule == "accepted"} == accepted[family]
    finally:
        for speaker in speakers.values():
            speaker.close()


def test_what_never_gets_in_is_said(lab):
    """What no dice may throw: it ends the session, or there is no policy to judge it by."""
    s = Scenario(lab)
    speakers = {family: Speaker(lab.namespace("acme"), s.acme_address(family), s.edge_address(family), ACME_AS)
                for family in FAMILIES}
    s.witness.start()
    s.edge.start(s.config(bgp=s.declaration(), acme_neighbor=lambda family: [
        *s.acme_neighbor(family), f"neighbor {s.acme_address(family)} passive"], acme_family=lambda family: [
            line for line in s.acme_family(family) if family == "ipv4" or not line.endswith(" in")]))
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")
    base = attribute(0x40, 1, b"\0") + attribute(0x40, 2, segment(SEQUENCE, ACME_AS))
    hop = {family: ipaddress.ip_address(s.acme_address(family)).packed for family in FAMILIES}

    def reach(flags, prefix):
        return attribute(flags, bgp.MP_REACH, struct.pack("!HBB", 2, 1, 16) + hop["ipv6"] + b"\0" + nlri([prefix]))

    def update(attributes, *prefixes):
        return message(bgp.UPDATE, struct.pack("!HH", 0, len(attributes)) + attributes + nlri(prefixes))

    try:
        for speaker in speakers.values():
            speaker.connect()
        in_ipv4 = base + attribute(0x40, 3, hop["ipv4"])
        speakers["ipv4"].send(update(in_ipv4, "198.18.1.0/24") + update(base + reach(0x80, "2001:db8:1001::/48")) +
                              update(in_ipv4 + attribute(0x40, 99, b""), "198.18.2.0/24"))
        speakers["ipv6"].send(update(base + reach(0x80, "2001:db8:1002::/48")) +
                              update(base + reach(0xc0, "2001:db8:1003::/48")))
        wanted = {"198.18.1.0/24": "accepted", "198.18.2.0/24": "malformed", "2001:db8:1001::/48": "family",
                  "2001:db8:1002::/48": "no-policy", "2001:db8:1003::/48": "malformed"}
        until("the verdicts", lambda: {**by_prefix(pages(s), "ipv4"), **by_prefix(pages(s), "ipv6")},
              lambda seen: seen == wanted)
        s.edge.verb(NAME, "activate force reason to see what gets in")
        s.edge.wait_state(NAME, "Active")
        # 8.4.4 ends both sessions, the others that of MP_REACH.
        until("the session with a wrong MP_REACH closed", speakers["ipv6"].closed.is_set)
        s.mark()
        assert installed(s, "ipv4") in (set(), {"198.18.1.0/24"}) and installed(s, "ipv6") == set()
    finally:
        for speaker in speakers.values():
            speaker.close()
