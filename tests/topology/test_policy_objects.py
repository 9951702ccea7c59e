# SPDX-License-Identifier: GPL-2.0-or-later
"""Policies that a controller pushes as objects: what passes is judged by what acme and the witness hold, and by what was
said on acme's link. A new version takes the place of the old one in one step, what a person typed is left alone, and no
saved file brings back what a push has removed."""
import contextlib
import json
import re
import subprocess
import sys

import openapi
import pytest

from lab.controller import ROUTER, Controller
from lab.preload import library
from lab.scenario import ACME_AS, EDGE_AS, FAMILIES, NAME, OWN, Scenario
from lab.wait import until
from lab.walls import Walls
from scripted_controller import (DENY, KINDS, PERMIT, ScriptedController, by_list, declare, policy, prefixes4, verb,
                                 withdraw)

V4 = "ipv4"
OLD_TYPES = {"journal", "transition", "connection", "forget", "bypass", "policy", "defaultDeny", "acked", "pushed",
             "controller", "profile", "timers", "pushes", "policyObject"}


@pytest.fixture
def scenario(lab):
    return Scenario(lab)


@pytest.fixture
def walls(scenario):
    """Asked for in front of `pushed`."""
    return Walls(scenario.edge)


@pytest.fixture
def lock(lab, scenario):
    """A file while which is there FRR's configuration is locked by another client. Asked for in front of `pushed`."""
    path = lab.folder("edge", "lock") / "locked"
    scenario.edge.bgpd_environment += [f"LD_PRELOAD={library('configuration_lock')}", f"PEERING_TEST_LOCK={path}"]
    return path


@pytest.fixture
def pushed(lab, scenario):
    s = scenario
    s.controller = Controller(lab, s.edge)
    s.script = ScriptedController(s.controller)
    s.v4 = s.acme_address(V4)
    witness = [f"peering WITNESS neighbor {s.witness_link.far_address(family)}" for family in FAMILIES]
    s.start(s.config(bgp=[*s.controller.router_lines(), *witness, "peering WITNESS adopted", "peering default-deny"],
                     acme_neighbor=lambda _family: [], acme_family=lambda _family: [],
                     top=["ip prefix-list TYPED seq 5 permit 0.0.0.0/0 le 32", "route-map TYPED-MAP permit 10", "exit",
                          "bgp as-path access-list TYPED-PATH seq 5 permit ^64510$",
                          "bgp community-list expanded TYPED-COMMUNITY seq 5 permit 64500:8.*"]))
    s.script.accept()
    yield s
    s.script.close()
    assert "bgpd does not take" not in s.edge.log_text()


def refused(s, *operations):
    """The codes of what is refused; nothing is applied."""
    result = s.script.push(f"refused-{refused.count}", *operations)
    refused.count += 1
    assert not result.applied, result
    return [one.code for one in result.results]


refused.count = 0


def applied(s, identity, *operations):
    result = s.script.push(identity, *operations)
    assert result.applied, result
    return result


def fall_back(s):
    """The first half of what acme announces, by which the import policy is told, and the whole of the edge's."""
    return s.acme_routes[V4][:5], [OWN[V4], *s.witness_routes[V4]]


def activate(s, *objects, import_policy="PUSHED-IN", export_policy="PUSHED-OUT"):
    """Acme's IPv4 session alone: the other one is not declared."""
    applied(s, "up", *objects, declare(NAME, ACME_AS, [s.v4], import_policy=import_policy, export_policy=export_policy),
            verb(NAME, "approve"), verb(NAME, "ready"))
    s.acme.wait_established("edge_ipv4")
    s.wait_passed()
    applied(s, "on", verb(NAME, "activate"))


def standard(s):
    taken, sent = fall_back(s)
    return [prefixes4("TAKEN", *taken), prefixes4("SENT", *sent),
            policy("as-path", "FROM-ACME", (5, PERMIT, dict(regex=f"^{ACME_AS}$"))),
            policy("community", "MARKED", (5, PERMIT, dict(communities=["64500:1", "64500:2"]))),
            policy("large", "MARKED-LARGE", (5, PERMIT, dict(communities=["64500:1:2"]))),
            by_list("PUSHED-IN", "TAKEN", match_as_path="FROM-ACME", set_local_preference=dict(value=250),
                    set_communities=["64500:7"], set_communities_additive=True),
            policy("route-map", "PUSHED-OUT",
                   (5, DENY, dict(clause=dict(match_community="MARKED", match_large_community="MARKED-LARGE"))),
                   (10, PERMIT, dict(clause=dict(match_prefix_list_ipv4="SENT", set_med=dict(value=77),
                                                 set_communities=["64500:9"],
                                                 set_as_path_prepend=[EDGE_AS, EDGE_AS]))))]


def take_back(s):
    """The router again: what it began before the test listened has run out of time."""
    def once():
        with contextlib.suppress(OSError):
            s.script.accept(timeout=5)
            return True
        return False
    until("the router at the controller", once, bool)


def witness_waits(s, wanted):
    until("what the edge took of acme at the witness", lambda: s.witness_has_of_acme(V4), lambda seen: seen == set(wanted))


def policies(s):
    seen = s.edge.bgpd_json(f"show peering {NAME} policy json")
    return {one["name"]: one for one in seen["policies"]}


def journal(s):
    return s.edge.state / "journal.jsonl"


def drift(s):
    return [one["reason"] for one in s.edge.connection(NAME)["degraded"] if one["cause"] == "drift"]


# ---- What they do

