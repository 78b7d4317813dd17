"""The socket that a handler sees as ``self.request``: a real one, which tells when it is used.

Asking it (its name, its timeout, its options, its certificate) is harmless, and so is peeking.
Sending comes behind what ``wfile`` holds, and counts as a part of the response. Receiving,
``detach`` and ``unwrap`` take the connection over: what ``wfile`` holds is sent, the protocol steps
back, bytes that were received already come first, and from there on the handler alone drives the
connection. A file made by ``makefile`` receives and sends by the socket, and does the same.
"""

import contextlib
import functools
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol, Self

try:
    import ssl
except ImportError:  # A CPython built without OpenSSL.
    ssl = None  # type: ignore[assignment]

__all__ = ["Handled", "HandledSocket", "accept_from", "adopt"]


#: `Handled` is mixed into sockets; to the interpreter it has no base, so that it fits all of them.
if TYPE_CHECKING:
    _Socket = socket.socket
else:
    _Socket = object


class _Connection(Protocol):
    """Who is told that the handler uses the socket by itself."""

    def take_over(self, size: int) -> bytes: ...
    def peek(self, size: int) -> bytes: ...
    def before_send(self) -> None: ...
    def after_send(self, data: bytes | memoryview, count: int) -> None: ...
    def end_response(self) -> None: ...
    def say_goodbye(self) -> None: ...
    def before_close(self) -> None: ...


class Handled(_Socket):
    """A connection's socket; its `connection` is told before the handler uses it by itself."""

    __slots__ = ()  # So that a socket can be made one of these when it is there already.

    connection: _Connection | None = None
    _is_sending = False
    _is_duplicate = False

    # Receiving.

    def _received(self, size: int, flags: int = 0) -> bytes:
        """Return up to `size` bytes that were received already; take the connection over.

        Or only look at them, where `flags` say so.
        """
        if self.connection is None:
            return b""
        if flags & socket.MSG_PEEK:
            return self.connection.peek(size)
        return self.connection.take_over(size)

    def _received_into(self, buffer: Any, size: int, flags: int = 0) -> int:
        with memoryview(buffer) as view, view.cast("B") as target:
            data = self._received(size or len(target), flags)
            target[: len(data)] = data
            return len(data)

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Receive, bytes that were read ahead first."""
        return self._received(bufsize, flags) or super().recv(bufsize, flags)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Receive into `buffer`, bytes that were read ahead first."""
        return self._received_into(buffer, nbytes, flags) or super().recv_into(
            buffer, nbytes, flags
        )

    def recvfrom(self, bufsize: int, flags: int = 0, /) -> tuple[bytes, Any]:
        """Receive, bytes that were read ahead first."""
        data = self._received(bufsize, flags)
        return (data, None) if data else super().recvfrom(bufsize, flags)

    def recvfrom_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> tuple[int, Any]:
        """Receive into `buffer`, bytes that were read ahead first."""
        return self.recv_into(buffer, nbytes, flags), None

    # Sending.

    def _before_send(self) -> None:
        if self.connection is not None and not self._is_sending:
            self.connection.before_send()

    def _after_send(self, data: bytes | memoryview, count: int) -> None:
        if self.connection is not None and not self._is_sending:
            self.connection.after_send(data, count)

    def _after_piece(self, data: Any, sent: int) -> None:
        """Tell of the `sent` bytes at the beginning of `data`."""
        with memoryview(data) as view, view.cast("B") as given, given[:sent] as taken:
            self._after_send(taken, sent)

    @contextlib.contextmanager
    def _sending_piece_by_piece(self) -> Iterator[None]:
        """Count no piece for which a call, which counts the whole, calls `send`.

        Where it fails nobody knows how much was sent: the connection is taken over, so that nothing
        of ours follows.
        """
        self._is_sending = True
        try:
            yield
        except BaseException:
            if self.connection is not None:
                with contextlib.suppress(OSError):
                    self.connection.take_over(0)
            raise
        finally:
            self._is_sending = False

    def send(self, data: Any, flags: int = 0, /) -> int:
        """Send behind what ``wfile`` holds."""
        self._before_send()
        sent = super().send(data, flags)
        self._after_piece(data, sent)
        return sent

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send everything behind what ``wfile`` holds."""
        self._before_send()
        with self._sending_piece_by_piece():  # As ``ssl`` does.
            super().sendall(data, flags)
        with memoryview(data) as view:
            self._after_piece(data, view.nbytes)

    def sendmsg(self, buffers: Any, *args: Any) -> int:
        """Send behind what ``wfile`` holds."""
        pieces = [bytes(piece) for piece in buffers]
        self._before_send()
        sent = super().sendmsg(pieces, *args)
        self._after_send(b"".join(pieces)[:sent], sent)
        return sent

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """Send a file behind what ``wfile`` holds."""
        self._before_send()
        with self._sending_piece_by_piece():  # Where there is no system call for it.
            sent = super().sendfile(file, offset, count)
        self._after_send(b"", sent)
        return sent

    def dup(self) -> Self:
        """Return a second socket, which tells as well when it is used."""
        duplicate = super().dup()
        duplicate.connection = self.connection
        duplicate._is_duplicate = True
        return duplicate

    # The end.

    def shutdown(self, how: int, /) -> None:
        """Shut down behind the response: whoever stops writing has answered."""
        if self.connection is not None and how != socket.SHUT_RD:
            self.connection.end_response()
            self.connection.say_goodbye()
        super().shutdown(how)

    def _real_close(self, *args: Any) -> None:
        """Close at last, once its files are closed, too."""
        if self.connection is not None and not self._is_duplicate:
            self.connection.before_close()
        super()._real_close(*args)  # type: ignore[misc]

    def detach(self) -> int:
        """Give the descriptor away, for instance to be wrapped in TLS."""
        self._received(0)
        return super().detach()


class HandledSocket(Handled, socket.socket):
    """A plain socket that tells when it is used."""


if ssl is not None:

    class HandledTlsSocket(Handled, ssl.SSLSocket):  # type: ignore[misc]
        """A TLS socket that tells when it is used.

        TLS has no flag that keeps one call from waiting, so that while the engine uses it the
        socket is in non-blocking mode. The handler does not see that: it finds, and sets, the
        timeout that counts as soon as it uses the socket by itself.
        """

        _is_held = False
        _timeout: float | None = None

        def hold(self) -> None:
            """Let no call wait, until `let_go`."""
            if not self._is_held:
                self._timeout = super().gettimeout()
                super().settimeout(0)
                self._is_held = True

        def let_go(self) -> None:
            """Let calls wait as long as the handler has it."""
            if self._is_held:
                self._is_held = False
                super().settimeout(self._timeout)

        def _received(self, size: int, flags: int = 0) -> bytes:
            # With flags ``ssl`` receives nothing, and says so.
            received = b"" if flags else super()._received(size)
            self.let_go()  # ``rfile`` and ``wfile``, used beside it, hold it again.
            return received

        def _before_send(self) -> None:
            super()._before_send()
            self.let_go()

        def gettimeout(self) -> float | None:
            """Return the handler's timeout, ``None`` for blocking mode."""
            return self._timeout if self._is_held else super().gettimeout()

        def settimeout(self, value: float | None, /) -> None:
            """Set the handler's timeout in seconds, ``None`` for blocking mode."""
            if not self._is_held:
                super().settimeout(value)
            elif value is not None and value < 0:
                raise ValueError("Timeout value out of range")
            else:
                self._timeout = value

        def getblocking(self) -> bool:
            """Tell whether the handler's calls wait."""
            return self.gettimeout() != 0

        def setblocking(self, flag: bool, /) -> None:
            """Set blocking mode, or non-blocking mode, for the handler."""
            self.settimeout(None if flag else 0.0)

        @property
        def timeout(self) -> float | None:
            """The handler's timeout, ``None`` for blocking mode."""
            return self.gettimeout()

        def read(self, len: int = 1024, buffer: Any = None) -> Any:
            """Receive, bytes that were read ahead first."""
            if buffer is None:
                return self._received(len) or super().read(len)
            return self._received_into(buffer, len) or super().read(len, buffer)

        def write(self, data: Any) -> int:
            """Send behind what ``wfile`` holds."""
            self._before_send()
            sent = super().write(data)
            self._after_piece(data, sent)
            return sent

        def unwrap(self) -> socket.socket:
            """End TLS behind what ``wfile`` holds; wait for the client to end it, too."""
            self._received(0)
            return super().unwrap()

    @functools.lru_cache(maxsize=16)
    def _handled_class_of(tls_class: Any) -> Any:
        """Return a class that tells, and is otherwise as `tls_class`, perhaps the program's own."""
        if issubclass(tls_class, Handled):
            return tls_class
        if tls_class is ssl.SSLSocket:
            return HandledTlsSocket
        return type(tls_class.__name__, (HandledTlsSocket, tls_class), {"__slots__": ()})


