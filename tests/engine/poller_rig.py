"""A poller with a host that only notes what it is asked, and a clock that we turn."""

import socket
import sys

from basehttpserver._engine.connection import Connection
from basehttpserver._engine.context import Context
from basehttpserver._engine.leadership import Tenure
from basehttpserver._engine.poller import Poller
from basehttpserver._engine.sockets import adopt
from basehttpserver._exchange import Verdict
from basehttpserver.settings import Settings
from tests.engine.fakes import Clock, LineProtocol, Watcher

SETTINGS = {
    "idle_timeout_seconds": 60,
    "head_timeout_seconds": 20,
    "handshake_timeout_seconds": 10,
    "rate_grace_seconds": 20,
    "min_body_bytes_per_second": 1,
    "linger_seconds": 2,
}


class Host:
    """Accepts what the test has made, and notes what it is told to answer and to close."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.waiting = []
        self.context = None
        self.poller = None
        self.answered = []
        self.closed = []
        self.is_busy = False
        self.collects_bodies = False
        self.reported = []
        self.refused = []
        self.cut = []
        self.error = None

    def fileno(self):
        return self.listener.fileno()

    def accept(self):
        if self.error is not None:
            raise self.error
        return self.listener.accept()

    def admit(self, request, client_address):
        return Connection(adopt(request), client_address, self.context)

    def body_bytes_first(self, connection):
        return connection.head.body_length if self.collects_bodies else 0

    def asks_for_body(self, connection):
        return True

    def report(self, connection):
        self.reported.append((connection, sys.exception()))

    def note_refused(self, connection, reason):
        self.refused.append(reason)

    def note_cut(self, connection, reason):
        self.cut.append(reason)

    def respond(self, connection):
        if self.is_busy:
            return False
        self.poller.release(connection)
        self.answered.append(connection)
        return True

    def close_connection(self, connection):
        self.closed.append(connection)
        verdict = connection.verdict
        connection.close()
        self.poller.forget(connection)
        if verdict is Verdict.LINGER:
            self.poller.linger(connection.transport.remaining_for_linger())
            connection.request.shutdown(socket.SHUT_WR)
        connection.request.close()


class HeldUp(Host):
    """Its first handler holds up everybody, and something happens meanwhile."""

    def __init__(self, on_respond):
        super().__init__()
        self._on_respond = on_respond

    def respond(self, connection):
        is_answered = super().respond(connection)
        on_respond, self._on_respond = self._on_respond, lambda: None
        on_respond()
        return is_answered


class Inline(Host):
    """Answers right in the loop, and lets the poller keep the connection, as in the event lane."""

    def respond(self, connection):
        assert connection.begin_exchange()
        self.answered.append(connection)
        for call in self.in_exchange:
            call(connection)
        connection.outgoing.open_writer().write(b"answer")
        connection.end_exchange(keep=True)
        self.poller.keep(connection)
        return True

    in_exchange = ()


class Rig:
    def __init__(self, *, make_host=Host, collects_bodies=False, **settings):
        self.clock = Clock()
        self.context = Context(
            Settings(**{**SETTINGS, **settings}), LineProtocol, Watcher(), self.clock
        )
        self.host = make_host()
        self.host.context = self.context
        self.host.collects_bodies = collects_bodies
        self.poller = Poller(self.host, self.context)
        self.host.poller = self.poller
        self.tenure = Tenure()
        self.poller.acceptor.listen()
        self.clients = []

    def connect(self, *data):
        """A client; its connection is accepted, and `data` is here."""
        client = socket.create_connection(self.host.listener.getsockname(), 5)
        self.clients.append(client)
        client.sendall(b"".join(data))
        self.turn()
        return client

    def turn(self, seconds=0.0):
        """Let time pass, and let the poller do all there is to do."""
        self.clock.now += seconds
        for _ in range(4):
            # Where no time passes, something was sent, and may be on its way.
            self.poller.run_once(0 if seconds else 0.005, self.tenure)

    def send(self, client, data):
        client.sendall(data)
        self.turn()

    def finish(self, connection, *, keep=True):
        """Answer, as a handler would, and give the connection back."""
        assert connection.begin_exchange()
        connection.outgoing.open_writer().write(b"answer")
        connection.end_exchange(keep=keep)
        self.poller.give_back(connection)
        self.turn()

    def close(self):
        for connection in self.host.answered:
            if connection not in self.host.closed:
                self.host.close_connection(connection)
        self.poller.close()
        self.host.listener.close()
        for client in self.clients:
            client.close()
