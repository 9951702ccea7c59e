# SPDX-License-Identifier: GPL-2.0-or-later
"""Many routers at once, simulated; what the controller has stored is read from its database."""
import pytest

from controller_process import Controller, make_pki
from fleet_process import Fleet

ROUTERS, CONNECTIONS, RATE, SECONDS = 60, 5, 600, 4


@pytest.fixture
def controller(tmp_path):
    pki = make_pki(tmp_path / "pki", "--controller", "localhost,127.0.0.1", "--router", "simulator", "--operator",
                   "noc@example.net")
    controller = Controller(tmp_path, pki).start()
    yield controller
    if controller.running():
        controller.kill()


def test_nothing_acknowledged_is_lost_when_the_controller_dies_under_load(controller):
    controller.keep_ports()
    with Fleet(controller.router_address, controller.pki, ROUTERS, CONNECTIONS) as fleet:
        fleet.order("connect")
        seen = controller.query("SELECT router, count(*) FROM observed_connection GROUP BY router")
        assert len(seen) == ROUTERS and {count for _, count in seen} == {CONNECTIONS}

        fleet.tell(f"load {RATE} {SECONDS}")
        began = stored(controller)
        while stored(controller) < began + RATE:
            pass
        controller.kill()
        controller.start()
        assert fleet.answer()["errors"] == 0
        sent = fleet.order("synchronised")["sent"]
    assert sent >= ROUTERS + RATE * SECONDS
    # Each once, none missing, in every router's own count.
    of_router = controller.query("SELECT count(*), count(DISTINCT sequence), min(sequence), max(sequence) FROM transition"
                                 " GROUP BY router")
    assert len(of_router) == ROUTERS
    assert all(count == distinct == most and least == 1 for count, distinct, least, most in of_router)
    assert sum(count for count, *_ in of_router) == sent


def stored(controller):
    return controller.query("SELECT count(*) FROM transition")[0][0]
