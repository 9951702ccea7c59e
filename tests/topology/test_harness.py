# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab itself, with FRR as the package has it: what the other tests rely on.

The first tests are the negative control of every gate test: without the module routes do pass, and captures show them.
"""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab import bgp, namespaces
from lab.build import SOURCE
from lab.bird import DEFAULT, prefixes
from lab.far_sides import FAR_SIDES
from lab.leak_matrix import ROWS, Matrix
from lab.scenario import EDGE_AS, FAMILIES, OWN, Scenario
from lab.wait import until


@pytest.fixture
def plain(lab):
    return Scenario(lab, module=False)


def test_without_the_module_routes_pass_both_ways(lab):
    # bgpd ends its first routes with End-of-RIB only for a peer that knows graceful restart.
    plain = Scenario(lab, module=False, acme={"graceful_restart": True})
    plain.start(plain.config())
    plain.acme.wait_established()
    plain.wait_open()
    plain.settle()
    plain.wait_open()
    said = plain.capture.read()
    for family in FAMILIES:
        edge, acme = plain.edge_address(family), plain.acme_address(family)
        assert said.announced(acme) == set(plain.acme_routes[family])
        # bgpd may offer acme what came from acme, which acme does not take.
        assert said.announced(edge) - set(plain.acme_routes[family]) == plain.to_acme(family)
        assert plain.acme.received(f"edge_{family}") == plain.to_acme(family)
        assert said.routes(edge, family, "end-of-rib")
        assert plain.acme.updates_received(f"edge_{family}") >= len(plain.to_acme(family))
        assert plain.witness_has_of_acme(family) == set(plain.acme_routes[family])
    with pytest.raises(AssertionError):
        plain.expect_nothing_passed()


def test_without_the_module_an_originated_default_passes_a_denying_route_map(plain):
    """What the gate is up against: a route-map alone is not DENY ALL."""
    plain.start(plain.config(
        top=["route-map ACME-OUT deny 5", "exit"],
        ipv4=[f"neighbor {plain.acme_address('ipv4')} default-originate"],
        ipv6=[f"neighbor {plain.acme_address('ipv6')} default-originate"]))
    plain.acme.wait_established()
    for family in FAMILIES:
        plain.acme.wait_received(f"edge_{family}", {DEFAULT[family]})
        assert plain.capture.read().held(plain.edge_address(family)) == {DEFAULT[family]}


@pytest.mark.parametrize("daemon", FAR_SIDES)
def test_without_the_module_every_far_side_of_the_leak_matrix_sees_what_passes(lab, daemon):
    rows = [row for row in ROWS if row.name in ("plain", "default-originate", "default-in")]
    matrix = Matrix(lab, FAR_SIDES[daemon], rows, module=False)
    matrix.start()
    matrix.wait_passed("start", [row.name for row in rows])
    assert all(matrix.leaks(row.name, "start", family) for row in rows for family in FAMILIES)
    # So is the end of it.
    for family in FAMILIES:
        matrix.edge.configure(f"router bgp {EDGE_AS}", f"no neighbor {matrix.places['plain'].far[family]}")
    until("nothing left of a session that has ended", lambda: [
        facts.table for (name, _), facts in matrix.now().items() if name == "plain"], lambda seen: not any(seen))


def test_a_capture_follows_thousands_of_routes_in_and_out(plain):
    many = {family: prefixes(family, 3000) for family in FAMILIES}
    plain.acme.announced = dict(many)
    plain.start(plain.config())
    plain.acme.wait_established()
    plain.wait_open()
    for family in FAMILIES:
        acme = plain.acme_address(family)
        assert plain.capture.read().held(acme) == set(many[family])
        plain.acme.withdraw(family, many[family][:1000])
        plain.acme.announce(family, [DEFAULT[family]])
        until("the default route at the witness", lambda: plain.witness.received(f"edge_{family}"),
              lambda seen: DEFAULT[family] in seen)
        left = {DEFAULT[family], *many[family][1000:]}
        until("the withdrawals in the capture", lambda: plain.capture.read().held(acme), lambda seen: seen == left)
        assert len(plain.capture.read().routes(acme, family, "withdraw")) == 1000


@pytest.mark.parametrize("passive", [False, True])
def test_a_capture_tells_who_opened_the_session(lab, passive):
    plain = Scenario(lab, module=False, acme={"passive": passive})

    def acme_neighbor(family):
        extra = [] if passive else [f"neighbor {plain.acme_address(family)} passive"]
        return plain.acme_neighbor(family) + extra

    plain.start(plain.config(acme_neighbor=acme_neighbor))
    plain.acme.wait_established()
    said = plain.capture.read()
    for family in FAMILIES:
        opener = plain.edge_address(family) if passive else plain.acme_address(family)
        assert [session.opener[0] for session in said.sessions(opener)] == [opener]
    assert {bgp.open_asn(message.body) for message in said.messages(type=bgp.OPEN)} == {64500, 64510}


def test_a_new_session_begins_with_nothing_and_shows_in_the_capture(plain):
    plain.start(plain.config())
    plain.acme.wait_established()
    plain.wait_open()
    edge = plain.edge_address("ipv4")
    first, = plain.capture.read().sessions(edge)
    assert not first.closed
    plain.acme.restart_session("edge_ipv4")
    until("a second session", lambda: len(plain.capture.read().sessions(edge)), lambda count: count == 2)
    plain.acme.wait_established()
    plain.wait_open()
    after = plain.capture.read()
    assert [session.closed for session in after.sessions(edge)] == [True, False]
    assert (6, 4) in after.notifications(plain.acme_address("ipv4"))
    assert after.held(edge) - set(plain.acme_routes["ipv4"]) == plain.to_acme("ipv4")
    assert OWN["ipv4"] in after.announced(edge, after=after.sessions(edge)[1].opened_at)


def test_bgpd_dies_and_starts_again_as_debian_starts_it(plain):
    plain.start(plain.config())
    plain.wait_open()
    first = plain.edge.bgpd.pid
    plain.edge.kill_bgpd()
    until("acme without the edge's routes", lambda: plain.acme.received("edge_ipv4"), lambda seen: seen == set())
    plain.edge.start_bgpd()
    assert plain.edge.bgpd.pid != first and plain.edge.bgpd.running()
    plain.wait_open()
    plain.edge.stop_bgpd()
    until("acme without the edge's routes", lambda: plain.acme.received("edge_ipv4"), lambda seen: seen == set())
    # A clean end says goodbye: Cease, Peer De-configured.
    assert (6, 3) in plain.capture.read().notifications(plain.edge_address("ipv4"))


STALE = """
import sys, time
sys.path.insert(0, sys.argv[1])
from lab.namespaces import Lab
from lab.process import Process
from lab.wait import until
lab = Lab()
old = lab.namespace("old")
sleeper = Process(old, ["sleep", "600"], lab.directory / "sleep.log")
until("the program in its namespace", lambda: old.pids())
print(lab.name, lab.directory, sleeper.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def other_lab():
    process = subprocess.Popen([sys.executable, "-c", STALE, str(Path(__file__).parent)], text=True,
                               stdout=subprocess.PIPE)
    name, directory, sleeper = process.stdout.readline().split()
    yield process, f"{name}-old", Path(directory), int(sleeper)
    process.kill()
    process.wait()
    process.stdout.close()
    namespaces.sweep()


def test_a_lab_whose_process_was_killed_is_swept_away(other_lab):
    process, namespace, directory, sleeper = other_lab
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert Path("/run/netns", namespace).exists() and directory.exists() and Path(f"/proc/{sleeper}").exists()
    namespaces.sweep()
    assert not Path("/run/netns", namespace).exists()
    assert not directory.exists()
    until("the end of what ran there", lambda: not Path(f"/proc/{sleeper}").exists())


def test_a_lab_of_another_process_is_left_alone(other_lab):
    process, namespace, directory, sleeper = other_lab
    namespaces.sweep(kept=True)
    assert process.poll() is None
    assert Path("/run/netns", namespace).exists() and directory.exists() and Path(f"/proc/{sleeper}").exists()


ENDING = """
import sys
sys.path.insert(0, sys.argv[1])
import walk
from lab import namespaces
from lab.process import Process
from lab.wait import until
class Tiny:
    def __init__(self, lab):
        self.lab = lab
        for number in range(3):
            namespace = lab.namespace(f"n{number}")
            Process(namespace, ["sleep", "600"], lab.directory / f"sleep{number}.log")
            until("the program in its namespace", namespace.pids)
        print(lab.name, lab.directory, flush=True)
    def step(self):
        pass
    start = request = bring_up = gated = validated = activated = deprovisioned = step
walk.Walk = Tiny
walk.sweep = lambda **_: None
end = namespaces._end
def tell(name, directory):
    print("ending", flush=True)
    end(name, directory)
namespaces._end = tell
sys.exit(walk.main([]))
"""


def test_ctrl_c_while_the_quick_start_cleans_up_leaves_nothing():
    process = subprocess.Popen([sys.executable, "-c", ENDING, str(Path(__file__).parent)], text=True,
                               start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if line == "ending\n":
                for _ in range(5):
                    # As a terminal does: to everything that was started there.
                    os.killpg(process.pid, signal.SIGINT)
                    time.sleep(0.05)
        process.wait(20)
        name, directory = said[0].split()
        assert not list(Path("/run/netns").glob(f"{name}-*")), "".join(said)
        assert not Path(directory).exists(), "".join(said)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        namespaces.sweep()


def test_waiting_says_what_was_seen_last():
    begun = time.monotonic()
    with pytest.raises(AssertionError, match="(?s)a seven: not seen within 0 s.*42"):
        until("a seven", lambda: 42, lambda seen: seen == 7, timeout=0.2)
    assert time.monotonic() - begun < 30


def test_an_assertion_is_final_and_what_was_cut_off_is_gone_through_once_more(tmp_path):
    said = {"test_saw[it]": '<failure message="AssertionError: assert not {\'192.0.2.0/24\'}">…</failure>',
            "test_compared": '<failure message="assert 1 == 2">…</failure>',
            "test_expected": '<failure message="Failed: DID NOT RAISE">…</failure>',
            "test_saw_and_broke": '<failure message="assert 1 == 2">…</failure>'
                                  '<error message="failed on teardown with &quot;TimeoutError: x&quot;">…</error>',
            "test_skipped": '<skipped message="no device">…</skipped>',
            "test_good": "",
            "test_waited[a b]@one-lab": '<failure message="lab.wait.NotSeen: up: not seen within 120 s.">…</failure>',
            "test_cut": '<failure message="ssl.SSLEOFError: EOF occurred in violation of protocol">…</failure>',
            "test_set_up": '<error message="failed on setup with &quot;subprocess.TimeoutExpired: x&quot;">…</error>'}
    report = tmp_path / "report.xml"
    report.write_text("<testsuites><testsuite>" + "".join(
        f'<testcase classname="test_some" name="{name}">{what}</testcase>' for name, what in said.items())
        + "</testsuite></testsuites>")
    named = subprocess.run([SOURCE / "tests" / "unsettled", report], capture_output=True, text=True, check=True).stdout
    assert named.split("\n") == ["test_some.py::test_waited[a b]", "test_some.py::test_cut", "test_some.py::test_set_up", ""]
