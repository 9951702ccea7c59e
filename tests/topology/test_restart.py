# SPDX-License-Identifier: GPL-2.0-or-later
"""What a restart keeps: states, gates and policies, whatever ended bgpd and whatever became of its files."""
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from lab.controller import Controller
from lab.namespaces import filesystem_type
from lab.scenario import FAMILIES, NAME, OWN, Scenario
from lab.wait import until
from scripted_controller import ScriptedController, declare, verb

ENDS = ["kill_bgpd", "stop_bgpd"]


@pytest.fixture
def scenario(lab):
    return Scenario(lab)


def expect_gated_again(s):
    s.acme.wait_established()
    s.settle()
    s.expect_nothing_passed()


def journal(s):
    return s.edge.state / "journal.jsonl"


def transitions(s):
    """The connection's transitions in the journal, as pairs of states; each has a number of its own, in order."""
    entries = [entry for entry in map(json.loads, journal(s).read_text().splitlines())
               if entry["type"] == "transition"]
    numbers = [entry["sequence"] for entry in entries]
    assert numbers == sorted(set(numbers))
    return [(entry["from"], entry["to"]) for entry in entries if entry["connection"]["name"] == NAME]


# A restart in each state

@pytest.mark.parametrize("end", ENDS)
def test_gated_before_gated_after(scenario, end):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.restart_bgpd(end)
    expect_gated_again(s)
    assert s.edge.connection_state(NAME) == "PendingApproval"
    assert transitions(s) == [("None", "PendingApproval")]


@pytest.mark.parametrize("end", ENDS)
def test_a_validation_begins_again(scenario, end):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.validate()
    s.restart_bgpd(end)
    s.acme.wait_established()
    s.wait_passed()
    expect_gated_again(s)
    s.activate()


@pytest.mark.parametrize("end", ENDS)
def test_a_neighbor_that_was_shut_stays_shut(scenario, end):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.edge.verb(NAME, "approve")
    s.edge.wait_state(NAME, "ProvisioningStarted")
    sessions = len(s.capture.read().sessions(s.edge_address("ipv4")))
    s.restart_bgpd(end)
    s.settle()
    assert s.edge.connection_state(NAME) == "ProvisioningStarted"
    assert len(s.capture.read().sessions(s.edge_address("ipv4"))) == sessions
    s.expect_nothing_sent()


@pytest.mark.parametrize("end", ENDS)
def test_active_comes_back_active_with_its_policy(scenario, end):
    s = scenario
    unwanted = s.acme_routes["ipv4"][0]
    s.start(s.config(bgp=s.declaration(), top=[
        f"ip prefix-list UNWANTED permit {unwanted}", f"ip prefix-list OURS permit {OWN['ipv4']}",
        "route-map ACME-IN deny 4", "match ip address prefix-list UNWANTED", "exit",
        "route-map ACME-OUT deny 4", "match ip address prefix-list OURS", "exit"]))
    s.acme.wait_established()
    s.validate()
    s.edge.verb(NAME, "activate")

    def expect_routes():
        s.acme.wait_received("edge_ipv4", s.to_acme("ipv4") - {OWN["ipv4"]})
        s.acme.wait_received("edge_ipv6", s.to_acme("ipv6"))
        until("what the policy lets through at the witness", lambda: s.witness_has_of_acme("ipv4"),
              lambda seen: seen == set(s.acme_routes["ipv4"]) - {unwanted})

    expect_routes()
    history = transitions(s)
    s.restart_bgpd(end)
    expect_routes()
    s.settle()
    expect_routes()
    assert OWN["ipv4"] not in s.capture.read().announced(s.edge_address("ipv4"))
    assert s.edge.connection_state(NAME) == "Active" and transitions(s) == history


@pytest.mark.parametrize("end", ENDS)
def test_what_ended_stays_closed(scenario, end):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    s.edge.verb(NAME, "deprovision now")
    s.edge.wait_state(NAME, "None")
    ended = s.capture.read().end()
    s.restart_bgpd(end)
    s.settle()
    assert s.edge.connection_state(NAME) == "None"
    s.expect_nothing_sent(after=ended)
    for family in FAMILIES:
        assert s.witness_has_of_acme(family) == set()


