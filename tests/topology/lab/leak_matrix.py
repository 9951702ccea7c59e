# SPDX-License-Identifier: GPL-2.0-or-later
"""The leak matrix: every sort of session and every way out or in, against one daemon as the far side.

    far (AS 64510, one process) ════ edge (AS 64500) ──── witness (AS 64499)

One edge holds every row at once, each a connection of its own with a session for IPv4 and one for IPv6 over addresses
of its own. The phases are gone through once for all rows, and what the far sides saw is recorded; a cell of the matrix
is a row, a phase and a family, judged by that record:

    start     the sessions come up gated
    gated     what a row has to type, to ask for or to announce is done meanwhile
    opened    the control: every gate is opened by a bypass, and all that the row is about does pass
    regated   the bypass ends

Rows of other address families than unicast have the collector as their witness, a GoBGP behind the edge, which also gives
the edge what bgpd cannot make itself. It is judged by a capture on its link.

A closed gate is judged by three things: the far side's table of the session holds nothing, the capture has no prefix of
the edge's in it, and the witness behind the edge has none of the row's.
"""
import functools
from dataclasses import dataclass, field

from .bgp import CAPABILITY_MESSAGE, ROUTE_REFRESH
from .bird import Bird, Session, prefixes
from .capture import Capture
from .frr import Router, version
from .gobgp import FarGobgp
from .peer import PeerSession
from .wait import until

FAMILIES = ("ipv4", "ipv6")
CLOSED_PHASES = ("start", "gated", "regated")
EDGE_AS, FAR_AS, WITNESS_AS, COLLECTOR_AS = 64500, 64510, 64499, 64498
# `bgp view OTHER`, a confederation's member that the world sees as EDGE_AS.
VIEW_AS, VIEW_PEER_AS, LOCAL_AS = 65010, 65020, 64496
# What the default instance imports; what is exported to the VPN.
VRF, VPN_VRF = "blue", "red"

# What the edge has to give, by the way it comes into its table, for IPv4 and IPv6.
GIVEN = {
    "network": ("203.0.113.0/26", "2001:db8:f001::/48"),
    "redistribute": ("203.0.113.64/26", "2001:db8:f002::/48"),
    "aggregate": ("203.0.112.0/23", "2001:db8:f000::/44"),
    "import-vrf": ("198.51.100.0/28", "2001:db8:f011::/48"),
}
# What only the row has that says so: `gives`.
CONDITIONAL = ("203.0.113.128/26", "2001:db8:f003::/48")
SUPPRESSED = ("198.51.100.96/28", "2001:db8:f021:1::/64")
SUMMARY = ("198.51.100.96/27", "2001:db8:f021::/48")
MULTICAST = ("203.0.113.192/26", "2001:db8:f004::/48")
DEFAULT = ("0.0.0.0/0", "::/0")
IN_VIEW = ("198.51.100.32/28", "2001:db8:f012::/48")
# In other families, by SAFI; with a route distinguisher where the SAFI has one.
IN_VPN = ("64500:1 203.0.113.0/26", "64500:1 2001:db8:f001::/48")
FROM_VRF = ("64500:2 198.51.100.16/28", "64500:2 2001:db8:f013::/48")
COLLECTED = ("198.51.100.48/28", "2001:db8:f014::/48")
IN_EVPN = tuple(f"{COLLECTOR_AS}:1 {prefix}" for prefix in COLLECTED)
VNI = 100
VNI_ROUTE = f"64500:{VNI} type 3 192.0.2.254"
# What of that has to pass. (10.3 exports no IPv6 route of the VRF here.)
GIVEN_IN = {"vpn": (IN_VPN, (FROM_VRF[0], IN_VPN[1])), "labeled": tuple(GIVEN.values()), "multicast": (),
            "flowspec": (COLLECTED,), "evpn": (IN_EVPN, (VNI_ROUTE, VNI_ROUTE))}
# What bgpd calls a SAFI; EVPN has one AFI.
SAFIS = {"vpn": "{family} vpn", "labeled": "{family} labeled-unicast", "multicast": "{family} multicast",
         "flowspec": "{family} flowspec", "evpn": "l2vpn evpn"}
IN_COLLECTOR = ("vpn", "labeled", "flowspec")
MARKS = {"ipv4": [f"198.51.100.{number}/32" for number in range(200, 249)],
         "ipv6": [f"2001:db8:fffe:{number:x}::/64" for number in range(1, 50)]}


