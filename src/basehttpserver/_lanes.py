"""How a request reaches its handler: the lanes between the poller and a handler class.

    the class or server …                                          the connection …
    overrides nothing that could tell the difference; also         parks: its handler stays with it,
    __init__, where super().__init__ comes last, and in an         and gets a thread for an exchange
    HTTPServer, which has but one thread, setup and finish
    overrides __init__ otherwise, handle, or setup and finish;     keeps one thread from its first
    or finish_request, process_request_thread, shutdown_request,   head to its end: the contract of
    close_request; or the handler "class" is another callable      ``http.server`` to the letter
    has a handler class that is not for HTTP                       gets its thread at once
    overrides process_request, with ThreadingMixIn                 is given to that hook
    overrides process_request otherwise (ForkingMixIn)             socketserver's own loop runs

In doubt a connection keeps its thread. In an `HTTPServer` that thread is the one of
``serve_forever``: an answer says that the connection closes when others wait, and a client that
keeps the thread waiting while others wait finds its connection closed.
"""

import dataclasses
import functools
import http.client
import socket
import socketserver
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from basehttpserver._constructors import constructors_end_with_super
from basehttpserver._engine import Connection, Context, Flusher, Poller, WorkerPool, adopt
from basehttpserver._exchange import Verdict
from basehttpserver._http1 import Http1Connection
from basehttpserver.handler import BaseHTTPRequestHandler
from basehttpserver.settings import Settings

__all__ = ["Lanes", "can_poll", "make_context"]

#: A handler that parks may answer so many pipelined requests before others have their turn.
EXCHANGES_IN_A_ROW: Final = 16

#: Whoever overrides one of these would notice that its thread or its time has changed.
_SERVER_HOOKS: Final = (
    "finish_request",
    "process_request_thread",
    "shutdown_request",
    "close_request",
)
_HANDLER_HOOKS: Final = ("handle", "__new__")

#: These may come in another thread than the exchange; in an `HTTPServer` there is only one.
_THREAD_HOOKS: Final = ("setup", "finish")


def make_context(settings: Settings) -> Context:
    """Make what the connections of one server share.

    Programs that want more fields patch ``http.client``; their number counts, too.
    """
    patched: int = http.client._MAXHEADERS  # type: ignore[attr-defined]
    if patched > max(settings.max_fields, Settings().max_fields):
        settings = dataclasses.replace(settings, max_fields=patched)
    return Context(settings, Http1Connection, Flusher(time.monotonic), time.monotonic)


def can_poll(server: socketserver.BaseServer) -> bool:
    """Tell whether the engine may poll for a server, or socketserver's own loop must run."""
    return _has_plain_process_request(server) or isinstance(server, socketserver.ThreadingMixIn)


def _has_plain_process_request(server: socketserver.BaseServer) -> bool:
    hook = type(server).process_request
    plain = (
        socketserver.BaseServer.process_request,
        socketserver.ThreadingMixIn.process_request,
    )
    return hook in plain and "process_request" not in vars(server)


class _Accepted(NamedTuple):
    """What ``get_request`` returned."""

    request: Any
    client_address: Any


