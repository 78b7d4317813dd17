"""``HTTPSServer`` and ``ThreadingHTTPSServer``: the servers with a certificate, as in CPython 3.14.

A context of your own goes as with ``http.server``, into any server of this package:
``server.socket = context.wrap_socket(server.socket, server_side=True)``.
"""

import socketserver
import threading
from collections.abc import Callable
from typing import Any, ClassVar

from basehttpserver.server import HTTPServer
from basehttpserver.settings import Settings

try:
    import ssl
except ImportError:  # A CPython built without OpenSSL.
    ssl = None  # type: ignore[assignment]

__all__ = ["HTTPSServer", "ThreadingHTTPSServer"]

Password = str | bytes | bytearray | Callable[[], str | bytes | bytearray]


class HTTPSServer(HTTPServer):
    """An `HTTPServer` that speaks TLS; handshakes are waited for by nobody.

    Its attributes `ssl` (the module), `certfile`, `keyfile`, `password` and `alpn_protocols` are
    those of CPython 3.14. The context is ``server.socket.context``; a subclass may override
    ``_create_context`` to make another.
    """

    def __init__(
        self,
        server_address: Any,
        RequestHandlerClass: Any,
        bind_and_activate: bool = True,
        *,
        certfile: Any,
        keyfile: Any = None,
        password: Password | None = None,
        alpn_protocols: list[str] | None = None,
        settings: Settings | None = None,
    ) -> None:
        """Bind, listen, and load the certificate, unless `bind_and_activate` puts that off.

        `certfile` is the path of a PEM file with the certificate and what leads from it to its
        root, and with the private key where `keyfile` has none. `password` opens the key; a
        callable returns it when it is needed. `alpn_protocols` is what to offer by ALPN,
        ``["http/1.1"]`` by default.

        Raises ``ssl.SSLError`` for a certificate or key that cannot be used, another ``OSError``
        for a file that cannot be read and for an address that cannot be had, ``RuntimeError``
        where Python was built without ``ssl``.
        """
        if ssl is None:
            raise RuntimeError("SSL module is missing; HTTPS support is unavailable")
        self.ssl = ssl
        self.certfile = certfile
        self.keyfile = keyfile
        self.password = password
        self.alpn_protocols = ["http/1.1"] if alpn_protocols is None else alpn_protocols
        # A connection must not be given the certificate while that changes.
        self._context_in_use = threading.Lock()
        super().__init__(server_address, RequestHandlerClass, bind_and_activate, settings=settings)

    def server_activate(self) -> None:
        """Listen, and speak TLS from now on."""
        super().server_activate()
        context = self._create_context()
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def _create_context(self) -> "ssl.SSLContext":
        """Make a context of Python's defaults for servers, with the certificate."""
        context = self.ssl.create_default_context(self.ssl.Purpose.CLIENT_AUTH)
        # Costly for us, cheap for a client, and gone from TLS 1.3. Newer OpenSSL refuses by itself.
        context.options |= self.ssl.OP_NO_RENEGOTIATION
        self._load_certificate(context, self.password)
        context.set_alpn_protocols(self.alpn_protocols)
        return context

    def _load_certificate(self, context: "ssl.SSLContext", password: Password | None) -> None:
        try:
            context.load_cert_chain(self.certfile, self.keyfile, password)
        except OSError as error:
            error.add_note(f"certfile is {self.certfile!r}, keyfile is {self.keyfile!r}")
            raise

    def reload_certificate(self) -> None:
        """Read `certfile` and `keyfile` again, for the connections that begin from now on.

        For any thread. Everything else that was set in the context stays. Where the files cannot be
        used, the old certificate stays, and ``OSError`` is raised, as by the constructor. Nobody is
        asked for a password that was not given.
        """
        password = _no_password if self.password is None else self.password
        # A context that fails half-way has the new certificate with the old key: try another first.
        self._load_certificate(self.ssl.SSLContext(self.ssl.PROTOCOL_TLS_SERVER), password)
        if isinstance(self.socket, self.ssl.SSLSocket):
            with self._context_in_use:
                self._load_certificate(self.socket.context, password)


class ThreadingHTTPSServer(socketserver.ThreadingMixIn, HTTPSServer):
    """An `HTTPSServer` whose handlers may overlap, as those of a `ThreadingHTTPServer`."""

    daemon_threads: ClassVar[bool] = True  # type: ignore[misc]


def _no_password() -> bytes:
    """Keep OpenSSL from asking at the terminal, where a running server has nobody to answer."""
    return b""