def test_pushed_policies_decide_what_passes_and_change_in_one_step(pushed):
    s = pushed
    taken, sent = fall_back(s)
    activate(s, *standard(s))
    s.acme.wait_received("edge_ipv4", sent)
    witness_waits(s, taken)
    route = s.acme.route("edge_ipv4", sent[0])
    assert "(64500,9)" in route and re.search(r"BGP\.med:\s*77", route), route
    assert re.search(rf"BGP\.as_path:\s*{EDGE_AS} {EDGE_AS} {EDGE_AS}\b", route), route
    ours = s.edge.bgpd_json(f"show bgp ipv4 unicast {taken[0]} json")["paths"][0]
    assert ours["locPrf"] == 250 and "64500:7" in ours["community"]["string"]

    # Both lists change, and the route-map: what both let through is never withdrawn, what neither does never announced.
    begun = s.capture.read().end()
    more = [*taken[1:], *s.acme_routes[V4][5:8]]
    applied(s, "2", prefixes4("TAKEN", *more), prefixes4("SENT", *sent[:2]),
            policy("route-map", "PUSHED-OUT",
                   (10, PERMIT, dict(clause=dict(match_prefix_list_ipv4="SENT", set_med=dict(value=78))))))
    s.acme.wait_received("edge_ipv4", sent[:2])
    witness_waits(s, more)
    until("the new metric", lambda: s.acme.route("edge_ipv4", sent[0]), lambda text: re.search(r"BGP\.med:\s*78", text))
    said = s.capture.read()
    edge = s.edge_address(V4)
    assert said.announced(edge, after=begun) <= set(sent)
    withdrawn = {event.prefix for event in said.routes(edge, kind="withdraw", after=begun)}
    assert withdrawn == set(sent[2:]), withdrawn
    assert {event.prefix for event in said.routes(edge, kind="announce", after=begun)} == set(sent[:2])

    # A list that grew large, in one step too, and away again.
    many = [f"10.{number // 256}.{number % 256}.0/24" for number in range(10000 - len(more))]
    s.edge.vtysh("clear peering longest-hold")
    applied(s, "3", prefixes4("TAKEN", *many, *more))
    applied(s, "long", policy("as-path", "LONG", *((number, PERMIT, dict(regex=f"^{ACME_AS}_{number}_[0-9]+$"))
                                                  for number in range(1, 201))))
    applied(s, "longer", policy("as-path", "LONG", *((number, PERMIT, dict(regex=f"^{ACME_AS}_{number}_[0-9]*$"))
                                                    for number in range(1, 201))))
    s.settle()
    assert s.witness_has_of_acme(V4) == set(more)
    applied(s, "4", prefixes4("TAKEN", *taken))
    witness_waits(s, taken)
    # Whatever else the machine does meanwhile.
    held = s.edge.bgpd_json("show peering summary json")["mainThread"]["controller"]
    assert 0 < held["longestWorkMicroseconds"] < 10000, held


def test_nothing_passes_by_half_of_a_push(walls, pushed):
    """Lists and the route-maps that go by them, with other operations between them, the push held back behind the first that
    do not belong together: what the new lists let through and the new route-maps do not has passed at no time."""
    s = pushed
    taken, sent = s.acme_routes[V4][:5], [OWN[V4], *s.witness_routes[V4][:2]]
    never = [s.acme_routes[V4][8], s.witness_routes[V4][2]]
    by = lambda prefix_list: (20, PERMIT, dict(clause=dict(match_prefix_list_ipv4=prefix_list)))
    activate(s, prefixes4("TAKEN", *taken), prefixes4("SENT", *sent), by_list("PUSHED-IN", "TAKEN"),
             by_list("PUSHED-OUT", "SENT"))
    s.acme.wait_received("edge_ipv4", sent)
    witness_waits(s, taken)
    s.settle()
    begun = s.capture.read().end()
    generation = s.edge.connection(NAME)["generation"]
    walls.down("pushes")
    refuse = (10, DENY, dict(clause=dict(match_prefix_list_ipv4="NEVER")))
    s.script.send(push=dict(id="half", actor="noc@example.net", operations=[
        prefixes4("TAKEN", *taken, never[0]), withdraw("NEVER"), prefixes4("SENT", *sent, never[1]),
        declare("OTHER", ACME_AS + 1, ["203.0.113.71"]), prefixes4("NEVER", *never),
        policy("route-map", "PUSHED-IN", refuse, by("TAKEN")),
        declare("ANOTHER", ACME_AS + 1, ["203.0.113.72"], export_policy="PUSHED-OUT"),
        policy("route-map", "PUSHED-OUT", refuse, by("SENT"))]))
    until("the new list", lambda: s.edge.bgpd_vty("show ip prefix-list TAKEN"), lambda text: never[0] in text)
    # Each is judged anew meanwhile, and behind it one that both let through, which says that it was. (No line may be
    # typed: that would end the push.)
    for bird, which, mark, other in ((s.acme, never[0], taken[0], s.witness), (s.witness, never[1], sent[1], s.acme)):
        bird.withdraw(V4, [which])
        bird.announce(V4, [which])
        bird.withdraw(V4, [mark])
        until("the mark gone", lambda: other.received("edge_ipv4"), lambda seen: mark not in seen)
        bird.announce(V4, [mark])
        until("the mark back", lambda: other.received("edge_ipv4"), lambda seen: mark in seen)
    assert s.witness_has_of_acme(V4) == set(taken)
    assert s.acme.received("edge_ipv4") == set(sent)
    assert "ANOTHER" not in s.edge.bgpd_vty("show peering")
    # And the policies have been looked at, as they are where somebody has typed at one.
    until("a look at what goes by them", lambda: s.edge.connection(NAME)["generation"], lambda now: now > generation)
    walls.up()
    result = s.script.result("half")
    assert result.applied and "in force again" in result.results[1].message and "ANOTHER" in s.edge.bgpd_vty("show peering"), result
    s.settle()
    assert s.witness_has_of_acme(V4) == set(taken)
    assert s.acme.received("edge_ipv4") == set(sent)
    assert s.capture.read().announced(s.edge_address(V4), after=begun) <= set(sent)
    # What a push has switched and not finished is nobody's typing.
    assert all(one["asPushed"] for one in policies(s).values()), policies(s)
    assert "not as it was pushed" not in s.edge.log_text()


