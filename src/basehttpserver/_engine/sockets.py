"""The socket that a handler sees as ``self.request``: a real one, which tells when it is used.

Asking it (its name, its timeout, its options) is harmless. Receiving, sending, ``makefile`` and
``detach`` take the connection over: what ``wfile`` holds is sent, the protocol steps back, bytes
that were received already come first, and from there on the handler alone drives the connection.
"""

import socket
from typing import Any, Protocol

try:
    import ssl
except ImportError:  # A CPython built without OpenSSL.
    ssl = None  # type: ignore[assignment]

__all__ = ["HandledSocket", "accept_from", "adopt"]


class _Connection(Protocol):
    """Who is told that the handler uses the socket by itself."""

    def take_over(self, size: int) -> bytes: ...
    def end_response(self) -> None: ...
    def before_close(self) -> None: ...


class HandledSocket(socket.socket):
    """A connection's socket; its `connection` is told before the handler uses it by itself."""

    connection: _Connection | None = None

    def _received(self, size: int) -> bytes:
        """Take the connection over; return up to `size` bytes that were received already."""
        if self.connection is None:
            return b""
        return self.connection.take_over(size)

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Receive, bytes that were read ahead first."""
        return self._received(bufsize) or super().recv(bufsize, flags)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Receive into `buffer`, bytes that were read ahead first."""
        with memoryview(buffer) as view, view.cast("B") as target:
            data = self._received(nbytes or len(target))
            if data:
                target[: len(data)] = data
                return len(data)
        return super().recv_into(buffer, nbytes, flags)

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

    def dup(self) -> "HandledSocket":
        """Return a second socket, behind what ``wfile`` holds."""
        self._received(0)
        return super().dup()

    def shutdown(self, how: int, /) -> None:
        """Shut down behind the response: whoever stops writing has answered."""
        if self.connection is not None and how != socket.SHUT_RD:
            self.connection.end_response()
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


def accept_from(listener: socket.socket) -> tuple[socket.socket, Any]:
    """Accept one connection; a TLS handshake is left to be done later. Raises ``OSError``."""
    if ssl is not None and isinstance(listener, ssl.SSLSocket):
        plain, address = socket.socket.accept(listener)
        secure = listener.context.wrap_socket(
            plain,
            server_side=True,
            do_handshake_on_connect=False,
            suppress_ragged_eofs=True,
        )
        return secure, address
    accepted, address = listener.accept()
    return adopt(accepted), address


def adopt(request: Any) -> Any:
    """Make a plain socket one that tells when it is used; leave everything else as it is."""
    if type(request) is not socket.socket:
        return request
    timeout = request.gettimeout()
    handled = HandledSocket(request.family, request.type, request.proto, fileno=request.detach())
    handled.settimeout(timeout)
    return handled
