# SPDX-License-Identifier: GPL-2.0-or-later
"""What people do to pushed things beside the controller's back, and what a push does then: judged by the far sides' tables,
and by what bgpd says of the neighbors that are the operator's own."""
import json

import pytest

from lab.controller import Controller
from lab.scenario import ACME_AS, FAMILIES, NAME, OWN, Scenario
from lab.vty import Vty
from lab.wait import until
from scripted_controller import ScriptedController, declare, verb

PERMIT = 1
KINDS = {"prefix4": 1, "prefix6": 2, "as-path": 3, "community": 4, "community-expanded": 5, "large": 6,
         "large-expanded": 7, "route-map": 8}
# One of each kind, and what a person types at it.
ENTRIES = {
    "prefix4": (dict(prefix="192.0.2.0/24"), "ip prefix-list {} seq 900 permit 198.51.100.0/24"),
    "prefix6": (dict(prefix="2001:db8::/32"), "ipv6 prefix-list {} seq 900 permit 2001:db8:1::/48"),
    "as-path": (dict(regex="^64510$"), "bgp as-path access-list {} seq 900 permit ^64511$"),
    "community": (dict(communities=["64500:1"]), "bgp community-list standard {} seq 900 permit 64500:2"),
    "community-expanded": (dict(regex="64500:.*"), "bgp community-list expanded {} seq 900 permit 64501:.*"),
    "large": (dict(communities=["64500:1:2"]), "bgp large-community-list standard {} seq 900 permit 64500:1:3"),
    "large-expanded": (dict(regex="64500:1:.*"), "bgp large-community-list expanded {} seq 900 permit 64501:.*"),
    "route-map": ({}, "route-map {} permit 900"),
}
# Words of FRR's own commands, the beginning of others, and all that a name may have.
NAMES = ["seq", "standard", "P", "a.b_c-" + "X" * 57]


def policy(kind, name, *entries):
    return dict(policy=dict(name=name, kind=KINDS[kind], entries=[
        dict(sequence=5 * (place + 1), action=PERMIT, **fields) for place, fields in enumerate(entries)]))


def withdraw(name):
    return dict(withdraw_policy=dict(name=name))


@pytest.fixture
def pushed(lab):
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge)
    s.script = ScriptedController(s.controller)
    s.v4, s.v6 = (s.acme_address(family) for family in FAMILIES)
    witness = [f"peering WITNESS neighbor {s.witness_link.far_address(family)}" for family in FAMILIES]
    s.start(s.config(bgp=[*s.controller.router_lines(), *witness, "peering WITNESS adopted", "peering default-deny"],
                     acme_neighbor=lambda _family: [], acme_family=lambda _family: [],
                     top=["route-map ALL permit 10", "exit"]))
    s.script.accept()
    yield s
    s.script.close()
    assert "bgpd does not take" not in s.edge.log_text()


def applied(s, identity, *operations, **options):
    result = s.script.push(identity, *operations, **options)
    assert result.applied, result
    return result


def drift(s):
    return [one["reason"] for one in s.edge.connection(NAME)["degraded"] if one["cause"] == "drift"]


def wait_drift(s, words):
    until(f"drift: {words}", lambda: drift(s), lambda found: any(words in one for one in found))


def standard(s):
    """Two of acme's prefixes of each family come in, and the edge's own go out."""
    operations = []
    for family, kind in (("ipv4", "prefix4"), ("ipv6", "prefix6")):
        operations += [policy(kind, f"IN-{family}", *(dict(prefix=prefix) for prefix in s.acme_routes[family][:2])),
                       policy(kind, f"OUT-{family}", dict(prefix=OWN[family]))]
    return operations + [policy("route-map", f"PUSHED-{direction}", *(
        dict(clause={f"match_prefix_list_{family}": f"{direction}-{family}"}) for family in FAMILIES))
        for direction in ("IN", "OUT")]


def declared(s, *addresses, **fields):
    operation = declare(NAME, ACME_AS, addresses or [s.v4, s.v6], import_policy="PUSHED-IN", export_policy="PUSHED-OUT")
    for neighbor in operation["declare"]["neighbors"]:
        neighbor.update(dict(hold_time=30, connect_retry=1) | fields)
    return operation


def activate(s, *addresses):
    applied(s, "up", *standard(s), declared(s, *addresses), verb(NAME, "approve"), verb(NAME, "ready"))
    for family, address in zip(FAMILIES, (s.v4, s.v6)):
        if not addresses or address in addresses:
            s.acme.wait_established(f"edge_{family}")
    s.wait_passed()
    applied(s, "on", verb(NAME, "activate"))


def wait_by_policy(s, *families):
    for family in families or FAMILIES:
        s.acme.wait_received(f"edge_{family}", [OWN[family]])
        until(f"what the lists say of acme's {family}", lambda: s.witness_has_of_acme(family),
              lambda seen: seen == set(s.acme_routes[family][:2]))