def test_a_push_that_fails_behind_its_policies_leaves_them_as_they_were(walls, pushed):
    """bgpd does not take its last operation, although the check was good: those of a session in service, by both far sides,
    before and after a kill; and the connections, and what is new is gone."""
    s = pushed
    taken, sent = s.acme_routes[V4][:5], [OWN[V4], *s.witness_routes[V4][:2]]
    more = [s.acme_routes[V4][8], s.witness_routes[V4][2]]
    activate(s, prefixes4("TAKEN", *taken), prefixes4("SENT", *sent), by_list("PUSHED-IN", "TAKEN"),
             by_list("PUSHED-OUT", "SENT"))
    s.acme.wait_received("edge_ipv4", sent)
    witness_waits(s, taken)
    s.settle()
    begun = s.capture.read().end()

    def has():
        return {name: s.edge.bgpd_vty(f"show {name}") for name in ("ip prefix-list", "bgp as-path-access-list")}, \
            policies(s), s.edge.connection_state(NAME), \
            {line for line in s.edge.running_config().splitlines() if not line.startswith((" peering OTHER ", "  network "))}

    def expect_as_before():
        until("as before, but for the end of OTHER", has, lambda now: now == before)
        assert s.edge.connection_state("OTHER") == "None" and "203.0.113.71" not in s.edge.bgpd_vty("show bgp summary")
        until("what was new gone", lambda: s.edge.bgpd_vty("show route-map"), lambda text: "NEW-MAP" not in text)
        for bird, which, mark, other in ((s.acme, more[0], taken[0], s.witness), (s.witness, more[1], sent[1], s.acme)):
            bird.withdraw(V4, [which])
            bird.announce(V4, [which])
            bird.withdraw(V4, [mark])
            until("the mark gone", lambda: other.received("edge_ipv4"), lambda seen: mark not in seen)
            bird.announce(V4, [mark])
            until("the mark back", lambda: other.received("edge_ipv4"), lambda seen: mark in seen)
        assert s.witness_has_of_acme(V4) == set(taken)
        assert s.acme.received("edge_ipv4") == set(sent)
        assert s.capture.read().announced(s.edge_address(V4), after=begun) <= set(sent)

    before = has()
    walls.down("whole-pushes")
    result = s.script.push("fails", prefixes4("TAKEN", *taken, more[0]), prefixes4("SENT", *sent, more[1]),
                           policy("as-path", "NEW-PATH", (5, PERMIT, dict(regex="_64999_"))),
                           by_list("PUSHED-IN", "TAKEN", set_local_preference=dict(value=300)), by_list("NEW-MAP", "SENT"),
                           declare(NAME, ACME_AS, [s.v4], import_policy="PUSHED-IN", export_policy="PUSHED-OUT",
                                   validation_window=77),
                           declare("OTHER", ACME_AS + 1, ["203.0.113.71"], export_policy="NEW-MAP"), verb("OTHER", "approve"))
    walls.up()
    assert not result.applied
    assert [one.code for one in result.results] == ["not-applied"] * 7 + ["bgpd-refused"], result
    expect_as_before()
    s.edge.kill_bgpd()
    s.edge.start_bgpd()
    take_back(s)
    s.acme.wait_received("edge_ipv4", sent)
    witness_waits(s, taken)
    # 8.4.4 forgets withdrawals to a peer in the first second or two of its session.
    s.settle()
    expect_as_before()


def test_show_policy_says_whose_each_is(pushed):
    s = pushed
    everything = policy("route-map", "EVERYTHING",
                        (10, PERMIT, dict(clause=dict(
                            match_prefix_list_ipv6="V6", match_community="MARKED", match_community_exact=True,
                            match_large_community="MARKED-LARGE", set_local_preference=dict(value=0),
                            set_large_communities=["64500:1:9"], set_large_communities_additive=True,
                            set_as_path_prepend=[EDGE_AS], set_next_hop=1, on_match=1))),
                        (20, PERMIT, dict(clause=dict(set_next_hop=2, on_match=2, goto_sequence=40))), (40, PERMIT, {}))
    activate(s, *standard(s), policy("prefix6", "V6", (5, PERMIT, dict(prefix="2001:db8::/32", ge=33, le=48))),
             policy("community-expanded", "EXPANDED", (5, PERMIT, dict(regex="64500:.*"))),
             policy("large-expanded", "LARGE-EXPANDED", (5, DENY, dict(regex="64500:1:.*"))), everything,
             policy("route-map", "PUSHED-IN",
                    (10, PERMIT, dict(clause=dict(match_prefix_list_ipv4="TAKEN", match_as_path="TYPED-PATH",
                                                  call="TYPED-MAP"))),
                    (15, DENY, dict(clause=dict(match_community="TYPED-COMMUNITY"))),
                    (20, PERMIT, dict(clause=dict(match_community="EXPANDED", match_large_community="LARGE-EXPANDED",
                                                  call="EVERYTHING")))))
    seen = policies(s)
    owners = {name: (one["kind"], one["owner"]) for name, one in seen.items()}
    assert owners == {"PUSHED-IN": ("route-map", "controller"), "TAKEN": ("prefix-list-ipv4", "controller"),
                      "TYPED-PATH": ("as-path-list", "operator"), "TYPED-MAP": ("route-map", "operator"),
                      "PUSHED-OUT": ("route-map", "controller"), "SENT": ("prefix-list-ipv4", "controller"),
                      "MARKED": ("community-list", "controller"), "MARKED-LARGE": ("large-community-list", "controller"),
                      "EVERYTHING": ("route-map", "controller"), "V6": ("prefix-list-ipv6", "controller"),
                      "EXPANDED": ("community-list-expanded", "controller"),
                      "LARGE-EXPANDED": ("large-community-list-expanded", "controller"),
                      "TYPED-COMMUNITY": ("community-list", "operator")}
    assert seen["TYPED-COMMUNITY"]["lines"] == ["bgp community-list expanded TYPED-COMMUNITY seq 5 permit 64500:8.*"]
    assert seen["EVERYTHING"]["lines"] == [
        "route-map EVERYTHING permit 10", " match ipv6 address prefix-list V6", " match community MARKED exact-match",
        " match large-community MARKED-LARGE", " set local-preference 0", " set large-community 64500:1:9 additive",
        f" set as-path prepend {EDGE_AS}", " set ip next-hop peer-address", " set ipv6 next-hop peer-address",
        " on-match next", "route-map EVERYTHING permit 20", " set ip next-hop unchanged", " on-match goto 40",
        "route-map EVERYTHING permit 40"]
    assert seen["V6"]["lines"] == ["ipv6 prefix-list V6 seq 5 permit 2001:db8::/32 ge 33 le 48"]
    assert seen["EXPANDED"]["lines"] == ["bgp community-list expanded EXPANDED seq 5 permit 64500:.*"]
    assert seen["LARGE-EXPANDED"]["lines"] == ["bgp large-community-list expanded LARGE-EXPANDED seq 5 deny 64500:1:.*"]
    assert seen["PUSHED-IN"]["lines"][:4] == ["route-map PUSHED-IN permit 10", " match ip address prefix-list TAKEN",
                                          " match as-path TYPED-PATH", " call TYPED-MAP"]
    assert seen["TAKEN"]["lines"][0] == f"ip prefix-list TAKEN seq 5 permit {s.acme_routes[V4][0]}"
    assert seen["TYPED-PATH"]["lines"] == ["bgp as-path access-list TYPED-PATH seq 5 permit ^64510$"]
    assert seen["MARKED"]["lines"] == ["bgp community-list standard MARKED seq 5 permit 64500:1 64500:2"]
    text = s.edge.vtysh(f"show peering {NAME} policy")
    assert "prefix-list-ipv4 TAKEN (pushed)" in text and "route-map TYPED-MAP (typed)" in text
    # FRR's own shows have them under the same names.
    assert "TAKEN" in s.edge.bgpd_vty("show ip prefix-list") and "PUSHED-IN" in s.edge.bgpd_vty("show route-map PUSHED-IN")


