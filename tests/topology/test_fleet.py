# SPDX-License-Identifier: GPL-2.0-or-later
"""Many routers at once, simulated; what the controller has stored is read from its database."""
import contextlib
import sqlite3

import pytest

from controller_process import Controller, make_pki
from fleet_process import Fleet
from lab.wait import until

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
        expect_each_once(controller, fleet.order("synchronised")["sent"])


def test_a_database_that_goes_away_under_load_loses_nothing(controller):
    """It is locked, and then moved away, while reports come in; they wait, and every one is there when it is back."""
    away = controller.database.with_name("away.db")

    def stuck(times):
        until("trouble with the store", controller.log, lambda text: text.count("event=store-stuck") == times)

    def works(times):
        until("the store works", controller.log, lambda text: text.count("event=store-works") == times)

    with Fleet(controller.router_address, controller.pki, ROUTERS, CONNECTIONS) as fleet:
        fleet.order("connect")
        fleet.tell(f"load {RATE} {SECONDS}")
        began = stored(controller)
        until("reports", lambda: stored(controller), lambda count: count > began)
        with contextlib.closing(sqlite3.connect(controller.database, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            stuck(1)
            kept = stored(controller)
            database.execute("ROLLBACK")
        works(1)
        until("reports", lambda: stored(controller), lambda count: count > kept)
        controller.database.rename(away)
        stuck(2)
        away.rename(controller.database)
        works(2)
        assert fleet.answer()["errors"] == 0
        # Each router is still in the session that it began.
        expect_each_once(controller, fleet.order("synchronised")["sent"])
    assert controller.log().count("event=router-connected") == ROUTERS


def expect_each_once(controller, sent):
    """Nothing that was sent is missing, in every router's own count."""
    assert sent >= ROUTERS + RATE * SECONDS
    of_router = controller.query("SELECT count(*), count(DISTINCT sequence), min(sequence), max(sequence) FROM transition"
                                 " GROUP BY router")
    assert len(of_router) == ROUTERS
    assert all(count == distinct == most and least == 1 for count, distinct, least, most in of_router)
    assert sum(count for count, *_ in of_router) == sent


def stored(controller):
    return controller.query("SELECT count(*) FROM transition")[0][0]
