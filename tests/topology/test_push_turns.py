# SPDX-License-Identifier: GPL-2.0-or-later
"""What pushes and their policies ask of bgpd's main thread while others need it: nobody waits for the whole of a push but who
prints the configuration, and nothing is overlooked because it is looked for in slices."""
import select
import socket
import threading

import pytest

from lab.controller import Controller
from lab.frr import Router
from lab.vty import Vty
from lab.wait import until
from lab.walls import Walls
from scripted_controller import ScriptedController, declare

PERMIT = 1
PREFIX_LIST, ROUTE_MAP = 1, 8
MANY = 300
NETWORK = "203.0.113.0/24"


def policy(name, kind, entry):
    return dict(policy=dict(name=name, kind=kind, entries=[dict(sequence=5, action=PERMIT, **entry)]))


def prefixes(name, *networks):
    return dict(policy=dict(name=name, kind=PREFIX_LIST, entries=[
        dict(sequence=5 * (place + 1), action=PERMIT, prefix=network) for place, network in enumerate(networks)]))


def answer(asked):
    """What stands in front of three NULs and a status."""
    text = b""
    while text[-4:-1] != bytes(3):
        more = asked.recv(65536)
        assert more, text
        text += more
    return text[:-4].decode()


class Edge(Router):
    def __init__(self, lab):
        super().__init__(lab)
        lab.link(self.namespace, lab.namespace("controller-side"))
        self.walls = Walls(self)
        self.controller = Controller(lab, self)
        self.script = ScriptedController(self.controller)

    def begin(self, *lines):
        self.start("\n".join(["hostname edge", "router bgp 64500", "bgp router-id 192.0.2.1", "no bgp network import-check",
                              *self.controller.router_lines(), *lines, "exit", ""]))
        self.script.accept()

    def apply(self, identity, *operations):
        result = self.script.push(identity, *operations)
        assert result.applied, result
        return result

    def summary(self):
        return self.bgpd_json("show peering summary json")

    def ask(self, line):
        """Types it as vtysh does, and leaves the answer for later."""
        asked = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        asked.settimeout(60)
        asked.connect(str(self.run_folder / "bgpd.vty"))
        for one in ("enable", line):
            asked.sendall(one.encode() + b"\0")
            if one == "enable":
                answer(asked)
        return asked

    def works(self):
        """The longest processor time of a turn of a push, and of what is typed beside it."""
        areas = self.summary()["mainThread"]
        return max(areas[area]["longestWorkMicroseconds"] for area in ("controller", "command"))


@pytest.fixture
def edge(lab):
    edge = Edge(lab)
    yield edge
    edge.script.close()


# ---- What prints the configuration

def connections(prefix, net):
    """Each with policies of its own."""
    lists = [prefixes(f"{prefix}{number}-LIST", "198.51.100.0/24") for number in range(MANY)]
    maps = [policy(f"{prefix}{number}-IN", ROUTE_MAP, dict(clause=dict(match_prefix_list_ipv4=f"{prefix}{number}-LIST")))
            for number in range(MANY)]
    return [*lists, *maps, *(declare(f"{prefix}{number}", 64999, [f"172.{net}.{number >> 8}.{number & 255}"],
                                     import_policy=f"{prefix}{number}-IN", export_policy=f"{prefix}{number}-IN")
                             for number in range(MANY))]


def own_lines(config):
    """What bgpd has of neighbors and connections, in the words of vtysh."""
    return [line for line in config.splitlines() if line.startswith((" neighbor ", " peering ", "  neighbor "))]


def test_what_prints_the_configuration_waits_for_the_end_of_a_push(edge):
    edge.begin()
    edge.bgpd_vty("clear peering longest-hold")
    edge.apply("alone", *connections("A", 16))
    alone = edge.works()
    edge.bgpd_vty("clear peering longest-hold")
    # It stops behind the switch of its policies, before it has made a neighbor.
    edge.walls.down("pushes")
    edge.script.send(push=dict(id="beside", operations=connections("B", 17)))
    until("its policies", lambda: edge.bgpd_vty("show route-map"), lambda text: f"B{MANY - 1}-IN" in text)
    asked = [edge.ask(line) for line in ("show running-config", "do write terminal")]
    # One that does not wait for its answer is gone by the time that there is one.
    edge.ask("show running-config").close()
    saving = threading.Thread(target=edge.vtysh, args=["write memory"], daemon=True)
    saving.start()
    # bgpd answers others meanwhile, and the push stays where it is.
    for _ in range(20):
        assert edge.summary()["all"]["connections"] == MANY
    assert not select.select(asked, [], [], 0)[0]
    edge.walls.up()
    assert edge.script.result("beside").applied
    shown = [answer(one) for one in asked]
    saving.join()
    assert edge.works() < 3 * alone, "the push was ended at once"
    whole = own_lines(edge.running_config())
    assert len([line for line in whole if line.startswith(" neighbor ") and line.endswith(" remote-as 64999")]) == 2 * MANY
    assert [own_lines(text) for text in shown] == [whole, whole]
    # What was saved is what bgpd begins with.
    assert own_lines((edge.etc / "frr.conf").read_text()) == whole
    edge.stop_bgpd()
    edge.start_bgpd()
    edge.script.accept()
    assert own_lines(edge.running_config()) == whole


