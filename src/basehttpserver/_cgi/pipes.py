"""The output of a running program, standard output and error as they come, and no deadlock.

On POSIX one thread polls both. Windows can wait for one pipe only, so there each has a thread.
"""

import contextlib
import os
import queue
import selectors
import sys
import threading
import time
from typing import IO, Final, Protocol

__all__ = ["Pipes", "PolledPipes", "ThreadedPipes", "open_pipes"]

#: As much as a pipe holds on most systems.
BLOCK_BYTES: Final = 65536

#: How long a thread may take to hand over what is in its pipe when the program has ended.
_HAND_OVER_SECONDS: Final = 1.0


class Pipes(Protocol):
    """Reads two pipes."""

    @property
    def is_open(self) -> bool:
        """Not both have come to their end."""
        ...

    def read(self, seconds: float) -> list[tuple[bool, bytes]]:
        """Return what has come: whether from standard error, and a block, ``b""`` at an end.

        Waits for up to so many seconds, and then returns nothing.
        """
        ...

    def close(self) -> None:
        """Read no more."""
        ...


class PolledPipes:
    """Reads by polling, in the thread that asks; whoever else holds a pipe is not waited for."""

    def __init__(self, output: IO[bytes], errors: IO[bytes]) -> None:
        """Read from these two."""
        # For two descriptors; and it has none of its own, as epoll and kqueue do.
        self._selector = getattr(selectors, "PollSelector", selectors.SelectSelector)()
        for pipe, is_error in ((output, False), (errors, True)):
            self._selector.register(pipe, selectors.EVENT_READ, is_error)

    @property
    def is_open(self) -> bool:
        """See `Pipes`."""
        return bool(self._selector.get_map())

    def read(self, seconds: float) -> list[tuple[bool, bytes]]:
        """See `Pipes`."""
        found = []
        for key, _events in self._selector.select(seconds):
            data = os.read(key.fd, BLOCK_BYTES)
            if not data:
                self._selector.unregister(key.fileobj)
            found.append((bool(key.data), data))
        return found

    def close(self) -> None:
        """See `Pipes`."""
        self._selector.close()


class ThreadedPipes:
    """Reads in a thread for each pipe, a few blocks ahead at most."""

    def __init__(self, output: IO[bytes], errors: IO[bytes]) -> None:
        """Read from these two."""
        self._blocks: queue.Queue[tuple[bool, bytes]] = queue.Queue(maxsize=2)
        self._open = 2
        self._threads = [
            threading.Thread(target=self._copy, args=(pipe, is_error), daemon=True)
            for pipe, is_error in ((output, False), (errors, True))
        ]
        for thread in self._threads:
            thread.start()

    def _copy(self, pipe: IO[bytes], is_error: bool) -> None:
        data = b"begin"
        while data:
            try:
                data = os.read(pipe.fileno(), BLOCK_BYTES)
            except (OSError, ValueError):  # Somebody has closed it.
                data = b""
            self._blocks.put((is_error, data))

    @property
    def is_open(self) -> bool:
        """See `Pipes`."""
        return self._open > 0

    def read(self, seconds: float) -> list[tuple[bool, bytes]]:
        """See `Pipes`."""
        try:
            block = self._blocks.get(timeout=max(seconds, _HAND_OVER_SECONDS))
        except queue.Empty:
            return []
        if not block[1]:
            self._open -= 1
        return [block]

    def close(self) -> None:
        """See `Pipes`. The threads end with the program, or at once where they have nothing."""
        deadline = time.monotonic() + _HAND_OVER_SECONDS
        while any(thread.is_alive() for thread in self._threads) and time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                self._blocks.get(timeout=0.01)


def open_pipes(output: IO[bytes], errors: IO[bytes]) -> Pipes:
    """Read from these two in the way of this platform."""
    kind = ThreadedPipes if sys.platform == "win32" else PolledPipes
    return kind(output, errors)
