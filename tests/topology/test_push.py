# SPDX-License-Identifier: GPL-2.0-or-later
"""What a router does with pushes, those too that no peering-controller would send: all of one or nothing of it, nothing
that its own lifecycle would refuse, and no answer before the disk has it."""
import contextlib
import copy
import json
import re
import shutil
import subprocess
import time

import pytest

from lab.bird import Session
from lab.controller import ROUTER, Controller
from lab.scenario import ACME_AS, EDGE_AS, FAMILIES, NAME, Scenario
from lab.vty import Vty
from lab.wait import until
from scripted_controller import ScriptedController, declare, verb
from wire import Closed, frame


@pytest.fixture
def scenario(lab):
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    return s


def nobody(_family):
    return []


@pytest.fixture
def pushed(scenario):
    """A router under default-deny that knows nothing of acme, and a controller in the test's hand."""
    s = scenario
    s.script = ScriptedController(s.controller)
    witness = [f"peering WITNESS neighbor {s.witness_link.far_address(family)}" for family in FAMILIES]
    s.start(s.config(bgp=[*s.controller.router_lines(), *witness, "peering WITNESS adopted", "peering default-deny"],
                     acme_neighbor=nobody, acme_family=nobody, top=["route-map OTHER permit 10", "exit"]))
    s.script.accept()
    yield s
    s.script.close()


def addresses(s):
    return [s.acme_address(family) for family in FAMILIES]


def seen(s):
    """Name, state and addresses of every connection, and the AS number of every neighbor."""
    connections = {entry["name"]: (entry["connectionState"], sorted({one["address"] for one in entry["sessions"]}))
                   for entry in s.edge.bgpd_json("show peering json")["connections"] if entry["name"] != "WITNESS"}
    return connections, neighbors(s)


def neighbors(s):
    return {address: entry["remoteAs"] for address, entry in s.edge.bgpd_json("show bgp neighbors json").items()
            if address not in ("vrfId", "vrfName")}


def expect_refused(s, result, *codes):
    """Each operation has its code; whatever they are, nothing is applied."""
    assert not result.applied
    assert [one.code for one in result.results] == list(codes), result
    assert all(one.ok == (one.code == "") and bool(one.message) == (one.code != "") for one in result.results)


def discover(s):
    """Acme's IPv4 neighbor, typed and not declared, as default-deny finds it. Returns the name of its connection."""
    v4 = s.acme_address("ipv4")
    s.edge.configure_bgp(*s.acme_neighbor("ipv4"), "address-family ipv4 unicast", f"neighbor {v4} activate")
    until("the undeclared connection", lambda: seen(s)[0], lambda found: found.get(v4) == ("PendingApproval", [v4]))
    return v4


def journal(s):
    return s.edge.state / "journal.jsonl"


def validate_pushed(s, *declared):
    result = s.script.push("up", *declared, verb(NAME, "approve"), verb(NAME, "ready"))
    assert result.applied, result
    s.acme.wait_established("edge_ipv4")
    s.wait_passed()


# ---- All or nothing

def test_a_push_is_judged_as_a_whole(pushed):
    """Each is good but for what one before it makes of the router."""
    s = pushed
    v4, v6 = addresses(s)
    before = seen(s)
    for operations, codes in {
        "neighbor of two connections": (
            [declare("A", ACME_AS, [v4]), declare("B", ACME_AS, [v4])], ("", "neighbor-taken")),
        "neighbor of one, twice": ([declare("A", ACME_AS, [v6, "2001:DB8:1:0::2"])], ("bad-address",)),
        "verb before its state": ([declare("A", ACME_AS, [v4]), verb("A", "ready")], ("", "not-allowed")),
        "verb twice": ([declare("A", ACME_AS, [v4]), verb("A", "withdraw"), verb("A", "approve")],
                       ("", "", "not-allowed")),
        "what is not there": ([declare("A", ACME_AS, [v4]), verb("B", "approve")], ("", "no-such-connection")),
        "family twice": ([declare("A", ACME_AS, [v4, v6]) | {}, declare("B", ACME_AS, ["203.0.113.77"])],
                         ("bad-family", "")),
        "no family": ([declare("A", ACME_AS, ["203.0.113.77"]), declare("B", ACME_AS, [v4])], ("", "bad-family")),
        "policy": ([declare("A", ACME_AS, [v4], import_policy="NOT-THERE")], ("unknown-policy",)),
        "text": ([declare("A", ACME_AS, [v4], description="a\x9bb")], ("bad-description",)),
    }.values():
        operations = copy.deepcopy(operations)
        if codes == ("bad-family", ""):
            operations[0]["declare"]["neighbors"][0]["families"] *= 3
        if codes == ("", "bad-family"):
            operations[1]["declare"]["neighbors"][0]["families"][0]["afi"] = "ipx"
        expect_refused(s, s.script.push(f"id-{time.monotonic_ns()}", *operations), *codes)
    assert seen(s) == before
    result = s.script.push("good", declare("A", ACME_AS, [v4]), declare("B", ACME_AS, [v6]), verb("A", "approve"))
    assert result.applied and [one.message for one in result.results][2] == "A: ProvisioningStarted"
    assert seen(s)[0] == {"A": ("ProvisioningStarted", [v4]), "B": ("PendingApproval", [v6])}


