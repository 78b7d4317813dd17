"""Accepting: who comes by the listener, and who is turned away.

    accept_some                   the listener has clients: some of them in a turn
      listener.try_accept         the server's `get_request`; out of descriptors, it rests
      host.admit                  its `verify_request`; what needs no polling is served right there
      welcome                     counted: within the limits the poller begins with it …
        turn_away                 … else 503

Like the poller's loop it belongs to the one thread that leads. An admitted one may be served by a
handler right here, and the lead be taken from that thread meanwhile: then no more are accepted.
"""

import contextlib
from typing import Final, Protocol

from basehttpserver._engine.connection import Connection
from basehttpserver._engine.host import Host
from basehttpserver._engine.leadership import Tenure
from basehttpserver._engine.listener import Listener
from basehttpserver._engine.roster import Roster
from basehttpserver._engine.state import HANDSHAKE
from basehttpserver._exchange import Verdict

__all__ = ["MOST_ACCEPTED", "Acceptor"]

#: How many connections are accepted before the others' events are seen to. Were it one, the last of
#: sixty that come at once would wait for sixty turns of the others; these take a millisecond.
MOST_ACCEPTED: Final = 8


class _Poller(Protocol):
    def begin(self, connection: Connection) -> None: ...
    def release(self, connection: Connection) -> None: ...
    def may_go_on(self, tenure: Tenure) -> bool: ...


class Acceptor:
    """Accepts connections for a poller, within the limits of its roster."""

    def __init__(self, poller: _Poller, host: Host, listener: Listener, roster: Roster) -> None:
        """Do not listen yet."""
        self._poller = poller
        self._host = host
        self._listener = listener
        self._roster = roster
        self._most_at_once = MOST_ACCEPTED
        #: How many were refused, or served, where they were admitted.
        self.answered = 0

    def listen(self, *, most_at_once: int = MOST_ACCEPTED) -> None:
        """Begin to accept, so many in a turn."""
        self._most_at_once = most_at_once
        self._listener.begin()

    def listen_again(self) -> None:
        """Go on accepting: the listener has rested."""
        self._listener.begin()

    def stop_listening(self) -> None:
        """Accept no more."""
        self._listener.end()

    def accept_some(self, tenure: Tenure) -> None:
        """Accept who waits, up to so many as are for one turn, for as long as `tenure` lasts."""
        for left in range(self._most_at_once, 0, -1):
            self._accept()
            if left == 1 or not self._poller.may_go_on(tenure) or not self._listener.has_client:
                return

    def accept_last(self, most: int) -> None:
        """Accept what waits in the listener's queue already, up to `most`, and no more."""
        self.listen()
        for _ in range(most):
            if not self._listener.has_client:
                break
            self._accept()
        self.stop_listening()

    def _accept(self) -> None:
        accepted = self._listener.try_accept()
        if accepted is None:
            return
        connection = self._host.admit(*accepted)
        if connection is None:
            self.answered += 1
        else:
            self.welcome(connection)

    def welcome(self, connection: Connection) -> None:
        """Count a connection, accepted here or elsewhere, and begin with it; or turn it away."""
        if self._roster.add(connection):
            self._poller.begin(connection)
        else:
            self.turn_away(connection)

    def turn_away(self, connection: Connection) -> None:
        """Answer 503 without a handler: too many connections are open, or all handlers are busy."""
        self._poller.release(connection)
        with contextlib.suppress(OSError):
            if connection.state is not HANDSHAKE or connection.try_handshake():
                connection.transport.try_send(connection.protocol.turn_away())
        connection.verdict = Verdict.LINGER
        self._host.close_connection(connection)
