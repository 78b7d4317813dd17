"""Delivers the same bytes in every way to a connection, and asserts that all ways are alike.

deliver     whole, byte by byte, split at each point, with another request behind
  converse      one way: pieces in, exchanges out
    _serve          what a server does: heads, bodies, canned responses, until there is no more
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from basehttpserver._exchange import RequestHead, Verdict
from basehttpserver._http1 import Http1Connection
from basehttpserver.exceptions import PeerError
from basehttpserver.settings import Settings

STRICT = Settings()

#: Sent behind the bytes in question, to see what becomes of it.
NEXT_REQUEST = b"GET /next HTTP/1.1\r\nHost: next\r\n\r\n"

#: Bytes are split at each point up to here; longer ones at so many points.
MOST_SPLITS = 250

ANSWER = b"HTTP/1.1 200 OK\r\n\r\n"
ERROR = b"HTTP/1.1 %d Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Exchange(NamedTuple):
    """A request and what became of it; nothing in it depends on the way of delivery."""

    head: RequestHead
    body: bytes
    failure: tuple[int, str] | None
    wire: bytes
    goes_on: bool


class Refusal(NamedTuple):
    """A request that was refused."""

    status: int
    reason: str
    method: str


Event = Exchange | Refusal


class Server:
    """What stands between a socket and handlers: the smallest that a connection needs."""

    def __init__(self, settings: Settings = STRICT, *, reads_bodies: bool = True) -> None:
        self.connection = Http1Connection(settings)
        self.events: list[Event] = []
        self.reads_bodies = reads_bodies
        self.is_over = False
        self._waits_for_head = True
        self._head: RequestHead | None = None
        self._steps = self._serve()
        next(self._steps)

    def receive(self, data: bytes) -> None:
        if self._waits_for_head:
            self._head = self.connection.receive_head(data)
        else:
            self.connection.receive(data)
        self._go_on()

    def receive_eof(self) -> None:
        self.connection.receive_eof()
        self._go_on()
        assert self.is_over, "the connection waits for more behind its end"

    @property
    def is_at_rest(self) -> bool:
        """Everything that came was read and answered, and another request may come."""
        is_between = self._waits_for_head and not self.connection.has_partial_head
        return is_between and self.reads_bodies and not self.is_over

    def _go_on(self) -> None:
        self.is_over = self.is_over or next(self._steps, "over") == "over"

    def _serve(self) -> Iterator[None]:
        """Serve until the connection is over; yield where more must come."""
        while True:
            self._waits_for_head = True
            while (head := self._head or self.connection.next_head()) is None:
                if self.connection.is_over:
                    return
                yield
            self._waits_for_head, self._head = False, None
            if head.refusal is not None:
                self._refuse(head, head.refusal)
            else:
                yield from self._answer(head)

    def _refuse(self, head: RequestHead, refusal: PeerError) -> None:
        self._send(ERROR % refusal.status, is_last=True)
        assert self.connection.finish(keep=True) is not Verdict.KEEP
        self.events.append(Refusal(refusal.status, refusal.reason, head.method))

    def _answer(self, head: RequestHead) -> Iterator[None]:
        pieces: list[bytes] = []
        failure = None
        try:
            yield from self._read_body(pieces)
        except PeerError as error:
            failure = (error.status.value, error.reason)
        wire = self._send(ANSWER, b"" if head.method == "HEAD" else b"ok")
        verdict = self.connection.finish(keep=True)
        assert self.connection.complaints() == []
        goes_on = verdict is Verdict.KEEP
        self.events.append(Exchange(head, b"".join(pieces), failure, wire, goes_on))

    def _read_body(self, pieces: list[bytes]) -> Iterator[None]:
        while self.reads_bodies:
            piece = self.connection.read_body(65536)
            if piece is None:
                yield
            elif piece:
                pieces.append(piece)
            else:
                return

    def _send(self, head: bytes, body: bytes = b"", *, is_last: bool = False) -> bytes:
        self.connection.send_head(head, keeps_alive=True, is_last=is_last)
        self.connection.send_body(body)
        return b"".join(self.connection.take(last=True))


def converse(
    pieces: Iterable[bytes], settings: Settings = STRICT, *, reads_bodies: bool = True
) -> list[Event]:
    """Deliver pieces, then the end; return what came of them."""
    server = Server(settings, reads_bodies=reads_bodies)
    for piece in pieces:
        server.receive(piece)
    server.receive_eof()
    return server.events


def deliver(data: bytes, settings: Settings = STRICT, *, reads_bodies: bool = True) -> list[Event]:
    """Deliver `data` in every way; return what came of it, each time the same."""
    whole = converse([data], settings, reads_bodies=reads_bodies)
    for way, pieces in _ways(data):
        events = converse(pieces, settings, reads_bodies=reads_bodies)
        assert events == whole, f"delivered {way}: {events}, but whole: {whole}"
    _deliver_with_bytes_behind(data, settings, whole, reads_bodies=reads_bodies)
    return whole


def _ways(data: bytes) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield "byte by byte", (data[i : i + 1] for i in range(len(data)))
    for split in range(1, len(data), max(1, len(data) // MOST_SPLITS)):
        yield f"in two at {split}", (data[:split], data[split:])


def _deliver_with_bytes_behind(
    data: bytes, settings: Settings, whole: list[Event], *, reads_bodies: bool
) -> None:
    """Assert that a request behind `data` is the next one, or nothing where there is no next."""
    alone = Server(settings, reads_bodies=reads_bodies)
    alone.receive(data)
    if not alone.is_over and not alone.is_at_rest:
        return  # What is behind would be a part of it.
    for pieces in ([data + NEXT_REQUEST], [data, NEXT_REQUEST]):
        events = converse(pieces, settings, reads_bodies=reads_bodies)
        assert events[: len(whole)] == whole
        behind = events[len(whole) :]
        if alone.is_over:
            assert behind == []
        else:
            assert [event.head.raw for event in behind] == [NEXT_REQUEST]


def accept(data: bytes, settings: Settings = STRICT) -> Exchange:
    """Deliver one request that must be served; return the exchange."""
    [exchange] = deliver(data, settings)
    assert isinstance(exchange, Exchange), exchange
    assert exchange.failure is None
    return exchange


def refuse(data: bytes, settings: Settings = STRICT) -> tuple[int, str]:
    """Deliver one request whose head must be refused; return status and reason."""
    [refusal] = deliver(data, settings)
    assert isinstance(refusal, Refusal), refusal
    return refusal.status, refusal.reason


def fail(data: bytes, settings: Settings = STRICT) -> tuple[int, str]:
    """Deliver one request whose body must turn out to be wrong; return status and reason."""
    [exchange] = deliver(data, settings)
    assert isinstance(exchange, Exchange), exchange
    assert exchange.failure is not None
    assert not exchange.goes_on
    return exchange.failure


def request(*field_lines: bytes, line: bytes = b"GET / HTTP/1.1", body: bytes = b"") -> bytes:
    """Make a request that is right but for what is given."""
    return b"\r\n".join([line, b"Host: example", *field_lines, b"", b""]) + body


def with_host(*values: bytes) -> bytes:
    """Return a request with a Host field for each value."""
    lines = [b"Host: " + value for value in values]
    return b"\r\n".join([b"GET / HTTP/1.1", *lines, b"", b""])