def test_what_the_router_would_refuse_is_refused_before_anything_is_done(scenario):
    """A connection of the router's own without a neighbor, at the end of a push and by peerctl."""
    s = scenario
    s.script = ScriptedController(s.controller)
    s.start(s.config(bgp=[*s.controller.router_lines(), "peering EMPTY kind direct"], acme_neighbor=nobody,
                     acme_family=nobody))
    s.script.accept()
    assert s.script.push("1", verb("EMPTY", "approve")).applied
    before = seen(s)
    expect_refused(s, s.script.push("2", declare("A", ACME_AS, [s.acme_address("ipv4")]), verb("EMPTY", "ready")),
                   "", "no-neighbor")
    assert seen(s) == before
    s.script.close()
    s.controller.start()
    s.controller.wait_connected()
    until("EMPTY at the controller", lambda: s.controller.show("EMPTY"))
    ended = s.controller.try_peerctl("ready", ROUTER, "EMPTY")
    assert ended.returncode == 1 and "no neighbor" in ended.stdout, ended.stdout
    assert seen(s) == before


def test_nothing_follows_an_activation_in_its_own_push(pushed):
    s = pushed
    v4, v6 = addresses(s)
    validate_pushed(s, declare(NAME, ACME_AS, [v4]))
    expect_refused(s, s.script.push("1", verb(NAME, "activate"), declare(NAME, ACME_AS, [v4, v6])), "", "pending")
    expect_refused(s, s.script.push("2", verb(NAME, "activate"), verb(NAME, "deprovision")), "", "pending")
    # What passed was not what is declared now.
    expect_refused(s, s.script.push("3", declare(NAME, ACME_AS, [v4, v6]), verb(NAME, "activate")),
                   "", "not-validated")
    assert s.edge.connection_state(NAME) == "Validating"
    assert s.script.push("4", verb(NAME, "activate")).applied
    # It is Active when the answer is there.
    assert s.edge.connection_state(NAME) == "Active"


def test_a_declaration_that_takes_an_undeclared_connection_away(pushed):
    """The verb behind it speaks of a connection that is no longer there."""
    s = pushed
    v4 = discover(s)
    expect_refused(s, s.script.push("1", declare(NAME, ACME_AS, [v4])), "neighbor-exists")
    s.edge.configure_bgp(f"no neighbor {v4}")
    expect_refused(s, s.script.push("2", declare(NAME, ACME_AS, [v4]), verb(v4, "withdraw")),
                   "", "no-such-connection")
    assert s.edge.connection_state(v4) == "PendingApproval"
    # Approved it is like any other, and keeps its session.
    expect_refused(s, s.script.push("3", verb(v4, "approve"), declare(NAME, ACME_AS, [v4])), "", "neighbor-taken")
    assert s.script.push("4", declare(NAME, ACME_AS, [v4])).applied
    assert seen(s)[0] == {NAME: ("PendingApproval", [v4])}
    # The controller hears that it is gone.
    s.script.expect("snapshot", holds=lambda snapshot: snapshot.full
                    and [one.name for one in snapshot.connections] == [NAME, "WITNESS"])


def test_an_undeclared_connection_with_a_session_more_survives_the_loss_of_one(pushed):
    s = pushed
    v4, v6 = discover(s), s.acme_address("ipv6")
    s.edge.configure_bgp(f"peering {v4} neighbor {v6}", f"no neighbor {v4}", f"peering {NAME} neighbor {v4}")
    assert seen(s)[0] == {NAME: ("PendingApproval", [v4]), v4: ("PendingApproval", [v6])}


@pytest.mark.parametrize("which", ["adopt", "cancel", "reject", "activate force", "type-change", "provision", "established"])
def test_a_controller_cannot_give_every_verb(pushed, which):
    s = pushed
    v4 = discover(s)
    result = s.script.push("1", verb(v4, which))
    expect_refused(s, result, "unknown-verb")
    result = s.script.push("2", verb(v4, "ready"))
    expect_refused(s, result, "not-allowed")
    assert list(result.results[0].allowed) == ["approve", "withdraw", "force-cancel"]
    s.settle()
    s.expect_nothing_passed()
    assert s.edge.connection_state(v4) == "PendingApproval"


def test_a_controller_blocks_and_gives_up_with_a_reason(pushed):
    s = pushed
    v4 = discover(s)
    assert s.script.push("1", verb(v4, "approve")).applied
    s.edge.wait_state(v4, "Validating")
    for number, which in enumerate(("block", "force-cancel")):
        expect_refused(s, s.script.push(f"2-{number}", verb(v4, which)), "bad-reason")
    result = s.script.push("3", verb(v4, "delete"))
    expect_refused(s, result, "not-deletable")
    assert list(result.results[0].allowed) == ["activate", "block", "force-cancel"]
    assert s.script.push("4", verb(v4, "block", "no cross-connect")).applied
    blocked = s.edge.connection(v4)
    assert blocked["connectionState"] == "ExternalBlocker" and "no cross-connect" in blocked["waitsFor"]
    assert s.script.push("5", verb(v4, "unblock"), verb(v4, "block", "again"), verb(v4, "unblock")).applied
    s.edge.wait_state(v4, "Validating")
    s.settle()
    s.expect_nothing_passed()
    assert s.script.push("6", verb(v4, "force-cancel", "given up")).applied
    assert s.edge.connection_state(v4) == "None"
    until("closed at acme", lambda: s.acme.bgp_state("edge_ipv4"), lambda seen: seen != "Established")


