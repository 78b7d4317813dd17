"""The open connections of a server, and their limits."""

import threading
from collections import Counter
from typing import Any

from basehttpserver._engine.connection import Connection
from basehttpserver.settings import Settings

__all__ = ["Roster"]


class Roster:
    """Counts connections, over all and by address. Every method may be called from any thread."""

    def __init__(self, settings: Settings) -> None:
        """Have none, and the limits of `settings`."""
        self._settings = settings
        self._lock = threading.Lock()
        self._connections: set[Connection] = set()
        self._addresses: Counter[str] = Counter()

    def __contains__(self, connection: Connection) -> bool:
        """Tell whether a connection is open."""
        return connection in self._connections

    def __bool__(self) -> bool:
        """Tell whether any connection is open."""
        return bool(self._connections)

    def add(self, connection: Connection) -> bool:
        """Count a connection; tell whether that is within the limits."""
        address = _host_of(connection.client_address)
        per_address = self._settings.max_connections_per_address
        with self._lock:
            self._connections.add(connection)
            self._addresses[address] += 1
            return len(self._connections) <= self._settings.max_connections and (
                per_address is None or self._addresses[address] <= per_address
            )

    def discard(self, connection: Connection) -> None:
        """Count a connection as closed, if it was not yet."""
        with self._lock:
            if connection in self._connections:
                self._connections.discard(connection)
                address = _host_of(connection.client_address)
                self._addresses[address] -= 1
                if not self._addresses[address]:
                    del self._addresses[address]

    def snapshot(self) -> list[Connection]:
        """Return the connections that are open now."""
        with self._lock:
            return list(self._connections)


def _host_of(client_address: Any) -> str:
    if isinstance(client_address, tuple) and client_address:
        return str(client_address[0])
    return ""
