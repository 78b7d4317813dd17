"""One connection: its state, its exchange, and waiting for its peer.

    state        who owns it                                 what it waits for
    HANDSHAKE    the poller                                  the TLS handshake
    HEAD         the poller, or a thread between exchanges   the head of a request
    BODY         the poller                                  a body, before an HTTPServer's handler
    EXCHANGE     the thread that runs the handler            nothing, or what the handler asks for
    TAKEN        the handler                                 nothing of ours: it uses the socket
    CLOSED       nobody

Only the owner reads, writes and closes. The one exception is the flusher, which sends what a
handler left unsent: whoever sends holds `_lock`, and the flusher never waits for it.
"""

import contextlib
import dataclasses
import io
import socket
import threading
from collections.abc import Callable
from enum import Enum, auto
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import Any, Final

from basehttpserver._engine.deadlines import Clock, RateAllowance
from basehttpserver._engine.flusher import Flusher
from basehttpserver._engine.sockets import HandledSocket, attach
from basehttpserver._engine.streams import RequestReader, ResponseWriter
from basehttpserver._engine.transport import READ, transport_for, wait_until_ready
from basehttpserver._exchange import Protocol, RequestHead, Verdict
from basehttpserver.exceptions import PeerError, PeerTimeoutError
from basehttpserver.settings import Settings

__all__ = ["Connection", "Context", "State"]

#: How much is received at a time: what the default receive buffer of a socket holds at first.
RECEIVE_BYTES: Final = 65536

#: So much gathers before it is sent: one segment of TSO, the most that one `send` passes at once.
COLLECT_BYTES: Final = 65536


class State(Enum):
    """See the module's table."""

    HANDSHAKE = auto()
    HEAD = auto()
    BODY = auto()
    EXCHANGE = auto()
    TAKEN = auto()
    CLOSED = auto()


class Context:
    """What the connections of one server share."""

    def __init__(
        self,
        settings: Settings,
        make_protocol: Callable[[Settings], Protocol],
        flusher: Flusher,
        clock: Clock,
    ) -> None:
        """Hold it together."""
        self.settings = settings
        self.make_protocol = make_protocol
        self.flusher = flusher
        self.clock = clock
        #: The server stops: no connection goes on after its exchange.
        self.is_stopping = False
        #: While a thread waits for the next head, readiness of this descriptor ends the
        #: connection: other clients wait for the thread, or the server stops.
        self.yield_to: Callable[[], int] | None = None


