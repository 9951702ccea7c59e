# SPDX-License-Identifier: GPL-2.0-or-later
"""What a controller may ask of a push beside its operations: only to look, to be refused where the router has moved on, and
to be taken back where it is not confirmed."""
import time

import pytest

from lab.controller import ROUTER, Controller
from lab.scenario import ACME_AS, NAME, Scenario
from lab.wait import until
from scripted_controller import ScriptedController, declare, verb


def nobody(_family):
    return []


@pytest.fixture
def pushed(lab):
    """A router that knows nothing of acme, and a controller in the test's hand."""
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    s.script = ScriptedController(s.controller)
    s.start(s.config(bgp=[*s.controller.router_lines(), "peering EMPTY kind direct"], acme_neighbor=nobody,
                     acme_family=nobody))
    s.hello = s.script.accept()
    yield s
    s.script.close()


def neighbors(s):
    return {address for address in s.edge.bgpd_json("show bgp neighbors json") if address not in ("vrfId", "vrfName")}


def summary(s):
    return s.edge.bgpd_json("show peering summary json")["pushes"]


def journal(s):
    return (s.edge.state / "journal.jsonl").read_bytes()


def results(answer):
    return [(one.ok, one.code) for one in answer.results]


def activate(s, *declared):
    """Brings the connection to acme into service, by IPv4."""
    assert s.script.push("up", *declared, verb(NAME, "approve"), verb(NAME, "ready")).applied
    s.acme.wait_established("edge_ipv4")
    s.wait_passed()
    assert s.script.push("on", verb(NAME, "activate")).applied
    until("routes at acme", lambda: s.acme.received("edge_ipv4"))


def test_a_dry_run_says_what_would_be_done_and_does_nothing(pushed):
    s = pushed
    v4, v6 = s.acme_address("ipv4"), s.acme_address("ipv6")
    one = declare(NAME, ACME_AS, [v4])
    assert s.script.push("first", one).applied
    until("the journal at rest", lambda: (journal(s), time.sleep(0.2), journal(s)), lambda seen: seen[0] == seen[2])
    before = journal(s), neighbors(s), s.edge.running_config(), summary(s)

    both = declare(NAME, ACME_AS + 1, [v6])
    answer = s.script.push("dry", both, verb(NAME, "approve"), verb(NAME, "withdraw"), verb("EMPTY", "approve"),
                           declare("NEW", ACME_AS, ["203.0.113.77", "203.0.113.78"]), one, verb(NAME, "approve"),
                           dry_run=True)
    assert answer.dry_run and not answer.applied and answer.revision == 1
    assert [(one.ok, one.code, one.message) for one in answer.results] == [
        (True, "", f"{NAME} stays PendingApproval; makes neighbor {v6}, AS {ACME_AS + 1}, with its gate closed; "
                   f"removes neighbor {v4}; changes its own lines"),
        (True, "", f"{NAME}: PendingApproval -> ProvisioningStarted, row 2"),
        (False, "not-allowed", f"{NAME} is ProvisioningStarted, which does not take 'withdraw'; allowed now: ready, "
                               "block, force-cancel"),
        (True, "", "EMPTY: PendingApproval -> ProvisioningStarted, row 2"),
        (True, "", "NEW: None -> PendingApproval; makes neighbor 203.0.113.77, 203.0.113.78, AS "
                   f"{ACME_AS}, with its gate closed"),
        (True, "", f"{NAME} stays ProvisioningStarted; makes neighbor {v4}, AS {ACME_AS}, shut; removes neighbor {v6}; "
                   "changes its own lines"),
        (True, "", f"{NAME} is ProvisioningStarted, and 'approve' changes nothing")], answer

    good = s.script.push("good", declare(NAME, ACME_AS, [v4, v6]), verb(NAME, "approve"), verb("EMPTY", "withdraw"),
                         dry_run=True)
    assert results(good) == [(True, "")] * 3 and good.dry_run and not good.applied
    # The same id is no answered push, and what the whole is refused for is said of each.
    answer = s.script.push("dry", one, verb(NAME, "approve"), dry_run=True, expects_revision=True)
    assert [(one.code, one.message.count("revision")) for one in answer.results] == [("revision", 2)] * 2
    answer = s.script.push("dry", one, dry_run=True)
    assert answer.results[0].ok and answer.results[0].message == f"{NAME} is declared so already"
    assert before == (journal(s), neighbors(s), s.edge.running_config(), summary(s))


