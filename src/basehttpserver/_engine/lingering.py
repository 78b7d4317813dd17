"""Closed connections that are read on for a moment, so that their clients can read the answer.

A socket that is closed with bytes unread is reset, and the reset may overtake the answer and take
it away (RFC 9112 9.6). So the last of such a connection is read and thrown away.
"""

import contextlib
import socket
from typing import Any, Final, Protocol

from basehttpserver._engine.context import Context
from basehttpserver._engine.deadlines import DeadlineTable
from basehttpserver._engine.peer import RECEIVE_BYTES
from basehttpserver._engine.readiness import Selector
from basehttpserver._engine.transport import READ, Transport, wait_until_ready

__all__ = ["Lingering", "LingeringSockets", "linger"]

#: How much such a connection may still send before it is cut after all.
LINGER_BYTES: Final = 1 << 20

#: So many linger at a time; one more takes the place of the oldest, which has had the longest time
#: to read its answer. They are beside `max_connections`, and each has a descriptor.
MOST_LINGERING: Final = 1000


class _Connection(Protocol):
    context: Context
    request: Any
    transport: Transport


class Lingering:
    """What is left of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        """Read on from `sock`, which is ours alone by now."""
        self.socket = sock
        self.bytes_left = LINGER_BYTES


class LingeringSockets:
    """The connections that linger, on the poller's selector and by its deadlines."""

    def __init__(
        self,
        selector: Selector,
        deadlines: DeadlineTable[object],
        linger_seconds: float,
    ) -> None:
        """Hold none yet."""
        self._selector = selector
        self._deadlines = deadlines
        self._linger_seconds = linger_seconds
        #: In the order in which they came.
        self._held: dict[Lingering, None] = {}

    def add(self, lingering: Lingering) -> None:
        """Begin to read on."""
        if len(self._held) >= MOST_LINGERING:
            self.end(next(iter(self._held)))
        self._held[lingering] = None
        self._selector.register(lingering.socket, READ, lingering)
        self._deadlines.set(lingering, self._linger_seconds)

    def on_ready(self, lingering: Lingering) -> None:
        """Throw away what has come; end with the client, or when it sends too much."""
        with contextlib.suppress(OSError):
            data = lingering.socket.recv(RECEIVE_BYTES)
            lingering.bytes_left -= len(data)
            if data and lingering.bytes_left > 0:
                return
        self.end(lingering)

    def end(self, lingering: Lingering) -> None:
        """Close it now."""
        self._deadlines.clear(lingering)
        self._held.pop(lingering, None)
        self._selector.unregister(lingering.socket)
        lingering.socket.close()

    def close(self) -> None:
        """Close all of them."""
        for lingering in list(self._held):
            self.end(lingering)


def linger(connection: _Connection) -> None:
    """Stop writing and read on for a moment, in a process that has no poller to do it."""
    clock = connection.context.clock
    deadline = clock() + connection.context.settings.linger_seconds
    rest = connection.transport.remaining_for_linger()
    if rest is None:
        return
    with rest, contextlib.suppress(OSError):
        connection.request.shutdown(socket.SHUT_WR)
        waited_for = [(rest.fileno(), READ)]
        while wait_until_ready(waited_for, max(0.0, deadline - clock())):
            if not rest.recv(RECEIVE_BYTES):
                break
