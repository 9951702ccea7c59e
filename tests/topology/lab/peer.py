# SPDX-License-Identifier: GPL-2.0-or-later
"""The far side of many sessions at once, whatever daemon it is: what the leak matrix asks of each.

A daemon is one class, in a file of its own, and holds every session that it is given in one process.
"""
from dataclasses import dataclass

from .wait import until

FAMILIES = ("ipv4", "ipv6")


@dataclass(frozen=True)
class PeerSession:
    """One session as the far side has it. `families` are as bgp.py calls them; `announced` holds prefixes of them, those
    with a route distinguisher behind it: "64510:1 198.18.0.0/28". `features` are words of leak_matrix's rows (`needs`)
    that the far side has to switch on for it."""
    name: str
    local: str
    neighbor: str
    local_as: int
    neighbor_as: int
    families: tuple
    announced: dict
    features: frozenset = frozenset()
    # The far side's addresses, by family: next hops of what it announces.
    addresses: dict = None
    # Of a session over link-local addresses.
    interface: str = ""

    def next_hop(self, family):
        return self.addresses[family]

    def unicast(self):
        return [family for family in self.families if family in FAMILIES]

    def others(self):
        return [family for family in self.families if family not in FAMILIES]

    def prefixes(self):
        """What is announced of unicast families."""
        return [prefix for family in self.unicast() for prefix in self.announced[family]]


class Peer:
    """LACKS: what this daemon cannot do, by feature, with the reason that the table shows."""
    LACKS = {}

    def __init__(self, lab, name, sessions):
        self.lab = lab
        self.name = name
        self.sessions = {session.name: session for session in sessions}
        self.namespace = lab.namespace(name)
        self.directory = lab.folder(name)

    def start(self):
        """Returns once the daemon answers; sessions come up later."""
        raise NotImplementedError

    def stop(self):
        raise NotImplementedError

    def established(self):
        """The names of the sessions that are up."""
        raise NotImplementedError

    def table(self, name):
        """The prefixes that the daemon holds from a session, of every family."""
        raise NotImplementedError

    def drained(self, name):
        """Those of them that carry the community of graceful shutdown, 65535:0; unicast."""
        raise NotImplementedError

    def tables(self):
        """The same of every session, by name."""
        return {name: self.table(name) for name in self.sessions}

    def announce(self, name, family, prefixes):
        raise NotImplementedError

    def withdraw(self, name, family, prefixes):
        raise NotImplementedError

    def refresh(self, name):
        """Asks the edge to send everything again (ROUTE-REFRESH)."""
        raise NotImplementedError

    def add_multicast(self, name, family):
        """Adds multicast to a session that is up (a CAPABILITY message)."""
        raise NotImplementedError

    def wait_established(self, names=None):
        wanted = set(names or self.sessions)
        until(f"{len(wanted)} sessions of {self.name} up", lambda: sorted(wanted - self.established()),
              lambda missing: not missing)


def family_of(prefix):
    return "ipv6" if ":" in prefix else "ipv4"
