# SPDX-License-Identifier: GPL-2.0-or-later
"""A bgpd that the module was not built for: it does nothing there, says so in one line, and bgpd works as without it.

The module is made for such a bgpd by turning it round: FRR's headers are changed, the bgpd stays as it is.
"""
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lab import build
from lab.scenario import NAME, Scenario
from lab.wait import until

pytestmark = pytest.mark.versions


@pytest.fixture
def scenario(lab):
    return Scenario(lab)


@pytest.fixture(scope="module")
def headers():
    """The folder of FRR's headers that the module was built with."""
    text = (build.BUILD / "Makefile").read_text()
    return Path(re.search(r"^FRR_INCLUDE_DIR = (.*)$", text, re.MULTILINE)[1])


def expect_inert(s, reason):
    """One line of the log says why, and routes pass as they do without the module."""
    s.acme.wait_established()
    s.wait_open()
    said = s.edge.log_lines("peering:")
    assert len(said) == 1 and "peering: inert: " in said[0] and reason in said[0], said
    assert s.edge.bgpd.running()


def test_another_version_of_frr(scenario):
    s = scenario
    module = build.bgpd_module().read_bytes()
    version = s.edge.namespace.run([build.FRR_DAEMONS / "bgpd", "--version"]).stdout.split()[2].encode()
    assert module.count(version + b"\0") >= 1
    other = s.lab.directory / "other.so"
    other.write_bytes(module.replace(version + b"\0", version[:-1] + b"x\0"))
    s.edge.install_module(other)
    s.start(s.config())
    expect_inert(s, "built for FRR ")
    assert "Unknown command" in s.edge.refused("show peering")


def doctored_module(headers, folder, file, pattern, replacement):
    """The module, with its idea of FRR's structures taken from headers in which `file` was changed."""
    copy = folder / "include"
    copy.mkdir()
    for entry in headers.iterdir():
        if entry.is_dir():
            shutil.copytree(entry, copy / entry.name)
        else:
            shutil.copy(entry, copy)
    text = (copy / file).read_text()
    changed, count = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE)
    assert count == 1, f"{file} has no {pattern}"
    (copy / file).write_text(changed)
    compiled = folder / "frr_compat.o"
    subprocess.run(["cc", "-std=gnu11", "-fms-extensions", "-fvisibility=hidden", "-fPIC", "-w", "-c",
                    "-include", copy / "config.h", "-I", build.SOURCE, "-isystem", copy, "-isystem", copy / "lib",
                    "-o", compiled, build.SOURCE / "bgpd-peering" / "frr_compat.c"], check=True, timeout=120)
    # A build may have objects of files that are no more.
    objects = sorted(path for path in (build.BUILD / "bgpd-peering").rglob(".libs/bgpd_peering_la-*.o")
                     if (build.SOURCE / path.parent.parent.relative_to(build.BUILD)
                         / f"{path.stem.removeprefix('bgpd_peering_la-')}.c").exists())
    rest = [path for path in objects if not path.name.endswith("-frr_compat.o")]
    assert len(rest) == len(objects) - 1
    target = folder / "bgpd_peering.so"
    subprocess.run(["cc", "-shared", "-o", target, compiled, *rest, build.BUILD / "lib" / ".libs" / "libpeering-core.a",
                    "-lprotobuf-c", "-ljson-c", "-pthread"], check=True, timeout=120)
    return target


def larger(structure):
    return rf"^struct {structure} \{{$", f"struct {structure} {{\n\tchar doctored[64];"


def test_the_headers_as_they_are_make_a_module_that_works(scenario, headers, tmp_path):
    """What the other tests change is all that is different."""
    s = scenario
    s.edge.install_module(doctored_module(headers, tmp_path, "config.h", r"\A", ""))
    s.start(s.config(bgp=s.declaration()))
    s.acme.wait_established()
    s.edge.wait_state(NAME, "PendingApproval")
    s.settle()
    s.expect_nothing_passed()
    assert s.edge.log_lines("inert") == []


@pytest.mark.parametrize("file, structure, name", [
    ("bgpd/bgpd.h", "peer", "BGP peer"), ("bgpd/bgpd.h", "bgp", "BGP instance"),
    ("bgpd/bgp_attr.h", "attr", "BGP attribute"), ("bgpd/bgp_route.h", "bgp_path_info", "BGP route")])
def test_a_structure_of_bgpd_has_another_size(scenario, headers, tmp_path, file, structure, name):
    s = scenario
    s.edge.install_module(doctored_module(headers, tmp_path, file, *larger(structure)))
    s.start(s.config())
    expect_inert(s, f'a "{name}" ')
    assert "INERT" in s.edge.vtysh("show peering")
    assert s.edge.show_json("show peering json")["moduleState"] == "inert"
    for line in s.declaration():
        assert "inert" in s.edge.refused("configure terminal", "router bgp", line)
    assert "peering" not in s.edge.running_config().replace(s.lab.name, "")
    # Sessions come and go; nothing is looked at.
    s.acme.restart_session("edge_ipv4")
    until("a second session", lambda: len(s.capture.read().sessions(s.edge_address("ipv4"))), lambda count: count == 2)
    expect_inert(s, name)


def test_a_structure_of_libfrr_has_another_size(scenario, headers, tmp_path):
    s = scenario
    file, structure = ("lib/frrevent.h", "event") if (headers / "lib/frrevent.h").exists() else ("lib/thread.h", "thread")
    s.edge.install_module(doctored_module(headers, tmp_path, file, *larger(structure)))
    s.start(s.config())
    expect_inert(s, 'a "Thread" ')
    assert "Unknown command" in s.edge.refused("show peering")


def test_bgpd_was_built_with_another_option(scenario, headers, tmp_path):
    s = scenario
    s.edge.install_module(doctored_module(headers, tmp_path, "config.h", r"^#define ENABLE_BGP_VNC 1$", ""))
    s.start(s.config())
    expect_inert(s, "without BGP-VNC")
    assert "Unknown command" in s.edge.refused("show peering")
