"""What the engine asks of the server that it works for."""

from typing import Any, Protocol

from basehttpserver._engine.connection import Connection

__all__ = ["Host"]


class Host(Protocol):
    """What the poller and its acceptor ask of the server that they work for."""

    def fileno(self) -> int:
        """Return the descriptor of the listener."""

    def accept(self) -> tuple[Any, Any]:
        """Accept one connection: its socket and the client's address. Raises ``OSError``."""

    def admit(self, request: Any, client_address: Any) -> Connection | None:
        """Make the connection to be polled, ``None`` where it was refused or is served already."""

    def body_bytes_first(self, connection: Connection) -> int:
        """Return how much of the body is to be here before the handler starts; 0 for none."""

    def asks_for_body(self, connection: Connection) -> bool:
        """Tell whether the handler would give 100 (Continue) to a client that waits for it."""

    def respond(self, connection: Connection) -> bool:
        """Have a handler answer the request that is here; ``False`` when all are busy."""

    def close_connection(self, connection: Connection) -> None:
        """Close a connection that has no exchange."""

    def note_refused(self, connection: Connection, reason: str) -> None:
        """Take note of a client that cannot be talked to, for `reason`."""

    def note_cut(self, connection: Connection, reason: str) -> None:
        """Take note of a response that is cut after its exchange, for `reason`."""

    def report(self, connection: Connection) -> None:
        """Report the exception that is being handled: a fault of our own."""