def test_an_oversized_push_is_answered_once_and_not_kept(pushed):
    """A hundred thousand operations of two bytes each: one answer, and no memory for them."""
    s = pushed

    def memory():
        with open(f"/proc/{s.edge.bgpd.pid}/status") as status:
            return int(next(line for line in status if line.startswith("VmRSS")).split()[1])

    def varint(number):
        return bytes([number & 0x7f | 0x80]) + varint(number >> 7) if number > 0x7f else bytes([number])

    before = memory()
    for number in range(40):
        identity = f"oversized-{number:02d}"
        body = b"\x0a\x0c" + identity.encode() + b"\x1a\x00" * 100000
        s.script.send_bytes(frame(b"\x32" + varint(len(body)) + body))
        result = s.script.result(identity)
        assert not result.applied and [one.code for one in result.results] == ["too-many"]
    assert memory() - before < 60 * 1024, "KiB"
    for identity in ("", "x" * 128, "x" * 500000):
        s.script.send(push=dict(id=identity, operations=[declare("A", ACME_AS, ["203.0.113.77"])]))
        result = s.script.result(identity[:127])
        assert not result.applied and [one.code for one in result.results] == ["bad-id"]
    assert seen(s)[0] == {}
    # As many as there may be, each with its long sentence, fit an answer.
    result = s.script.push("most", *[verb("N" * 63, "approve", "r" * 800)] * 1024)
    assert {one.code for one in result.results} == {"no-such-connection"} and len(result.results) == 1024
    assert s.script.push("most").results[1023].code == "no-such-connection"


def test_a_push_that_is_repeated_is_answered_as_it_was(pushed):
    s = pushed
    one = declare(NAME, ACME_AS, [s.acme_address("ipv4")])
    first = s.script.push("1", one, verb(NAME, "approve"))
    history = s.edge.history(NAME)
    assert first.applied and s.script.push("1", one, verb(NAME, "approve")) == first
    s.script.hang_up()
    s.script.accept(acked=2)
    assert s.script.push("1", one, verb(NAME, "approve")) == first
    assert s.edge.history(NAME) == history


def test_one_neighbor_with_both_families(pushed):
    s = pushed
    v4 = s.acme_address("ipv4")
    s.acme.sessions = [Session("edge_ipv4", v4, s.edge_address("ipv4"), families=FAMILIES)]
    s.acme.reconfigure()
    one = declare(NAME, ACME_AS, [v4])
    one["declare"]["neighbors"][0]["families"].append(dict(
        afi="ipv6", received_limit=50, import_policy="ACME-IN", export_policy="OTHER"))
    validate_pushed(s, one)
    s.settle()
    assert s.acme.received("edge_ipv4") == set() and not any(s.witness_has_of_acme(family) for family in FAMILIES)
    assert s.script.push("on", verb(NAME, "activate")).applied
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4") | s.to_acme("ipv6"))
    for family in FAMILIES:
        until(f"acme's {family} routes at the witness", lambda: s.witness.received(f"edge_{family}"),
              lambda seen: set(s.acme.announced[family]) <= seen)


# ---- Declared anew

@pytest.mark.versions
def test_what_is_declared_anew_replaces_what_was_declared(pushed):
    s = pushed
    v4, v6 = addresses(s)
    assert s.script.push("1", declare("C", 64999, [v6, "203.0.113.77"], limit=5, description="wrong")).applied
    assert seen(s)[1][v6] == 64999
    first = declare("C", ACME_AS, [v4], limit=0, export_policy="OTHER")
    assert s.script.push("2", first).applied
    connections, peers = seen(s)
    assert connections == {"C": ("PendingApproval", [v4])}
    assert peers == {v4: ACME_AS, **{address: asn for address, asn in peers.items() if address != v4}}
    assert v6 not in peers and "203.0.113.77" not in peers
    assert f"neighbor {v4} remote-as {ACME_AS}" in s.edge.running_config()
    # The same neighbor with another AS number, policies, no limit and no words; then it works.
    assert s.script.push("3", declare("C", 64999, [v4], limit=7, description="words")).applied
    config = s.edge.running_config()
    assert f"neighbor {v4} maximum-prefix 7" in config and f"neighbor {v4} description words" in config
    assert "peering C received-limit ipv4 7" in config
    assert s.script.push("4", first).applied
    config = s.edge.running_config()
    assert "maximum-prefix" not in config and "description" not in config and "received-limit" not in config
    assert seen(s)[1][v4] == ACME_AS
    assert f"peering gated neighbor {v4} ipv4 unicast route-map OTHER out" in config
    s.restart_bgpd()
    s.script.accept()
    assert seen(s)[0] == connections and seen(s)[1][v4] == ACME_AS
    with_limit = declare("C", ACME_AS, [v4])
    assert s.script.push("5", with_limit, verb("C", "approve"), verb("C", "ready")).applied
    s.acme.wait_established("edge_ipv4")
    until("validated", lambda: s.edge.connection("C"),
          lambda entry: entry["connectionState"] == "Validating" and not entry["blocking"])
    # A neighbor of its own in exchange for one that is up: the validation begins again with it.
    assert s.script.push("6", declare("C", ACME_AS, [v6]), timeout=30).applied
    s.acme.wait_established("edge_ipv6")
    s.edge.wait_state("C", "Validating")
    assert sorted(seen(s)[0]["C"][1]) == [v6] and v4 not in seen(s)[1]
    s.settle()
    s.expect_nothing_passed()
    assert s.script.push("7", declare("C", ACME_AS, [v4])).applied is True
    expect_refused(s, s.script.push("8", declare("D", ACME_AS, [v4])), "neighbor-taken")
    # What one gives up another can have in the same push.
    assert s.script.push("9", declare("C", ACME_AS, [v6]), declare("D", ACME_AS, [v4])).applied
    assert {name: entry[1] for name, entry in seen(s)[0].items()} == {"C": [v6], "D": [v4]}


