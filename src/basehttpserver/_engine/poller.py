"""The poller: whoever leads reads heads, and holds every connection that waits.

    run_once
      acceptor.accept_some        connections from the listener: see `accepting`
      _go_on                      what has come, of whoever asks for something …
        _respond                  a request is whole: hand it on
      _go_on_in_midst             … and of some who are in the midst of it
      _take_back                  connections whose exchange has ended come back, from any thread
      _on_due                     a deadline is past: answer 408, or close

Its loop belongs to the one thread that leads. A handler may run right in it, and the lead may be
taken from that thread meanwhile: then it finds its tenure over, and touches nothing here again but
by the methods for any thread.
"""

import os
import socket
import threading
from collections import deque
from typing import Final

from basehttpserver._engine.accepting import Acceptor
from basehttpserver._engine.connection import SHORT_FILE, Connection
from basehttpserver._engine.context import Context
from basehttpserver._engine.deadlines import DeadlineTable
from basehttpserver._engine.host import Host
from basehttpserver._engine.leadership import Tenure
from basehttpserver._engine.lingering import Lingering, LingeringSockets
from basehttpserver._engine.listener import Listener
from basehttpserver._engine.patience import Patience
from basehttpserver._engine.readiness import Selector, make_selector
from basehttpserver._engine.roster import Roster
from basehttpserver._engine.rotation import Rotation
from basehttpserver._engine.state import BODY, CLOSED, HANDSHAKE, HEAD, HEAD_END, REQUEST, SENDING
from basehttpserver._engine.transport import READ, HandshakeError
from basehttpserver._engine.waker import Waker
from basehttpserver._exchange import Verdict

__all__ = ["Poller"]

#: How many deadlines are seen to before the others' events are: thousands that came at once are
#: late at once, too, and to answer one costs as much as a request.
MOST_DUE: Final = 4

#: Who asks for a little is not to wait for thousands that send a byte at a time, or take megabytes:
#: so many of these have their turn behind the others, which takes a millisecond …
MOST_RECEIVING: Final = 64

#: … and so many slices of responses are sent on to them, over all: as long again.
MOST_SLICES: Final = 8

#: These wait for a request, and have begun none as far as their state tells.
_RESTING: Final = frozenset({HANDSHAKE, HEAD, CLOSED})


