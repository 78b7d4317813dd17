"""A regular file, opened without waiting and without touching what is none."""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
import warnings
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Self

# Opening a FIFO waits for somebody to write into it, unless asked not to. Windows has neither.
_DO_NOT_WAIT = getattr(os, "O_NONBLOCK", 0)

#: Flag of `os.open`: fails for a symbolic link. Windows has none, nor links without a privilege.
NO_LINK = getattr(os, "O_NOFOLLOW", 0)

# Windows would change line ends.
_READ_ONLY = os.O_RDONLY | getattr(os, "O_BINARY", 0)


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
        error = errno.EISDIR if stat.S_ISDIR(status.st_mode) else errno.EINVAL
        raise OSError(error, "Not a regular file", path)


class RegularFile:
    """A regular file that is held open: its descriptor, and what the system said of it then.

    It may have several users, in several threads, each of which enters and leaves it; the last that
    leaves closes it. It has no place of its own at which it is read.

    Raises OSError for what is no regular file, at once and without touching it: opening a FIFO
    would wait, opening a device may do something. ValueError for a name that no file can have.
    """

    #: No file, until one is open.
    descriptor = -1

    def __init__(self, path: str, place: Place | None = None) -> None:
        """Open `path`, at `place` if it was found already and is to be opened nowhere else."""
        self.path = path
        self._users = 0
        self._lock = threading.Lock()
        # Looked at twice: the name may be given to something else before it is opened.
        _require_regular(place.status if place else os.stat(path), path)
        self.descriptor = (
            place.open(_READ_ONLY | _DO_NOT_WAIT)
            if place
            else _open_without_waiting(path, _READ_ONLY)
        )
        #: When `status` was asked for last, in seconds since the epoch; it is not older than that.
        self.seen = time.time()
        try:
            #: What `os.fstat` said.
            self.status = os.fstat(self.descriptor)
            _require_regular(self.status, path)
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Self:
        """Use it. Raises ValueError if its last user has left."""
        if not self.try_enter():
            raise ValueError("use of a closed file")
        return self

    def try_enter(self) -> bool:
        """Use it; ``False`` if its last user has left."""
        with self._lock:
            if self.descriptor < 0:
                return False
            self._users += 1
            return True

    def __exit__(self, *exception: object) -> None:
        """Use it no more."""
        self.leave()

    def leave(self) -> None:
        """Use it no more."""
        with self._lock:
            self._users -= 1
            if not self._users:
                self._close()

    def open_again(self) -> RegularFile:
        """Open the same file with a place of its own; itself where its path leads there no more.

        The caller leaves what is returned.
        """
        try:
            again = RegularFile(self.path).__enter__()
        except (OSError, ValueError):
            return self.__enter__()
        if os.path.samestat(again.status, self.status):
            return again
        again.leave()
        return self.__enter__()

    def after_fork_in_child(self) -> None:
        """Let it be left in a child, which does not have the thread that may hold the lock."""
        self._lock = threading.Lock()

    def __del__(self) -> None:
        """Close what nobody ever left, and say so, as Python's files do."""
        if self.descriptor >= 0:
            self.warn_unclosed(self)
            self._close()

    def warn_unclosed(self, user: object) -> None:
        """Warn that `user` was dropped without leaving the file."""
        warnings.warn(f"unclosed file {self.path!r}", ResourceWarning, source=user, stacklevel=2)

    def read_at(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes from `offset`: fewer only where the file ends."""
        data: bytes = _read_at(self.descriptor, count, offset)
        return data

    def _close(self) -> None:
        descriptor, self.descriptor = self.descriptor, -1
        os.close(descriptor)


def read_by_seeking(descriptor: int, count: int, offset: int) -> bytes:
    """Read as `os.pread` does, but for one user at a time: a descriptor has only one place."""
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, count)


# Windows has no pread.
_read_at = getattr(os, "pread", read_by_seeking)
