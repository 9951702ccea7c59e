# SPDX-License-Identifier: GPL-2.0-or-later
"""The property test's own parts, and that it finds a leak where there is one."""
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "topology")]

from judge import closing_seen  # noqa: E402
from model import ANYTHING, DRAIN, ENDS, GRACE, NOTHING, SLACK, Contents, Gate, Outages, Version  # noqa: E402
from shrink import shrink  # noqa: E402
from steps import step  # noqa: E402


def test_a_seed_and_an_index_give_one_step():
    first = [step("a", index) for index in range(300)]
    assert first == [step("a", index) for index in range(300)]
    assert step("a", 250) == first[250]
    assert first != [step("b", index) for index in range(300)]


def test_a_gate_opens_for_a_bypass_and_leaves_some_seconds_behind_it():
    gate = Gate()
    assert not gate.allowed(10.0) and gate.settled_closed(10.0)
    gate.bypass(20.0)
    assert not gate.allowed(19.9) and gate.allowed(20.0) and not gate.settled_closed(100.0)
    gate.no_bypass(30.0)
    assert gate.allowed(30.0 + GRACE) and not gate.allowed(30.1 + GRACE)
    assert not gate.settled_closed(30.0 + GRACE) and gate.settled_closed(30.1 + GRACE)


def test_no_bypass_leaves_an_active_gate_open():
    gate = Gate()
    for verb in ("approve", "ready", "activate"):
        assert gate.verb(verb, 10.0, 10.1)
    gate.bypass(20.0)
    gate.no_bypass(30.0)
    assert gate.allowed(100.0)


def taken(gate, *verbs):
    """Whether the lifecycle allows each, a second apart."""
    return [gate.verb(verb, 10.0 + number, 10.5 + number) for number, verb in enumerate(verbs)]


def test_an_activation_needs_what_leads_to_it():
    assert taken(Gate(), "activate") == [False]
    assert taken(Gate(), "approve", "activate") == [True, False]
    assert taken(Gate(discovered=True), "approve", "activate") == [True, True]


def test_what_has_ended_is_closed_and_begins_again_with_a_request():
    for end in ENDS:
        gate = Gate(discovered=True)
        assert all(taken(gate, "approve", "activate", end))
        assert gate.allowed(12.5 + GRACE) and not gate.allowed(12.6 + GRACE) and not gate.may_be_open
        assert taken(gate, "approve", "ready", "activate") == [True, True, False]
        assert all(taken(gate, end, "request", "approve", "ready", "activate")) and gate.may_be_open


def test_only_what_was_discovered_is_adopted_until_it_is_approved():
    assert taken(Gate(discovered=True), "adopt", "adopt") == [True, True]
    assert taken(Gate(), "adopt") == [False]
    assert taken(Gate(discovered=True), "approve", "adopt") == [True, False]
    assert taken(Gate(discovered=True), "reject", "request", "adopt") == [True, True, False]
    assert taken(Gate(discovered=True), "adopt", "deprovision now", "cancel") == [True, True, False]


def test_what_drains_may_be_open_for_so_long_and_is_put_back_by_cancel():
    gate = Gate(discovered=True)
    assert all(taken(gate, "adopt", "deprovision"))
    assert gate.allowed(11.5 + DRAIN + SLACK + GRACE) and not gate.allowed(11.6 + DRAIN + SLACK + GRACE)
    assert gate.verb("deprovision", 13.0, 13.5) and gate.verb("cancel", 14.0, 14.5) and gate.allowed(100.0)
    assert gate.verb("deprovision", 20.0, 20.5) and gate.verb("deprovision now", 21.0, 21.5)
    assert gate.allowed(21.5 + GRACE) and not gate.allowed(21.6 + GRACE)
    assert not gate.verb("cancel", 22.0, 22.5)
    gate = Gate(discovered=True)
    assert taken(gate, "adopt", "deprovision") and not gate.verb("cancel", 12.0 + DRAIN + SLACK, 19.0)


def test_the_end_of_a_bypass_ends_no_drain():
    gate = Gate(discovered=True)
    gate.bypass(5.0)
    assert all(taken(gate, "adopt", "deprovision"))
    gate.no_bypass(12.0)
    assert gate.allowed(11.5 + DRAIN + SLACK) and not gate.allowed(11.6 + DRAIN + SLACK + GRACE)


def test_nothing_new_may_follow_a_closing_that_was_seen_to_its_end():
    gate = Gate()
    gate.bypass(10.0)
    gate.no_bypass(20.0)
    assert gate.allowed(21.0) and gate.allowed(21.0, lambda closed: closed + 2)
    assert not gate.allowed(21.0, lambda closed: closed + 0.5)
    assert not gate.allowed(20.1 + GRACE, lambda closed: closed + 2 * GRACE)