def lines_of(s, address):
    return {line.strip().removeprefix(f"neighbor {address} ") for line in s.edge.running_config().splitlines()
            if line.strip().startswith(f"neighbor {address} ")}


def test_names_that_are_words_of_commands(pushed):
    s = pushed
    def config():
        return s.edge.bgpd_vty("show running-config")

    before = config()
    for number, name in enumerate(NAMES):
        for kind, (entry, line) in ENTRIES.items():
            one = policy(kind, name, entry)
            applied(s, f"{number} {kind}", one)
            assert config() == before
            # Typed at, pushed again at once, and taken away: nothing of either is left. (In bgpd alone: what vtysh types at lists every daemon keeps.)
            with Vty(s.edge.run_folder / "bgpd.vty") as vty:
                for typed in ("configure terminal", line.format(name), "end"):
                    vty.command(typed)
            applied(s, f"{number} {kind} again", one)
            assert config() == before, f"{kind} {name} is as it was typed"
            applied(s, f"{number} {kind} away", withdraw(name))
            assert config() == before, (kind, name)
    # bgpd shows a route-map that is gone until it has told those that went by it.
    until("nothing of them", lambda: s.edge.bgpd_vty("show route-map") + s.edge.bgpd_vty("show ip prefix-list"),
          lambda text: not [name for name in NAMES if f"route-map: {name} " in text or f"list {name}:" in text])


def test_a_neighbor_that_is_made_anew_by_hand_is_its_operators(pushed):
    s = pushed
    activate(s)
    wait_by_policy(s)
    # In service, of the same AS: its gate is as it was recorded, and all that it is stays his, whatever is pushed again.
    s.edge.configure_bgp(f"no neighbor {s.v6}", f"neighbor {s.v6} remote-as {ACME_AS}", f"neighbor {s.v6} timers 7 21",
                         f"neighbor {s.v6} timers connect 2", f"neighbor {s.v6} description mine",
                         "address-family ipv6 unicast", f"neighbor {s.v6} activate", f"neighbor {s.v6} route-map ALL in",
                         f"neighbor {s.v6} route-map PUSHED-OUT out")
    before = lines_of(s, s.v6)
    assert "timers 7 21" in before
    applied(s, "again", *standard(s), declared(s))
    assert lines_of(s, s.v6) == before
    wait_drift(s, f"{s.v6} ")
    result = s.script.push("more", declared(s, s.v4, s.v6, "203.0.113.9"))
    assert [one.code for one in result.results] == ["neighbor-exists"], result
    wait_by_policy(s, "ipv4")
    # Out of its way, it is made again as it was pushed.
    s.edge.configure_bgp(f"no neighbor {s.v6}")
    applied(s, "once more", declared(s))
    assert "timers 10 30" in lines_of(s, s.v6) and "description mine" not in lines_of(s, s.v6)
    wait_by_policy(s)
    until("no drift", lambda: drift(s), lambda found: found == [])
    # Of another AS it is another session: its gate does not open for that.
    s.edge.configure_bgp(f"no neighbor {s.v6}", f"neighbor {s.v6} remote-as {ACME_AS + 1}",
                         f"neighbor {s.v6} timers connect 1", "address-family ipv6 unicast", f"neighbor {s.v6} activate",
                         f"neighbor {s.v6} route-map ALL in", f"neighbor {s.v6} route-map ALL out")
    s.acme.session("edge_ipv6").local_as = ACME_AS + 1
    s.acme.reconfigure()
    s.acme.wait_established("edge_ipv6")
    s.settle()
    assert not s.acme.received("edge_ipv6") and not s.witness_has_of_acme("ipv6")
    wait_by_policy(s, "ipv4")


def test_pushed_neighbors_and_peer_groups(pushed):
    s = pushed
    group = ["neighbor GROUP peer-group", f"neighbor GROUP remote-as {ACME_AS}", "neighbor GROUP timers connect 1",
             "address-family ipv4 unicast", "neighbor GROUP activate", "neighbor GROUP default-originate",
             "neighbor GROUP route-map ALL in", "neighbor GROUP route-map ALL out", "exit-address-family"]
    member = "203.0.113.50"
    s.edge.configure_bgp(*group, f"neighbor {member} peer-group GROUP")
    # A member that is there is its operator's.
    result = s.script.push("taken", declared_of(member))
    assert [one.code for one in result.results] == ["neighbor-exists"], result
    # One that a push has made, put into the group by hand while its gate is closed.
    applied(s, "up", *standard(s), declared(s, s.v4), verb(NAME, "approve"), verb(NAME, "ready"))
    s.edge.configure_bgp(f"neighbor {s.v4} peer-group GROUP")
    s.acme.wait_established("edge_ipv4")
    s.wait_passed()
    s.settle()
    s.expect_nothing_sent()
    assert not s.witness_has_of_acme("ipv4")
    # By what the group says it is in service, which is told.
    applied(s, "on", verb(NAME, "activate"))
    until("the group's", lambda: s.acme.received("edge_ipv4"))
    # The group goes, and its members with it; pushed again it is as pushed.
    s.edge.configure_bgp("no neighbor GROUP peer-group")
    until("the neighbor gone", lambda: lines_of(s, s.v4), lambda lines: not lines)
    wait_drift(s, f"{s.v4} was pushed and is no neighbor any more")
    applied(s, "again", declared(s, s.v4))
    wait_by_policy(s, "ipv4")
    until("no drift", lambda: drift(s), lambda found: found == [])


