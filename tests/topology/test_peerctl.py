# SPDX-License-Identifier: GPL-2.0-or-later
"""peerctl, against a peering-controller with a router that a test plays."""
import json
import re

import pytest

from controller_fixtures import status
from controller_process import OPERATOR, make_pki
from lab.preload import library
from lab.wait import until


def columns_line_up(text):
    """In each column all cells begin at the same place, or all end there."""
    cells = [[match.span() for match in re.finditer(r"\S+(?: \S+)*", line)] for line in text.splitlines()
             if not line.startswith("* ")]
    return len(cells) > 1 and all(
        len(column) == len(cells) and (len({begin for begin, _ in column}) == 1 or len({end for _, end in column}) == 1)
        for column in zip(*cells, strict=True))


def test_peerctl_from_request_to_active(controller):
    with controller.router() as router:
        said = controller.peerctl("routers")
        assert said.returncode == 0 and "edge1" in said.stdout and "yes" in said.stdout, said
        said = controller.peerctl(
            "request", "edge1", "PNI-ACME-FRA1", "--asn", 64510, "--neighbor", "192.0.2.2", "--neighbor",
            "2001:db8:1::2,optional", "--activation", "manual", "--validation-window", 5, "--limit", "ipv4=2000",
            "--limit", "ipv6=500", "--import", "ipv4=ACME-IN", "--export", "ipv4=ACME-OUT", "--description",
            "Example Networks", "--kind", "direct")
        assert said.returncode == 0 and "applied" in said.stdout, said
        declared = router.pushes[0].operations[0].declare
        assert declared.validation_window == 5 and declared.description == "Example Networks"
        assert [(one.address, one.optional, [(each.afi, each.received_limit, each.import_policy, each.export_policy)
                                            for each in one.families]) for one in declared.neighbors] == [
            ("192.0.2.2", False, [("ipv4", 2000, "ACME-IN", "ACME-OUT")]),
            ("2001:db8:1::2", True, [("ipv6", 500, "", "")])]
        said = controller.peerctl("activate", "edge1", "PNI-ACME-FRA1")
        assert said.returncode == 1 and "not allowed in state PendingApproval" in said.stderr
        assert "allowed now: approve, withdraw" in said.stderr
        said = controller.peerctl("approve", "edge1", "PNI-ACME-FRA1", "--reason", "wired on Monday")
        assert said.returncode == 0, said
        said = controller.peerctl("show", "edge1", "PNI-ACME-FRA1")
        assert said.returncode == 0 and "peerctl ready edge1 PNI-ACME-FRA1" in said.stdout, said
        assert "ProvisioningStarted" in said.stdout and "wired on Monday" in said.stdout
        assert f"controller:{OPERATOR}" in said.stdout
        said = controller.peerctl("connections", "--state", "ProvisioningStarted")
        assert "PNI-ACME-FRA1" in said.stdout and columns_line_up(said.stdout)
        said = controller.peerctl("connections", "--router", "edge1", "--state", "Active")
        assert said.returncode == 0 and said.stdout == "no connection\n"
        shown = json.loads(controller.peerctl("show", "edge1", "PNI-ACME-FRA1", "-o", "json").stdout)
        assert shown["connectionState"] == "ProvisioningStarted" and shown["schemaVersion"] == 1
    until("edge1 away", lambda: controller.peerctl("routers").stdout, lambda text: " NO " in text)
    assert "edge1*" in controller.peerctl("connections").stdout
    said = controller.peerctl("ready", "edge1", "PNI-ACME-FRA1", "-o", "json")
    assert said.returncode == 1 and json.loads(said.stdout)["code"] == "router-not-connected"
    assert "is not connected" in said.stderr


