"""How a request reaches its handler, in the lane that `_lane_choice` tells.

                  HTTPServer                            ThreadingHTTPServer
    event lane    right on the polling thread, which    right on the leader, or, where the route is
                  is that of ``serve_forever``          known to be slow, in a thread of the pool
    thread lane   in that thread, too, to the end of    in a thread of the pool, to the end of the
                  the connection                        connection

In the thread lane of an `HTTPServer` an answer says that the connection closes when others wait,
and a client that keeps the thread waiting while others wait finds its connection closed.
"""

import dataclasses
import functools
import http.client
import socket
import socketserver
import time
from collections.abc import Callable
from typing import Any

from basehttpserver import _lane_choice as choice
from basehttpserver._engine import (
    ACCEPT_PAUSE_SECONDS,
    OUT_OF_RESOURCES,
    READ,
    Connection,
    Context,
    Handled,
    Lead,
    Poller,
    Route,
    RouteMemory,
    Sentinel,
    Surplus,
    Tenure,
    ThreadDemand,
    Waker,
    WorkerPool,
    adopt,
    wait_until_ready,
)
from basehttpserver._exchange import RequestHead, Verdict
from basehttpserver._handler_calls import Accepted, call_reporting, run_exchange
from basehttpserver._http1 import Http1Connection
from basehttpserver._refusal_log import RefusalLog, log_error_for
from basehttpserver.settings import Settings

__all__ = ["Lanes", "make_context"]


def make_context(settings: Settings) -> Context:
    """Make what the connections of one server share.

    Programs that want more fields patch ``http.client``; their number counts, too.
    """
    patched: int = http.client._MAXHEADERS  # type: ignore[attr-defined]
    if patched > max(settings.max_fields, Settings().max_fields):
        settings = dataclasses.replace(settings, max_fields=patched)
    return Context(settings, Http1Connection, Sentinel(time.monotonic), time.monotonic)


