# SPDX-License-Identifier: GPL-2.0-or-later
"""`peering state export` and `import`: a router that has lost its journal, or another one in its place, takes over.

PNI-ACME is acme's IPv4 session, Active; PNI-SIX its IPv6 session, gated.
"""
import os
import stat

import pytest

from lab.disk import Disk
from lab.scenario import EDGE_AS, FAMILIES, NAME, OWN, Scenario
from lab.wait import until

SIX = "PNI-SIX"
EXCEPTION = "peering default-deny-except remote-as 64700-64709"


@pytest.fixture
def scenario(lab):
    """The witness is left alone by default-deny."""
    return Scenario(lab, witness_as=EDGE_AS)


def lines(s):
    return [EXCEPTION, "peering default-deny", f"peering {NAME} neighbor {s.acme_address('ipv4')}",
            f"peering {NAME} received-limit ipv4 1000", f"peering {NAME} validation-window 1",
            f"peering {SIX} neighbor {s.acme_address('ipv6')}"]


def work(s, what, path, status="done"):
    """Begins an export or import, and returns what became of it."""
    s.edge.vtysh(f"peering state {what} {path}")
    seen = until(f"the end of the {what}", lambda: s.edge.bgpd_json("show peering state-file json"),
                 lambda seen: seen["status"] != "running")
    assert (seen["operation"], seen["path"], seen["status"]) == (what, str(path), status), seen
    return seen["message"]


def exported(s):
    path = s.edge.log_folder / "state.jsonl"
    s.start(s.config(bgp=lines(s)))
    s.acme.wait_established()
    s.validate()
    s.edge.verb(NAME, "activate")
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    work(s, "export", path)
    return path


def restart_without_journal(s, config):
    s.edge.write_config(config)
    s.restart_bgpd(between=lambda: (s.edge.state / "journal.jsonl").unlink())
    s.acme.wait_established()


def has(s):
    """What the far sides hold of acme's sessions: of the edge's, and of acme's."""
    return {family: (OWN[family] in s.acme.received(f"edge_{family}"), len(s.witness_has_of_acme(family)))
            for family in FAMILIES}


def states(s):
    return {entry["name"]: entry["connectionState"] for entry in s.edge.bgpd_json("show peering json")["connections"]}


CLOSED, OPEN = (False, 0), (True, 10)


def test_a_router_without_its_journal_takes_its_own_export_over(scenario):
    s = scenario
    path = exported(s)
    assert "absolute path" in s.edge.refused("peering state export state.jsonl")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "already" in work(s, "export", path, "failed")
    assert "cannot be made" in work(s, "export", "/proc/state.jsonl", "failed")
    assert [file.name for file in s.edge.log_folder.glob("state*")] == [path.name]

    restart_without_journal(s, s.config(bgp=lines(s)))
    s.settle(keepalives=2)
    assert has(s) == {"ipv4": CLOSED, "ipv6": CLOSED}
    before = states(s)
    assert before == {NAME: "PendingApproval", SIX: "PendingApproval"}

    # A bad file changes nothing, however far in it is bad.
    text = path.read_text().splitlines(keepends=True)
    last = len(text)
    damaged = s.edge.log_folder / "damaged.jsonl"
    for words, content in (
            ("line 1: this is no file", text[1:]),
            (f"line {last - 1}: the file ends here", text[:-1]),
            (f"line {last - 1}: the export had {last - 1} lines", text[:1] + text[2:]),
            (f"line {last - 1}: ", [*text[:-2], text[-2].replace('"', "'", 1), text[-1]]),
            (f"line {last}: it does not end", [*text[:-1], text[-1][:-2]]),
            ("stands in it twice", [text[0], *text[1:-1], *text[1:-1], text[-1]])):
        damaged.write_text("".join(content))
        damaged.chmod(0o644)
        said = work(s, "import", damaged, "failed")
        assert words in said, said
    damaged.unlink()
    os.mkfifo(damaged)
    os.chmod(damaged, 0o666)
    assert "no regular file" in work(s, "import", damaged, "failed")
    assert states(s) == before and has(s) == {"ipv4": CLOSED, "ipv6": CLOSED}

    quiet = s.capture.read().end()
    sessions = len(s.capture.read().sessions(s.edge_address("ipv4")))
    work(s, "import", path)
    s.edge.wait_state(NAME, "Active")
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    until("acme's routes at the witness", lambda: s.witness_has_of_acme("ipv4"), lambda seen: len(seen) == 10)
    s.settle(keepalives=2)
    assert has(s) == {"ipv4": OPEN, "ipv6": CLOSED} and states(s) == {NAME: "Active", SIX: "PendingApproval"}
    said = s.capture.read()
    assert said.routes(kind="withdraw", after=quiet) == []
    assert len(said.sessions(s.edge_address("ipv4"))) == sessions
    assert s.edge.history(NAME)[-1] == ("PendingApproval", "Active")
    assert work(s, "import", path).startswith("0 connections taken over")

    # It is in the journal, and what ends here is not opened by a file.
    s.restart_bgpd("stop_bgpd")
    s.acme.wait_received("edge_ipv4", {OWN["ipv4"], *s.witness_routes["ipv4"]})
    s.settle()
    s.edge.verb(NAME, "deprovision now")
    s.edge.wait_state(NAME, "None")
    assert work(s, "import", path).startswith("0 connections taken over")
    until("all of it taken back", lambda: has(s)["ipv4"], lambda seen: seen == CLOSED)
    assert states(s)[NAME] == "None"

    # What has ended is ended where the file comes to.
    ended = path.with_name("ended.jsonl")
    work(s, "export", ended)
    restart_without_journal(s, s.config(bgp=lines(s)))
    work(s, "import", ended)
    assert states(s) == {NAME: "None", SIX: "PendingApproval"}
    until("its session shut", lambda: s.acme.bgp_state("edge_ipv4"), lambda state: state != "Established")
    s.settle(keepalives=2)
    assert has(s) == {"ipv4": CLOSED, "ipv6": CLOSED}


