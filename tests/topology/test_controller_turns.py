# SPDX-License-Identifier: GPL-2.0-or-later
"""Long requests are done in turns between which the controller serves everybody else."""
import http.client
import json
import re
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import wire
from controller_process import OPERATOR
from lab.wait import until

ENTRIES = 10000
CONNECTIONS = "/v1/routers/edge1/connections"


def asked(name, **neighbor):
    return {"name": name, "peerAsn": 64510, "description": "d" * 60,
            "neighbors": [{"address": "192.0.2.2", "families": [{"afi": "ipv4", "receivedLimit": 2000}], **neighbor},
                          {"address": "2001:db8::2", "families": [{"afi": "ipv6", "receivedLimit": 2000}]}]}


def prefix_list(entries):
    return {"kind": "prefix-list-ipv4", "entries": [
        {"sequence": 5 * (number + 1), "action": "permit", "prefix": f"10.{number // 256}.{number % 256}.0/24"}
        for number in range(entries)]}


def figures(controller):
    """Processor time of the controller until now, and the longest turn of it, in seconds."""
    address = re.search(r"metrics-listen=(\S+)", controller.log())[1]
    until_now = int(Path(f"/proc/{controller.pid}/schedstat").read_text().split()[0]) / 1e9
    # The page is made anew once a second.
    made = until("a page that is newer", lambda: urllib.request.urlopen(f"http://{address}/metrics", timeout=60).read().decode(),
                 lambda page: float(re.search(r"(?m)^process_cpu_seconds_total (\S+)", page)[1]) >= until_now)
    return until_now, max(float(value) for value in re.findall(r"turn_longest_cpu_seconds\{in=\"\w+\"\} (\S+)", made))


def test_a_long_request_is_many_turns(make_controller):
    controller = make_controller(metrics_listen="127.0.0.1:0", push_wait=120).start()
    wanted = prefix_list(ENTRIES)
    with controller.router(features=wire.NEWER_FEATURES) as router:
        before, _ = figures(controller)
        code, push = controller.request("PUT", "/v1/routers/edge1/policies/LONG", wanted)
        after, longest = figures(controller)
        assert code == 200 and push["state"] == "applied", push
        assert [one.prefix for one in router.pushes[0].operations[0].policy.entries] == [
            one["prefix"] for one in wanted["entries"]]
    # Whole in one turn it is nearly all of it.
    assert longest * 2 < after - before, f"{longest} s of {after - before} s"


def test_what_is_wrong_at_the_end_of_a_long_request_stores_nothing(controller):
    with controller.router() as router:
        code, problem = controller.post(CONNECTIONS, [asked(f"PNI-{number}") for number in range(400)] + [asked("")])
        assert code == 400 and problem["code"] == "bad-name" and "connection 401 of the list" in problem["detail"]
        code, problem = controller.post("/v1/routers/edge1/policies", [
            {"name": name, **prefix_list(700)} for name in ("A", "B", "A")])
        assert code == 400 and "A is there twice" in problem["detail"]
        assert router.pushes == [] and controller.get("/v1/connections")["connections"] == []


class Client:
    """A connection that is kept."""

    def __init__(self, controller):
        self._connection = http.client.HTTPSConnection(*controller.api_address, timeout=60,
                                                       context=wire.client_context(controller.pki, OPERATOR))
        self._connection.connect()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def send(self, body):
        self._connection.request("POST", CONNECTIONS, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def answer(self):
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())


def set_passwords(controller, name, until_set):
    """One after the other; how many."""
    count = 0
    with Client(controller) as client:
        while count == 0 or not until_set.is_set():
            count += 1
            client.send(asked("PNI-KEPT", password=f"{name}-{count}"))
            assert client.answer()[0] == 202
    return count


def test_a_password_that_is_set_meanwhile_is_not_lost(controller):
    """Long requests that keep a password, and others beside them, while they are read and judged, that set one."""
    long = [asked("PNI-KEPT", passwordSet=True)] + [asked(f"PNI-{number}") for number in range(1000)]
    with controller.connect() as known:
        known.hello()
    assert controller.post(CONNECTIONS, asked("PNI-KEPT", password="first"))[0] == 202
    sent, refused, enough = 0, 0, threading.Event()
    with ThreadPoolExecutor() as pool, Client(controller) as client:
        others = [pool.submit(set_passwords, controller, f"other-{number}", enough) for number in range(4)]
        # Until one of the others was faster, which may take some on a machine that is busy.
        while sent < 6 or (refused == 0 and sent < 40):
            sent += 1
            client.send(long)
            code, said = client.answer()
            assert code == 202 or (code, said["code"]) == (409, "changed-meanwhile"), said
            refused += code == 409
        enough.set()
        count = 1 + sent - refused + sum(other.result() for other in others)
    with controller.connect() as router:
        router.hello(features=wire.NEWER_FEATURES)
        kept = "first"
        for _ in range(count):
            push = router.expect("push")
            key = push.operations[0].declare.neighbors[0].password
            # A long one never brings back what was there before.
            assert len(push.operations) == 1 or key == kept, (key, kept, refused)
            kept = key
            router.send(push_result=dict(id=push.id, applied=True, results=[dict(ok=True)] * len(push.operations)))
    # They had their turns between those of the long ones.
    assert refused > 0
