# SPDX-License-Identifier: GPL-2.0-or-later
"""What the validation says of a real peer, and that it opens nothing before the peer has mended what it says."""
import json
import re

from lab.bird import DEFAULT
from lab.rtr_cache import RtrCache
from lab.scenario import ACME_AS, FAMILIES, NAME, Scenario
from lab.wait import until

OWN_PATH = f"bgp_path.prepend({ACME_AS});"
# A route server puts no AS number in front and leaves next hops alone: so BIRD says whatever a test wants.
AS_TOLD = {"extra": "rs client;", "channel": "next hop keep;"}
# What offends, by the check that is to see it: family, prefix, attributes.
OFFENDERS = {
    "no-default": ("ipv4", DEFAULT["ipv4"], OWN_PATH),
    "no-bogons": ("ipv6", "2001:db8:77::/48", OWN_PATH),
    "prefix-length": ("ipv4", "8.8.4.0/25", OWN_PATH),
    "no-own-prefix": ("ipv4", "9.9.9.0/24", OWN_PATH),
    "allowed-prefixes": ("ipv4", "7.1.0.0/16", OWN_PATH),
    "first-as": ("ipv4", "8.1.0.0/16", "bgp_path.prepend(13335);"),
    "no-transit": ("ipv4", "8.4.0.0/16", f"bgp_path.prepend(1299); {OWN_PATH}"),
    "path-length": ("ipv4", "8.5.0.0/16", OWN_PATH * 51),
    "path-asn": ("ipv4", "8.2.0.0/16", f"bgp_path.prepend(64512); {OWN_PATH}"),
    "next-hop": ("ipv4", "8.3.0.0/16", f"{OWN_PATH} bgp_next_hop = 9.1.1.1;"),
}
GOOD = {"ipv4": "8.8.8.0/24", "ipv6": "2a00:1450::/32"}


def blocking(s):
    return {(entry["check"], entry["session"]) for entry in s.edge.connection(NAME)["blocking"]}


def wait_blocked(s, checks):
    """Waits until exactly these checks block, each for the session that its offender is sent on."""
    wanted = {(check, s.acme_address(OFFENDERS[check][0])) for check in checks}
    until(f"{sorted(checks)} block", lambda: blocking(s), lambda seen: seen == wanted)
    assert s.edge.connection_state(NAME) == "Validating"


def test_a_connection_opens_once_the_peer_has_taken_back_what_offends(lab):
    s = Scenario(lab, acme=AS_TOLD)
    s.acme.announced = {family: [GOOD[family]] for family in FAMILIES}
    s.acme.attributes = {prefix: OWN_PATH for prefix in GOOD.values()}
    for family, prefix, attributes in OFFENDERS.values():
        s.acme.announced[family].append(prefix)
        s.acme.attributes[prefix] = attributes
    required = [f"peering {NAME} check {check} required" for check in OFFENDERS if check != "no-default"]
    lists = [f"peering {NAME} allowed-prefixes {family} ACME" for family in FAMILIES]
    s.start(s.config(top=["ip prefix-list ACME deny 7.0.0.0/8 le 32", "ip prefix-list ACME permit any",
                          "ipv6 prefix-list ACME permit any"],
                     bgp=[*s.declaration(), *required, *lists], ipv4=["network 9.9.0.0/16"]))
    s.acme.wait_established()
    config = s.edge.running_config()
    assert all(f" {line}\n" in config for line in required + lists)
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")
    left = dict(OFFENDERS)
    wait_blocked(s, left)
    shown = s.edge.vtysh(f"show peering {NAME} checks")
    # A reason that is long goes on in the next line.
    shown = " ".join(shown.split())
    for words in ("8.8.4.0/25 path 64510", "(documentation (RFC 3849))", "8.1.0.0/16 path 13335", "(AS1299 buys no transit)", "(51 AS numbers)", "(AS64512: private use",
                  "(next hop 9.1.1.1)", "9.9.9.0/24 path", "7.1.0.0/16 path", "1 of 10 prefixes", "Blocking: "):
        assert words in shown, shown

    # What somebody has made advisory, or turned off, blocks nothing; a router that starts again knows.
    s.edge.configure_bgp(f"peering {NAME} check no-default off", f"peering {NAME} check path-asn advisory")
    wait_blocked(s, left.keys() - {"no-default", "path-asn"})
    s.restart_bgpd(extension=False)
    s.acme.wait_established()
    wait_blocked(s, left.keys() - {"no-default", "path-asn"})
    s.edge.configure_bgp(f"no peering {NAME} check no-default", f"peering {NAME} check path-asn required")
    wait_blocked(s, left)

    for check, (family, prefix, _) in OFFENDERS.items():
        assert blocking(s)
        assert "% " in s.edge.refused(f"peering {NAME} activate")
        if check == "path-asn":
            # Mended, not withdrawn.
            s.acme.attributes[prefix] = OWN_PATH
            s.acme.reconfigure()
        else:
            s.acme.withdraw(family, [prefix])
        del left[check]
        wait_blocked(s, left)
    s.settle()
    s.expect_nothing_passed()
    s.edge.verb(NAME, "activate")
    for family in FAMILIES:
        until(f"acme's {family} routes at the witness", lambda: s.witness_has_of_acme(family),
              lambda seen: seen == set(s.acme.announced[family]))
    assert set(s.acme.announced["ipv4"]) == {GOOD["ipv4"], "8.2.0.0/16"}


