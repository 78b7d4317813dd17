"""Everything that waits: sockets, deadlines, threads. It knows no protocol and no handler.

    who polls               leadership   one leader, who runs quick handlers itself; successors
    wait                    poller       reads heads, holds every connection that waits
    accept                  accepting    some in a turn; who is turned away
    listen                  listener     rests where descriptors or memory have run out
    whose they are          host         what the engine asks of a server
    open connections        roster       how many, and from where
    what a connection is    connection   its parts, and the exchange that runs on it
    where it stands         state        whose it is, and what it waits for
    what they share         context      settings, clock, spool; who waits for the thread
    before the first head   handshake    of TLS, by us or by the program
    a body that is awaited  body         collected too slowly, in chunks, refused
    in a handler's thread   waiting      for a handshake or a head, where nothing polls
    the handler's socket    takeover     what becomes of the connection when it is used
    after 101, or CONNECT   tunnel       its beginning, and requests inside of it
    the request             incoming     head and body, as rfile reads them
    the response            outgoing     collected, and sent in time
    rfile, wfile            streams      the files that a handler sees
    self.request            sockets      the socket that a handler sees
    waiting for a client    peer         receiving and sending with deadlines
    bytes to and from it    transport    a plain or TLS socket, never blocking
    slow clients            backlog      bytes and files that were not taken yet
    slow handlers           sentinel     sends late output, takes the lead from who holds it up
    which are slow          routes       what take-overs have taught
    slow handlers run in    workers      a bounded pool of threads
    threads that only wait  thread_demand  whether others need them
    what is kept at most    spool        of bodies and responses, for one server
    from other threads      waker        makes the poller look up
    who is ready            readiness    epoll, or what `selectors` has
    a client that is left   lingering    closed connections, read on for a moment
    whose turn it is        rotation     of many that are ready at once
    when to give up         patience     what the poller waits for, and how long
    how that is measured    deadlines    a table of deadlines; minimum rates

The server hands it a factory of protocols, and what responds to a request.
"""

from basehttpserver._engine.connection import Connection, connection_of
from basehttpserver._engine.context import Context
from basehttpserver._engine.leadership import Lead, Tenure
from basehttpserver._engine.lingering import linger
from basehttpserver._engine.listener import ACCEPT_PAUSE_SECONDS, OUT_OF_RESOURCES
from basehttpserver._engine.outgoing import Surplus
from basehttpserver._engine.poller import Poller
from basehttpserver._engine.routes import Route, RouteMemory
from basehttpserver._engine.sentinel import Sentinel
from basehttpserver._engine.sockets import Handled, accept_from, adopt
from basehttpserver._engine.thread_demand import ThreadDemand
from basehttpserver._engine.transport import READ, wait_until_ready
from basehttpserver._engine.waker import Waker
from basehttpserver._engine.workers import WorkerPool

__all__ = [
    "ACCEPT_PAUSE_SECONDS",
    "OUT_OF_RESOURCES",
    "READ",
    "Connection",
    "Context",
    "Handled",
    "Lead",
    "Poller",
    "Route",
    "RouteMemory",
    "Sentinel",
    "Surplus",
    "Tenure",
    "ThreadDemand",
    "Waker",
    "WorkerPool",
    "accept_from",
    "adopt",
    "connection_of",
    "linger",
    "wait_until_ready",
]
