# SPDX-License-Identifier: GPL-2.0-or-later
"""The golden frames, which the C side wrote, read by Google's protobuf: the same fields, and the same bytes again."""
import re
import struct

import pytest

import wire
from lab.build import SOURCE

GOLDEN = SOURCE / "tests" / "golden"

STATUS = dict(
    name="PNI-ACME-FRA1", vrf="default", peer_asn=4200000000, kind=1, state="Validating", generation=3,
    state_since=1764000000, flags=["adopted", "stale"], activation=1,
    sessions=[dict(address="192.0.2.2", bgp_state="Established", gate=1, required=True, up_seconds=372,
                   families=[dict(afi="ipv4", received=1204, received_limit=2000, import_policy="ACME-IN",
                                  export_policy="ACME-OUT")], downs=4, folded=7, password_set=True)],
    checks=[dict(name="session-stable", verdict="running", session="both", figures="0 flaps in 6m12s",
                 reason="3m48s to go")],
    waiting_for="session-stable: 3m48s to go",
    declared=dict(name="PNI-ACME-FRA1", peer_asn=4200000000, neighbors=[dict(
        address="192.0.2.2", hold_time=30, password_differs=True)],
                  profile="PEERS"))
POLICIES = [dict(name="ACME-IN", kind=8, digest=0x8c3d5f7a9b1e2046, entries=2, drifted=True, withdrawn=True),
            dict(name="ACME-OLD", gone=True)]
PERMIT, DENY = 1, 2
CLAUSE = dict(
    match_prefix_list_ipv4="ACME-4", match_prefix_list_ipv6="ACME-6", match_as_path="ACME-PATH", match_community="MARKED",
    match_community_exact=True, match_large_community="MARKED-LARGE", set_local_preference=dict(value=0),
    set_med=dict(value=4294967295), set_communities=["64500:7"], set_communities_additive=True,
    set_large_communities=["64500:1:2"], set_large_communities_additive=True, set_as_path_prepend=[64500, 4200000000],
    set_next_hop=1, call="COMMON", on_match=2, goto_sequence=30)
PUSHED = [dict(policy=dict(name=name, kind=kind, entries=[entry])) for name, kind, entry in (
    ("ACME-4", 1, dict(sequence=5, action=PERMIT, prefix="198.51.100.0/24", ge=25, le=28)),
    ("ACME-PATH", 3, dict(sequence=10, action=DENY, regex="^64510_")),
    ("MARKED", 4, dict(sequence=15, action=PERMIT, communities=["64510:1", "no-export"])),
    ("ACME-IN", 8, dict(sequence=20, action=PERMIT, clause=CLAUSE)))]
DECLARE = dict(
    name="PNI-ACME-FRA1", peer_asn=64510, kind=2, activation=3, validation_window=600, description="Example Networks",
    on_violation=2, reopen_mode=2, reopen_hold_down=900, profile="PEERS",
    checks=[dict(name="no-bogons", level="required")], establish_timer=86400, validation_timer=3600, stale_timer=1209600,
    drain_timer=120,
    neighbors=[dict(address="192.0.2.2", description="ACME, port 4", password="a key of two", ttl_security_hops=1, bfd=True,
                    bfd_profile="slow", keepalive=10, hold_time=30, connect_retry=5, role="peer", role_strict=True,
                    local_address="192.0.2.1/30",
                    families=[dict(afi="ipv4", received_limit=2000, import_policy="ACME-IN",
                                   export_policy="ACME-OUT")]),
               dict(address="2001:db8:1::2", optional=True)])

