# SPDX-License-Identifier: GPL-2.0-or-later
"""The reader of captures, on bytes made here: every other test's verdict passes through it."""
import itertools
import struct

import pytest

from lab import bgp, tcp
from lab.capture import Conversation

EDGE, PEER = ("192.0.2.1", 179), ("192.0.2.2", 40000)
START = 0xFFFFFFF0      # the sequence numbers wrap early


def message(kind, body=b""):
    return b"\xff" * 16 + struct.pack("!HB", 19 + len(body), kind) + body


def attribute(kind, value, wide=False):
    return (struct.pack("!BBH", 0x90, kind, len(value)) if wide else struct.pack("!BBB", 0x80, kind, len(value))) + value


def update(withdrawn=b"", attributes=b"", nlri=b""):
    return message(bgp.UPDATE, struct.pack("!H", len(withdrawn)) + withdrawn
                   + struct.pack("!H", len(attributes)) + attributes + nlri)


def packet(sequence, payload=b"", flags=tcp.ACK, source=EDGE, time=1.0):
    return tcp.Packet(time, tcp.TCP, source, PEER if source == EDGE else EDGE, sequence & 0xFFFFFFFF, flags, payload)


def opening():
    return [packet(START - 1, flags=tcp.SYN), packet(7, flags=tcp.SYN | tcp.ACK, source=PEER)]


def events(stream, **options):
    """The route events of a stream that went in one segment, as text without times and addresses."""
    said = Conversation([*opening(), packet(START, stream)])
    return [f"{event.kind} {event.family} {event.prefix}".strip() for event in said.routes(**options)]


# Every place where a prefix can stand, in messages that follow one another.
STREAM = b"".join([
    message(bgp.KEEPALIVE),
    update(nlri=b"\x00", attributes=attribute(1, b"\0")),
    update(withdrawn=bytes([24, 198, 51, 100]), attributes=attribute(1, b"\0"), nlri=bytes([25, 203, 0, 113, 128])),
    update(attributes=attribute(bgp.MP_REACH, b"\0\2\1\x10" + bytes(16) + b"\0" + b"\0" + b"\x30\x20\1\x0d\xb8\0\1",
                                wide=True)),
    update(attributes=attribute(bgp.MP_UNREACH, b"\0\2\1" + b"\x20\x20\1\x0d\xb8")),
    update(),
    update(attributes=attribute(bgp.MP_UNREACH, b"\0\2\1")),
    update(attributes=attribute(bgp.MP_REACH, b"\0\1\x81\0\0" + b"\x70abc", wide=True)),
])
EVENTS = ["announce ipv4 0.0.0.0/0", "withdraw ipv4 198.51.100.0/24", "announce ipv4 203.0.113.128/25",
          "announce ipv6 ::/0", "announce ipv6 2001:db8:1::/48", "withdraw ipv6 2001:db8::/32",
          "end-of-rib ipv4", "end-of-rib ipv6", f"announce afi 1 safi 129 {b'pabc'.hex()}"]


def test_every_place_where_a_prefix_can_stand():
    assert events(STREAM) == EVENTS
    assert events(STREAM, family="ipv6", kind="announce") == EVENTS[3:5]


RD = struct.pack("!HHI", 0, 64500, 1)


@pytest.mark.parametrize("family, field, expected", [
    # Labels to the bottom of their stack, then a route distinguisher.
    (b"\0\1\4", bytes([24 + 24, 0, 6, 0x41, 203, 0, 113]), "ipv4 labeled 203.0.113.0/24"),
    (b"\0\2\4", bytes([48 + 32, 0, 6, 0x40, 0, 6, 0x41, 0x20, 1, 0xd, 0xb8]), "ipv6 labeled 2001:db8::/32"),
    (b"\0\1\x80", bytes([24 + 64 + 24, 0, 6, 0x41]) + RD + bytes([203, 0, 113]), "ipv4 vpn 64500:1 203.0.113.0/24"),
    (b"\0\2\x80", bytes([24 + 64, 0, 6, 0x41]) + b"\0\1\xc0\0\2\1\0\7", "ipv6 vpn 192.0.2.1:7 ::/0"),
    (b"\0\1\x85", bytes([5, 1, 24, 203, 0, 113]), "ipv4 flowspec 203.0.113.0/24"),
    (b"\0\2\x85", bytes([7, 1, 32, 0, 0x20, 1, 0xd, 0xb8]), "ipv6 flowspec 2001:db8::/32"),
    (b"\0\1\x85", bytes([8, 1, 24, 203, 0, 113, 3, 0x81, 6]), "ipv4 flowspec 0118cb0071038106"),
    (b"\0\x19\x46", bytes([5, 34]) + RD + bytes(14) + bytes([24, 203, 0, 113, 0]) + bytes(7), "evpn 64500:1 203.0.113.0/24"),
    (b"\0\x19\x46", bytes([3, 17]) + RD + bytes(4) + bytes([32, 192, 0, 2, 1]), "evpn 64500:1 type 3 192.0.2.1"),
    (b"\0\x19\x46", bytes([2, 9]) + RD + b"\7", "evpn 64500:1 type 2 07"),
])
def test_other_families(family, field, expected):
    assert events(update(attributes=attribute(bgp.MP_REACH, family + b"\0\0" + field))) == [f"announce {expected}"]
    assert events(update(attributes=attribute(bgp.MP_UNREACH, family + field + field))) == [f"withdraw {expected}"] * 2
    with pytest.raises(bgp.Malformed):
        events(update(attributes=attribute(bgp.MP_UNREACH, family + field[:-1])))