def test_an_active_connection_survives_a_restart_of_its_peer(scenario):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    s.acme.stop()
    for family in FAMILIES:
        until(f"acme's {family} routes gone at the witness", lambda: s.witness_has_of_acme(family),
              lambda seen: seen == set())
    s.acme.start()
    s.wait_open()
    assert s.edge.connection_state(NAME) == "Active"
    assert s.edge.history(NAME)[-1] == ("Validating", "Active")


def test_restarts_in_a_row_add_nothing(scenario):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    history, journalled = s.edge.history(NAME), transitions(s)
    for end in ("kill_bgpd", "kill_bgpd", "stop_bgpd"):
        s.restart_bgpd(end)
        s.wait_open()
    assert transitions(s) == journalled == history
    assert s.edge.history(NAME) == history


# Without our lines

def test_a_boot_without_the_extension_keeps_the_gate(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.validate()
    s.edge.log.write_text("")
    s.restart_bgpd("kill_bgpd", extension=False)
    # vtysh has skipped the lines; the journal has them.
    assert s.edge.log_lines("ALERT the configuration has no line of `peering`")
    assert f"peering {NAME} neighbor" in s.edge.bgpd_vty("show running-config")
    expect_gated_again(s)


def test_an_active_connection_without_its_lines_stays_active(scenario):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    s.edge.write_config(s.config(bgp=["peering OTHER description of another connection"]))
    s.restart_bgpd("kill_bgpd")
    s.wait_open()
    found = s.edge.connection(NAME)
    assert found["connectionState"] == "Active" and "undeclared" in found["flags"]
    assert f"peering {NAME} " not in s.edge.running_config()


def test_default_deny_stands_without_its_line(lab):
    s = Scenario(lab, witness_as=64500)
    s.start(s.config(bgp=["peering default-deny"]))
    s.acme.wait_established()
    s.settle(keepalives=1)
    s.restart_bgpd("kill_bgpd", extension=False)
    expect_gated_again(s)


# What can become of the journal

def test_a_torn_last_line_is_cut_off(scenario):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))

    def tear():
        with open(journal(s), "a") as file:
            file.write('{"type":"transition","connection":{"name":"' + NAME)

    s.restart_bgpd("kill_bgpd", between=tear)
    s.wait_open()
    assert s.edge.connection_state(NAME) == "Active"
    s.edge.verb(NAME, "deprovision now")
    s.edge.wait_state(NAME, "None")
    lines = journal(s).read_text().splitlines()
    assert all(json.loads(line)["type"] for line in lines)


def test_a_line_that_cannot_be_read_closes_the_gate_it_speaks_of(scenario):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    s.restart_bgpd("kill_bgpd", between=s.edge.damage_journal)
    ended = s.capture.read().end()
    s.acme.wait_established()
    s.settle()
    s.expect_nothing_sent(after=ended)
    for family in FAMILIES:
        assert s.witness_has_of_acme(family) == set()
    assert s.edge.log_lines(f"ALERT.*{NAME}"), "no ALERT names the connection"


@pytest.mark.parametrize("where", ["name", "address", "newline"])
def test_a_flipped_bit_in_the_line_that_closed_it_leaves_it_closed(scenario, where):
    """The line would speak of somebody else, or be taken for one that was just being written: what was Active before is not."""
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    s.edge.verb(NAME, "deprovision now")
    s.edge.wait_state(NAME, "None")

    def flip():
        lines = journal(s).read_bytes().splitlines(keepends=True)
        last = max(number for number, line in enumerate(lines) if b'"to":"PendingRemove"' in line)
        line = bytearray(lines[last])
        at = {"name": line.rindex(NAME.encode()), "address": line.index(s.acme_address("ipv4").encode()),
              "newline": len(line) - 1}[where]
        line[at] ^= 1
        journal(s).write_bytes(b"".join(lines[:last]) + line)
        # A file from before: its neighbors are not shut.
        s.edge.write_config(s.config(bgp=s.declaration()))

    s.edge.stop_bgpd()
    flip()
    flipped = journal(s).read_bytes()
    ended = s.capture.read().end()
    s.edge.start_bgpd()
    s.settle()
    s.expect_nothing_sent(after=ended)
    for family in FAMILIES:
        assert s.witness_has_of_acme(family) == set()
    assert s.edge.log_lines("ALERT .*journal.jsonl line [0-9]* cannot be read")
    assert journal(s).read_bytes().startswith(flipped), "what was there is overwritten"


