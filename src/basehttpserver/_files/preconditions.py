"""Conditional requests: whether to answer at all, and with all or with a part (RFC 9110 13).

conditional_fields   those of a request
evaluate             go on, 304 or 412
range_counts         whether If-Range, if there is any, lets Range count
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from basehttpserver._fields import find_names, has_none_of
from basehttpserver._files.validators import Validators, try_parse_date

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["conditional_fields", "evaluate", "range_counts"]

#: How the lines of the fields begin that count here, or may.
_ANY: Final = ("\nif-", "\nrange:")
_NAMES: Final = re.compile(
    r"\n(if-(?:match|modified-since|none-match|range|unmodified-since)|range):"
)

#: RFC 9110 8.8.3, and the comma behind it. Lists may have empty members (RFC 9110 5.6.1.2).
_TAG: Final = re.compile(r'((?:W/)?"[\x21\x23-\x7e\x80-\xff]*+")[ \t]*+(?:,[ \t,]*+|\Z)')
_EMPTY_MEMBERS: Final = re.compile(r"[ \t,]*+")


def conditional_fields(headers: Any) -> dict[str, list[str]]:
    """Return the values of Range and of the conditional fields, by their names in lower case.

    `headers` is a request's, an ``email.message.Message``. Mostly there are none: that is seen
    first.
    """
    if has_none_of(headers, _ANY):
        return {}
    return {name: headers.get_all(name) for name in find_names(headers, _NAMES)}


def evaluate(
    fields: Mapping[str, list[str]], method: str, current: Validators
) -> HTTPStatus | None:
    """Return 304 or 412 where a condition is false, else None, as RFC 9110 13.2.2 has it.

    The representation exists: a file is there.
    """
    if "if-match" in fields:
        if not _has_match(fields["if-match"], current):
            return HTTPStatus.PRECONDITION_FAILED
    elif "if-unmodified-since" in fields:
        date = _only_date(fields["if-unmodified-since"])
        if date is not None and current.modified is not None and current.modified > date:
            return HTTPStatus.PRECONDITION_FAILED
    is_read = method in ("GET", "HEAD")
    if "if-none-match" in fields:
        if _has_weak_match(fields["if-none-match"], current):
            return HTTPStatus.NOT_MODIFIED if is_read else HTTPStatus.PRECONDITION_FAILED
    elif "if-modified-since" in fields and is_read:
        date = _only_date(fields["if-modified-since"])
        if date is not None and current.modified is not None and current.modified <= date:
            return HTTPStatus.NOT_MODIFIED
    return None


def range_counts(fields: Mapping[str, list[str]], current: Validators) -> bool:
    """Tell whether Range may be obeyed, by If-Range (RFC 9110 13.1.5).

    A validator counts only where it is strong, and equal: what the client has, and what it would
    get, must be of one and the same content.
    """
    values = fields.get("if-range")
    if values is None:
        return True
    if len(values) != 1 or not current.is_strong:
        return False
    value = values[0].strip(" \t")
    if value.startswith(('"', "W/")):
        return value == current.tag
    # A date is strong (RFC 9110 8.8.2.2) once the second that it names is over for good, which is
    # when a tag is, too.
    return current.modified is not None and try_parse_date(value) == current.modified


def _has_match(values: list[str], current: Validators) -> bool:
    """Evaluate If-Match (RFC 9110 13.1.1) by the strong comparison.

    A malformed list names nothing that matches. The client wants no answer unless the condition is
    true, and nobody can tell that it is.
    """
    tags = _try_parse_tags(values)
    return tags == ["*"] or (current.is_strong and tags is not None and current.tag in tags)


def _has_weak_match(values: list[str], current: Validators) -> bool:
    """Evaluate If-None-Match (RFC 9110 13.1.2) by the weak comparison.

    A malformed list matches nothing: then the client gets the content, which is never wrong.
    """
    if values == [current.tag]:  # As browsers and caches send it.
        return True
    tags = _try_parse_tags(values)
    if tags is None:
        return False
    opaque = current.tag.removeprefix("W/")
    return tags == ["*"] or any(tag.removeprefix("W/") == opaque for tag in tags)


def _try_parse_tags(values: list[str]) -> list[str] | None:
    """Return the entity tags that the fields list together, ``["*"]`` for that; None: malformed."""
    value = ", ".join(values).strip(" \t")
    if value == "*":
        return ["*"]
    tags = []
    start = _EMPTY_MEMBERS.match(value)
    position = start.end() if start else 0
    while position < len(value):
        found = _TAG.match(value, position)
        if found is None:
            return None
        tags.append(found[1])
        position = found.end()
    return tags or None


def _only_date(values: list[str]) -> int | None:
    """Return the date of a field; None, so that it is ignored, for several and for none."""
    return try_parse_date(values[0]) if len(values) == 1 else None
