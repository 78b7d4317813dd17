"""A handler that uses its socket by itself: what becomes of the connection then.

the handler asks for     the connection
bytes, or the descriptor is taken over: what was received and not read comes first
a look at bytes          keeps them
sending                  makes way: what ``wfile`` holds is sent first, and the length counts
an end to sending        ends its response, and is taken over
the close                leaves the poller
"""

from typing import Protocol as Interface

from basehttpserver._engine.context import Context
from basehttpserver._engine.incoming import Incoming
from basehttpserver._engine.outgoing import Outgoing, Surplus
from basehttpserver._engine.peer import Peer
from basehttpserver._engine.state import State
from basehttpserver._exchange import Protocol

__all__ = ["Takeable", "Takeover", "take_over"]


class Takeable(Interface):
    """What is told, and taken over: see `connection`."""

    context: Context
    incoming: Incoming
    outgoing: Outgoing
    peer: Peer
    protocol: Protocol
    state: State

    @property
    def in_exchange(self) -> bool: ...
    def before_waiting(self) -> None: ...
    def say_goodbye(self) -> None: ...


class Takeover:
    """What a socket tells of its connection; see `sockets`. It is the socket's own."""

    __slots__ = ("connection",)

    def __init__(self, connection: Takeable) -> None:
        """Let `connection` be told."""
        self.connection = connection

    def take_over(self, size: int) -> bytes:
        """Leave the connection to the handler; return up to `size` bytes received already."""
        connection = self.connection
        if connection.state is State.CLOSED:
            return b""
        if connection.state is not State.TAKEN:
            take_over(connection)
        return connection.incoming.take_received(size) if size else b""

    def peek(self, size: int) -> bytes:
        """Return up to `size` bytes received already, and keep them."""
        connection = self.connection
        return b"" if connection.state is State.CLOSED else connection.incoming.peek_received(size)

    def before_send(self) -> None:
        """Make way for a handler that sends by itself: that comes behind what it wrote."""
        connection = self.connection
        if not connection.peer.transport.is_left_blocking:
            self.take_over(0)
        elif connection.in_exchange:
            connection.outgoing.make_way()
            # The handler may wait for its client, and nobody can tell.
            connection.before_waiting()

    def after_send(self, data: bytes | memoryview, count: int) -> None:
        """Take note of what a handler sent by itself; `data` is empty for a file."""
        if self.connection.in_exchange:
            self.connection.protocol.note_sent(data, count)

    def end_response(self) -> None:
        """Send the rest of the response: the handler shuts the connection down."""
        connection = self.connection
        if connection.in_exchange:
            connection.outgoing.surplus = Surplus.WAIT
            connection.outgoing.finish(last=True)
            _leave_to_handler(connection)

    def say_goodbye(self) -> None:
        """Let the client tell an end from a cut: the handler shuts the connection down."""
        self.connection.say_goodbye()

    def before_close(self) -> None:
        """Leave the poller: the handler closes the socket."""
        self.connection.context.forget(self.connection)
        self.connection.say_goodbye()


def take_over(connection: Takeable) -> None:
    """Leave the connection to its handler, behind what that wrote."""
    connection.outgoing.surplus = Surplus.WAIT
    connection.outgoing.make_way()
    connection.outgoing.finish(last=False)
    _leave_to_handler(connection)


def _leave_to_handler(connection: Takeable) -> None:
    connection.before_waiting()
    connection.context.release(connection)
    connection.state = State.TAKEN
    connection.protocol.take_over()
    connection.peer.has_no_deadlines = True
    connection.peer.transport.release()
