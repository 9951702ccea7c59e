# SPDX-License-Identifier: GPL-2.0-or-later
"""Libraries that are preloaded into bgpd, compiled from the C files beside this one."""
import os
import subprocess
import tempfile
from pathlib import Path

from . import build


def library(name):
    """Compiled once for each build of the project; tests that run side by side may race for it, and one wins."""
    made = build.BUILD / f"test-{name}.so"
    source = Path(__file__).with_name(f"{name}.c")
    if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
        with tempfile.TemporaryDirectory(dir=build.BUILD) as folder:
            fresh = Path(folder, made.name)
            subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", fresh, source], check=True)
            os.replace(fresh, made)
    return made