def test_a_bypass_that_ended_just_before_a_kill_may_come_back():
    gate = Gate()
    gate.bypass(10.0)
    gate.no_bypass(20.0)
    gate.killed(20.0 + GRACE + 1)
    assert gate.settled_closed(30.0)
    gate.bypass(40.0)
    gate.no_bypass(50.0)
    gate.killed(51.0)
    assert gate.may_be_open


def test_a_bypass_of_all_and_one_of_a_connection_end_apart():
    gate = Gate()
    gate.bypass(10.0)
    gate.bypass(11.0, "all")
    gate.no_bypass(12.0)
    assert gate.allowed(100.0)
    gate.killed(13.0)
    gate.no_bypass(14.0, "all")
    assert gate.may_be_open
    gate.no_bypass(15.0)
    assert not gate.may_be_open and gate.allowed(15.0 + GRACE) and not gate.allowed(15.1 + GRACE)


def test_what_is_opened_by_force_has_begun():
    assert taken(Gate(), "activate force") == [True]
    assert taken(Gate(), "force-cancel", "activate force") == [True, False]
    assert taken(Gate(), "force-cancel", "request", "activate force") == [True] * 3


def test_a_verb_that_nobody_heard_of_again_opens_what_it_may_and_closes_nothing():
    gate = Gate()
    gate.perhaps("activate", 9.0)
    gate.perhaps("approve", 9.0)
    gate.perhaps("adopt", 9.0)
    assert not gate.may_be_open
    gate.perhaps("ready", 9.0)
    gate.perhaps("activate", 9.5)
    assert gate.may_be_open and gate.openings == 1
    gate.perhaps("deprovision now", 10.0)
    assert gate.may_be_open and taken(gate, "cancel") == [True]


def test_a_gate_opens_by_itself_only_where_that_was_declared_and_what_leads_to_it_was_said():
    gate = Gate()
    gate.auto = True
    gate.may_open_itself(9.0)
    assert taken(gate, "approve") == [True] and not gate.may_be_open
    assert taken(gate, "ready") == [True] and gate.may_be_open
    assert taken(gate, "force-cancel", "request", "approve") == [True] * 3 and not gate.may_be_open
    gate = Gate()
    assert all(taken(gate, "approve", "ready")) and not gate.may_be_open
    gate.auto = True
    gate.may_open_itself(20.0)
    assert not gate.allowed(19.9) and gate.allowed(20.0)


def test_what_drains_without_an_end_is_open_until_somebody_ends_it():
    gate = Gate()
    assert all(taken(gate, "approve", "ready", "activate"))
    gate.drains_without_end()
    assert gate.may_be_open and taken(gate, "cancel", "cancel") == [True, False] and gate.may_be_open
    gate.drains_without_end()
    assert taken(gate, "deprovision", "deprovision now") == [True, True] and not gate.may_be_open


def test_a_session_that_is_added_is_activated_by_itself():
    first, added = Gate(), Gate()
    assert all(taken(first, "approve", "ready", "activate"))
    added.join(first)
    assert not added.may_be_open and taken(added, "activate") == [True] and added.may_be_open
    added.removed(30.0)
    assert not added.may_be_open and taken(added, "activate") == [False]


def test_a_version_of_a_policy_passes_what_is_in_its_list_or_all_but_that():
    assert [Version("list", frozenset("ab")).passes(prefix) for prefix in "abc"] == [True, True, False]
    assert [Version("except", frozenset("ab")).passes(prefix) for prefix in "abc"] == [False, False, True]
    assert [Version("list", frozenset("a"), "permit").passes(prefix) for prefix in "ac"] == [True, True]
    assert [Version("except", frozenset("a"), "permit").passes(prefix) for prefix in "ac"] == [False, True]
    assert not NOTHING.passes("a") and ANYTHING.passes("a") and NOTHING != ANYTHING


def test_a_policy_lets_through_what_one_of_its_versions_did_at_that_time():
    contents = Contents()
    assert contents.version is NOTHING and not contents.allowed("a", 5.0)
    contents.change(10.0, 10.5, Version("list", frozenset("a")))
    contents.change(20.0, 20.5, Version("list", frozenset("b")))
    assert not contents.allowed("a", 9.9) and contents.allowed("a", 10.0) and contents.allowed("a", 20.5 + GRACE)
    assert not contents.allowed("a", 20.6 + GRACE) and not contents.allowed("b", 19.9) and contents.allowed("b", 100.0)
    contents.perhaps(30.0, Version("list", frozenset("c")))
    assert len(contents.possible()) == 2 and contents.version is ANYTHING
    assert contents.allowed("b", 100.0) and contents.allowed("c", 100.0) and not contents.allowed("a", 100.0)


