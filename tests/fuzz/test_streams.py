"""Streams of requests under random faults: no request is made of what is none, nothing piles up."""

import sys
from collections.abc import Callable, Iterator
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basehttpserver._exchange import RequestHead, Verdict
from basehttpserver._http1 import Http1Connection
from basehttpserver.exceptions import PeerError
from basehttpserver.settings import Settings
from fuzz import stream
from tests.fuzz.held import check_held, held_bytes, most_held_bytes
from tests.fuzz.requests import mutated, streams
from tests.http1 import profile
from tests.http1.delivery import ANSWER, NEXT_REQUEST, STRICT, Exchange, Server, request

POST = b"POST / HTTP/1.1"
TIMEOUT = PeerError(HTTPStatus.REQUEST_TIMEOUT, "Request Timeout")


def chunked(body: bytes) -> bytes:
    return request(b"Transfer-Encoding: chunked", line=POST, body=body)


def length_of(size: int) -> bytes:
    return request(b"Content-Length: %d" % size, line=POST)


@profile.slow
@given(data=streams())
def test_streams_that_are_right(data):
    stream.check(data)


@profile.slow
@given(data=mutated())
def test_streams_that_were_changed(data):
    stream.check(data)


class PickyServer(Server):
    """Its handlers read so much of their bodies, and no more."""

    def __init__(self, settings: Settings, appetites: list[int]) -> None:
        super().__init__(settings)
        self._appetites = iter(appetites)

    def _read_body(self, pieces: list[bytes]) -> Iterator[None]:
        left = next(self._appetites, 0)
        while left:
            piece = self.connection.read_body(left)
            if piece == b"":
                return
            if piece is None:
                yield
            else:
                pieces.append(piece)
                left -= len(piece)