class Lanes:
    """The engine of one server, and what runs its handlers; the `Host` of its poller."""

    def __init__(self, server: Any, context: Context, plain_classes: tuple[type, ...]) -> None:
        """Make the poller, and a pool where handlers may overlap.

        `plain_classes`: a hook that is one of theirs was not overridden.
        """
        self._server = server
        self._context = context
        threads = isinstance(server, socketserver.ThreadingMixIn)
        #: Somebody polls for as long as the server runs, so a connection may wait there.
        self.polls_on = False
        self._gives_to_hook = not _has_plain_process_request(server)
        self._pool: WorkerPool | None = None
        if threads and not self._gives_to_hook:
            self._pool = WorkerPool(
                context.settings.max_workers, daemon=bool(server.daemon_threads)
            )
        self._collects_bodies = not threads
        self.poller = Poller(self, context)
        context.yield_to = self.poller.stop_announced if threads else self.poller.others_wait
        self._server_may_park = not self._gives_to_hook and all(
            _is_inherited(server, hook, plain_classes) for hook in _SERVER_HOOKS
        )

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
        if not isinstance(request, socket.socket) or not _speaks_http(server.RequestHandlerClass):
            self._run_unpolled(_Accepted(request, client_address))
            return None
        connection = Connection(request, client_address, self._context)
        timeout = getattr(_class_of(server.RequestHandlerClass), "timeout", None)
        if isinstance(timeout, int | float) and timeout > 0:
            connection.peer.operation_timeout = timeout
        return connection

    def wants_body_first(self, connection: Connection) -> bool:
        """Tell whether the handler is to find the body here: where one thread serves everybody."""
        head = connection.head
        if not self._collects_bodies or head is None or head.refusal or head.body_length == 0:
            return False
        handler_class = _class_of(self._server.RequestHandlerClass)
        if handler_class is None:
            return not head.expects_continue
        if not hasattr(handler_class, f"do_{head.method}"):
            return False  # Nobody will read it; or a method that only an instance has does.
        return not head.expects_continue or _has_plain_expect_100(handler_class)

    def asks_for_body(self, connection: Connection) -> bool:
        """Tell whether the handler would give 100 (Continue) to a client that waits for it."""
        handler_class = _class_of(self._server.RequestHandlerClass)
        return str(getattr(handler_class, "protocol_version", "")) >= "HTTP/1.1"

    def respond(self, connection: Connection) -> bool:
        """Have a handler answer the request that is here; ``False`` when all are busy."""
        if self._pool is not None:
            return self._pool.try_submit(functools.partial(self._respond_in_worker, connection))
        if self._gives_to_hook:
            self.poller.forget(connection)
        self._reporting(connection, functools.partial(self._respond_here, connection))
        return True

    def close_connection(self, connection: Connection) -> None:
        """Close a connection that has no exchange, and let its handler finish."""
        handler = connection.resident
        connection.close()
        steps: list[Callable[[], None]] = [] if handler is None else [handler.finish]
        steps.append(functools.partial(self._server.shutdown_request, connection.request))
        for step in steps:
            try:
                step()
            except Exception:  # A hook's fault; the poller, and everybody's server, goes on.
                self._server.handle_error(connection.request, connection.client_address)

    def report(self, connection: Connection) -> None:
        """Report a fault of our own as one of a handler's."""
        self._server.handle_error(connection.request, connection.client_address)

    # Running handlers.

    def _respond_here(self, connection: Connection) -> None:
        """Answer in this thread, by way of ``process_request``."""
        if self._may_park(connection):
            self._resume(connection, in_poller=True)
        else:
            self._server.process_request(connection.request, connection.client_address)

    def _respond_in_worker(self, connection: Connection) -> None:
        """Answer in a thread of the pool, by way of ``process_request_thread``."""
        if self._may_park(connection):
            resume = functools.partial(self._resume, connection, in_poller=False)
            self._reporting(connection, resume)
        else:
            self._server.process_request_thread(connection.request, connection.client_address)

    def _run_unpolled(self, accepted: "_Accepted") -> None:
        """Run a handler that is not for HTTP; it may be the one that speaks first."""
        server = self._server
        if self._pool is None:
            process = functools.partial(
                server.process_request, accepted.request, accepted.client_address
            )
            self._reporting(accepted, process)
        elif not self._pool.try_submit(
            functools.partial(
                server.process_request_thread, accepted.request, accepted.client_address
            )
        ):
            server.shutdown_request(accepted.request)

    def _reporting(self, accepted: "_Accepted | Connection", call: Callable[[], None]) -> None:
        """Call it; an exception is ``handle_error``'s, as in ``socketserver.BaseServer``."""
        server, request = self._server, accepted.request
        try:
            call()
        except Exception:
            try:
                server.handle_error(request, accepted.client_address)
            finally:
                server.shutdown_request(request)
        except BaseException:
            server.shutdown_request(request)
            raise

    def _may_park(self, connection: Connection) -> bool:
        if connection.resident is None and self._server_may_park and self.polls_on:
            connection.may_park = handler_may_park(
                self._server.RequestHandlerClass, in_one_thread=self._pool is None
            )
        return connection.may_park

    def _resume(self, connection: Connection, *, in_poller: bool) -> None:
        """Run exchanges while requests are here; then park the connection, or end it."""
        handler = connection.resident
        if handler is None:
            self._server.RequestHandlerClass(
                connection.request, connection.client_address, self._server
            )
            handler = connection.resident
            handler.setup()
            handler.close_connection = True  # As `handle` does, for what overrides the rest.
        parks = False
        try:
            parks = _run_exchanges(handler, connection, 1 if in_poller else EXCHANGES_IN_A_ROW)
        finally:
            if not parks:
                connection.resident = None
                handler.finish()
        if parks:
            self.poller.give_back(connection, wake=not in_poller)
        else:
            self._server.shutdown_request(connection.request)

    # Closing.

    def leave(self, connection: Connection) -> None:
        """Prepare a connection to be closed: what may still come from it is read for a moment."""
        self.poller.forget(connection)
        if connection.verdict is Verdict.LINGER:
            connection.verdict = Verdict.CLOSE
            rest = connection.transport.remaining_for_linger()
            if rest is not None:
                self.poller.linger(rest)

    @property
    def is_idle(self) -> bool:
        """No handler runs and no request waits."""
        return (self._pool is None or not self._pool.running) and self.poller.is_quiet

    def close(self, *, wait: bool) -> None:
        """End the poller and the pool; `wait` for the handlers that run."""
        self.poller.announce_stop()
        if self._pool is not None:
            self._pool.close(wait=wait)
        self.poller.close()
        self._context.flusher.stop()