def said(*events, sessions=()):
    """A capture: "withdraw", "end-of-rib" or "announce" and when, and when sessions were opened."""
    return SimpleNamespace(routes=lambda _sender: [SimpleNamespace(kind=kind, time=time) for kind, time in events],
                           sessions=lambda _sender: [SimpleNamespace(opened_at=time) for time in sessions])


def test_a_closing_is_seen_by_withdrawals_before_end_of_rib_or_by_the_next_session():
    assert closing_seen(said(("end-of-rib", 9.0), ("end-of-rib", 11.0), ("withdraw", 12.0)), "edge", 10.0) is None
    assert closing_seen(said(("withdraw", 11.0), ("end-of-rib", 12.0), ("end-of-rib", 13.0)), "edge", 10.0) == 12.0
    assert closing_seen(said(("withdraw", 9.0), ("end-of-rib", 12.0)), "edge", 10.0) is None
    assert closing_seen(said(sessions=(5.0, 14.0, 16.0)), "edge", 10.0) == 14.0


def test_outages_excuse_their_own_time_alone():
    outages = Outages()
    outages.add(10.0, 12.0)
    assert not outages.covers(9.9) and outages.covers(11.0) and not outages.covers(12.1 + Outages.LASTS)


def test_shrinking_leaves_what_is_needed_in_order():
    asked = []

    def fails(steps):
        asked.append(steps)
        return {7, 40, 41} <= set(steps)

    assert shrink(list(range(100)), fails) == [7, 40, 41]
    assert len(asked) < 150


def test_shrinking_finds_that_nothing_is_needed_and_stops_when_it_is_told():
    assert shrink([1, 2, 3], lambda steps: True) == []
    stopped = shrink(list(range(100)), lambda steps: 7 in steps, enough=lambda: True)
    assert stopped == list(range(100))


def run(*arguments):
    return subprocess.run([HERE / "run", *map(str, arguments)], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900, env=os.environ)


def test_a_leak_is_found_replayed_and_shrunk(tmp_path):
    """Without the update-group wall an originated default passes by the route-map; a file with that and a harmless step."""
    walls = ["groups", "typed", "closing", "audit"]
    harmless = ["announce", "stray", "ipv6", "7"]
    guilty = ["policy", "stray", "ipv4", "", "default-originate"]
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps({"seed": "planted", "wallsDown": walls,
                                "steps": [harmless, guilty]}))
    ended = run("--replay", kept, "--folder", tmp_path)
    assert ended.returncode == 1, ended.stdout
    lines = ended.stdout.splitlines()
    assert lines[0] == "seed planted" and lines[-1] == "2 steps, 1 leaks", ended.stdout
    assert "FOUND out" in ended.stdout, ended.stdout
    shrunk = json.loads((tmp_path / "kept-again-shrunk.json").read_text())
    assert shrunk["steps"] == [guilty], ended.stdout


def up(taken, sent):
    """The tenant in service by IPv4, and what its lists are to let through."""
    return ["tenant-up", "ipv4", "open", "9", "", "none", taken, "list:0", sent, "list:0"]


def played(tmp_path, *steps):
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps({"seed": "planted", "wallsDown": [], "steps": steps}))
    return run("--replay", kept, "--folder", tmp_path, "--shrink", 0, "--patience", 15)


def test_what_no_policy_let_through_is_found_and_so_is_what_is_missing(tmp_path):
    """The model is told nothing of what is typed by a step that is for other peers."""
    behind_its_back = ["policy", "tenant", "ipv4", ""]
    for step_of_another, words in ((["route-map PASS in"], "which no policy let through"),
                                   (["route-map UNDEFINED out"], "the tenant has of the edge's ipv4")):
        ended = played(tmp_path, up("list:3", "list:1"), [*behind_its_back, *step_of_another])
        assert ended.returncode == 1 and "FOUND policy" in ended.stdout and words in ended.stdout, ended.stdout
    # And the same steps without it are as they are to be.
    ended = played(tmp_path, up("list:3", "list:1"), ["tenant-contents", "except:3", "list:0", "list:3", "list:0"],
                   ["tenant-drift", "gone", "in", "ipv4", "0"], ["tenant-again", "new"], ["query", "tenant", "routes", "ipv4"],
                   ["tenant-confirm", "late", "", "ipv4+ipv6", "open", "30", "", "none", "list:0", "list:0", "list:0",
                    "list:0"], ["controller", "1"],
                   ["tenant-kill", "3", "30", "list:7", "list:0", "list:1", "list:0"])
    assert ended.returncode == 0 and "policies judged 0" not in ended.stdout, ended.stdout
