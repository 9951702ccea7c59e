# SPDX-License-Identifier: GPL-2.0-or-later
"""An RPKI cache that a router validates origins with: StayRTR, which speaks RTR (RFC 8210)."""
import json

from .frr import version
from .process import Process

PORT = 8282


class RtrCache:
    """`roas` maps a prefix to the AS number that alone may originate it."""

    def __init__(self, lab, namespace, address, roas=()):
        self.address = address
        self.roas = dict(roas)
        self._namespace = namespace
        self._folder = lab.folder("rtr-cache")
        self._file = self._folder / "vrps.json"
        self._process = None

    @property
    def lines(self):
        """What bgpd's configuration says of it: a word more since 10.1."""
        transport = "tcp " if version() >= (10, 1) else ""
        return ["rpki", "rpki polling_period 3600", "rpki retry_interval 1",
                f"rpki cache {transport}{self.address} {PORT} preference 1", "exit"]

    def _write(self):
        self._file.write_text(json.dumps({"metadata": {}, "roas": [
            {"prefix": prefix, "maxLength": int(prefix.partition("/")[2]), "asn": f"AS{asn}", "ta": "lab"}
            for prefix, asn in self.roas.items()]}))

    def start(self):
        self._write()
        self._process = Process(self._namespace, [
            "stayrtr", "-bind", f"{self.address}:{PORT}", "-cache", self._file, "-checktime=false",
            "-metrics.addr", "127.0.0.1:9847", "-protocol", "1", "-refresh", "1", "-loglevel", "warning"], self._folder / "stayrtr.log")

    def change(self, roas):
        """StayRTR looks at its file once a second, and tells the router."""
        self.roas = dict(roas)
        self._write()

    def stop(self):
        self._process.stop()
