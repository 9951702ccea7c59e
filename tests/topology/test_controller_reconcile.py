# SPDX-License-Identifier: GPL-2.0-or-later
"""A real router, and what its controller makes of what people do there by hand."""
import json
import subprocess

import pytest

from lab.controller import ROUTER, Controller
from lab.scenario import ACME_AS, FAMILIES, NAME, Scenario
from lab.wait import until


@pytest.fixture
def scenario(lab):
    """A connection that was requested from the controller, and nothing that differs."""
    s = Scenario(lab)
    s.controller = Controller(lab, s.edge).start()
    s.start(s.config(bgp=s.controller.router_lines(), acme_neighbor=lambda _: [], acme_family=lambda _: [],
                     top=["route-map OTHER permit 10", "exit"]))
    s.controller.wait_connected()
    s.controller.peerctl(
        "request", ROUTER, NAME, "--asn", str(ACME_AS),
        *(word for family in FAMILIES for word in (
            "--neighbor", s.acme_address(family), "--limit", f"{family}=100", "--import", f"{family}=ACME-IN",
            "--export", f"{family}=ACME-OUT")),
        "--description", "Example Networks", "--check", "no-bogons=required")
    s.edge.wait_state(NAME, "PendingApproval")
    wait_fields(s, {})
    return s


def fields(s):
    """Of what was asked for."""
    found = json.loads(s.controller.try_peerctl("diff", "-o", "json").stdout)["differences"]
    return {each["field"]: (each["desired"], each["observed"]) for one in found if one["name"] == NAME
            for each in one["fields"]}


def wait_fields(s, wanted):
    return until(f"the differences {wanted}", lambda: fields(s), lambda found: found == wanted)


def test_what_is_changed_by_hand_differs_until_it_is_pushed_again_or_accepted(scenario):
    s = scenario
    v4, v6 = (s.acme_address(family) for family in FAMILIES)
    s.edge.configure_bgp(f"peering {NAME} received-limit ipv4 50")
    reason = f"changed by hand since the controller pushed it: {v4}: the ipv4 received-limit is 50, pushed was 100"
    wait_fields(s, {f"neighbors[{v4}].ipv4.receivedLimit": (100, 50), "drift": (None, reason)})
    assert "received-limit ipv4 50" in s.edge.running_config()
    s.controller.peerctl("push-again", ROUTER, NAME)
    wait_fields(s, {})
    assert "received-limit ipv4 100" in s.edge.running_config()

    # Each side compares it: the router says that it was changed, the controller to what.
    s.edge.configure_bgp(f"peering {NAME} description mine")
    wait_fields(s, {"description": ("Example Networks", "mine"),
                    "drift": (None, "changed by hand since the controller pushed it: the description is another than was "
                                    "pushed")})
    s.edge.configure_bgp(f"peering {NAME} description Example Networks", f"no neighbor {v6}",
                         "address-family ipv4 unicast", f"neighbor {v4} route-map OTHER in")
    until("the policy", lambda: fields(s).get(f"neighbors[{v4}].ipv4.importPolicy"),
          lambda found: found == ("ACME-IN", "OTHER"))
    assert fields(s)[f"neighbors[{v6}].session"] == ("configured", None)
    s.controller.peerctl("accept", ROUTER, NAME)
    s.edge.vtysh(f"clear peering drift {NAME}")
    wait_fields(s, {})
    desired = s.controller.show(NAME)["desired"]
    assert [(one["address"], one["families"][0]["importPolicy"]) for one in desired["neighbors"]] == [(v4, "OTHER")]
    # Neither side has touched what the other did.
    sessions = s.edge.connection(NAME)["sessions"]
    assert [one["importPolicy"] for one in sessions if one["address"] == v4] == ["OTHER"]
    assert f"neighbor {v6} remote-as" not in s.edge.running_config()


def names(s):
    return {entry["name"] for entry in s.edge.bgpd_json("show peering json")["connections"]
            if entry["connectionState"] != "None"}


def copy_database(s, option, copy):
    subprocess.run([*s.controller.command(), option, copy], check=True, capture_output=True, timeout=60)


def test_an_old_copy_of_the_database_makes_nothing_again_by_itself(scenario):
    s = scenario
    copy = s.controller.folder / "copy.db"
    copy_database(s, "--backup", copy)
    s.controller.peerctl("request", ROUTER, "PNI-LATER", "--asn", "64999", "--neighbor", "192.0.2.77")
    s.controller.peerctl("withdraw", ROUTER, NAME)
    until("it gone from the router", lambda: NAME not in names(s))
    s.controller.stop()
    copy_database(s, "--restore", copy)
    s.controller.start()
    s.controller.wait_connected()
    assert "event=router-held" in s.controller.log.read_text()
    until("the difference", lambda: fields(s), lambda found: found == {"connection": ("declared", None)})
    refused = s.controller.try_peerctl("approve", ROUTER, "PNI-LATER")
    assert refused.returncode == 1 and "held until its differences are settled" in refused.stdout, refused.stdout
    assert NAME not in names(s)
    s.controller.peerctl("accept", ROUTER, NAME)
    s.controller.peerctl("approve", ROUTER, "PNI-LATER")
    s.edge.wait_state("PNI-LATER", "ProvisioningStarted")
    assert NAME not in names(s)