def test_a_closed_gate_stays_closed_whatever_is_pushed(pushed):
    s = pushed
    everything = policy("route-map", "PUSHED-OUT", (10, PERMIT, {}))
    applied(s, "1", *standard(s), declare(NAME, ACME_AS, [s.v4], import_policy="PUSHED-IN", export_policy="PUSHED-OUT"),
            verb(NAME, "approve"), verb(NAME, "ready"))
    s.acme.wait_established("edge_ipv4")
    s.wait_passed()
    applied(s, "2", everything, policy("route-map", "PUSHED-IN", (10, PERMIT, {})))
    s.settle()
    s.expect_nothing_sent()
    assert s.witness_has_of_acme(V4) == set()
    # It is what is wanted once the gate opens.
    applied(s, "3", verb(NAME, "activate"))
    s.acme.wait_received("edge_ipv4", s.to_acme(V4))
    witness_waits(s, s.acme_routes[V4])


# ---- Whose they are, and how long

def test_what_was_typed_is_left_alone(pushed):
    s = pushed
    before = s.edge.running_config()
    assert refused(s, prefixes4("TYPED", "192.0.2.0/24")) == ["policy-taken"]
    assert refused(s, policy("route-map", "TYPED-MAP", (10, DENY, {}))) == ["policy-taken"]
    assert refused(s, policy("as-path", "TYPED-PATH", (10, DENY, dict(regex=".*")))) == ["policy-taken"]
    # Nobody's own: it is no pushed one, so it is gone already as far as the controller is concerned.
    assert applied(s, "w", withdraw("TYPED")).results[0].message == "TYPED is no pushed policy of this router"
    assert s.edge.running_config() == before
    # Pushed ones stand in no file, and say nothing of those that do.
    applied(s, "1", *standard(s))
    assert s.edge.running_config() == before
    s.edge.configure("bgp as-path access-list TYPED-PATH seq 10 permit ^64511$",
                     "bgp community-list standard TYPED-STANDARD seq 5 permit 64500:3")
    written = set(s.edge.running_config().splitlines()) - set(before.splitlines())
    assert written == {"bgp as-path access-list TYPED-PATH seq 10 permit ^64511$",
                       "bgp community-list standard TYPED-STANDARD seq 5 permit 64500:3"}
    # A route-map of a person's may go by a pushed list.
    s.edge.configure("route-map BY-HAND permit 10", "match ip address prefix-list SENT", "match as-path FROM-ACME")
    assert "match ip address prefix-list SENT" in s.edge.running_config()
    # As the list changes, so does what that passes, by FRR's own index of it.
    witness = f"neighbor {s.witness_link.far_address(V4)}"
    s.edge.configure("route-map TO-WITNESS permit 10", "match ip address prefix-list SENT")
    s.edge.configure_bgp("address-family ipv4 unicast", f"{witness} route-map TO-WITNESS out")
    for number, networks in enumerate((["192.0.2.0/24"], [OWN[V4], "192.0.2.0/24"], ["192.0.2.0/24", "198.51.100.0/24"],
                                       [OWN[V4]])):
        applied(s, f"sent-{number}", prefixes4("SENT", *networks))
        s.witness.wait_received("edge_ipv4", {OWN[V4]} & set(networks))
    s.edge.configure_bgp("address-family ipv4 unicast", f"{witness} route-map WITNESS out")
    s.edge.configure("no route-map TO-WITNESS")
    result = applied(s, "2", withdraw("SENT"), withdraw("FROM-ACME"), withdraw("PUSHED-OUT"), withdraw("PUSHED-IN"))
    assert "still used" in result.results[0].message
    s.edge.configure("no route-map BY-HAND")
    until("the lists removed", lambda: s.edge.bgpd_vty("show ip prefix-list"), lambda text: "SENT" not in text)
    until("the path list removed", lambda: s.edge.bgpd_vty("show bgp as-path-access-list"),
          lambda text: "FROM-ACME" not in text)
    assert "TYPED" in s.edge.bgpd_vty("show ip prefix-list")


