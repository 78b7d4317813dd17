"""One connection: its state, and the exchange that runs on it.

    state        who owns it                                 what it waits for
    HANDSHAKE    the poller                                  the TLS handshake, where there is one
    HEAD         the poller, or a thread between exchanges   the head of a request
    BODY         the poller                                  a body, before its handler starts
    EXCHANGE     the thread that runs the handler            nothing, or what the handler asks for
    SENDING      the poller                                  the client, to take its response
    TAKEN        the handler                                 nothing of ours: it uses the socket
    CLOSED       nobody

Only the owner reads, writes and closes. The one exception is the sentinel, which sends what a
handler left unsent; see `outgoing`. A connection may stay registered with the poller while the
leader itself runs its handler; whoever takes the lead takes it out first, see `leadership`.
"""

import contextlib
import io
import socket
from collections.abc import Callable
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

from basehttpserver._engine.deadlines import Clock
from basehttpserver._engine.incoming import Incoming
from basehttpserver._engine.outgoing import Outgoing, Surplus
from basehttpserver._engine.peer import RECEIVE_BYTES, Peer
from basehttpserver._engine.sentinel import Sentinel
from basehttpserver._engine.sockets import Handled
from basehttpserver._engine.spool import Spool
from basehttpserver._engine.streams import RequestReader, ResponseWriter
from basehttpserver._engine.transport import (
    READ,
    HandshakeError,
    PlaintextError,
    TlsTransport,
    wait_until_ready,
)
from basehttpserver._exchange import Protocol, RequestHead, Verdict
from basehttpserver.exceptions import PeerError, PeerTimeoutError
from basehttpserver.settings import Settings

__all__ = ["Awaited", "Connection", "Context", "State", "connection_of"]


class State(Enum):
    """See the module's table."""

    HANDSHAKE = auto()
    HEAD = auto()
    BODY = auto()
    EXCHANGE = auto()
    SENDING = auto()
    TAKEN = auto()
    CLOSED = auto()


class Awaited(Enum):
    """What a deadline is for. It is a total: it begins once, when something else is awaited."""

    NOTHING = auto()
    #: The first byte of a head; or the end of a body that is thrown away, before that.
    REQUEST = auto()
    #: The end of a head that has begun.
    HEAD_END = auto()
    #: That the client takes what is left of a response.
    RESPONSE_TAKEN = auto()


class Context:
    """What the connections of one server share."""

    def __init__(
        self,
        settings: Settings,
        make_protocol: Callable[[Settings], Protocol],
        sentinel: Sentinel,
        clock: Clock,
    ) -> None:
        """Hold it together."""
        self.settings = settings
        self.make_protocol = make_protocol
        self.sentinel = sentinel
        self.clock = clock
        self.spool = Spool(settings.max_spool_bytes)
        #: The server stops: no connection goes on after its exchange.
        self.is_stopping = False
        #: While a thread waits for the next head, readiness of this descriptor ends the
        #: connection: other clients wait for the thread, or the server stops.
        self.yield_to: Callable[[], int] | None = None
        #: One thread runs the handlers of all connections, and polls: it sees by `yield_to` who
        #: waits while one of them reads.
        self.has_one_thread = False
        #: Takes a connection out of the poller, wherever that is; for any thread.
        self.release: Callable[[Connection], None] = lambda connection: None
        #: Takes it out there, too, and counts it as closed; for any thread.
        self.forget: Callable[[Connection], None] = lambda connection: None


