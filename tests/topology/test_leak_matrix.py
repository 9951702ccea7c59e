# SPDX-License-Identifier: GPL-2.0-or-later
"""The leak matrix: nothing crosses a closed gate, whatever the sort of session, the way and the daemon at the far side.

lab/leak_matrix.py has the rows and goes through the phases, once for each daemon; a test here judges one cell by what
the far sides saw then. What a daemon cannot do is no test: the table that the run prints says n/a there, and why.
"""
import pytest

from lab.far_sides import FAR_SIDES
from lab.leak_matrix import CLOSED_PHASES, FAMILIES, ROWS, Matrix, missing
from lab.namespaces import Lab
from lab.walls import Walls

# All that stands in the way of a route, either way. The audit would shut a session that leaks.
WALLS = ("groups", "policy", "parser", "typed", "closing", "capability", "audit")
# Between them these take part in every row. ./run-tests goes through them in Debian 13, too.
WITHOUT_WALLS = IN_EACH_VERSION = ("bird", "bgpd")
# Even without walls: bgpd sends nothing of a family that a CAPABILITY message adds to an open session.
CROSSES_NEVER = ("dynamic-capability",)


def cases(daemons, phases, kind):
    """Labs share a worker, or each would be made again in every worker."""
    def marks(daemon):
        group = pytest.mark.xdist_group(f"leak-matrix-{daemon}-{kind}")
        return [group, pytest.mark.versions] if daemon in IN_EACH_VERSION else [group]

    return [pytest.param(daemon, row, phase, family, id=f"{daemon}-{row.name}-{phase}-{family}", marks=marks(daemon))
            for daemon in daemons for row in ROWS if not missing(FAR_SIDES[daemon], row)
            for phase in phases for family in FAMILIES]


@pytest.fixture(scope="module")
def driven():
    """A function that returns the matrix of a daemon when the phases have been gone through, once."""
    made = {}

    def matrix(daemon, walls=True):
        if (daemon, walls) not in made:
            with Lab() as lab:
                new = made[daemon, walls] = Matrix(lab, FAR_SIDES[daemon])
                try:
                    if walls:
                        new.drive()
                    else:
                        new.drive_without_walls(Walls(new.edge), WALLS, CROSSES_NEVER)
                except Exception as error:
                    new.error = error
                    print(new.logs())
        return made[daemon, walls]

    return matrix


def expect_none(matrix, problems, name, phase, family):
    if matrix.error:
        raise matrix.error
    assert problems(name, phase, family) == []


@pytest.mark.parametrize("daemon, row, phase, family", cases(FAR_SIDES, (*CLOSED_PHASES, "opened"), "whole"))
def test_cell(driven, record_property, daemon, row, phase, family):
    record_property("leak-matrix", (daemon, row.name, phase, family))
    matrix = driven(daemon)
    expect_none(matrix, matrix.not_passed if phase == "opened" else matrix.leaks, row.name, phase, family)


@pytest.mark.parametrize("daemon, row, phase, family",
                         [case for case in cases(WITHOUT_WALLS, CLOSED_PHASES, "without-walls")
                          if case.values[1].name not in CROSSES_NEVER])
def test_without_the_walls_it_passes(driven, daemon, row, phase, family):
    """So that each cell is seen to fail: in a build whose walls are down, what it is about crosses the closed gate."""
    matrix = driven(daemon, walls=False)
    if phase == "start" and row.only_while_gated():
        phase = "gated"
    expect_none(matrix, matrix.not_passed, row.name, phase, family)


def test_every_row_has_a_far_side():
    for daemons in (FAR_SIDES, WITHOUT_WALLS):
        assert [row.name for row in ROWS if all(missing(FAR_SIDES[daemon], row) for daemon in daemons)] == []
