"""The response of an exchange, as ``wfile`` writes it: collected, and sent in time.

Whoever sends holds the lock; the sentinel only tries it and never waits. Bytes leave in the order
in which they were written, because taking them from the protocol and sending or queueing them is
one step under the lock.

A response that begins as most do is only gathered here. Where it is whole when it ends, the
protocol encodes it in one go; where anything must be sent before, it is told what was gathered.

    surplus   what the client does not take at once …
    WAIT      is waited for by the thread that writes
    BUFFER    stays here, up to a high-water mark, above which the thread waits
    SPOOL     stays here, in memory and then on disk, up to the bounds of the connection and the
              server, above which the thread waits

What is left when the exchange ends the poller sends on.
"""

import threading
from enum import Enum, auto
from typing import Any, Final

from basehttpserver._engine.backlog import Backlog
from basehttpserver._engine.deadlines import RateAllowance
from basehttpserver._engine.peer import Peer
from basehttpserver._engine.sentinel import Sentinel
from basehttpserver._engine.spool import Spool
from basehttpserver._engine.streams import ResponseWriter
from basehttpserver._exchange import Protocol
from basehttpserver.settings import Settings

__all__ = ["Outgoing", "Surplus"]

#: So much gathers before it is sent: one segment of TSO, the most that one `send` passes at once.
COLLECT_BYTES: Final = 65536

#: So much may wait for a slow client while its handler goes on: a usual page with room to spare,
#: and no more than a few of the kernel's own buffers.
HIGH_WATER_BYTES: Final = 262144

#: What a handler writes at once is queued in pieces of this size, so that the bounds hold.
PIECE_BYTES: Final = 1 << 20


class Surplus(Enum):
    """See the module's table."""

    WAIT = auto()
    BUFFER = auto()
    SPOOL = auto()


