# SPDX-License-Identifier: GPL-2.0-or-later
"""A peer made by hand, for what no daemon would send: messages byte by byte, and several in one TCP segment.

A capture beside it tells what the edge has said; the speaker keeps the session alive and reads on.
"""
import ipaddress
import socket
import struct
import threading
import time

from . import bgp
from .wait import until

PORT = 179
HOLD_TIME = 9
MULTIPROTOCOL, REFRESH, EXTENDED_MESSAGE, FOUR_OCTET_AS, DYNAMIC = 1, 2, 6, 65, 67
AFI = {"ipv4": 1, "ipv6": 2}


class Closed(ConnectionError):
    """The edge has closed the connection."""


def message(kind, body=b""):
    return bgp.MARKER + struct.pack("!HB", bgp.HEADER + len(body), kind) + body


def capability(code, value=b""):
    return bytes([code, len(value)]) + value


def nlri(prefixes):
    found = b""
    for prefix in map(ipaddress.ip_network, prefixes):
        found += bytes([prefix.prefixlen]) + prefix.network_address.packed[:(prefix.prefixlen + 7) // 8]
    return found


def attribute(flags, kind, value):
    return struct.pack("!BBH", flags | bgp.EXTENDED_LENGTH, kind, len(value)) + value


class Speaker:
    """One BGP session in `namespace`, from `local` to `remote`, both of one family, whose unicast routes it carries, or
    those of `families`, pairs of AFI and SAFI. `capabilities` are the bytes of further ones."""

    def __init__(self, namespace, local, remote, asn, refresh=True, families=(), capabilities=b""):
        self.family = "ipv6" if ":" in local else "ipv4"
        self.local, self.remote, self.asn = local, remote, asn
        self._capabilities = b"".join(capability(MULTIPROTOCOL, struct.pack("!HBB", afi, 0, safi))
                                      for afi, safi in families or [(AFI[self.family], 1)])
        self._capabilities += capability(FOUR_OCTET_AS, struct.pack("!I", asn)) + capabilities
        self._capabilities += capability(REFRESH) if refresh else b""
        self._namespace = namespace
        self._socket = None
        self._reader = None
        self._writing = threading.Lock()
        self.closed = threading.Event()
        self.heard = []  # messages, of all sessions

    def _tcp(self):
        made = self._namespace.socket(socket.AF_INET6 if self.family == "ipv6" else socket.AF_INET, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.settimeout(60)
        return made

    # Start and end

    def connect(self, behind_keepalive=b""):
        """Opens the session. `behind_keepalive` goes out in one segment with the KEEPALIVE that establishes it."""
        def established():
            self._socket = self._tcp()
            try:
                self._socket.bind((self.local, 0))
                self._socket.connect((self.remote, PORT))
                return self._establish(behind_keepalive)
            except OSError:
                # bgpd closes what comes before its neighbor is ready for it.
                self._socket.close()
                return None

        self.close()
        self.closed.clear()
        return until(f"a session with {self.remote}", established)

    def listen(self):
        """From now on the edge can open the session; accept() goes on with it."""
        self._listener = self._tcp()
        self._listener.bind((self.local, PORT))
        self._listener.listen(1)
        return self

    def accept(self, behind_keepalive=b""):
        self._listener.settimeout(120)
        self._socket = self._listener.accept()[0]
        self._listener.close()
        self._socket.settimeout(60)
        return self._establish(behind_keepalive)

    def _establish(self, behind_keepalive):
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(self._open())
        got = set()
        while got < {bgp.OPEN, bgp.KEEPALIVE}:
            got.add(self._receive())
        self._socket.sendall(message(bgp.KEEPALIVE) + behind_keepalive)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def _open(self):
        options = bytes([bgp.CAPABILITY, len(self._capabilities)]) + self._capabilities
        router_id = ipaddress.ip_address("192.0.2.222").packed
        return message(bgp.OPEN, struct.pack("!BHH", 4, min(self.asn, 23456), HOLD_TIME) + router_id +
                       bytes([len(options)]) + options)

    def close(self):
        if self._socket:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self._socket.close()
        if self._reader:
            self._reader.join(60)
        self._socket = self._reader = None

    # What comes

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            if not more:
                raise Closed("the edge has closed the connection")
            data += more
        return data

    def _receive(self):
        size, kind = struct.unpack("!HB", self._exactly(bgp.HEADER)[16:])
        self.heard.append(bgp.Message(time.time(), self.remote, self.local, kind, self._exactly(size - bgp.HEADER)))
        return kind

    def _read(self):
        try:
            while True:
                # The edge's timers are the clock: each of its KEEPALIVEs is answered.
                if self._receive() == bgp.KEEPALIVE:
                    self.send(message(bgp.KEEPALIVE))
        except (OSError, ValueError):
            self.closed.set()

    @property
    def up(self):
        return self._reader is not None and not self.closed.is_set()

    def wait_keepalives(self, count):
        """Waits for so many more: the edge's BGP has gone round that often."""
        def heard():
            if self.closed.is_set():
                raise Closed("the edge has closed the connection")
            return sum(one.type == bgp.KEEPALIVE for one in self.heard)

        wanted = heard() + count
        until(f"{count} KEEPALIVEs", heard, lambda seen: seen >= wanted)

    def announced_to_it(self):
        """What the edge has announced, in any family."""
        return {event.prefix for one in self.heard if one.type == bgp.UPDATE
                for event in bgp.route_events(one, ()) if event.kind == "announce"}

    # What goes

    def send(self, data):
        """Raises Closed where the edge does not want to hear more."""
        if self.closed.is_set():
            raise Closed("the edge has closed the connection")
        try:
            with self._writing:
                self._socket.sendall(data)
        except ConnectionError as error:
            raise Closed("the edge has closed the connection") from error

    def update(self, announced=(), withdrawn=(), path=None, next_hop=None):
        """The bytes of an UPDATE that does both."""
        path = path or [self.asn]
        attributes = attribute(0x40, 1, b"\0")
        attributes += attribute(0x40, 2, bytes([2, len(path)]) + b"".join(struct.pack("!I", asn) for asn in path))
        hop = ipaddress.ip_address(next_hop or self.local).packed
        if self.family == "ipv4":
            attributes = attributes + attribute(0x40, 3, hop) if announced else b""
            fields = (nlri(withdrawn), attributes, nlri(announced))
        else:
            if not announced:
                attributes = b""
            else:
                attributes += attribute(0x80, bgp.MP_REACH, struct.pack("!HBB", 2, 1, len(hop)) + hop + b"\0" +
                                        nlri(announced))
            if withdrawn:
                attributes += attribute(0x80, bgp.MP_UNREACH, struct.pack("!HB", 2, 1) + nlri(withdrawn))
            fields = (b"", attributes, b"")
        return message(bgp.UPDATE, struct.pack("!H", len(fields[0])) + fields[0] +
                       struct.pack("!H", len(fields[1])) + fields[1] + fields[2])
