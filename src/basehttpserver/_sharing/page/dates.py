"""Seconds since the epoch as RFC 3339 (section 5.6), in UTC and to the second."""

from __future__ import annotations

import time


def format_date(seconds: float | None) -> str | None:
    """Return for example ``2024-02-29T12:00:00Z``; None for what is no date of four-digit years.

    Careless archivers leave such dates behind.
    """
    if seconds is None:
        return None
    try:
        year, month, day, hour, minute, second, *_ = time.gmtime(seconds)
    except (OverflowError, ValueError, OSError):
        return None
    if not 0 <= year <= 9999:
        return None
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