@pytest.mark.versions
def test_what_a_push_left_out_does_not_come_back_from_a_saved_file(pushed):
    """Neither in its connection nor beside it, where it would be open but for default-deny; nor does it close what a person
    types anew, or another push declares."""
    s = pushed
    v4, v6 = addresses(s)
    other = "203.0.113.77"
    s.edge.configure_bgp("no peering default-deny")
    assert s.script.push("1", declare("C", ACME_AS, [v4, v6, other])).applied
    s.edge.vtysh("write memory")
    saved = (s.edge.etc / "frr.conf").read_text()
    assert all(f"peering C neighbor {one}" in saved and f"neighbor {one} remote-as" in saved for one in (v4, v6, other))
    assert s.script.push("2", declare("C", ACME_AS, [other]), verb("C", "approve"), verb("C", "ready")).applied
    s.restart_bgpd(saved=True)
    s.script.accept()
    assert seen(s) == ({"C": ("ProvisioningCompleted", [other])}, {
        address: asn for address, asn in neighbors(s).items() if address not in (v4, v6)})
    assert len(s.edge.log_lines("has removed the neighbor")) == 2
    s.settle()
    s.expect_nothing_passed()
    # Typed anew and saved, and declared by another push: those stay.
    s.edge.configure_bgp(f"neighbor {v4} remote-as {ACME_AS}", "no bgp ebgp-requires-policy",
                         "address-family ipv4 unicast", f"neighbor {v4} activate")
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    s.edge.vtysh("write memory")
    assert s.script.push("3", declare("D", ACME_AS, [v6])).applied
    s.restart_bgpd(saved=True)
    s.script.accept()
    assert seen(s)[0] == {"C": ("ProvisioningCompleted", [other]), "D": ("PendingApproval", [v6])}
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    assert v6 in neighbors(s)


def test_an_operators_neighbors_are_never_the_pushs(pushed):
    """One that he has added to the connection, and one that he has made anew in the place of the pushed one."""
    s = pushed
    v4, v6 = addresses(s)
    own = "203.0.113.88"
    assert s.script.push("1", declare(NAME, ACME_AS, [v4, v6])).applied
    s.edge.configure_bgp(f"neighbor {own} remote-as {ACME_AS}", f"peering {NAME} neighbor {own}",
                         f"no neighbor {v6}", f"neighbor {v6} remote-as {ACME_AS}", f"neighbor {v6} description mine")
    expect_refused(s, s.script.push("2", declare(NAME, ACME_AS, [v4, own])), "neighbor-exists")
    expect_refused(s, s.script.push("3", declare(NAME, ACME_AS, [v4])), "neighbor-exists")
    s.edge.kill_bgpd()
    s.edge.start_bgpd()
    s.script.accept()
    # The file does not have his. What he has removed is not made again; he does it again.
    assert v4 in neighbors(s) and v6 not in neighbors(s)
    s.edge.configure_bgp(f"neighbor {own} remote-as {ACME_AS}",
                         f"neighbor {v6} remote-as {ACME_AS}", f"neighbor {v6} description mine")
    s.edge.vtysh("write memory")
    s.edge.kill_bgpd()
    s.edge.start_bgpd()
    s.script.accept()
    expect_refused(s, s.script.push("4", declare(NAME, ACME_AS, [v4])), "neighbor-exists")
    assert f"neighbor {v6} description mine" in s.edge.running_config()
    s.edge.configure_bgp(f"no neighbor {v6}")
    assert s.script.push("5", declare(NAME, ACME_AS, [v4])).applied
    assert seen(s)[0] == {NAME: ("PendingApproval", sorted([v4, own]))}
    assert own in seen(s)[1] and v6 not in seen(s)[1]
    # And when the connection ends, his stays, shut and gated.
    assert s.script.push("6", verb(NAME, "withdraw")).applied
    until("the pushed neighbor gone", lambda: neighbors(s), lambda peers: v4 not in peers)
    assert own in neighbors(s) and s.edge.bgp_neighbor(own)["adminShutDown"]


