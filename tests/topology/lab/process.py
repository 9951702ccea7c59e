# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs in a namespace: in the foreground, or in the background with a pid file of their own."""
import os
import signal
import subprocess
from pathlib import Path

from .wait import until


def alive(pid):
    """Whether a process runs. One that has ended and waits to be reaped does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def signal_pid(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


class Process:
    """A program in the foreground, its output in a file."""

    def __init__(self, namespace, argv, log, **options):
        self.argv = [str(word) for word in argv]
        self.log = Path(log)
        with open(self.log, "ab") as output:
            # A session of its own: Ctrl-C reaches the lab alone, which then ends what it started.
            self._popen = subprocess.Popen(
                namespace.command(self.argv), stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True, **options)
        self.pid = self._popen.pid

    def running(self):
        return self._popen.poll() is None

    def expect_running(self):
        if not self.running():
            raise RuntimeError(f"{self.argv[0]} ended with status {self._popen.returncode}:\n{self.output()}")

    def output(self):
        return self.log.read_text(errors="replace")

    def send(self, number):
        if self.running():
            self._popen.send_signal(number)

    def stop(self, number=signal.SIGTERM, timeout=60):
        """Ends the program and returns its exit status; one that does not end in time is killed."""
        self.send(number)
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait(timeout)
            raise RuntimeError(f"{self.argv[0]} did not end within {timeout} s of signal {number}") from None

    def kill(self):
        self.stop(signal.SIGKILL)


class Daemon:
    """A program that goes into the background and writes its pid into a file."""

    def __init__(self, namespace, argv, pid_file):
        self.argv = [str(word) for word in argv]
        Path(pid_file).unlink(missing_ok=True)
        # To a file: later versions keep what they were started with open, so that a pipe would have no end.
        output = Path(f"{pid_file}.out")
        with open(output, "wb") as file:
            status = subprocess.run(namespace.command(self.argv), stdin=subprocess.DEVNULL, stdout=file,
                                    stderr=subprocess.STDOUT, timeout=60).returncode
        if status != 0:
            raise RuntimeError(f"{' '.join(self.argv)} ended with status {status}:\n"
                               f"{output.read_text(errors='replace')}")
        self.name = Path(pid_file).stem
        text = until(f"a pid in {pid_file}", lambda: _read(pid_file), str.strip)
        self.pid = int(text)

    def running(self):
        return alive(self.pid)

    def stop(self, number=signal.SIGINT):
        """SIGINT is what FRR's own scripts stop a daemon with."""
        signal_pid(self.pid, number)
        until(f"the end of {self.name}", lambda: not alive(self.pid))

    def kill(self):
        self.stop(signal.SIGKILL)


def _read(path):
    try:
        return Path(path).read_text()
    except FileNotFoundError:
        return ""
