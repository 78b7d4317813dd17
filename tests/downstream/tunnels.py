"""Both ends of a tunnel through websockify: a TCP server to tunnel to, and WebSocket clients."""

import contextlib
import os
import re
import select
import socket
import socketserver
import ssl
import threading
from pathlib import Path

from websockets.sync.client import connect

from tests.running import PATIENCE_SECONDS, serving

__all__ = ["EchoTarget", "echo_target", "exchange", "listening_port", "tunnel"]

#: The most that a record of TLS holds (RFC 8446 5.1).
RECORD_BYTES = 16384

#: websockify takes time by the square of the length of a message: 5 MiB at once take 2 seconds of
#: the processor, on any server, 5 messages of 1 MiB less than a third of one.
MESSAGE_BYTES = 1 << 20


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
        """Never keep the other end from sending: websockify does not receive while it does."""
        self.server.count(1)
        self.request.setblocking(False)
        to_send = bytearray()
        try:
            while True:
                writers = [self.request] if to_send else []
                readable, writable, _ = select.select([self.request], writers, [])
                if readable:
                    data = self.request.recv(65536)
                    if not data:
                        break
                    to_send += data
                if writable:
                    del to_send[: self.request.send(to_send)]
        except ConnectionError:
            pass
        finally:
            self.server.count(-1)


@contextlib.contextmanager
def echo_target():
    """Run an `EchoTarget`."""
    with serving(EchoTarget()) as running:
        yield running.server


class TakingTurns(ssl.SSLSocket):
    """A TLS socket for a thread that receives beside one that sends.

    OpenSSL takes one call at a time for a connection, and not every Python sees to that: a request
    that is sent just while the tickets of TLS 1.3 are received may never leave the client.
    """

    #: What a thread holds while it is in OpenSSL; ``None`` until the handshake is over.
    turn = None

    def take_turns(self):
        """Wait outside of OpenSSL from now on."""
        self.setblocking(False)
        self.turn = threading.Lock()

    def settimeout(self, value):
        """Leave it as `take_turns` needs it."""
        if self.turn is None:
            super().settimeout(value)

    def recv(self, size):
        """Receive something, ``b""`` at the end."""
        return self._in_turn(super().recv, size)

    def sendall(self, data):
        """Send all of it."""
        sent = 0
        while sent < len(data):
            # A record: what OpenSSL could not send it wants again, and as much of it.
            sent += self._in_turn(super().send, data[sent : sent + RECORD_BYTES])

    def _in_turn(self, call, argument):
        while True:
            with self.turn:
                try:
                    return call(argument)
                except ssl.SSLWantReadError:
                    waited_for = [self], []
                except ssl.SSLWantWriteError:
                    waited_for = [], [self]
            select.select(*waited_for, [])


def connect_tls(port, certificate):
    """Connect to a server by TLS, trusting `certificate`."""
    context = ssl.create_default_context(cafile=certificate)
    context.sslsocket_class = TakingTurns
    plain = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
    try:
        secure = context.wrap_socket(plain, server_hostname="127.0.0.1")
    except BaseException:
        plain.close()
        raise
    secure.take_turns()
    return secure


def tunnel(port, certificate=None, **options):
    """Connect to a WebSocket server; a context manager."""
    if certificate is not None:
        options["sock"] = connect_tls(port, certificate)
    return connect(
        f"ws://127.0.0.1:{port}/",
        compression=None,
        max_size=None,
        open_timeout=PATIENCE_SECONDS,
        close_timeout=PATIENCE_SECONDS,
        proxy=None,
        **options,
    )


def exchange(websocket, data):
    """Send `data`, whatever its size, while it comes back; tell whether it came back whole."""

    def send():
        for start in range(0, len(data), MESSAGE_BYTES):
            websocket.send(data[start : start + MESSAGE_BYTES])

    sending = threading.Thread(target=send)
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
