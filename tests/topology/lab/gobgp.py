# SPDX-License-Identifier: GPL-2.0-or-later
"""GoBGP as the far side of the leak matrix."""
import json

from .peer import FAMILIES, Peer, family_of
from .process import Process
from .wait import until

GOBGPD, GOBGP = "/usr/bin/gobgpd", "/usr/bin/gobgp"
API = "127.0.0.1:50051"
GRACEFUL_SHUTDOWN = 0xffff0000
# What its configuration and its command call the other families.
OTHERS = {f"{family} {safi}": (name.format(family), command.format(family, family[-2:]))
          for family in FAMILIES for safi, name, command in (
              ("vpn", "l3vpn-{}-unicast", "vpn{1}"), ("labeled", "{}-labelled-unicast", "{}-mpls"),
              ("flowspec", "{}-flowspec", "{}-flowspec"), ("multicast", "{}-multicast", ""))}
OTHERS["evpn"] = ("l2vpn-evpn", "evpn")
# How the command is told of one of their routes. (No flow to be discarded: zebra 8.4.4 ends soon after bgpd has accepted one,
# as dplane_ctx_iptable_init() takes the list of the entry that it copies, and both free it. Without zebra no labels.)
ROUTES = {"vpn": "{prefix} label 100 rd {rd} rt {rd}", "labeled": "{prefix} 100",
          "flowspec": "match destination {prefix} then accept",
          "evpn": "prefix {prefix} gw {gateway} etag 0 label 100 rd {rd} rt {rd}"}


