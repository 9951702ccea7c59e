# SPDX-License-Identifier: GPL-2.0-or-later
"""Which steps there are, and which one a seed and an index give.

A step depends on nothing else, so that any part of a sequence can be run again. It is a list of strings: the kind, then
its arguments; what the kinds do is in bed.py. Peers are "acme" (declared), "stray" (discovered under default-deny),
"guest" (a dynamic neighbor) and "newcomer" (which a controller declares); see bed.py.
"""
import random

TYPED = ("acme", "stray", "guest")
PEERS = (*TYPED, "newcomer")
FAMILIES = ("ipv4", "ipv6")
# The newcomer is rarely there.
POLICED = (*TYPED, *TYPED, "newcomer")
# Per neighbor and family; each has its `no` form.
POLICY = (
    "route-map {map} in", "route-map {map} out", "prefix-list ANY in", "prefix-list ANY out", "filter-list ANY in",
    "filter-list ANY out", "distribute-list ANY out", "default-originate", "soft-reconfiguration inbound",
    "addpath-tx-all-paths", "next-hop-self", "as-override", "allowas-in", "send-community", "maximum-prefix 500",
    "activate", "unsuppress-map PASS", "capability orf prefix-list both", "attribute-unchanged", "weight 10",
)
# Per neighbor.
SETTINGS = ("shutdown", "dont-capability-negotiate", "capability dynamic", "ttl-security hops 3", "description random",
            "ebgp-multihop 3", "enforce-first-as")
CLEARS = ("", "soft", "soft in", "soft out", "in", "out")
GLOBAL = (
    "no bgp ebgp-requires-policy", "bgp ebgp-requires-policy", "peering default-deny", "no peering default-deny",
    "peering default-deny monitor", "no peering default-deny monitor", "peering default-deny-except remote-as 64999",
    "no peering default-deny-except remote-as 64999", "peering default-deny-except neighbor {stray}",
    "no peering default-deny-except neighbor {stray}", "peering default-deny-except peer-group RANGE",
    "no peering default-deny-except peer-group RANGE", "bgp graceful-restart", "no bgp graceful-restart",
    "no peering PNI-ACME neighbor {acme}", "no peering PNI-ACME received-limit ipv4",
    "peering PNI-ACME received-limit ipv4 1000",
    "peering PNI-ACME neighbor {acme}",
)
RESERVED = ("route-map PEERING-DENY-ALL permit 5", "route-map PEERING-DRAIN-OUT-PASS permit 5", "no route-map PEERING-DENY-ALL", "route-map PEERING-DENY-ALL deny 5",
            "no route-map PASS permit 10", "route-map PASS permit 10")


def _policy(draw):
    line = draw.choice(POLICY).format(map=draw.choice(["PASS", "PASS", "UNDEFINED"]))
    # What opens is typed more often than what takes it away.
    no = "no " if draw.random() < (0.15 if line == "activate" else 0.35) else ""
    return ["policy", draw.choice(POLICED), draw.choice(FAMILIES), no, line]


def _setting(draw):
    line = draw.choice(SETTINGS)
    return ["setting", draw.choice(PEERS), draw.choice(FAMILIES),
            "no " if draw.random() < (0.7 if line == "shutdown" else 0.4) else "", line]


# Weight, and what makes the arguments. What takes seconds is rare.
KINDS = (
    (420, _policy),
    (60, _setting),
    (60, lambda draw: ["global", draw.choice(GLOBAL)]),
    (20, lambda draw: ["reserved", draw.choice(RESERVED)]),
    (60, lambda draw: ["clear", draw.choice(PEERS), draw.choice(FAMILIES), draw.choice(CLEARS)]),
    (60, lambda draw: ["announce", draw.choice(PEERS), draw.choice(FAMILIES), str(draw.randrange(20))]),
    (40, lambda draw: ["withdraw", draw.choice(PEERS), draw.choice(FAMILIES), str(draw.randrange(20))]),
    (60, lambda draw: ["network", draw.choice(FAMILIES), draw.choice(["", "no "]), str(draw.randrange(8))]),
    (30, lambda draw: ["flap", draw.choice(PEERS)]),
    (25, lambda draw: ["renew", draw.choice(TYPED), draw.choice(FAMILIES), draw.choice(["own", "own", "other"])]),
    (40, lambda draw: ["verb", draw.choice(PEERS), draw.choice(FAMILIES),
                      draw.choice(["request", "approve", "ready", "activate", "retry", "cancel"])]),
    (20, lambda draw: ["verb", draw.choice(PEERS), draw.choice(FAMILIES),
                      draw.choice(["deprovision", "cancel", "maintenance on", "maintenance off"])]),
    (12, lambda draw: ["verb", draw.choice(PEERS), draw.choice(FAMILIES),
                      draw.choice(["deprovision now", "adopt", "adopt", "withdraw", "reject", "force-cancel"])]),
    (8, lambda draw: ["push", draw.choice(["declare", "up", "up", "acme", "approve", "ready", "activate", "deprovision",
                                          "withdraw"])]),
    (2, lambda draw: ["clear-gate", draw.choice(PEERS), draw.choice(FAMILIES)]),
    (25, lambda draw: ["bypass", draw.choice(PEERS), draw.choice(FAMILIES)]),
    (45, lambda draw: ["no-bypass", draw.choice(PEERS), draw.choice(FAMILIES)]),
    (5, lambda draw: ["file"]),
    (3, lambda draw: ["restart-peer", draw.choice(PEERS)]),
    (2, lambda draw: ["recreate"]),
    (2, lambda draw: ["restart"]),
    (2, lambda draw: ["kill"]),
    (3, lambda draw: ["promote"]),
    (1, lambda draw: ["reload"]),
)


def step(seed, index):
    """The step with this number of the run with this seed."""
    draw = random.Random(f"{seed}:{index}")
    weights, makers = zip(*KINDS)
    return draw.choices(makers, weights)[0](draw)
