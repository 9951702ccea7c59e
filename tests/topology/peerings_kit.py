# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests of peerings share: who asks, and for what."""
import json

from controller_process import ADMIN

PEER_ASN = 64510
CONTACTS = [{"role": "noc", "email": "noc@acme.example"}]
PEER_NOC = {"name": "ACME", "contacts": CONTACTS}


def connection(name="AS64510-1", router="edge1", **fields):
    return {"router": router, "name": name,
            "neighbors": [{"address": "192.0.2.2", "families": [{"afi": "ipv4", "receivedLimit": 100}]}], **fields}


def peering(name="AS64510-FRA", connections=None, **fields):
    return {"name": name, "peerAsn": PEER_ASN, "metro": "Frankfurt", "facility": "FRA1", "bandwidthInMbps": 10000,
            "prefixes": ["203.0.113.0/24"], "connections": [connection()] if connections is None else connections, **fields}


def write_policy(controller, policy):
    """The file that the configuration names; read at the start, and again at SIGHUP."""
    path = controller.folder / "peering-policy.json"
    path.write_text(policy if isinstance(policy, str) else json.dumps(policy))
    controller.settings["peering-policy"] = path
    return path


class Peer:
    """Another network, with a token of its own for the API."""

    def __init__(self, controller, asn=PEER_ASN, name="acme"):
        status, answer = controller.post("/v1/tokens", {"name": name, "role": "peer", "asn": asn}, certificate=ADMIN)
        assert status == 201, answer
        self.controller, self.actor, self.token = controller, f"token:{name}", answer["token"]

    def request(self, method, path, body=None):
        return self.controller.request(method, path, body, token=self.token)

    def get(self, path):
        status, answer = self.request("GET", path)
        assert status == 200, answer
        return answer

    def post(self, path, body=None):
        return self.request("POST", path, body or {})


def approve_asn(controller, asn=PEER_ASN):
    assert controller.request("PUT", f"/v1/peer-asns/{asn}", PEER_NOC)[0] in (200, 201)
    status, answer = controller.post(f"/v1/peer-asns/{asn}/validate", {"state": "Approved"})
    assert status == 200, answer


def findings(answer, verdict="fail"):
    return {entry["rule"]: entry for entry in answer["findings"] if entry["verdict"] == verdict}
