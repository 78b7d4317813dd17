"""A response that opens a tunnel, by 101 or by 2xx to CONNECT: bytes pass as they are behind it.

The handler reads and writes them by ``rfile`` and ``wfile``; or sets itself up again, for the
requests inside of the tunnel; or leaves by files of its own.
"""

from typing import Protocol as Interface

from basehttpserver._engine import takeover
from basehttpserver._engine.state import State
from basehttpserver._exchange import RequestHead

__all__ = ["begin_again", "end_request_before", "leave_to_handler"]


class _Connection(takeover.Takeable, Interface):
    head: RequestHead | None


def end_request_before(connection: _Connection, block: bytes) -> None:
    """Drop what is left of a body where `block` opens a tunnel: it is no part of that.

    RFC 9110 7.8: a client uses the new protocol once its request is sent as a whole; and one that
    waits for 100 gets that first. Raises `PeerError` where too much is left.
    """
    if connection.in_exchange and connection.protocol.begins_tunnel(block):
        connection.outgoing.ask_for_body()
        connection.incoming.drop_body()


def begin_again(connection: _Connection) -> None:
    """Expect requests inside of the tunnel that runs: a handler is set up on it anew."""
    if connection.in_exchange and connection.protocol.is_tunnel:
        connection.outgoing.finish(last=True)
        connection.incoming.finish()
        connection.protocol.begin_again()
        connection.head = None
        connection.state = State.HEAD


def leave_to_handler(connection: _Connection) -> None:
    """Let go of a tunnel that runs: the handler has files of its own for it."""
    if connection.in_exchange and connection.protocol.is_tunnel:
        takeover.take_over(connection)
