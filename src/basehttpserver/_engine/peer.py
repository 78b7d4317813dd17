"""The other end of a connection: receiving from it, sending to it, and waiting for it."""

from collections.abc import Callable
from typing import Any, Final

from basehttpserver._engine.backlog import Backlog
from basehttpserver._engine.deadlines import Clock, RateAllowance
from basehttpserver._engine.transport import transport_for, wait_until_ready
from basehttpserver._exchange import Protocol
from basehttpserver.exceptions import PeerTimeoutError

__all__ = ["RECEIVE_BYTES", "Peer"]

#: How much is received at a time: what the default receive buffer of a socket holds at first.
RECEIVE_BYTES: Final = 65536


class Peer:
    """Moves bytes between a socket and a protocol; waits only where `wait` is called."""

    def __init__(
        self,
        request: Any,
        protocol: Protocol,
        clock: Clock,
        before_waiting: Callable[[], None] = lambda: None,
    ) -> None:
        """Speak `protocol` over the socket `request`."""
        self._request = request
        self._protocol = protocol
        self._clock = clock
        self.transport = transport_for(request)
        #: How long one operation may wait, as ``socket.settimeout``; handlers set it.
        self.operation_timeout: float | None = None
        #: Only `operation_timeout` limits waiting: the connection is the handler's.
        self.has_no_deadlines = False
        #: Receiving or sending has failed.
        self.is_lost = False
        #: Bytes received, or sent from a backlog, since somebody set it to 0.
        self.progress_bytes = 0
        self._waiting_since = 0.0
        self._queued_bytes = 0
        #: Is called before each wait.
        self.before_waiting = before_waiting

    def keep_socket(self) -> None:
        """Let the socket's ``close`` wait for `release_socket`, as ``socket.makefile`` does.

        Handlers close their socket at the end of ``do_GET`` and trust that ``wfile`` still works.
        """
        self._request._io_refs += 1

    def release_socket(self) -> None:
        """Let the socket be closed: ``rfile`` is."""
        self._request._decref_socketios()

    def receive(self) -> bool:
        """Hand what is here to the protocol; ``False`` when nothing is. Raises ``OSError``."""
        data = self.try_receive()
        if data is None:
            return False
        if data:
            self._protocol.receive(data)
        else:
            self._protocol.receive_eof()
        return True

    def try_receive(self) -> bytes | None:
        """Return what is here, ``b""`` at the end, ``None`` for nothing yet. Raises ``OSError``."""
        try:
            data = self.transport.try_receive(RECEIVE_BYTES)
        except OSError:
            self.is_lost = True
            raise
        if data:
            self.progress_bytes += len(data)
        return data

    def receive_or_wait(self, allowance: RateAllowance) -> None:
        """Receive something, waiting as long as `allowance` has it. Raises as `wait`."""
        before = self.progress_bytes
        while not self.receive():
            self.wait(self.transport.receive_mask, allowance)
        allowance.moved(self.progress_bytes - before)

    def send_from(self, backlog: Backlog, slices: int) -> int:
        """Send of a backlog what the socket takes now, up to so many slices; return how much.

        Raises ``EOFError`` for a file that has become shorter, and ``OSError``.
        """
        try:
            sent = backlog.send(self.transport, slices)
        except OSError:
            self.is_lost = True
            raise
        self.progress_bytes += sent
        return sent

    def wait(self, mask: int, allowance: RateAllowance) -> None:
        """Wait until the peer moves, after a word to whom a wait would hold up.

        Raises `PeerTimeoutError` where it does not for too long, ``TimeoutError`` after the
        handler's own timeout.
        """
        self.before_waiting()
        own = self.operation_timeout or self._request.gettimeout() or None
        self.begin_waiting()
        while True:
            is_handlers = self.has_no_deadlines or self._protocol.is_tunnel
            by_rate = None if is_handlers else allowance.seconds_left()
            limits = [limit for limit in (own, by_rate) if limit is not None]
            ready = wait_until_ready([(self.transport.fileno(), mask)], min(limits, default=None))
            taken = self.charge_wait(allowance)
            if ready or not limits:
                return
            if by_rate is None or (own is not None and own < by_rate):
                raise TimeoutError("timed out")
            if not taken:
                raise PeerTimeoutError("the client is too slow")

    def begin_waiting(self) -> None:
        """Take note of when a wait for the peer begins, and of what it has still to take."""
        self._waiting_since = self._clock()
        self._queued_bytes = self.transport.queued_bytes()

    def charge_wait(self, allowance: RateAllowance) -> int:
        """Charge the wait so far; credit and return what left the kernel's queue meanwhile.

        A socket takes more only when a third of that queue, megabytes perhaps, is empty.
        """
        allowance.waited(self._clock() - self._waiting_since)
        left = self.transport.queued_bytes()
        taken = max(0, self._queued_bytes - left)
        allowance.moved(taken)
        self._waiting_since = self._clock()
        self._queued_bytes = left
        return taken