def test_they_outlast_a_restart_and_what_was_removed_does_not_come_back(pushed):
    s = pushed
    taken, sent = fall_back(s)
    activate(s, *standard(s), prefixes4("SPARE", "192.0.2.0/24"),
             policy("as-path", "SPARE-PATH", (5, PERMIT, dict(regex="_64999_"))))
    s.acme.wait_received("edge_ipv4", sent)
    s.edge.vtysh("write memory")
    saved = (s.edge.etc / "frr.conf").read_text()
    assert "SPARE" not in saved and "FROM-ACME" not in saved and "prefix-list TAKEN" not in saved
    # The route-map's name may stand in the file, as long as a bgpd without the module denies for want of it.
    assert not re.search(r"^route-map PUSHED", saved, re.M)
    applied(s, "away", withdraw("SPARE"), withdraw("SPARE-PATH"), withdraw("MARKED"))
    lines = [json.loads(line) for line in journal(s).read_text().splitlines()]
    assert [line for line in lines if line.get("name") == "SPARE"][-1].get("policy") is None
    s.script.hang_up()
    s.restart_bgpd(end="stop_bgpd", saved=True)
    s.acme.wait_established("edge_ipv4")
    # Nobody was connected: the router knows by itself.
    s.acme.wait_received("edge_ipv4", sent)
    witness_waits(s, taken)
    shown = s.edge.bgpd_vty("show ip prefix-list") + s.edge.bgpd_vty("show bgp as-path-access-list")
    assert "TAKEN" in shown and "FROM-ACME" in shown and "SPARE" not in shown
    # MARKED is still asked for by PUSHED-OUT.
    assert policies(s)["MARKED"]["withdrawn"]
    take_back(s)
    applied(s, "end", verb(NAME, "deprovision"))
    s.edge.wait_state(NAME, "None")
    applied(s, "rest", *(withdraw(name) for name in ("PUSHED-OUT", "PUSHED-IN", "SENT", "TAKEN", "FROM-ACME",
                                                     "MARKED-LARGE")))
    until("everything removed", lambda: s.edge.bgpd_vty("show route-map") + s.edge.bgpd_vty("show ip prefix-list"),
          lambda text: not re.search("route-map: PUSHED|TAKEN|SENT", text))


def test_what_bgpd_does_not_take_at_a_start_is_told_and_put_back_by_the_same_push(pushed):
    """A regular expression, say, that a later FRR reads no more."""
    s = pushed
    applied(s, "up", *standard(s), declare(NAME, ACME_AS, [s.v4], import_policy="PUSHED-IN", export_policy="PUSHED-OUT"))
    assert all(one["asPushed"] for one in policies(s).values())
    s.edge.stop_bgpd()
    lines = journal(s).read_text().splitlines()
    lines = [re.sub(',"sum":"[^"]*"', "", line).replace(f"^{ACME_AS}$", "(") if '"name":"FROM-ACME"' in line else line
             for line in lines]
    journal(s).write_text("\n".join([*lines, ""]))
    s.script.hang_up()
    s.edge.start_bgpd()
    take_back(s)
    assert "bgpd does not take the policy FROM-ACME" in s.edge.log_text()
    assert {name for name, one in policies(s).items() if not one["asPushed"]} == {"FROM-ACME"}
    until("the drift", lambda: drift(s), lambda found: any("FROM-ACME is not as it was pushed" in one for one in found))
    # What stands behind it is known all the same, and looked at as ever.
    for line, as_pushed in (("bgp", False), ("no bgp", True)):
        s.edge.configure(f"{line} community-list standard MARKED seq 99 permit 64500:3")
        until("a look at MARKED", lambda: policies(s)["MARKED"]["asPushed"], lambda seen: seen == as_pushed)
    applied(s, "again", *standard(s))
    until("no drift", lambda: drift(s), lambda found: found == [])
    assert f"^{ACME_AS}$" in s.edge.bgpd_vty("show bgp as-path-access-list")
    s.edge.log.write_text("")  # bgpd's refusal is what this test is about


def test_what_is_changed_by_hand_is_reported_and_put_back_by_the_same_push(pushed):
    s = pushed
    taken, sent = fall_back(s)
    activate(s, *standard(s))
    s.acme.wait_received("edge_ipv4", sent)
    s.settle()
    sent = sorted(s.acme.received("edge_ipv4"))
    assert drift(s) == []
    outside = s.acme_routes[V4][9]
    # FRR takes out what was typed, and nothing was.
    for line in ("no ip prefix-list TAKEN", "no route-map PUSHED-OUT"):
        said = s.edge.try_vtysh("-c", "configure", "-c", line).stdout
        assert f"{line.split()[-1]} was pushed by a controller" in said and "nothing of it was changed" in said, said
    # One after another: an entry of each kind, where FRR's own tree holds what was typed.
    for lines, name in ((["ip prefix-list TAKEN seq 5000 permit " + outside], "TAKEN"),
                        (["route-map PUSHED-OUT permit 10", "set metric 99"], "PUSHED-OUT"),
                        (["bgp as-path access-list FROM-ACME seq 50 permit ^64511$"], "FROM-ACME"),
                        (["no bgp community-list standard MARKED seq 5 permit 64500:1 64500:2"], "MARKED")):
        s.edge.configure(*lines)
        until(f"the drift of {name}", lambda: drift(s), lambda found: any(f"{name} is not as it was pushed" in one
                                                                          for one in found))
        assert not policies(s)[name]["asPushed"]
        applied(s, f"again {name}", *standard(s))
        until(f"no drift of {name}", lambda: drift(s), lambda found: found == [])
        assert policies(s)[name]["asPushed"]
    witness_waits(s, taken)
    route = until("the metric that was pushed", lambda: s.acme.route("edge_ipv4", sent[0]),
                  lambda text: re.search(r"BGP\.med:\s*77", text))
    assert route
    # What was typed has left FRR's tree with it: its lines can be typed again, and taken back, without harm.
    assert "seq 5000" not in s.edge.bgpd_vty("show running-config")
    # (Others than before: other daemons have those still, and 10.7 says then that nothing changes.)
    s.edge.configure("ip prefix-list TAKEN seq 6000 permit " + outside)
    s.edge.configure("no ip prefix-list TAKEN seq 6000 permit " + outside)
    s.edge.configure("route-map PUSHED-OUT permit 20", "set metric 98")
    s.edge.configure("no route-map PUSHED-OUT permit 20")
    s.edge.try_vtysh("-c", "configure", "-c", "no route-map PUSHED-OUT")
    until("the route-map gone, and nothing sent by it", lambda: s.acme.received("edge_ipv4"), lambda seen: seen == set())
    applied(s, "last", *standard(s))
    s.acme.wait_received("edge_ipv4", sent)


