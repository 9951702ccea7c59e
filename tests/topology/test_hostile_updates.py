# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages that no BGP implementation sends, to a real bgpd that has only one wall left on the way in.

The reserved route-map is down: whatever bgpd made of a message although it had been rewritten, it would install. The
judges are the audit's look at bgpd's tables and counts, and the witness, which has what the edge took. The last lines
of the test take the other wall down too, and see a plain route pass and be found.
"""
import random
import socket
import struct

from lab import bgp
from lab.scenario import ACME_AS, FAMILIES, NAME, OWN, Scenario
from lab.speaker import DYNAMIC, EXTENDED_MESSAGE, Closed, Speaker, capability, message
from lab.wait import until
from lab.walls import Walls

MESSAGES, EACH = 3000, 20
CAPABILITY = 6
# AFI and SAFI: unicast, multicast, labeled, VPN, EVPN, flowspec.
SPOKEN = [(1, 1), (2, 1), (1, 2), (1, 4), (1, 128), (25, 70), (1, 133)]
ACTIVATED = ("ipv4 multicast", "ipv4 vpn", "l2vpn evpn", "ipv4 flowspec")
RD = struct.pack("!HHI", 0, ACME_AS, 1)
LABEL = b"\0\1\1"
# Attributes that bgpd knows, well formed, and some that it does not.
VALUES = {4: b"\0\0\0\1", 5: b"\0\0\0\1", 6: b"", 7: struct.pack("!I", ACME_AS) + b"\1\1\1\1", 8: b"\0\1\0\1",
          16: b"\0\2\0\1\0\0\0\1", 17: b"\2\1" + struct.pack("!I", ACME_AS),
          18: struct.pack("!I", ACME_AS) + b"\1\1\1\1", 32: b"\0" * 12, 35: struct.pack("!I", ACME_AS),
          40: b"", 99: b"", 200: b"\0\0\0"}
WELL_KNOWN, OPTIONAL = (1, 2, 3, 5, 6), (4, 14, 15)


class Author:
    """Writes announcements that are wrong in every way that the standards name, and in some at random."""

    def __init__(self, dice, link, add_path):
        self.dice, self.link, self.add_path = dice, link, add_path

    def attribute(self, kind, value, flags=None):
        if flags is None:
            flags = 0x40 if kind in WELL_KNOWN else 0x80 if kind in OPTIONAL else 0xc0
        if len(value) > 255 or self.dice.random() < 0.2:
            return struct.pack("!BBH", flags | bgp.EXTENDED_LENGTH, kind, len(value)) + value
        return bytes([flags & ~bgp.EXTENDED_LENGTH, kind, len(value)]) + value

    def path_id(self, family):
        return struct.pack("!I", self.dice.randint(1, 9)) if family in self.add_path else b""

    def ipv4_prefixes(self, family=(1, 1)):
        found = b""
        for _ in range(self.dice.randint(1, 4)):
            length = self.dice.randint(8, 32)
            found += self.path_id(family) + bytes([length])
            found += bytes([203, 0, *self.dice.randbytes(2)])[:(length + 7) // 8]
        return found

    def reach(self):
        family = self.dice.choice(SPOKEN)
        next_hop, last = socket.inet_aton(self.link.far_ipv4), bytes([self.dice.randrange(256)])
        if family == (2, 1):
            next_hop = socket.inet_pton(socket.AF_INET6, self.link.far_ipv6)
            prefixes = self.path_id(family) + bytes([32]) + b"\x20\x01\x0d" + last
        elif family[1] in (1, 2):
            if self.dice.random() < 0.3:
                next_hop = socket.inet_pton(socket.AF_INET6, self.link.far_ipv6)
            prefixes = self.ipv4_prefixes(family)
        elif family[1] == 4:
            prefixes = bytes([24 + 24]) + LABEL + b"\xcb\0" + last
        elif family[1] == 128:
            next_hop = b"\0" * 8 + next_hop
            prefixes = bytes([24 + 64 + 24]) + LABEL + RD + b"\xcb\0" + last
        elif family[1] == 133:
            next_hop, prefixes = b"", bytes([5, 1, 24]) + b"\xcb\0" + last
        else:
            prefixes = bytes([5, 34]) + RD + b"\0" * 14 + bytes([24]) + b"\xcb\0" + last + b"\0" * 5 + LABEL
        return struct.pack("!HBB", *family, len(next_hop)) + next_hop + b"\0" + prefixes

    def unreach(self):
        family = self.dice.choice(SPOKEN)
        return struct.pack("!HB", *family) + (self.ipv4_prefixes(family) if self.dice.random() < 0.7 else b"")

    def mandatory(self):
        return [self.attribute(1, b"\0"), self.attribute(2, b"\2\1" + struct.pack("!I", ACME_AS)),
                self.attribute(3, socket.inet_aton(self.link.far_ipv4))]

    def attributes(self):
        chance, found = self.dice.random, self.mandatory()
        hidden = self.attribute(bgp.MP_REACH, self.reach())
        for kind in self.dice.sample([*VALUES, bgp.MP_REACH, bgp.MP_UNREACH], self.dice.randint(0, 5)):
            value = {bgp.MP_REACH: self.reach, bgp.MP_UNREACH: self.unreach}.get(kind, lambda: VALUES[kind])()
            # An announcement within another attribute, for a reader that loses its place.
            value = hidden + value if chance() < 0.15 else value + hidden if chance() < 0.25 else value
            found.append(self.attribute(kind, value, None if chance() < 0.8 else self.dice.choice(
                [0, 0x40, 0x80, 0xc0, 0xe0, 0xf0])))
        if chance() < 0.15:
            found.append(self.dice.choice(found))
        if chance() < 0.3:
            self.dice.shuffle(found)
        if chance() < 0.1:
            found.pop(0)
        return found

    def plain(self):
        attributes = b"".join(self.mandatory())
        return message(bgp.UPDATE, struct.pack("!HH", 0, len(attributes)) + attributes + self.ipv4_prefixes())

    def update(self):
        chance = self.dice.random
        attributes = self.attributes()
        withdrawn = self.ipv4_prefixes() if chance() < 0.1 else b""
        announces = any(one[1] == bgp.MP_REACH for one in attributes)
        prefixes = b"" if announces and chance() < 0.4 else self.ipv4_prefixes()
        attributes = b"".join(attributes)
        sizes = [max(0, size + (self.dice.randint(-6, 6) if chance() < 0.1 else 0))
                 for size in (len(withdrawn), len(attributes))]
        body = bytearray(struct.pack("!H", sizes[0]) + withdrawn + struct.pack("!H", sizes[1]) + attributes + prefixes)
        for _ in range(self.dice.randint(1, 3) if chance() < 0.3 else 0):
            value = self.dice.choice([0, 14, 15, 0x80, 0x90, 255, self.dice.randrange(256)])
            body[self.dice.randrange(len(body))] = value
        if chance() < 0.05:
            del body[self.dice.randint(4, len(body)):]
        return message(bgp.UPDATE, bytes(body))

    def other(self):
        """A family that is added or taken away, or a wish to hear everything again."""
        afi, safi = self.dice.choice(SPOKEN)
        if self.dice.random() < 0.5:
            return message(bgp.ROUTE_REFRESH, struct.pack("!HBB", afi, 0, safi))
        return message(CAPABILITY, struct.pack("!BBBHBB", self.dice.randrange(2), 1, 4, afi, 0, safi))


def speaker_of(s, add_path):
    """In all families; those of `add_path` are sent with path identifiers."""
    more = capability(EXTENDED_MESSAGE) + capability(DYNAMIC)
    if add_path:
        more += capability(bgp.ADD_PATH, b"".join(struct.pack("!HBB", *family, 2) for family in add_path))
    return Speaker(s.acme_link.far, s.acme_address("ipv4"), s.edge_address("ipv4"), ACME_AS, families=SPOKEN,
                   capabilities=more)


def speak(s, speaker, author):
    """Some messages; opens the session anew where bgpd did not like one."""
    if not speaker.up:
        speaker.connect()
    try:
        speaker.send(b"".join(author.update() for _ in range(EACH)) + author.other() + message(bgp.KEEPALIVE))
    except Closed:
        speaker.close()


def end(s, speaker):
    if speaker.up:
        speaker.close()
    until("the session down", lambda: s.edge.bgp_state(s.acme_address("ipv4")), lambda state: state != "Established")


def ask(s, speaker, author):
    """For everything, in every family, in a session of its own, until bgpd has had its chance to answer."""
    end(s, speaker)
    speaker.connect()
    speaker.send(b"".join(author.other() for _ in range(EACH)))
    speaker.wait_keepalives(3)


def violations(s):
    return s.edge.bgpd_json("show peering json")["audit"]["violations"]


def installed(s):
    return sum(session["installedCount"] for session in s.edge.connection(NAME)["sessions"])


def test_no_message_announces_anything(lab):
    dice = random.Random(3)
    s = Scenario(lab)
    address = s.acme_address("ipv4")
    s.walls = Walls(s.edge)
    s.walls.down("policy")
    config = s.config(
        bgp=["no bgp ebgp-requires-policy", f"neighbor {address} passive", f"neighbor {address} capability dynamic",
             *s.declaration(optional=("ipv6",)),
             *(line for family in ACTIVATED for line in
               (f"address-family {family}", f"neighbor {address} activate", "exit-address-family"))],
        ipv6=[f"neighbor {address} activate"])
    s.witness.start()
    s.edge.start(config)
    for round_number in range(2):
        add_path = [(1, 1), (2, 1)] if round_number else []
        speaker = speaker_of(s, add_path)
        author = Author(dice, s.acme_link, add_path)
        for _ in range(MESSAGES // EACH // 2):
            speak(s, speaker, author)
            assert installed(s) == 0
        ask(s, speaker, author)
        end(s, speaker)
        assert speaker.announced_to_it() == set()
    s.mark()
    assert violations(s) == 0
    for family in FAMILIES:
        assert s.witness.received(f"edge_{family}") == {OWN[family], *s.to_acme(family)} - set(s.witness_routes[family])

    # So that the judges are known to be awake.
    s.walls.down("policy", "parser")
    speaker = speaker_of(s, [])
    author = Author(dice, s.acme_link, [])
    speaker.connect()
    # What the gate takes back when the session comes up has been looked for: without its policy it would find no end.
    speaker.wait_keepalives(2)
    speaker.send(author.plain())
    until("the audit's finding", lambda: violations(s))
    speaker.close()