class Poller:
    """The connections of one server that wait for something."""

    def __init__(self, host: Host, context: Context, selector: Selector | None = None) -> None:
        """Work for `host`; wait by `selector`, or by the best that the platform has."""
        self._host = host
        self._context = context
        self._selector = selector or make_selector()
        #: Of connections, of what lingers, and of the listener while it rests.
        self._deadlines: DeadlineTable[object] = DeadlineTable(context.clock)
        self._lingering = LingeringSockets(
            self._selector, self._deadlines, context.settings.linger_seconds
        )
        self._patience = Patience(context, self._deadlines)
        self._roster = Roster(context.settings)
        #: Guards what is registered, and `_returned` against the end.
        self._lock = threading.Lock()
        self._returned: deque[Connection | Lingering] = deque()
        self._waker = Waker()
        self._selector.register(self._waker, READ, self._waker)
        self._process = os.getpid()
        self._answered = 0
        self._receivers: Rotation[Connection] = Rotation()
        self._senders: Rotation[Connection] = Rotation()
        self._is_closed = False
        listener = Listener(host, self._selector, self._deadlines, self._lock)
        self.acceptor = Acceptor(self, host, listener, self._roster)

    # For any thread.

    def wake(self) -> None:
        """Make `run_once` return soon."""
        self._waker.wake()

    def give_back(self, connection: Connection) -> None:
        """Wait for the next request of a connection; it may be a new one, or have a response left.

        The leader looks after it from here on.
        """
        if self._try_return(connection):
            self.wake()
        else:
            self._host.close_connection(connection)

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

    def release(self, connection: Connection) -> None:
        """Let go of a connection, which a handler uses or which is to be closed."""
        with self._lock:
            if connection.watched_mask:
                connection.watched_mask = 0
                self._selector.unregister(connection.transport)
        self._patience.forget(connection)

    def forget(self, connection: Connection) -> None:
        """Count a connection as closed."""
        self.release(connection)
        self._roster.discard(connection)

    def lend(self, connection: Connection) -> None:
        """Let go of a connection for good, and count it until it is closed."""
        self.release(connection)
        self._roster.lend(connection)

    def others_wait(self) -> int:
        """Return a descriptor that is readable while others wait, -1 where there is none."""
        return self._selector.fileno()

    @property
    def answered(self) -> int:
        """How many requests were handed to handlers so far."""
        return self._answered + self.acceptor.answered

    @property
    def is_quiet(self) -> bool:
        """No connection has a request, or a part of one, to be answered."""
        return not self._returned and not any(
            connection.state not in _RESTING
            or connection.head is not None
            or connection.protocol.has_partial_head
            for connection in self._roster.snapshot()
        )

    # For the leader: the loop.

    def run_once(self, seconds: float | None, tenure: Tenure) -> None:
        """Wait for something to do, `seconds` at most, and do it, for as long as `tenure` lasts."""
        self._take_back(tenure)
        left = 0.0 if self._returned else self._deadlines.seconds_left()
        if left is not None:
            seconds = left if seconds is None else min(seconds, left)
        # Who is late by now has had this look at what it sent. Who gets late while we wait, or
        # while a handler holds up everything, is looked at once more first.
        looked = self._context.clock()
        if self.may_go_on(tenure):
            self._see_to(self._selector.select(seconds), tenure)
        self._take_back(tenure)
        if self.may_go_on(tenure):
            for due in self._deadlines.pop_due(MOST_DUE, looked):
                self._on_due(due, looked)
                if not self.may_go_on(tenure):
                    return

    def _see_to(self, ready: list[object], tenure: Tenure) -> None:
        """Do what there is to do, for as long as `tenure` lasts.

        Of a batch that is left in the middle the rest comes again: the selector tells levels, not
        edges.
        """
        receiving: list[Connection] = []
        sending: list[Connection] = []
        for found in ready:
            if not isinstance(found, Connection):
                self._on_event(found, tenure)
            elif found.awaited is REQUEST and found.resident is not None:
                self._go_on_with_resident(found)
            # What an earlier event of the batch has closed or handed on is none of ours.
            elif found.watched_mask:
                if found.state is SENDING:
                    sending.append(found)
                elif found.state is BODY or found.awaited is HEAD_END:
                    receiving.append(found)
                else:
                    self._go_on(found, receives=True)
            if tenure.is_over or self._is_closed:
                return
        if receiving or sending:
            self._go_on_in_midst(receiving, sending, tenure)

    def _go_on_in_midst(
        self, receiving: list[Connection], sending: list[Connection], tenure: Tenure
    ) -> None:
        """Go on with some that are in the midst of a head or a body, and some of a response.

        The others are ready in the next turn, too, and it is theirs.
        """
        slices = max(1, MOST_SLICES // len(sending)) if sending else 1
        for connection in (
            *self._receivers.next_of(receiving, MOST_RECEIVING),
            *self._senders.next_of(sending, MOST_SLICES),
        ):
            if connection.watched_mask:
                receives = connection.state is not SENDING
                self._go_on(connection, receives=receives, slices=slices)
            if not self.may_go_on(tenure):
                return

    def may_go_on(self, tenure: Tenure) -> bool:
        """Tell whether the handler that ran last has left us the lead, and the poller open."""
        return not (tenure.is_over or self._is_closed)

    def _on_event(self, found: object, tenure: Tenure) -> None:
        if found is self._waker:
            self._waker.calm()
        elif isinstance(found, Listener):
            self.acceptor.accept_some(tenure)
        elif isinstance(found, Lingering):
            self._lingering.on_ready(found)

    # Requests.

    def begin(self, connection: Connection) -> None:
        """Answer the first request of a connection if it is here already, or wait for it."""
        self._patience.await_handshake(connection)
        self._go_on(connection, receives=True)

    def _go_on(self, connection: Connection, *, receives: bool, slices: int = 1) -> None:
        """Receive what is here, or send on; answer a request that is whole, else wait for more."""
        try:
            if connection.state is SENDING and not self._send_on(connection, slices):
                is_whole = False
            else:
                is_whole = self._try_whole_request(connection, receives=receives)
        except HandshakeError as error:
            self._host.note_refused(connection, str(error))
            self._close(connection)
        except OSError:
            self._close(connection)
        except Exception:
            self._report(connection)
        else:
            if is_whole:
                self._respond(connection)
            elif connection.state is CLOSED or (
                connection.state is HEAD and connection.protocol.is_over
            ):
                self._close(connection)
            else:
                self._watch(connection)
                self._patience.await_more(connection)

    def _send_on(self, connection: Connection, slices: int) -> bool:
        """Send what the client takes now; tell whether that is all. Raises ``OSError``."""
        is_all = connection.send_on(slices)
        if connection.outgoing.has_short_file:
            self._host.note_cut(connection, SHORT_FILE)
        return is_all

    def _go_on_with_resident(self, connection: Connection) -> None:
        """As `_go_on`, where the handler of the last request waits for the next one's head."""
        try:
            head = connection.try_receive_head()
        except OSError:
            self._close(connection)
        except Exception:
            self._report(connection)
        else:
            if head is not None and head.body_length == 0:
                self._answered += 1
                if not self._host.respond(connection):
                    self.acceptor.turn_away(connection)
            else:
                self._go_on(connection, receives=False)

    def _report(self, connection: Connection) -> None:
        """Report a fault of ours, met with one client's bytes: the others' server goes on."""
        try:
            self._host.report(connection)
        finally:  # ``handle_error`` may raise.
            self._close(connection)

    def _try_whole_request(self, connection: Connection, *, receives: bool) -> bool:
        """Go through handshake, head and body with what is here; tell whether that is all."""
        if connection.state is HANDSHAKE and not connection.try_handshake():
            return False
        handshake = connection.handshake
        if receives and handshake.may_be_wrapped and not handshake.try_look_for_tls():
            return False
        if handshake.is_to_be_wrapped:
            return True
        if connection.state is HEAD:
            if not (connection.try_receive_head() if receives else connection.try_next_head()):
                return False
            if not self._host.body_bytes_first(connection):
                return True
            connection.begin_body(asks=self._host.asks_for_body(connection))
            if self._may_answer_first(connection):
                self._patience.await_begin_of_body(connection)
            else:
                self._patience.await_body(connection)
        elif receives and not connection.peer.receive():
            return False
        if connection.state is BODY:
            return connection.collect_body(self._host.body_bytes_first(connection))
        return False

    def _respond(self, connection: Connection) -> None:
        connection.state = HEAD
        self._answered += 1
        if not self._host.respond(connection):
            self.acceptor.turn_away(connection)

    def keep(self, connection: Connection) -> None:
        """Wait for the next request of a connection, in the thread that still leads."""
        if (
            connection.watched_mask
            and connection.protocol.is_idle
            and not connection.outgoing.is_waiting
        ):
            self._patience.await_request(connection)
        else:
            # Where it waits for its turn, an event must not give it another.
            self.release(connection)
            self._returned.append(connection)

    def _watch(self, connection: Connection) -> None:
        transport = connection.transport
        is_sending = connection.state is SENDING
        mask = transport.send_mask if is_sending else transport.receive_mask
        if connection.watched_mask == mask:
            return
        with self._lock:
            if connection.watched_mask:
                self._selector.modify(transport, mask, connection)
            else:
                self._selector.register(transport, mask, connection)
            connection.watched_mask = mask

    def _close(self, connection: Connection) -> None:
        self.release(connection)
        self._host.close_connection(connection)

    # Connections that come back.

    def _take_back(self, tenure: Tenure) -> None:
        # Only those that are here now: one that pipelines without end must not hold up the rest.
        for _ in range(len(self._returned) if self.may_go_on(tenure) else 0):
            returned = self._returned.popleft()
            if isinstance(returned, Lingering):
                self._lingering.add(returned)
            elif returned.transport.fileno() < 0:
                self._close(returned)  # Its handler closed the socket.
            elif returned not in self._roster:
                self.acceptor.welcome(returned)
            else:
                if returned.outgoing.is_waiting:
                    returned.begin_sending()
                # Its next request may be here: a look now saves a round of the selector.
                self._go_on(returned, receives=returned.protocol.is_idle)
            if not self.may_go_on(tenure):
                return

    # Deadlines.

    def _on_due(self, due: object, looked: float) -> None:
        if isinstance(due, Connection):
            self._on_late(due, looked)
        elif isinstance(due, Lingering):
            self._lingering.end(due)
        else:
            self.acceptor.listen_again()

    def _on_late(self, due: Connection, looked: float) -> None:
        if due.state is SENDING:
            if self._patience.is_over_for_response(due):
                due.verdict = Verdict.CLOSE
                self._close(due)
        elif due.state is BODY and self._may_answer_first(due):
            self._respond(due)
        elif due.state is BODY:
            if self._patience.is_over_for_body(due):
                due.time_out_body()
                self._respond(due)
        elif due.state is HEAD and due.protocol.has_partial_head:
            due.time_out_head()
            self._respond(due)
        elif due.awaited is not REQUEST or self._patience.is_over_for_request(due, looked):
            self._close(due)

    def _may_answer_first(self, connection: Connection) -> bool:
        """Tell whether a handler may begin before a large body, of which nothing has come."""
        head = connection.head
        return (
            head is not None
            and (head.body_length or 0) > self._context.settings.spool_memory_bytes
            and not (self._context.has_one_thread or connection.incoming.has_body)
        )

    # The end.

    def close_idle(self, *, spares_new: bool) -> bool:
        """Close every connection that the poller holds and that has begun no request.

        `spares_new`: but for those that have not had any yet. Returns whether there are such.
        """
        has_spared = False
        for connection in self._roster.snapshot():
            is_held = connection.watched_mask and connection.state in (HEAD, HANDSHAKE)
            if is_held and not connection.protocol.has_partial_head:
                if spares_new and connection.resident is None:
                    has_spared = True
                else:
                    self._close(connection)
        return has_spared

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
            self.acceptor.stop_listening()
            for connection in self._roster.snapshot():
                if connection.in_exchange:
                    self.release(connection)  # It is its handler's, which closes the server.
                elif connection.watched_mask:
                    self._close(connection)
            self._lingering.close()
        self._selector.close()
        self._waker.close()
