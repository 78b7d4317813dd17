"""The poller: one thread accepts, reads heads, and holds every connection that waits.

    run_once
      _accept                     one connection from the listener
      _on_ready                   bytes of a handshake, head or body
        _go_on                    hand a whole request to `respond`, or wait for more
      _on_due                     a deadline is past: answer 408, or close
      _take_back                  connections whose exchange has ended come back, from any thread

A connection is registered while the poller owns it, and taken out before anybody else touches it.
"""

import contextlib
import errno
import os
import selectors
import socket
import threading
from collections import Counter, deque
from typing import Any, Final, Protocol

from basehttpserver._engine.connection import Awaited, Connection, Context, State
from basehttpserver._engine.deadlines import DeadlineTable
from basehttpserver._engine.lingering import Lingering, LingeringSockets
from basehttpserver._engine.transport import READ, wait_until_ready
from basehttpserver._exchange import Verdict

__all__ = ["Host", "Poller"]

#: How long the listener rests when descriptors or memory have run out. Something must end first.
ACCEPT_PAUSE_SECONDS: Final = 0.2

OUT_OF_RESOURCES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Host(Protocol):
    """What the poller asks of the server that it works for."""

    def fileno(self) -> int:
        """Return the descriptor of the listener."""

    def accept(self) -> tuple[Any, Any]:
        """Accept one connection: its socket and the client's address. Raises ``OSError``."""

    def admit(self, request: Any, client_address: Any) -> Connection | None:
        """Make the connection to be polled, ``None`` where it was refused or is served already."""

    def wants_body_first(self, connection: Connection) -> bool:
        """Tell whether the handler is to find the body of the request here when it starts."""

    def asks_for_body(self, connection: Connection) -> bool:
        """Tell whether the handler would give 100 (Continue) to a client that waits for it."""

    def respond(self, connection: Connection) -> bool:
        """Have a handler answer the request that is here; ``False`` when all are busy."""

    def close_connection(self, connection: Connection) -> None:
        """Close a connection that has no exchange."""

    def report(self, connection: Connection) -> None:
        """Report the exception that is being handled: a fault of our own."""