@dataclass(frozen=True)
class Row:
    """`session` and `family` are lines for the edge's neighbor `{peer}`, the second below the address family. `safi` is one
    of SAFIS where the sessions carry that and no unicast. `typed` is
    typed below the address family while the gate is closed, `exec` at the prompt then. `far` is what the far side does
    then: refresh, change (announce more and withdraw some), or capability (a CAPABILITY message that adds multicast, for
    which the edge has a route). `needs` are features of the far side."""
    name: str
    says: str
    session: tuple = ()
    family: tuple = ()
    typed: tuple = ()
    exec: tuple = ()
    far: str = ""
    needs: frozenset = frozenset()
    gives: tuple = ()
    announces: tuple = ()
    view: bool = False
    activated: bool = True
    edge_as: int = EDGE_AS
    far_as: int = FAR_AS
    listens: bool = False
    over_ipv4: bool = False
    unnumbered: bool = False
    safi: str = ""
    silent: bool = False  # the far side announces nothing
    one_wall: bool = False  # what it `gives` is stopped by the wall "groups" alone, a route-map is not asked
    types_policy: bool = False  # what is `typed` takes the place of the reserved route-map on a session that is up

    def carried(self, family):
        """What the session carries, as bgp.py calls it."""
        return "evpn" if self.safi == "evpn" else f"{family} {self.safi}".strip()

    def distinguisher(self, number):
        return f"{FAR_AS}:{number} " if self.safi in ("vpn", "evpn") else ""

    def only_while_gated(self):
        """Whether what the row is about is not there yet when the session starts."""
        return bool(self.typed) or self.far in ("change", "capability")


def needs(*words):
    return frozenset(words)


def _other(safi, says, name="", **options):
    """A row of another family: its sessions carry that alone. Both ways it is asked for again while the gate is closed."""
    clear = f"clear bgp {SAFIS[safi]} {{peer}} "
    return Row(name or safi, says, safi=safi, exec=(clear + "soft out", clear + "soft in"),
               **({"needs": needs(safi)} | options))


ROWS = (
    # Sorts of session. Each carries what GIVEN says.
    Row("plain", "plain eBGP: network, redistribute, aggregate, import vrf; ordinary routes in"),
    Row("local-as", "neighbor local-as", session=(f"neighbor {{peer}} local-as {LOCAL_AS} no-prepend replace-as",),
        edge_as=LOCAL_AS),
    Row("peer-group", "a member of a peer-group", session=("neighbor {peer} peer-group MEMBERS-{family}",)),
    Row("dynamic", "a dynamic neighbor of a listen range", listens=True),
    Row("unnumbered", "a neighbor by interface, over link-local addresses", needs=needs("unnumbered"), unnumbered=True),
    Row("ttl-security", "neighbor ttl-security", session=("neighbor {peer} ttl-security hops 1",),
        needs=needs("ttl-security")),
    Row("multihop", "neighbor ebgp-multihop", session=("neighbor {peer} ebgp-multihop 5",), needs=needs("multihop")),
    Row("view", "a neighbor in another instance, a view", view=True, needs=needs("accepts")),
    Row("confederation", "a neighbor of another AS of the confederation", view=True,
        needs=needs("accepts", "confederation"), edge_as=VIEW_AS, far_as=VIEW_PEER_AS),
    Row("both-families", "IPv6 over the IPv4 session, too", over_ipv4=True, needs=needs("both-families")),
    # Ways out.
    Row("default-originate", "default-originate", family=("neighbor {peer} default-originate",), gives=(DEFAULT,), one_wall=True),
    Row("default-map", "default-originate with a route-map",
        family=("neighbor {peer} default-originate route-map PASS",), gives=(DEFAULT,), one_wall=True),
    Row("default-typed", "default-originate, typed while gated", typed=("neighbor {peer} default-originate",),
        gives=(DEFAULT,), one_wall=True),
    Row("conditional", "advertise-map with a condition that holds",
        family=("neighbor {peer} advertise-map CONDITIONAL-{family} exist-map CONDITION-{family}",),
        gives=(CONDITIONAL,), one_wall=True),
    Row("unsuppress", "unsuppress-map", family=("neighbor {peer} unsuppress-map PASS",), gives=(SUPPRESSED,), one_wall=True),
    Row("add-path", "addpath-tx-all-paths; add-path in", family=("neighbor {peer} addpath-tx-all-paths",),
        needs=needs("add-path")),
    Row("route-server", "route-server-client", family=("neighbor {peer} route-server-client",)),
    Row("as-override", "as-override", family=("neighbor {peer} as-override",)),
    Row("activate", "the family activated while gated", activated=False,
        typed=("neighbor {peer} activate", "neighbor {peer} route-map PASS in", "neighbor {peer} route-map PASS out")),
    Row("refresh", "ROUTE-REFRESH of the far side", far="refresh", needs=needs("route-refresh")),
    Row("orf", "a filter of the far side (ORF)", family=("neighbor {peer} capability orf prefix-list receive",),
        needs=needs("orf")),
    Row("soft-out", "clear soft out", exec=("clear bgp {family} {peer} soft out",)),
    Row("policy-typed", "other policy typed while gated",
        typed=("neighbor {peer} route-map PASS-TOO out", "neighbor {peer} route-map PASS-TOO in"), types_policy=True),
    Row("dynamic-capability", "a family that comes in a CAPABILITY message",
        session=("neighbor {peer} capability dynamic",), far="capability", needs=needs("dynamic-capability")),
    # Other families, both ways.
    *(_other("vpn", "VPN: network, export vpn, passed on"),
      _other("labeled", "labeled unicast"),
      # A default: from 10 on bgpd finds no network of multicast valid.
      _other("multicast", "multicast: default-originate, passed on", gives=(DEFAULT,), one_wall=True),
      _other("flowspec", "flowspec, passed on", silent=True),
      _other("flowspec", "flowspec of the far side", name="flowspec-in", needs=needs("flowspec", "flowspec-origin")),
      _other("evpn", "EVPN: type 3 of a VNI, type 5 passed on", silent=True),
      _other("evpn", "EVPN type 5 of the far side", name="evpn-in", needs=needs("evpn", "evpn-origin"))),
    # Ways in.
    Row("soft-reconfiguration", "soft-reconfiguration inbound, and clear soft in",
        family=("neighbor {peer} soft-reconfiguration inbound",), exec=("clear bgp {family} {peer} soft in",)),
    Row("default-in", "a default route of the far side", announces=(DEFAULT,)),
    Row("graceful-restart", "graceful restart of the far side: End-of-RIB", needs=needs("graceful-restart")),
    Row("change", "announced and withdrawn again while gated", far="change"),
    Row("refresh-in", "the edge asks for the routes again", exec=("clear bgp {family} {peer} in",)),
)


