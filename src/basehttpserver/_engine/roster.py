"""The open connections of a server, and their limits."""

import socket
import threading
import weakref
from collections import Counter
from typing import Any, Final

from basehttpserver._engine.connection import Connection
from basehttpserver.settings import Settings

__all__ = ["Roster"]

#: A customer of IPv6 gets a /64 at least, and with it as many addresses as they like (RFC 6177).
_IPV6_NETWORK_BYTES: Final = 8

_IPV4_MAPPED: Final = bytes(10) + b"\xff\xff"  # RFC 4291 2.5.5.2


class Roster:
    """Counts connections, over all and by address. Every method may be called from any thread.

    Those that were `lent` to a program count for as long as they are there: it need not tell when
    it has dropped one.
    """

    def __init__(self, settings: Settings) -> None:
        """Have none, and the limits of `settings`."""
        self._settings = settings
        # It may be met again within itself: where the garbage collector ends one that was lent.
        self._lock = threading.RLock()
        self._connections: set[Connection] = set()
        self._lent: dict[weakref.ref[Connection], bytes | str] = {}
        self._addresses: Counter[bytes | str] = Counter()

    def __contains__(self, connection: Connection) -> bool:
        """Tell whether a connection is open."""
        return connection in self._connections

    def __bool__(self) -> bool:
        """Tell whether any connection is open."""
        return bool(self._connections)

    def add(self, connection: Connection) -> bool:
        """Count a connection; tell whether that is within the limits."""
        address = _source_of(connection.client_address)
        per_address = self._settings.max_connections_per_address
        with self._lock:
            self._connections.add(connection)
            self._addresses[address] += 1
            count = len(self._connections) + len(self._lent)
            return count <= self._settings.max_connections and (
                per_address is None or self._addresses[address] <= per_address
            )

    def discard(self, connection: Connection) -> None:
        """Count a connection as closed, if it was not yet."""
        with self._lock:
            if connection in self._connections:
                self._connections.discard(connection)
                self._leave_locked(_source_of(connection.client_address))
        if self._lent:
            self._end_lent(weakref.ref(connection))

    def _leave_locked(self, address: bytes | str) -> None:
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]

    def lend(self, connection: Connection) -> None:
        """Let go of a connection that is a program's now, and count it until it is closed."""
        with self._lock:
            if connection in self._connections:
                self._connections.discard(connection)
                lent = weakref.ref(connection, self._end_lent)
                self._lent[lent] = _source_of(connection.client_address)

    def _end_lent(self, lent: weakref.ref[Connection]) -> None:
        with self._lock:
            address = self._lent.pop(lent, None)
            if address is not None:
                self._leave_locked(address)

    def snapshot(self) -> list[Connection]:
        """Return the connections that are open now."""
        with self._lock:
            return list(self._connections)


def _source_of(client_address: Any) -> bytes | str:
    """Return what tells clients apart: an address of IPv4, a network of IPv6."""
    if not isinstance(client_address, tuple) or not client_address:
        return ""
    host = str(client_address[0])
    if ":" not in host:
        return host
    try:
        address = socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    except OSError:
        return host
    if address.startswith(_IPV4_MAPPED):
        # A listener for both has clients of IPv4 so; in one network they would all be one.
        return socket.inet_ntoa(address[len(_IPV4_MAPPED) :])
    if address[0] == 0xFE and address[1] & 0xC0 == 0x80:
        return host  # RFC 4291 2.5.6: all neighbours on a link share one network.
    return address[:_IPV6_NETWORK_BYTES]
