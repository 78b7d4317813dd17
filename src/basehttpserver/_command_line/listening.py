"""Where the command line listens: an address and port, the next free port, or a Unix socket."""

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Callable, Iterator
from typing import Any, Final

from basehttpserver.https import HTTPSServer
from basehttpserver.server import HTTPServer
from basehttpserver.serving import DualStackHTTPSServer, DualStackServer, find_address
from basehttpserver.settings import Settings

__all__ = ["FIRST_PORT", "LAST_PORT", "Server", "listen", "listen_on_free_port", "listen_on_path"]

#: What is tried where any free port will do.
FIRST_PORT: Final = 8000
LAST_PORT: Final = 8099

MakeHandler = Callable[..., Any]
Server = HTTPServer | HTTPSServer


def listen(handler: MakeHandler, bind: str | None, port: int, tls: dict[str, Any]) -> Server:
    """Return a server on an address; all interfaces without one. Raises ``OSError``."""
    family, address = find_address(bind, port)
    return _make(handler, family, address, tls)


def listen_on_free_port(handler: MakeHandler, bind: str | None, tls: dict[str, Any]) -> Server:
    """Return a server on port 8000, or on the next one that is free. Raises ``OSError``."""
    for port in range(FIRST_PORT, LAST_PORT):
        try:
            return listen(handler, bind, port, tls)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    return listen(handler, bind, LAST_PORT, tls)


@contextlib.contextmanager
def listen_on_path(handler: MakeHandler, path: str, tls: dict[str, Any]) -> Iterator[Server]:
    """Serve on a Unix socket at `path`, which is gone afterwards. Raises ``OSError``.

    A socket there that nobody listens on any more is replaced; anything else stays.
    """
    _remove_left_behind(path)
    with _make(handler, socket.AF_UNIX, path, tls) as server:
        own = os.stat(path)
        try:
            yield server
        finally:
            with contextlib.suppress(OSError):
                if os.path.samestat(os.lstat(path), own):
                    os.unlink(path)


def _make(
    handler: MakeHandler, family: socket.AddressFamily, address: Any, tls: dict[str, Any]
) -> Server:
    server_class = DualStackHTTPSServer if tls else DualStackServer
    listening = type("CommandLineServer", (server_class,), {"address_family": family})
    # Else a body in chunks comes whole before anybody has looked at its size.
    settings = Settings(stream_chunked_bodies=True)
    made: Server = listening(address, handler, settings=settings, **tls)
    return made


def _remove_left_behind(path: str) -> None:
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return  # Binding will say that it is in use.
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
