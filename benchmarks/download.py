"""A client that downloads a large file again and again, and is in nobody's way.

The kernel throws the body away where it is (MSG_TRUNC, tcp(7)) and copies nothing. Of wrk, a loop
of `recv_into` with a buffer of any size, and this, this one takes the most from nginx and needs the
least of its processor. Whether a body is right was seen before.
"""

import contextlib
import re
import selectors
import socket
import time
from dataclasses import dataclass

from benchmarks.failure import MeasurementError

#: So that a server need not wait for a client; wrk's 64 would only be in each other's way.
CONNECTIONS = 4

#: What is taken at once; nothing is ever written into it.
_BUFFER = bytearray(2**24)
_MAX_HEAD_BYTES = 2**16
PATIENCE_SECONDS = 10


@dataclass(frozen=True)
class Download:
    #: Of bodies, by the time that they took.
    bytes_received: int
    seconds: float
    #: What the client used of its processor.
    processor_seconds: float


class _Connection:
    """A connection to the server, renewed where the server ends it after an answer."""

    def __init__(self, port: int, path: str, selector: selectors.BaseSelector) -> None:
        self._port = port
        self._request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        self._selector = selector
        self._head = b""
        self._left = 0
        self._stays = True
        self._connect()
        self._ask()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), PATIENCE_SECONDS)
        self._selector.register(self._socket, selectors.EVENT_READ, self)

    def _ask(self) -> None:
        self._head = b""
        self._socket.sendall(self._request)

    def close(self) -> None:
        with contextlib.suppress(KeyError, ValueError):  # Closed, and not renewed.
            self._selector.unregister(self._socket)
        self._socket.close()

    def receive(self) -> int:
        """Take what has come, and ask again where that was all; return the bytes of body."""
        if self._left == 0:
            count = self._receive_head()
        else:
            count = self._socket.recv_into(_BUFFER, min(len(_BUFFER), self._left), socket.MSG_TRUNC)
            if count == 0:
                raise MeasurementError(f"the connection ended {self._left} bytes too early")
            self._left -= count
        if self._left == 0 and count:
            if not self._stays:
                self.close()
                self._connect()
            self._ask()
        return count

    def _receive_head(self) -> int:
        received = self._socket.recv(_MAX_HEAD_BYTES)
        self._head += received
        head, end, body = self._head.partition(b"\r\n\r\n")
        if not end:
            if not received or len(head) > _MAX_HEAD_BYTES:
                raise MeasurementError(f"no head: {head[:100]!r}")
            return 0
        length = re.search(rb"^content-length: *(\d+)\r?$", head, re.I | re.M)
        if length is None or not re.match(rb"HTTP/1\.[01] 200 ", head):
            raise MeasurementError(f"not the whole file: {head[:100]!r}")
        self._stays = head.startswith(b"HTTP/1.1") and b"connection: close" not in head.lower()
        self._left = int(length[1]) - len(body)
        return len(body)


def drive(port: int, path: str, seconds: float) -> Download:
    """Download for so long. Raises `MeasurementError` where that goes wrong."""
    try:
        return _drive(port, path, seconds)
    except OSError as error:
        raise MeasurementError(f"no download: {error!r}") from error


def _drive(port: int, path: str, seconds: float) -> Download:
    received = 0
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:
        used, began = time.process_time(), time.monotonic()
        for _ in range(CONNECTIONS):
            stack.callback(_Connection(port, path, selector).close)
        while (passed := time.monotonic() - began) < seconds:
            ready = selector.select(PATIENCE_SECONDS)
            if not ready:
                raise MeasurementError(f"nothing came for {PATIENCE_SECONDS} s")
            for key, _ in ready:
                received += key.data.receive()
        return Download(received, passed, time.process_time() - used)
