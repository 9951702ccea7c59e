# SPDX-License-Identifier: GPL-2.0-or-later
"""A peer that says whatever a test gives it, byte by byte: no BGP implementation would send such messages."""
import select
import socket
import struct
import time

from . import bgp
from .wait import DEADLINE, until

HOLD_TIME = 180
CAPABILITY_MULTIPROTOCOL, CAPABILITY_REFRESH, CAPABILITY_EXTENDED_MESSAGE, CAPABILITY_AS4 = 1, 2, 6, 65
CAPABILITY_DYNAMIC = 67


def message(kind, body=b""):
    return bgp.MARKER + struct.pack("!HB", bgp.HEADER + len(body), kind) + body


def capability(code, value=b""):
    return bytes([code, len(value)]) + value


class Closed(Exception):
    """The other side has closed the connection."""


class Speaker:
    """`families` are pairs of AFI and SAFI; those of `add_path` are sent with path identifiers."""

    def __init__(self, namespace, local, remote, asn, families, add_path=()):
        self._namespace, self._local, self._remote, self._asn = namespace, local, remote, asn
        self._families, self.add_path = families, add_path
        self._socket = None
        self.heard = []  # messages, of all sessions

    def _open(self):
        capabilities = b"".join(capability(CAPABILITY_MULTIPROTOCOL, struct.pack("!HBB", afi, 0, safi))
                                for afi, safi in self._families)
        capabilities += capability(CAPABILITY_REFRESH) + capability(CAPABILITY_EXTENDED_MESSAGE)
        capabilities += capability(CAPABILITY_DYNAMIC) + capability(CAPABILITY_AS4, struct.pack("!I", self._asn))
        if self.add_path:
            capabilities += capability(bgp.ADD_PATH, b"".join(struct.pack("!HBB", *family, 2)
                                                              for family in self.add_path))
        options = capability(bgp.CAPABILITY, capabilities)
        return message(bgp.OPEN, struct.pack("!BHH4sB", 4, self._asn, HOLD_TIME, socket.inet_aton(self._local),
                                             len(options)) + options)

    def _try(self):
        self._socket = self._namespace.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._buffer, self._this = bytearray(), []
        try:
            self._socket.bind((self._local, 0))
            self._socket.settimeout(DEADLINE)
            self._socket.connect((self._remote, 179))
            self._socket.setblocking(False)
            self.send(self._open())
            until("the other side's OPEN and KEEPALIVE", self._agreed)
            self.send(message(bgp.KEEPALIVE))
        except (OSError, Closed):
            self.close()
            return False
        return True

    def _agreed(self):
        self.listen()
        return {bgp.OPEN, bgp.KEEPALIVE} <= {heard.type for heard in self._this}

    def connect(self):
        """Opens a session. bgpd takes none for some seconds after it has closed one."""
        until(f"a session from {self._local} to {self._remote}", self._try, pause=0.5)

    @property
    def up(self):
        return self._socket is not None

    def close(self):
        self._socket.close()
        self._socket = None

    def listen(self):
        """Takes in what has come."""
        while select.select([self._socket], [], [], 0)[0]:
            try:
                got = self._socket.recv(65536)
            except ConnectionError as error:
                raise Closed from error
            if not got:
                raise Closed
            self._buffer += got
        while len(self._buffer) >= bgp.HEADER:
            size, kind = struct.unpack_from("!HB", self._buffer, 16)
            if len(self._buffer) < size:
                break
            heard = bgp.Message(time.time(), self._remote, self._local, kind, bytes(self._buffer[bgp.HEADER:size]))
            self._this.append(heard)
            self.heard.append(heard)
            del self._buffer[:size]

    def send(self, data):
        """Raises Closed where the other side does not want to hear more."""
        deadline = time.monotonic() + DEADLINE
        while data:
            self.listen()
            assert time.monotonic() < deadline, "the other side does not read"
            if select.select([], [self._socket], [], 1)[1]:
                try:
                    data = data[self._socket.send(data):]
                except ConnectionError as error:
                    raise Closed from error

    def wait_keepalives(self, count):
        """Waits for so many more: the other side's BGP has gone round that often."""
        before = self._keepalives()

        def heard():
            self.listen()
            return self._keepalives() - before

        until(f"{count} KEEPALIVEs", heard, lambda seen: seen >= count)

    def _keepalives(self):
        return sum(heard.type == bgp.KEEPALIVE for heard in self.heard)

    def announced_to_it(self):
        """What the other side has announced, in any family."""
        return {event.prefix for heard in self.heard if heard.type == bgp.UPDATE
                for event in bgp.route_events(heard, ()) if event.kind == "announce"}
