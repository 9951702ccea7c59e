# SPDX-License-Identifier: GPL-2.0-or-later
"""The reference: when each peer's gate may be open, by doc's lifecycle and by what was typed alone.

It knows nothing of bgpd. A gate is closed until a row of the lifecycle opens it: an activation that was accepted after
the verbs that lead to it, or a bypass. Times are in seconds since 1970, as those of captures.
"""

# What far sides may still see after a gate closed.
GRACE = 5.0


class Gate:
    """One peer's. `discovered` peers need no `ready`."""

    def __init__(self, discovered=False):
        self._needs = {"approve"} if discovered else {"approve", "ready"}
        self._verbs = set()
        self.active = False
        self.bypassed = False
        self._opened_at = None
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
        elif before and not self.may_be_open:
            self._closed.append((self._opened_at, now))

    def verb(self, name, now):
        """A verb that the router accepted. Returns whether the lifecycle allows it to have been; `now` is a time before
        it was sent."""
        self._verbs.add(name)
        if name != "activate":
            return True
        self._change(now, active=True)
        return self._needs <= self._verbs

    def bypass(self, now):
        self._change(now, bypassed=True)

    def no_bypass(self, now):
        """`now` is a time after the router answered."""
        self._change(now, bypassed=False)

    def killed(self, now):
        """The end of a bypass is journalled after it took place: one that ended just now may come back."""
        if not self.may_be_open and self._closed and now - self._closed[-1][1] < GRACE:
            self._change(now, bypassed=True)

    def allowed(self, time):
        """Whether the far side may have seen a route at that time."""
        if self.may_be_open and time >= self._opened_at:
            return True
        return any(begin <= time <= end + GRACE for begin, end in self._closed)

    def settled_closed(self, now):
        """Whether nothing that ever passed may be left by now."""
        return not self.may_be_open and not (self._closed and now <= self._closed[-1][1] + GRACE)


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
