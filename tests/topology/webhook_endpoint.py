# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody's HTTP endpoint that web hooks are sent to, and how it looks whether they are the controller's."""
import contextlib
import hashlib
import hmac
import http.server
import json
import ssl
import threading
import time

from event_reader import number_of
from lab.wait import until

SECRET = "0123456789abcdef0123456789abcdef"


def is_signed(headers, body, secret=SECRET):
    """As doc/controller.md tells a receiver to look."""
    timestamp = headers["Peering-Webhook-Timestamp"]
    wanted = "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, headers["Peering-Webhook-Signature"]) and abs(time.time() - int(timestamp)) < 300


class Endpoint:
    """`answer(told)` gives the status of each, or (status, headers, body); `took` has what was answered with 200.

    Keeps its port over stop() and start().
    """

    def __init__(self, pki=None, answer=lambda told: 200, port=0):
        self.pki, self.answer, self.port = pki, answer, port
        self.asked, self.took = [], []
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        return f"{'https' if self.pki else 'http'}://localhost:{self.port}/hook?token=hidden"

    def start(self):
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                told = json.loads(body)
                endpoint.asked.append(told)
                assert self.headers["Content-Type"] == "application/json"
                assert self.headers["Peering-Webhook-Id"] == told["id"]
                answer = endpoint.answer(told) if is_signed(self.headers, body) else 401
                status, headers, text = answer if isinstance(answer, tuple) else (answer, {}, b"")
                if status == 200:
                    endpoint.took.append(told)
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    for name, value in {"Content-Length": str(len(text)), **headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(text)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 100

            def handle_error(self, *_):
                pass

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        if self.pki:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.pki / "localhost.pem", self.pki / "localhost.key")
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def ids(self):
        return [number_of(told["id"]) for told in list(self.took)]

    def wait_took(self, count, timeout=60):
        return until(f"{count} deliveries", lambda: list(self.took), lambda took: len(took) >= count, timeout=timeout)


def write_config(folder, *hooks, secret=SECRET):
    """The file of web hooks; each has what is given, or what is usual."""
    (folder / "secret").write_text(secret + "\n")
    path = folder / "webhooks.json"
    path.write_text(json.dumps([{"name": f"hook{number}", "events": ["active", "failed", "degraded", "recovered",
                                                                      "removed", "expiring"],
                                 "secretFile": str(folder / "secret"), **hook} for number, hook in enumerate(hooks)]))
    return path


if __name__ == "__main__":
    # In a namespace of a lab: PORT FILE; the file gets a line for each that was taken.
    import sys

    class Written(list):
        def append(self, told):
            with open(sys.argv[2], "a", encoding="utf-8") as file:
                file.write(json.dumps(told) + "\n")

    served = Endpoint(port=int(sys.argv[1]))
    served.took = Written()
    print("ready", flush=True)
    threading.Event().wait()
