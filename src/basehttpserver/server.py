"""``HTTPServer`` and ``ThreadingHTTPServer``: socketserver's servers, over the engine.

    serve_forever, handle_request
      get_request, verify_request        in the thread of ``serve_forever``
      … the head arrives …               nobody's thread
      process_request
        finish_request                   makes the handler
      shutdown_request
        close_request
      service_actions

A connection is accepted when it comes and handed on when its first request is here, so a client
that connects and says nothing, or a byte now and then, holds nothing but its place.
"""

import contextlib
import socket
import socketserver
import sys
import threading
import time
from typing import Any, ClassVar, Final

from basehttpserver._engine import (
    ACCEPT_PAUSE_SECONDS,
    OUT_OF_RESOURCES,
    Connection,
    Context,
    Handled,
    accept_from,
    adopt,
    connection_of,
    linger,
)
from basehttpserver._exchange import Verdict
from basehttpserver._files.open_files import CAN_KEEP_OPEN, OpenFiles
from basehttpserver._lane_choice import can_poll
from basehttpserver._lanes import Lanes, make_context
from basehttpserver.settings import Settings

__all__ = ["HTTPServer", "ThreadingHTTPServer"]

#: How long a stop waits for the first request of connections that stand already: a few round trips,
#: for TLS, too. Who has been answered knows that a kept connection may end, and can ask again (RFC
#: 9112 9.3.1); who has not takes it that the server is broken. Go's Shutdown gives them 5 s, but
#: browsers open connections that they may never use, and Ctrl-C is to end soon.
FIRST_REQUEST_SECONDS: Final = 0.5


