"""What a server keeps for its peers beyond their own memory, and the bound of all of it."""

import threading

__all__ = ["Spool"]


class Spool:
    """How much the bodies and responses that wait hold together, in memory and on disk."""

    def __init__(self, most: int) -> None:
        """Hold up to `most` bytes."""
        self._most = most
        self._lock = threading.Lock()
        self._held = 0

    @property
    def room(self) -> int:
        """How many bytes more it may hold."""
        return self._most - self._held

    def hold(self, count: int) -> None:
        """Count bytes that are kept from now on."""
        with self._lock:
            self._held += count

    def release(self, count: int) -> None:
        """Count bytes that are not kept any more."""
        with self._lock:
            self._held -= count