def test_each_check_says_what_there_is(lab):
    s = Scenario(lab, acme={"extra": "enable route refresh off;"})
    address = {family: s.acme_address(family) for family in FAMILIES}
    s.start(s.config(bgp=s.declaration(),
                     ipv6=[f"neighbor {address['ipv4']} activate", f"neighbor {address['ipv4']} route-map ACME-IN in",
                           f"neighbor {address['ipv4']} route-map ACME-OUT out"]))
    s.acme.wait_established()
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")

    def verdicts(family):
        said = json.loads(s.edge.vtysh(f"show peering {NAME} checks json"))
        assert list(said)[0] == "schemaVersion" and said["name"] == NAME
        return {entry["name"]: entry["verdict"] for entry in said["checks"] if entry["session"] == address[family]}

    both = {"profile": None, "local-policy": "pass", "session-stable": "pass", "remote-asn": "pass", "addresses": "pass",
            "agreed-families": "pass", "capabilities": "fail", "role": "unknown", "end-of-rib": "unknown",
            "received-limit": "pass", "no-default": "pass", "no-bogons": "fail", "no-own-prefix": "pass",
            "allowed-prefixes": "unknown", "first-as": "pass", "path-asn": "pass", "no-transit": "pass",
            "path-length": "pass", "next-hop": "pass", "rpki": "unknown", "bfd": "unknown",
            "ttl-security": "fail", "ping": None, "path-mtu": None, "gate-holds": "pass"}
    until("the verdicts on IPv4", lambda: verdicts("ipv4"),
          lambda seen: seen == {**both, "prefix-length": "fail", "agreed-families": "fail"})
    until("the verdicts on IPv6", lambda: verdicts("ipv6"), lambda seen: seen == {**both, "prefix-length": "pass"})
    assert blocking(s) == {("agreed-families", address["ipv4"])}

    # The other side of the same: no family that is not meant, a route server, roles.
    s.edge.configure_bgp(f"peering {NAME} kind route-server", f"neighbor {address['ipv4']} local-role peer",
                         "address-family ipv6 unicast", f"no neighbor {address['ipv4']} activate")
    s.acme.wait_established()
    until("the verdicts on IPv4 anew", lambda: verdicts("ipv4"),
          lambda seen: seen == {**both, "prefix-length": "fail", "first-as": None, "role": "fail"})
    s.wait_passed()
    assert "first-as" in s.edge.vtysh(f"show peering {NAME} checks")
    assert "path-asn" not in s.edge.vtysh(f"show peering {NAME}")
    assert "ttl-security: FAIL, which blocks nothing" in s.edge.vtysh(f"show peering {NAME}")
    s.settle()
    s.expect_nothing_passed()


