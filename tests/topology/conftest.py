# SPDX-License-Identifier: GPL-2.0-or-later
"""What every topology test shares: the lab package, a clean end, and the daemons' logs beside a failure."""
import contextlib
import functools
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from controller_fixtures import bad_input, controller, make_controller, pki  # noqa: E402, F401
from lab import build, far_sides, leak_matrix  # noqa: E402
from lab.namespaces import Lab  # noqa: E402

LOG_TAIL = 60
NEIGHBORS_MAX = 65536


def _widen_neighbor_tables():
    """The kernel has one table of neighbors for all namespaces. A test with thousands of them fills it, and tests beside it
    lose their packets: no answer to ARP, echoes that do not come back."""
    for family in ("ipv4", "ipv6"):
        for threshold in ("gc_thresh2", "gc_thresh3"):
            limit = Path(f"/proc/sys/net/{family}/neigh/default/{threshold}")
            with contextlib.suppress(OSError):
                if int(limit.read_text()) < NEIGHBORS_MAX:
                    limit.write_text(f"{NEIGHBORS_MAX}\n")


def pytest_configure(config):
    if os.geteuid() != 0:
        pytest.exit("topology tests make network namespaces and start daemons in them: run them as root", 1)

    _widen_neighbor_tables()
    if threading.current_thread() is not threading.main_thread():
        # A worker that runs pytest beside its main thread: the process that started it ends it.
        return

    def end(number, _frame):
        # As Ctrl-C: fixtures are torn down, so that the lab goes too.
        raise KeyboardInterrupt(f"signal {number}")

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)


@functools.cache
def _has_interfaces(kind):
    """Whether this kernel makes interfaces of that kind, tried in a namespace that goes at once."""
    options = {"vlan": "link try1 name try0 type vlan id 7", "macvlan": "link try1 name try0 type macvlan",
               "vrf": "try0 type vrf table 7"}
    return subprocess.run(["unshare", "--net", "sh", "-ec", f"""ip link add try1 type veth peer name try2
ip link add {options.get(kind, f"try0 type {kind}")}"""], capture_output=True, timeout=60, check=False).returncode == 0


def pytest_collection_modifyitems(config, items):
    lacking = [item for item in items if any(not _has_interfaces(*mark.args)
                                             for mark in item.iter_markers("interface_kind"))
               or (item.get_closest_marker("own_kernel") and "PEERING_OWN_KERNEL" not in os.environ)]
    if lacking:
        items[:] = [item for item in items if item not in lacking]
        config.hook.pytest_deselected(items=lacking)


@pytest.fixture
def lab():
    with Lab() as made:
        yield made


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    made = getattr(item, "funcargs", {}).get("lab")
    if report.failed and made is not None:
        for path in sorted([*made.directory.rglob("*.log"), *made.directory.rglob("*.out")]):
            lines = path.read_text(errors="replace").splitlines()[-LOG_TAIL:]
            if lines:
                report.sections.append((f"end of {path.relative_to(made.directory)}", "\n".join(lines)))


def pytest_terminal_summary(terminalreporter):
    """The leak matrix as a table, from whatever of its cells ran, in any worker."""
    cells = {outcome: {tuple(value) for report in terminalreporter.getreports(outcome)
                       for name, value in getattr(report, "user_properties", ()) if name == "leak-matrix"}
             for outcome in ("passed", "failed", "error")}
    failed = cells["failed"] | cells["error"]
    if not failed | cells["passed"]:
        return
    text = leak_matrix.table(far_sides.FAR_SIDES, failed, failed | cells["passed"])
    terminalreporter.section("leak matrix")
    terminalreporter.write_line(text)
    results = build.BUILD / "test-results"
    results.mkdir(parents=True, exist_ok=True)
    (results / "leak-matrix.txt").write_text(f"{text}\n")
