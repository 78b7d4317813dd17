"""What this package accepts and h11 does not, each with its reason; nothing else may be.

A difference knows how to make of a request the nearest one that h11 takes. So it excuses no more
than it says: what h11 makes of that must be what we made of the request as it came.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.fuzz.readings import Placed, Request, read_h11, read_ours

#: Put behind a request on its own: h11 must find its end.
BEHIND = b"GET /behind HTTP/1.1\r\nHost: h\r\n\r\n"


class Difference(NamedTuple):
    """Something in a request that h11 does not take."""

    reason: str
    repair: Callable[[bytes], bytes]


def _without_empty_line(raw: bytes) -> bytes:
    return raw.removeprefix(b"\r\n")


def _without_extensions(raw: bytes) -> bytes:
    head, lines, data, trailer = _chunks_of(raw)
    sizes = [re.match(rb"[0-9A-Fa-f]*", line)[0] for line in lines]
    return head + b"".join(map(b"%s\r\n%s".__mod__, zip(sizes, data, strict=True))) + trailer


def _without_trailers(raw: bytes) -> bytes:
    head, lines, data, trailer = _chunks_of(raw)
    chunks = b"".join(map(b"%s\r\n%s".__mod__, zip(lines, data, strict=True)))
    return head + chunks + (b"\r\n" if trailer else b"")


def _chunks_of(raw: bytes) -> tuple[bytes, list[bytes], list[bytes], bytes]:
    """Split a request into head, lines and data of chunks, and the trailer with its empty line.

    All of it is head where the body is not in chunks.
    """
    head, end, rest = raw.partition(b"\r\n\r\n")
    if not re.search(rb"(?im)^transfer-encoding:", head):
        return raw, [], [], b""
    lines = []
    data = []
    size = -1
    while size and rest:
        line, _, rest = rest.partition(b"\r\n")
        size = int(re.match(rb"[0-9A-Fa-f]*", line)[0] or b"0", 16)
        lines.append(line)
        data.append(rest[: size + 2] if size else b"")
        rest = rest[len(data[-1]) :]
    return head + end, lines, data, rest


DIFFERENCES = {
    "an empty line before the request line": Difference(
        "RFC 9112 2.2: a server should ignore at least one empty line before the request line; "
        "h11 refuses it.",
        _without_empty_line,
    ),
    "white space before a chunk extension": Difference(
        'RFC 9112 7.1.1: white space may stand on either side of the ";" of a chunk extension; '
        "h11 refuses it before.",
        _without_extensions,
    ),
    "framing fields in a trailer": Difference(
        "RFC 9110 6.5.1: a trailer frames nothing and need not be merged into the fields, so that "
        "we drop a Content-Length or Transfer-Encoding there; h11 checks it as one of the head.",
        _without_trailers,
    ),
}


def check_against_h11(data: bytes) -> int:
    """Assert that h11 reads each request that we serve as we do; return how many there were.

    Each is read by an h11 of its own, from where we say that it begins. h11 serves no second
    request of an HTTP/1.0 connection, even where both sides ask for it (RFC 9112 9.3: the
    connection persists where the client sends keep-alive).
    """
    count = 0
    for start, ours in read_ours(data):
        count += 1
        theirs = read_h11(data[start:])
        if theirs is not None and theirs.end is not None:
            theirs = theirs._replace(end=theirs.end + start)
        if not _is_same(ours, theirs):
            _check_excused(data, Placed(start, ours), theirs)
    return count


def _is_same(ours: Request, theirs: Request | None) -> bool:
    if theirs is not None and ours.end is None:
        # We found a fault in the body, or it is not whole: only the head is agreed upon.
        theirs = theirs._replace(body=None, end=None)
    return ours == theirs


def _check_excused(data: bytes, placed: Placed, theirs: Request | None) -> None:
    start, ours = placed
    raw = data[start : ours.end]
    for repaired in _repairs(raw):
        again = read_h11(repaired + (b"" if ours.end is None else BEHIND))
        if again is not None and again.end == len(repaired):
            again = again._replace(end=ours.end)
        if _is_same(ours, again):
            return
    raise AssertionError(f"{raw!r} is {ours} to us, and {theirs} to h11")


def _repairs(raw: bytes) -> Iterator[bytes]:
    """Yield `raw` with one difference after another taken out."""
    for difference in DIFFERENCES.values():
        repaired = difference.repair(raw)
        if repaired != raw:
            yield repaired
        raw = repaired
