"""How a client reads a response: written from RFC 9112 6.3, sharing nothing with the package."""

import email.parser
import email.policy
from email.message import Message
from typing import NamedTuple


class CutError(Exception):
    """The response ended before its end."""


class Response(NamedTuple):
    """One final response as a client understands it."""

    status: int
    fields: Message
    body: bytes
    interim: tuple[int, ...]
    #: Its end was told by something else than the end of the connection.
    is_delimited: bool


def read_response(
    wire: bytes, *, method: str = "GET", version: tuple[int, int] = (1, 1)
) -> tuple[Response, bytes]:
    """Read one response to a request by a client of `version`; return it and what is behind it."""
    interim: list[int] = []
    while True:
        status, fields, wire = _read_head(wire)
        if status >= 200 or status == 101:
            break
        interim.append(status)
    body, rest, is_delimited = _read_body(wire, method, status, fields, version)
    return Response(status, fields, body, tuple(interim), is_delimited), rest


def _read_head(wire: bytes) -> tuple[int, Message, bytes]:
    head, end, rest = wire.partition(b"\r\n\r\n")
    if not end:
        raise CutError(wire)
    line, _, block = head.decode("ascii").partition("\r\n")
    status = line.split(" ", 2)[1]
    fields = email.parser.Parser(policy=email.policy.HTTP).parsestr(block)
    return int(status), fields, rest


def _read_body(
    wire: bytes, method: str, status: int, fields: Message, version: tuple[int, int]
) -> tuple[bytes, bytes, bool]:
    """Return the body, what is behind it, and whether anything but the close told its end."""
    if status == 101 or (method == "CONNECT" and 200 <= status < 300):
        return wire, b"", False
    if method == "HEAD" or status in (204, 304):
        return b"", wire, True
    if fields["Transfer-Encoding"] is not None and version >= (1, 1):
        body, rest = _read_chunks(wire)
        return body, rest, fields["Content-Length"] is None
    if fields["Content-Length"] is not None and fields["Transfer-Encoding"] is None:
        length = int(fields["Content-Length"])
        if len(wire) < length:
            raise CutError(wire)
        return wire[:length], wire[length:], True
    return wire, b"", False


def _read_chunks(wire: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        line, end, wire = wire.partition(b"\r\n")
        if not end:
            raise CutError(body)
        size = int(line, 16)
        if len(wire) < size + 2 or wire[size : size + 2] != b"\r\n":
            raise CutError(body)
        body, wire = body + wire[:size], wire[size + 2 :]
        if size == 0:
            return body, wire