class Outgoing:
    """Writes one response after another."""

    def __init__(
        self, peer: Peer, protocol: Protocol, settings: Settings, sentinel: Sentinel, spool: Spool
    ) -> None:
        """Write to `peer`; let `sentinel` look after what is not sent at once."""
        self._peer = peer
        self._protocol = protocol
        self._settings = settings
        self._sentinel = sentinel
        self._spool = spool
        self._lock = threading.Lock()
        #: The head and the body so far of a response that is gathered.
        self._gathered_head: bytes | None = None
        self._gathered_body: list[bytes] = []
        self._gathered_bytes = 0
        self._backlog: Backlog | None = None
        self._writes_through = False
        self._is_watched = False
        self._allowance = RateAllowance(
            settings.rate_grace_seconds, settings.min_response_bytes_per_second
        )
        #: What becomes of bytes that the client does not take at once.
        self.surplus = Surplus.WAIT
        #: Where the sentinel sees the handler that writes this: it need not be told of the output.
        self.seen_in: object = None
        #: A file was shorter than it had been said.
        self.has_short_file = False
        #: Something of the response is lost, and so nothing follows it.
        self.is_cut = False

    def begin(self) -> None:
        """Write the response to the next request."""
        self._writes_through = False
        if self._allowance.is_used:
            self._allowance.renew()

    def open_writer(self) -> ResponseWriter:
        """Return ``wfile``."""
        return ResponseWriter(self, self._peer.transport.fileno)

    def try_gather(self, block: bytes) -> bool:
        """Take a whole head, to be told to the protocol later; ``False`` where it must be now.

        For one that the handler wrote through the API, and that lets the connection go on.
        """
        with self._lock:
            if (
                self.seen_in is None  # Nobody sees to it that it is sent in time.
                or self._writes_through
                or self._gathered_head is not None
                or not self._protocol.begins_plainly(block)
            ):
                return False
            self._gathered_head = block
            self._gathered_bytes = len(block)
            return True

    @property
    def has_response(self) -> bool:
        """Something of the final response was given."""
        with self._lock:
            return self._gathered_head is not None or self._protocol.has_response

    def ask_for_body(self) -> None:
        """Let a client send its body that waits for a word to do so."""
        with self._lock:
            self._pour_locked()
            self._protocol.ask_for_body()

    def write_head(self, block: bytes, *, keeps_alive: bool, is_last: bool) -> None:
        """Take a whole head that the handler wrote through the API."""
        with self._lock:
            self._pour_locked()
            pending = self._protocol.send_head(block, keeps_alive=keeps_alive, is_last=is_last)
            if self.seen_in is None or self._writes_through or pending >= COLLECT_BYTES:
                self._collect_locked(pending)

    def write(self, data: Any) -> None:
        """Take body bytes; send them when enough has gathered, or soon."""
        with self._lock:
            if self._gathered_head is not None:
                self._gathered_body.append(data)
                self._gathered_bytes += len(data)
                if self._gathered_bytes >= COLLECT_BYTES:
                    self._send_locked(self.surplus)
                return
            pending = self._protocol.send_body(data)
            if self.seen_in is None or self._writes_through or pending >= COLLECT_BYTES:
                self._collect_locked(pending)

    def send_file(self, descriptor: int, offset: int, count: int) -> bool:
        """Take a part of a file for the body; ``False`` where it must be written as bytes."""
        with self._lock:
            try:
                file = self._backlog_of_ours().hold_file(descriptor)
            except OSError:  # No descriptor is left; bytes need none.
                return False
            with file:
                self._pour_locked()
                passed = self._protocol.pass_body(count)
                if passed is None:
                    return False
                data = b"".join(self._protocol.take())
                if self.is_cut:
                    return True
                self._queue_locked(data)
                if passed:
                    self._backlog_of_ours().append_file(file, offset, passed)
                self._drain_locked(self.surplus)
                return True

    def flush(self) -> None:
        """Send what was written, waiting for the peer as its minimum rate allows.

        Only where no thread may wait for one client, what does not go at once stays here.
        """
        with self._lock:
            is_patient = self.surplus is Surplus.SPOOL
            self._send_locked(Surplus.SPOOL if is_patient else Surplus.WAIT)

    def flush_all(self) -> None:
        """Send everything: somebody else is about to use the socket."""
        with self._lock:
            self._send_locked(Surplus.WAIT)

    def make_way(self) -> None:
        """Send everything, without an end to it: the handler sends by itself from here on."""
        with self._lock:
            self._pour_locked()
            self._protocol.stop_framing()
            self._send_locked(Surplus.WAIT)

    def finish(self, *, last: bool) -> None:
        """Send the rest; `last`: the response is complete, else it is cut here."""
        with self._lock:
            self.seen_in = None
            if self._is_watched:
                self._stop_watching_locked()
            self._send_locked(self.surplus, last=last)

    def try_finish_plainly(self) -> bool:
        """End a response that is whole and was only gathered; tell whether that was one.

        The protocol expects the next request then. Raises ``OSError``.
        """
        with self._lock:
            block = self._gathered_head
            if block is None:
                return False
            data = self._protocol.try_end_plainly(block, b"".join(self._gathered_body))
            if data is None:
                return False
            self._gathered_head = self.seen_in = None
            self._gathered_body.clear()
            if self._is_watched:
                self._stop_watching_locked()
            self._pass_on_locked(data, self.surplus)
            return True

    # For the poller, when the exchange has ended.

    def begin_sending(self) -> None:
        """Wait for the client to take what is left."""
        self._peer.begin_waiting()

    def send_on(self, most_slices: int = 1) -> bool:
        """Send what the client takes now; tell whether that is all. Raises ``OSError``.

        At most so many slices, see `backlog`: others have their turn, too.
        """
        with self._lock:
            self._peer.charge_wait(self._allowance)
            self._send_some_locked(most_slices)
            self._peer.begin_waiting()
            return not self._backlog

    def seconds_left(self) -> float | None:
        """Return how long the client may keep us waiting, ``None`` without a limit."""
        self._peer.charge_wait(self._allowance)
        return self._allowance.seconds_left()

    @property
    def is_waiting(self) -> bool:
        """Something is left for the client to take."""
        return bool(self._backlog)

    def close(self) -> None:
        """Forget everything; let nobody look after the output any more."""
        with self._lock:
            self.seen_in = None
            if self._is_watched:
                self._stop_watching_locked()
            if self._backlog is not None:
                self._backlog.close()

    # For the sentinel.

    def try_watch(self, seen_in: object) -> bool:
        """Look after this output until its end: its handler takes its time.

        `seen_in` is where it was seen so far. ``False`` when somebody writes just now: try again.
        """
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if self.seen_in is not seen_in:
                return True  # That exchange is over, or watched already.
            self.seen_in = None
            self._is_watched = self._sentinel.watch(self)
            self._flush_late_locked()
        finally:
            self._lock.release()
        return True

    def flush_late_output(self) -> bool:
        """Send what has waited for too long, without waiting; tell whether all is sent.

        From here on the exchange writes through: its handler takes its time.
        """
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if not self._is_watched and self.seen_in is None:
                return True
            return self._flush_late_locked()
        finally:
            self._lock.release()

    def _flush_late_locked(self) -> bool:
        self._writes_through = True
        self._pour_locked()
        try:
            data = b"".join(self._protocol.take())
            if data and not self.is_cut:
                self._backlog_of_ours().append(data)
            self._send_some_locked()
        except OSError:
            return True  # The handler will meet the error itself.
        return not self._backlog

    # Under the lock.

    def _pour_locked(self) -> None:
        """Tell the protocol what was gathered: it is no plain response that is whole at its end."""
        if self._gathered_head is not None:
            self._protocol.send_head(self._gathered_head, keeps_alive=True, is_last=False)
            for piece in self._gathered_body:
                self._protocol.send_body(piece)
            self._gathered_head = None
            self._gathered_body.clear()

    def _collect_locked(self, pending: int) -> None:
        """Send if enough has gathered; see to it that what has not is sent in time."""
        if pending >= COLLECT_BYTES or self._writes_through:
            self._send_locked(self.surplus)
            pending = 0
        if self.seen_in is None and (pending or self._backlog):
            self._watch_locked()

    def _watch_locked(self) -> None:
        if self._is_watched and not self._backlog:
            return
        self._is_watched = self._sentinel.watch(self)
        if not self._is_watched:
            self._send_locked(Surplus.WAIT)

    def _stop_watching_locked(self) -> None:
        self._is_watched = False
        self._sentinel.forget(self)

    def _send_locked(self, surplus: Surplus, *, last: bool = False) -> None:
        self._pour_locked()
        self._pass_on_locked(b"".join(self._protocol.take(last=last)), surplus)

    def _pass_on_locked(self, data: bytes, surplus: Surplus) -> None:
        if self.is_cut:
            return
        sent = 0
        if data and not self._backlog:
            try:
                sent = self._peer.transport.try_send(data)
            except OSError:
                self._peer.is_lost = True
                raise
            if self._allowance.is_used:
                self._allowance.moved(sent)
            if sent == len(data):
                return
        with memoryview(data) as view:
            for start in range(sent, len(view), PIECE_BYTES):
                self._queue_locked(bytes(view[start : start + PIECE_BYTES]))
                self._drain_locked(surplus)
        self._drain_locked(surplus)

    def _queue_locked(self, data: bytes) -> None:
        if not data:
            return
        backlog = self._backlog_of_ours()
        memory_bytes = self._settings.spool_memory_bytes
        if self.surplus is not Surplus.SPOOL or backlog.size + len(data) <= memory_bytes:
            backlog.append(data)
            return
        try:
            backlog.append_on_disk(data)
        except OSError:  # The disk is full: then this client is waited for after all.
            self._drain_locked(Surplus.WAIT)
            backlog.append(data)
            self._drain_locked(Surplus.WAIT)

    def _backlog_of_ours(self) -> Backlog:
        if self._backlog is None:
            self._backlog = Backlog(self._spool)
        return self._backlog

    def _drain_locked(self, surplus: Surplus) -> None:
        """Send from the backlog; wait for the client until what is left may stay."""
        try:
            while self._backlog:
                moved = self._send_some_locked()
                if self._may_stay(surplus):
                    return
                if not moved and self._backlog:
                    self._peer.wait(self._peer.transport.send_mask, self._allowance)
        except OSError:
            self._cut_locked()
            raise

    def _cut_locked(self) -> None:
        """Send no more of this response: what would follow would stand in the wrong place."""
        self.is_cut = True
        if self._backlog is not None:
            self._backlog.close()

    def _may_stay(self, surplus: Surplus) -> bool:
        backlog = self._backlog
        if backlog is None or surplus is Surplus.WAIT:
            return not backlog
        if surplus is Surplus.BUFFER:
            return backlog.size <= HIGH_WATER_BYTES
        return backlog.size <= self._settings.max_response_spool_bytes and self._spool.room >= 0

    def _send_some_locked(self, slices: int = 1) -> int:
        if not self._backlog:
            return 0
        try:
            sent = self._peer.send_from(self._backlog, slices)
        except EOFError:
            self.has_short_file = True
            self._cut_locked()
            return 0
        self._allowance.moved(sent)
        return sent
