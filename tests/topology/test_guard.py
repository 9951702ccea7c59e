# SPDX-License-Identifier: GPL-2.0-or-later
"""What is gated stays denied where the module does not enforce: it is missing, inert, or bgpd crashes with it.

bgpd without the module is Debian's own; vtysh is called through the wrapper, as an installation has it. BIRD judges.
"""
import os
import shutil
import signal
import subprocess

import pytest

from lab import build
from lab.bird import Bird, prefixes, session_pair
from lab.scenario import ACME_AS, FAMILIES, NAME, OWN, WITNESS_AS, Scenario
from lab.wait import until

DENY = "PEERING-DENY-ALL"


@pytest.fixture
def scenario(lab):
    return guarded(Scenario(lab))


def guarded(s):
    s.edge.through_wrapper = True
    # Where the guard finds the journal of a bgpd that knows of none.
    (s.edge.etc / "daemons").write_text(f'bgpd_options="-A 127.0.0.1 -M peering:state-dir={s.edge.state}"\n')
    return s


def sessions(s):
    """How many there were on the wire, of each family."""
    said = s.capture.read()
    return [len(said.sessions(s.edge_address(family))) for family in FAMILIES]


def save(s):
    """Returns the file, and the marks that are in it."""
    s.edge.vtysh("write memory")
    return s.edge.config_file.read_text(), (s._first_mark, s._marks)


def boot(s, end="kill_bgpd", module=False, between=lambda: None, environment=None, marks=None):
    """Ends bgpd and starts it again, without the module or with it. Returns what vtysh said as it loaded frr.conf."""
    getattr(s.edge, end)()
    for session in s.acme.sessions:
        until(f"{session.name} closed at acme", lambda: s.acme.bgp_state(session.name),
              lambda state: state != "Established")
    between()
    s.edge.has_module = module
    s._first_mark, s._marks = marks or (s._marks, s._marks)
    s.edge._start_daemon("bgpd")
    return s.edge.try_vtysh("-b", "-d", "bgpd", environment=environment).stdout


def journal(s):
    return s.edge.state / "journal.jsonl"


def expect_shut(s, said, passed_before=0.0):
    """The edge works, as the witness sees, and acme has no session and nothing of it."""
    for family in FAMILIES:
        address = s.acme_address(family)
        assert f"ALERT peering guard: neighbor {address} in vrf default is shut" in said, said
    s.witness.wait_established()
    s.settle()
    for session in s.acme.sessions:
        assert s.acme.bgp_state(session.name) != "Established"
    s.expect_nothing_sent(after=passed_before)
    for family in FAMILIES:
        assert s.witness_has_of_acme(family) == set()


def expect_gated(s):
    s.acme.wait_established()
    s.settle()
    s.expect_nothing_passed()


