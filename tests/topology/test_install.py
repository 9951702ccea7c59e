# SPDX-License-Identifier: GPL-2.0-or-later
"""`make install` and `make uninstall`, in a throw-away copy of the machine: vtysh, directories, bgpd's options."""
import hashlib
import re
from pathlib import Path

import pytest

from lab import build
from machine import Machine, owner_and_mode

SETUP = "/usr/local/sbin/peering-system-setup"
EXTENSION = "/usr/local/lib/frr-peering/vtysh_peering.so"
VTYSH, VTYSH_FRR = "/usr/bin/vtysh", "/usr/bin/vtysh.frr"
DAEMONS = "/etc/frr/daemons"
STATE, TLS = "/var/lib/frr/peering", "/etc/frr/peering"
KNOWS = ["vtysh", "-C", "-c", "show peering"]


def copy(base=None):
    return Machine(build.SOURCE, build.BUILD, base=base)


@pytest.fixture
def machine():
    with copy() as made:
        yield made


@pytest.fixture(scope="module")
def base():
    """A machine on which `make install` was run. Tests begin from it, and leave it as it is."""
    if "frr-peering's wrapper" in Path(VTYSH).read_bytes()[:400].decode("latin-1"):
        pytest.fail("frr-peering is installed on this machine: remove it, then run this test")
    with copy() as made:
        make(made, "install")
        yield made


@pytest.fixture
def installed(base):
    with copy(base) as made:
        yield made


def make(machine, *words):
    return machine.run("make", "-C", str(build.BUILD), *words)


def uninstall(machine):
    return make(machine, "uninstall")


def changed(machine):
    """What differs from the machine outside of the project's own folders."""
    return [path for path in machine.changed() if not path.startswith((str(build.BUILD), str(build.SOURCE)))]


def module_path():
    text = (build.BUILD / "Makefile").read_text()
    folder = re.search(r"^frr_moduledir = (.*)$", text, re.MULTILINE)[1]
    assert folder.startswith("/"), "configured without the installed frr"
    return f"{folder}/bgpd_peering.so"


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def diversion(machine):
    return machine.run("dpkg-divert", "--list", VTYSH).strip()


def vtysh_knows(machine):
    """Without a daemon vtysh refuses a command that it knows in other words than one that it does not."""
    said = machine.try_run(*KNOWS).stdout
    assert ("bgpd is not running" in said) != ("Unknown command" in said), said
    return "bgpd is not running" in said


def options(machine):
    return [line for line in machine.path(DAEMONS).read_text().splitlines() if line.startswith("bgpd_options=")]


# In and out

def test_install_and_uninstall_leave_nothing_but_the_two_directories(machine):
    make(machine, "install")
    assert vtysh_knows(machine)
    assert machine.path(module_path()).is_file()
    uninstall(machine)
    left = changed(machine)
    # Directories of the prefix may stay, as with every `make uninstall`; dpkg keeps a copy of its list.
    assert {path for path in left if not machine.path(path).is_dir()} <= {"/var/lib/dpkg/diversions-old"}
    assert {STATE, TLS} <= set(left)


def test_vtysh_is_diverted_and_comes_back_byte_for_byte(installed):
    before = digest(Path(VTYSH))
    assert digest(installed.path(VTYSH_FRR)) == before
    assert diversion(installed) == f"local diversion of {VTYSH} to {VTYSH_FRR}"
    # FRR's package has no changed file.
    assert "/usr/bin/vtysh" not in installed.try_run("dpkg", "--verify", "frr").stdout
    uninstall(installed)
    assert digest(installed.path(VTYSH)) == before
    assert not installed.path(VTYSH_FRR).exists()
    assert diversion(installed) == ""
    assert not vtysh_knows(installed)


def test_a_package_owns_its_diversion(installed):
    machine = installed
    machine.run(SETUP, "remove")
    machine.run(SETUP, "install", "--package", "frr-peering")
    assert diversion(machine) == f"diversion of {VTYSH} to {VTYSH_FRR} by frr-peering"
    assert vtysh_knows(machine)
    machine.run(SETUP, "install", "--package", "frr-peering")
    machine.run(SETUP, "remove")
    assert diversion(machine) == "" and digest(machine.path(VTYSH)) == digest(Path(VTYSH))
    assert not machine.path(VTYSH_FRR).exists()


