# SPDX-License-Identifier: GPL-2.0-or-later
"""The reference: when each peer's gate may be open, by doc's lifecycle and by what was typed alone.

It knows nothing of bgpd. A gate is closed until a row of the lifecycle opens it: an activation that was accepted after
the verbs that lead to it, or a bypass. Times are in seconds since 1970, as those of captures.
"""

from dataclasses import dataclass

# What far sides may still see after a gate closed.
GRACE = 5.0
# bgpd judges its routes anew so long after a route-map or a list was typed at.
DELAY = 8.0


# How long a connection that is deprovisioned may drain, and what a busy machine may add to that.
DRAIN = 3.0
SLACK = 3.0


# What ends a connection at once. `request` begins again.
ENDS = ("deprovision now", "withdraw", "reject", "force-cancel")


class Gate:
    """One connection's. A `discovered` one needs no `ready`, and can be adopted until it is approved or ends."""

    def __init__(self, discovered=False):
        self._discovered = discovered
        self._needs = {"approve"} if discovered else {"approve", "ready"}
        self._verbs = set()
        self.auto = False  # it opens by itself once it has passed
        self._held = False  # it drains without an end, since that is still to be confirmed
        self.active = False
        self.bypassed = False
        self.openings = 0
        self._opened_at = None
        self._drains_until = 0.0
        self._closed = []  # (from, to), past times in which it may have been open

    @property
    def may_be_open(self):
        return self.active or self.bypassed

    def _change(self, now, active=None, bypassed=None):
        before = self.may_be_open
        self.active = self.active if active is None else active
        self.bypassed = self.bypassed if bypassed is None else bypassed
        if self.may_be_open and not before:
            self._opened_at = now
            self.openings += 1
        elif before and not self.may_be_open:
            self._closed.append((self._opened_at, now))

    def verb(self, name, sent, answered):
        """A verb that the router accepted. Returns whether the lifecycle allows it to have been. Times are before it was
        sent, from when on it may have opened, and after the answer, by when it has closed."""
        if name in ENDS:
            self._end(answered)
            if self._closed and not self.may_be_open:
                begin, end = self._closed[-1]
                self._closed[-1] = (begin, min(end, answered))
            self._drains_until = 0.0
            return True
        if name == "deprovision":
            # Again while it drains: it is not longer for that.
            if self.active:
                self._drains_until = answered + DRAIN + SLACK
                self._end(self._drains_until)
            return True
        if name == "cancel" and self._held:
            self._held = False
            return True
        if name == "cancel" and not self.active:
            allowed = sent <= self._drains_until
            self._change(sent, active=True)
            return allowed
        self._verbs.add(name)
        if name not in ("activate", "adopt", "cancel"):
            self.may_open_itself(sent)
            return True
        if self.active:
            return name != "cancel"
        allowed = self._needs <= self._verbs if name == "activate" else name == "adopt" and self._may_adopt()
        self._change(sent, active=True)
        return allowed

    def drains_without_end(self):
        self._held = self.active

    def may_open_itself(self, now):
        if self.auto and not self.active and self._needs <= self._verbs:
            self._change(now, active=True)

    def join(self, other):
        """A session that is added to the connection of another one: it has to be activated anew, but need not be approved."""
        self._verbs, self._needs, self._discovered = set(other._verbs) - {"activate"}, set(other._needs), False

    def shares(self, other):
        """Of one connection, where nobody knows what became of either."""
        self._verbs |= other._verbs

    def removed(self, now):
        """Its neighbor is gone; `now` is a time after the router answered."""
        self._end(now)

    def _end(self, closed):
        self._verbs, self._held = set(), False
        self._needs, self._discovered = {"request", "approve", "ready"}, False
        self._change(closed, active=False)

    def _may_adopt(self):
        return self._discovered and "approve" not in self._verbs

    def let_go(self, sent):
        """`clear peering gate` was accepted: what becomes of the session is no longer the lifecycle's."""
        self._change(sent, active=True)

    def bypass(self, now):
        self._change(now, bypassed=True)

    def no_bypass(self, now):
        """`now` is a time after the router answered. What drained beside it goes on draining."""
        self._change(max(now, self._drains_until), bypassed=False)

    def killed(self, now):
        """The end of a bypass is journalled after it took place: one that ended just now may come back."""
        if not self.may_be_open and self._closed and now - self._closed[-1][1] < GRACE:
            self._change(now, bypassed=True)

    def allowed(self, time, complete=lambda closed: None):
        """Whether the far side may have seen a route at that time. `complete` tells, for the time of a closing, when the far
        side had seen all of it: what it sees after that is new. None where it does not know."""
        if self.may_be_open and time >= self._opened_at:
            return True
        return any(begin <= time <= self._last(end, complete) for begin, end in self._closed if begin <= time)

    @staticmethod
    def _last(closed, complete):
        known = complete(closed)
        return closed + GRACE if known is None else min(known, closed + GRACE)

    def settled_closed(self, now):
        """Whether nothing that ever passed may be left by now."""
        return not self.may_be_open and now > max((end for _, end in self._closed), default=0.0) + GRACE


@dataclass(frozen=True)
class Version:
    """What a policy lets through: what is in its list, or ("except") everything else. `more`: what an entry behind those
    does, "permit" or nothing; `typed`: a person had a hand in it."""
    form: str = "list"
    members: frozenset = frozenset()
    more: str = ""
    typed: bool = False

    def passes(self, prefix):
        if prefix in self.members:
            return self.form == "list"
        return self.form == "except" or self.more == "permit"


class Anything(Version):
    """What nobody can tell: a person has put something else in the policy's place."""

    def passes(self, prefix):
        return True


NOTHING, ANYTHING = Version(), Anything("except")


class Contents:
    """The policy of one family in one direction, over time."""

    def __init__(self):
        self._spans = [(0.0, None, NOTHING)]  # (from, to or None while it may be in force, version)

    @property
    def version(self):
        """The one in force; ANYTHING where it is not known."""
        now = [version for _, end, version in self._spans if end is None]
        return now[0] if len(now) == 1 else ANYTHING

    def possible(self):
        """Of which one is in force."""
        return [version for _, end, version in self._spans if end is None]

    def change(self, sent, answered, version):
        """From one that may be in force from `sent` on and is by `answered`."""
        self._spans = [(begin, answered if end is None else end, old) for begin, end, old in self._spans]
        self._spans.append((sent, None, version))

    def perhaps(self, sent, version):
        """The router was cut off in a change: the one or the other."""
        self._spans.append((sent, None, version))

    def told(self, prefix):
        """For a finding: when each version was in force, and whether it lets that through."""
        return "; ".join(f"{begin:.3f} to {f'{end:.3f}' if end else 'now'} {'yes' if version.passes(prefix) else 'no'}"
                         for begin, end, version in self._spans)

    def allowed(self, prefix, time):
        """Whether a far side may have been told of it then."""
        return any(version.passes(prefix) for begin, end, version in self._spans
                   if begin <= time and (end is None or time <= end + GRACE))


class Outages:
    """When the witness's session was asked to end, so that its routes may go."""

    # Until a session is back and has everything again.
    LASTS = 15.0

    def __init__(self):
        self._spans = []

    def add(self, begin, end):
        self._spans.append((begin, end + self.LASTS))

    def covers(self, time):
        return any(begin <= time <= end for begin, end in self._spans)