def test_gated_stays_denied_and_active_stays_open(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    said = boot(s)
    expect_shut(s, said)
    # A reload makes bgpd as a file says that knows nothing of the guard.
    s.edge.write_config(s.config(bgp=[f"neighbor {s.acme_address('ipv4')} description by a reload"]))
    for _ in range(2):
        s.edge.reload()
        running = s.edge.running_config()
        assert "description by a reload" in running and running.count("shutdown message peering guard:") == 2, running
    s._first_mark = s._marks
    s.settle()
    for session in s.acme.sessions:
        assert s.acme.bgp_state(session.name) != "Established"
    s.expect_nothing_sent()
    # Saved by a bgpd that knows nothing of the module, and loaded by it again: nothing is lost but the shutdown.
    saved, marks = save(s)
    assert "shutdown message peering guard: PNI-ACME is PendingApproval" in saved and f"peering {NAME}" not in saved
    boot(s, module=True, marks=marks)
    expect_gated(s)
    assert s.edge.connection_state(NAME) == "PendingApproval"
    running = s.edge.running_config()
    assert "peering guard:" not in running
    for line in s.declaration():
        assert f" {line}\n" in running, running
    s.validate()
    s.activate()
    # The file still says that the guard has shut it.
    s.edge.write_config(saved)
    before = sessions(s)
    s.edge.try_vtysh("-f", str(s.edge.config_file))
    s.settle()
    s.acme.wait_established()
    s.wait_open()
    assert sessions(s) == before
    # Active by the journal: never shut, whatever the file says of it.
    said = boot(s, marks=marks)
    assert "ALERT" not in said, said
    s.wait_open()


def test_default_deny_is_kept_for_those_that_nobody_declared(lab):
    s = guarded(Scenario(lab))

    def neighbor(family):
        address = s.acme_address(family)
        if family == "ipv6":
            return s.acme_neighbor(family)
        return ["neighbor PEERS peer-group", f"neighbor PEERS remote-as {ACME_AS}", "neighbor PEERS timers 1 9",
                "neighbor PEERS timers connect 1", f"neighbor {address} peer-group PEERS"]

    s.start(s.config(acme_neighbor=neighbor,
                     bgp=["peering default-deny", f"peering default-deny-except remote-as {WITNESS_AS}",
                          "peering router-name edge.example.net", "peering controller 198.51.100.1 port 4791"]))
    expect_gated(s)
    expect_shut(s, boot(s))
    s.edge.vtysh("write memory")
    assert "peering default-deny" not in s.edge.config_file.read_text()
    boot(s, module=True)
    expect_gated(s)
    running = s.edge.running_config()
    for line in ("default-deny", f"default-deny-except remote-as {WITNESS_AS}", "router-name edge.example.net",
                 "controller 198.51.100.1 port 4791"):
        assert f" peering {line}\n" in running, running


@pytest.mark.parametrize("deny", [True, False])
def test_a_gated_dynamic_neighbor_is_kept_out_of_its_range(lab, deny):
    s = guarded(Scenario(lab))
    bound = "bgp listen range 192.0.2.0/30 peer-group PEERS"
    address = s.acme_address("ipv4")

    def neighbor(family):
        if family == "ipv6":
            return []
        return ["neighbor PEERS peer-group", "neighbor PEERS remote-as external", "neighbor PEERS timers 1 9", bound]

    def policy(family):
        if family == "ipv6":
            return []
        return ["neighbor PEERS activate", "neighbor PEERS route-map ACME-IN in", "neighbor PEERS route-map ACME-OUT out"]

    lines = ["peering default-deny", f"peering default-deny-except remote-as {WITNESS_AS}"] if deny else \
            [f"peering {NAME} neighbor {address}"]
    s.start(s.config(acme_neighbor=neighbor, acme_family=policy, bgp=lines))

    def gated():
        s.acme.wait_established("edge_ipv4")
        s.settle()
        s.expect_nothing_passed()

    gated()
    said = boot(s)
    assert ("ALERT peering guard: listen range 192.0.2.0/30" if deny else f"ALERT peering guard: neighbor {address}") in said
    s.witness.wait_established()
    s.settle()
    assert s.acme.bgp_state("edge_ipv4") != "Established"
    s.expect_nothing_sent()
    s.edge.vtysh("write memory")
    # The wrapper's guard takes it back, and without the wrapper the module does.
    s.edge.through_wrapper = not deny
    boot(s, module=True)
    gated()
    running = s.edge.running_config()
    assert f" {bound}\n" in running and "peering guard" not in running and "PEERING-GUARD" not in running, running


@pytest.mark.parametrize("wrapper", [True, False])
def test_what_a_guard_shut_stays_shut_where_nothing_is_known_of_it(scenario, wrapper):
    """Saved without the module, then loaded with it by a router that has lost its journal."""
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    expect_shut(s, boot(s))
    saved, marks = save(s)
    assert saved.count("shutdown message peering guard: ") == 2 and f"peering {NAME}" not in saved
    s.edge.through_wrapper = wrapper
    boot(s, module=True, between=lambda: journal(s).unlink(), marks=marks)
    s.witness.wait_established()
    s.settle()
    for family in FAMILIES:
        address = s.acme_address(family)
        assert s.acme.bgp_state(f"edge_{family}") != "Established"
        assert s.edge.log_lines(f"ALERT {address} .* was shut by the boot guard: .*`no neighbor {address} shutdown`")
    # A person decides: one is declared, the other runs as it is, through another load of the file too.
    s.edge.configure_bgp(f"peering {NAME} neighbor {s.acme_address('ipv4')}",
                         f"no neighbor {s.acme_address('ipv6')} shutdown")
    s.acme.wait_established()
    s.edge.through_wrapper = True
    s.edge.try_vtysh("-f", str(s.edge.config_file))
    s.settle()
    s.acme.wait_established()
    s.acme.wait_received("edge_ipv6", s.to_acme("ipv6"))
    assert s.acme.received("edge_ipv4") == set() and s.witness_has_of_acme("ipv4") == set()


def test_three_crashes_and_the_module_stands_aside(scenario):
    s = scenario
    s.start(s.config(bgp=[*s.declaration(), "peering default-deny monitor"]))
    s.acme.wait_established()
    for _ in range(2):
        s.edge.kill_bgpd()
        s.edge.start_bgpd()
        assert s.edge.bgpd_vty("show peering guard").startswith("enforcing")

    def try_out():
        # A dry run is no start.
        before = (s.edge.state / "starts").read_text()
        assert s.edge.dry_run("router bgp 64500\nexit\n").returncode == 0
        assert (s.edge.state / "starts").read_text() == before

    said = boot(s, module=True, between=try_out)
    assert s.edge.bgpd_vty("show peering guard").startswith("inert")
    expect_shut(s, said)
    assert s.edge.bgpd_json("show peering json")["moduleState"] == "inert"
    assert "clear peering crashes" in s.edge.vtysh("show peering")
    for family in FAMILIES:
        assert s.edge.log_lines(f"ALERT inert: the gate of {s.acme_address(family)} .*{NAME} is PendingApproval")
    # Its lines are kept, and can be edited.
    s.edge.configure_bgp(f"no peering {NAME} received-limit ipv4", f"peering {NAME} received-limit ipv4 777")
    s.edge.vtysh("write memory")
    saved = s.edge.config_file.read_text()
    for line in [*s.declaration(), "peering default-deny monitor"]:
        line = line.replace("ipv4 1000", "ipv4 777")
        assert f" {line}\n" in saved, saved
    assert "crashes are forgotten" in s.edge.vtysh("clear peering crashes")
    boot(s, "stop_bgpd", module=True)
    assert s.edge.bgpd_vty("show peering guard").startswith("enforcing")
    expect_gated(s)
    assert f" peering {NAME} received-limit ipv4 777\n" in s.edge.running_config()


def test_a_bgpd_that_cannot_bind_its_port_has_not_crashed(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.edge.stop_bgpd()
    config = s.edge.etc / "alone.conf"
    config.write_text("router bgp 64500\nexit\n")
    config.chmod(0o644)
    holder = subprocess.Popen(s.edge.namespace.command(
        ["python3", "-c", "import socket\nmade = socket.create_server(('::', 179), family=socket.AF_INET6, dualstack_ipv6=True)\n"
         "print('listening', flush=True)\nwhile True:\n    made.accept()"]), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    try:
        assert holder.stdout.readline() == "listening\n"
        for _ in range(4):
            ended = s.edge.namespace.run(
                [build.FRR_DAEMONS / "bgpd", "-f", config, "-P", "0", "-i", s.edge.etc / "alone.pid", "--vty_socket", s.edge.etc,
                 "--moduledir", s.edge.modules, "-M", f"peering:state-dir={s.edge.state},tls-dir={s.edge.tls}"],
                check=False, timeout=60)
            assert ended.returncode not in (0, -9), ended
            assert " running 0 crashes\n" in (s.edge.state / "starts").read_text()
    finally:
        holder.kill()
        holder.wait()
    s.edge.start_bgpd()
    assert s.edge.bgpd_vty("show peering guard").startswith("enforcing")
    expect_gated(s)


def test_a_damaged_journal_shuts_and_a_missing_guard_stops_nobody(scenario):
    s = scenario
    s.start_active(s.config(bgp=s.declaration()))
    said = boot(s, between=s.edge.damage_journal)
    before = s.capture.read().end()
    assert f"line {len(journal(s).read_text().splitlines())} cannot be read" in said, said
    expect_shut(s, said, passed_before=before)
    # Without the guard vtysh loads the file all the same, and says what that means.
    said = boot(s, environment={"PEERING_GUARD": "/nowhere/guard"})
    assert "ALERT peering guard: /nowhere/guard cannot be executed" in said, said
    s.wait_open()


def gated_and_then_a_bare_bgpd(s):
    """What is declared is in the journal; then bgpd runs without the module, and nothing has been read to it."""
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.edge.kill_bgpd()
    s.edge.has_module = False
    s.edge._start_daemon("bgpd")


def test_where_no_copy_can_be_made_bgpd_alone_gets_nothing(scenario):
    s = scenario
    gated_and_then_a_bare_bgpd(s)
    s.edge.write_config(s.config(bgp=s.declaration(), top=["ip route 203.0.113.128/25 blackhole"]))
    # No file may grow, the guard's copy neither.
    ended = subprocess.run(s.edge.namespace.command(["prlimit", "--fsize=0", *s.edge.vtysh_command("-b")]), text=True,
                           timeout=180, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           env=s.edge.vtysh_environment(), check=False)
    assert ended.returncode != 0 and "bgpd gets nothing of it" in ended.stdout, ended.stdout
    running = s.edge.running_config()
    assert "ip route 203.0.113.128/25 blackhole" in running and "router bgp" not in running, running
    s.expect_nothing_sent()


def test_past_the_wrapper_what_was_saved_while_gated_denies(scenario):
    s = scenario
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.edge.vtysh("write memory")
    saved = s.edge.config_file.read_text()
    assert f"route-map {DENY} in" in saved and f"route-map {DENY} out" in saved
    s.edge.through_wrapper = False
    boot(s)
    expect_gated(s)


def test_an_instance_of_a_vrf_is_guarded_too(lab):
    s = guarded(Scenario(lab, vrfs=["blue"]))
    link = lab.link(s.edge.vrf_namespaces["blue"], lab.namespace("blue"))
    asn, gated, active = 64520, link.far_address("ipv4"), link.far_address("ipv6")
    peer = Bird(lab, "blue", asn, session_pair(link), {family: prefixes(family, 3, start=5000) for family in FAMILIES})
    peer.start()
    instance = ["router bgp 64500 vrf blue", "bgp router-id 192.0.2.98", "no bgp default ipv4-unicast",
                "no bgp network import-check", *s.neighbor(gated, asn), *s.neighbor(active, asn),
                f"peering PNI-BLUE neighbor {gated}", f"peering PNI-OLD neighbor {active}", "peering PNI-OLD adopted"]
    for family, address in (("ipv4", gated), ("ipv6", active)):
        instance += [f"address-family {family} unicast", f"network {OWN[family]}", f"neighbor {address} activate",
                     f"neighbor {address} route-map WITNESS in", f"neighbor {address} route-map WITNESS out",
                     "exit-address-family"]
    s.start(s.config(top=["vrf blue", "exit-vrf"], bottom=[*instance, "exit"]))
    peer.wait_established()
    peer.wait_received("edge_ipv6", {OWN["ipv6"]})
    said = boot(s)
    assert f"ALERT peering guard: neighbor {gated} in vrf blue is shut: PNI-BLUE is PendingApproval" in said, said
    assert f"neighbor {active} in vrf" not in said
    # Down it was as bgpd was killed, and the other one has come back.
    peer.wait_established("edge_ipv6")
    peer.wait_received("edge_ipv6", {OWN["ipv6"]})
    assert peer.bgp_state("edge_ipv4") != "Established"
    assert s.edge.bgpd_json(f"show bgp vrf blue neighbors {gated} json")[gated]["bgpState"] == "Idle"


def test_a_bgpd_that_does_not_answer_is_taken_for_one_without_the_module(scenario):
    s = scenario
    gated_and_then_a_bare_bgpd(s)
    os.kill(s.edge.bgpd.pid, signal.SIGSTOP)
    try:
        vtysh = subprocess.Popen(s.edge.namespace.command(s.edge.vtysh_command("-b", "-d", "bgpd")), text=True,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 env=s.edge.vtysh_environment())
        said = [vtysh.stdout.readline() for _ in FAMILIES]
    finally:
        os.kill(s.edge.bgpd.pid, signal.SIGCONT)
    said = "".join(said) + vtysh.stdout.read()
    vtysh.wait(timeout=120)
    assert "bgpd does not answer" in said, said
    expect_shut(s, said)


def test_who_may_not_read_the_journal_gives_bgpd_nothing(scenario):
    """A user who may speak to bgpd, and is not root."""
    s = scenario
    gated_and_then_a_bare_bgpd(s)
    path = s.edge.log_folder / "mine.conf"
    path.write_text(s.config())
    path.chmod(0o644)
    # Installed where everybody may read: the build may lie in a home.
    wrapper, guard, extension = (
        shutil.copy(file, s.lab.folder("installed"))
        for file in (*build.vtysh_wrapper(), build.vtysh_extension()))
    ended = subprocess.run(s.edge.namespace.command(
        ["setpriv", "--reuid", "65534", "--regid", "frrvty", "--clear-groups", wrapper,
         *s.edge.vtysh_command("-f", str(path))[1:]]),
        text=True, timeout=180, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**s.edge.vtysh_environment(), "PEERING_GUARD": guard, "PEERING_EXTENSION": extension}, check=False)
    assert ended.returncode != 0
    assert "cannot be read: Permission denied" in ended.stdout and "load it as root" in ended.stdout, ended.stdout
    assert "router bgp" not in s.edge.running_config()
    s.expect_nothing_sent()


def test_of_the_two_files_the_one_that_vtysh_loads_is_guarded(scenario):
    """`vtysh -b -f FILE` loads FILE, and since FRR 9 frr.conf."""
    s = scenario
    gated_and_then_a_bare_bgpd(s)
    other = s.edge.etc / "other.conf"
    loads_other = "version 8." in s.edge.try_vtysh("--help").stdout
    other.write_text(s.config() if loads_other else "hostname edge\n")
    if loads_other:
        s.edge.write_config("hostname edge\n")
    said = s.edge.try_vtysh("-b", "-f", str(other)).stdout
    expect_shut(s, said)
