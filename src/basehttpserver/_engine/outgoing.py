"""The response of an exchange, as ``wfile`` writes it: collected, and sent in time.

Whoever sends holds the lock; the flusher only tries it and never waits. Bytes leave in the order
in which they were written, because taking them from the protocol and sending them is one step
under the lock.
"""

import threading
from typing import Any, Final

from basehttpserver._engine.deadlines import RateAllowance
from basehttpserver._engine.flusher import Flusher
from basehttpserver._engine.peer import Peer
from basehttpserver._engine.streams import ResponseWriter
from basehttpserver._exchange import Protocol
from basehttpserver.settings import Settings

__all__ = ["Outgoing"]

#: So much gathers before it is sent: one segment of TSO, the most that one `send` passes at once.
COLLECT_BYTES: Final = 65536


class Outgoing:
    """Writes one response after another."""

    def __init__(
        self, peer: Peer, protocol: Protocol, settings: Settings, flusher: Flusher
    ) -> None:
        """Write to `peer`; let `flusher` look after what is not sent at once."""
        self._peer = peer
        self._protocol = protocol
        self._settings = settings
        self._flusher = flusher
        self._lock = threading.Lock()
        self._unsent = b""
        self._writes_through = False
        self._is_watched = False
        self._allowance = RateAllowance(0, 0)

    def begin(self) -> None:
        """Write the response to the next request."""
        settings = self._settings
        self._writes_through = False
        self._allowance = RateAllowance(
            settings.rate_grace_seconds, settings.min_response_bytes_per_second
        )

    def open_writer(self) -> ResponseWriter:
        """Return ``wfile``."""
        return ResponseWriter(self, self._peer.transport.fileno)

    def write_head(self, block: bytes, *, keeps_alive: bool, is_last: bool) -> None:
        """Take a whole head that the handler wrote through the API."""
        with self._lock:
            self._protocol.send_head(block, keeps_alive=keeps_alive, is_last=is_last)
            self._collect_locked()

    def write(self, data: Any) -> None:
        """Take body bytes; send them when enough has gathered, or soon."""
        with self._lock:
            self._protocol.send_body(data)
            self._collect_locked()

    def _collect_locked(self) -> None:
        pending = self._protocol.pending_bytes + len(self._unsent)
        if self._writes_through or self._protocol.is_tunnel or pending >= COLLECT_BYTES:
            self._send_locked()
        elif not self._is_watched:
            self._is_watched = self._flusher.watch(self)
            if not self._is_watched:
                self._send_locked()

    def flush(self) -> None:
        """Send what was written, waiting for the peer as its minimum rate allows."""
        with self._lock:
            self._send_locked()

    def finish(self, *, last: bool) -> None:
        """Send the rest; `last`: the response is complete, else it is cut here."""
        with self._lock:
            self._stop_watching_locked()
            self._send_locked(last=last)

    def close(self) -> None:
        """Let nobody look after the output any more."""
        with self._lock:
            self._stop_watching_locked()

    def _stop_watching_locked(self) -> None:
        if self._is_watched:
            self._is_watched = False
            self._flusher.forget(self)

    def _send_locked(self, *, last: bool = False) -> None:
        self._peer.send(self._take_locked(last=last), self._allowance)

    def _take_locked(self, *, last: bool) -> bytes:
        unsent, self._unsent = self._unsent, b""
        pieces = self._protocol.take(last=last)
        if unsent:
            pieces.insert(0, unsent)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def flush_late_output(self) -> bool:
        """Send what has waited for too long, without waiting; tell whether all is sent.

        From here on the exchange writes through: its handler takes its time. For the flusher.
        """
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if not self._is_watched:
                return True
            self._writes_through = True
            data = self._take_locked(last=False)
            sent = self._peer.try_send(data) if data else 0
            self._allowance.moved(sent)
            self._unsent = data[sent:]
            return not self._unsent
        except OSError:
            return True  # The handler will meet the error itself.
        finally:
            self._lock.release()
