# SPDX-License-Identifier: GPL-2.0-or-later
"""Every sync of the journal and of the controller's database fails as on a file system that became read-only, and is good again
later. Nothing acknowledged is lost, no gate opens, and closing goes on."""
import errno

import pytest

from lab.controller import OPERATOR, Controller
from lab.disk import Disk, RealDisk
from lab.scenario import Scenario
from lab.wait import until


@pytest.fixture(params=["refused", "forced", pytest.param("sysrq", marks=pytest.mark.own_kernel)])
def scenario(lab, request):
    """`become_read_only`: each sync of the two fails, or is no help and only the file system's flags are, or the kernel does it
    to a real disk."""
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    s.controller.configure(admin=OPERATOR)
    if request.param == "sysrq":
        s.controller.log = lab.folder("said") / "controller.log"
        s.disk = RealDisk(lab, s.edge.state, s.controller.folder)
        request.addfinalizer(s.disk.close)
    else:
        s.disk = Disk(s.edge, s.controller.environment)
    s.become_read_only = (lambda: s.disk.fail(errno.EROFS)) if request.param == "refused" else s.disk.forced_read_only
    return s


def validated(s, name):
    until(f"the validation of {name} passed", lambda: s.edge.connection(name),
          lambda seen: seen["connectionState"] == "Validating" and not seen["blocking"])


def test_the_journal_and_the_database_become_read_only(scenario):
    s = scenario
    s.controller.start()
    declared = [f"peering {name} {words}" for name, family in (("FOUR", "ipv4"), ("SIX", "ipv6")) for words in (
        f"neighbor {s.acme_address(family)}", f"received-limit {family} 1000", "validation-window 1")]
    s.start(s.config(bgp=[*s.controller.router_lines(), *declared]))
    s.acme.wait_established()
    s.controller.wait_connected()
    for name in ("FOUR", "SIX"):
        s.edge.verb(name, "approve")
        s.edge.verb(name, "ready")
    for name in ("FOUR", "SIX"):
        validated(s, name)
    s.edge.verb("FOUR", "activate")
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    assert s.controller.request("POST", "/v1/tokens", dict(role="viewer", name="kept"))[0] == 201
    newest = s.edge.bgpd_json("show peering controller json")["newestTransition"]
    until("every transition at the controller", s.controller.transitions, lambda seen: len(seen) == newest)
    before = s.controller.transitions()
    s.settle()

    s.become_read_only()
    # Opening waits for a disk, and is refused; nothing is acknowledged that is not kept.
    assert "no gate" in s.edge.refused("peering SIX activate")
    until("the trouble is shown", lambda: s.edge.bgpd_vty("show peering"), lambda seen: "Read-only file system" in seen)
    assert "Read-only file system" in s.edge.refused("peering SIX activate")
    assert s.edge.connection_state("SIX") == "Validating"
    code, problem = s.controller.request("POST", "/v1/tokens", dict(role="viewer", name="lost"))
    assert code in (500, 503, 507) and "nothing was changed" in problem["detail"], problem
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    # Closing waits for none.
    s.edge.verb("FOUR", "deprovision")
    until("acme without routes", lambda: set(s.acme.received("edge_ipv4")), lambda seen: not seen)
    assert not s.acme.received("edge_ipv6") and s.controller.transitions() == before

    # It comes back by itself, and everything is on the disk and at the controller, once each.
    s.disk.good()
    until("the journal is good", lambda: s.edge.bgpd_vty("show peering"), lambda seen: "Read-only" not in seen)
    s.edge.wait_state("FOUR", "None")
    s.edge.verb("SIX", "activate")
    s.acme.wait_received("edge_ipv6", s.to_acme("ipv6"))
    until("the controller's store good", lambda: s.controller.request(
        "POST", "/v1/tokens", dict(role="viewer", name="after")), lambda answer: answer[0] == 201)
    numbers = sorted(entry["id"] for name in ("FOUR", "SIX") for entry in s.edge.connection(name)["history"])
    assert len(numbers) > len(before) + 2
    # What was refused has taken none.
    assert numbers == list(range(1, len(numbers) + 1)) and "transition-gap" not in s.controller.log.read_text()
    assert all(line.count('"sum"') == 1 for line in (s.edge.state / "journal.jsonl").read_text().splitlines())
    until("every transition at the controller", lambda: [row[0] for row in s.controller.transitions()],
          lambda seen: seen == numbers)
    s.controller.kill()
    s.restart_bgpd()
    s.controller.start()
    assert (s.edge.connection_state("FOUR"), s.edge.connection_state("SIX")) == ("None", "Active")
    s.acme.wait_received("edge_ipv6", s.to_acme("ipv6"))
    s.settle()
    assert not s.acme.received("edge_ipv4")
    names = {one["name"] for one in s.controller.request("GET", "/v1/tokens")[1]["tokens"]}
    assert {"kept", "after"} <= names and "lost" not in names
