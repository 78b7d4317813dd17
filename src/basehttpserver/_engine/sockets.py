"""The socket that a handler sees as ``self.request``: a real one, which tells when it is used.

Asking it (its name, its timeout, its options, its certificate) is harmless. Receiving, sending,
``makefile``, ``detach`` and ``unwrap`` take the connection over: what ``wfile`` holds is sent, the
protocol steps back, bytes that were received already come first, and from there on the handler
alone drives the connection.
"""

import contextlib
import functools
import socket
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
    def end_response(self) -> None: ...
    def say_goodbye(self) -> None: ...
    def before_close(self) -> None: ...


class Handled(_Socket):
    """A connection's socket; its `connection` is told before the handler uses it by itself."""

    __slots__ = ()  # So that a socket can be made one of these when it is there already.

    connection: _Connection | None = None

    def _received(self, size: int) -> bytes:
        """Take the connection over; return up to `size` bytes that were received already."""
        if self.connection is None:
            return b""
        return self.connection.take_over(size)

    def _received_into(self, buffer: Any, size: int) -> int:
        with memoryview(buffer) as view, view.cast("B") as target:
            data = self._received(size or len(target))
            target[: len(data)] = data
            return len(data)

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Receive, bytes that were read ahead first."""
        return self._received(bufsize) or super().recv(bufsize, flags)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Receive into `buffer`, bytes that were read ahead first."""
        return self._received_into(buffer, nbytes) or super().recv_into(buffer, nbytes, flags)

    def recvfrom(self, bufsize: int, flags: int = 0, /) -> tuple[bytes, Any]:
        """Receive, bytes that were read ahead first."""
        data = self._received(bufsize)
        return (data, None) if data else super().recvfrom(bufsize, flags)

    def recvfrom_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> tuple[int, Any]:
        """Receive into `buffer`, bytes that were read ahead first."""
        return self.recv_into(buffer, nbytes, flags), None

    def send(self, data: Any, flags: int = 0, /) -> int:
        """Send behind what ``wfile`` holds."""
        self._received(0)
        return super().send(data, flags)

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send everything behind what ``wfile`` holds."""
        self._received(0)
        super().sendall(data, flags)

    def sendmsg(self, *args: Any) -> int:
        """Send behind what ``wfile`` holds."""
        self._received(0)
        return super().sendmsg(*args)

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """Send a file behind what ``wfile`` holds."""
        self._received(0)
        return super().sendfile(file, offset, count)

    def makefile(self, *args: Any, **kwargs: Any) -> Any:
        """Return a file over the socket, bytes that were read ahead first."""
        self._received(0)
        return super().makefile(*args, **kwargs)

    def dup(self) -> Self:
        """Return a second socket, behind what ``wfile`` holds."""
        self._received(0)
        return super().dup()

    def shutdown(self, how: int, /) -> None:
        """Shut down behind the response: whoever stops writing has answered."""
        if self.connection is not None and how != socket.SHUT_RD:
            self.connection.end_response()
            self.connection.say_goodbye()
        super().shutdown(how)

    def _real_close(self, *args: Any) -> None:
        """Close at last, once its files are closed, too."""
        if self.connection is not None:
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

        def _received(self, size: int) -> bytes:
            received = super()._received(size)
            self.let_go()  # ``rfile`` and ``wfile``, used beside it, hold it again.
            return received

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
            self._received(0)
            return super().write(data)

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
    accepted, address = listener.accept()
    return adopt(accepted), address


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
    handled = HandledSocket(request.family, request.type, request.proto, fileno=request.detach())
    handled.settimeout(timeout)
    return handled
