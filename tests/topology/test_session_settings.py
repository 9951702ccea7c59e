# SPDX-License-Identifier: GPL-2.0-or-later
"""What a push says of a session beside its families: judged by a BIRD that has the other half of it."""
import json
import re
import sqlite3

import pytest

from lab.controller import ROUTER, Controller
from lab.scenario import ACME_AS, FAMILIES, NAME, Scenario
from lab.wait import until
from scripted_controller import ScriptedController, declare, verb

KEY, OTHER_KEY = "an-md5-key-of-acme", "another-md5-key"
BOTH = dict(password=KEY, hold_time=12, keepalive=4, connect_retry=1, role="provider", role_strict=True)
# bgpd's BFD takes a session with TTL security for one of several hops, and BIRD does not.
OF = {"ipv4": dict(ttl_security_hops=1), "ipv6": dict(bfd=True)}
LINES = {f"password {KEY}", "timers 4 12", "timers connect 1", "local-role provider strict-mode"}
LINES_OF = {"ipv4": {"ttl-security hops 1"}, "ipv6": {"bfd"}}
FAR = f'password "{KEY}"; local role customer; require roles on;'
FAR_OF = {"ipv4": "ttl security on;", "ipv6": "bfd on;"}


def make(lab):
    s = Scenario(lab)
    for session, family in zip(s.acme.sessions, FAMILIES):
        session.extra = f"{FAR} {FAR_OF[family]}"
    s.acme.top = 'protocol bfd { interface "*" { interval 300 ms; multiplier 3; }; }'
    s.edge.other_daemons.append("bfdd")
    s.controller = Controller(lab, s.edge)
    return s


def start(s):
    witness = [f"peering WITNESS neighbor {s.witness_link.far_address(family)}" for family in FAMILIES]
    s.start(s.config(bgp=[*s.controller.router_lines(), *witness, "peering WITNESS adopted", "peering default-deny"],
                     top=["bfd", "profile slow", "transmit-interval 700", "receive-interval 700", "exit", "exit"],
                     acme_neighbor=lambda family: [], acme_family=lambda family: []))


@pytest.fixture
def pushed(lab):
    s = make(lab)
    s.script = ScriptedController(s.controller)
    start(s)
    s.script.accept()
    yield s
    s.script.close()


def settings(s, name=NAME, of=OF, **fields):
    """A declaration of acme's two sessions, each spoken from the edge's end of the link, as a /31 or /127 would be."""
    operation = declare(name, ACME_AS, [s.acme_address(family) for family in FAMILIES])
    for neighbor, family in zip(operation["declare"]["neighbors"], FAMILIES):
        neighbor.update(BOTH | of[family] | {"local_address": s.edge_address(family)} | fields)
    return operation


def lines_of(s, address):
    return {line.removeprefix(f" neighbor {address} ") for line in s.edge.running_config().splitlines()
            if line.startswith(f" neighbor {address} ")}


def drift(s):
    return [one["reason"] for one in s.edge.connection(NAME)["degraded"] if one["cause"] == "drift"]


def wait_drift(s, words):
    return until(f"drift: {words}", lambda: drift(s), lambda found: len(found) == 1 and words in found[0])


def expect_secret(s, *keys):
    """In nothing that the router writes, says or keeps: FRR's own running configuration alone has them."""
    said = [s.edge.log_text(), (s.edge.state / "journal.jsonl").read_text()]
    said += [s.edge.vtysh(f"show peering {what}") for what in (
        "", "all", "all json", NAME, f"{NAME} json", "problems", "summary json")]
    for key in keys:
        assert not [text for text in said if key in text]


