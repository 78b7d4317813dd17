"""One connection: its state, its parts, and the exchange that runs on it.

what it waits for, and who owns it   state
before the first head                handshake
the request                          incoming, and body where it is waited for
the response                         outgoing
the client                           peer, and transport below it
a handler that keeps its thread      waiting
a handler that uses its socket       takeover, and tunnel where its response opens one
"""

import contextlib
import io
import socket
from typing import Any, Final, Protocol

from basehttpserver._engine import tunnel, waiting
from basehttpserver._engine.body import Body
from basehttpserver._engine.context import Context
from basehttpserver._engine.deadlines import too_slow
from basehttpserver._engine.handshake import Handshake
from basehttpserver._engine.incoming import Incoming
from basehttpserver._engine.outgoing import Outgoing
from basehttpserver._engine.peer import RECEIVE_BYTES, Peer
from basehttpserver._engine.sockets import Handled
from basehttpserver._engine.state import (
    BODY,
    CLOSED,
    EXCHANGE,
    HANDSHAKE,
    HEAD,
    SENDING,
    TAKEN,
    Awaited,
)
from basehttpserver._engine.streams import RequestReader
from basehttpserver._engine.takeover import Takeover
from basehttpserver._engine.transport import HandshakeError
from basehttpserver._exchange import RequestHead, Verdict
from basehttpserver.exceptions import PeerError

__all__ = ["SHORT_FILE", "Connection", "connection_of"]

#: For the log: what was promised of a file is not there any more.
SHORT_FILE: Final = "a file became shorter while it was sent: cut"

_KEEP = Verdict.KEEP  # By itself: see `state`.


