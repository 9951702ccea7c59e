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
OPENS = ("activate", "activate force", "adopt")


class Gate:
    """One connection's. A `discovered` one needs no `ready`, and can be adopted until it is approved or ends."""

    def __init__(self, discovered=False):
        self._discovered = discovered
        self._needs = {"approve"} if discovered else {"approve", "ready"}
        self._verbs = set()
        self.auto = False  # it opens by itself once it has passed
        self._held = False  # it drains without an end, since that is still to be confirmed
        self.active = False
        self._bypasses = set()  # "own", "all"
        self._bypasses_ended = {}  # and when each was taken back
        self._unsure = False  # whether it was taken out of service nobody knows
        self.openings = 0
        self._opened_at = None
        self._drains_until = 0.0
        self._closed = []  # (from, to), past times in which it may have been open

    @property
    def bypassed(self):
        return bool(self._bypasses)

    @property
    def may_be_open(self):
        return self.active or self.bypassed

    def _change(self, now, active=None, bypasses=None):
        before = self.may_be_open
        self.active = self.active if active is None else active
        self._bypasses = self._bypasses if bypasses is None else bypasses
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
            allowed = self._unsure or sent <= self._drains_until
            self._change(sent, active=True)
            return allowed
        if name not in OPENS and name != "cancel":
            self._verbs.add(name)
            self.may_open_itself(sent)
            return True
        if self.active:
            return name != "cancel" or self._unsure
        allowed = self._may_open(name)
        self._verbs.add(name)
        self._change(sent, active=True)
        return allowed

    def _may_open(self, name):
        if name == "activate":
            return self._needs <= self._verbs
        if name == "activate force":
            return "request" in self._verbs or "request" not in self._needs
        return self._discovered and "approve" not in self._verbs

    def perhaps(self, name, sent):
        """A verb that nobody heard the answer to. What it may have closed may be open."""
        if name in ENDS or name == "deprovision":
            self._unsure = True
        elif name == "cancel":
            if self._unsure or sent <= self._drains_until:
                self._change(sent, active=True)
        elif name not in OPENS or self._may_open(name):
            self.verb(name, sent, sent)

    def adopt_if_it_may_be(self, sent):
        """As one of all that there are."""
        if self._may_open("adopt"):
            self.verb("adopt", sent, sent)

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

    def let_go(self, sent):
        """`clear peering gate` was accepted: what becomes of the session is no longer the lifecycle's."""
        self._change(sent, active=True)

    def bypass(self, now, which="own"):
        self._change(now, bypasses=self._bypasses | {which})

    def no_bypass(self, now, which="own"):
        """`now` is a time after the router answered. What drained beside it goes on draining."""
        if which in self._bypasses:
            self._bypasses_ended[which] = now
        self._change(max(now, self._drains_until), bypasses=self._bypasses - {which})

    def killed(self, now):
        """The end of a bypass is journalled after it took place: one that ended just now may come back."""
        back = {which for which, ended in self._bypasses_ended.items() if now - ended < GRACE}
        self._change(now, bypasses=self._bypasses | back)

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


NOTHING, ANYTHING = Version(), Anything("except", typed=True)


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
