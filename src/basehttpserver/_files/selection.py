"""What of a file a request gets: all, parts, nothing new, or a refusal. No I/O."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from basehttpserver._files.preconditions import evaluate, range_counts
from basehttpserver._files.ranges import ByteRange, encode_multipart, merge, try_parse_ranges

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from basehttpserver._files.validators import Validators

__all__ = ["Selection", "select"]


class Selection(NamedTuple):
    """An answer: its status, the fields that tell what follows, and what that is made of.

    Nothing of the file follows 304, 412 and 416.
    """

    status: HTTPStatus
    fields: Sequence[tuple[str, str]] = ()
    pieces: Sequence[bytes | ByteRange] = ()


def select(
    conditions: Mapping[str, list[str]],
    method: str,
    current: Validators,
    length: int,
    content_type: str,
) -> Selection:
    """Return the answer to a request for a file of some length (RFC 9110 13.2.2, 14.2).

    `conditions` are what `conditional_fields` returns.
    """
    ranges = None
    if conditions:
        status = evaluate(conditions, method, current)
        if status is not None:
            return Selection(status)
        ranges = _try_find_ranges(conditions, method, current, length)
    if ranges is None:
        fields = _content_fields(content_type, length)
        return Selection(HTTPStatus.OK, fields, [ByteRange(0, length)])
    if not ranges:
        fields = [("Content-Range", f"bytes */{length}")]
        return Selection(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, fields)
    if len(ranges) == 1:
        # RFC 9110 15.3.7.2: one range is never a multipart of one.
        (part,) = ranges
        fields = _content_fields(content_type, part.end - part.begin)
        fields.append(("Content-Range", part.content_range(length)))
        return Selection(HTTPStatus.PARTIAL_CONTENT, fields, [part])
    multipart = encode_multipart(ranges, length, content_type)
    fields = _content_fields(multipart.media_type, multipart.length)
    return Selection(HTTPStatus.PARTIAL_CONTENT, fields, multipart.pieces)


def _content_fields(content_type: str, length: int) -> list[tuple[str, str]]:
    return [("Content-type", content_type), ("Content-Length", str(length))]


def _try_find_ranges(
    conditions: Mapping[str, list[str]], method: str, current: Validators, length: int
) -> list[ByteRange] | None:
    """Return the ranges to send, none for 416; None where Range does not count."""
    values = conditions.get("range", ())
    # RFC 9110 14.2: it is defined for GET only. It is no list, so that two of them mean nothing.
    if method != "GET" or len(values) != 1 or not range_counts(conditions, current):
        return None
    ranges = try_parse_ranges(values[0].strip(" \t"), length)
    return None if ranges is None else merge(ranges)
