"""Validators of a file: its entity tag and its time of modification (RFC 9110 8.8)."""

from __future__ import annotations

import datetime as dt
import email.utils
import functools
import math
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import os

__all__ = ["Validators", "try_parse_date", "validators_of"]

#: How long a file can change again without another time: the coarsest clock of a file system in
#: use, FAT's, ticks every two seconds.
_TICK_SECONDS: Final = 2.0

#: The longest date, in the obsolete format of RFC 850, has 33 characters.
_MAX_DATE_CHARACTERS: Final = 64

_FIRST_SECOND: Final = int(dt.datetime.min.replace(tzinfo=dt.UTC).timestamp())
_LAST_SECOND: Final = int(dt.datetime.max.replace(tzinfo=dt.UTC, microsecond=0).timestamp())


class Validators(NamedTuple):
    """What tells one state of a representation from another."""

    #: As it is on the wire, with its quotes; a weak one begins with W/.
    tag: str
    #: Whole seconds since the epoch; None where there is no date of our calendar, as careless
    #: archivers leave behind.
    modified: int | None
    #: Whether both are strong: no other content has had them, nor will (RFC 9110 8.8.1).
    is_strong: bool


def validators_of(status: os.stat_result, seen: float, coding: str = "") -> Validators:
    """Return the validators of a file by its `status`, which was asked for at the time `seen`.

    They do not depend on the device, whose number may be another when the machine has started
    again. `coding` names the content coding of a representation that is not the file itself.

    Just after a change, the file may change again and keep its time: then they are weak, and the
    tag is none that the file can have later.
    """
    changed = status.st_mtime
    if seen - changed >= _TICK_SECONDS:
        return _settled(status.st_ino, status.st_size, status.st_mtime_ns, changed, coding)
    opaque = _opaque(status.st_ino, status.st_size, status.st_mtime_ns, coding)
    # RFC 9110 8.8.2.1: a date in the future is replaced by the present.
    return Validators(f'W/"new-{opaque}"', _date(min(changed, seen)), is_strong=False)


@functools.lru_cache(1024)  # Of files that are asked for again and again.
def _settled(inode: int, size: int, modified: int, changed: float, coding: str) -> Validators:
    return Validators(f'"{_opaque(inode, size, modified, coding)}"', _date(changed), is_strong=True)


def _opaque(inode: int, size: int, modified: int, coding: str) -> str:
    opaque = f"{inode:x}-{size:x}-{modified:x}"
    return f"{opaque}-{coding}" if coding else opaque


def _date(seconds: float) -> int | None:
    date = math.floor(seconds)
    return date if _FIRST_SECOND <= date <= _LAST_SECOND else None


def try_parse_date(value: str) -> int | None:
    """Return an HTTP-date in seconds since the epoch; None if it is none (RFC 9110 5.6.7).

    Laxer: whatever `email.utils` reads, as in http.server, where it is in UTC.
    """
    return None if len(value) > _MAX_DATE_CHARACTERS else _try_parse_short_date(value)


@functools.lru_cache(256)  # Who asks for a file again sends the date that everybody was told.
def _try_parse_short_date(value: str) -> int | None:
    try:
        date = email.utils.parsedate_to_datetime(value)
    except (TypeError, IndexError, OverflowError, ValueError):
        return None
    if date.tzinfo is None:  # "-0000", or none at all as in the obsolete formats
        date = date.replace(tzinfo=dt.UTC)
    return int(date.timestamp()) if date.tzinfo == dt.UTC else None