def _run_exchanges(handler: Any, connection: Connection, most: int) -> bool:
    """Answer up to `most` requests that are here; tell whether the connection goes on."""
    for _ in range(most):
        handler._handle_exchange()
        if handler.close_connection or not connection.goes_on:
            return False
        if not connection.try_next_head():
            break
    return True


def _is_inherited(server: Any, name: str, plain_classes: tuple[type, ...]) -> bool:
    """Tell whether a hook of a server is that of one of the classes."""
    hook = getattr(type(server), name, None)
    plain_hooks = [getattr(plain_class, name, None) for plain_class in plain_classes]
    return name not in vars(server) and hook in plain_hooks


def handler_may_park(make_handler: Callable[..., Any], *, in_one_thread: bool) -> bool:
    """Tell whether handlers made so can stay with a connection without keeping a thread."""
    handler_class = _class_of(make_handler)
    hooks = _HANDLER_HOOKS if in_one_thread else _HANDLER_HOOKS + _THREAD_HOOKS
    return (
        handler_class is not None
        and issubclass(handler_class, BaseHTTPRequestHandler)
        and type(handler_class).__call__ is type.__call__
        and constructors_end_with_super(handler_class, BaseHTTPRequestHandler)
        and all(
            getattr(handler_class, hook) is getattr(BaseHTTPRequestHandler, hook) for hook in hooks
        )
    )


def _speaks_http(make_handler: Callable[..., Any]) -> bool:
    """Tell whether a handler wants a head of HTTP; a callable that is no class may."""
    handler_class = _class_of(make_handler)
    return handler_class is None or any(
        base.__name__ == "BaseHTTPRequestHandler" for base in handler_class.__mro__
    )


def _has_plain_expect_100(handler_class: type) -> bool:
    """Tell whether a handler gives 100 (Continue) to whoever waits for it, and asks nobody."""
    return issubclass(handler_class, BaseHTTPRequestHandler) and all(
        getattr(handler_class, hook) is getattr(BaseHTTPRequestHandler, hook)
        for hook in ("handle_expect_100", "parse_request")
    )


def _class_of(make_handler: Callable[..., Any]) -> type | None:
    """Return the class that makes the handlers, perhaps with arguments of its own."""
    while isinstance(make_handler, functools.partial):
        make_handler = make_handler.func
    return make_handler if isinstance(make_handler, type) else None
