"""Invariant: bytes of a body never become a request, and nothing follows a refusal; however cut.

What more must hold: no exception but `PeerError`, h11 finds the same requests at the same places, a
handler that leaves bodies unread changes none of them, and what is held is within the limits.
"""

import zlib
from collections.abc import Iterator

from basehttpserver.settings import Settings
from tests.fuzz.h11_differences import check_against_h11
from tests.fuzz.held import check_head_is_within, check_held
from tests.fuzz.readings import read_ours
from tests.http1.delivery import NEXT_REQUEST, STRICT, Event, Exchange, Refusal, Server

SMALL = Settings(
    max_request_line_bytes=64,
    max_field_line_bytes=64,
    max_head_bytes=160,
    max_fields=4,
    max_body_bytes=64,
    max_drain_bytes=8,
)
RELAXED = Settings.like_http_server()

#: Sent behind the last request: nothing of it may be kept.
MANY_MORE = NEXT_REQUEST * 500


def check(data: bytes) -> None:
    """Raise `AssertionError` where the invariant does not hold for `data`."""
    for settings in (STRICT, RELAXED, SMALL):
        check_served(data, settings)
    check_places(data)
    check_against_h11(data)


def check_served(data: bytes, settings: Settings) -> None:
    """Serve `data` in many ways, and assert that the same requests come of it."""
    events = serve([data], settings)
    for pieces in cuts(data):
        assert serve(pieces, settings) == events
    left = serve([data], settings, reads_bodies=False)
    assert serve(cuts_of_two(data), settings, reads_bodies=False) == left
    # What is left unread may end the connection earlier, and never begins another request.
    assert _heads(left) == _heads(events)[: len(left)]


def serve(pieces: list[bytes], settings: Settings, *, reads_bodies: bool = True) -> list[Event]:
    """Return what comes of `pieces`; nothing may come of what follows the last request."""
    server = Server(settings, reads_bodies=reads_bodies)
    for piece in pieces:
        server.receive(piece)
        if settings is SMALL and len(piece) > 1:  # To look at everything is slow.
            check_held(server.connection, settings)
    if server.is_over:
        server.connection.receive(MANY_MORE)
        assert server.connection.next_head() is None
        check_held(server.connection, SMALL)
    server.receive_eof()
    for event in server.events[:-1]:
        assert isinstance(event, Exchange), "a request was served behind a refused one"
        assert event.failure is None, "a request was served behind a body that was wrong"
        assert event.goes_on
        check_head_is_within(event.head.raw, settings)
    return server.events


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """Yield a few ways to cut `data`; which ones depends on nothing but itself."""
    yield [data[i : i + 1] for i in range(len(data))]
    yield cuts_of_two(data)
    size = 2 + zlib.crc32(data) % 11
    yield [data[i : i + size] for i in range(0, len(data), size)]


def cuts_of_two(data: bytes) -> list[bytes]:
    """Cut `data` once, somewhere."""
    place = zlib.crc32(data) % (len(data) + 1)
    return [data[:place], data[place:]]


def _heads(events: list[Event]) -> list[bytes | Refusal]:
    return [event.head.raw if isinstance(event, Exchange) else event for event in events]


def check_places(data: bytes) -> None:
    """Assert that each request begins where the one before it ends, and has a body of its own."""
    end = 0
    for start, request in read_ours(data):
        assert start == end
        if request.end is None:
            return
        assert request.body is not None
        head = data[start : request.end]
        assert head.removeprefix(b"\r\n").startswith(request.method + b" " + request.target + b" ")
        # A body is all of what stands behind its head, or is made of chunks.
        fields = dict(request.fields)
        if b"transfer-encoding" not in fields:
            assert len(request.body) == int(fields.get(b"content-length", b"0"))
            assert head.endswith(b"\r\n\r\n" + request.body)
        else:
            assert head.endswith(b"\r\n\r\n")
        end = request.end