def declared_of(address):
    return declare("OTHER", ACME_AS, [address], import_policy="", export_policy="")


def test_pushed_neighbors_and_listen_ranges(pushed):
    s = pushed
    s.edge.configure_bgp("neighbor RANGE peer-group", f"neighbor RANGE remote-as {ACME_AS}",
                         f"bgp listen range {s.v4}/30 peer-group RANGE", "address-family ipv4 unicast",
                         "neighbor RANGE activate", "neighbor RANGE route-map ALL in", "neighbor RANGE route-map ALL out")
    s.acme.wait_established("edge_ipv4")
    # A dynamic neighbor is there: it is the operator's as long as it is.
    result = s.script.push("taken", *standard(s), declared(s, s.v4))
    assert not result.applied and result.results[-1].code == "neighbor-exists", result
    s.acme.disable_session("edge_ipv4")
    until("the dynamic neighbor gone", lambda: s.v4 in s.edge.bgpd_json("show bgp neighbors json"), lambda there: not there)
    applied(s, "up", *standard(s), declared(s, s.v4))
    # A pushed one is shut until somebody says `ready`: the range does not let its peer in by another door.
    applied(s, "approved", verb(NAME, "approve"))
    s.acme.enable_session("edge_ipv4")
    s.settle()
    assert s.acme.bgp_state("edge_ipv4") != "Established"
    applied(s, "ready", verb(NAME, "ready"))
    s.acme.wait_established("edge_ipv4")
    s.settle()
    s.expect_nothing_sent()
    s.wait_passed()
    applied(s, "on", verb(NAME, "activate"))
    wait_by_policy(s, "ipv4")
    # Ended, its neighbor is gone, and the range's is under default-deny.
    applied(s, "off", verb(NAME, "deprovision"))
    s.edge.wait_state(NAME, "None")
    until("acme's routes gone", lambda: s.witness_has_of_acme("ipv4"), lambda seen: not seen)
    s.acme.wait_received("edge_ipv4", [])


def test_a_rollback_takes_nothing_of_a_persons(pushed):
    s = pushed
    activate(s, s.v4)
    wait_by_policy(s, "ipv4")
    third = "203.0.113.60"
    applied(s, "risky", declared(s, s.v4, s.v6, third), confirm_seconds=10)
    # Meanwhile a person makes one of them his own, and removes another.
    s.edge.configure_bgp(f"no neighbor {s.v6}", f"neighbor {s.v6} remote-as {ACME_AS}", f"neighbor {s.v6} timers 7 21",
                         f"neighbor {s.v6} timers connect 1", "address-family ipv6 unicast", f"neighbor {s.v6} activate",
                         f"neighbor {s.v6} route-map ALL in", f"neighbor {s.v6} route-map ALL out")
    s.edge.configure_bgp(f"no neighbor {third}")
    told = s.script.expect("push_result", 60, lambda result: result.id == "risky" and result.rolled_back)
    assert told.rolled_back
    assert "timers 7 21" in lines_of(s, s.v6) and not lines_of(s, third)
    s.acme.wait_established("edge_ipv6")
    s.settle()
    assert not s.acme.received("edge_ipv6") and not s.witness_has_of_acme("ipv6")
    wait_by_policy(s, "ipv4")
    assert json.loads(s.edge.bgpd_vty("show peering summary json"))["pushes"]["unconfirmed"] is None


def test_pushes_in_a_row_do_not_put_off_what_they_change(pushed):
    """bgpd judges anew some seconds after the last change of any policy, also of one that nobody goes by."""
    s = pushed
    activate(s, s.v4)
    wait_by_policy(s, "ipv4")
    applied(s, "fewer", policy("prefix4", "IN-ipv4", dict(prefix=s.acme_routes["ipv4"][0])))
    pushes = 0

    def after_another():
        nonlocal pushes
        pushes += 1
        applied(s, f"another {pushes}", policy("route-map", "UNUSED", dict(clause=dict(set_med=dict(value=pushes)))))
        return s.witness_has_of_acme("ipv4")

    until("the list in force while other policies are pushed", after_another,
          lambda seen: seen == set(s.acme_routes["ipv4"][:1]), timeout=30, pause=1)
    assert pushes > 1