class Connection:
    """A client's connection and the exchange that runs on it."""

    def __init__(self, request: Any, client_address: Any, context: Context) -> None:
        """Begin with a socket that was just accepted."""
        self.request = request
        self.client_address = client_address
        self.context = context
        self.transport = transport_for(request)
        self.protocol = context.make_protocol(context.settings)
        self.state = State.HANDSHAKE
        #: A handler may leave its thread between exchanges and stay here as the `resident`.
        self.may_park = False
        #: The handler that stays with the connection between exchanges, where one does.
        self.resident: Any = None
        #: The head of the exchange that runs, or is about to.
        self.head: RequestHead | None = None
        #: How long one operation may wait for the peer, as ``socket.settimeout``; handlers set it.
        self.operation_timeout: float | None = None
        #: What the poller waits for on this connection: a mask of selectors, 0 while it does not.
        self.watched_mask = 0
        #: The deadline that runs is the head's, not the idle connection's.
        self.has_begun_head = False
        #: Bytes received since the poller last looked at them.
        self.progress_bytes = 0
        self.verdict = Verdict.CLOSE
        self.reader: io.BufferedReader | RequestReader | None = None
        self._lock = threading.Lock()
        self._head_left: memoryview = memoryview(b"")
        self._spooled: SpooledTemporaryFile[bytes] | None = None
        self._unsent: bytes = b""
        self._writes_through = False
        self._is_watched = False
        self._body_allowance = self._new_body_allowance()
        self._response_allowance = self._body_allowance
        attach(request, self)
        if request.family in (socket.AF_INET, socket.AF_INET6):
            # A response is sent whole, or as the handler flushes it: Nagle's algorithm could only
            # hold its end back until the client's delayed acknowledgement, 40 ms.
            with contextlib.suppress(OSError):
                request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)

    # Heads.

    def try_next_head(self) -> bool:
        """Begin an exchange if a head is here, whole or refused."""
        if self.head is None and self.state is not State.TAKEN:
            self._begin(self.protocol.next_head())
        return self.head is not None

    def time_out_head(self) -> None:
        """Begin an exchange that answers 408 to a head that does not come."""
        self._begin(self.protocol.refuse(head_timeout()))

    def _begin(self, head: RequestHead | None) -> None:
        if head is None:
            return
        self.head = head
        self._head_left = memoryview(head.raw)
        self._writes_through = False
        self._body_allowance = self._new_body_allowance()
        settings = self.context.settings
        self._response_allowance = RateAllowance(
            settings.rate_grace_seconds, settings.min_response_bytes_per_second
        )

    def _new_body_allowance(self) -> RateAllowance:
        settings = self.context.settings
        return RateAllowance(settings.rate_grace_seconds, settings.min_body_bytes_per_second)

    def begin_exchange(self) -> bool:
        """Make sure of an exchange; wait for its head where it is not here.

        Returns whether there is one: ``False`` when the client closed the connection, kept it
        idle for too long, or others wait for the thread. For a handler that keeps its thread.
        """
        if self.state in (State.EXCHANGE, State.TAKEN):
            return self.state is State.EXCHANGE
        if self.state is State.HANDSHAKE:
            self._shake_hands()
        if self.state is State.CLOSED:
            return False
        while not self.try_next_head():
            if self.protocol.is_over or not self._wait_for_head():
                return False
        self.state = State.EXCHANGE
        return True

    def _shake_hands(self) -> None:
        """Finish the TLS handshake, for a handler that nothing polled for. Raises ``OSError``."""
        deadline = self.context.clock() + self.context.settings.handshake_timeout_seconds
        while not self.transport.try_handshake():
            left = deadline - self.context.clock()
            mask = self.transport.receive_mask
            if left <= 0 or not wait_until_ready([(self.transport.fileno(), mask)], left):
                raise PeerTimeoutError("the TLS handshake took too long")
        self.state = State.HEAD

    def _wait_for_head(self) -> bool:
        """Receive more of the next head; ``False`` where none may come any more."""
        settings = self.context.settings
        if not self.protocol.has_partial_head:
            return self._wait_while_idle(settings.idle_timeout_seconds)
        deadline = self.context.clock() + settings.head_timeout_seconds
        while not self.protocol.is_over:
            left = deadline - self.context.clock()
            if left <= 0 or not self._receive_within(left):
                self.time_out_head()
                return True
            if self.try_next_head():
                break
        return True

    def _wait_while_idle(self, seconds: float) -> bool:
        if self.context.is_stopping:
            seconds = 0.0
        elif self.context.yield_to is not None:
            return self._wait_unless_others_do(seconds)
        return self._receive_within(seconds)

    def _wait_unless_others_do(self, seconds: float) -> bool:
        others = self.context.yield_to() if self.context.yield_to else -1
        own = self.transport.fileno()
        received = self.receive()
        if received is not None:
            return received
        waited_for = [(own, self.transport.receive_mask)]
        if others < 0:
            seconds = 0.0  # No way to see others wait: take it that they do.
        else:
            waited_for.append((others, READ))
        ready = wait_until_ready(waited_for, seconds)
        return own in ready and self.receive() is not None

    def _receive_within(self, seconds: float | None) -> bool:
        """Receive once, waiting up to `seconds`; ``False`` when nothing came."""
        received = self.receive()
        if received is None:
            wait_until_ready([(self.transport.fileno(), self.transport.receive_mask)], seconds)
            received = self.receive()
        return received is not None

    def receive(self) -> bool | None:
        """Hand what is here to the protocol: ``True``; ``None`` when nothing is, without waiting.

        Raises ``OSError`` when the connection is lost.
        """
        data = self.transport.try_receive(RECEIVE_BYTES)
        if data is None:
            return None
        if data:
            self._body_allowance.moved(len(data))
            self.progress_bytes += len(data)
            self.protocol.receive(data)
        else:
            self.protocol.receive_eof()
        return True

    # The request, as the handler reads it.

    def open_reader(self, buffer_size: int) -> "io.BufferedReader | RequestReader":
        """Return ``rfile``: `buffer_size` as of ``socket.makefile``, 0 for none."""
        reader = RequestReader(self)
        if buffer_size == 0:
            self.reader = reader
        else:
            size = io.DEFAULT_BUFFER_SIZE if buffer_size < 0 else buffer_size
            self.reader = io.BufferedReader(reader, size)
        return self.reader

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes of the head, then of the body; ``b""`` at its end. May wait.

        Raises `PeerError`, ``TimeoutError`` (`PeerTimeoutError` for a deadline of the settings) and
        ``OSError``.
        """
        if self._head_left:
            data = bytes(self._head_left[:size])
            self._head_left = self._head_left[size:]
            return data
        if self._spooled is not None:
            data = self._spooled.read(size)
            if data:
                return data
            self._close_spool()
        if self.state not in (State.EXCHANGE, State.TAKEN) or self.refusal:
            return b""
        return self._read_body(size)

    def _read_body(self, size: int) -> bytes:
        while True:
            body = self.protocol.read_body(size)
            if body is not None:
                return body
            if not self.receive():
                # The client may be waiting for what the handler wrote, 100 (Continue) above all.
                self.flush()
                self._wait_for_peer(self.transport.receive_mask, self._body_allowance)

    def _wait_for_peer(self, mask: int, allowance: RateAllowance) -> None:
        """Wait until the peer moves; raise ``TimeoutError`` where it does not for too long."""
        own_timeout = self.operation_timeout or self.request.gettimeout() or None
        by_rate = None if self.is_tunnel else allowance.seconds_left()
        limits = [limit for limit in (own_timeout, by_rate) if limit is not None]
        began = self.context.clock()
        ready = wait_until_ready([(self.transport.fileno(), mask)], min(limits) if limits else None)
        allowance.waited(self.context.clock() - began)
        if ready or not limits:
            return
        if by_rate is not None and (own_timeout is None or by_rate <= own_timeout):
            raise PeerTimeoutError("the client is too slow")
        raise TimeoutError("timed out")

    def limit_operations(self, seconds: float) -> None:
        """Let one operation wait for the peer no longer than this, as ``socket.settimeout``."""
        self.operation_timeout = seconds
        if isinstance(self.request, HandledSocket):
            self.request.settimeout(seconds)

    @property
    def refusal(self) -> PeerError | None:
        """Why the request is refused, ``None`` where it is not."""
        return self.head.refusal if self.head is not None else None

    @property
    def in_exchange(self) -> bool:
        """A request is being answered."""
        return self.state is State.EXCHANGE

    @property
    def can_answer(self) -> bool:
        """A request is being answered, and nothing was given for an answer yet."""
        return self.state is State.EXCHANGE and not self.protocol.has_response

    # A body that is read before the handler starts.

    def collect_body(self) -> bool:
        """Move what is here of the body to a temporary file; tell whether that is all of it."""
        settings = self.context.settings
        if self._spooled is None:
            self._spooled = SpooledTemporaryFile(max_size=settings.spool_memory_bytes)
        try:
            while self._spooled.tell() < settings.max_spool_bytes:
                data = self.protocol.read_body(RECEIVE_BYTES)
                if data is None:
                    return False
                if not data:
                    break
                self._spooled.write(data)
            self._spooled.seek(0)
        except PeerError as error:
            self._refuse_body(error)
        except OSError:
            self._refuse_body(
                PeerError(
                    HTTPStatus.INSUFFICIENT_STORAGE,
                    "Insufficient Storage",
                    "The server has no room for the body of the request",
                )
            )
        return True

    def time_out_body(self) -> None:
        """Give up on a body that does not come."""
        self._refuse_body(body_timeout())

    def _refuse_body(self, error: PeerError) -> None:
        self._close_spool()
        if self.head is not None:
            self.protocol.refuse(error)
            self.head = dataclasses.replace(self.head, keeps_alive=False, refusal=error)

    def _close_spool(self) -> None:
        if self._spooled is not None:
            self._spooled.close()
            self._spooled = None

    # The response, as the handler writes it.

    @property
    def is_tunnel(self) -> bool:
        """The connection carries another protocol from here on."""
        return self.state is State.TAKEN or self.protocol.is_tunnel

    def open_writer(self) -> ResponseWriter:
        """Return ``wfile``."""
        return ResponseWriter(self)

    def write_head(self, block: bytes, *, keeps_alive: bool) -> None:
        """Take a whole head that the handler wrote through the API."""
        with self._lock:
            self.protocol.send_head(
                block, keeps_alive=keeps_alive, is_last=self.context.is_stopping
            )
            self._collect_locked()

    def write(self, data: Any) -> None:
        """Take body bytes; send them when enough has gathered, or soon."""
        with self._lock:
            self.protocol.send_body(data)
            self._collect_locked()

    def _collect_locked(self) -> None:
        if self._writes_through or self.is_tunnel or self.protocol.pending_bytes + len(self._unsent) >= COLLECT_BYTES:
            self._send_locked()
        elif not self._is_watched:
            self._is_watched = True
            self.context.flusher.watch(self)

    def flush(self) -> None:
        """Send what was written."""
        with self._lock:
            self._send_locked()

    def _send_locked(self, *, last: bool = False) -> None:
        """Send everything, waiting for the peer as its minimum rate allows."""
        data = self._take_locked(last=last)
        with memoryview(data) as view:
            sent = 0
            try:
                while sent < len(view):
                    count = self.transport.try_send(view[sent:])
                    sent += count
                    self._response_allowance.moved(count)
                    if sent < len(view) and not count:
                        self._wait_for_peer(self.transport.send_mask, self._response_allowance)
            except OSError:
                # What could not be sent is lost, and so is the connection.
                self.verdict = Verdict.CLOSE
                raise

    def _take_locked(self, *, last: bool) -> bytes:
        unsent, self._unsent = self._unsent, b""
        pieces = self.protocol.take(last=last)
        if unsent:
            pieces.insert(0, unsent)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def flush_late_output(self) -> bool:
        """Send what has waited for too long, without waiting. For the flusher.

        Returns whether there is nothing left for it to do. From here on the exchange writes
        through: its handler takes its time.
        """
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if self.state is not State.EXCHANGE or not self._is_watched:
                return True
            self._writes_through = True
            data = self._take_locked(last=False)
            sent = self.transport.try_send(data) if data else 0
            self._response_allowance.moved(sent)
            self._unsent = data[sent:]
            return not self._unsent
        except OSError:
            return True  # The handler will meet the error itself.
        finally:
            self._lock.release()

    # The end.

    def end_exchange(self, *, keep: bool) -> list[str]:
        """Send the rest of the response, drop the rest of the request.

        `keep`: the handler lets the connection go on; ask `goes_on` whether it does. Returns what
        the handler did wrong with its response. Does nothing where no exchange runs.
        """
        if self.state is not State.EXCHANGE:
            return []
        try:
            with self._lock:
                self._stop_watching_locked()
                self._send_locked(last=True)
        except BaseException:
            self._finish(keep=False)
            raise
        complaints = self.protocol.complaints()
        self._finish(keep=keep)
        return complaints

    def abort_exchange(self) -> None:
        """Send what was written and no more, so that the client can tell that it was cut."""
        if self.state is not State.EXCHANGE:
            return
        try:
            with self._lock:
                self._stop_watching_locked()
                self._send_locked()
        except OSError:
            pass  # Nobody's fault: the client went away.
        finally:
            self._finish(keep=False)

    def _stop_watching_locked(self) -> None:
        if self._is_watched:
            self._is_watched = False
            self.context.flusher.forget(self)

    def _finish(self, *, keep: bool) -> None:
        self.state = State.HEAD
        self.head = None
        self._head_left = memoryview(b"")
        self._close_spool()
        self._drop_buffered_input()
        self.verdict = self.protocol.finish(keep=keep and not self.context.is_stopping)
        if self.verdict is not Verdict.KEEP:
            self.state = State.CLOSED

    def _drop_buffered_input(self) -> None:
        """Empty ``rfile``: what it holds of this request must not be taken for the next one."""
        reader = self.reader
        if isinstance(reader, io.BufferedReader) and not reader.closed:
            while reader.read1(RECEIVE_BYTES):
                pass

    @property
    def goes_on(self) -> bool:
        """Another request may come on this connection."""
        return self.state is State.HEAD

    def take_over(self, size: int) -> bytes:
        """Leave the connection to the handler; return up to `size` bytes received already."""
        if self.state is State.CLOSED:
            return b""
        if self.state is not State.TAKEN:
            with self._lock:
                self._stop_watching_locked()
                self._send_locked()
            self.state = State.TAKEN
            self.protocol.take_over()
            self.transport.release()
        if self._head_left:
            return self.read(size)
        return self.protocol.read_body(size) or b""

    def close(self) -> None:
        """Forget everything; the socket is the server's to close."""
        with self._lock:
            self._stop_watching_locked()
        if self.state is not State.TAKEN:
            self.state = State.CLOSED
        self._close_spool()
        self.resident = None


def head_timeout() -> PeerError:
    """Make the refusal of a head that did not come in time (RFC 9110 15.5.9)."""
    return PeerError(
        HTTPStatus.REQUEST_TIMEOUT, "Request Timeout", "The head of the request took too long"
    )


def body_timeout() -> PeerError:
    """Make the refusal of a body that did not come in time."""
    return PeerError(
        HTTPStatus.REQUEST_TIMEOUT, "Request Timeout", "The body of the request took too long"
    )
