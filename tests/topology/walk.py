# SPDX-License-Identifier: GPL-2.0-or-later
"""The walk of ./quickstart: one connection from its request to Active and out again, each command shown before what it
prints. Every step is judged by the far side, BIRD's table and the kernel's, and the walk ends at the first that fails.
"""
import http.server
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

from lab import build
from lab.bird import BIRDC, Bird, prefixes, session_pair
from lab.controller import OPERATOR, ROUTER, Controller
from lab.frr import Router
from lab.namespaces import Lab, sweep
from lab.wait import NotSeen, until

EDGE_AS, ACME_AS = 64500, 64510
# As the other network may choose them.
NAME, PEERING = f"AS{ACME_AS}-FRA1", f"AS{ACME_AS}-FRA"
LATER = f"AS{ACME_AS}-FRA2"  # another connection, which comes to nothing
FAMILIES = ("ipv4", "ipv6")
ACME_ROUTES = {"ipv4": prefixes("ipv4", 1000), "ipv6": prefixes("ipv6", 500)}
OUR_ROUTES = {"ipv4": ["203.0.113.0/25", "203.0.113.128/25"], "ipv6": ["2001:db8:fff0::/48", "2001:db8:fff1::/48"]}
WINDOW = 5
PASSWORD = "what-both-have-agreed-on"
FORMER = "former@example.net"  # an operator who has left
# bgpd's BFD takes a session with TTL security for one of several hops, and BIRD does not: one each.
SETTINGS = {"ipv4": {"ttlSecurityHops": 1}, "ipv6": {"bfd": True}}
ACME_SETTINGS = {"ipv4": "ttl security on;", "ipv6": "bfd on;"}
HOOK_PORT, METRICS_PORT = 8080, 4792
# What this network accepts of those who ask; what a request leaves open it fills in.
PEERING_POLICY = {"kinds": ["direct"], "locations": [{"metro": "Frankfurt", "routers": [ROUTER]}],
                  "ipv4": {"maxReceivedLimit": 2000, "importPolicy": "ACME-IN", "exportPolicy": "ACME-OUT"},
                  "ipv6": {"required": True, "maxReceivedLimit": 1000, "importPolicy": "ACME-IN",
                           "exportPolicy": "ACME-OUT"},
                  "profile": "PEERS", "activation": {"by": "person"}}
# The route-maps that it names, pushed as objects: nothing of them is typed on the router.
POLICIES = [
    {"name": "OURS-V4", "kind": "prefix-list-ipv4",
     "entries": [{"sequence": 10, "action": "permit", "prefix": "203.0.113.0/24", "le": 25}]},
    {"name": "OURS-V6", "kind": "prefix-list-ipv6",
     "entries": [{"sequence": 10, "action": "permit", "prefix": "2001:db8:fff0::/44", "le": 48}]},
    {"name": "ACME-IN", "kind": "route-map",
     "entries": [{"sequence": 10, "action": "permit", "set": {"localPreference": 200}}]},
    {"name": "ACME-OUT", "kind": "route-map",
     "entries": [{"sequence": 10, "action": "permit", "match": {"prefixListIpv4": "OURS-V4"}},
                 {"sequence": 20, "action": "permit", "match": {"prefixListIpv6": "OURS-V6"}}]},
]

EDGE_CONFIG = """\
frr defaults traditional
{statics}
router bgp {asn}
 bgp router-id 192.0.2.1
 no bgp default ipv4-unicast
 peering default-deny
 peering profile PEERS validation-window {window}
 peering controller {controller} priority 10
 peering controller {backup} priority 200
 address-family ipv4 unicast
{networks_ipv4}
 exit-address-family
 address-family ipv6 unicast
{networks_ipv6}
 exit-address-family
exit
"""


class Failed(Exception):
    """A step did not show what it has to."""


class Hook(http.server.BaseHTTPRequestHandler):
    """Somebody's endpoint of a web hook, on the controller's machine."""
    told = []

    def do_POST(self):
        self.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass

    @classmethod
    def serve(cls, namespace):
        server = http.server.HTTPServer(("127.0.0.1", HOOK_PORT), cls, bind_and_activate=False)
        server.socket.close()
        server.socket = namespace.socket(socket.AF_INET, socket.SOCK_STREAM)
        server.server_bind()
        server.server_activate()
        threading.Thread(target=server.serve_forever, daemon=True).start()