@dataclass
class Facts:
    """What was seen of one cell: the far side's table, what the edge announced, what of it the edge has not withdrawn,
    what the witness has; how many sessions have come up so far."""
    table: set = field(default_factory=set)
    captured: set = field(default_factory=set)
    held: set = field(default_factory=set)
    witness: set = field(default_factory=set)
    sessions: int = 0


class Place:
    """A row in a lab: its addresses, its sessions, its prefixes. `number` tells rows apart."""

    def __init__(self, row, number, link):
        self.row, self.number = row, number
        self.near = {"ipv4": f"192.0.2.{4 * number + 1}", "ipv6": f"2001:db8:{number + 1:x}::1"}
        self.far = {"ipv4": f"192.0.2.{4 * number + 2}", "ipv6": f"2001:db8:{number + 1:x}::2"}
        self.ranges = {"ipv4": f"192.0.2.{4 * number}/30", "ipv6": f"2001:db8:{number + 1:x}::/64"}
        self.announced = {family: () if row.silent else
                          tuple(row.distinguisher(number) + prefix for prefix in prefixes(family, 3, start=20 * number)) +
                          tuple(given[FAMILIES.index(family)] for given in row.announces) for family in FAMILIES}
        self.changed = {family: prefixes(family, 2, start=20 * number + 10) for family in FAMILIES}
        if row.unnumbered:
            self.near["ipv6"], self.far["ipv6"] = (_link_local(*end) for end in
                                                   ((link.near, link.near_interface), (link.far, link.far_interface)))
            self.interface, self.far_interface = link.near_interface, link.far_interface
        else:
            for family, size in (("ipv4", 30), ("ipv6", 64)):
                nodad = ["nodad"] if family == "ipv6" else []
                for namespace, interface, address in ((link.near, link.near_interface, self.near[family]),
                                                      (link.far, link.far_interface, self.far[family])):
                    namespace.ip("address", "add", f"{address}/{size}", "dev", interface, *nodad)

    def carrier(self, family):
        """The family of the addresses of the session over which `family` goes."""
        return "ipv6" if self.row.unnumbered else "ipv4" if self.row.over_ipv4 else family

    def concerns(self, prefix, family):
        """Whether what is said on the session of `family` belongs to it: two families may share one."""
        return len(self.carriers()) > 1 or (":" in prefix) == (family == "ipv6")

    def carriers(self):
        return sorted({self.carrier(family) for family in FAMILIES})

    def session_name(self, family):
        return f"{self.row.name.replace('-', '_')}_{self.carrier(family)}"

    def peer(self, carrier):
        """What the edge calls its neighbor."""
        return self.interface if self.row.unnumbered else self.far[carrier]

    def sessions(self):
        for carrier in self.carriers():
            yield PeerSession(
                self.session_name(carrier), self.far[carrier], self.near[carrier], self.row.far_as, self.row.edge_as,
                tuple(self.row.carried(family) for family in FAMILIES if self.carrier(family) == carrier),
                {self.row.carried(family): self.announced[family] for family in FAMILIES if self.carrier(family) == carrier},
                self.row.needs, self.far, self.far_interface if self.row.unnumbered else "")

    def given(self, family):
        """What has to pass out when the gate is open."""
        index = FAMILIES.index(family)
        ordinary = (IN_VIEW,) if self.row.view else GIVEN_IN[self.row.safi] if self.row.safi else GIVEN.values()
        return {given[index] for given in (*ordinary, *self.row.gives)}


    def added(self, family):
        """The same, once the far side has added a family to the open session."""
        return {DEFAULT[FAMILIES.index(family)]} if self.row.far == "capability" else set()

    def through(self, family, down):
        """What of given() passes with these walls down."""
        gives = {given[FAMILIES.index(family)] for given in self.row.gives}
        if "groups" in down and self.unpoliced(down):
            return self.given(family)
        return gives if self.row.one_wall and {"groups", "closing"} <= set(down) else set()

    def unpoliced(self, down):
        """Whether no policy of the gate's stands on the sessions of the row with these walls down."""
        return "policy" in down or ("typed" in down and self.row.types_policy)