def test_peerctl_counts_on_how_long_a_session_is_up(controller, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("3600\n")
    an_hour_later = {"LD_PRELOAD": str(library("clock")), "PEERING_TEST_CLOCK": str(clock)}

    def up():
        return re.search(r"Established +(\S+) ", controller.peerctl("show", "edge1", "PNI-ACME", **an_hour_later).stdout).group(1)

    with controller.connect() as connection:
        connection.hello()
        connection.send(snapshot=dict(full=True, connections=[status()]))
        connection.send_transitions(1, 1, "PNI-OTHER")
        connection.wait_acked(1)
        # A minute when it was reported.
        assert up().startswith("1h0")
    # Of a router that is away nobody knows.
    until("edge1 away", lambda: controller.get("/v1/routers")["routers"][0]["connected"], lambda seen: not seen)
    assert up() == "1m00s"


def test_peerctl_lists_more_than_a_page(controller):
    for router in ("edge1", "edge2"):
        with controller.connect(router) as connection:
            connection.hello()
            connection.send(snapshot=dict(full=True, connections=[status(f"PNI-{number:04}", "Active")
                                                                  for number in range(700)]))
            connection.send_transitions(1, 1)
            connection.wait_acked(1)
    said = controller.peerctl("connections")
    assert said.stdout.count("PNI-") == 1400 and columns_line_up(said.stdout)
    assert len(json.loads(controller.peerctl("connections", "-o", "json").stdout)["connections"]) == 1400


@pytest.mark.parametrize("arguments, word", [
    ([], "usage"),
    (["explode"], "no command 'explode'"),
    (["show", "edge1"], "usage: peerctl show"),
    (["routers", "edge1"], "usage: peerctl routers"),
    (["routers", "--asn", "1"], "takes no --asn"),
    (["approve", "edge1", "X", "--state", "Active"], "takes no --state"),
    (["routers", "-o", "xml"], "json or table"),
    (["routers", "--nonsense"], "nonsense"),
    (["request", "edge1", "X", "--neighbor", "192.0.2.2"], "--asn N is missing"),
    (["request", "edge1", "X", "--asn", "64510"], "--neighbor ADDR is missing"),
    (["request", "edge1", "X", "--asn", "4294967296", "--neighbor", "192.0.2.2"], "--asn takes"),
    (["request", "edge1", "X", "--asn", "1", "--neighbor", "192.0.2.2", "--limit", "2000"], "--limit takes"),
    (["request", "edge1", "X", "--asn", "1", "--neighbor", "192.0.2.2", "--limit", "ipv6=2000"], "no --neighbor has"),
    # What stands in the usage without brackets has to be there.
    (["block", "edge1", "X"], "usage: peerctl block ROUTER NAME --reason TEXT"),
    (["force-cancel", "edge1", "X"], "--reason TEXT"),
    (["peering", "reject", "X"], "--reason TEXT"),
    (["asn", "fail", "64510"], "--reason TEXT"),
    (["policy", "set", "edge1", "X"], "-f FILE"),
    (["audit", "--count", "all"], "--count takes"),
])
def test_peerctl_usage(bad_input, arguments, word):
    said = bad_input[0].peerctl(*arguments)
    assert said.returncode == 2 and word in said.stderr, said


def test_peerctl_help(bad_input):
    commands = ["routers", "connections", "show", "request", "approve", "ready", "activate", "reopen", "deprovision", "withdraw",
                "retry", "block", "unblock", "force-cancel", "maintenance-on", "maintenance-off"]
    whole = bad_input[0].peerctl("--help")
    assert whole.returncode == 0
    for command in commands:
        assert f"  {command}" in whole.stdout
        said = bad_input[0].peerctl(command, "--help")
        assert said.returncode == 0 and said.stdout.startswith(f"usage: peerctl {command}"), said


@pytest.mark.parametrize("arguments", [["policy", "set", "edge1", "X", "-f"], ["peering", "request"], ["asn", "set", "64510"],
                                       ["apply", "-f"]], ids=" ".join)
def test_peerctl_names_the_line_of_a_bad_file(bad_input, tmp_path, arguments):
    file = tmp_path / "bad.json"
    file.write_text('{"name":\n  "X",\n  }')
    said = bad_input[0].peerctl(*arguments, file)
    assert said.returncode == 2 and f"{file}, line 3: this is no JSON" in said.stderr, said


def test_peerctl_looks_at_what_its_router_had_not_answered(make_controller):
    controller = make_controller(push_wait=1).start()
    with controller.router() as router:
        router.deaf = True
        said = controller.peerctl("request", "edge1", "PNI-ACME", "--asn", 65535, "--neighbor", "192.0.2.2")
        assert said.returncode == 0, said
        later = re.search(r"^later: (peerctl push (\w+))$", said.stdout, re.M)
        assert controller.peerctl("push", later.group(2)).stdout.count("queued") == 1
        router._connection.send(push_result=router._apply(router.pushes[-1]))
        said = until("the answer", lambda: controller.peerctl("push", later.group(2)),
                     lambda seen: "queued" not in seen.stdout)
        assert said.returncode == 1 and "AS 65535 is reserved" in said.stderr, said
    said = controller.peerctl("push", "nothing")
    assert said.returncode == 1 and "no push" in said.stderr


def test_peerctl_shows_who_changed_what(controller):
    with controller.router():
        for name in ("PNI-A", "PNI-B"):
            controller.peerctl("request", "edge1", name, "--asn", 64510, "--neighbor", "192.0.2.2")
            controller.peerctl("approve", "edge1", name, "--reason", "wired on Monday")
        said = controller.peerctl("audit")
        assert columns_line_up(said.stdout), said
        rows = [line.split() for line in said.stdout.splitlines()[1:]]
        assert [(row[2], row[5], row[6], row[7]) for row in rows] == [
            (OPERATOR, f"connection.{verb}", f"edge1/{name}", "applied")
            for name in ("PNI-A", "PNI-B") for verb in ("request", "approve")]
        assert "wired on Monday" in said.stdout.splitlines()[2]
        push = controller.peerctl("push", rows[1][-1]).stdout
        assert push.startswith("approve PNI-A on edge1: applied")
        newest = controller.peerctl("audit", "--count", 1).stdout.splitlines()
        assert len(newest) == 2 and newest[1].split()[0] == rows[-1][0]
        since = json.loads(controller.peerctl("audit", "--since", rows[1][0], "-o", "json").stdout)
        assert [str(row["id"]) for row in since["audit"]] == [row[0] for row in rows[2:]] and since["newest"] == int(rows[-1][0])


def test_peerctl_refusals_are_the_sentence(bad_input):
    controller, _ = bad_input
    said = controller.peerctl("show", "nowhere", "PNI-ACME")
    assert said.returncode == 1 and said.stderr.startswith('peerctl: no router "nowhere"')
    said = controller.peerctl("request", "edge1", "PNI-ACME", "--asn", 1, "--neighbor", "192.0.2.300")
    assert said.returncode == 1 and "192.0.2.300" in said.stderr
    said = controller.peerctl("show", "edge1", "a/../b?c=d#e")
    assert said.returncode == 1 and "a/../b?c=d#e" in said.stderr


# What is wrong with it, and what the sentence says, in the words of who has typed it.
ASKED = ["request", "edge1", "PNI-1", "--asn", "64510", "--neighbor", "192.0.2.2"]
SENTENCES = [
    (["connections", "--state", "Foo"], 1, "there are None, PendingApproval"),
    (["connections", "--router", "nowhere"], 1, "there are edge1"),
    (["show", "", "X"], 2, "an argument is empty; usage: peerctl show ROUTER NAME"),
    (["watch", "--since", "xx"], 2, "--since takes the id of an event, such as 1234-9f86d081, not 'xx'"),
    (["watch", "--since", ""], 2, "--since takes the id of an event"),
    (["watch", "--since", "1-"], 2, "--since takes the id of an event"),
    (["audit", "--since", "xx"], 2, "--since takes a whole number, not 'xx'"),
    (["audit", "--count", "0"], 2, "--count takes a whole number from 1"),
    (["webhook-test", "nowhere"], 1, "`peerctl webhooks` shows which there are"),
    (["routes", "edge1", "X", "--family", "ipx"], 2, "--family takes ipv4 or ipv6"),
    (["routes", "edge1", "X", "--verdict", "maybe"], 2, "--verdict takes accepted or rejected"),
    (["routes", "edge1", "X", "--prefix", "192.0.2.0"], 2, "--prefix takes a prefix, such as 192.0.2.0/24"),
    (["routes", "edge1", "X", "--longer"], 2, "--longer goes with --prefix PREFIX"),
    (["routes", "edge1", "X", "--count", "x"], 2, "--count takes a whole number from 1 to 10000000, not 'x'"),
    (["request", "edge1", "a b", *ASKED[3:]], 1, "NAME: the name has a character that is not allowed"),
    ([*ASKED[:-1], "foo"], 1, '--neighbor "foo" is no IPv4 or IPv6 address'),
    ([*ASKED, "--neighbor", "192.0.2.2"], 1, "--neighbor names 192.0.2.2 twice"),
    ([*ASKED[:-1], "192.0.2.2,optional"], 1, "at least one session must be required"),
    ([*ASKED, "--kind", "foo"], 1, "--kind must be direct, exchange or route-server"),
    ([*ASKED, "--activation", "foo"], 1, "--activation must be manual, auto or controller"),
    ([*ASKED, "--validation-window", "86401"], 1, "--validation-window must be a whole number from 1 to 86400"),
    ([*ASKED, "--import", "ipv4=a b"], 1, "--import is no name of a route-map"),
    ([*ASKED, "--export", "ipv4=PEERING-X"], 1, "--export begins with PEERING-"),
    ([*ASKED, "--description", "x" * 81], 1, "--description has 81 bytes; at most 80"),
    ([*ASKED, "--on-violation", "foo"], 1, "--on-violation must be report or deny"),
    ([*ASKED, "--reopen-mode", "foo"], 1, "--reopen-mode must be manual or auto"),
    ([*ASKED, "--reopen-hold-down", "86401"], 1, "--reopen-hold-down must be a whole number from 1 to 86400"),
    ([*ASKED, "--profile", "a b"], 1, "--profile: the name has a character"),
    ([*ASKED, "--check", "no-default=maybe"], 1, '--check no-default must be "required", "advisory" or "off"'),
    ([*ASKED, "--timer", "foo=3"], 2, "--timer takes establish=S, validation=S, stale=S or drain=S, not 'foo=3'"),
    ([*ASKED, "--timer", "drain=99999999"], 1, "--timer drain must be a whole number from 1 to 31536000"),
    ([*ASKED, "--ttl-security", "255"], 1, "--ttl-security must be a whole number from 1 to 254"),
    ([*ASKED, "--bfd-profile", "a b"], 1, "--bfd-profile has a space"),
    ([*ASKED, "--hold-time", "2"], 1, "--hold-time must be a whole number from 3 to 65535"),
    ([*ASKED, "--keepalive", "30"], 1, "--keepalive goes with a --hold-time of at least three times as much"),
    ([*ASKED, "--connect-retry", "65536"], 1, "--connect-retry must be a whole number"),
    ([*ASKED, "--role", "foo"], 1, "--role must be provider, rs-server, rs-client, customer or peer"),
    ([*ASKED, "--role-strict"], 1, "--role-strict goes with a role alone"),
    ([*ASKED, "--local-address", "10.0.0.1/30"], 1, '--local-address "10.0.0.1/30" is not on one link'),
    ([*ASKED, "--confirm", "5"], 2, "--confirm takes a whole number from 10 to 3600, not '5'"),
    (["approve", "edge1", "X", "--confirm", "soon"], 2, "--confirm takes a whole number from 10 to 3600, not 'soon'"),
    ([*ASKED, "--confirm-manually"], 2, "--confirm-manually goes with --confirm S"),
    ([*ASKED, "--expect-revision", "-1"], 2, "--expect-revision takes a whole number, not '-1'"),
    (["push", "nothing"], 1, "there is no push with this id; `peerctl audit`"),
    (["confirm", "nothing"], 1, "there is no push with this id; `peerctl audit`"),
    (["policy", "show", "edge1", "X"], 1, "`peerctl policy list edge1` shows which are"),
    (["policy", "accept", "edge1", "X"], 1, "`peerctl policy list edge1` shows which are"),
    (["policy", "foo"], 2, "the commands of that name are policy list, policy show, policy set"),
    (["token"], 2, "the commands of that name are token create, token list, token revoke"),
    (["token", "create", "peer", "x"], 2, "a token of the role peer, and no other, has an AS: --asn N"),
    (["token", "create", "viewer", "x", "--valid-days", "0"], 2, "--valid-days takes a whole number from 1 to 3650, not '0'"),
    (["peering", "list", "--state", "Foo"], 1, "there is no such state; there are requested,"),
    (["peering", "show", "nowhere"], 1, "`peerctl peering list` shows which there are"),
    (["asn", "list", "--state", "Foo"], 1, "there is no such state; there are None, Pending, Approved, Failed"),
    (["asn", "show", "AS64510"], 2, "ASN is a number from 1 to 4294967295, such as 64510, not 'AS64510'"),
    (["asn", "delete", "4294967296"], 2, "ASN is a number from 1 to 4294967295"),
    (["asn", "approve", "64510"], 1, "peer AS64510 is not registered; `peerctl asn set 64510 FILE` does that"),
    (["diff", "--router", "nowhere"], 1, "there are edge1"),
    (["accept", "edge1", "X"], 1, "edge1 has no connection"),
]
# Of the API, which whoever types has not to know.
API_WORDS = re.compile(r"/v1/|\b(GET|PUT|POST|DELETE) |'\?'|the parameter|\w\[\d|\b[a-z]+[A-Z]\w*")


def test_peerctl_refuses_in_the_words_of_who_types(bad_input, tmp_path):
    controller, router = bad_input
    before = len(router.pushes)
    password = tmp_path / "password"
    password.write_text("two words\n")
    for arguments, code, words in [*SENTENCES, ([*ASKED, "--password-file", password], 1, "the password of --password-file has a space")]:
        said = controller.peerctl(*arguments)
        assert said.returncode == code and words in said.stderr and said.stdout == "", (arguments, said)
        assert not API_WORDS.search(said.stderr), said.stderr
    assert len(router.pushes) == before
    # Whoever writes a file has the API's words before him.
    feed = tmp_path / "feed.json"
    feed.write_text(json.dumps({"connections": [{"router": "edge1", "name": "A", "peerAsn": 1, "neighbors": [
        {"address": "192.0.2.2", "holdTime": 1}]}]}))
    assert "neighbors[0].holdTime must be" in controller.peerctl("apply", "-f", feed).stdout


def test_peerctl_that_reaches_nobody(bad_input, tmp_path):
    controller, _ = bad_input
    other = make_pki(tmp_path / "other", "--operator", OPERATOR)
    for environment in ({"PEERCTL_URL": "https://localhost:1"},
                        {"PEERCTL_CA": str(other / "ca.pem")},
                        {"PEERCTL_CERT": str(other / f"{OPERATOR}.pem"), "PEERCTL_KEY": str(other / f"{OPERATOR}.key")},
                        {"PEERCTL_URL": "https://localhost:%d" % controller.router_address[1]}):
        said = controller.peerctl("routers", **environment)
        assert said.returncode == 3 and "peerctl: " in said.stderr, (environment, said)


def test_peerctl_settings_and_their_order(bad_input, tmp_path):
    controller, _ = bad_input
    home = tmp_path / "home"
    (home / ".config").mkdir(parents=True)
    own = home / ".config" / "peerctl.conf"
    nothing = {"HOME": str(home), "PEERCTL_URL": "", "PEERCTL_CA": "", "PEERCTL_CERT": "", "PEERCTL_KEY": ""}
    said = controller.peerctl("routers", **nothing)
    assert said.returncode == 2 and "no CA is set" in said.stderr
    own.write_text(f"# mine\nurl = https://localhost:{controller.api_address[1]}\nca = {controller.pki}/ca.pem\n"
                   f"certificate = {controller.pki}/{OPERATOR}.pem\nkey = {controller.pki}/{OPERATOR}.key\n")
    assert controller.peerctl("routers", **nothing).returncode == 0
    # The variable goes before the file, the option before the variable.
    assert controller.peerctl("routers", **{**nothing, "PEERCTL_URL": "https://localhost:1"}).returncode == 3
    assert controller.peerctl("routers", "--url", f"https://localhost:{controller.api_address[1]}",
                              **{**nothing, "PEERCTL_URL": "https://localhost:1"}).returncode == 0
    assert controller.peerctl("routers", "--url", "http://localhost", **nothing).returncode == 2
    own.write_text("colour = red\n")
    said = controller.peerctl("routers", **nothing)
    assert said.returncode == 2 and "peerctl.conf:1:" in said.stderr