def test_what_pushes_make_of_a_router_has_a_revision(pushed):
    s = pushed
    v4, v6 = s.acme_address("ipv4"), s.acme_address("ipv6")
    one = declare(NAME, ACME_AS, [v4])
    assert "push-options" in s.hello.features and (s.hello.revision, s.hello.last_push) == (0, "")
    first = s.script.push("first", one, expects_revision=True, expected_revision=0)
    assert first.applied and first.revision == 1
    # Neither a verb, nor what is so already, nor a refusal, nor what a person types makes another one.
    assert s.script.push("verb", verb(NAME, "approve")).revision == 1
    assert s.script.push("again", one).revision == 1
    assert s.script.push("bad", declare("A", 0, [v6])).revision == 1
    s.edge.configure_bgp(f"peering {NAME} description typed by hand")
    assert summary(s) == {"revision": 1, "revisionOf": "first", "unconfirmed": None}

    stale = s.script.push("stale", declare("B", ACME_AS, [v6]), verb("EMPTY", "approve"), expects_revision=True,
                          expected_revision=0)
    assert not stale.applied and stale.revision == 1 and results(stale) == [(False, "revision")] * 2
    assert "revision 1" in stale.results[1].message and "revision 0" in stale.results[1].message
    assert v6 not in neighbors(s)
    second = s.script.push("second", declare("B", ACME_AS, [v6]), verb("EMPTY", "approve"), expects_revision=True,
                           expected_revision=1)
    assert second.applied and second.revision == 2

    # All of it outlives bgpd, and so do the answers.
    s.script.hang_up()
    s.restart_bgpd()
    hello = s.script.accept(acked=4)
    assert (hello.revision, hello.last_push) == (2, "second") and summary(s)["revision"] == 2
    history = s.edge.history("EMPTY")
    again = s.script.push("second", declare("B", ACME_AS, [v6]), verb("EMPTY", "approve"), expects_revision=True,
                          expected_revision=1)
    assert again.applied and again.revision == 2 and results(again) == [(True, "")] * 2
    assert s.edge.history("EMPTY") == history
    assert "Revision: 2, by the push second" in s.edge.bgpd_vty("show peering summary")


