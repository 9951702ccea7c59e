# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab that most tests use: an edge router between two peers.

    acme (AS 64510) ──── edge (AS 64500) ──── witness (AS 64499)

The edge has routes of its own and a session for IPv4 and one for IPv6 to each peer. The connection under test, PNI-ACME,
is that to acme. The witness stands outside: what the edge took from acme reaches it, and the edge has its routes to
give to acme. So both directions of acme's gate are judged by what peers hold and by captures, not by the edge's word.
"""
from .bird import Bird, prefixes, session_pair
from .capture import Capture
from .frr import Router
from .wait import until

FAMILIES = ("ipv4", "ipv6")
EDGE_AS, ACME_AS, WITNESS_AS = 64500, 64510, 64499
NAME = "PNI-ACME"
# What the edge itself announces, and what it announces in addition when a test marks a point in time.
OWN = {"ipv4": "203.0.113.0/24", "ipv6": "2001:db8:ffff::/48"}
MARKS = {"ipv4": [f"198.51.100.{number}/32" for number in range(1, 200)],
         "ipv6": [f"2001:db8:fffe:{number:x}::/64" for number in range(1, 200)]}


class Scenario:
    """Made with everything that does not run yet; start() starts it."""

    def __init__(self, lab, module=True, acme=None, witness=None, acme_routes=10, witness_as=WITNESS_AS, vrfs=()):
        self.lab = lab
        self.edge = Router(lab, "edge", module=module, vrfs=vrfs)
        self.acme_link = lab.link(self.edge.namespace, lab.namespace("acme"))
        self.witness_link = lab.link(self.edge.namespace, lab.namespace("witness"))
        self.witness_as = witness_as
        self.acme_routes = {family: prefixes(family, acme_routes) for family in FAMILIES}
        self.witness_routes = {family: prefixes(family, 3, start=4000) for family in FAMILIES}
        self.acme = Bird(lab, "acme", ACME_AS, session_pair(self.acme_link, **(acme or {})), self.acme_routes)
        self.witness = Bird(lab, "witness", witness_as, session_pair(self.witness_link, **(witness or {})),
                            self.witness_routes)
        self.capture = Capture(lab.namespace("acme"), "edge", self.acme_link.near_ipv4)
        self._marks, self._first_mark = 0, 0

    # Addresses

    def edge_address(self, family):
        """What the edge's messages to acme come from."""
        return self.acme_link.near_address(family)

    def acme_address(self, family):
        return self.acme_link.far_address(family)

    # The edge's configuration

    def config(self, bgp=(), ipv4=(), ipv6=(), top=(), bottom=(), acme_neighbor=None, acme_family=None):
        """frr.conf. Extra lines go behind the scenario's own: `top` at the top level, `bgp` below `router bgp`, the
        next two below their address family, `bottom` at the end. `acme_neighbor` and `acme_family` replace the lines for acme's neighbors:
        functions of the neighbor's family that return lines."""
        extra = {"ipv4": list(ipv4), "ipv6": list(ipv6)}
        acme_neighbor = acme_neighbor or self.acme_neighbor
        acme_family = acme_family or self.acme_family
        lines = ["frr defaults traditional", "hostname edge", "service integrated-vtysh-config",
                 f"ip route {OWN['ipv4']} blackhole", f"ipv6 route {OWN['ipv6']} blackhole"]
        for name in ("ACME-IN", "ACME-OUT", "WITNESS"):
            lines += [f"route-map {name} permit 10", "exit"]
        lines += list(top)
        lines += [f"router bgp {EDGE_AS}", "bgp router-id 192.0.2.1", "no bgp default ipv4-unicast",
                  "no bgp network import-check"]
        for family in FAMILIES:
            lines += acme_neighbor(family)
            lines += self.neighbor(self.witness_link.far_address(family), self.witness_as)
        lines += list(bgp)
        for family in FAMILIES:
            witness = f"neighbor {self.witness_link.far_address(family)}"
            lines += [f"address-family {family} unicast", f"network {OWN[family]}"]
            lines += acme_family(family)
            lines += [f"{witness} activate", f"{witness} route-map WITNESS in", f"{witness} route-map WITNESS out"]
            lines += [f"{witness} next-hop-self"] if self.witness_as == EDGE_AS else []
            lines += extra[family] + ["exit-address-family"]
        return "\n".join([*lines, "exit", *bottom, ""])

    @staticmethod
    def neighbor(address, asn):
        return [f"neighbor {address} remote-as {asn}", f"neighbor {address} timers 1 9",
                f"neighbor {address} timers connect 1"]

    def acme_neighbor(self, family):
        return self.neighbor(self.acme_address(family), ACME_AS)

    def acme_family(self, family):
        neighbor = f"neighbor {self.acme_address(family)}"
        return [f"{neighbor} activate", f"{neighbor} route-map ACME-IN in", f"{neighbor} route-map ACME-OUT out"]

    def in_a_group(self):
        """For config(): acme's neighbors as members of the peer-group PEERS."""
        def neighbor(family):
            group = ["neighbor PEERS peer-group", *self.neighbor("PEERS", ACME_AS)] if family == "ipv4" else []
            return [*group, f"neighbor {self.acme_address(family)} peer-group PEERS"]

        def lines(_family):
            return ["neighbor PEERS activate", "neighbor PEERS route-map ACME-IN in", "neighbor PEERS route-map ACME-OUT out"]

        return {"acme_neighbor": neighbor, "acme_family": lines}

    def declaration(self, name=NAME, window=2, limit=1000, optional=()):
        """The lines that declare acme's two sessions as one connection."""
        lines = [f"peering {name} neighbor {self.acme_address(family)}{' optional' if family in optional else ''}"
                 for family in FAMILIES]
        lines += [f"peering {name} received-limit {family} {limit}" for family in FAMILIES]
        return lines + [f"peering {name} validation-window {window}"]

    # Running it

    def start(self, config):
        # A peer that listens already is met at bgpd's first attempt; after a failed one bgpd waits longer.
        self.witness.start()
        self.acme.start()
        self.edge.start(config)

    def restart_bgpd(self, end="kill_bgpd", between=lambda: None, saved=False, **options):
        """Ends bgpd, and starts it again once acme has noticed. It knows then what frr.conf says; `saved`: with the marks."""
        getattr(self.edge, end)()
        for session in self.acme.sessions:
            until(f"{session.name} closed at acme", lambda: self.acme.bgp_state(session.name),
                  lambda state: state != "Established")
        between()
        self._first_mark = self._first_mark if saved else self._marks
        self.edge.start_bgpd(**options)

    def validate(self):
        """From PendingApproval to a validation that has passed."""
        self.edge.verb(NAME, "approve")
        self.edge.verb(NAME, "ready")
        return self.wait_passed()

    def wait_passed(self, name=NAME):
        return until(f"the validation of {name} passed", lambda: self.edge.connection(name),
                     lambda seen: seen["connectionState"] == "Validating" and not seen["blocking"])

    def activate(self):
        """From a passed validation to Active, seen from the far sides."""
        self.edge.verb(NAME, "activate")
        self.edge.wait_state(NAME, "Active")
        self.wait_open()

    def start_active(self, config):
        self.start(config)
        self.acme.wait_established()
        self.validate()
        self.activate()

    def mark(self):
        """A new route of the edge, and waits until the witness has it: what was to go there before has gone."""
        number, self._marks = self._marks, self._marks + 1
        marks = {family: MARKS[family][number] for family in FAMILIES}
        self.edge.configure_bgp(*(line for family in FAMILIES for line in
                                  (f"address-family {family} unicast", f"network {marks[family]}", "exit")))
        for family in FAMILIES:
            until(f"the mark {marks[family]} at the witness",
                  lambda: self.witness.received(f"edge_{family}"), lambda seen: marks[family] in seen)

    def settle(self, keepalives=3):
        """Returns once the edge has had its chance to send to acme and to pass on what acme sent: the witness has a mark,
        and the edge's timers went round a few times."""
        self.mark()
        captured = [self.edge_address(family) for family in FAMILIES]
        self.capture.wait_keepalives([session.neighbor for session in self.acme.sessions if session.neighbor in captured
                                      and self.acme.bgp_state(session.name) == "Established"], keepalives)

    # What the far sides hold

    def to_acme(self, family):
        """All that acme is to have from the edge when the gate is open."""
        return {OWN[family], *self.witness_routes[family], *MARKS[family][self._first_mark:self._marks]}

    def wait_open(self):
        """Waits until both far sides hold everything."""
        for family in FAMILIES:
            self.acme.wait_received(f"edge_{family}", self.to_acme(family))
            until(f"acme's {family} routes at the witness", lambda: self.witness.received(f"edge_{family}"),
                  lambda seen: set(self.acme.announced[family]) <= seen)

    def witness_has_of_acme(self, family):
        return self.witness.received(f"edge_{family}") & set(self.acme.announced[family])

    def expect_nothing_passed(self):
        """Nothing ever crossed acme's sessions, out or in."""
        self.expect_nothing_sent()
        for family in FAMILIES:
            assert self.witness_has_of_acme(family) == set(), "the edge took routes of acme's"

    def expect_nothing_sent(self, after=0.0):
        said = self.capture.read()
        for family in FAMILIES:
            sent = said.announced(self.edge_address(family), after=after)
            assert sent == set(), f"the edge announced {sorted(sent)[:10]} to acme"
            assert self.acme.received(f"edge_{family}") == set()
            if not after:
                assert self.acme.updates_received(f"edge_{family}") == 0
