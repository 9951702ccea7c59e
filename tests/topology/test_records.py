# SPDX-License-Identifier: GPL-2.0-or-later
"""Gate records: what is known of a session outlives its neighbor, its lines and the moment at which it is edited.

Each test is a sequence that somebody may type or that may befall a router. The verdict is that of the far sides.
"""
import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab import build
from lab.disk import Disk
from lab.frr import version
from lab.process import alive
from lab.scenario import ACME_AS, EDGE_AS, FAMILIES, NAME, Scenario
from lab.wait import until

SPARE = "2001:db8:77::9"


@pytest.fixture
def scenario(lab):
    return Scenario(lab)


@pytest.fixture
def internal(lab):
    """With a witness that default-deny leaves alone."""
    return Scenario(lab, witness_as=EDGE_AS)


def family_lines(s, family, *lines):
    return [f"address-family {family} unicast", *lines, "exit"]


def retype_neighbor(s, family="ipv4"):
    """Takes acme's neighbor out and types it again, with its policy."""
    s.edge.configure_bgp(f"no neighbor {s.acme_address(family)}")
    s.edge.configure_bgp(*s.acme_neighbor(family), *family_lines(s, family, *s.acme_family(family)))


def read_file(s, *lines):
    path = s.edge.etc / "more.conf"
    path.write_text("\n".join(lines) + "\n")
    return s.edge.vtysh_file(path)


def sessions_of(s, name):
    return {session["address"]: session for session in s.edge.connection(name)["sessions"]}


def expect_nothing_came_through(s, family="ipv4"):
    assert s.acme.received(f"edge_{family}") == set()
    assert s.witness_has_of_acme(family) == set()


def journalled(s):
    return [json.loads(line) for line in (s.edge.state / "journal.jsonl").read_text().splitlines()]


# A session changes hands

def test_a_discovered_connection_gives_one_of_its_sessions_away(internal):
    s = internal
    s.start(s.config(bgp=["peering default-deny"]))
    s.acme.wait_established()
    address = s.acme_address("ipv4")
    s.edge.wait_state(address, "PendingApproval")
    s.edge.configure_bgp(f"peering {address} neighbor {SPARE}")
    s.edge.configure_bgp(f"peering {NAME} neighbor {address}")
    assert alive(s.edge.bgpd.pid)
    assert set(sessions_of(s, NAME)) == {address} and set(sessions_of(s, address)) == {SPARE}
    s.settle()
    s.expect_nothing_passed()
    s.restart_bgpd()
    s.acme.wait_established()
    assert set(sessions_of(s, NAME)) == {address} and set(sessions_of(s, address)) == {SPARE}
    s.settle()
    s.expect_nothing_passed()