def test_a_push_that_is_not_confirmed_is_taken_back(pushed):
    """Neighbors that it made go and those that it removed are back; it opens nothing, and closes nothing for good."""
    s = pushed
    v4, v6 = s.acme_address("ipv4"), s.acme_address("ipv6")
    other = declare("OTHER", ACME_AS + 7, ["203.0.113.71"])
    activate(s, declare(NAME, ACME_AS, [v4]), other)
    assert s.script.push("auto", verb("OTHER", "approve")).applied
    revision = summary(s)["revision"]

    for wrong in (9, 3601):
        assert results(s.script.push(f"bad-{wrong}", other, confirm_seconds=wrong)) == [(False, "bad-confirm")]
    refused = s.script.push("opens", declare("X", ACME_AS, ["203.0.113.70"]), verb(NAME, "activate"), confirm_seconds=10)
    assert results(refused) == [(True, ""), (False, "not-confirmable")]

    # One more session of a connection in service, another address, a new connection that opens by itself, a drain.
    answer = s.script.push("risky", declare(NAME, ACME_AS, [v4, v6], activation=2),
                           declare("OTHER", ACME_AS + 7, ["203.0.113.72"]),
                           declare("NEW", ACME_AS, ["203.0.113.73"]), verb("EMPTY", "approve"), confirm_seconds=10)
    assert results(answer) == [(True, ""), (True, ""), (True, ""), (False, "not-confirmable")]
    answer = s.script.push("risky", declare(NAME, ACME_AS, [v4, v6], activation=2),
                           declare("OTHER", ACME_AS + 7, ["203.0.113.72"]), declare("NEW", ACME_AS, ["203.0.113.73"]),
                           confirm_seconds=10)
    assert not answer.applied, "a repeated id has its first answer"
    answer = s.script.push("risky-2", declare(NAME, ACME_AS, [v4, v6], activation=2),
                           declare("OTHER", ACME_AS + 7, ["203.0.113.72"]), declare("NEW", ACME_AS, ["203.0.113.73"]),
                           confirm_seconds=12)
    assert answer.applied and answer.revision == revision + 1 and 0 < answer.confirm_seconds <= 12
    assert neighbors(s) >= {v4, v6, "203.0.113.72", "203.0.113.73"} and "203.0.113.71" not in neighbors(s)
    waiting = summary(s)["unconfirmed"]
    assert waiting["push"] == "risky-2" and waiting["connections"] == [NAME, "OTHER", "NEW"]
    assert "the push risky-2 is rolled back in 0:" in s.edge.bgpd_vty("show peering")
    assert "risky-2" in s.edge.connection(NAME)["waitsFor"]
    # Nothing else may be made of what waits, and there is one at a time; what closes is free.
    for number, refused in enumerate((
            s.script.push("more-1", declare("NEW", ACME_AS, ["203.0.113.74"])),
            s.script.push("more-2", declare("Y", ACME_AS, ["203.0.113.75"]), confirm_seconds=10),
            s.script.push("more-3", verb(NAME, "activate")))):
        assert results(refused) == [(False, "unconfirmed")], number
    # Its second session comes up and passes, and does not open.
    s.acme.wait_established("edge_ipv6")
    # It says that it is there, so that whoever confirms by itself may.
    for _ in range(2):
        s.script.expect("heartbeat")
    told = s.script.result("risky-2")
    assert told.rolled_back and not told.applied and results(told) == [(False, "rolled-back")] * 3
    seen = summary(s)
    assert seen["unconfirmed"] is None and told.revision == seen["revision"] == revision + 2
    assert neighbors(s) >= {v4, "203.0.113.71"} and not neighbors(s) & {v6, "203.0.113.72", "203.0.113.73"}
    assert s.edge.connection_state(NAME) == "Active" and s.edge.connection_state("OTHER") == "ProvisioningStarted"
    assert s.edge.connection_state("NEW") == "None"
    assert not s.acme.received("edge_ipv6") and s.acme.received("edge_ipv4")
    assert "the push risky-2 by controller:noc@example.net is rolled back" in s.edge.log_text()
    # The controller hears of it in each further session.
    s.script.hang_up()
    assert s.script.accept().revision == revision + 2
    assert s.script.result("risky-2") == told
    s.script.send(confirm=dict(id="risky-2"))
    assert s.script.result("risky-2").rolled_back
    s.script.send(confirm=dict(id="nothing"))
    assert results(s.script.result("nothing")) == [(False, "unknown-push")]


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_drain_waits_for_the_confirmation(pushed, confirmed):
    s = pushed
    v4 = s.acme_address("ipv4")
    activate(s, declare(NAME, ACME_AS, [v4]))
    s.edge.configure_bgp(f"peering {NAME} timers drain 1")
    answer = s.script.push("out", verb(NAME, "deprovision"), confirm_seconds=10)
    assert answer.applied
    begun = time.monotonic()
    until("longer than the drain", lambda: time.monotonic() - begun > 3 and s.edge.connection(NAME),
          lambda seen: seen)
    assert s.edge.connection_state(NAME) == "PendingRemove" and s.acme.bgp_state("edge_ipv4") == "Established"
    if confirmed:
        s.script.send(confirm=dict(id="out"))
        answer = s.script.result("out")
        assert answer.applied and not answer.confirm_seconds
        s.edge.wait_state(NAME, "None")
        return
    # bgpd dies meanwhile: what is left of the time goes on, and the drain stays until somebody says so.
    s.script.hang_up()
    s.restart_bgpd()
    assert summary(s)["unconfirmed"]["push"] == "out"
    s.acme.wait_established("edge_ipv4")
    until("the rollback", lambda: summary(s)["unconfirmed"], lambda seen: seen is None)
    s.settle()
    seen = s.edge.connection(NAME)
    assert seen["connectionState"] == "PendingRemove" and "rolled back" in seen["waitsFor"], seen
    assert s.acme.received("edge_ipv4")
    s.edge.verb(NAME, "cancel")
    s.edge.wait_state(NAME, "Active")
    # And one that is to go without a confirmation goes.
    s.script.accept()
    assert s.script.push("out-2", verb(NAME, "deprovision"), confirm_seconds=600).applied
    assert s.script.push("out-3", verb(NAME, "deprovision")).applied
    s.edge.wait_state(NAME, "None")


