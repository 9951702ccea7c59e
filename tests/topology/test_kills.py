# SPDX-License-Identifier: GPL-2.0-or-later
"""bgpd is killed at what it does to the disk, on a connection's way from its declaration to its end.

After each kill it starts again, and the connection is where it was or where the verb was to lead; where the disk had the
line, or vtysh had said that the verb was done, it is there. A gate is open only where that stood in the journal: nothing crosses
before, by the far sides' tables and by a capture. The journal's writer alone is killed at every operation, and by power
cuts, in tests/unit/test_journal_kills.c; here PEERING_ALL_KILLS=1 goes through every moment of every step.
"""
import json
import os

import pytest

from lab.disk import Kill
from lab.scenario import NAME, Scenario
from lab.vty import VtyError
from lab.wait import until

ALL = bool(os.environ.get("PEERING_ALL_KILLS"))
# A line is a write and a sync. The last of each leaves the line in the file.
LOST = [(1, "front"), (1, "middle")]
KEPT = [(1, "behind"), (2, "front"), (2, "behind")]


class Course:
    """PNI-ACME with one session, that of IPv4; what acme's IPv6 session carries is open from the beginning."""

    def __init__(self, lab):
        self.s = Scenario(lab)
        self.kill = Kill(self.s.edge)
        self.kills = 0
        self.closed_since = 0.0  # no route for acme's IPv4 session after that; None while it may be open
        s = self.s
        s.start(s.config())
        s.acme.wait_established()
        # 8.4.4 forgets withdrawals to a peer in the first second or two of its session.
        s.settle()

    def state(self, name):
        try:
            return self.s.edge.connection_state(name)
        except VtyError:
            return "absent"

    def expect_closed(self):
        if self.closed_since is None:
            return
        s = self.s
        sent = s.capture.read().announced(s.edge_address("ipv4"), after=self.closed_since)
        assert sent == set(), f"announced to a gated peer: {sorted(sent)[:5]}"
        assert s.acme.received("edge_ipv4") == set() and s.witness_has_of_acme("ipv4") == set()

    def restart(self):
        s = self.s
        self.kill.never()
        self.kills += 1
        until("the end of bgpd", s.edge.bgpd.running, lambda running: not running)
        # Three in ten minutes would make the module inert; that is another test's.
        (s.edge.state / "starts").unlink(missing_ok=True)
        s.edge.start_bgpd()
        lines = (s.edge.state / "journal.jsonl").read_text().splitlines()
        assert all(json.loads(line)["type"] for line in lines)

    def step(self, turn, name, verb, old, new, ready=lambda: None):
        """`verb` leads from one of the states `old` to one of `new`. Killed on the way, the last time behind the point from
        which it counts. `ready` waits until the verb can be typed."""
        lost = LOST if ALL else [LOST[turn % 2]]
        for number, when in [*lost, KEPT[turn % 3]]:
            ready()
            assert self.state(name) in old
            self.kill.at(number, when)
            said = self.s.edge.try_vtysh("-c", f"peering {name} {verb}")
            # vtysh ends with 0 where bgpd went away in the middle of an answer, too.
            done = said.returncode == 0 and "%" not in said.stdout and "error reading" not in said.stdout
            until(f"the kill at {number} {when} of {verb}", self.s.edge.bgpd.running, lambda running: not running)
            self.restart()
            now = self.state(name)
            if (number, when) in KEPT:
                assert now in new, f"{verb}, killed {when} {number}: {now}"
            elif done:
                assert now in new, f"{verb} was said to be done, killed {when} {number}: {now}"
            else:
                assert now in old + new
            if now not in new:
                self.expect_closed()
            else:
                break
        if self.state(name) not in new:
            pytest.fail(f"{verb} never came to {new}")