def test_a_label_that_stands_for_a_withdrawal():
    assert events(update(attributes=attribute(bgp.MP_UNREACH, b"\0\1\4" + bytes([24 + 24, 0x80, 0, 0, 203, 0, 113])))) == [
        "withdraw ipv4 labeled 203.0.113.0/24"]


def test_segments_cut_anywhere_and_in_any_order():
    for size in (1, 7, 20, 100):
        parts = [packet(START + offset, STREAM[offset:offset + size])
                 for offset in range(0, len(STREAM), size)]
        for order in (parts, parts[::-1], parts[::2] + parts[1::2], parts + parts):
            said = Conversation([*opening(), *order])
            assert [event.kind for event in said.routes()] == [text.split()[0] for text in EVENTS]


def test_segments_that_overlap():
    parts = [packet(START + first, STREAM[first:last]) for first, last in ((0, 60), (30, 50), (40, 150), (10, 170))]
    rest = packet(START + 160, STREAM[160:])
    for order in itertools.permutations(parts):
        said = Conversation([*opening(), *order, rest])
        assert len(said.routes()) == len(EVENTS)


def test_what_is_missing_hides_what_comes_behind_it_and_is_told():
    said = Conversation([*opening(), packet(START, STREAM[:19]), packet(START + 40, STREAM[40:])])
    assert said.routes() == []
    assert said.connections[0].streams[EDGE].missing()


def test_a_message_has_the_time_of_its_last_byte():
    first = STREAM.index(b"\xff" * 16, 19)
    said = Conversation([*opening(), packet(START, STREAM[:first + 5], time=1.0),
                         packet(START + first + 5, STREAM[first + 5:], time=2.0)])
    assert [message.time for message in said.messages()][:2] == [1.0, 2.0]


def test_a_connection_that_was_open_before_the_capture():
    said = Conversation([packet(START, b"tail of a message" + STREAM)])
    assert len(said.routes()) == len(EVENTS)
    assert said.connections[0].opener is None


def test_path_identifiers_where_both_sides_agreed_on_them():
    def hello(asn, mode):
        capabilities = bytes([69, 4, 0, 1, 1, mode]) + bytes([65, 4]) + struct.pack("!I", asn)
        return message(bgp.OPEN, b"\4" + struct.pack("!HH", 23456, 9) + bytes(4)
                       + bytes([len(capabilities) + 2, 2, len(capabilities)]) + capabilities)

    # Identifier 0 and 10.0.0.0/8; read without an identifier four default routes stand before it.
    announce = update(attributes=attribute(1, b"\0"), nlri=b"\0\0\0\0\x08\x0a")
    for peer_mode, expected in ((1, ["10.0.0.0/8"]), (2, ["0.0.0.0/0"] * 4 + ["10.0.0.0/8"])):
        said = Conversation([*opening(), packet(8, hello(4200000000, peer_mode), source=PEER),
                             packet(START, hello(64500, 2) + announce)])
        assert [event.prefix for event in said.routes()] == expected
        assert bgp.open_asn(said.messages(sender=PEER[0])[0].body) == 4200000000


@pytest.mark.parametrize("stream", [
    b"\0" * 19,
    message(bgp.UPDATE, b"\0\xff\0\0"),
    message(bgp.UPDATE, b"\0\0\0\xff"),
    message(bgp.UPDATE, b"\0\0"),
    update(attributes=b"\x80\x0e\xff"),
    update(attributes=attribute(1, b"\0"), nlri=bytes([33, 1, 2, 3, 4, 5])),
    update(attributes=attribute(1, b"\0"), nlri=bytes([32, 1, 2])),
])
def test_what_is_not_bgp_is_an_error(stream):
    with pytest.raises(bgp.Malformed):
        events(stream)
