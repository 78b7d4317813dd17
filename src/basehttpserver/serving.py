"""Running a server as a program: signals, a graceful stop, and what is printed meanwhile.

serve             the short way: a handler class, and nothing else to think of
run_until_signal  a server that was made already
test              what ``http.server`` calls so: for programs that call it
"""

import _thread
import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from basehttpserver._batched_log import batched_log
from basehttpserver.files import SimpleHTTPRequestHandler
from basehttpserver.https import HTTPSServer, Password, ThreadingHTTPSServer
from basehttpserver.server import HTTPServer, ThreadingHTTPServer
from basehttpserver.settings import Settings

__all__ = [
    "DualStackHTTPSServer",
    "DualStackServer",
    "find_address",
    "print_serving",
    "run_until_signal",
    "scheme_of",
    "serve",
    "test",
    "url_of",
]

Address = tuple[Any, ...]


class _DualStack(HTTPServer):
    def server_bind(self) -> None:
        """Bind, with IPV6_V6ONLY off (cpython#82907)."""
        if self.address_family == socket.AF_INET6:
            with contextlib.suppress(OSError, AttributeError):
                self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


class DualStackServer(ThreadingHTTPServer, _DualStack):
    """A `ThreadingHTTPServer` that takes IPv4 too where it listens on an IPv6 address."""


class DualStackHTTPSServer(ThreadingHTTPSServer, _DualStack):
    """A `ThreadingHTTPSServer` that takes IPv4 too where it listens on an IPv6 address."""


