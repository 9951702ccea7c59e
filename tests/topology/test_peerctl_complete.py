# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tab key offers behind `peerctl`, through bash itself, and the manual page that is made of the same table."""
import re
import shlex
import subprocess

import pytest

from controller_fixtures import status
from controller_process import OPERATOR, Controller
from lab import build
from peerings_kit import approve_asn, connection as connection_of, peering
from webhook_endpoint import write_config


def press_tab(controller, line):
    """What bash would offer for the last word of `line`."""
    words = line.split(" ")
    script = (f"source {build.SOURCE / 'controller/cli/bash-completion/peerctl'}; COMP_WORDS=({' '.join(map(shlex.quote, words))}); "
              f"COMP_CWORD={len(words) - 1}; _peerctl; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    ended = subprocess.run(["bash", "-c", script], text=True, capture_output=True, timeout=60, check=True,
                           env={"PATH": f"{build.program('peerctl').parent}:/usr/bin:/bin", "HOME": str(controller.folder),
                                "PEERCTL_URL": "https://localhost:%d" % controller.api_address[1],
                                "PEERCTL_CA": str(controller.pki / "ca.pem"),
                                "PEERCTL_CERT": str(controller.pki / f"{OPERATOR}.pem"),
                                "PEERCTL_KEY": str(controller.pki / f"{OPERATOR}.key")})
    assert not ended.stderr, ended
    return ended.stdout.split()


@pytest.mark.parametrize("line, offered", [
    ("peerctl ap", ["approve", "apply"]),
    ("peerctl connections --st", ["--state"]),
    ("peerctl connections --state Val", ["Validating"]),
    ("peerctl peering list --state d", ["deprovisioning", "deprovisioned"]),
    ("peerctl request edge1 PNI --kind ", ["direct", "exchange", "route-server"]),
    ("peerctl routers -o j", ["json"]),
    ("peerctl show -o json ed", ["edge1", "edge2"]),
    ("peerctl show edge1 PNI-", ["PNI-ACME", "PNI-BETA"]),
    ("peerctl show edge1 PNI-B", ["PNI-BETA"]),
    ("peerctl connections --router edge2", ["edge2"]),
    ("peerctl show edge1 PNI-ACME ", []),
    ("peerctl explode ", []),
    ("peerctl apply -f ", []),
    ("peerctl peering req", ["request"]),
    ("peerctl peer", ["peering"]),
    ("peerctl policy show edge1 ", ["ACME-IN", "ACME-OUT"]),
    ("peerctl webhook-test ", ["noc"]),
    ("peerctl asn show ", ["64510"]),
    ("peerctl token create ", ["peer", "viewer", "operator", "admin"]),
    ("peerctl peering bgp-configured AC", ["ACME"]),
    ("peerctl peering bgp-configured ACME ", ["ACME-1"]),
    ("peerctl request edge1 PNI --role r", ["rs-server", "rs-client"]),
])
def test_the_tab_key(named, line, offered):
    assert press_tab(named, line) == offered


@pytest.fixture(scope="module")
def named(tmp_path_factory, pki):
    folder = tmp_path_factory.mktemp("named")
    hooks = write_config(folder, {"name": "noc", "url": "http://127.0.0.1:9/"})
    controller = Controller(folder, pki, webhooks=hooks, admin=OPERATOR).start()
    for router, names in (("edge1", ("PNI-ACME", "PNI-BETA")), ("edge2", ())):
        with controller.connect(router) as connection:
            connection.hello(journal_id=f"complete-{router}")
            connection.send(snapshot=dict(full=True, connections=[status(name) for name in names]))
            connection.send_transitions(1, 1)
            connection.wait_acked(1)
    for name in ("ACME-IN", "ACME-OUT"):
        body = {"name": name, "kind": "route-map", "entries": [{"sequence": 10, "action": "permit"}]}
        assert controller.request("PUT", f"/v1/routers/edge1/policies/{name}", body)[0] == 202
    approve_asn(controller)
    assert controller.post("/v1/peerings", peering("ACME", [connection_of("ACME-1")]))[0] == 201
    yield controller
    assert controller.stop() == 0


def test_the_tab_key_knows_tokens(named):
    _, made = named.post("/v1/tokens", {"name": "one", "role": "viewer"})
    assert press_tab(named, "peerctl token revoke ") == [made["id"]]


def test_the_tab_key_without_a_controller(bad_input):
    controller = bad_input[0]
    ended = subprocess.run([build.program("peerctl"), "complete", "show", ""], text=True, capture_output=True, timeout=60,
                           env={"HOME": str(controller.folder), "PEERCTL_URL": "https://localhost:1"})
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_the_manual_page_has_every_command(bad_input):
    whole = bad_input[0].peerctl("--help").stdout
    usages = [line.strip() for line in whole[:whole.index("Options of")].splitlines() if line.startswith("  ")]
    assert len(usages) > 10
    page = build.program("peerctl").parent / "peerctl.1"
    shown = subprocess.run(["groff", "-man", "-ww", "-Tascii", "-P-cbou", "-rLL=300n", page], text=True, timeout=60, check=True,
                           capture_output=True)
    assert not shown.stderr, shown.stderr
    for usage in usages:
        assert usage in shown.stdout
    # And what --help says of the options of each.
    for usage in usages:
        name = re.match("[a-z-]+(?: [a-z][a-z-]*)?", usage).group().split()
        said = bad_input[0].peerctl(*name, "--help")
        assert said.returncode == 0, said
        for option in re.findall(r"^ +(--?[a-z-]+ .*)$", said.stdout, re.M):
            assert option in shown.stdout, (name, option)