@pytest.mark.parametrize("turn", range(3) if ALL else [0])
def test_a_kill_at_the_disk_loses_nothing_and_opens_nothing(lab, turn):
    course = Course(lab)
    s = course.s
    address = s.acme_address("ipv4")
    s.edge.configure_bgp(f"neighbor {address} shutdown")
    s.acme.wait_received("edge_ipv4", set())
    until("acme's routes gone at the witness", lambda: s.witness_has_of_acme("ipv4"), lambda seen: not seen)
    s.edge.configure_bgp(f"peering {NAME} neighbor {address}", f"peering {NAME} validation-window 1",
                         f"peering {NAME} received-limit ipv4 1000",
                         f"no neighbor {address} shutdown")
    s.edge.vtysh("write memory")
    course.closed_since = s.capture.read().end()

    going_up = ["ProvisioningStarted", "ProvisioningCompleted", "Validating"]
    course.step(turn, NAME, "approve", ["PendingApproval"], ["ProvisioningStarted"])
    course.step(turn + 1, NAME, "ready", ["ProvisioningStarted"], ["ProvisioningCompleted", "Validating"])
    s.edge.wait_state(NAME, "Validating")
    course.step(turn + 2, NAME, "block reason a cable", ["ProvisioningCompleted", "Validating"], ["ExternalBlocker"],
                lambda: s.edge.wait_state(NAME, "Validating"))
    course.step(turn, NAME, "unblock", ["ExternalBlocker"], going_up)
    course.step(turn + 1, NAME, "activate", ["ProvisioningCompleted", "Validating"], ["Active"],
                s.wait_passed)
    course.closed_since = None
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    course.step(turn + 2, NAME, "deprovision now", ["Active"], ["PendingRemove", "None"],
                lambda: s.acme.wait_received("edge_ipv4", s.to_acme("ipv4")))
    s.edge.wait_state(NAME, "None")
    course.closed_since = s.capture.read().end()
    course.step(turn, NAME, "request", ["None"], ["PendingApproval"])
    course.expect_closed()
    # The other one has been open all the time, and is adopted as it stands.
    s.acme.wait_received("edge_ipv6", s.to_acme("ipv6"))
    course.step(turn + 1, "OLD", f"adopt neighbor {s.acme_address('ipv6')}", ["absent"], ["Active"])
    s.acme.wait_received("edge_ipv6", s.to_acme("ipv6"))
    s.mark()
    course.expect_closed()
    assert course.kills >= 15


def test_a_kill_in_a_compaction_changes_nothing(lab):
    """At each thing that it does to the disk, until there is none left: what bgpd knows is the same."""
    course = Course(lab)
    s = course.s
    s.edge.configure_bgp(f"peering {NAME} neighbor 192.0.2.77", "peering default-deny monitor")
    s.edge.vtysh(f"peering {NAME} approve", f"peering OLD adopt neighbor {s.acme_address('ipv4')}",
                 f"peering bypass {NAME} reason a test", "write memory")
    journal = s.edge.state / "journal.jsonl"

    def known():
        shown = s.edge.bgpd_json("show peering json")
        return [(entry["name"], entry["connectionState"], entry["flags"], s.edge.history(entry["name"]),
                 [(session["address"], session["gate"]) for session in entry["sessions"]])
                for entry in (s.edge.connection(found["name"]) for found in shown["connections"])]

    before = known()
    assert {entry[0] for entry in before} == {NAME, "OLD"}
    s.edge.stop_bgpd()
    # Most of it no longer counts.
    with journal.open("a") as file:
        for _ in range(300):
            file.write(json.dumps({"type": "acked", "sequence": 0, "pad": "x" * 4000}, separators=(",", ":")) + "\n")
    size = journal.stat().st_size
    killed = 0
    while journal.stat().st_size > size / 2:
        killed += 1
        assert killed < 20
        course.kill.at(killed, ["front", "middle", "behind"][killed % 3])
        try:
            s.edge._start_daemon("bgpd")
        except RuntimeError:
            pass  # killed before it had told that it runs
        until("its end, or that of the compaction", lambda: (s.edge.bgpd.running(), s.edge.log_lines("is compacted")),
              lambda seen: not seen[0] or seen[1], timeout=30)
        if s.edge.bgpd.running():
            s.edge.stop_bgpd()
        course.kill.never()
        (s.edge.state / "starts").unlink(missing_ok=True)
    assert killed > 3
    s.edge.start_bgpd()
    assert known() == before
    assert not journal.with_name("journal.jsonl.new").exists()
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    assert s.edge.log_lines("cannot be read") == []
