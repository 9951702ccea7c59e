# SPDX-License-Identifier: GPL-2.0-or-later
"""Thousands of connections (PEERING_TEST_MANY; 2,000 where it is not set): read from a file, shown, saved, reloaded, and
back after a restart, each beside the same number of plain neighbors. What is asserted is that nothing is lost; the times
are printed (`pytest -s`), and left in build/test-results/many.txt."""
import ipaddress
import os
import time

from lab import build
from lab.frr import Router
from lab.wait import until

COUNT = int(os.environ.get("PEERING_TEST_MANY", "2000"))
ADDRESSES = [str(ipaddress.ip_address("198.18.0.0") + number) for number in range(1, COUNT + 1)]
PATIENCE = 600  # seconds


class Timed:
    """Seconds by what was done and to whom, as a table."""

    def __init__(self):
        self.seconds = {}

    def __call__(self, what, who, function):
        begun = time.monotonic()
        result = function()
        self.seconds.setdefault(what, {})[who] = time.monotonic() - begun
        return result

    def table(self):
        return [f"{what:<22}{taken['plain']:8.2f} s plain {taken['declared']:8.2f} s declared, ratio "
                f"{taken['declared'] / taken['plain']:.1f}" for what, taken in self.seconds.items()]


def config(declared):
    lines = ["frr defaults traditional", "service integrated-vtysh-config", "router bgp 64500",
             "bgp router-id 192.0.2.1"]
    for number, address in enumerate(ADDRESSES):
        lines.append(f"neighbor {address} remote-as 64511")
        if declared:
            lines += [f"peering PNI-{number:05} neighbor {address}", f"peering PNI-{number:05} received-limit ipv4 1000"]
    return "\n".join([*lines, "exit", ""])


def lines_of(text, word):
    return sum(line.strip().startswith(word) for line in text.splitlines())


def states(router):
    found = {}
    for entry in router.bgpd_json("show peering json")["connections"]:
        key = entry["connectionState"], tuple(session["gate"] for session in entry["sessions"])
        found[key] = found.get(key, 0) + 1
    return found


def go_through(router, who, timed):
    wanted = {("PendingApproval", ("deny",)): COUNT} if who == "declared" else None
    router.patience = PATIENCE
    router.start("frr defaults traditional\n")
    path = router.etc / "many.conf"
    path.write_text(config(who == "declared"))
    timed("read from a file", who, lambda: router.vtysh_file(path))
    if wanted:
        until("every connection", lambda: states(router), lambda seen: seen == wanted, timeout=PATIENCE)
    timed("show, text", who, lambda: router.bgpd_vty("show peering" if wanted else "show bgp summary"))
    timed("show, JSON", who, lambda: router.bgpd_vty("show peering json" if wanted else "show bgp summary json"))
    running = timed("running configuration", who, router.running_config)
    timed("write memory", who, lambda: router.vtysh("write memory"))
    saved = router.config_file.read_text()
    for text in (running, saved):
        assert sum(" remote-as " in line for line in text.splitlines()) == COUNT
        assert lines_of(text, "peering PNI-") == (2 * COUNT if wanted else 0)
    timed("frr-reload.py", who, router.reload)
    router.stop_bgpd()
    timed("restart", who, router.start_bgpd)
    if wanted:
        until("every connection again", lambda: states(router), lambda seen: seen == wanted)
        assert lines_of(router.running_config(), "peering PNI-") == 2 * COUNT
        # From the journal alone: the file has the neighbors, and not one line of ours.
        router.stop_bgpd()
        router.write_config(config(declared=False))
        timed.seconds["restart, journal alone"] = {"plain": timed.seconds["restart"]["plain"]}
        timed("restart, journal alone", who, router.start_bgpd)
        until("every connection without the file", lambda: states(router), lambda seen: seen == wanted)
        assert lines_of(router.running_config(), "peering PNI-") == 2 * COUNT


def test_thousands_of_connections(lab):
    timed = Timed()
    plain, declared = Router(lab, "plain", module=False), Router(lab, "declared")
    go_through(plain, "plain", timed)
    plain.stop_bgpd()
    go_through(declared, "declared", timed)
    said = [f"{COUNT} neighbors", *timed.table(),
            *(line for line in declared.bgpd_vty("show peering prometheus").splitlines()
              if "longest" in line and not line.startswith("#"))]
    print("\n".join(said))
    results = build.BUILD / "test-results"
    results.mkdir(parents=True, exist_ok=True)
    (results / "many.txt").write_text("\n".join([*said, ""]))
