# SPDX-License-Identifier: GPL-2.0-or-later
"""FRR's own bgpd as the far side of the leak matrix, as the package has it, without the module."""
import json
import re
import struct

from . import borrowed
from .bgp import CAPABILITY_MESSAGE
from .frr import Router
from .peer import Peer, family_of
from .speaker import message

FAMILIES = ("ipv4", "ipv6")
# What bgpd calls the other families.
OTHERS = {"evpn": "l2vpn evpn"} | {f"{family} {safi}": f"{family} {name}" for family in FAMILIES for safi, name in (
    ("vpn", "vpn"), ("labeled", "labeled-unicast"), ("flowspec", "flowspec"))}
# How it announces one of their routes.
ROUTES = {"vpn": "network {prefix} rd {rd} label 100"}
AFI, MULTICAST = {"ipv4": 1, "ipv6": 2}, 2
SET, MULTIPROTOCOL = 0, 1


class FarBgpd(Peer):
    LACKS = {
        "confederation": "bgpd's instance has one AS, its other neighbors are outside of the confederation",
        "multicast": "from 10 on bgpd finds no network of multicast valid",
        "flowspec-origin": "bgpd makes no flowspec routes, it passes them on",
        "evpn-origin": "bgpd makes EVPN routes of prefixes for VRFs with a VNI alone, which network namespaces have not",
    }

    def __init__(self, lab, name, sessions):
        super().__init__(lab, name, sessions)
        self._router = Router(lab, name, module=False)
        self._announced = {session.name: set(session.prefixes()) for session in sessions}

    @staticmethod
    def _peer(session):
        return session.interface or session.neighbor

    def _config(self):
        lines = ["frr defaults traditional", f"hostname {self.name}", "service integrated-vtysh-config"]
        lines += ["ip prefix-list ORF-ipv4 permit 0.0.0.0/0 le 32", "ipv6 prefix-list ORF-ipv6 permit ::/0 le 128"]
        sessions = list(self.sessions.values())
        for session in sessions:
            lines += self._filter(session)
        lines += [f"router bgp {sessions[0].local_as}", "bgp router-id 198.51.100.250", "no bgp ebgp-requires-policy",
                  "no bgp default ipv4-unicast", "no bgp network import-check"]
        for session in sessions:
            lines += self._neighbor(session)
        for family in FAMILIES:
            lines += [f"address-family {family} unicast"]
            lines += [f"network {prefix}" for prefix in sorted(
                {prefix for session in sessions
                 for prefix in [*self._announced[session.name], *session.announced.get(f"{family} labeled", ())]
                 if family_of(prefix) == family})]
            for session in sessions:
                lines += self._family(session, family) if family in session.families else []
            lines += ["exit-address-family"]
        for session in sessions:
            for family in session.others():
                lines += self._other(session, family)
        return "\n".join([*lines, ""])

    def _other(self, session, family):
        peer = self._peer(session)
        lines = [f"address-family {OTHERS[family]}", f"neighbor {peer} activate"]
        if family.endswith("labeled"):
            # They stand in the table of the unicast routes.
            return [*lines, f"neighbor {peer} prefix-list {session.name}-{family.split()[0]} out", "exit-address-family"]
        for prefix in session.announced[family]:
            rd, _, behind = prefix.rpartition(" ")
            lines += [ROUTES[family.split()[-1]].format(prefix=behind, rd=rd)]
        return [*lines, "exit-address-family"]

    def _filter(self, session):
        lines = []
        for family in FAMILIES:
            ip = "ip" if family == "ipv4" else "ipv6"
            lines += [f"{ip} prefix-list {session.name}-{family} permit {prefix}"
                      for prefix in sorted(self._announced[session.name]) if family_of(prefix) == family]
            lines += [f"{ip} prefix-list {session.name}-{family} permit {prefix}"
                      for prefix in session.announced.get(f"{family} labeled", ())]
        return lines

    def _neighbor(self, session):
        peer = self._peer(session)
        if session.interface:
            lines = [f"neighbor {peer} interface v6only remote-as {session.neighbor_as}"]
        else:
            lines = [f"neighbor {peer} remote-as {session.neighbor_as}",
                     f"neighbor {peer} update-source {session.local}"]
        # A route server's AS is not in its routes.
        lines += [f"neighbor {peer} timers 1 30", f"neighbor {peer} timers connect 1",
                  f"no neighbor {peer} enforce-first-as"]
        for feature, line in (("ttl-security", "ttl-security hops 1"), ("multihop", "ebgp-multihop 5"),
                              ("dynamic-capability", "capability dynamic"),
                              ("graceful-restart", "graceful-restart")):
            lines += [f"neighbor {peer} {line}"] if feature in session.features else []
        return lines

    def _family(self, session, family):
        peer = self._peer(session)
        lines = [f"neighbor {peer} activate", f"neighbor {peer} prefix-list {session.name}-{family} out"]
        if "orf" in session.features:
            lines += [f"neighbor {peer} capability orf prefix-list send", f"neighbor {peer} prefix-list ORF-{family} in"]
        if "add-path" in session.features:
            lines += [f"neighbor {peer} addpath-tx-all-paths"]
        return lines

    def start(self):
        self._router.start(self._config())

    def stop(self):
        self._router.stop_bgpd()

    def established(self):
        neighbors = self._router.bgpd_json("show bgp neighbors json")
        return {session.name for session in self.sessions.values()
                if neighbors.get(self._peer(session), {}).get("bgpState") == "Established"}

    def table(self, name):
        session, found = self.sessions[name], set()
        for family in session.families:
            text = self._router.bgpd_vty(
                f"show bgp {OTHERS.get(family, f'{family} unicast')} neighbors {self._peer(session)} routes json")
            found |= _routes(json.loads(text or "{}"))
        return found

    def drained(self, name):
        session, found = self.sessions[name], set()
        for family in session.unicast():
            shown = json.loads(self._router.bgpd_vty(f"show bgp {family} unicast community graceful-shutdown json") or "{}")
            found |= {prefix for prefix, paths in shown.get("routes", {}).items()
                      if any(path.get("peerId") == session.neighbor for path in paths)}
        return found

    def _change(self, name, family, prefixes, no):
        session = self.sessions[name]
        ip = "ip" if family == "ipv4" else "ipv6"
        lines = [f"{no}{ip} prefix-list {name}-{family} permit {prefix}" for prefix in prefixes]
        self._router.configure(*lines, f"router bgp {session.local_as}", f"address-family {family} unicast",
                               *(f"{no}network {prefix}" for prefix in prefixes))

    def announce(self, name, family, prefixes):
        self._change(name, family, prefixes, "")

    def withdraw(self, name, family, prefixes):
        self._change(name, family, prefixes, "no ")

    def refresh(self, name):
        session = self.sessions[name]
        for family in session.families:
            self._router.bgpd_vty(f"clear bgp {family} {self._peer(session)} soft in")

    def add_multicast(self, name, family):
        # On its behalf: from 10 on bgpd ends the session where a family is activated, and sends no such message.
        session, value = self.sessions[name], struct.pack("!HBB", AFI[family], 0, MULTICAST)
        borrowed.send(self._router.bgpd.pid, session.local, session.neighbor,
                      message(CAPABILITY_MESSAGE, bytes([SET, MULTIPROTOCOL, len(value)]) + value))


def _routes(said):
    """The prefixes of what bgpd shows, as bgp.py calls them."""
    routes = said.get("routes", {})
    found = {_prefix(prefix) for prefix in set(routes) - {"routeDistinguishers"}}
    behind_one = routes.get("routeDistinguishers", {}) | {
        rd: behind for rd, behind in said.items() if isinstance(behind, dict) and "rd" in behind}
    for rd, behind in behind_one.items():
        found |= {f"{rd} {_prefix(prefix)}" for prefix in set(behind) - {"rd"}}
    return found


def _prefix(shown):
    """A prefix itself, the destination of a flow, or an EVPN route."""
    flow = re.match(r"to ([0-9a-f.:]+/\d+)/", shown)
    evpn = re.fullmatch(r"\[(\d+)\]:\[\d+\]:\[(\d+)\]:\[(.+)\]", shown)
    if evpn:
        kind, length, address = evpn.groups()
        return f"{address}/{length}" if kind == "5" else f"type {kind} {address}"
    return flow.group(1) if flow else shown
