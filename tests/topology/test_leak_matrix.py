# SPDX-License-Identifier: GPL-2.0-or-later
"""The leak matrix: nothing crosses a closed gate, whatever the sort of session, the way and the daemon at the far side.

lab/leak_matrix.py has the rows and goes through the phases, once for each daemon; a test here judges one cell by what the
far sides saw then. What a daemon cannot do is no test: the table that the run prints says n/a there, and why.
"""
import pytest

from lab.far_sides import FAR_SIDES
from lab.leak_matrix import CLOSED_PHASES, FAMILIES, ROWS, Matrix, missing
from lab.namespaces import Lab

# Labs share a worker, or each would be made again in every worker.
CELLS = [pytest.param(daemon, row, phase, family, id=f"{daemon}-{row.name}-{phase}-{family}",
                      marks=pytest.mark.xdist_group(f"leak-matrix-{daemon}"))
         for daemon, far_class in FAR_SIDES.items() for row in ROWS if not missing(far_class, row)
         for phase in (*CLOSED_PHASES, "opened") for family in FAMILIES]


@pytest.fixture(scope="module")
def matrices():
    """A function from a daemon's name to its matrix, gone through once. A worker has the cells of one daemon together."""
    made = {}

    def matrix(daemon):
        if daemon not in made:
            with Lab() as lab:
                made[daemon] = Matrix(lab, FAR_SIDES[daemon])
                try:
                    made[daemon].drive()
                except Exception as error:
                    made[daemon].error = error
                    print(made[daemon].logs())
        return made[daemon]

    return matrix


@pytest.mark.parametrize("daemon, row, phase, family", CELLS)
def test_cell(matrices, record_property, daemon, row, phase, family):
    record_property("leak-matrix", (daemon, row.name, phase, family))
    matrix = matrices(daemon)
    if (row.name, phase, family) not in matrix.facts:
        raise matrix.error
    problems = matrix.not_passed if phase == "opened" else matrix.leaks
    assert problems(row.name, phase, family) == []


def test_every_row_has_a_far_side():
    assert [row.name for row in ROWS if all(missing(far_class, row) for far_class in FAR_SIDES.values())] == []