# ---- What is withdrawn, and still used

def neighbors(count):
    """Sessions that never come up, in the order in which bgpd has them."""
    addresses = [f"172.18.0.{number}" for number in range(1, count + 1)]
    return addresses, [line for address in addresses
                       for line in (f"neighbor {address} remote-as 64999", f"neighbor {address} shutdown")]


def test_a_use_that_moves_while_it_is_looked_for_is_not_overlooked(edge):
    """There is a neighbor at each moment that goes by the list: now one of the first, now one of the last."""
    addresses, lines = neighbors(100)
    edge.begin(*lines)
    edge.apply("list", prefixes("MOVED", NETWORK))
    with Vty(edge.run_folder / "bgpd.vty") as vty:
        for line in ("configure terminal", "router bgp 64500", "address-family ipv4 unicast"):
            vty.command(line)
        here, there = addresses[0], addresses[-1]
        vty.command(f"neighbor {here} prefix-list MOVED in")
        # Some neighbors at a time, with a pause in between.
        edge.walls.down("walks")
        for number in range(25):
            edge.script.send(push=dict(id=f"away-{number}", operations=[dict(withdraw_policy=dict(name="MOVED"))]))
            for _ in range(10):
                vty.command(f"neighbor {there} prefix-list MOVED in")
                vty.command(f"no neighbor {here} prefix-list MOVED in")
                here, there = there, here
            result = edge.script.result(f"away-{number}")
            assert "still used" in result.results[0].message, result
        assert "MOVED" in edge.bgpd_vty("show ip prefix-list")
        vty.command(f"no neighbor {here} prefix-list MOVED in")
    until("the list gone", lambda: edge.bgpd_vty("show ip prefix-list"), lambda text: "MOVED" not in text, timeout=30)


def test_looking_for_uses_does_not_put_off_what_bgpd_has_to_judge(edge):
    """No neighbor has a route-map. bgpd goes by a changed one when its delay ends, eight seconds after the change."""
    addresses, lines = neighbors(1)
    edge.begin("bgp route-map delay-timer 8", *lines, "address-family ipv4 unicast", f"network {NETWORK} route-map MARK")
    edge.configure("route-map MARK permit 10", "set metric 1")

    def metric():
        paths = edge.bgpd_json(f"show bgp ipv4 unicast {NETWORK} json").get("paths", [])
        return [path.get("metric") for path in paths]
    until("the network", metric, lambda seen: seen == [1], timeout=30)
    edge.apply("list", prefixes("USED", NETWORK))
    edge.configure_bgp("address-family ipv4 unicast", f"neighbor {addresses[0]} prefix-list USED in")
    assert "still used" in edge.apply("away", dict(withdraw_policy=dict(name="USED"))).results[0].message
    edge.configure("route-map MARK permit 10", "set metric 2")
    # It is looked every five seconds meanwhile.
    until("what the route-map says now", metric, lambda seen: seen == [2], timeout=30)
    assert "USED" in edge.bgpd_vty("show ip prefix-list")


def test_a_neighbors_filter_goes_by_a_list_of_as_paths_that_is_pushed_behind_it(edge):
    """It names the list before there is one; another one of its kind is pushed in front of it."""
    addresses, lines = neighbors(2)
    edge.begin(*lines, "address-family ipv4 unicast", *(f"neighbor {address} filter-list LATE-{place} in"
                                                       for place, address in enumerate(addresses)))
    edge.apply("lists", *(policy(f"LATE-{place}", 3, dict(regex=f"^6451{place}$")) for place in range(2)))
    for place in range(2):
        assert f"permit ^6451{place}$" in edge.bgpd_vty(f"show bgp as-path-access-list LATE-{place}")
    for place, address in enumerate(addresses):
        # bgpd marks with a star what it has found.
        assert f"AS path filter list is *LATE-{place}\n" in edge.bgpd_vty(f"show bgp neighbors {address}")
