"""Ranges of bytes that a client asks for (RFC 9110 14).

    try_parse_ranges   the ranges that a Range field means, of a representation of some length
    merge              without what overlaps or touches
    encode_multipart   several of them as one body

A field that is malformed, or in another unit, is as if it were not there (RFC 9110 14.2): the
client gets the whole. So it is with one that asks for more than `MAX_RANGES`.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MAX_RANGES", "ByteRange", "Multipart", "encode_multipart", "merge", "try_parse_ranges"]

#: As Apache's MaxRanges: each costs a head of its own. Readers of PDF ask for some dozens.
MAX_RANGES: Final = 200

#: RFC 9110 14.1: the names of units are compared without regard to case. The list that follows may
#: have empty members (RFC 9110 5.6.1.2), but not only such.
_UNIT: Final = re.compile(r"bytes=[ \t,]*+", re.IGNORECASE | re.ASCII)

#: RFC 9110 14.1.2, first-pos "-" [ last-pos ], or "-" suffix-length; and the comma behind it.
#: Stricter: 20 digits at most, which is what 64 bits can say. Python's `int` would take signs,
#: other alphabets' digits, and time that is quadratic in their number.
_RANGE: Final = re.compile(
    r"(?:(?P<first>[0-9]{1,20})-(?P<last>[0-9]{0,20})|-(?P<suffix>[0-9]{1,20}))"
    r"[ \t]*+(?:,[ \t,]*+|\Z)"
)

#: A single range of that, with both its ends.
_ONLY: Final = re.compile(r"bytes=([0-9]{1,20})-([0-9]{1,20})")


class ByteRange(NamedTuple):
    """The bytes from `begin` up to, but not including, `end`."""

    begin: int
    end: int

    def content_range(self, length: int) -> str:
        """Return the Content-Range of this part of `length` bytes (RFC 9110 14.4)."""
        return f"bytes {self.begin}-{self.end - 1}/{length}"


def try_parse_ranges(value: str, length: int) -> list[ByteRange] | None:
    """Return what a Range field asks for of `length` bytes, in its order, and clipped to them.

    The list is empty where none of it is there: 416. None where the field does not count.
    """
    only = _ONLY.fullmatch(value)
    if only is not None:  # As nearly all are, in a third of the steps.
        begin, end = int(only[1]), min(int(only[2]) + 1, length)
        if begin < end:
            return [ByteRange(begin, end)]
    unit = _UNIT.match(value)
    if unit is None or unit.end() == len(value):
        return None
    ranges = []
    position, count = unit.end(), 0
    while position < len(value):
        found = _RANGE.match(value, position)
        count += 1
        if found is None or count > MAX_RANGES:
            return None
        first, last, suffix = found.group("first", "last", "suffix")
        if first is None:
            suffix_length = int(suffix)
            if suffix_length and not length:
                return None  # All of nothing, for which there is no Content-Range.
            begin, end = max(length - suffix_length, 0), length
        else:
            begin, end = int(first), int(last) + 1 if last else length
            if last and end <= begin:
                return None  # RFC 9110 14.1.1: invalid
            end = min(end, length)
        if begin < end:
            ranges.append(ByteRange(begin, end))
        position = found.end()
    return ranges


def merge(ranges: Sequence[ByteRange]) -> list[ByteRange]:
    """Join the ranges that overlap or touch (RFC 9110 15.3.7.2).

    What was joined stands where the first of it stood; else the order stays, since it may be the
    order in which the client wants to have them.
    """
    joined: list[tuple[int, ByteRange]] = []
    for place, wanted in sorted(enumerate(ranges), key=lambda each: each[1]):
        if joined and wanted.begin <= joined[-1][1].end:
            first_place, before = joined[-1]
            both = ByteRange(before.begin, max(before.end, wanted.end))
            joined[-1] = min(first_place, place), both
        else:
            joined.append((place, wanted))
    return [wanted for _place, wanted in sorted(joined)]


class Multipart(NamedTuple):
    """Several ranges as one body."""

    media_type: str
    #: What it is made of: heads and ends as bytes, what is between them as ranges.
    pieces: list[bytes | ByteRange]
    length: int


def encode_multipart(ranges: Sequence[ByteRange], length: int, media_type: str) -> Multipart:
    """Return some parts of `length` bytes of `media_type` as multipart/byteranges (RFC 9110 14.6).

    No content can hold the boundary by design: it is drawn for each response.

    Raises ValueError for a media type that would be more than one field.
    """
    if not {"\r", "\n", "\0"}.isdisjoint(media_type):
        raise ValueError(f"CR, LF or NUL in a media type: {media_type!r}")
    boundary = secrets.token_hex(16)
    pieces: list[bytes | ByteRange] = []
    line_end = ""
    for part in ranges:
        head = (
            f"{line_end}--{boundary}\r\n"
            f"Content-Type: {media_type}\r\n"
            f"Content-Range: {part.content_range(length)}\r\n\r\n"
        )
        pieces += [head.encode("latin-1"), part]
        line_end = "\r\n"
    pieces.append(f"\r\n--{boundary}--\r\n".encode("latin-1"))
    total = sum(
        len(piece) if isinstance(piece, bytes) else piece.end - piece.begin for piece in pieces
    )
    return Multipart(f"multipart/byteranges; boundary={boundary}", pieces, total)
