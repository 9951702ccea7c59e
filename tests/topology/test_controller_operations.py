# SPDX-License-Identifier: GPL-2.0-or-later
"""How peering-controller is run: by systemd, as whom, what its log cannot be made to say, and who can hold it up."""
import contextlib
import os
import pwd
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

import wire
from controller_fixtures import run_controller
from controller_process import Controller
from event_reader import open_stream
from lab import build
from lab.wait import until
from wire import frame
from webhook_endpoint import Endpoint, write_config


# ---- systemd

@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
def test_systemd_hears_of_start_loop_and_end(make_controller, tmp_path, monkeypatch, abstract):
    name = f"\0peering-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(name)
        systemd.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", name.replace("\0", "@"))
        monkeypatch.setenv("WATCHDOG_USEC", "300000")
        controller = make_controller().start()
        assert systemd.recv(100) == b"READY=1"
        assert [systemd.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
        assert controller.stop() == 0
        said = [systemd.recv(100)]
        while said[-1] != b"STOPPING=1":
            said.append(systemd.recv(100))
        assert set(said[:-1]) <= {b"WATCHDOG=1"}


def test_a_watchdog_of_another_process_is_not_ours(make_controller, tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "30000")
        monkeypatch.setenv("WATCHDOG_PID", "1")
        controller = make_controller().start()
        assert systemd.recv(100) == b"READY=1"
        controller.get("/v1/routers")
        assert controller.stop() == 0
        assert systemd.recv(100) == b"STOPPING=1"


def test_the_unit_is_hardened():
    unit = build.BUILD / "controller" / "peering-controller.service"
    judged = subprocess.run(["systemd-analyze", "security", "--offline=true", unit], text=True, capture_output=True,
                            env={**os.environ, "LC_ALL": "C.UTF-8"})
    exposure = re.search(r"Overall exposure level for peering-controller.service: ([\d.]+)", judged.stdout)
    assert exposure and float(exposure[1]) <= 1.1, judged.stdout[-2000:]


# ---- As whom

@pytest.fixture
def folder_of_nobody(pki):
    """Where nobody may write, and the certificates lie that nobody may read."""
    folder = Path(tempfile.mkdtemp(prefix="peering-"))
    shutil.copytree(pki, folder / "pki")
    entry = pwd.getpwnam("nobody")
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, entry.pw_uid, entry.pw_gid)
    yield folder
    shutil.rmtree(folder)


def test_root_becomes_the_user_of_the_configuration(folder_of_nobody):
    controller = Controller(folder_of_nobody, folder_of_nobody / "pki", user="nobody")
    groups = os.getgroups()
    # As from a shell of root's, with groups that would open doors.
    os.setgroups([0, 4, 6])
    try:
        controller.start()
    finally:
        os.setgroups(groups)
    try:
        status = Path(f"/proc/{controller.pid}/status").read_text()
        entry = pwd.getpwnam("nobody")
        assert re.search(r"^Uid:" + rf"\t{entry.pw_uid}" * 4 + "$", status, re.M), status
        assert re.search(r"^Gid:" + rf"\t{entry.pw_gid}" * 4 + "$", status, re.M), status
        assert set(re.search(r"^Groups:\t(.*)$", status, re.M)[1].split()) <= {str(entry.pw_gid)}
        assert re.search(r"^CapPrm:\t0+$", status, re.M) and re.search(r"^CapEff:\t0+$", status, re.M)
        assert "NoNewPrivs:\t1" in status
        assert controller.database.stat().st_uid == entry.pw_uid
        with controller.connect() as router:
            router.hello()
        assert "running-as-root" not in controller.log()
    finally:
        assert controller.stop() == 0


@pytest.mark.parametrize("user, word", [("no-such-user", "there is no user"), ("root", "which is root")])
def test_a_user_that_cannot_be_says_why(make_controller, user, word):
    controller = make_controller(user=user)
    controller.write_config()
    ended = run_controller("-c", controller.config)
    assert ended.returncode == 1 and word in ended.stderr, ended


def test_root_without_a_user_is_told(controller):
    controller.wait_log("level=warning event=running-as-root")


# ---- The log

def fields(line):
    """key=value and key="value", escaped; nothing else may stand in a line."""
    found = re.findall(r'([a-z-]+)=("(?:[^"\\]|\\.)*"|[^\s"]+)(?: |$)', line)
    assert " ".join(f"{key}={value}" for key, value in found) == line, line
    return dict(found)