@pytest.mark.versions
def test_a_session_is_as_it_was_pushed_for_both_its_ends(pushed):
    s = pushed
    v4, v6 = (s.acme_address(family) for family in FAMILIES)
    assert s.script.push("1", settings(s), verb(NAME, "approve"), verb(NAME, "ready")).applied
    for address, family in zip((v4, v6), FAMILIES):
        wanted = LINES | LINES_OF[family] | {f"update-source {s.edge_address(family)}"}
        assert lines_of(s, address) >= wanted, lines_of(s, address)
    s.acme.wait_established()
    told = s.acme.birdc("show protocols all edge_ipv4")
    assert re.search(r"Hold timer:\s+\S+/9", told) and "Role: provider" in told, told
    until("BFD up at acme", lambda: s.acme.birdc("show bfd sessions"), lambda text: " Up " in text)
    s.wait_passed()
    assert s.script.push("2", verb(NAME, "activate")).applied
    s.wait_open()
    assert drift(s) == []
    expect_secret(s, KEY)

    # What touches the session is refused while it is in service; the rest changes, and the session stays.
    up = s.acme.birdc("show protocols edge_ipv4")
    for fields in (dict(password=OTHER_KEY), dict(password=""), dict(ttl_security_hops=2), dict(role="peer"),
                   dict(role_strict=False), dict(local_address="")):
        result = s.script.push(f"no {fields}", settings(s, **fields))
        assert [one.code for one in result.results] == ["active"], result
    harmless = settings(s, hold_time=30, keepalive=0, connect_retry=0)
    harmless["declare"]["neighbors"][1]["bfd_profile"] = "slow"
    assert s.script.push("3", harmless).applied
    assert lines_of(s, v4) >= {"timers 10 30", f"password {KEY}"} and "bfd profile slow" in lines_of(s, v6)
    assert "timers connect 1" not in lines_of(s, v4)
    until("the profile's interval at acme", lambda: s.acme.birdc("show bfd sessions"), lambda text: "0.700" in text)
    # What no push has stated is the operator's, and stays.
    s.edge.configure_bgp(f"neighbor {v4} timers connect 77")
    assert s.script.push("3b", {"declare": harmless["declare"] | {"stale_timer": 900}}).applied
    assert "timers connect 77" in lines_of(s, v4)
    s.edge.configure_bgp(f"no neighbor {v4} timers connect")
    s.settle()
    s.wait_open()
    assert s.acme.birdc("show protocols edge_ipv4") == up
    expect_secret(s, KEY)

    # After a restart that knows it from the journal alone, and one that has it from the file, too.
    for save in (False, True):
        if save:
            s.edge.vtysh("write memory")
        s.restart_bgpd(end="stop_bgpd", saved=save)
        s.script.accept()
        s.acme.wait_established()
        s.wait_open()
        assert lines_of(s, v6) >= {"timers 10 30", "bfd profile slow", f"password {KEY}",
                                   f"update-source {s.edge_address('ipv6')}"}
        assert drift(s) == []
    expect_secret(s, KEY)

    # Out of service, everything is as the newest push says; what it does not state is bgpd's default.
    assert s.script.push("4", verb(NAME, "deprovision")).applied
    s.edge.wait_state(NAME, "None")
    until("the neighbors gone", lambda: lines_of(s, v4), lambda lines: not lines)
    # Neither does a file bring it back that was saved while it was there.
    s.restart_bgpd(end="stop_bgpd", saved=True)
    s.script.accept()
    assert s.edge.connection_state(NAME) == "None"
    assert s.edge.bgp_state(v4) != "Established" and (not lines_of(s, v4) or s.edge.bgp_neighbor(v4)["adminShutDown"])


# Networks of two addresses: the router has the first one of the one and the second one of the other.
OF_TWO = {"ipv4": ("192.0.2.128/31", "192.0.2.129/31"), "ipv6": ("2001:db8:aaaa::1/127", "2001:db8:aaaa::/127")}