def test_a_push_that_cuts_the_router_off_undoes_itself(lab):
    """With peering-controller itself: what it confirms stays, and what it cannot confirm goes, though bgpd dies meanwhile."""
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    s.start(s.config(bgp=s.controller.router_lines(), acme_neighbor=nobody, acme_family=nobody))
    s.controller.start()
    s.controller.wait_connected()
    v4, v6 = s.acme_address("ipv4"), s.acme_address("ipv6")
    one = ["request", ROUTER, NAME, "--asn", str(ACME_AS), "--validation-window", "1", "--activation", "auto",
           "--neighbor", v4, "--import", "ipv4=ACME-IN", "--export", "ipv4=ACME-OUT", "--limit", "ipv4=100"]
    both = [*one, "--neighbor", v6, "--import", "ipv6=ACME-IN", "--export", "ipv6=ACME-OUT", "--limit", "ipv6=100"]

    s.controller.peerctl(*one, "--confirm", "12")
    until("confirmed", lambda: summary(s)["unconfirmed"], lambda seen: seen is None)
    for which in ("approve", "ready"):
        s.controller.peerctl(which, ROUTER, NAME)
    s.edge.wait_state(NAME, "Active")
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    assert "would" not in s.controller.peerctl(*both, "--dry-run") and v6 not in neighbors(s)
    assert summary(s)["revision"] == 1

    said = s.controller.peerctl(*both, "--confirm", "15")
    assert "takes this back" in said and v6 in neighbors(s)
    s.controller.namespace.ip("link", "set", s.controller.link.far_interface, "down")
    s.acme.wait_established("edge_ipv6")
    s.restart_bgpd()
    assert summary(s)["unconfirmed"]["connections"] == [NAME]
    s.acme.wait_established("edge_ipv4")
    until("the rollback", lambda: summary(s)["unconfirmed"], lambda seen: seen is None)
    assert v6 not in neighbors(s) and s.edge.connection_state(NAME) == "Active"
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    assert not s.acme.received("edge_ipv6")

    s.controller.namespace.ip("link", "set", s.controller.link.far_interface, "up")
    until("the router's word at the controller", lambda: s.controller.show(NAME)["desired"],
          lambda seen: [one["address"] for one in seen["neighbors"]] == [v4], timeout=120)
    # Confirmed, it stays, and its second session opens by itself only then.
    s.controller.wait_connected()
    s.controller.peerctl(*both, "--confirm", "10")
    until("confirmed", lambda: summary(s)["unconfirmed"], lambda seen: seen is None)
    assert v6 in neighbors(s) and summary(s)["revision"] == 4
    s.acme.wait_received("edge_ipv6", s.to_acme("ipv6"))


def test_states_that_change_meanwhile_do_not_take_a_push_back(pushed):
    """Their timers run out one after the other, while pushes that are to be confirmed go on in slices."""
    s = pushed
    timed = [f"TIMED-{number}" for number in range(80)]
    operations = [operation for number, name in enumerate(timed) for operation in (
        declare(name, ACME_AS, [f"198.18.0.{number + 1}"], establish_timer=1), verb(name, "approve"), verb(name, "ready"))]
    assert s.script.push("timed", *operations).applied

    def still(state):
        return [one for one in s.edge.bgpd_json("show peering json")["connections"]
                if one["name"] in timed and one["connectionState"] == state]

    begun = len(still("ProvisioningCompleted"))
    for turn in range(100):
        many = [declare(f"MANY-{number}", ACME_AS, [f"198.18.1.{number + 1}"], description=f"turn {turn}")
                for number in range(200)]
        answer = s.script.push(f"turn-{turn}", *many, confirm_seconds=600)
        assert answer.applied, {(one.code, one.message) for one in answer.results}
        s.script.send(confirm=dict(id=f"turn-{turn}"))
        s.script.result(f"turn-{turn}")
        if turn % 5 == 4 and not still("ProvisioningCompleted"):
            break
    assert begun and not still("ProvisioningCompleted")