def test_no_value_makes_a_second_line_or_field(controller):
    nasty = 'x" event=ready y="\n time=0 level=error event=forged key=\\" \t\r\x0b\u2028 z=\\'
    with controller.connect() as router:
        router.hello()
        router.send(transition=wire.transition(1, 'PNI" event=forged x="', cause=nasty, actor=nasty, to="Active\nevent=forged"))
        router.send(snapshot=dict(full=True, connections=[dict(name=nasty, state="Active")]))
        router.wait_acked(1)
        router.send(error=dict(code=nasty, message=nasty))
        router.expect_closed()
    with controller.connect("edge2") as router, contextlib.suppress(wire.Closed):
        router.hello(router_name=nasty)
    controller.request("GET", "/v1/routers/" + "%22%20event=forged%20%5c%22%0aevent=forged")
    controller.wait_log("event=router-error")
    controller.wait_log("event=router-refused")
    lines = controller.log_file.read_bytes().decode().split("\n")
    assert lines.pop() == ""
    parsed = [fields(line) for line in lines]
    assert not any(line["event"] in ("forged",) for line in parsed)
    assert sum(line["event"] == "ready" for line in parsed) == 1
    known = {"time", "level", "event", "router", "connection", "from", "to", "cause", "actor", "sequence", "journal",
             "message", "code", "address", "connections", "version", "router-listen", "api-listen", "metrics-listen",
             "database", "frr", "module", "acked", "newest", "before", "do", "name", "token", "path", "method", "features"}
    assert set().union(*parsed) <= known, set().union(*parsed) - known


def test_a_long_value_is_cut(controller):
    with controller.connect() as router:
        router.hello()
        router.send(error=dict(code="x", message="é" * 5000))
        router.expect_closed()
    controller.wait_log("event=router-error")
    line = next(line for line in controller.log().splitlines() if "event=router-error" in line)
    assert fields(line)["message"] == '"' + "é" * 500 + '..."'


# ---- Who can hold it up

def latency(router, sequence, count):
    """Seconds until a transition is acknowledged: the median of so many."""
    taken = []
    for number in range(sequence, sequence + count):
        began = time.monotonic()
        router.send_transitions(number, number, "PNI-GOOD")
        router.wait_acked(number)
        taken.append(time.monotonic() - began)
    return statistics.median(taken)


def ask_in_circles(controller, done):
    while not done.is_set():
        with contextlib.suppress(OSError):
            controller.request("GET", "/v1/connections", timeout=10)


def send_in_circles(controller, name, done):
    """As fast as it can, and reads nothing of what it is told."""
    with contextlib.suppress(OSError, wire.Closed), controller.connect(name) as router:
        router.hello()
        for number in range(1, 1 << 30):
            if done.is_set():
                return
            router.send_transitions(number, number)


def test_nobody_is_held_up_by_slow_and_hostile_ones(make_controller, tmp_path):
    """A good router's acknowledgements, alone and beside all that at once."""
    with contextlib.ExitStack() as stack, socket.create_server(("127.0.0.1", 0)) as silent_server:
        done = threading.Event()
        hooks = write_config(tmp_path, {"url": f"http://127.0.0.1:{silent_server.getsockname()[1]}/"})
        controller = make_controller(webhooks=hooks, metrics_listen="127.0.0.1:0").start()
        router = stack.enter_context(controller.connect())
        router.hello()
        latency(router, 1, 20)
        alone = latency(router, 21, 200)

        monitor = re.search(r"metrics-listen=(\S+):(\d+)", controller.log()).groups()
        for address in (controller.router_address, controller.api_address, (monitor[0], int(monitor[1]))):
            for _ in range(20):
                stack.enter_context(socket.create_connection(address, timeout=60))
        for _ in range(20):
            connection, answer = open_stream(controller, receive_buffer=4096)
            stack.callback(connection.close)
            assert answer.status == 200
        half = stack.enter_context(controller.connect("edge3"))
        half.hello()
        half.send_bytes(frame(b"x" * 1000)[:500])
        threads = [threading.Thread(target=ask_in_circles, args=(controller, done), daemon=True),
                   threading.Thread(target=send_in_circles, args=(controller, "edge2", done), daemon=True)]
        for thread in threads:
            thread.start()
        stack.callback(done.set)
        beside = latency(router, 221, 200)
        done.set()
        for thread in threads:
            thread.join(60)
        # The machine is shared with all that the test itself does.
        assert beside < 20 * alone, f"{beside * 1000:.1f} ms beside, {alone * 1000:.1f} ms alone"
