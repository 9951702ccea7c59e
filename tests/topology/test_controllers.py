# SPDX-License-Identifier: GPL-2.0-or-later
"""Several controllers of one router, in a VRF, from an address of its own: who is spoken with, and that none of them lacks
a transition or has one twice."""
import contextlib
import json
import re
import sqlite3

import pytest

from lab.controller import ROUTER, ROUTER_PORT, Controller
from lab.frames import Frames
from lab.scenario import NAME, Scenario
from lab.wait import until

LOOPBACK = "198.51.100.77"


@pytest.fixture
def scenario(lab):
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    s.backup = Controller(lab, s.edge, "backup", beside=s.controller)
    return s


def lines(s):
    return [f"peering controller {s.backup.address} priority 200",
            f"peering controller {s.controller.address} source lo priority 10"]


def told(s):
    seen = s.edge.bgpd_json("show peering controller json")
    return {one["host"]: one["state"] for one in seen["controllers"]}


def wait_connected(s, one):
    until(f"connected to {one.address} alone", lambda: told(s),
          lambda seen: [host for host, state in seen.items() if state == "connected"] == [one.address])


def verbs(s, *words):
    for word in words:
        s.edge.verb("K", word)


def newest(s):
    return s.edge.bgpd_json("show peering controller json")["newestTransition"]


def wait_whole(s, controller):
    """Every transition of the journal is in its store, once each and in order."""
    wanted = list(range(1, newest(s) + 1))
    until(f"all {len(wanted)} transitions at {controller.address}",
          lambda: [row[0] for row in controller.transitions()], lambda seen: seen == wanted)


def test_the_next_controller_takes_over_and_each_has_every_transition_once(scenario):
    s = scenario
    s.edge.namespace.ip("address", "add", f"{LOOPBACK}/32", "dev", "lo")
    s.controller.namespace.ip("route", "add", f"{LOOPBACK}/32", "via", s.controller.link.near_ipv4)
    s.controller.start()
    s.backup.start()
    s.start(s.config(bgp=[*lines(s), *s.declaration(), "peering K kind direct"]))
    s.acme.wait_established()
    s.validate()
    s.activate()
    wait_connected(s, s.controller)
    verbs(s, "approve")
    wait_whole(s, s.controller)
    assert s.backup.transitions() == []
    shown = s.edge.vtysh("show peering controller")
    assert f"as {ROUTER}" in shown and f"acknowledged up to {newest(s)}" in shown, shown
    # From that address, as the controller sees it.
    with sqlite3.connect(f"file:{s.controller.folder}/controller.db?mode=ro", uri=True, timeout=60) as database:
        assert database.execute("SELECT address FROM router").fetchone()[0].startswith(f"{LOOPBACK}:")
    # The better one is there first, and stands first whatever was typed first.
    config = s.edge.running_config()
    assert config.index(f" peering controller {s.controller.address} source lo priority 10\n") < \
        config.index(f" peering controller {s.backup.address} priority 200\n")

    # Its store has nothing of what the first has acknowledged; the router has it in its journal, and all goes there.
    s.controller.kill()
    wait_connected(s, s.backup)
    verbs(s, "force-cancel reason once more", "request")
    wait_whole(s, s.backup)
    until("the state of it at the backup", lambda: json.loads(s.backup.peerctl("connections", "-o", "json"))["connections"],
          lambda seen: {one["name"]: one["connectionState"] for one in seen} == {NAME: "Active", "K": "PendingApproval"})

    # And the first one gets what went to the other, also over a restart of bgpd with its lines from the journal.
    s.backup.kill()
    s.restart_bgpd()
    verbs(s, "approve")
    s.controller.start()
    wait_connected(s, s.controller)
    wait_whole(s, s.controller)
    # A new id of the journal does not bring back what was reported under the old one.
    count = len(s.controller.transitions())
    s.edge.vtysh("peering controller new-journal-id")
    s.controller.wait_connected()
    verbs(s, "force-cancel reason again")
    until("that one alone", lambda: len(s.controller.transitions()), lambda seen: seen == count + 1)
    s.restart_bgpd("stop_bgpd")
    wait_connected(s, s.controller)
    verbs(s, "request")
    until("the next", lambda: len(s.controller.transitions()), lambda seen: seen == count + 2)
    s.wait_open()

    # Lines come and go one by one, and the last one ends the link.
    s.edge.configure_bgp(f"no peering controller {s.controller.address}")
    s.backup.start()
    wait_connected(s, s.backup)
    s.edge.configure_bgp("peering controller 192.0.2.99 port 9", "peering controller 192.0.2.99", "no peering controller 192.0.2.99")
    assert " peering controller 192.0.2.99 port 9\n" in s.edge.running_config()
    s.edge.configure_bgp("no peering controller 192.0.2.99")
    assert "192.0.2.99" not in s.edge.running_config()
    s.edge.configure_bgp("no peering controller")
    assert told(s) == {} and "peering controller" not in s.edge.running_config()
    for number in range(8):
        s.edge.configure_bgp(f"peering controller 192.0.2.{100 + number} port 9 priority {number + 1}")
    assert "there are 8 controllers" in s.edge.refused("configure terminal", "router bgp 64500", "peering controller 192.0.2.99")


