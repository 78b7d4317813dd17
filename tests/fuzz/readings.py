"""How three readers understand the same bytes: this package, h11, and a reference for chunks.

read_ours      every request of a stream, with the places where it begins and ends
read_h11       the first request of a stream
read_chunks    a body in chunks, letter by letter from RFC 9112 7.1
"""

import http.client
import string
from collections.abc import Iterator
from typing import NamedTuple

import h11

from basehttpserver._exchange import RequestHead, Verdict
from basehttpserver._fields import parse_fields
from basehttpserver._http1 import Http1Connection
from basehttpserver.exceptions import PeerError
from basehttpserver.settings import Settings
from tests.http1.delivery import STRICT

#: So that a CONNECT opens no tunnel, and whatever follows is read as requests.
ANSWER = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

#: What ``Settings`` calls the whole head; h11 has one bound for everything.
MOST_HEAD_BYTES = 1 << 20


class Request(NamedTuple):
    """One request as a reader understands it; `body` and `end` only where it is whole."""

    method: bytes
    target: bytes
    version: bytes
    fields: list[tuple[bytes, bytes]]
    body: bytes | None
    end: int | None


class Placed(NamedTuple):
    """A request, and where the bytes that are its own begin."""

    start: int
    request: Request


def read_ours(data: bytes, settings: Settings = STRICT) -> Iterator[Placed]:
    """Yield each request that is served, until one is refused, not whole, or the last."""
    connection = Http1Connection(settings)
    connection.receive(data)
    connection.receive_eof()
    start = 0
    while (head := connection.next_head()) is not None and head.refusal is None:
        body = _read_body(connection)
        end = None if body is None else len(data) - len(connection._buffer)
        yield Placed(start, _request(head, body, end))
        connection.send_head(ANSWER, keeps_alive=True, is_last=False)
        connection.take(last=True)
        if connection.finish(keep=True) is not Verdict.KEEP:
            return
        start = len(data) - len(connection._buffer)


def _read_body(connection: Http1Connection) -> bytes | None:
    body = b""
    try:
        while piece := connection.read_body(65536):
            body += piece
    except PeerError:
        return None
    return body if piece == b"" else None


def _request(head: RequestHead, body: bytes | None, end: int | None) -> Request:
    # The fields as a handler sees them, whatever the way in which they were found.
    block = head.raw.partition(b"\r\n")[2]
    message = parse_fields(block, http.client.HTTPMessage)
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in message.items()]
    version = b"%d.%d" % head.version
    return Request(head.method.encode(), head.target, version, _comparable(fields), body, end)


def _comparable(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Drop what h11 does not keep: letter case of names and codings, white space around values."""
    return [
        (name.lower(), value.lower() if name.lower() == b"transfer-encoding" else value)
        for name, value in ((name, value.strip(b" \t")) for name, value in fields)
    ]


def read_h11(data: bytes) -> Request | None:
    """Return the first request in `data`; ``None`` where h11 refuses it, or it is not whole."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MOST_HEAD_BYTES)
    connection.receive_data(data)
    body = b""
    head = None
    try:
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            else:
                return _h11_request(head, None, None)
    except h11.RemoteProtocolError:
        return _h11_request(head, None, None)
    return _h11_request(head, body, len(data) - len(connection.trailing_data[0]))


def _h11_request(head: h11.Request | None, body: bytes | None, end: int | None) -> Request | None:
    if head is None:
        return None
    fields = _comparable(list(head.headers.raw_items()))
    return Request(head.method, head.target, head.http_version, fields, body, end)


# RFC 9112 7.1, letter by letter.

_HEXDIG = frozenset(string.hexdigits.encode())
_TCHAR = frozenset(b"!#$%&'*+-.^_`|~" + string.ascii_letters.encode() + string.digits.encode())
_TEXT = frozenset(b"\t" + bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100)))

#: Stricter than the RFC: as `basehttpserver._http1.grammar` says of CHUNK_HEADER.
_MOST_DIGITS = 15


class NotChunkedError(Exception):
    """The bytes are no body in chunks."""


class IncompleteError(Exception):
    """The bytes may become a body in chunks."""


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0

    def peek(self) -> int:
        if self.place == len(self.data):
            raise IncompleteError
        return self.data[self.place]

    def take(self, count: int) -> bytes:
        if len(self.data) - self.place < count:
            self.place = len(self.data)
            raise IncompleteError
        self.place += count
        return self.data[self.place - count : self.place]

    def run(self, octets: frozenset[int]) -> int:
        """Take all that are of `octets`; return how many."""
        start = self.place
        while self.peek() in octets:
            self.place += 1
        return self.place - start

    def expect(self, octets: bytes) -> None:
        for octet in octets:
            if self.peek() != octet:
                raise NotChunkedError
            self.place += 1

    def token(self) -> None:
        if not self.run(_TCHAR):
            raise NotChunkedError


def read_chunks(data: bytes) -> tuple[bytes, int]:
    """Return the body in `data` and where it ends.

    Raises `NotChunkedError` or `IncompleteError`. What cannot become a body may be called
    incomplete, where the octet that is wrong has not come.
    """
    cursor = _Cursor(data)
    body = b""
    while size := _chunk_header(cursor):
        body += cursor.take(size)
        cursor.expect(b"\r\n")
    while cursor.peek() != 0x0D:
        # RFC 9112 5: field-line = field-name ":" OWS field-value OWS
        cursor.token()
        cursor.expect(b":")
        cursor.run(_TEXT)
        cursor.expect(b"\r\n")
    cursor.expect(b"\r\n")
    return body, cursor.place


def _chunk_header(cursor: _Cursor) -> int:
    start = cursor.place
    digits = cursor.run(_HEXDIG)
    if not 1 <= digits <= _MOST_DIGITS:
        raise NotChunkedError
    size = int(cursor.data[start : cursor.place], 16)
    while cursor.peek() != 0x0D:
        _chunk_extension(cursor)
    cursor.expect(b"\r\n")
    return size


def _chunk_extension(cursor: _Cursor) -> None:
    # RFC 9112 7.1.1: chunk-ext = *( BWS ";" BWS ext-name [ BWS "=" BWS ext-val ] )
    cursor.run(frozenset(b" \t"))
    cursor.expect(b";")
    cursor.run(frozenset(b" \t"))
    cursor.token()
    before = cursor.place
    cursor.run(frozenset(b" \t"))
    if cursor.peek() != 0x3D:
        cursor.place = before  # The white space belongs to the next extension.
        if cursor.peek() not in b" \t;\r":
            raise NotChunkedError
        return
    cursor.expect(b"=")
    cursor.run(frozenset(b" \t"))
    if cursor.peek() == 0x22:
        _quoted_string(cursor)
    else:
        cursor.token()


def _quoted_string(cursor: _Cursor) -> None:
    # RFC 9110 5.6.4: quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE
    cursor.expect(b'"')
    while (octet := cursor.peek()) != 0x22:
        if octet == 0x5C:
            cursor.expect(b"\\")
            octet = cursor.peek()
        if octet not in _TEXT:
            raise NotChunkedError
        cursor.place += 1
    cursor.expect(b'"')