def test_links_of_two_addresses_whichever_end_the_router_is(pushed):
    """And TTL security and BFD each of the other family than above."""
    s = pushed
    operation = settings(s, of={"ipv4": OF["ipv6"], "ipv6": OF["ipv4"]})
    for neighbor, session, family, other in zip(operation["declare"]["neighbors"], s.acme.sessions, FAMILIES, FAMILIES[::-1]):
        session.extra = f"{FAR} {FAR_OF[other]}"
        near, far = OF_TWO[family]
        more = ["nodad"] if family == "ipv6" else []
        s.edge.namespace.ip("address", "add", near, "dev", s.acme_link.near_interface, *more)
        s.acme.namespace.ip("address", "add", far, "dev", s.acme_link.far_interface, *more)
        session.neighbor, session.local = (address.split("/")[0] for address in (near, far))
        neighbor.update(address=session.local, local_address=near)
    s.acme.reconfigure()
    # The two ends in each other's place.
    swapped = {"declare": operation["declare"] | {"neighbors": [operation["declare"]["neighbors"][0] | dict(
        address="192.0.2.128", local_address="192.0.2.129/31")]}}
    result = s.script.push("swapped", swapped)
    assert result.results[0].code == "bad-address" and "this router itself" in result.results[0].message, result
    assert s.script.push("1", operation, verb(NAME, "approve"), verb(NAME, "ready")).applied
    s.acme.wait_established()
    s.wait_passed()
    assert s.script.push("2", verb(NAME, "activate")).applied
    for family in FAMILIES:
        s.acme.wait_received(f"edge_{family}", s.to_acme(family))
        assert f"update-source {OF_TWO[family][0].split('/')[0]}" in lines_of(s, OF_TWO[family][1].split("/")[0])
    until("BFD up at acme", lambda: s.acme.birdc("show bfd sessions"), lambda text: " Up " in text)
    assert drift(s) == []


def test_what_a_person_changes_of_it_is_drift(pushed):
    s = pushed
    v4, v6 = (s.acme_address(family) for family in FAMILIES)
    declared = settings(s)
    assert s.script.push("1", declared, verb(NAME, "approve"), verb(NAME, "ready")).applied
    s.acme.wait_established()
    s.wait_passed()
    assert s.script.push("2", verb(NAME, "activate")).applied
    s.wait_open()
    assert drift(s) == []
    for line, back, words in (
            (f"neighbor {v6} timers 1 9", f"neighbor {v6} timers 4 12", f"{v6} has another hold time"),
            (f"neighbor {v6} timers connect 9", f"neighbor {v6} timers connect 1", f"{v6} has another connect timer"),
            (f"no neighbor {v6} bfd", f"neighbor {v6} bfd", f"{v6} has no BFD"),
            (f"neighbor {v6} local-role peer", f"neighbor {v6} local-role provider strict-mode", f"{v6} has another role"),
            (f"no neighbor {v6} update-source", f"neighbor {v6} update-source {s.edge_address('ipv6')}",
             f"{v6} speaks from another address"),
            (f"no neighbor {v6} password", f"neighbor {v6} password {KEY}", f"{v6} has no password"),
            (f"peering {NAME} timers stale 77", f"no peering {NAME} timers stale", "")):
        s.edge.configure_bgp(line)
        if words:
            wait_drift(s, words)
            s.edge.configure_bgp(back)
        until("no drift", lambda: drift(s), lambda found: found == [])
    # The same push again puts back what leaves the session alone, and no more while it is in service.
    s.acme.wait_established()
    s.wait_open()
    s.edge.configure_bgp(f"neighbor {v6} timers 1 9", f"neighbor {v4} password {OTHER_KEY}")
    until("both", lambda: s.edge.connection(NAME)["degraded"],
          lambda found: [one["figures"] for one in found if one["cause"] == "drift"] == ["2 differences"])
    assert s.script.push("again", declared).applied
    wait_drift(s, f"{v4} has another password")
    assert f"password {OTHER_KEY}" in lines_of(s, v4) and "timers 4 12" in lines_of(s, v6)
    # Accepted, it is what the next start knows.
    s.edge.vtysh(f"clear peering drift {NAME}")
    assert drift(s) == []
    expect_secret(s, KEY, OTHER_KEY)
    s.acme.session("edge_ipv4").extra = s.acme.session("edge_ipv4").extra.replace(KEY, OTHER_KEY)
    s.acme.reconfigure()
    s.restart_bgpd(end="stop_bgpd")
    s.script.accept()
    s.acme.wait_established()
    assert drift(s) == [] and f"password {OTHER_KEY}" in lines_of(s, v4)


