# SPDX-License-Identifier: GPL-2.0-or-later
"""Web hooks of peering-controller: endpoints that accept, refuse, hang, lie and go away."""
import datetime
import socket
import sqlite3
import ssl
import subprocess
import threading

import pytest

from controller_fixtures import run_controller, status
from controller_process import OPERATOR, Controller, make_pki
from lab.wait import until
from webhook_endpoint import Endpoint, write_config


@pytest.fixture
def with_hooks(make_controller, tmp_path, pki):
    def make(*hooks):
        path = write_config(tmp_path, *hooks)
        controller = make_controller(webhooks=path).start()
        controller.keep_ports()
        return controller

    return make


def hook_of(endpoint, **more):
    return {"url": endpoint.url, **({"ca": str(endpoint.pki / "ca.pem")} if endpoint.pki else {}), **more}


def shown(controller, number=0):
    return controller.get("/v1/webhooks")["webhooks"][number]


def wait_shown(controller, what, wanted, number=0):
    return until(what, lambda: shown(controller, number), wanted)


def tell(controller, *transitions, connection="PNI-ACME", journal="journal-1"):
    """Transitions of a router, from None to the first state and on."""
    with controller.connect() as router:
        ack = router.hello(journal_id=journal)
        for number, to in enumerate(transitions):
            router.send_transitions(ack.acked_sequence + 1 + number, ack.acked_sequence + 1 + number, connection, to=to,
                                    **{"from": transitions[number - 1] if number else "None"})
        router.wait_acked(ack.acked_sequence + len(transitions))


def test_what_is_wanted_is_told_signed_over_https(with_hooks, pki):
    with Endpoint(pki) as everything, Endpoint(pki) as failures:
        controller = with_hooks(hook_of(everything), hook_of(failures, events=["failed"]))
        tell(controller, "PendingApproval", "Validating", "Active", "ProvisioningFailed", "None")
        with controller.connect() as router:
            router.hello()
            router.send(snapshot=dict(full=True, connections=[status("PNI-B", "Active", degraded=[
                dict(cause="flapping", session="", severity="warning", reason="up and down")])]))
            router.send(snapshot=dict(full=True, connections=[status("PNI-B", "Active")]))
        took = everything.wait_took(5)
        assert [(told["event"], told["connection"]) for told in took if told["connection"] == "PNI-ACME"] == [
            ("active", "PNI-ACME"), ("failed", "PNI-ACME"), ("removed", "PNI-ACME")]
        assert [told["event"] for told in took if told["connection"] == "PNI-B"] == ["degraded", "recovered"]
        assert took[0]["router"] == "edge1" and took[0]["webhook"] == "hook0" and took[0]["data"]["to"] == "Active"
        assert [told["event"] for told in failures.wait_took(1)] == ["failed"]
        one = wait_shown(controller, "all delivered", lambda hook: hook["deliveredCount"] == 5)
        assert one["pendingCount"] == 0 and one["lastStatus"] == 200 and one["failingSince"] is None
        # What stands behind the host is a secret of some services.
        assert one["url"] == f"https://localhost:{everything.port}"
        assert len(everything.asked) == 5 and len(failures.asked) == 1


def test_a_certificate_that_ends_soon_is_told(tmp_path):
    pki = make_pki(tmp_path / "pki", "--controller", "localhost,127.0.0.1", "--operator", OPERATOR, "--days", "20")
    with Endpoint() as endpoint:
        hooks = write_config(tmp_path, hook_of(endpoint, events=["expiring"]))
        controller = Controller(tmp_path, pki, webhooks=hooks).start()
        told = endpoint.wait_took(1)[0]
        assert told["event"] == "expiring" and told["data"]["name"] == str(pki / "localhost.pem")
        ends = subprocess.run(["openssl", "x509", "-in", pki / "localhost.pem", "-noout", "-enddate"], text=True,
                              capture_output=True, check=True).stdout.strip().removeprefix("notAfter=")
        ends = datetime.datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), datetime.timezone.utc)
        assert told["data"]["endsAt"] == ends.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        assert controller.stop() == 0


def test_refused_is_tried_again_in_the_order_of_its_connection(with_hooks):
    refused = []

    def answer(told):
        if told["connection"] == "PNI-BAD" and len(refused) < 3:
            refused.append(told["event"])
            return 503
        return 200

    with Endpoint(answer=answer) as endpoint:
        controller = with_hooks(hook_of(endpoint))
        tell(controller, "Active", "ProvisioningFailed", "None", connection="PNI-BAD")
        tell(controller, "Active", "None", connection="PNI-GOOD")
        until("all five", lambda: sorted(endpoint.ids()), lambda ids: len(ids) == 5)
    of = {name: [told["event"] for told in endpoint.took if told["connection"] == name]
          for name in ("PNI-BAD", "PNI-GOOD")}
    assert of == {"PNI-BAD": ["active", "failed", "removed"], "PNI-GOOD": ["active", "removed"]}
    assert refused == ["active"] * 3
    # The other connection has not waited for it.
    assert endpoint.took[0]["connection"] == "PNI-GOOD"