class FarGobgp(Peer):
    LACKS = {
        "unnumbered": "the daemon sends no router advertisements, by which the edge would learn of it",
        "confederation": "the whole of GoBGP is in a confederation, or nothing of it",
        "orf": "GoBGP sends no outbound route filters",
        "dynamic-capability": "GoBGP knows no CAPABILITY message",
        "route-refresh": "GoBGP has no command that asks a peer for its routes again",
        "multicast": "GoBGP has no table of multicast routes",
    }

    def __init__(self, lab, name, sessions):
        super().__init__(lab, name, sessions)
        self._config_file = self.directory / "gobgpd.json"
        self._process = None

    def _config(self):
        """Each session has a policy of its own, that lets its prefixes out; everything else stays."""
        policies = [{"name": session.name, "statements": [{
            "name": session.name,
            "conditions": {"match-prefix-set": {"prefix-set": f"{session.name}-{family}"},
                           "match-neighbor-set": {"neighbor-set": session.name}},
            "actions": {"route-disposition": "accept-route"}}]}
            for session in self.sessions.values() for family in session.unicast()]
        # Of the other families each session gets all that is announced here.
        policies += [{"name": f"{session.name}-others", "statements": [{
            "name": f"{session.name}-others",
            "conditions": {"match-neighbor-set": {"neighbor-set": session.name},
                           "bgp-conditions": {"afi-safi-in-list": [OTHERS[family][0] for family in session.others()]}},
            "actions": {"route-disposition": "accept-route"}}]}
            for session in self.sessions.values() if session.others()]
        return {
            "global": {
                "config": {"as": next(iter(self.sessions.values())).local_as, "router-id": "198.51.100.250"},
                "apply-policy": {"config": {"export-policy-list": [policy["name"] for policy in policies],
                                            "default-export-policy": "reject-route"}}},
            "defined-sets": {
                "prefix-sets": [{"prefix-set-name": f"{session.name}-{family}",
                                 "prefix-list": [{"ip-prefix": prefix} for prefix in session.announced[family]]}
                                for session in self.sessions.values() for family in session.unicast()],
                "neighbor-sets": [{"neighbor-set-name": session.name,
                                   "neighbor-info-list": [f"{session.neighbor}/{128 if ':' in session.neighbor else 32}"]}
                                  for session in self.sessions.values()]},
            "policy-definitions": policies,
            "neighbors": [self._neighbor(session) for session in self.sessions.values()],
        }

    @staticmethod
    def _neighbor(session):
        families = [{"config": {"afi-safi-name": OTHERS[family][0] if family in OTHERS else f"{family}-unicast"},
                     "mp-graceful-restart": {"config": {"enabled": "graceful-restart" in session.features}}}
                    for family in session.families]
        neighbor = {"config": {"neighbor-address": session.neighbor, "peer-as": session.neighbor_as},
                    "transport": {"config": {"local-address": session.local}},
                    "timers": {"config": {"connect-retry": 1, "hold-time": 30, "keepalive-interval": 1,
                                          "idle-hold-time-after-reset": 1}},
                    "afi-safis": families}
        if "ttl-security" in session.features:
            neighbor["ttl-security"] = {"config": {"enabled": True, "ttl-min": 255}}
        if "multihop" in session.features:
            neighbor["ebgp-multihop"] = {"config": {"enabled": True, "multihop-ttl": 5}}
        if "add-path" in session.features:
            neighbor["add-paths"] = {"config": {"receive": True, "send-max": 8}}
        if "graceful-restart" in session.features:
            neighbor["graceful-restart"] = {"config": {"enabled": True, "restart-time": 20}}
        return neighbor

    def start(self):
        self._config_file.write_text(json.dumps(self._config(), indent=1))
        self._process = Process(self.namespace, [GOBGPD, "-t", "json", "-f", self._config_file, "-p",
                                                 "--api-hosts", API, "--pprof-disable"], self.directory / "gobgpd.log")

        def answers():
            self._process.expect_running()
            # It answers before it has taken its configuration.
            return str(self._config()["global"]["config"]["as"]) in self._run("global").stdout

        until(f"an answer from GoBGP {self.name}", answers)
        for prefix in sorted({prefix for session in self.sessions.values() for prefix in session.prefixes()}):
            self._gobgp("global", "rib", "add", "-a", family_of(prefix), prefix)
        for session in self.sessions.values():
            for family in session.others():
                for prefix in session.announced[family]:
                    rd, _, behind = prefix.rpartition(" ")
                    # GoBGP 4 takes no route without one, nor pads one of the other family.
                    gateway = "::" if ":" in behind else "0.0.0.0"
                    words = ROUTES[family.split()[-1]].format(prefix=behind, rd=rd, gateway=gateway).split()
                    self._gobgp("global", "rib", "add", "-a", OTHERS[family][1], *words)

    def stop(self):
        self._process.stop()

    def _run(self, *words):
        return self.namespace.run([GOBGP, *words], check=False)

    def _gobgp(self, *words):
        ended = self._run(*words)
        assert ended.returncode == 0, f"gobgp {' '.join(words)}: {ended.stdout}{ended.stderr}"
        return ended.stdout

    def established(self):
        up = {neighbor["state"]["neighbor_address"] for neighbor in json.loads(self._gobgp("-j", "neighbor"))
              if neighbor["state"].get("session_state") == 6}
        return {session.name for session in self.sessions.values() if session.neighbor in up}

    def tables(self):
        held = {}
        for family in FAMILIES:
            for prefix, paths in json.loads(self._gobgp("-j", "global", "rib", "-a", family) or "{}").items():
                for path in paths:
                    held.setdefault(_neighbor(path), set()).add(prefix)
        for family in {family for session in self.sessions.values() for family in session.others() if OTHERS[family][1]}:
            for paths in json.loads(self._gobgp("-j", "global", "rib", "-a", OTHERS[family][1]) or "{}").values():
                for path in paths:
                    held.setdefault(_neighbor(path), set()).add(_words(path["nlri"]))
        return {session.name: held.get(session.neighbor, set()) for session in self.sessions.values()}

    def table(self, name):
        return self.tables()[name]

    def drained(self, name):
        session = self.sessions[name]
        return {prefix for family in session.unicast()
                for prefix, paths in json.loads(self._gobgp("-j", "global", "rib", "-a", family) or "{}").items()
                for path in paths if _neighbor(path) == session.neighbor
                and any(GRACEFUL_SHUTDOWN in attribute.get("communities", ()) for attribute in path["attrs"])}

    def announce(self, name, family, prefixes):
        for prefix in prefixes:
            self._gobgp("policy", "prefix", "add", f"{name}-{family}", prefix)
            self._gobgp("global", "rib", "add", "-a", family, prefix)

    def withdraw(self, name, family, prefixes):
        for prefix in prefixes:
            self._gobgp("global", "rib", "del", "-a", family, prefix)


def _neighbor(path):
    """The second is what GoBGP 4 calls it."""
    return path.get("neighbor-ip", path.get("peer-address"))


def _words(nlri):
    """A route of another family as bgp.py calls it."""
    kind, route = nlri.get("type"), nlri.get("value", nlri)
    if isinstance(route, list):
        return route[0]["value"]["prefix"]
    rd = route.get("rd")
    prefix = f"type {kind} {route['ip']}" if kind == 3 else route["prefix"]
    return f"{rd['admin']}:{rd['assigned']} {prefix}" if rd else prefix
