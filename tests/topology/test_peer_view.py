# SPDX-License-Identifier: GPL-2.0-or-later
"""What another network learns by its token: the same, whatever others and this network's inside do beside it.

Everything that the API has is asked of two controllers with the same token's rights: one where nothing but the peer's own
is, and one where there is much else. An answer that is not the same in both tells of what is not the peer's.
"""
import contextlib
import json
import re

import openapi
import pytest

from controller_fixtures import connection_path, status
from controller_process import ADMIN, Controller
from event_reader import EventReader, number_of
from lab.wait import until
from peerings_kit import CONTACTS, PEER_ASN, PEER_NOC, Peer, connection, peering

OTHER_ASN = 64511
OWN, OTHERS = "AS64510-1", "AS64511-1"
# The peer's own, and another's, which is there in the second world alone.
VALUES = {"router": ("edge1", "edge2"), "name": (OWN, OTHERS), "asn": (PEER_ASN, OTHER_ASN),
          "peering": ("AS64510-FRA", "AS64511-FRA"), "id": ("1",), "verb": ("approve",)}
REQUESTS = [peering("AS64510-NEW", [connection("AS64510-9", router)]) for router in ("edge1", "edge2")] + [
    peering("AS64510-NEW", [connection(name)]) for name in (OWN, OTHERS, "PNI-OTHER")] + [
    peering(name, [connection("AS64510-8", "edge2")]) for name in ("AS64510-FRA", "AS64511-FRA", "OPERATORS")] + [
    {**peering("AS64510-NEW"), "peerAsn": OTHER_ASN}]
QUERIES = {"/v1/connections": ("router=edge2", "router=edge9", "state=Active", "limit=1", "after=edge1/A", "nothing=1"),
           "/v1/peerings": ("state=requested", f"peerAsn={OTHER_ASN}", "limit=1", "after=A"),
           "/v1/peer-asns": ("state=None", "limit=1", "after=64500"),
           "/v1/events": ("router=edge2", f"connection={OTHERS}", "type=transition", "after=0", "limit=1"),
           "/v1/routers/{router}/connections": ("state=Active", "limit=1")}


def others(controller, stack):
    """What is not the peer's: connections on its router and on another, a peering, tokens, events in thousands, a reader."""
    other = Peer(controller, OTHER_ASN, "other")
    assert other.request("PUT", f"/v1/peer-asns/{OTHER_ASN}", {"name": "OTHER", "contacts": CONTACTS})[0] == 201
    router = stack.enter_context(controller.router("edge2"))
    for name in (OTHERS, "PNI-OTHER"):
        router.connections[name] = {**status(name, "Active"), "peer_asn": OTHER_ASN}
    router.send_snapshot(full=True)
    assert other.post("/v1/peerings", {**peering("AS64511-FRA", [connection("AS64511-7", "edge2")]),
                                       "peerAsn": OTHER_ASN})[0] == 201
    assert controller.post("/v1/peerings", {**peering("OPERATORS", [connection("OPERATORS-1", "edge2")]),
                                            "peerAsn": OTHER_ASN})[0] == 201
    stack.enter_context(EventReader(controller))
    busy = stack.enter_context(controller.connect("edge3"))
    busy.hello()
    busy.send_transitions(1, 3000)
    busy.wait_acked(3000)


class World:
    def __init__(self, controller, stack, crowded):
        self.controller = controller.start()
        self.router = stack.enter_context(controller.router())
        self.router.connections[OWN] = status(OWN, "Validating")
        if crowded:
            for name in (OTHERS, "PNI-OTHER"):
                self.router.connections[name] = {**status(name, "Active"), "peer_asn": OTHER_ASN}
        self.router.send_snapshot(full=True)
        self.acme = Peer(controller)
        assert self.acme.request("PUT", f"/v1/peer-asns/{PEER_ASN}", PEER_NOC)[0] == 201
        if crowded:
            others(controller, stack)
        self.router.move(OWN, "Active", "10")
        until("its own event", lambda: self.events()["events"])

    def events(self, query=""):
        return self.controller.get(f"/v1/events{query}", token=self.acme.token, headers={"Accept": "application/json"})

    def ask(self, method, path, body=None, headers=None):
        answer = self.controller.ask(method, path, body, token=self.acme.token,
                                     headers={"Accept": "application/json", **(headers or {})})
        return answer.status, sorted(answer.headers.keys()), plain(answer.body)


