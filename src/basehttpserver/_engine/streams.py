"""``rfile`` and ``wfile``: the files through which a handler sees an exchange."""

import io
from collections.abc import Callable
from typing import Any, Final, Protocol

__all__ = ["RequestReader", "ResponseWriter", "SuccessiveReader"]

#: Python's own words, by which programmers search, and what to do.
_TEXT_REFUSED: Final = (
    "a bytes-like object is required, not 'str': encode it, as in wfile.write(text.encode())"
)


class RequestReader(io.RawIOBase):
    """The raw side of ``rfile``: the head of the request, its body, and then the end of file.

    The head comes as it was received, so that a handler that reads and parses it by itself finds
    it. The body comes without its chunks. Bytes of the next request never come.
    """

    def __init__(
        self,
        read: Callable[[int], bytes],
        fileno: Callable[[], int],
        when_closed: Callable[[], None],
    ) -> None:
        """Read by `read`, which returns up to so many bytes, ``b""`` at the end."""
        super().__init__()
        self._read = read
        self._fileno = fileno
        self._when_closed = when_closed

    def readable(self) -> bool:
        """Return ``True``."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read up to the size of `buffer`; return 0 at the end of the body. May wait.

        Raises `PeerError` for a malformed body, ``TimeoutError``, ``OSError``.
        """
        with memoryview(buffer) as view, view.cast("B") as target:
            data = self._read(len(target))
            target[: len(data)] = data
            return len(data)

    def fileno(self) -> int:
        """Return the descriptor of the socket, for ``select``."""
        return self._fileno()

    def close(self) -> None:
        """Read no more."""
        if not self.closed:
            super().close()
            self._when_closed()


class SuccessiveReader(io.BufferedReader):
    """``rfile`` of a handler that reads one request after another by itself.

    Such handlers replace ``handle`` and ``handle_one_request``, as Django's does: they read a line
    behind a request that was answered, and mean the next one's. So does this; every other way of
    reading ends with the body, and no line is made of the end of a body and of what follows it.
    """

    def __init__(self, raw: RequestReader, buffer_size: int, begin_next: Callable[[], bool]):
        """Read by `raw`; at its end `begin_next` tells whether another request was begun."""
        super().__init__(raw, buffer_size)
        self._begin_next = begin_next

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read a line; where there is none left, the first one of the next request. May wait."""
        line = super().readline(size)
        if not line and size != 0 and self._begin_next():
            line = super().readline(size)
        return line


class _Outgoing(Protocol):
    """What `ResponseWriter` writes to."""

    def write(self, data: bytes) -> None: ...
    def send_file(self, descriptor: int, offset: int, count: int) -> bool: ...
    def flush(self) -> None: ...
    def flush_all(self) -> None: ...


class ResponseWriter(io.BufferedIOBase):
    """``wfile``: collects what a handler writes, and sends it in time.

    That is: when the exchange ends, at `flush`, when 64 KiB have gathered, or when the handler is
    still running some milliseconds after its first unsent write; then every write is sent at once.
    """

    def __init__(self, outgoing: _Outgoing, fileno: Callable[[], int]) -> None:
        """Write to `outgoing`."""
        super().__init__()
        self._outgoing = outgoing
        self._fileno = fileno

    def writable(self) -> bool:
        """Return ``True``."""
        return True

    def write(self, data: Any, /) -> int:
        """Take `data`, any bytes-like object; return how many bytes that is.

        Raises ``TimeoutError`` when the client reads too slowly, ``OSError`` when it is gone, and
        ``TypeError`` for text: Python 2's handlers wrote it, and no encoding is right for all.
        """
        if self.closed:
            raise ValueError("write to closed file")
        if not isinstance(data, bytes):
            if isinstance(data, str):
                raise TypeError(_TEXT_REFUSED)
            with memoryview(data) as view:
                data = view.tobytes()
        self._outgoing.write(data)
        return len(data)

    def send_file(self, descriptor: int, offset: int, count: int) -> bool:
        """Take `count` bytes of a file from `offset`; ``False`` where they must be written.

        They are read when the client takes them; the descriptor may be closed at once.
        """
        if self.closed:
            raise ValueError("write to closed file")
        return self._outgoing.send_file(descriptor, offset, count)

    def flush(self) -> None:
        """Send what was written so far."""
        if not self.closed:
            self._outgoing.flush()

    def fileno(self) -> int:
        """Send what was written so far, and return the descriptor of the socket."""
        if not self.closed:
            self._outgoing.flush_all()
        return self._fileno()

    def __del__(self) -> None:
        """Send nothing, as `io.IOBase` would: what was written is the exchange's, which sends it.

        The collector comes at any moment, in any thread: when the socket is closed already, or
        while a write holds the lock that sending would wait for.
        """