def test_a_connection_has_so_many_neighbors_and_no_more(pushed):
    s = pushed
    many = [f"203.0.113.{number}" for number in range(100, 164)]
    own = ["198.18.0.1", "198.18.0.2"]
    assert s.script.push("1", declare(NAME, ACME_AS, many[:2])).applied
    s.edge.configure_bgp(*(f"peering {NAME} neighbor {address}" for address in own))
    expect_refused(s, s.script.push("2", declare(NAME, ACME_AS, many[:63])), "too-many")
    expect_refused(s, s.script.push("3", declare(NAME, ACME_AS, [*many, "198.18.0.3"])), "no-neighbor")
    assert len(seen(s)[0][NAME][1]) == 4
    assert s.script.push("4", declare(NAME, ACME_AS, many[:62])).applied
    assert len(seen(s)[0][NAME][1]) == 64
    s.edge.kill_bgpd()
    s.edge.start_bgpd()
    assert len(seen(s)[0][NAME][1]) == 64


# ---- Texts

def test_long_words_are_cut_between_characters(pushed):
    s = pushed
    validate_pushed(s, declare(NAME, ACME_AS, [s.acme_address("ipv4")], description="é" * 40))
    s.script.send(push=dict(id="1", actor="ü" * 200, operations=[verb(NAME, "activate", "é" * 100)]))
    assert s.script.result("1").applied
    raw = subprocess.run(s.edge.namespace.command(s.edge.vtysh_command("-c", f"show peering {NAME} json")),
                         capture_output=True, env=s.edge.vtysh_environment(), check=True).stdout
    newest = max(json.loads(raw.decode())["connections"][0]["history"], key=lambda entry: entry["id"])
    assert newest["message"] == "é" * 79 and newest["actor"] == "controller:" + "ü" * 58
    journal(s).read_bytes().decode()
    expect_refused(s, s.script.push("2", verb(NAME, "deprovision", "a\x9bb")), "bad-reason")
    # Python's protobuf refuses to read what is no UTF-8: a cut address in a sentence would break the whole answer.
    expect_refused(s, s.script.push("3", declare("A", ACME_AS, ["a" + "é" * 100])), "bad-address")


# ---- The disk

@pytest.fixture
def small_disk(scenario):
    """The edge's journal on a disk of its own that a test can fill: returns a context manager that does so."""
    tmpfs = scenario.lab.folder("disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmpfs], check=True)
    for name in ("upper", "work", "lower"):
        (tmpfs / name).mkdir()
    # The module looks at the sort of the file system, and would refuse a tmpfs.
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", f"lowerdir={tmpfs}/lower,upperdir={tmpfs}/upper,"
                    f"workdir={tmpfs}/work", scenario.edge.state], check=True)
    shutil.chown(scenario.edge.state, "frr", "frr")

    @contextlib.contextmanager
    def full():
        filler = tmpfs / "filler"
        with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        yield
        filler.unlink()

    yield full
    for mounted in (scenario.edge.state, tmpfs):
        subprocess.run(["umount", "-l", mounted], check=True)


def test_a_push_is_answered_when_the_disk_has_it(small_disk, pushed):
    s = pushed
    v4, v6 = addresses(s)
    before = journal(s).read_bytes()
    with small_disk():
        # What tightens happens at once; and nothing of it is said.
        # More of it than fits the last page of the journal, which the disk has already.
        s.script.send(push=dict(id="1", operations=[
            declare(NAME, ACME_AS, [v4]),
            *(declare(f"C{number}", ACME_AS, [f"203.0.113.{number}"]) for number in range(1, 60))]))
        until(f"{NAME} at the router", lambda: NAME in s.edge.vtysh("show peering all"))
        assert s.edge.connection_state(NAME) == "PendingApproval"
        with pytest.raises(TimeoutError):
            s.script.result("1", timeout=3)
        until("the router's word", lambda: s.edge.vtysh("show peering"), lambda text: "cannot be written" in text)
        # It is not begun a second time for being asked again, and others are refused as long as that is so.
        s.script.send(push=dict(id="1", operations=[declare(NAME, ACME_AS, [v4])]))
        expect_refused(s, s.script.push("2", declare("D", ACME_AS, [v6])), "journal")
        expect_refused(s, s.script.push("3", verb(NAME, "approve")), "journal")
        assert "D" not in seen(s)[0]
        assert not journal(s).read_bytes().count(b'"C59"')
    result = s.script.result("1", timeout=30)
    assert result.applied and len(result.results) == 60
    assert journal(s).read_bytes().startswith(before) and b'"C59"' in journal(s).read_bytes()
    assert s.script.push("4", verb(NAME, "approve")).applied


def fill_last_page(s):
    """Lines until the next one does not fit the page of the journal that the disk has already."""
    for number in range(200):
        size = journal(s).stat().st_size
        if 0 < -size % 4096 < 250:
            return
        assert s.script.push(f"pad-{number}", declare(f"PAD{number}", ACME_AS, [f"198.18.0.{number + 1}"])).applied
    raise AssertionError(f"the journal's size is never near a page's end: {size}")


