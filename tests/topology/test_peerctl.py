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
