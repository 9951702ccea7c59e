# SPDX-License-Identifier: GPL-2.0-or-later
"""Polling: a test waits for a condition, never for a time."""
import pprint
import time

# A bound on a machine that is busy with other things, not an expectation.
DEADLINE = 120.0


class NotSeen(AssertionError):
    """The condition did not come true before the deadline."""


def until(what, probe, holds=bool, timeout=DEADLINE, pause=0.1):
    """Calls probe() until holds(its value), and returns that value.

    `what` says in words what is waited for. On failure the message shows what was seen last.
    """
    deadline = time.monotonic() + timeout
    while True:
        seen = probe()
        if holds(seen):
            return seen
        if time.monotonic() >= deadline:
            shown = seen if isinstance(seen, str) else pprint.pformat(seen, width=100, compact=True)
            if len(shown) > 3000:
                shown = shown[:1500] + "\n…\n" + shown[-1500:]
            raise NotSeen(f"{what}: not seen within {timeout:.0f} s. Last seen:\n{shown}")
        time.sleep(pause)
