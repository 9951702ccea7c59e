# SPDX-License-Identifier: GPL-2.0-or-later
"""The wire protocol in Python: messages by Google's protobuf, frames, TLS, and a router that speaks it.

Nothing of the project's own code is used, so that what the C side says is read by another decoder. The router is the
far side in the controller's tests; where bgpd itself matters, the tests use the real module.
"""
import contextlib
import functools
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import uuid
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from lab.build import SOURCE

PROTO = SOURCE / "lib" / "peering.proto"
VERSION = 1
FEATURES = ("push-options", "session-settings")
NEWER_FEATURES = (*FEATURES, "policy-objects", "pushed-state", "confirmed-policies")
MAX_BYTES = 1024 * 1024


# ---- Messages and frames

@functools.cache
def _pool():
    with tempfile.NamedTemporaryFile() as described:
        # What the C side is built with can describe the messages too.
        subprocess.run(["protoc-c", f"--descriptor_set_out={described.name}", f"-I{PROTO.parent}", PROTO], check=True,
                       timeout=60)
        files = descriptor_pb2.FileDescriptorSet.FromString(Path(described.name).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return pool


@functools.cache
def message(name):
    """The class of a message of lib/peering.proto."""
    descriptor = _pool().FindMessageTypeByName(f"peering.{name}")
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(_pool()).GetPrototype(descriptor)


def envelope(**body):
    """envelope(ack=dict(sequence=3))"""
    return message("Envelope")(**body)


def digest(policy):
    """Of a Policy, as routers report it: FNV-1a of what it is packed to."""
    value = 14695981039346656037
    for byte in policy.SerializeToString(deterministic=True):
        value = (value ^ byte) * 1099511628211 % 2**64
    return value


def frame(packed):
    """A frame around an envelope, or around any bytes."""
    body = packed if isinstance(packed, bytes) else packed.SerializeToString()
    return struct.pack("!I", len(body)) + body


# ---- A connection

class Closed(ConnectionError):
    """The other side ended the connection. `error` is what it said before, or None."""

    def __init__(self, error=None):
        super().__init__(f"{error.code}: {error.message}" if error else "closed without a word")
        self.error = error


def client_context(pki, name, version=ssl.TLSVersion.TLSv1_3):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = version
    context.load_verify_locations(pki / "ca.pem")
    if name:
        context.load_cert_chain(pki / f"{name}.pem", pki / f"{name}.key")
    return context


class Connection:
    """TLS to the controller's router port, envelope by envelope.

    `receive_buffer`: bytes that the kernel takes for it while it does not read; the kernel's own choice, megabytes.
    """

    def __init__(self, address, context, timeout=60, receive_buffer=None):
        raw = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        raw.settimeout(timeout)
        if receive_buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            raw.connect(address)
            self.socket = context.wrap_socket(raw, server_hostname="localhost")
        except BaseException:
            raw.close()
            raise
        self._input = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Ends it as a cut cable with a lost peer would: without a word of TLS."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send_bytes(self, data):
        self.socket.sendall(data)

    def send(self, **body):
        self.send_bytes(frame(envelope(**body)))

    def receive(self, timeout=60):
        """The next envelope. Raises Closed at the end, TimeoutError where nothing comes."""
        self.socket.settimeout(timeout)
        try:
            body = self._take(struct.unpack("!I", self._take(4))[0])
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            raise Closed() from None
        got = message("Envelope").FromString(body)
        if got.WhichOneof("body") == "error":
            raise Closed(got.error)
        return got

    def _take(self, size):
        while len(self._input) < size:
            data = self.socket.recv(65536)
            if not data:
                raise Closed()
            self._input += data
        taken, self._input = self._input[:size], self._input[size:]
        return taken

    def expect(self, kind, timeout=60):
        """The next envelope that is no heartbeat; it must be of that kind."""
        while True:
            got = self.receive(timeout)
            if got.WhichOneof("body") == kind:
                return getattr(got, kind)
            assert got.WhichOneof("body") == "heartbeat", f"wanted {kind}, got {got}"

    def expect_closed(self, code=None, timeout=60):
        """Reads to the end; returns the sentence of its error, which must have that code."""
        try:
            while True:
                self.receive(timeout)
        except Closed as closed:
            if code is None:
                return None
            assert closed.error is not None and closed.error.code == code, closed
            return closed.error.message

    def hello(self, journal_id="journal-1", last_sequence=0, router_name="", version=VERSION, boot_id="boot-1",
              features=FEATURES, **fields):
        """Says Hello, and returns the HelloAck."""
        self.send(hello={**dict(protocol_version=version, router_name=router_name, frr_version="8.4.4",
                                module_version="0.1.0", journal_id=journal_id, last_sequence=last_sequence,
                                boot_id=boot_id, features=features), **fields})
        return self.expect("hello_ack")

    def send_transitions(self, first, last, connection="PNI-ACME", **fields):
        """Many in one write, as a router that catches up sends them."""
        self.send_bytes(b"".join(frame(envelope(transition=transition(sequence, connection, **fields)))
                                 for sequence in range(first, last + 1)))

    @contextlib.contextmanager
    def beating(self, every):
        """Heartbeats from a thread, one in so many seconds; nothing else may be sent meanwhile."""
        done = threading.Event()

        def beat():
            while not done.wait(every):
                self.send(heartbeat=dict(at_milliseconds=1))

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def wait_acked(self, sequence, timeout=30):
        """Reads until the sequence is acknowledged; returns the sequence of the newest Ack."""
        acked = 0
        while acked < sequence:
            acked = self.expect("ack", timeout).sequence
        return acked


def transition(sequence, connection="PNI-ACME", to="PendingApproval", **fields):
    return {"sequence": sequence, "connection": connection, "vrf": "default", "generation": 1, "from": "None", "to": to,
            "cause": "1", "actor": "operator", "at_milliseconds": 1764000000000 + sequence, "message": "",
            **fields}


# ---- A router

def session_as_declared(neighbor):
    """What a router reports of a neighbor that was pushed to it."""
    return dict(address=neighbor.address, bgp_state="Idle", gate=1, required=not neighbor.optional,
                password_set=bool(neighbor.password),
                families=[dict(afi=family.afi, received_limit=family.received_limit, import_policy=family.import_policy,
                               export_policy=family.export_policy) for family in neighbor.families])


# What a connection of kind direct answers to a verb: from which state it leads where, by which row.
VERBS = {
    ("PendingApproval", "approve"): ("ProvisioningStarted", "2"),
    ("PendingApproval", "withdraw"): ("None", "5"),
    ("ProvisioningStarted", "ready"): ("ProvisioningCompleted", "6"),
    ("Validating", "activate"): ("Active", "9"),
    ("ProvisioningFailed", "retry"): ("ProvisioningStarted", "12"),
    ("ProvisioningFailed", "withdraw"): ("None", "13"),
    ("Active", "deprovision"): ("PendingRemove", "14"),
}


class Router(threading.Thread):
    """A router in a thread: keeps a journal, reports each change, answers pushes.

    It has no BGP: a test moves a connection on with move(), as sessions and checks would.
    """

    def __init__(self, address, pki, name="edge1", journal_id=None, features=FEATURES):
        super().__init__(daemon=True, name=name)
        self.address, self.pki, self.router_name = address, pki, name
        self.journal_id = journal_id or uuid.uuid4().hex
        self.features = features
        self.journal = []       # every transition, in order
        self.acked = 0
        self.connections = {}   # name: fields of its ConnectionStatus
        self.policies = {}      # name: the object that was pushed last
        self.policy_reports = {}  # name: fields of its PolicyStatus
        self.pushes = []        # every push that came, in order
        self.last_push = ""     # id of the newest one that was applied
        self.confirms = []      # ids of pushes that were confirmed
        self.revision = 0
        self.deaf = False       # takes pushes and does not answer them
        self.refuses = {}       # name: (code, sentence) for what is to be declared
        self.error = None       # why it ended, where it did not because of stop()
        self._lock = threading.RLock()
        self._connection = None
        self._stopping = False

    def __enter__(self):
        self.connect()
        return self

    def __exit__(self, *_):
        self.stop()

    def connect(self):
        self._connection = Connection(self.address, client_context(self.pki, self.router_name))
        ack = self._connection.hello(self.journal_id, len(self.journal), features=self.features,
                                     last_push=self.last_push)
        self.acked = ack.acked_sequence
        for entry in self.journal[self.acked:]:
            self._connection.send(transition=entry)
        self.send_snapshot(full=True)
        self.start()

    def reborn(self, address):
        """The same router again, for a new session."""
        again = Router(address, self.pki, self.router_name, self.journal_id, self.features)
        again.journal, again.connections = self.journal, self.connections
        again.policies, again.policy_reports = self.policies, self.policy_reports
        again.last_push, again.revision = self.last_push, self.revision
        return again

    def stop(self):
        self._stopping = True
        # Wakes the thread out of its read.
        try:
            self._connection.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.join(20)
        self._connection.close()

    def run(self):
        try:
            while True:
                try:
                    got = self._connection.receive(timeout=3600)
                except (OSError, Closed) as error:
                    self.error = None if self._stopping else error
                    return
                kind = got.WhichOneof("body")
                if kind == "ack":
                    self.acked = got.ack.sequence
                elif kind == "push":
                    with self._lock:
                        self.pushes.append(got.push)
                        if not self.deaf:
                            self._connection.send(push_result=self._apply(got.push))
                elif kind == "confirm":
                    with self._lock:
                        self.confirms.append(got.confirm.id)
                        if not self.deaf:
                            self._connection.send(push_result=dict(id=got.confirm.id, applied=True,
                                                                   revision=self.revision, results=[dict(ok=True)]))
        except Exception as error:  # noqa: BLE001 a test looks at it
            self.error = error

    def beat(self):
        with self._lock:
            self._connection.send(heartbeat=dict(at_milliseconds=int(time.time() * 1000)))

    def send_result(self, identity, **fields):
        """An answer that nobody has asked for just now."""
        with self._lock:
            self._connection.send(push_result=dict(id=identity, revision=self.revision, **fields))

    def send_snapshot(self, full, names=None):
        with self._lock:
            statuses = [status for name, status in self.connections.items() if names is None or name in names]
            pushed = dict(policies=list(self.policy_reports.values()), policies_full=True, complete=True)
            self._connection.send(snapshot=dict(full=full, connections=statuses, taken_at=int(time.time()),
                                                **(pushed if full and self._tells_pushed_state() else {})))

    def send_policy(self, name, /, **changes):
        """What became of a policy that was pushed: by hand, or because of a push."""
        with self._lock:
            if changes.get("gone"):
                del self.policy_reports[name]
            else:
                self.policy_reports[name].update(changes)
            if self._tells_pushed_state():
                self._connection.send(snapshot=dict(policies=[dict(name=name, **changes) if changes.get("gone")
                                                              else self.policy_reports[name]]))

    def _tells_pushed_state(self):
        return "pushed-state" in self.features

    def move(self, name, to, cause, actor="router", message=""):
        """One transition, with what it makes of the connection."""
        with self._lock:
            status = self.connections[name]
            now = time.time()
            entry = transition(len(self.journal) + 1, name, to, cause=cause, actor=actor, message=message,
                               at_milliseconds=int(now * 1000), **{"from": status["state"]})
            status.update(state=to, state_since=int(now))
            self.journal.append(entry)
            self._connection.send(transition=entry)
            self.send_snapshot(False, [name])
            if to == "None":
                del self.connections[name]
                self.send_snapshot(True)

    def _apply(self, push):
        if push.expects_revision and push.expected_revision != self.revision:
            return dict(id=push.id, revision=self.revision, results=[dict(
                code="revision", message=f"at revision {self.revision}, not {push.expected_revision}")])
        if push.dry_run:
            return dict(id=push.id, dry_run=True, revision=self.revision,
                        results=[dict(ok=True, message="would be done") for _ in push.operations])
        self.revision += any(operation.WhichOneof("operation") == "declare" for operation in push.operations)
        results = [self._apply_operation(operation, push.actor) for operation in push.operations]
        applied = all(result["ok"] for result in results)
        if applied and any(operation.WhichOneof("operation") == "declare" for operation in push.operations):
            self.last_push = push.id
        return dict(id=push.id, applied=applied, results=results, revision=self.revision,
                    confirm_seconds=push.confirm_seconds)

    def _told(self, declared):
        """What it reports of a declaration, where it does."""
        if not self._tells_pushed_state():
            return {}
        told = message("DeclareConnection")()
        told.CopyFrom(declared)
        for neighbor in told.neighbors:
            neighbor.password = ""
        return dict(declared=told)

    def _apply_operation(self, operation, actor):
        actor = f"controller:{actor}"
        if operation.WhichOneof("operation") == "withdraw_policy":
            if self.policies.pop(operation.withdraw_policy.name, None):
                self.send_policy(operation.withdraw_policy.name, gone=True)
            return dict(ok=True)
        if operation.WhichOneof("operation") == "declare":
            declared = operation.declare
            if declared.name in self.refuses:
                code, sentence = self.refuses[declared.name]
                return dict(ok=False, code=code, message=sentence)
            if declared.peer_asn == 65535:
                return dict(ok=False, code="bad-asn", message="AS 65535 is reserved; give the peer's own AS number")
            if declared.name not in self.connections:
                self.connections[declared.name] = dict(
                    name=declared.name, vrf="default", peer_asn=declared.peer_asn, kind=declared.kind, state="None",
                    generation=1, activation=declared.activation or 1, **self._told(declared),
                    sessions=[session_as_declared(neighbor) for neighbor in declared.neighbors])
                self.move(declared.name, "PendingApproval", "1", actor)
            else:
                # A person's changes to what is declared are undone by a declaration, as on a router.
                self.connections[declared.name].update(
                    peer_asn=declared.peer_asn, kind=declared.kind, activation=declared.activation or 1,
                    **self._told(declared), sessions=[session_as_declared(neighbor) for neighbor in declared.neighbors])
                self.send_snapshot(False, [declared.name])
            return dict(ok=True, allowed=["approve", "withdraw"])
        if operation.WhichOneof("operation") == "policy":
            for entry in operation.policy.entries:
                for name in (entry.clause.match_prefix_list_ipv4, entry.clause.call):
                    if name and name not in self.policies:
                        return dict(ok=False, code="unknown-policy", message=f"there is no {name}; push it in front")
            pushed = self.policies[operation.policy.name] = operation.policy
            self.policy_reports[pushed.name] = {}
            self.send_policy(pushed.name, name=pushed.name, kind=pushed.kind, digest=digest(pushed),
                             entries=len(pushed.entries))
            return dict(ok=True)
        verb = operation.verb
        status = self.connections.get(verb.name)
        if status is None:
            return dict(ok=False, code="unknown-connection", message=f"there is no connection {verb.name}")
        if (status["state"], verb.verb) not in VERBS:
            allowed = [known for state, known in VERBS if state == status["state"]]
            return dict(ok=False, code="not-allowed", allowed=allowed,
                        message=f"{verb.verb} is not allowed in state {status['state']}")
        to, cause = VERBS[status["state"], verb.verb]
        self.move(verb.name, to, cause, actor, verb.reason)
        return dict(ok=True)