def test_what_is_typed_into_a_pushed_list_is_saved_at_once_and_nothing_else(pushed):
    s = pushed
    applied(s, "1", *standard(s), policy("community", "NAMED", (5, PERMIT, dict(communities=["64500:2", "65535:666"])),
                                         (10, DENY, dict(communities=["64500:4", "64500:3"]))))
    before = s.edge.running_config()
    typed = ["bgp as-path access-list FROM-ACME seq 50 permit ^64511$",      # an entry more
             "bgp as-path access-list FROM-ACME seq 5 deny ^64512$",         # one in the place of a pushed one
             "bgp community-list standard NAMED seq 20 permit 64500:5",
             "bgp large-community-list standard MARKED-LARGE seq 7 permit 64500:1:3"]
    # In one breath, before the module has looked at any list again.
    s.edge.vtysh("configure", *typed, "no bgp community-list standard NAMED seq 10 deny 64500:3 64500:4", "end",
                 "write memory")
    saved = (s.edge.etc / "frr.conf").read_text().splitlines()
    lists = [line for line in saved if re.match("bgp (as-path|community-list|large-community-list)", line)]
    assert set(lists) == {*typed, *(line for line in before.splitlines() if line.startswith("bgp "))}, lists


@pytest.mark.versions
def test_what_a_push_has_put_back_does_not_come_back_from_a_file(pushed):
    s = pushed
    taken, sent = fall_back(s)
    activate(s, *standard(s))
    s.acme.wait_received("edge_ipv4", sent)
    outside = s.acme_routes[V4][9]
    typed = {"TAKEN": ["ip prefix-list TAKEN seq 5000 permit " + outside],
             "PUSHED-OUT": ["route-map PUSHED-OUT permit 10", "set metric 99", "exit"],
             "FROM-ACME": ["bgp as-path access-list FROM-ACME seq 50 permit ^64511$"]}

    def again():
        s.edge.vtysh("write memory")
        s.script.hang_up()
        s.restart_bgpd(end="stop_bgpd", saved=True)
        s.acme.wait_established("edge_ipv4")
        take_back(s)

    def wait_edited(*names):
        until(f"{names} not as they were pushed", lambda: {name for name, one in policies(s).items() if not one["asPushed"]},
              lambda seen: seen == set(names))

    s.edge.configure(*sum(typed.values(), []))
    wait_edited(*typed)
    # What somebody has typed and saved is his, at the next start, too: nobody has taken it back.
    again()
    wait_edited(*typed)
    witness_waits(s, [*taken, outside])
    until("the drift", lambda: drift(s), bool)
    # The same push takes it back. zebra has a copy of it still, which is saved, and is not what anybody wants.
    applied(s, "as it was", *standard(s))
    wait_edited()
    witness_waits(s, taken)
    again()
    # A type of line that an earlier version does not know would close every gate there.
    lines = [json.loads(line) for line in (s.edge.state / "journal.jsonl").read_text().splitlines()]
    assert {line["type"] for line in lines} <= OLD_TYPES and any(line.get("putBack") == "TAKEN" for line in lines)
    saved = (s.edge.etc / "frr.conf").read_text()
    assert "TAKEN seq 5000" in saved and "set metric 99" in saved
    s.acme.wait_received("edge_ipv4", sent)
    witness_waits(s, taken)
    wait_edited()
    assert drift(s) == []
    assert until("the metric that was pushed", lambda: s.acme.route("edge_ipv4", sent[0]),
                 lambda text: re.search(r"BGP\.med:\s*77", text))
    for name in ("TAKEN", "PUSHED-OUT"):
        assert f"lines of the pushed policy {name} that a push has put back since" in s.edge.log_text()
    # Typed anew it is somebody's again.
    s.edge.configure(*typed["TAKEN"])
    wait_edited("TAKEN")
    again()
    wait_edited("TAKEN")
    witness_waits(s, [*taken, outside])


def test_a_locked_configuration_refuses_what_was_typed_at_and_nothing_else(lock, pushed):
    """FRR's tree, which points to what was typed, cannot be changed then."""
    s = pushed
    taken, sent = fall_back(s)
    activate(s, *standard(s))
    s.acme.wait_received("edge_ipv4", sent)
    outside = s.acme_routes[V4][9]
    s.edge.configure("route-map PUSHED-OUT deny 20", "match ip address prefix-list TYPED")
    s.edge.configure("ip prefix-list TAKEN seq 5000 permit " + outside)
    witness_waits(s, [*taken, outside])
    lock.touch()
    assert "locked" in s.edge.try_vtysh("-c", "configure", "-c", "route-map PUSHED-OUT permit 40").stdout
    assert refused(s, prefixes4("SENT", *sent), *standard(s)[5:]) == ["", "", "configuration-locked"]
    assert refused(s, prefixes4("TAKEN", *taken)) == ["configuration-locked"]
    # What nobody has typed at does not come by that tree.
    applied(s, "free", prefixes4("SENT", *sent[:2]), *standard(s)[5:6])
    until("the new list", lambda: s.acme.received("edge_ipv4"), lambda seen: set(sent[2:]).isdisjoint(seen))
    assert "seq 5000" in s.edge.bgpd_vty("show ip prefix-list TAKEN")
    lock.unlink()
    applied(s, "again", *standard(s))
    witness_waits(s, taken)
    s.acme.wait_received("edge_ipv4", sent)
    # Nothing is left in the tree of what was typed, for a pointer to what is gone.
    for _ in range(2):
        s.edge.configure("route-map PUSHED-OUT permit 30", "set metric 97")
        s.edge.configure("no route-map PUSHED-OUT permit 30")
        s.edge.configure("ip prefix-list TAKEN seq 6000 permit " + outside)
        s.edge.configure("no ip prefix-list TAKEN seq 6000 permit " + outside)
    applied(s, "last", *standard(s))
    witness_waits(s, taken)