def test_what_was_not_accepted_survives_a_crash(with_hooks):
    with Endpoint() as endpoint:
        controller = with_hooks(hook_of(endpoint))
        endpoint.stop()
        tell(controller, *["Active", "None"] * 10)
        wait_shown(controller, "a failed attempt", lambda hook: hook["pendingCount"] == 20 and hook["lastError"])
        controller.kill()
        endpoint.start()
        controller.start()
        endpoint.wait_took(20)
        wait_shown(controller, "nothing left", lambda hook: hook["pendingCount"] == 0)
        # At least once each; in order, where the first of each is taken.
        first = list(dict.fromkeys(endpoint.ids()))
        assert len(first) == 20 and first == sorted(first)
    assert shown(controller)["failingSince"] is None
    controller.wait_log("event=webhook-failed webhook=hook0")


def test_an_endpoint_that_hangs_holds_nobody_up(with_hooks):
    done = threading.Event()

    def hang(_told):
        done.wait(60)
        return 200

    with Endpoint(answer=hang) as hanging, Endpoint() as good, socket.create_server(("127.0.0.1", 0)) as silent:
        controller = with_hooks(hook_of(hanging), hook_of(good),
                                {"url": f"https://localhost:{silent.getsockname()[1]}/"})
        for number in range(30):
            tell(controller, "Active", connection=f"PNI-{number}", journal=f"journal-{number}")
        took = good.wait_took(30)
        assert len(took) == 30
        assert shown(controller)["pendingCount"] == shown(controller, 2)["pendingCount"] == 30
        wait_shown(controller, "the time-out", lambda hook: hook["lastError"] and "timed out" in hook["lastError"].lower())
        done.set()
        hanging.wait_took(30)


@pytest.mark.parametrize("answer, word", [
    ((302, {"Location": "TARGET"}, b""), 302), ((307, {"Location": "TARGET"}, b""), 307), (404, 404), (500, 500)],
    ids=["302", "307", "404", "500"])
def test_no_redirect_is_followed(with_hooks, answer, word):
    with Endpoint() as target:
        if isinstance(answer, tuple):
            answer = (answer[0], {"Location": target.url}, b"")
        with Endpoint(answer=lambda told: answer) as endpoint:
            controller = with_hooks(hook_of(endpoint))
            tell(controller, "Active")
            hook = wait_shown(controller, "the refusal", lambda hook: hook["lastStatus"])
            assert hook["lastStatus"] == word and hook["pendingCount"] == 1 and hook["failingSince"]
            until("a second attempt", lambda: len(endpoint.asked), lambda count: count >= 2)
        assert target.asked == []


def test_a_long_answer_is_cut_off_and_counts(with_hooks):
    with Endpoint(answer=lambda told: (200, {}, b"x" * (8 << 20))) as endpoint:
        controller = with_hooks(hook_of(endpoint))
        tell(controller, "Active", "None")
        wait_shown(controller, "both accepted", lambda hook: hook["deliveredCount"] == 2)


def test_an_endpoint_of_another_ca_is_told_nothing(with_hooks, pki):
    with Endpoint(pki) as endpoint:
        controller = with_hooks({"url": endpoint.url})
        tell(controller, "Active")
        hook = wait_shown(controller, "the refusal", lambda hook: hook["lastError"])
        assert "certificate" in hook["lastError"] and endpoint.asked == []


def test_another_secret_is_seen_by_the_endpoint(make_controller, tmp_path):
    with Endpoint() as endpoint:
        controller = make_controller(webhooks=write_config(tmp_path, hook_of(endpoint), secret="another" * 5)).start()
        tell(controller, "Active")
        assert wait_shown(controller, "the refusal", lambda hook: hook["lastStatus"])["lastStatus"] == 401


