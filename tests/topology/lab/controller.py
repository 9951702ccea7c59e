# SPDX-License-Identifier: GPL-2.0-or-later
"""peering-controller in a namespace of its own, a link from the router to it, and certificates for all of them."""
import json
import os
import shutil
import signal
import sqlite3
import subprocess

from . import build
from .process import Process
from .wait import until

ROUTER = "edge1.example.net"
OPERATOR = "noc@example.net"
ROUTER_PORT = 4790


class Controller:
    """Made for one router, whose TLS folder it fills; start() starts it. `beside`: another one, whose CA it has.
    `near`: the namespace of the router in which it is reached."""

    def __init__(self, lab, router, name="controller", beside=None, near=None):
        self.lab, self.name = lab, name
        self.environment = []  # "NAME=value"
        self.namespace = lab.namespace(name)
        self.link = lab.link(near or router.namespace, self.namespace)
        self.address = self.link.far_ipv4
        self.folder = lab.folder(name)
        self.pki = beside.pki if beside else lab.folder(name, "pki")
        self.log = self.folder / "controller.log"
        self.config = self.folder / "peering-controller.conf"
        self._process = None
        subprocess.run([build.tool("lab-pki"), self.pki, "--controller", f"{name}1.example.net,localhost,{self.address}",
                        "--router", ROUTER, "--operator", OPERATOR],
                       check=True, text=True, capture_output=True, timeout=120)
        for source, target in ((f"{ROUTER}.pem", "router.pem"), (f"{ROUTER}.key", "router.key"), ("ca.pem", "ca.pem")):
            shutil.copy(self.pki / source, router.tls / target)
            shutil.chown(router.tls / target, "frr", "frr")
        self.config.write_text("".join(f"{key} = {value}\n" for key, value in {
            "router-listen": f"{self.address}:{ROUTER_PORT}",
            "tls-ca": self.pki / "ca.pem",
            "tls-certificate": self.pki / f"{name}1.example.net.pem",
            "tls-key": self.pki / f"{name}1.example.net.key",
            "database": self.folder / "controller.db",
        }.items()))

    def router_lines(self):
        """What the router's configuration needs to find it, below `router bgp`."""
        return [f"peering controller {self.address}"]

    def start(self):
        said = len(self.log.read_text()) if self.log.exists() else 0
        self._process = Process(self.namespace, self.command(), self.log)

        def ready():
            self._process.expect_running()
            return "event=ready" in self._process.output()[said:]

        until("the controller's line that it is ready", ready)
        return self

    def command(self):
        return ["env", *self.environment, str(build.program("peering-controller")), "-c", str(self.config)]

    def configure(self, **settings):
        """Further lines of its configuration."""
        with open(self.config, "a") as config:
            config.writelines(f"{key.replace('_', '-')} = {value}\n" for key, value in settings.items())

    def reload(self):
        self._process.send(signal.SIGHUP)

    def stop(self):
        return self._process.stop()

    def kill(self):
        self._process.kill()

    # peerctl

    def peerctl_environment(self):
        return {"PEERCTL_CA": str(self.pki / "ca.pem"), "PEERCTL_CERT": str(self.pki / f"{OPERATOR}.pem"),
                "PEERCTL_KEY": str(self.pki / f"{OPERATOR}.key")}

    def peerctl_command(self, *arguments):
        return self.namespace.command([build.program("peerctl"), *arguments])

    def try_peerctl(self, *arguments):
        return subprocess.run(self.peerctl_command(*arguments), text=True, timeout=120, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={**os.environ, "LC_ALL": "C.UTF-8", **self.peerctl_environment()})

    def peerctl(self, *arguments):
        ended = self.try_peerctl(*arguments)
        assert ended.returncode == 0, f"peerctl {' '.join(arguments)}: status {ended.returncode}:\n{ended.stdout}"
        return ended.stdout

    def request(self, method, path, body=None, token=None):
        """(status, answer) of its API, as the operator or by a token."""
        who = (["-H", f"Authorization: Bearer {token}"] if token else
               ["--cert", self.pki / f"{OPERATOR}.pem", "--key", self.pki / f"{OPERATOR}.key"])
        ended = subprocess.run(
            self.namespace.command(["curl", "-sS", "--cacert", self.pki / "ca.pem", *who, "-X", method, "-w", "%{http_code}",
                                    "-H", "Content-Type: application/json", "-H", "Accept: application/json", "-d", json.dumps(body or {}),
                                    f"https://localhost:4791{path}"]),
            text=True, timeout=120, stdin=subprocess.DEVNULL, capture_output=True)
        assert ended.returncode == 0, ended.stderr
        return int(ended.stdout[-3:]), json.loads(ended.stdout[:-3])

    def show(self, name):
        """One connection as the controller knows it, None where it knows none of that name."""
        ended = self.try_peerctl("show", ROUTER, name, "-o", "json")
        return json.loads(ended.stdout) if ended.returncode == 0 else None

    def transitions(self):
        """Everything that it has stored, in the order of its coming: sequence, connection, state."""
        with sqlite3.connect(f"file:{self.folder}/controller.db?mode=ro", uri=True, timeout=60) as database:
            return database.execute("SELECT sequence, connection, to_state FROM transition ORDER BY id").fetchall()

    def wait_connected(self, connected=True):
        def state():
            return {entry["name"]: entry["connected"]
                    for entry in json.loads(self.peerctl("routers", "-o", "json"))["routers"]}

        return until(f"{ROUTER} {'' if connected else 'not '}connected", state,
                     lambda seen: seen.get(ROUTER, False) == connected)
