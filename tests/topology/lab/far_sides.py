# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemons that the leak matrix has as its far side, by name."""
from .far_bgpd import FarBgpd
from .far_bird import FarBird

FAR_SIDES = {"bird": FarBird, "bgpd": FarBgpd}