def test_another_router_takes_over_what_runs_on_it(scenario):
    """It has the neighbors and nothing of ours: both sessions are up and open. What the file calls open is left as it is,
    what it calls closed is closed."""
    s = scenario
    path = exported(s)
    restart_without_journal(s, s.config())
    s.wait_open()
    # bgpd 8.4.4 forgets to pass withdrawals on to the witness in the first moments of its session.
    s.settle()
    quiet = s.capture.read().end()
    work(s, "import", path)
    s.edge.wait_state(NAME, "Active")
    s.acme.wait_received("edge_ipv6", set())
    until("acme's IPv6 routes gone", lambda: s.witness_has_of_acme("ipv6"), lambda seen: not seen)
    s.settle(keepalives=2)
    said = s.capture.read()
    assert has(s) == {"ipv4": OPEN, "ipv6": CLOSED}
    assert said.routes(s.edge_address("ipv4"), kind="withdraw", after=quiet) == []
    assert said.held(s.edge_address("ipv6")) == set()
    running = s.edge.running_config().splitlines()
    for line in lines(s):
        assert f" {line}" in running, f"{line} is missing"


def test_what_the_disk_refuses_of_an_import_is_as_it_was(scenario):
    """Neighbors that run and that nobody had declared: not left behind to be gated as they flap."""
    s = scenario
    disk = Disk(s.edge)
    path = exported(s)
    restart_without_journal(s, s.config())
    s.wait_open()
    s.settle()
    disk.full()
    work(s, "import", path)
    until("nothing of it is left", lambda: states(s), lambda seen: NAME not in seen)
    assert s.edge.log_lines(f"ALERT {NAME} is not adopted, and its neighbors are as they were")
    # What the file calls closed is closed without the disk.
    s.acme.wait_received("edge_ipv6", set())
    s.edge.vtysh(f"clear bgp {s.acme_address('ipv4')}")
    s.acme.wait_established()
    s.acme.wait_received("edge_ipv4", s.to_acme("ipv4"))
    until("acme's routes at the witness", lambda: has(s), lambda seen: seen == {"ipv4": OPEN, "ipv6": CLOSED})
    disk.good()
    until("the journal is good", lambda: s.edge.bgpd_vty("show peering"), lambda seen: "No space left" not in seen)
    work(s, "import", path)
    s.edge.wait_state(NAME, "Active")
