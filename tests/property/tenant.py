# SPDX-License-Identifier: GPL-2.0-or-later
"""The peer that a controller alone declares, with its policies: what the steps about it do, and what they mean.

What its policies let through is told exactly, so that its and the witness's tables can be judged to the prefix. Where a
person has typed over it that is known too, or it is not judged until a push has put it back.
"""
import json
import time

from lab.wait import NotSeen, until
from scripted_controller import declare, verb

from judge import Found, judge_policies
from model import ANYTHING, DELAY, GRACE, NOTHING, Contents, Gate, Version
from steps import FAMILIES, KEYS

NAME = "PNI-TENANT"
MAPS = {"in": "TENANT-IN", "out": "TENANT-OUT"}
LISTS = {("in", "ipv4"): "TENANT-TAKEN4", ("in", "ipv6"): "TENANT-TAKEN6", ("out", "ipv4"): "TENANT-SENT4",
         ("out", "ipv6"): "TENANT-SENT6"}
PREFIX_LIST = {"ipv4": 1, "ipv6": 2}
AS_PATH_LIST, COMMUNITY_LIST, ROUTE_MAP = 3, 4, 8
PERMIT, DENY = 1, 2
# What is in force when the push is answered bgpd holds against the routes that it has some seconds later; lines that are
# typed at any policy put that off.
SETTLES = 8.0
# A router knows the answers to so many pushes; with some that were sent more than once.
REMEMBERED = 25
CONFIRM = 10


def _object(name, kind, *entries):
    return {"policy": dict(name=name, kind=kind, entries=[dict(sequence=sequence, action=action, **fields)
                                                           for sequence, action, fields in entries])}


