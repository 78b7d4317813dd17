"""The request of an exchange, as ``rfile`` reads it: its head, its body, and then the end."""

import contextlib
import io
import os
from collections.abc import Callable
from http import HTTPStatus
from tempfile import SpooledTemporaryFile

from basehttpserver._engine.deadlines import RateAllowance
from basehttpserver._engine.peer import RECEIVE_BYTES, Peer
from basehttpserver._engine.spool import Spool
from basehttpserver._engine.streams import RequestReader, SuccessiveReader
from basehttpserver._exchange import Protocol, RequestHead
from basehttpserver.exceptions import PeerError
from basehttpserver.settings import Settings

__all__ = ["Incoming"]


class Incoming:
    """Reads one request after another; nothing of a request is ever taken for the next one's."""

    def __init__(
        self,
        peer: Peer,
        protocol: Protocol,
        settings: Settings,
        spool: Spool,
        before_waiting: Callable[[], None],
        before_head: Callable[[], None],
    ) -> None:
        """Read from `peer`; call `before_waiting` before it is waited for.

        `before_head` is called when the head of a request is about to be read whose body comes in
        chunks, unless settings have it that chunks are streamed; it may call `collect_rest`.
        """
        self._spool = spool
        self._held_bytes = 0
        self._peer = peer
        self._protocol = protocol
        self._settings = settings
        #: Is called before each wait for the peer.
        self.before_waiting = before_waiting
        #: Is called before a head is read that has a body in chunks.
        self.before_head = before_head
        self._is_head_due = False
        self._head_left = b""
        self._line: bytes | None = None
        self._spooled: SpooledTemporaryFile[bytes] | None = None
        #: The ``rfile`` that `open_reader` returned last; ``None`` before anybody has asked for it.
        self.reader: io.BufferedReader | RequestReader | None = None
        self._holds_socket = False
        self._has_body = False
        #: All of the body is here: reading it does not wait.
        self.is_collected = False
        self._allowance = RateAllowance(
            settings.rate_grace_seconds, settings.min_body_bytes_per_second
        )
        #: The bytes of this request went through `reader`, whose buffer may hold some.
        self._was_read = False
        #: All but the head is as for a plain request of which nothing was read, as most are.
        self._is_fresh = False

    def begin(self, head: RequestHead) -> None:
        """Read the request that `head` begins."""
        self._head_left = head.raw
        if not (self._is_fresh and head.is_plain and head.body_length == 0):
            self._begin_anew(head)

    def _begin_anew(self, head: RequestHead) -> None:
        self._line = None
        self._was_read = False
        self._has_body = head.refusal is None
        self._is_head_due = (
            head.body_length is None and self._has_body and not self._settings.stream_chunked_bodies
        )
        self.is_collected = head.body_length == 0 or not self._has_body
        self._is_fresh = head.body_length == 0 and self._has_body
        if self._allowance.is_used:
            self._allowance.renew()

    def take_request_line(self) -> bytes:
        """Return the first line of the head, which comes by `read` no more.

        ``b""`` where something of the head was read already.
        """
        if self._was_read or not self._head_left:
            return b""
        if self._is_head_due:
            self._prepare_head()
        head = self._head_left
        line_end = head.find(b"\n") + 1 or len(head)
        self._head_left = head[line_end:]
        self._line = head[:line_end]
        self._is_fresh = False
        return self._line

    def try_take_head(self, reader: object) -> bool:
        """Let the whole head come by `read` no more; ``False`` where something of it may have.

        `reader` is what the handler reads by, ``None`` where it has asked for nothing yet.
        """
        if reader is not self.reader or not (self._is_fresh or self._is_untouched):
            return False
        self._head_left = b""
        return True

    @property
    def _is_untouched(self) -> bool:
        return not self._was_read and self._line is None and not self._is_head_due

    def take_fields_behind(self, line: bytes) -> bytes:
        """Return the field lines and the empty line that ends them.

        ``b""`` where `line` is not what `take_request_line` returned, or something was read since.
        """
        if self._was_read or line is not self._line:
            return b""
        block, self._head_left = self._head_left, b""
        return block

    def _take_head(self, size: int) -> bytes:
        data, self._head_left = self._head_left[:size], self._head_left[size:]
        return data

    def keep_socket(self) -> None:
        """Let the socket's ``close`` wait for `close`, or for that of the reader once it is open.

        As ``socket.makefile`` does: handlers close their socket at the end of ``do_GET`` and trust
        that ``wfile`` still works.
        """
        if not self._holds_socket:
            self._holds_socket = True
            self._peer.keep_socket()

    def open_reader(
        self, buffer_size: int, begin_next: Callable[[], bool] | None = None
    ) -> io.BufferedReader | RequestReader:
        """Return ``rfile``: `buffer_size` as of ``socket.makefile``, 0 for none.

        `begin_next`: for a handler that reads one request after another; see `SuccessiveReader`.
        """
        self.keep_socket()
        self._holds_socket = False  # From here on the reader does.
        raw = RequestReader(self.read, self._peer.transport.fileno, self._peer.release_socket)
        if buffer_size == 0:
            self.reader = raw
        else:
            size = io.DEFAULT_BUFFER_SIZE if buffer_size < 0 else buffer_size
            self.reader = (
                io.BufferedReader(raw, size)
                if begin_next is None
                else SuccessiveReader(raw, size, begin_next)
            )
        return self.reader

    @property
    def has_body(self) -> bool:
        """Something of the body was collected."""
        return self._held_bytes > 0

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes of the head, then of the body; ``b""`` at its end. May wait.

        Raises `PeerError` for a malformed body, ``TimeoutError`` and ``OSError``.
        """
        self._was_read = True
        self._is_fresh = False
        if self._is_head_due:
            self._prepare_head()
        if self._head_left:
            return self._take_head(size)
        if self._spooled is not None and (data := self._read_spool(self._spooled, size)):
            return data
        while self._has_body:
            body = self._protocol.read_body(size)
            if body is not None:
                return body
            if not self._peer.receive():
                self.before_waiting()
                self._peer.receive_or_wait(self._allowance)
        return b""

    def take_received(self, size: int) -> bytes:
        """Return up to `size` bytes that are here, for a handler that takes the socket over."""
        if self._head_left:
            return self.read(size)
        if self._spooled is not None and (data := self._read_spool(self._spooled, size)):
            return data
        return self._protocol.read_body(size) or b""

    def _prepare_head(self) -> None:
        self._is_head_due = False
        self.before_head()

    def show_head(self, head: RequestHead) -> None:
        """Let the head that is about to be read be this one."""
        self._head_left = head.raw

    def collect_rest(self, most: int) -> int | None:
        """Wait until the body is whole; return its length, ``None`` where it is too long to keep.

        Raises as `collect_body`, and ``TimeoutError`` and ``OSError``.
        """
        while not self.collect_body(most):
            if not self._peer.receive():
                self.before_waiting()
                self._peer.receive_or_wait(self._allowance)
        return self._held_bytes if self.is_collected else None

    def peek_received(self, size: int) -> bytes:
        """Return what `take_received` would, and keep it."""
        if self._head_left:
            return self._head_left[:size]
        if self._spooled is not None:
            position = self._spooled.tell()
            data = self._spooled.read(size)
            self._spooled.seek(position)
            if data:
                return data
        return self._protocol.peek(size)

    def collect_body(self, most: int) -> bool:
        """Keep what is here of the body, in the end on disk; tell whether to wait for no more.

        That is: it is whole, or `most` bytes, or all that the server's spool may hold.
        Raises `PeerError` for a malformed body and for one that the disk has no room for.
        """
        if self._spooled is None:
            self._spooled = SpooledTemporaryFile(  # noqa: SIM115 - closed with the exchange
                max_size=self._settings.spool_memory_bytes
            )
        try:
            self._spooled.seek(0, os.SEEK_END)
            while self._held_bytes < most and self._spool.room > 0:
                data = self._protocol.read_body(RECEIVE_BYTES)
                if data is None:
                    return False
                if not data:
                    self.is_collected = True
                    break
                self._spooled.write(data)
                self._held_bytes += len(data)
                self._spool.hold(len(data))
            self._spooled.seek(0)
        except OSError as error:
            raise PeerError(
                HTTPStatus.INSUFFICIENT_STORAGE,
                "Insufficient Storage",
                "The server has no room for the body of the request",
            ) from error
        return True

    def drop_body(self) -> None:
        """Read what is left of the body and throw it away. May wait.

        Raises as `read`, and `PeerError` for more than ``Settings.max_drain_bytes``.
        """
        reader = self.reader
        read: Callable[[int], bytes] = self.read
        if self._was_read and isinstance(reader, io.BufferedReader) and not reader.closed:
            read = reader.read1  # Its buffer may hold some.
        left = self._settings.max_drain_bytes
        while data := read(RECEIVE_BYTES):
            left -= len(data)
            if left < 0:
                raise PeerError(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    "Content Too Large",
                    "A request that switches protocols must not have so large a body",
                )

    def refuse(self) -> None:
        """Let ``rfile`` end behind the head: the request is answered with an error."""
        self._has_body = self._is_fresh = False
        self.is_collected = True
        self._close_spool()

    def finish(self) -> None:
        """Forget what is left of the request, also in the buffer of ``rfile``."""
        self._head_left = b""
        if self._is_fresh:
            return
        self._has_body = False
        self._close_spool()
        reader = self.reader
        if self._was_read and isinstance(reader, io.BufferedReader) and not reader.closed:
            while reader.read1(RECEIVE_BYTES):
                pass

    def close(self) -> None:
        """Forget everything, and close ``rfile`` where the handler has not."""
        self.refuse()
        self.release_socket()
        if self.reader is not None:
            with contextlib.suppress(ValueError):  # The handler detached it.
                self.reader.close()
            self.reader = None

    def release_socket(self) -> None:
        """Let the socket be closed, as far as a reader does not keep it that nobody has opened."""
        if self._holds_socket:
            self._holds_socket = False
            self._peer.release_socket()

    def _read_spool(self, spooled: SpooledTemporaryFile[bytes], size: int) -> bytes:
        """Return up to `size` bytes of what was collected; give the room that they had back."""
        data = spooled.read(size)
        self._held_bytes -= len(data)
        self._spool.release(len(data))
        if not self._held_bytes:
            self._close_spool()
        return data

    def _close_spool(self) -> None:
        if self._spooled is not None:
            self._spooled.close()
            self._spooled = None
            self._spool.release(self._held_bytes)
            self._held_bytes = 0
