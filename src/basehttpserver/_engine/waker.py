"""A descriptor that becomes readable when somebody says so."""

import contextlib
import socket

__all__ = ["Waker"]


class Waker:
    """Wakes whoever waits for its descriptor. Every method may be called from any thread."""

    def __init__(self) -> None:
        """Begin quiet."""
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._reader.fileno()

    def wake(self) -> None:
        """Make the descriptor readable."""
        with contextlib.suppress(BlockingIOError, OSError):  # Full: it is readable already.
            self._writer.send(b"\0")

    def calm(self) -> None:
        """Make it wait for the next `wake`."""
        with contextlib.suppress(BlockingIOError):
            self._reader.recv(4096)

    def close(self) -> None:
        """Give the descriptors back."""
        self._reader.close()
        self._writer.close()