class Connection:
    """A client's connection and the exchange that runs on it."""

    def __init__(
        self, request: Any, client_address: Any, context: Context, *, is_servers: bool = True
    ) -> None:
        """Begin with a socket that was just accepted.

        Or, where it is not the server's, with one that a handler has made out of another.
        """
        self.request = request
        self.client_address = client_address
        self.context = context
        self.protocol = context.make_protocol(context.settings)
        self.peer = Peer(request, self.protocol, context.clock, self._before_waiting)
        self.transport = self.peer.transport
        self.state = State.HANDSHAKE
        #: A handler may leave its thread between exchanges and stay here as the `resident`.
        self.may_park = False
        #: The handler that stays with the connection between exchanges, where one does.
        self.resident: Any = None
        #: The head of the exchange that runs, or is about to.
        self.head: RequestHead | None = None
        #: A handler of this kind would give 100 (Continue) to any client that waits for it.
        self.always_continues = False
        #: What the poller waits for on this connection: a mask of selectors, 0 while it does not.
        self.watched_mask = 0
        #: What the poller's deadline is for.
        self.awaited = Awaited.NOTHING
        #: Hooks or the handler of the program may wrap the socket in TLS by themselves.
        self.may_be_wrapped = False
        #: They do: the client begins TLS, and nothing of it was received.
        self.is_to_be_wrapped = False
        #: What the end of the last exchange means for the connection.
        self.verdict = Verdict.CLOSE
        #: When the handler has waited long enough for the body, if others wait for the thread.
        self._body_deadline: float | None = None
        #: While its body is collected: the bytes that had come, and how long it took, when they
        #: were looked at last.
        self._body_bytes_seen = 0
        self._body_seconds = 0.0
        #: The server has shut it down, and it stays only until its client has the response.
        self.is_shut_down = False
        #: Something is missing that the client was to get, and it must be able to tell.
        self._is_cut = False
        #: A handler reads one request after another by itself, through ``rfile`` alone.
        self._is_read_past_us = False
        self._late_complaints: list[str] = []
        #: Gives up the lead of the thread that runs the handler; ``None`` where it does not lead.
        self._step_aside: Callable[[], None] | None = None
        self._outgoing = Outgoing(
            self.peer, self.protocol, context.settings, context.sentinel, context.spool
        )
        self._incoming = Incoming(
            self.peer,
            self.protocol,
            context.settings,
            context.spool,
            before_waiting=self._before_body,
            before_head=self._collect_chunks,
        )
        self._is_servers = is_servers
        with contextlib.suppress(AttributeError):  # A socket that takes no attribute.
            request.connection = self  # Where `connection_of` finds it.
        if request.family in (socket.AF_INET, socket.AF_INET6):
            # A response is sent whole, or as the handler flushes it: Nagle's algorithm could only
            # hold its end back until the client's delayed acknowledgement, 40 ms.
            with contextlib.suppress(OSError):
                request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)

    # The thread that runs the handler.

    def begin_stay(self, seen_in: object, step_aside: Callable[[], None]) -> None:
        """Begin to be served by the leader, who gives up the lead by `step_aside`.

        `seen_in` is where the sentinel sees it.
        """
        self._step_aside = step_aside
        self._outgoing.seen_in = seen_in

    def _before_waiting(self) -> None:
        """Let others go on where this thread leads: it is about to wait for the client."""
        step_aside, self._step_aside = self._step_aside, None
        if step_aside is not None:
            step_aside()

    def _before_body(self) -> None:
        """Get ready to wait for more of the body, which the handler reads.

        Raises `PeerTimeoutError` when other clients wait for the thread, and have for long enough.
        """
        # The client may wait for what the handler wrote, 100 (Continue) above all.
        self._outgoing.flush()
        now = self.context.clock()
        if self._body_deadline is None:
            self._body_deadline = now + self.context.settings.rate_grace_seconds
        elif now >= self._body_deadline and self.context.has_one_thread and self._others_wait():
            raise PeerTimeoutError("the body takes too long: other clients wait")

    def _others_wait(self) -> bool:
        others = -1 if self.context.yield_to is None else self.context.yield_to()
        return others >= 0 and bool(wait_until_ready([(others, READ)], 0))

    def keep_surplus(self, surplus: Surplus) -> None:
        """Say what becomes of output that the client does not take at once."""
        self._outgoing.surplus = surplus

    def try_watch_output(self, seen_in: object) -> bool:
        """Send what the handler leaves unsent, from now on; ``False``: try again. See `Outgoing`.

        For the sentinel.
        """
        return self._outgoing.try_watch(seen_in)

    def flush_late_output(self) -> bool:
        """Send what the handler has left unsent, without waiting; tell whether that is all."""
        return self._outgoing.flush_late_output()

    def before_close(self) -> None:
        """Leave the poller: the handler closes the socket."""
        self.context.forget(self)
        self.say_goodbye()

    # The handshake.

    def try_handshake(self) -> bool:
        """Go on with the TLS handshake; tell whether requests may come.

        Raises `HandshakeError` when it has failed, with an answer to a client that speaks plain
        HTTP, and ``OSError`` when the client is gone.
        """
        try:
            if not self.transport.try_handshake():
                return False
        except OSError as error:
            self.peer.is_lost = True
            if isinstance(error, HandshakeError):
                self.verdict = Verdict.LINGER  # So that the client can read why.
            if isinstance(error, PlaintextError) and isinstance(self.transport, TlsTransport):
                self.transport.send_plaintext(self.protocol.refuse_plaintext())
            raise
        self.state = State.HEAD
        return True

    def try_look_for_tls(self) -> bool:
        """Find out who is to read what the client sends; ``False`` before it sends anything.

        Raises ``OSError``.
        """
        if self.may_be_wrapped:
            begins_tls = self.transport.begins_tls()
            if begins_tls is None:
                return False
            self.may_be_wrapped = False
            self.is_to_be_wrapped = begins_tls
        return True

    # Heads.

    def try_next_head(self) -> bool:
        """Begin an exchange if a head is here, whole or refused."""
        if self.head is None and self.state is not State.TAKEN:
            head = self.protocol.next_head()
            if head is not None:
                self._begin(head)
        return self.head is not None

    def time_out_head(self) -> None:
        """Begin an exchange that answers 408 to a head that does not come."""
        self._begin(self.protocol.refuse(_too_slow("The head of the request took too long")))

    def _begin(self, head: RequestHead) -> None:
        self.head = head
        self._body_deadline = None
        self._incoming.begin(head)
        self._outgoing.begin()

    def begin_exchange(self) -> bool:
        """Make sure of an exchange; wait for its head where it is not here.

        Returns whether there is one: ``False`` when the client closed the connection, kept it
        idle for too long, or others wait for the thread. For a handler that keeps its thread.
        """
        self._is_read_past_us = False
        return self._begin_exchange()

    def _begin_exchange(self) -> bool:
        if self.state is State.HANDSHAKE and not self._shake_hands():
            return False
        if self.state is State.HEAD and self._wait_for_head():
            self.state = State.EXCHANGE
        return self.state is State.EXCHANGE

    def _begin_next(self) -> bool:
        """End the exchange, if it has a response, and begin the next one; tell whether it is here.

        For a handler that never calls `begin_exchange`; for others it does nothing.
        """
        if not self._is_read_past_us:
            return False
        if self.in_exchange:
            if not self.protocol.has_response:
                return False
            self._late_complaints = self.end_exchange(keep=True)
        return self._begin_exchange()

    def _shake_hands(self) -> bool:
        """Finish the TLS handshake, for a handler that nothing polled for; tell whether it is."""
        deadline = self.context.clock() + self.context.settings.handshake_timeout_seconds
        try:
            while not self.try_handshake():
                left = deadline - self.context.clock()
                mask = self.transport.receive_mask
                if left <= 0 or not wait_until_ready([(self.transport.fileno(), mask)], left):
                    return False
        except OSError:
            return False
        return True

    def _wait_for_head(self) -> bool:
        """Wait until a head is here, whole or refused; ``False`` where none comes."""
        clock, settings = self.context.clock, self.context.settings
        has_begun = False
        deadline = clock() + self.idle_seconds
        while not self.try_next_head():
            if self.protocol.is_over:
                return False
            if self.protocol.has_partial_head and not has_begun:
                has_begun = True
                deadline = clock() + settings.head_timeout_seconds
            if self._receive_before(deadline):
                continue
            if not has_begun or clock() < deadline:
                return False
            self.time_out_head()
        return True

    def _receive_before(self, deadline: float) -> bool:
        """Receive something; ``False`` at the deadline, or when the thread is wanted elsewhere."""
        if self.peer.receive():
            return True
        if self.context.is_stopping:
            return False
        own = self.transport.fileno()
        waited_for = [(own, self.transport.receive_mask)]
        seconds = max(0.0, deadline - self.context.clock())
        if self.context.yield_to is not None:
            others = self.context.yield_to()
            if others < 0:
                seconds = 0.0  # There is no way to see them: take it that they wait.
            else:
                waited_for.append((others, READ))
        return own in wait_until_ready(waited_for, seconds) and self.peer.receive()

    @property
    def idle_seconds(self) -> float:
        """How long the next head may be waited for: a handler's `timeout` counts there, too."""
        most = self.context.settings.idle_timeout_seconds
        own = self.peer.operation_timeout
        return min(most, own) if own else most

    # The request.

    def keep_socket(self) -> None:
        """Let the socket's ``close`` wait until ``rfile`` is closed, or would be."""
        self._incoming.keep_socket()

    def open_reader(self, buffer_size: int) -> io.BufferedReader | RequestReader:
        """Return ``rfile``: `buffer_size` as of ``socket.makefile``, 0 for none."""
        if self.in_exchange or self.state is State.TAKEN:
            return self._incoming.open_reader(buffer_size)
        # Nobody has begun the exchange: the handler is about to read it by itself, or will still
        # call `begin_exchange`.
        self._is_read_past_us = True
        if self.head is not None and self.state is State.HEAD:
            self.state = State.EXCHANGE
        return self._incoming.open_reader(buffer_size, self._begin_next)

    def take_request_line(self) -> bytes:
        """Return the first line of the head past ``rfile``; ``b""`` where that was read."""
        return self._incoming.take_request_line()

    def take_field_lines(self, count: int) -> bytes:
        """Return the rest of the head past ``rfile``; ``b""`` where some of it was read."""
        return self._incoming.take_field_lines(count)

    def is_read_by(self, file: object) -> bool:
        """Tell whether `file` is the ``rfile`` that `open_reader` returned last."""
        return file is self._incoming.reader

    def limit_operations(self, seconds: float) -> None:
        """Let one operation wait for the peer no longer than this, as ``socket.settimeout``."""
        self.peer.operation_timeout = seconds
        if isinstance(self.request, Handled):
            self.request.settimeout(seconds)

    def begin_body(self, *, asks: bool) -> None:
        """Begin to collect the body. `asks`: a client that waits for a word to send it gets one."""
        self.state = State.BODY
        self.peer.progress_bytes = self._body_bytes_seen = 0
        self._body_seconds = 0.0
        if asks:
            self.protocol.ask_for_body()
            self._outgoing.flush()

    @property
    def seconds_between_looks(self) -> float:
        """How long to wait for a body until `sends_body_too_slowly` is to be asked."""
        most = self.context.settings.rate_grace_seconds
        own = self.peer.operation_timeout
        return min(most, own) if own else most

    def sends_body_too_slowly(self) -> bool:
        """Tell whether a body that is collected comes too slowly to go on with it.

        That is: nothing of it within the handler's `timeout`, or less than the minimum rate.
        """
        settings = self.context.settings
        period, received = self.seconds_between_looks, self.peer.progress_bytes
        has_stalled = received == self._body_bytes_seen and period < settings.rate_grace_seconds
        self._body_bytes_seen = received
        self._body_seconds += period
        if has_stalled or self._body_seconds < settings.rate_grace_seconds:
            return has_stalled
        is_slow = received < settings.min_body_bytes_per_second * self._body_seconds
        self.peer.progress_bytes = self._body_bytes_seen = 0
        self._body_seconds = 0.0
        return is_slow

    def collect_body(self, most: int) -> bool:
        """Keep what is here of the body for the handler; tell whether it waits for no more."""
        try:
            return self._incoming.collect_body(most)
        except PeerError as error:
            self._refuse_body(error)
            return True

    def _collect_chunks(self) -> None:
        """Wait for the end of a body in chunks, and show the request as if it had a length.

        Handlers know Content-Length: ``http.server`` has no chunks. Some take chunks apart by
        themselves where the field says so; so that goes, as RFC 9112 7.1.3 has it.
        """
        head = self.head
        if head is None or (head.expects_continue and not self.always_continues):
            return
        if head.expects_continue:
            self.protocol.ask_for_body()
            self._outgoing.flush()
        try:
            length = self._incoming.collect_rest(self.context.settings.max_spool_bytes)
        except PeerTimeoutError:
            self.time_out_body()
        except PeerError as error:
            self._refuse_body(error)
        else:
            if length is not None:
                self.head = self.protocol.show_length(length)
                self._incoming.show_head(self.head)

    @property
    def has_whole_body(self) -> bool:
        """Reading the body of the request does not wait."""
        return self._incoming.is_collected

    def time_out_body(self) -> None:
        """Give up on a body that does not come: the handler's answer will be 408."""
        self._refuse_body(_too_slow("The body of the request took too long"))

    def _refuse_body(self, error: PeerError) -> None:
        self.protocol.refuse(error)
        self._incoming.refuse()
        if self.head is not None:
            self.head = self.head._replace(keeps_alive=False, refusal=error)

    # The response.

    @property
    def in_exchange(self) -> bool:
        """A request is being answered."""
        return self.state is State.EXCHANGE

    @property
    def is_lost(self) -> bool:
        """The client went away: nobody's fault. Once the socket is taken nobody can tell."""
        return self.peer.is_lost or self.state is State.TAKEN

    @property
    def can_answer(self) -> bool:
        """A request is being answered, and nothing was given for an answer yet."""
        return self.in_exchange and not self.protocol.has_response

    def open_writer(self) -> ResponseWriter:
        """Return ``wfile``."""
        return self._outgoing.open_writer()

    def write_head(self, block: bytes, *, keeps_alive: bool) -> None:
        """Take a whole head that the handler wrote through the API.

        Raises `PeerError` where it opens a tunnel, and too much is left of the request's body.
        """
        if self.head is not None and self.head.body_length != 0:
            self._end_request_before_tunnel(block)
        self._outgoing.write_head(block, keeps_alive=keeps_alive, is_last=self._must_yield())

    def _end_request_before_tunnel(self, block: bytes) -> None:
        """Drop what is left of a body where `block` opens a tunnel: it is no part of that.

        RFC 9110 7.8: a client uses the new protocol once its request is sent as a whole; and one
        that waits for 100 gets that first.
        """
        if self.in_exchange and self.protocol.begins_tunnel(block):
            self.protocol.ask_for_body()
            self._incoming.drop_body()

    def _must_yield(self) -> bool:
        """Tell whether this exchange is the last: the server stops, or others want the thread."""
        if self.context.is_stopping:
            return True
        return not self.may_park and self._others_wait()

    # The end.

    def end_exchange(self, *, keep: bool) -> list[str]:
        """Send the rest of the response, drop the rest of the request.

        `keep`: the handler lets the connection go on; ask `goes_on` whether it does. Returns what
        the handler did wrong with its responses. Does nothing where no exchange runs.
        """
        late_complaints, self._late_complaints = self._late_complaints, []
        if self.is_taken:
            self.head = None
        if not self.in_exchange:
            return late_complaints
        try:
            self._outgoing.finish(last=True)
        except BaseException:
            self._is_cut = True
            self._finish(keep=False)
            self.verdict = Verdict.CLOSE
            raise
        complaints = late_complaints + self.protocol.complaints()
        if self._outgoing.has_short_file:
            complaints.append("a file became shorter while it was sent: cut")
        # A connection that keeps its thread has nobody who would send on between exchanges.
        is_sent = self.may_park or not self._outgoing.is_waiting
        self._finish(keep=keep and is_sent and not self._outgoing.is_cut)
        return complaints

    def abort_exchange(self) -> None:
        """Send what was written and no more, so that the client can tell that it was cut."""
        if self.state in (State.EXCHANGE, State.TAKEN):
            self._is_cut = True
        if not self.in_exchange:
            return
        try:
            with contextlib.suppress(OSError):  # Nobody's fault: the client went away.
                self._outgoing.finish(last=False)
        finally:
            self._finish(keep=False)

    @property
    def has_output(self) -> bool:
        """The exchange has ended, and the client has not taken all of its response."""
        return self._outgoing.is_waiting

    def begin_sending(self) -> None:
        """Wait for the client to take the rest, before anything else."""
        self.state = State.SENDING
        self._outgoing.begin_sending()

    def seconds_to_send(self) -> float | None:
        """Return how long the client may take now to take something, ``None`` for any time."""
        return self._outgoing.seconds_left()

    def send_on(self) -> bool:
        """Send what the client takes now; tell whether that is all. Raises ``OSError``."""
        if not self._outgoing.send_on():
            return False
        if self._outgoing.is_cut:
            self.verdict = Verdict.CLOSE
        self.state = State.HEAD if self.verdict is Verdict.KEEP else State.CLOSED
        return True

    def _finish(self, *, keep: bool) -> None:
        self._step_aside = None
        self.state = State.HEAD
        self.head = None
        self._incoming.finish()
        self.verdict = self.protocol.finish(keep=keep and not self.context.is_stopping)
        if self.verdict is not Verdict.KEEP:
            self.state = State.CLOSED

    @property
    def goes_on(self) -> bool:
        """Another request may come on this connection."""
        return self.state in (State.HEAD, State.HANDSHAKE)

    @property
    def is_taken(self) -> bool:
        """The handler drives the connection by itself."""
        return self.state is State.TAKEN

    def begin_again(self) -> None:
        """Expect requests inside of the tunnel that runs: a handler is set up on it anew."""
        if self.in_exchange and self.protocol.is_tunnel:
            self._outgoing.finish(last=True)
            self._incoming.finish()
            self.protocol.begin_again()
            self.head = None
            self.state = State.HEAD

    def leave_tunnel_to_handler(self) -> None:
        """Let go of a tunnel that runs: the handler has files of its own for it."""
        if self.in_exchange and self.protocol.is_tunnel:
            self.take_over(0)

    def end_stay(self) -> None:
        """Let the socket be closed: the handler has finished.

        Where the socket is not the server's, nothing of it is kept: it is for its handler to close.
        """
        self._incoming.release_socket()
        if not self._is_servers:
            self.close()
            with contextlib.suppress(AttributeError):
                self.request.connection = None

    def take_over(self, size: int) -> bytes:
        """Leave the connection to the handler; return up to `size` bytes received already."""
        if self.state is State.CLOSED:
            return b""
        if self.state is not State.TAKEN:
            self._outgoing.surplus = Surplus.WAIT
            self._outgoing.make_way()
            self._outgoing.finish(last=False)
            self._leave_to_handler()
        return self._incoming.take_received(size) if size else b""

    def peek(self, size: int) -> bytes:
        """Return up to `size` bytes received already, and keep them."""
        return b"" if self.state is State.CLOSED else self._incoming.peek_received(size)

    def before_send(self) -> None:
        """Make way for a handler that sends by itself: that comes behind what it wrote."""
        if not self.transport.is_left_blocking:
            self.take_over(0)
        elif self.in_exchange:
            self._outgoing.make_way()
            self._before_waiting()  # The handler may wait for its client, and nobody can tell.

    def after_send(self, data: bytes | memoryview, count: int) -> None:
        """Take note of what a handler sent by itself; `data` is empty for a file."""
        if self.in_exchange:
            self.protocol.note_sent(data, count)

    def end_response(self) -> None:
        """Send the rest of the response: the handler shuts the connection down."""
        if self.in_exchange:
            self._outgoing.surplus = Surplus.WAIT
            self._outgoing.finish(last=True)
            self._leave_to_handler()

    def _leave_to_handler(self) -> None:
        self._before_waiting()
        self.context.release(self)
        self.state = State.TAKEN
        self.protocol.take_over()
        self.peer.has_no_deadlines = True
        self.transport.release()

    def say_goodbye(self) -> None:
        """Let the client tell an end from a cut, before the connection is shut down.

        A response whose end is that of the connection may be taken for whole where the transport
        says that nothing is missing, as TLS does (RFC 9112 9.8).
        """
        if not (self._is_cut or self._is_unfinished):
            self.transport.say_goodbye()

    @property
    def _is_unfinished(self) -> bool:
        """Closed now, the connection is cut."""
        outgoing = self._outgoing
        return (
            self.state in (State.HANDSHAKE, State.EXCHANGE)
            or outgoing.is_cut
            or outgoing.is_waiting
        )

    def linger(self) -> None:
        """Stop writing and read on for a moment, in a process that has no poller to do it."""
        deadline = self.context.clock() + self.context.settings.linger_seconds
        rest = self.transport.remaining_for_linger()
        if rest is None:
            return
        with rest, contextlib.suppress(OSError):
            self.request.shutdown(socket.SHUT_WR)
            waited_for = [(rest.fileno(), READ)]
            while wait_until_ready(waited_for, max(0.0, deadline - self.context.clock())):
                if not rest.recv(RECEIVE_BYTES):
                    break

    def close(self) -> None:
        """Forget everything; the socket is the server's to close."""
        self._is_cut = self._is_cut or self._is_unfinished
        self.say_goodbye()
        self._outgoing.close()
        self._incoming.close()
        # No reference back to us: where nobody else has one, the socket can be closed with us.
        self.peer.before_waiting = self._incoming.before_waiting = _do_nothing
        self._incoming.before_head = _do_nothing
        self.state = State.CLOSED
        self.resident = None


def _do_nothing() -> None:
    """Hold up nobody."""


def connection_of(request: Any) -> Connection | None:
    """Return the connection that the engine made for a request, ``None`` without one."""
    found = getattr(request, "connection", None)
    return found if isinstance(found, Connection) else None


def _too_slow(explanation: str) -> PeerError:
    """Make the refusal of a request that did not come in time (RFC 9110 15.5.9)."""
    return PeerError(HTTPStatus.REQUEST_TIMEOUT, "Request Timeout", explanation)
