# SPDX-License-Identifier: GPL-2.0-or-later
"""One sequence of steps in a lab of its own, from its start to the verdict."""
import time

from lab.namespaces import Lab

from bed import Bed
from judge import Found, judge
from model import GRACE

# Captures tell when each thing happened, so that a look in between finds nothing more; it ends a failing sequence early.
STEPS_BETWEEN_LOOKS = 25


def play(steps, walls_down=()):
    """Runs the steps. Returns the Finding, or None, how many steps were made, how often they opened a gate, and how often the
    tenant's policies were held against what passed."""
    with Lab() as lab:
        bed = Bed(lab, walls_down)
        made = 0
        try:
            bed.start()
            for made, step in enumerate(steps, start=1):
                bed.do(step)
                if made % STEPS_BETWEEN_LOOKS == 0:
                    judge(bed)
            bed.close_bypasses()
            # Time for what was let in or out to show.
            time.sleep(GRACE + 1)
            judge(bed)
        except Found as found:
            return found.finding, made, bed.openings(), bed.tenant.judged
        except Exception as error:
            error.add_note("bgpd's log ends:\n" + bed.end_of_log())
            raise
        finally:
            bed.stop()
        return None, made, bed.openings(), bed.tenant.judged
