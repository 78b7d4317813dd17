"""How a server's handlers are called, in any lane, and what becomes of what they raise."""

from collections.abc import Callable
from typing import Any, NamedTuple

from basehttpserver._engine import Connection

__all__ = ["Accepted", "call_reporting", "run_exchange"]


class Accepted(NamedTuple):
    """What ``get_request`` returned."""

    request: Any
    client_address: Any


def run_exchange(server: Any, connection: Connection) -> bool:
    """Run one exchange; tell whether the connection is to wait for another, or has ended."""
    handler = connection.resident
    if handler is None:
        server.RequestHandlerClass(connection.request, connection.client_address, server)
        handler = connection.resident
        if handler is None:  # It gave its base class another socket, and has answered there.
            server.shutdown_request(connection.request)
            return False
        handler.setup()
        handler.close_connection = True  # As `handle` does, for what overrides the rest.
    parks = False
    try:
        handler._handle_exchange()
        while not connection.goes_on and not handler.close_connection:
            handler._handle_exchange()  # It drives its connection, and keeps the thread.
        parks = connection.goes_on and not handler.close_connection
    finally:
        if not parks:
            connection.resident = None
            handler.finish()
    if not parks:
        server.shutdown_request(connection.request)
    return parks


def call_reporting(
    server: Any, accepted: Accepted | Connection, call: Callable[..., Any], *arguments: Any
) -> bool:
    """Return what it returns; an exception is ``handle_error``'s, as in ``socketserver``."""
    request = accepted.request
    try:
        return bool(call(*arguments))
    except Exception:
        try:
            server.handle_error(request, accepted.client_address)
        finally:
            server.shutdown_request(request)
    except BaseException:
        server.shutdown_request(request)
        raise
    return False
