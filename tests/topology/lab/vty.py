# SPDX-License-Identifier: GPL-2.0-or-later
"""A daemon's own vty, without vtysh: a command and a NUL go in; the answer ends with three NULs and a status byte."""
import socket

CMD_SUCCESS = 0
END = b"\0\0\0"


class VtyError(AssertionError):
    """The daemon refused a command."""


class Vty:
    """A connection to a daemon's vty, in enable mode."""

    def __init__(self, path, timeout=60):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self.command("enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def send(self, command):
        """Without waiting for the answer."""
        self._socket.sendall(command.encode() + b"\0")

    def try_command(self, command):
        """Returns the status and the text."""
        self.send(command)
        answer = b""
        while not (len(answer) >= 4 and answer[-4:-1] == END):
            more = self._socket.recv(65536)
            if not more:
                raise VtyError(f"{command!r}: the daemon closed its vty after {answer!r}")
            answer += more
        return answer[-1], answer[:-4].decode(errors="replace")

    def command(self, command):
        status, text = self.try_command(command)
        if status != CMD_SUCCESS:
            raise VtyError(f"{command!r}: status {status}: {text}")
        return text
