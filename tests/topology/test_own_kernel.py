# SPDX-License-Identifier: GPL-2.0-or-later
"""What `make install` has installed, run by systemd as process 1. In a virtual machine alone: tests/run-in-kernel."""
import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from lab import build
from lab.controller import OPERATOR, ROUTER
from lab.scenario import NAME
from lab.wait import until

pytestmark = pytest.mark.own_kernel

UNIT = "peering-controller.service"
CERTIFICATES = Path("/etc/peering-controller")
STATE = Path("/var/lib/peering-controller")


def run(*argv, check=True, **options):
    ended = subprocess.run([str(word) for word in argv], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=300, env={**os.environ, "LC_ALL": "C.UTF-8"}, **options)
    assert not check or ended.returncode == 0, f"{argv}: status {ended.returncode}:\n{ended.stdout}"
    return ended.stdout


@pytest.fixture(scope="module")
def installed():
    """What `make install` makes of a machine. Whose build it is, and where it was installed to, the kernel's script knows."""
    run("cp", "-a", "--remove-destination", f"{build.BUILD}/kernel/installed/.", "/")
    run("systemd-sysusers", *Path("/usr/local/lib/sysusers.d").glob("*.conf"))
    run("systemctl", "daemon-reload")


# ---- the controller

def status(what):
    return run("systemctl", "show", "--value", "-p", what, UNIT).strip()


def journal_says(words):
    until(f"{words} in the journal", lambda: run("journalctl", "-q", "--no-pager", "-o", "cat", "-u", UNIT),
          lambda text: words in text)


def put_certificates(pki):
    for name, source, mode in (("ca.pem", "ca.pem", 0o644), ("controller.pem", "controller1.example.net.pem", 0o644),
                               ("controller.key", "controller1.example.net.key", 0o640)):
        fresh = CERTIFICATES / f"{name}.new"
        shutil.copy(pki / source, fresh)
        shutil.chown(fresh, "root", "peering-controller")
        fresh.chmod(mode)
        os.replace(fresh, CERTIFICATES / name)


def serial_served():
    said = run("sh", "-c", "openssl s_client -connect 127.0.0.1:4791 </dev/null 2>/dev/null | openssl x509 -noout -serial",
               check=False)
    return said.strip()


def wait_other_process(pid):
    return until("another process that is ready", lambda: (status("ActiveState"), int(status("MainPID"))),
                 lambda seen: seen[0] == "active" and seen[1] not in (0, pid))[1]


@pytest.fixture
def service(installed, tmp_path):
    pki = tmp_path / "pki"
    make = [build.tool("lab-pki"), pki, "--controller", "controller1.example.net,localhost,127.0.0.1", "--router", ROUTER,
            "--operator", OPERATOR]
    run(*make)
    CERTIFICATES.mkdir(exist_ok=True)
    put_certificates(pki)
    (CERTIFICATES / "peering-controller.conf").write_text(f"admin = {OPERATOR}\n")
    # A watchdog with less patience than the unit's; nothing else differs.
    drop_in = Path(f"/run/systemd/system/{UNIT}.d")
    drop_in.mkdir(parents=True, exist_ok=True)
    (drop_in / "watchdog.conf").write_text("[Service]\nWatchdogSec=20\n")
    run("systemctl", "daemon-reload")
    # Type=notify: it comes back when the controller has said that it serves.
    run("systemctl", "start", UNIT)
    yield pki
    run("systemctl", "stop", UNIT)
    shutil.rmtree(drop_in)
    run("systemctl", "daemon-reload")


def peerctl(pki, *words):
    return run("/usr/local/bin/peerctl", "--ca", pki / "ca.pem", "--cert", pki / f"{OPERATOR}.pem", "--key",
               pki / f"{OPERATOR}.key", *words)


def test_the_unit_runs_the_controller(service):
    pki, pid = service, int(status("MainPID"))
    assert (status("ActiveState"), status("SubState"), status("Type")) == ("active", "running", "notify")
    assert "routers" in peerctl(pki, "routers", "-o", "json")
    # As whom, and what it may.
    said = Path(f"/proc/{pid}/status").read_text()
    uid, gid = (int(run("id", which, "peering-controller")) for which in ("-u", "-g"))
    assert re.search(rf"^Uid:(\t{uid}){{4}}$", said, re.M) and re.search(rf"^Gid:(\t{gid}){{4}}$", said, re.M), said
    for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb"):
        assert re.search(rf"^Cap{kind}:\t0+$", said, re.M), said
    assert "NoNewPrivs:\t1\n" in said and "Seccomp:\t2\n" in said, said
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", run("systemd-analyze", "security", "--no-pager", UNIT))
    assert float(exposure[1]) <= 1.1
    # Where it lives it cannot write outside its folder and what it has for itself; even root could in /run alone.
    inside = ["nsenter", f"--target={pid}", "--mount"]
    write = ["sh", "-c", 'for one; do touch "$one/try" 2>/dev/null && rm "$one/try" && echo "$one"; done', "sh"]
    as_it = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
    folders = ["/", "/etc", "/etc/peering-controller", "/usr/local/sbin", "/var", "/var/lib", "/var/log", "/home", "/root",
               "/run", "/opt", "/srv", STATE, "/tmp", "/var/tmp"]
    assert run(*inside, *as_it, *write, *folders).split() == [str(STATE), "/tmp", "/var/tmp"]
    assert run(*inside, *write, *folders).split() == ["/run", str(STATE), "/tmp", "/var/tmp"]
    run(*inside, "touch", "/tmp/try", "/var/tmp/try")
    assert not Path("/tmp/try").exists() and not Path("/var/tmp/try").exists()
    assert (STATE.stat().st_uid, STATE.stat().st_mode & 0o7777) == (uid, 0o750)
    assert {path.stat().st_mode & 0o7777 for path in STATE.glob("controller.db*")} == {0o600}

    # Certificates that are renewed come with a reload, into the same process.
    before = serial_served()
    assert before.startswith("serial=")
    run(build.tool("lab-pki"), pki, "--renew", "--controller", "controller1.example.net,localhost,127.0.0.1")
    put_certificates(pki)
    run("systemctl", "reload", UNIT)
    until("the new certificate", serial_served, lambda seen: seen.startswith("serial=") and seen != before)
    assert int(status("MainPID")) == pid and status("ActiveState") == "active"

    # A process that stands still is ended and comes back; one that dies, too. What was stored is there.
    token = peerctl(pki, "token", "create", "viewer", "kept")
    assert token
    os.kill(pid, signal.SIGSTOP)
    after = wait_other_process(pid)
    journal_says("atchdog")
    assert "kept" in peerctl(pki, "token", "list")
    os.kill(after, signal.SIGKILL)
    wait_other_process(after)
    assert "kept" in peerctl(pki, "token", "list") and int(status("NRestarts")) == 2

    # It ends by itself when it is asked to, and in front of the network.
    run("systemctl", "stop", UNIT)
    assert (status("Result"), status("ExecMainStatus"), status("ActiveState")) == ("success", "0", "inactive")
    assert "network-online.target" in status("After").split()


