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

# Walls that are taken down together. What passes then, and what the other walls hold all the same, is in
# leak_matrix.py: without the first the policy holds both ways; without the second the first does; without all nothing.
# Where the families are not hidden, closing takes the peer out of its update-groups all the same.
FIRST_WALLS = ("groups", "closing", "parser")
RUNS = {"without-first": FIRST_WALLS, "without-policy": ("policy",),
        "without-both": (*FIRST_WALLS, "policy", "typed", "capability"), "without-closing": ("closing",),
        "without-groups": ("groups",), "without-typed": ("typed",), "without-capability": ("capability",),
        "without-first-and-typed": (*FIRST_WALLS, "typed", "capability")}
# What is typed, and what comes in a CAPABILITY message.
TYPED_ROWS = tuple(row.name for row in ROWS if row.typed) + ("dynamic-capability",)
# Where a route-map is not asked, closing holds alone what has stood there since the start of the session. (With an
# advertise-map bgpd ends: its bgp_conditional_adv_timer() takes for granted that a peer with a family that is not hidden is
# in a group. The two walls are put up in one step, so that this is a matter of the test build alone.)
ROWS_OF = {"without-groups": ("default-originate", "default-map", "unsuppress"), "without-typed": TYPED_ROWS,
           "without-capability": ("dynamic-capability",), "without-first-and-typed": TYPED_ROWS}
# Each for the rows in which those before take no part.
WITHOUT_WALLS = ("bird", "bgpd", "gobgp")
# ./run-tests goes through these in Debian 13, too.
IN_EACH_VERSION = ("bird", "bgpd")


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

    def matrix(daemon, run=None, rows=ROWS):
        if (daemon, run) not in made:
            with Lab() as lab:
                new = made[daemon, run] = Matrix(lab, FAR_SIDES[daemon], rows)
                try:
                    if run is None:
                        new.drive()
                    elif run == "without-closing":
                        new.drive_without_closing(Walls(new.edge))
                    else:
                        new.drive_without(Walls(new.edge), RUNS[run])
                except Exception as error:
                    new.error = error
                    print(new.logs())
        return made[daemon, run]

    return matrix


def expect_none(matrix, problems, name, phase, family):
    if matrix.error:
        # Raised for each cell: without the frames of those before.
        raise matrix.error.with_traceback(None)
    assert problems(name, phase, family) == []


@pytest.mark.parametrize("daemon, row, phase, family", cases(FAR_SIDES, (*CLOSED_PHASES, "opened"), "whole"))
def test_cell(driven, record_property, daemon, row, phase, family):
    record_property("leak-matrix", (daemon, row.name, phase, family))
    matrix = driven(daemon)
    expect_none(matrix, matrix.not_passed if phase == "opened" else matrix.leaks, row.name, phase, family)


def rows_of(daemon, run=""):
    """The rows that a daemon goes through without walls."""
    return tuple(row for row in ROWS if row.name in ROWS_OF.get(run, [row.name]) and daemon == next(
        (one for one in WITHOUT_WALLS if not missing(FAR_SIDES[one], row)), None))


@pytest.mark.parametrize("run, daemon, row", [
    pytest.param(run, daemon, row, id=f"{run}-{row.name}", marks=pytest.mark.xdist_group(f"leak-matrix-{daemon}-{run}"))
    for run in RUNS for daemon in WITHOUT_WALLS for row in rows_of(daemon, run)])
def test_without_walls(driven, run, daemon, row):
    """So that each row is seen to fail: what it is about passes where the walls that hold it are down, each wall and both
    of them. And where one of two stands, that one holds."""
    matrix = driven(daemon, run, rows_of(daemon, run))
    if matrix.error:
        # Raised for each cell: without the frames of those before.
        raise matrix.error.with_traceback(None)
    problems = []
    for family in FAMILIES:
        if run == "without-closing":
            problems += matrix.not_left(row.name, family)
            continue
        for phase in ("gated",) if row.only_while_gated() else ("start", "gated"):
            problems += matrix.not_through(row.name, phase, family, RUNS[run])
            problems += matrix.leaked_past(row.name, phase, family, RUNS[run])
    assert problems == []


def test_every_row_has_a_far_side():
    assert [row.name for row in ROWS if all(missing(far_class, row) for far_class in FAR_SIDES.values())] == []
    assert {row.name for daemon in WITHOUT_WALLS for row in rows_of(daemon)} == {row.name for row in ROWS}
