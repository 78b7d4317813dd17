"""Everything that waits: sockets, deadlines, threads. It knows no protocol and no handler.

    listen, accept          poller       one thread: it accepts, reads heads, holds idle connections
    what a connection is    connection   its state, and the exchange that runs on it
    the request             incoming     head and body, as rfile reads them
    the response            outgoing     collected, and sent in time
    rfile, wfile            streams      the files that a handler sees
    self.request            sockets      the socket that a handler sees
    waiting for a client    peer         receiving and sending with deadlines
    bytes to and from it    transport    a plain or TLS socket, never blocking
    late output             flusher      sends what a handler left unsent for some milliseconds
    handlers run in         workers      a bounded pool of threads
    a client that is left   lingering    closed connections, read on for a moment
    when to give up         deadlines    a table of deadlines; minimum rates

The server hands it a factory of protocols, and what responds to a request.
"""

from basehttpserver._engine.connection import Connection, Context, connection_of
from basehttpserver._engine.flusher import Flusher
from basehttpserver._engine.poller import Poller
from basehttpserver._engine.sockets import accept_from, adopt
from basehttpserver._engine.workers import WorkerPool

__all__ = [
    "Connection",
    "Context",
    "Flusher",
    "Poller",
    "WorkerPool",
    "accept_from",
    "adopt",
    "connection_of",
]
