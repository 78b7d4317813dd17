"""Threads that wait between exchanges, and who else needs them."""

import threading

from basehttpserver._engine.context import Context
from basehttpserver._engine.waker import Waker

__all__ = ["ThreadDemand"]


class ThreadDemand:
    """Whether connections that only wait in threads of their own are to end; for any thread."""

    def __init__(self, context: Context) -> None:
        """Let them keep their threads at first."""
        self._context = context
        self._waker = Waker()
        self._lock = threading.Lock()
        self._is_urgent = False

    def fileno(self) -> int:
        """Return a descriptor that is readable while threads must not wait between exchanges.

        That is after `announce_stop`, and while `set` has it so.
        """
        return self._waker.fileno()

    def announce_stop(self) -> None:
        """Let connections end after their exchanges, also those that wait in their threads."""
        self._context.is_stopping = True
        self._waker.wake()

    def set(self, is_urgent: bool) -> None:
        """Let connections that wait in their threads give them up, or keep them again."""
        if is_urgent is self._is_urgent:
            return
        with self._lock:
            self._is_urgent = is_urgent
            if not is_urgent:
                self._waker.calm()
            if is_urgent or self._context.is_stopping:  # Whose own wake may have come before.
                self._waker.wake()

    def close(self) -> None:
        """Give the descriptors back."""
        self._waker.close()
