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
    """Run one exchange; tell whether the connection is to wait for another, or has ended.

    An exception is ``handle_error``'s, as in ``socketserver``.
    """
    parks = False
    try:
        handler = connection.resident
        if handler is None:
            handler = _make_resident(server, connection)
            if handler is None:
                return False
        try:
            handler._handle_exchange()
            while not connection.goes_on and not handler.close_connection:
                handler._handle_exchange()  # It drives its connection, and keeps the thread.
            parks = not handler.close_connection
        finally:
            if not parks:
                connection.resident = None
                handler.finish()
        if not parks:
            server.shutdown_request(connection.request)
    except Exception:
        _report(server, connection)
    except BaseException:
        server.shutdown_request(connection.request)
        raise
    return parks


def _make_resident(server: Any, connection: Connection) -> Any:
    """Make the handler that stays with a connection; ``None`` where it has answered already."""
    server.RequestHandlerClass(connection.request, connection.client_address, server)
    handler = connection.resident
    if handler is None:  # It gave its base class another socket, and has answered there.
        server.shutdown_request(connection.request)
        return None
    handler.setup()
    handler.close_connection = True  # As `handle` does, for what overrides the rest.
    return handler


def call_reporting(
    server: Any, accepted: Accepted | Connection, call: Callable[[], object]
) -> None:
    """Call it; an exception is ``handle_error``'s, as in ``socketserver``."""
    try:
        call()
    except Exception:
        _report(server, accepted)
    except BaseException:
        server.shutdown_request(accepted.request)
        raise


def _report(server: Any, accepted: Accepted | Connection) -> None:
    """Report the exception that is being handled, and end its connection."""
    try:
        server.handle_error(accepted.request, accepted.client_address)
    finally:
        server.shutdown_request(accepted.request)
