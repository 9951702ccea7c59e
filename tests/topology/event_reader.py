# SPDX-License-Identifier: GPL-2.0-or-later
"""A reader of the controller's server-sent events, with nothing of the project's own code."""
import contextlib
import http.client
import json
import socket
import threading

import wire
from controller_process import OPERATOR
from lab.wait import until


def open_stream(controller, query="", last=None, token=None, receive_buffer=None):
    """The connection and the answer, whose body does not end by itself."""
    context = wire.client_context(controller.pki, None if token else OPERATOR)
    connection = http.client.HTTPSConnection(*controller.api_address, timeout=60, context=context)
    if receive_buffer:
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        raw.settimeout(60)
        raw.connect(controller.api_address)
        connection.sock = context.wrap_socket(raw, server_hostname="localhost")
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": str(last)} if last is not None else {})}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection.request("GET", f"/v1/events{query}", headers=headers)
    return connection, connection.getresponse()


def number_of(event_id):
    """What rises by one; behind it is the epoch of the database. None of what a peer is given."""
    number = event_id.partition("-")[0]
    return int(number) if number.isdigit() else None


class EventReader(threading.Thread):
    """Reads from its making on; `events` has (number, type, data) of each that came, `last` the newest id."""

    def __init__(self, controller, query="", last=None, **options):
        super().__init__(daemon=True)
        self.events, self.last, self.ended = [], last, False
        self._connection, self._answer = open_stream(controller, query, last, **options)
        assert self._answer.status == 200, self._answer.read()
        assert self._answer.getheader("Content-Type") == "text/event-stream"
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            self._connection.sock.shutdown(socket.SHUT_RDWR)
        self.join(20)
        self._connection.close()

    def run(self):
        fields = {}
        with contextlib.suppress(OSError, http.client.HTTPException, AttributeError, ValueError):
            for raw in self._answer:
                line = raw.decode().rstrip("\n")
                if line:
                    key, _, value = line.partition(": ")
                    fields[key] = value
                    continue
                self.last = fields.get("id", self.last)
                if "data" in fields:
                    self.events.append((number_of(fields["id"]), fields["event"], json.loads(fields["data"])))
                fields = {}
        self.ended = True

    def of(self, kind):
        return [event for _, found, event in list(self.events) if found == kind]

    def wait(self, kind, count):
        return until(f"{count} events of type {kind}", lambda: self.of(kind), lambda seen: len(seen) >= count)
