"""What a client says about content codings: Accept-Encoding (RFC 9110 12.5.3).

The codings here are those that a file may be sent in, whether by a library or because somebody has
compressed it before. ``deflate`` is not among them: some clients take it for zlib's format, as the
RFC says, and some for what is inside that. ``compress`` is for nobody since decades.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CODINGS", "Coding", "rank_codings"]

Coding = Literal["br", "zstd", "gzip"]

#: Of those that a client likes equally, the first is sent. At the levels of `compression` brotli
#: makes the smallest of a file, then zstd, and so do both at their best; none is slow to unpack.
CODINGS: tuple[Coding, ...] = ("br", "zstd", "gzip")

# RFC 9110 8.4.1.3: a recipient is to take x-gzip as gzip.
_SYNONYMS = {"x-gzip": "gzip"}

# One element of #( codings [ weight ] ), without the white space around it. `codings` is a token
# (5.6.2); "*" is one, too. weight (12.4.2) = OWS ";" OWS "q=" qvalue. Nothing is tried twice
# (`++`, `*+`), so that the time is linear whatever a client sends.
_ELEMENT = re.compile(
    r"([!#$%&'*+\-.^_`|~0-9A-Za-z]++)"
    r"(?:[ \t]*+;[ \t]*+[Qq]=(0(?:\.[0-9]{0,3}+)?+|1(?:\.0{0,3}+)?+))?+"
)

#: What browsers and libraries send is shorter, and the same again and again.
_REMEMBERED_LENGTH = 128

#: A list of every coding that IANA has registered is shorter.
_READ_LENGTH = 1024


def rank_codings(field_lines: Iterable[str]) -> tuple[Coding, ...]:
    """Return the codings that a client would rather have than none at all, the best first.

    `field_lines` are the values of the Accept-Encoding fields of a request. Who sends none is given
    no coding: by the RFC any would do, but it is the simplest clients that do not ask.

    * A coding that is not named has the weight of ``*``, if that is there; else it is refused.
    * A coding with as much weight as ``identity`` comes before it, one with less is no choice.
      Where neither ``identity`` nor ``*`` is named, every coding that is named comes before it.
    * One that is named twice has its lowest weight: who refuses it once does not get it.
    * An element that does not follow the grammar is as if it were not there, and so is all of what
      is longer than any list of codings.

    A file can always be sent as it is, also to who refuses that (``identity;q=0``). The RFC lets a
    server answer 406 or disregard the field. Nobody could read the 406 better than the file; and
    fields like that come from clients which name what they can unpack, and mean no more by it.
    """
    value = ",".join(field_lines)
    if len(value) <= _REMEMBERED_LENGTH:
        return _rank_remembered(value)
    return _rank(value) if len(value) <= _READ_LENGTH else ()


def _rank(value: str) -> tuple[Coding, ...]:
    weights: dict[str, float] = {}
    for element in value.split(","):
        match = _ELEMENT.fullmatch(element.strip(" \t"))
        if match:
            name = match[1].lower()
            name = _SYNONYMS.get(name, name)
            weight = float(match[2] or 1)
            weights[name] = min(weight, weights.get(name, weight))
    unnamed = weights.get("*", 0.0)
    least = weights.get("identity", unnamed)
    ranked = [
        (weight, coding)
        for coding in CODINGS
        if (weight := weights.get(coding, unnamed)) > 0 and weight >= least
    ]
    ranked.sort(key=lambda pair: -pair[0])  # stable: those of the same weight stay as they are
    return tuple(coding for _weight, coding in ranked)


_rank_remembered = functools.lru_cache(maxsize=64)(_rank)