@functools.cache
def _link_local(namespace, interface):
    text = namespace.ip("-6", "-o", "address", "show", "dev", interface, "scope", "link")
    return text.split()[3].partition("/")[0]


class Matrix:
    """One far side, every row that it can take part in. drive() goes through the phases and fills `facts`, by row,
    phase, direction and family."""

    def __init__(self, lab, far_class, rows=ROWS, module=True):
        self.lab = lab
        self.edge = Router(lab, "edge", module=module, vrfs=[VRF, VPN_VRF])
        self.module = module
        self.witness_link = lab.link(self.edge.namespace, lab.namespace("witness"))
        self.view_link = lab.link(self.edge.namespace, lab.namespace("watcher"))
        self.collector_link = lab.link(self.edge.namespace, lab.namespace("collector"))
        self.link = lab.link(self.edge.namespace, lab.namespace("far"))
        self.not_here = {row.name: reason for row in rows if (reason := missing(far_class, row))}
        self.places = {row.name: Place(row, number, self.link)
                       for number, row in enumerate(rows, start=4) if row.name not in self.not_here}
        self.witnesses = {view: self._witness(name, link) for view, name, link in
                          ((False, "witness", self.witness_link), (True, "watcher", self.view_link))}
        self.far = far_class(lab, "far", [session for place in self.places.values() for session in place.sessions()])
        self.collector = self._collector()
        self.capture = Capture(lab.namespace("far"), "edge", self.link.near_ipv4)
        self.collected = Capture(lab.namespace("collector"), "edge", self.collector_link.near_ipv4)
        self.facts = {}
        self.error = None
        self._marks = 0

    def _witness(self, name, link):
        return Bird(self.lab, name, WITNESS_AS, [
            Session(f"edge_{family}", link.far_address(family), link.near_address(family),
                    families=(family, f"{family} multicast")) for family in FAMILIES])

    def _collector(self):
        """Each family over the session of its AFI, EVPN over that of IPv4. Not multicast, which GoBGP takes for unicast; the
        witness gets that."""
        link, sessions = self.collector_link, []
        for index, family in enumerate(FAMILIES):
            carried = {f"{family} {safi}": () for safi in IN_COLLECTOR} | {f"{family} flowspec": COLLECTED[index:index + 1]}
            carried |= {"evpn": IN_EVPN} if family == "ipv4" else {}
            sessions.append(PeerSession(f"edge_{family}", link.far_address(family), link.near_address(family),
                                        COLLECTOR_AS, EDGE_AS, tuple(carried), carried))
        return FarGobgp(self.lab, "collector", sessions)

    # The edge's configuration

    def config(self):
        lines = ["frr defaults traditional", "hostname edge", "service integrated-vtysh-config",
                 f"vrf {VRF}", f"ip route {GIVEN['import-vrf'][0]} blackhole",
                 f"ipv6 route {GIVEN['import-vrf'][1]} blackhole", "exit-vrf", f"vrf {VPN_VRF}",
                 *(f"{ip} route {prefix.split()[1]} blackhole" for ip, prefix in zip(("ip", "ipv6"), FROM_VRF)), "exit-vrf"]
        lines += [f"ip route {GIVEN['redistribute'][0]} blackhole", f"ipv6 route {GIVEN['redistribute'][1]} blackhole"]
        for index, family in enumerate(FAMILIES):
            ip = "ip" if family == "ipv4" else "ipv6"
            for name, prefix in (("CONDITIONAL", CONDITIONAL[index]), ("CONDITION", GIVEN["network"][index])):
                lines += [f"{ip} prefix-list {name}-{family} permit {prefix}", f"route-map {name}-{family} permit 10",
                          f"match {ip} address prefix-list {name}-{family}", "exit"]
        for name in ("PASS", "PASS-TOO"):
            lines += [f"route-map {name} permit 10", "exit"]
        lines += [f"router bgp {EDGE_AS}", "exit"]
        # bgpd 8.4.4 looks for the next hop of what it imports, unless that was redistributed.
        lines += [f"router bgp {EDGE_AS} vrf {VRF}", "bgp router-id 192.0.2.254"]
        for family in FAMILIES:
            lines += [f"address-family {family} unicast", "redistribute static", "exit-address-family"]
        lines += ["exit", f"router bgp {EDGE_AS} vrf {VPN_VRF}", "bgp router-id 192.0.2.252"]
        for family in FAMILIES:
            lines += [f"address-family {family} unicast", "redistribute static", f"rd vpn export {FROM_VRF[0].split()[0]}",
                      f"rt vpn export {FROM_VRF[0].split()[0]}", "label vpn export 200", "export vpn", "exit-address-family"]
        lines += ["exit", *self._instance(False), *self._instance(True)]
        return "\n".join([*lines, ""])

    def _instance(self, view):
        """Lines of `router bgp`: of the view, or of the default instance."""
        places = [place for place in self.places.values() if place.row.view == view]
        link = self.view_link if view else self.witness_link
        lines = [f"router bgp {VIEW_AS} view OTHER", "bgp router-id 192.0.2.253",
                 f"bgp confederation identifier {EDGE_AS}", f"bgp confederation peers {VIEW_PEER_AS}",
                 # It wants a policy of such peers, and in 8.4.4 sees none.
                 "no bgp ebgp-requires-policy"] if view else \
            [f"router bgp {EDGE_AS}", "bgp router-id 192.0.2.1", "bgp conditional-advertisement timer 5"]
        lines += ["no bgp default ipv4-unicast", "no bgp network import-check"]
        if not view:
            for family in FAMILIES:
                lines += _group(f"MEMBERS-{family}") + _group(f"DYNAMIC-{family}")
                lines += _timed(self.collector_link.far_address(family), COLLECTOR_AS)
        for family in FAMILIES:
            lines += _timed(link.far_address(family), WITNESS_AS)
        for place in places:
            lines += self._neighbors(place)
        for index, family in enumerate(FAMILIES):
            lines += [f"address-family {family} unicast"]
            own = [IN_VIEW] if view else [GIVEN["network"], CONDITIONAL, SUPPRESSED]
            lines += [f"network {prefix[index]}" for prefix in own]
            if not view:
                lines += ["redistribute static", f"aggregate-address {GIVEN['aggregate'][index]}",
                          f"aggregate-address {SUMMARY[index]} summary-only", f"import vrf {VRF}"]
                for group in ("MEMBERS", "DYNAMIC"):
                    lines += _passing(f"{group}-{family}")
            lines += _passing(link.far_address(family))
            # Of a neighbor that sends labeled routes 8.4.4 and 10.3 want a policy here.
            lines += [f"neighbor {peer} route-map PASS in" for peer in ([] if view else self._others("labeled", family))]
            for place in places:
                lines += self._family(place, family)
            lines += ["exit-address-family"]
        return lines + ([] if view else self._other_families()) + ["exit"]

    def _others(self, safi, family):
        """The edge's neighbors of another SAFI."""
        peers = [place.peer(family) for place in self.places.values()
                 if place.row.safi == safi or (safi == "multicast" and place.row.far == "capability")]
        peers += [self.witness_link.far_address(family)] if safi == "multicast" else []
        return peers + ([self.collector_link.far_address(family)] if safi in IN_COLLECTOR else [])

    def _other_families(self):
        lines = []
        for index, family in enumerate(FAMILIES):
            rd, vpn = IN_VPN[index].split()
            for safi, own in (("vpn", [f"network {vpn} rd {rd} label 100"]), ("labeled", []),
                              ("multicast", [f"network {MULTICAST[index]}"]), ("flowspec", [])):
                peers = self._others(safi, family)
                lines += [f"address-family {SAFIS[safi].format(family=family)}", *own,
                          *(line for peer in peers for line in _passing(peer)),
                          *(f"neighbor {peer} default-originate" for peer in peers
                            if safi == "multicast" and peer != self.witness_link.far_address(family)),
                          "exit-address-family"]
        lines += [f"address-family {SAFIS['evpn']}", "advertise-all-vni", f"vni {VNI}", f"rd {VNI_ROUTE.split()[0]}", "exit-vni"]
        for peer in [self.collector_link.far_ipv4, *(peer for family in FAMILIES for peer in self._others("evpn", family))]:
            lines += _passing(peer)
        return lines + ["exit-address-family"]

    def _neighbors(self, place):
        row, lines = place.row, []
        for carrier in place.carriers():
            peer = place.peer(carrier)
            if row.listens:
                lines += [f"bgp listen range {place.ranges[carrier]} peer-group DYNAMIC-{carrier}"]
            elif row.unnumbered:
                lines += [f"neighbor {peer} interface v6only remote-as {row.far_as}", *_timers(peer)]
            elif row.name == "peer-group":
                pass
            else:
                lines += _timed(peer, row.far_as)
            lines += [line.format(peer=peer, family=carrier) for line in row.session]
            if self.module:
                lines += [f"peering {row.name} neighbor {peer}"]
        return lines

    def _family(self, place, family):
        row, peer = place.row, place.peer(place.carrier(family))
        if row.listens or not row.activated or row.safi:
            return []
        lines = [] if row.name == "peer-group" else _passing(peer)
        return lines + [line.format(peer=peer, family=family) for line in row.family]

    # The phases

    def drive(self):
        self.start()
        self.record("start")
        self._while_gated()
        self.wait_up()
        self.settle()
        self.record("gated")
        self.open()
        self.edge.bgpd_vty("no peering bypass all")
        self.wait_closed()
        closed_at = self.capture.read().end()
        # For what bgpd may have kept from before.
        self._ask_again()
        self.settle()
        self.wait_up()
        self.record("regated", after=closed_at)

    def drive_without(self, walls, down):
        """Session start and closed gates with these walls down, `walls` are those of the edge. What they alone hold is to
        pass, so that a row is seen to fail; the rest is held by the other wall."""
        walls.down("audit", *down)
        self.start()
        self.wait_through("start", down)
        self.settle()
        self.record("start")
        self._while_gated()
        self.wait_up()
        self.wait_through("gated", down)
        self.settle()
        self.record("gated")

    def drive_without_closing(self, walls):
        """Gates close on open sessions, and nothing is taken back."""
        self.start()
        self._while_gated()
        self.wait_up()
        self.open()
        walls.down("audit", "closing")
        self.edge.bgpd_vty("no peering bypass all")
        self.settle()
        self.record("regated")

    def wait_through(self, phase, down):
        """What is only done while gated comes later."""
        def left():
            self._change_table()
            self.record(phase)
            return [problem for name, place in self.places.items() for family in FAMILIES
                    if phase == "gated" or not place.row.only_while_gated()
                    for problem in self.not_through(name, phase, family, down)]

        until(f"what passes without {' '.join(down)}, {phase}", left, lambda problems: not problems)

    def _change_table(self):
        """The collector says again what it has said: bgpd looks at conditional advertisement where an UPDATE has come. What it
        has announced by that it withdraws when it announces the table to a new session, where the policy denies it."""
        self.edge.bgpd_vty(f"clear bgp ipv4 flowspec {self.collector_link.far_ipv4} soft in")

    def not_through(self, name, phase, family, down):
        """What these walls alone should have held back, and did not come, in words."""
        place, facts = self.places[name], self.facts[name, phase, family]
        through, added = place.through(family, down), self.added_through(place, phase, family, down)
        sent = self.sent_by_far(place, family) if "parser" in down and place.unpoliced(down) else set()
        return [f"{name} {family}: {what} {sorted(lacking)}" for what, lacking in (
            ("not in the far side's table:", through - facts.table), ("not in the capture:", (through | added) - facts.captured),
            ("not at the witness:", sent - facts.witness)) if lacking]

    def leaked_past(self, name, phase, family, down):
        """What the walls that stand should have held back, and did come, in words."""
        place, facts = self.places[name], self.facts[name, phase, family]
        announced = facts.captured
        if "groups" in down and "closing" not in down and version() >= (10, 7):
            # A default leaves as the peer joins its update-group, before closing takes it back.
            announced = facts.held | (announced - {DEFAULT[FAMILIES.index(family)]})
        out = () if "groups" in down and place.unpoliced(down) else (
            ("the far side's table holds", facts.table), ("the edge announced", announced))
        into = () if "parser" in down and place.unpoliced(down) else (("the witness got", facts.witness),)
        through, added = place.through(family, down), self.added_through(place, phase, family, down)
        # With a policy that was typed there up to 8.4.4 all of the added family passes.
        through |= added | ({MULTICAST[FAMILIES.index(family)]} if added else set())
        return [f"{what}: {sorted(seen)}" for what, all_seen in (*out, *into) if (seen := all_seen - through)]

    @staticmethod
    def added_through(place, phase, family, down):
        """What passes of a family that the far side has added."""
        return place.added(family) if {"capability", "typed"} <= set(down) and phase == "gated" else set()

    def not_left(self, name, family):
        """What the wall "closing" takes back, and was taken back without it, in words."""
        place, facts = self.places[name], self.facts[name, "regated", family]
        return [f"{name} {family}: {what} {sorted(lacking)}" for what, lacking in (
            ("withdrawn all the same:", place.given(family) - facts.held),
            ("gone from the witness all the same:", self.sent_by_far(place, family) - facts.witness)) if lacking]

    def start(self):
        for witness in self.witnesses.values():
            witness.start()
        self.collector.start()
        self.far.start()
        self._make_vni()
        self.edge.start(self.config())
        self.wait_up(activated=True)
        self.settle()

    def _make_vni(self):
        """What the edge has a VNI for: without it bgpd makes no EVPN route of its own."""
        ip = self.edge.namespace.ip
        ip("address", "add", f"{VNI_ROUTE.split()[-1]}/32", "dev", "lo")
        ip("link", "add", "bridge", "type", "bridge")
        ip("link", "add", "vni", "type", "vxlan", "id", str(VNI), "local", VNI_ROUTE.split()[-1], "dstport", "4789", "nolearning")
        ip("link", "set", "vni", "master", "bridge")
        for interface in ("bridge", "vni"):
            ip("link", "set", interface, "up")

    def open(self):
        """The control: opens every gate, and returns when all has passed."""
        self.edge.bgpd_vty("peering bypass all reason the control")
        self.wait_passed("opened", self.places)
        # bgpd 8.4.4 forgets withdrawals in the first seconds of an update-group.
        self.settle()
        self.settle()
        self.record("opened")

    def wait_up(self, activated=False):
        """`activated`: only those that have a family from the beginning."""
        for witness in self.witnesses.values():
            witness.wait_established()
        self.collector.wait_established()
        self.far.wait_established(self._session_names(activated))

    def _session_names(self, activated):
        return [session.name for place in self.places.values() if place.row.activated or not activated
                for session in place.sessions()]

    def settle(self):
        """Returns once the edge has had its chance to send and to pass on what it got: a new route of the edge's has
        reached the witness, and every session has gone round twice since."""
        number, self._marks = self._marks, self._marks + 1
        lines = [line for family in FAMILIES for line in
                 (f"address-family {family} unicast", f"network {MARKS[family][number]}", "exit")]
        self.edge.configure(f"router bgp {EDGE_AS}", *lines, "exit", f"router bgp {VIEW_AS} view OTHER", *lines)
        for witness in self.witnesses.values():
            for family in FAMILIES:
                until(f"the mark {MARKS[family][number]} at {witness.name}",
                      lambda: witness.received(f"edge_{family}"), lambda seen: MARKS[family][number] in seen)
        up = self.far.established()
        self.capture.wait_keepalives([session.neighbor for name, session in self.far.sessions.items() if name in up], 2)

    def _while_gated(self):
        lines = []
        for place in self.places.values():
            for family in FAMILIES:
                peer = place.peer(place.carrier(family))
                typed = [line.format(peer=peer, family=family) for line in place.row.typed]
                lines += [f"address-family {family} unicast", *typed, "exit"] if typed else []
        self.edge.configure(f"router bgp {EDGE_AS}", *lines)
        # What was activated came up anew.
        self.wait_up()
        begun = self.capture.read().end()
        self._ask_again()
        for place in self.places.values():
            for family in FAMILIES:
                if place.row.far == "refresh":
                    self.far.refresh(place.session_name(family))
                if place.row.far == "change":
                    name = place.session_name(family)
                    self.far.announce(name, family, place.changed[family])
                    self.far.withdraw(name, family, place.announced[family][:1])
                    self.far.announce(name, family, place.announced[family][:1])
                if place.row.far == "capability":
                    self.far.add_multicast(place.session_name(family), family)
        for far, kind in (("refresh", ROUTE_REFRESH), ("capability", CAPABILITY_MESSAGE)):
            wanted = {session.local for place in self.places.values() if place.row.far == far
                      for session in place.sessions()}
            until(f"what the far side sends for {far}", lambda: wanted - {
                message.sender for message in self.capture.read().messages(type=kind) if message.time > begun},
                lambda left: not left)
        # bgpd itself sends nothing of a family that comes in a CAPABILITY message, until something makes it look again.
        for place in self.places.values():
            for family in FAMILIES if place.row.far == "capability" else ():
                self.edge.configure(f"router bgp {EDGE_AS}", f"address-family {family} multicast",
                                    f"neighbor {place.peer(family)} route-map PASS-TOO out")

    def _ask_again(self):
        for place in self.places.values():
            for family in FAMILIES:
                for line in place.row.exec:
                    self.edge.bgpd_vty(line.format(peer=place.peer(place.carrier(family)), family=family))

    def sent_by_far(self, place, family):
        """What the witness is to get of the row's when the gate is open."""
        return set(place.announced[family]) | (set(place.changed[family]) if place.row.far == "change" else set())

    def now(self, after=0.0):
        """What is seen at this moment, by row and family."""
        said, tables = self.capture.read(), self.far.tables()
        collected = self.collected.read()
        behind = {prefix for family in FAMILIES for prefix in collected.held(self.collector_link.near_address(family))}
        witnessed = {(view, family): witness.received(f"edge_{family}")
                     for view, witness in self.witnesses.items() for family in FAMILIES}
        found = {}
        for name, place in self.places.items():
            for family in FAMILIES:
                sender = place.near[place.carrier(family)]
                table = {prefix for prefix in tables[place.session_name(family)] if place.concerns(prefix, family)}
                # Of every SAFI.
                captured = {event.prefix for event in said.routes(sender, kind="announce", after=after)
                            if place.concerns(event.prefix, family)}
                held = {prefix for prefix in said.held(sender) if place.concerns(prefix, family)}
                witness = witnessed[place.row.view, family] | (behind if place.row.safi else set())
                found[name, family] = Facts(table, captured, held, witness & self.sent_by_far(place, family),
                                            len(said.sessions(sender)))
        return found

    def record(self, phase, after=0.0):
        ended = [name for name, daemon in self.edge.daemons.items() if not daemon.running()]
        assert not ended, f"of the edge have ended: {' '.join(ended)}"
        for (name, family), facts in self.now(after).items():
            self.facts[name, phase, family] = facts

    def wait_passed(self, phase, names):
        def left():
            self.record(phase)
            return [problem for name in names for family in FAMILIES
                    for problem in self.not_passed(name, phase, family)]

        until(f"everything through the gates, {phase}", left, lambda problems: not problems)

    def wait_closed(self):
        until("nothing left behind the closed gates", lambda: [
            f"{name} {family}: {sorted(facts.table | facts.held)} {sorted(facts.witness)}"
            for (name, family), facts in self.now().items() if facts.table or facts.held or facts.witness], lambda left: not left)

    def leaks(self, name, phase, family):
        """What crossed a gate in a cell, in words; [] where nothing did."""
        facts = self.facts[name, phase, family]
        found = [f"{what}: {sorted(seen)}" for what, seen in (
            ("the far side's table holds", facts.table), ("the edge announced", facts.captured),
            ("the edge has not withdrawn", facts.held),
            ("the witness got", facts.witness)) if seen]
        # A table that is empty because its session has ended says nothing.
        if phase == "regated" and facts.sessions != self.facts[name, "opened", family].sessions:
            found.append("the session has not lived through the closing")
        return found

    def not_passed(self, name, phase, family):
        """What should have passed and did not, in words."""
        place, facts = self.places[name], self.facts[name, phase, family]
        given, sent = place.given(family), self.sent_by_far(place, family)
        return [f"{name} {family}: {what} {sorted(lacking)}" for what, lacking in (
            ("not in the far side's table:", given - facts.table),
            ("not in the capture:", (given | place.added(family)) - facts.captured),
            ("not at the witness:", sent - facts.witness)) if lacking]

    def logs(self, lines=60):
        """The end of what the daemons have written, for a run that did not come to its end."""
        return "\n".join(f"== {path.relative_to(self.lab.directory)}\n" + "\n".join(
            path.read_text(errors="replace").splitlines()[-lines:])
            for path in sorted([*self.lab.directory.rglob("*.log"), *self.lab.directory.rglob("*.out")]))


