"""What follows the head of an answer: an open file, parts of it, and bytes between them."""

from __future__ import annotations

import functools
import io
import os
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Protocol

from basehttpserver._files.ranges import ByteRange

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from _typeshed import WriteableBuffer

    from basehttpserver._files.regular_file import RegularFile

__all__ = ["FileContent"]

#: A smaller part is read and written: head and body then go out with one `send`. Behind so much of
#: an answer smaller ones go by their descriptor, too: what is written is kept for a slow client, in
#: memory or on disk, and a client may ask for hundreds.
_BY_DESCRIPTOR_BYTES: Final = 65536

#: What is read at once where it is not sent by its descriptor.
_BLOCK_BYTES: Final = 65536


class Writer(Protocol):
    """What content is sent to: a ``wfile`` of ours."""

    def write(self, data: bytes, /) -> int: ...
    def send_file(self, descriptor: int, offset: int, count: int) -> bool: ...


class FileContent(io.RawIOBase):
    """A file object that gives some pieces one after another: bytes, and ranges of one open file.

    It ends where it was announced to end: what is appended to the file meanwhile must not follow
    (RFC 9110 8.6). Where a range has become shorter it ends there, so that nothing takes the place
    of what is missing.

    It has a place of its own at which it is read, whoever else reads the same file.
    """

    mode = "rb"

    def __init__(self, file: RegularFile, pieces: Sequence[bytes | ByteRange]) -> None:
        """Use `file`, which was entered, and leave it when this is closed."""
        super().__init__()
        self._file = file
        self._pieces = pieces
        self._position = 0
        #: The same file, once `fileno` has opened it for its caller.
        self._opened_again: RegularFile | None = None

    @functools.cached_property
    def _begins(self) -> list[int]:
        """Where each piece begins, and where the last ends."""
        return [0, *accumulate(map(_length, self._pieces))]

    @property
    def name(self) -> str:
        """The path of the file."""
        return self._file.path

    def close(self) -> None:
        """Leave the file."""
        if not self.closed:
            super().close()
            self._file.leave()
            if self._opened_again is not None:
                self._opened_again.leave()

    def _dealloc_warn(self, source: object) -> None:
        """Say that nobody closed it: `io.BufferedReader` calls this, as it does `io.FileIO`'s."""
        self._file.warn_unclosed(source)

    def fileno(self) -> int:
        """Return a descriptor of the file, which stands where this one is read next.

        It is nobody else's: programs read it, or hand it to another program as its input, and that
        moves its place. Only where the path leads to another file by now is it that of all users.

        Raises io.UnsupportedOperation where this is not the whole file: whoever asks for a
        descriptor would send all of it.
        """
        self._require_open()
        if (*self._pieces,) != (ByteRange(0, self._file.status.st_size),):
            raise io.UnsupportedOperation("fileno")
        if self._opened_again is None:
            self._opened_again = self._file.open_again()
            self._move_descriptor()
        return self._opened_again.descriptor

    def readable(self) -> bool:
        """Return True."""
        if self.closed:  # Not by a call, here, in `tell` and `send`: they are for each answer.
            raise _closed()
        return True

    def seekable(self) -> bool:
        """Return True."""
        self._require_open()
        return True

    def tell(self) -> int:
        """Return the place at which it is read next."""
        if self.closed:
            raise _closed()
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place. Raises ValueError for one before the beginning."""
        self._require_open()
        origins = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._begins[-1]}
        if whence not in origins:
            raise ValueError(f"invalid whence: {whence}")
        position = origins[whence] + offset
        if position < 0:
            raise ValueError(f"negative seek position {position}")
        self._position = position
        self._move_descriptor()
        return position

    def _move_descriptor(self) -> None:
        if self._opened_again is not None and self._opened_again is not self._file:
            os.lseek(self._opened_again.descriptor, self._position, os.SEEK_SET)

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read up to the size of `buffer`; return how many bytes, 0 at the end."""
        self._require_open()
        with memoryview(buffer) as view, view.cast("B") as target:
            data = self._read(len(target))
            target[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _read(self, count: int) -> bytes:
        piece = next(self._pieces_from(self._position), b"")
        if isinstance(piece, bytes):
            return piece[:count]
        return self._file.read_at(piece.begin, min(count, piece.end - piece.begin))

    def _pieces_from(self, position: int) -> Iterator[bytes | ByteRange]:
        """Yield what is left from a position on; no piece is empty."""
        for index in range(bisect_right(self._begins, position) - 1, len(self._pieces)):
            piece = self._pieces[index]
            skipped = max(position - self._begins[index], 0)
            if isinstance(piece, bytes):
                rest: bytes | ByteRange = piece[skipped:]
            else:
                rest = ByteRange(piece.begin + skipped, piece.end)
            if _length(rest):
                yield rest

    def send(self, position: int, writer: Writer) -> None:
        """Write everything from `position` on, large ranges by their descriptor.

        Those are read when the client takes them, and no thread waits for that.
        """
        if self.closed:
            raise _closed()
        written = 0
        for piece in self._pieces_from(position) if position else self._pieces:
            if isinstance(piece, bytes):
                writer.write(piece)
                continue
            begin, end = piece
            size = end - begin
            if max(size, written) >= _BY_DESCRIPTOR_BYTES:
                if writer.send_file(self._file.descriptor, begin, size):
                    continue
                if not self._write_range(begin, end, writer):
                    return
            else:
                block = self._file.read_at(begin, size)
                if block:
                    writer.write(block)
                if len(block) < size:
                    return
            written += size

    def _write_range(self, begin: int, end: int, writer: Writer) -> bool:
        """Read and write a large range; return whether it was all there."""
        while begin < end:
            block = self._file.read_at(begin, min(end - begin, _BLOCK_BYTES))
            if not block:
                return False
            writer.write(block)
            begin += len(block)
        return True

    def _require_open(self) -> None:
        if self.closed:
            raise _closed()


def _closed() -> ValueError:
    return ValueError("I/O operation on closed file")


def _length(piece: bytes | ByteRange) -> int:
    return len(piece) if isinstance(piece, bytes) else piece.end - piece.begin
