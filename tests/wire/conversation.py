"""Conversations with a server over a real loopback socket.

with conversation(running) as client:
    client.get("/").expect(200, b"Hello")
    client.want_idle()
    client.send("GET / HTTP/1.0\\r\\n\\r\\n").expect(200)
    client.want_closed()
"""

import contextlib
import socket
import struct

from tests.running import PATIENCE_SECONDS

#: How long silence must last to be believed. Too short can only hide a bug, never invent one.
SILENCE_SECONDS = 0.05


class Response:
    """One response: what came, taken apart by its own framing."""

    def __init__(self, status_line, fields):
        self.status_line = status_line
        self.version, status, *reason = status_line.split(" ", 2)
        self.status = int(status)
        self.reason = "".join(reason)
        self.fields = fields
        self.body = b""
        #: "length", "chunked", "close" or "none": how the end of the body was found.
        self.framing = "none"

    def __getitem__(self, name):
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        return values[0] if values else None

    def __repr__(self):
        return f"<{self.status_line!r} {self.fields} {self.body[:200]!r}>"


class Conversation:
    """A client that says exactly what it is told and reads exactly what it expects."""

    def __init__(self, sock):
        sock.settimeout(PATIENCE_SECONDS)
        self.socket = sock
        self.received = b""
        self._methods = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    # What the client says.

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        return self

    def get(self, target="/", *fields, method="GET", version="HTTP/1.1", body=b""):
        """Send one request; `fields` are whole lines without their ends."""
        lines = [f"{method} {target} {version}", "Host: test", *fields]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        head = "".join(f"{line}\r\n" for line in [*lines, ""])
        return self.send(head.encode("latin-1") + body)

    def finish_sending(self):
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def reset(self):
        """Go away with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    # What it wants to hear.

    def expect(self, status, body=None, *, to="GET"):
        """Read one response to a request of method `to`; return it."""
        response = self.read_response(to)
        assert response.status == status, response
        if body is not None:
            assert response.body == body, response
        return response

    def expect_bytes(self, expected):
        """Read exactly these bytes."""
        while len(self.received) < len(expected):
            self._receive()
        found, self.received = self.received[: len(expected)], self.received[len(expected) :]
        assert found == expected
        return self

    def peek(self):
        """Return what is here of what comes next, and leave it there."""
        return self.socket.recv(65536, socket.MSG_PEEK)

    def want_idle(self):
        """Want the connection open and silent."""
        assert self.received == b"", "more than was expected"
        self.socket.settimeout(SILENCE_SECONDS)
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            return self
        finally:
            self.socket.settimeout(PATIENCE_SECONDS)
        raise AssertionError(f"not idle: {data!r}" if data else "closed, not idle")

    def want_closed(self):
        """Want nothing more but a clean end: a reset fails the test."""
        rest = self.read_to_end()
        assert rest == b"", rest
        return self

    def want_gone(self):
        """Want the end of the connection, clean or not."""
        with contextlib.suppress(ConnectionError):
            while self.socket.recv(65536):
                pass

    def read_to_end(self):
        pieces, self.received = [self.received], b""
        try:
            while data := self.socket.recv(65536):
                pieces.append(data)
        except BaseException:
            self.received = b"".join(pieces)
            raise
        return b"".join(pieces)

    def read_response(self, method="GET"):
        lines = self._read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        fields = []
        for line in lines[1:-2]:
            name, colon, value = line.partition(":")
            assert colon, line
            fields.append((name, value.strip()))
        response = Response(lines[0], fields)
        if method == "HEAD" or response.status in (204, 304) or response.status < 200:
            return response
        self._read_body(response)
        return response

    def _read_body(self, response):
        if response["Transfer-Encoding"] == "chunked":
            response.framing = "chunked"
            while size := int(self._read_until(b"\r\n"), 16):
                response.body += self._read_exactly(size)
                assert self._read_exactly(2) == b"\r\n"
            assert self._read_until(b"\r\n") == b"\r\n"
        elif response["Content-Length"] is not None:
            response.framing = "length"
            response.body = self._read_exactly(int(response["Content-Length"]))
        else:
            response.framing = "close"
            response.body = self.read_to_end()

    def _receive(self):
        data = self.socket.recv(65536)
        if not data:
            raise AssertionError(f"the connection ended after {self.received!r}")
        self.received += data

    def _read_until(self, end):
        while end not in self.received:
            self._receive()
        found, _, self.received = self.received.partition(end)
        return found + end

    def _read_exactly(self, size):
        # A sum of pieces would copy megabytes for each of them.
        pieces, length = [self.received], len(self.received)
        while length < size:
            self.received = b""
            self._receive()
            pieces.append(self.received)
            length += len(self.received)
        whole = b"".join(pieces)
        found, self.received = whole[:size], whole[size:]
        return found


def conversation(where, **options):
    """Connect to a `Running` server, or to an address.

    ``receive_buffer=`` makes a small window; ``source=`` is the address of the client;
    ``wrap=`` is called with the socket before it connects, and returns the one to use.
    """
    address = getattr(where, "address", where)
    if isinstance(address, str):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(address)
        return Conversation(sock)
    sock = socket.socket(socket.AF_INET)
    if "receive_buffer" in options:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options["receive_buffer"])
    if "source" in options:
        sock.bind((options["source"], 0))
    # Small pieces are packets of their own, and do not wait for acknowledgements.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.settimeout(PATIENCE_SECONDS)
    try:
        sock = options.get("wrap", lambda sock: sock)(sock)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return Conversation(sock)
