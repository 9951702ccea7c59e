# SPDX-License-Identifier: GPL-2.0-or-later
"""A peer: BIRD in a namespace. What it holds and what it was told is read from its own table, through birdc."""
import ipaddress
import re
import subprocess
from dataclasses import dataclass, field

from .process import Process
from .wait import until

BIRD = "/usr/sbin/bird"
BIRDC = "/usr/sbin/birdc"

# What BIRD calls other families than unicast: the channel of a session, the table that it takes.
CHANNELS = {f"{family} {safi}": (channel.format(family, family[-1]), net.format(family, family[-1]))
            for family in ("ipv4", "ipv6") for safi, channel, net in (
                ("vpn", "vpn{1} mpls", "vpn{1}"), ("labeled", "{0} mpls", "{0}"), ("multicast", "{0} multicast", "{0}"),
                ("flowspec", "flow{1}", "flow{1}"))}

DEFAULT = {"ipv4": "0.0.0.0/0", "ipv6": "::/0"}
# For prefixes that peers announce: 198.18.0.0/15 is for measurements, 2001:db8::/32 for documentation.
BLOCKS = {"ipv4": (ipaddress.ip_network("198.18.0.0/15"), 28), "ipv6": (ipaddress.ip_network("2001:db8::/32"), 48)}
# Links take their networks from the beginning of the block.
FIRST_IPV6 = 0x1000


def prefixes(family, count, start=0):
    """`count` prefixes of the family, from number `start` on, each a string."""
    block, length = BLOCKS[family]
    if family == "ipv6":
        start += FIRST_IPV6
    step = 1 << (block.max_prefixlen - length)
    assert (start + count) * step <= block.num_addresses, "more prefixes than the block has"
    base = int(block.network_address)
    make = ipaddress.IPv4Network if family == "ipv4" else ipaddress.IPv6Network
    return [str(make((base + (start + number) * step, length))) for number in range(count)]


@dataclass
class Session:
    """One BGP session of a BIRD. `families` are the channels it has; None: that of its addresses."""
    name: str
    local: str
    neighbor: str
    neighbor_as: int = 64500
    local_as: int = 0
    families: tuple = ()
    passive: bool = False
    enabled: bool = True
    # BIRD's own default, with which it keeps the routes of a bgpd that died for two minutes.
    graceful_restart: bool = False
    extra: str = ""
    # Of each channel: more of its options, and what is announced, a filter expression.
    channel: str = ""
    export: str = "source = RTS_STATIC"

    def channels(self):
        return self.families or (("ipv6",) if ":" in self.neighbor else ("ipv4",))

    def channel_lines(self):
        for family in self.channels():
            channel, table = CHANNELS.get(family, (family, ""))
            of_table = f"table {_table(family)}; export where source = RTS_STATIC" if table else f"export where {self.export}"
            yield f"{channel} {{ import all; {of_table}; {self.channel} }};"


def _table(family):
    return family.replace(" ", "_")


def session_pair(link, **options):
    """An IPv4 and an IPv6 session from the far end of a link to its near end."""
    return [Session(f"edge_{family}", link.far_address(family), link.near_address(family), **options)
            for family in ("ipv4", "ipv6")]


