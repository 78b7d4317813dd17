"""What a server keeps for its peers beyond their own memory, and the bound of all of it."""

import threading
from typing import Final

__all__ = ["Spool"]

#: For so many clients at a time the kernel may keep as much of a file as it likes, up to 4 MB each
#: (``tcp_wmem``): then it needs 20 ms for 100 MiB, and 35 where it keeps little.
MOST_AMPLE: Final = 16


class Spool:
    """How much the bodies and responses that wait hold together, in memory and on disk."""

    def __init__(self, most: int) -> None:
        """Hold up to `most` bytes."""
        self._most = most
        self._lock = threading.Lock()
        self._held = 0
        self._ample = 0

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

    def try_be_ample(self) -> bool:
        """Let the kernel keep much for one client; ``False`` where it does for many already."""
        with self._lock:
            if self._ample >= MOST_AMPLE:
                return False
            self._ample += 1
            return True

    def end_ample(self) -> None:
        """Let the kernel keep much for one client less."""
        with self._lock:
            self._ample -= 1
