# SPDX-License-Identifier: GPL-2.0-or-later
"""The runbook's walk: each command of doc/runbook.md is typed, in order, and prints what the page says.

PEERING_WRITE_RUNBOOK=1 writes what the commands print into the page. Read the difference then: it is what people will read.
"""
import os
import re
import time

from lab.bird import DEFAULT, Bird, prefixes, session_pair
from lab.build import SOURCE
from lab.runbook import Event, lasting, parse, written_into
from lab.scenario import FAMILIES, Scenario
from lab.wait import NotSeen, until

PAGE = SOURCE / "doc" / "runbook.md"
WRITES = bool(os.environ.get("PEERING_WRITE_RUNBOOK"))
BETA_AS = 64511
BETA_ROUTES = {family: prefixes(family, 4, start=8000) for family in FAMILIES}
GAMMA_AS = 64512
GAMMA_ROUTES = {"ipv4": prefixes("ipv4", 2, start=7000)}


class Walk:
    """One router with a peer from before (acme), an internal neighbor, one that is new (beta), and one that somebody
    configures without a word (gamma)."""

    def __init__(self, lab):
        # A peer that restarts gracefully keeps what it has while bgpd is started anew with the module.
        self.s = Scenario(lab, module=False, acme={"graceful_restart": True}, witness={"graceful_restart": True},
                          witness_as=64500)
        self.beta_link = lab.link(self.s.edge.namespace, lab.namespace("beta"))
        self.beta = Bird(lab, "beta", BETA_AS, session_pair(self.beta_link), BETA_ROUTES)
        self.gamma_link = lab.link(self.s.edge.namespace, lab.namespace("gamma"))
        self.gamma = Bird(lab, "gamma", GAMMA_AS, session_pair(self.gamma_link)[:1], GAMMA_ROUTES)
        self.s.edge.name = "edge1"
        text = self.s.config(top=[f"ip prefix-list NOT-FROM-BETA permit {BETA_ROUTES['ipv4'][1]}",
                                  "route-map BETA-IN deny 5", "match ip address prefix-list NOT-FROM-BETA", "exit",
                                  *(line for name in ("BETA-IN", "BETA-OUT", "GAMMA-IN", "GAMMA-OUT")
                                    for line in (f"route-map {name} permit 10", "exit"))],
                             bgp=["bgp graceful-restart"])
        self.s.start(text.replace("hostname edge", "hostname edge1"))
        self.s.acme.wait_established()
        self.s.wait_open()
        self.beta.start()
        self.gamma.start()

    def happen(self, words):
        waits = re.fullmatch(r"until (\S+) (is ([A-Z]\S+)|passes|is blocked by (\S+)|is closed by a violation|may reopen)", words)
        if waits:
            self._wait(*waits.groups())
        elif words == "bgpd starts anew with the module":
            self.s.edge.add_module()
            self.s.restart_bgpd("kill_bgpd")
            self.s.acme.wait_established()
            self.s.wait_open()
        elif words in ("beta's sessions are up", "gamma's session is up"):
            for session in (self.beta if words.startswith("beta") else self.gamma).sessions:
                until(f"{session.name} up", lambda: self.s.edge.bgp_state(session.local),
                      lambda state: state == "Established")
        elif words == "the link of PNI-BETA-FRA1 is tested":
            until("the link tested", lambda: self.s.edge.bgpd_json("show peering PNI-BETA-FRA1 link json")["linkTest"],
                  lambda seen: seen["passed"] and not seen["running"])
        elif words == "gamma has the edge's routes":
            until("the edge's routes at gamma", lambda: self.gamma.received("edge_ipv4"), bool)
        elif words == "beta announces a default route":
            self.beta.announce("ipv4", [DEFAULT["ipv4"]])
        elif words == "beta withdraws it":
            self.beta.withdraw("ipv4", [DEFAULT["ipv4"]])
        elif words == "beta has the edge's routes":
            for family in FAMILIES:
                until(f"the edge's {family} routes at beta", lambda: self.beta.received(f"edge_{family}"), bool)
        elif words == "beta has none of the edge's routes":
            for family in FAMILIES:
                until(f"no {family} route at beta", lambda: self.beta.received(f"edge_{family}"), lambda seen: not seen)
        else:
            raise ValueError(f"nobody knows how to do this: {words}")

    def _wait(self, name, what, state, check):
        edge = self.s.edge
        if state:
            edge.wait_state(name, state)
        elif what == "passes":
            until(f"{name} passes", lambda: edge.connection(name),
                  lambda seen: seen["connectionState"] == "Validating" and not seen["blocking"])
        elif what == "is closed by a violation":
            until(f"a gate of {name} closed", lambda: edge.connection(name)["sessions"],
                  lambda seen: "violation" in {session["gateCause"] for session in seen})
        elif what == "may reopen":
            until(f"{name} may reopen", lambda: edge.connection(name)["blocking"], lambda seen: not seen)
        else:
            until(f"{name} is blocked by {check}", lambda: edge.connection(name)["blocking"],
                  lambda seen: {entry["check"] for entry in seen} == {check})

    def type(self, typed):
        said = self.s.edge.try_vtysh(*(word for command in typed.commands for word in ("-c", command))).stdout.splitlines()
        # It has words of its own on where the lab's files are.
        return said[-1:] if typed.commands == ["write memory"] else said


def test_every_command_of_the_runbook_prints_what_the_page_says(lab):
    walk, text, outputs = Walk(lab), PAGE.read_text(), []
    for step in parse(text):
        if isinstance(step, Event):
            walk.happen(step.words)
            continue
        if WRITES:
            # What is counted in the background has been.
            time.sleep(3 if step.commands[0].startswith("show ") else 0)
            outputs.append((step, walk.type(step)))
            continue
        wanted = lasting(step.output)
        if step.commands[0].startswith("show "):
            try:
                until(f"line {step.line}, {step.commands[0]}", lambda: lasting(walk.type(step)),
                      lambda seen: seen == wanted, timeout=30)
            except NotSeen as error:
                raise AssertionError(str(error) + "\nThe page says:\n" + "\n".join(wanted)) from None
        else:
            assert lasting(walk.type(step)) == wanted, f"line {step.line}, {step.commands}"
    if WRITES:
        PAGE.write_text(written_into(text, outputs))
