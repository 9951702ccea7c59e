# SPDX-License-Identifier: GPL-2.0-or-later
"""tools/build-tree after a build that was interrupted, with tools that only pretend to build."""
import os
import shutil
import signal
import subprocess

import pytest

from lab import build
from lab.wait import until

# Each leaves what the real one leaves, in its order; the first run of the one that a test names hangs in the middle.
AUTORECONF = """#!/bin/sh
cat >configure <<'END'
#!/bin/sh
[ -f "$(dirname "$0")/Makefile.in" ] || { echo "configure: error: cannot find Makefile.in" >&2; exit 1; }
: >config.status
chmod +x config.status
%(configure)s
cp "$(dirname "$0")/Makefile.in" Makefile
END
chmod +x configure
%(autoreconf)s
printf 'all:\\n\\ttouch built\\n' >Makefile.in
"""
HANG_ONCE = '[ -e "%s" ] || { touch "%s"; exec sleep 600; }'


@pytest.mark.parametrize("step", ["autoreconf", "configure"])
def test_a_build_that_was_interrupted_goes_on(tmp_path, step):
    top = tmp_path / "top"
    (top / "tools").mkdir(parents=True)
    shutil.copy(build.tool("build-tree"), top / "tools")
    (tmp_path / "bin").mkdir()
    hung = tmp_path / "hung"
    steps = {name: HANG_ONCE % (hung, hung) if name == step else "" for name in ("autoreconf", "configure")}
    fake = tmp_path / "bin" / "autoreconf"
    fake.write_text(AUTORECONF % steps)
    fake.chmod(0o755)
    environment = {"PATH": f"{tmp_path / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin"}

    def run():
        # A test run in the background of a shell has Ctrl-C ignored, and passes that on.
        return subprocess.Popen([top / "tools" / "build-tree"], env=environment, text=True, start_new_session=True,
                                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    with run() as first:
        until(f"{step} in the middle of its work", hung.exists)
        # As Ctrl-C at a terminal: the whole process group.
        os.killpg(first.pid, signal.SIGINT)
        first.communicate(timeout=120)
        assert first.returncode in (-signal.SIGINT, 128 + signal.SIGINT, 1)
    with run() as second:
        said, _ = second.communicate(timeout=120)
    assert second.returncode == 0, said
    assert (top / "build" / "built").exists()
