# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemons that the leak matrix has as its far side, by name."""
from .exabgp import FarExabgp
from .far_bgpd import FarBgpd
from .far_bird import FarBird
from .gobgp import FarGobgp
from .openbgpd import FarOpenbgpd

FAR_SIDES = {"bird": FarBird, "gobgp": FarGobgp, "openbgpd": FarOpenbgpd, "exabgp": FarExabgp, "bgpd": FarBgpd}
