# SPDX-License-Identifier: GPL-2.0-or-later
"""The verdict: what the far sides saw, held against the model.

Captures give the time of every announcement, so that nothing is missed between two looks; tables give what is held now.
What may be a matter of a busy machine is looked at again before it counts.
"""
import functools
import time
from dataclasses import dataclass

from lab.wait import NotSeen, until

from steps import FAMILIES, PEERS

# A second look may take this long where the machine is busy.
PATIENCE = 30.0


@dataclass
class Finding:
    """`kind`: "out", "in" (leaks), "verb" (a gate opened by no row), "gate" (the router's word differs), "policy" (more or
    less passes than pushed policies say), "push" (its answer is wrong), "cut" (an open session lost something), "crash", "stall"
    (no answer to the controller), "reload" (frr-reload.py failed)."""
    kind: str
    text: str

    LEAKS = ("out", "in", "verb", "gate", "policy")

    @property
    def leak(self):
        return self.kind in self.LEAKS


class Found(Exception):
    def __init__(self, kind, text):
        super().__init__(f"{kind}: {text}")
        self.finding = Finding(kind, text)


def _eventually(kind, what, probe, holds, explain=lambda seen: ""):
    try:
        until(what, probe, holds, timeout=PATIENCE, pause=0.3)
    except NotSeen as error:
        raise Found(kind, f"{error}{explain(probe())}") from None


def _told_the_witness(bed, family, held):
    """What the capture says of the prefixes that it holds: when its sessions began, and what came over them."""
    address = bed.links["witness"].near_address(family)
    said = bed.captures["witness"].read()
    lines = [f"{session.opened_at:.3f} session" for session in said.sessions(address)]
    lines += [f"{event.time:.3f} {event.kind} {event.prefix}" for event in said.routes(address) if event.prefix in held]
    return "\n" + "\n".join(sorted(lines)[-20:])


def expect_alive(bed):
    if not bed.edge.bgpd.running():
        raise Found("crash", "bgpd ended and nobody asked for it:\n" + "\n".join(bed.edge.log_text().splitlines()[-25:]))


def closing_seen(said, sender, closed):
    """When the far side had seen a closing to its end: withdrawals, then End-of-RIB, after that nothing of what was queued
    can follow; or the end of the session, if the next one was opened later. None where neither was seen."""
    events = [event for event in said.routes(sender) if event.time > closed]
    ended = [session.opened_at for session in said.sessions(sender) if session.opened_at > closed]
    for number, event in enumerate(events):
        if event.kind == "end-of-rib" and any(earlier.kind == "withdraw" for earlier in events[:number]):
            ended.append(event.time)
            break
    return min(ended, default=None)


def judge_captures(bed):
    """Every announcement until now, whenever it was."""
    for peer in PEERS:
        said = bed.captures[peer].read()
        for family in FAMILIES:
            sender = bed.links[peer].near_address(family)
            seen = functools.cache(lambda closed: closing_seen(said, sender, closed))
            for event in said.routes(sender, kind="announce"):
                if not bed.gates[peer, family].allowed(event.time, seen):
                    raise Found("out", f"{event.prefix} announced to {peer} at {event.time:.3f}")
                if peer == "tenant" and not bed.tenant.allowed("out", family, event.prefix, event.time):
                    raise Found("policy", f"{event.prefix} announced to {peer} at {event.time:.3f}, which no policy let through: "
                                f"{bed.tenant.contents['out', family].told(event.prefix)}")
    said = bed.captures["witness"].read()
    for family in FAMILIES:
        address = bed.links["witness"].near_address(family)
        for session in said.sessions(address):
            if session.opened_at > bed.began and not bed.outages.covers(session.opened_at):
                raise Found("cut", f"the witness's {family} session was begun again at {session.opened_at:.3f}")
        for event in said.routes(address):
            peer = bed.owner(event.prefix)
            if event.kind == "announce" and peer and not bed.gates[peer, family].allowed(event.time):
                raise Found("in", f"{event.prefix} of {peer} passed on to the witness at {event.time:.3f}")
            if event.kind == "announce" and peer == "tenant" and not bed.tenant.allowed("in", family, event.prefix,
                                                                                        event.time):
                raise Found("policy", f"{event.prefix} of {peer} passed on to the witness at {event.time:.3f}, which no "
                                      f"policy let through: {bed.tenant.contents['in', family].told(event.prefix)}")
            if event.kind == "withdraw" and event.prefix == bed.own(family) and not bed.outages.covers(event.time):
                raise Found("cut", f"{event.prefix} withdrawn from the witness at {event.time:.3f}")


def judge_tables(bed):
    """What the far sides hold now of gates that have been closed for long enough, and what the router says of these."""
    now = time.time()
    for peer in PEERS:
        for family in FAMILIES:
            if not bed.gates[peer, family].settled_closed(now):
                continue
            _eventually("out", f"{peer} holds nothing of the edge's {family}",
                        lambda: bed.birds[peer].received(f"edge_{family}"), lambda seen: not seen)
            _eventually("in", f"the witness holds nothing of {peer}'s {family}",
                        lambda: {prefix for prefix in bed.witness.received(f"edge_{family}")
                                 if bed.owner(prefix) == peer}, lambda seen: not seen,
                        lambda seen: _told_the_witness(bed, family, seen))
            _eventually("gate", f"the gate of {peer}'s {family} is closed, or there is no such session",
                        lambda: bed.gate_shown(peer, family), lambda seen: seen <= {"deny"})


def judge_policies(bed):
    """What the far sides have of the tenant is what its policies say: no more, and no less while it is in service."""
    for family in FAMILIES:
        for direction, bird, what in (("in", bed.witness, "the witness has of the tenant's"),
                                      ("out", bed.birds["tenant"], "the tenant has of the edge's")):
            wanted = bed.tenant.expected(direction, family)
            if wanted is None:
                continue
            bed.tenant.judged += 1
            universe = set(bed.tenant.universe(direction, family))
            _eventually("policy", f"{what} {family} {' or '.join(str(sorted(one)) for one in wanted)}",
                        lambda: bird.received(f"edge_{family}") & universe, lambda seen: seen in wanted,
                        lambda seen: f"\nthe gate is {bed.gate_shown('tenant', family)}")


def judge_witness(bed):
    for family in FAMILIES:
        _eventually("cut", f"the witness holds the edge's own {family}",
                    lambda: bed.witness.received(f"edge_{family}"), lambda seen: bed.own(family) in seen)


def judge(bed):
    expect_alive(bed)
    judge_captures(bed)
    bed.tenant.settle_pending()
    judge_tables(bed)
    judge_policies(bed)
    judge_witness(bed)
    expect_alive(bed)