class Tenant:
    def __init__(self, bed):
        self._bed = bed
        self.gates = {family: Gate() for family in FAMILIES}
        self.contents = {(direction, family): Contents() for direction in MAPS for family in FAMILIES}
        self._declared_as = None  # the last declaration that a push has made, in a step's words
        self.serves = {family: False for family in FAMILIES}  # whether it has to be in service
        self._pushed = None  # the newest versions that a push has made, None where that is not known
        self._edited = set()  # (direction, family) where a person has put another policy into the neighbor
        self._gone = {}  # families whose neighbor a person has removed, and whether they were in service
        self._by_hand = set()  # families whose neighbor a person has made
        self._loose = []  # [(direction, family), from, to or None]: a person decides what passes
        self._saved_typed = False  # the file has what a person typed at the policies
        self._pending = None  # a push that waits to be confirmed
        self._last = None  # id, operations and number of the last push that was applied
        self.revision = 0
        self.judged = 0  # how often its policies were held against the tables

    # What may pass

    def universe(self, direction, family):
        """The prefixes whose way is told exactly."""
        bed = self._bed
        return bed.pool("tenant", family) if direction == "in" else [bed.own(family), *bed.pool("witness", family)[:5]]

    def expected(self, direction, family):
        """The far side has exactly one of these sets of them; None where that is not known."""
        possible = self.contents[direction, family].possible()
        if (not self.serves[family] or ANYTHING in possible or (direction, family) in self._edited or
                family in self._by_hand or family in self._gone):
            return None
        have = self._bed.birds["tenant"].announced[family] if direction == "in" else self.universe(direction, family)
        return [{prefix for prefix in have if version.passes(prefix)} for version in possible]

    def allowed(self, direction, family, prefix, time):
        """Whether a policy may have let it through then."""
        return self.contents[direction, family].allowed(prefix, time) or any(
            key == (direction, family) and begin <= time and (end is None or time <= end) for key, begin, end in self._loose)

    def _loosen(self, direction, family, sent):
        self._loose.append([(direction, family), sent, None])

    def _tighten(self, direction, family):
        for one in self._loose:
            if one[0] == (direction, family) and one[2] is None:
                one[2] = time.time() + SETTLES + GRACE

    def unknown(self):
        """Nobody can tell from now on whether it is in service."""
        self.serves = {family: False for family in FAMILIES}
        self._gone = {family: False for family in self._gone}

    def lost(self):
        """Lines were taken away, or an answer was lost: nothing is known of it before the next push."""
        self.unknown()
        self._declared_as = self._pushed = None
        for family, other in (FAMILIES, FAMILIES[::-1]):
            self.gates[family].shares(self.gates[other])
        for direction, family in self.contents:
            self._loosen(direction, family, time.time() - 1)

    # Operations

    def _version(self, direction, family, what):
        form, _, mask = what.partition(":")
        universe = self.universe(direction, family)
        return Version(form, frozenset(prefix for place, prefix in enumerate(universe) if int(mask, 16) >> place & 1))

    def _versions(self, wanted):
        keys = [(direction, family) for direction in MAPS for family in FAMILIES]
        return {key: self._version(*key, what) for key, what in zip(keys, wanted)}

    def _objects(self, versions):
        """Each list, then each route-map by them. The as-path list and the communities let everything through that is tried."""
        bed = self._bed
        operations = [_object("TENANT-PATH", AS_PATH_LIST, (5, PERMIT, dict(regex=f"^{bed.asn('tenant')}$"))),
                      _object("TENANT-MARKED", COMMUNITY_LIST, (5, PERMIT, dict(communities=["64500:666"])))]
        for (direction, family), version in versions.items():
            # A list is never empty.
            never = "192.0.2.255/32" if family == "ipv4" else "2001:db8:ffff:ffff::/64"
            members = [*sorted(version.members), never]
            operations.append(_object(LISTS[direction, family], PREFIX_LIST[family], *(
                (5 * (place + 1), PERMIT, dict(prefix=prefix)) for place, prefix in enumerate(members))))
        for direction, name in MAPS.items():
            entries = [(1, DENY, dict(clause=dict(match_community="TENANT-MARKED")))]
            for start, family in ((10, "ipv4"), (20, "ipv6")):
                field = f"match_prefix_list_{family}"
                more = dict(match_as_path="TENANT-PATH", set_local_preference=dict(value=150)) if direction == "in" else \
                    dict(set_med=dict(value=7))
                if versions[direction, family].form == "except":
                    entries += [(start, DENY, dict(clause={field: LISTS[direction, family]})),
                                (start + 1, PERMIT, dict(clause={field: "ANY", **more}))]
                else:
                    entries += [(start, PERMIT, dict(clause={field: LISTS[direction, family], **more}))]
            operations.append(_object(name, ROUTE_MAP, *entries))
        return operations

    def _declaration(self, families, key, hold, auto, style):
        bed = self._bed
        operation = declare(NAME, bed.asn("tenant"), [bed.address("tenant", family) for family in families], limit=1000,
                            import_policy=MAPS["in"], export_policy=MAPS["out"], activation=2 if auto == "auto" else 1)
        for neighbor, family in zip(operation["declare"]["neighbors"], families):
            near = bed.links["tenant"].near_address(family)
            neighbor.update(connect_retry=1, hold_time=int(hold), password=KEYS[key])
            if style != "none":
                neighbor["local_address"] = near if style == "plain" else f"{near}/{30 if family == 'ipv4' else 64}"
        return operation

    # Pushing

    def push(self, *operations, **options):
        """The answer, None where there is none. What holds of every one is looked at here."""
        answer = self._bed.push(*operations, **options)
        if answer is None:
            return None
        good = [result.ok for result in answer.results]
        if answer.applied and not all(good) or not (answer.applied or answer.dry_run or answer.rolled_back) and all(good):
            raise Found("push", f"applied is {answer.applied}, and the results are {good}")
        if answer.revision < self.revision:
            raise Found("push", f"revision {answer.revision} behind revision {self.revision}")
        self.revision = answer.revision
        if answer.applied:
            self._last = (answer.id, operations, self._bed.pushed)
        return answer

    def _wait_old_enough(self):
        """In the first second of a session bgpd 8.4.4 forgets to pass withdrawals on to it."""
        for family in FAMILIES:
            address = self._bed.address("tenant", family)

            def up():
                status, text = self._bed.ask(f"show bgp neighbors {address} json")
                try:
                    seen = json.loads(text).get(address, {})
                except ValueError:
                    return None
                return seen.get("bgpTimerUpMsec") if seen.get("bgpState") == "Established" else None

            try:
                until("a session that has been up for so long", up, lambda since: since is None or since > 3000, timeout=10,
                      pause=0.3)
            except NotSeen:
                pass

    def _change(self, sent, versions, certain=True):
        answered = time.time()
        for key, version in versions.items():
            if certain:
                self.contents[key].change(sent, answered + SETTLES, version)
            else:
                self.contents[key].perhaps(sent, version)
        self._pushed = versions if certain else None

    def contents_step(self, *wanted):
        versions = self._versions(wanted)
        self._wait_old_enough()
        sent = time.time()
        answer = self.push(*self._objects(versions))
        if answer is None or answer.applied:
            self._change(sent, versions, certain=answer is not None)
            judge_policies(self._bed)

    def lost_step(self, milliseconds, *wanted):
        """The controller is gone before it hears the answer, and asks again when it is back."""
        versions = self._versions(wanted)
        self._wait_old_enough()
        sent = time.time()
        operations = self._objects(versions)
        if not self._bed.send_push(*operations, hang_up_after=int(milliseconds) / 1000):
            return
        answer = self.push(*operations, identity=f"push-{self._bed.pushed}")
        if answer is None or answer.applied:
            self._change(sent, versions, certain=answer is not None)
            judge_policies(self._bed)

    def declare_step(self, families, key, hold, auto, style):
        return self._declare((families, key, hold, auto, style))

    def _declare(self, what, *before):
        families = what[0].split("+")
        sent = time.time()
        answer = self.push(*before, self._declaration(families, *what[1:]))
        if answer is None:
            self.lost()
            for family in families:
                self._begins_again(family)
        elif answer.applied:
            self._declared(sent, what)
        return answer

    def _begins_again(self, family):
        self.gates[family].verb("request", time.time(), time.time())

    def _declared(self, sent, what):
        families, key, hold, auto, style = what
        families = families.split("+")
        before = self._declared_as
        if before and any(self.serves.values()) and (before[1], before[4]) != (key, style):
            kept = set(families) & set(before[0].split("+"))
            if any(self.serves[family] for family in kept):
                raise Found("push", f"{before} was replaced by {what} while in service")
        now = time.time()
        had = set(before[0].split("+")) if before else set()
        in_service = [family for family in had if self.gates[family].active]
        for family in FAMILIES:
            if family in families and family not in had and in_service:
                self.gates[family].join(self.gates[in_service[0]])
            elif family in had and family not in families:
                if self.serves[family]:
                    raise Found("push", f"the {family} session was removed while in service")
                self.gates[family].removed(now)
            elif family in families and family not in had and had:
                self.gates[family].join(self.gates[next(iter(had))])
            if family in families:
                self._begins_again(family)
        self._declared_as = what
        self._make_auto(sent, auto)
        self._bed.tenant_speaks(families, KEYS[key])
        for family in families:
            if family not in self._by_hand:
                self._is_as_pushed(family)

    def _is_as_pushed(self, family):
        """Of a neighbor of a connection in service that is there the policies are left alone, and under a bypass all is."""
        if any(gate.bypassed for gate in self.gates.values()):
            return
        for direction in MAPS:
            if (direction, family) in self._edited and family not in self._gone and self.gates[family].may_be_open:
                continue
            self._edited.discard((direction, family))
            self._tighten(direction, family)
        # Made again, its gate is as it is recorded.
        self.serves[family] |= self._gone.pop(family, False) and self.gates[family].active

    def _make_auto(self, sent, auto):
        for gate in self.gates.values():
            gate.auto = auto == "auto" and not self._pending
            gate.may_open_itself(sent)

    def stale_step(self, *wanted):
        """By who does not know of what was pushed last."""
        if not self.revision:
            return
        answer = self.push(*self._objects(self._versions(wanted)), verb(NAME, "activate"), expects_revision=True,
                           expected_revision=self.revision - 1)
        if answer is not None and (answer.applied or {result.code for result in answer.results} != {"revision"}):
            raise Found("push", f"revision {self.revision - 1} was expected, and the answer is {answer}")

    # In service

    def gates_declared(self):
        families = self._declared_as[0].split("+") if self._declared_as else FAMILIES
        return [self.gates[family] for family in families]

    def verb_step(self, which):
        self.verbs(which)

    def verbs(self, *which):
        for one in which:
            sent = time.time()
            answer = self.push(verb(NAME, one, "a step" if one in ("block", "force-cancel") else ""))
            if answer is not None and answer.applied:
                if one in ("activate", "maintenance-off", "reopen") and self._pending and sent < self._pending["until"] - 1:
                    raise Found("verb", f"{one} was taken from the controller while a push waits to be confirmed")
                self._bed.taken("tenant", "ipv4", one.replace("maintenance-", "maintenance "), sent)
        return answer

    def taken(self, which):
        """A verb that somebody gave, typed or pushed."""
        if which not in ("request", "approve", "ready", "activate", "activate force", "retry", "maintenance on",
                         "maintenance off", "reopen"):
            self.unknown()

    def up_step(self, families, key, hold, auto, style, *wanted):
        self._wait_old_enough()
        sent = time.time()
        versions = self._versions(wanted)
        answer = self.push(*self._objects(versions))
        if answer is None or not answer.applied:
            return
        self._change(sent, versions)
        answer = self._declare((families, key, hold, auto, style))
        if answer is not None and not answer.applied and not any(self.serves.values()):
            # What a person has done to it is past judging. It begins again, and so does the judging.
            for word in ("deprovision now", "force-cancel"):
                self._bed.type_verb("tenant", "ipv4", word)
            sent = time.time()
            answer = self._declare((families, key, hold, auto, style))
        if answer is None or not answer.applied:
            return
        self.verbs("request", "approve", "ready")
        families = families.split("+")
        try:
            until("a passed validation", lambda: self._opened(families, auto), timeout=15, pause=0.5)
        except NotSeen:
            return
        if not self._by_hand:
            self.serves |= {family: True for family in families}

    def _opened(self, families, auto):
        if auto != "auto":
            self.verbs("activate")
        return (all(self._bed.gate_shown("tenant", family) == {"allow"} for family in families) and
                self._bed.state_of(NAME) == "Active")

    # The same again

    def again_step(self, how):
        """`id`: the same push, which is not done twice. `new`: the same operations, which put back what was typed over."""
        if how == "id":
            if not self._last or self._bed.pushed - self._last[2] > REMEMBERED:
                return
            identity, operations, _ = self._last
            answer = self._bed.push(*operations, identity=identity)
            if answer is not None and not answer.applied and not answer.rolled_back:
                # What the lifecycle has refused meanwhile is no other answer.
                raise Found("push", f"{identity} was applied, and is answered now by {answer}")
            return
        versions = self._pushed
        if not versions or not self._declared_as:
            return
        self._wait_old_enough()
        sent = time.time()
        answer = self._declare(self._declared_as, *self._objects(versions))
        if answer is None or answer.applied:
            self._change(sent, versions, certain=answer is not None)

    def dry_step(self, families, key, hold, auto, style, *wanted):
        before = self._neighbors()
        versions = self._versions(wanted)
        answer = self.push(*self._objects(versions), self._declaration(families.split("+"), key, hold, auto, style),
                           verb(NAME, "approve"), verb(NAME, "ready"), verb(NAME, "deprovision"), dry_run=True)
        if answer is None:
            return
        if answer.applied or not answer.dry_run:
            raise Found("push", f"a dry run was answered by {answer}")
        if not self._pending and before != self._neighbors():
            raise Found("push", f"a dry run made {self._neighbors()} of the neighbors {before}")

    def _neighbors(self):
        return {family for family in FAMILIES if self._bed.has_neighbor(self._bed.address("tenant", family))}

    # To be confirmed

    def confirm_step(self, how, policies, families, key, hold, auto, style, *wanted):
        self.settle_pending()
        if self._pending:
            return
        if policies == "drain":
            self._confirm_drain(how)
            return
        what = (families, key, hold, auto, style)
        versions = self._versions(wanted) if policies else {}
        declares = policies != "alone"
        if versions:
            self._wait_old_enough()
        sent = time.time()
        pending = dict(declared=self._declared_as, versions=self._pushed, until=sent + CONFIRM, changed=bool(versions),
                       how=how, contents={key: contents.version for key, contents in self.contents.items()})
        operations = self._objects(versions) if versions else []
        if declares:
            operations.append(self._declaration(families.split("+"), *what[1:]))
        answer = self.push(*operations, confirm_seconds=CONFIRM)
        if answer is not None and not answer.applied:
            return
        self._pending = pending
        if answer is None:
            self.lost()
        else:
            pending["id"] = answer.id
            if declares:
                self._declared(sent, what)
        if versions:
            self._change(sent, versions, certain=answer is not None)
            judge_policies(self._bed)
        if how == "confirmed" and answer is not None:
            self._confirm(auto if declares else None)
        elif how == "waited" and answer is not None:
            self._wait_for_rollback()

    def _confirm_drain(self, how):
        """It drains without an end until it is confirmed; rolled back, too."""
        sent = time.time()
        answer = self.push(verb(NAME, "deprovision"), confirm_seconds=CONFIRM)
        if answer is not None and not answer.applied:
            return
        self.unknown()
        for gate in self.gates_declared():
            gate.drains_without_end()
        self._pending = dict(declared=self._declared_as, versions=self._pushed, until=sent + CONFIRM, changed=False, how="late")
        if how == "confirmed" and answer is not None:
            confirmed = self._bed.confirm(answer.id)
            if confirmed is None or confirmed.rolled_back:
                return
            self._pending = None
            for gate in self.gates_declared():
                gate.verb("deprovision", sent, time.time())

    def _confirm(self, auto):
        answer = self._bed.confirm(self._pending["id"])
        if answer is None or answer.rolled_back:
            return
        if answer.confirm_seconds or not answer.applied:
            raise Found("push", f"confirmed, and answered by {answer}")
        self._pending = None
        if auto is not None:
            self._make_auto(time.time(), auto)

    def _wait_for_rollback(self):
        until("a rollback", self._bed.pushes, lambda seen: seen is not None and seen["unconfirmed"] is None)
        self.settle_pending()
        judge_policies(self._bed)

    def settle_pending(self):
        """Whether what waits has been rolled back meanwhile is the router's word; what that has to mean is not."""
        pending = self._pending
        if not pending:
            return
        summary = self._bed.pushes()
        if summary is None or summary["unconfirmed"] is not None:
            return
        now = time.time()
        self._pending = None
        if pending["how"] == "confirmed":
            # The answer to the confirmation was lost; it may have been taken.
            self.lost()
            return
        self.revision = max(self.revision, summary["revision"])
        former, mine = pending["declared"], self._declared_as
        for family in FAMILIES:
            had, has = (family in what[0].split("+") if what else False for what in (former, mine))
            if has and not had and not self.gates[family].may_be_open:
                self.gates[family].removed(now)
            elif had and mine and not has:
                self.gates[family].join(self.gates[mine[0].split("+")[0]])
        if any(gate.may_be_open and not self.serves[family] for family, gate in self.gates.items()):
            # A person has opened what the push has made; that stays.
            self.lost()
        else:
            self._declared_as = former
        if former:
            self._bed.tenant_speaks(former[0].split("+"), KEYS[former[1]])
        if pending["changed"]:
            for key, contents in self.contents.items():
                # What the push has made goes where nothing uses it.
                before = pending["contents"][key]
                contents.change(pending["until"] - 1, now + SETTLES, ANYTHING if before is NOTHING else before)
            self._pushed = pending["versions"]

    # By hand

    def drift_step(self, how, direction, family, number):
        bed = self._bed
        address = bed.address("tenant", family)
        prefix = self.universe(direction, family)[int(number) % len(self.universe(direction, family))]
        word = "ip" if family == "ipv4" else "ipv6"
        self._wait_old_enough()
        sent = time.time()
        keys = [(direction, family)]
        if how == "list":
            bed.type_lines(f"{word} prefix-list {LISTS[direction, family]} seq 9000 permit {prefix}")
            make = lambda version: Version(version.form, version.members | {prefix}, version.more, True)
        elif how == "map":
            bed.type_lines(f"route-map {MAPS[direction]} permit 90", "exit")
            keys = [(direction, one) for one in FAMILIES]
            make = lambda version: Version(version.form, version.members, "permit", True)
        elif how == "no-map":
            bed.type_lines(f"no route-map {MAPS[direction]}")
            # Where nobody has typed at it before, FRR's northbound has no such route-map, and nothing changes.
            if "sequence" in bed.ask(f"show route-map {MAPS[direction]}")[1]:
                return
            keys = [(direction, one) for one in FAMILIES]
            make = lambda version: Version("list", frozenset(), "", True)
        elif how == "shut":
            bed.type_bgp(f"neighbor {address} shutdown", f"no neighbor {address} shutdown")
            return
        elif how == "neighbor":
            bed.type_in_family(family, f"neighbor {address} route-map PASS {direction}")
            self._edited.add((direction, family))
            self._loosen(direction, family, sent)
            return
        elif self._declared_as is None or family not in self._declared_as[0].split("+"):
            # A neighbor of nobody's is not gated where default-deny is off.
            return
        else:
            bed.type_bgp(f"no neighbor {address}")
            self._gone[family] = self.serves[family]
            self._by_hand.discard(family)
            self.serves[family] = False
            for one in MAPS:
                self._loosen(one, family, sent)
            if how == "by-hand":
                bed.type_bgp(f"neighbor {address} remote-as {bed.asn('tenant')}", f"neighbor {address} timers connect 1")
                bed.type_in_family(family, f"neighbor {address} activate", f"neighbor {address} route-map PASS in",
                                   f"neighbor {address} route-map PASS out")
                self._by_hand.add(family)
                self._gone.pop(family)
            return
        for key in keys:
            contents = self.contents[key]
            for version in contents.possible()[:1]:
                known = len(contents.possible()) == 1 and version is not ANYTHING
                contents.change(sent, time.time() + DELAY, make(version) if known else ANYTHING)

    def withdraw_step(self):
        """Of what is in use nothing goes. Of the rest, what was there is gone: a declaration by it is refused."""
        answer = self.push(*(dict(withdraw_policy=dict(name=name)) for name in (
            *MAPS.values(), *LISTS.values(), "TENANT-PATH", "TENANT-MARKED")))
        used = self._declared_as and not self._gone and any(self.serves.values())
        if answer is None or (answer.applied and not used):
            sent = time.time()
            for contents in self.contents.values():
                if contents.version is not NOTHING:
                    contents.perhaps(sent, NOTHING)

    # bgpd's end

    def kill_step(self, milliseconds, hold, *wanted):
        """bgpd is killed so long after it was sent new contents, and hold times: it has those of before, or the new ones."""
        before = self._pushed
        if not before:
            return
        # A list has its meaning by its route-map: a part of a push is known only where those stay.
        versions = {key: Version(before[key].form, version.members) for key, version in self._versions(wanted).items()}
        self._wait_old_enough()
        sent = time.time()
        operations = self._objects(versions)
        if self._declared_as and not self._pending:
            families, key, _, auto, style = self._declared_as
            operations.append(self._declaration(families.split("+"), key, hold, auto, style))
            for family in families.split("+"):
                self._begins_again(family)
        if not self._bed.send_push(*operations):
            return
        time.sleep(int(milliseconds) / 1000)
        self._bed.kill_unsaved()
        self._change(sent, versions, certain=False)

    def ended(self, saved):
        """bgpd has ended and begun anew: what was typed at pushed things is gone, unless a file was saved."""
        typed = {key for key, contents in self.contents.items() if any(version.typed for version in contents.possible())}
        if saved:
            self._saved_typed = bool(typed or self._edited or self._by_hand)
        for key in self.contents if self._saved_typed else typed | self._edited:
            self.contents[key].change(time.time() - 1, time.time() + SETTLES, ANYTHING)
