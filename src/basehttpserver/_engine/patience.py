"""How long a connection may keep the poller waiting, by what it waits for.

a handshake           handshake_timeout_seconds, from when it was accepted
the next request      idle_timeout_seconds, or a handler's `timeout` where that is shorter: looked
                      at when that is past since some request, and again when it may be since the
                      last one, so that a request only notes when the wait for the next began
the end of a head     head_timeout_seconds, from its first byte
a body                a look now and then, see `body`
a response's client   a look when its allowance may be used up, see `outgoing`
"""

import math
from typing import Final

from basehttpserver._engine.connection import Connection
from basehttpserver._engine.context import Context
from basehttpserver._engine.deadlines import DeadlineTable
from basehttpserver._engine.state import REQUEST, Awaited, State

__all__ = ["Patience"]

#: Who has sent nothing of a body for so long may wait for the answer first, as for 401: its handler
#: begins. Who sends a byte now and then has no thread for it.
ANSWER_FIRST_SECONDS: Final = 2.0

#: What is left of an idle connection's time is looked at by halves down to this.
EXACT_SECONDS: Final = 0.01


class Patience:
    """The deadlines of a poller's connections. What follows when they are past is the poller's."""

    def __init__(self, context: Context, deadlines: DeadlineTable[object]) -> None:
        """Keep them in `deadlines`, which has others, too."""
        self._settings = context.settings
        self._clock = context.clock
        self._deadlines = deadlines

    def forget(self, connection: Connection) -> None:
        """Wait for nothing; for any thread."""
        self._deadlines.clear(connection)
        connection.awaited = Awaited.NOTHING

    def await_handshake(self, connection: Connection) -> None:
        """Wait for a client that was accepted just now to shake hands."""
        self._deadlines.set(connection, self._settings.handshake_timeout_seconds)

    def await_request(self, connection: Connection) -> None:
        """Wait for the next request, of which nothing is here."""
        connection.idle_since = self._clock()
        if connection.awaited is not REQUEST:
            connection.awaited = REQUEST
            self._deadlines.set(connection, connection.idle_seconds)

    def await_begin_of_body(self, connection: Connection) -> None:
        """Wait until the body has begun, and no longer than its client may wait for an answer."""
        connection.awaited = Awaited.BODY
        seconds = connection.body.seconds_between_looks
        self._deadlines.set(connection, min(seconds, ANSWER_FIRST_SECONDS))

    def await_body(self, connection: Connection) -> None:
        """Wait until the body, which is collected, is to be looked at."""
        connection.awaited = Awaited.BODY
        self._deadlines.set(connection, connection.body.seconds_between_looks)

    def await_more(self, connection: Connection) -> None:
        """Give a head, once begun, its time, and a response its rate; else it is idle."""
        settings = self._settings
        if connection.state is State.SENDING:
            awaited, seconds = Awaited.RESPONSE_TAKEN, settings.rate_grace_seconds
        elif connection.state is not State.HEAD:
            return
        elif connection.protocol.has_partial_head:
            awaited, seconds = Awaited.HEAD_END, settings.head_timeout_seconds
        else:
            if connection.awaited is not REQUEST:
                self.await_request(connection)
            return
        if awaited is not connection.awaited:
            connection.awaited = awaited
            self._deadlines.set(connection, seconds)

    def is_over_for_request(self, connection: Connection, looked: float) -> bool:
        """Tell whether its client had sent no request in time at `looked`; else wait on."""
        deadline = connection.idle_since + connection.idle_seconds
        if deadline <= looked:
            return True
        left = max(0.0, deadline - self._clock())
        if left > EXACT_SECONDS:
            # Not beyond it, and of few durations: the table has a queue for each.
            left = 2.0 ** math.floor(math.log2(left))
        self._deadlines.set(connection, left)
        return False

    def is_over_for_response(self, connection: Connection) -> bool:
        """Tell whether its client has taken too little of a response; else wait on."""
        seconds = connection.outgoing.seconds_left()
        if seconds is None:
            seconds = self._settings.rate_grace_seconds
        elif seconds > 0:
            seconds = math.ceil(seconds * 10) / 10
        else:
            return True
        self._deadlines.set(connection, seconds)
        return False

    def is_over_for_body(self, connection: Connection) -> bool:
        """Tell whether too little of the body has come; else wait on."""
        if connection.body.comes_too_slowly():
            return True
        self.await_body(connection)
        return False