class Walk:
    def __init__(self, lab):
        self.lab = lab
        self.edge = Router(lab, "edge1")
        self.link = lab.link(self.edge.namespace, lab.namespace("acme"))
        self.controller = Controller(lab, self.edge)
        self.backup = Controller(lab, self.edge, "backup", beside=self.controller)
        # Nothing of the edge is there to meet before the connection is ready: BIRD tries every second.
        self.acme = Bird(lab, "acme", ACME_AS, session_pair(self.link), ACME_ROUTES)
        self.acme.top = 'protocol bfd { interface "*" { interval 300 ms; multiplier 3; }; }'
        for session, family in zip(self.acme.sessions, FAMILIES):
            session.extra = f'password "{PASSWORD}"; {ACME_SETTINGS[family]}'
        self.edge.other_daemons.append("bfdd")
        self._bold = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")

    # Saying and showing

    def heading(self, text):
        print(f"\n{self._bold[0]}== {text}{self._bold[1]}", flush=True)

    def say(self, text):
        print(text, flush=True)

    def _run(self, argv):
        return subprocess.run(argv, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=120, check=True,
                              env={**os.environ, **self.controller.peerctl_environment()}).stdout

    def _show(self, host, shown, argv, environment=None, status=0):
        print(f"\n{self._bold[0]}{host}# {shown}{self._bold[1]}", flush=True)
        ended = subprocess.run(argv, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, timeout=120, env={**os.environ, **(environment or {})})
        print(ended.stdout.strip("\n"), flush=True)
        if ended.returncode != status:
            raise Failed(f"`{shown}` ended with status {ended.returncode}")
        return ended.stdout

    def at_controller(self, command):
        return self._show("controller", command, self.controller.namespace.command(["sh", "-c", command]))

    def vtysh(self, *commands):
        words = [word for command in commands for word in ("-c", command)]
        argv = self.edge.namespace.command(self.edge.vtysh_command(*words))
        text = self._show("edge1", shlex.join(["vtysh", *words]), argv, self.edge.vtysh_environment())
        if text.startswith("%"):
            raise Failed(f"vtysh refused `{commands[-1]}`")
        return text

    def peerctl(self, *words, host=None, environment=None, hidden=(), status=0):
        shown = ["peerctl", *words]
        lines = [[]]
        for word in shown:
            if word.startswith("--") and sum(map(len, lines[-1])) > 60:
                lines.append([])
            lines[-1].append(shlex.quote(os.path.basename(word) if word.startswith(str(self.lab.directory)) else word))
        return self._show(host or self.controller.name, " \\\n    ".join(" ".join(line) for line in lines),
                          self.controller.peerctl_command(*words, *hidden),
                          environment or self.controller.peerctl_environment(), status)

    def acme_peerctl(self, *words):
        """As the other network asks, with a token in the place of a certificate."""
        return self.peerctl(*words, host="acme", environment={"PEERCTL_CA": str(self.controller.pki / "ca.pem"),
                                                              "PEERCTL_TOKEN": self.token})

    def pki(self, *arguments):
        subprocess.run([build.tool("lab-pki"), self.controller.pki, *arguments], check=True, stdout=subprocess.DEVNULL, timeout=120)

    def write(self, name, content):
        path = self.controller.folder / name
        path.write_text(json.dumps(content, indent=2) + "\n")
        return str(path)

    def birdc(self, command):
        return self._show("acme", f"birdc {shlex.quote(command)}",
                          [BIRDC, "-r", "-s", str(self.acme.control), *command.split()])

    def kernel_routes(self, family):
        return self._show("edge1", f"ip -{family[-1]} route show proto bgp | wc -l",
                          self.edge.namespace.command(
                              ["sh", "-c", f"ip -{family[-1]} route show proto bgp | wc -l"]))

    # Judging by the far side

    def acme_has(self, family):
        return self.acme.received(f"edge_{family}")

    def kernel_has(self, family):
        """What bgpd made the edge's kernel forward to."""
        shown = self.edge.namespace.ip(f"-{family[-1]}", "route", "show", "proto", "bgp")
        return {line.split()[0] for line in shown.splitlines()}

    def expect(self, what, probe, wanted):
        try:
            until(what, probe, lambda seen: seen == wanted)
        except NotSeen as error:
            raise Failed(str(error)) from None

    def expect_routes(self, ours, theirs):
        """How much of what the edge has is at acme, and how much of what acme has is in the edge's kernel: all or none."""
        for family in FAMILIES:
            self.expect(f"the edge's {family} routes at acme", lambda: self.acme_has(family),
                        set(OUR_ROUTES[family]) if ours else set())
            self.expect(f"acme's {family} routes in the edge's kernel", lambda: self.kernel_has(family),
                        set(ACME_ROUTES[family]) if theirs else set())

    def expect_never_told(self):
        for family in FAMILIES:
            told = self.acme.updates_received(f"edge_{family}")
            if told:
                raise Failed(f"{told} {family} routes were announced to acme although the gate was closed")

    def wait_state(self, state):
        try:
            return self.edge.wait_state(NAME, state)
        except NotSeen as error:
            raise Failed(str(error)) from None

    def differing(self):
        """The connections and policies that are not as the controller was asked for."""
        return [one["name"] for one in json.loads(self.controller.try_peerctl("diff", "-o", "json").stdout)["differences"]]

    def exported(self):
        """The file of all that is wanted."""
        feed = self.controller.folder / "peerings.json"
        feed.write_text(self._run(self.controller.peerctl_command("export")))
        print(f"\n{self._bold[0]}{self.controller.name}# peerctl export >peerings.json{self._bold[1]}", flush=True)
        return feed

    def apply_changed(self, settings):
        """The same with `settings(family)` in each neighbor, which is what the router has then."""
        feed = self.exported()
        wanted = json.loads(feed.read_text())
        for neighbor, family in zip(wanted["connections"][0]["neighbors"], FAMILIES):
            neighbor.update(settings(family))
        feed.write_text(json.dumps(wanted, indent=2) + "\n")
        if "1 changed" not in self.peerctl("apply", "-f", str(feed)):
            raise Failed("nothing has changed")

    # The walk

    def start(self):
        self.heading("A lab")
        self.say(f"""
  acme            AS {ACME_AS}   BIRD, announces {len(ACME_ROUTES['ipv4'])} IPv4 and {len(ACME_ROUTES['ipv6'])} IPv6 prefixes
   |  {self.link.far_ipv4}, {self.link.far_ipv6}
   |
   |  {self.link.near_ipv4}, {self.link.near_ipv6}
  edge1           AS {EDGE_AS}   FRR as Debian ships it, bgpd with the module, under `peering default-deny`
   |
  controller                 peering-controller, TLS 1.3 with certificates on both sides
  backup                     another machine for it, where none runs yet

Each is a network namespace. Commands are shown without the options that point into the lab.""")
        Hook.serve(self.controller.namespace)
        secret = self.controller.folder / "noc.secret"
        secret.write_text("the endpoint knows it, too\n")
        self.pki("--operator", FORMER, "--crl")
        for controller in (self.controller, self.backup):
            controller.configure(peering_policy=self.write("peering-policy.json", PEERING_POLICY), admin=OPERATOR,
                                 tls_crl=self.controller.pki / "crl.pem")
        self.controller.configure(
            metrics_listen=f"127.0.0.1:{METRICS_PORT}", webhooks=self.write("webhooks.json", [
                {"name": "noc", "url": f"http://127.0.0.1:{HOOK_PORT}/", "events": ["active", "degraded", "failed", "removed"],
                 "secretFile": str(secret)}]))
        self.controller.start()
        self.acme.start()
        self.edge.start(EDGE_CONFIG.format(
            asn=EDGE_AS, window=WINDOW, controller=self.controller.address, backup=self.backup.address,
            statics="\n".join([f"ip route {prefix} blackhole" for prefix in OUR_ROUTES["ipv4"]]
                              + [f"ipv6 route {prefix} blackhole" for prefix in OUR_ROUTES["ipv6"]]),
            **{f"networks_{family}": "\n".join(f"  network {prefix}" for prefix in OUR_ROUTES[family])
               for family in FAMILIES}))
        self.controller.wait_connected()
        self.peerctl("routers")

    def prepared(self):
        self.heading("Policies: pushed as objects, and a token for the other network")
        for policy in POLICIES:
            self.peerctl("policy", "set", ROUTER, policy["name"], "-f", self.write(f"{policy['name']}.json", policy))
        self.vtysh("show route-map ACME-OUT")
        self.token = json.loads(self.peerctl("token", "create", "peer", "acme", "--asn", str(ACME_AS),
                                             hidden=("-o", "json")))["token"]

    def request(self):
        self.heading("Request: the other network asks for a peering, and the peering policy judges it")
        who = self.write("acme.json", {"name": "Example Networks",
                                       "contacts": [{"role": "noc", "email": "noc@acme.example"}]})
        self.acme_peerctl("asn", "set", str(ACME_AS), who)
        self.peerctl("asn", "approve", str(ACME_AS), "--reason", "known from the exchange")
        wanted = self.write("acme-fra.json", {
            "name": PEERING, "peerAsn": ACME_AS, "metro": "Frankfurt",
            "connections": [{"router": ROUTER, "name": NAME, "neighbors": [
                {"address": self.link.far_address(family), "password": PASSWORD} for family in FAMILIES]}]})
        self.say("\nIt asks for two sessions with a password (TCP MD5), which is shown nowhere from here on:")
        self.acme_peerctl("peering", "request", wanted)
        self.peerctl("peering", "show", PEERING)

    def bring_up(self):
        self.heading("Approve, wire, ready")
        self.peerctl("peering", "approve", PEERING)
        self.wait_state("ProvisioningStarted")
        self.vtysh("show peering")
        self.say("\nThis network's to choose are TTL security, here on IPv4, and BFD, here on IPv6. All that is wanted is one file, "
                 "and they\nare added there:")
        self.apply_changed(lambda family: SETTINGS[family])
        self.say("\nAs soon as the link is up, the router tests it by itself:")
        try:
            until("the link test passed", lambda: self.edge.bgpd_json(f"show peering {NAME} link json")["linkTest"],
                  lambda seen: seen["passed"] and not seen["running"])
        except NotSeen as error:
            raise Failed(str(error)) from None
        self.vtysh(f"show peering {NAME} link")
        self.say("\nOnce acme has configured BGP, it says so:")
        self.acme_peerctl("peering", "bgp-configured", PEERING, NAME)
        self.acme.wait_established()
        self.wait_state("Validating")

    def gated(self):
        self.heading("BGP is up, and nothing passes")

        def counted():
            return {session["afi"]: session["receivedCount"] for session in self.edge.connection(NAME)["sessions"]}

        self.expect("what acme sends, counted", counted, {family: len(ACME_ROUTES[family]) for family in FAMILIES})
        self.vtysh(f"show peering {NAME}")
        self.say("\nacme's side: both sessions Established, no route of ours. Ours: no route of acme's.")
        self.birdc("show protocols")
        for family in FAMILIES:
            self.birdc(f"show route protocol edge_{family} count")
        for family in FAMILIES:
            self.kernel_routes(family)
        self.expect_routes(ours=False, theirs=False)
        self.expect_never_told()

    def validated(self):
        self.heading("The validation passes")
        try:
            until("the validation passed", lambda: self.edge.connection(NAME),
                  lambda seen: seen["connectionState"] == "Validating" and not seen["blocking"])
            until("the pass at the controller", lambda: self.controller.show(NAME)["checks"],
                  lambda checks: checks and {check["verdict"] for check in checks
                                            if check["level"] == "required"} == {"pass"})
        except NotSeen as error:
            raise Failed(str(error)) from None
        self.peerctl("show", ROUTER, NAME)
        self.say("\nWhat activation would do, asked live from the router:")
        self.peerctl("preview", ROUTER, NAME)
        self.expect_routes(ours=False, theirs=False)
        self.expect_never_told()

    def activated(self):
        self.heading("Activate: the operator's own policy applies, on the same sessions")
        self.peerctl("activate", ROUTER, NAME)
        self.wait_state("Active")
        self.expect_routes(ours=True, theirs=True)
        self.vtysh("show peering")
        for family in FAMILIES:
            self.birdc(f"show route protocol edge_{family}")
        for family in FAMILIES:
            self.kernel_routes(family)
        self.vtysh(f"show peering {NAME} policy")
        self.vtysh(f"show peering {NAME} config")

    def operated(self):
        self.heading("Operate: as it was asked for, by whom, and whether all is well")
        self.peerctl("diff")
        self.say("\nThe file of all that is wanted changes nothing where it stands:")
        if "1 unchanged" not in self.peerctl("apply", "-f", str(self.exported()), "--dry-run"):
            raise Failed("what was exported is not what was asked for")
        self.peerctl("audit", "--count", "6")
        self.at_controller(f"curl -s http://127.0.0.1:{METRICS_PORT}/healthz")
        self.at_controller(f"curl -s http://127.0.0.1:{METRICS_PORT}/metrics | grep -e '_router_connected{{' -e Active")
        self.say("\nA web hook was told:")
        self.expect("the web hook's word", lambda: [(one["event"], one["connection"]) for one in Hook.told],
                    [("active", NAME)])
        self.peerctl("webhooks")

    def cared_for(self):
        self.heading("Care: what a person types on a router stays until somebody decides, and no push cuts a router off")
        limit = f"peering {NAME} received-limit ipv4 1500"

        self.vtysh("configure terminal", f"router bgp {EDGE_AS}", limit)
        self.expect("the difference at the controller", self.differing, [NAME])
        self.peerctl("diff", status=1)
        self.peerctl("push-again", ROUTER, NAME)
        self.expect("no difference at the controller", self.differing, [])
        self.peerctl("routes", ROUTER, NAME, "--family", "ipv6", "--count", "3")

        def to_be_avoided():
            return self.acme.birdc("show route protocol edge_ipv4 all").count("(65535,0)")

        self.say("\nWhat a push would do, and then one that the router takes back by itself unless it is confirmed in time, which "
                 "the controller\ndoes once it has heard of the router again:")
        self.peerctl("maintenance-on", ROUTER, NAME, "--reason", "a new optic", "--dry-run")
        self.peerctl("maintenance-on", ROUTER, NAME, "--reason", "a new optic", "--confirm", "10")
        self.expect("graceful shutdown of our routes at acme", to_be_avoided, len(OUR_ROUTES["ipv4"]))
        self.expect("the confirmation", lambda: self.edge.bgpd_json("show peering summary json")["pushes"]["unconfirmed"], None)
        self.peerctl("maintenance-off", ROUTER, NAME)
        self.expect("our routes at acme as they were", to_be_avoided, 0)
        self.expect_routes(ours=True, theirs=True)

    def changed(self):
        self.heading("Change: a copy of the controller's database, and then a change of the file of all that is wanted")
        copy = self.controller.folder / "copy.db"
        self._show("controller", "peering-controller --backup copy.db",
                   self.controller.namespace.command([*self.controller.command(), "--backup", copy]))
        self.say("\nThe hold time is 30 s from now on:")
        self.apply_changed(lambda _: {"holdTime": 30})
        self.expect_routes(ours=True, theirs=True)

    def taken_over(self):
        self.heading("The controller is lost: the router takes back what nobody confirms, and another one takes over with the copy")
        self.peerctl("request", ROUTER, LATER, "--asn", str(ACME_AS), "--neighbor", "203.0.113.200", "--confirm", "10",
                     "--confirm-manually")
        self.expect("the request on the router", lambda: self.edge.connection_state(LATER), "PendingApproval")
        lost = self.controller
        lost.stop()
        self.say("\nNobody has confirmed, and the controller's machine is gone. On the other one, with the copy and its key:")
        shutil.copy(lost.folder / "controller.db.key", self.backup.folder)
        self._show("backup", "peering-controller --restore copy.db",
                   self.backup.namespace.command([*self.backup.command(), "--restore", lost.folder / "copy.db"]))
        self.controller = self.backup.start()
        self.controller.wait_connected()
        self.expect("the request taken back", lambda: self.edge.connection_state(LATER), "None")
        self.say("\nThe router has taken the request back. It has a hold time that the copy does not know of: the controller tells "
                 "that, and\npushes nothing until somebody has decided:")
        self.expect("the difference at the controller", self.differing, [NAME])
        self.peerctl("routers")
        self.peerctl("diff", status=1)
        self.peerctl("accept", ROUTER, NAME)
        self.peerctl("diff")
        self.expect_routes(ours=True, theirs=True)

        self.say(f"\nSomebody has left ({FORMER}), and the certificate is revoked. Asked with it:")
        self.pki("--revoke", FORMER)
        read = self.controller.log.read_text().count("event=certificates-read")
        self.controller.reload()
        self.expect("the new list read", lambda: self.controller.log.read_text().count("event=certificates-read") > read, True)
        former = {**self.controller.peerctl_environment(), "PEERCTL_CERT": str(self.controller.pki / f"{FORMER}.pem"),
                  "PEERCTL_KEY": str(self.controller.pki / f"{FORMER}.key")}
        self.peerctl("routers", environment=former, status=3)

        self.say("\nThe first machine is back, and has heard of everything that the router has done meanwhile:")
        self.backup.stop()
        self.controller = lost.start()
        self.controller.wait_connected()
        self.expect("no difference", self.differing, [])
        self.peerctl("diff")

    def deprovisioned(self):
        self.heading("Deprovision: routes are withdrawn, the sessions closed")
        self.peerctl("peering", "deprovision", PEERING, "--reason", "end of the quick start")
        self.wait_state("None")
        self.expect_routes(ours=False, theirs=False)
        self.vtysh("show peering")
        self.birdc("show protocols")
        for family in FAMILIES:
            self.kernel_routes(family)
        self.expect("every transition at the controller", self._transitions, ([
            "PendingApproval", "ProvisioningStarted", "ProvisioningCompleted", "Validating", "Active", "PendingRemove", "None"], 3))
        self.expect("the end of the peering", lambda: json.loads(self._run(self.controller.peerctl_command(
            "peering", "show", PEERING, "-o", "json")))["state"], "deprovisioned")
        self.peerctl("peering", "show", PEERING)
        self.watched()

    def watched(self):
        """`peerctl watch` goes on for ever: it is ended, as by Ctrl-C, behind the last thing that happened."""
        self.say("\nAll of it as it was told to whoever watched:")
        print(f"\n{self._bold[0]}controller# peerctl watch --since 0 --connection {NAME}{self._bold[1]}", flush=True)
        with subprocess.Popen(self.controller.peerctl_command("watch", "--since", "0", "--connection", NAME), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={**os.environ, **self.controller.peerctl_environment()}) as process:
            for line in process.stdout:
                print(line, end="", flush=True)
                if "PendingRemove -> None" in line:
                    break
            process.send_signal(signal.SIGINT)
            process.stdout.read()
        if process.returncode != 0:
            raise Failed(f"`peerctl watch` ended with status {process.returncode}")

    def _transitions(self):
        """The states in the order in which they were first reached, and how often Active was noted. A session may come and
        go once before both ends agree on BFD."""
        states = [entry["to"] for entry in sorted(self.controller.show(NAME)["history"], key=lambda entry: entry["id"])]
        return list(dict.fromkeys(states)), states.count("Active")

    def keep(self):
        """Leaves wrappers that know where everything is."""
        tools = self.lab.folder("bin")
        vtysh_environment = {"LD_PRELOAD": build.vtysh_extension()}
        for name, argv, environment in (
                ("vtysh", self.edge.namespace.command(["env", *_assignments(vtysh_environment),
                                                       *self.edge.vtysh_command()]), {}),
                ("peerctl", self.controller.peerctl_command(), self.controller.peerctl_environment()),
                ("birdc", [BIRDC, "-s", str(self.acme.control)], {})):
            script = "".join(f"export {assignment}\n" for assignment in _assignments(environment, quote=True))
            (tools / name).write_text(f'#!/bin/sh\n{script}exec {shlex.join(map(str, argv))} "$@"\n')
            (tools / name).chmod(0o755)
        self.lab.keep()
        self.heading("The lab is left up")
        self.say(f"""
  {tools}/vtysh
  {tools}/peerctl connections
  {tools}/birdc show protocols
  ip netns exec {self.edge.namespace.full_name} bash

Next: peerctl peering deprovision {PEERING}
./quickstart --stop ends it, and so does another ./quickstart.""")


def _assignments(environment, quote=False):
    return [f"{key}={shlex.quote(str(value)) if quote else value}" for key, value in environment.items()]


def end(number, _frame):
    raise KeyboardInterrupt(signal.Signals(number).name)


def main(arguments):
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    lab = None
    begun = time.monotonic()
    try:
        sweep(kept=True)
        if "--stop" in arguments:
            return 0
        with Lab() as lab:
            walk = Walk(lab)
            for step in (walk.start, walk.prepared, walk.request, walk.bring_up, walk.gated, walk.validated, walk.activated,
                         walk.operated, walk.cared_for, walk.changed, walk.taken_over):
                step()
            if "--keep" in arguments:
                walk.keep()
            else:
                walk.deprovisioned()
    except KeyboardInterrupt:
        if lab:
            # Where it came between the end of the walk and the beginning of the clean-up.
            lab.close()
        print("\nquickstart: interrupted" + ("; the lab is gone" if lab and not lab.kept else ""), file=sys.stderr)
        return 130
    except (AssertionError, Failed, RuntimeError) as error:
        print(f"\nquickstart: {error}", file=sys.stderr)
        return 1
    print(f"\nEverything was as it should be, in {time.monotonic() - begun:.0f} seconds.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