class Lanes:
    """The engine of one server, and what runs its handlers; the `Host` of its poller."""

    def __init__(self, server: Any, context: Context, plain_classes: tuple[type, ...]) -> None:
        """Make the poller, and a pool where handlers may overlap.

        `plain_classes`: a hook that is one of theirs was not overridden.
        """
        self._server = server
        self._context = context
        #: Somebody polls for as long as the server runs, so a connection may wait there.
        self.polls_on = False
        self._has_overlap = isinstance(server, socketserver.ThreadingMixIn)
        self._gives_to_hook = not choice.has_plain_process_request(server)
        self._leaves_threads = not self._gives_to_hook and choice.leaves_threads_to_us(
            server, plain_classes
        )
        self._pool: WorkerPool | None = None
        if self._has_overlap and not self._gives_to_hook:
            most = context.settings.max_workers
            self._pool = WorkerPool(most, daemon=bool(server.daemon_threads))
        #: What becomes of output that a client does not take at once, in the event lane.
        self._surplus = Surplus.SPOOL if self._pool is None else Surplus.BUFFER
        self._accepts_here = self._pool is not None and not choice.has_plain_accept(
            server, plain_classes
        )
        self.poller = Poller(self, context)
        context.release = self.poller.release
        context.forget = self.poller.forget
        context.has_one_thread = not self._has_overlap
        self._thread_demand = ThreadDemand(context)
        context.yield_to = (
            self._thread_demand.fileno if self._has_overlap else self.poller.others_wait
        )
        self._waker = Waker()
        self._refusals = RefusalLog(context.clock)
        self._routes = RouteMemory(context.clock)
        self._lead = Lead(self.poller, self._pool, context.sentinel, self._note_of)
        #: For who polls in the thread that calls `wait`.
        self._own_tenure = Tenure() if self._pool is not None else self._lead.hold()

    # Serving: for the thread of ``serve_forever``, ``handle_request`` or ``drain``.

    def begin(self) -> None:
        """Accept from now on; where handlers may overlap, by a thread of ours that leads."""
        self.polls_on = True
        if not self._accepts_here:
            self.poller.acceptor.listen()
        if self._pool is not None:
            self._lead.begin()

    def wait(self, seconds: float) -> None:
        """Wait for so long, or less: until `wake`, or until something was done in this thread."""
        if self._pool is None:
            self.poller.run_once(seconds, self._own_tenure)
            return
        self._lead.appoint_if_unled()
        waited_for = [(self._waker.fileno(), READ)]
        if self._accepts_here:
            waited_for.append((self.fileno(), READ))
        ready = wait_until_ready(waited_for, seconds)
        self._waker.calm()
        if self._accepts_here and self.fileno() in ready:
            self._accept_here()

    def wake(self) -> None:
        """Let `wait` return; for any thread."""
        self._waker.wake()
        self.poller.wake()

    def end(self) -> None:
        """Accept no more, and let nobody poll; handlers go on."""
        if self._pool is not None:
            self._lead.end()
        self.poller.acceptor.stop_listening()

    def poll(self, seconds: float | None) -> None:
        """Do in this thread what there is to do, and wait `seconds` at most for it."""
        self.poller.run_once(seconds, self._own_tenure)

    def begin_single(self) -> None:
        """Accept by `poll`, and not for long: no connection may wait for another request."""
        self.polls_on = False
        self.poller.acceptor.listen(most_at_once=1)

    def _accept_here(self) -> None:
        """Accept where hooks that see it belong: in the thread of ``serve_forever``."""
        try:
            request, client_address = self.accept()
        except (OSError, MemoryError) as error:
            if isinstance(error, MemoryError) or error.errno in OUT_OF_RESOURCES:
                wait_until_ready([(self._waker.fileno(), READ)], ACCEPT_PAUSE_SECONDS)
            return
        connection = self.admit(request, client_address)
        if connection is not None:
            self.poller.give_back(connection)

    # What the poller asks.

    def fileno(self) -> int:
        """Return the descriptor of the listener."""
        descriptor: int = self._server.fileno()
        return descriptor

    def accept(self) -> tuple[Any, Any]:
        """Accept one connection by the server's hook. Raises ``OSError``."""
        request, client_address = self._server.get_request()
        return request, client_address

    def admit(self, request: Any, client_address: Any) -> Connection | None:
        """Make the connection to be polled, ``None`` if it was refused or needs no polling."""
        server = self._server
        if not server.verify_request(request, client_address):
            server.shutdown_request(request)
            return None
        request = adopt(request)
        make_handler = server.RequestHandlerClass
        if not isinstance(request, socket.socket) or not choice.speaks_http(make_handler):
            self._run_unpolled(Accepted(request, client_address))
            return None
        connection = Connection(request, client_address, self._context)
        connection.handshake.may_be_wrapped = not (
            self._leaves_threads and choice.may_take_event_lane(make_handler, in_one_thread=False)
        )
        timeout = getattr(choice.class_of(make_handler), "timeout", None)
        if isinstance(timeout, int | float) and timeout > 0:
            connection.peer.operation_timeout = timeout
        return connection

    def body_bytes_first(self, connection: Connection) -> int:
        """Return how much of the body is to be here before the handler starts; 0 for none.

        All of it, where one thread serves everybody. Else as much as is kept in memory: all of a
        small one, which the leader may answer; and who is slow with a large one has no thread yet.
        """
        head = connection.head
        if head is None or head.refusal or head.body_length == 0:
            return 0
        settings = self._context.settings
        if self._pool is not None:
            streams = head.body_length is None and settings.stream_chunked_bodies
            may_wait = not (streams or head.expects_continue) and self._takes_event_lane(connection)
            return settings.spool_memory_bytes if may_wait else 0
        return settings.max_spool_bytes if self._collects_body(head) else 0

    def _collects_body(self, head: RequestHead) -> bool:
        if self._has_overlap:
            return False
        handler_class = choice.class_of(self._server.RequestHandlerClass)
        if handler_class is None:
            return not head.expects_continue
        if not choice.may_answer(handler_class, head.method):
            return False  # Nobody will read it; or a method that only an instance has does.
        return not head.expects_continue or choice.has_plain_expect_100(handler_class)

    def asks_for_body(self, connection: Connection) -> bool:
        """Tell whether the handler would give 100 (Continue) to a client that waits for it."""
        handler_class = choice.class_of(self._server.RequestHandlerClass)
        return str(getattr(handler_class, "protocol_version", "")) >= "HTTP/1.1"

    def respond(self, connection: Connection) -> bool:
        """Have a handler answer the request that is here; ``False`` when all are busy."""
        if connection.resident is None:
            if connection.handshake.is_to_be_wrapped or not self._takes_event_lane(connection):
                return self._respond_in_thread_lane(connection)
            connection.outgoing.surplus = self._surplus
        pool = self._pool
        if pool is not None:
            if not self._starts_inline(connection):
                self.poller.release(connection)
                return self._try_submit(pool, functools.partial(self._run_on_worker, connection))
            if pool.is_full:
                # Where it is slow after all, it would be one too many.
                self._thread_demand.set(True)
                return False
        self._run_inline(connection)
        return True

    def _respond_in_thread_lane(self, connection: Connection) -> bool:
        self.poller.release(connection)
        if self._pool is not None:
            call = functools.partial(
                self._server.process_request_thread, connection.request, connection.client_address
            )
            return self._try_submit(self._pool, call)
        if self._gives_to_hook:
            self.poller.lend(connection)
        elif self.polls_on:
            connection.outgoing.surplus = Surplus.SPOOL
        call = functools.partial(
            self._server.process_request, connection.request, connection.client_address
        )
        call_reporting(self._server, connection, call)
        return True

    def close_connection(self, connection: Connection) -> None:
        """Close a connection that has no exchange, and let its handler finish."""
        server = self._server
        handler = connection.resident
        is_shut_down = connection.is_shut_down
        connection.close()
        steps: list[Callable[[], None]] = [] if handler is None else [handler.finish]
        shut_down = server._end_connection if is_shut_down else server.shutdown_request
        steps.append(functools.partial(shut_down, connection.request))
        for step in steps:
            try:
                step()
            except Exception:  # A hook's fault; the poller, and everybody's server, goes on.
                server.handle_error(connection.request, connection.client_address)

    def report(self, connection: Connection) -> None:
        """Report a fault of our own as one of a handler's."""
        self._server.handle_error(connection.request, connection.client_address)

    def note_refused(self, connection: Connection, reason: str) -> None:
        """Log a client that comes to no request."""
        handler_class = choice.class_of(self._server.RequestHandlerClass)
        self._refusals.note(handler_class, self._server, connection.client_address, reason)

    def note_cut(self, connection: Connection, reason: str) -> None:
        """Log a response that is cut when its handler has gone."""
        handler_class = choice.class_of(self._server.RequestHandlerClass)
        log_error_for(handler_class, self._server, connection.client_address, reason)

    # Running handlers.

    def _takes_event_lane(self, connection: Connection) -> bool:
        if connection.resident is None and self._leaves_threads and self.polls_on:
            connection.may_park = choice.may_take_event_lane(
                self._server.RequestHandlerClass, in_one_thread=self._pool is None
            )
        return connection.may_park

    def _try_submit(self, pool: WorkerPool, call: Callable[[], None]) -> bool:
        """Have a thread run it. Where all are busy, connections that only wait in one end.

        Else `max_workers` silent clients of the thread lane would have all of them.
        """
        if not pool.is_full:
            self._thread_demand.set(False)  # First: the thread looks whether it may keep on.
        if pool.try_submit(call):
            return True
        self._thread_demand.set(True)
        return False

    def _starts_inline(self, connection: Connection) -> bool:
        if self._lead.tenure is None or not connection.incoming.is_collected:
            return False
        if not self._routes.has_seen_slow:
            return True
        return self._routes.starts_inline(_route_of(connection))

    def _run_inline(self, connection: Connection) -> None:
        """Answer in this thread, which leads, and may have lost the lead when it has."""
        route = _route_of(connection) if self._routes.has_seen_slow else None
        if not isinstance(connection.request, Handled):
            self.poller.release(connection)  # Nothing would tell that the handler closes it.
        tenure = self._lead.enter(connection)
        try:
            parks = run_exchange(self._server, connection)
        finally:
            leads = tenure.leave()
        if not leads:
            if parks:
                self.poller.give_back(connection)
            return
        if route is not None:
            self._routes.note_quick(route)
        if parks:
            self.poller.keep(connection)

    def _run_on_worker(self, connection: Connection) -> None:
        """Answer in a thread of the pool."""
        route = _route_of(connection)
        began = self._context.clock()
        parks = run_exchange(self._server, connection)
        self._routes.note_worker(route, self._context.clock() - began)
        if parks:
            self.poller.give_back(connection)

    def _note_of(self, connection: Connection) -> Callable[[], None]:
        return functools.partial(self._routes.note_taken_over, _route_of(connection))

    def _run_unpolled(self, accepted: Accepted) -> None:
        """Run a handler that is not for HTTP; it may be the one that speaks first."""
        server = self._server
        if self._pool is None:
            process = functools.partial(
                server.process_request, accepted.request, accepted.client_address
            )
            call_reporting(server, accepted, process)
        elif not self._pool.try_submit(
            functools.partial(
                server.process_request_thread, accepted.request, accepted.client_address
            )
        ):
            server.shutdown_request(accepted.request)

    # Closing.

    def try_send_on(self, connection: Connection) -> bool:
        """Keep a connection that was shut down until its client has taken the response."""
        if not connection.outgoing.is_waiting or not self.polls_on or connection.is_shut_down:
            return False
        connection.is_shut_down = True
        self.poller.give_back(connection)
        return True

    def leave(self, connection: Connection) -> None:
        """Prepare a connection to be closed: what may still come from it is read for a moment."""
        self.poller.forget(connection)
        if connection.verdict is Verdict.LINGER:
            connection.verdict = Verdict.CLOSE
            rest = connection.transport.remaining_for_linger()
            if rest is not None:
                self.poller.linger(rest)

    def announce_stop(self) -> None:
        """Let connections end after their exchanges."""
        self._thread_demand.announce_stop()

    @property
    def is_idle(self) -> bool:
        """No handler runs and no request waits."""
        return (self._pool is None or not self._pool.running) and self.poller.is_quiet

    def close(self, *, wait: bool) -> None:
        """End the poller and the pool; `wait` for the handlers that run."""
        self.announce_stop()
        if self._pool is not None:
            self._pool.close(wait=wait)
        self.poller.close()
        self._context.sentinel.stop()
        self._thread_demand.close()
        self._waker.close()


def _route_of(connection: Connection) -> Route:
    """Return what tells requests apart that are likely to take as long as each other."""
    head = connection.head
    if head is None:
        return Route(None, None)
    path = head.target.partition(b"?")[0]
    first_segment = path[: path.find(b"/", 1) + 1]
    return Route((head.method, path), (head.method, first_segment))
