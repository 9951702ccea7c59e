# SPDX-License-Identifier: GPL-2.0-or-later
"""peering-controller as a process on loopback, with certificates and a database of its own; peerctl and its API."""
import collections
import http.client
import json
import os
import re
import signal
import sqlite3
import ssl
import subprocess

import openapi
import wire
from lab import build
from lab.wait import until

OPERATOR = "noc@example.net"
# Operators like that one, but where the configuration of a test names them.
ADMIN = "boss@example.net"
VIEWER = "sales@example.net"


Answer = collections.namedtuple("Answer", "status headers body")


def make_pki(folder, *arguments):
    subprocess.run([build.tool("lab-pki"), folder, *arguments], check=True, capture_output=True, text=True, timeout=120)
    return folder


class Controller:
    """start() it; both ports are the kernel's choice, and others after each start."""

    def __init__(self, folder, pki, **settings):
        self.folder, self.pki = folder, pki
        self.database = folder / "controller.db"
        self.config = folder / "peering-controller.conf"
        self.log_file = folder / "controller.log"
        self.settings = {"router-listen": "127.0.0.1:0", "api-listen": "127.0.0.1:0", "tls-ca": pki / "ca.pem",
                         "tls-certificate": pki / "localhost.pem", "tls-key": pki / "localhost.key",
                         "database": self.database,
                         **{key.replace("_", "-"): value for key, value in settings.items()}}
        self.environment = {}
        self._process = None

    # Start and end

    def write_config(self):
        self.config.write_text("".join(f"{key} = {value}\n" for key, value in self.settings.items()))

    def start(self):
        self.write_config()
        offset = len(self.log())
        with open(self.log_file, "ab") as log:
            self._process = subprocess.Popen([build.program("peering-controller"), "-c", self.config],
                                             stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                             env={**os.environ, **self.environment})

        def ready():
            said = self.log()[offset:]
            assert self._process.poll() is None, said
            return re.search(r"event=ready .*router-listen=(\S+) api-listen=(\S+)", said)

        said = until("the controller's line that it is ready", ready)
        self.router_address, self.api_address = (_address(text) for text in said.groups())
        return self

    def keep_ports(self):
        """The next start listens where this one does, as it would at home: routers dial the same address again."""
        for key, address in (("router-listen", self.router_address), ("api-listen", self.api_address)):
            self.settings[key] = f"{address[0]}:{address[1]}"

    def stop(self, number=signal.SIGTERM):
        """Ends it, and returns its exit status."""
        self._process.send_signal(number)
        return self._process.wait(20)

    def kill(self):
        self.stop(signal.SIGKILL)

    def running(self):
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self):
        return self._process.pid

    # What it says

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def wait_log(self, pattern):
        """Waits for a line; on failure the end of the log is shown."""
        def end_of_log():
            text = self.log()
            return bool(re.search(pattern, text)), text[-3000:]

        until(f"{pattern} in the controller's log", end_of_log, lambda seen: seen[0])

    # What it stores

    def query(self, sql, *parameters):
        """Reads its database, as a person with sqlite3 would."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=60) as db:
            return db.execute(sql, parameters).fetchall()

    def sequences(self, router="edge1", journal="journal-1"):
        return [row[0] for row in self.query(
            "SELECT sequence FROM transition WHERE router = ? AND journal_id = ? ORDER BY id", router, journal)]

    # Routers

    def connect(self, name="edge1", **options):
        return wire.Connection(self.router_address, wire.client_context(self.pki, name), **options)

    def router(self, name="edge1", **options):
        return wire.Router(self.router_address, self.pki, name, **options)

    # The API

    def ask(self, method, path, body=None, certificate=OPERATOR, token=None, headers=None,
            version=ssl.TLSVersion.TLSv1_3, timeout=60):
        """An Answer, held against doc/openapi.yaml. `body` may be bytes, or what json.dumps() takes. With a token there
        is no certificate."""
        connection = http.client.HTTPSConnection(
            *self.api_address, timeout=timeout,
            context=wire.client_context(self.pki, None if token else certificate, version))
        sent = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {}),
                **(headers or {})}
        try:
            data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            text = answer.read()
            openapi.check_answer(method, path, answer.status, answer.headers, text)
            return Answer(answer.status, answer.headers,
                          json.loads(text) if "json" in answer.getheader("Content-Type", "") else text.decode())
        finally:
            connection.close()

    def request(self, method, path, body=None, **options):
        """(status, JSON or text)"""
        answer = self.ask(method, path, body, **options)
        return answer.status, answer.body

    def get(self, path, **options):
        status, answer = self.request("GET", path, **options)
        assert status == 200, answer
        return answer

    def post(self, path, body=None, **options):
        return self.request("POST", path, body, **options)

    # peerctl

    def start_peerctl(self, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **environment):
        return subprocess.Popen(
            [build.program("peerctl"), *map(str, arguments)], text=True, stdin=subprocess.DEVNULL,
            stdout=stdout, stderr=stderr,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self.folder),
                 "PEERCTL_URL": "https://localhost:%d" % self.api_address[1], "PEERCTL_CA": str(self.pki / "ca.pem"),
                 "PEERCTL_CERT": str(self.pki / f"{OPERATOR}.pem"), "PEERCTL_KEY": str(self.pki / f"{OPERATOR}.key"),
                 **environment})

    def peerctl(self, *arguments, **environment):
        """Runs peerctl as a person would, and returns what came of it."""
        with self.start_peerctl(*arguments, **environment) as process:
            output, error = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, output, error)


def _address(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)