class Stay(Protocol):
    """What a leader does in a handler; see `leadership`."""

    def step_aside(self) -> None:
        """Give up the lead."""


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
        self.peer = Peer(request, self.protocol, context.clock, self.before_waiting)
        self.transport = self.peer.transport
        self.state = HANDSHAKE
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
        #: When the poller began to wait for the request that it waits for.
        self.idle_since = 0.0
        #: What the end of the last exchange means for the connection.
        self.verdict = Verdict.CLOSE
        #: The server has shut it down, and it stays only until its client has the response.
        self.is_shut_down = False
        #: Something is missing that the client was to get, and it must be able to tell.
        self._is_cut = False
        #: A handler reads one request after another by itself, through ``rfile`` alone.
        self._is_read_past_us = False
        self._late_complaints: list[str] = []
        #: That of a leader in the handler; ``None`` where the thread that runs it does not lead.
        self._stay: Stay | None = None
        self.handshake = Handshake(self.peer, self.protocol)
        self.outgoing = Outgoing(
            self.peer, self.protocol, context.settings, context.sentinel, context.spool
        )
        self.incoming = Incoming(
            self.peer,
            self.protocol,
            context.settings,
            context.spool,
            before_waiting=self._before_body,
            before_head=self._before_head,
        )
        self.body = Body(self.peer, self.protocol, context, self.incoming, self.outgoing)
        self._is_servers = is_servers
        with contextlib.suppress(AttributeError):  # A socket that takes no attribute.
            request.connection = Takeover(self)  # Where `connection_of` finds it.
        if request.family in (socket.AF_INET, socket.AF_INET6):
            # A response is sent whole, or as the handler flushes it: Nagle's algorithm could only
            # hold its end back until the client's delayed acknowledgement, 40 ms.
            with contextlib.suppress(OSError):
                request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)

    # The thread that runs the handler.

    def begin_stay(self, stay: Stay) -> None:
        """Begin to be served by the leader: the sentinel sees it in `stay`."""
        self._stay = self.outgoing.seen_in = stay

    def before_waiting(self) -> None:
        """Let others go on where this thread leads: it is about to wait for the client."""
        stay, self._stay = self._stay, None
        if stay is not None:
            stay.step_aside()

    def try_watch_output(self, seen_in: object) -> bool:
        """Send what the handler leaves unsent, from now on; ``False``: try again. See `Outgoing`.

        For the sentinel.
        """
        return self.outgoing.try_watch(seen_in)

    def flush_late_output(self) -> bool:
        """Send what the handler has left unsent, without waiting; tell whether that is all."""
        return self.outgoing.flush_late_output()

    # The handshake.

    def try_handshake(self) -> bool:
        """Go on with the TLS handshake; tell whether requests may come.

        Raises `HandshakeError` when it has failed, with an answer to a client that speaks plain
        HTTP, and ``OSError`` when the client is gone.
        """
        try:
            if not self.handshake.try_finish():
                return False
        except HandshakeError as error:
            self.verdict = Verdict.LINGER  # So that the client can read why.
            self.handshake.answer_failure(error)
            raise
        self.state = HEAD
        return True

    # Heads.

    def try_receive_head(self) -> RequestHead | None:
        """Receive what is here; begin an exchange if a head is whole by that, or refused.

        For the poller. Raises ``OSError``.
        """
        try:
            data = self.transport.try_receive(RECEIVE_BYTES)
        except OSError:
            self.peer.is_lost = True
            raise
        if data:
            head = self.protocol.receive_head(data)
        elif data is None:
            return None
        else:
            self.protocol.receive_eof()
            head = self.protocol.next_head()
        if head is not None:
            self._begin(head)
        return head

    def try_next_head(self) -> bool:
        """Begin an exchange if a head is here, whole or refused."""
        if self.head is None and self.state is not TAKEN:
            head = self.protocol.next_head()
            if head is not None:
                self._begin(head)
        return self.head is not None

    def time_out_head(self) -> None:
        """Begin an exchange that answers 408 to a head that does not come."""
        self._begin(self.protocol.refuse(too_slow("The head of the request took too long")))

    def _begin(self, head: RequestHead) -> None:
        self.head = head
        self.body.deadline = None
        self.incoming.begin(head)
        self.outgoing.begin()

    def begin_exchange(self) -> bool:
        """Make sure of an exchange; wait for its head where it is not here.

        Returns whether there is one: ``False`` when the client closed the connection, kept it
        idle for too long, or others wait for the thread. For a handler that keeps its thread.
        """
        self._is_read_past_us = False
        if self.head is not None and self.state is HEAD:  # The poller has seen to it.
            self.state = EXCHANGE
            return True
        return self._begin_exchange()

    def _begin_exchange(self) -> bool:
        if self.state is HANDSHAKE and not waiting.wait_for_handshake(self):
            return False
        if self.state is HEAD and waiting.wait_for_head(self):
            self.state = EXCHANGE
        return self.state is EXCHANGE

    def _begin_next(self) -> bool:
        """End the exchange, if it has a response, and begin the next one; tell whether it is here.

        For a handler that never calls `begin_exchange`; for others it does nothing.
        """
        if not self._is_read_past_us:
            return False
        if self.in_exchange:
            if not self.outgoing.has_response:
                return False
            self._late_complaints = self.end_exchange(keep=True)
        return self._begin_exchange()

    @property
    def idle_seconds(self) -> float:
        """How long the next head may be waited for: a handler's `timeout` counts there, too."""
        most = self.context.settings.idle_timeout_seconds
        own = self.peer.operation_timeout
        return min(most, own) if own else most

    # The request.

    def open_reader(self, buffer_size: int) -> io.BufferedReader | RequestReader:
        """Return ``rfile``: `buffer_size` as of ``socket.makefile``, 0 for none."""
        if self.in_exchange or self.state is TAKEN:
            return self.incoming.open_reader(buffer_size)
        # Nobody has begun the exchange: the handler is about to read it by itself, or will still
        # call `begin_exchange`.
        self._is_read_past_us = True
        if self.head is not None and self.state is HEAD:
            self.state = EXCHANGE
        return self.incoming.open_reader(buffer_size, self._begin_next)

    def limit_operations(self, seconds: float) -> None:
        """Let one operation wait for the peer no longer than this, as ``socket.settimeout``."""
        self.peer.operation_timeout = seconds
        self.awaited = Awaited.NOTHING  # What the poller has set may be too long now.
        if isinstance(self.request, Handled):
            self.request.settimeout(seconds)

    def begin_body(self, *, asks: bool) -> None:
        """Begin to collect the body. `asks`: a client that waits for a word to send it gets one."""
        self.state = BODY
        self.body.begin(asks=asks)

    def collect_body(self, most: int) -> bool:
        """Keep what is here of the body for the handler; tell whether it waits for no more."""
        try:
            return self.incoming.collect_body(most)
        except PeerError as error:
            if self.head is not None:
                self.head = self.body.refuse(self.head, error)
            return True

    def time_out_body(self) -> None:
        """Give up on a body that does not come: the handler's answer will be 408."""
        if self.head is not None:
            self.head = self.body.time_out(self.head)

    def _before_head(self) -> None:
        """Show a body in chunks with a length, unless the handler has yet to ask for it."""
        head = self.head
        if head is not None and (self.always_continues or not head.expects_continue):
            self.head = self.body.with_length(head)

    def _before_body(self) -> None:
        self.body.before_waiting()

    # The response.

    @property
    def in_exchange(self) -> bool:
        """A request is being answered."""
        return self.state is EXCHANGE

    @property
    def is_lost(self) -> bool:
        """The client went away: nobody's fault. Once the socket is taken nobody can tell."""
        return self.peer.is_lost or self.state is TAKEN

    @property
    def can_answer(self) -> bool:
        """A request is being answered, and nothing was given for an answer yet."""
        return self.in_exchange and not self.outgoing.has_response

    def write_head(self, block: bytes, *, keeps_alive: bool) -> None:
        """Take a whole head that the handler wrote through the API.

        Raises `PeerError` where it opens a tunnel, and too much is left of the request's body.
        """
        if (
            keeps_alive
            and self.may_park
            and not self.context.is_stopping
            and self.outgoing.try_gather(block)
        ):
            return
        head = self.head
        if head is not None and head.body_length != 0:
            tunnel.end_request_before(self, block)
        # It is the last one where the server stops, or others want the thread.
        is_last = self.context.is_stopping or (not self.may_park and self.context.others_wait())
        self.outgoing.write_head(block, keeps_alive=keeps_alive, is_last=is_last)

    # The end.

    def end_exchange(self, *, keep: bool) -> list[str]:
        """Send the rest of the response, drop the rest of the request.

        `keep`: the handler lets the connection go on; ask `goes_on` whether it does. Returns what
        the handler did wrong with its responses. Does nothing where no exchange runs.
        """
        complaints, self._late_complaints = self._late_complaints, []
        if self.state is not EXCHANGE:
            if self.is_taken:
                self.head = None
            return complaints
        # Now: who has the answer may at once want the room that the body has had.
        self.incoming.finish()
        try:
            if keep and not self.context.is_stopping and self.outgoing.try_finish_plainly():
                self._stay = self.head = None
                self.verdict = _KEEP
                self.state = HEAD
                return complaints
            self.outgoing.finish(last=True)
        except BaseException:
            self._is_cut = True
            self._finish(keep=False)
            self.verdict = Verdict.CLOSE
            raise
        complaints += self.protocol.complaints()
        if self.outgoing.has_short_file:
            complaints.append(SHORT_FILE)
        # A connection that keeps its thread has nobody who would send on between exchanges.
        is_sent = self.may_park or not self.outgoing.is_waiting
        self._finish(keep=keep and is_sent and not self.outgoing.is_cut)
        return complaints

    def abort_exchange(self) -> None:
        """Send what was written and no more, so that the client can tell that it was cut."""
        if self.state in (EXCHANGE, TAKEN):
            self._is_cut = True
        if not self.in_exchange:
            return
        self.incoming.finish()
        try:
            with contextlib.suppress(OSError):  # Nobody's fault: the client went away.
                self.outgoing.finish(last=False)
        finally:
            self._finish(keep=False)

    def begin_sending(self) -> None:
        """Wait for the client to take the rest, before anything else."""
        self.state = SENDING
        self.outgoing.begin_sending()

    def send_on(self, most_slices: int = 1) -> bool:
        """Send what the client takes now; tell whether that is all. As `Outgoing.send_on`."""
        if not self.outgoing.send_on(most_slices):
            return False
        if self.outgoing.is_cut:
            self.verdict = Verdict.CLOSE
        self.state = HEAD if self.verdict is _KEEP else CLOSED
        return True

    def _finish(self, *, keep: bool) -> None:
        self._stay = None
        self.head = None
        self.verdict = self.protocol.finish(keep=keep and not self.context.is_stopping)
        self.state = HEAD if self.verdict is _KEEP else CLOSED

    @property
    def goes_on(self) -> bool:
        """Another request may come on this connection."""
        return self.state is HEAD or self.state is HANDSHAKE

    @property
    def is_taken(self) -> bool:
        """The handler drives the connection by itself."""
        return self.state is TAKEN

    def end_stay(self) -> None:
        """Let the socket be closed: the handler has finished.

        Where the socket is not the server's, nothing of it is kept: it is for its handler to close.
        """
        self.incoming.release_socket()
        if not self._is_servers:
            self.close()
            with contextlib.suppress(AttributeError):
                self.request.connection = None

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
        outgoing = self.outgoing
        return self.state in (HANDSHAKE, EXCHANGE) or outgoing.is_cut or outgoing.is_waiting

    def close(self) -> None:
        """Forget everything; the socket is the server's to close."""
        self._is_cut = self._is_cut or self._is_unfinished
        self.say_goodbye()
        self.outgoing.close()
        self.incoming.close()
        # No reference back to us: where nobody else has one, the socket can be closed with us.
        self.peer.before_waiting = self.incoming.before_waiting = _do_nothing
        self.incoming.before_head = _do_nothing
        self.state = CLOSED
        self.resident = None


def _do_nothing() -> None:
    """Hold up nobody."""


def connection_of(request: Any) -> Connection | None:
    """Return the connection that the engine made for a request, ``None`` without one."""
    found = getattr(getattr(request, "connection", None), "connection", None)
    return found if isinstance(found, Connection) else None