def test_each_check_passes_where_it_should_and_says_what_else_is_wrong(lab):
    """What the tests above show failing of a well-behaved peer; and addresses, remote-asn and local-policy that fail."""
    s = Scenario(lab, acme={**AS_TOLD, "extra": "rs client; ttl security on; local role peer;", "graceful_restart": True})
    v4, v6 = (s.acme_address(family) for family in FAMILIES)
    s.acme.announced = {family: [GOOD[family]] for family in FAMILIES}
    s.acme.attributes = {prefix: OWN_PATH for prefix in GOOD.values()}
    # The edge's IPv4 address is in no network with acme's.
    link = s.acme_link
    s.edge.namespace.ip("address", "del", f"{link.near_ipv4}/30", "dev", link.near_interface)
    s.edge.namespace.ip("address", "add", f"{link.near_ipv4}/32", "dev", link.near_interface)
    s.edge.namespace.ip("route", "add", f"{v4}/32", "dev", link.near_interface, "src", link.near_ipv4)
    lists = [f"peering {NAME} allowed-prefixes {family} ANY" for family in FAMILIES]
    both = [f"neighbor {address} {words}" for address in (v4, v6) for words in ("ttl-security hops 1", "local-role peer")]
    s.start(s.config(top=["ip prefix-list ANY permit any", "ipv6 prefix-list ANY permit any"],
                     bgp=[*s.declaration(), *both, *lists, f"neighbor {v4} disable-connected-check"]))
    s.acme.wait_established()
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")

    def verdicts(address):
        said = json.loads(s.edge.vtysh(f"show peering {NAME} checks json"))["checks"]
        return {entry["name"]: entry["verdict"] for entry in said if entry["session"] == address}

    passing = dict.fromkeys(
        ("local-policy", "session-stable", "remote-asn", "addresses", "agreed-families", "capabilities", "role", "end-of-rib",
         "received-limit", "no-default", "no-bogons", "prefix-length", "no-own-prefix", "allowed-prefixes", "first-as",
         "path-asn", "no-transit", "path-length", "next-hop", "ttl-security", "gate-holds"), "pass")
    all_pass = {**passing, "profile": None, "rpki": "unknown", "bfd": "unknown", "ping": None, "path-mtu": None}
    until("the verdicts on IPv6", lambda: verdicts(v6), lambda seen: seen == all_pass)
    until("the verdicts on IPv4", lambda: verdicts(v4), lambda seen: seen == {**all_pass, "addresses": "fail"})
    s.wait_passed()

    # Each that fails now blocks, and says with figures what it is of which session.
    s.edge.configure_bgp(f"peering {NAME} remote-as {ACME_AS + 1}", f"peering {NAME} check addresses required",
                         "address-family ipv6 unicast", f"no neighbor {v6} route-map ACME-OUT out")
    until("what blocks", lambda: blocking(s),
          lambda seen: seen == {("remote-asn", v4), ("remote-asn", v6), ("addresses", v4), ("local-policy", v6)})
    said = {(entry["name"], entry["session"]): (entry["value"], entry["reason"]) for entry in
            json.loads(s.edge.vtysh(f"show peering {NAME} checks json"))["checks"] if entry["verdict"] == "fail"}
    assert said[("remote-asn", v4)] == (f"AS{ACME_AS}", f"AS{ACME_AS + 1} is expected")
    assert said[("local-policy", v6)][0] == "1 of 2 defined" and f"neighbor {v6} route-map NAME out" in said[("local-policy", v6)][1]
    assert said[("addresses", v4)][1]
    s.settle()
    s.expect_nothing_passed()
    s.edge.configure_bgp(f"no peering {NAME} remote-as", f"peering {NAME} check addresses off",
                         "address-family ipv6 unicast", f"neighbor {v6} route-map ACME-OUT out")
    s.wait_passed()


