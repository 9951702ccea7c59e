# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenBGPD as the far side of the leak matrix."""
import json
import pwd
from pathlib import Path

from .peer import Peer, family_of
from .process import Process
from .wait import until

OPENBGPD, BGPCTL = "/usr/sbin/bgpd", "/usr/sbin/bgpctl"
USER = "_openbgpd"


class FarOpenbgpd(Peer):
    LACKS = {
        "unnumbered": "the daemon sends no router advertisements, by which the edge would learn of it",
        "confederation": "OpenBGPD knows no confederations",
        "orf": "OpenBGPD sends no outbound route filters",
        "both-families": "OpenBGPD takes ::1 for the next hop of IPv6 routes over an IPv4 session here, which bgpd ignores",
        "labeled": "OpenBGPD knows no labeled unicast",
        "multicast": "OpenBGPD knows no multicast",
        "flowspec": "the OpenBGPD of Debian 12 knows no flowspec",
        "evpn": "OpenBGPD has no command that shows EVPN routes",
        "vpn": "OpenBGPD has VPN routes of its own for an mpe interface alone, which Linux has not",
        "dynamic-capability": "OpenBGPD knows no CAPABILITY message",
    }

    def __init__(self, lab, name, sessions):
        super().__init__(lab, name, sessions)
        self._announced = {session.name: set(session.prefixes()) for session in sessions}
        self._config_file = self.directory / "bgpd.conf"
        self._control = self.directory / "bgpd.sock"
        self._process = None

    def _write_config(self):
        sessions = list(self.sessions.values())
        lines = [f"AS {sessions[0].local_as}", "router-id 198.51.100.250", "fib-update no", "holdtime 30",
                 "connect-retry 1", f'socket "{self._control}"']
        lines += [f"listen on {session.local}" for session in sessions]
        lines += [f"network {prefix}" for prefix in
                  sorted({prefix for prefixes in self._announced.values() for prefix in prefixes})]
        for session in sessions:
            lines += self._neighbor(session)
        lines += ["allow from any", "deny to any"]
        lines += [f"allow to {session.neighbor} prefix {prefix}" for session in sessions
                  for prefix in sorted(self._announced[session.name])]
        self._config_file.write_text("\n".join([*lines, ""]))
        # It takes none that others may read or write.
        self._config_file.chmod(0o600)

    @staticmethod
    def _neighbor(session):
        lines = [f"neighbor {session.neighbor} {{", f"\tremote-as {session.neighbor_as}",
                 f"\tlocal-address {session.local}", "\tenforce neighbor-as no",
                 *(f"\tannounce {family.replace('ip', 'IP')} {'unicast' if family in session.families else 'none'}"
                   for family in ("ipv4", "ipv6"))]
        for feature, line in (("ttl-security", "ttl-security yes"), ("multihop", "multihop 5")):
            lines += [f"\t{line}"] if feature in session.features else []
        if "add-path" in session.features:
            lines += ["\tannounce add-path recv yes", "\tannounce add-path send all"]
        return [*lines, "}"]

    def start(self):
        # It confines itself there, and leaves the making to systemd.
        Path(pwd.getpwnam(USER).pw_dir).mkdir(mode=0o755, exist_ok=True)
        self._write_config()
        self._process = Process(self.namespace, [OPENBGPD, "-d", "-v", "-f", self._config_file],
                                self.directory / "bgpd.log")

        def answers():
            self._process.expect_running()
            return self._run("show").returncode == 0

        until(f"an answer from OpenBGPD {self.name}", answers)

    def stop(self):
        self._process.stop()

    def _run(self, *words):
        return self.namespace.run([BGPCTL, "-s", self._control, *words], check=False)

    def _bgpctl(self, *words):
        ended = self._run(*words)
        assert ended.returncode == 0, f"bgpctl {' '.join(words)}: {ended.stdout}{ended.stderr}"
        return ended.stdout

    def established(self):
        up = {neighbor["remote_addr"] for neighbor in json.loads(self._bgpctl("-j", "show"))["neighbors"]
              if neighbor["state"] == "Established"}
        return {session.name for session in self.sessions.values() if session.neighbor in up}

    def tables(self):
        held = {}
        for path in json.loads(self._bgpctl("-j", "show", "rib")).get("rib", []):
            held.setdefault(path["neighbor"].get("remote_addr"), set()).add(path["prefix"])
        return {session.name: held.get(session.neighbor, set()) for session in self.sessions.values()}

    def table(self, name):
        return self.tables()[name]

    def drained(self, name):
        return {path["prefix"] for path in json.loads(self._bgpctl("-j", "show", "rib", "detail")).get("rib", [])
                if path["neighbor"].get("remote_addr") == self.sessions[name].neighbor
                and "GRACEFUL_SHUTDOWN" in path.get("communities", ())}

    def _reload(self):
        self._write_config()
        self._bgpctl("reload")

    def announce(self, name, family, prefixes):
        self._announced[name] |= set(prefixes)
        self._reload()

    def withdraw(self, name, family, prefixes):
        self._announced[name] -= set(prefixes)
        self._reload()

    def refresh(self, name):
        self._bgpctl("neighbor", self.sessions[name].neighbor, "refresh")
