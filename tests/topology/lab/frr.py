# SPDX-License-Identifier: GPL-2.0-or-later
"""An edge router: Debian's zebra, staticd and bgpd in a namespace, each file of theirs in a folder of its own.

Daemons start as Debian starts them: in the background, as user frr, with an empty configuration; then `vtysh -b` reads
frr.conf. Where FRR has a mgmtd (since 9.0) that runs too: zebra and staticd take their configuration from it.
"""
import contextlib
import functools
import json
import os
import re
import shutil
import subprocess

from . import build
from .process import Daemon
from .vty import Vty, VtyError
from .wait import until

DEBIAN_OPTIONS = {
    "zebra": ["-A", "127.0.0.1", "-s", "90000000"],
    "mgmtd": ["-A", "127.0.0.1"],
    "staticd": ["-A", "127.0.0.1"],
    "bgpd": ["-A", "127.0.0.1"],
}
# A router has a name and folders of its own: not all that daemons read and write has an option that says where. And VRFs
# of its own, which are network namespaces (the kernel need not know VRFs): those that a folder of the router names.
LIKE_A_MACHINE = ["unshare", "--uts", "--mount", "sh", "-c", """
set -e
hostname "$0"
[ -d /run/frr ] || install -d -o frr -g frr /run/frr
mount --bind "$1" /run/frr
mount --bind "$2" /etc/frr
[ ! -d /var/lib/frr ] || mount --bind "$3" /var/lib/frr
for namespace in "$4"/*; do
    [ ! -f "$namespace" ] || mount --bind "$(cat "$namespace")" "$namespace"
done
mount --rbind "$4" /run/netns
shift 4
exec "$@"
"""]


@functools.cache
def _help(daemon):
    """What a daemon says of its options, which are fewer where mgmtd configures it."""
    return subprocess.run([build.FRR_DAEMONS / daemon, "--help"], text=True, timeout=60, stdin=subprocess.DEVNULL,
                          capture_output=True).stdout


@functools.cache
def version():
    """(10, 3), for what bgpd writes in another way since."""
    said = subprocess.run([build.FRR_DAEMONS / "bgpd", "--version"], text=True, timeout=60, stdin=subprocess.DEVNULL,
                          capture_output=True, check=True).stdout
    return tuple(map(int, re.search(r"version (\d+)\.(\d+)", said).groups()))


class VtyshError(AssertionError):
    """A command was refused."""


def _complaints(text):
    """What a daemon refuses begins with a percent sign; `vtysh -c` ends with status 0 all the same, for a warning."""
    return [line for line in text.splitlines() if line.startswith("%")]


