# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts ExaBGP with a fault of its 4.2 mended: asked for its routes (ROUTE-REFRESH) by a peer with which it has enhanced
route refresh, it takes the message that says where they begin for a list of routes, and resets the session."""
import runpy
import sys

from exabgp.bgp.message import Update
from exabgp.bgp.message.refresh import RouteRefresh

_messages = Update.messages


def _mended(self, negotiated, *rest):
    # Begin and end come as an Update whose routes are a RouteRefresh.
    if isinstance(self.nlris, RouteRefresh):
        return [self.nlris.message(negotiated)]
    return _messages(self, negotiated, *rest)


Update.messages = _mended
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
