"""What a client has not taken yet: bytes and parts of files, in order.

Bytes are kept in memory or in a temporary file. Files are kept as a descriptor and an offset; they
are read when the client takes them.
"""

import os
import tempfile
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from basehttpserver._engine.spool import Spool
from basehttpserver._engine.transport import Transport

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Backlog", "HeldFile"]

#: So much is sent in one go, so that one client with a large response leaves others a turn; several
#: times that where few want a turn. The kernel takes a tenth of a millisecond for it, and all that
#: is around a call of the kernel 20 microseconds.
SLICE_BYTES: Final = 1 << 17

#: While more than this is left of a file, the kernel may keep much of it (`Spool`). It is the most
#: that it does: a client for which it does so must have taken nearly all when the file is at its
#: end, and else nobody has its place.
_AMPLE_BYTES: Final = 1 << 22


class HeldFile:
    """A descriptor of our own of an open file, closed when its last user leaves it."""

    def __init__(self, descriptor: int) -> None:
        """Hold the file of `descriptor`, which may be closed afterwards. Raises ``OSError``."""
        self.descriptor = os.dup(descriptor)
        self.users = 0

    def __enter__(self) -> "Self":
        """Use it."""
        self.users += 1
        return self

    def __exit__(self, *exception: object) -> None:
        """Use it no more."""
        self.users -= 1
        if not self.users:
            os.close(self.descriptor)


class _Part:
    """A part of a file."""

    def __init__(self, descriptor: int, offset: int, left: int) -> None:
        self.descriptor = descriptor
        self.offset = offset
        self.left = left

    def close(self) -> None:
        raise NotImplementedError


class _FilePart(_Part):
    """A part of a file that is held."""

    def __init__(self, file: HeldFile, offset: int, left: int) -> None:
        self._file = file.__enter__()
        super().__init__(file.descriptor, offset, left)

    def close(self) -> None:
        self._file.__exit__()


class _SpooledPart(_Part):
    """A temporary file that grows at its end while it is read at its front."""

    def __init__(self) -> None:
        self._file: Any = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with us
        super().__init__(self._file.fileno(), 0, 0)

    def append(self, data: bytes | memoryview) -> None:
        self._file.seek(self.offset + self.left)
        with memoryview(data) as view:
            written = 0
            while written < len(view):
                written += self._file.write(view[written:])
            self.left += written

    def close(self) -> None:
        self._file.close()


class Backlog:
    """A queue of what is to be sent over one connection. Whoever uses it holds a lock."""

    def __init__(self, spool: Spool) -> None:
        """Hold nothing yet; count what is held in `spool`."""
        self._spool = spool
        self._is_ample = False
        self._pieces: deque[bytes | memoryview | _Part] = deque()
        #: What was held last.
        self._held_file: HeldFile | None = None
        #: How many bytes are held, those of files that are not ours to keep left out.
        self.size = 0

    def __bool__(self) -> bool:
        """Tell whether anything waits."""
        return bool(self._pieces)

    def append(self, data: bytes) -> None:
        """Queue bytes in memory."""
        self._pieces.append(data)
        self._hold(len(data))

    def append_on_disk(self, data: bytes) -> None:
        """Queue bytes in a temporary file. Raises ``OSError`` when the disk has no room."""
        last = self._pieces[-1] if self._pieces else None
        if isinstance(last, _SpooledPart):
            last.append(data)
        else:
            part = _SpooledPart()
            try:
                part.append(data)
            except OSError:
                part.close()
                raise
            self._pieces.append(part)
        self._hold(len(data))

    def hold_file(self, descriptor: int) -> HeldFile:
        """Return a file for `append_file`; its descriptor may be closed afterwards.

        All parts of one file have one descriptor: a client may ask for hundreds.

        Raises ``OSError``.
        """
        held = self._held_file
        if held is None or not held.users or not os.path.sameopenfile(held.descriptor, descriptor):
            held = self._held_file = HeldFile(descriptor)
        return held

    def append_file(self, file: HeldFile, offset: int, count: int) -> None:
        """Queue a part of a file, which uses it until it is sent."""
        self._pieces.append(_FilePart(file, offset, count))

    def send(self, transport: Transport, slices: int = 1) -> int:
        """Send what the socket takes, up to about so many slices; return how much that was.

        Raises ``OSError``, also where a file has become shorter than it was.
        """
        most = slices * SLICE_BYTES
        sent = 0
        while self._pieces and sent < most:
            count = self._send_first(transport, most - sent)
            if not count:
                break
            sent += count
        return sent

    def _send_first(self, transport: Transport, most: int) -> int:
        piece = self._pieces[0]
        if isinstance(piece, _Part):
            self._choose_ample(piece.left > _AMPLE_BYTES, transport)
            count = transport.try_send_file(piece.descriptor, piece.offset, min(piece.left, most))
            piece.offset += count
            piece.left -= count
            is_over = not piece.left
        else:
            count = transport.try_send(piece)
            is_over = count == len(piece)
            if count and not is_over:
                self._pieces[0] = memoryview(piece)[count:]
        if not isinstance(piece, _FilePart):
            self._let_go(count)
        if is_over:
            self._pieces.popleft()
            if isinstance(piece, _Part):
                piece.close()
        return count

    def _choose_ample(self, is_large: bool, transport: Transport) -> None:
        if self._is_ample and not is_large:
            transport.keep_much(False)
            self._end_ample()
        elif is_large and not self._is_ample and self._spool.try_be_ample():
            self._is_ample = True
            transport.keep_much(True)

    def _end_ample(self) -> None:
        if self._is_ample:
            self._is_ample = False
            self._spool.end_ample()

    def _hold(self, count: int) -> None:
        self.size += count
        self._spool.hold(count)

    def _let_go(self, count: int) -> None:
        self.size -= count
        self._spool.release(count)

    def close(self) -> None:
        """Forget all of it."""
        self._let_go(self.size)
        self._end_ample()
        pieces, self._pieces = self._pieces, deque()
        for piece in pieces:
            if isinstance(piece, _Part):
                piece.close()
