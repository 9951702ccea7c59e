# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab of a sequence, and what each kind of step does in it.

    acme     (AS 64510, declared; IPv4 a member of group MEMBERS)              ─┐
    stray    (AS 64511, discovered under default-deny)                         ─┤
    guest    (AS 64512, dynamic neighbors of group RANGE; no route refresh)    ─┤ edge ── witness (AS 64499, adopted:
    newcomer (AS 64513, declared by a controller alone, in steps of the run)   ─┤         always open)
    tenant   (AS 64514, declared by a controller with its policies; tenant.py) ─┘

The three controllers are scripts of the test, of which one is there at a time; the third is in a VRF. See push().

A step that the router refuses is a step all the same.
"""
import json
import os
import subprocess
import time

from lab import build
from lab.bird import Bird, prefixes, session_pair
from lab.capture import Capture
from lab.clock import Clock
from lab.controller import Controller
from lab.frr import Router, VtyshError, version
from lab.vty import CMD_SUCCESS, Vty, VtyError
from lab.wait import NotSeen, until
from lab.walls import Walls
from scripted_controller import ScriptedController, declare, verb
from wire import Closed

import tenant
from judge import Found
from model import DRAIN, Gate, Outages
from steps import FAMILIES, PEERS, TYPED

EDGE_AS = 64500
ASNS = {"acme": 64510, "stray": 64511, "guest": 64512, "newcomer": 64513, "witness": 64499, "tenant": 64514}
OWN = {"ipv4": "203.0.113.0/24", "ipv6": "2001:db8:ffff::/48"}
# Connections with lines of their own; those of others are named after the address.
NAMES = {"acme": "PNI-ACME", "newcomer": "PNI-NEW", "tenant": tenant.NAME}
NAME = NAMES["acme"]
VRF = "MGMT"
GROUPS = {"MEMBERS": "acme", "RANGE": "guest"}
# What BIRD has beside its defaults.
SPECIAL = {"guest": {"extra": "enable route refresh off;"}}
# bgpd 10.3 ends by itself, without the module too, where the last peers with add-path are deleted while withdrawals of
# their routes wait for zebra (doc/guide.md); 8.4.4 and 10.7 do not.
ENDS_BGPD = {(10, 3): {"addpath-tx-all-paths"}}


class Bed:
    """`walls_down`: with the test build of the module, and those walls of it down."""

    def __init__(self, lab, walls_down=()):
        self.edge = Router(lab, "edge", vrfs=[VRF])
        self._clock = Clock(self.edge)
        if walls_down:
            Walls(self.edge).down(*walls_down)
        self.links, self.birds, self.captures, self._pool, self._owner = {}, {}, {}, {}, {}
        for number, name in enumerate(ASNS):
            self.links[name] = lab.link(self.edge.namespace, lab.namespace(name))
            self._pool[name] = {family: prefixes(family, 20, start=100 * number) for family in FAMILIES}
            self._owner.update({prefix: name for family in FAMILIES for prefix in self._pool[name][family]})
            announced = {family: self._pool[name][family][:5] for family in FAMILIES}
            self.birds[name] = Bird(lab, name, ASNS[name], session_pair(self.links[name], **SPECIAL.get(name, {})),
                                    announced)
            self.captures[name] = Capture(lab.namespace(name), "edge", self.links[name].near_ipv4)
        self.witness = self.birds["witness"]
        by_name = {peer: Gate() for peer in NAMES}
        self.gates = {(peer, family): by_name.get(peer) or Gate(discovered=True) for peer in PEERS for family in FAMILIES}
        self.tenant = tenant.Tenant(self)
        self.gates |= {("tenant", family): gate for family, gate in self.tenant.gates.items()}
        self.outages = Outages()
        self.began = None  # from when on no session of the witness may end
        self.controllers = [Controller(lab, self.edge)]
        self.controllers.append(Controller(lab, self.edge, "backup", beside=self.controllers[0]))
        self.controllers.append(Controller(lab, self.edge, "managed", beside=self.controllers[0],
                                           near=self.edge.vrf_namespaces[VRF]))
        self.script = ScriptedController(self.controllers[0])
        self.pushed = self._queries = 0
        self._ours = lab.folder("edge", "files") / "ours.conf"
        self._plain = self._ours.with_name("plain.conf")
        self._wrapper = lab.folder("edge", "bin") / "vtysh"
        self._vty = None

    # Names

    def own(self, family):
        return OWN[family]

    def owner(self, prefix):
        """The gated peer whose prefix it is, None where it is none's."""
        owner = self._owner.get(prefix)
        return owner if owner in PEERS else None

    def pool(self, peer, family):
        """The prefixes that it may announce."""
        return self._pool[peer][family]

    def asn(self, peer):
        return ASNS[peer]

    def address(self, peer, family):
        return self.links[peer].far_address(family)

    def _connection(self, peer, family):
        return NAMES.get(peer) or self.address(peer, family)

    def _policy_target(self, peer, family):
        if peer == "guest":
            return "RANGE"
        return "MEMBERS" if (peer, family) == ("acme", "ipv4") else self.address(peer, family)

    # Start

    def _config(self, peering):
        lines = ["frr defaults traditional", "hostname edge", "service integrated-vtysh-config",
                 "ip prefix-list ANY permit any", "ipv6 prefix-list ANY permit any",
                 "bgp as-path access-list ANY permit .*", f"vrf {VRF}", "exit-vrf",
                 *(line for name in ("PASS", "WITNESS") for line in (f"route-map {name} permit 10", "exit")),
                 f"router bgp {EDGE_AS}", "bgp router-id 192.0.2.1", "no bgp default ipv4-unicast",
                 "no bgp network import-check"]
        lines += [line for group in GROUPS for line in self._group(group)]
        for peer in ("acme", "stray", "witness"):
            for family in FAMILIES:
                lines += self._neighbor(peer, family, ASNS[peer])
        lines += [f"bgp listen range {self._range(family)} peer-group RANGE" for family in FAMILIES]
        if peering:
            lines += ["peering default-deny", f"peering timers drain {int(DRAIN)}", *self._controller_lines()]
            for name, peer in ((NAME, "acme"), ("WITNESS", "witness")):
                lines += [f"peering {name} neighbor {self.address(peer, family)}" for family in FAMILIES]
            lines += [f"peering {NAME} received-limit {family} 1000" for family in FAMILIES]
            lines += [f"peering {NAME} validation-window 1", "peering WITNESS adopted"]
        for family in FAMILIES:
            lines += [f"address-family {family} unicast", f"network {OWN[family]}"]
            for target in ("MEMBERS", "RANGE", *(self.address(peer, family) for peer in ("stray", "witness")),
                           *([self.address("acme", family)] if family == "ipv6" else [])):
                lines += self._family(target, "WITNESS" if target == self.address("witness", family) else "PASS")
            lines += ["exit-address-family"]
        return "\n".join([*lines, "exit", ""])

    def _controller_lines(self):
        first, backup, managed = (controller.router_lines() for controller in self.controllers)
        return [*first, *backup, *(f"{line} vrf {VRF}" for line in managed)]

    @staticmethod
    def _group(group):
        return [f"neighbor {group} peer-group", f"neighbor {group} remote-as {ASNS[GROUPS[group]]}",
                f"neighbor {group} timers 1 9", f"neighbor {group} timers connect 1"]

    def _range(self, family):
        far = self.address("guest", family)
        return f"{far}/30" if family == "ipv4" else f"{far.rpartition('::')[0]}::/64"

    def _neighbor(self, peer, family, asn):
        address = self.address(peer, family)
        if (peer, family) == ("acme", "ipv4") and asn == ASNS["acme"]:
            return [f"neighbor {address} peer-group MEMBERS"]
        lines = [f"neighbor {address} remote-as {asn}", f"neighbor {address} timers 1 9",
                 f"neighbor {address} timers connect 1"]
        # Later versions of bgpd reset every session without a mode of its own when `bgp graceful-restart` is typed.
        return [*lines, f"neighbor {address} graceful-restart-helper"] if peer == "witness" else lines

    @staticmethod
    def _family(target, policy):
        return [f"neighbor {target} activate", f"neighbor {target} route-map {policy} in",
                f"neighbor {target} route-map {policy} out"]

    def start(self):
        self._ours.write_text(self._config(True))
        self._plain.write_text(self._config(False))
        self._wrapper.write_text(f'#!/bin/sh\nLD_PRELOAD="{build.vtysh_extension()}" exec {build.VTYSH} "$@"\n')
        self._wrapper.chmod(0o755)
        for bird in self.birds.values():
            bird.start()
        self.edge.start(self._config(True))
        for peer in (*TYPED, "witness"):
            self.birds[peer].wait_established()
        for peer in TYPED:
            for family in FAMILIES:
                until(f"a gate record of {peer}'s {family}", lambda: self.gate_shown(peer, family))
        for family in FAMILIES:
            until("the witness's routes", lambda: self.witness.received(f"edge_{family}"),
                  lambda seen: OWN[family] in seen)
        self.began = time.time()

    def openings(self):
        """How often gates have been opened: what a run has tried."""
        return sum(gate.openings for gate in set(self.gates.values()))

    def stop(self):
        """What the lab does not end by itself."""
        self.script.close()

    # bgpd's vty, one connection

    def ask(self, command):
        """Status and text. The vty ends with bgpd, and a bgpd that does not answer is as bad as one that has ended."""
        try:
            if self._vty is None:
                self._vty = Vty(self.edge.run_folder / "bgpd.vty")
            return self._vty.try_command(command)
        except (OSError, VtyError) as error:
            self._vty = None
            log = "\n".join(self.edge.log_text().splitlines()[-25:])
            raise Found("crash", f"no answer to {command!r}: {error}\n{log}") from None

    def _ask_json(self, command):
        """What it prints, None where it refuses."""
        status, text = self.ask(command)
        return json.loads(text) if status == CMD_SUCCESS and text.startswith("{") else None

    def has_neighbor(self, address):
        return address in (self._ask_json(f"show bgp neighbors {address} json") or {})

    def pushes(self):
        """Revision, and what waits to be confirmed."""
        return (self._ask_json("show peering summary json") or {}).get("pushes")

    def state_of(self, name):
        shown = self._ask_json(f"show peering {name} json")
        return next((one["connectionState"] for one in shown["connections"] if one["name"] == name), None) if shown else None

    def type_lines(self, *lines):
        self._type(*lines)

    def type_verb(self, peer, family, verb):
        self._do_verb(peer, family, verb)

    def type_bgp(self, *lines):
        self._type_bgp(*lines)

    def type_in_family(self, family, *lines):
        self._type_bgp(f"address-family {family} unicast", *lines)

    def _type(self, *lines):
        for line in ("configure terminal", *lines, "end"):
            self.ask(line)

    def _type_bgp(self, *lines):
        self._type(f"router bgp {EDGE_AS}", *lines)

    def end_of_log(self):
        return "\n".join((self.edge.log_folder / "bgpd.log").read_text(errors="replace").splitlines()[-40:])

    def gate_shown(self, peer, family):
        """The gates that `show peering` has for that address."""
        shown = self.edge.bgpd_json("show peering json")
        return {session["gate"] for connection in shown["connections"] for session in connection["sessions"]
                if session["address"] == self.address(peer, family)}

    # Steps

    def do(self, step):
        self.tenant.settle_pending()
        if step[0].startswith("tenant-"):
            getattr(self.tenant, step[0].removeprefix("tenant-") + "_step")(*step[1:])
        else:
            getattr(self, "_do_" + step[0].replace("-", "_"))(*step[1:])

    def _do_ask(self, command):
        self.ask(command.format(tenant=tenant.NAME))

    def _do_policy(self, peer, family, no, line):
        if line in ENDS_BGPD.get(version(), ()):
            return
        self._type_bgp(f"address-family {family} unicast", f"{no}neighbor {self._policy_target(peer, family)} {line}")

    def _do_setting(self, peer, family, no, line):
        target = "RANGE" if peer == "guest" else self.address(peer, family)
        self._type_bgp(f"{no}neighbor {target} {line}")

    def _do_global(self, line):
        self._type_bgp(line.format(acme=self.address("acme", "ipv4"), stray=self.address("stray", "ipv4")))

    def _do_reserved(self, line):
        self._type(line)

    def _do_clear(self, peer, family, how):
        self.ask(f"clear bgp {family} unicast {self.address(peer, family)} {how}" if how else
                 f"clear bgp {family} {self.address(peer, family)}")

    def _do_announce(self, peer, family, number):
        self.birds[peer].announce(family, [self._pool[peer][family][int(number)]])

    def _do_withdraw(self, peer, family, number):
        self.birds[peer].withdraw(family, [self._pool[peer][family][int(number)]])

    def _do_network(self, family, no, number):
        prefix = f"198.51.100.{number}/32" if family == "ipv4" else f"2001:db8:fffe:{number}::/64"
        self._type_bgp(f"address-family {family} unicast", f"{no}network {prefix}")

    def _do_flap(self, peer):
        for family in FAMILIES:
            self.birds[peer].restart_session(f"edge_{family}")

    def _do_restart_peer(self, peer):
        self.birds[peer].stop()
        self.birds[peer].start()

    def _do_renew(self, peer, family, asn):
        if peer == "guest":
            line = f"bgp listen range {self._range(family)} peer-group RANGE"
            self._type_bgp(f"no {line}", line)
            return
        address = self.address(peer, family)
        self._type_bgp(f"no neighbor {address}",
                       *self._neighbor(peer, family, ASNS[peer] if asn == "own" else 64999),
                       f"address-family {family} unicast", *self._family(address, "PASS"))

    def _do_group(self, group):
        """Its members go with it."""
        self._type_bgp(f"no neighbor {group} peer-group", *self._group(group))
        if group == "RANGE":
            self._type_bgp(*(f"bgp listen range {self._range(family)} peer-group RANGE" for family in FAMILIES))
            for family in FAMILIES:
                self.type_in_family(family, *self._family("RANGE", "PASS"))
        else:
            self._type_bgp(f"neighbor {self.address('acme', 'ipv4')} peer-group MEMBERS")
            self.type_in_family("ipv4", *self._family("MEMBERS", "PASS"))

    def _do_clear_all(self, whom, how):
        begin = time.time()
        self.ask(f"clear bgp {whom} {how}".strip())
        if not how and whom != "peer-group RANGE":
            self._back(begin)

    def _accepted(self, command):
        status, text = self.ask(command)
        return status == CMD_SUCCESS and not text.startswith("%")

    def _do_verb(self, peer, family, verb):
        sent = time.time()
        if self._accepted(self._verb(peer, family, verb)):
            self.taken(peer, family, verb, sent)

    def _verb(self, peer, family, verb):
        reason = " reason a step" if verb in ("force-cancel", "activate force", "block") else ""
        return f"peering {self._connection(peer, family)} {verb}{reason}"

    def _gates_of(self, peer, family):
        """Those of the connection."""
        return self.tenant.gates_declared() if peer == "tenant" else [self.gates[peer, family]]

    def taken(self, peer, family, verb, sent):
        """A verb was accepted."""
        if peer == "tenant":
            self.tenant.taken(verb)
        allowed = [gate.verb(verb, sent, time.time()) for gate in self._gates_of(peer, family)]
        if not any(allowed):
            raise Found("verb", f"{verb} of {peer}'s {family} was accepted where the lifecycle has no row for it")

    def _do_clear_gate(self, peer, family):
        sent = time.time()
        if self._accepted(f"clear peering gate {self._connection(peer, family)} reason a step"):
            self.gates[peer, family].let_go(sent)

    def _do_bypass(self, peer, family):
        for gate in self._gates_of(peer, family):
            gate.bypass(time.time())
        status, text = self.ask(f"peering bypass {self._connection(peer, family)} reason a step")
        if status == CMD_SUCCESS and not text.startswith("%"):
            self._let_pass(peer, family)

    def _do_bypass_all(self, no):
        for gate in set(self.gates.values()):
            if not no:
                gate.bypass(time.time(), "all")
        self.ask(f"{no}peering bypass all{'' if no else ' reason a step'}")
        for gate in set(self.gates.values()):
            if no:
                gate.no_bypass(time.time(), "all")

    def _do_adopt_all(self):
        for gate in set(self.gates.values()):
            gate.adopt_if_it_may_be(time.time())
        self.ask("peering adopt all")

    def _let_pass(self, peer, family):
        """Steps follow each other faster than bgpd sends: without a pause a gate would close before anything passed, and
        nothing would be there to be taken back. Other steps may have left nothing to pass."""
        try:
            until("a route", lambda: self.birds[peer].received(f"edge_{family}"), timeout=3)
        except NotSeen:
            pass

    def _do_promote(self):
        """acme's way to Active, as far as it goes. What was discovered would take the ten minutes of session-stable."""
        for verb in ("request", "approve", "ready"):
            self._do_verb("acme", "ipv4", verb)
        try:
            until("a passed validation", self._activated, timeout=6, pause=0.5)
        except NotSeen:
            return
        self._let_pass("acme", "ipv4")

    def _activated(self):
        self._do_verb("acme", "ipv4", "activate")
        return self.gates["acme", "ipv4"].active

    # The controller

    def _script_connected(self):
        """With a session; None where the router begins none, because its lines are gone or it is just coming up."""
        for turn in range(3):
            try:
                if self.script.socket is None:
                    self.script.accept(timeout=5)
                return self.script
            except (Closed, OSError):
                self.script.hang_up()
            if turn == 0:
                self._type_bgp(*self._controller_lines())
        return None

    def _exchange(self, say, hear):
        """What hear() makes of the answer to say(); None where there is none."""
        late = 0
        for _ in range(3):
            script = self._script_connected()
            if script is None:
                return None
            try:
                say(script)
                return hear(script)
            except TimeoutError:
                late += 1
                script.hang_up()
            except (Closed, OSError):
                script.hang_up()
        if late > 1:
            raise Found("stall", "the router is connected to its controller and does not answer")
        return None

    def push(self, *operations, identity=None, **options):
        """The answer; None where there is none."""
        if identity is None:
            self.pushed += 1
            identity = f"push-{self.pushed}"
        return self._exchange(lambda script: self._send(script, identity, operations, **options),
                              lambda script: script.result(identity, timeout=30))

    @staticmethod
    def _send(script, identity, operations, **options):
        script.send(push=dict(id=identity, actor="noc@example.net", operations=operations, **options))

    def send_push(self, *operations, hang_up_after=None):
        """Without waiting for the answer. Whether it was sent."""
        self.pushed += 1
        script = self._script_connected()
        try:
            if script:
                self._send(script, f"push-{self.pushed}", operations)
                if hang_up_after is not None:
                    time.sleep(hang_up_after)
                    script.hang_up()
        except (Closed, OSError):
            script.hang_up()
        return script is not None

    def confirm(self, identity):
        def decided(result):
            return result.id == identity and (result.rolled_back or not result.confirm_seconds)

        return self._exchange(lambda script: script.send(confirm=dict(id=identity)),
                              lambda script: script.expect("push_result", 30, decided))

    def _do_query(self, peer, what, family):
        self._queries += 1
        identity = f"query-{self._queries}"
        answer = self._exchange(
            lambda script: script.send(query=dict(id=identity, connection=self._connection(peer, family), what=what,
                                                  words=[dict(name="family", value=family)] if what == "routes" else [])),
            lambda script: script.expect("query_answer", 30, lambda answer: answer.id == identity))
        if answer is not None and not answer.code:
            json.loads(answer.json)

    def _do_controller(self, number):
        """The one that is there ends, and this one is there."""
        self.script.close()
        self.script = ScriptedController(self.controllers[int(number)])

    def tenant_speaks(self, families, key):
        """With this password, from now on."""
        sessions = [self.birds["tenant"].session(f"edge_{family}") for family in families]
        extra = f'password "{key}";' if key else ""
        if any(session.extra != extra for session in sessions):
            for session in sessions:
                session.extra = extra
            self.birds["tenant"].reconfigure()

    def _push_verbs(self, peer, *verbs):
        """One after the other in a push each."""
        for one in verbs:
            sent = time.time()
            answer = self.push(verb(NAMES[peer], one))
            if answer is not None and answer.applied:
                self.taken(peer, "ipv4", one, sent)

    def _do_push(self, what):
        if what == "acme":
            self._push_verbs("acme", "request", "approve", "ready", "activate")
            return
        if what in ("declare", "up"):
            self.push(declare(NAMES["newcomer"], ASNS["newcomer"], [self.address("newcomer", family) for family in FAMILIES],
                              import_policy="PASS", export_policy="PASS"))
        if what == "up":
            self._push_verbs("newcomer", "request", "approve", "ready")
            try:
                until("a passed validation", self._pushed_active, timeout=10, pause=1)
            except NotSeen:
                return
            self._let_pass("newcomer", "ipv4")
        elif what != "declare":
            self._push_verbs("newcomer", what)

    def _pushed_active(self):
        self._push_verbs("newcomer", "activate")
        return self.gates["newcomer", "ipv4"].active

    def _do_no_bypass(self, peer, family):
        self.ask(f"no peering bypass {self._connection(peer, family)}")
        for gate in self._gates_of(peer, family):
            gate.no_bypass(time.time())

    # Files, and bgpd's end

    def _do_file(self):
        self.edge.try_vtysh("-f", str(self._plain))

    def _do_reload(self):
        self.tenant.lost()
        ended = subprocess.run(self.edge.namespace.command(
            ["/usr/bin/python3", build.FRR_DAEMONS / "frr-reload.py", "--reload", "--stdout", "--bindir",
             self._wrapper.parent, "--confdir", self.edge.etc, "--vty_socket", self.edge.run_folder, self._plain]),
            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=180,
            env={**os.environ, "LC_ALL": "C.UTF-8"})
        if ended.returncode != 0:
            raise Found("reload", f"frr-reload.py ended with status {ended.returncode}:\n{ended.stdout[-2000:]}")
        self._type_bgp(f"peering timers drain {int(DRAIN)}")

    def _do_recreate(self):
        begin = time.time()
        self.tenant.lost()
        self._type(f"no router bgp {EDGE_AS}")
        self.edge.try_vtysh("-f", str(self._ours))
        self._back(begin)

    def _do_restart(self, save=""):
        self._end_saved(save, self.edge.stop_bgpd)

    def _do_kill(self, save="saved"):
        self._end_saved(save, self.edge.kill_bgpd)

    def _end_saved(self, save, end):
        if save:
            self.edge.try_vtysh("-c", "write memory")
        self._end_bgpd(end)
        self.tenant.ended(saved=bool(save))

    def _do_kill_verb(self, peer, family, verb, milliseconds):
        """Killed so long after it was given a verb, which it has taken or has not."""
        sent = time.time()
        with Vty(self.edge.run_folder / "bgpd.vty") as vty:
            vty.send(self._verb(peer, family, verb))
            time.sleep(int(milliseconds) / 1000)
            self.kill_unsaved()
        if peer == "tenant":
            self.tenant.unknown()
        for gate in self._gates_of(peer, family):
            gate.perhaps(verb, sent)

    def _do_zebra(self, number):
        """Ended by that signal, and begun anew."""
        begin = time.time()
        self.edge.daemons["zebra"].stop(int(number))
        self.edge.start_zebra()
        self._back(begin)

    def _do_clock(self, seconds):
        self._clock.jump(int(seconds))

    def kill_unsaved(self):
        self._end_bgpd(self.edge.kill_bgpd)
        self.tenant.ended(saved=False)

    def _end_bgpd(self, end):
        begin = time.time()
        if self._vty:
            self._vty.close()
            self._vty = None
        for gate in set(self.gates.values()):
            gate.killed(begin)
        end()
        try:
            self.edge.start_bgpd()
        except VtyshError:
            # Lines that were typed in an order that a file does not have; what stands, stands.
            pass
        # Three kills within ten minutes would have the module do nothing.
        self.ask("clear peering crashes")
        self._back(begin)

    def _back(self, begin):
        try:
            self.witness.wait_established()
            # In the first second of a session bgpd 8.4.4 forgets to pass withdrawals on to it.
            self.captures["witness"].wait_keepalives(
                [self.links["witness"].near_address(family) for family in FAMILIES], 3)
        except NotSeen as error:
            raise Found("cut", f"the witness's sessions did not come back: {error}") from None
        finally:
            self.outages.add(begin, time.time())

    def close_bypasses(self):
        """Before the last look."""
        self._do_bypass_all("no ")
        for peer, family in self.gates:
            self._do_no_bypass(peer, family)