def sessions(s):
    """Of acme's connection, as the controller shows it: by family, how often it went down and what the report stands for."""
    return {one["afi"]: (one["downCount"], one["foldedChanges"]) for one in s.controller.show(NAME)["sessions"]
            if one["bgpState"] == "Established"}


def flap(s, times):
    """acme's IPv4 session."""
    for _ in range(times):
        s.acme.birdc("disable edge_ipv4")
        until("the session down", lambda: s.edge.bgp_state(s.acme_address("ipv4")), lambda state: state != "Established")
        s.acme.birdc("enable edge_ipv4")
        s.acme.wait_established()
        until("the session up", lambda: s.edge.bgp_state(s.acme_address("ipv4")), lambda state: state == "Established")


def test_a_controller_that_is_put_back_from_a_copy_gets_what_came_since(scenario):
    s = scenario
    s.controller.start()
    s.start(s.config(bgp=[*s.controller.router_lines(), *s.declaration(), "peering K kind direct"]))
    s.acme.wait_established()
    s.controller.wait_connected()
    until("both sessions at the controller", lambda: sessions(s), lambda seen: set(seen) == {"ipv4", "ipv6"})
    verbs(s, "approve")
    wait_whole(s, s.controller)
    database, copy = s.controller.folder / "controller.db", s.controller.folder / "copy.db"
    with contextlib.closing(sqlite3.connect(database)) as now, contextlib.closing(sqlite3.connect(copy)) as then:
        now.backup(then)
    verbs(s, *("force-cancel reason once more", "request") * 3)
    wait_whole(s, s.controller)
    # On a busy machine a session may have gone down before.
    down = {family: count for family, (count, _) in sessions(s).items()}
    assert s.controller.stop() == 0
    for name in ("controller.db-wal", "controller.db-shm"):
        (s.controller.folder / name).unlink(missing_ok=True)
    copy.rename(database)
    # Meanwhile a session flaps: one report stands for all of it, and says so.
    flap(s, 3)
    s.controller.start()
    until("the flaps at the controller", lambda: sessions(s),
          lambda seen: seen.get("ipv4") == (down["ipv4"] + 3, 6) and seen.get("ipv6", ())[:1] == (down["ipv6"],))
    wait_whole(s, s.controller)
    assert "transition-gap" not in s.controller.log.read_text()


def wait_said(s, words):
    until(words, lambda: " ".join(s.edge.vtysh("show peering controller").split()), lambda text: words in text)