def accept_from(
    listener: socket.socket,
    context_in_use: contextlib.AbstractContextManager[Any],
) -> tuple[socket.socket, Any]:
    """Accept one connection; a TLS handshake is left to be done later. Raises ``OSError``.

    `context_in_use` is entered while the context of a TLS listener is used.
    """
    if ssl is not None and isinstance(listener, ssl.SSLSocket):
        plain, address = socket.socket.accept(listener)
        try:
            plain.getpeername()  # Where the client is gone again, `wrap_socket` leaks a socket.
            with context_in_use:
                secure = listener.context.wrap_socket(
                    plain,
                    server_side=True,
                    do_handshake_on_connect=False,
                    suppress_ragged_eofs=listener.suppress_ragged_eofs,  # type: ignore[attr-defined]
                )
        except BaseException:
            plain.close()
            raise
        return adopt(secure), address
    if type(listener) is not socket.socket:
        accepted, address = listener.accept()
        return adopt(accepted), address
    # As `socket.accept`, but a socket that tells from the first: a third of its time.
    descriptor, address = listener._accept()  # type: ignore[attr-defined]
    handled = HandledSocket(*_kind_of(listener), fileno=descriptor)
    if socket.getdefaulttimeout() is None and listener.gettimeout():
        handled.setblocking(True)
    return handled, address


def adopt(request: Any) -> Any:
    """Make a socket one that tells when it is used; leave what is no mere socket as it is."""
    own: Any = type(request)
    if ssl is not None and issubclass(own, ssl.SSLSocket):
        # Not by `sslsocket_class` of its context, which is the program's and may have other uses.
        with contextlib.suppress(TypeError):  # A class of the program's with slots.
            request.__class__ = _handled_class_of(own)
        return request
    if own is not socket.socket:
        return request
    timeout = request.gettimeout()
    handled = HandledSocket(*_kind_of(request), fileno=request.detach())
    handled.settimeout(timeout)
    return handled


def _kind_of(sock: socket.socket) -> tuple[int, int, int]:
    """Return family, type and protocol, without the ``Enum`` that the socket makes of each."""
    plain: Any = super(socket.socket, sock)
    return plain.family, plain.type, plain.proto
