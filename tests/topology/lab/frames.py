# SPDX-License-Identifier: GPL-2.0-or-later
"""What passes an interface that is no BGP: each frame as tcpdump says it, in one line."""
import re
import uuid

from .process import Process
from .wait import until


class Frames:
    """Begin it before what it is to see. `what` is tcpdump's filter."""

    def __init__(self, namespace, interface, what="arp or icmp or icmp6"):
        self._process = Process(
            namespace, ["tcpdump", "-i", interface, "-n", "-l", "-e", "-v", "--immediate-mode", "-s", "256",
                        "-Z", "root", what],
            namespace.lab.directory / f"{namespace.name}-{interface}-{uuid.uuid4().hex[:6]}.frames")

        def listening():
            self._process.expect_running()
            return "listening on" in self._process.output()

        until(f"tcpdump on {interface} of {namespace.name}", listening)

    def lines(self, pattern="", after=0):
        """The frames that a pattern fits. tcpdump breaks the line behind an IPv4 header."""
        text = re.sub(r"\n\s+", " ", self._process.output())
        found = [line for line in text.splitlines() if re.match(r"\d\d:\d\d:\d\d\.\d+ ", line)]
        return [line for line in found[after:] if re.search(pattern, line)]

    def wait(self, pattern, holds=bool, after=0):
        self._process.expect_running()
        return until(f"frames that fit {pattern!r}", lambda: self.lines(pattern, after), holds)