# ---- By way of the real controller

ASK = """
import http.client, json, ssl, sys
ca, certificate, key, method, path = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.load_cert_chain(certificate, key)
connection = http.client.HTTPSConnection("localhost", 4791, context=context, timeout=100)
body = sys.stdin.read()
connection.request(method, path, body or None, {"Content-Type": "application/json"} if body else {})
answer = connection.getresponse()
print(json.dumps([answer.status, dict(answer.getheaders()), answer.read().decode()]))
"""


def ask(s, method, path, body=None):
    """With the operator's certificate: the status and the answer, held against doc/openapi.yaml."""
    files = s.controller.peerctl_environment()
    ended = subprocess.run(s.controller.namespace.command(
        [sys.executable, "-c", ASK, files["PEERCTL_CA"], files["PEERCTL_CERT"], files["PEERCTL_KEY"], method, path]),
        input="" if body is None else json.dumps(body), text=True, check=True, timeout=120, capture_output=True)
    status, headers, text = json.loads(ended.stdout)
    openapi.check_answer(method, path, status, headers, text)
    return status, json.loads(text)


def test_a_controller_pushes_policies_with_a_connection_and_by_themselves(lab):
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    s.controller.start()
    s.v4 = s.acme_address(V4)
    witness = [f"peering WITNESS neighbor {s.witness_link.far_address(family)}" for family in FAMILIES]
    s.start(s.config(bgp=[*s.controller.router_lines(), *witness, "peering WITNESS adopted", "peering default-deny"],
                     acme_neighbor=lambda _family: [], acme_family=lambda _family: []))
    s.controller.wait_connected()
    taken, sent = fall_back(s)

    def prefix_list(*networks):
        return {"kind": "prefix-list-ipv4", "entries": [
            {"sequence": 5 * (place + 1), "action": "permit", "prefix": network} for place, network in enumerate(networks)]}

    def route_map(name):
        return {"kind": "route-map", "entries": [
            {"sequence": 10, "action": "permit", "match": {"prefixListIpv4": name}, "set": {"med": 5}}]}

    request = {"name": NAME, "peerAsn": ACME_AS, "validationWindow": 1, "neighbors": [{"address": s.v4, "families": [
        {"afi": "ipv4", "receivedLimit": 100, "importPolicy": "PUSHED-IN", "exportPolicy": "PUSHED-OUT"}]}],
        "policies": [{"name": "TAKEN", **prefix_list(*taken)}, {"name": "SENT", **prefix_list(*sent)},
                     {"name": "PUSHED-IN", **route_map("TAKEN")}, {"name": "PUSHED-OUT", **route_map("SENT")}]}
    status, problem = ask(s, "POST", f"/v1/routers/{ROUTER}/connections",
                          {**request, "policies": [{"name": "BAD", "kind": "route-map", "entries": [
                              {"sequence": 10, "action": "permit", "match": {"interface": "x"}}]}]})
    assert (status, problem["code"]) == (400, "unknown-key") and "interface" in problem["detail"]
    status, push = ask(s, "POST", f"/v1/routers/{ROUTER}/connections", request)
    assert status == 200 and [one["verb"] for one in push["operations"]] == ["policy"] * 4 + ["request"], push
    for word in ("approve", "ready"):
        s.controller.peerctl(word, ROUTER, NAME)
    s.acme.wait_established("edge_ipv4")
    s.wait_passed()
    s.controller.peerctl("activate", ROUTER, NAME)
    s.acme.wait_received("edge_ipv4", sent)

    # A file, by peerctl; what the router refuses is the answer, and what was wanted before stands.
    file = s.controller.folder / "sent.json"
    file.write_text(json.dumps(prefix_list(sent[0])))
    s.controller.peerctl("policy", "set", ROUTER, "SENT", "-f", str(file))
    s.acme.wait_received("edge_ipv4", sent[:1])
    file.write_text(json.dumps(route_map("NOT-THERE")))
    ended = s.controller.try_peerctl("policy", "set", ROUTER, "PUSHED-OUT", "-f", str(file))
    assert ended.returncode == 1 and "there is no prefix-list-ipv4 'NOT-THERE'" in ended.stdout
    shown = json.loads(s.controller.peerctl("policy", "show", ROUTER, "PUSHED-OUT"))
    assert shown["entries"][0]["match"] == {"prefixListIpv4": "SENT"} and shown["pushState"] == "applied"
    lines = s.controller.peerctl("policy", "list", ROUTER).splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [["PUSHED-IN", "route-map", "1"], ["PUSHED-OUT", "route-map", "1"],
                                                        ["SENT", "prefix-list-ipv4", "1"],
                                                        ["TAKEN", "prefix-list-ipv4", "5"]]
    # The feed of all of it changes nothing, and one that is another pushes that alone.
    exported = json.loads(s.controller.peerctl("export"))
    file.write_text(json.dumps(exported))
    said = s.controller.peerctl("apply", "-f", str(file))
    assert "4 policies: 0 new, 0 changed, 4 unchanged" in said and "1 connections: 0 new, 0 changed, 1 unchanged" in said, said
    exported["policies"] = [{**one, **(prefix_list(*sent) if one["name"] == "SENT" else {})} for one in exported["policies"]]
    file.write_text(json.dumps(exported))
    assert "4 policies: 0 new, 1 changed, 3 unchanged" in s.controller.peerctl("apply", "-f", str(file))
    s.acme.wait_received("edge_ipv4", sent)
    # 10,000 entries fit, one more does not.
    many = [f"10.{number // 256}.{number % 256}.0/24" for number in range(10001)]
    status, push = ask(s, "PUT", f"/v1/routers/{ROUTER}/policies/SENT", prefix_list(*many[:9999], sent[1]))
    assert status == 200, push
    s.acme.wait_received("edge_ipv4", sent[1:2])
    status, problem = ask(s, "PUT", f"/v1/routers/{ROUTER}/policies/SENT", prefix_list(*many))
    assert (status, problem["code"]) == (400, "bad-value")
    # Taken back while it is used, it goes with the last use.
    assert "still used" in json.dumps(ask(s, "DELETE", f"/v1/routers/{ROUTER}/policies/SENT")[1])
    assert ask(s, "GET", f"/v1/routers/{ROUTER}/policies/SENT")[0] == 404
    assert s.acme.received("edge_ipv4") == set(sent[1:2])
    said = [(one["action"], one["result"]) for one in ask(s, "GET", "/v1/audit")[1]["audit"]]
    assert said[:5] == [("policy.set", "applied")] * 4 + [("connection.request", "applied")]
    assert said[-1] == ("policy.withdraw", "applied") and ("policy.set", "refused") in said
    s.controller.peerctl("policy", "withdraw", ROUTER, "PUSHED-OUT")
    s.controller.peerctl("deprovision", ROUTER, NAME)
    s.edge.wait_state(NAME, "None")
    until("both gone", lambda: s.edge.bgpd_vty("show ip prefix-list") + s.edge.bgpd_vty("show route-map"),
          lambda text: "SENT" not in text and "route-map: PUSHED-OUT" not in text)