def test_a_configuration_that_is_wrong_does_not_start(service):
    run("systemctl", "stop", UNIT)
    (CERTIFICATES / "peering-controller.conf").write_text("no-such-key = 1\n")
    run("systemctl", "start", UNIT, check=False)
    assert status("ActiveState") != "active"
    journal_says("no-such-key")


# ---- FRR

def vtysh(*words):
    return run("/usr/bin/vtysh", *(word for one in words for word in ("-c", one)))


def bgpd_pid():
    return int((run("pidof", "bgpd", check=False).split() or ["0"])[0])


def wait_bgpd(pid=0):
    until("bgpd with its commands", lambda: bgpd_pid() not in (0, pid) and
          run("/usr/bin/vtysh", "-c", "show peering json", check=False), lambda said: said and '"connections"' in said)
    return bgpd_pid()


def shown_state(name):
    return {one["name"]: one["connectionState"] for one in json.loads(vtysh("show peering json"))["connections"]}.get(name)


@pytest.fixture
def setup(installed):
    command = "/usr/local/sbin/peering-system-setup"
    run(command, "install")
    # watchfrr ends a start that takes 20 seconds, and an emulated processor takes longer where the machine is busy.
    with open("/etc/frr/daemons", "a") as daemons:
        daemons.write('watchfrr_options="--restart-timeout 300 --timeout 120"\n')
    drop_in = Path("/run/systemd/system/frr.service.d")
    drop_in.mkdir(parents=True)
    (drop_in / "patience.conf").write_text("[Service]\nTimeoutSec=600\nWatchdogSec=600\n")
    run("systemctl", "daemon-reload")
    yield command
    run("systemctl", "stop", "frr")
    run(command, "remove")


def test_frr_s_service_runs_the_module(setup):
    daemons, config = Path("/etc/frr/daemons"), Path("/etc/frr/frr.conf")
    daemons.write_text(daemons.read_text().replace("bgpd=no", "bgpd=yes"))
    run(setup, "enable")
    config.write_text("frr defaults traditional\nlog file /var/log/frr/bgpd.log\nservice integrated-vtysh-config\n"
                      "router bgp 64500\nbgp router-id 192.0.2.1\nneighbor 192.0.2.2 remote-as 64510\n"
                      f"peering {NAME} neighbor 192.0.2.2\nexit\n")
    shutil.chown(config, "frr", "frr")
    run("systemctl", "restart", "frr")
    pid = wait_bgpd()
    until("the connection", lambda: shown_state(NAME), lambda state: state == "PendingApproval")
    vtysh(f"peering {NAME} approve")
    assert shown_state(NAME) == "ProvisioningStarted"
    said = run(setup, "status")
    assert f"process {pid} runs with the module" in said, said

    # watchfrr brings back a bgpd that dies, with the module, and systemd one that is restarted.
    os.kill(pid, signal.SIGKILL)
    pid = wait_bgpd(pid)
    assert shown_state(NAME) == "ProvisioningStarted"
    run("systemctl", "restart", "frr")
    pid = wait_bgpd(pid)
    assert shown_state(NAME) == "ProvisioningStarted"

    # The configuration is lost: the connection is as it was, and what its neighbor is without a line of ours is gated.
    text = config.read_text()
    config.write_text("\n".join(line for line in text.splitlines() if "peering" not in line) + "\n")
    run("systemctl", "restart", "frr")
    pid = wait_bgpd(pid)
    assert shown_state(NAME) == "ProvisioningStarted"
    assert '"gate":"deny"' in vtysh(f"show peering {NAME} json").replace(" ", "")
    config.write_text(text)

    # The module is lost: bgpd does not run without it, which is said; with it all is as before.
    module, = Path("/usr/lib").glob("*/frr/modules/bgpd_peering.so")
    kept = Path("/root/bgpd_peering.so")
    shutil.move(module, kept)
    run("systemctl", "restart", "frr", check=False)
    until("the end of the former bgpd", bgpd_pid, lambda now: now != pid)
    said = run(setup, "status")
    assert f"but {module} is missing" in said and "with the module" not in said, said
    assert bgpd_pid() == 0, said
    shutil.move(kept, module)
    run("systemctl", "restart", "frr")
    wait_bgpd()
    assert shown_state(NAME) == "ProvisioningStarted"
    run("systemctl", "stop", "frr")
    assert bgpd_pid() == 0
