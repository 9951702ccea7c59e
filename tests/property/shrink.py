# SPDX-License-Identifier: GPL-2.0-or-later
"""Delta debugging: the fewest steps of a failing sequence that still fail."""


def shrink(steps, fails, enough=lambda: False):
    """Takes steps out as long as fails(what is left); stops early once enough(). Returns a sequence that fails, in the
    order given. With time enough, none of its steps can be left out. fails([]) is asked first."""
    if not steps or fails([]):
        return []
    parts = 2
    while len(steps) > 1 and not enough():
        size = -(-len(steps) // parts)
        chunks = [steps[start:start + size] for start in range(0, len(steps), size)]
        for number in range(len(chunks)):
            if enough():
                return steps
            rest = [one for other, chunk in enumerate(chunks) if other != number for one in chunk]
            if fails(rest):
                steps, parts = rest, max(parts - 1, 2)
                break
        else:
            if size == 1:
                break
            parts = min(parts * 2, len(steps))
    return steps