# ---- Bad input

def test_what_is_no_policy_is_refused_with_a_sentence(pushed):
    s = pushed
    good = prefixes4("GOOD", "192.0.2.0/24")
    route_map = lambda **clause: policy("route-map", "RM", (10, PERMIT, dict(clause=clause)))
    for operation, code in (
            (prefixes4("bad name", "192.0.2.0/24"), "bad-name"),
            (prefixes4("PEERING-DENY-ALL", "192.0.2.0/24"), "bad-name"),
            (prefixes4("5", "192.0.2.0/24"), "bad-name"),
            (prefixes4("X" * 64, "192.0.2.0/24"), "bad-name"),
            (policy("prefix4", "EMPTY"), "bad-policy"),
            (prefixes4("A", "192.0.2.1/24"), "bad-prefix"),
            (prefixes4("A", "2001:db8::/32"), "bad-prefix"),
            (prefixes4("A", "192.0.2.0/33"), "bad-prefix"),
            (prefixes4("A", "192.0.2.0/24", ge=24), "bad-range"),
            (prefixes4("A", "192.0.2.0/24", ge=30, le=28), "bad-range"),
            (prefixes4("A", "192.0.2.0/24", le=33), "bad-range"),
            (policy("prefix4", "A", (5, PERMIT, dict(prefix="192.0.2.0/24")), (5, DENY, dict(prefix="10.0.0.0/8"))),
             "bad-sequence"),
            (policy("prefix4", "A", (5, 0, dict(prefix="192.0.2.0/24"))), "bad-action"),
            (policy("prefix4", "A", (5, PERMIT, dict(prefix="192.0.2.0/24", regex="x"))), "bad-policy"),
            (policy("as-path", "A", (5, PERMIT, dict(regex="^(64510"))), "bad-regex"),
            (policy("as-path", "A", (5, PERMIT, dict(regex="^64510$\n!"))), "bad-regex"),
            (policy("community", "A", (5, PERMIT, dict(communities=["64500:70000"]))), "bad-community"),
            (policy("large", "A", (5, PERMIT, dict(communities=["64500:1"]))), "bad-community"),
            (route_map(match_prefix_list_ipv4="NOT-THERE"), "unknown-policy"),
            (route_map(match_community="TYPED"), "unknown-policy"),
            (route_map(call="RM"), "call-circle"),
            (route_map(on_match=2, goto_sequence=10), "bad-policy"),
            (policy("route-map", "RM", (10, DENY, dict(clause=dict(set_med=dict(value=1))))), "bad-policy"),
            (policy("route-map", "RM", (70000, PERMIT, {})), "bad-sequence"),
            (dict(policy=dict(name="A", kind=99, entries=[dict(sequence=1, action=1)])), "bad-kind"),
            (prefixes4("HUGE", *(f"10.{n // 256}.{n % 256}.0/24" for n in range(10001))), "too-many")):
        # One that is wrong takes a good one with it.
        assert refused(s, good, operation) == ["", code], operation
    assert refused(s, by_list("RM", "GOOD"), good) == ["unknown-policy", ""]
    assert refused(s, good, policy("as-path", "GOOD", (5, PERMIT, dict(regex=".*")))) == ["", "policy-taken"]
    assert refused(s, good, withdraw("GOOD"), by_list("RM", "GOOD")) == ["", "", "unknown-policy"]
    applied(s, "a", policy("route-map", "A", (10, PERMIT, {})), policy("route-map", "B", (10, PERMIT, dict(
        clause=dict(call="A")))))
    assert refused(s, policy("route-map", "A", (10, PERMIT, dict(clause=dict(call="B"))))) == ["call-circle"]
    assert "GOOD" not in s.edge.bgpd_vty("show ip prefix-list")
    # A field that this router does not know may be a match: without it the entry would let more through.
    packed = envelope_with_unknown(s)
    s.script.send_bytes(packed)
    result = s.script.result("unknown")
    assert [one.code for one in result.results] == ["unknown-match"] and "entry 10" in result.results[0].message
    assert "UNKNOWN" not in s.edge.bgpd_vty("show route-map")


def envelope_with_unknown(s):
    import wire
    clause = wire.message("RouteMapClause")()
    clause.MergeFromString(b"\xfa\x01\x03abc")
    pushed = wire.message("Push")(id="unknown", actor="noc@example.net")
    operation = pushed.operations.add()
    operation.policy.name, operation.policy.kind = "UNKNOWN", KINDS["route-map"]
    entry = operation.policy.entries.add(sequence=10, action=PERMIT)
    entry.clause.MergeFromString(clause.SerializeToString() or b"\xfa\x01\x03abc")
    envelope = wire.message("Envelope")()
    envelope.push.CopyFrom(pushed)
    return wire.frame(envelope)