def serve(
    handler: Callable[..., Any],
    *,
    port: int = 8000,
    bind: str | None = "127.0.0.1",
    settings: Settings | None = None,
    server_class: type[HTTPServer] | None = None,
    certfile: Any = None,
    keyfile: Any = None,
    password: Password | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM; then let running exchanges finish, and return.

    `handler` is a `BaseHTTPRequestHandler` class, or anything that makes one. `port` 0 takes any
    free port; `bind` is a name or address, ``None`` for all interfaces, IPv4 and IPv6. Handlers
    overlap; with ``server_class=HTTPServer`` they do not.

    With `certfile`, and `keyfile` and `password` as of `HTTPSServer`, it serves HTTPS; with
    ``server_class=HTTPSServer``, too, handlers do not overlap. SIGHUP loads the certificate again.

    Raises ``OSError`` when the address cannot be had or the certificate cannot be used,
    ``ValueError`` for a bad setting, ``TypeError`` for a `certfile` with a server without TLS.
    """
    if server_class is None:
        server_class = DualStackServer if certfile is None else DualStackHTTPSServer
    tls: dict[str, Any] = {}
    if certfile is not None:
        if not issubclass(server_class, HTTPSServer):
            raise TypeError(f"certfile needs an HTTPSServer; {server_class.__name__} is none")
        tls = {"certfile": certfile, "keyfile": keyfile, "password": password}
    family, address = find_address(bind, port)
    served = type(server_class.__name__, (server_class,), {"address_family": family})
    with served(address, handler, settings=settings, **tls) as server:
        run_until_signal(
            server, lambda: print(f"Serving on {url_of(server)} (Ctrl-C stops)", flush=True)
        )


def run_until_signal(
    server: HTTPServer,
    announce: Callable[[], None] | None = None,
    say_stopping: Callable[[signal.Signals], None] | None = None,
) -> signal.Signals | None:
    """Run ``serve_forever`` until SIGINT or SIGTERM, or until somebody calls ``shutdown``.

    `announce` is called first; a signal that comes in answer to it is obeyed already. In the end
    no more is accepted, idle connections close, and running exchanges have
    ``settings.graceful_stop_seconds``; a handler of an `HTTPServer`, which runs in this thread, is
    left behind where it stands when they are over. `say_stopping` is called with the signal before
    the others are waited for: else it would look as if Ctrl-C did nothing. A second signal does
    what it did before: SIGTERM ends the process, Ctrl-C raises ``KeyboardInterrupt``. Returns the
    signal that came, if any. Where ``sys.stderr`` is no terminal, what is written there waits for a
    tenth of a second. Outside the main thread Python delivers no signals; ``shutdown`` remains.
    SIGHUP lets an `HTTPSServer` load its certificate again, and leaves the old one where that
    fails.
    """
    received: list[signal.Signals] = []
    has_returned = threading.Event()
    # A signal of ours must not come when it is no longer ours to handle.
    interrupting = threading.Lock()
    seconds = server.settings.graceful_stop_seconds

    def stop(number: int, _frame: FrameType | None) -> None:
        received.append(signal.Signals(number))
        # `shutdown` waits for this very thread, which may not have come to `serve_forever` yet.
        threading.Thread(target=server.shutdown, daemon=True).start()
        threading.Thread(target=insist, args=(number,), daemon=True).start()

    def insist(number: int) -> None:
        has_returned.wait(seconds)
        with interrupting:
            if not has_returned.is_set():
                is_over.append(True)
                _interrupt_main_thread(number)

    is_over: list[bool] = []
    with batched_log():
        with (
            contextlib.suppress(_GraceIsOver),
            _signals_handled_once_by(stop, is_over),
            _certificate_reloaded_at_sighup(server),
        ):
            if announce is not None:
                announce()
            try:
                server.serve_forever()
            finally:
                with interrupting:
                    has_returned.set()
        if received and say_stopping is not None:
            say_stopping(received[0])
        server.drain(0 if is_over else seconds)
    return received[0] if received else None


def _interrupt_main_thread(number: int) -> None:
    """Let the main thread have a signal, also in a system call where the platform can."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        _thread.interrupt_main(signal.Signals(number))


class _GraceIsOver(BaseException):
    """Leaves a handler that does not return."""


@contextlib.contextmanager
def _signals_handled_once_by(
    handler: Callable[[int, FrameType | None], None], is_over: list[bool]
) -> Iterator[None]:
    """Handle the first signal; the second finds what was there before, as it may have to.

    Once `is_over` holds something, a signal is our own: it raises `_GraceIsOver`.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, previous in before.items():
            signal.signal(number, signal.SIG_DFL if previous is None else previous)

    def handle_once(number: int, frame: FrameType | None) -> None:
        restore()
        signal.signal(number, raise_or_restore)
        handler(number, frame)

    def raise_or_restore(number: int, _frame: FrameType | None) -> None:
        restore()
        if is_over:
            raise _GraceIsOver
        signal.raise_signal(number)

    for number, previous in before.items():
        if previous is not signal.SIG_IGN:  # As a shell does for what it starts in the background.
            signal.signal(number, handle_once)
    try:
        yield
    finally:
        restore()


@contextlib.contextmanager
def _certificate_reloaded_at_sighup(server: HTTPServer) -> Iterator[None]:
    """Let SIGHUP, where the system has it, load the certificate again."""
    is_main_thread = threading.current_thread() is threading.main_thread()
    if not (isinstance(server, HTTPSServer) and hasattr(signal, "SIGHUP") and is_main_thread):
        yield
        return

    def on_hangup(_number: int, _frame: FrameType | None) -> None:
        # In a thread: the one that was interrupted may be using the certificate.
        threading.Thread(target=_reload_certificate, args=(server,), daemon=True).start()

    before = signal.signal(signal.SIGHUP, on_hangup)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL if before is None else before)


def _reload_certificate(server: HTTPSServer) -> None:
    try:
        server.reload_certificate()
    except Exception as error:
        said = f"cannot load the certificate {server.certfile!r}, the old one stays: {error}"
    else:
        said = f"the certificate {server.certfile!r} was loaded again"
    print(said, file=sys.stderr, flush=True)


def find_address(bind: str | None, port: int) -> tuple[socket.AddressFamily, Address]:
    """Return the family and address to listen on; ``None`` or "" are all interfaces.

    Raises ``OSError`` (``socket.gaierror``) when `bind` cannot be resolved.
    """
    if not bind and socket.has_dualstack_ipv6():
        return socket.AF_INET6, ("::", port)
    flags = socket.AI_PASSIVE
    found = socket.getaddrinfo(bind or None, port, type=socket.SOCK_STREAM, flags=flags)
    family, _, _, _, address = found[0]
    return family, address


def url_of(server: Any, host: str | None = None) -> str:
    """Return the URL under which a server can be reached; by another name of its `host`, if given.

    Its own is an address, perhaps that of all interfaces.
    """
    own, port = server.socket.getsockname()[:2]
    host = own if host is None else host
    scheme = scheme_of(server)
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"


def scheme_of(server: Any) -> str:
    """Return ``http`` or ``https``."""
    is_tls = hasattr(server.socket, "context")  # Asked so, because Python may have no ssl.
    return "https" if is_tls else "http"


def test(
    HandlerClass: Any = SimpleHTTPRequestHandler,
    ServerClass: Any = ThreadingHTTPServer,
    protocol: str = "HTTP/1.0",
    port: int = 8000,
    bind: str | None = None,
    content_type: str = SimpleHTTPRequestHandler.default_content_type,
    tls_cert: Any = None,
    tls_key: Any = None,
    tls_password: Password | None = None,
) -> None:
    """Serve with the given classes until Ctrl-C, as ``http.server.test`` does.

    With `tls_cert`, `ServerClass` is an `HTTPSServer`, made with these files and this password.

    Sets ``address_family`` of `ServerClass`, ``protocol_version`` and ``default_content_type`` of
    `HandlerClass`. Exits with 0 at Ctrl-C.
    """
    ServerClass.address_family, address = find_address(bind, port)
    HandlerClass.protocol_version = protocol
    HandlerClass.default_content_type = content_type
    tls = {"certfile": tls_cert, "keyfile": tls_key, "password": tls_password} if tls_cert else {}
    with ServerClass(address, HandlerClass, **tls) as httpd:
        print_serving(httpd)
        try:
            httpd.serve_forever()
        except KeyboardInterrupt:
            print("\nKeyboard interrupt received, exiting.")
            sys.exit(0)


def print_serving(server: Any) -> None:
    """Print what ``python -m http.server`` prints when it is ready."""
    host, port = server.socket.getsockname()[:2]
    protocol = scheme_of(server).upper()
    print(f"Serving {protocol} on {host} port {port} ({url_of(server)}) ...", flush=True)
