"""Both ends of a tunnel through websockify: a TCP server to tunnel to, and WebSocket clients."""

import contextlib
import os
import re
import socketserver
import ssl
import threading
from pathlib import Path

from websockets.sync.client import connect

from tests.running import PATIENCE_SECONDS, serving

__all__ = ["EchoTarget", "echo_target", "exchange", "listening_port", "tunnel"]


class EchoTarget(socketserver.ThreadingTCPServer):
    """Sends back what it gets, and counts its connections."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Echo)
        self.lock = threading.Lock()
        self.open_connections = 0

    @property
    def port(self):
        return self.server_address[1]

    def count(self, change):
        with self.lock:
            self.open_connections += change


class _Echo(socketserver.BaseRequestHandler):
    server: EchoTarget

    def handle(self):
        self.server.count(1)
        try:
            while data := self.request.recv(65536):
                self.request.sendall(data)
        except ConnectionError:
            pass
        finally:
            self.server.count(-1)


@contextlib.contextmanager
def echo_target():
    """Run an `EchoTarget`."""
    with serving(EchoTarget()) as running:
        yield running.server


def tunnel(port, certificate=None, **options):
    """Connect to a WebSocket server; a context manager."""
    scheme, context = "ws", None
    if certificate is not None:
        scheme, context = "wss", ssl.create_default_context(cafile=certificate)
        # The tickets of TLS 1.3, which come behind the handshake, wake the client's thread that
        # receives: it waits inside of OpenSSL, and now and then its sending thread with it.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    return connect(
        f"{scheme}://127.0.0.1:{port}/",
        ssl=context,
        compression=None,
        max_size=None,
        open_timeout=PATIENCE_SECONDS,
        close_timeout=PATIENCE_SECONDS,
        proxy=None,
        **options,
    )


def exchange(websocket, data):
    """Send `data`, whatever its size, while it comes back; tell whether it came back whole."""
    sending = threading.Thread(target=websocket.send, args=(data,))
    sending.start()
    received = bytearray()
    try:
        while len(received) < len(data):
            received += websocket.recv(PATIENCE_SECONDS)
    finally:
        sending.join(PATIENCE_SECONDS)
    return received == data


def listening_port(process_id):
    """Return a port that a process listens on, ``None`` as long as there is none. (Linux.)"""
    numbers = set()
    for entry in os.scandir(f"/proc/{process_id}/fd"):
        with contextlib.suppress(OSError):  # It is closed again.
            numbers.update(re.findall(r"^socket:\[(\d+)\]$", os.readlink(entry.path)))
    table = Path(f"/proc/{process_id}/net/tcp").read_text().splitlines()[1:]
    for _, local_address, _, state, *rest in map(str.split, table):
        if state == "0A" and rest[5] in numbers:  # TCP_LISTEN; rest[5] is the inode.
            return int(local_address.rpartition(":")[2], 16)
    return None