def test_the_directories_are_for_bgpd_alone(installed):
    assert owner_and_mode(installed.path(STATE)) == ("frr", "frr", 0o700)
    assert owner_and_mode(installed.path(TLS)) == ("root", "frr", 0o2750)
    # A key that root copies there can be read by bgpd's group.
    installed.run("sh", "-c", f"umask 027; echo key >{TLS}/router.key")
    assert owner_and_mode(installed.path(f"{TLS}/router.key")) == ("root", "frr", 0o640)


def test_uninstall_keeps_the_journal(installed):
    installed.run("sh", "-c", f"echo record >{STATE}/journal")
    uninstall(installed)
    assert installed.path(f"{STATE}/journal").read_text() == "record\n"


def test_doing_it_twice_changes_nothing(machine):
    make(machine, "install")
    before = changed(machine)
    machine.run(SETUP, "install")
    make(machine, "install")
    assert changed(machine) == before


def test_removing_twice_is_removing_once(installed):
    installed.run(SETUP, "remove")
    assert not vtysh_knows(installed)
    installed.run(SETUP, "remove")
    assert diversion(installed) == "" and digest(installed.path(VTYSH)) == digest(Path(VTYSH))


def test_destdir_touches_nothing_of_the_system(machine):
    make(machine, "install", "DESTDIR=/srv/stage")
    assert [path for path in changed(machine) if not path.startswith("/srv/stage")] == []
    assert machine.path(f"/srv/stage{SETUP}").is_file()


# vtysh, whatever happens around it

def test_vtysh_runs_where_the_extension_is_missing(installed):
    installed.path(EXTENSION).unlink()
    # Not a word about what is missing: scripts read this.
    assert installed.run("vtysh", "--help").startswith("Usage")
    assert not vtysh_knows(installed)


def test_the_wrapper_says_so_where_frr_is_gone(installed):
    installed.path(VTYSH_FRR).unlink()
    said = installed.refused("vtysh", "-c", "show version")
    assert VTYSH_FRR in said and "install the package frr" in said
    # What is left of it still goes.
    uninstall(installed)
    assert not installed.path(VTYSH).exists() and diversion(installed) == ""


def frr_package(machine, version, vtysh):
    """A package frr of another version, whose vtysh has the given text."""
    root = machine.path("/srv/frr")
    (root / "DEBIAN").mkdir(parents=True)
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/vtysh").write_text(vtysh)
    (root / "usr/bin/vtysh").chmod(0o755)
    architecture = machine.run("dpkg", "--print-architecture").strip()
    (root / "DEBIAN/control").write_text(
        f"Package: frr\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: nobody <nobody@example.org>\n"
        "Description: a vtysh alone\n")
    machine.run("dpkg-deb", "--root-owner-group", "--build", "/srv/frr", "/srv/frr.deb")
    return "/srv/frr.deb"


def test_the_wrapper_survives_an_upgrade_of_frr(installed):
    deb = frr_package(installed, "99:1", "#!/bin/sh\necho of the new package\n")
    installed.run("dpkg", "--force-all", "--install", deb)
    assert installed.run("vtysh", "-c", "anything") == "of the new package\n"
    assert "frr-peering's wrapper" in installed.path(VTYSH).read_text()
    uninstall(installed)
    assert installed.path(VTYSH).read_text() == "#!/bin/sh\necho of the new package\n"
    assert not installed.path(VTYSH_FRR).exists()


def test_a_diversion_of_another_package_is_left_alone(machine):
    machine.run("dpkg-divert", "--package", "other", "--divert", "/usr/bin/vtysh.other", "--rename", "--add", VTYSH)
    machine.path(VTYSH).write_text("#!/bin/sh\necho of another\n")
    machine.path(VTYSH).chmod(0o755)
    said = machine.refused("make", "-C", str(build.BUILD), "install")
    assert "diverted by other already" in said
    assert machine.run("vtysh") == "of another\n"
    machine.run(SETUP, "remove")
    assert machine.run("vtysh") == "of another\n"
    assert diversion(machine) == f"diversion of {VTYSH} to /usr/bin/vtysh.other by other"