def test_a_damaged_newline_in_what_a_push_has_made_is_no_torn_end(lab):
    """The line is damaged, and the rest of the push is there: none of it is cut off as if it had never been whole."""
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    script = ScriptedController(s.controller)
    s.start(s.config(bgp=s.controller.router_lines()))
    script.accept()
    assert script.push("p", declare("SOME", 64999, ["203.0.113.40"]), declare("OTHER", 64999, ["203.0.113.41"]),
                       verb("SOME", "approve"), verb("OTHER", "approve")).applied
    script.close()
    s.edge.stop_bgpd()
    lines = journal(s).read_bytes().splitlines(keepends=True)
    first = max(number for number, line in enumerate(lines) if b'"lines":' in line)
    named = next(number for number, line in enumerate(lines) if number > first and b"SOME" in line)
    damaged = bytearray(b"".join(lines))
    damaged[len(b"".join(lines[:named + 1])) - 1] ^= 1
    journal(s).write_bytes(damaged)
    s.edge.start_bgpd()
    assert s.edge.log_lines("ALERT line [0-9]* speaks of SOME: its gate is closed")
    assert not s.edge.log_lines("is cut off") and journal(s).read_bytes().startswith(damaged)
    for name in ("SOME", "OTHER"):
        assert {session["gate"] for session in s.edge.connection(name)["sessions"]} == {"deny"}


@pytest.mark.parametrize("legible", [True, False])
def test_a_line_that_cannot_be_read_closes_what_no_other_line_speaks_of(lab, legible):
    """The only lines of two undeclared sessions are damaged, and the configuration does not name them."""
    s = Scenario(lab, witness_as=64500)
    s.start(s.config(bgp=["peering default-deny"]))
    s.acme.wait_established()
    for family in FAMILIES:
        s.edge.wait_state(s.acme_address(family), "PendingApproval")
    s.edge.configure_bgp("no peering default-deny")
    s.settle(keepalives=1)

    def damage():
        lines = journal(s).read_text().splitlines(keepends=True)
        for index, line in enumerate(lines):
            if s.acme_address("ipv4") in line or s.acme_address("ipv6") in line:
                lines[index] = line.replace('"Pend', '"Pe#d') if legible else "#" * 80 + "\n"
        journal(s).write_text("".join(lines))
        s.edge.write_config(s.config())

    s.restart_bgpd("kill_bgpd", between=damage)
    expect_gated_again(s)
    assert s.edge.log_lines(f"ALERT line .* speaks of {s.acme_address('ipv4')}" if legible else
                            "ALERT 2 external neighbors that the journal does not know are gated")
    begun = [line for line in journal(s).read_text().splitlines() if '"type":"journal"' in line]
    assert len(begun) == (1 if legible else 2)
    # It is journalled anew: the next start finds nothing to make up for, and the way out is adopting.
    s.restart_bgpd("stop_bgpd")
    expect_gated_again(s)
    assert [line for line in journal(s).read_text().splitlines() if '"type":"journal"' in line] == begun
    s.edge.vtysh("peering adopt all")
    s.wait_open()
    s.restart_bgpd("stop_bgpd")
    s.wait_open()


# Preloaded into bgpd: the disk fails behind so many lines of the journal.
FAILING_DISK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ssize_t __getdelim(char **line, size_t *capacity, int delimiter, FILE *file)
{
	static ssize_t (*real)(char **, size_t *, int, FILE *);
	static int lines;
	char link[64], path[4096] = "";

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "__getdelim");
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fileno(file));
	if (readlink(link, path, sizeof(path) - 1) < 0 || !strstr(path, "/journal.jsonl") || lines++ < atoi(getenv("GOOD_LINES")))
		return real(line, capacity, delimiter, file);
	file->_flags |= 0x20; /* what ferror() looks at */
	errno = EIO;
	return -1;
}

