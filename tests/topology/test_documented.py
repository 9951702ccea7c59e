# SPDX-License-Identifier: GPL-2.0-or-later
"""What doc/controller.md has people send is taken as it stands there."""
import json
import re

from lab import build
from peerings_kit import approve_asn

# What the page's policy speaks of.
REFERRED_TO = [
    {"name": "BOGUS", "kind": "as-path-list", "entries": [{"sequence": 5, "action": "permit", "regex": "_64496_"}]},
    {"name": "ACME-PREFIXES", "kind": "prefix-list-ipv4",
     "entries": [{"sequence": 5, "action": "permit", "prefix": "198.51.100.0/24"}]},
    {"name": "CUSTOMERS", "kind": "community-list", "entries": [{"sequence": 5, "action": "permit", "communities": ["64500:7"]}]},
    {"name": "COMMON", "kind": "route-map", "entries": [{"sequence": 10, "action": "permit"}]},
]


def bodies():
    """The JSON of the page, in its order: a request, a policy, the file of web hooks, a request for a peering."""
    page = (build.SOURCE / "doc" / "controller.md").read_text()
    return [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", page, re.M | re.S)]


def test_what_the_page_sends_is_taken(make_controller):
    request, policy, hooks, peering = bodies()
    controller = make_controller()
    # The file names a secret of the machine's own.
    for hook in hooks:
        secret = controller.folder / "secret"
        secret.write_text("0123456789abcdef\n")
        assert hook["secretFile"].startswith("/etc/peering-controller/")
        hook["secretFile"] = str(secret)
    file = controller.folder / "webhooks.json"
    file.write_text(json.dumps(hooks))
    controller.settings["webhooks"] = file
    controller.start()
    assert [hook["name"] for hook in controller.get("/v1/webhooks")["webhooks"]] == ["noc"]
    with controller.router(features=("push-options", "session-settings", "policy-objects")) as router:
        assert controller.post("/v1/routers/edge1/connections", request)[0] == 200
        declared = router.pushes[-1].operations[0].declare
        assert declared.neighbors[0].password == request["neighbors"][0]["password"]
        for one in (*REFERRED_TO, policy):
            status, answer = controller.request("PUT", f"/v1/routers/edge1/policies/{one['name']}", one)
            assert status == 200, answer
        approve_asn(controller)
        peering["connections"][0]["router"] = router.router_name
        status, answer = controller.post("/v1/peerings", peering)
        assert status == 201, answer


def test_the_page_has_every_code():
    """What a program may go by: each code of a problem, with its status."""
    page = (build.SOURCE / "doc" / "controller.md").read_text()
    codes = {(status, code) for source in (build.SOURCE / "controller").rglob("*.c") for status, code in re.findall(
        r'api_problem(?:_format|_with)?\([^;]*?(\d{3}), "([a-z-]+)"', source.read_text())}
    assert len(codes) > 40
    assert not [one for one in codes if f"`{one[1]}`" not in page or one[0] not in page]
