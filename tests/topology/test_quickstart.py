# SPDX-License-Identifier: GPL-2.0-or-later
"""The quick start's walk, as README.md has people begin: from nothing to Active and out of service again."""
import os
import re
import subprocess
import sys
from pathlib import Path

from lab import build


def alike(line):
    """Whatever time it is."""
    return re.sub(r"\d+", "N", re.sub(" +", " ", line))


def test_the_walk_comes_to_its_end():
    ended = subprocess.run([sys.executable, Path(__file__).with_name("walk.py")], text=True, timeout=600,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           env={**os.environ, "PEERING_BUILD": str(build.BUILD)})
    assert ended.returncode == 0, ended.stdout
    assert "Everything was as it should be" in ended.stdout
    # What README.md shows of it looks as it does now.
    shown = {alike(line) for line in ended.stdout.splitlines()}
    readme = re.findall(r"^```\nedge1# .*?^```", (build.SOURCE / "README.md").read_text(), re.M | re.S)
    lines = [line for block in readme for line in block.splitlines() if re.match("Session|Check|Name|Flags|State|Do|Verbs|AS", line)]
    assert len(lines) >= 8
    for line in lines:
        assert alike(line) in shown, line
