# SPDX-License-Identifier: GPL-2.0-or-later
"""BGP messages of a TCP stream, and every prefix that an UPDATE announces or withdraws (RFC 4271, 4724, 4760, 7911).

Behind a route distinguisher a prefix reads "64500:1 203.0.113.0/24", also that of an EVPN type 5 route.

Strict: what is malformed is an error of the test, never passed over, so that no prefix can hide behind it.
"""
import ipaddress
import struct
from dataclasses import dataclass

MARKER = b"\xff" * 16
HEADER = 19
OPEN, UPDATE, NOTIFICATION, KEEPALIVE, ROUTE_REFRESH = 1, 2, 3, 4, 5
NAMES = {OPEN: "OPEN", UPDATE: "UPDATE", NOTIFICATION: "NOTIFICATION", KEEPALIVE: "KEEPALIVE",
         ROUTE_REFRESH: "ROUTE-REFRESH"}
MP_REACH, MP_UNREACH = 14, 15
EXTENDED_LENGTH = 0x10
CAPABILITY_MESSAGE = 6
FAMILIES = {(1, 1): "ipv4", (2, 1): "ipv6", (1, 2): "ipv4 multicast", (2, 2): "ipv6 multicast",
            (1, 4): "ipv4 labeled", (2, 4): "ipv6 labeled", (1, 128): "ipv4 vpn", (2, 128): "ipv6 vpn",
            (1, 133): "ipv4 flowspec", (2, 133): "ipv6 flowspec", (25, 70): "evpn"}
BOTTOM_OF_STACK, WITHDRAWN_LABELS = 1, (0x800000, 0)
EVPN_MULTICAST, EVPN_PREFIX = 3, 5
CAPABILITY, ADD_PATH = 2, 69


class Malformed(ValueError):
    """Bytes that are not BGP."""


@dataclass(frozen=True)
class Message:
    time: float
    sender: str
    receiver: str
    type: int
    body: bytes

    def __str__(self):
        return f"{self.time:.3f} {self.sender} > {self.receiver} {NAMES.get(self.type, self.type)}"


@dataclass(frozen=True)
class RouteEvent:
    """One prefix in one UPDATE. `kind` is announce, withdraw or end-of-rib; the last has no prefix."""
    time: float
    sender: str
    receiver: str
    kind: str
    family: str
    prefix: str = ""

    def __str__(self):
        return f"{self.time:.3f} {self.sender} > {self.receiver} {self.kind} {self.family} {self.prefix}".rstrip()


def messages(stream):
    """The whole messages that a stream holds so far."""
    data, offset, found = bytes(stream.data), 0, []
    if not stream.from_start:
        offset = data.find(MARKER)
        if offset < 0:
            return found
    while offset + HEADER <= len(data):
        if data[offset:offset + 16] != MARKER:
            raise Malformed(f"no marker at offset {offset} of what {stream.sender} sent")
        size, kind = struct.unpack_from("!HB", data, offset + 16)
        if size < HEADER:
            raise Malformed(f"a message of {size} bytes")
        if offset + size > len(data):
            break
        found.append(Message(stream.time_of(offset + size), stream.sender[0], stream.receiver[0], kind,
                             data[offset + HEADER:offset + size]))
        offset += size
    return found


def add_path(body, bit):
    """The families for which an OPEN offers add-path: bit 1 receives, bit 2 sends."""
    families = set()
    for kind, value in _capabilities(body):
        if kind == ADD_PATH:
            for offset in range(0, len(value) - 3, 4):
                afi, safi, mode = struct.unpack_from("!HBB", value, offset)
                if mode & bit:
                    families.add((afi, safi))
    return families


def open_asn(body):
    """The AS number of an OPEN, the four-byte one where it has it."""
    asn = struct.unpack_from("!H", body, 1)[0]
    for kind, value in _capabilities(body):
        if kind == 65:
            asn = struct.unpack("!I", value)[0]
    return asn


def _capabilities(body):
    found, options = [], body[10:10 + body[9]]
    while len(options) >= 2:
        kind, value = options[0], options[2:2 + options[1]]
        options = options[2 + options[1]:]
        while kind == CAPABILITY and len(value) >= 2:
            found.append((value[0], value[2:2 + value[1]]))
            value = value[2 + value[1]:]
    return found


def route_events(message, with_path_id):
    """What an UPDATE does. `with_path_id` are the families that carry a path identifier on this session."""
    body = message.body

    def event(kind, family, prefix=""):
        return RouteEvent(message.time, message.sender, message.receiver, kind, family, prefix)

    def events(kind, afi, safi, data):
        family = FAMILIES.get((afi, safi))
        if family is None:
            # Not read further, but never overlooked.
            return [event(kind, f"afi {afi} safi {safi}", data.hex())] if data else []
        return [event(kind, family, prefix) for prefix in _nlri(family, data, (afi, safi) in with_path_id)]

    if len(body) < 4:
        raise Malformed("an UPDATE without its lengths")
    withdrawn_size = struct.unpack_from("!H", body)[0]
    if withdrawn_size + 4 > len(body):
        raise Malformed("withdrawn routes reach past the end of the UPDATE")
    attributes_size = struct.unpack_from("!H", body, 2 + withdrawn_size)[0]
    attributes_at = 4 + withdrawn_size
    if attributes_at + attributes_size > len(body):
        raise Malformed("path attributes reach past the end of the UPDATE")
    if len(body) == 4:
        return [event("end-of-rib", "ipv4")]

    found = events("withdraw", 1, 1, body[2:2 + withdrawn_size])
    attributes = _attributes(body[attributes_at:attributes_at + attributes_size])
    for kind, value in attributes:
        if kind == MP_UNREACH:
            afi, safi = struct.unpack_from("!HB", value)
            if len(value) == 3 and len(attributes) == 1 and not withdrawn_size:
                return [event("end-of-rib", FAMILIES.get((afi, safi), f"afi {afi} safi {safi}"))]
            found += events("withdraw", afi, safi, value[3:])
        elif kind == MP_REACH:
            afi, safi, next_hop_size = struct.unpack_from("!HBB", value)
            found += events("announce", afi, safi, value[4 + next_hop_size + 1:])
    return found + events("announce", 1, 1, body[attributes_at + attributes_size:])