def test_what_waits_is_bounded_in_number_and_time(with_hooks):
    with Endpoint() as endpoint:
        controller = with_hooks(hook_of(endpoint))
        endpoint.stop()
        with controller.connect() as router:
            router.hello()
            router.send_transitions(1, 10100, to="Active")
            router.wait_acked(10100)
        hook = wait_shown(controller, "a full queue", lambda hook: hook["droppedCount"] >= 100)
        assert hook["droppedCount"] == 100 and hook["pendingCount"] == 10000
        controller.wait_log("level=error event=webhook-dropped webhook=hook0 events=")
        assert controller.stop() == 0
        # A day later.
        with sqlite3.connect(controller.database) as db:
            db.execute("UPDATE webhook_delivery SET created_at = created_at - 86400000 WHERE event % 2 = 0")
        db.close()
        controller.start()
        hook = wait_shown(controller, "half of them given up", lambda hook: hook["droppedCount"] > 100)
        assert hook["droppedCount"] == 5100 and hook["pendingCount"] == 5000
        endpoint.start()


def test_a_new_hook_hears_of_what_comes_and_a_removed_one_is_forgotten(make_controller, tmp_path):
    with Endpoint() as old, Endpoint() as new:
        controller = make_controller(webhooks=write_config(tmp_path, hook_of(old))).start()
        controller.keep_ports()
        old.stop()
        tell(controller, "Active")
        wait_shown(controller, "it waits", lambda hook: hook["pendingCount"] == 1)
        assert controller.stop() == 0
        write_config(tmp_path, hook_of(new, name="new"))
        controller.start()
        assert [hook["name"] for hook in controller.get("/v1/webhooks")["webhooks"]] == ["new"]
        tell(controller, "ProvisioningFailed", connection="PNI-LATER", journal="journal-2")
        assert [told["event"] for told in new.wait_took(1)] == ["failed"]
        assert controller.query("SELECT count(*) FROM webhook_delivery WHERE webhook <> 'new'") == [(0,)]
        old.start()


def test_peerctl_tests_and_lists(with_hooks):
    with Endpoint() as endpoint, Endpoint(answer=lambda told: 403) as refusing:
        controller = with_hooks(hook_of(endpoint, events=["failed"]), hook_of(refusing))
        said = controller.peerctl("webhook-test", "hook0")
        assert said.returncode == 0 and "hook0 has accepted it: HTTP 200" in said.stdout, said
        assert endpoint.took[0]["event"] == "test" and endpoint.took[0]["data"]["actor"] == "noc@example.net"
        assert refusing.asked == []
        said = controller.peerctl("webhook-test", "hook1")
        assert said.returncode == 1 and "HTTP 403" in said.stderr, said
        assert len(endpoint.asked) == 1
        said = controller.peerctl("webhooks")
        assert said.returncode == 0 and "HTTP 403" in said.stdout and "hidden" not in said.stdout, said
        said = controller.peerctl("webhook-test", "hook9")
        assert said.returncode == 1 and "no web hook" in said.stderr


GOOD = {"name": "noc", "url": "https://hooks.example.net/x", "events": ["active"]}


@pytest.mark.parametrize("hook, word", [
    ({**GOOD, "url": "ftp://hooks.example.net/"}, "https://"),
    ({**GOOD, "url": "http://hooks.example.net/"}, "allowHttp"),
    ({**GOOD, "url": "http://127.example.net/"}, "allowHttp"),
    ({**GOOD, "url": "http://user@localhost/"}, "user"),
    ({**GOOD, "url": "hooks"}, "url"),
    ({**GOOD, "events": []}, "events"),
    ({**GOOD, "events": ["explosion"]}, "events"),
    ({**GOOD, "name": "a b"}, "name"),
    ({**GOOD, "colour": "red"}, "colour"),
    ({**GOOD, "secretFile": "/nonexistent"}, "/nonexistent"),
], ids=range(10))
def test_bad_configuration_says_what_is_wrong(make_controller, tmp_path, hook, word):
    controller = make_controller(webhooks=write_config(tmp_path, hook))
    controller.write_config()
    for arguments in ([], ["--check"]):
        ended = run_controller("-c", controller.config, *arguments)
        assert ended.returncode == 1 and "webhooks.json: web hook 1:" in ended.stderr and word in ended.stderr, ended


def test_bad_file_and_short_secret(make_controller, tmp_path):
    path = write_config(tmp_path, GOOD, secret="short")
    controller = make_controller(webhooks=path)
    controller.write_config()
    assert "shorter than 16" in run_controller("-c", controller.config, "--check").stderr
    path.write_text("{")
    assert "no JSON list" in run_controller("-c", controller.config, "--check").stderr
    path.unlink()
    assert "cannot read" in run_controller("-c", controller.config, "--check").stderr
    write_config(tmp_path, {**GOOD, "url": "http://hooks.example.net/", "allowHttp": True})
    assert run_controller("-c", controller.config, "--check").returncode == 0