def missing(far_class, row):
    """Why this daemon cannot take part in a row, "" where it can."""
    return "; ".join(far_class.LACKS[feature] for feature in sorted(row.needs) if feature in far_class.LACKS)


def _timers(peer):
    return [f"neighbor {peer} timers 1 30", f"neighbor {peer} timers connect 1"]


def _timed(peer, asn):
    return [f"neighbor {peer} remote-as {asn}", *_timers(peer)]


def _group(name):
    return [f"neighbor {name} peer-group", f"neighbor {name} remote-as {FAR_AS}", *_timers(name)]


def _passing(peer):
    return [f"neighbor {peer} activate", f"neighbor {peer} route-map PASS in", f"neighbor {peer} route-map PASS out"]


def table(far_classes, failed, seen):
    """The matrix in text. `failed` and `seen` hold what tests had as verdicts: (daemon, row, phase, family)."""
    notes, lines = {}, []

    def cell(daemon, far_class, row):
        if reason := missing(far_class, row):
            return f"n/a {notes.setdefault(reason, len(notes) + 1)}"
        own = [case for case in seen if case[:2] == (daemon, row.name)]
        bad = [case for case in own if case in failed]
        return "not run" if not own else "pass" if not bad else ", ".join(f"{phase}/{family}" for *_, phase, family in bad)

    rows = [[row.name, row.says, *(cell(daemon, far_class, row) for daemon, far_class in far_classes.items())]
            for row in ROWS]
    heads = ["row", "what it is", *far_classes]
    widths = [max(len(line[column]) for line in [heads, *rows]) for column in range(len(heads))]
    for line in [heads, *rows]:
        lines.append("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip())
    lines.append(f"pass: nothing crossed at {', '.join(CLOSED_PHASES)}, IPv4 and IPv6, and all of it did when opened")
    return "\n".join(lines + [f"n/a {number}: {reason}" for reason, number in notes.items()])
