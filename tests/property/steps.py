# SPDX-License-Identifier: GPL-2.0-or-later
"""Which steps there are, and which one a seed and an index give.

A step depends on nothing else, so that any part of a sequence can be run again. It is a list of strings: the kind, then
its arguments; what the kinds do is in bed.py. Peers are "acme" (declared), "stray" (discovered under default-deny),
"guest" (a dynamic neighbor), "newcomer" (which a controller declares) and "tenant" (which it declares with its policies, see
tenant.py); see bed.py.
"""
import random

TYPED = ("acme", "stray", "guest")
# Whose policy anything may be typed over.
ANYHOW = (*TYPED, "newcomer")
PEERS = (*ANYHOW, "tenant")
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
# Commands that change nothing of a gate.
ASKS = ("peering maintenance all on", "peering maintenance all off", "clear peering drift {tenant}",
        "clear peering overridden PNI-ACME", "clear peering violation PNI-ACME", "show running-config")
# Seconds that bgpd's wall clock is wrong by: never back beyond the time when certificates were made.
CLOCKS = (0, 0, 3600, 86400, 30 * 86400)
RESERVED = ("route-map PEERING-DENY-ALL permit 5", "route-map PEERING-DRAIN-OUT-PASS permit 5", "no route-map PEERING-DENY-ALL", "route-map PEERING-DENY-ALL deny 5",
            "no route-map PASS permit 10", "route-map PASS permit 10")


def _policy(draw):
    line = draw.choice(POLICY).format(map=draw.choice(["PASS", "PASS", "UNDEFINED"]))
    # What opens is typed more often than what takes it away.
    no = "no " if draw.random() < (0.15 if line == "activate" else 0.35) else ""
    return ["policy", draw.choice(POLICED), draw.choice(FAMILIES), no, line]


def _setting(draw):
    line = draw.choice(SETTINGS)
    return ["setting", draw.choice(ANYHOW), draw.choice(FAMILIES),
            "no " if draw.random() < (0.7 if line == "shutdown" else 0.4) else "", line]


def _contents(draw):
    """What TENANT-IN and TENANT-OUT let through, of each family: the numbers in the list as bits, or all but those."""
    masks = [draw.choice([0, 2 ** 20 - 1, 2 ** 5 - 1, draw.getrandbits(20), draw.getrandbits(5)]) for _ in range(2)]
    masks += [draw.choice([0, 1, 2 ** 6 - 1, draw.getrandbits(6)]) for _ in range(2)]
    return [f"{draw.choice(['list', 'list', 'except'])}:{mask:x}" for mask in masks]


# A session's password by its name.
KEYS = {"open": "", "key": "a-key", "other": "another-key"}


def _declaration(draw):
    return [draw.choice(["ipv4", "ipv6", "ipv4+ipv6", "ipv4+ipv6"]), draw.choice(["open", "open", "open", "key", "other"]),
            draw.choice(["0", "9", "30"]), draw.choice(["", "", "auto"]), draw.choice(["none", "none", "plain", "length"])]


def _drift(draw):
    how = draw.choice(["list", "list", "map", "no-map", "neighbor", "shut", "gone", "gone", "by-hand"])
    return ["tenant-drift", how, draw.choice(["in", "out"]), draw.choice(FAMILIES), str(draw.randrange(20))]


def _query(draw):
    return ["query", draw.choice(PEERS), draw.choice(["routes", "routes", "preview", "nothing"]), draw.choice(FAMILIES)]


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
                      draw.choice(["request", "approve", "ready", "activate", "retry", "cancel", "block", "unblock"])]),
    (20, lambda draw: ["verb", draw.choice(PEERS), draw.choice(FAMILIES),
                      draw.choice(["deprovision", "cancel", "maintenance on", "maintenance off"])]),
    (12, lambda draw: ["verb", draw.choice(PEERS), draw.choice(FAMILIES),
                      draw.choice(["deprovision now", "adopt", "adopt", "withdraw", "reject", "force-cancel",
                                   "activate force"])]),
    (2, lambda draw: ["kill-verb", draw.choice(PEERS), draw.choice(FAMILIES),
                      draw.choice(["approve", "activate", "activate force", "adopt", "deprovision", "deprovision now",
                                   "cancel", "maintenance on", "maintenance off"]), str(draw.randrange(12))]),
    (8, lambda draw: ["push", draw.choice(["declare", "up", "up", "acme", "approve", "ready", "activate", "deprovision",
                                          "withdraw"])]),
    (55, lambda draw: ["tenant-up", *_declaration(draw), *_contents(draw)]),
    (45, lambda draw: ["tenant-contents", *_contents(draw)]),
    (12, lambda draw: ["tenant-declare", *_declaration(draw)]),
    (20, lambda draw: ["tenant-again", draw.choice(["id", "new", "new"])]),
    (8, lambda draw: ["tenant-dry", *_declaration(draw), *_contents(draw)]),
    (14, lambda draw: ["tenant-confirm", draw.choice(["confirmed", "late", "waited"]),
                       draw.choice(["", "policies", "alone", "alone", "drain"]),
                       *_declaration(draw), *_contents(draw)]),
    (22, _drift),
    (5, lambda draw: ["tenant-withdraw"]),
    (6, lambda draw: ["tenant-stale", *_contents(draw)]),
    (6, lambda draw: ["tenant-lost", str(draw.choice([0, 0, draw.randrange(40)])), *_contents(draw)]),
    (3, lambda draw: ["tenant-kill", str(draw.randrange(40)), draw.choice(["0", "9", "30"]), *_contents(draw)]),
    (16, lambda draw: ["tenant-verb", draw.choice(["deprovision", "withdraw", "force-cancel", "block", "unblock", "retry",
                                                  "maintenance-on", "maintenance-off", "activate", "approve", "ready",
                                                  "reopen"])]),
    (10, _query),
    (4, lambda draw: ["controller", draw.choice(["0", "1", "2"])]),
    (2, lambda draw: ["clear-gate", draw.choice(ANYHOW), draw.choice(FAMILIES)]),
    (25, lambda draw: ["bypass", draw.choice(PEERS), draw.choice(FAMILIES)]),
    (45, lambda draw: ["no-bypass", draw.choice(PEERS), draw.choice(FAMILIES)]),
    (3, lambda draw: ["bypass-all", ""]),
    (6, lambda draw: ["bypass-all", "no "]),
    (1, lambda draw: ["adopt-all"]),
    (10, lambda draw: ["ask", draw.choice(ASKS)]),
    (4, lambda draw: ["clear-all", draw.choice(["*", "external", "peer-group RANGE"]), draw.choice(CLEARS)]),
    (4, lambda draw: ["group", draw.choice(["MEMBERS", "RANGE"])]),
    (8, lambda draw: ["clock", str(draw.choice(CLOCKS))]),
    (1, lambda draw: ["zebra", draw.choice(["2", "9"])]),
    (5, lambda draw: ["file"]),
    (3, lambda draw: ["restart-peer", draw.choice(PEERS)]),
    (2, lambda draw: ["recreate"]),
    (2, lambda draw: ["restart", draw.choice(["", "saved"])]),
    (3, lambda draw: ["kill", draw.choice(["", "saved"])]),
    (3, lambda draw: ["promote"]),
    (1, lambda draw: ["reload"]),
)


def step(seed, index):
    """The step with this number of the run with this seed."""
    draw = random.Random(f"{seed}:{index}")
    weights, makers = zip(*KINDS)
    return draw.choices(makers, weights)[0](draw)