@dataclass
class Bird:
    """`announced` are the prefixes by family, CHANNELS' too; announce() and withdraw() change them while BIRD runs.
    `attributes` are what BIRD gives to single ones of them, in its words: {"10.0.0.0/8": "bgp_path.prepend(64512);"}."""
    lab: object
    name: str
    asn: int
    sessions: list
    announced: dict = field(default_factory=dict)
    attributes: dict = field(default_factory=dict)
    top: str = ""

    def __post_init__(self):
        self.namespace = self.lab.namespace(self.name)
        self.directory = self.lab.folder(self.name)
        self.announced = {family: list(self.announced.get(family, ())) for family in ("ipv4", "ipv6", *CHANNELS)}
        self.config = self.directory / "bird.conf"
        self.control = self.directory / "bird.ctl"
        self.log = self.directory / "bird.log"
        self._process = None

    # Start and end

    def start(self):
        self._write_config()
        self.control.unlink(missing_ok=True)
        self._process = Process(self.namespace, [BIRD, "-f", "-c", self.config, "-s", self.control,
                                                 "-P", self.directory / "bird.pid"], self.directory / "bird.out")

        def answers():
            self._process.expect_running()
            return self.control.exists() and "BIRD" in self._birdc("show status", check=False)

        until(f"an answer from BIRD {self.name}", answers)
        return self

    def stop(self):
        """Ends BIRD as a restart of its service would; it closes its sessions."""
        self._process.stop()

    def kill(self):
        self._process.kill()

    def _write_config(self):
        lines = [f'log "{self.log}" all;',
                 f"router id {_router_id(self.sessions)};",
                 "debug protocols { states, events };",
                 "protocol device {}", self.top]
        for family in ("ipv4", "ipv6"):
            lines += [f"protocol static own_{family} {{", f"\t{family};"]
            lines += [f"\troute {prefix} blackhole{self._attributes(prefix)};" for prefix in self.announced[family]]
            lines += ["}"]
        for family in sorted({family for session in self.sessions for family in session.channels()} & set(CHANNELS)):
            net = CHANNELS[family][1]
            lines += [f"{net} table {_table(family)};", f"protocol static own_{_table(family)} {{",
                      f"\t{net} {{ table {_table(family)}; }};"]
            lines += [f"\troute {f'{net} {{ dst {prefix}; }}' if net.startswith('flow') else f'{prefix} blackhole'}"
                      f"{self._attributes(prefix)};" for prefix in self.announced[family]]
            lines += ["}"]
        for session in self.sessions:
            lines += [f"protocol bgp {session.name} {{",
                      f"\tlocal {session.local} as {session.local_as or self.asn};",
                      f"\tneighbor {session.neighbor} as {session.neighbor_as};",
                      "\thold time 9; keepalive time 1; startup hold time 9;",
                      "\tconnect retry time 1; connect delay time 1; error wait time 1, 2;",
                      f"\tgraceful restart {'aware' if session.graceful_restart else 'off'};"]
            lines += ["\tpassive on;"] if session.passive else []
            lines += ["\tdisabled;"] if not session.enabled else []
            lines += [f"\t{session.extra}"] if session.extra else []
            lines += [f"\t{line}" for line in session.channel_lines()] + ["}"]
        self.config.write_text("\n".join(lines) + "\n")

    def _attributes(self, prefix):
        return f" {{ {self.attributes[prefix]} }}" if prefix in self.attributes else ""

    # What it announces

    def announce(self, family, new):
        self.announced[family] += [prefix for prefix in new if prefix not in self.announced[family]]
        self.reconfigure()

    def withdraw(self, family, gone):
        self.announced[family] = [prefix for prefix in self.announced[family] if prefix not in gone]
        self.reconfigure()

    def reconfigure(self):
        self._write_config()
        text = self.birdc("configure")
        # Done, in progress, or queued behind the one before.
        assert "Reconfigured" in text or "in progress" in text, text

    def session(self, name):
        return next(session for session in self.sessions if session.name == name)

    # birdc

    def birdc_command(self, command):
        """The whole command line, for those who show it."""
        return [BIRDC, "-s", str(self.control), *command.split()]

    def _birdc(self, command, check=True):
        return subprocess.run(self.birdc_command(command), check=check, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout

    def birdc(self, command):
        text = self._birdc(command)
        assert "syntax error" not in text, f"birdc {command}: {text}"
        return text

    def restart_session(self, name):
        """Closes a session; BIRD opens it again by itself."""
        self.birdc(f"restart {name}")

    def enable_session(self, name):
        self.session(name).enabled = True
        self.birdc(f"enable {name}")

    def disable_session(self, name):
        self.session(name).enabled = False
        self.birdc(f"disable {name}")

    def bgp_state(self, name):
        found = re.search(r"^\s+BGP state:\s+(\S+)", self.birdc(f"show protocols all {name}"), re.M)
        return found.group(1) if found else "none"

    def established(self):
        return all(self.bgp_state(session.name) == "Established" for session in self.sessions if session.enabled)

    def wait_established(self, *names):
        for name in names or [session.name for session in self.sessions]:
            until(f"session {name} of BIRD {self.name} Established", lambda: self.bgp_state(name),
                  lambda state: state == "Established")

    def received(self, name):
        """The prefixes in BIRD's table that came over a session."""
        text = self.birdc(f"show route protocol {name}")
        return set(re.findall(r"^([0-9a-f.:]+/\d+)\s", text, re.M))

    def route(self, name, prefix):
        """All that BIRD knows of one prefix from a session, "" where it has none."""
        text = self.birdc(f"show route protocol {name} all for {prefix}")
        return text if re.search(rf"^{re.escape(prefix)}\s", text, re.M) else ""

    def updates_received(self, name):
        """How many routes were announced to BIRD over a session since it came up, withdrawn ones too."""
        text = self.birdc(f"show protocols all {name}")
        return sum(map(int, re.findall(r"^\s+Import updates:\s+(\d+)", text, re.M)))

    def wait_received(self, name, wanted):
        wanted = set(wanted)
        return until(f"BIRD {self.name} has over {name} exactly {len(wanted)} routes",
                     lambda: self.received(name),
                     lambda seen: seen == wanted)

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def _router_id(sessions):
    for session in sessions:
        if ":" not in session.local:
            return session.local
    # A session over IPv6 alone: any number that no other router has.
    return str(ipaddress.IPv4Address(0xC6336400 | int(ipaddress.ip_address(sessions[0].local)) >> 64 & 0xFF))
