# SPDX-License-Identifier: GPL-2.0-or-later
"""The quick start's walk, as README.md has people begin: from nothing to Active and out of service again."""
import os
import subprocess
import sys
from pathlib import Path

from lab import build


def test_the_walk_comes_to_its_end():
    ended = subprocess.run([sys.executable, Path(__file__).with_name("walk.py")], text=True, timeout=600,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           env={**os.environ, "PEERING_BUILD": str(build.BUILD)})
    assert ended.returncode == 0, ended.stdout
    assert "Everything was as it should be" in ended.stdout
