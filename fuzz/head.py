"""Invariant: a head is refused by a `PeerError`, or is right to the letter; however it is cut.

What more must hold: h11 reads it as we do, relaxed rules change nothing in what strict ones accept,
and what waits for more is within the limits.
"""

import re
import string
from collections.abc import Iterable

from basehttpserver._exchange import RequestHead
from basehttpserver._http1 import Http1Connection
from basehttpserver.settings import Settings
from tests.fuzz.h11_differences import check_against_h11
from tests.fuzz.held import check_head_is_within, check_held
from tests.http1.delivery import STRICT

RELAXED = Settings.like_http_server()
SMALL = Settings(
    max_request_line_bytes=32, max_field_line_bytes=32, max_head_bytes=96, max_fields=3
)

_TCHAR = frozenset("!#$%&'*+-.^_`|~" + string.ascii_letters + string.digits)


def check(data: bytes) -> None:
    """Raise `AssertionError` where the invariant does not hold for `data`."""
    heads = [read(data, settings) for settings in (STRICT, RELAXED, SMALL)]
    strict, relaxed, small = heads
    if strict is not None and strict.refusal is None:
        check_letters(strict)
        assert relaxed is not None
        assert strict._replace(is_plain=False) == relaxed
    if small is not None and small.refusal is None:
        assert small == strict
        check_head_is_within(small.raw, SMALL)
    check_against_h11(data)


def read(data: bytes, settings: Settings) -> RequestHead | None:
    """Return the head that `data` begins with, the same in whatever pieces it comes."""
    whole = _read([data], settings)
    half = len(data) // 2
    for pieces in ((data[i : i + 1] for i in range(len(data))), (data[:half], data[half:])):
        cut = _read(pieces, settings)
        assert _comparable(cut) == _comparable(whole), f"cut: {cut}, whole: {whole}"
    return whole


def _read(pieces: Iterable[bytes], settings: Settings) -> RequestHead | None:
    connection = Http1Connection(settings)
    for piece in pieces:
        if (head := connection.receive_head(piece)) is not None:
            return head
        if settings is SMALL:  # To look at everything is slow.
            check_held(connection, settings)
            assert len(connection._buffer) <= settings.max_head_bytes
    connection.receive_eof()
    return connection.next_head()


def _comparable(head: RequestHead | None) -> object:
    if head is None or head.refusal is None:
        return head
    # The line of a refused head is for the log, and is what has come of it.
    return head.method, head.refusal.status, head.refusal.reason, head.keeps_alive


def check_letters(head: RequestHead) -> None:
    """Assert that `head` keeps to the grammar of RFC 9112 3 and 5, octet by octet."""
    raw = head.raw.decode("latin-1")
    assert raw.endswith("\r\n\r\n")
    line, *fields = raw[:-4].split("\r\n")
    assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", "".join([line, *fields])), "a control"
    method, target, version = line.split(" ")
    assert method
    assert _TCHAR.issuperset(method)
    assert (method, target.encode()) == (head.method, head.target)
    assert re.fullmatch(r"[!-~]+", target)
    assert version == "HTTP/{}.{}".format(*head.version)
    framing = []
    for field in fields:
        name, colon, value = field.partition(":")
        assert colon
        assert name
        assert _TCHAR.issuperset(name)
        if name.lower() in ("content-length", "transfer-encoding"):
            framing.append((name.lower(), value.strip(" \t").lower()))
    check_framing(head, framing)


def check_framing(head: RequestHead, framing: list[tuple[str, str]]) -> None:
    """Assert that the body's length is what the one field that tells it says (RFC 9112 6.3)."""
    if head.body_length is None:
        assert framing == [("transfer-encoding", "chunked")]
    elif framing:
        [(name, value)] = framing
        assert name == "content-length"
        assert re.fullmatch("[0-9]+", value)
        assert head.body_length == int(value)
    else:
        assert head.body_length == 0
