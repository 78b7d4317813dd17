"""Everything that waits: sockets, deadlines, threads. It knows no protocol and no handler.

listen, accept          poller       one thread: it accepts, reads heads, holds idle connections
bytes to and from it    transport    a plain or TLS socket, never blocking
what a connection is    connection   its state, its exchange, reading and writing with deadlines
rfile, wfile            streams      the files that a handler reads and writes
request                 sockets      the socket that a handler sees
late output             flusher      sends what a handler left unsent for some milliseconds
handlers run in         workers      a bounded pool of threads
when to give up         deadlines    a table of deadlines; minimum rates
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
