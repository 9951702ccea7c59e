# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's unmodified vtysh, taught the commands by the extension.

What vtysh itself knows is tested with a bgpd that has no module: bgpd then refuses the command, in other words than a
vtysh that does not know it.
"""
import os
import pty
import re
import select
import shlex
import subprocess
import time
from pathlib import Path

import pytest

from lab import build
from lab.frr import Router
from lab.scenario import EDGE_AS
from lab.wait import DEADLINE, until

PROMPT = "[^)]# $"
UNKNOWN_TO_VTYSH = "% Unknown command:"
UNKNOWN_TO_BGPD = "% [BGP] Unknown command:"
CONFIG = f"frr defaults traditional\nhostname edge\nrouter bgp {EDGE_AS}\n bgp router-id 192.0.2.1\nexit\n"


class Terminal:
    """A program on a terminal of its own. Only what is printed after the last send() is looked at."""

    def __init__(self, argv, environment):
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.execvpe(argv[0], argv, environment)
        self._seen = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # The end of its terminal ends vtysh.
        os.close(self._fd)
        os.waitpid(self._pid, 0)

    def send(self, text):
        self._seen = ""
        os.write(self._fd, text.encode())

    def expect(self, pattern):
        deadline = time.monotonic() + DEADLINE
        while not re.search(pattern, self._seen):
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self._fd], [], [], left)[0], f"no {pattern!r} in {self._seen!r}"
            self._seen += os.read(self._fd, 65536).decode(errors="replace").replace("\r", "")
        return self._seen


@pytest.fixture
def plain(lab):
    """A router whose bgpd has no module."""
    router = Router(lab, module=False)
    router.start(CONFIG)
    return router


def environment(extension, **more):
    result = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "dumb", "VTYSH_PAGER": "cat", **more}
    result.pop("LD_PRELOAD", None)
    if extension:
        result["LD_PRELOAD"] = str(extension)
    return result


def run(router, *arguments, extension=None):
    argv = router.namespace.command(router.vtysh_command(*arguments))
    return subprocess.run(argv, text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                          env=environment(extension))


def commands(*lines):
    return [word for line in lines for word in ("-c", line)]


def terminal(router, extension, **more):
    return Terminal(router.namespace.command(router.vtysh_command()), environment(extension, **more))


ARGUMENTS = {"A.B.C.D": "192.0.2.2", "RMAP_NAME": "ACME-IN", "WORD": "ACME", "LINE": "text", "NAME": "blue",
             "PGNAME": "PEERS", "IFNAME": "eth4", "ASN_RANGE": "64512-65534", "A.B.C.D/M": "192.0.2.0/24", "X:X::X:X/M": "2001:db8::/32"}


def typed(grammar, longest):
    """A line that fits a command's grammar: without what is optional and with the first of several words, or with all
    that is optional, the last of several words, and twice what may be repeated."""
    line = re.sub(r"\$\w+", "", grammar)
    while "[" in line:
        line = re.sub(r"\[([^][]*)\]", r"\1" if longest else "", line)
    while "<" in line:
        line = re.sub(r"<([^<>]*)>", lambda found: found[1].split("|")[-1 if longest else 0], line)
    line = re.sub(r"\{([^{}]*)\}", lambda found: found[1].replace("|", " ") if longest else found[1].split("|")[0], line)
    line = re.sub(r"\((\d+)-(\d+)\)", r"\2" if longest else r"\1", line)
    line = re.sub(r"(\w+)\.\.\.", r"\1 \1" if longest else r"\1", line)
    return " ".join(ARGUMENTS.get(word, word) for word in line.split())


def declared_commands():
    """The shortest and the longest line of each command of commands.def, with its node."""
    text = (build.SOURCE / "vtysh" / "commands.def").read_text()
    found = re.findall(r'^PEERING_COMMAND\((\w+),\s*\w+,\s*"([^"]+)"', text, re.MULTILINE)
    assert len(found) == len(re.findall(r"^PEERING_COMMAND\(", text, re.MULTILINE)) > 20
    lines = [(node, typed(grammar, longest)) for node, grammar in found for longest in (False, True)]
    return list(dict.fromkeys(lines))


# What vtysh knows

@pytest.mark.parametrize("node,line", declared_commands())
def test_vtysh_knows_a_command_only_with_the_extension(session_plain, node, line):
    lines = {"BGP_NODE": ["configure terminal", f"router bgp {EDGE_AS}"], "CONFIG_NODE": ["configure terminal"]}.get(node, [])
    lines = [*lines, line]
    without = run(session_plain, *commands(*lines))
    assert UNKNOWN_TO_VTYSH in without.stdout
    known = run(session_plain, *commands(*lines), extension=build.vtysh_extension())
    assert UNKNOWN_TO_BGPD in known.stdout
    assert UNKNOWN_TO_VTYSH not in known.stdout


@pytest.fixture(scope="module")
def session_plain():
    """One router for all who only ask."""
    from lab.namespaces import Lab

    with Lab() as lab:
        router = Router(lab, module=False)
        router.start(CONFIG)
        yield router


def test_a_wrong_command_is_refused_by_vtysh_itself(session_plain):
    for line in ("show peering ACME nonsense", "peering ACME dance", "peering"):
        refused = run(session_plain, *commands(line), extension=build.vtysh_extension())
        assert refused.returncode != 0
        assert re.search(r"^% (Unknown command|Command incomplete): ", refused.stdout, re.MULTILINE), refused.stdout


def test_help_names_every_next_word(session_plain):
    said = run(session_plain, *commands("show peering ?"), extension=build.vtysh_extension())
    assert re.search(r"^\s+WORD\s+Name of the connection$", said.stdout, re.MULTILINE), said.stdout
    assert re.search(r"^\s+json\s+\S", said.stdout, re.MULTILINE)
    assert re.search(r"^\s+<cr>", said.stdout, re.MULTILINE)
    said = run(session_plain, *commands("configure terminal", f"router bgp {EDGE_AS}", "peering ACME kind ?"),
               extension=build.vtysh_extension())
    for word in ("direct", "exchange", "route-server"):
        assert re.search(rf"^\s+{word}\s+\S.*$", said.stdout, re.MULTILINE), said.stdout


def test_a_terminal_completes_and_helps(session_plain):
    with terminal(session_plain, build.vtysh_extension()) as shell:
        shell.expect(PROMPT)
        shell.send("show peeri\t")
        shell.expect("show peering $")
        shell.send("?")
        shell.expect(r"WORD +Name of the connection\n(.*\n)*.*# show peering $")
        shell.send("json\n")
        shell.expect(re.escape(UNKNOWN_TO_BGPD) + " show peering json\n(.*\n)*.*" + PROMPT)
        shell.send("configure terminal\n")
        shell.expect(r"\(config\)# $")
        shell.send(f"router bgp {EDGE_AS}\n")
        shell.expect(r"\(config-router\)# $")
        shell.send("peering ACME valid\t")
        shell.expect("peering ACME validation-window $")
        shell.send("?")
        shell.expect(r"\(1-86400\) +Seconds\n")
        shell.send("\x15no peering ACME rec\t")
        shell.expect("no peering ACME received-limit $")


def test_a_terminal_without_the_extension_completes_nothing(session_plain):
    with terminal(session_plain, None) as shell:
        shell.expect(PROMPT)
        shell.send("show peeri\t?")
        assert "peering" not in shell.expect("There is no matched command")


# Never in the way

@pytest.fixture
def pager(tmp_path):
    """A pager that notes what it finds in its environment."""
    script = tmp_path / "pager"
    script.write_text(f"""#!/bin/sh
{{ echo "preload=[$LD_PRELOAD]"; grep -c vtysh_peering /proc/$$/maps; }} >{tmp_path}/note
mv {tmp_path}/note {tmp_path}/noted
exec cat
""")
    script.chmod(0o755)
    return script


def noted_by(router, pager, preload):
    noted = pager.parent / "noted"
    noted.unlink(missing_ok=True)
    with terminal(router, preload, VTYSH_PAGER=str(pager)) as shell:
        shell.expect(PROMPT)
        shell.send("show version\n")
        shell.expect(r"FRRouting \S+ \(")
        return until("a note of the pager", lambda: noted.read_text() if noted.exists() else "")


def test_children_of_vtysh_do_not_load_it(session_plain, pager):
    assert noted_by(session_plain, pager, build.vtysh_extension()) == "preload=[]\n0\n"


def test_what_else_is_preloaded_stays(session_plain, pager):
    extension = build.vtysh_extension()
    other = next(str(path) for path in sorted(Path("/usr/lib").glob("*/libm.so.6")))
    same_file = pager.parent / "linked.so"
    same_file.symlink_to(extension)
    for value in (f"{other}:{extension}", f"{extension} {other}", f"{extension}:{same_file}:{other}"):
        assert noted_by(session_plain, pager, value) == f"preload=[{other}]\n0\n"


def test_other_programs_run_with_it():
    for argv in (["/bin/true"], ["/bin/sh", "-c", "exec ls /"], [build.FRR_DAEMONS / "bgpd", "--version"],
                 [build.FRR_DAEMONS / "zebra", "--version"]):
        ended = subprocess.run(argv, env=environment(build.vtysh_extension(), LD_BIND_NOW="1"), text=True,
                               capture_output=True, timeout=60)
        assert ended.returncode == 0 and ended.stderr == "", ended


def test_it_exports_one_name():
    listed = subprocess.run(["nm", "-D", "--defined-only", build.vtysh_extension()], check=True, text=True,
                            capture_output=True, timeout=60).stdout
    assert [line.split()[-1] for line in listed.splitlines()] == ["vty_init_vtysh"]


@pytest.fixture
def other_version(tmp_path):
    """The extension, built for an FRR whose version is another."""
    # Those that the tree was built with; tools/build-tree says what FRR_SOURCE means.
    source = os.environ.get("FRR_SOURCE")
    include = Path(subprocess.run([build.tool("frr-headers"), *(["--source", source] if source else [])], check=True,
                                  text=True, stdout=subprocess.PIPE, timeout=600).stdout.strip())
    doctored = tmp_path / "include" / "lib"
    doctored.mkdir(parents=True)
    text = (include / "lib" / "version.h").read_text()
    changed = re.sub(r'#define FRR_VERSION\s+"[^"]*"', '#define FRR_VERSION "0.0.1"', text)
    assert changed != text
    (doctored / "version.h").write_text(changed)
    target = tmp_path / "vtysh_peering.so"
    subprocess.run(["cc", "-std=gnu11", "-fms-extensions", "-fvisibility=hidden", "-fPIC", "-shared", "-w",
                    "-include", include / "config.h", "-isystem", tmp_path / "include", "-isystem", include,
                    "-isystem", include / "lib", "-I", build.SOURCE, "-o", target,
                    build.SOURCE / "vtysh" / "extension.c", build.SOURCE / "vtysh" / "preload.c"],
                   check=True, timeout=120)
    return target


def test_in_another_version_it_is_silent_and_vtysh_works(session_plain, other_version, pager):
    version = run(session_plain, *commands("show version"), extension=other_version)
    assert version.returncode == 0 and version.stdout.startswith("FRRouting ") and version.stderr == ""
    show = run(session_plain, *commands("show peering"), extension=other_version)
    assert UNKNOWN_TO_VTYSH in show.stdout
    assert noted_by(session_plain, pager, other_version) == "preload=[]\n0\n"
    with terminal(session_plain, other_version) as shell:
        said = shell.expect(PROMPT)
        assert "frr-peering was built for FRR 0.0.1" in said


# Configuration

def test_without_the_module_a_file_applies_all_other_lines(plain):
    """A router whose module is gone still boots everything else, with the extension and without it."""
    lines = (f"router bgp {EDGE_AS}\n peering ACME kind direct\n no bgp network import-check\nexit\n"
             "ip prefix-list AFTER permit any\n")
    for extension in (build.vtysh_extension(), None):
        file = plain.etc / "lines.conf"
        file.write_text(lines)
        ended = run(plain, "-f", str(file), extension=extension)
        assert ended.returncode != 0 and "peering ACME kind direct" in ended.stdout + ended.stderr
        running = run(plain, *commands("show running-config"), extension=extension).stdout
        assert " no bgp network import-check\n" in running and "ip prefix-list AFTER seq 5 permit any\n" in running
        cleared = run(plain, *commands("configure terminal", "no ip prefix-list AFTER", f"router bgp {EDGE_AS}",
                                       "bgp network import-check"))
        assert cleared.returncode == 0, cleared


def test_lines_survive_write_and_boot(lab):
    router = Router(lab)
    router.start(CONFIG)
    lines = ["peering ACME neighbor 192.0.2.2", "peering ACME neighbor 2001:db8:1::2 optional", "peering ACME kind exchange",
             "peering ACME received-limit ipv4 2000", "peering ACME validation-window 30",
             "peering ACME description two words"]
    router.configure_bgp(*lines, "no bgp network import-check")

    def ours(text):
        return [line for line in text.splitlines() if line.startswith(" peering ")]

    running = router.running_config()
    assert sorted(ours(running)) == sorted(f" {line}" for line in lines)
    router.vtysh("write memory")
    written = router.config_file.read_text()
    assert ours(written) == ours(running)
    # The block goes on behind our lines, and the file behind the block.
    assert " no bgp network import-check\n" in written and written.rstrip().endswith(("!", "exit", "end"))

    router.stop_bgpd()
    router.start_bgpd()
    assert ours(router.running_config()) == ours(running)
    assert router.connection("ACME")["kind"] == "exchange"


def test_nothing_of_ours_is_lost_where_vtysh_writes_without_the_extension(lab):
    """A write by hand with the wrong vtysh: unknown lines under `router bgp` are passed through."""
    router = Router(lab)
    router.start(CONFIG)
    router.configure_bgp("peering ACME neighbor 192.0.2.2", "peering ACME received-limit ipv4 2000")
    plain = run(router, *commands("write memory"))
    assert plain.returncode == 0, plain
    written = router.config_file.read_text()
    assert " peering ACME neighbor 192.0.2.2\n" in written and " peering ACME received-limit ipv4 2000\n" in written


def test_vtysh_of_the_package_is_what_is_tested():
    """The name may be the wrapper where frr-peering is installed; what it runs is FRR's own file."""
    listed = subprocess.run(["dpkg-query", "-S", build.VTYSH], text=True, capture_output=True, timeout=60)
    assert any(line.startswith("frr:") for line in listed.stdout.splitlines()), shlex.quote(listed.stderr)
