"""Seconds since the epoch as RFC 3339 (section 5.6), in UTC and to the second."""

from __future__ import annotations

import functools
import math
import time
from typing import Final

_SECONDS_OF_DAY: Final = 86400

#: Hours and minutes, by the minutes since midnight.
_TIMES: Final = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(60)]

#: The files of most folders are of few days, and a page is asked for again.
_KEPT_DAYS: Final = 4096


def format_date(seconds: float | None) -> str | None:
    """Return for example ``2024-02-29T12:00:00Z``; None for what is no date of four-digit years.

    Careless archivers leave such dates behind.
    """
    if seconds is None:
        return None
    try:
        days, second_of_day = divmod(math.floor(seconds), _SECONDS_OF_DAY)
        date = _format_day(days)
    except (OverflowError, ValueError, OSError):
        return None
    minutes, second = divmod(second_of_day, 60)
    return f"{date}T{_TIMES[minutes]}:{second:02}Z"


@functools.lru_cache(_KEPT_DAYS)
def _format_day(days: int) -> str:
    """Return the date that is so many days after the epoch.

    Raises ValueError for a year that has not four digits; OverflowError and OSError as
    `time.gmtime`.
    """
    year, month, day, *_ = time.gmtime(days * _SECONDS_OF_DAY)
    if not 0 <= year <= 9999:
        raise ValueError(f"year {year}")
    return f"{year:04}-{month:02}-{day:02}"