def test_what_is_no_setting_is_refused(pushed):
    s = pushed
    own = s.edge_address("ipv4")
    for fields, code in ((dict(password="a key"), "bad-session"), (dict(password="x" * 81), "bad-session"),
                         (dict(password="x\x07"), "bad-session"), (dict(ttl_security_hops=255), "bad-session"),
                         (dict(hold_time=2), "bad-session"), (dict(hold_time=70000), "bad-session"),
                         (dict(keepalive=9), "bad-session"), (dict(hold_time=0), "bad-session"),
                         (dict(connect_retry=65536), "bad-session"), (dict(role="upstream"), "bad-session"),
                         (dict(role=""), "bad-session"), (dict(bfd=False, bfd_profile="slow"), "bad-session"),
                         (dict(bfd=True, bfd_profile="x" * 64), "bad-session"), (dict(local_address="x"), "bad-address"),
                         (dict(local_address=f"{own}/33"), "bad-address"), (dict(local_address="198.51.100.1/30"), "bad-address")):
        operation = settings(s, **fields)
        operation["declare"]["neighbors"] = operation["declare"]["neighbors"][:1]
        result = s.script.push(f"wrong {fields}", operation)
        assert [one.code for one in result.results] == [code], (fields, result)
    # The two ends in each other's place.
    operation = settings(s)
    operation["declare"]["neighbors"] = [dict(address=own, local_address=s.acme_address("ipv4"))]
    result = s.script.push("swapped", operation)
    assert result.results[0].code == "bad-address" and "this router itself" in result.results[0].message
    operation = settings(s)
    operation["declare"]["stale_timer"] = 31536001
    assert s.script.push("timer", operation).results[0].code == "bad-timer"
    assert NAME not in s.edge.vtysh("show peering all")
    for one in ("x" * 81, "a key"):
        expect_secret_of_router(s, one)


def expect_secret_of_router(s, *keys):
    said = [s.edge.log_text(), (s.edge.state / "journal.jsonl").read_text()]
    assert not [text for text in said for key in keys if key in text]


def test_a_journal_without_its_key_makes_no_session_without_a_password(pushed):
    s = pushed
    v4, v6 = (s.acme_address(family) for family in FAMILIES)
    declared = settings(s)
    assert s.script.push("1", declared, verb(NAME, "approve"), verb(NAME, "ready")).applied
    s.acme.wait_established()
    assert oct((s.edge.state / "password.key").stat().st_mode & 0o777) == "0o600"
    s.restart_bgpd(end="stop_bgpd", between=(s.edge.state / "password.key").unlink)
    s.script.accept()
    assert not lines_of(s, v4) and not lines_of(s, v6)
    wait_drift(s, f"{v4} was pushed and is no neighbor any more")
    assert "is not made again: its password" in s.edge.log_text()
    # Pushed again it is sealed with the key that there is now.
    assert s.script.push("2", declared).applied
    s.acme.wait_established()
    assert drift(s) == []
    s.settle()
    s.expect_nothing_passed()


