# SPDX-License-Identifier: GPL-2.0-or-later
"""The file system of the journal and of the controller's database becomes read-only under them, as a kernel makes it after a
fault, and can be written again later. Nothing acknowledged is lost, no gate opens, and closing goes on."""
import errno
import subprocess
from pathlib import Path

import pytest

from lab.controller import OPERATOR, Controller
from lab.disk import Disk
from lab.scenario import Scenario
from lab.wait import until


def run(*argv):
    return subprocess.run(list(map(str, argv)), check=True, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          timeout=120).stdout


class SyncingDisk:
    """The machine's own, and each sync of the two fails."""

    def __init__(self, s):
        self._disk = Disk(s.edge, s.controller.environment)
        self.mend = self._disk.good

    def fail(self):
        self._disk.fail(errno.EROFS)

    def end(self):
        pass


class MountedDisk:
    """A file system of its own on a device, at a folder. The kernel makes it read-only as it does after a fault: whoever
    writes to it has it open."""

    def __init__(self, s):
        folders = (s.edge.state, s.controller.folder)
        self._folder = s.lab.folder("disk")
        image = s.lab.directory / "image"
        run("truncate", "--size=64M", image)
        run("mkfs.ext4", "-q", "-F", image)
        run("mount", "-o", "loop", image, self._folder)
        self._folders = folders
        for number, folder in enumerate(folders):
            part = self._folder / str(number)
            run("cp", "-a", folder, part)
            run("mount", "--bind", part, folder)

    def _is_read_only(self):
        return run("findmnt", "-n", "-o", "FS-OPTIONS", self._folder).strip().split(",")[0] == "ro"

    def fail(self):
        """Of all file systems on a device: this is the only one."""
        Path("/proc/sysrq-trigger").write_text("u")
        until("a read-only file system", self._is_read_only)

    def mend(self):
        run("mount", "-o", "remount,rw", self._folder)
        assert not self._is_read_only()

    def end(self):
        for folder in (*reversed(self._folders), self._folder):
            run("umount", "-l", folder)


@pytest.fixture(params=[SyncingDisk, pytest.param(MountedDisk, marks=pytest.mark.own_kernel)])
def scenario(lab, request):
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    s.controller.configure(admin=OPERATOR)
    s.disk = request.param(s)
    yield s
    s.disk.end()


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

    s.disk.fail()
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
    s.disk.mend()
    until("the journal is good", lambda: s.edge.bgpd_vty("show peering"), lambda seen: "Read-only" not in seen)
    s.edge.wait_state("FOUR", "None")
    s.edge.verb("SIX", "activate")
    s.acme.wait_received("edge_ipv6", s.to_acme("ipv6"))
    until("the controller's store good", lambda: s.controller.request(
        "POST", "/v1/tokens", dict(role="viewer", name="after")), lambda answer: answer[0] == 201)
    numbers = sorted(entry["id"] for name in ("FOUR", "SIX") for entry in s.edge.connection(name)["history"])
    assert len(numbers) > len(before) + 2
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
