"""The listening socket: waited for by the poller, and left to rest where resources have run out."""

import errno
import threading
from typing import Any, Final

from basehttpserver._engine.deadlines import DeadlineTable
from basehttpserver._engine.host import Host
from basehttpserver._engine.readiness import Selector
from basehttpserver._engine.transport import READ, wait_until_ready

__all__ = ["ACCEPT_PAUSE_SECONDS", "OUT_OF_RESOURCES", "Listener"]

#: How long the listener rests when descriptors or memory have run out. Something must end first.
ACCEPT_PAUSE_SECONDS: Final = 0.2

OUT_OF_RESOURCES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Listener:
    """A server's listening socket, on the poller's selector and by its deadlines."""

    def __init__(
        self,
        host: Host,
        selector: Selector,
        deadlines: DeadlineTable[object],
        lock: threading.Lock,
    ) -> None:
        """Do not listen yet; `lock` guards what is registered."""
        self._host = host
        self._selector = selector
        self._deadlines = deadlines
        self._lock = lock
        self._descriptor: int | None = None

    def begin(self) -> None:
        """Let the poller see who comes; also when the rest is over."""
        if self._descriptor is None:
            self._descriptor = self._host.fileno()
            with self._lock:
                self._selector.register(self._descriptor, READ, self)

    def end(self) -> None:
        """Let it see nobody."""
        self._deadlines.clear(self)
        if self._descriptor is not None:
            with self._lock:
                self._selector.unregister(self._descriptor)
            self._descriptor = None

    @property
    def has_client(self) -> bool:
        """Somebody waits to be accepted, as far as anybody listens."""
        return self._descriptor is not None and bool(
            wait_until_ready([(self._descriptor, READ)], 0)
        )

    def try_accept(self) -> tuple[Any, Any] | None:
        """Accept one connection, its socket and its client's address; ``None`` where none comes."""
        try:
            return self._host.accept()
        except (OSError, MemoryError) as error:
            if isinstance(error, MemoryError) or error.errno in OUT_OF_RESOURCES:
                self.end()
                self._deadlines.set(self, ACCEPT_PAUSE_SECONDS)
            return None  # Else the client is gone again: nobody's fault.
