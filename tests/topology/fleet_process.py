# SPDX-License-Identifier: GPL-2.0-or-later
"""The simulator of many routers as a process that takes orders; tests/bench/fleet_simulator.c says which."""
import json
import subprocess

from lab import build


class Fleet:
    """A context; inside, the process runs."""

    def __init__(self, address, pki, routers, connections):
        self._command = [build.bench("fleet_simulator"), "--address", f"{address[0]}:{address[1]}", "--pki", pki,
                         "--routers", str(routers), "--connections", str(connections)]
        self.cpu = 0.0

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *exception):
        self._process.stdin.close()
        self._process.wait(60)

    @property
    def journal(self):
        """The journal_id of every router of this simulator."""
        return f"simulator-{self._process.pid}"

    def tell(self, line):
        """Gives an order without waiting for its answer."""
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def answer(self):
        """The figures that the oldest order is answered with."""
        line = self._process.stdout.readline()
        assert line, f"the simulator ended with status {self._process.wait(60)}"
        figures = json.loads(line)
        self.cpu = figures["cpu"]
        return figures

    def order(self, line):
        self.tell(line)
        return self.answer()