def plain(body):
    """Without what is another one each time: times, and the sealed ids of events."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "TIME", json.dumps(body, sort_keys=True))
    return re.sub(r'"(stateSeconds|upSeconds)": \d+', r'"\1": N', re.sub(r'"[^" ]{136}"', '"ID"', text))


def paths(template):
    """The path with each value in the place of each parameter."""
    found = re.search(r"{(\w+)}", template)
    if not found:
        return [template]
    return [path for value in VALUES[found[1]] for path in paths(template.replace(found[0], str(value), 1))]


def questions():
    for method, template, operation in openapi.operations():
        for path in paths(template):
            if path == "/v1/peerings" and method == "POST":
                for body in REQUESTS:
                    yield method, f"{path}?dryRun=true", body
                continue
            yield method, path, None if method == "GET" else {}
            for query in QUERIES.get(template, ()) if method == "GET" else ():
                yield method, f"{path}?{query}", None


@pytest.fixture(scope="module")
def worlds(tmp_path_factory, pki):
    with contextlib.ExitStack() as stack:
        made = []
        for crowded in (False, True):
            controller = Controller(tmp_path_factory.mktemp("world"), pki, admin=ADMIN, api_rate_peer=1000)
            made.append(World(controller, stack, crowded))
        yield made
    for world in made:
        assert world.controller.stop() == 0


def differing(worlds, asked):
    alone, crowded = ([(question, world.ask(*question)) for question in asked] for world in worlds)
    return [(one, other) for one, other in zip(alone, crowded, strict=True) if one != other]


def test_every_answer_is_the_same_whatever_others_have(worlds):
    asked = list(questions())
    assert differing(worlds, asked) == []
    # Asked for in earnest: each is stored, wherever it leads, or refused for what the peer can see.
    stored = [("POST", "/v1/peerings", body) for body in REQUESTS]
    assert differing(worlds, stored) == []
    for world in worlds:
        assert len(world.acme.get("/v1/peerings")["peerings"]) == 2
    asked = [question for question in asked if question[1].startswith("/v1/peer")]
    assert differing(worlds, asked) == []
    for header in ({"If-Match": '"0000000000000000-0"'}, {"Idempotency-Key": "one"}, {"Idempotency-Key": "one"}):
        assert differing(worlds, [(*question, header) for question in asked if question[0] != "GET"]) == []


def test_an_id_says_nothing_of_how_much_happens(worlds):
    ids = [[page["newest"], page["events"][-1]["id"]] for page in (worlds[1].events() for _ in range(2))]
    assert len({*ids[0], *ids[1]}) == 4 and all(len(text) == 136 for text in sum(ids, [])), ids
    # And serves as one all the same, for whom it was made alone.
    assert worlds[1].events(f"?after={ids[0][1]}")["events"] == []
    stranger = Peer(worlds[1].controller, 64999, "stranger")
    answer = worlds[1].controller.get(f"/v1/events?after={ids[0][1]}", token=stranger.token,
                                      headers={"Accept": "application/json"})
    assert answer["gap"] and answer["events"] == []
    with EventReader(worlds[1].controller, last=0, token=worlds[1].acme.token) as reader:
        reader.wait("transition", 1)
        last = reader.last
    assert len(last) == 136
    # A stream takes up again where it was.
    with EventReader(worlds[1].controller, last=last, token=worlds[1].acme.token) as reader:
        worlds[1].router.move(OWN, "Validating", "14")
        assert [data["data"]["to"] for data in reader.wait("transition", 1)] == ["Validating"]
        assert [kind for _, kind, _ in reader.events] == ["transition"]


def test_an_id_of_a_version_that_sealed_none_begins_anew(worlds):
    world, peer = worlds[1], worlds[1].acme
    newest = world.controller.get("/v1/events", headers={"Accept": "application/json"})["newest"]
    every = [(event["type"], event["data"]) for event in world.events("?after=0")["events"]]
    assert every
    # Wherever it stands, and in whatever epoch: the same, so that nobody can look for the newest number.
    for plain in ("1", newest, "999999", f"{number_of(newest)}-0123abcd"):
        seen = world.events(f"?after={plain}")
        assert [(event["type"], event["data"]) for event in seen["events"]] == every, plain
        assert len(seen["gap"]["after"]) == len(seen["gap"]["resumedAfter"]) == 136, seen["gap"]
    with EventReader(world.controller, last=newest, token=peer.token) as reader:
        reader.wait("transition", 1)
        assert [kind for _, kind, _ in reader.events][0] == "gap"
    for nonsense in ("x", "1-", "-1", "1-2-3"):
        assert world.controller.ask("GET", f"/v1/events?after={nonsense}", token=peer.token).status == 400


def test_a_key_is_not_the_next_owners_of_a_name(worlds):
    controller = worlds[1].controller
    first = Peer(controller, PEER_ASN, "passed-on")
    said = controller.ask("POST", "/v1/peerings", peering("AS64510-KEY", [connection("AS64510-K")]), token=first.token,
                          headers={"Idempotency-Key": "the-same"})
    assert said.status == 201
    assert controller.ask("DELETE", f"/v1/tokens/{first.token.split('_')[1]}", certificate=ADMIN).status == 200
    second = Peer(controller, 64999, "passed-on")
    again = controller.ask("POST", "/v1/peerings", peering("AS64510-KEY", [connection("AS64510-K")]), token=second.token,
                           headers={"Idempotency-Key": "the-same"})
    assert again.status == 403 and "Idempotency-Replayed" not in again.headers


def test_what_is_hidden_from_a_peer_is_shown_to_who_decides(worlds):
    status_, made = worlds[1].acme.post("/v1/peerings", peering("AS64510-9", [connection("AS64510-99", "edge9")]))
    assert status_ == 201 and {entry["verdict"] for entry in made["findings"]} <= {"pass", "wait"}
    ours = {entry["rule"]: entry["verdict"] for entry in worlds[1].controller.get("/v1/peerings/AS64510-9")["findings"]}
    assert ours["router"] == "fail"
    assert worlds[1].controller.post("/v1/peerings/AS64510-9/approve")[1]["code"] == "policy-refused"
    assert worlds[1].controller.ask("GET", connection_path(OTHERS), token=worlds[1].acme.token).status == 404
