"""Who writes to an upload now: whoever asked last.

A connection that broke is often alive for its server until a deadline: the client is back by then,
and must not wait for itself. So the newer request gets the upload, and the older one finds out
before it writes again.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Claim", "claim"]


class Claim:
    """One request's hold on an upload."""

    def __init__(self, lock: threading.Lock) -> None:
        """Make one; `lock` is the upload's."""
        self._lock = lock
        self._is_current = True

    def give_up(self) -> None:
        """Let it be another's."""
        with self._lock:
            self._is_current = False

    @contextlib.contextmanager
    def held(self) -> Iterator[bool]:
        """Let nobody else have it for a moment; yields whether it is still ours."""
        with self._lock:
            yield self._is_current


#: By upload, while requests are about it.
_claims: dict[object, Claim] = {}
_claims_lock = threading.Lock()


@contextlib.contextmanager
def claim(upload: object) -> Iterator[Claim]:
    """Take an upload over from whoever has it. Waits for a write that is being made."""
    with _claims_lock:
        former = _claims.get(upload)
        ours = Claim(threading.Lock() if former is None else former._lock)
        _claims[upload] = ours
    try:
        if former is not None:
            former.give_up()
        yield ours
    finally:
        with _claims_lock:
            if _claims.get(upload) is ours:
                del _claims[upload]