def test_a_password_goes_through_the_controller_and_is_nowhere_to_be_read(lab, tmp_path):
    s = make(lab)
    s.controller.start()
    start(s)
    s.controller.wait_connected()
    v4, v6 = (s.acme_address(family) for family in FAMILIES)
    key = tmp_path / "key"
    key.write_text(f"{KEY}\n")
    common = ["--asn", str(ACME_AS), "--password-file", str(key), "--hold-time", "12", "--keepalive", "4", "--connect-retry",
              "1", "--role", "provider", "--role-strict", "--timer", "stale=1000"]
    request = ["request", ROUTER, NAME, *common, "--neighbor", v6, "--bfd", "--local-address", f"{s.edge_address('ipv6')}/64"]
    s.controller.peerctl(*request)
    s.controller.peerctl("request", ROUTER, "FOUR", *common, "--neighbor", v4, "--ttl-security", "1", "--local-address",
                         f"{s.edge_address('ipv4')}/30")
    for name in (NAME, "FOUR"):
        for which in ("approve", "ready"):
            s.controller.peerctl(which, ROUTER, name)
    s.acme.wait_established()
    assert f"peering {NAME} timers stale 1000" in s.edge.running_config()
    # `show peering NAME config` has it all but for the password.
    said = s.edge.vtysh("show peering FOUR config")
    for line in (f"neighbor {v4} password (set, not shown)", f"neighbor {v4} ttl-security hops 1",
                 f"neighbor {v4} timers 4 12", f"neighbor {v4} local-role provider strict-mode", "peering FOUR timers stale 1000",
                 f"neighbor {v4} update-source {s.edge_address('ipv4')}"):
        assert line in said, said
    assert KEY not in said

    shown = s.controller.show(NAME)
    wanted = shown["desired"]["neighbors"][0]
    assert wanted["passwordSet"] is True and wanted["localAddress"] == f"{s.edge_address('ipv6')}/64" and wanted["bfd"] is True
    said = [json.dumps(shown), s.controller.peerctl("connections", "-o", "json"), s.controller.log.read_text(),
            *request_bodies(s)]
    assert not [text for text in said if KEY in text or "sealed" in text]
    database = b"".join(path.read_bytes() for path in s.controller.folder.glob("controller.db*") if path.suffix != ".key")
    assert KEY.encode() not in database and b"sealed1:" in database
    expect_secret(s, KEY)
    # The same again is the same, and changes nothing.
    before = s.edge.history(NAME)
    s.controller.peerctl(*request)
    assert s.edge.history(NAME) == before and drift(s) == []


def test_another_password_that_is_accepted_on_the_router_is_known_to_the_controller(lab, tmp_path):
    s = make(lab)
    s.controller.start()
    start(s)
    s.controller.wait_connected()
    v4 = s.acme_address("ipv4")
    keys = [tmp_path / "asked-for", tmp_path / "typed"]
    for path, key in zip(keys, (KEY, "another-key"), strict=True):
        path.write_text(f"{key}\n")

    def request(path):
        s.controller.peerctl("request", ROUTER, NAME, "--asn", str(ACME_AS), "--neighbor", v4, "--password-file", str(path))

    def fields():
        found = json.loads(s.controller.try_peerctl("diff", "-o", "json").stdout)["differences"]
        return {each["field"]: (each["desired"], each["observed"]) for one in found for each in one["fields"]}

    request(keys[0])
    until("no difference", fields, lambda found: found == {})
    s.edge.configure_bgp(f"neighbor {v4} password another-key")
    other = {f"neighbors[{v4}].password": ("set", "another")}
    until("the drift, and what it is", fields, lambda found: set(found) == {"drift", *other})
    s.edge.vtysh(f"clear peering drift {NAME}")
    until("no drift, and still another password", fields, lambda found: found == other)
    s.restart_bgpd(end="stop_bgpd")
    s.controller.wait_connected()
    until("the same behind a restart", fields, lambda found: found == other)
    said = s.controller.try_peerctl("show", ROUTER, NAME).stdout
    assert "the router has another" in said and f"peerctl force-cancel {ROUTER} {NAME} --reason TEXT" in said, said
    said = s.controller.try_peerctl("routes", ROUTER, NAME, "--prefix", "foo/3")
    assert said.returncode == 1 and "a prefix such as 192.0.2.0/24" in said.stdout, said.stdout
    refused = s.controller.try_peerctl("accept", ROUTER, NAME)
    assert refused.returncode == 1 and "no router tells one" in refused.stdout, refused.stdout
    assert drift(s) == []
    # Whoever knows it asks for it, and both agree.
    request(keys[1])
    until("no difference", fields, lambda found: found == {})
    assert drift(s) == []
    expect_secret(s, KEY)
    expect_secret(s, "another-key")