ssize_t getline(char **line, size_t *capacity, FILE *file)
{
	return __getdelim(line, capacity, '\\n', file);
}
"""


def test_a_journal_that_cannot_be_read_to_its_end_closes_every_gate(scenario, tmp_path):
    """What stands behind would have said that the connection has ended."""
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    active = len(journal(s).read_text().splitlines())
    s.edge.verb(NAME, "deprovision now")
    s.edge.wait_state(NAME, "None")
    s.edge.vtysh("write memory")
    (tmp_path / "disk.c").write_text(FAILING_DISK)
    tmp_path.chmod(0o755)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", tmp_path / "disk.so", tmp_path / "disk.c"], check=True)
    library = s.lab.folder("edge", "disk") / "disk.so"
    shutil.copy(tmp_path / "disk.so", library)
    s.edge.bgpd_environment += [f"LD_PRELOAD={library}", f"GOOD_LINES={active}"]
    before = journal(s).read_bytes()
    s.edge.stop_bgpd()
    stopped = journal(s).read_bytes()
    assert stopped.startswith(before)
    s.edge.start_bgpd()
    s.edge.configure_bgp(*(f"no neighbor {s.acme_address(family)} shutdown" for family in FAMILIES))
    assert "cannot be read behind line" in s.edge.vtysh("show peering")
    s.settle()
    s.expect_nothing_sent(after=s.capture.read().end())
    for family in FAMILIES:
        assert s.acme.received(f"edge_{family}") == set() and s.witness_has_of_acme(family) == set()
    assert journal(s).read_bytes() == stopped
    assert s.edge.connection(NAME)["gate"] == "deny"


@pytest.mark.parametrize("loss", ["gone", "another file", "empty"])
def test_without_a_readable_journal_the_gate_is_closed(scenario, loss):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))

    def lose():
        if loss == "gone":
            shutil.rmtree(s.edge.state)
            s.lab.folder("edge", "state", owner="frr", mode=0o700)
        else:
            journal(s).write_text("" if loss == "empty" else "something else\n")

    s.restart_bgpd("kill_bgpd", between=lose)
    ended = s.capture.read().end()
    s.acme.wait_established()
    s.settle()
    s.expect_nothing_sent(after=ended)
    for family in FAMILIES:
        assert s.witness_has_of_acme(family) == set()
    if loss == "another file":
        assert journal(s).read_text() == "something else\n"


def test_no_gate_opens_on_a_tmpfs(scenario):
    s = scenario
    assert filesystem_type("/dev/shm") == "tmpfs"
    s.edge.state = Path("/dev/shm", s.lab.name)
    s.edge.state.mkdir(mode=0o700)
    try:
        shutil.chown(s.edge.state, "frr", "frr")
        s.start(s.config(bgp=s.declaration()))
        s.acme.wait_established()
        s.validate()
        answer = s.edge.refused(f"peering {NAME} activate")
        assert "tmpfs" in answer and str(s.edge.state) in answer, answer
        assert "tmpfs" in s.edge.vtysh("show peering")
        expect_gated_again(s)
    finally:
        shutil.rmtree(s.edge.state)


def test_no_gate_opens_while_the_journal_cannot_be_written(scenario):
    s = scenario
    # bgpd can look, and make nothing.
    s.edge.state.chmod(0o550)
    shutil.chown(s.edge.state, "root", "frr")
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.validate()
    answer = s.edge.refused(f"peering {NAME} activate")
    assert "cannot be written" in answer, answer
    expect_gated_again(s)


# An upgrade of the package below a bgpd that runs

def test_an_upgrade_below_a_running_bgpd_cuts_nothing(scenario):
    """As dpkg does it: a new file beside the old one, then renamed over it. What bgpd has loaded goes on."""
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.validate()
    quiet, pid = s.capture.read().end(), s.edge.bgpd.pid
    whole = {}
    for file in s.edge.modules.iterdir():
        whole[file] = file.read_bytes()
        fresh = file.with_suffix(".dpkg-new")
        # Another file altogether: it must not matter before the next start.
        fresh.write_bytes(b"a later version\n")
        fresh.rename(file)
    assert len(whole) == 2
    s.activate()
    s.settle(keepalives=1)
    assert s.capture.read().routes(kind="withdraw", after=quiet) == []
    s.edge.vtysh("clear bgp *")
    s.acme.wait_established()
    s.wait_open()
    s.edge.verb(NAME, "deprovision now")
    s.edge.wait_state(NAME, "None")
    s.edge.verb(NAME, "request")
    s.acme.wait_established()
    s.settle()
    for family in FAMILIES:
        assert s.acme.received(f"edge_{family}") == set() and s.witness_has_of_acme(family) == set()
    assert s.edge.bgpd.running() and s.edge.bgpd.pid == pid
    for file, content in whole.items():
        file.write_bytes(content)
    s.restart_bgpd()
    assert s.edge.connection_state(NAME) == "PendingApproval"


# Graceful restart

GRACEFUL = ["bgp graceful-restart", "bgp graceful-restart preserve-fw-state", "bgp graceful-restart select-defer-time 20"]


def test_a_graceful_restart_withdraws_nothing_of_an_active_connection(lab):
    """The far sides keep what they have while bgpd is away, and hear of no withdrawal when it is back."""
    graceful = {"graceful_restart": True}
    s = Scenario(lab, acme=graceful, witness=graceful)
    s.start_active(s.config(bgp=[*GRACEFUL, *s.declaration()]))
    s.settle()
    quiet = s.capture.read().end()
    seen = []

    def look():
        seen.append([s.acme.received(f"edge_{family}") for family in FAMILIES] +
                    [s.witness_has_of_acme(family) for family in FAMILIES])

    s.edge.kill_bgpd()
    look()
    s.edge.start_bgpd()
    s.acme.wait_established()
    s.witness.wait_established()
    look()
    # What the peers held before, they have held all the time; and again after everything has been said anew.
    s._marks = s._first_mark = 0
    until("everything said anew", lambda: (look(), s.capture.read().routes(kind="end-of-rib", after=quiet))[1],
          lambda events: {event.sender for event in events} >= {s.edge_address(family) for family in FAMILIES})
    for _ in range(20):
        look()
    wanted = [{OWN[family], *s.witness_routes[family]} for family in FAMILIES] + \
             [set(s.acme_routes[family]) for family in FAMILIES]
    for held in seen:
        for has, wants in zip(held, wanted):
            assert wants <= has, f"missing at a far side: {sorted(wants - has)}"
    assert s.edge.connection_state(NAME) == "Active"


def test_a_gated_peer_holds_up_no_graceful_restart(lab):
    """bgpd waits for the End-of-RIB of its peers before it selects routes; a gated one is not one of them, whatever it
    sends, and the routes of the others are there long before the time that bgpd would wait at most."""
    graceful = {"graceful_restart": True}
    s = Scenario(lab, acme=graceful, witness=graceful)
    s.start(s.config(bgp=["bgp graceful-restart", "bgp graceful-restart preserve-fw-state",
                          "bgp graceful-restart select-defer-time 600", *s.declaration()]))
    s.acme.wait_established()
    s.witness.wait_established()
    s.edge.kill_bgpd()
    s.edge.start_bgpd()
    s.acme.wait_established()
    s.witness.wait_established()

    def selected():
        routes = s.edge.bgpd_json("show bgp ipv4 unicast json").get("routes", {})
        return {prefix for prefix, paths in routes.items() if any(path.get("bestpath") for path in paths)}

    until("the witness's routes selected", selected, lambda seen: set(s.witness_routes["ipv4"]) <= seen)
    s.settle()
    s.expect_nothing_sent()


LONG_LIVED = ["bgp long-lived-graceful-restart stale-time 600", "bgp graceful-restart restart-time 1"]
LLGR_STALE = "(65535,6)"


@pytest.mark.parametrize("long_lived", [False, True], ids=["graceful", "long-lived"])
def test_a_peer_that_keeps_stale_routes_is_made_to_drop_them(lab, long_lived):
    """Active, then deprovisioned while bgpd is away and the peer holds its routes for a graceful restart."""
    s = Scenario(lab, acme={"extra": "graceful restart on; long lived graceful restart on;"} if long_lived
                 else {"graceful_restart": True})
    s.start_active(s.config(bgp=[*GRACEFUL, *(LONG_LIVED if long_lived else []), *s.declaration()]))
    s.edge.kill_bgpd()
    for family in FAMILIES:
        assert OWN[family] in s.acme.received(f"edge_{family}")
        if long_lived:
            until(f"the edge's {family} routes long-lived stale", lambda: s.acme.route(f"edge_{family}", OWN[family]),
                  lambda text: LLGR_STALE in text)
    # As if it had been deprovisioned and asked for again: the journal says so, the peer does not know.
    path = journal(s)
    lines = [line for line in path.read_text().splitlines(keepends=True) if '"Active"' not in line]
    path.write_text("".join(lines))
    s.edge.start_bgpd()
    s.acme.wait_established()
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", set())
    assert s.edge.connection_state(NAME) == "Validating"
