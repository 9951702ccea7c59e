# SPDX-License-Identifier: GPL-2.0-or-later
"""From a capture file to TCP streams: classic pcap, Ethernet, IPv4 and IPv6, reassembly in order of sequence numbers.

Segments may come twice, overlap, or come out of order. A connection whose first SYN was not captured has no opener.
"""
import bisect
import ipaddress
import struct
from dataclasses import dataclass, field

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
ETHERNET = 1
IPV4, IPV6 = 0x0800, 0x86DD
TCP, UDP = 6, 17


@dataclass(frozen=True)
class Packet:
    """A TCP segment or UDP datagram."""
    time: float
    protocol: int
    source: tuple       # (address, port)
    destination: tuple
    sequence: int
    flags: int
    payload: bytes


def read_packets(path):
    """The packets of a pcap file that may still grow: a record that is not complete yet is left out."""
    with open(path, "rb") as file:
        data = file.read()
    if len(data) < 24:
        return []
    magic = data[:4]
    for order, fraction, known in (("<", 1e-6, 0xA1B2C3D4), (">", 1e-6, 0xA1B2C3D4),
                                   ("<", 1e-9, 0xA1B23C4D), (">", 1e-9, 0xA1B23C4D)):
        if magic == struct.pack(f"{order}I", known):
            break
    else:
        raise ValueError(f"{path} is not a pcap file")
    link_type = struct.unpack_from(f"{order}I", data, 20)[0] & 0x0FFFFFFF
    if link_type != ETHERNET:
        raise ValueError(f"{path} was not captured on an Ethernet interface")
    packets = []
    offset = 24
    while offset + 16 <= len(data):
        seconds, part, captured, size = struct.unpack_from(f"{order}IIII", data, offset)
        if offset + 16 + captured > len(data):
            break
        if captured < size:
            raise ValueError(f"{path} holds cut packets; capture whole ones")
        frame = data[offset + 16:offset + 16 + captured]
        packet = _packet(seconds + part * fraction, frame)
        if packet:
            packets.append(packet)
        offset += 16 + captured
    return packets


def _packet(time, frame):
    kind = struct.unpack_from("!H", frame, 12)[0]
    body = frame[14:]
    if kind == IPV4:
        header = (body[0] & 0x0F) * 4
        total, fragment, protocol = (struct.unpack_from("!H", body, 2)[0], struct.unpack_from("!H", body, 6)[0],
                                     body[9])
        if fragment & 0x3FFF:
            raise ValueError("an IPv4 fragment in the capture; BGP never needs one here")
        source, destination = ipaddress.ip_address(body[12:16]), ipaddress.ip_address(body[16:20])
    elif kind == IPV6:
        header = 40
        total, protocol = 40 + struct.unpack_from("!H", body, 4)[0], body[6]
        source, destination = ipaddress.ip_address(body[8:24]), ipaddress.ip_address(body[24:40])
    else:
        return None
    # The frame may be padded behind the packet.
    segment = body[header:total]
    if protocol == TCP:
        source_port, destination_port, sequence = struct.unpack_from("!HHI", segment)
        payload = segment[(segment[12] >> 4) * 4:]
        flags = segment[13]
    elif protocol == UDP:
        source_port, destination_port = struct.unpack_from("!HH", segment)
        payload, sequence, flags = segment[8:], 0, 0
    else:
        return None
    return Packet(time, protocol, (str(source), source_port), (str(destination), destination_port), sequence,
                  flags, payload)


class Stream:
    """What one end of a connection sent, in order."""

    def __init__(self, sender, receiver):
        self.sender, self.receiver = sender, receiver
        self.data = bytearray()
        self.from_start = False     # whether the SYN was captured
        self._next = None           # sequence number behind `data`
        self._early = {}            # segments that came before what is missing
        self._ends = []             # offset in `data`, and when everything before it had come
        self._times = []

    def add(self, packet):
        sequence = packet.sequence
        if packet.flags & SYN:
            self._next, self.from_start = (sequence + 1) & 0xFFFFFFFF, True
            sequence = self._next
        elif self._next is None:
            self._next = sequence
        if not packet.payload:
            return
        self._early[sequence] = max(self._early.get(sequence, b""), packet.payload, key=len)
        for start in sorted(self._early, key=self._ahead):
            behind = -self._ahead(start)
            if behind < 0:
                break
            fresh = self._early.pop(start)[behind:]
            self.data += fresh
            self._next = (self._next + len(fresh)) & 0xFFFFFFFF
        if not self._ends or self._ends[-1] != len(self.data):
            self._ends.append(len(self.data))
            self._times.append(packet.time)

    def _ahead(self, sequence):
        """How far a sequence number lies ahead of what is needed next; negative: behind."""
        distance = (sequence - self._next) & 0xFFFFFFFF
        return distance - 0x100000000 if distance >= 0x80000000 else distance

    def time_of(self, end):
        """When the byte before offset `end` had come, with everything before it."""
        return self._times[bisect.bisect_left(self._ends, end)]

    def missing(self):
        return bool(self._early)


@dataclass
class Connection:
    """One TCP connection. `opener` is the end whose SYN came first, None where it was not captured."""
    ends: tuple
    opener: tuple = None
    opened_at: float = 0.0
    first_sequence: int = None
    closed: bool = False
    streams: dict = field(default_factory=dict)

    def stream(self, sender):
        if sender not in self.streams:
            receiver = self.ends[1] if sender == self.ends[0] else self.ends[0]
            self.streams[sender] = Stream(sender, receiver)
        return self.streams[sender]


def connections(packets):
    """Every TCP connection of a capture, in order of its first packet."""
    found, current = [], {}
    for packet in packets:
        if packet.protocol != TCP:
            continue
        key = frozenset((packet.source, packet.destination))
        connection = current.get(key)
        opens = packet.flags & SYN and not packet.flags & ACK
        if connection is None or (opens and packet.sequence != connection.first_sequence):
            connection = Connection((packet.source, packet.destination))
            if opens:
                connection.opener, connection.opened_at = packet.source, packet.time
                connection.first_sequence = packet.sequence
            current[key] = connection
            found.append(connection)
        if packet.flags & RST:
            connection.closed = True
            if not packet.flags & SYN and not connection.streams.get(packet.source):
                continue
        if packet.flags & FIN:
            connection.closed = True
        connection.stream(packet.source).add(packet)
    return found