def path_attributes(body):
    """The attributes of an UPDATE that can be read, without the prefixes in them: types with their values."""
    at = 4 + struct.unpack_from("!H", body)[0]
    return [(kind, value[:4 + value[3]] if kind == MP_REACH else value[:3] if kind == MP_UNREACH else value)
            for kind, value in _attributes(body[at:at + struct.unpack_from("!H", body, at - 2)[0]])]


def _attributes(data):
    found = []
    while data:
        wide = len(data) >= 1 and data[0] & EXTENDED_LENGTH
        if len(data) < (4 if wide else 3):
            raise Malformed("a path attribute without its length")
        size, start = (struct.unpack_from("!H", data, 2)[0], 4) if wide else (data[2], 3)
        if start + size > len(data):
            raise Malformed("a path attribute reaches past the end")
        found.append((data[1], data[start:start + size]))
        data = data[start + size:]
    return found


def _nlri(family, data, with_path_id):
    """What stands in a field of NLRIs, in words."""
    read = {"flowspec": _flow, "evpn": _evpn}.get(family.split()[-1], _prefix)
    found, offset = [], 0
    while offset < len(data):
        offset += 4 if with_path_id else 0
        prefix, offset = read(family, data, offset)
        found.append(prefix)
    return found


def _cut(data, offset, size, what):
    if offset + size > len(data):
        raise Malformed(f"{what} is cut")
    return data[offset:offset + size]


def _network(wide, length, data):
    width, make = (16, ipaddress.IPv6Network) if wide else (4, ipaddress.IPv4Network)
    if length > width * 8:
        raise Malformed(f"a prefix of {length} bits")
    return str(make((data[:(length + 7) // 8].ljust(width, b"\0"), length), strict=False))


def _prefix(family, data, offset):
    """One prefix of unicast, multicast, labeled or VPN routes, and where the next one begins."""
    length = _cut(data, offset, 1, "a prefix")[0]
    value = _cut(data, offset + 1, (length + 7) // 8, f"a prefix of {length} bits for {family}")
    end, distinguisher, label = offset + 1 + len(value), "", 0
    while family.endswith(("labeled", "vpn")) and not label & BOTTOM_OF_STACK:
        label, value, length = int.from_bytes(_cut(value, 0, 3, "a label"), "big"), value[3:], length - 24
        if label in WITHDRAWN_LABELS:
            break
    if family.endswith("vpn"):
        distinguisher, value, length = f"{_distinguisher(value)} ", value[8:], length - 64
    if length < 0:
        raise Malformed(f"too short a prefix for {family}")
    return distinguisher + _network(family.startswith("ipv6"), length, value), end


def _distinguisher(data):
    kind, value = struct.unpack("!H6s", _cut(data, 0, 8, "a route distinguisher"))
    if kind == 1:
        return f"{ipaddress.IPv4Address(value[:4])}:{struct.unpack('!H', value[4:])[0]}"
    return ":".join(map(str, struct.unpack("!IH" if kind == 2 else "!HI", value)))


def _flow(family, data, offset):
    """A rule that asks for a destination alone is that prefix; what else stands in one is not read further."""
    size, offset = _cut(data, offset, 1, "a flow")[0], offset + 1
    if size >= 0xf0:
        size, offset = (size & 0xf) << 8 | _cut(data, offset, 1, "a flow")[0], offset + 1
    rule, end, wide = _cut(data, offset, size, "a flow"), offset + size, family.startswith("ipv6")
    at = 3 if wide else 2       # behind the length of the prefix IPv6 has an offset into it
    if len(rule) >= at and rule[0] == 1 and len(rule) == at + (rule[1] + 7) // 8 and not (wide and rule[2]):
        return _network(wide, rule[1], rule[at:]), end
    return rule.hex(), end


def _evpn(_family, data, offset):
    kind, size = _cut(data, offset, 2, "an EVPN route")
    route, end = _cut(data, offset + 2, size, "an EVPN route"), offset + 2 + size
    distinguisher = _distinguisher(route)
    if kind == EVPN_PREFIX and size in (34, 58):
        return f"{distinguisher} {_network(size == 58, route[22], route[23:])}", end
    if kind == EVPN_MULTICAST and size in (17, 29):
        return f"{distinguisher} type 3 {ipaddress.ip_address(route[13:])}", end
    return f"{distinguisher} type {kind} {route[8:].hex()}", end
