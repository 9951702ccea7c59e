# SPDX-License-Identifier: GPL-2.0-or-later
"""A lab of network namespaces with real daemons in it: FRR on the edge router, BIRD as its peers.

The topology tests and the quick start are written on it. One concept a file:

    wait.py         polling a condition with a deadline
    build.py        where the things that were built lie
    namespaces.py   a lab: its folder, its namespaces, its end
    process.py      programs that run in a namespace
    vty.py          a daemon's own vty, without vtysh
    frr.py          an edge router: zebra, staticd, bgpd, vtysh
    bird.py         a peer
    speaker.py      a peer made by hand, for bytes that no daemon would send, or not in that moment
    tcp.py, bgp.py  reading a capture: TCP streams, BGP messages, prefixes
    capture.py      tcpdump at the peer, and what it saw
    controller.py   peering-controller, peerctl and their certificates
"""
