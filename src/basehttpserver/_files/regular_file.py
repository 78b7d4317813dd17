"""A regular file, opened without waiting and without touching what is none."""

from __future__ import annotations

import errno
import io
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Opening a FIFO waits for somebody to write into it, unless asked not to. Windows has neither.
_DO_NOT_WAIT = getattr(os, "O_NONBLOCK", 0)

#: Flag of `os.open`: fails for a symbolic link. Windows has none, nor links without a privilege.
NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | _DO_NOT_WAIT)


class Place(NamedTuple):
    """What was found by a name in a folder that is held open; it is no symbolic link."""

    name: str
    #: The descriptor of the folder; None where `name` is a whole path.
    folder: int | None
    status: os.stat_result

    def open(self, flags: int) -> int:
        """Open what has the name now. Raises OSError, also where that is a link."""
        return os.open(self.name, flags | NO_LINK, dir_fd=self.folder)


def _require_regular(status: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "Not a regular file", path)


class RegularFile(io.FileIO):
    """A regular file open for reading, which ends where it ended when it was opened.

    Its size is promised to the client as Content-Length; what is appended while it is being sent
    must not follow (RFC 9110 8.6). `status` is what `os.fstat` said then.

    Raises OSError for what is no regular file, at once and without touching it: opening a FIFO
    would wait, opening a device may do something. ValueError for a name that no file can have.
    """

    def __init__(self, path: str, place: Place | None = None) -> None:
        """Open `path`, at `place` if it was found already and is to be opened nowhere else."""

        def open_place(path: str, flags: int) -> int:
            assert place is not None
            return place.open(flags | _DO_NOT_WAIT)

        # Looked at twice: the name may be given to something else before it is opened.
        _require_regular(place.status if place else os.stat(path), path)
        super().__init__(path, "rb", opener=open_place if place else _open_without_waiting)
        try:
            self.status = os.fstat(self.fileno())
            _require_regular(self.status, path)
        except BaseException:
            self.close()
            raise

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        remaining = self.status.st_size - self.tell()
        if remaining <= 0:
            return 0
        return super().readinto(memoryview(buffer).cast("B")[:remaining])

    # FileIO's own go to the real end of the file; those of its base call readinto.

    def read(self, size: int | None = -1, /) -> bytes:
        return io.RawIOBase.read(self, -1 if size is None else size)

    def readall(self) -> bytes:
        return io.RawIOBase.readall(self)
