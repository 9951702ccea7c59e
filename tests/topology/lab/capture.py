# SPDX-License-Identifier: GPL-2.0-or-later
"""tcpdump at the peer's end of a link, and what BGP said there."""
import signal
import socket
import time
import uuid

from . import bgp, tcp
from .process import Process
from .wait import until

# Where a datagram marks how far a capture has come. Nothing listens there.
DISCARD = 9
# KiB. Each packet takes a place of the largest size that the interface may hand over, and tcpdump may wait its turn.
BUFFER = "65536"


class Capture:
    """Begin it before the sessions that it is to judge: it then knows who opened which connection."""

    def __init__(self, namespace, interface, target):
        """`target` is an address at the other end, to which marks can be sent."""
        self.file = namespace.lab.directory / f"{namespace.name}-{interface}-{uuid.uuid4().hex[:6]}.pcap"
        self._target = target
        self._marker = namespace.socket(*_datagram(target))
        self._process = Process(
            namespace, ["tcpdump", "-i", interface, "-n", "-U", "--immediate-mode", "-s", "0", "-B", BUFFER,
                        "-Z", "root", "-w", self.file, f"tcp port 179 or udp port {DISCARD}"],
            f"{self.file}.log")

        def listening():
            self._process.expect_running()
            return "listening on" in self._process.output()

        until(f"tcpdump on {interface} of {namespace.name}", listening)

    def stop(self):
        self._process.stop(signal.SIGINT)
        self._marker.close()
        assert "0 packets dropped by kernel" in self._process.output(), self._process.output()

    def packets(self):
        """All that has passed until now. A datagram goes the same way; when it is in the file, so is all before it."""
        token = uuid.uuid4().bytes
        self._process.expect_running()
        self._marker.sendto(token, (self._target, DISCARD))
        until("the capture to come up to date", lambda: token in self.file.read_bytes(), pause=0.02)
        return until("the whole packet", lambda: tcp.read_packets(self.file),
                     lambda packets: any(packet.payload == token for packet in packets), pause=0.02)

    def read(self):
        return Conversation(self.packets())

    def wait_routes(self, what, holds, **selection):
        """Waits until holds() of the route events that fit the selection."""
        return until(what, lambda: [str(event) for event in self.read().routes(**selection)], holds)

    def wait_keepalives(self, senders, count):
        """Waits for `count` more KEEPALIVEs of each sender: its BGP has gone round that often."""
        begun = time.time()

        def counts():
            said = self.read()
            return {sender: sum(message.time > begun for message in said.messages(sender, bgp.KEEPALIVE))
                    for sender in senders}

        return until(f"{count} KEEPALIVEs", counts, lambda seen: min(seen.values(), default=count) >= count,
                     pause=0.3)


class Conversation:
    """What a capture holds, in order of time. Senders are addresses."""

    def __init__(self, packets):
        self.connections = tcp.connections(packets)
        self._end = max((packet.time for packet in packets), default=0.0)
        self._messages, self._routes, self._established = [], [], []
        for connection in self.connections:
            found = {end: bgp.messages(stream) for end, stream in connection.streams.items()}
            opens = {end: next((message.body for message in own if message.type == bgp.OPEN), None)
                     for end, own in found.items()}
            if len(found) == 2 and all(any(message.type == bgp.KEEPALIVE for message in own)
                                       for own in found.values()):
                self._established.append(connection)
            for end, own in found.items():
                other = connection.streams[end].receiver
                with_path_id = set()
                if opens[end] and opens.get(other):
                    with_path_id = bgp.add_path(opens[end], 2) & bgp.add_path(opens[other], 1)
                for message in own:
                    self._messages.append(message)
                    if message.type == bgp.UPDATE:
                        self._routes += bgp.route_events(message, with_path_id)
        self._messages.sort(key=lambda message: message.time)
        self._routes.sort(key=lambda event: event.time)

    def end(self):
        """When the last packet was captured: for `after` of a later reading."""
        return self._end

    def messages(self, sender=None, type=None):
        return [message for message in self._messages
                if sender in (None, message.sender) and type in (None, message.type)]

    def routes(self, sender=None, family=None, kind=None, after=0.0):
        """Every prefix announced or withdrawn, and every End-of-RIB."""
        return [event for event in self._routes
                if sender in (None, event.sender) and family in (None, event.family)
                and kind in (None, event.kind) and event.time > after]

    def announced(self, sender, after=0.0):
        """The prefixes that `sender` ever announced."""
        return {event.prefix for event in self.routes(sender, kind="announce", after=after)}

    def held(self, sender):
        """The prefixes that `sender` announced last and has not withdrawn; a new connection begins with none."""
        held = set()
        starts = sorted(connection.opened_at for connection in self.connections
                        if sender in [end[0] for end in connection.ends])
        for event in self.routes(sender):
            while starts and starts[0] <= event.time:
                starts.pop(0)
                held.clear()
            if event.kind == "announce":
                held.add(event.prefix)
            elif event.kind == "withdraw":
                held.discard(event.prefix)
        # A connection on which nothing was said.
        return set() if starts else held

    def sessions(self, address):
        """The BGP sessions of an address that came up, in order: connections on which both ends sent a KEEPALIVE."""
        return [connection for connection in self._established
                if address in (connection.ends[0][0], connection.ends[1][0])]

    def notifications(self, sender=None):
        """Code and subcode of each NOTIFICATION."""
        return [(message.body[0], message.body[1]) for message in self.messages(sender, bgp.NOTIFICATION)]


def _datagram(address):
    return (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