MESSAGES = {
    "hello": dict(protocol_version=1, router_name="edge1.fra1.example.net", frr_version="8.4.4",
                  module_version="0.1.0", journal_id="0f8a5f0e2b7c4d19a1e63c5d7b9f0246", last_sequence=17,
                  boot_id="5e3d", features=["push-options", "session-settings"], last_push="9d3c1f0a5b7e42d8861f0c9ab4e7d352", revision=7),
    "hello_ack": dict(protocol_version=1, router_name="edge1.fra1.example.net", acked_sequence=15,
                      acked_at_milliseconds=1764000000007, features=["push-options", "session-settings"]),
    "snapshot": dict(full=True, connections=[STATUS], taken_at=1764000372, policies=POLICIES, policies_full=True,
                     complete=True),
    "transition": {"sequence": 16, "connection": "PNI-ACME-FRA1", "vrf": "default", "generation": 3,
                   "from": "ProvisioningCompleted", "to": "Validating", "cause": "8", "actor": "router",
                   "at_milliseconds": 1764000000123, "message": "every required session is up"},
    "ack": dict(sequence=16),
    "push": dict(id="9d3c1f0a5b7e42d8861f0c9ab4e7d352", actor="noc@example.net", operations=[
        *PUSHED, dict(declare=DECLARE), dict(verb=dict(name="PNI-ACME-FRA1", verb="approve", reason="wired on Monday")),
        dict(withdraw_policy=dict(name="ACME-OLD"))],
                 dry_run=True, expects_revision=True, expected_revision=6, confirm_seconds=120),
    "push_result": dict(id="9d3c1f0a5b7e42d8861f0c9ab4e7d352", applied=False, results=[
        dict(ok=True), dict(code="not-allowed", message="activate is not allowed in PendingApproval",
                            allowed=["approve", "withdraw"])], revision=7, dry_run=True, confirm_seconds=97,
                        rolled_back=True),
    "heartbeat": dict(at_milliseconds=1764000000123),
    "error": dict(code="router-name", message="the router calls itself edge2, its certificate says edge1"),
    "confirm": dict(id="9d3c1f0a5b7e42d8861f0c9ab4e7d352"),
    "query": dict(id="4be1a60f2c9d4870b35e8f1d6a7c0925", connection="PNI-ACME-FRA1", what="routes",
                  words=[dict(name="prefix", value="198.51.100.0/24"), dict(name="longer", value="true")]),
    "query_answer": dict(id="4be1a60f2c9d4870b35e8f1d6a7c0925", code="refused",
                         message="there is no connection 'PNI-ACME-FRA1'", json=b"{}"),
}


def read(name):
    """The body of a golden frame, behind its length."""
    data = bytes.fromhex((GOLDEN / f"{name}.hex").read_text())
    assert struct.unpack("!I", data[:4])[0] == len(data) - 4
    return data[4:]


@pytest.mark.parametrize("name", MESSAGES)
def test_golden_frame(name):
    got = wire.message("Envelope").FromString(read(name))
    assert got.WhichOneof("body") == name
    assert got == wire.envelope(**{name: MESSAGES[name]})
    assert got.SerializeToString(deterministic=True) == read(name)


@pytest.mark.parametrize("name", ["ack", "transition"])
def test_the_page_shows_its_bytes(name):
    """`…` stands for what is left out of a text."""
    blocks = re.findall(r"^```\n((?: [0-9a-f]{2} .*\n)+)```", (SOURCE / "doc" / "protocol.md").read_text(), re.M)
    shown = {"ack": blocks[0], "transition": blocks[1]}[name]
    assert len(blocks) == 2
    lines = [re.match(r" *((?:[0-9a-f]{2} |… )+)", line).group(1) for line in shown.splitlines()]
    pattern = "".join(lines).replace(" ", "").replace("…", "(?:..)+")
    assert re.fullmatch(pattern, (GOLDEN / f"{name}.hex").read_text().strip().replace("\n", "")), pattern


def test_every_message_has_a_frame():
    bodies = [field.name for field in wire.message("Envelope").DESCRIPTOR.oneofs_by_name["body"].fields]
    assert sorted(bodies) == sorted(MESSAGES)
    assert {path.stem for path in GOLDEN.glob("*.hex")} == {*MESSAGES, "newer"}


def test_newer_fields_are_passed_over():
    got = wire.message("Envelope").FromString(read("newer"))
    assert (got.transition.sequence, got.transition.to) == (18, "Hibernating")
    assert got.SerializeToString(deterministic=True) == read("newer")
