"""What of a file a request gets: all, parts, nothing new, or a refusal."""

from __future__ import annotations

import functools
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

from basehttpserver._files.preconditions import evaluate, range_counts
from basehttpserver._files.ranges import ByteRange, encode_multipart, merge, try_parse_ranges

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from basehttpserver._files.accept_encoding import Coding
    from basehttpserver._files.representation import Representation
    from basehttpserver._files.validators import Validators

__all__ = ["Selection", "select"]

# By themselves: before Python 3.12 each look into an Enum costs 0.1 microseconds.
_OK: Final = HTTPStatus.OK
_PARTIAL_CONTENT: Final = HTTPStatus.PARTIAL_CONTENT


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
    representation: Representation,
    current: Validators,
) -> Selection:
    """Return the answer to a request for a file in some form (RFC 9110 13.2.2, 14.2).

    `current` are the form's validators, `conditions` are what `conditional_fields` returns. What is
    compressed only now is made here, and only for GET.
    """
    if conditions:
        status = evaluate(conditions, method, current)
        if status is not None:
            return Selection(status)
    if representation.is_made:
        return _select_made(conditions, method, representation)
    content_type, length = representation.content_type, representation.file.status.st_size
    ranges = _try_find_ranges(conditions, method, current, length) if conditions else None
    if ranges is None:
        return _select_whole(content_type, length, representation.coding)
    coding = _coding_fields(representation.coding)
    if not ranges:
        fields = [("Content-Range", f"bytes */{length}")]
        return Selection(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, fields)
    if len(ranges) == 1:
        # RFC 9110 15.3.7.2: one range is never a multipart of one.
        (part,) = ranges
        fields = _content_fields(content_type, part.end - part.begin)
        fields.append(("Content-Range", part.content_range(length)))
        return Selection(_PARTIAL_CONTENT, fields + coding, [part])
    multipart = encode_multipart(ranges, length, content_type)
    fields = _content_fields(multipart.media_type, multipart.length)
    return Selection(_PARTIAL_CONTENT, fields + coding, multipart.pieces)


@functools.lru_cache(1024)  # Of files that are asked for again and again.
def _select_whole(content_type: str, length: int, coding: Coding | None) -> Selection:
    fields = _content_fields(content_type, length) + _coding_fields(coding)
    return Selection(_OK, tuple(fields), (ByteRange(0, length),))


def _select_made(
    conditions: Mapping[str, list[str]], method: str, representation: Representation
) -> Selection:
    data = representation.find() if method == "HEAD" else representation.make()
    if data is None and method != "HEAD":
        # It has become shorter since it was opened: as it is, it is cut where it ends.
        plain = representation._replace(coding=None, is_made=False)
        return select(conditions, method, plain, plain.validators)
    # RFC 9110 9.3.2: HEAD may leave out what is only known when the content is generated.
    length = None if data is None else len(data)
    fields = _content_fields(representation.content_type, length)
    pieces = [] if data is None else [data]
    return Selection(_OK, fields + _coding_fields(representation.coding), pieces)


def _coding_fields(coding: Coding | None) -> list[tuple[str, str]]:
    return [] if coding is None else [("Content-Encoding", coding)]


def _content_fields(content_type: str, length: int | None) -> list[tuple[str, str]]:
    fields = [("Content-type", content_type)]
    if length is not None:
        fields.append(("Content-Length", str(length)))
    return fields


def _try_find_ranges(
    conditions: Mapping[str, list[str]], method: str, current: Validators, length: int
) -> list[ByteRange] | None:
    """Return the ranges to send, none for 416; None where Range does not count."""
    values = conditions.get("range", ())
    # RFC 9110 14.2: it is defined for GET only. It is no list, so that two of them mean nothing.
    if method != "GET" or len(values) != 1 or not range_counts(conditions, current):
        return None
    ranges = try_parse_ranges(values[0].strip(" \t"), length)
    return merge(ranges) if ranges and len(ranges) > 1 else ranges