def request_bodies(s):
    """Every push, as the API tells it."""
    with sqlite3.connect(f"file:{s.controller.folder}/controller.db?mode=ro", uri=True, timeout=60) as database:
        ids = [row[0] for row in database.execute("SELECT id FROM push")]
    assert ids
    base = ["curl", "-sS", "--fail", "--cacert", str(s.controller.pki / "ca.pem")]
    environment = s.controller.peerctl_environment()
    base += ["--cert", environment["PEERCTL_CERT"], "--key", environment["PEERCTL_KEY"]]
    return [s.controller.namespace.run([*base, f"https://localhost:4791/v1/pushes/{one}"]).stdout for one in ids]


def room_for(s, keys):
    """The edge's kernel takes about that many passwords for one socket."""
    # Some 200 bytes each. In front of Linux 6.7 it is one figure for the machine, which is left alone.
    limit = 220 * keys
    known = s.edge.namespace.run(["sysctl", "-q", "-w", f"net.core.optmem_max={limit}"], check=False).returncode == 0
    return keys if known else 110


def passwords_lacking(s, name=NAME):
    return {one["session"] for one in s.edge.connection(name)["degraded"] if one["cause"] == "password"}


def test_a_password_that_the_kernel_does_not_take(pushed):
    s = pushed
    keys = room_for(s, 4)
    v4 = s.acme_address("ipv4")
    acme = settings(s)

    def others(count, first):
        made = [declare(f"K{number}", 64600, [f"198.51.100.{number}"], import_policy="", export_policy="")
                for number in range(first, first + count)]
        for one in made:
            one["declare"]["neighbors"][0]["password"] = KEY
        return made

    # Too many of them: nothing is done, and the room is given back.
    refused = s.script.push("1", acme, *others(2 * keys, 1))
    assert {one.code for one in refused.results} == {"", "no-room"} and not refused.applied, refused
    assert "net.core.optmem_max" in [one for one in refused.results if one.code][0].message
    assert s.script.push("2", acme, *others(2 * keys, 1), dry_run=True).results[-1].code == "no-room"
    assert not lines_of(s, v4) and s.edge.bgpd_json("show peering summary json")["all"]["connections"] == 1
    assert s.script.push("3", *others(keys - 2, 50), acme).applied
    assert s.script.push("4", verb(NAME, "approve"), verb(NAME, "ready")).applied
    s.acme.wait_established()
    assert passwords_lacking(s) == set()

    # Typed, it stands in the configuration, and is shown.
    typed = [f"neighbor 203.0.113.{number}" for number in range(1, 2 * keys)]
    s.edge.configure_bgp(f"no neighbor {v4} password", *(f"{neighbor} remote-as 65001" for neighbor in typed))
    for neighbor in (*typed, f"neighbor {v4}"):
        s.edge.try_vtysh("-c", "configure terminal", "-c", "router bgp", "-c", f"{neighbor} password {KEY}")
    assert f"password {KEY}" in lines_of(s, v4)
    until("the password missed", lambda: passwords_lacking(s), lambda seen: seen == {v4})
    s.script.expect("snapshot", holds=lambda snapshot: any(
        one.cause == "password" and one.session == v4 and one.severity == "critical"
        for connection in snapshot.connections for one in connection.degraded))
    assert "net.core.optmem_max" in s.edge.vtysh(f"show peering {NAME}")
    # With room it is taken by itself.
    s.edge.configure_bgp(*(f"no {neighbor}" for neighbor in typed))
    until("the password taken", lambda: passwords_lacking(s), lambda seen: not seen)
    s.acme.wait_established()