def test_a_profile_says_for_many_what_each_may_say_otherwise(lab):
    s = Scenario(lab, acme=AS_TOLD)
    s.acme.announced = {family: [GOOD[family]] for family in FAMILIES}
    s.acme.attributes = {prefix: OWN_PATH for prefix in GOOD.values()}
    for check in ("no-transit", "prefix-length"):
        family, prefix, attributes = OFFENDERS[check]
        s.acme.announced[family].append(prefix)
        s.acme.attributes[prefix] = attributes
    profile = ["peering profile PEERS validation-window 2", "peering profile PEERS check prefix-length required",
               "peering profile PEERS check no-transit required"]
    window = f"peering {NAME} validation-window"
    own = [line for line in s.declaration() if not line.startswith(window)]
    s.start(s.config(bgp=[*own, *profile, f"peering {NAME} profile PEERS"]))
    s.acme.wait_established()
    config = s.edge.running_config()
    assert all(f" {line}\n" in config for line in [*profile, f"peering {NAME} profile PEERS"])
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")
    both = {"no-transit", "prefix-length"}
    wait_blocked(s, both)

    # The connection's own word goes first; what the profile says anew counts for all that name it.
    s.edge.configure_bgp(f"peering {NAME} check no-transit advisory")
    wait_blocked(s, {"prefix-length"})
    s.edge.configure_bgp(f"no peering {NAME} check no-transit")
    wait_blocked(s, both)
    generation = s.edge.connection(NAME)["generation"]
    s.edge.configure_bgp("peering profile PEERS check prefix-length off")
    wait_blocked(s, {"no-transit"})
    until("a new generation", lambda: s.edge.connection(NAME)["generation"], lambda seen: seen > generation)

    # The journal has it where the file has lost every line; where the file has lines, what it does not name is gone.
    def profile_lines():
        return [line for line in s.edge.running_config().splitlines() if " profile " in line]

    known = profile_lines()
    s.edge.vtysh("write memory")
    saved = s.edge.config_file.read_text()
    assert all(f"{line}\n" in saved for line in known)
    s.restart_bgpd(between=lambda: s.edge.write_config(re.sub(r"(?m)^ peering .*\n", "", saved)))
    s.acme.wait_established()
    wait_blocked(s, {"no-transit"})
    assert profile_lines() == known
    s.restart_bgpd("stop_bgpd", between=lambda: s.edge.write_config(
        saved.replace(" peering profile PEERS check no-transit required\n", "")))
    s.acme.wait_established()
    s.wait_passed()
    s.edge.configure_bgp("peering profile PEERS check no-transit required")
    wait_blocked(s, {"no-transit"})

    # Without its last line there is no profile, and without a profile nothing passes, whatever it would have required.
    s.edge.configure_bgp(*(f"no {line}" for line in profile[:1]), "no peering profile PEERS check no-transit",
                         "no peering profile PEERS check prefix-length", f"{window} 2")
    until("what is named and not there blocks", lambda: {check for check, _ in blocking(s)},
          lambda seen: seen == {"profile"})
    assert "there is no such profile" in " ".join(s.edge.vtysh(f"show peering {NAME} checks").split())
    s.settle()
    s.expect_nothing_passed()
    s.edge.configure_bgp(f"no peering {NAME} profile PEERS")
    s.wait_passed()