def test_a_session_that_was_taken_out_may_join_another_connection(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    address = s.acme_address("ipv4")
    assert f"belongs to {NAME} already" in s.edge.refused("configure terminal", "router bgp",
                                                          f"peering OTHER neighbor {address}")
    s.edge.configure_bgp(f"no peering {NAME} neighbor {address}", f"peering OTHER neighbor {address}")
    assert set(sessions_of(s, "OTHER")) == {address}
    s.settle()
    s.expect_nothing_passed()


def test_a_session_of_an_active_connection_stays_with_it(scenario):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    address = s.acme_address("ipv4")
    s.edge.configure_bgp(f"no peering {NAME} neighbor {address}")
    assert f"belongs to {NAME}, which has to be deprovisioned first" in s.edge.refused(
        "configure terminal", "router bgp", f"peering OTHER neighbor {address}")
    s.settle()
    s.wait_open()


def test_a_peer_group_is_no_neighbor(scenario):
    s = scenario
    s.start(s.config(bgp=["neighbor PEERS peer-group"]))
    assert "is a peer-group" in s.edge.refused("configure terminal", "router bgp", f"peering {NAME} neighbor PEERS")


# A neighbor goes and comes back

def test_the_gate_outlives_neighbor_and_line(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    address = s.acme_address("ipv4")
    s.edge.configure_bgp(f"no neighbor {address}")
    s.edge.configure_bgp(f"no peering {NAME} neighbor {address}")
    s.edge.configure_bgp(*s.acme_neighbor("ipv4"), *family_lines(s, "ipv4", *s.acme_family("ipv4")))
    s.acme.wait_established()
    s.settle()
    s.expect_nothing_passed()


def test_what_was_left_open_is_gated_once_its_neighbor_is_typed_anew(scenario):
    s = scenario
    s.start(s.config())
    s.acme.wait_established()
    s.wait_open()
    read_file(s, "router bgp 64500", *s.declaration(), "exit")
    assert "conflict" in s.edge.connection(NAME)["flags"]
    s.wait_open()
    # 8.4.4 forgets withdrawals to a witness that has just come up.
    s.settle()
    sessions = len(s.capture.read().sessions(s.edge_address("ipv4")))
    retype_neighbor(s)
    until("a new session", lambda: len(s.capture.read().sessions(s.edge_address("ipv4"))), lambda now: now > sessions)
    s.acme.wait_established()
    s.settle()
    expect_nothing_came_through(s)
    assert sessions_of(s, NAME)[s.acme_address("ipv4")]["gate"] == "deny"


def test_a_policy_goes_with_the_neighbor_that_had_it(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    address = s.acme_address("ipv4")
    assert f"peering gated neighbor {address} ipv4 unicast route-map ACME-IN in" in s.edge.running_config()
    s.edge.configure_bgp(f"no neighbor {address}")
    assert f"peering gated neighbor {address} ipv4" not in s.edge.running_config()
    s.edge.configure_bgp(*s.acme_neighbor("ipv4"), *family_lines(s, "ipv4", f"neighbor {address} activate",
                                                                 f"neighbor {address} route-map WITNESS in"))
    config = s.edge.running_config()
    assert f"peering gated neighbor {address} ipv4 unicast route-map WITNESS in" in config
    assert f"peering gated neighbor {address} ipv4 unicast inherit out" in config


# Edited while it opens

@pytest.fixture
def slow(lab):
    """A router whose journal takes its time."""
    s = Scenario(lab)
    s.disk = Disk(s.edge)
    return s


def test_what_is_added_while_the_connection_opens_is_not_opened_with_it(slow):
    s = slow
    s.start(s.config(bgp=[line for line in s.declaration() if s.acme_address("ipv6") not in line]))
    s.acme.wait_established()
    s.validate()
    s.edge.configure_bgp(f"neighbor {s.acme_address('ipv6')} shutdown")
    s.disk.slow(1500)
    # Its vtysh waits for the disk.
    with ThreadPoolExecutor() as beside:
        activated = beside.submit(s.edge.verb, NAME, "activate")
        until("its beginning", lambda: s.edge.log_lines(f"{NAME}: Validating -> Active"), bool)
        s.edge.configure_bgp(f"peering {NAME} neighbor {s.acme_address('ipv6')}")
        assert s.edge.connection_state(NAME) == "Validating" and not activated.done()
        activated.result()
    assert s.edge.connection_state(NAME) == "Active"
    s.disk.good()
    s.edge.configure_bgp(f"no neighbor {s.acme_address('ipv6')} shutdown")
    s.acme.wait_established()
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    ipv6 = s.capture.read().announced(s.edge_address("ipv6"))
    s.settle()
    assert s.capture.read().announced(s.edge_address("ipv6")) == ipv6, "the session was opened without a validation"
    assert s.witness_has_of_acme("ipv6") == set()
    # What stands in the journal behind the transition does not take it back.
    s.restart_bgpd()
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    assert s.edge.connection_state(NAME) == "Active"
    s.settle()
    expect_nothing_came_through(s, "ipv6")


# A disk that fails

def test_after_a_failed_activation_the_next_one_goes_as_soon_as_the_disk_is_good(slow):
    s = slow
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.validate()
    s.disk.full()
    assert "no gate" in s.edge.refused(f"peering {NAME} activate")
    until("the failure is told", lambda: s.edge.bgpd_vty("show peering"), lambda seen: "No space left" in seen)
    assert s.edge.connection_state(NAME) == "Validating"
    assert "No space left on device" in s.edge.refused(f"peering {NAME} activate")
    s.disk.good()
    until("the journal is good", lambda: s.edge.bgpd_vty("show peering"), lambda seen: "No space left" not in seen)
    s.activate()


def test_a_failed_adoption_changes_nothing(internal):
    s = internal
    s.disk = Disk(s.edge)
    s.start(s.config(bgp=["peering default-deny"]))
    s.acme.wait_established()
    address = s.acme_address("ipv4")
    s.edge.wait_state(address, "PendingApproval")
    s.disk.full()
    assert "no gate" in s.edge.refused(f"peering {address} adopt")
    until("the failure is told", lambda: s.edge.bgpd_vty("show peering"), lambda seen: "No space left" in seen)
    found = s.edge.connection(address)
    assert found["connectionState"] == "PendingApproval" and found["flags"] == ["discovered"]
    s.disk.good()
    until("the journal is good", lambda: s.edge.bgpd_vty("show peering"), lambda seen: "No space left" not in seen)
    s.edge.verb(address, "adopt")
    s.edge.wait_state(address, "Active")
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))


def test_an_adoption_that_the_disk_refuses_leaves_the_neighbors_as_they_were(internal):
    s = internal
    s.disk = Disk(s.edge)
    s.start(s.config())
    s.acme.wait_established()
    s.wait_open()
    # bgpd 8.4.4 forgets to pass withdrawals on to the witness in the first moments of its session.
    s.settle()
    quiet = s.capture.read().end()
    s.disk.full()
    adopt = f"peering OLD adopt neighbor {s.acme_address('ipv4')} {s.acme_address('ipv6')}"
    assert "no gate" in s.edge.refused(adopt)
    until("the failure is told", lambda: s.edge.bgpd_vty("show peering"), lambda seen: "No space left" in seen)
    until("nothing of it is left", lambda: s.edge.bgpd_json("show peering json"), lambda seen: not seen["connections"])
    assert "peering OLD" not in s.edge.running_config()
    assert s.edge.log_lines("ALERT OLD is not adopted, and its neighbors are as they were")
    s.settle()
    assert s.capture.read().routes(kind="withdraw", after=quiet) == []
    # They come back as they were, too.
    s.edge.vtysh("clear bgp *")
    s.acme.wait_established()
    s.wait_open()
    s.disk.good()
    until("the journal is good", lambda: s.edge.bgpd_vty("show peering"), lambda seen: "No space left" not in seen)
    s.edge.vtysh(adopt)
    s.edge.wait_state("OLD", "Active")
    s.wait_open()


def test_a_journal_that_cannot_be_read_to_its_end_opens_nothing(scenario):
    """What is behind the bad sector may be the end of a connection: it does not come back, with a line `adopted` of an old
    file or without, and the file is not cut."""
    s = scenario
    s.disk = Disk(s.edge)
    s.start(s.config())
    s.acme.wait_established()
    s.edge.vtysh(f"peering FIRST adopt neighbor {s.acme_address('ipv4')}")
    s.edge.wait_state("FIRST", "Active")
    journal = s.edge.state / "journal.jsonl"
    readable = len(journal.read_bytes())
    s.edge.vtysh(f"peering SECOND adopt neighbor {s.acme_address('ipv6')}")
    s.edge.wait_state("SECOND", "Active")
    s.edge.vtysh("write memory")
    old_file = s.edge.config_file.read_text()
    assert "peering FIRST adopted" in old_file and "peering SECOND adopted" in old_file
    for name in ("FIRST", "SECOND"):
        s.edge.verb(name, "deprovision now")
        s.edge.wait_state(name, "None")
    whole = journal.read_bytes()
    ended = s.capture.read().end()
    s.edge.write_config(old_file)
    # In the middle of a line, which then looks like a torn one.
    s.disk.unreadable(readable + 20)
    s.restart_bgpd(between=lambda: None)
    s.acme.wait_established()
    s.settle()
    s.expect_nothing_sent(after=ended)
    for family in FAMILIES:
        assert s.witness_has_of_acme(family) == set()
    assert journal.read_bytes() == whole
    assert s.edge.log_lines("ALERT .*journal.jsonl cannot be read behind line .*: Input/output error; every gate stays closed")
    assert "journal.jsonl cannot be read" in s.edge.vtysh("show peering")
    # The disk was replaced: what it says counts again.
    s.disk.good()
    s.restart_bgpd(between=lambda: None)
    for name in ("FIRST", "SECOND"):
        s.edge.wait_state(name, "None")
    s.settle()
    s.expect_nothing_sent(after=ended)


# Sessions from before

def test_what_was_adopted_and_then_ended_does_not_come_back_with_an_old_file(scenario):
    s = scenario
    s.start(s.config())
    s.acme.wait_established()
    s.edge.vtysh(f"peering OLD adopt neighbor {s.acme_address('ipv4')} {s.acme_address('ipv6')}")
    s.edge.wait_state("OLD", "Active")
    saved_while_active = s.edge.running_config()
    s.edge.verb("OLD", "deprovision now")
    s.edge.wait_state("OLD", "None")
    assert "adopted" not in s.edge.running_config()
    s.edge.vtysh("write memory")
    ended = s.capture.read().end()
    # A replacement router: the file, and no journal.
    s.restart_bgpd(between=lambda: (s.edge.state / "journal.jsonl").unlink())
    s.settle()
    s.expect_nothing_sent(after=ended)
    # And where somebody puts the line back into a file whose neighbors are shut.
    text = s.edge.config_file.read_text()
    assert "peering OLD adopted" in saved_while_active and "shutdown message peering" in text
    s.edge.write_config(text.replace(" peering OLD neighbor", " peering OLD adopted\n peering OLD neighbor", 1))
    s.restart_bgpd(between=lambda: (s.edge.state / "journal.jsonl").unlink())
    s.settle()
    s.expect_nothing_sent(after=ended)
    assert s.edge.connection_state("OLD") == "PendingApproval"
    assert s.edge.log_lines("ALERT OLD says adopted, but its neighbor was shut")


def test_a_file_that_adds_a_session_that_works_cuts_nothing(scenario):
    s = scenario
    s.start(s.config())
    s.acme.wait_established()
    s.wait_open()
    s.edge.vtysh(f"peering OLD adopt neighbor {s.acme_address('ipv4')}")
    s.edge.wait_state("OLD", "Active")
    quiet = s.capture.read().end()
    read_file(s, "router bgp 64500", f"peering OLD neighbor {s.acme_address('ipv6')}", "exit")
    s.settle()
    s.wait_open()
    said = s.capture.read()
    for family in FAMILIES:
        assert said.routes(s.edge_address(family), kind="withdraw", after=quiet) == []
    assert "conflict" in s.edge.connection("OLD")["flags"]
    s.edge.verb("OLD", "adopt")
    assert s.edge.connection("OLD")["flags"] == ["adopted"]
    s.restart_bgpd()
    s.wait_open()


def test_a_line_adopted_holds_without_a_disk(scenario):
    s = scenario
    shutil.rmtree(s.edge.state)
    s.edge.state.symlink_to("/nonexistent/peering")
    s.start(s.config(bgp=[*(f"peering OLD neighbor {s.acme_address(family)}" for family in FAMILIES),
                          "peering OLD adopted"]))
    s.acme.wait_established()
    s.wait_open()
    assert s.edge.connection_state("OLD") == "Active"
    assert s.edge.log_lines("ALERT OLD is adopted by its line alone")


def test_adopt_all_is_the_way_back_from_a_lost_journal(internal):
    s = internal
    s.start(s.config(bgp=["peering default-deny"]))
    s.acme.wait_established()
    s.edge.vtysh("write memory")
    s.restart_bgpd(between=lambda: (s.edge.state / "journal.jsonl").unlink())
    s.acme.wait_established()
    s.settle()
    s.expect_nothing_passed()
    alerts = s.edge.log_lines("ALERT default-deny is on in vrf default and there is no journal: 2 external neighbors")
    assert alerts and "peering adopt all" in alerts[-1]
    before = s.edge.running_config()
    said = s.edge.vtysh("peering adopt all dry-run")
    assert "2 would be adopted; nothing has been changed" in said and s.acme_address("ipv6") in said
    assert s.edge.running_config() == before
    s.edge.vtysh("peering adopt all")
    for family in FAMILIES:
        s.edge.wait_state(s.acme_address(family), "Active")
    s.wait_open()
    config = s.edge.running_config()
    assert "PEERING-DENY-ALL" not in config and "peering gated" not in config
    for family in FAMILIES:
        assert f"neighbor {s.acme_address(family)} route-map ACME-OUT out" in config
    assert "Nothing to adopt" in s.edge.vtysh("peering adopt all")


# Policies, files and the journal

@pytest.mark.parametrize("extension", [True, False])
def test_every_family_keeps_its_policy_through_a_restart(scenario, extension):
    s = scenario
    s.start(s.config(bgp=["no bgp ebgp-requires-policy", *s.declaration(),
                          "address-family ipv4 multicast", f"neighbor {s.acme_address('ipv4')} activate",
                          f"neighbor {s.acme_address('ipv4')} route-map ACME-IN in", "exit-address-family"]))
    s.acme.wait_established()
    s.edge.vtysh("write memory")
    s.restart_bgpd(extension=extension)
    s.acme.wait_established()
    address = s.acme_address("ipv4")
    config = s.edge.bgpd_vty("show running-config")
    for line in ("ipv4 unicast route-map ACME-IN in", "ipv4 unicast route-map ACME-OUT out",
                 "ipv4 multicast route-map ACME-IN in", "ipv4 multicast inherit out"):
        assert f" peering gated neighbor {address} {line}\n" in config
    s.validate()
    s.activate()
    config = s.edge.bgpd_vty("show running-config")
    assert f"neighbor {address} route-map ACME-IN in" in config.partition("address-family ipv4 multicast")[2]
    assert "PEERING-DENY-ALL" not in config and "peering gated" not in config


def test_a_direction_that_nobody_has_spoken_of_stays_denied(scenario):
    s = scenario
    s.start(s.config(bgp=["no bgp ebgp-requires-policy", *s.declaration()]))
    s.acme.wait_established()
    s.validate()
    address = s.acme_address("ipv4")
    s.edge.configure_bgp(f"no peering gated neighbor {address} ipv4 unicast route-map ACME-OUT out")
    answer = s.edge.refused(f"peering {NAME} activate")
    assert "nobody has said which ipv4 unicast export route-map applies" in answer, answer
    s.edge.configure_bgp(*family_lines(s, "ipv4", f"neighbor {address} route-map ACME-OUT out"))
    s.wait_passed()
    s.activate()


def test_a_file_that_a_bgpd_without_the_module_has_written_loses_nothing(scenario):
    s = scenario
    s.start(s.config(bgp=["peering default-deny", "peering default-deny-except remote-as 64499",
                          *s.declaration(window=77), f"peering {NAME} description To acme",
                          f"peering {NAME} kind exchange", f"peering {NAME} activation auto"]))
    s.acme.wait_established()
    lines = {line for line in s.edge.running_config().splitlines() if line.startswith(" peering ")}
    # Nothing but the module keeps acme's routes out: no session while it is not there.
    for session in s.acme.sessions:
        s.acme.disable_session(session.name)
    s.edge.has_module = False
    s.restart_bgpd(extension=False)
    s.edge.vtysh("write memory")
    assert "peering" not in s.edge.config_file.read_text().replace("PEERING-DENY-ALL", "")
    s.edge.add_module()
    s.restart_bgpd()
    for session in s.acme.sessions:
        s.acme.enable_session(session.name)
    s.acme.wait_established()
    kept = {line for line in s.edge.running_config().splitlines() if line.startswith(" peering ")}
    assert lines - kept == set()
    assert s.edge.log_lines("ALERT the configuration has no line of `peering`")
    s.settle()
    s.expect_nothing_passed()


def test_a_line_that_was_taken_out_of_the_file_is_gone(scenario):
    s = scenario
    s.start(s.config(bgp=[*s.declaration(), f"peering {NAME} kind exchange", f"peering {NAME} remote-as {ACME_AS}"]))
    s.acme.wait_established()
    s.edge.configure_bgp(f"no peering {NAME} kind", f"no peering {NAME} remote-as")
    s.edge.vtysh("write memory")
    s.restart_bgpd()
    s.acme.wait_established()
    config = s.edge.running_config()
    assert f"peering {NAME} kind" not in config and f"peering {NAME} remote-as" not in config
    # The whole connection: known by the journal alone, and as closed as it was.
    s.edge.write_config("".join(line + "\n" for line in s.edge.config_file.read_text().splitlines()
                                if f"peering {NAME} " not in line).replace(
                                    "exit\n!\n", "", 0) + "router bgp 64500\n peering SPARE neighbor 192.0.2.77\nexit\n")
    s.restart_bgpd()
    s.acme.wait_established()
    assert f"peering {NAME} " not in s.edge.running_config()
    assert "undeclared" in s.edge.connection(NAME)["flags"]
    s.settle()
    s.expect_nothing_passed()


# What the journal says at start is looked at again

def test_a_validation_whose_peer_is_gone_goes_back(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.validate()
    s.edge.kill_bgpd()
    s.acme.stop()
    s.edge.start_bgpd()
    s.edge.wait_state(NAME, "ProvisioningCompleted")


def test_a_removal_that_was_broken_off_is_finished(scenario):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    s.edge.verb(NAME, "deprovision now")
    s.edge.wait_state(NAME, "None")

    def break_off():
        path = s.edge.state / "journal.jsonl"
        lines = path.read_text().splitlines(keepends=True)
        last = max(number for number, line in enumerate(lines) if '"to":"PendingRemove"' in line)
        path.write_text("".join(lines[:last + 1]))

    s.edge.kill_bgpd()
    break_off()
    s.edge.start_bgpd()
    s.edge.wait_state(NAME, "None")


# Other bgpds

def test_a_name_that_an_older_version_took_gates_without_a_journal(scenario):
    """It is the beginning of a word of the command, and nobody may choose such a one any more."""
    s = scenario
    s.start(s.config(bgp=[f"peering main neighbor {s.acme_address(family)}" for family in FAMILIES]))
    s.acme.wait_established()
    s.settle()
    s.expect_nothing_passed()
    assert s.edge.connection("main")["connectionState"] == "PendingApproval"
    assert "beginning of a word" in s.edge.refused("configure terminal", "router bgp", "peering prof kind direct")


def test_a_dry_run_writes_nothing(scenario):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    before = (s.edge.state / "journal.jsonl").read_bytes()
    # 10.7 aborts at a neighbor, without the module too: bgp_keepalives_off() asserts that its thread runs. So ours first.
    neighbor = " neighbor 192.0.2.77 remote-as 64511\nexit\n"
    plain = s.edge.dry_run(f"router bgp 64500\n{neighbor}", module=False)
    assert plain.returncode == 0 or version() >= (10, 7), plain.stdout + plain.stderr
    ended = s.edge.dry_run("router bgp 64500\n peering default-deny\n peering NEW neighbor 192.0.2.77\n"
                           f" peering controller 192.0.2.200\n{neighbor}")
    assert ended.returncode == plain.returncode, ended.stdout + ended.stderr
    assert "on config line" not in ended.stdout + ended.stderr
    assert (s.edge.state / "journal.jsonl").read_bytes() == before
    bad = s.edge.dry_run("router bgp 64500\n peering default-deny sometimes\nexit\n")
    assert bad.returncode != 0 or "sometimes" in bad.stdout + bad.stderr


def test_a_second_bgpd_leaves_the_journal_alone(scenario):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    before = (s.edge.state / "journal.jsonl").read_bytes()
    other = s.lab.folder("other", owner="frr")
    # Into a file: 10.3 keeps what it was given in the background too, and a pipe would be read until it ends.
    said = other / "said"
    with open(said, "w") as output:
        started = subprocess.run(s.edge.namespace.command(
            [build.FRR_DAEMONS / "bgpd", "-d", "-f", "/dev/null", "-n", "-S", "-Z", "-p", "0", "-P", "0", "-i",
             other / "bgpd.pid", "--vty_socket", other, "--log", f"file:{other / 'bgpd.log'}", "--moduledir",
             s.edge.modules, "-M", f"peering:state-dir={s.edge.state}"]),
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False, timeout=60)
    assert started.returncode == 0, said.read_text()
    pid = int(until("a pid", lambda: (other / "bgpd.pid").read_text() if (other / "bgpd.pid").exists() else "",
                    str.strip))
    try:
        log = until("the second bgpd's log", lambda: (other / "bgpd.log").read_text()
                    if (other / "bgpd.log").exists() else "", lambda text: "another bgpd" in text)
        assert "state-dir" in log
    finally:
        subprocess.run(["kill", str(pid)], check=True)
        until("its end", lambda: alive(pid), lambda running: not running)
    assert (s.edge.state / "journal.jsonl").read_bytes() == before
    s.edge.verb(NAME, "deprovision now")
    s.edge.wait_state(NAME, "None")
    assert journalled(s)[-1]["to"] == "None"
