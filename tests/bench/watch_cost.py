#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the watch over connections in service costs bgpd's main thread.

Of so many Active connections as many have a session that is up with a BIRD, and announces one route. Prints what bgpd's own
account of its event loop says of the module's callbacks, once settled, and the CPU time of the whole process. As root, with
PEERING_BUILD as the tests have it.
"""
import argparse
import ipaddress
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "topology"))

from lab.bird import Bird, Session
from lab.controller import Controller
from lab.frr import Router
from lab.namespaces import Lab
from lab.wait import until

OURS = ("slice", "begin_round", "evaluate")


def seconds_of(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(connections, up, seconds, with_controller):
    with Lab() as lab:
        edge = Router(lab, "edge")
        link = lab.link(edge.namespace, lab.namespace("acme"))
        controller = Controller(lab, edge).start() if with_controller else None
        # A BIRD has one session with an address: the edge has one for each, too. Behind the link, not on it: the kernel's
        # table of addresses on links is small, and one for all namespaces.
        addresses, own = ([str(ipaddress.ip_address(first) + number) for number in range(connections)]
                          for first in ("10.200.1.0", "10.201.1.0"))
        for namespace, there, through, some in ((edge.namespace, "10.200.0.0/16", link.far_ipv4, own),
                                                (lab.namespace("acme"), "10.201.0.0/16", link.near_ipv4, addresses)):
            batch = "".join(f"address add {address}/32 dev lo\n" for address in some[:up])
            namespace.run(["sh", "-c", f"ip -batch - <<'END'\n{batch}END"])
            namespace.ip("route", "add", there, "via", through)
        bird = Bird(lab, "acme", 64510, [Session(f"s{number}", addresses[number], own[number], passive=True,
                                                 extra="multihop 2;") for number in range(up)],
                    {"ipv4": ["8.8.8.0/24"]})
        lines = ["frr defaults traditional", "route-map ANY permit 10", "exit", "router bgp 64500", "no bgp default ipv4-unicast"]
        lines += controller.router_lines() if controller else []
        for number, address in enumerate(addresses):
            if number < up:
                lines += [f"neighbor {address} remote-as 64510", f"neighbor {address} timers 3 9",
                          f"neighbor {address} update-source {own[number]}", f"neighbor {address} ebgp-multihop 2"]
            lines += [f"peering C{number:05} neighbor {address}", f"peering C{number:05} received-limit ipv4 100",
                      f"peering C{number:05} adopted"]
        lines += ["address-family ipv4 unicast"]
        for address in addresses[:up]:
            lines += [f"neighbor {address} activate", f"neighbor {address} route-map ANY in",
                      f"neighbor {address} route-map ANY out"]
        lines += ["exit-address-family", "exit", ""]
        if up:
            bird.start()
        edge.start("\n".join(lines))
        until("every connection Active", lambda: edge.bgpd_json("show peering summary json"),
              lambda seen: f"{connections}" in str(seen) and "Active" in str(seen), timeout=600)
        until("every session up", lambda: [peer["state"] for peer in edge.bgpd_json("show bgp summary json").get(
            "ipv4Unicast", {"peers": {}})["peers"].values()].count("Established"), lambda seen: seen == up, timeout=600)
        time.sleep(30)
        # FRR calls them threads before version 9.
        word = "thread" if edge.try_vtysh("-c", "show event cpu").stdout.startswith("% Unknown") else "event"
        edge.vtysh(f"clear {word} cpu")
        begun, cpu = time.monotonic(), seconds_of(edge.bgpd.pid)
        time.sleep(seconds)
        took, cpu = time.monotonic() - begun, seconds_of(edge.bgpd.pid) - cpu
        print(f"{connections} Active connections, {up} sessions up, {took:.0f} s: bgpd {cpu:.2f} s of CPU")
        for line in edge.bgpd_vty(f"show {word} cpu").splitlines():
            if "Runtime" in line or line.rstrip().endswith(OURS):
                print(line)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("connections", type=int, metavar="CONNECTIONS")
    parser.add_argument("sessions", type=int, metavar="SESSIONS")
    parser.add_argument("seconds", type=int, nargs="?", default=60, metavar="SECONDS")
    parser.add_argument("--controller", action="store_true", help="with a link to one, which is told of counts that move")
    given = parser.parse_args()
    main(given.connections, given.sessions, given.seconds, given.controller)
