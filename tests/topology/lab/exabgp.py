# SPDX-License-Identifier: GPL-2.0-or-later
"""ExaBGP as the far side of the leak matrix. It has no table: what it hands to its process, in JSON, makes one here."""
import json
import os
from pathlib import Path

from .peer import Peer, family_of
from .process import Process
from .wait import until

# Isolated, or it would take this package's module of the same name for ExaBGP.
EXABGP = ["/usr/bin/python3", "-I", Path(__file__).with_name("exabgp_mended.py"), "/usr/sbin/exabgp"]
# What its configuration calls the other families.
OTHERS = {"evpn": "l2vpn evpn"} | {f"{family} {safi}": f"{family} {name}" for family in ("ipv4", "ipv6") for safi, name in (
    ("labeled", "nlri-mpls"), ("flowspec", "flow"))}
# Its process: what ExaBGP says goes into a file; what it is to do comes out of a pipe that stays open.
API = """#!/bin/sh
cat <>"$2" &
exec cat >"$1"
"""


class FarExabgp(Peer):
    LACKS = {
        "unnumbered": "the daemon sends no router advertisements, by which the edge would learn of it",
        "accepts": "ExaBGP opens its sessions itself, and bgpd takes no connection for a neighbor in a view",
        "vpn": "ExaBGP 4.2.21 ends its session at the next hop of an IPv6 VPN route of bgpd's, which has a link-local address too",
        "multicast": "ExaBGP 4.2.21 announces multicast routes as unicast ones",
        "evpn-origin": "ExaBGP's configuration has no EVPN routes",
        "confederation": "ExaBGP knows no confederations",
        "orf": "ExaBGP sends no outbound route filters",
        "dynamic-capability": "ExaBGP knows no CAPABILITY message",
    }

    def __init__(self, lab, name, sessions):
        super().__init__(lab, name, sessions)
        self._config_file = self.directory / "exabgp.conf"
        self._said = self.directory / "said.json"
        self._pipe = self.directory / "commands"
        self._api = self.directory / "api"
        self._process = None
        self._read, self._rest = 0, ""
        self._up, self._held, self._drained = set(), {}, {}

    def _write_config(self):
        lines = ["process api {", f"\trun {self._api} {self._said} {self._pipe};", "\tencoder json;", "}"]
        for session in self.sessions.values():
            lines += [f"neighbor {session.neighbor} {{", "\trouter-id 198.51.100.250;",
                      f"\tlocal-address {session.local};", f"\tlocal-as {session.local_as};",
                      f"\tpeer-as {session.neighbor_as};", "\thold-time 30;", "\tgroup-updates false;"]
            lines += ["\tincoming-ttl 255;", "\toutgoing-ttl 255;"] if "ttl-security" in session.features else []
            lines += ["\toutgoing-ttl 5;"] if "multihop" in session.features else []
            lines += ["\tcapability {", "\t\troute-refresh enable;"]
            lines += ["\t\tadd-path send/receive;"] if "add-path" in session.features else []
            lines += ["\t\tgraceful-restart 20;"] if "graceful-restart" in session.features else []
            lines += ["\t}", "\tfamily {",
                      *(f"\t\t{OTHERS.get(family, f'{family} unicast')};" for family in session.families), "\t}",
                      "\tapi {", "\t\tprocesses [ api ];", "\t\tneighbor-changes;",
                      "\t\treceive {", "\t\t\tparsed;", "\t\t\tupdate;", "\t\t}", "\t}", "\tstatic {"]
            lines += [f"\t\troute {prefix} next-hop {session.next_hop(family_of(prefix))};"
                      for prefix in session.prefixes()]
            lines += self._others(session, "labeled")
            lines += ["\t}", "\tflow {", *self._others(session, "flowspec"), "\t}", "}"]
        self._config_file.write_text("\n".join([*lines, ""]))

    @staticmethod
    def _others(session, safi):
        """The lines of what a session announces of another family."""
        lines = []
        for family in session.others():
            for prefix in session.announced[family] if family.endswith(safi) else ():
                if safi == "flowspec":
                    lines += [f"route {prefix.replace('/', '-')} {{", "match {", f"destination {prefix};", "}",
                              "then {", "accept;", "}", "}"]
                else:
                    lines += [f"route {prefix} label 100 next-hop {session.next_hop(family.split()[0])};"]
        return lines

    def start(self):
        os.mkfifo(self._pipe)
        self._api.write_text(API)
        self._api.chmod(0o755)
        self._write_config()
        settings = {"exabgp.daemon.user": "root", "exabgp.api.cli": "false", "exabgp.api.ack": "false",
                    "exabgp.log.level": "INFO", "exabgp.tcp.bind": "", "exabgp.cache.attributes": "false"}
        self._process = Process(self.namespace, ["env", *(f"{name}={value}" for name, value in settings.items()),
                                                 *EXABGP, self._config_file], self.directory / "exabgp.log")

        def answers():
            self._process.expect_running()
            return self._said.exists()

        until(f"ExaBGP {self.name} has started its process", answers)

    def stop(self):
        self._process.stop()

    def _command(self, text):
        with open(self._pipe, "w") as pipe:
            pipe.write(f"{text}\n")

    def _follow(self):
        """Reads on in what ExaBGP has said."""
        with open(self._said, encoding="utf-8") as said:
            said.seek(self._read)
            text = self._rest + said.read()
            self._read = said.tell()
        lines = text.split("\n")
        self._rest = lines.pop()
        for line in lines:
            event = json.loads(line)
            neighbor = event.get("neighbor", {})
            peer = neighbor.get("address", {}).get("peer")
            if event["type"] == "state":
                self._held[peer], self._drained[peer] = set(), set()
                (self._up.add if neighbor["state"] == "up" else self._up.discard)(peer)
            elif event["type"] == "update":
                self._take(self._held.setdefault(peer, set()), self._drained.setdefault(peer, set()),
                           neighbor["message"].get("update", {}))

    @staticmethod
    def _take(held, drained, update):
        for family in update.get("withdraw", {}).values():
            held.difference_update(_words(route) for route in family)
        for family in update.get("announce", {}).values():
            for routes in family.values():
                announced = {_words(route) for route in routes if route.keys() - {"eor"}}
                held |= announced
                drained -= announced
                drained |= announced if [65535, 0] in update.get("attribute", {}).get("community", []) else set()

    def established(self):
        self._follow()
        return {session.name for session in self.sessions.values() if session.neighbor in self._up}

    def tables(self):
        self._follow()
        return {session.name: set(self._held.get(session.neighbor, ())) for session in self.sessions.values()}

    def table(self, name):
        return self.tables()[name]

    def drained(self, name):
        self._follow()
        neighbor = self.sessions[name].neighbor
        return self._held.get(neighbor, set()) & self._drained.get(neighbor, set())

    def _say(self, name, verb, family, prefixes):
        session = self.sessions[name]
        for prefix in prefixes:
            self._command(f"neighbor {session.neighbor} {verb} route {prefix} next-hop {session.next_hop(family)}")

    def announce(self, name, family, prefixes):
        self._say(name, "announce", family, prefixes)

    def withdraw(self, name, family, prefixes):
        self._say(name, "withdraw", family, prefixes)

    def refresh(self, name):
        session = self.sessions[name]
        for family in session.families:
            self._command(f"neighbor {session.neighbor} announce route-refresh {family} unicast")


def _words(route):
    """A route as bgp.py calls it."""
    for key in ("destination-ipv4", "destination-ipv6"):
        if key in route:
            # With its offset behind it where it is IPv6.
            return "/".join(route[key][0].split("/")[:2])
    if "code" in route:
        prefix = f"{route['ip']}/{route['iplen']}" if route["code"] == 5 else f"type {route['code']} {route['ip']}"
    else:
        prefix = route["nlri"]
    return f"{route['rd']} {prefix}" if "rd" in route else prefix