def cut_at(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def serve(server: Server, pieces: list[bytes]) -> list[object]:
    for piece in pieces:
        server.receive(piece)
    server.receive_eof()
    return [event.head.raw if isinstance(event, Exchange) else event for event in server.events]


PLACES = st.lists(st.integers(0, 10_000), max_size=6)


@profile.slow
@given(data=mutated(), places=PLACES, appetites=st.lists(st.integers(0, 9), max_size=4))
def test_what_handlers_leave_of_bodies_begins_no_request(data, places, appetites):
    """However much they read, the heads are the first of those that are read when they read all."""
    all_heads = serve(Server(), [data])
    heads = serve(PickyServer(STRICT, appetites), cut_at(data, places))
    assert heads == serve(PickyServer(STRICT, appetites), [data])
    assert heads == all_heads[: len(heads)]


@profile.slow
@given(data=mutated(), places=PLACES, number=st.integers(0, 6))
def test_nothing_follows_a_request_that_took_too_long(data, places, number):
    """A deadline that passes anywhere, in a head or in a body, ends what is read for good."""
    pieces = cut_at(data, places)
    server = Server()
    for piece in pieces[: number + 1]:
        server.receive(piece)
    connection = server.connection
    if server.is_over or server.is_at_rest:
        return
    refused = connection.refuse(TIMEOUT)
    assert refused.refusal is TIMEOUT
    for piece in [*pieces[number + 1 :], NEXT_REQUEST]:
        connection.receive(piece)
        assert connection.read_body(100) == b""
        assert connection.next_head() is None
    connection.send_head(ANSWER, keeps_alive=True, is_last=True)
    connection.take(last=True)
    assert connection.finish(keep=True) is not Verdict.KEEP
    connection.receive(NEXT_REQUEST)
    assert connection.next_head() is None
    assert not connection.has_partial_head


# What is held: by the bytes that can be reached from a connection.


def test_everything_held_is_counted():
    class Slotted:
        __slots__ = ("value",)

    slotted = Slotted()
    slotted.value = [b"12", bytearray(b"345"), {"key": b"6"}]
    assert held_bytes(slotted) == 3 * 8 + 2 + 3 + 8 + len("key") + 1
    shared = b"12"
    assert held_bytes([shared, shared]) == 2 * 8 + 2


#: A client that never ends what it began; the server lets all of it come.
ENDLESS = {
    "request_line": lambda: (b"GET /", b"a" * 1000),
    "method": lambda: (b"", b"A" * 1000),
    "field_name": lambda: (b"GET / HTTP/1.1\r\n", b"a" * 1000),
    "field_value": lambda: (b"GET / HTTP/1.1\r\nX: ", b" " * 1000),
    "fields": lambda: (b"GET / HTTP/1.1\r\n", b"X: y\r\n" * 100),
    "empty_lines": lambda: (b"", b"\r\n" * 500),
    "chunk_size": lambda: (chunked(b""), b"0" * 1000),
    "chunk_extension": lambda: (chunked(b"5;"), b"a" * 1000),
    "chunk_extensions": lambda: (chunked(b""), b"1;aaaaaaaa\r\nx\r\n" * 70),
    "chunks": lambda: (chunked(b""), b"1\r\nx\r\n" * 200),
    "trailer": lambda: (chunked(b"0\r\nX: "), b"a" * 1000),
    "trailers": lambda: (chunked(b"0\r\n"), b"X: y\r\n" * 100),
    "behind_a_refusal": lambda: (b"GET x HTTP/1.1\r\n\r\n", NEXT_REQUEST * 30),
    "behind_a_bad_chunk": lambda: (chunked(b"x\r\n"), NEXT_REQUEST * 30),
    "behind_the_last": lambda: (request(b"Connection: close"), NEXT_REQUEST * 30),
    "requests": lambda: (b"", NEXT_REQUEST * 30),
}


@pytest.mark.parametrize("reads_bodies", [True, False])
@pytest.mark.parametrize("make", ENDLESS.values(), ids=ENDLESS)
def test_endless_input_is_not_held(make, reads_bodies):
    settings = Settings(max_head_bytes=9000, max_field_line_bytes=4000, max_drain_bytes=2000)
    begin, more = make()
    server = Server(settings, reads_bodies=reads_bodies)
    server.receive(begin)
    most = 0
    for _ in range(60):
        server.receive(more)
        server.events.clear()
        most = max(most, held_bytes(server.connection))
        check_held(server.connection, settings)
    assert most < most_held_bytes(settings) < 60 * 1000


def test_announced_sizes_are_not_held():
    for body in (chunked(b"fffffffffffffff\r\n"), length_of(10**18 - 1)):
        server = Server()
        server.receive(body + b"x" * 100_000)
        assert held_bytes(server.connection) < 1000


# What it costs: calls, and bytes that were looked at; no clock.


class Counted(bytearray):
    """A buffer that counts the bytes that were searched and copied."""

    looked_at = 0

    def find(self, sought: bytes, start: int = 0, end: int | None = None) -> int:
        found = super().find(sought, start, len(self) if end is None else end)
        Counted.looked_at += (len(self) if found < 0 else found) - start
        return found

    def count(self, sought: bytes, start: int, end: int) -> int:
        Counted.looked_at += end - start
        return super().count(sought, start, end)

    def __getitem__(self, place):
        found = super().__getitem__(place)
        if isinstance(place, slice):
            Counted.looked_at += len(found)
        return found


def work_of(act: Callable[[], None]) -> int:
    """Run `act`; return how many calls it made, of C functions too, and bytes it looked at."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    Counted.looked_at = 0
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(before)
    return calls + Counted.looked_at


def serving(pieces: list[bytes], *, appetite: int = 65536) -> int:
    """The work of a server whose handlers read `appetite` bytes at a time."""
    connection = Http1Connection(Settings(max_head_bytes=10**6, max_fields=10**6))
    connection._buffer = Counted()
    head: RequestHead | None = None

    def go_on() -> None:
        nonlocal head
        while True:
            if head is None and (head := connection.next_head()) is None:
                return
            try:
                while data := connection.read_body(appetite):
                    pass
            except PeerError:
                data = b""
            if data is None:
                return
            connection.send_head(ANSWER, keeps_alive=True, is_last=False)
            connection.take(last=True)
            connection.finish(keep=True)
            head = None

    def act() -> None:
        for piece in pieces:
            connection.receive(piece)
            go_on()

    return work_of(act)


def bytewise(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


#: What is sent, `n` times as much of it for each n.
LOADS = {
    "request_line_by_bytes": lambda n: serving(bytewise(b"GET /" + b"a" * n)),
    "field_by_bytes": lambda n: serving(bytewise(b"GET / HTTP/1.1\r\nX: " + b"a" * n)),
    "fields_by_bytes": lambda n: serving(bytewise(b"GET / HTTP/1.1\r\n" + b"A:\r\n" * (n // 4))),
    "fields_at_once": lambda n: serving([b"GET / HTTP/1.0\r\n" + b"A:\r\n" * n + b"\r\n"]),
    "head_of_bare_cr": lambda n: serving(bytewise(b"GET / HTTP/1.1\r\nX: " + b"\r" * n)),
    "pipelined_at_once": lambda n: serving([NEXT_REQUEST * n]),
    "pipelined_by_bytes": lambda n: serving(bytewise(NEXT_REQUEST * (n // 30))),
    "body_by_bytes": lambda n: serving([length_of(n), *bytewise(b"x" * n)]),
    "body_read_by_bytes": lambda n: serving([length_of(n) + b"x" * n], appetite=1),
    "chunks_of_one_byte": lambda n: serving([chunked(b"1\r\nx\r\n" * n)]),
    "chunks_by_bytes": lambda n: serving(bytewise(chunked(b"1\r\nx\r\n" * (n // 6)))),
    "chunk_by_bytes": lambda n: serving([chunked(b"%x\r\n" % n), *bytewise(b"x" * n)]),
    "chunk_read_by_bytes": lambda n: serving([chunked(b"%x\r\n" % n + b"x" * n)], appetite=1),
    "chunk_header_by_bytes": lambda n: serving(bytewise(chunked(b"1;" + b"a" * n))),
    "trailer_by_bytes": lambda n: serving(bytewise(chunked(b"0\r\nX: " + b"a" * n))),
    "trailers_at_once": lambda n: serving([chunked(b"0\r\n" + b"A:\r\n" * n + b"\r\n")]),
    "behind_a_refusal": lambda n: serving([b"\0", *bytewise(b"x" * n)]),
}


@pytest.mark.parametrize("work", LOADS.values(), ids=LOADS)
def test_work_is_linear(work):
    work(10)  # So that caches are warm.
    once, twice = work(1500), work(3000)
    assert twice <= 2.2 * once


def test_work_that_is_not_linear_is_seen():
    def work(size: int) -> int:
        buffer = Counted(b"x" * size)
        return work_of(lambda: [buffer.find(b"y") for _ in range(size)] and None)

    assert work(3000) > 3 * work(1500)
