# SPDX-License-Identifier: GPL-2.0-or-later
"""/metrics and /healthz of peering-controller, and who asks for them in bad ways."""
import contextlib
import http.client
import json
import re
import socket
import sqlite3
import ssl
import subprocess

import pytest

from controller_fixtures import REQUEST, assert_serves, status
from lab import build
from lab.wait import until
from webhook_endpoint import Endpoint, write_config

ALERTS = build.SOURCE / "doc" / "prometheus-alerts.yaml"


@pytest.fixture
def monitored(make_controller, tmp_path):
    with Endpoint(answer=lambda told: 500) as endpoint:
        yield make_controller(metrics_listen="127.0.0.1:0",
                              webhooks=write_config(tmp_path, {"url": endpoint.url})).start()


def monitor_address(controller):
    host, port = re.findall(r"metrics-listen=(\S+):(\d+)", controller.log())[-1]
    return host, int(port)


def ask(controller, path, method="GET"):
    connection = http.client.HTTPConnection(*monitor_address(controller), timeout=60)
    with contextlib.closing(connection):
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def samples(controller):
    code, text = ask(controller, "/metrics")
    assert code == 200
    return {name: float(value) for name, value in re.findall(r"^([^#\s]\S*(?:\{.*\})?) (\S+)$", text, re.M)}


def wait_sample(controller, name, value):
    return until(f"{name} {value}", lambda: samples(controller), lambda seen: seen.get(name) == value)


def wait_health(controller, code):
    return until(f"health {code}", lambda: ask(controller, "/healthz"), lambda seen: seen[0] == code)


def test_metrics_tell_what_there_is(monitored):
    controller = monitored
    with controller.router() as router, controller.connect("edge2") as second:
        assert controller.post("/v1/routers/edge1/connections", REQUEST)[0] == 200
        second.hello()
        second.send(snapshot=dict(full=True, connections=[status("PNI-A", "Active"), status("PNI-B", "Active", degraded=[
            dict(cause="flapping", session="", severity="warning", reason="up and down")])]))
        second.send_transitions(1, 10, "PNI-A", to="Active")
        second.wait_acked(10)
        wait_sample(controller, 'peeringcontroller_webhook_pending{webhook="hook0"}', 11)
        seen = wait_sample(controller, "peeringcontroller_events_total",
                           controller.query("SELECT max(id) FROM event")[0][0])
        assert router.error is None
    wanted = {
        "peeringcontroller_routers_connected": 2, "peeringcontroller_routers_known": 2,
        'peeringcontroller_router_connected{router="edge1"}': 1, "peeringcontroller_connections_degraded": 1,
        'peeringcontroller_connections{state="Active"}': 2,
        'peeringcontroller_connections{state="PendingApproval"}': 1, 'peeringcontroller_connections{state="other"}': 0,
        'peeringcontroller_reports_total{kind="transition"}': 11, 'peeringcontroller_reports_total{kind="hello"}': 2,
        'peeringcontroller_pushes_total{what="stored"}': 1, 'peeringcontroller_pushes_total{what="applied"}': 1,
        "peeringcontroller_pushes_queued": 0, 'peeringcontroller_limit{of="routers"}': 4096,
        'peeringcontroller_used{of="routers"}': 2, "peeringcontroller_store_stuck": 0,
    }
    assert {name: seen.get(name) for name in wanted} == wanted
    assert seen['peeringcontroller_database_bytes{file="main"}'] > 0 and seen["process_open_fds"] > 3
    commits = seen["peeringcontroller_commit_duration_seconds_count"]
    assert 0 < commits == seen['peeringcontroller_commit_duration_seconds_bucket{le="+Inf"}']
    ends = subprocess.run(["openssl", "x509", "-in", controller.pki / "localhost.pem", "-noout", "-enddate"],
                          capture_output=True, text=True, check=True).stdout.strip().removeprefix("notAfter=")
    assert seen["peeringcontroller_certificate_end_seconds"] == ssl.cert_time_to_seconds(ends)
    wait_sample(controller, "peeringcontroller_routers_connected", 0)
    wait_sample(controller, 'peeringcontroller_webhook_failing{webhook="hook0"}', 1)