class HTTPServer(socketserver.TCPServer):
    """An HTTP server whose handlers never overlap: one at a time, in ``serve_forever``'s thread.

    A client that is idle, or slow to send or to read, delays nobody: heads and bodies are here
    before a handler starts, and what a client does not take is kept for it. (In two cases a handler
    waits for the body itself, but no longer than ``Settings.rate_grace_seconds`` while others wait
    for it: where it overrides ``handle_expect_100``, and at the second request to one that keeps
    its thread, see `_lane_choice`.)
    """

    allow_reuse_address = True
    allow_reuse_port = False
    request_queue_size = socket.SOMAXCONN

    #: Limits and deadlines; a subclass, or the keyword of the constructor, may have others.
    settings: Settings = Settings()

    #: The port that the server listens on; set when it is bound.
    server_port: int

    _lanes: Lanes | None = None
    _context: Context | None = None
    _server_name: str | None = None
    _serving_thread: int | None = None
    #: What `SimpleHTTPRequestHandler` keeps open, while somebody sees to it that that ends.
    _open_files: OpenFiles | None = None
    _is_asked_to_stop = False
    #: Is entered while the context of a TLS listener is used.
    _context_in_use: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()

    def __init__(
        self,
        server_address: Any,
        RequestHandlerClass: Any,
        bind_and_activate: bool = True,
        *,
        settings: Settings | None = None,
    ) -> None:
        """Bind to `server_address`, ``(host, port)``, and listen, unless told not to.

        `RequestHandlerClass` is any callable that takes request, client address and server.
        Raises ``OSError`` when the address cannot be had.
        """
        if settings is not None:
            self.settings = settings
        self._engine_lock = threading.Lock()
        self._has_stopped = threading.Event()
        super().__init__(server_address, RequestHandlerClass, bind_and_activate)

    # The address.

    def server_bind(self) -> None:
        """Bind the socket and keep the port. Unlike CPython's it asks no name server."""
        super().server_bind()
        address = self.server_address
        self.server_port = address[1] if isinstance(address, tuple) else 0

    @property
    def server_name(self) -> str:
        """The name of the host that the server listens on; may be set.

        CPython looks it up when the server is bound, which stalls for half a minute on networks
        with a broken resolver (cpython#106505). Here it is found when it is asked for, without
        DNS: ``localhost``, the machine's name for all interfaces, or the address itself.
        """
        if self._server_name is None:
            self._server_name = _name_of(self.server_address)
        return self._server_name

    @server_name.setter
    def server_name(self, name: str) -> None:
        self._server_name = name

    # Serving.

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        """Serve until `shutdown`; call ``service_actions`` at least every `poll_interval` seconds.

        Handlers of an `HTTPServer` run in this thread; what they raise beyond ``Exception``
        (``SystemExit``, ``KeyboardInterrupt``), or ``handle_error`` raises, leaves this method.
        """
        if not can_poll(self):
            super().serve_forever(poll_interval)
            return
        self._has_stopped.clear()
        self._serving_thread = threading.get_ident()
        lanes = self._get_lanes()
        open_files = self._open_files = OpenFiles() if CAN_KEEP_OPEN else None
        try:
            lanes.begin()
            while not self._is_asked_to_stop:
                lanes.wait(poll_interval)
                if open_files is not None:  # Also an empty one: by this it knows the time.
                    open_files.drop_idle(time.monotonic())
                if not self._is_asked_to_stop:
                    self.service_actions()
        finally:
            self._stop_serving()

    def _stop_serving(self) -> None:
        if self._lanes is not None:
            self._lanes.end()
        open_files, self._open_files = self._open_files, None
        if open_files is not None:
            open_files.close()
        self._serving_thread = None
        self._is_asked_to_stop = False
        self._has_stopped.set()

    def shutdown(self) -> None:
        """Make `serve_forever` return, and wait until it has; running handlers go on.

        A handler may call it: where it runs in the thread of `serve_forever` itself, that returns
        once the handler has.
        """
        if not can_poll(self):
            super().shutdown()
            return
        self._is_asked_to_stop = True
        if self._lanes is not None:
            self._lanes.wake()
        if threading.get_ident() != self._serving_thread:
            self._has_stopped.wait()

    def handle_request(self) -> None:
        """Serve one connection that has a request, or call ``handle_timeout`` after `timeout`.

        A client that connects and says nothing does not count. As in CPython, a connection that
        is kept alive is served to its end; it ends when others wait for this thread.
        """
        if not can_poll(self):
            super().handle_request()
            return
        seconds = _shorter(self.socket.gettimeout(), self.timeout)
        deadline = None if seconds is None else time.monotonic() + seconds
        lanes = self._get_lanes()
        lanes.begin_single()
        poller = lanes.poller
        answered = poller.answered
        self._serving_thread = threading.get_ident()
        try:
            while poller.answered == answered:
                left = None if deadline is None else deadline - time.monotonic()
                lanes.poll(None if left is None else max(0.0, left))
                if left is not None and left <= 0 and poller.answered == answered:
                    self.handle_timeout()
                    return
        finally:
            self._serving_thread = None

    def drain(self, seconds: float) -> bool:
        """Accept no more, let requests that have begun be answered, and close idle connections.

        Closes the listener, so that who comes later is refused and can go elsewhere. Returns
        whether that was done within `seconds`. Call it when `serve_forever` has returned, in the
        thread that called that; `server_close` comes after it.
        """
        if self._lanes is None:
            return True
        deadline = time.monotonic() + seconds
        lanes = self._lanes
        poller = lanes.poller
        lanes.announce_stop()
        # To these clients the connection stands, and their requests may be on the way.
        poller.acceptor.accept_last(self.request_queue_size)
        # Else the kernel would go on to greet clients, and their requests would be lost at the end.
        self.socket.close()
        patience_ends = min(deadline, time.monotonic() + FIRST_REQUEST_SECONDS)
        while True:
            lanes.poll(0)  # What has arrived is served before idle connections are closed.
            waits_for_new = poller.close_idle(spares_new=time.monotonic() < patience_ends)
            if lanes.is_idle and not waits_for_new:
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            lanes.poll(min(left, 0.05))

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection; a TLS handshake is not waited for. Raises ``OSError``."""
        try:
            return accept_from(self.socket, self._context_in_use)
        except OSError as error:
            if error.errno in OUT_OF_RESOURCES and not can_poll(self):
                # socketserver's loop would ask again at once, and keep a processor busy.
                time.sleep(ACCEPT_PAUSE_SECONDS)
            raise

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print a traceback to ``sys.stderr``, but for a client that went away.

        One that ``sys.stderr`` does not take is lost: it must not end everybody's server.
        """
        connection = connection_of(request)
        is_lost = connection is not None and connection.is_lost
        if not (is_lost and isinstance(sys.exception(), ConnectionError)):
            with contextlib.suppress(OSError, ValueError):
                super().handle_error(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Shut the connection down and close it, so that the client can read its answer."""
        connection = connection_of(request)
        if connection is None or self._lanes is None or not self._lanes.try_send_on(connection):
            self._end_connection(request)

    def _end_connection(self, request: Any) -> None:
        connection = connection_of(request)
        if connection is not None:
            lingers = connection.verdict is Verdict.LINGER
            connection.close()
            if self._lanes is not None:
                self._lanes.leave(connection)
            elif lingers:
                linger(connection)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Close the listener and every idle connection.

        With ``ThreadingMixIn`` and neither `daemon_threads` nor `block_on_close` to the contrary,
        running handlers are waited for.
        """
        if self._serving_thread is not None and self._lanes is not None and self._lanes.polls_on:
            # Programs forget `shutdown`. The poller must not lose its selector while it waits.
            self.shutdown()
        with self._engine_lock:
            lanes, self._lanes = self._lanes, None
        if lanes is None and self._context is not None:
            self._context.sentinel.stop()
        if lanes is not None:
            waits = bool(getattr(self, "block_on_close", False)) and not getattr(
                self, "daemon_threads", True
            )
            lanes.close(wait=waits)
        super().server_close()

    # The engine.

    def _get_lanes(self) -> Lanes:
        with self._engine_lock:
            if self._lanes is None:
                self._context = make_context(self.settings)
                plain_classes = (HTTPServer, socketserver.TCPServer, socketserver.ThreadingMixIn)
                self._lanes = Lanes(self, self._context, plain_classes)
            return self._lanes

    def _make_connection(self, request: Any, client_address: Any) -> Connection | None:
        """Make the engine's side of a connection that no poller has seen; a handler calls it."""
        if not isinstance(request, socket.socket):
            return None
        with self._engine_lock:
            if self._context is None:
                self._context = make_context(self.settings)
        # What `get_request` has accepted is one already; what a hook or a handler has made out of
        # that, as for TLS inside of a tunnel, is theirs to close.
        is_servers = isinstance(request, Handled)
        if type(request) is not socket.socket:
            request = adopt(request)  # One of TLS, which stays the object that it is.
        return Connection(request, client_address, self._context, is_servers=is_servers)


class ThreadingHTTPServer(socketserver.ThreadingMixIn, HTTPServer):
    """An HTTP server whose handlers may overlap: quick ones run on the thread that polls.

    Slow ones run in threads of a bounded pool, and so do those of the thread lane, see
    `_lane_choice`. None runs in the thread of ``serve_forever``.
    """

    daemon_threads: ClassVar[bool] = True  # type: ignore[misc]


def _name_of(address: Any) -> str:
    if not isinstance(address, tuple):
        return str(address)
    host = str(address[0])
    if host in ("", "0.0.0.0", "::"):
        return socket.gethostname()
    return "localhost" if host in ("127.0.0.1", "::1") else host


def _shorter(first: float | None, second: float | None) -> float | None:
    if first is None or second is None:
        return second if first is None else first
    return min(first, second)