class Router:
    """`module` False: bgpd and vtysh as the packages have them, without the project's. `vrfs` are names."""

    def __init__(self, lab, name="edge", module=True, vrfs=()):
        self.lab = lab
        self.name = name
        self.namespace = lab.namespace(name)
        self.vrf_namespaces = {vrf: lab.namespace(f"{name}-{vrf}") for vrf in vrfs}
        self.vrf_folder = lab.folder(name, "netns")
        for vrf, namespace in self.vrf_namespaces.items():
            (self.vrf_folder / vrf).write_text(f"/run/netns/{namespace.full_name}\n")
        self.has_module = module
        self.other_daemons = []  # beside those that every router has, as "bfdd"
        self.other_modules = []  # bgpd's own, as "rpki", loaded behind the project's
        self.bgpd_environment = []  # "NAME=value", for bgpd alone
        self.patience = 180  # seconds that a vtysh or a reload may take
        self.through_wrapper = False  # vtysh as an installation has it, with the guard in front of it
        self.daemons = {}
        self.etc = lab.folder(name, "etc", owner="frr")
        self.run_folder = lab.folder(name, "run", owner="frr")
        self.log_folder = lab.folder(name, "log", owner="frr")
        self.lib_folder = lab.folder(name, "lib", owner="frr")
        self.modules = lab.folder(name, "modules")
        self.tls = lab.folder(name, "tls", owner="frr", mode=0o700)
        self.state = lab.folder(name, "state", owner="frr", mode=0o700)
        self.config_file = self.etc / "frr.conf"
        self.log = self.log_folder / "bgpd.log"
        # Without the file vtysh warns at each start.
        self._write_owned(self.etc / "vtysh.conf", "service integrated-vtysh-config\n")
        if module:
            self.add_module()

    def _write_owned(self, path, text, mode=0o640):
        path.write_text(text)
        path.chmod(mode)
        shutil.chown(path, "frr", "frr")

    def add_module(self):
        """The project's module and link, from the next start of bgpd on."""
        self.has_module = True
        self.install_module(build.bgpd_module())
        shutil.copy(build.bgpd_link(), self.modules)

    def add_other_module(self, name):
        """One that FRR's packages bring, from the next start of bgpd on."""
        shutil.copy(build.frr_module(f"bgpd_{name}"), self.modules)
        self.other_modules.append(name)

    def install_module(self, file):
        """Takes `file` as this router's bgpd_peering.so, from the next start of bgpd on."""
        target = self.modules / "bgpd_peering.so"
        # bgpd may hold the old one mapped: a new file, never other bytes in the same one.
        target.unlink(missing_ok=True)
        shutil.copy(file, target)

    # Start and end

    def start(self, config):
        """Starts the daemons and reads `config` as frr.conf."""
        self.write_config(config)
        for name in [name for name in DEBIAN_OPTIONS if (build.FRR_DAEMONS / name).exists()] + self.other_daemons:
            self._start_daemon(name)
        self.vtysh_boot()

    def write_config(self, text):
        self._write_owned(self.config_file, text)

    def _start_daemon(self, name):
        around = ["env", *self.bgpd_environment] if name == "bgpd" else []
        argv = [*around, build.FRR_DAEMONS / name, "-d", *DEBIAN_OPTIONS.get(name, ["-A", "127.0.0.1"]),
                "--vty_socket", self.run_folder, "-i", self.run_folder / f"{name}.pid",
                "--log", f"file:{self.log_folder / name}.log", "--log-level", "debugging"]
        for option, value in (("--socket", self.run_folder / "zserv.api"), ("--config_file", "/dev/null")):
            if option in _help(name):
                argv += [option, value]
        if name == "zebra" and self.vrf_namespaces:
            argv += ["-n"]
        if name == "bgpd" and self.has_module:
            argv += ["--moduledir", self.modules,
                     "-M", f"peering:state-dir={self.state},tls-dir={self.tls}"]
        if name == "bgpd":
            for module in self.other_modules:
                argv += ["-M", module]
        self.daemons[name] = Daemon(self.namespace, [*LIKE_A_MACHINE, self.name, self.run_folder, self.etc,
                                                     self.lib_folder, self.vrf_folder, *argv],
                                    self.run_folder / f"{name}.pid")

    @property
    def bgpd(self):
        return self.daemons["bgpd"]

    def start_bgpd(self, extension=True):
        """As Debian's scripts do: bgpd, then what frr.conf has for it. Without the extension vtysh skips our lines."""
        self._start_daemon("bgpd")
        if extension:
            self.vtysh_boot("bgpd")
        else:
            with self._soon_in_force():
                self.try_vtysh("-b", "-d", "bgpd", extension=False)

    def start_zebra(self):
        """What frr.conf has for it is not read again: the kernel tells it of interfaces and VRFs."""
        self._start_daemon("zebra")

    def stop_bgpd(self):
        self.bgpd.stop()

    def kill_bgpd(self):
        self.bgpd.kill()

    def damage_journal(self):
        """The last of its lines that says Active cannot be read any more."""
        journal = self.state / "journal.jsonl"
        before, word, after = journal.read_text().rpartition('"Active"')
        assert word, "no line of the journal says Active"
        journal.write_text(f'{before}"Act#ve"{after}')

    def dry_run(self, config, module=True):
        """`bgpd -C`; ended."""
        path = self.etc / "candidate.conf"
        path.write_text(config)
        return self.namespace.run([build.FRR_DAEMONS / "bgpd", "-C", "-f", path, "-n", "-S", "-p", "0", "-P", "0",
                                   "-i", self.run_folder / "dry.pid", "--vty_socket", self.etc,
                                   *(["--moduledir", self.modules,
                                      "-M", f"peering:state-dir={self.state},tls-dir={self.tls}"] if module else [])],
                                  check=False, timeout=60)

    # vtysh

    def vtysh_command(self, *arguments):
        """The whole command line, for those who want to run vtysh in their own way; see vtysh_environment()."""
        vtysh = str(build.vtysh_wrapper()[0]) if self.through_wrapper else build.VTYSH
        return [vtysh, "--vty_socket", str(self.run_folder), "--config_dir", str(self.etc), *arguments]

    def vtysh_environment(self, extension=True):
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "VTYSH_PAGER": "cat"}
        if self.through_wrapper:
            environment |= {"PEERING_VTYSH": build.VTYSH, "PEERING_GUARD": str(build.vtysh_wrapper()[1]),
                            "PEERING_EXTENSION": str(build.vtysh_extension())}
        elif self.has_module and extension:
            environment["LD_PRELOAD"] = str(build.vtysh_extension())
        return environment

    def try_vtysh(self, *arguments, extension=True, environment=None):
        return subprocess.run(self.namespace.command(self.vtysh_command(*arguments)), text=True, timeout=self.patience,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={**self.vtysh_environment(extension), **(environment or {})})

    def _run_vtysh(self, *arguments):
        ended = self.try_vtysh(*arguments)
        if ended.returncode != 0 or _complaints(ended.stdout):
            raise VtyshError(f"vtysh {' '.join(arguments)}: status {ended.returncode}:\n{ended.stdout}")
        return ended.stdout

    def vtysh_boot(self, daemon=None):
        arguments = ["-b", *(["-d", daemon] if daemon else [])]

        def ended():
            try:
                return self._run_vtysh(*arguments)
            except VtyshError as error:
                # mgmtd takes one at a time, and just after its start daemons speak to it too.
                if "locked by another session" not in str(error):
                    raise
                return None

        with self._soon_in_force() if daemon in (None, "bgpd") else contextlib.nullcontext():
            return until("mgmtd taking the configuration", ended, lambda said: said is not None)

    @contextlib.contextmanager
    def _soon_in_force(self):
        """bgpd keeps the neighbors of a file shut for what its timer of route-maps has left, 5 s where nothing else is
        said. While the file is read it is 1 s, and the file's own or FRR's afterwards."""
        def type_in(line):
            with Vty(self.run_folder / "bgpd.vty") as vty:
                for command in ("configure terminal", line):
                    vty.command(command)

        if "delay-timer" in self.config_file.read_text():
            yield
            return
        type_in("bgp route-map delay-timer 1")
        yield
        type_in("no bgp route-map delay-timer")

    def vtysh_file(self, path):
        return self._run_vtysh("-f", str(path))

    def reload(self):
        """frr-reload.py with frr.conf, through whatever vtysh this router has."""
        vtysh = self.vtysh_command()[0]
        ended = subprocess.run(self.namespace.command(
            ["/usr/lib/frr/frr-reload.py", "--reload", "--bindir", os.path.dirname(vtysh), "--confdir", str(self.etc),
             "--rundir", str(self.run_folder), "--vty_socket", str(self.run_folder), "--log-level", "error", "--stdout",
             str(self.config_file)]), text=True, timeout=self.patience, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=self.vtysh_environment(), check=False)
        if ended.returncode != 0:
            raise VtyshError(f"frr-reload.py: status {ended.returncode}:\n{ended.stdout}")
        return ended.stdout

    def vtysh(self, *commands):
        """Runs commands one after the other in one vtysh, which stops at the first that fails."""
        return self._run_vtysh(*(word for command in commands for word in ("-c", command)))

    def refused(self, *commands):
        """The same for what has to be refused. Returns what vtysh printed."""
        ended = self.try_vtysh(*(word for command in commands for word in ("-c", command)))
        assert _complaints(ended.stdout), f"vtysh took {commands!r} and said:\n{ended.stdout}"
        return ended.stdout

    def configure(self, *lines):
        """Types lines of configuration."""
        return self.vtysh("configure terminal", *lines)

    def configure_bgp(self, *lines):
        return self.configure("router bgp", *lines)

    def show_json(self, command):
        return json.loads(self.vtysh(command))

    def running_config(self):
        return self.vtysh("show running-config")

    # The daemon's own vty: fast, for polling

    def bgpd_vty(self, command):
        with Vty(self.run_folder / "bgpd.vty") as vty:
            return vty.command(command)

    def bgpd_json(self, command):
        return json.loads(self.bgpd_vty(command))

    def bgp_neighbor(self, address):
        return self.bgpd_json(f"show bgp neighbors {address} json").get(address, {})

    def bgp_state(self, address):
        return self.bgp_neighbor(address).get("bgpState", "absent")

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    # Peering connections

    def connection(self, name):
        """What `show peering NAME json` says of one connection."""
        found = [entry for entry in self.bgpd_json(f"show peering {name} json")["connections"]
                 if entry["name"] == name]
        assert len(found) == 1, f"{len(found)} connections named {name}"
        return found[0]

    def connection_state(self, name):
        return self.connection(name)["connectionState"]

    def wait_state(self, name, state, **options):
        """Waits for a connection state and returns the connection."""
        def now():
            try:
                return self.connection(name)
            except VtyError:
                # There is none yet.
                return {"connectionState": ""}

        return until(f"connection {name} in state {state}", now, lambda seen: seen["connectionState"] == state,
                     **options)

    def wait_gate(self, name, gate):
        """Waits until every session of the connection has that gate."""
        return until(f"every gate of {name} {gate}", lambda: self.connection(name),
                     lambda seen: {session["gate"] for session in seen["sessions"]} == {gate})

    def verb(self, name, verb):
        return self.vtysh(f"peering {name} {verb}")

    def history(self, name):
        """The transitions of a connection, oldest first, as pairs of states."""
        entries = sorted(self.connection(name)["history"], key=lambda entry: entry["id"])
        return [(entry["from"], entry["to"]) for entry in entries]

    def log_lines(self, pattern):
        return [line for line in self.log_text().splitlines() if re.search(pattern, line)]