def test_a_controller_in_a_vrf(lab):
    s = Scenario(lab, vrfs=["MGMT"])
    s.controller = Controller(lab, s.edge, near=s.edge.vrf_namespaces["MGMT"])
    s.controller.start()
    line = f"peering controller {s.controller.address} vrf MGMT source {s.controller.link.near_interface}"
    # Of the VRF's name, and none of its: what zebra says of VRFs counts.
    s.edge.namespace.ip("link", "add", "MGMT", "type", "veth", "peer", "name", "mgmt-peer")
    s.start(s.config(top=["vrf MGMT", "exit-vrf"], bgp=[f"peering controller {s.controller.address}", *s.declaration()]))
    s.acme.wait_established()
    # In the default VRF there is no way to it.
    until("why not", lambda: told(s), lambda seen: seen == {s.controller.address: "not-connected"})
    s.edge.configure_bgp("no peering controller", line)
    s.controller.wait_connected()
    assert f" {line}\n" in s.edge.running_config()
    # Its other sockets are where they were.
    s.validate()
    s.activate()
    s.wait_open()
    s.edge.vtysh("write memory")
    s.restart_bgpd()
    s.controller.wait_connected()
    # A namespace or an address that is not there is said, and the link comes with it.
    s.edge.configure_bgp("no peering controller", line.replace("MGMT", "NONE"))
    wait_said(s, "in VRF NONE: there is no network namespace /run/netns/NONE")
    s.edge.configure_bgp("no peering controller", f"peering controller {s.controller.address} vrf MGMT source {LOOPBACK}")
    wait_said(s, f"from {LOOPBACK}: this router has no such address")
    s.edge.vrf_namespaces["MGMT"].ip("address", "add", f"{LOOPBACK}/32", "dev", "lo")
    s.controller.namespace.ip("route", "add", f"{LOOPBACK}/32", "via", s.controller.link.near_ipv4)
    s.controller.wait_connected()
    s.wait_open()
    # It is begun without zebra, as if VRFs were devices, and anew with the first word of zebra.
    s.edge.vtysh("write memory")
    s.edge.daemons["zebra"].stop()
    s.restart_bgpd("stop_bgpd")
    until("begun without zebra", lambda: s.edge.log_lines("zebra has not said yet what VRFs are"))
    until("why not", lambda: told(s), lambda seen: seen == {s.controller.address: "not-connected"})
    s.edge.start_zebra()
    s.controller.wait_connected()


@pytest.mark.interface_kind("vrf")
def test_a_controller_in_a_vrf_that_is_a_device(lab):
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    near, edge = s.controller.link.near_interface, s.edge.namespace
    edge.ip("link", "add", "MGMT", "type", "vrf", "table", "10")
    edge.ip("link", "set", "MGMT", "up")
    edge.ip("link", "set", near, "master", "MGMT")
    edge.ip("address", "add", f"{LOOPBACK}/32", "dev", "MGMT")
    s.controller.namespace.ip("route", "add", f"{LOOPBACK}/32", "via", s.controller.link.near_ipv4)
    frames = Frames(s.controller.namespace, s.controller.link.far_interface, "tcp")
    s.controller.start()
    s.start(s.config(top=["vrf MGMT", "exit-vrf"], bgp=[f"peering controller {s.controller.address}", *s.declaration()]))
    s.acme.wait_established()
    assert "MGMT" in s.edge.vtysh("show vrf")
    # In the default VRF there is no way to it, and nothing comes there.
    until("why not", lambda: told(s), lambda seen: seen == {s.controller.address: "not-connected"})
    assert frames.lines() == []
    line = f"peering controller {s.controller.address} vrf MGMT"
    for source, address in (("", s.controller.link.near_ipv4), (f" source {LOOPBACK}", LOOPBACK), (" source MGMT", LOOPBACK)):
        seen = len(frames.lines())
        s.edge.configure_bgp("no peering controller", line + source)
        wait_connected(s, s.controller)
        frames.wait(rf" {re.escape(address)}\.\d+ > {re.escape(s.controller.address)}\.{ROUTER_PORT}: Flags \[S\]", after=seen)
        assert f" {line}{source}\n" in s.edge.running_config()
    # Its other sockets are where they were, and over a restart it is there by its line alone.
    s.validate()
    s.activate()
    s.edge.vtysh("write memory")
    s.restart_bgpd("stop_bgpd")
    s.controller.wait_connected()
    s.wait_open()
    # A VRF that goes is said, and the sessions go on.
    edge.ip("link", "delete", "MGMT")
    s.edge.configure_bgp("no peering controller", line)
    wait_said(s, "in VRF MGMT: there is no device of that name")
    s.wait_open()