def test_after_an_activation_that_failed_the_disk_is_tried_again(small_disk, pushed):
    """Nothing else waits to be written that could show that it works again."""
    s = pushed
    validate_pushed(s, declare(NAME, ACME_AS, [s.acme_address("ipv4")]))
    fill_last_page(s)
    with small_disk():
        expect_refused(s, s.script.push("1", verb(NAME, "activate")), "journal")
        assert s.edge.connection_state(NAME) == "Validating"
    until("the journal works again", lambda: s.edge.vtysh("show peering"), lambda text: "cannot be written" not in text)
    assert s.script.push("2", verb(NAME, "activate")).applied
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))


def test_an_activation_that_cannot_be_journalled_is_refused(pushed):
    s = pushed
    validate_pushed(s, declare(NAME, ACME_AS, [s.acme_address("ipv4")]))
    journal(s).unlink()
    result = s.script.push("1", verb(NAME, "activate"))
    expect_refused(s, result, "journal")
    assert "cannot be written" in result.results[0].message
    assert s.edge.connection_state(NAME) == "Validating"
    expect_refused(s, s.script.push("2", verb(NAME, "activate")), "journal")
    s.settle()
    s.expect_nothing_passed()


def test_closing_waits_for_no_disk(pushed):
    s = pushed
    validate_pushed(s, declare(NAME, ACME_AS, [s.acme_address("ipv4")]))
    assert s.script.push("1", verb(NAME, "activate")).applied
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    journal(s).unlink()
    s.edge.configure_bgp("peering SOMETHING kind direct")
    until("the journal's trouble", lambda: s.edge.vtysh("show peering"), lambda text: "cannot be written" in text)
    # Done, and not answered: it may not outlast a restart.
    s.script.send(push=dict(id="2", operations=[verb(NAME, "deprovision")]))
    s.edge.wait_state(NAME, "None")
    s.acme.wait_received("edge_ipv4", set())
    with pytest.raises(TimeoutError):
        s.script.result("2", timeout=2)


def test_a_request_that_was_lost_with_the_disk_is_made_again(scenario):
    """The real controller: what was not answered goes out again, and nothing that was answered is lost."""
    s = scenario
    s.controller.start()
    s.start(s.config(bgp=[*s.controller.router_lines(), "peering default-deny"], acme_neighbor=nobody,
                     acme_family=nobody))
    s.controller.wait_connected()
    journal(s).unlink()
    s.controller.peerctl("request", ROUTER, "LOST", "--asn", str(ACME_AS), "--neighbor", s.acme_address("ipv4"))
    assert s.controller.show("LOST")["desired"]["pushState"] == "queued"
    s.edge.kill_bgpd()
    s.edge.start_bgpd()
    until("the request applied", lambda: s.controller.show("LOST"),
          lambda entry: entry["desired"]["pushState"] == "applied" and entry["connectionState"] == "PendingApproval")
    s.edge.wait_state("LOST", "PendingApproval")
    s.edge.kill_bgpd()
    s.edge.start_bgpd()
    s.edge.wait_state("LOST", "PendingApproval")


# ---- Files

def test_a_push_waits_for_the_end_of_a_file_that_is_being_read(pushed):
    """Its policy stands further down in the file."""
    s = pushed
    v4 = s.acme_address("ipv4")
    with Vty(s.edge.run_folder / "bgpd.vty") as vty:
        for line in ("configure terminal", "XFRR_start_configuration"):
            vty.command(line)
        s.script.send(push=dict(id="1", operations=[declare(NAME, ACME_AS, [v4], import_policy="LATER")]))
        with pytest.raises(TimeoutError):
            s.script.result("1", timeout=2)
        assert seen(s)[0] == {}
        for line in ("route-map LATER permit 10", "exit", "XFRR_end_configuration"):
            vty.command(line)
    assert s.script.result("1").applied
    assert seen(s)[0] == {NAME: ("PendingApproval", [v4])}


# ---- Drift

def drift(s):
    return [(one["severity"], one["figures"], one["reason"], one["next"])
            for one in s.edge.connection(NAME)["degraded"] if one["cause"] == "drift"]


def wait_drift(s, figures, words):
    return until(f"drift: {words}", lambda: drift(s),
                 lambda found: [(figures, words in reason) for _, figures, reason, _ in found] == [(figures, True)])


def activate_pushed(s, declared):
    v4, v6 = addresses(s)
    assert s.script.push("up", declared, verb(NAME, "approve"), verb(NAME, "ready")).applied
    s.acme.wait_established()
    s.wait_passed()
    assert s.script.push("on", verb(NAME, "activate")).applied
    s.wait_open()
    s.settle()


