# SPDX-License-Identifier: GPL-2.0-or-later
"""How peering-controller is configured, started and ended."""
import re
import signal

import pytest

import wire
from controller_fixtures import assert_serves, run_controller
from lab import build
from lab.wait import until


@pytest.mark.parametrize("text, sentence", [
    ("admin = boss", ":1: 'admin' takes the e-mail addresses"),
    ("viewer = a@example.net, b", ":1: 'viewer' takes the e-mail addresses"),
    ("api-rate = 0", ":1: 'api-rate' takes a number from 1 to 1000"),
    ("colour = red", ":1: there is no key 'colour'; the keys are router-listen,"),
    ("heartbeat = 0", ":1: 'heartbeat' takes a number from 1 to 60, not '0'"),
    ("heartbeat = 1x", ":1: 'heartbeat' takes a number from 1 to 60, not '1x'"),
    ("heartbeat = -1", ":1: 'heartbeat' takes a number from 1 to 60, not '-1'"),
    ("heartbeat = 99999999999999999999", ":1: 'heartbeat' takes a number from 1 to 60"),
    ("heartbeat =", ":1: 'heartbeat' has no value"),
    ("heartbeat", ":1: this is no 'key = value' line"),
    ("# words\n\ndatabase = here", ":3: 'database' takes a whole path"),
    ("max-routers = 5\nmax-routers = 6", ":2: 'max-routers' stands twice"),
    ("# " + "x" * 5000, ":1: the line is longer than"),
], ids=range(13))
def test_bad_configuration_names_file_and_line(tmp_path, text, sentence):
    config = tmp_path / "peering-controller.conf"
    config.write_text(text + "\n")
    for arguments in ([], ["--check"]):
        ended = run_controller("-c", config, *arguments)
        assert ended.returncode == 1 and f"{config}{sentence}" in ended.stderr, ended


@pytest.mark.parametrize("key, value, word", [
    ("router_listen", "nowhere", "address and a port"),
    ("router_listen", "192.0.2.1", "address and a port"),
    ("router_listen", "2001:db8::1:4790", "address and a port"),
    ("api_listen", "127.0.0.1:65536", "address and a port"),
    ("router_listen", "192.0.2.1:4790", "no interface of this machine"),
    ("tls_ca", "/nonexistent/ca.pem", "/nonexistent/ca.pem"),
    ("tls_key", "/dev/null", "/dev/null"),
    ("database", "/nonexistent/controller.db", "make the folder"),
])
def test_start_that_cannot_be_says_why(make_controller, key, value, word):
    controller = make_controller(**{key: value})
    controller.write_config()
    ended = run_controller("-c", controller.config)
    assert ended.returncode == 1 and word in ended.stderr, ended


def test_port_that_is_taken(controller, make_controller):
    host, port = controller.router_address
    second = make_controller(router_listen=f"{host}:{port}")
    second.write_config()
    ended = run_controller("-c", second.config)
    assert ended.returncode == 1 and "another process has this port" in ended.stderr


def test_every_address_means_ipv4_and_ipv6(make_controller):
    controller = make_controller(router_listen="[::]:0").start()
    assert controller.router_address[0] == "::"
    for host in ("127.0.0.1", "::1"):
        with wire.Connection((host, controller.router_address[1]),
                             wire.client_context(controller.pki, "edge1")) as connection:
            connection.hello()
            until(f"the address of a router that came to {host}",
                  lambda: controller.get("/v1/routers")["routers"][0]["address"],
                  lambda address: address.startswith("127.0.0.1:" if host == "127.0.0.1" else "[::1]:"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_end_is_clean(controller, number):
    """What has arrived is committed, every router hears of it, and who waits for a push gets an answer."""
    with controller.connect("edge2") as connection, controller.router() as router:
        connection.hello()
        router.deaf = True
        waiting = controller.start_peerctl("request", "edge1", "PNI-ACME-FRA1", "--asn", 64510, "--neighbor",
                                           "192.0.2.2")
        until("the push at the router", lambda: router.pushes)
        connection.send_transitions(1, 500)
        # In its socket, at the least.
        connection.wait_acked(1)
        assert controller.stop(number) == 0
        assert connection.expect_closed("stopping")
        said, _ = waiting.communicate(timeout=60)
        assert waiting.returncode == 0 and "request PNI-ACME-FRA1" in said
    stored = controller.sequences("edge2")
    assert stored == list(range(1, len(stored) + 1)) and stored
    assert controller.query("SELECT state FROM push") == [("queued",)]


def test_check_changes_nothing(make_controller):
    controller = make_controller()
    controller.write_config()
    ended = run_controller("-c", controller.config, "--check")
    assert ended.returncode == 0 and "good" in ended.stdout
    assert sorted(path.name for path in controller.folder.iterdir()) == ["peering-controller.conf"]


def test_a_key_that_everybody_can_read_is_told(make_controller, pki, tmp_path):
    key = tmp_path / "open.key"
    key.write_bytes((pki / "localhost.key").read_bytes())
    key.chmod(0o644)
    controller = make_controller(tls_key=key).start()
    controller.wait_log(f"level=warning event=key-exposed .*{key}")
    assert_serves(controller)
    said = run_controller("-c", controller.config, "--check")
    assert said.returncode == 0 and "warning" in said.stderr and str(key) in said.stderr


def test_shipped_configuration_is_the_defaults(tmp_path):
    shipped = (build.SOURCE / "controller" / "service" / "peering-controller.conf").read_text().splitlines()
    assert all(line.startswith("#") or not line for line in shipped)
    keys = dict(line[1:].split(" = ") for line in shipped if re.match(r"#[a-z]", line))
    # Each line, taken out of its comment, is accepted; and there is one for each key.
    config = tmp_path / "peering-controller.conf"
    config.write_text("".join(f"{key} = {value}\n" for key, value in keys.items()))
    ended = run_controller("-c", config, "--check")
    assert ended.returncode == 1 and keys["tls-ca"] in ended.stderr, ended
    config.write_text("nothing = 1\n")
    known = run_controller("-c", config).stderr.split("the keys are ")[1].strip().split(", ")
    assert sorted(keys) == sorted(known)


def test_usage():
    assert run_controller("--help").returncode == 0
    assert run_controller("--nonsense").returncode == 2
    assert run_controller("nonsense").returncode == 2
    assert run_controller("--version").stdout.startswith("peering-controller ")
