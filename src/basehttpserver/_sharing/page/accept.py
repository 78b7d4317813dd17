"""Which form of a listing a client would like best: the Accept field (RFC 9110 12.5.1)."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Form = Literal["html", "json", "text"]

#: In the order in which they are preferred where the client does not mind.
_MEDIA_TYPES: dict[Form, str] = {
    "html": "text/html",
    "json": "application/json",
    "text": "text/plain",
}

# RFC 9110 5.6.6: a parameter may be empty, so that white space may belong to what is before it and
# to what is behind it. Nothing is tried twice (`++`, `*+`): else that takes time without end.
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_PARAMETER = rf"[ \t]*+;[ \t]*+(?:{_TOKEN}=(?:{_TOKEN}|{_QUOTED}))?+"
_RANGE = re.compile(rf"[ \t]*+({_TOKEN})/({_TOKEN})((?:{_PARAMETER})*+)[ \t]*+(?:,|$)")
_WEIGHT = re.compile(r";[ \t]*+q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*(?:;|$)", re.IGNORECASE)
_NEXT = re.compile(r"[^,]*,")

#: More media ranges than any browser sends are not read.
_MAX_RANGES = 50


class _Wish(NamedTuple):
    weight: float
    #: 0 for ``*/*``, 1 for ``text/*``, 2 for a type that was named.
    precision: int


def choose_form(accept: str | None) -> Form:
    """Return the form for the value of Accept: several fields of it are joined by commas.

    HTML is for whom all is the same: browsers name it, curl says ``*/*``. Of two that have the same
    weight, the one that was named wins over one that only a wildcard allows, so that a script which
    says ``application/json, */*`` gets JSON. Where nothing fits, HTML (RFC 9110 12.5.1 lets a
    server answer as if there were no Accept).
    """
    if accept is None:
        return "html"
    ranges = _parse_ranges(accept)
    wishes = {form: _wish_for(media_type, ranges) for form, media_type in _MEDIA_TYPES.items()}
    best = max(wishes, key=wishes.__getitem__)  # of equals the first
    return best if wishes[best].weight else "html"


def _parse_ranges(accept: str) -> dict[str, float]:
    """Return the weight of each media range; what is malformed is left out.

    Parameters but the weight are not looked at: no form has variants.
    """
    ranges: dict[str, float] = {}
    position = 0
    while position < len(accept) and len(ranges) < _MAX_RANGES:
        found = _RANGE.match(accept, position)
        if found:
            name = f"{found[1]}/{found[2]}".lower()
            ranges[name] = max(_parse_weight(found[3]), ranges.get(name, 0.0))
        else:
            found = _NEXT.match(accept, position)
        if not found:
            break
        position = found.end()
    return ranges


def _parse_weight(parameters: str) -> float:
    found = _WEIGHT.search(parameters)
    return float(found[1]) if found else 1.0


def _wish_for(media_type: str, ranges: dict[str, float]) -> _Wish:
    """Return what the most precise of the ranges that fit says."""
    main_type = media_type.partition("/")[0]
    for precision, name in ((2, media_type), (1, f"{main_type}/*"), (0, "*/*")):
        if name in ranges:
            return _Wish(ranges[name], precision)
    return _Wish(0.0, 0)