def test_a_vtysh_put_there_by_hand_is_left_alone(installed):
    installed.path(VTYSH).write_text("#!/bin/sh\necho by hand\n")
    for verb in ("install", "remove"):
        assert "left alone" in installed.refused(SETUP, verb)
        assert installed.run("vtysh") == "by hand\n"
        assert digest(installed.path(VTYSH_FRR)) == digest(Path(VTYSH))


@pytest.mark.parametrize("step", ["diverted", "linked"])
def test_an_install_that_broke_off_is_finished_or_undone(machine, step):
    def break_off():
        machine.run("dpkg-divert", "--local", "--no-rename", "--divert", VTYSH_FRR, "--add", VTYSH)
        if step == "linked":
            machine.run("ln", VTYSH, VTYSH_FRR)

    break_off()
    make(machine, "install")
    assert vtysh_knows(machine) and digest(machine.path(VTYSH_FRR)) == digest(Path(VTYSH))
    machine.run(SETUP, "remove")
    break_off()
    machine.run(SETUP, "remove")
    assert diversion(machine) == "" and digest(machine.path(VTYSH)) == digest(Path(VTYSH))
    assert not machine.path(VTYSH_FRR).exists()


# bgpd's options

def test_enable_and_disable_change_one_line_and_take_it_back(installed):
    before = installed.path(DAEMONS).read_text()
    rights = owner_and_mode(installed.path(DAEMONS))
    old = options(installed)
    said = installed.run(SETUP, "enable")
    assert "Restarting it resets every BGP session once" in said
    assert options(installed) == [old[0].rstrip('"') + ' -M peering"']
    assert len(installed.path(DAEMONS).read_text().splitlines()) == len(before.splitlines())
    assert owner_and_mode(installed.path(DAEMONS)) == rights
    assert installed.path(f"{DAEMONS}.before-peering").read_text() == before
    assert list(installed.path(STATE).iterdir()) == [], "a trial of the module left something in the journal's place"
    once = installed.path(DAEMONS).read_text()
    assert "has -M peering already" in installed.run(SETUP, "enable")
    assert installed.path(DAEMONS).read_text() == once
    installed.run(SETUP, "disable")
    assert installed.path(DAEMONS).read_text() == before
    installed.run(SETUP, "disable")
    assert installed.path(DAEMONS).read_text() == before


@pytest.mark.parametrize("line,enabled", [
    ('bgpd_options="   -A 127.0.0.1"  # a word', 'bgpd_options="   -A 127.0.0.1 -M peering"  # a word'),
    ("bgpd_options='-A ::1'", "bgpd_options='-A ::1 -M peering'"),
    ('bgpd_options=""', 'bgpd_options="-M peering"'),
    ('bgpd_options="-A ::1 -M bmp -M rpki"', 'bgpd_options="-A ::1 -M peering -M bmp -M rpki"'),
])
def test_enable_keeps_how_a_line_is_written(installed, line, enabled):
    installed.path("/srv/daemons").write_text(f"bgpd=yes\n{line}\n")
    installed.run(SETUP, "enable", "/srv/daemons")
    assert installed.path("/srv/daemons").read_text() == f"bgpd=yes\n{enabled}\n"
    installed.run(SETUP, "disable", "/srv/daemons")
    assert installed.path("/srv/daemons").read_text() == f"bgpd=yes\n{line}\n"


@pytest.mark.parametrize("line", ['bgpd_options=("-A" "::1")', 'bgpd_options="$common"', "bgpd_options=-Mbmp",
                                  'bgpd_options="-A ::1\n -n"'])
def test_enable_leaves_alone_what_it_does_not_understand(installed, line):
    installed.path("/srv/daemons").write_text(f"{line}\n")
    said = installed.refused(SETUP, "enable", "/srv/daemons")
    assert "by hand" in said
    assert installed.path("/srv/daemons").read_text() == f"{line}\n"


