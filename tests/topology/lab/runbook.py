# SPDX-License-Identifier: GPL-2.0-or-later
"""doc/runbook.md as something that runs: what its blocks type on a router, what they show, and what happens between them.

A block holds commands behind the router's prompt, each followed by what it prints. From `configure terminal` to `end` is
one vtysh. `<!-- lab: WORDS -->` in front of a block is what happens elsewhere meanwhile: at the peer, at the link.
"""
import re
from dataclasses import dataclass, field

PROMPT = re.compile(r"edge1(\([a-z-]+\))?# ?(.*)")
EVENT = re.compile(r"<!-- lab: (.*) -->")


@dataclass
class Typed:
    """What is typed in one vtysh, and the lines that it prints. `first` and `last` are where those stand in the page."""
    commands: list
    output: list = field(default_factory=list)
    first: int = 0
    last: int = 0
    line: int = 0


@dataclass
class Event:
    words: str
    line: int


def parse(text):
    """The page's events and commands, in order."""
    found, inside, typed, configuring = [], False, None, False
    for number, line in enumerate(text.splitlines()):
        if line.startswith("```"):
            inside, typed = not inside, None
            continue
        event, prompt = EVENT.fullmatch(line), PROMPT.fullmatch(line) if inside else None
        if event:
            found.append(Event(event[1], number + 1))
        elif prompt and configuring:
            typed.commands.append(prompt[2])
            configuring = prompt[2] != "end"
            typed.first = typed.last = number + 1
        elif prompt:
            typed = Typed([prompt[2]], first=number + 1, last=number + 1, line=number + 1)
            configuring = prompt[2] == "configure terminal"
            found.append(typed)
        elif inside and typed:
            typed.output.append(line)
            typed.last = number + 1
    return found


def written_into(text, outputs):
    """The page with other outputs: pairs of what was parsed and the lines in its place."""
    lines = text.splitlines()
    for typed, output in reversed(outputs):
        lines[typed.first:typed.last] = output
    return "\n".join([*lines, ""])


# What differs from one run to the next: ages, times of day, figures that time makes, hardware addresses, an echo or two
# that come late on a busy machine, and which routes are the first of many.
PASSING = [(re.compile(pattern), word) for pattern, word in (
    (r"\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b", "<hardware>"),
    (r"\b[0-2] of 10\b", "<lost>"),
    (r"\b2001:db8:[0-9a-f]+::/48", "<route>"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", "<time>"),
    (r"\b\d\d:\d\d:\d\d\b", "<time>"),
    (r"\b\d+([wdhms]\d+)*[wdhms]\b", "<age>"),
    (r"\b\d+ (s|ms|seconds)\b", "<age>"),
    (r"\b\d+\.\d+\b(?!\.\d)", "<figure>"),
    (r"-{3,}", "---"),
    (r" {2,}", " "),
)]
# One line where both sessions have been up for as long, to the second, else two.
STABLE = re.compile(r"(session-stable \S+ \S+) \S+ (up <age> of <age> -)")


def lasting(output):
    """Lines as they are in every run."""
    kept = []
    for line in output:
        for pattern, word in PASSING:
            line = pattern.sub(word, line)
        line = line.strip()
        stable = STABLE.sub(r"\1 both \2", line)
        if stable == line or stable not in kept[-1:]:
            kept.append(stable)
    while kept and not kept[-1]:
        kept.pop()
    return kept
