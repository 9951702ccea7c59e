# SPDX-License-Identifier: GPL-2.0-or-later
"""A controller that says what a test makes it say, in the place of peering-controller: what a real one would never push."""
import socket
import ssl
import struct
import time

import wire
from lab.controller import ROUTER, ROUTER_PORT
from wire import Closed

PERMIT, DENY = 1, 2
KINDS = {"prefix4": 1, "prefix6": 2, "as-path": 3, "community": 4, "community-expanded": 5, "large": 6,
         "large-expanded": 7, "route-map": 8}


class ScriptedController:
    """Takes the address and the certificate of a lab's Controller, which is not started."""

    def __init__(self, controller, receive_buffer=None):
        self.socket = None
        self._input = b""
        self.show(controller.pki, f"{controller.namespace.name}1.example.net")
        self._listener = controller.namespace.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._listener.bind((controller.address, ROUTER_PORT))
        self._listener.listen(5)

    def show(self, pki, name, newest=ssl.TLSVersion.TLSv1_3):
        """Which certificate it has from now on, and which TLS."""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = self._context.maximum_version = newest
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._context.load_verify_locations(pki / "ca.pem")
        self._context.load_cert_chain(pki / f"{name}.pem", pki / f"{name}.key")

    def close(self):
        self.hang_up()
        self._listener.close()

    def hang_up(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def accept(self, acked=0, acked_at=0, timeout=60):
        """Waits for the router, answers its Hello, and returns that."""
        hello = self.meet(timeout)
        self.send(hello_ack=dict(protocol_version=wire.VERSION, router_name=ROUTER, acked_sequence=acked,
                                 acked_at_milliseconds=acked_at))
        return hello

    def meet(self, timeout=60):
        """Waits for the router, and returns its Hello, which is not answered."""
        self._listener.settimeout(timeout)
        self.socket = None
        while not self.socket:
            raw, _ = self._listener.accept()
            raw.settimeout(20)
            try:
                self.socket = self._context.wrap_socket(raw, server_side=True)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError, ConnectionResetError):
                # The router has given it up while nobody was there.
                raw.close()
        self._input = b""
        return self.expect("hello")

    def send(self, **body):
        self.send_bytes(wire.frame(wire.envelope(**body)))

    def send_bytes(self, data):
        self.socket.sendall(data)

    def receive(self, timeout=60):
        """The next envelope; Closed at the end, TimeoutError where nothing comes."""
        self.socket.settimeout(timeout)
        try:
            size, = struct.unpack("!I", self._take(4))
            got = wire.message("Envelope").FromString(self._take(size))
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            raise Closed() from None
        if got.WhichOneof("body") == "error":
            raise Closed(got.error)
        return got

    def _take(self, size):
        while len(self._input) < size:
            data = self.socket.recv(1 << 20)
            if not data:
                raise Closed()
            self._input += data
        taken, self._input = self._input[:size], self._input[size:]
        return taken

    def expect(self, kind, timeout=60, holds=lambda body: True):
        """The next envelope of that kind that holds; all others are passed over."""
        deadline = time.monotonic() + timeout
        while True:
            got = self.receive(max(0.01, deadline - time.monotonic()))
            if got.WhichOneof("body") == kind and holds(getattr(got, kind)):
                return getattr(got, kind)

    def push(self, identity, *operations, timeout=60, **options):
        """Pushes, and returns the answer."""
        self.send(push=dict(id=identity, actor="noc@example.net", operations=operations, **options))
        return self.result(identity, timeout)

    def result(self, identity, timeout=60):
        return self.expect("push_result", timeout, lambda result: result.id == identity)


def declare(name, asn, addresses, limit=100, import_policy="ACME-IN", export_policy="ACME-OUT", **fields):
    """An operation that declares a connection: `addresses` are its neighbors, each with its own family."""
    neighbors = [dict(address=address, families=[dict(
        afi="ipv6" if ":" in address else "ipv4", received_limit=limit, import_policy=import_policy,
        export_policy=export_policy)]) for address in addresses]
    return dict(declare={"name": name, "peer_asn": asn, "kind": 1, "validation_window": 1, "neighbors": neighbors,
                         **fields})


def verb(name, which, reason=""):
    return dict(verb=dict(name=name, verb=which, reason=reason))


def policy(kind, name, *entries):
    """An operation with an object; entries are sequence, action and fields."""
    return dict(policy=dict(name=name, kind=KINDS[kind], entries=[
        dict(sequence=sequence, action=action, **fields) for sequence, action, fields in entries]))


def prefixes4(name, *networks, **more):
    return policy("prefix4", name, *((5 * (place + 1), PERMIT, dict(prefix=network, **more))
                                     for place, network in enumerate(networks)))


def by_list(name, prefix_list, **clause):
    return policy("route-map", name, (10, PERMIT, dict(clause=dict(match_prefix_list_ipv4=prefix_list, **clause))))


def withdraw(name):
    return dict(withdraw_policy=dict(name=name))