def test_origins_are_validated_by_a_real_cache(lab):
    """By FRR's own rpki module, which has them from StayRTR."""
    s = Scenario(lab, acme=AS_TOLD)
    s.acme.announced = {"ipv4": ["8.8.8.0/24", "8.9.0.0/16", "8.10.0.0/16"], "ipv6": [GOOD["ipv6"]]}
    s.acme.attributes = {prefix: OWN_PATH for family in FAMILIES for prefix in s.acme.announced[family]}
    link = lab.link(s.edge.namespace, lab.namespace("cache"))
    cache = RtrCache(lab, lab.namespace("cache"), link.far_ipv4, {"8.8.8.0/24": ACME_AS, "8.9.0.0/16": 64999})
    s.edge.add_other_module("rpki")
    s.start(s.config(bgp=[*s.declaration(), f"peering {NAME} check rpki required"],
                     top=cache.lines))
    s.acme.wait_established()
    s.edge.verb(NAME, "approve")
    s.edge.verb(NAME, "ready")

    def verdicts():
        said = json.loads(s.edge.vtysh(f"show peering {NAME} checks json"))["checks"]
        return [(entry["verdict"], entry["value"], entry["reason"]) for entry in said if entry["name"] == "rpki"]

    # No data is no pass.
    until("no cache, no verdict", verdicts, lambda seen: len(seen) == 2 and all(
        verdict == "unknown" and "no RPKI cache" in reason for verdict, _, reason in seen))
    cache.start()
    s.acme.attributes["8.11.0.0/16"] = OWN_PATH
    s.acme.announce("ipv4", ["8.11.0.0/16"])
    until("the invalid one is found", verdicts,
          lambda seen: ("fail", "1 valid, 2 not-found, 1 invalid") in [one[:2] for one in seen])
    assert any("8.9.0.0/16 path 64510" in reason for _, _, reason in verdicts())
    routes = s.edge.bgpd_json(f"show peering {NAME} routes json")["routes"]
    assert {route["prefix"]: route["originValidation"] for route in routes} == {
        "8.8.8.0/24": "valid", "8.9.0.0/16": "invalid", "8.10.0.0/16": "not-found", "8.11.0.0/16": "not-found",
        GOOD["ipv6"]: "not-found"}
    assert "% " in s.edge.refused(f"peering {NAME} activate")
    # A cache that changes its mind is heard, though the peer says nothing new.
    cache.change({"8.8.8.0/24": ACME_AS, "8.9.0.0/16": ACME_AS})
    s.wait_passed()
    s.settle()
    s.expect_nothing_passed()
    s.edge.verb(NAME, "activate")
    for family in FAMILIES:
        until(f"acme's {family} routes at the witness", lambda: s.witness_has_of_acme(family),
              lambda seen: seen == set(s.acme.announced[family]))

    # In service: what was judged before counts as the cache says now; what becomes invalid is told, and closes the gate
    # where that is asked for.
    address = s.acme_address("ipv4")

    def causes():
        return {(one["cause"], one["session"], one["severity"], one["gateEffect"])
                for one in s.edge.connection(NAME)["degraded"]}

    s.capture.wait_keepalives([address], 8)
    assert causes() == set()
    cache.change({"8.8.8.0/24": ACME_AS, "8.9.0.0/16": ACME_AS, "8.12.0.0/16": 64999})
    until("the cache's new data", lambda: s.edge.vtysh("show rpki prefix-table"), lambda text: "8.12.0.0" in text)
    s.acme.attributes["8.12.0.0/16"] = OWN_PATH
    s.acme.announce("ipv4", ["8.12.0.0/16"])
    until("the invalid one is told", causes, lambda seen: seen == {("rpki-invalid", address, "warning", "none")})
    assert "8.12.0.0/16" in s.witness.received("edge_ipv4")
    found = s.edge.connection(NAME)["degraded"][0]
    assert "8.12.0.0/16 path 64510" in found["reason"] and found["figures"].startswith("1 of "), found
    s.edge.configure_bgp(f"peering {NAME} on-violation deny")
    until("nothing of it at the witness", lambda: s.witness_has_of_acme("ipv4"), lambda seen: seen == set())
    until("its cause", causes, lambda seen: seen == {("rpki-invalid", address, "critical", "closed")})
    assert s.witness_has_of_acme("ipv6") == {GOOD["ipv6"]}