class Poller:
    """Runs in the thread of ``serve_forever``; `wake`, `give_back`, `linger` are for any thread."""

    def __init__(self, host: Host, context: Context) -> None:
        """Work for `host`."""
        self._host = host
        self._context = context
        self._selector = selectors.DefaultSelector()
        #: Of connections, of what lingers, and of the listener while it rests (``None``).
        self._deadlines: DeadlineTable[object] = DeadlineTable(context.clock)
        self._lingering = LingeringSockets(
            self._selector, self._deadlines, context.settings.linger_seconds
        )
        self._connections: set[Connection] = set()
        self._addresses: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._returned: deque[Connection | Lingering] = deque()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self._selector.register(self._wake_reader, READ, self._wake_reader)
        self._listener: int | None = None
        self._stop_reader, self._stop_writer = socket.socketpair()
        self._process = os.getpid()
        self._answered = 0
        self._is_closed = False

    # For any thread.

    def wake(self) -> None:
        """Make `run_once` return soon."""
        with contextlib.suppress(BlockingIOError, OSError):  # Full: it is awake already.
            self._wake_writer.send(b"\0")

    def give_back(self, connection: Connection, *, wake: bool = True) -> None:
        """Wait for the next request of a connection whose exchange has ended.

        Without `wake` only from the poller's own thread.
        """
        if not self._try_return(connection):
            self._host.close_connection(connection)
        elif wake:
            self.wake()

    def linger(self, sock: socket.socket) -> None:
        """Read on from a connection that was shut down, and close it after a moment."""
        if self._try_return(Lingering(sock)):
            self.wake()
        else:
            sock.close()

    def _try_return(self, returned: Connection | Lingering) -> bool:
        with self._lock:
            if not self._is_closed:
                self._returned.append(returned)
            return not self._is_closed

    def forget(self, connection: Connection) -> None:
        """Count a connection as closed."""
        with self._lock:
            if connection in self._connections:
                self._connections.discard(connection)
                address = _host_of(connection.client_address)
                self._addresses[address] -= 1
                if not self._addresses[address]:
                    del self._addresses[address]

    def others_wait(self) -> int:
        """Return a descriptor that is readable while others wait, -1 where there is none."""
        get = getattr(self._selector, "fileno", None)
        return get() if get is not None else -1

    def stop_announced(self) -> int:
        """Return a descriptor that is readable once `announce_stop` was called."""
        return self._stop_reader.fileno()

    def announce_stop(self) -> None:
        """Let connections end after their exchanges, also those that wait in their threads."""
        if not self._context.is_stopping:
            self._context.is_stopping = True
            self._stop_writer.send(b"\0")

    def _open_connections(self) -> list[Connection]:
        with self._lock:
            return list(self._connections)

    # The loop.

    @property
    def answered(self) -> int:
        """How many requests were handed to handlers so far."""
        return self._answered

    @property
    def is_quiet(self) -> bool:
        """No connection has a request, or a part of one, to be answered."""
        return not any(
            connection.state not in (State.HEAD, State.HANDSHAKE, State.CLOSED)
            or connection.head is not None
            or connection.protocol.has_partial_head
            for connection in self._open_connections()
        )

    def listen(self) -> None:
        """Begin to accept."""
        if self._listener is None:
            self._listener = self._host.fileno()
            self._selector.register(self._listener, READ, None)

    def stop_listening(self) -> None:
        """Accept no more."""
        self._deadlines.clear(None)
        if self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener = None

    def accept_last(self, most: int) -> None:
        """Accept what waits in the listener's queue already, up to `most`, and no more."""
        self.listen()
        for _ in range(most):
            if self._listener is None or not wait_until_ready([(self._listener, READ)], 0):
                break
            self._accept()
        self.stop_listening()

    def run_once(self, seconds: float | None) -> None:
        """Wait for something to do, `seconds` at most, and do it."""
        self._take_back()
        left = 0.0 if self._returned else self._deadlines.seconds_left()
        if left is not None:
            seconds = left if seconds is None else min(seconds, left)
        for key, _ in self._selector.select(seconds):
            if self._is_closed:
                return  # By a handler, in this very thread.
            if key.data is None:
                self._accept()
            elif key.data is self._wake_reader:
                with contextlib.suppress(BlockingIOError):
                    self._wake_reader.recv(4096)
            elif isinstance(key.data, Lingering):
                self._lingering.on_ready(key.data)
            elif key.data in self._connections:
                self._on_ready(key.data)
        self._take_back()
        for due in self._deadlines.pop_due():
            if not self._is_closed:
                self._on_due(due)

    def _accept(self) -> None:
        try:
            request, client_address = self._host.accept()
        except OSError as error:
            if error.errno in OUT_OF_RESOURCES:
                self.stop_listening()
                self._deadlines.set(None, ACCEPT_PAUSE_SECONDS)
            return  # Else the client is gone again: nobody's fault.
        connection = self._host.admit(request, client_address)
        if connection is None:
            self._answered += 1
            return
        address = _host_of(client_address)
        with self._lock:
            self._connections.add(connection)
            self._addresses[address] += 1
        if self._is_over_limit(address):
            self._turn_away(connection)
            return
        self._deadlines.set(connection, self._context.settings.handshake_timeout_seconds)
        self._on_ready(connection)

    def _is_over_limit(self, address: str) -> bool:
        settings = self._context.settings
        per_address = settings.max_connections_per_address
        return len(self._connections) > settings.max_connections or (
            per_address is not None and self._addresses[address] > per_address
        )

    def _turn_away(self, connection: Connection) -> None:
        """Answer 503 without a handler."""
        self._release(connection)
        with contextlib.suppress(OSError):
            if connection.state is not State.HANDSHAKE or connection.transport.try_handshake():
                connection.transport.try_send(connection.protocol.turn_away())
        connection.verdict = Verdict.LINGER
        self._host.close_connection(connection)

    def _on_ready(self, connection: Connection) -> None:
        """Receive what is here, and go on as far as it goes."""
        self._go_on(connection, receives=True)

    def _go_on(self, connection: Connection, *, receives: bool = False) -> None:
        """Answer the request that is here; wait where it is not whole."""
        try:
            is_whole = self._try_whole_request(connection, receives=receives)
        except OSError:
            self._close(connection)
        except Exception:
            # A fault of ours, met with one client's bytes: it must not end the others' server.
            self._host.report(connection)
            self._close(connection)
        else:
            if is_whole:
                self._respond(connection)
            elif connection.state is State.HEAD and connection.protocol.is_over:
                self._close(connection)
            else:
                self._watch(connection)
                self._set_deadline(connection)

    def _try_whole_request(self, connection: Connection, *, receives: bool) -> bool:
        """Go through handshake, head and body with what is here; tell whether that is all."""
        if connection.state is State.HANDSHAKE:
            if not connection.transport.try_handshake():
                return False
            connection.state = State.HEAD
        if receives and not connection.peer.receive():
            return False
        if connection.state is State.HEAD:
            if not connection.try_next_head():
                return False
            if not self._host.wants_body_first(connection):
                return True
            connection.begin_body(asks=self._host.asks_for_body(connection))
            self._deadlines.set(connection, self._context.settings.rate_grace_seconds)
        return connection.collect_body()

    def _respond(self, connection: Connection) -> None:
        self._release(connection)
        connection.state = State.HEAD
        self._answered += 1
        if not self._host.respond(connection):
            self._turn_away(connection)

    def _set_deadline(self, connection: Connection) -> None:
        """Give a head, once begun, its time; else the connection is idle."""
        settings = self._context.settings
        if connection.state is not State.HEAD:
            return
        has_begun = connection.protocol.has_partial_head
        awaited = Awaited.HEAD_END if has_begun else Awaited.REQUEST
        if awaited is not connection.awaited:
            connection.awaited = awaited
            seconds = settings.head_timeout_seconds if has_begun else connection.idle_seconds
            self._deadlines.set(connection, seconds)

    def _watch(self, connection: Connection) -> None:
        mask = connection.transport.receive_mask
        if connection.watched_mask == mask:
            return
        if connection.watched_mask:
            self._selector.modify(connection.transport, mask, connection)
        else:
            self._selector.register(connection.transport, mask, connection)
        connection.watched_mask = mask

    def _release(self, connection: Connection) -> None:
        """Give up a connection, to a handler or to be closed."""
        self._deadlines.clear(connection)
        connection.awaited = Awaited.NOTHING
        if connection.watched_mask:
            connection.watched_mask = 0
            self._selector.unregister(connection.transport)

    def _close(self, connection: Connection) -> None:
        self._release(connection)
        self._host.close_connection(connection)

    # Connections that come back.

    def _take_back(self) -> None:
        # Only those that are here now: one that pipelines without end must not hold up the rest.
        for _ in range(len(self._returned)):
            returned = self._returned.popleft()
            if isinstance(returned, Lingering):
                self._lingering.add(returned)
            elif self._must_leave(returned):
                self._close(returned)
            else:
                self._go_on(returned)

    def _must_leave(self, returned: Connection) -> bool:
        if returned.transport.fileno() < 0:
            return True  # Its handler closed the socket.
        has_request = returned.head is not None or returned.protocol.has_partial_head
        return self._context.is_stopping and not has_request

    # Deadlines.

    def _on_due(self, due: object) -> None:
        if isinstance(due, Connection):
            self._on_late(due)
        elif isinstance(due, Lingering):
            self._lingering.end(due)
        else:
            self.listen()

    def _on_late(self, due: Connection) -> None:
        if due.state is State.BODY:
            self._on_slow_body(due)
        elif due.state is State.HEAD and due.protocol.has_partial_head:
            due.time_out_head()
            self._respond(due)
        else:
            self._close(due)

    def _on_slow_body(self, connection: Connection) -> None:
        settings = self._context.settings
        period = settings.rate_grace_seconds
        enough = settings.min_body_bytes_per_second * period
        if connection.peer.progress_bytes >= enough:
            connection.peer.progress_bytes = 0
            self._deadlines.set(connection, period)
        else:
            connection.time_out_body()
            self._respond(connection)

    # The end.

    def close_idle(self) -> None:
        """Close every connection that the poller holds and that has begun no request."""
        for connection in self._open_connections():
            is_held = connection.watched_mask and connection.state in (State.HEAD, State.HANDSHAKE)
            if is_held and not connection.protocol.has_partial_head:
                self._close(connection)

    def close(self) -> None:
        """Close everything that the poller holds. After a fork the child leaves the parent's be."""
        is_owner = self._process == os.getpid()
        with self._lock:
            self._is_closed = True
            returned, self._returned = list(self._returned), deque()
        for each in returned:
            if isinstance(each, Lingering):
                each.socket.close()
            else:
                self._close(each)
        if is_owner:
            self.stop_listening()
            for connection in self._open_connections():
                if connection.watched_mask:
                    self._close(connection)
            self._lingering.close()
        self._selector.close()
        for sock in (self._wake_reader, self._wake_writer, self._stop_reader, self._stop_writer):
            sock.close()


def _host_of(client_address: Any) -> str:
    if isinstance(client_address, tuple) and client_address:
        return str(client_address[0])
    return ""