def test_a_pushed_neighbor_that_is_removed_by_hand_is_told_and_not_fought(pushed):
    s = pushed
    v4, v6 = addresses(s)
    declared = declare(NAME, ACME_AS, [v4, v6])
    activate_pushed(s, declared)
    assert drift(s) == []
    s.edge.configure_bgp(f"no neighbor {v6}")
    severity, _, _, what = wait_drift(s, "1 difference", f"{v6} was pushed and is no neighbor any more")[0]
    assert (severity, what) == ("warning", f"clear peering drift {NAME}")
    s.script.expect("snapshot", holds=lambda snapshot: any(
        one.cause == "drift" and v6 in one.reason for connection in snapshot.connections for one in connection.degraded))
    # Neither the end of a file nor a restart brings it back.
    file = s.edge.etc / "more.conf"
    file.write_text("ip prefix-list UNRELATED permit any\n")
    assert s.edge.try_vtysh("-f", str(file)).returncode == 0
    s.settle()
    assert v6 not in neighbors(s)
    s.edge.vtysh("write memory")
    s.restart_bgpd(end="stop_bgpd", saved=True)
    s.script.accept()
    s.acme.wait_established("edge_ipv4")
    wait_drift(s, "1 difference", f"{v6} was pushed and is no neighbor any more")
    assert v6 not in neighbors(s)
    # The same push once more does, and the gate is as it was recorded.
    result = s.script.push("again", declared)
    assert result.applied, result
    s.acme.wait_established()
    s.wait_open()
    until("no drift", lambda: drift(s), lambda found: found == [])
    assert s.edge.connection_state(NAME) == "Active"


def test_what_is_changed_by_hand_of_a_pushed_connection_is_told_until_it_is_as_pushed_or_accepted(pushed):
    s = pushed
    v4, v6 = addresses(s)
    declared = declare(NAME, ACME_AS, [v4, v6], on_violation=1, description="as pushed", profile="",
                       checks=[dict(name="no-bogons", level="advisory")])
    activate_pushed(s, declared)
    # What the declaration does not state is the router's own.
    s.edge.configure_bgp(f"peering {NAME} reopen-mode auto", f"peering {NAME} check rpki off")
    s.settle()
    assert drift(s) == []
    for lines, back, words in (
            ([f"peering {NAME} received-limit ipv4 50"], [f"peering {NAME} received-limit ipv4 100"],
             f"{v4}: the ipv4 received-limit is 50, pushed was 100"),
            ([f"peering {NAME} on-violation deny"], [f"no peering {NAME} on-violation"], "on-violation is deny"),
            ([f"peering {NAME} check no-bogons off"], [f"peering {NAME} check no-bogons advisory"],
             "the check no-bogons is off, pushed was advisory"),
            ([f"neighbor {v4} description mine"], [f"neighbor {v4} description as pushed"],
             f"{v4} has another description"),
            (["address-family ipv4 unicast", f"neighbor {v4} route-map OTHER in"],
             ["address-family ipv4 unicast", f"neighbor {v4} route-map ACME-IN in"],
             f"{v4}: the ipv4 import policy is OTHER, pushed was ACME-IN"),
            (["address-family ipv6 unicast", f"no neighbor {v6} route-map ACME-OUT out"],
             ["address-family ipv6 unicast", f"neighbor {v6} route-map ACME-OUT out"],
             f"{v6}: the ipv6 export policy is none, pushed was ACME-OUT")):
        s.edge.configure_bgp(*lines)
        wait_drift(s, "1 difference", words)
        s.edge.configure_bgp(*back)
        until("no drift", lambda: drift(s), lambda found: found == [])
    assert "is as it was pushed" in s.edge.refused(f"clear peering drift {NAME}")

    # What a violation does may change while it is in service, and touches no gate.
    assert not s.script.push("other", declare(NAME, ACME_AS, [v4, v6], description="other")).applied
    declared["declare"]["on_violation"] = 2
    assert s.script.push("deny", declared).applied
    assert s.edge.connection(NAME)["onViolation"] == "deny" and drift(s) == []
    s.settle()
    s.wait_open()

    # Two at a time, put back by the same push; then one that a person accepts, also for the next start.
    s.edge.configure_bgp(f"peering {NAME} received-limit ipv4 50", f"peering {NAME} check no-bogons off")
    wait_drift(s, "2 differences", "received-limit is 50")
    assert s.script.push("again", declared).applied
    until("no drift", lambda: drift(s), lambda found: found == [])
    assert f"peering {NAME} received-limit ipv4 100" in s.edge.running_config()
    s.edge.configure_bgp(f"peering {NAME} received-limit ipv4 50")
    wait_drift(s, "1 difference", "received-limit is 50")
    s.edge.vtysh(f"clear peering drift {NAME}")
    assert drift(s) == []
    s.edge.vtysh("write memory")
    s.restart_bgpd(end="stop_bgpd", saved=True)
    s.script.accept()
    s.wait_open()
    assert drift(s) == [] and f"peering {NAME} received-limit ipv4 50" in s.edge.running_config()


def test_a_session_that_is_accepted_as_the_operators_is_left_alone(pushed):
    s = pushed
    v4, v6 = addresses(s)
    activate_pushed(s, declare(NAME, ACME_AS, [v4, v6]))
    s.edge.configure_bgp(f"no peering {NAME} neighbor {v6}")
    until("drift", lambda: drift(s))
    s.edge.vtysh(f"clear peering drift {NAME}")
    file = s.edge.etc / "more.conf"
    file.write_text("ip prefix-list UNRELATED permit any\n")
    assert s.edge.try_vtysh("-f", str(file)).returncode == 0
    s.settle()
    assert v6 in neighbors(s) and drift(s) == []
    s.wait_open()


