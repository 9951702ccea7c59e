# SPDX-License-Identifier: GPL-2.0-or-later
"""BIRD as the far side of the leak matrix."""
import re

from .bird import Bird, Session
from .peer import Peer, family_of


# An edge learns from these who is at the other end of an unnumbered session.
ROUTER_ADVERTISEMENTS = 'protocol radv { interface "edge" { min ra interval 3; max ra interval 5; }; }'


class FarBird(Peer):
    LACKS = {
        "orf": "BIRD sends no outbound route filters",
        "dynamic-capability": "BIRD knows no CAPABILITY message",
        "evpn": "BIRD 2 knows no EVPN",
    }

    def __init__(self, lab, name, sessions):
        super().__init__(lab, name, sessions)
        self._announced = {session.name: set(session.prefixes()) for session in sessions}
        asn = next(iter(self.sessions.values())).local_as
        self._bird = Bird(lab, name, asn, [self._session(session) for session in sessions], self._all(),
                          top=ROUTER_ADVERTISEMENTS)

    def _all(self):
        found = {"ipv4": set(), "ipv6": set()}
        for prefixes in self._announced.values():
            for prefix in prefixes:
                found[family_of(prefix)].add(prefix)
        for session in self.sessions.values():
            for family in session.others():
                found.setdefault(family, set()).update(session.announced[family])
        return {family: sorted(prefixes) for family, prefixes in found.items()}

    def _session(self, session):
        extra = []

        if session.interface:
            extra.append(f'interface "{session.interface}";')
        if "ttl-security" in session.features:
            extra.append("ttl security on;")
        if "multihop" in session.features:
            extra.append("multihop 5;")
        if "confederation" in session.features:
            extra.append("confederation 64500; confederation member on;")
        return Session(session.name, session.local, session.neighbor, neighbor_as=session.neighbor_as,
                       local_as=session.local_as, families=session.families, extra=" ".join(extra),
                       graceful_restart="graceful-restart" in session.features,
                       channel="add paths on;" if "add-path" in session.features else "",
                       export=self._filter(session.name))

    def _filter(self, name):
        prefixes = self._announced[name]
        tests = [f"net = {prefix}" for prefix in sorted(prefixes)]
        return f"source = RTS_STATIC && ({' || '.join(tests) or 'false'})"

    def start(self):
        self._bird.start()

    def stop(self):
        self._bird.stop()

    def established(self):
        lines = self._bird.birdc("show protocols").splitlines()
        return {line.split()[0] for line in lines if line.rstrip().endswith("Established")}

    def table(self, name):
        return self._bird.received(name)

    def drained(self, name):
        text = self._bird.birdc(f"show route protocol {name} where (65535, 0) ~ bgp_community")
        return set(re.findall(r"^(\S+/\d+)\s", text, flags=re.M))

    def tables(self):
        found = {name: set() for name in self.sessions}
        prefix = ""
        for line in self._bird.birdc("show route table all").splitlines():
            start = re.match(r"((?:\d+:\d+ )?[0-9a-f.:]+/\d+)\s|flow. \{ dst (\S+); \}\s", line)
            prefix = start.group(1) or start.group(2) if start else prefix
            source = re.search(r"\[(\S+) ", line)
            if source and source.group(1) in found:
                found[source.group(1)].add(prefix)
        return found

    def _reconfigure(self):
        self._bird.announced = self._all()
        for session in self._bird.sessions:
            session.export = self._filter(session.name)
        self._bird.reconfigure()

    def announce(self, name, family, prefixes):
        self._announced[name] |= set(prefixes)
        self._reconfigure()

    def withdraw(self, name, family, prefixes):
        self._announced[name] -= set(prefixes)
        self._reconfigure()

    def refresh(self, name):
        self._bird.birdc(f"reload in {name}")