def test_many_connections_are_counted_in_pieces(monitored):
    with monitored.connect() as router:
        router.hello()
        for part in range(3):
            router.send(snapshot=dict(full=part == 0, connections=[
                status(f"PNI-{part}-{number}", "Active" if number % 2 else "Validating") for number in range(600)]))
        router.send_transitions(1, 1, "PNI-0-0", to="Hibernating")
        router.wait_acked(1)
        wait_sample(monitored, 'peeringcontroller_connections{state="Active"}', 900)
        seen = samples(monitored)
    assert seen['peeringcontroller_connections{state="other"}'] == 1
    assert seen['peeringcontroller_connections{state="Validating"}'] == 899


def test_promtool_finds_nothing_to_say(monitored):
    with monitored.connect() as router:
        router.hello()
        _, text = ask(monitored, "/metrics")
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True)
    assert checked.returncode == 0 and not checked.stderr, checked
    assert monitored.pki.name not in text and "secret" not in text and "hidden" not in text


def test_alerts_name_metrics_that_are_there(monitored):
    checked = subprocess.run(["promtool", "check", "rules", ALERTS], text=True, capture_output=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    named = set(re.findall(r"peeringcontroller_[a-z_]+", ALERTS.read_text()))
    _, text = ask(monitored, "/metrics")
    there = set(re.findall(r"^# TYPE (\w+)", text, re.M))
    assert named and named <= there, named - there
    documented = set(re.findall(r"`(\w+)[`{]", (build.SOURCE / "doc" / "controller.md").read_text()))
    assert there <= documented, there - documented


def test_health_follows_the_database(monitored):
    controller = monitored
    assert ask(controller, "/healthz") == (200, '{"schemaVersion":1,"status":"ok","problems":[]}\n')
    with contextlib.closing(sqlite3.connect(controller.database, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        _, text = wait_health(controller, 503)
        assert json.loads(text)["problems"][0]["check"] == "database", text
        with controller.connect() as router:
            router.send(hello=dict(protocol_version=1, journal_id="journal-1"))
            wait_sample(controller, "peeringcontroller_store_stuck", 1)
            until("reports that wait", lambda: ask(controller, "/healthz")[1], lambda text: "cannot be committed" in text)
            db.execute("ROLLBACK")
            router.expect("hello_ack")
            wait_sample(controller, "peeringcontroller_store_stuck", 0)
            wait_health(controller, 200)
    assert samples(controller)["peeringcontroller_commit_failures_total"] > 0


def test_health_tells_of_a_full_disk_before_a_report_fails(make_controller, tmp_path):
    """Nothing is reported and nothing asked for: no transaction of the controller's meets it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)
    try:
        controller = make_controller(metrics_listen="127.0.0.1:0", database=disk / "controller.db").start()
        assert ask(controller, "/healthz")[0] == 200
        with open(disk / "filler", "wb", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(b"x" * 65536)
        _, text = wait_health(controller, 503)
        assert [one["check"] for one in json.loads(text)["problems"]] == ["disk"], text
        (disk / "filler").unlink()
        wait_health(controller, 200)
        assert controller.stop() == 0
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_other_paths_and_methods(monitored):
    assert [ask(monitored, path)[0] for path in ("/", "/metricsx", "/v1/routers")] == [404] * 3
    assert ask(monitored, "/metrics?x=1")[0] == 200 and ask(monitored, "/metrics", "POST")[0] == 405


def test_bad_clients_of_it_hold_nobody_up(monitored):
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(monitor_address(monitored), timeout=60))
                  for _ in range(60)]
        # Those above the limit are closed at once, the others in a few seconds; all that time the API serves.
        assert_serves(monitored)
        for one in silent:
            with contextlib.suppress(ConnectionResetError):
                assert one.recv(1) == b""
    with socket.create_connection(monitor_address(monitored), timeout=60) as flood:
        with contextlib.suppress(ConnectionError):
            flood.sendall(b"GET /" + b"x" * 100000)
            assert flood.recv(100).startswith(b"HTTP/1.1 431")
    assert ask(monitored, "/healthz")[0] == 200


def test_without_the_key_nothing_listens(controller):
    assert "metrics-listen=none" in controller.log()