def test_enable_refuses_a_module_that_would_keep_bgpd_from_starting(installed):
    before = installed.path(DAEMONS).read_text()
    module = installed.path(module_path())
    whole = module.read_bytes()
    module.write_bytes(b"not a module\n")
    said = installed.refused(SETUP, "enable")
    assert "does not start with -M peering" in said
    module.unlink()
    assert "bgpd would not start without it" in installed.refused(SETUP, "enable")
    assert installed.path(DAEMONS).read_text() == before
    module.write_bytes(whole)
    installed.run(SETUP, "enable")


def bgpd_starts(machine):
    """Whether bgpd starts as FRR's scripts would start it; a module that is missing makes it exit."""
    started = machine.try_run("bash", "-c", f". {DAEMONS}; exec /usr/lib/frr/bgpd $bgpd_options -C -S -Z -n -p 0 -P 0 "
                              "-f /dev/null --vty_socket /srv -i /srv/pid")
    return started.returncode == 0


def test_uninstall_takes_the_module_out_of_the_options_first(installed):
    """Else no BGP at all after the next boot."""
    before = installed.path(DAEMONS).read_text()
    installed.run(SETUP, "enable")
    assert bgpd_starts(installed)
    uninstall(installed)
    assert not installed.path(module_path()).exists()
    assert installed.path(DAEMONS).read_text() == before
    assert bgpd_starts(installed)


@pytest.mark.parametrize("line", [
    'bgpd_options="-Mpeering -A 127.0.0.1"', 'bgpd_options="-A 127.0.0.1 --module=peering:state-dir=/srv/state"',
    'bgpd_options=\'-A 127.0.0.1 --module peering -M bmp\'', 'bgpd_options="-A 127.0.0.1\n -M peering\n -n"',
    'bgpd_options="-A 127.0.0.1"\nbgpd_options="$bgpd_options -M peering"',
])
@pytest.mark.parametrize("file", [DAEMONS, "/etc/frr/daemons.conf", "/etc/default/frr", "/etc/frr/blue/daemons"])
def test_uninstall_finds_the_module_however_it_is_written(installed, file, line):
    installed.path(file).parent.mkdir(exist_ok=True)
    installed.path(file).write_text(f"# -M peering\nbgpd=yes\n{line}\nother=1\n")
    installed.run(SETUP, "remove")
    left = installed.path(file).read_text()
    assert left.startswith("# -M peering\nbgpd=yes\nbgpd_options=") and left.endswith("\nother=1\n")
    options_left = installed.run("bash", "-c", f". {file}; echo $bgpd_options")
    assert "peering" not in options_left and "-A 127.0.0.1" in options_left
    assert ("-M bmp" in options_left) == ("-M bmp" in line)


@pytest.mark.parametrize("line", ['bgpd_options=("-M" "peering")', 'm=peering; bgpd_options="-M $m"'])
def test_uninstall_refuses_where_it_cannot_take_the_module_out(installed, line):
    installed.path(DAEMONS).write_text(f"{line}\n")
    said = installed.refused("make", "-C", str(build.BUILD), "uninstall")
    assert "do it by hand" in said
    assert installed.path(DAEMONS).read_text() == f"{line}\n"
    # Nothing of it is gone.
    assert installed.path(module_path()).is_file() and vtysh_knows(installed)


def test_status_says_what_is_set_up(installed):
    said = installed.run(SETUP, "status")
    assert "vtysh: knows the commands" in said and f"options: {DAEMONS} does not load the module" in said
    installed.run(SETUP, "enable")
    assert f"options: {DAEMONS} loads the module" in installed.run(SETUP, "status")
    installed.path(module_path()).unlink()
    assert "bgpd will not start" in installed.run(SETUP, "status")
    assert "past the boot guard" not in said
    installed.run("sh", "-c", "cd /etc/frr && rm -f frr.conf && touch bgpd.conf")
    assert "bgpd reads /etc/frr/bgpd.conf by itself, past the boot guard" in installed.run(SETUP, "status")
