"""Invariant: a body in chunks is what RFC 9112 7.1 makes of it, or a `PeerError`; however cut.

What more must hold: what is behind the body is left as it is, h11 reads what we read, and what
waits for more is within the limits.
"""

from collections.abc import Iterable

from basehttpserver._http1 import Http1Connection
from basehttpserver.exceptions import PeerError
from basehttpserver.settings import Settings
from tests.fuzz.h11_differences import check_against_h11
from tests.fuzz.held import check_held
from tests.fuzz.readings import IncompleteError, NotChunkedError, read_chunks
from tests.http1.delivery import STRICT

SMALL = Settings(max_body_bytes=16, max_fields=2, max_field_line_bytes=28, max_head_bytes=80)

HEAD = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"

#: Body and end of a body; or no end, and why: "wrong" or "waits".
Result = tuple[bytes, int | str]


def check(data: bytes) -> None:
    """Raise `AssertionError` where the invariant does not hold for `data`."""
    read(data, SMALL)
    check_reference(data, read(data, STRICT))
    check_against_h11(HEAD + data)


def read(data: bytes, settings: Settings) -> Result:
    """Return what is read of `data`, the same in whatever pieces it comes."""
    whole = _read([data], settings)
    half = len(data) // 2
    for pieces in ((data[i : i + 1] for i in range(len(data))), (data[:half], data[half:])):
        cut = _read(pieces, settings)
        assert cut == whole, f"cut: {cut}, whole: {whole}"
    return whole


def _read(pieces: Iterable[bytes], settings: Settings) -> Result:
    connection = Http1Connection(settings)
    connection.receive(HEAD)
    head = connection.next_head()
    assert head is not None
    assert head.refusal is None
    body = b""
    received = 0
    for piece in pieces:
        connection.receive(piece)
        received += len(piece)
        try:
            while data := connection.read_body(65536):
                body += data
        except PeerError:
            return body, "wrong"
        if data == b"":
            return body, received - len(connection._buffer)
        check_held(connection, settings)
    return body, "waits"


def check_reference(data: bytes, ours: Result) -> None:
    """Assert that we read what the grammar says, no more and no less."""
    try:
        expected: Result = read_chunks(data)
    except NotChunkedError:
        # We look at whole lines: what is wrong in one may wait for its end.
        assert ours[1] == "wrong" or (ours[1] == "waits" and b"\n" not in data.rsplit(b"\n", 1)[-1])
    except IncompleteError:
        # A line may be refused before it is whole, where it is too long.
        assert ours[1] == "waits" or len(data) > 4096
    else:
        assert ours == expected