def test_a_push_leaves_what_a_bypass_holds_open(pushed):
    s = pushed
    v4, v6 = addresses(s)
    assert s.script.push("1", declare(NAME, ACME_AS, [v4, v6]), verb(NAME, "approve"), verb(NAME, "ready")).applied
    s.acme.wait_established()
    s.edge.vtysh(f"peering bypass {NAME} reason tested")
    s.wait_open()
    said = s.capture.read().end()
    expect_refused(s, s.script.push("2", declare(NAME, ACME_AS, [v4, v6], description="another")), "bypass")
    s.settle()
    s.wait_open()
    for family in FAMILIES:
        assert s.capture.read().routes(s.edge_address(family), kind="withdraw", after=said) == []


def test_checks_and_what_a_violation_does_are_pushed(pushed):
    s = pushed
    v4, v6 = addresses(s)
    good = dict(on_violation=2, reopen_mode=2, reopen_hold_down=7, checks=[dict(name="path-length", level="required"),
                                                                          dict(name="ttl-security", level="off")])
    for fields, code in ((dict(checks=[dict(name="no-such", level="off")]), "bad-check"),
                         (dict(checks=[dict(name="gate-holds", level="off")]), "bad-check"),
                         (dict(checks=[dict(name="rpki", level="sometimes")]), "bad-check"),
                         (dict(checks=[dict(name="rpki", level="off")] * 2), "bad-check"),
                         (dict(reopen_hold_down=86401), "bad-window"), (dict(profile="NONE"), "unknown-profile"),
                         (dict(profile="P" * 300), "unknown-profile")):
        expect_refused(s, s.script.push(f"id-{time.monotonic_ns()}", declare(NAME, ACME_AS, [v4], **fields)), code)
    s.edge.configure_bgp("peering profile PEERS check no-bogons required")
    assert s.script.push("1", declare(NAME, ACME_AS, [v4, v6], profile="PEERS", **good)).applied
    lines = [f"peering {NAME} {words}" for words in (
        "on-violation deny", "reopen-mode auto", "reopen-hold-down 7", "profile PEERS", "check path-length required",
        "check ttl-security off")]
    config = s.edge.running_config()
    assert all(f" {line}\n" in config for line in lines), config
    # Also after a start whose file has none of it.
    s.restart_bgpd()
    s.script.accept()
    config = s.edge.running_config()
    assert all(f" {line}\n" in config for line in lines), config
    assert s.edge.connection(NAME)["onViolation"] == "deny"
    # What is declared anew without them has none of them; words that this router does not know are none.
    assert s.script.push("2", declare(NAME, ACME_AS, [v4, v6], on_violation=9, reopen_mode=9)).applied
    config = s.edge.running_config()
    assert not any(line in config for line in lines)
    assert s.edge.connection(NAME)["onViolation"] == "report"


# ---- Slices

def test_what_is_typed_meets_no_half_of_a_push(pushed):
    """A thousand connections take many turns of bgpd's event loop; the last neighbor is typed while they are made."""
    s = pushed
    many = [f"172.16.{number >> 8}.{number & 255}" for number in range(1, 1001)]
    operations = [declare(f"C{number}", ACME_AS, [address]) for number, address in enumerate(many)]
    with Vty(s.edge.run_folder / "bgpd.vty") as vty:
        for line in ("enable", "configure terminal", f"router bgp {EDGE_AS}"):
            vty.command(line)
        for number in range(4):
            before = s.edge.bgpd_json("show peering summary json")["all"]["connections"]
            s.script.send(push=dict(id=f"many-{number}", operations=operations))
            # Sometimes before the push, sometimes in the middle of it.
            time.sleep(0.05 * number)
            vty.command(f"neighbor {many[-1]} remote-as 64999")
            result = s.script.result(f"many-{number}")
            seen_now = s.edge.bgpd_json("show peering summary json")["all"]["connections"]
            if not result.applied:
                assert [one.code for one in result.results if one.code] == ["neighbor-exists"] and seen_now == before
                assert neighbors(s)[many[-1]] == 64999
            else:
                assert seen_now == before + len(many) and not [one for one in result.results if not one.ok]
                break
            vty.command(f"no neighbor {many[-1]}")
    if not result.applied:
        assert s.script.push("at last", *operations).applied
    # None is there for half of its lines.
    config = s.edge.running_config()
    assert config.count(" received-limit ipv4 100\n") == len(many)
    assert len([line for line in config.splitlines() if re.fullmatch(r" neighbor 172\.16\.\S+ remote-as \d+", line)]) == len(many)


def test_a_push_that_goes_on_is_done_whole_at_the_end_of_bgpd(pushed):
    s = pushed
    many = [f"172.16.{number >> 8}.{number & 255}" for number in range(1, 1001)]
    s.script.send(push=dict(id="many", operations=[declare(f"C{number}", ACME_AS, [address])
                                                   for number, address in enumerate(many)]))
    until("a part of it", lambda: s.edge.bgpd_json("show peering summary json")["all"]["connections"], lambda count: count > 1)
    s.edge.stop_bgpd()
    s.edge.start_bgpd()
    s.script.accept()
    assert s.edge.bgpd_json("show peering summary json")["all"]["connections"] == len(many) + 1
